// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The feed's messages: the header, and which form and which direction each has.
 */
#include <errno.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include "lib/feed/attr.h"
#include "lib/feed/feed.h"

/* Who sends a message, and the daemon to whom. */
#define CHARON		(1U << 0)
#define COMMAND		(1U << 1)
#define TO_CHARON	(1U << 2)
#define TO_COMMAND	(1U << 3)
#define ALL		(CHARON | COMMAND | TO_CHARON | TO_COMMAND)

/**
 * struct msg_spec - a message
 *
 * @ways: who sends it
 */
struct msg_spec {
	const struct iq_feed_form *form;
	unsigned int ways;
};

#define MSG(NAME, name, ways_)						\
	[IQ_FEED_##NAME - IQ_FEED_HELLO] = {				\
		.form = &iq_feed_##name##_form,				\
		.ways = (ways_),					\
	}

static const struct msg_spec msg_specs[] = {
	MSG(HELLO, hello, ALL),
	MSG(ACK, ack, TO_CHARON | TO_COMMAND),
	MSG(SYNC_START, sync_start, CHARON),
	MSG(SYNC_END, sync_end, CHARON),
	MSG(IKE, ike, CHARON),
	MSG(IKE_DEL, ike_del, CHARON),
	MSG(SA, sa, CHARON),
	MSG(SA_DEL, sa_del, CHARON),
	MSG(CHILD, child, CHARON),
	MSG(CHILD_DEL, child_del, CHARON),
	MSG(QUERY, query, COMMAND),
	MSG(ANSWER, answer, TO_COMMAND),
	MSG(PASSED_OVER, passed_over, CHARON),
	MSG(INITIATE, initiate, COMMAND | TO_CHARON),
	MSG(RESULT, result, CHARON),
	MSG(BUCKETS, buckets, TO_CHARON),
};

#define N_MSGS (sizeof(msg_specs) / sizeof(msg_specs[0]))
_Static_assert(N_MSGS == __IQ_FEED_MSG_END - IQ_FEED_HELLO,
	       "each message has a form");

#define FLAGS (NLM_F_ACK | NLM_F_MULTI)

static const struct msg_spec *msg_spec(uint16_t type)
{
	if (type < IQ_FEED_HELLO || type - IQ_FEED_HELLO >= (int)N_MSGS)
		return NULL;
	return &msg_specs[type - IQ_FEED_HELLO];
}

bool iq_feed_says(enum iq_feed_role role, enum iq_feed_role to,
		  enum iq_feed_msg type)
{
	const struct msg_spec *spec = msg_spec(type);
	unsigned int way;

	if (role)
		way = role == IQ_FEED_ROLE_CHARON ? CHARON : COMMAND;
	else
		way = to == IQ_FEED_ROLE_CHARON ? TO_CHARON : TO_COMMAND;
	return spec && spec->ways & way;
}

int iq_feed_put(void *buf, size_t size, const struct iq_feed *msg)
{
	const struct msg_spec *spec = msg_spec(msg->type);
	struct nlmsghdr *nlh;
	int err;

	if (!spec || (msg->flags & ~FLAGS))
		return -EINVAL;
	if (size > IQ_FEED_MSG_MAX)
		size = IQ_FEED_MSG_MAX;
	if (size < MNL_NLMSG_HDRLEN)
		return -EMSGSIZE;

	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = msg->type;
	nlh->nlmsg_flags = msg->flags;
	nlh->nlmsg_seq = msg->seq;
	/* all the structs are where the union is */
	err = iq_feed_put_body(nlh, size, spec->form, &msg->hello);
	return err ? err : (int)nlh->nlmsg_len;
}

int iq_feed_get(const void *buf, size_t len, struct iq_feed *msg,
		const char **why)
{
	const struct nlmsghdr *nlh = buf;
	const struct msg_spec *spec;

	memset(msg, 0, sizeof(*msg));

	if (len < MNL_NLMSG_HDRLEN) {
		*why = "shorter than a header";
		return -EINVAL;
	}
	if (len > IQ_FEED_MSG_MAX) {
		*why = "longer than a message may be";
		return -EINVAL;
	}
	/* padded like every netlink message */
	if (nlh->nlmsg_len != len || len != MNL_ALIGN(len)) {
		*why = "its length is not the datagram's";
		return -EINVAL;
	}
	spec = msg_spec(nlh->nlmsg_type);
	if (!spec) {
		*why = "unknown type of message";
		return -EINVAL;
	}
	if (nlh->nlmsg_flags & ~FLAGS) {
		*why = "unknown flag";
		return -EINVAL;
	}
	msg->type = nlh->nlmsg_type;
	msg->flags = nlh->nlmsg_flags;
	msg->seq = nlh->nlmsg_seq;
	return iq_feed_get_body(nlh, spec->form, &msg->hello, why);
}
