// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "nat/netlink.h"
#include "tag/table.h"
#include "compat.h"
#include "conf.h"
#include "event.h"
#include "feature.h"
#include "group.h"
#include "netlink.h"

/* Not const: struct nla_policy takes it so before 6.7. */
static struct netlink_range_validation iq_lifetime_range = {
	.min = 1,
	.max = IPSEC_QOS_LIFETIME_MAX,
};

/*
 * What each command takes, and nothing else: what it would not heed it refuses,
 * lest a filter that it does not know make it remove everything.
 */

#define IQ_GROUP_KEY							\
	[IPSEC_QOS_GROUP_A_ID] = NLA_POLICY_MIN(NLA_U32, 1),		\
	[IPSEC_QOS_GROUP_A_NAME] = { .type = NLA_NUL_STRING,		\
				     .len = IPSEC_QOS_NAME_MAX - 1 }

static const struct nla_policy iq_group_policy[IPSEC_QOS_GROUP_A_MAX + 1] = {
	IQ_GROUP_KEY,
	[IPSEC_QOS_GROUP_A_MARK] = { .type = NLA_U32 },
	[IPSEC_QOS_GROUP_A_MASK] = NLA_POLICY_MIN(NLA_U32, 1),
	[IPSEC_QOS_GROUP_A_PRIORITY] = { .type = NLA_U32 },
	[IPSEC_QOS_GROUP_A_DSCP] = NLA_POLICY_MAX(NLA_U8, 63),
	[IPSEC_QOS_GROUP_A_OWNER] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_GROUP_A_SAS] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_GROUP_A_IKES] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_GROUP_A_COUNTERS] = IQ_ANSWER_ONLY,
};

static const struct nla_policy iq_group_key_policy[IPSEC_QOS_GROUP_A_MAX + 1] = {
	IQ_GROUP_KEY,
};

#define IQ_SA_KEY							\
	[IPSEC_QOS_SA_A_FAMILY] = { .type = NLA_U8 },			\
	[IPSEC_QOS_SA_A_DST] = NLA_POLICY_RANGE(NLA_BINARY,		\
						sizeof(struct in_addr),	\
						sizeof(struct in6_addr)), \
	[IPSEC_QOS_SA_A_SPI] = NLA_POLICY_MIN(NLA_U32, IQ_SPI_MIN),	\
	[IPSEC_QOS_SA_A_PROTO] = NLA_POLICY_RANGE(NLA_U8, IPPROTO_ESP,	\
						  IPPROTO_AH)

static const struct nla_policy iq_sa_policy[IPSEC_QOS_SA_A_MAX + 1] = {
	IQ_SA_KEY,
	[IPSEC_QOS_SA_A_GROUP] = NLA_POLICY_MIN(NLA_U32, 1),
	[IPSEC_QOS_SA_A_LIFETIME] = NLA_POLICY_FULL_RANGE(NLA_U32,
							  &iq_lifetime_range),
	[IPSEC_QOS_SA_A_FLAGS] = NLA_POLICY_MASK(NLA_U32,
						 IPSEC_QOS_SA_F_PENDING),
	[IPSEC_QOS_SA_A_OWNER] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_SA_A_PACKETS] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_SA_A_BYTES] = IQ_ANSWER_ONLY,
};

static const struct nla_policy iq_sa_filter_policy[IPSEC_QOS_SA_A_MAX + 1] = {
	IQ_SA_KEY,
	[IPSEC_QOS_SA_A_GROUP] = NLA_POLICY_MIN(NLA_U32, 1),
};

static const struct nla_policy iq_sa_key_policy[IPSEC_QOS_SA_A_MAX + 1] = {
	IQ_SA_KEY,
};

#define IQ_IKE_KEY							\
	[IPSEC_QOS_IKE_A_SPI_I] = NLA_POLICY_MIN(NLA_U64, 1),		\
	[IPSEC_QOS_IKE_A_SPI_R] = { .type = NLA_U64 }

static const struct nla_policy iq_ike_policy[IPSEC_QOS_IKE_A_MAX + 1] = {
	IQ_IKE_KEY,
	[IPSEC_QOS_IKE_A_GROUP] = NLA_POLICY_MIN(NLA_U32, 1),
	[IPSEC_QOS_IKE_A_LIFETIME] = NLA_POLICY_FULL_RANGE(NLA_U32,
							   &iq_lifetime_range),
	[IPSEC_QOS_IKE_A_OWNER] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_IKE_A_PACKETS] = IQ_ANSWER_ONLY,
	[IPSEC_QOS_IKE_A_BYTES] = IQ_ANSWER_ONLY,
};

static const struct nla_policy iq_ike_filter_policy[IPSEC_QOS_IKE_A_MAX + 1] = {
	IQ_IKE_KEY,
	[IPSEC_QOS_IKE_A_GROUP] = NLA_POLICY_MIN(NLA_U32, 1),
};

static const struct nla_policy iq_ike_key_policy[IPSEC_QOS_IKE_A_MAX + 1] = {
	IQ_IKE_KEY,
};

static const struct nla_policy iq_conf_policy[IPSEC_QOS_CONF_A_MAX + 1] = {
	[IPSEC_QOS_CONF_A_MAX_SAS] = NLA_POLICY_FULL_RANGE(NLA_U32,
							   &iq_max_sas_range),
	[IPSEC_QOS_CONF_A_MAX_IKES] = NLA_POLICY_FULL_RANGE(NLA_U32,
							    &iq_max_ikes_range),
	[IPSEC_QOS_CONF_A_MAX_GROUPS] = NLA_POLICY_FULL_RANGE(NLA_U32,
							      &iq_max_groups_range),
	[IPSEC_QOS_CONF_A_IKE_PORTS] = { .type = NLA_BINARY,
					 .len = IQ_PARSE_PORTS * sizeof(u16) },
	[IPSEC_QOS_CONF_A_NATT_PORTS] = { .type = NLA_BINARY,
					  .len = IQ_PARSE_PORTS * sizeof(u16) },
	[IPSEC_QOS_CONF_A_FALLBACK] = { .type = NLA_NESTED },
};

#define IQ_OWNER \
	[IPSEC_QOS_A_OWNER] = NLA_POLICY_MAX(NLA_U8, IPSEC_QOS_OWNER_MAX)

#define IQ_COUNT \
	[IPSEC_QOS_A_COUNT] = { .type = NLA_U32 }

/* The policies of IQ_CMD(): for each command what its messages may have. */
#define IQ_POLICY(name, ...)						\
static const struct nla_policy iq_##name##_request[IPSEC_QOS_A_MAX + 1] = { \
	__VA_ARGS__							\
}

