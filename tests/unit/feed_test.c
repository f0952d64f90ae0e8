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

#include "feed_samples.h"
#include "suite.h"

static union {
	struct nlmsghdr nlh;
	uint64_t align;
	char b[IQ_FEED_MSG_MAX + 64];
} buf;

static void check_refused(size_t len, const char *expected)
{
	struct iq_feed out;
	const char *why = NULL;

	ck_assert_int_eq(iq_feed_get(&buf, len, &out, &why), -EINVAL);
	ck_assert_ptr_nonnull(why);
	ck_assert_msg(strstr(why, expected), "\"%s\" does not say \"%s\"", why,
		      expected);
}

static int put(int type)
{
	struct iq_feed msg = sample(type, most(type));
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
	uint64_t may = optional[_i], some = may;
	struct iq_feed in, out;
	const char *why = NULL;
	int len, err, n = 0;

	/* with every subset of what is optional */
	for (;;) {
		in = sample(IQ_FEED_HELLO + _i, some);
		memset(&buf, 0xee, sizeof(buf));
		len = iq_feed_put(&buf, sizeof(buf), &in);
		if (!is_whole(in.type, some)) {
			ck_assert_int_eq(len, -EINVAL);
		} else {
			ck_assert_int_gt(len, 0);
			ck_assert_int_eq(len, buf.nlh.nlmsg_len);
			err = iq_feed_get(&buf, len, &out, &why);
			ck_assert_msg(!err, "%s", why);
			check_same(&in, &out);
			n++;
		}
		if (!some)
			break;
		some = (some - 1) & may;
	}
	ck_assert_int_gt(n, 0);
}
END_TEST

static void hand_addr(struct nlmsghdr *nlh, int attr, const struct iq_addr *addr)
{
	mnl_attr_put(nlh, attr, addr->family == AF_INET ? 4 : 16, addr->b);
}

static void hand_peers(struct nlmsghdr *nlh, const struct iq_feed_ike *ike)
{
	static const char ids[][24] = {
		"\x0b\x01\x01psk\0key\0id", "\x02\xff\0eap-(213)",
	};
	static const char members[][12] = { "\x02\x01\x02vpn-eu", "\x0b\xff\0" };

	mnl_attr_put(nlh, IQ_FEED_A_IDENTITY, 13, ids[0]);
	mnl_attr_put(nlh, IQ_FEED_A_IDENTITY, 13, ids[1]);
	mnl_attr_put(nlh, IQ_FEED_A_MEMBER_OF, 9, members[0]);
	mnl_attr_put(nlh, IQ_FEED_A_MEMBER_OF, 4, members[1]);
	mnl_attr_put_u8(nlh, IQ_FEED_A_RDN_MATCHING, ike->rdn_matching);
}

#define U8(NAME, value) mnl_attr_put_u8(nlh, IQ_FEED_A_##NAME, msg->value)
#define U16(NAME, value) mnl_attr_put_u16(nlh, IQ_FEED_A_##NAME, msg->value)
#define U32(NAME, value) mnl_attr_put_u32(nlh, IQ_FEED_A_##NAME, msg->value)
#define U64(NAME, value) mnl_attr_put_u64(nlh, IQ_FEED_A_##NAME, msg->value)
#define TEXT(NAME, value) mnl_attr_put_strz(nlh, IQ_FEED_A_##NAME, msg->value)
#define ADDRESS(NAME, value) hand_addr(nlh, IQ_FEED_A_##NAME, &msg->value)

static void hand_ike(struct nlmsghdr *nlh, const struct iq_feed_ike *msg)
{
	U32(IKE_ID, ike_id);
	U8(IKE_VERSION, ike_version);
	U64(SPI_I, spi_i);
	U64(SPI_R, spi_r);
	ADDRESS(LOCAL, local);
	U16(LOCAL_PORT, local_port);
	ADDRESS(REMOTE, remote);
	U16(REMOTE_PORT, remote_port);
	TEXT(CONN, conn);
	hand_peers(nlh, msg);
}

