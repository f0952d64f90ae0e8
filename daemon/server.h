/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's end of the feed (lib/feed.h): accepts charons and commands,
 * hands on what they say and ask, and answers.
 *
 * Nobody can hold up the loop or others: what a client sends is read in turns,
 * and while an answer waits for a client to read it nothing more is read from
 * that client, so that no queue grows; one that does not read for
 * SERVER_PATIENCE seconds is closed.
 */
#ifndef IPSEC_QOSD_SERVER_H
#define IPSEC_QOSD_SERVER_H

#include <stddef.h>

#include <ev.h>

#include "feed.h"
#include "sad.h"
#include "tables.h"

#define SERVER_CONNECTIONS	64	/* at a time */
#define SERVER_TURN		256	/* messages read from one before the next's turn, */
#define SERVER_TURN_TIME	0.01	/* or seconds */
#define SERVER_PATIENCE		10.0	/* seconds for a HELLO, or to read an answer */

struct answer;

/**
 * struct server_ops - what the server does not know itself
 *
 * @reload: read the configuration again; 0, or a negative errno and in @why
 *	what is wrong with it
 * @answer: begin the answer to a query (answer.h); 0, or a negative errno and
 *	in @why the reason. A RELOAD is answered when it has been done and the
 *	kernel's tables are as it says.
 */
struct server_ops {
	int (*reload)(void *arg, char *why, size_t size);
	int (*answer)(void *arg, const struct iq_feed *query,
		      struct answer **answer, char *why, size_t size);
};

struct server;

/**
 * server_open() - listen
 *
 * The socket's folder is made if it is not there. A socket that is there is
 * replaced only if nobody answers on it. Meanwhile PATH.lock beside it, which
 * only root can open, is locked (fcntl()); where somebody else holds that for
 * more than a second, this fails with -EAGAIN.
 *
 * @tables: may be set later by server_tables(), before the loop runs
 *
 * Return: 0, or a negative errno, having logged why.
 */
int server_open(struct server **server, struct ev_loop *loop, const char *path,
		struct sad *sad, const struct server_ops *ops, void *arg);

/** server_tables() - whom to ask for the kernel's tables */
void server_tables(struct server *server, struct tables *tables);

/** server_settled() - nothing is due in the tables: who waits for that is told */
void server_settled(struct server *server);

/** server_close() - NULL is fine */
void server_close(struct server *server);

#endif /* IPSEC_QOSD_SERVER_H */
