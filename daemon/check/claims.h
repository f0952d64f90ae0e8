/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Do two hosts answer for one address? Each address is asked for now and then, by ARP or
 * neighbour discovery, and whoever answers within a moment is noted. The kernel's neighbours do
 * not tell: they take one answer.
 */
#ifndef IPSEC_QOSD_CHECK_CLAIMS_H
#define IPSEC_QOSD_CHECK_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/if_ether.h>

#include <ev.h>

#include "config/steer.h"
#include "lib/addr.h"

#define CLAIMS_MAX	4096	/* addresses that are asked for */

/**
 * struct claim_sockets - what is opened while the daemon may (CAP_NET_RAW), and is given
 * nothing yet
 *
 * @arp: a packet socket, @icmp6: a raw one; -1: there is none
 */
struct claim_sockets {
	int arp;
	int icmp6;
};

/** claim_sockets_open() - before privileges are dropped */
struct claim_sockets claim_sockets_open(void);

/**
 * struct claimed - an address at an interface
 *
 * @of: whose it is, for a person
 * @ifindex: where it was asked last; 0: there is no such interface
 * @n: so many answered, of whom two are in @mac
 * @both: two did, the last time
 */
struct claimed {
	char interface[DEVICE_NAME];
	struct iq_addr addr;
	char of[48];
	unsigned int ifindex;
	unsigned int n;
	uint8_t mac[2][ETH_ALEN];
	bool both;
};

struct claims;

/** claims_open() - NULL: no memory */
struct claims *claims_open(struct ev_loop *loop, const struct claim_sockets *sockets);
void claims_close(struct claims *claims);

/**
 * claims_use() - from now on ask for these, of which one of each address and interface
 * is kept
 *
 * @list: @n of them, sorted and kept; is to be freed, and is taken over
 */
void claims_use(struct claims *claims, struct claimed *list, size_t n);

/**
 * claims_tick() - twice a second: what came of those asked last, and ask the next, all of them
 * once in ten seconds or less often
 *
 * Return: some changed.
 */
bool claims_tick(struct claims *claims);

/** claims_next() - the next one behind @i, from 0 on, that two answer for; NULL: none */
const struct claimed *claims_next(const struct claims *claims, size_t *i);

/**
 * claim_answered() - @mac did; pure
 *
 * Return: there was somebody else before.
 */
bool claim_answered(struct claimed *claim, const uint8_t *mac);

/** claim_arp() - is it an answer of ARP to one that asks with @own? Who answers for what; pure */
bool claim_arp(const uint8_t *arp, size_t len, const uint8_t own[ETH_ALEN], struct iq_addr *addr,
	       uint8_t mac[ETH_ALEN]);

/** claim_na() - the same of neighbour discovery */
bool claim_na(const uint8_t *icmp, size_t len, struct iq_addr *addr, uint8_t mac[ETH_ALEN]);

#endif /* IPSEC_QOSD_CHECK_CLAIMS_H */
