/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A message of each type for tests of the feed, what it requires and may have, and
 * whether two are the same.
 */
#ifndef IPSEC_QOS_FEED_SAMPLES_H
#define IPSEC_QOS_FEED_SAMPLES_H

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <check.h>

#include "lib/feed/attr.h"
#include "lib/feed/feed.h"

#define N_TYPES (__IQ_FEED_MSG_END - IQ_FEED_HELLO)
#define HAS(x)	(1ULL << IQ_FEED_A_##x)

/* what every message requires, written down a second time on purpose */
static const uint64_t required[N_TYPES] = {
	[IQ_FEED_HELLO - IQ_FEED_HELLO] = HAS(VERSION),
	[IQ_FEED_ACK - IQ_FEED_HELLO] = HAS(ERROR),
	[IQ_FEED_IKE - IQ_FEED_HELLO] =
		HAS(IKE_ID) | HAS(IKE_VERSION) |
		HAS(SPI_I) | HAS(SPI_R) | HAS(LOCAL) |
		HAS(LOCAL_PORT) | HAS(REMOTE) |
		HAS(REMOTE_PORT) | HAS(CONN),
	[IQ_FEED_IKE_DEL - IQ_FEED_HELLO] = HAS(IKE_ID) |
		HAS(SPI_I) | HAS(SPI_R),
	[IQ_FEED_SA - IQ_FEED_HELLO] = HAS(IKE_ID) |
		HAS(DST) | HAS(SPI) | HAS(PROTO),
	[IQ_FEED_SA_DEL - IQ_FEED_HELLO] = HAS(DST) |
		HAS(SPI) | HAS(PROTO),
	[IQ_FEED_CHILD - IQ_FEED_HELLO] =
		HAS(IKE_ID) | HAS(CHILD_ID) |
		HAS(CHILD) | HAS(REQID) | HAS(PROTO) |
		HAS(SPI_IN) | HAS(SPI_OUT) |
		HAS(LOCAL) | HAS(REMOTE) | HAS(ENCAP),
	[IQ_FEED_CHILD_DEL - IQ_FEED_HELLO] = HAS(CHILD_ID),
	[IQ_FEED_QUERY - IQ_FEED_HELLO] = HAS(QUERY),
	[IQ_FEED_ANSWER - IQ_FEED_HELLO] = HAS(TEXT),
	[IQ_FEED_PASSED_OVER - IQ_FEED_HELLO] = HAS(PASSED_OVER),
	[IQ_FEED_INITIATE - IQ_FEED_HELLO] = HAS(CONN) | HAS(TIMEOUT),
	[IQ_FEED_RESULT - IQ_FEED_HELLO] = HAS(ERROR),
	[IQ_FEED_BUCKETS - IQ_FEED_HELLO] = HAS(HOME),
};

static const uint64_t optional[N_TYPES] = {
	[IQ_FEED_HELLO - IQ_FEED_HELLO] = HAS(ROLE) | HAS(ELEMENT),
	[IQ_FEED_ACK - IQ_FEED_HELLO] = HAS(MESSAGE) |
		HAS(GROUP),
	[IQ_FEED_SYNC_END - IQ_FEED_HELLO] = HAS(PASSED_OVER),
	[IQ_FEED_IKE - IQ_FEED_HELLO] = HAS(IDENTITY) |
		HAS(MEMBER_OF) | HAS(RDN_MATCHING),
	[IQ_FEED_SA - IQ_FEED_HELLO] = HAS(PENDING),
	[IQ_FEED_CHILD - IQ_FEED_HELLO] = HAS(MARK_IN) |
		HAS(MARK_OUT) | HAS(SET_MARK_IN) |
		HAS(SET_MARK_OUT),
	[IQ_FEED_QUERY - IQ_FEED_HELLO] = HAS(ARG),
	[IQ_FEED_INITIATE - IQ_FEED_HELLO] = HAS(CHILD) | HAS(REMOTE),
	[IQ_FEED_RESULT - IQ_FEED_HELLO] = HAS(MESSAGE) | HAS(IKE_ID) |
		HAS(CHILD_ID),
};

/* what belongs together: a RESULT has either what there is or what went wrong */
static const uint64_t results[] = { HAS(IKE_ID) | HAS(CHILD_ID), HAS(MESSAGE) };

/* may a message have just this of what is optional? */
static bool is_whole(int type, uint64_t some)
{
	return type != IQ_FEED_RESULT || some == results[0] ||
	       some == results[1];
}

/* as much of what is optional as it may have */
static uint64_t most(int type)
{
	return type == IQ_FEED_RESULT ? results[0] : optional[type - IQ_FEED_HELLO];
}

/* bucket 4 and the last one */
static const uint8_t sample_home[IQ_FEED_BUCKETS_BYTES] = {
	[0] = 0x10, [IQ_FEED_BUCKETS_BYTES - 1] = 0x80,
};

#define SOME(NAME, value) ((some & HAS(NAME)) ? (value) : 0)