static void hand_child(struct nlmsghdr *nlh, const struct iq_feed_child *msg)
{
	U32(IKE_ID, ike_id);
	U32(CHILD_ID, child_id);
	TEXT(CHILD, child);
	U32(REQID, reqid);
	U8(PROTO, proto);
	U32(SPI_IN, spi_in);
	U32(SPI_OUT, spi_out);
	ADDRESS(LOCAL, local);
	ADDRESS(REMOTE, remote);
	U8(ENCAP, encap);
	U64(MARK_IN, mark_in);
	U64(MARK_OUT, mark_out);
	U64(SET_MARK_IN, set_mark_in);
	U64(SET_MARK_OUT, set_mark_out);
}

/* the codec of lib/feed/ once more, word for word */
static void by_hand(struct nlmsghdr *nlh, const struct iq_feed *msg)
{
	switch (msg->type) {
	case IQ_FEED_HELLO:
		U32(VERSION, hello.version);
		U8(ROLE, hello.role);
		TEXT(ELEMENT, hello.element);
		break;
	case IQ_FEED_ACK:
		U32(ERROR, ack.error);
		TEXT(MESSAGE, ack.message);
		U32(GROUP, ack.group);
		break;
	case IQ_FEED_SYNC_END:
		U32(PASSED_OVER, sync_end.passed_over);
		break;
	case IQ_FEED_PASSED_OVER:
		U32(PASSED_OVER, passed_over.passed_over);
		break;
	case IQ_FEED_IKE:
		hand_ike(nlh, &msg->ike);
		break;
	case IQ_FEED_IKE_DEL:
		U32(IKE_ID, ike_del.ike_id);
		U64(SPI_I, ike_del.spi_i);
		U64(SPI_R, ike_del.spi_r);
		break;
	case IQ_FEED_SA:
		U32(IKE_ID, sa.ike_id);
		ADDRESS(DST, sa.dst);
		U32(SPI, sa.spi);
		U8(PROTO, sa.proto);
		mnl_attr_put(nlh, IQ_FEED_A_PENDING, 0, NULL);
		break;
	case IQ_FEED_SA_DEL:
		ADDRESS(DST, sa_del.dst);
		U32(SPI, sa_del.spi);
		U8(PROTO, sa_del.proto);
		break;
	case IQ_FEED_CHILD:
		hand_child(nlh, &msg->child);
		break;
	case IQ_FEED_CHILD_DEL:
		U32(CHILD_ID, child_del.child_id);
		break;
	case IQ_FEED_QUERY:
		U8(QUERY, query.query);
		TEXT(ARG, query.arg);
		break;
	case IQ_FEED_ANSWER:
		TEXT(TEXT, answer.text);
		break;
	case IQ_FEED_INITIATE:
		TEXT(CONN, initiate.conn);
		TEXT(CHILD, initiate.child);
		ADDRESS(REMOTE, initiate.remote);
		U32(TIMEOUT, initiate.timeout);
		break;
	case IQ_FEED_RESULT:
		U32(ERROR, result.error);
		U32(IKE_ID, result.ike_id);
		U32(CHILD_ID, result.child_id);
		break;
	case IQ_FEED_BUCKETS:
		mnl_attr_put(nlh, IQ_FEED_A_HOME, 512, msg->buckets.home);
		break;
	default:
		break;
	}
}

#undef U8
#undef U16
#undef U32
#undef U64

/* what others write is understood as it is meant: the round trip would not tell */
START_TEST(test_by_hand)
{
	struct iq_feed in = sample(IQ_FEED_HELLO + _i, most(IQ_FEED_HELLO + _i));
	struct nlmsghdr *nlh = raw(in.type);
	struct iq_feed out;
	const char *why = NULL;

	nlh->nlmsg_flags = in.flags;
	nlh->nlmsg_seq = in.seq;
	by_hand(nlh, &in);
	ck_assert_msg(!iq_feed_get(nlh, nlh->nlmsg_len, &out, &why), "%s", why);
	check_same(&in, &out);
}
END_TEST

/* the attributes of a message are those that it is said to have, no others */
START_TEST(test_attributes)
{
	uint64_t seen = 0;
	struct nlattr *nla;

	put(IQ_FEED_HELLO + _i);
	mnl_attr_for_each(nla, &buf.nlh, 0)
		seen |= 1ULL << mnl_attr_get_type(nla);
	ck_assert_uint_eq(seen, required[_i] | most(IQ_FEED_HELLO + _i));
}
END_TEST

