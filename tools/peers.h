/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Peers' coming and going, as ipsec-qosd tells it.
 */
#ifndef IPSEC_QOS_TOOLS_PEERS_H
#define IPSEC_QOS_TOOLS_PEERS_H

#include <jansson.h>

struct peers;

/**
 * peers_listen() - have events of them come
 *
 * @why: says what went wrong; FORMAT_WHY bytes, kept until peers_close()
 *
 * Return: 0, or a negative errno, as ask_daemon().
 */
int peers_listen(struct peers **peers, char *why);

/** peers_fd() - to be polled */
int peers_fd(const struct peers *peers);

/**
 * peers_read() - what has come
 *
 * @event: called for each, an object as daemon/feed/peers.h has it, which it may change
 *
 * Return: 0; -ECONNRESET: the daemon has ended; another negative errno. See @why.
 */
int peers_read(struct peers *peers, void (*event)(json_t *event));

/** peers_close() - NULL is fine */
void peers_close(struct peers *peers);

#endif /* IPSEC_QOS_TOOLS_PEERS_H */
