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

/* SAs */

static int put_sa_address(struct nl_msg *msg, const struct iq_addr *dst)
{
	return nla_put(msg, IPSEC_QOS_SA_A_DST, dst->family == AF_INET ? 4 : 16,
		       dst->b);
}

static int put_sa_parts(struct nl_msg *msg, const struct iq_sa *sa)
{
	NLA_PUT_U8(msg, IPSEC_QOS_SA_A_FAMILY, sa->dst.family);
	if (put_sa_address(msg, &sa->dst) < 0)
		return -ENOMEM;
	NLA_PUT_U32(msg, IPSEC_QOS_SA_A_SPI, sa->spi);
	NLA_PUT_U8(msg, IPSEC_QOS_SA_A_PROTO, sa->proto);
	return 0;

nla_put_failure:
	return -ENOMEM;
}

static int put_sa_key(struct nl_msg *msg, const void *entry)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_SA);

	if (!nest || put_sa_parts(msg, entry) < 0)
		return -ENOMEM;
	return nla_nest_end(msg, nest);
}

static int put_sa(struct nl_msg *msg, const void *entry)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_SA);
	const struct iq_sa *sa = entry;

	if (!nest || put_sa_parts(msg, sa) < 0)
		return -ENOMEM;
	NLA_PUT_U32(msg, IPSEC_QOS_SA_A_GROUP, sa->group);
	if (sa->lifetime)
		NLA_PUT_U32(msg, IPSEC_QOS_SA_A_LIFETIME, sa->lifetime);
	if (sa->flags)
		NLA_PUT_U32(msg, IPSEC_QOS_SA_A_FLAGS, sa->flags);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

/* An empty nest is left out: it would say the same. */
static int put_sa_filter(struct nl_msg *msg, const void *filter)
{
	const struct iq_sa *sa = filter;
	static const uint8_t any[sizeof(sa->dst.b)];
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_SA);

	if (!nest)
		return -ENOMEM;
	if (sa->dst.family)
		NLA_PUT_U8(msg, IPSEC_QOS_SA_A_FAMILY, sa->dst.family);
	if (memcmp(sa->dst.b, any, sizeof(any)) &&
	    put_sa_address(msg, &sa->dst) < 0)
		return -ENOMEM;
	if (sa->spi)
		NLA_PUT_U32(msg, IPSEC_QOS_SA_A_SPI, sa->spi);
	if (sa->proto)
		NLA_PUT_U8(msg, IPSEC_QOS_SA_A_PROTO, sa->proto);
	if (sa->group)
		NLA_PUT_U32(msg, IPSEC_QOS_SA_A_GROUP, sa->group);
	nla_nest_end(msg, nest);
	return iq_put_owner(msg, &sa->owner);

nla_put_failure:
	return -ENOMEM;
}

int iq_get_sa(struct nlattr *nest, void *arg)
{
	static struct nla_policy policy[IPSEC_QOS_SA_A_MAX + 1] = {
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
	};
	struct nlattr *tb[IPSEC_QOS_SA_A_MAX + 1];
	struct iq_sa *sa = arg;

	if (nla_parse_nested(tb, IPSEC_QOS_SA_A_MAX, nest, policy) < 0 ||
	    !tb[IPSEC_QOS_SA_A_FAMILY] || !tb[IPSEC_QOS_SA_A_DST])
		return -EBADMSG;
	memset(sa, 0, sizeof(*sa));
	sa->dst.family = nla_get_u8(tb[IPSEC_QOS_SA_A_FAMILY]);
	memcpy(sa->dst.b, nla_data(tb[IPSEC_QOS_SA_A_DST]),
	       nla_len(tb[IPSEC_QOS_SA_A_DST]));
	sa->spi = iq_u32(tb[IPSEC_QOS_SA_A_SPI]);
	sa->proto = iq_u8(tb[IPSEC_QOS_SA_A_PROTO], IPPROTO_ESP);
	sa->group = iq_u32(tb[IPSEC_QOS_SA_A_GROUP]);
	sa->lifetime = iq_u32(tb[IPSEC_QOS_SA_A_LIFETIME]);
	sa->flags = iq_u32(tb[IPSEC_QOS_SA_A_FLAGS]);
	sa->owner = iq_u8(tb[IPSEC_QOS_SA_A_OWNER], 0);
	sa->count.packets = iq_u64(tb[IPSEC_QOS_SA_A_PACKETS]);
	sa->count.bytes = iq_u64(tb[IPSEC_QOS_SA_A_BYTES]);
	return 0;
}

