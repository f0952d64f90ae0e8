// SPDX-License-Identifier: GPL-2.0-or-later
#include "chain/rules.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/kernel/request.h"

#define NAME	64	/* bytes of a name, which is cut behind them */
#define TYPE(msg)	(NFNL_SUBSYS_NFTABLES << 8 | (msg))

/**
 * struct table - one with a base chain that packets meet which leave a chain
 *
 * @forward: that chain, "": none
 * @strict: it drops what no rule lets through
 * @nat: its chain that changes sources, "": none
 * @asks, @takes, @masquerades: a rule of it does
 */
struct table {
	uint8_t family;
	char name[NAME];
	char forward[NAME];
	bool strict;
	char nat[NAME];
	bool asks;
	bool takes;
	bool masquerades;
};

/**
 * struct look - a look at the rules
 *
 * @tables: of struct table
 * @n_rules: so many were read
 * @memory: there was none
 */
struct look {
	struct rules *rules;
	struct nl_sock *sk;
	UT_array tables;
	size_t n_rules;
	bool memory;
	uint32_t generation;
};

struct rules *rules_new(void)
{
	return calloc(1, sizeof(struct rules));
}

void rules_free(void *wanted)
{
	config_free(wanted);
}

void rules_end(void *state)
{
	struct rules *r = state;

	config_free(r->config);
	free(r);
}

/* Names */

static const char *family_name(uint8_t family)
{
	return family == NFPROTO_IPV4 ? "ip" : family == NFPROTO_IPV6 ? "ip6" : "inet";
}

static bool is_looked_at(uint8_t family)
{
	return family == NFPROTO_IPV4 || family == NFPROTO_IPV6 || family == NFPROTO_INET;
}

static void get_name(const struct nlattr *a, char *name)
{
	*name = '\0';
	if (a)
		nla_strlcpy(name, a, NAME);
}

static struct table *find_table(struct look *look, uint8_t family, const char *name)
{
	struct table *t;

	for (t = NULL; (t = (void *)utarray_next(&look->tables, t)); )
		if (t->family == family && !strcmp(t->name, name))
			return t;
	return NULL;
}

static uint8_t family_of(struct nlmsghdr *nlh)
{
	return ((struct nfgenmsg *)nlmsg_data(nlh))->nfgen_family;
}

/* Whose message is it? Its attributes are found, with @type in @tb; false: of another */
static bool parse(struct nl_msg *msg, int type, struct nlattr **tb, int max)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);

	return nlh->nlmsg_type == TYPE(type) &&
	       nlmsg_parse(nlh, sizeof(struct nfgenmsg), tb, max, NULL) >= 0;
}

/* Chains */

static void read_chain(struct table *t, const char *name, const char *type, uint32_t hook,
		       bool drops)
{
	if (!strcmp(type, "nat") && hook == NF_INET_POST_ROUTING)
		strcpy(t->nat, name);
	if (strcmp(type, "filter") != 0 || hook != NF_INET_FORWARD)
		return;
	/* of several the one that drops counts */
	if (!*t->forward || drops)
		strcpy(t->forward, name);
	t->strict |= drops;
}

static int on_chain(struct nl_msg *msg, void *arg)
{
	struct nlattr *tb[NFTA_CHAIN_MAX + 1], *num, *policy;
	char table[NAME], name[NAME], type[NAME];
	struct table new = {}, *t;
	struct look *look = arg;
	uint8_t family;

	if (!parse(msg, NFT_MSG_NEWCHAIN, tb, NFTA_CHAIN_MAX) || !tb[NFTA_CHAIN_HOOK])
		return NL_OK;
	family = family_of(nlmsg_hdr(msg));
	num = nla_find(nla_data(tb[NFTA_CHAIN_HOOK]), nla_len(tb[NFTA_CHAIN_HOOK]),
		       NFTA_HOOK_HOOKNUM);
	policy = tb[NFTA_CHAIN_POLICY];
	if (!is_looked_at(family) || !num || nla_len(num) != 4)
		return NL_OK;
	get_name(tb[NFTA_CHAIN_TABLE], table);
	get_name(tb[NFTA_CHAIN_NAME], name);
	get_name(tb[NFTA_CHAIN_TYPE], type);
	t = find_table(look, family, table);
	if (!t) {
		new.family = family;
		strcpy(new.name, table);
		t = iq_array_push(&look->tables, &new);
	}
	if (t)
		read_chain(t, name, type, ntohl(nla_get_u32(num)),
			   policy && nla_len(policy) == 4 && ntohl(nla_get_u32(policy)) == NF_DROP);
	look->memory |= !t;
	return NL_OK;
}

