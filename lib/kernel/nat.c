// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rules of translation and the translation table, as attributes and as calls.
 */
#include "lib/kernel/nat.h"

#include <errno.h>
#include <string.h>
#include <netlink/attr.h>

#include "lib/kernel/request.h"

static void get_addr4(const struct nlattr *a, uint32_t *addr)
{
	if (a)
		memcpy(addr, nla_data(a), sizeof(*addr));
}

static int put_nat_rule_key(struct nl_msg *msg, const void *what)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_NAT_RULE);

	if (!nest)
		return -ENOMEM;
	NLA_PUT_U32(msg, IPSEC_QOS_NAT_RULE_A_ID, *(const uint32_t *)what);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

static int put_nat_rule(struct nl_msg *msg, const void *what)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_NAT_RULE);
	const struct iq_kernel_nat_rule *r = what;

	if (!nest)
		return -ENOMEM;
	NLA_PUT_U32(msg, IPSEC_QOS_NAT_RULE_A_ID, r->id);
	if (r->inside_dev[0])
		NLA_PUT_STRING(msg, IPSEC_QOS_NAT_RULE_A_INSIDE_DEV, r->inside_dev);
	if (r->inside_len) {
		NLA_PUT(msg, IPSEC_QOS_NAT_RULE_A_INSIDE, sizeof(r->inside), &r->inside);
		NLA_PUT_U8(msg, IPSEC_QOS_NAT_RULE_A_INSIDE_LEN, r->inside_len);
	}
	if (r->outside_dev[0])
		NLA_PUT_STRING(msg, IPSEC_QOS_NAT_RULE_A_OUTSIDE_DEV, r->outside_dev);
	if (r->global)
		NLA_PUT(msg, IPSEC_QOS_NAT_RULE_A_GLOBAL, sizeof(r->global), &r->global);
	if (r->responder_len) {
		NLA_PUT(msg, IPSEC_QOS_NAT_RULE_A_RESPONDER, sizeof(r->responder),
			&r->responder);
		NLA_PUT_U8(msg, IPSEC_QOS_NAT_RULE_A_RESPONDER_LEN, r->responder_len);
	}
	NLA_PUT_U8(msg, IPSEC_QOS_NAT_RULE_A_SCHEME, r->scheme);
	if (r->scheme == IPSEC_QOS_NAT_SIPHASH_LOW16)
		NLA_PUT(msg, IPSEC_QOS_NAT_RULE_A_KEY, sizeof(r->key), r->key);
	NLA_PUT_U8(msg, IPSEC_QOS_NAT_RULE_A_COLLISION, r->collision);
	NLA_PUT_U8(msg, IPSEC_QOS_NAT_RULE_A_UNDERIVED, r->underived);
	NLA_PUT_U32(msg, IPSEC_QOS_NAT_RULE_A_IDLE, r->idle);
	NLA_PUT_U32(msg, IPSEC_QOS_NAT_RULE_A_WAIT, r->wait);
	NLA_PUT_U32(msg, IPSEC_QOS_NAT_RULE_A_MAX_ENTRIES, r->max);
	NLA_PUT_U32(msg, IPSEC_QOS_NAT_RULE_A_MAX_NODE, r->max_node);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