struct sa_sink {
	int (*cb)(const struct iq_sa *sa, void *arg);
	void *arg;
};

static int sa_entry(struct nlattr *nest, void *arg)
{
	const struct sa_sink *sink = arg;
	struct iq_sa sa;
	int ret = iq_get_sa(nest, &sa);

	return ret ? ret : sink->cb(&sa, sink->arg);
}

void iq_kernel_expect(struct iq_kernel *k, size_t n)
{
	k->expected = n;
}

int iq_kernel_sa_new(struct iq_kernel *k, const struct iq_sa *sa, size_t n,
		     int owner, int nlflags)
{
	return iq_bulk(k, IPSEC_QOS_CMD_SA_NEW, nlflags, owner, sa, n, sizeof(*sa),
		       k->expected, put_sa);
}

int iq_kernel_sa_del(struct iq_kernel *k, const struct iq_sa *sa, size_t n)
{
	return iq_bulk(k, IPSEC_QOS_CMD_SA_DEL, 0, -1, sa, n, sizeof(*sa),
		       -1, put_sa_key);
}

int iq_kernel_sa_dump(struct iq_kernel *k, const struct iq_sa *filter,
		      int (*cb)(const struct iq_sa *sa, void *arg), void *arg)
{
	struct sa_sink sink = { cb, arg };
	struct iq_sink entries = { IPSEC_QOS_A_SA, sa_entry, &sink };

	return iq_ask(k, IPSEC_QOS_CMD_SA_GET, NLM_F_DUMP, put_sa_filter, filter,
		      iq_entries_answer, &entries);
}

int iq_kernel_sa_get(struct iq_kernel *k, struct iq_sa *sa)
{
	struct iq_sink entries = { IPSEC_QOS_A_SA, iq_get_sa, sa };

	return iq_ask(k, IPSEC_QOS_CMD_SA_GET, 0, put_sa_key, sa, iq_entries_answer,
		      &entries);
}

int iq_kernel_sa_flush(struct iq_kernel *k, const struct iq_sa *filter,
		       uint32_t *count)
{
	*count = 0;
	return iq_ask(k, IPSEC_QOS_CMD_SA_FLUSH, 0, put_sa_filter, filter,
		      iq_count_answer, count);
}

/* IKE SAs */

static int put_ike_key(struct nl_msg *msg, const void *entry)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_IKE);
	const struct iq_ike *ike = entry;

	if (!nest)
		return -ENOMEM;
	NLA_PUT_U64(msg, IPSEC_QOS_IKE_A_SPI_I, ike->spi_i);
	NLA_PUT_U64(msg, IPSEC_QOS_IKE_A_SPI_R, ike->spi_r);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

static int put_ike(struct nl_msg *msg, const void *entry)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_IKE);
	const struct iq_ike *ike = entry;

	if (!nest)
		return -ENOMEM;
	NLA_PUT_U64(msg, IPSEC_QOS_IKE_A_SPI_I, ike->spi_i);
	NLA_PUT_U64(msg, IPSEC_QOS_IKE_A_SPI_R, ike->spi_r);
	NLA_PUT_U32(msg, IPSEC_QOS_IKE_A_GROUP, ike->group);
	if (ike->lifetime)
		NLA_PUT_U32(msg, IPSEC_QOS_IKE_A_LIFETIME, ike->lifetime);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

static int put_ike_filter(struct nl_msg *msg, const void *filter)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_IKE);
	const struct iq_ike *ike = filter;

	if (!nest)
		return -ENOMEM;
	if (ike->spi_i)
		NLA_PUT_U64(msg, IPSEC_QOS_IKE_A_SPI_I, ike->spi_i);
	if (ike->has_spi_r)
		NLA_PUT_U64(msg, IPSEC_QOS_IKE_A_SPI_R, ike->spi_r);
	if (ike->group)
		NLA_PUT_U32(msg, IPSEC_QOS_IKE_A_GROUP, ike->group);
	nla_nest_end(msg, nest);
	return iq_put_owner(msg, &ike->owner);

