// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The feed's codec: what goes in comes out, for every type of message, and
 * whatever is malformed is refused with a reason that names it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>

#include "lib/feed.h"
#include "suite.h"

#define ALL (~0ULL)
#define N_TYPES (IQ_FEED_PASSED_OVER - IQ_FEED_HELLO + 1)

static union {
	struct nlmsghdr nlh;
	uint64_t align;
	char b[IQ_FEED_MSG_MAX + 64];
} buf;

/* what every message requires, written down a second time on purpose */
static const uint64_t required[N_TYPES] = {
	[IQ_FEED_HELLO - IQ_FEED_HELLO] = IQ_FEED_HAS(VERSION),
	[IQ_FEED_ACK - IQ_FEED_HELLO] = IQ_FEED_HAS(ERROR),
	[IQ_FEED_IKE - IQ_FEED_HELLO] =
		IQ_FEED_HAS(IKE_ID) | IQ_FEED_HAS(IKE_VERSION) |
		IQ_FEED_HAS(SPI_I) | IQ_FEED_HAS(SPI_R) | IQ_FEED_HAS(LOCAL) |
		IQ_FEED_HAS(LOCAL_PORT) | IQ_FEED_HAS(REMOTE) |
		IQ_FEED_HAS(REMOTE_PORT) | IQ_FEED_HAS(CONN),
	[IQ_FEED_IKE_DEL - IQ_FEED_HELLO] = IQ_FEED_HAS(IKE_ID) |
		IQ_FEED_HAS(SPI_I) | IQ_FEED_HAS(SPI_R),
	[IQ_FEED_SA - IQ_FEED_HELLO] = IQ_FEED_HAS(IKE_ID) |
		IQ_FEED_HAS(DST) | IQ_FEED_HAS(SPI) | IQ_FEED_HAS(PROTO),
	[IQ_FEED_SA_DEL - IQ_FEED_HELLO] = IQ_FEED_HAS(DST) |
		IQ_FEED_HAS(SPI) | IQ_FEED_HAS(PROTO),
	[IQ_FEED_CHILD - IQ_FEED_HELLO] =
		IQ_FEED_HAS(IKE_ID) | IQ_FEED_HAS(CHILD_ID) |
		IQ_FEED_HAS(CHILD) | IQ_FEED_HAS(REQID) | IQ_FEED_HAS(PROTO) |
		IQ_FEED_HAS(SPI_IN) | IQ_FEED_HAS(SPI_OUT) |
		IQ_FEED_HAS(LOCAL) | IQ_FEED_HAS(REMOTE) | IQ_FEED_HAS(ENCAP),
	[IQ_FEED_CHILD_DEL - IQ_FEED_HELLO] = IQ_FEED_HAS(CHILD_ID),
	[IQ_FEED_QUERY - IQ_FEED_HELLO] = IQ_FEED_HAS(QUERY),
	[IQ_FEED_ANSWER - IQ_FEED_HELLO] = IQ_FEED_HAS(TEXT),
	[IQ_FEED_PASSED_OVER - IQ_FEED_HELLO] = IQ_FEED_HAS(PASSED_OVER),
};

static const uint64_t optional[N_TYPES] = {
	[IQ_FEED_HELLO - IQ_FEED_HELLO] = IQ_FEED_HAS(ROLE),
	[IQ_FEED_ACK - IQ_FEED_HELLO] = IQ_FEED_HAS(MESSAGE) |
		IQ_FEED_HAS(GROUP),
	[IQ_FEED_SYNC_END - IQ_FEED_HELLO] = IQ_FEED_HAS(PASSED_OVER),
	[IQ_FEED_IKE - IQ_FEED_HELLO] = IQ_FEED_HAS(IDENTITY) |
		IQ_FEED_HAS(MEMBER_OF) | IQ_FEED_HAS(RDN_MATCHING),
	[IQ_FEED_SA - IQ_FEED_HELLO] = IQ_FEED_HAS(PENDING),
	[IQ_FEED_CHILD - IQ_FEED_HELLO] = IQ_FEED_HAS(MARK_IN) |
		IQ_FEED_HAS(MARK_OUT) | IQ_FEED_HAS(SET_MARK_IN) |
		IQ_FEED_HAS(SET_MARK_OUT),
	[IQ_FEED_QUERY - IQ_FEED_HELLO] = IQ_FEED_HAS(ARG),
};

