/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections of the feed, and what is said by them; what is heard is server.c's. For these
 * two alone: struct server is here, as a connection cannot do without.
 *
 * What returns an int is 0; or -EPIPE: the connection is closed, and gone.
 */
#ifndef IPSEC_QOSD_CONN_H
#define IPSEC_QOSD_CONN_H

#include <sys/queue.h>

#include "feed/answer.h"
#include "feed/events.h"
#include "feed/listener.h"
#include "feed/requests.h"
#include "feed/server.h"
#include "feed/share.h"
#include "log.h"

/**
 * struct conn - a connection
 *
 * @role: 0: it has not said HELLO
 * @source: a charon's
 * @held: an encoded message that it has not taken yet, @held_len its length
 * @answer: what it has not read of the answer to the query @seq: @text from
 *	@off on, and if there is @more, what follows
 * @ends: to be closed when @held is gone
 * @syncing: waits for the tables, to acknowledge SYNC_END @sync_seq
 * @waiting: for what the @query @seq takes, with @ticket
 * @listening: to events, in answer to @seq; the next is number @next
 * @request: a command's, which it waits for; @spoke: it said more meanwhile
 * @charon: a charon's requests
 * @share: of a charon that is told of buckets, which they are
 * @refused: its messages
 */
struct conn {
	struct server *server;
	LIST_ENTRY(conn) list;
	ev_io io;
	ev_timer patience;
	int fd;
	pid_t pid;
	uint8_t role;
	struct sad_source *source;

	void *held;
	size_t held_len;
	struct answer *answer;
	char *text;
	size_t off;
	bool more;
	uint32_t seq;
	bool ends;
	bool syncing;
	uint32_t sync_seq;
	bool waiting;
	uint8_t query;
	uint32_t ticket;
	bool listening;
	uint64_t next;
	struct request *request;
	bool spoke;
	struct request_charon charon;
	struct share *share;
	struct said refused;
};

/**
 * struct server - see server.h
 *
 * @requests: of the daemon's to charons
 * @events: for those who listen
 * @told: there are some that they were not sent
 * @shares: what charons are told of buckets
 * @in: a message as it comes; @out: as it goes
 */
struct server {
	struct ev_loop *loop;
	struct sad *sad;
	struct tables *tables;
	struct requests *requests;
	struct events *events;
	ev_timer told;
	struct shares *shares;
	const struct server_ops *ops;
	void *arg;

	struct listener listener;
	ev_io io;
	ev_timer pause;
	unsigned int n_conns;
	LIST_HEAD(, conn) conns;
	struct said full;
	struct said cannot;

	union {
		struct nlmsghdr nlh;
		char buf[IQ_FEED_MSG_MAX];
	} in, out;
};

/** conn_role() - what it is, for messages */
const char *conn_role(const struct conn *conn);

/** conn_close() - it is gone then */
void conn_close(struct conn *conn);

/** conn_expel() - close one that breaks the rules, and say so */
void conn_expel(struct conn *conn, const char *why);

/** conn_watch() - wait for it to read, if something is to be read, else to write */
void conn_watch(struct conn *conn);

/** conn_say() - send a message, or hold it until the client reads */
int conn_say(struct conn *conn, const struct iq_feed *msg);

/** conn_acknowledge() - what became of the message @seq; @why: of an error, NULL: by @err */
int conn_acknowledge(struct conn *conn, uint32_t seq, int err, const char *why,
		     uint32_t group);

/** conn_say_buckets() - a charon is told of them, as soon as it reads */
int conn_say_buckets(struct conn *conn);

/**
 * conn_say_text() - send what the client will take of its answer, but of a long one only
 * a part: others want their turn
 */
int conn_say_text(struct conn *conn);

/** conn_say_events() - events, likewise: it may be so slow that it misses some */
int conn_say_events(struct conn *conn);

/** conn_flush() - what waits for the client and for the tables, in turn */
int conn_flush(struct conn *conn);

#endif /* IPSEC_QOSD_CONN_H */
