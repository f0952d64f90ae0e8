// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Devices, as attributes and as calls.
 */
#include "lib/kernel/device.h"

#include <errno.h>
#include <string.h>
#include <netlink/attr.h>

#include "lib/kernel/request.h"

static const char *const counters[] = {
	[IPSEC_QOS_DEVICE_COUNTER_OUTER_SENT] = "outer_sent",
	[IPSEC_QOS_DEVICE_COUNTER_OUTER_RETURNED] = "outer_returned",
	[IPSEC_QOS_DEVICE_COUNTER_INNER_SENT] = "inner_sent",
	[IPSEC_QOS_DEVICE_COUNTER_INNER_RETURNED] = "inner_returned",
	[IPSEC_QOS_DEVICE_COUNTER_SKIPPED] = "skipped",
	[IPSEC_QOS_DEVICE_COUNTER_DOWN] = "down",
	[IPSEC_QOS_DEVICE_COUNTER_NO_WAY] = "no_way",
	[IPSEC_QOS_DEVICE_COUNTER_TOO_BIG] = "too_big",
	[IPSEC_QOS_DEVICE_COUNTER_RATE] = "rate",
	[IPSEC_QOS_DEVICE_COUNTER_STRAY] = "stray",
	[IPSEC_QOS_DEVICE_COUNTER_CHECKED] = "checked",
};
_Static_assert(sizeof(counters) / sizeof(counters[0]) == IPSEC_QOS_DEVICE_COUNTER_MAX + 1,
	       "each counter has a name");

const char *iq_kernel_device_counter_name(int counter)
{
	return counters[counter];
}

static int put_device_key(struct nl_msg *msg, const void *entry)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_DEVICE);
	const struct iq_kernel_device *d = entry;

	if (!nest)
		return -ENOMEM;
	if (d->id)
		NLA_PUT_U32(msg, IPSEC_QOS_DEVICE_A_ID, d->id);
	else
		NLA_PUT_STRING(msg, IPSEC_QOS_DEVICE_A_NAME, d->name);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

/* What a side's nest has, and its end */
static int put_side(struct nl_msg *msg, struct nlattr *nest, const struct iq_kernel_side *s)
{
	int i;

	if (!nest)
		return -ENOMEM;
	NLA_PUT_STRING(msg, IPSEC_QOS_SIDE_A_DEV, s->dev);
	if (s->has_mac)
		NLA_PUT(msg, IPSEC_QOS_SIDE_A_MAC, sizeof(s->mac), s->mac);
	for (i = 0; i < s->n_from; i++)
		NLA_PUT(msg, IPSEC_QOS_SIDE_A_FROM, sizeof(s->from[i]), s->from[i]);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

static int put_device(struct nl_msg *msg, const void *entry)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_DEVICE);
	const struct iq_kernel_device *d = entry;

	if (!nest)
		return -ENOMEM;
	NLA_PUT_U32(msg, IPSEC_QOS_DEVICE_A_ID, d->id);
	if (d->name[0])
		NLA_PUT_STRING(msg, IPSEC_QOS_DEVICE_A_NAME, d->name);
	if (d->has & IQ_DEVICE_KIND)
		NLA_PUT_U8(msg, IPSEC_QOS_DEVICE_A_KIND, d->kind);
	if ((d->has & IQ_DEVICE_SIDES) && d->outer.dev[0] &&
	    put_side(msg, nla_nest_start(msg, IPSEC_QOS_DEVICE_A_OUTER), &d->outer) < 0)
		return -ENOMEM;
	if ((d->has & IQ_DEVICE_SIDES) && d->inner.dev[0] &&
	    put_side(msg, nla_nest_start(msg, IPSEC_QOS_DEVICE_A_INNER), &d->inner) < 0)
		return -ENOMEM;
	if (d->has & IQ_DEVICE_STATE)
		NLA_PUT_U8(msg, IPSEC_QOS_DEVICE_A_STATE, d->state);
	if (d->has & IQ_DEVICE_ALTERNATE)
		NLA_PUT_U32(msg, IPSEC_QOS_DEVICE_A_ALTERNATE, d->alternate);
	if (d->has & IQ_DEVICE_FAILURE)
		NLA_PUT_U8(msg, IPSEC_QOS_DEVICE_A_FAILURE, d->failure);
	if (d->has & IQ_DEVICE_RATE)
		NLA_PUT_U32(msg, IPSEC_QOS_DEVICE_A_RATE, d->rate);
	if (d->has & IQ_DEVICE_SNAP)
		NLA_PUT_U32(msg, IPSEC_QOS_DEVICE_A_SNAP, d->snap);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