/* every field set, so that any set of attributes can be written from it */
static struct iq_feed sample(int type, uint64_t has)
{
	return (struct iq_feed) {
		.type = type,
		.flags = NLM_F_ACK,
		.seq = 0xfedcba98,
		.has = has,
		.version = IQ_FEED_VERSION,
		.role = IQ_FEED_ROLE_CHARON,
		.error = ENOENT,
		.message = "no such thing",
		.group = 0xfffffffe,
		.ike_id = 7,
		.ike_version = 2,
		.spi_i = 0x0123456789abcdefULL,
		.spi_r = 0xfedcba9876543210ULL,
		.local = { AF_INET, { 192, 0, 2, 1 } },
		.local_port = 4500,
		.remote = { AF_INET6, { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } },
		.remote_port = 65535,
		.n_ids = has & IQ_FEED_HAS(IDENTITY) ? 2 : 0,
		.ids = {
			{ 11, 1, IQ_FEED_PROOF_IKE, "psk",
			  (const uint8_t *)"key\0id", 6 },
			{ 2, 255, IQ_FEED_PROOF_NONE, "eap-(213)",
			  (const uint8_t *)"", 0 },
		},
		.conn = "site",
		.child_id = 9,
		.child = "net",
		.reqid = 3,
		.proto = IPPROTO_AH,
		.spi_in = 256,
		.spi_out = 0xffffffff,
		.encap = true,
		.dst = { AF_INET6, { 0xfe, 0x80, [15] = 2 } },
		.spi = 0xc0ffee00,
		.pending = true,
		.query = IQ_FEED_QUERY_TEST,
		.arg = "*.example.org",
		.text = "{}",
		.passed_over = 0xfffffffd,
		.mark_in = 0x2a00000000ffULL,
		.mark_out = 0x7000000ffffffffULL,
		.set_mark_in = 1,
		.set_mark_out = UINT64_MAX,
		.n_members = has & IQ_FEED_HAS(MEMBER_OF) ? 2 : 0,
		.members = {
			{ 2, 1, IQ_FEED_PROOF_EAP, (const uint8_t *)"vpn-eu", 6 },
			{ 11, 255, IQ_FEED_PROOF_NONE, (const uint8_t *)"\0", 1 },
		},
		.rdn_matching = 2,
	};
}

static void check_same_ids(const struct iq_feed *a, const struct iq_feed *b)
{
	const struct iq_feed_identity *x = a->ids, *y = b->ids;

	ck_assert_uint_eq(a->n_ids, b->n_ids);
	for (; x < a->ids + a->n_ids; x++, y++) {
		ck_assert_uint_eq(x->type, y->type);
		ck_assert_uint_eq(x->round, y->round);
		ck_assert_uint_eq(x->proof, y->proof);
		ck_assert_str_eq(x->method, y->method);
		ck_assert_uint_eq(x->len, y->len);
		if (x->len)
			ck_assert_mem_eq(x->data, y->data, x->len);
	}
}

static void check_same_members(const struct iq_feed *a, const struct iq_feed *b)
{
	const struct iq_feed_member *x = a->members, *y = b->members;

	ck_assert_uint_eq(a->n_members, b->n_members);
	for (; x < a->members + a->n_members; x++, y++) {
		ck_assert_uint_eq(x->type, y->type);
		ck_assert_uint_eq(x->round, y->round);
		ck_assert_uint_eq(x->proof, y->proof);
		ck_assert_uint_eq(x->len, y->len);
		ck_assert_mem_eq(x->data, y->data, x->len);
	}
}

static void check_same(const struct iq_feed *a, const struct iq_feed *b)
{
	ck_assert_int_eq(a->type, b->type);
	ck_assert_uint_eq(a->flags, b->flags);
	ck_assert_uint_eq(a->seq, b->seq);
	ck_assert_uint_eq(a->has, b->has);
#define IF(NAME) if (a->has & IQ_FEED_HAS(NAME))
#define SAME_UINT(NAME, field) \
	IF(NAME) ck_assert_uint_eq(a->field, b->field); \
	else ck_assert_uint_eq(b->field, 0)
#define SAME_STR(NAME, field) \
	IF(NAME) ck_assert_str_eq(a->field, b->field); \
	else ck_assert_ptr_null(b->field)
#define SAME_ADDR(NAME, field) \
	IF(NAME) ck_assert_mem_eq(&a->field, &b->field, sizeof(a->field)); \
	else ck_assert_uint_eq(b->field.family, 0)
	SAME_UINT(VERSION, version);
	SAME_UINT(ROLE, role);
	SAME_UINT(ERROR, error);
	SAME_STR(MESSAGE, message);
	SAME_UINT(GROUP, group);
	SAME_UINT(IKE_ID, ike_id);
	SAME_UINT(IKE_VERSION, ike_version);
	SAME_UINT(SPI_I, spi_i);
	SAME_UINT(SPI_R, spi_r);
	SAME_ADDR(LOCAL, local);
	SAME_UINT(LOCAL_PORT, local_port);
	SAME_ADDR(REMOTE, remote);
	SAME_UINT(REMOTE_PORT, remote_port);
	check_same_ids(a, b);
	check_same_members(a, b);
	SAME_UINT(RDN_MATCHING, rdn_matching);
	SAME_STR(CONN, conn);
	SAME_UINT(CHILD_ID, child_id);
	SAME_STR(CHILD, child);
	SAME_UINT(REQID, reqid);
	SAME_UINT(PROTO, proto);
	SAME_UINT(SPI_IN, spi_in);
	SAME_UINT(SPI_OUT, spi_out);
	SAME_UINT(ENCAP, encap);
	SAME_ADDR(DST, dst);
	SAME_UINT(SPI, spi);
	SAME_UINT(PENDING, pending);
	SAME_UINT(QUERY, query);
	SAME_STR(ARG, arg);
	SAME_STR(TEXT, text);
	SAME_UINT(PASSED_OVER, passed_over);
	SAME_UINT(MARK_IN, mark_in);
	SAME_UINT(MARK_OUT, mark_out);
	SAME_UINT(SET_MARK_IN, set_mark_in);
	SAME_UINT(SET_MARK_OUT, set_mark_out);
}

