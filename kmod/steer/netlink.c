// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>
#include <net/genetlink.h>

#include "core/compat.h"
#include "netlink.h"

/* Reading requests. What the policies say has been checked before. */

int iq_get_entries(struct genl_info *info, int type, size_t size,
		   int (*get)(struct genl_info *info, const struct nlattr *nest, void *entry),
		   void **entries)
{
	int n = iq_count_attrs(info, type), rem, i = 0, err;
	const struct nlattr *attr;

	if (n < 0)
		return n;
	*entries = kvcalloc(n, size, GFP_KERNEL);
	if (!*entries)
		return -ENOMEM;
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != type)
			continue;
		err = get(info, attr, *entries + size * i++);
		if (!err)
			continue;
		kvfree(*entries);
		*entries = NULL;
		return err;
	}
	return n;
}

int iq_missing(const struct nlattr *nest, int type, const char *what,
	       struct netlink_ext_ack *extack)
{
	NL_SET_ERR_ATTR_MISS(extack, nest, type);
	iq_err(extack, nest, "%s is missing", what);
	return -EINVAL;
}

int iq_get_key(const struct nlattr *nest, const struct nlattr *id_attr,
	       const struct nlattr *name_attr, bool key, const char *whose, u32 *id,
	       char *name, struct netlink_ext_ack *extack)
{
	int err;

	*id = id_attr ? nla_get_u32(id_attr) : 0;
	name[0] = '\0';
	if (name_attr) {
		err = iq_get_name(name_attr, whose, name, extack);
		if (err)
			return err;
	}
	if (*id || (key && name[0]))
		return 0;
	iq_err(extack, nest, "%s's id%s is missing", whose, key ? " or name" : "");
	return -EINVAL;
}

int iq_get_address(const struct nlattr *nest, const struct nlattr *family_attr,
		   const struct nlattr *attr, int type, const char *what, u8 *family,
		   u8 *address, struct netlink_ext_ack *extack)
{
	int len;

	if (!family_attr) {
		iq_err(extack, nest, "the family is missing");
		return -EINVAL;
	}
	*family = nla_get_u8(family_attr);
	if (*family != AF_INET && *family != AF_INET6) {
		iq_err(extack, family_attr, "family %u is neither %u nor %u", *family, AF_INET,
		       AF_INET6);
		return -EAFNOSUPPORT;
	}
	if (!attr)
		return iq_missing(nest, type, what, extack);
	len = *family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
	if (nla_len(attr) != len) {
		iq_err(extack, attr, "%d bytes are no address of family %u", nla_len(attr),
		       *family);
		return -EINVAL;
	}
	memcpy(address, nla_data(attr), len);
	return 0;
}

/* Writing answers. */

int iq_put_counters(struct sk_buff *skb, int type, struct iq_counter __percpu *counter,
		    int max)
{
	struct nlattr *nest = nla_nest_start(skb, type);
	struct iq_count c;
	int i;

	if (!nest)
		return -EMSGSIZE;
	for (i = 1; i <= max; i++) {
		c = iq_counter_sum(counter, i);
		if (iq_put_count(skb, i, &c))
			return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}