#define IQ_NEST(attr, policy)						\
	[IPSEC_QOS_A_##attr] = NLA_POLICY_NESTED(policy)

IQ_POLICY(group_new, IQ_NEST(GROUP, iq_group_policy), IQ_OWNER);
IQ_POLICY(group_del, IQ_NEST(GROUP, iq_group_key_policy));
IQ_POLICY(group_get, IQ_NEST(GROUP, iq_group_key_policy), IQ_OWNER);
IQ_POLICY(sa_new, IQ_NEST(SA, iq_sa_policy), IQ_OWNER, IQ_COUNT);
IQ_POLICY(sa_del, IQ_NEST(SA, iq_sa_key_policy));
IQ_POLICY(sa_filter, IQ_NEST(SA, iq_sa_filter_policy), IQ_OWNER);
IQ_POLICY(ike_new, IQ_NEST(IKE, iq_ike_policy), IQ_OWNER, IQ_COUNT);
IQ_POLICY(ike_del, IQ_NEST(IKE, iq_ike_key_policy));
IQ_POLICY(ike_filter, IQ_NEST(IKE, iq_ike_filter_policy), IQ_OWNER);
IQ_POLICY(owner, IQ_OWNER);
IQ_POLICY(nothing);
IQ_POLICY(conf, IQ_NEST(CONF, iq_conf_policy));
IQ_POLICY(resync_end, IQ_OWNER, [IPSEC_QOS_A_GENERATION] = { .type = NLA_U32 });

/* Reading requests. What the policies say has been checked before. */

static u32 iq_get_count(struct nlattr **attrs)
{
	return attrs[IPSEC_QOS_A_COUNT] ? nla_get_u32(attrs[IPSEC_QOS_A_COUNT]) : 0;
}

static u8 iq_get_owner(struct nlattr **attrs)
{
	return attrs[IPSEC_QOS_A_OWNER] ?
	       nla_get_u8(attrs[IPSEC_QOS_A_OWNER]) : IPSEC_QOS_OWNER_STATIC;
}

/* The owner of a filter: -1 is any. */
static int iq_get_filter_owner(struct nlattr **attrs)
{
	return attrs[IPSEC_QOS_A_OWNER] ?
	       nla_get_u8(attrs[IPSEC_QOS_A_OWNER]) : -1;
}

/* How many attributes of a type are in a request: 1 to IPSEC_QOS_BULK_MAX. */
static int iq_count_attrs(struct genl_info *info, int type)
{
	const struct nlattr *attr;
	int rem, n = 0;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != type)
			continue;
		if (n++ == IPSEC_QOS_BULK_MAX) {
			iq_err(info->extack, attr,
			       "more than %d entries in one request",
			       IPSEC_QOS_BULK_MAX);
			return -E2BIG;
		}
	}
	if (!n) {
		NL_SET_ERR_ATTR_MISS(info->extack, NULL, type);
		iq_err(info->extack, NULL, "the request names no entry");
		return -EINVAL;
	}
	return n;
}

static bool iq_name_valid(const char *name)
{
	const char *p;

	if (!name[0] || name[0] == '.')
		return false;
	for (p = name; *p; p++)
		/* The kernel's isalnum() knows the letters of Latin-1 too. */
		if (!(isascii(*p) && isalnum(*p)) && !strchr("._-", *p))
			return false;
	return true;
}

/* @key: only the key is wanted, by ID or NAME. */
static int iq_get_group(const struct nlattr *attr, bool key,
			struct iq_group_req *req, struct netlink_ext_ack *extack)
{
	struct nlattr *tb[IPSEC_QOS_GROUP_A_MAX + 1];
	int err;

	err = nla_parse_nested(tb, IPSEC_QOS_GROUP_A_MAX, attr, iq_group_policy,
			       extack);
	if (err)
		return err;
	*req = (struct iq_group_req) { .attr = attr, .mask = ~0, .dscp = -1 };

	if (tb[IPSEC_QOS_GROUP_A_ID])
		req->id = nla_get_u32(tb[IPSEC_QOS_GROUP_A_ID]);
	if (tb[IPSEC_QOS_GROUP_A_NAME]) {
		nla_strscpy(req->name, tb[IPSEC_QOS_GROUP_A_NAME],
			    sizeof(req->name));
		if (!iq_name_valid(req->name)) {
			iq_err(extack, tb[IPSEC_QOS_GROUP_A_NAME],
			       "a group's name is 1 to %d of A-Z a-z 0-9 . _ -",
			       IPSEC_QOS_NAME_MAX - 1);
			return -EINVAL;
		}
	}
	if (!req->id && !(key && req->name[0])) {
		NL_SET_ERR_ATTR_MISS(extack, attr, IPSEC_QOS_GROUP_A_ID);
		iq_err(extack, attr, "a group's id%s is missing",
		       key ? " or name" : "");
		return -EINVAL;
	}
	if (tb[IPSEC_QOS_GROUP_A_MASK])
		req->mask = nla_get_u32(tb[IPSEC_QOS_GROUP_A_MASK]);
	if (tb[IPSEC_QOS_GROUP_A_MARK]) {
		req->has_mark = true;
		req->mark = nla_get_u32(tb[IPSEC_QOS_GROUP_A_MARK]);
		if (req->mark & ~req->mask) {
			iq_err(extack, tb[IPSEC_QOS_GROUP_A_MARK],
			       "mark 0x%x has bits outside of mask 0x%x",
			       req->mark, req->mask);
			return -EINVAL;
		}
	}
	if (tb[IPSEC_QOS_GROUP_A_PRIORITY])
		req->priority = nla_get_u32(tb[IPSEC_QOS_GROUP_A_PRIORITY]);
	if (tb[IPSEC_QOS_GROUP_A_DSCP])
		req->dscp = nla_get_u8(tb[IPSEC_QOS_GROUP_A_DSCP]);
	return 0;
}

static int iq_missing(const struct nlattr *nest, int type, const char *what,
		      struct netlink_ext_ack *extack)
{
	NL_SET_ERR_ATTR_MISS(extack, nest, type);
	iq_err(extack, nest, "%s is missing", what);
	return -EINVAL;
}

/* An SA's key; @filter: none of it has to be there. */
static int iq_get_sa_key(const struct nlattr *nest, struct nlattr **tb,
			 bool filter, struct iq_key *key, bool *has_dst,
			 struct netlink_ext_ack *extack)
{
	const struct nlattr *dst = tb[IPSEC_QOS_SA_A_DST];
	const struct nlattr *family = tb[IPSEC_QOS_SA_A_FAMILY];

