/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules of nftables that do not do to what leaves a chain what they do to other packets: it is
 * untracked, so that nothing masquerades it, and what asks for a connection's state takes it
 * for none. And flowtables, which send packets past a chain that were in a flow before. The
 * work of an errand (errand.h): there may be many rules.
 *
 * Rules of iptables are looked at where they are nftables', as those of iptables-nft.
 */
#ifndef IPSEC_QOSD_CHAIN_RULES_H
#define IPSEC_QOSD_CHAIN_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/netlink.h>

#include "config/config.h"
#include "errand.h"
#include "lib/array.h"

#define RULES_MAX	65536	/* rules that are read; of more, those behind are not */
#define RULES_TROUBLES	8	/* that are told of */

/** struct rules_trouble - for a person, with what mends it */
struct rules_trouble {
	char text[ERRAND_WHY];
};

/**
 * struct rules - what the errand keeps, and leaves for who reads it once it is done
 *
 * @config: that was looked for, held; NULL: nothing was yet
 * @generation: of the ruleset that was looked at
 * @troubles: @n_troubles of them
 */
struct rules {
	struct config *config;
	uint32_t generation;
	size_t n_troubles;
	struct rules_trouble troubles[RULES_TROUBLES];
};

/** rules_new() - NULL: no memory */
struct rules *rules_new(void);

/* of struct errand_ops; what is wanted is a configuration, held */
int rules_run(void *state, void *wanted, char *why, size_t size);
void rules_free(void *wanted);
void rules_end(void *state);

/**
 * struct rule_says - what is read of a rule
 *
 * @asks: it lets through what is of a connection, and not what is untracked
 * @takes: it lets through what is untracked, or may, for all that can be seen of it
 * @refuses: it drops all that comes to it
 * @masquerades: it gives packets another source
 */
struct rule_says {
	bool asks;
	bool takes;
	bool refuses;
	bool masquerades;
};

/** rule_read() - of its expressions (NFTA_RULE_EXPRESSIONS); pure */
struct rule_says rule_read(const struct nlattr *expressions);

#endif /* IPSEC_QOSD_CHAIN_RULES_H */
