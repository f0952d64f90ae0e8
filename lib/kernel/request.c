// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests that carry many entries, and what all kinds of answers have in common.
 */
#include "lib/kernel/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

/*
 * The largest entries as they stand in a request: of a group seven attributes, of
 * which the name has 36 bytes, of an element no more; an IPv6 SA. Not more than need be:
 * a request full of SAs comes from the heap again and again, and from no fresh pages.
 */
#define NAMED_SIZE	128
#define ENTRY_SIZE	84
/* header, owner; settings with a full fall-back table, a pool with all its members */
#define REQUEST_SIZE	8192

static bool has_names(int cmd)
{
	return cmd == IPSEC_QOS_CMD_GROUP_NEW || cmd == IPSEC_QOS_CMD_GROUP_DEL ||
	       cmd == IPSEC_QOS_CMD_ELEMENT_NEW || cmd == IPSEC_QOS_CMD_ELEMENT_DEL ||
	       cmd == IPSEC_QOS_CMD_POOL_DEL;
}

static struct nl_msg *make_request(struct iq_kernel *k, int cmd, int nlflags,
				   size_t n)
{
	size_t size = has_names(cmd) ? NAMED_SIZE : ENTRY_SIZE;
	struct nl_msg *msg = nlmsg_alloc_size(REQUEST_SIZE + n * size);

	if (!msg)
		return NULL;
	if (!genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, k->family, 0, nlflags,
			 cmd, IPSEC_QOS_GENL_VERSION)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

/* @msg, or NULL where a put said @ret. */
static struct nl_msg *usable(struct nl_msg *msg, int ret)
{
	if (ret >= 0)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

int iq_put_owner(struct nl_msg *msg, const void *what)
{
	int owner = *(const int *)what;

	return owner >= 0 ? nla_put_u8(msg, IPSEC_QOS_A_OWNER, owner) : 0;
}

/* How many more there are than those of the request at hand, if any are. */
static int put_count(struct nl_msg *msg, size_t chunk, size_t all)
{
	if (all <= chunk)
		return 0;
	return nla_put_u32(msg, IPSEC_QOS_A_COUNT, all < UINT32_MAX ? all : UINT32_MAX);
}

int iq_bulk(struct iq_kernel *k, int cmd, int nlflags, int owner,
	    const void *entries, size_t n, size_t size, ssize_t more,
	    int (*put)(struct nl_msg *msg, const void *entry))
{
	const char *entry = entries;
	size_t base, chunk, i;

	for (base = 0; base < n; base += chunk) {
		struct nl_msg *msg;
		int ret;

		chunk = n - base;
		if (chunk > IPSEC_QOS_BULK_MAX)
			chunk = IPSEC_QOS_BULK_MAX;
		msg = make_request(k, cmd, nlflags, chunk);
		ret = msg ? iq_put_owner(msg, &owner) : -ENOMEM;
		if (ret >= 0 && more >= 0)
			ret = put_count(msg, chunk, n - base + more);
		for (i = 0; i < chunk && ret >= 0; i++, entry += size)
			ret = put(msg, entry);
		ret = iq_request(k, usable(msg, ret), NULL, NULL);
		if (ret) {
			if (k->culprit >= 0)
				k->culprit += base;
			return ret;
		}
	}
	return 0;
}

struct nl_msg *iq_new_request(struct iq_kernel *k, int cmd, int nlflags,
			      int (*put)(struct nl_msg *msg, const void *what),
			      const void *what)
{
	struct nl_msg *msg = make_request(k, cmd, nlflags, 1);

	return usable(msg, msg && what ? put(msg, what) : 0);
}

int iq_ask(struct iq_kernel *k, int cmd, int nlflags,
	   int (*put)(struct nl_msg *msg, const void *what), const void *what,
	   int (*answer)(struct nlmsghdr *nlh, void *arg), void *arg)
{
	return iq_request(k, iq_new_request(k, cmd, nlflags, put, what), answer, arg);
}

int iq_entries_answer(struct nlmsghdr *nlh, void *arg)
{
	const struct iq_sink *sink = arg;
	struct nlattr *a;
	int rem, ret = 0;

	iq_for_each_attr(a, nlh, rem) {
		if (nla_type(a) == sink->type)
			ret = sink->entry(a, sink->arg);
		if (ret)
			break;
	}
	return ret;
}

static int u32_answer(struct nlmsghdr *nlh, int type, uint32_t *value)
{
	struct nlattr *a;
	int rem;

	iq_for_each_attr(a, nlh, rem)
		if (nla_type(a) == type && nla_len(a) >= (int)sizeof(*value))
			*value = nla_get_u32(a);
	return 0;
}

int iq_count_answer(struct nlmsghdr *nlh, void *arg)
{
	return u32_answer(nlh, IPSEC_QOS_A_COUNT, arg);
}

int iq_generation_answer(struct nlmsghdr *nlh, void *arg)
{
	return u32_answer(nlh, IPSEC_QOS_A_GENERATION, arg);
}

int iq_get_counter(struct nlattr *nest, struct iq_kernel_count *c)
{
	static struct nla_policy policy[IPSEC_QOS_COUNTER_A_MAX + 1] = {
		[IPSEC_QOS_COUNTER_A_PACKETS] = { .type = NLA_U64 },
		[IPSEC_QOS_COUNTER_A_BYTES] = { .type = NLA_U64 },
	};
	struct nlattr *tb[IPSEC_QOS_COUNTER_A_MAX + 1];

	if (nla_parse_nested(tb, IPSEC_QOS_COUNTER_A_MAX, nest, policy) < 0)
		return -EBADMSG;
	c->packets = iq_u64(tb[IPSEC_QOS_COUNTER_A_PACKETS]);
	c->bytes = iq_u64(tb[IPSEC_QOS_COUNTER_A_BYTES]);
	return 0;
}

int iq_get_counters(struct nlattr *nest, struct iq_kernel_count *counters, int max)
{
	struct nlattr *a;
	int rem;

	if (!nest)
		return 0;
	nla_for_each_nested(a, nest, rem)
		if (nla_type(a) > 0 && nla_type(a) <= max &&
		    iq_get_counter(a, &counters[nla_type(a)]) < 0)
			return -EBADMSG;
	return 0;
}

int iq_get_addr(const struct nlattr *family, const struct nlattr *a, struct iq_addr *addr)
{
	memset(addr, 0, sizeof(*addr));
	if (!family || !a)
		return -EBADMSG;
	addr->family = nla_get_u8(family);
	if (nla_len(a) != iq_addr_len(addr))
		return -EBADMSG;
	memcpy(addr->b, nla_data(a), nla_len(a));
	return 0;
}
