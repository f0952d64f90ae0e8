/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The feed: what the charon plugin and the command say to ipsec-qosd, and what it
 * asks the plugin for.
 *
 * A UNIX SOCK_SEQPACKET, mode 0600; both ends check that the peer is root
 * (SO_PEERCRED). One datagram is one message: a struct nlmsghdr, whose
 * nlmsg_type is an enum iq_feed_msg and whose nlmsg_len is the datagram's
 * length, then netlink attributes (libmnl writes and reads them). Numbers are
 * in host byte order, addresses in network order. nlmsg_seq of an answer is
 * that of its request; each end counts its own. A message that breaks these rules
 * ends the connection.
 *
 * The first message each way is IQ_FEED_HELLO. A client with NLM_F_ACK set in
 * nlmsg_flags is answered by IQ_FEED_ACK, once what it said is in the kernel's
 * tables.
 *
 * The daemon asks charon by IQ_FEED_INITIATE and is answered by IQ_FEED_RESULT,
 * always, in the order in which things come to their end: charon answers when the
 * time that the request gives it is over, too. Up to IQ_FEED_REQUESTS_MAX requests
 * may be without an answer on a connection. One more is refused with EBUSY; a
 * daemon that goes on nevertheless is disconnected, as is one that uses the
 * nlmsg_seq of a request that is not answered yet. With the connection all that
 * was asked on it is forgotten, though what charon began it may bring to its end.
 *
 * The form of HELLO, and of the ACK that refuses it, is the same in every version,
 * so that two ends of different versions can say so.
 */
#ifndef IPSEC_QOS_FEED_H
#define IPSEC_QOS_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <netinet/in.h>
#include <linux/netlink.h>

#include "lib/feed/bucket.h"
#include "lib/feed/child.h"
#include "lib/feed/ike.h"
#include "lib/feed/initiate.h"
#include "lib/feed/query.h"
#include "lib/feed/sa.h"
#include "lib/feed/session.h"

#define IQ_FEED_SOCKET	"/run/ipsec-qos/ipsec-qosd.sock"
#define IQ_FEED_VERSION	5
#define IQ_FEED_MSG_MAX	24576	/* bytes in one message, either way */

/**
 * enum iq_feed_msg - kinds of messages, each with the struct that has its form
 *
 * @IQ_FEED_HELLO: struct iq_feed_hello
 * @IQ_FEED_ACK: struct iq_feed_ack
 * @IQ_FEED_SYNC_START: charon begins to state all it has; no attributes
 * @IQ_FEED_SYNC_END: struct iq_feed_sync_end
 * @IQ_FEED_IKE: struct iq_feed_ike
 * @IQ_FEED_IKE_DEL: struct iq_feed_ike_del
 * @IQ_FEED_SA: struct iq_feed_sa
 * @IQ_FEED_SA_DEL: struct iq_feed_sa_del
 * @IQ_FEED_CHILD: struct iq_feed_child
 * @IQ_FEED_CHILD_DEL: struct iq_feed_child_del
 * @IQ_FEED_QUERY: struct iq_feed_question
 * @IQ_FEED_ANSWER: struct iq_feed_answer
 * @IQ_FEED_PASSED_OVER: struct iq_feed_passed_over
 * @IQ_FEED_INITIATE: struct iq_feed_initiate
 * @IQ_FEED_RESULT: struct iq_feed_result
 * @IQ_FEED_BUCKETS: struct iq_feed_buckets
 */
enum iq_feed_msg {
	IQ_FEED_HELLO = NLMSG_MIN_TYPE,
	IQ_FEED_ACK,
	IQ_FEED_SYNC_START,
	IQ_FEED_SYNC_END,
	IQ_FEED_IKE,
	IQ_FEED_IKE_DEL,
	IQ_FEED_SA,
	IQ_FEED_SA_DEL,
	IQ_FEED_CHILD,
	IQ_FEED_CHILD_DEL,
	IQ_FEED_QUERY,
	IQ_FEED_ANSWER,
	IQ_FEED_PASSED_OVER,
	IQ_FEED_INITIATE,
	IQ_FEED_RESULT,
	IQ_FEED_BUCKETS,
	__IQ_FEED_MSG_END
};

/**
 * struct iq_feed - one message, decoded
 *
 * @flags: NLM_F_ACK, NLM_F_MULTI
 *
 * Strings and bytes point into the buffer that was decoded, or to what the
 * caller of iq_feed_put() owns. What a message may have, but has not, is 0, NULL,
 * false or an address without family; on the way out that is left out.
 */
struct iq_feed {
	enum iq_feed_msg type;
	uint16_t flags;
	uint32_t seq;
	union {
		struct iq_feed_hello hello;
		struct iq_feed_ack ack;
		struct iq_feed_sync_end sync_end;
		struct iq_feed_passed_over passed_over;
		struct iq_feed_ike ike;
		struct iq_feed_ike_del ike_del;
		struct iq_feed_sa sa;
		struct iq_feed_sa_del sa_del;
		struct iq_feed_child child;
		struct iq_feed_child_del child_del;
		struct iq_feed_question query;
		struct iq_feed_answer answer;
		struct iq_feed_initiate initiate;
		struct iq_feed_result result;
		struct iq_feed_buckets buckets;
	};
};

/**
 * iq_feed_put() - encode a message
 *
 * @buf: where to, aligned as a struct nlmsghdr is
 * @size: its size
 * @msg: what
 *
 * Return: the message's length, or -EMSGSIZE where @size or IQ_FEED_MSG_MAX is
 * too small, or -EINVAL where iq_feed_get() would refuse it: what its type
 * requires is missing, or has a value that it cannot have.
 */
int iq_feed_put(void *buf, size_t size, const struct iq_feed *msg);

/**
 * iq_feed_get() - decode a message and check it
 *
 * Every length, every range, NUL termination, and that what the type requires
 * is there; attributes that the type does not know are refused.
 *
 * @buf: one datagram, aligned as a struct nlmsghdr is
 * @len: its length
 * @msg: filled in
 * @why: on error a static text that says what is wrong
 *
 * Return: 0, or -EINVAL.
 */
int iq_feed_get(const void *buf, size_t len, struct iq_feed *msg,
		const char **why);

/**
 * iq_feed_says() - is a message one that a charon, a command or the daemon sends?
 *
 * @role: who sends it; 0: the daemon
 * @to: to whom, where the daemon sends it
 */
bool iq_feed_says(enum iq_feed_role role, enum iq_feed_role to,
		  enum iq_feed_msg type);

#endif /* IPSEC_QOS_FEED_H */