START_TEST(test_round_trip_edges)
{
	struct iq_feed in, out;
	const char *why;
	char name[IQ_FEED_STR_MAX], method[IQ_FEED_METHOD_MAX], *text;
	struct iq_feed_identities *ids = &in.ike.ids;
	struct iq_feed_members *members = &in.ike.members;
	uint8_t id[IQ_FEED_ID_MAX];
	int len;

	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	memset(method, 'm', sizeof(method));
	method[sizeof(method) - 1] = '\0';
	memset(id, 0, sizeof(id));

	/* all that there may be, each as long as it may be */
	in = sample(IQ_FEED_IKE, most(IQ_FEED_IKE));
	in.ike.conn = name;
	for (ids->n = 0; ids->n < IQ_FEED_IDS_MAX; ids->n++)
		ids->v[ids->n] = (struct iq_feed_identity){
			9, ids->n, IQ_FEED_PROOF_XAUTH, method, id, sizeof(id) };
	for (members->n = 0; members->n < IQ_FEED_MEMBERS_MAX; members->n++)
		members->v[members->n] = (struct iq_feed_member){
			9, members->n, IQ_FEED_PROOF_XAUTH, id, IQ_FEED_MEMBER_MAX };
	in.flags = 0;
	in.ike.ike_version = 1;
	in.ike.spi_r = 0;
	in.ike.local_port = 0;
	len = iq_feed_put(&buf, sizeof(buf), &in);
	ck_assert_int_gt(len, 0);
	ck_assert_int_eq(iq_feed_get(&buf, len, &out, &why), 0);
	check_same(&in, &out);

	in.ike.conn = "";
	ids->n = 1;
	ids->v[0].len = 0;
	ids->v[0].data = NULL;
	ids->v[0].method = "m";
	len = iq_feed_put(&buf, sizeof(buf), &in);
	ck_assert_int_gt(len, 0);
	ck_assert_int_eq(iq_feed_get(&buf, len, &out, &why), 0);
	check_same(&in, &out);

	/* the longest answer: the header of message and attribute and the NUL */
	in = sample(IQ_FEED_ANSWER, 0);
	in.flags = NLM_F_MULTI;
	text = malloc(IQ_FEED_MSG_MAX);
	memset(text, 't', IQ_FEED_MSG_MAX);
	text[IQ_FEED_MSG_MAX - MNL_NLMSG_HDRLEN - MNL_ATTR_HDRLEN - 1] = '\0';
	in.answer.text = text;
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

START_TEST(test_put_bad)
{
	char name[IQ_FEED_STR_MAX + 1];
	struct iq_feed msg;

	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';

#define REFUSED(type, change) do { \
	msg = sample(type, most(type)); \
	msg.change; \
	ck_assert_int_eq(iq_feed_put(&buf, sizeof(buf), &msg), -EINVAL); \
} while (0)
	REFUSED(IQ_FEED_HELLO, hello.role = IQ_FEED_ROLE_COMMAND + 1);
	REFUSED(IQ_FEED_HELLO, hello.element = name);
	REFUSED(IQ_FEED_ACK, ack.error = 0x80000000);
	REFUSED(IQ_FEED_IKE, ike.conn = name);
	REFUSED(IQ_FEED_IKE, ike.conn = NULL);
	REFUSED(IQ_FEED_IKE, ike.ids.n = IQ_FEED_IDS_MAX + 1);
	REFUSED(IQ_FEED_IKE, ike.ids.v[1].method = NULL);
	REFUSED(IQ_FEED_IKE, ike.ids.v[1].method = "");
	REFUSED(IQ_FEED_IKE, ike.ids.v[1].method = "eap md5");
	REFUSED(IQ_FEED_IKE, ike.ids.v[1].method = name);
	REFUSED(IQ_FEED_IKE, ike.ids.v[1].proof = IQ_FEED_PROOF_XAUTH + 1);
	REFUSED(IQ_FEED_IKE, ike.ids.v[0].len = IQ_FEED_ID_MAX + 1);
	REFUSED(IQ_FEED_IKE, ike.ids.v[0].data = NULL);
	REFUSED(IQ_FEED_IKE, ike.members.n = IQ_FEED_MEMBERS_MAX + 1);
	REFUSED(IQ_FEED_IKE, ike.members.v[1].proof = IQ_FEED_PROOF_XAUTH + 1);
	REFUSED(IQ_FEED_IKE, ike.members.v[1].len = 0);
	REFUSED(IQ_FEED_IKE, ike.members.v[1].len = IQ_FEED_MEMBER_MAX + 1);
	REFUSED(IQ_FEED_IKE, ike.members.v[0].data = NULL);
	REFUSED(IQ_FEED_IKE, ike.rdn_matching = 3);
	REFUSED(IQ_FEED_IKE, ike.local.family = 0);
	REFUSED(IQ_FEED_IKE, ike.remote.family = AF_UNIX);
	REFUSED(IQ_FEED_IKE, ike.ike_version = 3);
	REFUSED(IQ_FEED_IKE, ike.spi_i = 0);
	REFUSED(IQ_FEED_IKE, flags = NLM_F_REQUEST);
	REFUSED(IQ_FEED_IKE, type = __IQ_FEED_MSG_END);
	REFUSED(IQ_FEED_IKE, type = NLMSG_ERROR);
	REFUSED(IQ_FEED_IKE_DEL, ike_del.spi_i = 0);
	REFUSED(IQ_FEED_CHILD, child.child = NULL);
	REFUSED(IQ_FEED_CHILD, child.remote.family = 0);
	REFUSED(IQ_FEED_CHILD, child.set_mark_out = 1ULL << 32);
	REFUSED(IQ_FEED_SA, sa.dst.family = 0);
	REFUSED(IQ_FEED_SA, sa.spi = 255);
	REFUSED(IQ_FEED_SA, sa.proto = IPPROTO_COMP);
	REFUSED(IQ_FEED_SA_DEL, sa_del.proto = 0);
	REFUSED(IQ_FEED_QUERY, query.query = 0);
	REFUSED(IQ_FEED_ANSWER, answer.text = NULL);
	REFUSED(IQ_FEED_INITIATE, initiate.conn = NULL);
	REFUSED(IQ_FEED_INITIATE, initiate.conn = name);
	REFUSED(IQ_FEED_INITIATE, initiate.child = name);
	REFUSED(IQ_FEED_INITIATE, initiate.remote.family = AF_UNIX);
	REFUSED(IQ_FEED_INITIATE, initiate.timeout = 0);
	REFUSED(IQ_FEED_INITIATE, initiate.timeout = IQ_FEED_TIMEOUT_MAX + 1);
	REFUSED(IQ_FEED_RESULT, result.error = EBUSY);
	REFUSED(IQ_FEED_RESULT, result.message = "but it went well");
	REFUSED(IQ_FEED_RESULT, result.ike_id = 0);
	REFUSED(IQ_FEED_RESULT, result.child_id = 0);
	REFUSED(IQ_FEED_BUCKETS, buckets.home = NULL);
}
END_TEST

