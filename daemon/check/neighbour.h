/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel knows of neighbours, and has it asked. What is asked for is answered at
 * once, but may wait for the kernel's locks: for threads.
 */
#ifndef IPSEC_QOSD_CHECK_NEIGHBOUR_H
#define IPSEC_QOSD_CHECK_NEIGHBOUR_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/neighbour.h>

#include "check/ask.h"

/* States of one that answers or has answered not long ago, and of one that nobody asks */
#define NEIGHBOUR_FOUND	(NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE)
#define NEIGHBOUR_FIXED	(NUD_PERMANENT | NUD_NOARP)

struct neighbours;

/** neighbours_open() - 0 or a negative errno */
int neighbours_open(struct neighbours **neighbours);
void neighbours_close(struct neighbours *neighbours);

/**
 * neighbour_device() - by which device it is asked, and whether that has neighbours
 *
 * Return: 0: it cannot be asked, as the outcome says; or what else there is to be said: a
 * carrier is all there is, which is ASK_OK.
 */
unsigned int neighbour_device(struct neighbours *neighbours, struct ask *ask);

/** neighbour_state() - NUD_*; 0: there is no such entry. 0 or a negative errno */
int neighbour_state(struct neighbours *neighbours, const struct ask *ask, unsigned int device,
		    uint16_t *state);

/**
 * neighbour_poke() - have the kernel ask: one that it knows as well as one that it does not
 *
 * @state: of its entry; 0: have it asked only if it is not known
 * @managed: it is to keep the entry, and to ask it by itself from then on
 *
 * Return: 0 or a negative errno.
 */
int neighbour_poke(struct neighbours *neighbours, const struct ask *ask, unsigned int device,
		   uint16_t state, bool managed);

/**
 * neighbour_set() - have the kernel know one, with a MAC and a state: NUD_PROBE asks that MAC
 * alone
 *
 * Return: 0 or a negative errno.
 */
int neighbour_set(struct neighbours *neighbours, const struct ask *ask, unsigned int device,
		  const uint8_t mac[6], uint16_t state);

/** neighbour_forget() - the kernel is to know it no more */
void neighbour_forget(struct neighbours *neighbours, const struct ask *ask, unsigned int device);

/** neighbour_release() - it need not keep it any more */
void neighbour_release(struct neighbours *neighbours, const struct ask *ask, unsigned int device);

/** neighbour_ask() - does it answer, as the kernel knows? It is told to ask each second. */
void neighbour_ask(struct neighbours *neighbours, struct ask *ask);

#endif /* IPSEC_QOSD_CHECK_NEIGHBOUR_H */