	memset(key, 0, sizeof(*key));
	if (family) {
		key->family = nla_get_u8(family);
		if (key->family != AF_INET && key->family != AF_INET6) {
			iq_err(extack, family, "family %u is neither %u nor %u",
			       key->family, AF_INET, AF_INET6);
			return -EAFNOSUPPORT;
		}
	} else if (!filter || dst) {
		return iq_missing(nest, IPSEC_QOS_SA_A_FAMILY, "the family",
				  extack);
	}
	if (dst) {
		if (nla_len(dst) != (key->family == AF_INET ?
				     sizeof(struct in_addr) :
				     sizeof(struct in6_addr))) {
			iq_err(extack, dst, "%d bytes are no address of family %u",
			       nla_len(dst), key->family);
			return -EINVAL;
		}
		memcpy(key->dst, nla_data(dst), nla_len(dst));
	} else if (!filter) {
		return iq_missing(nest, IPSEC_QOS_SA_A_DST, "the destination",
				  extack);
	}
	*has_dst = dst;
	if (tb[IPSEC_QOS_SA_A_SPI])
		key->spi = cpu_to_be32(nla_get_u32(tb[IPSEC_QOS_SA_A_SPI]));
	else if (!filter)
		return iq_missing(nest, IPSEC_QOS_SA_A_SPI, "the SPI", extack);
	if (tb[IPSEC_QOS_SA_A_PROTO])
		key->proto = nla_get_u8(tb[IPSEC_QOS_SA_A_PROTO]);
	else if (!filter)
		key->proto = IPPROTO_ESP;
	return 0;
}

static int iq_get_ike_key(const struct nlattr *nest, struct nlattr **tb,
			  bool filter, struct iq_key *key,
			  struct netlink_ext_ack *extack)
{
	memset(key, 0, sizeof(*key));
	if (tb[IPSEC_QOS_IKE_A_SPI_I])
		key->spi_i = cpu_to_be64(nla_get_u64(tb[IPSEC_QOS_IKE_A_SPI_I]));
	else if (!filter)
		return iq_missing(nest, IPSEC_QOS_IKE_A_SPI_I,
				  "the initiator's SPI", extack);
	if (tb[IPSEC_QOS_IKE_A_SPI_R])
		key->spi_r = cpu_to_be64(nla_get_u64(tb[IPSEC_QOS_IKE_A_SPI_R]));
	else if (!filter)
		return iq_missing(nest, IPSEC_QOS_IKE_A_SPI_R,
				  "the responder's SPI", extack);
	return 0;
}

static int iq_get_entry_group(struct iq_net *iqn, const struct nlattr *attr,
			      struct iq_group **g, struct netlink_ext_ack *extack)
{
	*g = NULL;
	if (!attr)
		return 0;
	*g = iq_group_find(iqn, nla_get_u32(attr), NULL);
	if (*g)
		return 0;
	iq_err(extack, attr, "no group %u", nla_get_u32(attr));
	return -ENOENT;
}

static int iq_get_entry_sa(struct iq_net *iqn, const struct nlattr *attr,
			   struct iq_entry_req *req,
			   struct netlink_ext_ack *extack)
{
	struct nlattr *tb[IPSEC_QOS_SA_A_MAX + 1];
	bool has_dst;
	int err;

	err = nla_parse_nested(tb, IPSEC_QOS_SA_A_MAX, attr, NULL, extack);
	if (!err)
		err = iq_get_sa_key(attr, tb, false, &req->key, &has_dst, extack);
	if (!err)
		err = iq_get_entry_group(iqn, tb[IPSEC_QOS_SA_A_GROUP],
					 &req->group, extack);
	if (err)
		return err;
	req->pending = tb[IPSEC_QOS_SA_A_FLAGS] &&
		       nla_get_u32(tb[IPSEC_QOS_SA_A_FLAGS]) & IPSEC_QOS_SA_F_PENDING;
	if (tb[IPSEC_QOS_SA_A_LIFETIME])
		req->lifetime = nla_get_u32(tb[IPSEC_QOS_SA_A_LIFETIME]);
	else if (req->pending)
		req->lifetime = IPSEC_QOS_PENDING_LIFETIME;
	return 0;
}

static int iq_get_entry_ike(struct iq_net *iqn, const struct nlattr *attr,
			    struct iq_entry_req *req,
			    struct netlink_ext_ack *extack)
{
	struct nlattr *tb[IPSEC_QOS_IKE_A_MAX + 1];
	int err;

	err = nla_parse_nested(tb, IPSEC_QOS_IKE_A_MAX, attr, NULL, extack);
	if (!err)
		err = iq_get_ike_key(attr, tb, false, &req->key, extack);
	if (!err)
		err = iq_get_entry_group(iqn, tb[IPSEC_QOS_IKE_A_GROUP],
					 &req->group, extack);
	if (!err && tb[IPSEC_QOS_IKE_A_LIFETIME])
		req->lifetime = nla_get_u32(tb[IPSEC_QOS_IKE_A_LIFETIME]);
	return err;
}

static int iq_entry_attr(enum iq_table_id id)
{
	return id == IQ_TABLE_SA ? IPSEC_QOS_A_SA : IPSEC_QOS_A_IKE;
}

static int iq_get_entry(struct iq_table *t, const struct nlattr *attr,
			struct iq_entry_req *req, struct netlink_ext_ack *extack)
{
	memset(req, 0, sizeof(*req));
	req->attr = attr;
	return t->type->id == IQ_TABLE_SA ?
	       iq_get_entry_sa(t->iqn, attr, req, extack) :
	       iq_get_entry_ike(t->iqn, attr, req, extack);
}

static int iq_get_filter(enum iq_table_id id, struct nlattr **attrs,
			 struct iq_filter *f, struct netlink_ext_ack *extack)
{
	struct nlattr *tb[IPSEC_QOS_SA_A_MAX + 1];
	struct nlattr *nest = attrs[iq_entry_attr(id)], *group;
	int err;

