// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/netfilter/nf_conntrack_common.h>

#include "command.h"
#include "nft.h"
#include "print.h"
#include "problem.h"
#include "ruleset.h"

#define NAME	128	/* of a table or chain, as much as is shown */

/**
 * struct base - a chain of nftables that packets meet in FORWARD or POST_ROUTING
 *
 * @family: enum NFPROTO_
 * @drops: its policy does
 * @translates: a rule changes addresses, of what is tracked
 * @asks: a rule asks for a connection's state
 * @accepts: a rule lets through what is not tracked, or might
 */
struct base {
	uint8_t family;
	char table[NAME];
	char name[NAME];
	uint32_t hook;
	bool drops;
	bool translates;
	bool asks;
	bool accepts;
};

/**
 * struct rule - what of one is of interest, from its first expression on
 *
 * @asks: it asks for a connection's state
 * @untracked: that may be "untracked"
 * @accepts: it accepts, or sends on to other rules
 */
struct rule {
	bool asks;
	bool untracked;
	bool accepts;
	bool translates;
};

static const struct nlattr *find_attr(const struct nlattr *nested, int type)
{
	const struct nlattr *attr;

	if (!nested)
		return NULL;
	mnl_attr_for_each_nested(attr, nested)
		if (mnl_attr_get_type(attr) == type)
			return attr;
	return NULL;
}

static bool find_text(const struct nlmsghdr *nlh, int type, char *text)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) != type ||
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0)
			continue;
		return snprintf(text, NAME, "%s", mnl_attr_get_str(attr)) < NAME;
	}
	return false;
}

static const struct nlattr *find_nested(const struct nlmsghdr *nlh, int type)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(attr) == type &&
		    mnl_attr_validate(attr, MNL_TYPE_NESTED) >= 0)
			return attr;
	return NULL;
}

static uint32_t number(const struct nlattr *attr)
{
	return attr && mnl_attr_validate(attr, MNL_TYPE_U32) >= 0 ?
	       ntohl(mnl_attr_get_u32(attr)) : UINT32_MAX;
}

static int on_chain(const struct nlmsghdr *nlh, void *arg)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	struct base base = { .family = nfg->nfgen_family };
	const struct nlattr *attr;
	UT_array *bases = arg;

	if (!nft_is(nlh, NFT_MSG_NEWCHAIN) ||
	    (base.family != NFPROTO_IPV4 && base.family != NFPROTO_IPV6 &&
	     base.family != NFPROTO_INET))
		return MNL_CB_OK;
	base.hook = number(find_attr(find_nested(nlh, NFTA_CHAIN_HOOK), NFTA_HOOK_HOOKNUM));
	if (base.hook != NF_INET_FORWARD && base.hook != NF_INET_POST_ROUTING)
		return MNL_CB_OK;
	if (!find_text(nlh, NFTA_CHAIN_TABLE, base.table) ||
	    !find_text(nlh, NFTA_CHAIN_NAME, base.name))
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(*nfg))
		if (mnl_attr_get_type(attr) == NFTA_CHAIN_POLICY)
			base.drops = number(attr) == NF_DROP;
	if (!iq_array_push(bases, &base)) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	return MNL_CB_OK;
}

/* Of a value that a state is compared with, or masked by */
static bool has_untracked(const struct nlattr *data)
{
	const struct nlattr *value = find_attr(data, NFTA_DATA_VALUE);
	uint32_t bits;

	if (!value || mnl_attr_get_payload_len(value) != sizeof(bits))
		return true;
	memcpy(&bits, mnl_attr_get_payload(value), sizeof(bits));
	return bits & NF_CT_STATE_UNTRACKED_BIT;
}

static bool lets_through(const struct nlattr *verdict)
{
	switch ((int32_t)number(find_attr(verdict, NFTA_VERDICT_CODE))) {
	case NF_ACCEPT:
	case NFT_JUMP:
	case NFT_GOTO:
		return true;
	default:
		return false;
	}
}