static struct iq_feed_ike sample_ike(uint64_t some)
{
	return (struct iq_feed_ike){
		.ike_id = 7,
		.ike_version = 2,
		.spi_i = 0x0123456789abcdefULL,
		.spi_r = 0xfedcba9876543210ULL,
		.local = { AF_INET, { 192, 0, 2, 1 } },
		.local_port = 4500,
		.remote = { AF_INET6, { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } },
		.remote_port = 65535,
		.conn = "site",
		.ids = { SOME(IDENTITY, 2), {
			{ 11, 1, IQ_FEED_PROOF_IKE, "psk",
			  (const uint8_t *)"key\0id", 6 },
			{ 2, 255, IQ_FEED_PROOF_NONE, "eap-(213)",
			  (const uint8_t *)"", 0 },
		} },
		.members = { SOME(MEMBER_OF, 2), {
			{ 2, 1, IQ_FEED_PROOF_EAP,
			  (const uint8_t *)"vpn-eu", 6 },
			{ 11, 255, IQ_FEED_PROOF_NONE,
			  (const uint8_t *)"\0", 1 },
		} },
		.rdn_matching = SOME(RDN_MATCHING, 2),
	};
}

static struct iq_feed_child sample_child(uint64_t some)
{
	return (struct iq_feed_child){
		.ike_id = 7,
		.child_id = 9,
		.child = "net",
		.reqid = 3,
		.proto = IPPROTO_ESP,
		.spi_in = 256,
		.spi_out = 0xffffffff,
		.local = { AF_INET, { 192, 0, 2, 1 } },
		.remote = { AF_INET, { 198, 51, 100, 7 } },
		.encap = true,
		.mark_in = SOME(MARK_IN, 0x2a00000000ffULL),
		.mark_out = SOME(MARK_OUT, 0x7000000ffffffffULL),
		.set_mark_in = SOME(SET_MARK_IN, 1),
		.set_mark_out = SOME(SET_MARK_OUT, UINT64_MAX),
	};
}

/* a message, with @some of what is optional */
static struct iq_feed sample(int type, uint64_t some)
{
	struct iq_feed msg = {
		.type = type,
		.flags = NLM_F_ACK,
		.seq = 0xfedcba98,
	};

	switch (type) {
	case IQ_FEED_HELLO:
		msg.hello = (struct iq_feed_hello){
			.version = IQ_FEED_VERSION,
			.role = SOME(ROLE, IQ_FEED_ROLE_CHARON),
			.element = SOME(ELEMENT, "gw-7"),
		};
		break;
	case IQ_FEED_ACK:
		msg.ack = (struct iq_feed_ack){
			.error = ENOENT,
			.message = SOME(MESSAGE, "no such thing"),
			.group = SOME(GROUP, 0xfffffffe),
		};
		break;
	case IQ_FEED_SYNC_END:
		msg.sync_end.passed_over = SOME(PASSED_OVER, 0xfffffffd);
		break;
	case IQ_FEED_PASSED_OVER:
		msg.passed_over.passed_over = 0xfffffffd;
		break;
	case IQ_FEED_IKE:
		msg.ike = sample_ike(some);
		break;
	case IQ_FEED_IKE_DEL:
		msg.ike_del = (struct iq_feed_ike_del){
			.ike_id = 7,
			.spi_i = 0x0123456789abcdefULL,
			.spi_r = 0xfedcba9876543210ULL,
		};
		break;
	case IQ_FEED_SA:
		msg.sa = (struct iq_feed_sa){
			.ike_id = 7,
			.dst = { AF_INET6, { 0xfe, 0x80, [15] = 2 } },
			.spi = 0xc0ffee00,
			.proto = IPPROTO_AH,
			.pending = SOME(PENDING, true),
		};
		break;
	case IQ_FEED_SA_DEL:
		msg.sa_del = (struct iq_feed_sa_del){
			.dst = { AF_INET, { 192, 0, 2, 3 } },
			.spi = 0xc0ffee01,
			.proto = IPPROTO_ESP,
		};
		break;
	case IQ_FEED_CHILD:
		msg.child = sample_child(some);
		break;
	case IQ_FEED_CHILD_DEL:
		msg.child_del.child_id = 9;
		break;
	case IQ_FEED_QUERY:
		msg.query = (struct iq_feed_question){
			.query = IQ_FEED_QUERY_TEST,
			.arg = SOME(ARG, "*.example.org"),
		};
		break;
	case IQ_FEED_ANSWER:
		msg.answer.text = "{}";
		break;
	case IQ_FEED_INITIATE:
		msg.initiate = (struct iq_feed_initiate){
			.conn = "templates",
			.child = SOME(CHILD, "net"),
			.timeout = IQ_FEED_TIMEOUT_MAX,
		};
		if (some & HAS(REMOTE))
			msg.initiate.remote = (struct iq_addr){
				AF_INET, { 203, 0, 113, 9 } };
		break;
	case IQ_FEED_RESULT:
		msg.result = (struct iq_feed_result){
			.error = SOME(MESSAGE, ECONNREFUSED),
			.message = SOME(MESSAGE, "the peer does not answer"),
			.ike_id = SOME(IKE_ID, 4),
			.child_id = SOME(CHILD_ID, 5),
		};
		break;
	case IQ_FEED_BUCKETS:
		msg.buckets.home = sample_home;
		break;
	}
	return msg;
}