/* Rules */

static int on_rule(struct nl_msg *msg, void *arg)
{
	struct nlattr *tb[NFTA_RULE_MAX + 1];
	char table[NAME], chain[NAME];
	struct look *look = arg;
	struct rule_says says;
	struct table *t;

	if (++look->n_rules > RULES_MAX)
		return NL_STOP;
	if (!parse(msg, NFT_MSG_NEWRULE, tb, NFTA_RULE_MAX) || !tb[NFTA_RULE_EXPRESSIONS])
		return NL_OK;
	get_name(tb[NFTA_RULE_TABLE], table);
	t = find_table(look, family_of(nlmsg_hdr(msg)), table);
	if (!t)
		return NL_OK;
	get_name(tb[NFTA_RULE_CHAIN], chain);
	says = rule_read(tb[NFTA_RULE_EXPRESSIONS]);
	t->asks |= says.asks;
	t->takes |= says.takes;
	t->masquerades |= says.masquerades;
	/* a last rule that drops is as good as a policy */
	t->strict |= says.refuses && *t->forward && !strcmp(chain, t->forward);
	return NL_OK;
}

/* Flowtables */

static void __attribute__((format(printf, 2, 3))) add(struct look *look, const char *fmt, ...)
{
	struct rules *r = look->rules;
	va_list ap;

	if (r->n_troubles == RULES_TROUBLES)
		return;
	va_start(ap, fmt);
	vsnprintf(r->troubles[r->n_troubles].text, sizeof(r->troubles[0].text), fmt, ap);
	va_end(ap);
	r->n_troubles++;
}

static const struct chain_device *device_at(const struct config *config, const char *interface)
{
	size_t i;

	for (i = 0; i < config->chain.n_devices; i++) {
		const struct chain_device *d = &config->chain.devices[i];

		if (!strcmp(d->outer.interface, interface) ||
		    !strcmp(d->inner.interface, interface))
			return d;
	}
	return NULL;
}

static int on_flowtable(struct nl_msg *msg, void *arg)
{
	struct nlattr *tb[NFTA_FLOWTABLE_MAX + 1], *devs, *dev;
	char name[NAME], table[NAME], interface[NAME];
	const struct chain_device *d = NULL;
	struct look *look = arg;
	int rem;

	if (!parse(msg, NFT_MSG_NEWFLOWTABLE, tb, NFTA_FLOWTABLE_MAX) || !tb[NFTA_FLOWTABLE_HOOK])
		return NL_OK;
	devs = nla_find(nla_data(tb[NFTA_FLOWTABLE_HOOK]), nla_len(tb[NFTA_FLOWTABLE_HOOK]),
			NFTA_FLOWTABLE_HOOK_DEVS);
	if (!devs)
		return NL_OK;
	nla_for_each_nested(dev, devs, rem) {
		get_name(nla_type(dev) == NFTA_DEVICE_NAME ? dev : NULL, interface);
		d = *interface ? device_at(look->rules->config, interface) : NULL;
		if (d)
			break;
	}
	if (!d)
		return NL_OK;
	get_name(tb[NFTA_FLOWTABLE_NAME], name);
	get_name(tb[NFTA_FLOWTABLE_TABLE], table);
	add(look, "flowtable %s of table %s %s has interface %s of device %s: flows that are in it since before their service was there pass by its chain: conntrack -F, or take the interface out",
	    name, family_name(family_of(nlmsg_hdr(msg))), table, interface, d->name);
	return NL_OK;
}

/* All of it */

