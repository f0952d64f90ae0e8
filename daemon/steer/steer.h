/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steering: elements, pools and steered prefixes of the configuration are in the kernel, and
 * the elements' states are what their checks, or somebody by hand, say. What is behind
 * elements has its routes, and clear text is admitted. See ipsec-qosd.conf(5).
 *
 * In the kernel they belong to the generation that tables.h opens, so that none is swept as
 * long as it is wanted; what is not wanted any more goes at once, whoever of the charons is
 * there. Nothing here blocks the loop.
 */
#ifndef IPSEC_QOSD_STEER_STEER_H
#define IPSEC_QOSD_STEER_STEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ev.h>

#include "config/config.h"
#include "sa/sad.h"
#include "sa/tables.h"
#include "steer/checks.h"

#define HANDS_FILE	"elements"	/* beside the file of leases */

struct steer;

/**
 * struct steer_setup - what it works with; all of it outlives it
 *
 * @config: held
 * @sockets: for checks
 * @folder: where it remembers; read once
 * @settled: called each time nothing is to be done any more
 */
struct steer_setup {
	struct ev_loop *loop;
	struct sad *sad;
	struct tables *tables;
	struct config *config;
	struct check_sockets sockets;
	const char *folder;
	void (*settled)(void *arg);
	void *arg;
};

/** steer_open() - to be called once @tables is open; 0 or a negative errno */
int steer_open(struct steer **steer, const struct steer_setup *setup);

/** steer_close() - leaves kernel, routes and nftables as they are; NULL is fine */
void steer_close(struct steer *steer);

/**
 * steer_config() - use another configuration, ahead of tables_config()
 *
 * Return: 0, or -ENOMEM: the former one is still in use.
 */
int steer_config(struct steer *steer, struct config *config);

/** steer_settled() - is all as it should be, or said why not? */
bool steer_settled(const struct steer *steer);

/**
 * struct steer_element - what is known of an element
 *
 * @state: as it should be, enum ipsec_qos_element_state
 * @by_hand: somebody said so
 * @checked: it is, and @check says what came of it
 */
struct steer_element {
	uint8_t state;
	bool by_hand;
	bool checked;
	struct check_state check;
};

/** steer_element() - of the @i-th element of the configuration */
void steer_element(const struct steer *steer, size_t i, struct steer_element *element);

/** steer_trouble() - the @i-th thing that is not as it should be, and why; NULL: no more */
const char *steer_trouble(const struct steer *steer, size_t i);

#endif /* IPSEC_QOSD_STEER_STEER_H */
