/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The generic netlink family: what all requests, answers, dumps and events share.
 * The operations are with the objects that they are about, and the features'.
 */
#ifndef _IPSEC_QOS_NETLINK_H
#define _IPSEC_QOS_NETLINK_H

#include <net/genetlink.h>

#include "net.h"

/**
 * struct iq_ops - operations that somebody brings to the family
 *
 * @next: more of them; NULL: these are all
 */
struct iq_ops {
	const struct genl_ops *ops;
	unsigned int n;
	const struct iq_ops *next;
};

/*
 * What each command takes, and nothing else: what it would not heed it refuses,
 * lest a filter that it does not know make it remove everything.
 *
 * IQ_POLICY() is the policy of IQ_CMD(): what a command's messages may have.
 */
#define IQ_POLICY(name, ...)						\
static const struct nla_policy iq_##name##_request[IPSEC_QOS_A_MAX + 1] = { \
	__VA_ARGS__							\
}

#define IQ_NEST(attr, policy)						\
	[IPSEC_QOS_A_##attr] = NLA_POLICY_NESTED(policy)

#define IQ_OWNER \
	[IPSEC_QOS_A_OWNER] = NLA_POLICY_MAX(NLA_U8, IPSEC_QOS_OWNER_MAX)

#define IQ_ANSWER_ONLY { .type = NLA_REJECT, .reject_message = "for answers only" }

/* SPIs are read as well as written by the administrator alone. */
#define IQ_CMD(c, request, ...) {				\
	.cmd = IPSEC_QOS_CMD_##c,				\
	.flags = GENL_UNS_ADMIN_PERM,				\
	.policy = iq_##request##_request,			\
	.maxattr = IPSEC_QOS_A_MAX,				\
	__VA_ARGS__						\
}

/* Multicast groups: who keeps the tables is not to miss events for those of others. */
enum iq_mcgrp {
	IQ_MCGRP_EVENTS,
	IQ_MCGRP_NAT,
	IQ_MCGRP_STEER,
	IQ_MCGRP_CHAIN,
	IQ_MCGRP_TRACE,
};

/** iq_get_owner() - who a request says that he is */
static inline u8 iq_get_owner(struct nlattr **attrs)
{
	return attrs[IPSEC_QOS_A_OWNER] ?
	       nla_get_u8(attrs[IPSEC_QOS_A_OWNER]) : IPSEC_QOS_OWNER_STATIC;
}

/** iq_get_filter_owner() - the owner of a filter: -1 is any */
static inline int iq_get_filter_owner(struct nlattr **attrs)
{
	return attrs[IPSEC_QOS_A_OWNER] ?
	       nla_get_u8(attrs[IPSEC_QOS_A_OWNER]) : -1;
}

/** iq_count_attrs() - how many of a type are in a request: 1 to IPSEC_QOS_BULK_MAX */
int iq_count_attrs(struct genl_info *info, int type);

/**
 * iq_get_name() - the name of an object, if it is one; 0 or -EINVAL
 *
 * @whose: "a group"
 * @name: room for IPSEC_QOS_NAME_MAX
 */
int iq_get_name(const struct nlattr *attr, const char *whose, char *name,
		struct netlink_ext_ack *extack);

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

/** iq_answer() - one to be filled; NULL: no memory */
struct sk_buff *iq_answer(struct genl_info *info, size_t size, void **hdr);

/** iq_reply() - send an answer, or drop it where filling it failed */
int iq_reply(struct genl_info *info, struct sk_buff *skb, void *hdr, int err);

/** iq_reply_count() - answer with a number */
int iq_reply_count(struct genl_info *info, u32 count);

/** iq_dump_begin() - the header of a dump's next message; NULL: there is no room */
void *iq_dump_begin(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd);

/** iq_put_count() - a nest with a counter; -EMSGSIZE: nothing was written */
int iq_put_count(struct sk_buff *skb, int type, const struct iq_count *c);

/** iq_put_counters() - a nest of counters 1 to @max; -EMSGSIZE: who has begun cancels it */
int iq_put_counters(struct sk_buff *skb, int type, struct iq_counter __percpu *counter,
		    int max);

/** iq_count_size() - what iq_put_count() needs */
static inline size_t iq_count_size(void)
{
	return nla_total_size(2 * nla_total_size_64bit(sizeof(u64)));
}

/**
 * iq_event_begin() - NULL: nobody listens, or there is no memory
 *
 * @size: of all attributes that will be put in. Each listener's queue is charged with
 *	the whole buffer, so it has room for what is in it and no more.
 *
 * An event that finds no memory is lost, and the listener is told so (ENOBUFS).
 *
 * Context: from here to iq_event_end() bottom halves are disabled, or this is a request.
 */
struct sk_buff *iq_event_begin(struct iq_net *iqn, enum iq_mcgrp group,
			       enum ipsec_qos_event event, size_t size, void **hdr);

/** iq_event_end() - send it, or tell listeners that one is lost: @err */
void iq_event_end(struct iq_net *iqn, enum iq_mcgrp group, enum ipsec_qos_event event,
		  struct sk_buff *skb, void *hdr, int err);

int iq_netlink_module_init(void);
void iq_netlink_module_exit(void);

#endif /* _IPSEC_QOS_NETLINK_H */