static void check_refused(size_t len, const char *expected)
{
	struct iq_feed out;
	const char *why = NULL;

	ck_assert_int_eq(iq_feed_get(&buf, len, &out, &why), -EINVAL);
	ck_assert_ptr_nonnull(why);
	ck_assert_msg(strstr(why, expected), "\"%s\" does not say \"%s\"", why,
		      expected);
}

static int put(int type, uint64_t has)
{
	struct iq_feed msg = sample(type, has);
	int len;

	memset(&buf, 0xee, sizeof(buf));
	len = iq_feed_put(&buf, sizeof(buf), &msg);
	ck_assert_int_gt(len, 0);
	return len;
}

/* an empty message of a type, to put attributes into by hand */
static struct nlmsghdr *raw(int type)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(memset(&buf, 0,
							   sizeof(buf)));

	nlh->nlmsg_type = type;
	return nlh;
}

START_TEST(test_round_trip)
{
	uint64_t must = required[_i], may = optional[_i], some = may;
	struct iq_feed in, out;
	const char *why = NULL;
	int len, err;

	/* with every subset of what is optional */
	for (;;) {
		in = sample(IQ_FEED_HELLO + _i, must | some);
		len = put(in.type, in.has);
		ck_assert_int_eq(len, buf.nlh.nlmsg_len);
		err = iq_feed_get(&buf, len, &out, &why);
		ck_assert_msg(!err, "%s", why);
		check_same(&in, &out);
		if (!some)
			break;
		some = (some - 1) & may;
	}
}
END_TEST

START_TEST(test_round_trip_edges)
{
	struct iq_feed in, out;
	const char *why;
	char name[IQ_FEED_STR_MAX], method[IQ_FEED_METHOD_MAX], *text;
	uint8_t id[IQ_FEED_ID_MAX];
	int len;

	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	memset(method, 'm', sizeof(method));
	method[sizeof(method) - 1] = '\0';
	memset(id, 0, sizeof(id));

	/* all that there may be, each as long as it may be */
	in = sample(IQ_FEED_IKE, required[IQ_FEED_IKE - IQ_FEED_HELLO] |
				 optional[IQ_FEED_IKE - IQ_FEED_HELLO]);
	in.conn = name;
	for (in.n_ids = 0; in.n_ids < IQ_FEED_IDS_MAX; in.n_ids++)
		in.ids[in.n_ids] = (struct iq_feed_identity){
			9, in.n_ids, IQ_FEED_PROOF_XAUTH, method, id, sizeof(id) };
	for (in.n_members = 0; in.n_members < IQ_FEED_MEMBERS_MAX; in.n_members++)
		in.members[in.n_members] = (struct iq_feed_member){
			9, in.n_members, IQ_FEED_PROOF_XAUTH, id, IQ_FEED_MEMBER_MAX };
	in.flags = 0;
	in.ike_version = 1;
	in.spi_r = 0;
	in.local_port = 0;
	len = iq_feed_put(&buf, sizeof(buf), &in);
	ck_assert_int_gt(len, 0);
	ck_assert_int_eq(iq_feed_get(&buf, len, &out, &why), 0);
	check_same(&in, &out);

	in.conn = "";
	in.n_ids = 1;
	in.ids[0].len = 0;
	in.ids[0].data = NULL;
	in.ids[0].method = "m";
	len = iq_feed_put(&buf, sizeof(buf), &in);
	ck_assert_int_gt(len, 0);
	ck_assert_int_eq(iq_feed_get(&buf, len, &out, &why), 0);
	check_same(&in, &out);

	/* the longest answer: the header of message and attribute and the NUL */
	in = sample(IQ_FEED_ANSWER, IQ_FEED_HAS(TEXT));
	in.flags = NLM_F_MULTI;
	text = malloc(IQ_FEED_MSG_MAX);
	memset(text, 't', IQ_FEED_MSG_MAX);
	text[IQ_FEED_MSG_MAX - MNL_NLMSG_HDRLEN - MNL_ATTR_HDRLEN - 1] = '\0';
	in.text = text;
	len = iq_feed_put(&buf, sizeof(buf), &in);
	ck_assert_int_eq(len, IQ_FEED_MSG_MAX);
	ck_assert_int_eq(iq_feed_get(&buf, len, &out, &why), 0);
	check_same(&in, &out);
	text[IQ_FEED_MSG_MAX - MNL_NLMSG_HDRLEN - MNL_ATTR_HDRLEN - 1] = 't';
	text[IQ_FEED_MSG_MAX - MNL_NLMSG_HDRLEN - MNL_ATTR_HDRLEN] = '\0';
	ck_assert_int_eq(iq_feed_put(&buf, sizeof(buf), &in), -EMSGSIZE);
	free(text);
}
END_TEST