/* who may say what, written down a second time on purpose */
START_TEST(test_says)
{
	static const struct {
		bool charon, command, to_charon, to_command;
	} says[N_TYPES] = {
		[IQ_FEED_HELLO - IQ_FEED_HELLO] = { true, true, true, true },
		[IQ_FEED_ACK - IQ_FEED_HELLO] = { false, false, true, true },
		[IQ_FEED_SYNC_START - IQ_FEED_HELLO] = { true },
		[IQ_FEED_SYNC_END - IQ_FEED_HELLO] = { true },
		[IQ_FEED_IKE - IQ_FEED_HELLO] = { true },
		[IQ_FEED_IKE_DEL - IQ_FEED_HELLO] = { true },
		[IQ_FEED_SA - IQ_FEED_HELLO] = { true },
		[IQ_FEED_SA_DEL - IQ_FEED_HELLO] = { true },
		[IQ_FEED_CHILD - IQ_FEED_HELLO] = { true },
		[IQ_FEED_CHILD_DEL - IQ_FEED_HELLO] = { true },
		[IQ_FEED_QUERY - IQ_FEED_HELLO] = { .command = true },
		[IQ_FEED_ANSWER - IQ_FEED_HELLO] = { .to_command = true },
		[IQ_FEED_PASSED_OVER - IQ_FEED_HELLO] = { true },
		[IQ_FEED_INITIATE - IQ_FEED_HELLO] = {
			.command = true, .to_charon = true },
		[IQ_FEED_RESULT - IQ_FEED_HELLO] = { true },
		[IQ_FEED_BUCKETS - IQ_FEED_HELLO] = { .to_charon = true },
	};
	int type = IQ_FEED_HELLO + _i;

	ck_assert_int_eq(iq_feed_says(IQ_FEED_ROLE_CHARON, 0, type),
			 says[_i].charon);
	ck_assert_int_eq(iq_feed_says(IQ_FEED_ROLE_COMMAND, 0, type),
			 says[_i].command);
	ck_assert_int_eq(iq_feed_says(0, IQ_FEED_ROLE_CHARON, type),
			 says[_i].to_charon);
	ck_assert_int_eq(iq_feed_says(0, IQ_FEED_ROLE_COMMAND, type),
			 says[_i].to_command);
	ck_assert(!iq_feed_says(IQ_FEED_ROLE_CHARON, 0, __IQ_FEED_MSG_END));
	ck_assert(!iq_feed_says(IQ_FEED_ROLE_CHARON, 0, NLMSG_ERROR));
}
END_TEST

