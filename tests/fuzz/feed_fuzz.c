// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The feed's decoder, in every direction: what it takes has a meaning and can be
 * encoded again, and then it is the same message; what it refuses it gives a reason
 * for.
 */
#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "fuzz.h"

#include "lib/feed/feed.h"

static void check_text(const char *text, size_t max)
{
	must(!text || strlen(text) < max);
}

static void check_addr(const struct iq_addr *addr, bool required)
{
	static const struct iq_addr none;

	must(addr->family == AF_INET || addr->family == AF_INET6 ||
	     (!required && !memcmp(addr, &none, sizeof(none))));
}

static void check_proto(uint8_t proto)
{
	must(proto == IPPROTO_ESP || proto == IPPROTO_AH);
}

static void check_ike(const struct iq_feed_ike *ike)
{
	size_t i;

	must(ike->ike_version == 1 || ike->ike_version == 2);
	must(ike->spi_i);
	must(ike->conn);
	check_text(ike->conn, IQ_FEED_STR_MAX);
	check_addr(&ike->local, true);
	check_addr(&ike->remote, true);
	must(ike->ids.n <= IQ_FEED_IDS_MAX);
	for (i = 0; i < ike->ids.n; i++) {
		const struct iq_feed_identity *id = &ike->ids.v[i];

		must(id->proof <= IQ_FEED_PROOF_XAUTH);
		must(*id->method && strlen(id->method) < IQ_FEED_METHOD_MAX);
		must(id->len <= IQ_FEED_ID_MAX);
		if (id->len)
			free(exact(id->data, id->len));
	}
	must(ike->members.n <= IQ_FEED_MEMBERS_MAX);
	for (i = 0; i < ike->members.n; i++) {
		const struct iq_feed_member *m = &ike->members.v[i];

		must(m->proof <= IQ_FEED_PROOF_XAUTH);
		must(m->len && m->len <= IQ_FEED_MEMBER_MAX);
		free(exact(m->data, m->len));
	}
	must(ike->rdn_matching <= 2);
}

static void check_child(const struct iq_feed_child *child)
{
	must(child->child);
	check_text(child->child, IQ_FEED_STR_MAX);
	check_proto(child->proto);
	must(child->spi_in >= 256 && child->spi_out >= 256);
	check_addr(&child->local, true);
	check_addr(&child->remote, true);
	must(!child->mark_in || (uint32_t)child->mark_in);
	must(!child->set_mark_out || (uint32_t)child->set_mark_out);
}

static void check_initiate(const struct iq_feed_initiate *initiate)
{
	must(initiate->conn);
	check_text(initiate->conn, IQ_FEED_STR_MAX);
	check_text(initiate->child, IQ_FEED_STR_MAX);
	check_addr(&initiate->remote, false);
	must(initiate->timeout && initiate->timeout <= IQ_FEED_TIMEOUT_MAX);
}

static void check_result(const struct iq_feed_result *result)
{
	check_text(result->message, IQ_FEED_WHY_MAX);
	must(result->error <= INT32_MAX);
	must(!result->error == !result->message);
	must(!result->error == !!result->ike_id);
	must(!result->error == !!result->child_id);
}

/* Each is somebody's to say, and none is everybody's but HELLO. */
static void check_ways(enum iq_feed_msg type)
{
	int n = iq_feed_says(IQ_FEED_ROLE_CHARON, 0, type) +
		iq_feed_says(IQ_FEED_ROLE_COMMAND, 0, type) +
		iq_feed_says(0, IQ_FEED_ROLE_CHARON, type) +
		iq_feed_says(0, IQ_FEED_ROLE_COMMAND, type);

	must(n > 0 && (n < 4 || type == IQ_FEED_HELLO));
}

/* Everything it points to can be read, and what it has has a meaning. */
static void check_sane(const struct iq_feed *msg)
{
	check_ways(msg->type);
	switch (msg->type) {
	case IQ_FEED_HELLO:
		must(msg->hello.role <= IQ_FEED_ROLE_COMMAND);
		check_text(msg->hello.element, IQ_FEED_STR_MAX);
		break;
	case IQ_FEED_ACK:
		check_text(msg->ack.message, IQ_FEED_WHY_MAX);
		must(msg->ack.error <= INT32_MAX);
		break;
	case IQ_FEED_IKE:
		check_ike(&msg->ike);
		break;
	case IQ_FEED_IKE_DEL:
		must(msg->ike_del.spi_i);
		break;
	case IQ_FEED_SA:
		check_addr(&msg->sa.dst, true);
		check_proto(msg->sa.proto);
		must(msg->sa.spi >= 256);
		break;
	case IQ_FEED_SA_DEL:
		check_addr(&msg->sa_del.dst, true);
		check_proto(msg->sa_del.proto);
		must(msg->sa_del.spi >= 256);
		break;
	case IQ_FEED_CHILD:
		check_child(&msg->child);
		break;
	case IQ_FEED_QUERY:
		must(msg->query.query >= IQ_FEED_QUERY_STATUS &&
		     msg->query.query <= IQ_FEED_QUERY_ADMIT);
		check_text(msg->query.arg, IQ_FEED_ID_MAX);
		break;
	case IQ_FEED_ANSWER:
		must(msg->answer.text);
		check_text(msg->answer.text, IQ_FEED_MSG_MAX);
		break;
	case IQ_FEED_INITIATE:
		check_initiate(&msg->initiate);
		break;
	case IQ_FEED_RESULT:
		check_result(&msg->result);
		break;
	case IQ_FEED_BUCKETS:
		free(exact(msg->buckets.home, IQ_FEED_BUCKETS_BYTES));
		break;
	case IQ_FEED_SYNC_START:
	case IQ_FEED_SYNC_END:
	case IQ_FEED_PASSED_OVER:
	case IQ_FEED_CHILD_DEL:
		break;
	default:
		must(false);
	}
}

/* Encode it into a room of just its size, and not into one a byte smaller. */
static void *put(const struct iq_feed *msg, int *len)
{
	static union {
		struct nlmsghdr nlh;
		char b[IQ_FEED_MSG_MAX];
	} room;
	void *buf;

	*len = iq_feed_put(&room, sizeof(room), msg);
	must(*len >= (int)sizeof(struct nlmsghdr));
	must(*len <= (int)sizeof(room));
	buf = malloc(*len);
	must(buf);
	must(iq_feed_put(buf, *len, msg) == *len);
	must(!memcmp(buf, &room, *len));
	must(iq_feed_put(&room, *len - 1, msg) == -EMSGSIZE);
	return buf;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *in = exact(data, size), *out, *again;
	struct iq_feed msg, same;
	const char *why = NULL;
	int err, len, len_again;

	err = iq_feed_get(in, size, &msg, &why);
	if (err) {
		must(err == -EINVAL);
		must(why && *why);
		free(in);
		return 0;
	}
	check_sane(&msg);
	out = put(&msg, &len);
	must((size_t)len == size);
	must(!iq_feed_get(out, len, &same, &why));
	check_sane(&same);
	must(same.type == msg.type &&
	     same.flags == msg.flags && same.seq == msg.seq);
	again = put(&same, &len_again);
	must(len_again == len && !memcmp(out, again, len));
	free(again);
	free(out);
	free(in);
	return 0;
}
