/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What rules of nftables do to packets that leave a chain of devices, which are not tracked.
 */
#ifndef IPSEC_QOS_TOOLS_RULESET_H
#define IPSEC_QOS_TOOLS_RULESET_H

#include <stdbool.h>
#include <jansson.h>

/**
 * struct leaving - what leaves chains
 *
 * @ipv4, @ipv6: some of these do
 * @clients: some of the clients', whose address may be meant to be translated
 */
struct leaving {
	bool ipv4;
	bool ipv6;
	bool clients;
};

/**
 * check_ruleset() - add to @problems which rules do not do what they seem to
 *
 * Of chains that ask for a connection's state, where the policy is to drop, only those are
 * named in which no rule accepts what is not tracked, or might. What cannot be read is not told of.
 */
void check_ruleset(json_t *problems, const struct leaving *leaving);

#endif /* IPSEC_QOS_TOOLS_RULESET_H */
