// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is read of rules of nftables: those that let through by a connection's state alone, that
 * drop all, and that masquerade.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/xt_conntrack.h>
#include <netlink/msg.h>
#include <string.h>

#include "chain/rules.h"
#include "suite.h"

static struct nl_msg *msg;
static struct nlattr *expression;

static struct nlattr *begin(const char *name)
{
	expression = nla_nest_start(msg, NFTA_LIST_ELEM);
	nla_put_string(msg, NFTA_EXPR_NAME, name);
	return nla_nest_start(msg, NFTA_EXPR_DATA);
}

static void end(struct nlattr *data)
{
	nla_nest_end(msg, data);
	nla_nest_end(msg, expression);
}

static void put_word(int attr, uint32_t word)
{
	struct nlattr *data = nla_nest_start(msg, attr);

	nla_put(msg, NFTA_DATA_VALUE, sizeof(word), &word);
	nla_nest_end(msg, data);
}

static void ct(uint32_t key)
{
	struct nlattr *data = begin("ct");

	nla_put_u32(msg, NFTA_CT_KEY, htonl(key));
	end(data);
}

static void bitwise(uint32_t mask)
{
	struct nlattr *data = begin("bitwise");

	put_word(NFTA_BITWISE_MASK, mask);
	end(data);
}

static void cmp(uint32_t op, uint32_t value)
{
	struct nlattr *data = begin("cmp");

	nla_put_u32(msg, NFTA_CMP_OP, htonl(op));
	put_word(NFTA_CMP_DATA, value);
	end(data);
}

static void verdict(int code)
{
	struct nlattr *data = begin("immediate"), *to = nla_nest_start(msg, NFTA_IMMEDIATE_DATA);
	struct nlattr *v = nla_nest_start(msg, NFTA_DATA_VERDICT);

	nla_put_u32(msg, NFTA_VERDICT_CODE, htonl(code));
	nla_nest_end(msg, v);
	nla_nest_end(msg, to);
	end(data);
}

static void plain(const char *name)
{
	end(begin(name));
}

static void target(const char *name)
{
	struct nlattr *data = begin("target");

	nla_put_string(msg, NFTA_TARGET_NAME, name);
	end(data);
}

static void conntrack(uint16_t mask, uint16_t invert)
{
	struct nlattr *data = begin("match");
	struct xt_conntrack_mtinfo3 info = {
		.match_flags = XT_CONNTRACK_STATE, .invert_flags = invert, .state_mask = mask,
	};

	nla_put_string(msg, NFTA_MATCH_NAME, "conntrack");
	nla_put(msg, NFTA_MATCH_INFO, sizeof(info), &info);
	end(data);
}

static void states(uint32_t mask)
{
	ct(NFT_CT_STATE);
	bitwise(mask);
	cmp(NFT_CMP_NEQ, 0);
}

#define KNOWN	(NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED))