START_TEST(test_put_required)
{
	struct iq_feed msg;
	int attr;

	for (attr = 1; attr <= IQ_FEED_A_MAX; attr++) {
		if (required[_i] & (1ULL << attr))
			msg = sample(IQ_FEED_HELLO + _i,
				     required[_i] & ~(1ULL << attr));
		else if (!(optional[_i] & (1ULL << attr)))
			msg = sample(IQ_FEED_HELLO + _i,
				     required[_i] | (1ULL << attr));
		else
			continue;
		ck_assert_int_eq(iq_feed_put(&buf, sizeof(buf), &msg), -EINVAL);
	}
}
END_TEST

START_TEST(test_put_bad)
{
	uint64_t has = required[IQ_FEED_IKE - IQ_FEED_HELLO] |
		       optional[IQ_FEED_IKE - IQ_FEED_HELLO];
	char name[IQ_FEED_STR_MAX + 1];
	struct iq_feed msg;

	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';

#define REFUSED(type, has, change) do { \
	msg = sample(type, has); \
	msg.change; \
	ck_assert_int_eq(iq_feed_put(&buf, sizeof(buf), &msg), -EINVAL); \
} while (0)
	REFUSED(IQ_FEED_IKE, has, conn = name);
	REFUSED(IQ_FEED_IKE, has, conn = NULL);
	REFUSED(IQ_FEED_IKE, has, n_ids = 0);
	REFUSED(IQ_FEED_IKE, has, n_ids = IQ_FEED_IDS_MAX + 1);
	REFUSED(IQ_FEED_IKE, has, ids[1].method = NULL);
	REFUSED(IQ_FEED_IKE, has, ids[1].method = "");
	REFUSED(IQ_FEED_IKE, has, ids[1].method = "eap md5");
	REFUSED(IQ_FEED_IKE, has, ids[1].method = name);
	REFUSED(IQ_FEED_IKE, has, ids[1].proof = IQ_FEED_PROOF_XAUTH + 1);
	REFUSED(IQ_FEED_IKE, has, ids[0].len = IQ_FEED_ID_MAX + 1);
	REFUSED(IQ_FEED_IKE, has, ids[0].data = NULL);
	REFUSED(IQ_FEED_IKE, has, n_members = 0);
	REFUSED(IQ_FEED_IKE, has, n_members = IQ_FEED_MEMBERS_MAX + 1);
	REFUSED(IQ_FEED_IKE, has, members[1].proof = IQ_FEED_PROOF_XAUTH + 1);
	REFUSED(IQ_FEED_IKE, has, members[1].len = 0);
	REFUSED(IQ_FEED_IKE, has, members[1].len = IQ_FEED_MEMBER_MAX + 1);
	REFUSED(IQ_FEED_IKE, has, members[0].data = NULL);
	REFUSED(IQ_FEED_IKE, has, rdn_matching = 3);
	REFUSED(IQ_FEED_IKE, has, local.family = 0);
	REFUSED(IQ_FEED_IKE, has, remote.family = AF_UNIX);
	REFUSED(IQ_FEED_IKE, has, ike_version = 3);
	REFUSED(IQ_FEED_IKE, has, spi_i = 0);
	REFUSED(IQ_FEED_IKE, has, flags = NLM_F_REQUEST);
	REFUSED(IQ_FEED_PASSED_OVER + 1, 0, seq = 0);
	REFUSED(NLMSG_ERROR, 0, seq = 0);
	has = required[IQ_FEED_CHILD - IQ_FEED_HELLO] |
	      optional[IQ_FEED_CHILD - IQ_FEED_HELLO];
	REFUSED(IQ_FEED_CHILD, has, mark_out = 0);
	REFUSED(IQ_FEED_CHILD, has, set_mark_out = 1ULL << 32);
	has = required[IQ_FEED_SA - IQ_FEED_HELLO];
	REFUSED(IQ_FEED_SA, has, spi = 255);
	REFUSED(IQ_FEED_SA, has, proto = IPPROTO_COMP);
	REFUSED(IQ_FEED_SA, has, has |= 1);
	REFUSED(IQ_FEED_SA, has, has |= ALL << (IQ_FEED_A_MAX + 1));
}
END_TEST

