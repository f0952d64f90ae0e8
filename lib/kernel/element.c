// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Elements, as attributes and as calls.
 */
#include "lib/kernel/element.h"

#include <errno.h>
#include <string.h>
#include <netlink/attr.h>

#include "lib/kernel/request.h"

static const char *const counters[] = {
	[IPSEC_QOS_ELEMENT_COUNTER_SENT] = "sent",
	[IPSEC_QOS_ELEMENT_COUNTER_ICMP] = "icmp",
	[IPSEC_QOS_ELEMENT_COUNTER_NO_ROUTE] = "no_route",
	[IPSEC_QOS_ELEMENT_COUNTER_TOO_BIG] = "too_big",
	[IPSEC_QOS_ELEMENT_COUNTER_TTL] = "ttl",
	[IPSEC_QOS_ELEMENT_COUNTER_DOWN] = "down",
	[IPSEC_QOS_ELEMENT_COUNTER_MARTIAN] = "martian",
	[IPSEC_QOS_ELEMENT_COUNTER_POLICY] = "policy",
};
_Static_assert(sizeof(counters) / sizeof(counters[0]) == IPSEC_QOS_ELEMENT_COUNTER_MAX + 1,
	       "each counter has a name");

const char *iq_kernel_element_counter_name(int counter)
{
	return counters[counter];
}

static int put_element_key(struct nl_msg *msg, const void *entry)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_ELEMENT);
	const struct iq_kernel_element *e = entry;

	if (!nest)
		return -ENOMEM;
	if (e->id)
		NLA_PUT_U32(msg, IPSEC_QOS_ELEMENT_A_ID, e->id);
	else
		NLA_PUT_STRING(msg, IPSEC_QOS_ELEMENT_A_NAME, e->name);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

static int put_element(struct nl_msg *msg, const void *entry)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_ELEMENT);
	const struct iq_kernel_element *e = entry;
	static const uint8_t none[sizeof(e->via6)];

	if (!nest)
		return -ENOMEM;
	NLA_PUT_U32(msg, IPSEC_QOS_ELEMENT_A_ID, e->id);
	if (e->name[0])
		NLA_PUT_STRING(msg, IPSEC_QOS_ELEMENT_A_NAME, e->name);
	if (e->dev[0])
		NLA_PUT_STRING(msg, IPSEC_QOS_ELEMENT_A_DEV, e->dev);
	if (e->via)
		NLA_PUT(msg, IPSEC_QOS_ELEMENT_A_VIA, sizeof(e->via), &e->via);
	if (memcmp(e->via6, none, sizeof(none)))
		NLA_PUT(msg, IPSEC_QOS_ELEMENT_A_VIA6, sizeof(e->via6), e->via6);
	if (e->nexthop)
		NLA_PUT_U32(msg, IPSEC_QOS_ELEMENT_A_NEXTHOP, e->nexthop);
	NLA_PUT_U8(msg, IPSEC_QOS_ELEMENT_A_STATE, e->state);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