	BUILD_BUG_ON(IPSEC_QOS_IKE_A_MAX > IPSEC_QOS_SA_A_MAX);
	memset(f, 0, sizeof(*f));
	f->owner = iq_get_filter_owner(attrs);
	if (!nest)
		return 0;
	if (id == IQ_TABLE_SA) {
		err = nla_parse_nested(tb, IPSEC_QOS_SA_A_MAX, nest,
				       iq_sa_policy, extack);
		if (!err)
			err = iq_get_sa_key(nest, tb, true, &f->key,
					    &f->has_dst, extack);
		group = err ? NULL : tb[IPSEC_QOS_SA_A_GROUP];
	} else {
		err = nla_parse_nested(tb, IPSEC_QOS_IKE_A_MAX, nest,
				       iq_ike_policy, extack);
		if (!err)
			err = iq_get_ike_key(nest, tb, true, &f->key, extack);
		f->has_spi_r = !err && tb[IPSEC_QOS_IKE_A_SPI_R];
		group = err ? NULL : tb[IPSEC_QOS_IKE_A_GROUP];
	}
	if (group)
		f->group = nla_get_u32(group);
	return err;
}

/* Writing answers. Each returns 0 or -EMSGSIZE with nothing written. */

int iq_put_count(struct sk_buff *skb, int type, const struct iq_count *c)
{
	struct nlattr *nest = nla_nest_start(skb, type);

	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u64_64bit(skb, IPSEC_QOS_COUNTER_A_PACKETS, c->packets,
			      IPSEC_QOS_COUNTER_A_PAD) ||
	    nla_put_u64_64bit(skb, IPSEC_QOS_COUNTER_A_BYTES, c->bytes,
			      IPSEC_QOS_COUNTER_A_PAD)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static int iq_put_counters(struct sk_buff *skb, const struct iq_group *g)
{
	struct nlattr *nest = nla_nest_start(skb, IPSEC_QOS_GROUP_A_COUNTERS);
	struct iq_count c;
	int i;

	if (!nest)
		return -EMSGSIZE;
	for (i = 1; i <= IPSEC_QOS_COUNTER_MAX; i++) {
		c = iq_counter_sum(g->counter, i);
		if (iq_put_count(skb, i, &c)) {
			nla_nest_cancel(skb, nest);
			return -EMSGSIZE;
		}
	}
	nla_nest_end(skb, nest);
	return 0;
}

/* What iq_put_group() needs. */
static size_t iq_group_size(void)
{
	return nla_total_size(6 * nla_total_size(sizeof(u32)) +
			      2 * nla_total_size(sizeof(u8)) +
			      nla_total_size(IPSEC_QOS_NAME_MAX) +
			      nla_total_size(IPSEC_QOS_COUNTER_MAX * iq_count_size()));
}

/* iq_net.config_lock is held. */
static int iq_put_group(struct sk_buff *skb, const struct iq_group *g)
{
	struct nlattr *nest = nla_nest_start(skb, IPSEC_QOS_A_GROUP);
	struct iq_action a;

	if (!nest)
		return -EMSGSIZE;
	rcu_read_lock();
	a = *iq_group_action(g);
	rcu_read_unlock();
	if (nla_put_u32(skb, IPSEC_QOS_GROUP_A_ID, g->id) ||
	    nla_put_string(skb, IPSEC_QOS_GROUP_A_NAME, g->name) ||
	    nla_put_u32(skb, IPSEC_QOS_GROUP_A_MARK, a.mark) ||
	    nla_put_u32(skb, IPSEC_QOS_GROUP_A_MASK, a.mask) ||
	    (a.priority &&
	     nla_put_u32(skb, IPSEC_QOS_GROUP_A_PRIORITY, a.priority)) ||
	    (a.dscp >= 0 && nla_put_u8(skb, IPSEC_QOS_GROUP_A_DSCP, a.dscp)) ||
	    nla_put_u8(skb, IPSEC_QOS_GROUP_A_OWNER, g->owner) ||
	    nla_put_u32(skb, IPSEC_QOS_GROUP_A_SAS,
			READ_ONCE(g->users[IQ_USER_SA])) ||
	    nla_put_u32(skb, IPSEC_QOS_GROUP_A_IKES,
			READ_ONCE(g->users[IQ_USER_IKE])) ||
	    iq_put_counters(skb, g)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static int iq_put_sa(struct sk_buff *skb, const struct iq_entry_info *i)
{
	int len = i->key.family == AF_INET ? sizeof(struct in_addr) :
					     sizeof(struct in6_addr);
	u32 flags = (i->pending ? IPSEC_QOS_SA_F_PENDING : 0) |
		    (i->local ? IPSEC_QOS_SA_F_LOCAL : 0);

	return nla_put_u8(skb, IPSEC_QOS_SA_A_FAMILY, i->key.family) ||
	       nla_put(skb, IPSEC_QOS_SA_A_DST, len, i->key.dst) ||
	       nla_put_u32(skb, IPSEC_QOS_SA_A_SPI, be32_to_cpu(i->key.spi)) ||
	       nla_put_u8(skb, IPSEC_QOS_SA_A_PROTO, i->key.proto) ||
	       nla_put_u32(skb, IPSEC_QOS_SA_A_GROUP, i->group) ||
	       (i->lifetime &&
		nla_put_u32(skb, IPSEC_QOS_SA_A_LIFETIME, i->lifetime)) ||
	       (flags && nla_put_u32(skb, IPSEC_QOS_SA_A_FLAGS, flags)) ||
	       nla_put_u8(skb, IPSEC_QOS_SA_A_OWNER, i->owner) ||
	       nla_put_u64_64bit(skb, IPSEC_QOS_SA_A_PACKETS, i->packets,
				 IPSEC_QOS_SA_A_PAD) ||
	       nla_put_u64_64bit(skb, IPSEC_QOS_SA_A_BYTES, i->bytes,
				 IPSEC_QOS_SA_A_PAD);
}

static int iq_put_ike(struct sk_buff *skb, const struct iq_entry_info *i)
{
	return nla_put_u64_64bit(skb, IPSEC_QOS_IKE_A_SPI_I,
				 be64_to_cpu(i->key.spi_i), IPSEC_QOS_IKE_A_PAD) ||
	       nla_put_u64_64bit(skb, IPSEC_QOS_IKE_A_SPI_R,
				 be64_to_cpu(i->key.spi_r), IPSEC_QOS_IKE_A_PAD) ||
	       nla_put_u32(skb, IPSEC_QOS_IKE_A_GROUP, i->group) ||
	       (i->lifetime &&
		nla_put_u32(skb, IPSEC_QOS_IKE_A_LIFETIME, i->lifetime)) ||
	       nla_put_u8(skb, IPSEC_QOS_IKE_A_OWNER, i->owner) ||
	       nla_put_u64_64bit(skb, IPSEC_QOS_IKE_A_PACKETS, i->packets,
				 IPSEC_QOS_IKE_A_PAD) ||
	       nla_put_u64_64bit(skb, IPSEC_QOS_IKE_A_BYTES, i->bytes,
				 IPSEC_QOS_IKE_A_PAD);
}

/* What of an entry both kinds have: group, lifetime, owner and counters. */
#define IQ_ENTRY_SIZE (2 * nla_total_size(sizeof(u32)) +		\
		       nla_total_size(sizeof(u8)) +			\
		       2 * nla_total_size_64bit(sizeof(u64)))

/* What iq_put_entry() needs. */
static size_t iq_entry_size(enum iq_table_id id)
{
	return nla_total_size(IQ_ENTRY_SIZE +
			      (id == IQ_TABLE_SA ?
			       2 * nla_total_size(sizeof(u8)) +
			       2 * nla_total_size(sizeof(u32)) +
			       nla_total_size(sizeof(struct in6_addr)) :
			       2 * nla_total_size_64bit(sizeof(u64))));
}

static int iq_put_entry(struct sk_buff *skb, enum iq_table_id id,
			const struct iq_entry_info *i)
{
	struct nlattr *nest = nla_nest_start(skb, iq_entry_attr(id));

	if (!nest)
		return -EMSGSIZE;
	if (id == IQ_TABLE_SA ? iq_put_sa(skb, i) : iq_put_ike(skb, i)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

struct sk_buff *iq_answer(struct genl_info *info, size_t size, void **hdr)
{
	struct sk_buff *skb = genlmsg_new(size, GFP_KERNEL);

	if (!skb)
		return NULL;
	*hdr = genlmsg_put_reply(skb, info, &iq_family, 0, info->genlhdr->cmd);
	if (*hdr)
		return skb;
	nlmsg_free(skb);
	return NULL;
}

int iq_reply(struct genl_info *info, struct sk_buff *skb, void *hdr, int err)
{
	if (err) {
		nlmsg_free(skb);
		return err;
	}
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);
}

int iq_reply_count(struct genl_info *info, u32 count)
{
	struct sk_buff *skb;
	void *hdr;

	skb = iq_answer(info, NLMSG_DEFAULT_SIZE, &hdr);
	if (!skb)
		return -ENOMEM;
	return iq_reply(info, skb, hdr,
			nla_put_u32(skb, IPSEC_QOS_A_COUNT, count));
}

/* Groups */

static int iq_group_request(struct genl_info *info, bool del)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	struct iq_group_req *req;
	const struct nlattr *attr;
	int n, rem, i = 0, err = 0;

	n = iq_count_attrs(info, IPSEC_QOS_A_GROUP);
	if (n < 0)
		return n;
	req = kvmalloc_array(n, sizeof(*req), GFP_KERNEL);
	if (!req)
		return -ENOMEM;
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != IPSEC_QOS_A_GROUP)
			continue;
		err = iq_get_group(attr, del, &req[i++], info->extack);
		if (err)
			goto out;
	}
	mutex_lock(&iqn->config_lock);
	err = del ? iq_group_del(iqn, req, n, info->extack) :
		    iq_group_set(iqn, req, n, iq_get_owner(info->attrs),
				 info->nlhdr->nlmsg_flags, info->extack);
	mutex_unlock(&iqn->config_lock);
out:
	kvfree(req);
	return err;
}