/* nothing of what the buffer held before is sent */
START_TEST(test_put_padding)
{
	struct iq_feed msg = sample(IQ_FEED_HELLO + _i,
				    required[_i] | optional[_i]);
	char first[4096];
	int len;

	memset(&buf, 0x00, sizeof(buf));
	len = iq_feed_put(&buf, sizeof(buf), &msg);
	ck_assert_int_gt(len, 0);
	memcpy(first, &buf, len);
	memset(&buf, 0xee, sizeof(buf));
	ck_assert_int_eq(iq_feed_put(&buf, sizeof(buf), &msg), len);
	ck_assert_mem_eq(first, &buf, len);
}
END_TEST

/* every size of buffer: never written beyond, never a message cut short */
START_TEST(test_put_size)
{
	struct iq_feed msg = sample(IQ_FEED_HELLO + _i,
				    required[_i] | optional[_i]);
	int len = iq_feed_put(&buf, sizeof(buf), &msg), size;

	ck_assert_int_gt(len, 0);
	for (size = 0; size < len; size++) {
		memset(&buf, 0xee, sizeof(buf));
		ck_assert_int_eq(iq_feed_put(&buf, size, &msg), -EMSGSIZE);
		ck_assert_uint_eq((uint8_t)buf.b[size], 0xee);
	}
	ck_assert_int_eq(iq_feed_put(&buf, len, &msg), len);
}
END_TEST

/* a message that ends anywhere, with the right and with the old length */
START_TEST(test_get_short)
{
	struct iq_feed out;
	const char *why;
	int len = put(IQ_FEED_HELLO + _i, required[_i] | optional[_i]), cut;

	for (cut = 0; cut < len; cut++) {
		check_refused(cut, cut < (int)MNL_NLMSG_HDRLEN ?
			      "shorter than a header" : "length");
		if (cut < (int)MNL_NLMSG_HDRLEN)
			continue;
		buf.nlh.nlmsg_len = cut;
		why = NULL;
		/* cut between two attributes only optional ones may be lost */
		if (iq_feed_get(&buf, cut, &out, &why))
			ck_assert_ptr_nonnull(why);
		else
			ck_assert_uint_eq(out.has & required[_i], required[_i]);
		buf.nlh.nlmsg_len = len;
	}
}
END_TEST

START_TEST(test_get_header)
{
	int len = put(IQ_FEED_HELLO, required[0]);

	buf.nlh.nlmsg_len = len + 4;
	check_refused(len, "length");
	buf.nlh.nlmsg_len = len - 4;
	check_refused(len, "length");
	buf.nlh.nlmsg_len = UINT32_MAX;
	check_refused(len, "length");
	buf.nlh.nlmsg_len = 0;
	check_refused(len, "length");
	buf.nlh.nlmsg_len = len + 1;
	check_refused(len + 1, "length");

	len = put(IQ_FEED_HELLO, required[0]);
	buf.nlh.nlmsg_type = IQ_FEED_PASSED_OVER + 1;
	check_refused(len, "unknown type");
	buf.nlh.nlmsg_type = UINT16_MAX;
	check_refused(len, "unknown type");
	buf.nlh.nlmsg_type = 0;
	check_refused(len, "unknown type");
	buf.nlh.nlmsg_type = NLMSG_ERROR;
	check_refused(len, "unknown type");

	len = put(IQ_FEED_HELLO, required[0]);
	buf.nlh.nlmsg_flags = NLM_F_REQUEST;
	check_refused(len, "flag");

	len = IQ_FEED_MSG_MAX + 4;
	raw(IQ_FEED_ANSWER)->nlmsg_len = len;
	check_refused(len, "longer");
}
END_TEST

