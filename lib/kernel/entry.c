// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the module's tables hold, as attributes and as calls: SAs and IKE SAs, and
 * the generations in which they are stated.
 */
#include "lib/kernel/entry.h"

#include <errno.h>
#include <string.h>
#include <netinet/in.h>
#include <netlink/attr.h>

#include "lib/kernel/request.h"

/**
 * struct table - how the module and we speak of a table's entries
 *
 * @nest: the attribute that is an entry
 * @max: the last of those that it nests
 * @group: the attributes of what entries of both tables have, down to @bytes
 * @expected: later requests are announced (iq_kernel_expect())
 * @put_key: write the key
 * @put_more: write what only this table's entries have beside it; NULL: nothing
 * @put_filter: write what a filter says of the key
 * @get: read the key, and what only this table's entries have
 */
struct table {
	size_t size;
	int cmd_new;
	int cmd_del;
	int cmd_get;
	int cmd_flush;
	int nest;
	int max;
	int group;
	int lifetime;
	int owner;
	int packets;
	int bytes;
	bool expected;
	struct nla_policy *policy;
	int (*put_key)(struct nl_msg *msg, const struct iq_kernel_entry *entry);
	int (*put_more)(struct nl_msg *msg, const struct iq_kernel_entry *entry);
	int (*put_filter)(struct nl_msg *msg, const struct iq_kernel_entry *filter);
	int (*get)(struct nlattr **tb, struct iq_kernel_entry *entry);
};

/* SAs */

static const struct iq_sa *sa_of(const struct iq_kernel_entry *entry)
{
	return (const struct iq_sa *)entry;
}

static int put_sa_address(struct nl_msg *msg, const struct iq_addr *dst)
{
	return nla_put(msg, IPSEC_QOS_SA_A_DST, iq_addr_len(dst), dst->b);
}

static int put_sa_key(struct nl_msg *msg, const struct iq_kernel_entry *entry)
{
	const struct iq_sa *sa = sa_of(entry);

	NLA_PUT_U8(msg, IPSEC_QOS_SA_A_FAMILY, sa->dst.family);
	if (put_sa_address(msg, &sa->dst) < 0)
		return -ENOMEM;
	NLA_PUT_U32(msg, IPSEC_QOS_SA_A_SPI, sa->spi);
	NLA_PUT_U8(msg, IPSEC_QOS_SA_A_PROTO, sa->proto);
	return 0;

nla_put_failure:
	return -ENOMEM;
}

static int put_sa_more(struct nl_msg *msg, const struct iq_kernel_entry *entry)
{
	const struct iq_sa *sa = sa_of(entry);

	if (sa->flags)
		NLA_PUT_U32(msg, IPSEC_QOS_SA_A_FLAGS, sa->flags);
	if (sa->element)
		NLA_PUT_U32(msg, IPSEC_QOS_SA_A_ELEMENT, sa->element);
	return 0;

nla_put_failure:
	return -ENOMEM;
}

static int put_sa_filter(struct nl_msg *msg, const struct iq_kernel_entry *filter)
{
	const struct iq_sa *sa = sa_of(filter);
	static const uint8_t any[sizeof(sa->dst.b)];

	if (sa->dst.family)
		NLA_PUT_U8(msg, IPSEC_QOS_SA_A_FAMILY, sa->dst.family);
	if (memcmp(sa->dst.b, any, sizeof(any)) &&
	    put_sa_address(msg, &sa->dst) < 0)
		return -ENOMEM;
	if (sa->spi)
		NLA_PUT_U32(msg, IPSEC_QOS_SA_A_SPI, sa->spi);
	if (sa->proto)
		NLA_PUT_U8(msg, IPSEC_QOS_SA_A_PROTO, sa->proto);
	if (sa->element)
		NLA_PUT_U32(msg, IPSEC_QOS_SA_A_ELEMENT, sa->element);
	return 0;

nla_put_failure:
	return -ENOMEM;
}

