// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Groups, as attributes and as calls.
 */
#include "lib/kernel/group.h"

#include <errno.h>
#include <string.h>
#include <netlink/attr.h>

#include "lib/kernel/request.h"

static const char *const counters[] = {
	[IPSEC_QOS_COUNTER_ESP_IN] = "esp_in",
	[IPSEC_QOS_COUNTER_ESP_OUT] = "esp_out",
	[IPSEC_QOS_COUNTER_IKE_IN] = "ike_in",
	[IPSEC_QOS_COUNTER_IKE_OUT] = "ike_out",
	[IPSEC_QOS_COUNTER_CLEAR_IN] = "clear_in",
	[IPSEC_QOS_COUNTER_CLEAR_OUT] = "clear_out",
};
_Static_assert(sizeof(counters) / sizeof(counters[0]) == IPSEC_QOS_COUNTER_MAX + 1,
	       "each counter has a name");

const char *iq_kernel_counter_name(int counter)
{
	return counters[counter];
}

static int put_group_key(struct nl_msg *msg, const void *entry)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_GROUP);
	const struct iq_kernel_group *g = entry;

	if (!nest)
		return -ENOMEM;
	if (g->id)
		NLA_PUT_U32(msg, IPSEC_QOS_GROUP_A_ID, g->id);
	else
		NLA_PUT_STRING(msg, IPSEC_QOS_GROUP_A_NAME, g->name);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

static int put_group(struct nl_msg *msg, const void *entry)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_GROUP);
	const struct iq_kernel_group *g = entry;

	if (!nest)
		return -ENOMEM;
	NLA_PUT_U32(msg, IPSEC_QOS_GROUP_A_ID, g->id);
	if (g->name[0])
		NLA_PUT_STRING(msg, IPSEC_QOS_GROUP_A_NAME, g->name);
	NLA_PUT_U32(msg, IPSEC_QOS_GROUP_A_MARK, g->mark);
	NLA_PUT_U32(msg, IPSEC_QOS_GROUP_A_MASK, g->mask);
	if (g->mark_clear != g->mark)
		NLA_PUT_U32(msg, IPSEC_QOS_GROUP_A_MARK_CLEAR, g->mark_clear);
	if (g->priority)
		NLA_PUT_U32(msg, IPSEC_QOS_GROUP_A_PRIORITY, g->priority);
	if (g->dscp >= 0)
		NLA_PUT_U8(msg, IPSEC_QOS_GROUP_A_DSCP, g->dscp);
	if (g->flags)
		NLA_PUT_U32(msg, IPSEC_QOS_GROUP_A_FLAGS, g->flags);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

int iq_get_group(struct nlattr *nest, void *arg)
{
	static struct nla_policy policy[IPSEC_QOS_GROUP_A_MAX + 1] = {
		[IPSEC_QOS_GROUP_A_ID] = { .type = NLA_U32 },
		[IPSEC_QOS_GROUP_A_NAME] = {
			.type = NLA_STRING, .maxlen = IPSEC_QOS_NAME_MAX },
		[IPSEC_QOS_GROUP_A_MARK] = { .type = NLA_U32 },
		[IPSEC_QOS_GROUP_A_MASK] = { .type = NLA_U32 },
		[IPSEC_QOS_GROUP_A_PRIORITY] = { .type = NLA_U32 },
		[IPSEC_QOS_GROUP_A_DSCP] = { .type = NLA_U8 },
		[IPSEC_QOS_GROUP_A_OWNER] = { .type = NLA_U8 },
		[IPSEC_QOS_GROUP_A_SAS] = { .type = NLA_U32 },
		[IPSEC_QOS_GROUP_A_IKES] = { .type = NLA_U32 },
		[IPSEC_QOS_GROUP_A_COUNTERS] = { .type = NLA_NESTED },
		[IPSEC_QOS_GROUP_A_MARK_CLEAR] = { .type = NLA_U32 },
		[IPSEC_QOS_GROUP_A_FLAGS] = { .type = NLA_U32 },
	};
	struct nlattr *tb[IPSEC_QOS_GROUP_A_MAX + 1];
	struct iq_kernel_group *g = arg;

	if (nla_parse_nested(tb, IPSEC_QOS_GROUP_A_MAX, nest, policy) < 0)
		return -EBADMSG;
	memset(g, 0, sizeof(*g));
	g->id = iq_u32(tb[IPSEC_QOS_GROUP_A_ID]);
	if (tb[IPSEC_QOS_GROUP_A_NAME])
		nla_strlcpy(g->name, tb[IPSEC_QOS_GROUP_A_NAME], sizeof(g->name));
	g->mark = iq_u32(tb[IPSEC_QOS_GROUP_A_MARK]);
	g->mask = tb[IPSEC_QOS_GROUP_A_MASK] ?
		  nla_get_u32(tb[IPSEC_QOS_GROUP_A_MASK]) : UINT32_MAX;
	g->mark_clear = tb[IPSEC_QOS_GROUP_A_MARK_CLEAR] ?
			nla_get_u32(tb[IPSEC_QOS_GROUP_A_MARK_CLEAR]) : g->mark;
	g->priority = iq_u32(tb[IPSEC_QOS_GROUP_A_PRIORITY]);
	g->dscp = iq_u8(tb[IPSEC_QOS_GROUP_A_DSCP], -1);
	g->flags = iq_u32(tb[IPSEC_QOS_GROUP_A_FLAGS]);
	g->owner = iq_u8(tb[IPSEC_QOS_GROUP_A_OWNER], 0);
	g->sas = iq_u32(tb[IPSEC_QOS_GROUP_A_SAS]);
	g->ikes = iq_u32(tb[IPSEC_QOS_GROUP_A_IKES]);
	return iq_get_counters(tb[IPSEC_QOS_GROUP_A_COUNTERS], g->counter,
			       IPSEC_QOS_COUNTER_MAX);
}