START_TEST(test_get_missing)
{
	struct nlmsghdr *nlh;
	struct nlattr *nla;
	int attr, len, gone;

	/* write all of them, then take one away */
	for (attr = 1; attr <= IQ_FEED_A_MAX; attr++) {
		if (!(required[_i] & (1ULL << attr)))
			continue;
		len = put(IQ_FEED_HELLO + _i, required[_i]);
		nlh = &buf.nlh;
		mnl_attr_for_each(nla, nlh, 0)
			if (mnl_attr_get_type(nla) == attr)
				break;
		gone = MNL_ALIGN(nla->nla_len);
		memmove(nla, (char *)nla + gone,
			buf.b + len - ((char *)nla + gone));
		nlh->nlmsg_len -= gone;
		check_refused(nlh->nlmsg_len, "is missing");
	}
}
END_TEST

START_TEST(test_get_foreign)
{
	struct nlmsghdr *nlh;
	int attr;

	for (attr = 0; attr <= IQ_FEED_A_MAX + 1; attr++) {
		if ((required[_i] | optional[_i]) & (1ULL << attr))
			continue;
		put(IQ_FEED_HELLO + _i, required[_i]);
		nlh = &buf.nlh;
		mnl_attr_put_u32(nlh, attr, 1);
		check_refused(nlh->nlmsg_len,
			      attr && attr <= IQ_FEED_A_MAX ?
			      "does not belong" : "unknown attribute");
	}
}
END_TEST

START_TEST(test_get_twice)
{
	struct nlmsghdr *nlh;
	struct nlattr *nla;
	int attr, n;

	for (attr = 1; attr <= IQ_FEED_A_MAX; attr++) {
		if (!((required[_i] | optional[_i]) & (1ULL << attr)))
			continue;
		put(IQ_FEED_HELLO + _i, required[_i] | optional[_i]);
		nlh = &buf.nlh;
		mnl_attr_for_each(nla, nlh, 0)
			if (mnl_attr_get_type(nla) == attr)
				break;
		/* two of these are there already */
		for (n = attr == IQ_FEED_A_IDENTITY ? IQ_FEED_IDS_MAX - 1 :
			 attr == IQ_FEED_A_MEMBER_OF ? IQ_FEED_MEMBERS_MAX - 1 : 1;
		     n; n--)
			mnl_attr_put(nlh, attr, mnl_attr_get_payload_len(nla),
				     mnl_attr_get_payload(nla));
		check_refused(nlh->nlmsg_len, "more often");
	}
}
END_TEST

START_TEST(test_get_flagged)
{
	struct nlmsghdr *nlh = raw(IQ_FEED_CHILD_DEL);

	mnl_attr_put_u32(nlh, IQ_FEED_A_CHILD_ID | NLA_F_NESTED, 1);
	check_refused(nlh->nlmsg_len, "unknown attribute");
	nlh = raw(IQ_FEED_CHILD_DEL);
	mnl_attr_put_u32(nlh, IQ_FEED_A_CHILD_ID | NLA_F_NET_BYTEORDER, 1);
	check_refused(nlh->nlmsg_len, "unknown attribute");
}
END_TEST

/* attributes that lie about their length */
START_TEST(test_get_attr_length)
{
	struct nlmsghdr *nlh = raw(IQ_FEED_CHILD_DEL);
	struct nlattr *nla = mnl_nlmsg_get_payload(nlh);
	unsigned int len;

	mnl_attr_put_u32(nlh, IQ_FEED_A_CHILD_ID, 1);
	for (len = 0; len <= UINT16_MAX; len++) {
		nla->nla_len = len;
		if (len == MNL_ATTR_HDRLEN + sizeof(uint32_t))
			continue;
		check_refused(nlh->nlmsg_len,
			      len < MNL_ATTR_HDRLEN || len > 8 ?
			      "does not end" : "CHILD_ID");
	}
	/* half a header at the end */
	nlh = raw(IQ_FEED_SYNC_END);
	nlh->nlmsg_len += 2;
	check_refused(nlh->nlmsg_len, "length");
}
END_TEST

struct bad {
	int type;
	int attr;
	size_t len;
	const char *data;
};

#define U16(x) sizeof(uint16_t), (const char *)&(const uint16_t) { x }
#define U32(x) sizeof(uint32_t), (const char *)&(const uint32_t) { x }
#define U64(x) sizeof(uint64_t), (const char *)&(const uint64_t) { x }
#define S(x) sizeof(x) - 1, x
#define BYTES(n) n, zeroes

static const char zeroes[8192];
static const char long_id[3 + sizeof("psk") + IQ_FEED_ID_MAX + 1] = "\2\1\1psk";

