/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Service chains: devices, chains and services of the configuration are in the kernel, with
 * the MACs that devices have, and those that have failed are down. See ipsec-qosd.conf(5).
 *
 * In the kernel they belong to the generation that tables.h opens, so that none is swept as
 * long as it is wanted; what is not wanted any more goes at once. Nothing here blocks the
 * loop.
 */
#ifndef IPSEC_QOSD_CHAIN_CHAIN_H
#define IPSEC_QOSD_CHAIN_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ev.h>

#include "chain/watch.h"
#include "config/config.h"
#include "sa/tables.h"

#define DEVICES_FILE	"devices"	/* beside the file of leases */

struct chain;

/**
 * struct chain_setup - what it works with; all of it outlives it
 *
 * @config: held
 * @folder: where it remembers; read once
 * @sockets: for checks, its own from then on
 * @settled: called each time nothing is to be done any more
 */
struct chain_setup {
	struct ev_loop *loop;
	struct tables *tables;
	struct config *config;
	const char *folder;
	const struct watch_sockets *sockets;
	void (*settled)(void *arg);
	void *arg;
};

/** chain_open() - to be called once @tables is open; 0 or a negative errno */
int chain_open(struct chain **chain, const struct chain_setup *setup);

/** chain_close() - leaves the kernel as it is; NULL is fine */
void chain_close(struct chain *chain);

/**
 * chain_config() - use another configuration, ahead of tables_config()
 *
 * Return: 0, or -ENOMEM: the former one is still in use.
 */
int chain_config(struct chain *chain, struct config *config);

/** chain_settled() - is all as it should be, or said why not? */
bool chain_settled(const struct chain *chain);

/**
 * struct chain_device_state - what is known of a device
 *
 * Three things take it down, each by itself: that it is configured so, that somebody said so
 * by hand, and that it has failed.
 *
 * @down: what they come to
 * @by_hand: somebody took it down
 * @failed: its checks did, and nobody has admitted it since
 * @watched: it is, and @watch says what came of it
 */
struct chain_device_state {
	bool down;
	bool by_hand;
	bool failed;
	bool watched;
	struct watch_state watch;
};

/** chain_device() - of the @i-th device of the configuration */
void chain_device(const struct chain *chain, size_t i, struct chain_device_state *state);

/**
 * chain_admit() - somebody says that a device works again, and may be sent packets
 *
 * Return: its place in the configuration; -ENOENT: there is none of that name.
 */
int chain_admit(struct chain *chain, const char *name);

/** chain_mode() - of the @i-th service; SERVICE_AUTO: it is not found out yet */
enum service_mode chain_mode(const struct chain *chain, size_t i);

/** chain_trouble() - the @i-th thing that is not as it should be, and why; NULL: no more; @buf */
const char *chain_trouble(const struct chain *chain, size_t i, char *buf, size_t size);

#endif /* IPSEC_QOSD_CHAIN_CHAIN_H */