struct group_sink {
	int (*cb)(const struct iq_kernel_group *g, void *arg);
	void *arg;
};

static int group_entry(struct nlattr *nest, void *arg)
{
	const struct group_sink *sink = arg;
	struct iq_kernel_group g;
	int ret = iq_get_group(nest, &g);

	return ret ? ret : sink->cb(&g, sink->arg);
}

int iq_kernel_group_new(struct iq_kernel *k, const struct iq_kernel_group *g, size_t n,
			int owner, int nlflags)
{
	return iq_bulk(k, IPSEC_QOS_CMD_GROUP_NEW, nlflags, owner, g, n, sizeof(*g),
		       -1, put_group);
}

int iq_kernel_group_del(struct iq_kernel *k, const struct iq_kernel_group *g, size_t n)
{
	return iq_bulk(k, IPSEC_QOS_CMD_GROUP_DEL, 0, -1, g, n, sizeof(*g),
		       -1, put_group_key);
}

int iq_kernel_group_dump(struct iq_kernel *k, int owner,
			 int (*cb)(const struct iq_kernel_group *g, void *arg), void *arg)
{
	struct group_sink sink = { cb, arg };
	struct iq_sink entries = { IPSEC_QOS_A_GROUP, group_entry, &sink };

	return iq_ask(k, IPSEC_QOS_CMD_GROUP_GET, NLM_F_DUMP, iq_put_owner, &owner,
		      iq_entries_answer, &entries);
}

int iq_kernel_groups_begin(struct iq_kernel *k, int owner)
{
	return iq_request_dump(k, iq_new_request(k, IPSEC_QOS_CMD_GROUP_GET, NLM_F_DUMP,
						 iq_put_owner, &owner));
}

int iq_kernel_groups_more(struct iq_kernel *k,
			  int (*cb)(const struct iq_kernel_group *g, void *arg),
			  void *arg)
{
	struct group_sink sink = { cb, arg };
	struct iq_sink entries = { IPSEC_QOS_A_GROUP, group_entry, &sink };

	return iq_dump_more(k, iq_entries_answer, &entries);
}

int iq_kernel_group_get(struct iq_kernel *k, struct iq_kernel_group *g)
{
	struct iq_sink entries = { IPSEC_QOS_A_GROUP, iq_get_group, g };

	return iq_ask(k, IPSEC_QOS_CMD_GROUP_GET, 0, put_group_key, g,
		      iq_entries_answer, &entries);
}

int iq_kernel_group_flush(struct iq_kernel *k, int owner, uint32_t *count)
{
	*count = 0;
	return iq_ask(k, IPSEC_QOS_CMD_GROUP_FLUSH, 0, iq_put_owner, &owner,
		      iq_count_answer, count);
}
