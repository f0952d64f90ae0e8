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
 * which the name has 36 bytes, of an element or a chain no more; a device with both its
 * sides; an IPv6 SA. Not more than need be: a request full of SAs comes from the heap again
 * and again, and from no fresh pages.
 */
#define NAMED_SIZE	128
#define DEVICE_SIZE	272
#define ENTRY_SIZE	84
/* header, owner; settings with a full fall-back table, a pool with all its members */
#define REQUEST_SIZE	8192
/* entries of one request, where each has its own size; the kernel has this in one piece */
#define ENTRIES_SIZE	(128 << 10)

static size_t entry_size(int cmd)
{
	switch (cmd) {
	case IPSEC_QOS_CMD_GROUP_NEW:
	case IPSEC_QOS_CMD_GROUP_DEL:
	case IPSEC_QOS_CMD_ELEMENT_NEW:
	case IPSEC_QOS_CMD_ELEMENT_DEL:
	case IPSEC_QOS_CMD_POOL_DEL:
	case IPSEC_QOS_CMD_CHAIN_NEW:
		return NAMED_SIZE;
	case IPSEC_QOS_CMD_DEVICE_NEW:
		return DEVICE_SIZE;
	}
	return ENTRY_SIZE;
}

/* @size: of all its entries */
static struct nl_msg *make_request(struct iq_kernel *k, int cmd, int nlflags,
				   size_t size)
{
	struct nl_msg *msg = nlmsg_alloc_size(REQUEST_SIZE + size);

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

/**
 * struct bulk - a command with many entries of @size bytes
 *
 * @more: what comes with later calls; -1: nobody wants to know
 * @bytes: what an entry takes in a request; NULL: as its command has it
 */
struct bulk {
	int cmd;
	int nlflags;
	int owner;
	size_t size;
	ssize_t more;
	size_t (*bytes)(const void *entry);
	int (*put)(struct nl_msg *msg, const void *entry);
};

/* How many of the @n entries go into the next request; @*room: what they take there */
static size_t next_chunk(const struct bulk *b, const char *entry, size_t n, size_t *room)
{
	size_t chunk = n < IPSEC_QOS_BULK_MAX ? n : IPSEC_QOS_BULK_MAX, i;

	if (!b->bytes) {
		*room = chunk * entry_size(b->cmd);
		return chunk;
	}
	*room = b->bytes(entry);
	for (i = 1; i < chunk; i++) {
		size_t bytes = b->bytes(entry + i * b->size);

		if (*room + bytes > ENTRIES_SIZE)
			break;
		*room += bytes;
	}
	return i;
}

static int send_bulk(struct iq_kernel *k, const struct bulk *b, const void *entries,
		     size_t n)
{
	const char *entry = entries;
	size_t base, chunk, room, i;

	for (base = 0; base < n; base += chunk) {
		struct nl_msg *msg;
		int ret;

		chunk = next_chunk(b, entry, n - base, &room);
		msg = make_request(k, b->cmd, b->nlflags, room);
		ret = msg ? iq_put_owner(msg, &b->owner) : -ENOMEM;
		if (ret >= 0 && b->more >= 0)
			ret = put_count(msg, chunk, n - base + b->more);
		for (i = 0; i < chunk && ret >= 0; i++, entry += b->size)
			ret = b->put(msg, entry);
		ret = iq_request(k, usable(msg, ret), NULL, NULL);
		if (ret) {
			if (k->culprit >= 0)
				k->culprit += base;
			return ret;
		}
	}
	return 0;
}

int iq_bulk(struct iq_kernel *k, int cmd, int nlflags, int owner,
	    const void *entries, size_t n, size_t size, ssize_t more,
	    int (*put)(struct nl_msg *msg, const void *entry))
{
	const struct bulk b = { cmd, nlflags, owner, size, more, NULL, put };

	return send_bulk(k, &b, entries, n);
}

int iq_bulk_sized(struct iq_kernel *k, int cmd, int nlflags, int owner,
		  const void *entries, size_t n, size_t size,
		  size_t (*bytes)(const void *entry),
		  int (*put)(struct nl_msg *msg, const void *entry))
{
	const struct bulk b = { cmd, nlflags, owner, size, -1, bytes, put };

	return send_bulk(k, &b, entries, n);
}

struct nl_msg *iq_new_request(struct iq_kernel *k, int cmd, int nlflags,
			      int (*put)(struct nl_msg *msg, const void *what),
			      const void *what)
{
	struct nl_msg *msg = make_request(k, cmd, nlflags, entry_size(cmd));

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