static const struct bad bads[] = {
	{ IQ_FEED_HELLO, IQ_FEED_A_VERSION, U16(1) },
	{ IQ_FEED_HELLO, IQ_FEED_A_VERSION, U64(1) },
	{ IQ_FEED_HELLO, IQ_FEED_A_ROLE, S("") },
	{ IQ_FEED_HELLO, IQ_FEED_A_ROLE, S("\0") },
	{ IQ_FEED_HELLO, IQ_FEED_A_ROLE, S("\3") },
	{ IQ_FEED_HELLO, IQ_FEED_A_ROLE, S("\1\0") },
	{ IQ_FEED_ACK, IQ_FEED_A_ERROR, U32(0x80000000) },
	{ IQ_FEED_ACK, IQ_FEED_A_MESSAGE, S("") },
	{ IQ_FEED_ACK, IQ_FEED_A_MESSAGE, S("open") },
	{ IQ_FEED_ACK, IQ_FEED_A_MESSAGE, S("in\0side\0") },
	{ IQ_FEED_ACK, IQ_FEED_A_MESSAGE, S("two\0\0") },
	{ IQ_FEED_ACK, IQ_FEED_A_GROUP, U16(1) },
	{ IQ_FEED_IKE, IQ_FEED_A_IKE_ID, U16(1) },
	{ IQ_FEED_IKE, IQ_FEED_A_IKE_VERSION, S("\0") },
	{ IQ_FEED_IKE, IQ_FEED_A_IKE_VERSION, S("\3") },
	{ IQ_FEED_IKE, IQ_FEED_A_SPI_I, U64(0) },
	{ IQ_FEED_IKE, IQ_FEED_A_SPI_I, U32(1) },
	{ IQ_FEED_IKE, IQ_FEED_A_SPI_R, U32(1) },
	{ IQ_FEED_IKE, IQ_FEED_A_LOCAL, BYTES(0) },
	{ IQ_FEED_IKE, IQ_FEED_A_LOCAL, BYTES(3) },
	{ IQ_FEED_IKE, IQ_FEED_A_LOCAL, BYTES(5) },
	{ IQ_FEED_IKE, IQ_FEED_A_REMOTE, BYTES(15) },
	{ IQ_FEED_IKE, IQ_FEED_A_REMOTE, BYTES(17) },
	{ IQ_FEED_IKE, IQ_FEED_A_LOCAL_PORT, U32(500) },
	{ IQ_FEED_IKE, IQ_FEED_A_REMOTE_PORT, S("\1") },
	{ IQ_FEED_IKE, IQ_FEED_A_IDENTITY, BYTES(0) },
	{ IQ_FEED_IKE, IQ_FEED_A_IDENTITY, S("\2\1\1") },
	{ IQ_FEED_IKE, IQ_FEED_A_IDENTITY, S("\2\1\1\0gw") },
	{ IQ_FEED_IKE, IQ_FEED_A_IDENTITY, S("\2\1\1psk") },
	{ IQ_FEED_IKE, IQ_FEED_A_IDENTITY, S("\2\1\4psk\0gw") },
	{ IQ_FEED_IKE, IQ_FEED_A_IDENTITY, S("\2\1\1a key\0gw") },
	{ IQ_FEED_IKE, IQ_FEED_A_IDENTITY, S("\2\1\1k\xffy\0gw") },
	{ IQ_FEED_IKE, IQ_FEED_A_IDENTITY,
	  S("\2\1\1a-name-of-thirty-two-characters-\0gw") },
	{ IQ_FEED_IKE, IQ_FEED_A_IDENTITY, sizeof(long_id), long_id },
	{ IQ_FEED_IKE, IQ_FEED_A_MEMBER_OF, BYTES(0) },
	{ IQ_FEED_IKE, IQ_FEED_A_MEMBER_OF, S("\2\1\1") },
	{ IQ_FEED_IKE, IQ_FEED_A_MEMBER_OF, S("\2\1\4g") },
	{ IQ_FEED_IKE, IQ_FEED_A_MEMBER_OF, BYTES(3 + IQ_FEED_MEMBER_MAX + 1) },
	{ IQ_FEED_IKE, IQ_FEED_A_RDN_MATCHING, S("\3") },
	{ IQ_FEED_IKE, IQ_FEED_A_RDN_MATCHING, U16(1) },
	{ IQ_FEED_IKE, IQ_FEED_A_CONN, S("open") },
	{ IQ_FEED_SA, IQ_FEED_A_DST, BYTES(8) },
	{ IQ_FEED_SA, IQ_FEED_A_SPI, U32(0) },
	{ IQ_FEED_SA, IQ_FEED_A_SPI, U32(255) },
	{ IQ_FEED_SA, IQ_FEED_A_PROTO, S("\0") },
	{ IQ_FEED_SA, IQ_FEED_A_PROTO, S("\x6c") },
	{ IQ_FEED_SA, IQ_FEED_A_PENDING, S("\1") },
	{ IQ_FEED_CHILD, IQ_FEED_A_CHILD, S("open") },
	{ IQ_FEED_CHILD, IQ_FEED_A_ENCAP, S("\2") },
	{ IQ_FEED_CHILD, IQ_FEED_A_ENCAP, S("") },
	{ IQ_FEED_CHILD, IQ_FEED_A_SPI_IN, U32(255) },
	{ IQ_FEED_CHILD, IQ_FEED_A_SPI_OUT, U32(1) },
	{ IQ_FEED_CHILD, IQ_FEED_A_REQID, S("\1\1\1") },
	{ IQ_FEED_QUERY, IQ_FEED_A_QUERY, S("\0") },
	{ IQ_FEED_QUERY, IQ_FEED_A_QUERY, S("\7") },
	{ IQ_FEED_QUERY, IQ_FEED_A_ARG, S("open") },
	{ IQ_FEED_CHILD, IQ_FEED_A_MARK_IN, U32(0xff) },
	{ IQ_FEED_CHILD, IQ_FEED_A_MARK_OUT, U64(0) },
	{ IQ_FEED_CHILD, IQ_FEED_A_SET_MARK_IN, U64(0x2a00000000) },
	{ IQ_FEED_ANSWER, IQ_FEED_A_TEXT, S("open") },
};

