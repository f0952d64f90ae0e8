/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What reading (tc.c) and writing (tc_write.c) traffic control have in common.
 */
#ifndef IPSEC_QOSD_TC_PRIV_H
#define IPSEC_QOSD_TC_PRIV_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shaping/tc.h"

struct nl_msg;
struct nl_sock;

#define GATHER_MAX	64		/* requests that are sent together */
#define GATHER_ROOM	(60 << 10)	/* for them, in bytes: a socket sends somewhat more */

/**
 * struct tc_gather - requests that are sent together
 *
 * @on: what is asked for is gathered
 * @buf: the requests, @len bytes of room GATHER_ROOM; NULL: there were none yet
 * @n: how many there are, of which the kernel answered @answered
 * @seq: the number of the first; @refused: of the last one that was refused
 * @sent: how many were sent before them
 * @err: the first error so far, 0: none; which request had it is in @failed
 */
struct tc_gather {
	bool on;
	uint8_t *buf;
	size_t len;
	unsigned int n;
	unsigned int answered;
	uint32_t seq;
	uint32_t refused;
	size_t sent;
	int err;
	size_t failed;
};

/**
 * struct tc - see tc.h
 *
 * @broken: answers were lost, and what comes next is not known: it is to be made anew
 * @kernel: the kernel's extended ACK to the last request
 */
struct tc {
	struct nl_sock *sk;
	atomic_bool stopped;
	bool broken;
	struct tc_gather gather;
	char kernel[128];
	char error[160];
};

/** tc_done() - keep the reason where a call failed; returns @err, or 0 */
int tc_done(struct tc *tc, int err);

/** tc_begin() - to be asked ahead of a request; 0, -NLE_INTR: stopped, or -NLE_NOMEM */
int tc_begin(struct tc *tc);

/** tc_ask() - send a request, which is taken over, and wait, or gather it */
int tc_ask(struct tc *tc, struct nl_msg *msg);

/** tc_ask_counts() - ask for what a class and its leaf counted, where that is gathered */
int tc_ask_counts(struct tc *tc, int ifindex, uint32_t classid);

#endif /* IPSEC_QOSD_TC_PRIV_H */