/* nothing of what the buffer held before is sent */
START_TEST(test_put_padding)
{
	struct iq_feed msg = sample(IQ_FEED_HELLO + _i,
				    most(IQ_FEED_HELLO + _i));
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
				    most(IQ_FEED_HELLO + _i));
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

static union {
	struct nlmsghdr nlh;
	char b[IQ_FEED_MSG_MAX];
} again;

/* a message that ends anywhere, with the right and with the old length */
START_TEST(test_get_short)
{
	struct iq_feed out;
	const char *why;
	int len = put(IQ_FEED_HELLO + _i), cut;

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
			ck_assert_int_eq(iq_feed_put(&again, sizeof(again),
						     &out), cut);
		buf.nlh.nlmsg_len = len;
	}
}
END_TEST

START_TEST(test_get_header)
{
	int len = put(IQ_FEED_HELLO);

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

	len = put(IQ_FEED_HELLO);
	buf.nlh.nlmsg_type = __IQ_FEED_MSG_END;
	check_refused(len, "unknown type");
	buf.nlh.nlmsg_type = UINT16_MAX;
	check_refused(len, "unknown type");
	buf.nlh.nlmsg_type = 0;
	check_refused(len, "unknown type");
	buf.nlh.nlmsg_type = NLMSG_ERROR;
	check_refused(len, "unknown type");

	len = put(IQ_FEED_HELLO);
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
		len = put(IQ_FEED_HELLO + _i);
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
		put(IQ_FEED_HELLO + _i);
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
		if (!((required[_i] | most(IQ_FEED_HELLO + _i)) &
		      (1ULL << attr)))
			continue;
		put(IQ_FEED_HELLO + _i);
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
	{ IQ_FEED_HELLO, IQ_FEED_A_ELEMENT, S("open") },
	{ IQ_FEED_HELLO, IQ_FEED_A_ELEMENT, S("two\0\0") },
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
	{ IQ_FEED_QUERY, IQ_FEED_A_QUERY, S("\13") },
	{ IQ_FEED_QUERY, IQ_FEED_A_ARG, S("open") },
	{ IQ_FEED_CHILD, IQ_FEED_A_MARK_IN, U32(0xff) },
	{ IQ_FEED_CHILD, IQ_FEED_A_MARK_OUT, U64(0) },
	{ IQ_FEED_CHILD, IQ_FEED_A_SET_MARK_IN, U64(0x2a00000000) },
	{ IQ_FEED_ANSWER, IQ_FEED_A_TEXT, S("open") },
	{ IQ_FEED_INITIATE, IQ_FEED_A_CONN, S("open") },
	{ IQ_FEED_INITIATE, IQ_FEED_A_CHILD, S("") },
	{ IQ_FEED_INITIATE, IQ_FEED_A_REMOTE, BYTES(5) },
	{ IQ_FEED_INITIATE, IQ_FEED_A_TIMEOUT, U32(0) },
	{ IQ_FEED_INITIATE, IQ_FEED_A_TIMEOUT, U32(IQ_FEED_TIMEOUT_MAX + 1) },
	{ IQ_FEED_INITIATE, IQ_FEED_A_TIMEOUT, U16(1) },
	{ IQ_FEED_RESULT, IQ_FEED_A_ERROR, U32(0x80000000) },
	{ IQ_FEED_RESULT, IQ_FEED_A_MESSAGE, S("open") },
	{ IQ_FEED_BUCKETS, IQ_FEED_A_HOME, BYTES(511) },
	{ IQ_FEED_BUCKETS, IQ_FEED_A_HOME, BYTES(513) },
	{ IQ_FEED_BUCKETS, IQ_FEED_A_HOME, S("") },
	/* what is nothing is left out */
	{ IQ_FEED_ACK, IQ_FEED_A_GROUP, U32(0) },
	{ IQ_FEED_SYNC_END, IQ_FEED_A_PASSED_OVER, U32(0) },
	{ IQ_FEED_IKE, IQ_FEED_A_RDN_MATCHING, S("\0") },
	{ IQ_FEED_RESULT, IQ_FEED_A_IKE_ID, U32(0) },
	{ IQ_FEED_RESULT, IQ_FEED_A_CHILD_ID, U32(0) },
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
		{ IQ_FEED_INITIATE, IQ_FEED_A_CONN, IQ_FEED_STR_MAX },
		{ IQ_FEED_INITIATE, IQ_FEED_A_CHILD, IQ_FEED_STR_MAX },
		{ IQ_FEED_RESULT, IQ_FEED_A_MESSAGE, IQ_FEED_WHY_MAX },
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

/* a result has either what there is or what went wrong, and all of it */
START_TEST(test_get_result)
{
	static const uint64_t has[] = {
		0, HAS(MESSAGE), HAS(IKE_ID), HAS(CHILD_ID),
		HAS(IKE_ID) | HAS(MESSAGE), HAS(CHILD_ID) | HAS(MESSAGE),
		HAS(IKE_ID) | HAS(CHILD_ID) | HAS(MESSAGE),
	};
	uint32_t error;
	size_t i;

	for (error = 0; error <= EBUSY; error += EBUSY) {
		for (i = 0; i < N(has); i++) {
			struct nlmsghdr *nlh = raw(IQ_FEED_RESULT);

			if (error && has[i] == HAS(MESSAGE))
				continue;
			mnl_attr_put_u32(nlh, IQ_FEED_A_ERROR, error);
			if (has[i] & HAS(MESSAGE))
				mnl_attr_put_strz(nlh, IQ_FEED_A_MESSAGE, "");
			if (has[i] & HAS(IKE_ID))
				mnl_attr_put_u32(nlh, IQ_FEED_A_IKE_ID, 1);
			if (has[i] & HAS(CHILD_ID))
				mnl_attr_put_u32(nlh, IQ_FEED_A_CHILD_ID, 1);
			check_refused(nlh->nlmsg_len, "bad RESULT");
		}
	}
}
END_TEST

/* any bit of any message flipped: refused, or it encodes to the same again */
START_TEST(test_get_flipped)
{
	struct iq_feed out;
	const char *why;
	int len = put(IQ_FEED_HELLO + _i), bit;

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
	tcase_add_loop_test(tc, test_by_hand, 0, N_TYPES);
	tcase_add_loop_test(tc, test_attributes, 0, N_TYPES);
	tcase_add_loop_test(tc, test_says, 0, N_TYPES);
	tcase_add_test(tc, test_get_result);
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
	tcase_add_loop_test(tc, test_get_long_string, 0, 7);
	tcase_add_loop_test(tc, test_get_flipped, 0, N_TYPES);

	return run_tests("feed", tc);
}