static int get_side(struct nlattr *nest, struct iq_kernel_side *s)
{
	static struct nla_policy policy[IPSEC_QOS_SIDE_A_MAX + 1] = {
		[IPSEC_QOS_SIDE_A_DEV] = { .type = NLA_STRING },
		[IPSEC_QOS_SIDE_A_MAC] = { .minlen = ETH_ALEN, .maxlen = ETH_ALEN },
		[IPSEC_QOS_SIDE_A_FROM] = { .minlen = ETH_ALEN, .maxlen = ETH_ALEN },
		[IPSEC_QOS_SIDE_A_PROBLEM] = { .type = NLA_U8 },
	};
	struct nlattr *tb[IPSEC_QOS_SIDE_A_MAX + 1], *a;
	int rem;

	if (nla_parse_nested(tb, IPSEC_QOS_SIDE_A_MAX, nest, policy) < 0)
		return -EBADMSG;
	if (tb[IPSEC_QOS_SIDE_A_DEV])
		nla_strlcpy(s->dev, tb[IPSEC_QOS_SIDE_A_DEV], sizeof(s->dev));
	s->has_mac = tb[IPSEC_QOS_SIDE_A_MAC];
	if (s->has_mac)
		memcpy(s->mac, nla_data(tb[IPSEC_QOS_SIDE_A_MAC]), sizeof(s->mac));
	s->problem = iq_u8(tb[IPSEC_QOS_SIDE_A_PROBLEM], IPSEC_QOS_DEVICE_FINE);
	nla_for_each_nested(a, nest, rem) {
		if (nla_type(a) != IPSEC_QOS_SIDE_A_FROM)
			continue;
		if (s->n_from == IPSEC_QOS_DEVICE_FROM_MAX)
			return -EBADMSG;
		memcpy(s->from[s->n_from++], nla_data(a), ETH_ALEN);
	}
	return 0;
}