static void read_expression(struct rule *rule, const char *name, const struct nlattr *data)
{
	if (!strcmp(name, "masq") || !strcmp(name, "nat")) {
		rule->translates = true;
	} else if (!strcmp(name, "ct")) {
		if (number(find_attr(data, NFTA_CT_KEY)) == NFT_CT_STATE)
			rule->asks = true;
	} else if (!strcmp(name, "bitwise")) {
		if (rule->asks && has_untracked(find_attr(data, NFTA_BITWISE_MASK)))
			rule->untracked = true;
	} else if (!strcmp(name, "lookup")) {
		/* A set may have it, a map may let it through. */
		rule->untracked = rule->accepts = true;
	} else if (!strcmp(name, "immediate")) {
		if (lets_through(find_attr(find_attr(data, NFTA_IMMEDIATE_DATA),
					   NFTA_DATA_VERDICT)))
			rule->accepts = true;
	} else if (!strcmp(name, "match") || !strcmp(name, "target")) {
		/* iptables' own, which others would have to read */
		rule->untracked = rule->accepts = true;
	}
}

static void read_rule(struct base *base, const struct nlattr *expressions)
{
	const struct nlattr *one, *name;
	struct rule rule = { 0 };

	mnl_attr_for_each_nested(one, expressions) {
		name = find_attr(one, NFTA_EXPR_NAME);
		if (name && mnl_attr_validate(name, MNL_TYPE_NUL_STRING) >= 0)
			read_expression(&rule, mnl_attr_get_str(name),
					find_attr(one, NFTA_EXPR_DATA));
	}
	base->translates |= rule.translates;
	base->asks |= rule.asks;
	base->accepts |= rule.accepts && (!rule.asks || rule.untracked);
}

static int on_rule(const struct nlmsghdr *nlh, void *arg)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *expressions = find_nested(nlh, NFTA_RULE_EXPRESSIONS);
	char table[NAME], name[NAME];
	UT_array *bases = arg;
	struct base *base;

	if (!nft_is(nlh, NFT_MSG_NEWRULE) || !expressions ||
	    !find_text(nlh, NFTA_RULE_TABLE, table) || !find_text(nlh, NFTA_RULE_CHAIN, name))
		return MNL_CB_OK;
	for (base = NULL; (base = (void *)utarray_next(bases, base)); )
		if (base->family == nfg->nfgen_family && !strcmp(base->table, table) &&
		    !strcmp(base->name, name))
			read_rule(base, expressions);
	return MNL_CB_OK;
}

static void check_base(json_t *problems, const struct base *base, const struct leaving *leaving)
{
	const char *family = nft_family(base->family);
	char what[CELL_MAX];

	if ((base->family == NFPROTO_IPV4 && !leaving->ipv4) ||
	    (base->family == NFPROTO_IPV6 && !leaving->ipv6))
		return;
	snprintf(what, sizeof(what), "nftables %s %s %s", family, base->table, base->name);
	if (base->translates && base->hook == NF_INET_POST_ROUTING && leaving->clients)
		add_problem(problems, what,
			    "it translates no client's packet that leaves a chain, as that is not tracked",
			    "translate at the chain's last device, or behind this host");
	if (base->drops && base->asks && !base->accepts)
		add_problem(problems, what,
			    "it drops what leaves a chain: that is not tracked, and its rules accept by a connection's state alone",
			    "nft add rule %s %s %s ct state untracked accept", family,
			    base->table, base->name);
}

void check_ruleset(json_t *problems, const struct leaving *leaving)
{
	UT_array bases = IQ_ARRAY(struct base);
	const struct base *base = NULL;
	int ret, tries = 0;

	do {
		utarray_clear(&bases);
		ret = nft_dump(NFT_MSG_GETCHAIN, on_chain, &bases);
		if (!ret && utarray_len(&bases))
			ret = nft_dump(NFT_MSG_GETRULE, on_rule, &bases);
	} while (dump_again(ret, &tries));
	while (!ret && (base = (void *)utarray_next(&bases, base)))
		check_base(problems, base, leaving);
	utarray_done(&bases);
}