START_TEST(test_get_bad)
{
	const struct bad *bad = &bads[_i];
	struct nlmsghdr *nlh = raw(bad->type);

	mnl_attr_put(nlh, bad->attr, bad->len, bad->data);
	check_refused(nlh->nlmsg_len, "bad ");
}
END_TEST

START_TEST(test_get_long_string)
{
	static const struct {
		int type, attr, max;
	} strings[] = {
		{ IQ_FEED_IKE, IQ_FEED_A_CONN, IQ_FEED_STR_MAX },
		{ IQ_FEED_CHILD, IQ_FEED_A_CHILD, IQ_FEED_STR_MAX },
		{ IQ_FEED_QUERY, IQ_FEED_A_ARG, IQ_FEED_ID_MAX },
		{ IQ_FEED_ACK, IQ_FEED_A_MESSAGE, IQ_FEED_WHY_MAX },
	};
	char text[IQ_FEED_ID_MAX + 1];
	struct nlmsghdr *nlh;

	memset(text, 'x', sizeof(text));
	text[strings[_i].max] = '\0';
	nlh = raw(strings[_i].type);
	mnl_attr_put_strz(nlh, strings[_i].attr, text);
	check_refused(nlh->nlmsg_len, "bad ");
	/* one less is only a message that lacks the rest, or nothing */
	text[strings[_i].max - 1] = '\0';
	nlh = raw(strings[_i].type);
	mnl_attr_put_strz(nlh, strings[_i].attr, text);
	check_refused(nlh->nlmsg_len, "is missing");
}
END_TEST

/* any bit of any message flipped: refused, or it encodes to the same again */
START_TEST(test_get_flipped)
{
	static union {
		struct nlmsghdr nlh;
		char b[IQ_FEED_MSG_MAX];
	} again;
	struct iq_feed out;
	const char *why;
	int len = put(IQ_FEED_HELLO + _i, required[_i] | optional[_i]), bit;

	for (bit = 0; bit < len * 8; bit++) {
		buf.b[bit / 8] ^= 1 << (bit % 8);
		if (!iq_feed_get(&buf, len, &out, &why))
			ck_assert_int_eq(iq_feed_put(&again, sizeof(again),
						     &out), len);
		buf.b[bit / 8] ^= 1 << (bit % 8);
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("codec");

	tcase_add_loop_test(tc, test_round_trip, 0, N_TYPES);
	tcase_add_test(tc, test_round_trip_edges);
	tcase_add_loop_test(tc, test_put_required, 0, N_TYPES);
	tcase_add_test(tc, test_put_bad);
	tcase_add_loop_test(tc, test_put_padding, 0, N_TYPES);
	tcase_add_loop_test(tc, test_put_size, 0, N_TYPES);
	tcase_add_loop_test(tc, test_get_short, 0, N_TYPES);
	tcase_add_test(tc, test_get_header);
	tcase_add_loop_test(tc, test_get_missing, 0, N_TYPES);
	tcase_add_loop_test(tc, test_get_foreign, 0, N_TYPES);
	tcase_add_loop_test(tc, test_get_twice, 0, N_TYPES);
	tcase_add_test(tc, test_get_flagged);
	tcase_add_test(tc, test_get_attr_length);
	tcase_add_loop_test(tc, test_get_bad, 0, N(bads));
	tcase_add_loop_test(tc, test_get_long_string, 0, 4);
	tcase_add_loop_test(tc, test_get_flipped, 0, N_TYPES);

	return run_tests("feed", tc);
}