static int iq_cmd_group_new(struct sk_buff *skb, struct genl_info *info)
{
	return iq_group_request(info, false);
}

static int iq_cmd_group_del(struct sk_buff *skb, struct genl_info *info)
{
	return iq_group_request(info, true);
}

static int iq_cmd_group_get(struct sk_buff *skb, struct genl_info *info)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	struct iq_group_req req;
	struct sk_buff *answer;
	struct iq_group *g;
	void *hdr;
	int err;

	if (!info->attrs[IPSEC_QOS_A_GROUP]) {
		iq_err(info->extack, NULL, "the group is missing");
		return -EINVAL;
	}
	err = iq_get_group(info->attrs[IPSEC_QOS_A_GROUP], true, &req,
			   info->extack);
	if (err)
		return err;
	answer = iq_answer(info, NLMSG_DEFAULT_SIZE, &hdr);
	if (!answer)
		return -ENOMEM;
	mutex_lock(&iqn->config_lock);
	g = iq_group_find(iqn, req.id, req.name);
	if (g) {
		err = iq_put_group(answer, g);
	} else {
		iq_err(info->extack, req.attr, "no such group");
		err = -ENOENT;
	}
	mutex_unlock(&iqn->config_lock);
	return iq_reply(info, answer, hdr, err);
}

static int iq_dump_groups(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct iq_net *iqn = iq_net(sock_net(skb->sk));
	int owner = iq_get_filter_owner(iq_dump_attrs(cb));
	struct iq_group *g;
	unsigned long i;
	void *hdr;

	if (cb->args[1])
		return 0;
	mutex_lock(&iqn->config_lock);
	cb->seq = iqn->group_seq;
	xa_for_each_start(&iqn->groups, i, g, cb->args[0]) {
		if (owner >= 0 && g->owner != owner)
			continue;
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &iq_family, NLM_F_MULTI,
				  IPSEC_QOS_CMD_GROUP_NEW);
		if (!hdr)
			break;
		genl_dump_check_consistent(cb, hdr);
		if (iq_put_group(skb, g)) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
		cb->args[0] = i + 1;
	}
	/* All are told; behind the last id there may be no number to go on from. */
	cb->args[1] = !g;
	mutex_unlock(&iqn->config_lock);
	return skb->len;
}

static int iq_cmd_group_flush(struct sk_buff *skb, struct genl_info *info)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	u32 count;

	mutex_lock(&iqn->config_lock);
	count = iq_group_flush(iqn, iq_get_filter_owner(info->attrs));
	mutex_unlock(&iqn->config_lock);
	return iq_reply_count(info, count);
}

/* SAs and IKE SAs */

static enum iq_table_id iq_cmd_table(const struct genl_info *info)
{
	return info->genlhdr->cmd < IPSEC_QOS_CMD_IKE_NEW ? IQ_TABLE_SA :
							    IQ_TABLE_IKE;
}

static int iq_entry_request(struct genl_info *info, bool del)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	struct iq_table *t = &iqn->tables[iq_cmd_table(info)];
	int type = iq_entry_attr(t->type->id);
	struct iq_entry_req *req;
	const struct nlattr *attr;
	int n, rem, i = 0, err = 0;

	n = iq_count_attrs(info, type);
	if (n < 0)
		return n;
	req = kvmalloc_array(n, sizeof(*req), GFP_KERNEL);
	if (!req)
		return -ENOMEM;

	mutex_lock(&iqn->config_lock);
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != type)
			continue;
		err = iq_get_entry(t, attr, &req[i], info->extack);
		if (err)
			goto out;
		req[i++].owner = iq_get_owner(info->attrs);
	}
	err = del ? iq_table_del(t, req, n, info->extack) :
		    iq_table_set(t, req, n, iq_get_count(info->attrs),
				 info->nlhdr->nlmsg_flags, info->extack);