static int get_nat_rule(struct nlattr *nest, struct iq_kernel_nat_rule *r)
{
	static struct nla_policy policy[IPSEC_QOS_NAT_RULE_A_MAX + 1] = {
		[IPSEC_QOS_NAT_RULE_A_ID] = { .type = NLA_U32 },
		[IPSEC_QOS_NAT_RULE_A_INSIDE_DEV] = { .type = NLA_STRING },
		[IPSEC_QOS_NAT_RULE_A_INSIDE] = { .minlen = 4, .maxlen = 4 },
		[IPSEC_QOS_NAT_RULE_A_INSIDE_LEN] = { .type = NLA_U8 },
		[IPSEC_QOS_NAT_RULE_A_OUTSIDE_DEV] = { .type = NLA_STRING },
		[IPSEC_QOS_NAT_RULE_A_GLOBAL] = { .minlen = 4, .maxlen = 4 },
		[IPSEC_QOS_NAT_RULE_A_RESPONDER] = { .minlen = 4, .maxlen = 4 },
		[IPSEC_QOS_NAT_RULE_A_RESPONDER_LEN] = { .type = NLA_U8 },
		[IPSEC_QOS_NAT_RULE_A_SCHEME] = { .type = NLA_U8 },
		[IPSEC_QOS_NAT_RULE_A_COLLISION] = { .type = NLA_U8 },
		[IPSEC_QOS_NAT_RULE_A_UNDERIVED] = { .type = NLA_U8 },
		[IPSEC_QOS_NAT_RULE_A_IDLE] = { .type = NLA_U32 },
		[IPSEC_QOS_NAT_RULE_A_WAIT] = { .type = NLA_U32 },
		[IPSEC_QOS_NAT_RULE_A_MAX_ENTRIES] = { .type = NLA_U32 },
		[IPSEC_QOS_NAT_RULE_A_MAX_NODE] = { .type = NLA_U32 },
		[IPSEC_QOS_NAT_RULE_A_ENTRIES] = { .type = NLA_U32 },
		[IPSEC_QOS_NAT_RULE_A_WAITING] = { .type = NLA_U32 },
		[IPSEC_QOS_NAT_RULE_A_COUNTERS] = { .type = NLA_NESTED },
	};
	struct nlattr *tb[IPSEC_QOS_NAT_RULE_A_MAX + 1];

	if (nla_parse_nested(tb, IPSEC_QOS_NAT_RULE_A_MAX, nest, policy) < 0)
		return -EBADMSG;
	memset(r, 0, sizeof(*r));
	r->id = iq_u32(tb[IPSEC_QOS_NAT_RULE_A_ID]);
	if (tb[IPSEC_QOS_NAT_RULE_A_INSIDE_DEV])
		nla_strlcpy(r->inside_dev, tb[IPSEC_QOS_NAT_RULE_A_INSIDE_DEV],
			    sizeof(r->inside_dev));
	if (tb[IPSEC_QOS_NAT_RULE_A_OUTSIDE_DEV])
		nla_strlcpy(r->outside_dev, tb[IPSEC_QOS_NAT_RULE_A_OUTSIDE_DEV],
			    sizeof(r->outside_dev));
	get_addr4(tb[IPSEC_QOS_NAT_RULE_A_INSIDE], &r->inside);
	r->inside_len = iq_u8(tb[IPSEC_QOS_NAT_RULE_A_INSIDE_LEN], 0);
	get_addr4(tb[IPSEC_QOS_NAT_RULE_A_GLOBAL], &r->global);
	get_addr4(tb[IPSEC_QOS_NAT_RULE_A_RESPONDER], &r->responder);
	r->responder_len = iq_u8(tb[IPSEC_QOS_NAT_RULE_A_RESPONDER_LEN], 0);
	r->scheme = iq_u8(tb[IPSEC_QOS_NAT_RULE_A_SCHEME], 0);
	r->collision = iq_u8(tb[IPSEC_QOS_NAT_RULE_A_COLLISION], 0);
	r->underived = iq_u8(tb[IPSEC_QOS_NAT_RULE_A_UNDERIVED], 0);
	r->idle = iq_u32(tb[IPSEC_QOS_NAT_RULE_A_IDLE]);
	r->wait = iq_u32(tb[IPSEC_QOS_NAT_RULE_A_WAIT]);
	r->max = iq_u32(tb[IPSEC_QOS_NAT_RULE_A_MAX_ENTRIES]);
	r->max_node = iq_u32(tb[IPSEC_QOS_NAT_RULE_A_MAX_NODE]);
	r->entries = iq_u32(tb[IPSEC_QOS_NAT_RULE_A_ENTRIES]);
	r->waiting = iq_u32(tb[IPSEC_QOS_NAT_RULE_A_WAITING]);
	return iq_get_counters(tb[IPSEC_QOS_NAT_RULE_A_COUNTERS], r->counter,
			       IPSEC_QOS_NAT_COUNTER_MAX);
}

struct nat_rule_sink {
	int (*cb)(const struct iq_kernel_nat_rule *rule, void *arg);
	void *arg;
};

static int nat_rule_entry(struct nlattr *nest, void *arg)
{
	const struct nat_rule_sink *sink = arg;
	struct iq_kernel_nat_rule rule;
	int ret = get_nat_rule(nest, &rule);

	return ret ? ret : sink->cb(&rule, sink->arg);
}

int iq_kernel_nat_rule_new(struct iq_kernel *k, const struct iq_kernel_nat_rule *rule,
			   int nlflags)
{
	return iq_ask(k, IPSEC_QOS_CMD_NAT_RULE_NEW, nlflags, put_nat_rule, rule, NULL,
		      NULL);
}

int iq_kernel_nat_rule_del(struct iq_kernel *k, uint32_t id)
{
	return iq_ask(k, IPSEC_QOS_CMD_NAT_RULE_DEL, 0, put_nat_rule_key, &id, NULL, NULL);
}

int iq_kernel_nat_rule_dump(struct iq_kernel *k,
			    int (*cb)(const struct iq_kernel_nat_rule *rule, void *arg),
			    void *arg)
{
	struct nat_rule_sink sink = { cb, arg };
	struct iq_sink entries = { IPSEC_QOS_A_NAT_RULE, nat_rule_entry, &sink };

	return iq_ask(k, IPSEC_QOS_CMD_NAT_RULE_GET, NLM_F_DUMP, NULL, NULL,
		      iq_entries_answer, &entries);
}

