/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection to ipsec-qosd. All that fails returns a negative errno, and says why in
 * @why of the connection.
 */
#ifndef IPSEC_QOS_TOOLS_FEED_H
#define IPSEC_QOS_TOOLS_FEED_H

#include <stdint.h>
#include <linux/netlink.h>

#include "lib/feed/feed.h"

/**
 * struct feed - a connection
 *
 * @seq: of the last message sent
 * @why: what went wrong, of FORMAT_WHY bytes; its owner's
 */
struct feed {
	int fd;
	uint32_t seq;
	char *why;
	union {
		struct nlmsghdr nlh;
		char buf[IQ_FEED_MSG_MAX];
	};
};

/**
 * feed_open() - connect, and greet; feed_close() whatever comes of it
 *
 * @timeout: milliseconds that each message may take
 *
 * Return: 0; -ENOENT: the daemon is not running; or another.
 */
int feed_open(struct feed *f, int timeout);
void feed_close(struct feed *f);

/** feed_send() - the next message, whose number is set */
int feed_send(struct feed *f, struct iq_feed *msg);

/**
 * feed_receive() - the answer to what was sent last, of a type; an ACK of an error in its
 * stead is -ENOMSG, its text the reason
 *
 * @msg: points into @f
 */
int feed_receive(struct feed *f, enum iq_feed_msg type, struct iq_feed *msg);

/** feed_failed() - @err, of which @why says what it was about; returns it */
int feed_failed(struct feed *f, int err, const char *what);

#endif /* IPSEC_QOS_TOOLS_FEED_H */
