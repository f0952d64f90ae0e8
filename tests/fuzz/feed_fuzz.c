// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The feed's decoder: what it takes can be encoded again, and then it is the
 * same message; what it refuses it gives a reason for.
 */
#include <errno.h>

#include "fuzz.h"

#include "lib/feed.h"

static void check_text(const struct iq_feed *msg, uint64_t bit, const char *text,
		       size_t max)
{
	if (!(msg->has & bit)) {
		must(!text);
		return;
	}
	must(strlen(text) < max);
}

/* Everything it points to can be read. */
static void check_sane(const struct iq_feed *msg)
{
	size_t i;

	check_text(msg, IQ_FEED_HAS(MESSAGE), msg->message, IQ_FEED_WHY_MAX);
	check_text(msg, IQ_FEED_HAS(CONN), msg->conn, IQ_FEED_STR_MAX);
	check_text(msg, IQ_FEED_HAS(CHILD), msg->child, IQ_FEED_STR_MAX);
	check_text(msg, IQ_FEED_HAS(ARG), msg->arg, IQ_FEED_ID_MAX);
	check_text(msg, IQ_FEED_HAS(TEXT), msg->text, IQ_FEED_MSG_MAX);
	must(msg->n_ids <= IQ_FEED_IDS_MAX);
	must(!msg->n_ids == !(msg->has & IQ_FEED_HAS(IDENTITY)));
	for (i = 0; i < msg->n_ids; i++) {
		const struct iq_feed_identity *id = &msg->ids[i];

		must(id->proof <= IQ_FEED_PROOF_XAUTH);
		must(*id->method && strlen(id->method) < IQ_FEED_METHOD_MAX);
		must(id->len <= IQ_FEED_ID_MAX);
		if (id->len)
			free(exact(id->data, id->len));
	}
	must(msg->n_members <= IQ_FEED_MEMBERS_MAX);
	must(!msg->n_members == !(msg->has & IQ_FEED_HAS(MEMBER_OF)));
	for (i = 0; i < msg->n_members; i++) {
		const struct iq_feed_member *m = &msg->members[i];

		must(m->proof <= IQ_FEED_PROOF_XAUTH);
		must(m->len && m->len <= IQ_FEED_MEMBER_MAX);
		free(exact(m->data, m->len));
	}
	must(msg->rdn_matching <= 2);
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
	must(same.has == msg.has && same.type == msg.type &&
	     same.flags == msg.flags && same.seq == msg.seq);
	again = put(&same, &len_again);
	must(len_again == len && !memcmp(out, again, len));
	free(again);
	free(out);
	free(in);
	return 0;
}
