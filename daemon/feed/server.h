/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's end of the feed (lib/feed/feed.h): accepts charons and commands,
 * hands on what they say and ask, and answers.
 *
 * Nobody can hold up the loop or others: what a client sends is read in turns,
 * and while an answer waits for a client to read it nothing more is read from
 * that client, so that no queue grows; one that does not read for
 * SERVER_PATIENCE seconds is closed.
 *
 * A command that asks for a tunnel waits until a charon has answered (requests.h). One
 * that listens to events has no more to say, and may read them when it likes: what it
 * does not read in time it misses (events.h).
 *
 * What charon asks is answered once the module's tables have the entry; nothing
 * here waits for traffic classes. A charon is its process: one that connects
 * again ends the connection that it had before, with all that was queued there.
 */
#ifndef IPSEC_QOSD_SERVER_H
#define IPSEC_QOSD_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ev.h>

#include "lib/feed/feed.h"
#include "sa/sad.h"
#include "sa/tables.h"

#define SERVER_CONNECTIONS	64	/* at a time */
#define SERVER_TURN		256	/* messages read from one before the next's turn, */
#define SERVER_TURN_TIME	0.01	/* or seconds */
#define SERVER_PATIENCE		10.0	/* seconds for a HELLO, or to read an answer */

struct answer;

/**
 * struct server_tunnel - a tunnel that a command asked for, and is there
 *
 * @source: whose it is; NULL: that charon has gone since
 * @pid: its process
 * @ike_id: its number of the IKE SA
 * @child_id: and of the CHILD SA
 * @took: seconds
 */
struct server_tunnel {
	const struct sad_source *source;
	pid_t pid;
	uint32_t ike_id;
	uint32_t child_id;
	double took;
};

/**
 * struct server_ops - what the server does not know itself
 *
 * @prepare: begin what a query takes that is not answered at once; returns a
 *	ticket for @ready and @answer
 * @ready: can it be answered? 1: it can; 0: not yet, server_settled() is called
 *	when it may be; a negative errno, and in @why the reason: it cannot
 * @answer: begin the answer to a query (answer.h); 0, or a negative errno and in
 *	@why the reason
 * @buckets: see shares_find() in share.h
 * @tunnel: begin the answer to what a charon was asked for and has; 0 or a
 *	negative errno
 */
struct server_ops {
	uint32_t (*prepare)(void *arg, const struct iq_feed_question *query);
	int (*ready)(void *arg, const struct iq_feed_question *query,
		     uint32_t ticket, char *why, size_t size);
	int (*answer)(void *arg, const struct iq_feed_question *query,
		      uint32_t ticket, struct answer **answer, char *why,
		      size_t size);
	const char *(*buckets)(void *arg, const char *element, uint8_t *home, char *why,
			       size_t size);
	int (*tunnel)(void *arg, const struct server_tunnel *tunnel,
		      struct answer **answer);
};

struct server;

/**
 * server_open() - listen, see listener_open()
 *
 * @tables: may be set later by server_tables(), before the loop runs
 *
 * Return: 0, or a negative errno, having logged why.
 */
int server_open(struct server **server, struct ev_loop *loop, const char *path,
		struct sad *sad, const struct server_ops *ops, void *arg);

/** server_tables() - whom to ask for the kernel's tables */
void server_tables(struct server *server, struct tables *tables);

/** server_settled() - something that clients wait for may have come to its end */
void server_settled(struct server *server);

/** server_buckets() - they may be others now: charons that are told of theirs hear of it */
void server_buckets(struct server *server);

/** server_trouble() - shares_trouble() of these charons */
const char *server_trouble(const struct server *server, size_t i);

/** server_listened() - does a command listen to events? */
bool server_listened(const struct server *server);

/**
 * server_tell() - tell those who listen, when the loop comes to it; only while
 * server_listened()
 *
 * @line: JSON, with the line's end; taken over; NULL: there was no memory for it
 */
void server_tell(struct server *server, char *line);

/** server_close() - NULL is fine */
void server_close(struct server *server);

#endif /* IPSEC_QOSD_SERVER_H */