int iq_get_element(struct nlattr *nest, void *arg)
{
	static struct nla_policy policy[IPSEC_QOS_ELEMENT_A_MAX + 1] = {
		[IPSEC_QOS_ELEMENT_A_ID] = { .type = NLA_U32 },
		[IPSEC_QOS_ELEMENT_A_NAME] = {
			.type = NLA_STRING, .maxlen = IPSEC_QOS_NAME_MAX },
		[IPSEC_QOS_ELEMENT_A_DEV] = { .type = NLA_STRING },
		[IPSEC_QOS_ELEMENT_A_VIA] = { .minlen = 4, .maxlen = 4 },
		[IPSEC_QOS_ELEMENT_A_VIA6] = { .minlen = 16, .maxlen = 16 },
		[IPSEC_QOS_ELEMENT_A_NEXTHOP] = { .type = NLA_U32 },
		[IPSEC_QOS_ELEMENT_A_STATE] = { .type = NLA_U8 },
		[IPSEC_QOS_ELEMENT_A_OWNER] = { .type = NLA_U8 },
		[IPSEC_QOS_ELEMENT_A_PROBLEM] = { .type = NLA_U8 },
		[IPSEC_QOS_ELEMENT_A_SAS] = { .type = NLA_U32 },
		[IPSEC_QOS_ELEMENT_A_POOLS] = { .type = NLA_U32 },
		[IPSEC_QOS_ELEMENT_A_COUNTERS] = { .type = NLA_NESTED },
	};
	struct nlattr *tb[IPSEC_QOS_ELEMENT_A_MAX + 1];
	struct iq_kernel_element *e = arg;

	if (nla_parse_nested(tb, IPSEC_QOS_ELEMENT_A_MAX, nest, policy) < 0)
		return -EBADMSG;
	memset(e, 0, sizeof(*e));
	e->id = iq_u32(tb[IPSEC_QOS_ELEMENT_A_ID]);
	if (tb[IPSEC_QOS_ELEMENT_A_NAME])
		nla_strlcpy(e->name, tb[IPSEC_QOS_ELEMENT_A_NAME], sizeof(e->name));
	if (tb[IPSEC_QOS_ELEMENT_A_DEV])
		nla_strlcpy(e->dev, tb[IPSEC_QOS_ELEMENT_A_DEV], sizeof(e->dev));
	if (tb[IPSEC_QOS_ELEMENT_A_VIA])
		memcpy(&e->via, nla_data(tb[IPSEC_QOS_ELEMENT_A_VIA]), sizeof(e->via));
	if (tb[IPSEC_QOS_ELEMENT_A_VIA6])
		memcpy(e->via6, nla_data(tb[IPSEC_QOS_ELEMENT_A_VIA6]), sizeof(e->via6));
	e->nexthop = iq_u32(tb[IPSEC_QOS_ELEMENT_A_NEXTHOP]);
	e->state = iq_u8(tb[IPSEC_QOS_ELEMENT_A_STATE], IPSEC_QOS_ELEMENT_UP);
	e->owner = iq_u8(tb[IPSEC_QOS_ELEMENT_A_OWNER], 0);
	e->problem = iq_u8(tb[IPSEC_QOS_ELEMENT_A_PROBLEM], IPSEC_QOS_ELEMENT_FINE);
	e->sas = iq_u32(tb[IPSEC_QOS_ELEMENT_A_SAS]);
	e->pools = iq_u32(tb[IPSEC_QOS_ELEMENT_A_POOLS]);
	return iq_get_counters(tb[IPSEC_QOS_ELEMENT_A_COUNTERS], e->counter,
			       IPSEC_QOS_ELEMENT_COUNTER_MAX);
}

struct element_sink {
	int (*cb)(const struct iq_kernel_element *e, void *arg);
	void *arg;
};

static int element_entry(struct nlattr *nest, void *arg)
{
	const struct element_sink *sink = arg;
	struct iq_kernel_element e;
	int ret = iq_get_element(nest, &e);

	return ret ? ret : sink->cb(&e, sink->arg);
}

int iq_kernel_element_new(struct iq_kernel *k, const struct iq_kernel_element *e, size_t n,
			  int owner, int nlflags)
{
	return iq_bulk(k, IPSEC_QOS_CMD_ELEMENT_NEW, nlflags, owner, e, n, sizeof(*e),
		       -1, put_element);
}

int iq_kernel_element_del(struct iq_kernel *k, const struct iq_kernel_element *e, size_t n)
{
	return iq_bulk(k, IPSEC_QOS_CMD_ELEMENT_DEL, 0, -1, e, n, sizeof(*e),
		       -1, put_element_key);
}

int iq_kernel_element_dump(struct iq_kernel *k, int owner,
			   int (*cb)(const struct iq_kernel_element *e, void *arg),
			   void *arg)
{
	struct element_sink sink = { cb, arg };
	struct iq_sink entries = { IPSEC_QOS_A_ELEMENT, element_entry, &sink };

	return iq_ask(k, IPSEC_QOS_CMD_ELEMENT_GET, NLM_F_DUMP, iq_put_owner, &owner,
		      iq_entries_answer, &entries);
}

int iq_kernel_element_get(struct iq_kernel *k, struct iq_kernel_element *e)
{
	struct iq_sink entries = { IPSEC_QOS_A_ELEMENT, iq_get_element, e };

	return iq_ask(k, IPSEC_QOS_CMD_ELEMENT_GET, 0, put_element_key, e,
		      iq_entries_answer, &entries);
}
