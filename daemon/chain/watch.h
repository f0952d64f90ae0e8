/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watches devices, in a thread of its own: which MACs they have, by the kernel's neighbours,
 * and whether they work, by checks and by their packets' counters. All that is said below is
 * for the daemon's loop.
 */
#ifndef IPSEC_QOSD_CHAIN_WATCH_H
#define IPSEC_QOSD_CHAIN_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/if_ether.h>

#include <ev.h>

#include "chain/trial.h"
#include "check/claims.h"
#include "check/through.h"
#include "config/config.h"

struct watch;

/**
 * struct watch_state - what is known of a device
 *
 * @has_mac: of its outer and its inner side, the kernel found it
 * @trial: what checks came to
 * @suspected: what goes there does not come back, or somebody who begins is not answered
 * @since: for how many seconds it has failed, or works; negative: since before the daemon
 *	looked
 * @why: why the last check failed, or could not be made, "": it did not
 */
struct watch_state {
	bool has_mac[2];
	uint8_t mac[2][ETH_ALEN];
	struct trial trial;
	bool suspected;
	double since;
	char why[ASK_WHY];
};

/**
 * struct watch_ops - what the loop is told
 *
 * @changed: something of a device did: its MACs, or that it failed
 * @found: a service's mode, that was asked for; SERVICE_AUTO: nothing answers yet, once
 * @done: behind some of these, all that there were
 */
struct watch_ops {
	void (*changed)(void *arg, uint32_t device);
	void (*found)(void *arg, uint32_t service, enum service_mode mode);
	void (*done)(void *arg);
};

/** struct watch_sockets - what is opened while the daemon may (CAP_NET_RAW) */
struct watch_sockets {
	struct through_sockets through;
	struct claim_sockets claim;
};

/** watch_sockets_open() - before privileges are dropped */
void watch_sockets_open(struct watch_sockets *sockets);

/**
 * watch_open() - start the thread, which has nobody to watch yet
 *
 * @sockets: are its own from then on
 *
 * Return: 0 or a negative errno.
 */
int watch_open(struct watch **watch, struct ev_loop *loop, const struct watch_sockets *sockets,
	       const struct watch_ops *ops, void *arg);

/**
 * watch_config() - the devices of a configuration
 *
 * What is known of those that are as before stays.
 *
 * @failed: of each of its devices, in its order: has it failed, to begin with? Copied
 * @unknown: of each of its services: is its mode to be found? Copied
 *
 * Return: 0 or -ENOMEM: nothing has changed.
 */
int watch_config(struct watch *watch, struct config *config, const bool *failed,
		 const bool *unknown);

/** watch_state() - false: it is not watched, or not yet */
bool watch_state(struct watch *watch, uint32_t id, struct watch_state *state);

/** watch_admit() - it works again, as somebody says; false: it is not watched */
bool watch_admit(struct watch *watch, uint32_t id);

/**
 * watch_trouble() - the @i-th thing that was seen not to be as it should: addresses that are not
 * known, or that two hosts answer for, taps that send copies back
 *
 * Return: @buf; NULL: no more.
 */
const char *watch_trouble(struct watch *watch, size_t i, char *buf, size_t size);

/** watch_close() - end the thread; NULL is fine */
void watch_close(struct watch *watch);

#endif /* IPSEC_QOSD_CHAIN_WATCH_H */