static int get_sa(struct nlattr **tb, struct iq_kernel_entry *entry)
{
	struct iq_sa *sa = (struct iq_sa *)entry;

	if (iq_get_addr(tb[IPSEC_QOS_SA_A_FAMILY], tb[IPSEC_QOS_SA_A_DST], &sa->dst) < 0)
		return -EBADMSG;
	sa->spi = iq_u32(tb[IPSEC_QOS_SA_A_SPI]);
	sa->proto = iq_u8(tb[IPSEC_QOS_SA_A_PROTO], IPPROTO_ESP);
	sa->flags = iq_u32(tb[IPSEC_QOS_SA_A_FLAGS]);
	sa->element = iq_u32(tb[IPSEC_QOS_SA_A_ELEMENT]);
	return 0;
}

static struct nla_policy sa_policy[IPSEC_QOS_SA_A_MAX + 1] = {
	[IPSEC_QOS_SA_A_FAMILY] = { .type = NLA_U8 },
	[IPSEC_QOS_SA_A_DST] = { .minlen = 4, .maxlen = 16 },
	[IPSEC_QOS_SA_A_SPI] = { .type = NLA_U32 },
	[IPSEC_QOS_SA_A_PROTO] = { .type = NLA_U8 },
	[IPSEC_QOS_SA_A_GROUP] = { .type = NLA_U32 },
	[IPSEC_QOS_SA_A_LIFETIME] = { .type = NLA_U32 },
	[IPSEC_QOS_SA_A_FLAGS] = { .type = NLA_U32 },
	[IPSEC_QOS_SA_A_OWNER] = { .type = NLA_U8 },
	[IPSEC_QOS_SA_A_PACKETS] = { .type = NLA_U64 },
	[IPSEC_QOS_SA_A_BYTES] = { .type = NLA_U64 },
	[IPSEC_QOS_SA_A_ELEMENT] = { .type = NLA_U32 },
};

/* IKE SAs */

static const struct iq_ike *ike_of(const struct iq_kernel_entry *entry)
{
	return (const struct iq_ike *)entry;
}

static int put_ike_key(struct nl_msg *msg, const struct iq_kernel_entry *entry)
{
	const struct iq_ike *ike = ike_of(entry);

	NLA_PUT_U64(msg, IPSEC_QOS_IKE_A_SPI_I, ike->spi_i);
	NLA_PUT_U64(msg, IPSEC_QOS_IKE_A_SPI_R, ike->spi_r);
	return 0;

nla_put_failure:
	return -ENOMEM;
}

static int put_ike_filter(struct nl_msg *msg, const struct iq_kernel_entry *filter)
{
	const struct iq_ike *ike = ike_of(filter);

	if (ike->spi_i)
		NLA_PUT_U64(msg, IPSEC_QOS_IKE_A_SPI_I, ike->spi_i);
	if (ike->has_spi_r)
		NLA_PUT_U64(msg, IPSEC_QOS_IKE_A_SPI_R, ike->spi_r);
	return 0;

nla_put_failure:
	return -ENOMEM;
}

static int get_ike(struct nlattr **tb, struct iq_kernel_entry *entry)
{
	struct iq_ike *ike = (struct iq_ike *)entry;

	ike->spi_i = iq_u64(tb[IPSEC_QOS_IKE_A_SPI_I]);
	ike->spi_r = iq_u64(tb[IPSEC_QOS_IKE_A_SPI_R]);
	return 0;
}

static struct nla_policy ike_policy[IPSEC_QOS_IKE_A_MAX + 1] = {
	[IPSEC_QOS_IKE_A_SPI_I] = { .type = NLA_U64 },
	[IPSEC_QOS_IKE_A_SPI_R] = { .type = NLA_U64 },
	[IPSEC_QOS_IKE_A_GROUP] = { .type = NLA_U32 },
	[IPSEC_QOS_IKE_A_LIFETIME] = { .type = NLA_U32 },
	[IPSEC_QOS_IKE_A_OWNER] = { .type = NLA_U8 },
	[IPSEC_QOS_IKE_A_PACKETS] = { .type = NLA_U64 },
	[IPSEC_QOS_IKE_A_BYTES] = { .type = NLA_U64 },
};

/* Both */

