// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is read of a rule of nftables.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/xt_conntrack.h>
#include <netlink/attr.h>
#include <stdint.h>
#include <string.h>

#include "chain/rules.h"

/**
 * struct reading - a rule, from expression to expression
 *
 * @matches: so many that a packet has to fit
 * @state: a connection's state was asked for
 * @known: which states fit is known: @untracked of them does
 * @verdict: @code is what becomes of a packet
 */
struct reading {
	unsigned int matches;
	bool state;
	bool known;
	bool untracked;
	bool verdict;
	int code;
	bool masquerades;
};

/* Those that no packet fails to fit */
static bool is_neutral(const char *name)
{
	static const char *const names[] = { "counter", "log", "notrack", "immediate", "last" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

/* The value of a struct of data, of 4 bytes in the kernel's order */
static bool get_word(struct nlattr *data, uint32_t *word)
{
	struct nlattr *value = data ? nla_find(nla_data(data), nla_len(data), NFTA_DATA_VALUE) :
				      NULL;

	if (!value || nla_len(value) != sizeof(*word))
		return false;
	memcpy(word, nla_data(value), sizeof(*word));
	return true;
}

static void read_ct(struct reading *r, struct nlattr *data)
{
	struct nlattr *key = nla_find(nla_data(data), nla_len(data), NFTA_CT_KEY);

	if (key && nla_len(key) == 4 && ntohl(nla_get_u32(key)) == NFT_CT_STATE)
		r->state = true;
}

/* Right behind the state: which are looked at */
static void read_bitwise(struct reading *r, struct nlattr *data)
{
	uint32_t mask;

	if (!r->state || r->known ||
	    !get_word(nla_find(nla_data(data), nla_len(data), NFTA_BITWISE_MASK), &mask))
		return;
	r->known = true;
	r->untracked = mask & NF_CT_STATE_UNTRACKED_BIT;
}

static void read_cmp(struct reading *r, struct nlattr *data)
{
	struct nlattr *op = nla_find(nla_data(data), nla_len(data), NFTA_CMP_OP);
	uint32_t value;

	if (!r->state || !op || nla_len(op) != 4 ||
	    !get_word(nla_find(nla_data(data), nla_len(data), NFTA_CMP_DATA), &value))
		return;
	if (r->known && ntohl(nla_get_u32(op)) == NFT_CMP_EQ && !value) {
		/* all but those */
		r->untracked = !r->untracked;
	} else if (!r->known) {
		r->known = true;
		r->untracked = (ntohl(nla_get_u32(op)) == NFT_CMP_EQ) ==
			       (value == NF_CT_STATE_UNTRACKED_BIT);
	}
	/* what is compared behind it is something else */
	r->state = false;
}

static void read_verdict(struct reading *r, struct nlattr *data)
{
	struct nlattr *to = nla_find(nla_data(data), nla_len(data), NFTA_IMMEDIATE_DATA);
	struct nlattr *verdict = to ? nla_find(nla_data(to), nla_len(to), NFTA_DATA_VERDICT) : NULL;
	struct nlattr *code = verdict ? nla_find(nla_data(verdict), nla_len(verdict),
						 NFTA_VERDICT_CODE) : NULL;

	if (!code || nla_len(code) != 4)
		return;
	r->verdict = true;
	r->code = ntohl(nla_get_u32(code));
}

/* Of iptables-nft */
static void read_match(struct reading *r, struct nlattr *data)
{
	struct nlattr *name = nla_find(nla_data(data), nla_len(data), NFTA_MATCH_NAME);
	struct nlattr *info = nla_find(nla_data(data), nla_len(data), NFTA_MATCH_INFO);
	struct xt_conntrack_mtinfo3 ct;

	if (!name || nla_strcmp(name, "conntrack") || !info || nla_len(info) < (int)sizeof(ct))
		return;
	memcpy(&ct, nla_data(info), sizeof(ct));
	if (!(ct.match_flags & XT_CONNTRACK_STATE))
		return;
	r->known = true;
	r->untracked = !(ct.state_mask & XT_CONNTRACK_STATE_UNTRACKED) ==
		       !!(ct.invert_flags & XT_CONNTRACK_STATE);
}

static void read_target(struct reading *r, struct nlattr *data)
{
	struct nlattr *name = nla_find(nla_data(data), nla_len(data), NFTA_TARGET_NAME);

	if (!name)
		return;
	if (!nla_strcmp(name, "MASQUERADE") || !nla_strcmp(name, "SNAT")) {
		r->masquerades = true;
	} else if (!nla_strcmp(name, "REJECT")) {
		r->verdict = true;
		r->code = NF_DROP;
	}
}

static void read_nat(struct reading *r, struct nlattr *data)
{
	struct nlattr *type = nla_find(nla_data(data), nla_len(data), NFTA_NAT_TYPE);

	if (type && nla_len(type) == 4 && ntohl(nla_get_u32(type)) == NFT_NAT_SNAT)
		r->masquerades = true;
}

static void read_expression(struct reading *r, const char *name, struct nlattr *data)
{
	static const struct {
		const char *name;
		void (*read)(struct reading *r, struct nlattr *data);
	} readers[] = {
		{ "ct", read_ct }, { "bitwise", read_bitwise }, { "cmp", read_cmp },
		{ "immediate", read_verdict }, { "match", read_match }, { "target", read_target },
		{ "nat", read_nat },
	};
	size_t i;

	for (i = 0; data && i < sizeof(readers) / sizeof(readers[0]); i++)
		if (!strcmp(name, readers[i].name))
			readers[i].read(r, data);
	if (!strcmp(name, "masq"))
		r->masquerades = true;
	if (!strcmp(name, "reject")) {
		r->verdict = true;
		r->code = NF_DROP;
	}
	/* a set or a map of states says no more of itself here */
	if (!strcmp(name, "lookup") && r->state && !r->known) {
		r->known = true;
		r->untracked = true;
		r->verdict = true;
		r->code = r->code == NF_DROP ? NF_ACCEPT : r->code;
		r->state = false;
	}
	r->matches += !is_neutral(name) && strcmp(name, "target") && strcmp(name, "reject");
}

struct rule_says rule_read(const struct nlattr *expressions)
{
	struct reading r = {};
	struct rule_says says = {};
	struct nlattr *e, *name;
	bool lets;
	int rem;

	nla_for_each_nested(e, (struct nlattr *)expressions, rem) {
		name = nla_find(nla_data(e), nla_len(e), NFTA_EXPR_NAME);
		if (name && nla_len(name) && !((char *)nla_data(name))[nla_len(name) - 1])
			read_expression(&r, nla_data(name),
					nla_find(nla_data(e), nla_len(e), NFTA_EXPR_DATA));
	}
	lets = r.verdict && r.code != NF_DROP;
	says.asks = r.known && !r.untracked && lets;
	says.takes = r.known && r.untracked && lets;
	says.refuses = r.verdict && r.code == NF_DROP && !r.matches;
	says.masquerades = r.masquerades;
	return says;
}