/* Of all rules, where it is 0. */
static int put_nat_filter(struct nl_msg *msg, const void *what)
{
	uint32_t rule = *(const uint32_t *)what;
	struct nlattr *nest;

	if (!rule)
		return 0;
	nest = nla_nest_start(msg, IPSEC_QOS_A_NAT);
	if (!nest)
		return -ENOMEM;
	NLA_PUT_U32(msg, IPSEC_QOS_NAT_A_RULE, rule);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

int iq_get_nat(struct nlattr *nest, void *arg)
{
	static struct nla_policy policy[IPSEC_QOS_NAT_A_MAX + 1] = {
		[IPSEC_QOS_NAT_A_RULE] = { .type = NLA_U32 },
		[IPSEC_QOS_NAT_A_INSIDE_LOCAL] = { .minlen = 4, .maxlen = 4 },
		[IPSEC_QOS_NAT_A_INSIDE_GLOBAL] = { .minlen = 4, .maxlen = 4 },
		[IPSEC_QOS_NAT_A_OUTSIDE] = { .minlen = 4, .maxlen = 4 },
		[IPSEC_QOS_NAT_A_SPI_OUT] = { .type = NLA_U32 },
		[IPSEC_QOS_NAT_A_SPI_IN] = { .type = NLA_U32 },
		[IPSEC_QOS_NAT_A_STATE] = { .type = NLA_U8 },
		[IPSEC_QOS_NAT_A_AGE] = { .type = NLA_U32 },
		[IPSEC_QOS_NAT_A_IDLE] = { .type = NLA_U32 },
		[IPSEC_QOS_NAT_A_OUT] = { .type = NLA_NESTED },
		[IPSEC_QOS_NAT_A_IN] = { .type = NLA_NESTED },
	};
	struct nlattr *tb[IPSEC_QOS_NAT_A_MAX + 1];
	struct iq_kernel_nat *n = arg;

	if (nla_parse_nested(tb, IPSEC_QOS_NAT_A_MAX, nest, policy) < 0)
		return -EBADMSG;
	memset(n, 0, sizeof(*n));
	n->rule = iq_u32(tb[IPSEC_QOS_NAT_A_RULE]);
	get_addr4(tb[IPSEC_QOS_NAT_A_INSIDE_LOCAL], &n->inside_local);
	get_addr4(tb[IPSEC_QOS_NAT_A_INSIDE_GLOBAL], &n->inside_global);
	get_addr4(tb[IPSEC_QOS_NAT_A_OUTSIDE], &n->outside);
	n->spi_out = iq_u32(tb[IPSEC_QOS_NAT_A_SPI_OUT]);
	n->spi_in = iq_u32(tb[IPSEC_QOS_NAT_A_SPI_IN]);
	n->state = iq_u8(tb[IPSEC_QOS_NAT_A_STATE], 0);
	n->age = iq_u32(tb[IPSEC_QOS_NAT_A_AGE]);
	n->idle = iq_u32(tb[IPSEC_QOS_NAT_A_IDLE]);
	if ((tb[IPSEC_QOS_NAT_A_OUT] && iq_get_counter(tb[IPSEC_QOS_NAT_A_OUT], &n->out)) ||
	    (tb[IPSEC_QOS_NAT_A_IN] && iq_get_counter(tb[IPSEC_QOS_NAT_A_IN], &n->in)))
		return -EBADMSG;
	return 0;
}

struct nat_sink {
	int (*cb)(const struct iq_kernel_nat *nat, void *arg);
	void *arg;
};

static int nat_entry(struct nlattr *nest, void *arg)
{
	const struct nat_sink *sink = arg;
	struct iq_kernel_nat nat;
	int ret = iq_get_nat(nest, &nat);

	return ret ? ret : sink->cb(&nat, sink->arg);
}

int iq_kernel_nat_dump(struct iq_kernel *k, uint32_t rule,
		       int (*cb)(const struct iq_kernel_nat *nat, void *arg), void *arg)
{
	struct nat_sink sink = { cb, arg };
	struct iq_sink entries = { IPSEC_QOS_A_NAT, nat_entry, &sink };

	return iq_ask(k, IPSEC_QOS_CMD_NAT_GET, NLM_F_DUMP, put_nat_filter, &rule,
		      iq_entries_answer, &entries);
}

int iq_kernel_nat_flush(struct iq_kernel *k, uint32_t rule, uint32_t *count)
{
	*count = 0;
	return iq_ask(k, IPSEC_QOS_CMD_NAT_FLUSH, 0, put_nat_filter, &rule, iq_count_answer,
		      count);
}