static void check_same_ids(const struct iq_feed_identities *a,
			   const struct iq_feed_identities *b)
{
	const struct iq_feed_identity *x = a->v, *y = b->v;

	ck_assert_uint_eq(a->n, b->n);
	for (; x < a->v + a->n; x++, y++) {
		ck_assert_uint_eq(x->type, y->type);
		ck_assert_uint_eq(x->round, y->round);
		ck_assert_uint_eq(x->proof, y->proof);
		ck_assert_str_eq(x->method, y->method);
		ck_assert_uint_eq(x->len, y->len);
		if (x->len)
			ck_assert_mem_eq(x->data, y->data, x->len);
	}
}

static void check_same_members(const struct iq_feed_members *a,
			       const struct iq_feed_members *b)
{
	const struct iq_feed_member *x = a->v, *y = b->v;

	ck_assert_uint_eq(a->n, b->n);
	for (; x < a->v + a->n; x++, y++) {
		ck_assert_uint_eq(x->type, y->type);
		ck_assert_uint_eq(x->round, y->round);
		ck_assert_uint_eq(x->proof, y->proof);
		ck_assert_uint_eq(x->len, y->len);
		ck_assert_mem_eq(x->data, y->data, x->len);
	}
}

static void check_same_str(const char *a, const char *b)
{
	if (a)
		ck_assert_str_eq(a, b);
	else
		ck_assert_ptr_null(b);
}

#define UINT(field) ck_assert_uint_eq(a->field, b->field)
#define STR(field) check_same_str(a->field, b->field)
#define ADDR(field) ck_assert_mem_eq(&a->field, &b->field, sizeof(a->field))

static void check_same_ike(const struct iq_feed_ike *a,
			   const struct iq_feed_ike *b)
{
	UINT(ike_id);
	UINT(ike_version);
	UINT(spi_i);
	UINT(spi_r);
	ADDR(local);
	UINT(local_port);
	ADDR(remote);
	UINT(remote_port);
	STR(conn);
	check_same_ids(&a->ids, &b->ids);
	check_same_members(&a->members, &b->members);
	UINT(rdn_matching);
}

static void check_same_child(const struct iq_feed_child *a,
			   const struct iq_feed_child *b)
{
	UINT(ike_id);
	UINT(child_id);
	STR(child);
	UINT(reqid);
	UINT(proto);
	UINT(spi_in);
	UINT(spi_out);
	ADDR(local);
	ADDR(remote);
	UINT(encap);
	UINT(mark_in);
	UINT(mark_out);
	UINT(set_mark_in);
	UINT(set_mark_out);
}

static void check_same(const struct iq_feed *a, const struct iq_feed *b)
{
	ck_assert_int_eq(a->type, b->type);
	ck_assert_uint_eq(a->flags, b->flags);
	ck_assert_uint_eq(a->seq, b->seq);

	switch (a->type) {
	case IQ_FEED_HELLO:
		UINT(hello.version);
		UINT(hello.role);
		STR(hello.element);
		break;
	case IQ_FEED_ACK:
		UINT(ack.error);
		STR(ack.message);
		UINT(ack.group);
		break;
	case IQ_FEED_SYNC_START:
		break;
	case IQ_FEED_SYNC_END:
		UINT(sync_end.passed_over);
		break;
	case IQ_FEED_PASSED_OVER:
		UINT(passed_over.passed_over);
		break;
	case IQ_FEED_IKE:
		check_same_ike(&a->ike, &b->ike);
		break;
	case IQ_FEED_IKE_DEL:
		UINT(ike_del.ike_id);
		UINT(ike_del.spi_i);
		UINT(ike_del.spi_r);
		break;
	case IQ_FEED_SA:
		UINT(sa.ike_id);
		ADDR(sa.dst);
		UINT(sa.spi);
		UINT(sa.proto);
		UINT(sa.pending);
		break;
	case IQ_FEED_SA_DEL:
		ADDR(sa_del.dst);
		UINT(sa_del.spi);
		UINT(sa_del.proto);
		break;
	case IQ_FEED_CHILD:
		check_same_child(&a->child, &b->child);
		break;
	case IQ_FEED_CHILD_DEL:
		UINT(child_del.child_id);
		break;
	case IQ_FEED_QUERY:
		UINT(query.query);
		STR(query.arg);
		break;
	case IQ_FEED_ANSWER:
		STR(answer.text);
		break;
	case IQ_FEED_INITIATE:
		STR(initiate.conn);
		STR(initiate.child);
		ADDR(initiate.remote);
		UINT(initiate.timeout);
		break;
	case IQ_FEED_RESULT:
		UINT(result.error);
		STR(result.message);
		UINT(result.ike_id);
		UINT(result.child_id);
		break;
	case IQ_FEED_BUCKETS:
		ck_assert_mem_eq(a->buckets.home, b->buckets.home,
				 IQ_FEED_BUCKETS_BYTES);
		break;
	default:
		ck_abort_msg("no such type");
	}
}

#endif /* IPSEC_QOS_FEED_SAMPLES_H */