static const struct table tables[IQ_TABLES] = {
	[IQ_TABLE_SA] = {
		.size = sizeof(struct iq_sa),
		.cmd_new = IPSEC_QOS_CMD_SA_NEW,
		.cmd_del = IPSEC_QOS_CMD_SA_DEL,
		.cmd_get = IPSEC_QOS_CMD_SA_GET,
		.cmd_flush = IPSEC_QOS_CMD_SA_FLUSH,
		.nest = IPSEC_QOS_A_SA,
		.max = IPSEC_QOS_SA_A_MAX,
		.group = IPSEC_QOS_SA_A_GROUP,
		.lifetime = IPSEC_QOS_SA_A_LIFETIME,
		.owner = IPSEC_QOS_SA_A_OWNER,
		.packets = IPSEC_QOS_SA_A_PACKETS,
		.bytes = IPSEC_QOS_SA_A_BYTES,
		.expected = true,
		.policy = sa_policy,
		.put_key = put_sa_key,
		.put_more = put_sa_more,
		.put_filter = put_sa_filter,
		.get = get_sa,
	},
	[IQ_TABLE_IKE] = {
		.size = sizeof(struct iq_ike),
		.cmd_new = IPSEC_QOS_CMD_IKE_NEW,
		.cmd_del = IPSEC_QOS_CMD_IKE_DEL,
		.cmd_get = IPSEC_QOS_CMD_IKE_GET,
		.cmd_flush = IPSEC_QOS_CMD_IKE_FLUSH,
		.nest = IPSEC_QOS_A_IKE,
		.max = IPSEC_QOS_IKE_A_MAX,
		.group = IPSEC_QOS_IKE_A_GROUP,
		.lifetime = IPSEC_QOS_IKE_A_LIFETIME,
		.owner = IPSEC_QOS_IKE_A_OWNER,
		.packets = IPSEC_QOS_IKE_A_PACKETS,
		.bytes = IPSEC_QOS_IKE_A_BYTES,
		.policy = ike_policy,
		.put_key = put_ike_key,
		.put_filter = put_ike_filter,
		.get = get_ike,
	},
};

static const struct table *table_of(const struct iq_kernel_entry *entry)
{
	return &tables[entry->table];
}

size_t iq_kernel_entry_size(enum iq_table_id table)
{
	return tables[table].size;
}

static int put_key(struct nl_msg *msg, const void *what)
{
	const struct iq_kernel_entry *entry = what;
	const struct table *table = table_of(entry);
	struct nlattr *nest = nla_nest_start(msg, table->nest);

	if (!nest || table->put_key(msg, entry) < 0)
		return -ENOMEM;
	return nla_nest_end(msg, nest);
}

