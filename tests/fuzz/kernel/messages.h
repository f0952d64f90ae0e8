/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of messages.c share.
 */
#ifndef MESSAGES_H
#define MESSAGES_H

#include "../../lib/family.h"
#include "../../lib/wire.h"

extern uint64_t prng;

static inline uint32_t below(uint32_t n)
{
	return wire_below(&prng, n);
}

/** must() - a request that cannot fail; @what: it states */
void must(struct family *f, mnl_cb_t answer, const char *what);

/* messages_chain.c */

/* Devices, chains and services of chain_fill() */
#define N_CHAINING	(8 + 4 + 8)

/** chain_put() - an object of a command of chains into a message; of another nothing */
void chain_put(struct nlmsghdr *msg, uint8_t cmd);

/** chain_put_range() - in settings: the range that is for checks, or none */
void chain_put_range(struct nlmsghdr *msg);

/** chain_fill() - where there are no such objects: some of each, the last of which nobody uses */
void chain_fill(struct family *f);

#endif