/* One rule each: what it is of is in the name of the case. */
static void put_rule(int which)
{
	switch (which) {
	case 0: /* ct state established,related accept */
		states(KNOWN);
		verdict(NF_ACCEPT);
		break;
	case 1: /* ct state established,related,untracked accept */
		states(KNOWN | NF_CT_STATE_UNTRACKED_BIT);
		verdict(NF_ACCEPT);
		break;
	case 2: /* ct state untracked goto */
		states(NF_CT_STATE_UNTRACKED_BIT);
		verdict(NFT_GOTO);
		break;
	case 3: /* ct state invalid drop: what is untracked is not that */
		states(NF_CT_STATE_INVALID_BIT);
		verdict(NF_DROP);
		break;
	case 4: /* ct state != new accept */
		ct(NFT_CT_STATE);
		bitwise(NF_CT_STATE_BIT(IP_CT_NEW));
		cmp(NFT_CMP_EQ, 0);
		verdict(NF_ACCEPT);
		break;
	case 5: /* ct state vmap: which are in it is not seen */
		ct(NFT_CT_STATE);
		plain("lookup");
		break;
	case 6: /* ct mark 1 accept */
		ct(NFT_CT_MARK);
		cmp(NFT_CMP_EQ, 1);
		verdict(NF_ACCEPT);
		break;
	case 7: /* iifname "x" ct state established accept, with something else behind */
		plain("meta");
		cmp(NFT_CMP_EQ, 5);
		states(NF_CT_STATE_BIT(IP_CT_ESTABLISHED));
		plain("payload");
		cmp(NFT_CMP_EQ, 0);
		verdict(NFT_JUMP);
		break;
	case 8: /* counter log drop */
		plain("counter");
		plain("log");
		verdict(NF_DROP);
		break;
	case 9: /* reject */
		plain("reject");
		break;
	case 10: /* ip saddr x drop */
		plain("payload");
		cmp(NFT_CMP_EQ, 9);
		verdict(NF_DROP);
		break;
	case 11: /* oifname "wan" masquerade */
		plain("meta");
		cmp(NFT_CMP_EQ, 5);
		plain("masq");
		break;
	case 12: /* -m conntrack --ctstate ESTABLISHED -j ACCEPT */
		conntrack(XT_CONNTRACK_STATE_BIT(IP_CT_ESTABLISHED), 0);
		verdict(NF_ACCEPT);
		break;
	case 13: /* -m conntrack --ctstate ESTABLISHED,UNTRACKED -j ACCEPT */
		conntrack(XT_CONNTRACK_STATE_BIT(IP_CT_ESTABLISHED) | XT_CONNTRACK_STATE_UNTRACKED, 0);
		verdict(NF_ACCEPT);
		break;
	case 14: /* -m conntrack ! --ctstate INVALID -j ACCEPT */
		conntrack(XT_CONNTRACK_STATE_INVALID, XT_CONNTRACK_STATE);
		verdict(NF_ACCEPT);
		break;
	case 15: /* -j REJECT */
		target("REJECT");
		break;
	case 16: /* -j MASQUERADE */
		target("MASQUERADE");
		break;
	case 17: /* nothing at all */
		break;
	}
}

static const char expected[][5] = {
	"a", "t", "t", "", "t", "t", "", "a", "r", "r", "", "m", "a", "t", "t", "r", "m", "",
};

START_TEST(test_rule)
{
	struct rule_says says;
	char is[5] = "";
	struct nlattr *all;

	msg = nlmsg_alloc_simple(0, 0);
	all = nla_nest_start(msg, NFTA_RULE_EXPRESSIONS);
	put_rule(_i);
	nla_nest_end_keep_empty(msg, all);
	says = rule_read(all);
	strcat(is, says.asks ? "a" : "");
	strcat(is, says.takes ? "t" : "");
	strcat(is, says.refuses ? "r" : "");
	strcat(is, says.masquerades ? "m" : "");
	ck_assert_str_eq(is, expected[_i]);
	nlmsg_free(msg);
}
END_TEST

/* Expressions that lack what they have to have are read as what they are named. */
START_TEST(test_odd)
{
	static const char *const names[] = {
		"ct", "bitwise", "cmp", "immediate", "match", "target", "nat", "lookup", "",
	};
	struct nlattr *all;
	size_t i;

	msg = nlmsg_alloc_simple(0, 0);
	all = nla_nest_start(msg, NFTA_RULE_EXPRESSIONS);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		plain(names[i]);
	ct(NFT_CT_STATE);
	plain("bitwise");
	plain("cmp");
	expression = nla_nest_start(msg, NFTA_LIST_ELEM);
	nla_put(msg, NFTA_EXPR_NAME, 4, "ct42");
	nla_nest_end(msg, expression);
	nla_nest_end(msg, all);
	rule_read(all);
	nlmsg_free(msg);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("rules");

	tcase_add_loop_test(tc, test_rule, 0, sizeof(expected) / sizeof(expected[0]));
	tcase_add_test(tc, test_odd);
	return run_tests("rules", tc);
}
