// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Chains of devices, as attributes and as calls.
 */
#include "lib/kernel/chain.h"

#include <errno.h>
#include <string.h>
#include <netlink/attr.h>

#include "lib/kernel/request.h"

static int put_chain_key(struct nl_msg *msg, const void *entry)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_CHAIN);
	const struct iq_kernel_chain *c = entry;

	if (!nest)
		return -ENOMEM;
	if (c->id)
		NLA_PUT_U32(msg, IPSEC_QOS_CHAIN_A_ID, c->id);
	else
		NLA_PUT_STRING(msg, IPSEC_QOS_CHAIN_A_NAME, c->name);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

static int put_chain(struct nl_msg *msg, const void *entry)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_CHAIN);
	const struct iq_kernel_chain *c = entry;
	size_t i;

	if (!nest)
		return -ENOMEM;
	NLA_PUT_U32(msg, IPSEC_QOS_CHAIN_A_ID, c->id);
	if (c->name[0])
		NLA_PUT_STRING(msg, IPSEC_QOS_CHAIN_A_NAME, c->name);
	for (i = 0; i < c->n_steps; i++)
		NLA_PUT_U32(msg, IPSEC_QOS_CHAIN_A_STEP, c->steps[i]);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

int iq_get_chain(struct nlattr *nest, void *arg)
{
	static struct nla_policy policy[IPSEC_QOS_CHAIN_A_MAX + 1] = {
		[IPSEC_QOS_CHAIN_A_ID] = { .type = NLA_U32 },
		[IPSEC_QOS_CHAIN_A_NAME] = {
			.type = NLA_STRING, .maxlen = IPSEC_QOS_NAME_MAX },
		[IPSEC_QOS_CHAIN_A_STEP] = { .type = NLA_U32 },
		[IPSEC_QOS_CHAIN_A_OWNER] = { .type = NLA_U8 },
		[IPSEC_QOS_CHAIN_A_SERVICES] = { .type = NLA_U32 },
	};
	struct nlattr *tb[IPSEC_QOS_CHAIN_A_MAX + 1], *a;
	struct iq_kernel_chain *c = arg;
	int rem;

	if (nla_parse_nested(tb, IPSEC_QOS_CHAIN_A_MAX, nest, policy) < 0)
		return -EBADMSG;
	memset(c, 0, sizeof(*c));
	c->id = iq_u32(tb[IPSEC_QOS_CHAIN_A_ID]);
	if (tb[IPSEC_QOS_CHAIN_A_NAME])
		nla_strlcpy(c->name, tb[IPSEC_QOS_CHAIN_A_NAME], sizeof(c->name));
	nla_for_each_nested(a, nest, rem) {
		if (nla_type(a) != IPSEC_QOS_CHAIN_A_STEP)
			continue;
		if (c->n_steps == IPSEC_QOS_CHAIN_STEPS_MAX)
			return -EBADMSG;
		c->steps[c->n_steps++] = nla_get_u32(a);
	}
	c->owner = iq_u8(tb[IPSEC_QOS_CHAIN_A_OWNER], 0);
	c->services = iq_u32(tb[IPSEC_QOS_CHAIN_A_SERVICES]);
	return 0;
}

struct chain_sink {
	int (*cb)(const struct iq_kernel_chain *c, void *arg);
	void *arg;
};

static int chain_entry(struct nlattr *nest, void *arg)
{
	const struct chain_sink *sink = arg;
	struct iq_kernel_chain c;
	int ret = iq_get_chain(nest, &c);

	return ret ? ret : sink->cb(&c, sink->arg);
}

int iq_kernel_chain_new(struct iq_kernel *k, const struct iq_kernel_chain *c, size_t n,
			int owner, int nlflags)
{
	return iq_bulk(k, IPSEC_QOS_CMD_CHAIN_NEW, nlflags, owner, c, n, sizeof(*c),
		       -1, put_chain);
}

int iq_kernel_chain_del(struct iq_kernel *k, const struct iq_kernel_chain *c, size_t n)
{
	return iq_bulk(k, IPSEC_QOS_CMD_CHAIN_DEL, 0, -1, c, n, sizeof(*c),
		       -1, put_chain_key);
}

int iq_kernel_chain_dump(struct iq_kernel *k, int owner,
			 int (*cb)(const struct iq_kernel_chain *c, void *arg), void *arg)
{
	struct chain_sink sink = { cb, arg };
	struct iq_sink entries = { IPSEC_QOS_A_CHAIN, chain_entry, &sink };

	return iq_ask(k, IPSEC_QOS_CMD_CHAIN_GET, NLM_F_DUMP, iq_put_owner, &owner,
		      iq_entries_answer, &entries);
}

int iq_kernel_chain_get(struct iq_kernel *k, struct iq_kernel_chain *c)
{
	struct iq_sink entries = { IPSEC_QOS_A_CHAIN, iq_get_chain, c };

	return iq_ask(k, IPSEC_QOS_CMD_CHAIN_GET, 0, put_chain_key, c,
		      iq_entries_answer, &entries);
}