nla_put_failure:
	return -ENOMEM;
}

int iq_get_ike(struct nlattr *nest, void *arg)
{
	static struct nla_policy policy[IPSEC_QOS_IKE_A_MAX + 1] = {
		[IPSEC_QOS_IKE_A_SPI_I] = { .type = NLA_U64 },
		[IPSEC_QOS_IKE_A_SPI_R] = { .type = NLA_U64 },
		[IPSEC_QOS_IKE_A_GROUP] = { .type = NLA_U32 },
		[IPSEC_QOS_IKE_A_LIFETIME] = { .type = NLA_U32 },
		[IPSEC_QOS_IKE_A_OWNER] = { .type = NLA_U8 },
		[IPSEC_QOS_IKE_A_PACKETS] = { .type = NLA_U64 },
		[IPSEC_QOS_IKE_A_BYTES] = { .type = NLA_U64 },
	};
	struct nlattr *tb[IPSEC_QOS_IKE_A_MAX + 1];
	struct iq_ike *ike = arg;

	if (nla_parse_nested(tb, IPSEC_QOS_IKE_A_MAX, nest, policy) < 0)
		return -EBADMSG;
	memset(ike, 0, sizeof(*ike));
	ike->spi_i = iq_u64(tb[IPSEC_QOS_IKE_A_SPI_I]);
	ike->spi_r = iq_u64(tb[IPSEC_QOS_IKE_A_SPI_R]);
	ike->group = iq_u32(tb[IPSEC_QOS_IKE_A_GROUP]);
	ike->lifetime = iq_u32(tb[IPSEC_QOS_IKE_A_LIFETIME]);
	ike->owner = iq_u8(tb[IPSEC_QOS_IKE_A_OWNER], 0);
	ike->count.packets = iq_u64(tb[IPSEC_QOS_IKE_A_PACKETS]);
	ike->count.bytes = iq_u64(tb[IPSEC_QOS_IKE_A_BYTES]);
	return 0;
}

struct ike_sink {
	int (*cb)(const struct iq_ike *ike, void *arg);
	void *arg;
};

static int ike_entry(struct nlattr *nest, void *arg)
{
	const struct ike_sink *sink = arg;
	struct iq_ike ike;
	int ret = iq_get_ike(nest, &ike);

	return ret ? ret : sink->cb(&ike, sink->arg);
}

int iq_kernel_ike_new(struct iq_kernel *k, const struct iq_ike *ike, size_t n,
		      int owner, int nlflags)
{
	return iq_bulk(k, IPSEC_QOS_CMD_IKE_NEW, nlflags, owner, ike, n,
		       sizeof(*ike), 0, put_ike);
}

int iq_kernel_ike_del(struct iq_kernel *k, const struct iq_ike *ike, size_t n)
{
	return iq_bulk(k, IPSEC_QOS_CMD_IKE_DEL, 0, -1, ike, n, sizeof(*ike),
		       -1, put_ike_key);
}

int iq_kernel_ike_dump(struct iq_kernel *k, const struct iq_ike *filter,
		       int (*cb)(const struct iq_ike *ike, void *arg), void *arg)
{
	struct ike_sink sink = { cb, arg };
	struct iq_sink entries = { IPSEC_QOS_A_IKE, ike_entry, &sink };

	return iq_ask(k, IPSEC_QOS_CMD_IKE_GET, NLM_F_DUMP, put_ike_filter, filter,
		      iq_entries_answer, &entries);
}

int iq_kernel_ike_get(struct iq_kernel *k, struct iq_ike *ike)
{
	struct iq_sink entries = { IPSEC_QOS_A_IKE, iq_get_ike, ike };

	return iq_ask(k, IPSEC_QOS_CMD_IKE_GET, 0, put_ike_key, ike,
		      iq_entries_answer, &entries);
}

int iq_kernel_ike_flush(struct iq_kernel *k, const struct iq_ike *filter,
			uint32_t *count)
{
	*count = 0;
	return iq_ask(k, IPSEC_QOS_CMD_IKE_FLUSH, 0, put_ike_filter, filter,
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