out:
	mutex_unlock(&iqn->config_lock);
	kvfree(req);
	return err;
}

static int iq_cmd_entry_new(struct sk_buff *skb, struct genl_info *info)
{
	return iq_entry_request(info, false);
}

static int iq_cmd_entry_del(struct sk_buff *skb, struct genl_info *info)
{
	return iq_entry_request(info, true);
}

static int iq_cmd_entry_get(struct sk_buff *skb, struct genl_info *info)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	struct iq_table *t = &iqn->tables[iq_cmd_table(info)];
	struct nlattr *attr = info->attrs[iq_entry_attr(t->type->id)];
	struct iq_entry_info entry;
	struct iq_entry_req req;
	struct sk_buff *answer;
	void *hdr;
	int err;

	if (!attr) {
		iq_err(info->extack, NULL, "the %s is missing", t->type->name);
		return -EINVAL;
	}
	mutex_lock(&iqn->config_lock);
	err = iq_get_entry(t, attr, &req, info->extack);
	if (!err) {
		err = iq_table_get(t, &req.key, &entry);
		if (err)
			iq_err(info->extack, attr, "no such %s", t->type->name);
	}
	mutex_unlock(&iqn->config_lock);
	if (err)
		return err;
	answer = iq_answer(info, NLMSG_DEFAULT_SIZE, &hdr);
	if (!answer)
		return -ENOMEM;
	return iq_reply(info, answer, hdr,
			iq_put_entry(answer, t->type->id, &entry));
}

static int iq_cmd_entry_flush(struct sk_buff *skb, struct genl_info *info)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	struct iq_table *t = &iqn->tables[iq_cmd_table(info)];
	struct iq_filter filter;
	u32 count;
	int err;

	err = iq_get_filter(t->type->id, info->attrs, &filter, info->extack);
	if (err)
		return err;
	mutex_lock(&iqn->config_lock);
	count = iq_table_flush(t, &filter);
	mutex_unlock(&iqn->config_lock);
	return iq_reply_count(info, count);
}

/**
 * struct iq_dump - a dump of a table, from message to message
 *
 * @held: an entry that did not fit into the last message
 * @cmd: what the messages say they are
 */
struct iq_dump {
	struct iq_walk walk;
	struct iq_entry_info held;
	bool has_held;
	u8 cmd;
};

static int iq_dump_start(struct netlink_callback *cb, enum iq_table_id id, u8 cmd)
{
	struct iq_net *iqn = iq_net(sock_net(cb->skb->sk));
	struct iq_filter filter;
	struct iq_dump *d;
	int err;

	err = iq_get_filter(id, iq_dump_attrs(cb), &filter, cb->extack);
	if (err)
		return err;
	d = kzalloc(sizeof(*d), GFP_KERNEL_ACCOUNT);
	if (!d)
		return -ENOMEM;
	d->cmd = cmd;
	iq_walk_begin(&d->walk, &iqn->tables[id], &filter);
	cb->args[0] = (long)d;
	return 0;
}

static int iq_dump_sas_start(struct netlink_callback *cb)
{
	return iq_dump_start(cb, IQ_TABLE_SA, IPSEC_QOS_CMD_SA_NEW);
}

static int iq_dump_ikes_start(struct netlink_callback *cb)
{
	return iq_dump_start(cb, IQ_TABLE_IKE, IPSEC_QOS_CMD_IKE_NEW);
}

static int iq_dump_entries(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct iq_dump *d = (struct iq_dump *)cb->args[0];
	struct iq_table *t = d->walk.t;
	void *hdr;

	rcu_read_lock();
	while (d->has_held || iq_walk_next(&d->walk, &d->held)) {
		cb->seq = READ_ONCE(t->seq);
		d->has_held = true;
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &iq_family, NLM_F_MULTI,
				  d->cmd);
		if (!hdr)
			break;
		genl_dump_check_consistent(cb, hdr);
		if (iq_put_entry(skb, t->type->id, &d->held)) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
		d->has_held = false;
	}
	rcu_read_unlock();
	return skb->len;
}

static int iq_dump_done(struct netlink_callback *cb)
{
	kfree((struct iq_dump *)cb->args[0]);
	return 0;
}

/* Status and settings */

static int iq_put_fallback(struct sk_buff *skb, const struct iq_settings *s)
{
	struct nlattr *nest, *entry;
	int i;

	nest = nla_nest_start(skb, IPSEC_QOS_CONF_A_FALLBACK);
	if (!nest)
		return -EMSGSIZE;
	for (i = 0; i < ARRAY_SIZE(s->fallback); i++) {
		if (!s->fallback[i].mask)
			continue;
		entry = nla_nest_start(skb, IPSEC_QOS_FALLBACK_A_ENTRY);
		if (!entry ||
		    nla_put_u8(skb, IPSEC_QOS_FALLBACK_A_DSCP, i) ||
		    nla_put_u32(skb, IPSEC_QOS_FALLBACK_A_MARK,
				s->fallback[i].mark) ||
		    nla_put_u32(skb, IPSEC_QOS_FALLBACK_A_MASK,
				s->fallback[i].mask))
			return -EMSGSIZE;
		nla_nest_end(skb, entry);
	}
	nla_nest_end(skb, nest);
	return 0;
}

