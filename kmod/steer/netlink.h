/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of the generic netlink family that is about steering: a file for each of its
 * objects, and what they share.
 */
#ifndef _IPSEC_QOS_STEER_NETLINK_H
#define _IPSEC_QOS_STEER_NETLINK_H

#include "core/netlink.h"
#include "element.h"
#include "pool.h"
#include "prefix.h"

/* Those of elements; the others are behind it. */
extern const struct iq_ops iq_element_ops;
extern const struct iq_ops iq_pool_ops;
extern const struct iq_ops iq_prefix_ops;
extern const struct iq_ops iq_steer_test_ops;

/**
 * iq_get_entries() - read what a request says of many objects
 *
 * @type: of their nests
 * @get: reads one into an entry of @size bytes
 * @entries: all, to be freed with kvfree()
 *
 * Return: how many, or an errno
 */
int iq_get_entries(struct genl_info *info, int type, size_t size,
		   int (*get)(struct genl_info *info, const struct nlattr *nest, void *entry),
		   void **entries);

/** iq_missing() - an attribute is missing in a nest; -EINVAL */
int iq_missing(const struct nlattr *nest, int type, const char *what,
	       struct netlink_ext_ack *extack);

/**
 * iq_get_key() - the id of an object, or its name, which will do for a request that only
 * names it: @key
 *
 * @whose: "an element"
 * @id: 0: not said
 * @name: room for IPSEC_QOS_NAME_MAX; empty: not said
 */
int iq_get_key(const struct nlattr *nest, const struct nlattr *id_attr,
	       const struct nlattr *name_attr, bool key, const char *whose, u32 *id,
	       char *name, struct netlink_ext_ack *extack);

/** iq_get_address() - an address by its family; @what: "the destination" */
int iq_get_address(const struct nlattr *nest, const struct nlattr *family_attr,
		   const struct nlattr *attr, int type, const char *what, u8 *family,
		   u8 *address, struct netlink_ext_ack *extack);

/** iq_put_counters() - a nest of counters 1 to @max */
int iq_put_counters(struct sk_buff *skb, int type, struct iq_counter __percpu *counter,
		    int max);

/* Of an object, whole; iq_net.config_lock is held. 0 or -EMSGSIZE */
int iq_put_element(struct sk_buff *skb, struct iq_element *e);
int iq_put_pool(struct sk_buff *skb, const struct iq_pool *p, bool tables);
int iq_put_prefix(struct sk_buff *skb, const struct iq_prefix *p);

/* What these need at most */
size_t iq_element_size(void);
size_t iq_pool_size(const struct iq_pool *p, bool tables);
size_t iq_prefix_size(void);

#endif /* _IPSEC_QOS_STEER_NETLINK_H */