static int put_entry(struct nl_msg *msg, const void *what)
{
	const struct iq_kernel_entry *entry = what;
	const struct table *table = table_of(entry);
	struct nlattr *nest = nla_nest_start(msg, table->nest);

	if (!nest || table->put_key(msg, entry) < 0)
		return -ENOMEM;
	if (entry->group)
		NLA_PUT_U32(msg, table->group, entry->group);
	if (entry->lifetime)
		NLA_PUT_U32(msg, table->lifetime, entry->lifetime);
	if (table->put_more && table->put_more(msg, entry) < 0)
		return -ENOMEM;
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

/* An empty nest is left out: it would say the same. */
static int put_filter(struct nl_msg *msg, const void *what)
{
	const struct iq_kernel_entry *filter = what;
	const struct table *table = table_of(filter);
	struct nlattr *nest = nla_nest_start(msg, table->nest);

	if (!nest || table->put_filter(msg, filter) < 0)
		return -ENOMEM;
	if (filter->group)
		NLA_PUT_U32(msg, table->group, filter->group);
	nla_nest_end(msg, nest);
	return iq_put_owner(msg, &filter->owner);

nla_put_failure:
	return -ENOMEM;
}

static int get_entry(struct nlattr *nest, enum iq_table_id id, struct iq_kernel_entry *entry)
{
	struct nlattr *tb[(IPSEC_QOS_SA_A_MAX > IPSEC_QOS_IKE_A_MAX ?
			   IPSEC_QOS_SA_A_MAX : IPSEC_QOS_IKE_A_MAX) + 1];
	const struct table *table = &tables[id];

	if (nla_parse_nested(tb, table->max, nest, table->policy) < 0)
		return -EBADMSG;
	memset(entry, 0, table->size);
	entry->table = id;
	entry->group = iq_u32(tb[table->group]);
	entry->lifetime = iq_u32(tb[table->lifetime]);
	entry->owner = iq_u8(tb[table->owner], 0);
	entry->count.packets = iq_u64(tb[table->packets]);
	entry->count.bytes = iq_u64(tb[table->bytes]);
	return table->get(tb, entry);
}

int iq_get_sa(struct nlattr *nest, void *arg)
{
	return get_entry(nest, IQ_TABLE_SA, arg);
}

int iq_get_ike(struct nlattr *nest, void *arg)
{
	return get_entry(nest, IQ_TABLE_IKE, arg);
}

/* Calls */

/**
 * struct entry_sink - where the entries of an answer go
 *
 * @cb: called with each; NULL: @entry is to be filled in
 */
struct entry_sink {
	enum iq_table_id table;
	struct iq_kernel_entry *entry;
	int (*cb)(const struct iq_kernel_entry *entry, void *arg);
	void *arg;
};

static int on_entry(struct nlattr *nest, void *arg)
{
	const struct entry_sink *sink = arg;
	union iq_any_entry one;
	int ret;

	if (!sink->cb)
		return get_entry(nest, sink->table, sink->entry);
	ret = get_entry(nest, sink->table, &one.entry);
	return ret ? ret : sink->cb(&one.entry, sink->arg);
}

void iq_kernel_expect(struct iq_kernel *k, size_t n)
{
	k->expected = n;
}

int iq_kernel_entry_new(struct iq_kernel *k, const struct iq_kernel_entry *entry, size_t n,
			int owner, int nlflags)
{
	const struct table *table = table_of(entry);

	return iq_bulk(k, table->cmd_new, nlflags, owner, entry, n, table->size,
		       table->expected ? k->expected : 0, put_entry);
}

int iq_kernel_entry_del(struct iq_kernel *k, const struct iq_kernel_entry *entry, size_t n)
{
	const struct table *table = table_of(entry);

	return iq_bulk(k, table->cmd_del, 0, -1, entry, n, table->size, -1, put_key);
}

int iq_kernel_entry_dump(struct iq_kernel *k, const struct iq_kernel_entry *filter,
			 int (*cb)(const struct iq_kernel_entry *entry, void *arg), void *arg)
{
	const struct table *table = table_of(filter);
	struct entry_sink sink = { .table = filter->table, .cb = cb, .arg = arg };
	struct iq_sink entries = { table->nest, on_entry, &sink };

	return iq_ask(k, table->cmd_get, NLM_F_DUMP, put_filter, filter,
		      iq_entries_answer, &entries);
}

int iq_kernel_entry_get(struct iq_kernel *k, struct iq_kernel_entry *entry)
{
	const struct table *table = table_of(entry);
	struct entry_sink sink = { .table = entry->table, .entry = entry };
	struct iq_sink entries = { table->nest, on_entry, &sink };

	return iq_ask(k, table->cmd_get, 0, put_key, entry, iq_entries_answer,
		      &entries);
}

int iq_kernel_entry_flush(struct iq_kernel *k, const struct iq_kernel_entry *filter,
			  uint32_t *count)
{
	*count = 0;
	return iq_ask(k, table_of(filter)->cmd_flush, 0, put_filter, filter,
		      iq_count_answer, count);
}

/* Generations */

struct resync {
	int owner;
	uint32_t generation;
};

static int put_resync(struct nl_msg *msg, const void *what)
{
	const struct resync *resync = what;

	if (iq_put_owner(msg, &resync->owner) < 0)
		return -ENOMEM;
	return nla_put_u32(msg, IPSEC_QOS_A_GENERATION, resync->generation);
}

int iq_kernel_resync_start(struct iq_kernel *k, int owner, uint32_t *generation)
{
	*generation = 0;
	return iq_ask(k, IPSEC_QOS_CMD_RESYNC_START, 0, iq_put_owner, &owner,
		      iq_generation_answer, generation);
}

int iq_kernel_resync_end(struct iq_kernel *k, int owner, uint32_t generation,
			 uint32_t *count)
{
	const struct resync resync = { owner, generation };

	*count = 0;
	return iq_ask(k, IPSEC_QOS_CMD_RESYNC_END, 0, put_resync, &resync,
		      iq_count_answer, count);
}