static int iq_put_conf(struct sk_buff *skb, struct iq_net *iqn)
{
	const struct iq_settings *s = iq_conf_settings(iqn);
	struct nlattr *nest = nla_nest_start(skb, IPSEC_QOS_A_CONF);

	if (!nest ||
	    nla_put_u32(skb, IPSEC_QOS_CONF_A_MAX_SAS,
			iqn->tables[IQ_TABLE_SA].max) ||
	    nla_put_u32(skb, IPSEC_QOS_CONF_A_MAX_IKES,
			iqn->tables[IQ_TABLE_IKE].max) ||
	    nla_put_u32(skb, IPSEC_QOS_CONF_A_MAX_GROUPS, iqn->max_groups) ||
	    nla_put(skb, IPSEC_QOS_CONF_A_IKE_PORTS,
		    s->ports.n_ike * sizeof(u16), s->ports.ike) ||
	    nla_put(skb, IPSEC_QOS_CONF_A_NATT_PORTS,
		    s->ports.n_natt * sizeof(u16), s->ports.natt) ||
	    iq_put_fallback(skb, s))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int iq_put_status(struct sk_buff *skb, struct iq_net *iqn)
{
	struct iq_count untagged = iq_counter_sum(iqn->total, IQ_TOTAL_UNTAGGED);
	struct iq_count malformed = iq_counter_sum(iqn->total, IQ_TOTAL_MALFORMED);
	struct iq_count left = iq_counter_sum(iqn->total, IQ_TOTAL_LEFT);
	u32 left_group = READ_ONCE(iqn->left_group);
	struct nlattr *nest = nla_nest_start(skb, IPSEC_QOS_A_STATUS);

	if (!nest ||
	    nla_put_string(skb, IPSEC_QOS_STATUS_A_VERSION, IQ_VERSION) ||
	    nla_put_u32(skb, IPSEC_QOS_STATUS_A_GROUPS, iqn->n_groups) ||
	    nla_put_u32(skb, IPSEC_QOS_STATUS_A_SAS,
			iq_table_count(&iqn->tables[IQ_TABLE_SA])) ||
	    nla_put_u32(skb, IPSEC_QOS_STATUS_A_IKES,
			iq_table_count(&iqn->tables[IQ_TABLE_IKE])) ||
	    iq_put_count(skb, IPSEC_QOS_STATUS_A_UNTAGGED, &untagged) ||
	    iq_put_count(skb, IPSEC_QOS_STATUS_A_MALFORMED, &malformed) ||
	    iq_put_count(skb, IPSEC_QOS_STATUS_A_LEFT, &left) ||
	    (left_group &&
	     nla_put_u32(skb, IPSEC_QOS_STATUS_A_LEFT_GROUP, left_group)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int iq_cmd_status_get(struct sk_buff *skb, struct genl_info *info)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	struct sk_buff *answer;
	void *hdr;
	int err;

	/* A full fall-back table takes 64 nests of 28 bytes. */
	answer = iq_answer(info, NLMSG_DEFAULT_SIZE + 64 * 28, &hdr);
	if (!answer)
		return -ENOMEM;
	mutex_lock(&iqn->config_lock);
	err = iq_put_status(answer, iqn);
	if (!err)
		err = iq_put_conf(answer, iqn);
	mutex_unlock(&iqn->config_lock);
	return iq_reply(info, answer, hdr, err);
}

static int iq_cmd_conf_set(struct sk_buff *skb, struct genl_info *info)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	struct nlattr *tb[IPSEC_QOS_CONF_A_MAX + 1];
	int err;

	if (!info->attrs[IPSEC_QOS_A_CONF]) {
		iq_err(info->extack, NULL, "the settings are missing");
		return -EINVAL;
	}
	err = nla_parse_nested(tb, IPSEC_QOS_CONF_A_MAX,
			       info->attrs[IPSEC_QOS_A_CONF], iq_conf_policy,
			       info->extack);
	if (err)
		return err;
	mutex_lock(&iqn->config_lock);
	err = iq_conf_set(iqn, tb, netlink_capable(skb, CAP_NET_ADMIN),
			  info->extack);
	mutex_unlock(&iqn->config_lock);
	return err;
}

/* Resync by generation */

static int iq_cmd_resync_start(struct sk_buff *skb, struct genl_info *info)
{
	struct iq_net *iqn = iq_net(genl_info_net(info));
	u8 owner = iq_get_owner(info->attrs);
	struct sk_buff *answer;
	u32 generation;
	void *hdr;

	answer = iq_answer(info, NLMSG_DEFAULT_SIZE, &hdr);
	if (!answer)
		return -ENOMEM;
	mutex_lock(&iqn->config_lock);
	spin_lock_bh(&iqn->table_lock);
	generation = ++iqn->generation[owner];
	spin_unlock_bh(&iqn->table_lock);
	mutex_unlock(&iqn->config_lock);
	return iq_reply(info, answer, hdr,
			nla_put_u8(answer, IPSEC_QOS_A_OWNER, owner) ||
			nla_put_u32(answer, IPSEC_QOS_A_GENERATION, generation) ?
			-EMSGSIZE : 0);
}

static int iq_cmd_resync_end(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *attr = info->attrs[IPSEC_QOS_A_GENERATION];
	struct iq_net *iqn = iq_net(genl_info_net(info));
	u8 owner = iq_get_owner(info->attrs);
	const struct iq_feature *f;
	unsigned int i;
	u32 count = 0;

	if (!attr) {
		iq_err(info->extack, NULL, "the generation is missing");
		return -EINVAL;
	}
	mutex_lock(&iqn->config_lock);
	if (nla_get_u32(attr) != iqn->generation[owner]) {
		iq_err(info->extack, attr, "generation %u is over, this is %u",
		       nla_get_u32(attr), iqn->generation[owner]);
		mutex_unlock(&iqn->config_lock);
		return -ESTALE;
	}
	iq_for_each_feature(f, i)
		if (f->audit)
			f->audit(iqn);
	iq_for_each_feature(f, i)
		if (f->sweep)
			count += f->sweep(iqn, owner);
	count += iq_group_sweep(iqn, owner);
	mutex_unlock(&iqn->config_lock);
	return iq_reply_count(info, count);
}

/* Events */

/*
 * The family takes requests. It has to be gone before the namespaces are that requests
 * are for; and what happens in these until they are gone is not to be told, as the
 * numbers of its multicast groups may be another family's by then.
 */
static bool iq_family_there __read_mostly;

struct sk_buff *iq_event_begin(struct iq_net *iqn, enum iq_mcgrp group,
			       enum ipsec_qos_event event, size_t size, void **hdr)
{
	struct sk_buff *skb;

	if (!READ_ONCE(iq_family_there) ||
	    !genl_has_listeners(&iq_family, iqn->net, group))
		return NULL;
	skb = genlmsg_new(nla_total_size(sizeof(u8)) + size, GFP_ATOMIC);
	if (!skb) {
		genl_set_err(&iq_family, iqn->net, 0, group, -ENOBUFS);
		return NULL;
	}
	*hdr = genlmsg_put(skb, 0, 0, &iq_family, 0, IPSEC_QOS_CMD_EVENT);
	if (!*hdr || nla_put_u8(skb, IPSEC_QOS_A_EVENT, event)) {
		nlmsg_free(skb);
		return NULL;
	}
	return skb;
}

void iq_event_end(struct iq_net *iqn, enum iq_mcgrp group, struct sk_buff *skb,
		  void *hdr, int err)
{
	if (err) {
		nlmsg_free(skb);
		genl_set_err(&iq_family, iqn->net, 0, group, -ENOBUFS);
		return;
	}
	genlmsg_end(skb, hdr);
	genlmsg_multicast_netns(&iq_family, iqn->net, skb, 0, group, GFP_ATOMIC);
}

void iq_netlink_entry(struct iq_table *t, enum ipsec_qos_event event,
		      const struct iq_entry_info *info)
{
	struct sk_buff *skb;
	void *hdr;

	skb = iq_event_begin(t->iqn, IQ_MCGRP_EVENTS, event,
			     iq_entry_size(t->type->id), &hdr);
	if (skb)
		iq_event_end(t->iqn, IQ_MCGRP_EVENTS, skb, hdr,
			     iq_put_entry(skb, t->type->id, info));
}

static void iq_netlink_group(struct iq_net *iqn, enum ipsec_qos_event event,
			     struct iq_group *g)
{
	struct sk_buff *skb;
	void *hdr;

	skb = iq_event_begin(iqn, IQ_MCGRP_EVENTS, event, iq_group_size(), &hdr);
	if (skb)
		iq_event_end(iqn, IQ_MCGRP_EVENTS, skb, hdr, iq_put_group(skb, g));
}

/* At most one a second. */
static void iq_netlink_ceiling(struct iq_net *iqn, int type, u32 count)
{
	struct nlattr *nest;
	struct sk_buff *skb;
	void *hdr;
	int err;

	if (iqn->ceiling_told && time_before(jiffies, iqn->ceiling_told + HZ))
		return;
	skb = iq_event_begin(iqn, IQ_MCGRP_EVENTS, IPSEC_QOS_EVENT_CEILING,
			     nla_total_size(nla_total_size(sizeof(u32))), &hdr);
	if (!skb)
		return;
	iqn->ceiling_told = jiffies ?: 1;
	nest = nla_nest_start(skb, IPSEC_QOS_A_STATUS);
	err = !nest || nla_put_u32(skb, type, count);
	if (!err)
		nla_nest_end(skb, nest);
	iq_event_end(iqn, IQ_MCGRP_EVENTS, skb, hdr, err);
}

const struct iq_listener iq_netlink_listener = {
	.group = iq_netlink_group,
	.ceiling = iq_netlink_ceiling,
};

/* SPIs are read as well as written by the administrator alone. */
#define IQ_CMD(c, request, ...) {				\
	.cmd = IPSEC_QOS_CMD_##c,				\
	.flags = GENL_UNS_ADMIN_PERM,				\
	.policy = iq_##request##_request,			\
	.maxattr = IPSEC_QOS_A_MAX,				\
	__VA_ARGS__						\
}

static const struct genl_ops iq_ops[] = {
	IQ_CMD(GROUP_NEW, group_new, .doit = iq_cmd_group_new),
	IQ_CMD(GROUP_DEL, group_del, .doit = iq_cmd_group_del),
	IQ_CMD(GROUP_GET, group_get, .doit = iq_cmd_group_get,
	       .dumpit = iq_dump_groups),
	IQ_CMD(GROUP_FLUSH, owner, .doit = iq_cmd_group_flush),
	IQ_CMD(SA_NEW, sa_new, .doit = iq_cmd_entry_new),
	IQ_CMD(SA_DEL, sa_del, .doit = iq_cmd_entry_del),
	IQ_CMD(SA_GET, sa_filter, .doit = iq_cmd_entry_get,
	       .start = iq_dump_sas_start, .dumpit = iq_dump_entries,
	       .done = iq_dump_done),
	IQ_CMD(SA_FLUSH, sa_filter, .doit = iq_cmd_entry_flush),
	IQ_CMD(IKE_NEW, ike_new, .doit = iq_cmd_entry_new),
	IQ_CMD(IKE_DEL, ike_del, .doit = iq_cmd_entry_del),
	IQ_CMD(IKE_GET, ike_filter, .doit = iq_cmd_entry_get,
	       .start = iq_dump_ikes_start, .dumpit = iq_dump_entries,
	       .done = iq_dump_done),
	IQ_CMD(IKE_FLUSH, ike_filter, .doit = iq_cmd_entry_flush),
	IQ_CMD(STATUS_GET, nothing, .doit = iq_cmd_status_get),
	IQ_CMD(CONF_SET, conf, .doit = iq_cmd_conf_set),
	IQ_CMD(RESYNC_START, owner, .doit = iq_cmd_resync_start),
	IQ_CMD(RESYNC_END, resync_end, .doit = iq_cmd_resync_end),
	IQ_CMD(NAT_RULE_NEW, nat_rule_new, .doit = iq_cmd_nat_rule_new),
	IQ_CMD(NAT_RULE_DEL, nat_rule_del, .doit = iq_cmd_nat_rule_del),
	IQ_CMD(NAT_RULE_GET, nothing, .dumpit = iq_dump_nat_rules),
	IQ_CMD(NAT_GET, nat_filter, .start = iq_dump_nat_start,
	       .dumpit = iq_dump_nat, .done = iq_dump_nat_done),
	IQ_CMD(NAT_FLUSH, nat_filter, .doit = iq_cmd_nat_flush),
};

static const struct genl_multicast_group iq_mcgrps[] = {
	[IQ_MCGRP_EVENTS] = { .name = IPSEC_QOS_MCGRP_EVENTS,
			      .flags = GENL_MCAST_CAP_NET_ADMIN },
	[IQ_MCGRP_NAT] = { .name = IPSEC_QOS_MCGRP_NAT,
			   .flags = GENL_MCAST_CAP_NET_ADMIN },
};

struct genl_family iq_family __ro_after_init = {
	.name = IPSEC_QOS_GENL_NAME,
	.version = IPSEC_QOS_GENL_VERSION,
	.netnsok = true,
	.parallel_ops = true,
	.module = THIS_MODULE,
	.ops = iq_ops,
	.n_ops = ARRAY_SIZE(iq_ops),
	/* From here on NLM_F_CREATE and its like would be refused. */
	.resv_start_op = IPSEC_QOS_CMD_MAX + 1,
	.mcgrps = iq_mcgrps,
	.n_mcgrps = ARRAY_SIZE(iq_mcgrps),
};

int iq_netlink_module_init(void)
{
	int err = genl_register_family(&iq_family);

	if (!err)
		WRITE_ONCE(iq_family_there, true);
	return err;
}

void iq_netlink_module_exit(void)
{
	WRITE_ONCE(iq_family_there, false);
	/*
	 * For those who are about to send: with bottom halves disabled, or in a
	 * request, which the family waits for.
	 */
	synchronize_rcu();
	genl_unregister_family(&iq_family);
}