/* Does anything go on behind a last device, on the way forward? */
static bool any_goes_on(const struct chain_config *c)
{
	size_t i;

	for (i = 0; i < c->n_services; i++) {
		const struct chain_device *last = service_last(&c->services[i]);

		if (c->services[i].mode == SERVICE_CLIENT || *last->inner.interface ||
		    last->f.kind == IPSEC_QOS_DEVICE_ROUTED)
			return true;
	}
	return false;
}

static void say(struct look *look)
{
	bool goes_on = any_goes_on(&look->rules->config->chain);
	const struct table *t;

	for (t = NULL; (t = (void *)utarray_next(&look->tables, t)); ) {
		if (t->strict && t->asks && !t->takes)
			add(look, "chain %s of table %s %s lets through what is of a connection, and drops what is of none, as what leaves service chains is: nft insert rule %s %s %s ct state untracked accept",
			    t->forward, family_name(t->family), t->name, family_name(t->family),
			    t->name, t->forward);
		if (*t->nat && t->masquerades && goes_on)
			add(look, "chain %s of table %s %s gives packets another source, but not what leaves service chains, which is of no connection: have a device of the chain do that",
			    t->nat, family_name(t->family), t->name);
	}
}

static int ask(struct look *look, int type, int flags,
	       int (*answer)(struct nl_msg *msg, void *arg))
{
	struct nfgenmsg nfg = { .nfgen_family = NFPROTO_UNSPEC, .version = NFNETLINK_V0 };
	int err;

	nl_socket_modify_cb(look->sk, NL_CB_VALID, NL_CB_CUSTOM, answer, look);
	err = nl_send_simple(look->sk, TYPE(type), NLM_F_REQUEST | flags, &nfg, sizeof(nfg));
	if (err >= 0)
		err = nl_recvmsgs_default(look->sk);
	return err < 0 ? err : 0;
}

static int on_generation(struct nl_msg *msg, void *arg)
{
	struct nlattr *tb[NFTA_GEN_MAX + 1];
	struct look *look = arg;

	if (parse(msg, NFT_MSG_NEWGEN, tb, NFTA_GEN_MAX) && tb[NFTA_GEN_ID] &&
	    nla_len(tb[NFTA_GEN_ID]) == 4)
		look->generation = ntohl(nla_get_u32(tb[NFTA_GEN_ID]));
	return NL_OK;
}

static int read_all(struct look *look)
{
	int err = ask(look, NFT_MSG_GETFLOWTABLE, NLM_F_DUMP, on_flowtable);

	if (!err)
		err = ask(look, NFT_MSG_GETCHAIN, NLM_F_DUMP, on_chain);
	if (!err)
		err = ask(look, NFT_MSG_GETRULE, NLM_F_DUMP, on_rule);
	if (!err && !look->memory)
		say(look);
	return err ? err : look->memory ? -NLE_NOMEM : 0;
}

static int look_at(struct look *look, struct config *config)
{
	struct rules *r = look->rules;
	int err = nl_connect(look->sk, NETLINK_NETFILTER);

	if (err >= 0)
		err = ask(look, NFT_MSG_GETGEN, 0, on_generation);
	if (err < 0)
		return err;
	if (r->config == config && r->generation == look->generation)
		return 0;
	config_free(r->config);
	r->config = config_hold(config);
	r->n_troubles = 0;
	/* what changes meanwhile is of another generation */
	r->generation = look->generation;
	err = read_all(look);
	if (err < 0) {
		r->generation = 0;
		r->n_troubles = 0;
	}
	return err;
}

int rules_run(void *state, void *wanted, char *why, size_t size)
{
	struct look look = { .rules = state, .tables = IQ_ARRAY(struct table) };
	int err;

	look.sk = nl_socket_alloc();
	if (!look.sk)
		return -ENOMEM;
	nl_socket_disable_auto_ack(look.sk);
	err = look_at(&look, wanted);
	utarray_done(&look.tables);
	nl_socket_free(look.sk);
	/* a kernel without nftables has no rules of it */
	if (err == -NLE_OPNOTSUPP || err == -NLE_PROTO_MISMATCH || err == -NLE_DUMP_INTR)
		return 0;
	if (err < 0)
		snprintf(why, size, "rules of nftables cannot be read: %s",
			 strerror(-iq_nl_to_errno(err)));
	return err < 0 ? iq_nl_to_errno(err) : 0;
}