int iq_get_device(struct nlattr *nest, void *arg)
{
	static struct nla_policy policy[IPSEC_QOS_DEVICE_A_MAX + 1] = {
		[IPSEC_QOS_DEVICE_A_ID] = { .type = NLA_U32 },
		[IPSEC_QOS_DEVICE_A_NAME] = {
			.type = NLA_STRING, .maxlen = IPSEC_QOS_NAME_MAX },
		[IPSEC_QOS_DEVICE_A_KIND] = { .type = NLA_U8 },
		[IPSEC_QOS_DEVICE_A_OUTER] = { .type = NLA_NESTED },
		[IPSEC_QOS_DEVICE_A_INNER] = { .type = NLA_NESTED },
		[IPSEC_QOS_DEVICE_A_STATE] = { .type = NLA_U8 },
		[IPSEC_QOS_DEVICE_A_ALTERNATE] = { .type = NLA_U32 },
		[IPSEC_QOS_DEVICE_A_FAILURE] = { .type = NLA_U8 },
		[IPSEC_QOS_DEVICE_A_RATE] = { .type = NLA_U32 },
		[IPSEC_QOS_DEVICE_A_SNAP] = { .type = NLA_U32 },
		[IPSEC_QOS_DEVICE_A_OWNER] = { .type = NLA_U8 },
		[IPSEC_QOS_DEVICE_A_NOW] = { .type = NLA_U32 },
		[IPSEC_QOS_DEVICE_A_CHAINS] = { .type = NLA_U32 },
		[IPSEC_QOS_DEVICE_A_COUNTERS] = { .type = NLA_NESTED },
	};
	struct nlattr *tb[IPSEC_QOS_DEVICE_A_MAX + 1];
	struct iq_kernel_device *d = arg;

	if (nla_parse_nested(tb, IPSEC_QOS_DEVICE_A_MAX, nest, policy) < 0)
		return -EBADMSG;
	memset(d, 0, sizeof(*d));
	d->id = iq_u32(tb[IPSEC_QOS_DEVICE_A_ID]);
	if (tb[IPSEC_QOS_DEVICE_A_NAME])
		nla_strlcpy(d->name, tb[IPSEC_QOS_DEVICE_A_NAME], sizeof(d->name));
	d->has = (tb[IPSEC_QOS_DEVICE_A_KIND] ? IQ_DEVICE_KIND : 0) |
		 (tb[IPSEC_QOS_DEVICE_A_OUTER] ? IQ_DEVICE_SIDES : 0) |
		 (tb[IPSEC_QOS_DEVICE_A_STATE] ? IQ_DEVICE_STATE : 0) |
		 (tb[IPSEC_QOS_DEVICE_A_ALTERNATE] ? IQ_DEVICE_ALTERNATE : 0) |
		 (tb[IPSEC_QOS_DEVICE_A_FAILURE] ? IQ_DEVICE_FAILURE : 0) |
		 (tb[IPSEC_QOS_DEVICE_A_RATE] ? IQ_DEVICE_RATE : 0) |
		 (tb[IPSEC_QOS_DEVICE_A_SNAP] ? IQ_DEVICE_SNAP : 0);
	d->kind = iq_u8(tb[IPSEC_QOS_DEVICE_A_KIND], IPSEC_QOS_DEVICE_HOP);
	if ((tb[IPSEC_QOS_DEVICE_A_OUTER] &&
	     get_side(tb[IPSEC_QOS_DEVICE_A_OUTER], &d->outer) < 0) ||
	    (tb[IPSEC_QOS_DEVICE_A_INNER] &&
	     get_side(tb[IPSEC_QOS_DEVICE_A_INNER], &d->inner) < 0))
		return -EBADMSG;
	d->state = iq_u8(tb[IPSEC_QOS_DEVICE_A_STATE], IPSEC_QOS_DEVICE_UP);
	d->alternate = iq_u32(tb[IPSEC_QOS_DEVICE_A_ALTERNATE]);
	d->failure = iq_u8(tb[IPSEC_QOS_DEVICE_A_FAILURE], IPSEC_QOS_DEVICE_FAILURE_DROP);
	d->rate = iq_u32(tb[IPSEC_QOS_DEVICE_A_RATE]);
	d->snap = iq_u32(tb[IPSEC_QOS_DEVICE_A_SNAP]);
	d->owner = iq_u8(tb[IPSEC_QOS_DEVICE_A_OWNER], 0);
	d->now = iq_u32(tb[IPSEC_QOS_DEVICE_A_NOW]);
	d->chains = iq_u32(tb[IPSEC_QOS_DEVICE_A_CHAINS]);
	return iq_get_counters(tb[IPSEC_QOS_DEVICE_A_COUNTERS], d->counter,
			       IPSEC_QOS_DEVICE_COUNTER_MAX);
}

struct device_sink {
	int (*cb)(const struct iq_kernel_device *d, void *arg);
	void *arg;
};

static int device_entry(struct nlattr *nest, void *arg)
{
	const struct device_sink *sink = arg;
	struct iq_kernel_device d;
	int ret = iq_get_device(nest, &d);

	return ret ? ret : sink->cb(&d, sink->arg);
}

int iq_kernel_device_new(struct iq_kernel *k, const struct iq_kernel_device *d, size_t n,
			 int owner, int nlflags)
{
	return iq_bulk(k, IPSEC_QOS_CMD_DEVICE_NEW, nlflags, owner, d, n, sizeof(*d),
		       -1, put_device);
}

int iq_kernel_device_del(struct iq_kernel *k, const struct iq_kernel_device *d, size_t n)
{
	return iq_bulk(k, IPSEC_QOS_CMD_DEVICE_DEL, 0, -1, d, n, sizeof(*d),
		       -1, put_device_key);
}

int iq_kernel_device_dump(struct iq_kernel *k, int owner,
			  int (*cb)(const struct iq_kernel_device *d, void *arg),
			  void *arg)
{
	struct device_sink sink = { cb, arg };
	struct iq_sink entries = { IPSEC_QOS_A_DEVICE, device_entry, &sink };

	return iq_ask(k, IPSEC_QOS_CMD_DEVICE_GET, NLM_F_DUMP, iq_put_owner, &owner,
		      iq_entries_answer, &entries);
}

int iq_kernel_device_get(struct iq_kernel *k, struct iq_kernel_device *d)
{
	struct iq_sink entries = { IPSEC_QOS_A_DEVICE, iq_get_device, d };

	return iq_ask(k, IPSEC_QOS_CMD_DEVICE_GET, 0, put_device_key, d,
		      iq_entries_answer, &entries);
}
