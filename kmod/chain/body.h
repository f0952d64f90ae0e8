/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a service is like: as it is stated (a spec), and what is made of that for packets (a
 * body).
 */
#ifndef _IPSEC_QOS_CHAIN_BODY_H
#define _IPSEC_QOS_CHAIN_BODY_H

#include "acl.h"
#include "chains.h"
#include "core/group.h"
#include "key.h"
#include "track.h"

/**
 * struct iq_port - ports of a protocol, or one without
 */
struct iq_port {
	u8 proto;
	u16 first;
	u16 last;
};

/**
 * struct iq_ports_of - a list of them, in order, and no two overlap
 *
 * @n: 0: all that there are
 */
struct iq_ports_of {
	u16 n;
	struct iq_port *port;
};

/**
 * struct iq_segment - how a device sees a service
 *
 * @attr: where a request says so; while that is carried out
 * @id: of the device
 * @device: that; NULL: not found yet
 * @has_to: @to is said; likewise @has_from
 * @to_port: 0: not said
 * @ports: as it comes out of it; none: as it goes in
 */
struct iq_segment {
	const struct nlattr *attr;
	u32 id;
	struct iq_device *device;
	bool has_to;
	bool has_from;
	u16 to_port;
	struct in6_addr to;
	struct in6_addr from;
	struct iq_ports_of ports;
};

/**
 * struct iq_except - clients that have another chain
 *
 * @id: of the chain
 */
struct iq_except {
	const struct nlattr *attr;
	struct in6_addr addr;
	u8 len;
	u32 id;
	struct iq_chain *chain;
};

/**
 * struct iq_spec - a service as it is stated; iq_net.config_lock
 *
 * It never changes once the request that states it is carried out.
 *
 * @users: bodies that are made of it
 * @attr: where the request says so, and of some of it; while that is carried out
 * @addr: network order; of IPv4 the first word
 * @len: of a prefix: less than 32 or 128
 * @chain_id: of @chain; likewise @group_id, @from_id; 0: none
 * @rules: the ACL's; only until @acl is there
 */
struct iq_spec {
	u32 users;
	const struct nlattr *attr;
	const struct nlattr *addr_attr;
	const struct nlattr *chain_attr;
	const struct nlattr *group_attr;
	const struct nlattr *from_attr;
	u8 family;
	u8 len;
	u8 mode;
	u8 n_segments;
	u8 n_excepts;
	u16 n_rules;
	struct in6_addr addr;
	u32 chain_id;
	u32 group_id;
	u32 from_id;
	u32 rate;
	struct iq_chain *chain;
	struct iq_group *group;
	struct iq_group *from;
	struct iq_ports_of ports;
	struct iq_segment *segment;
	struct iq_except *except;
	struct iq_rule *rules;
	struct iq_acl *acl;
};

/**
 * struct iq_body - what is made of a spec and of the chains that it names
 *
 * @track: NULL: the chain's
 * @n_wants: keys, if they are not just the service's ports either way; 0: they are
 * @n_numbers: of its own; by the views that keys may have
 */
struct iq_body {
	struct rcu_head rcu;
	struct iq_chains *ch;
	struct iq_spec *spec;
	struct iq_track *track;
	u32 n_wants;
	struct iq_want *want;
	u32 n_numbers;
	struct {
		u32 views;
		u32 number;
	} number[IQ_VIEWS];
};

/* All below: process context, iq_net.config_lock is held. */

/** iq_spec_alloc() - an empty one, with a user; NULL: no memory */
struct iq_spec *iq_spec_alloc(void);

/** iq_spec_put() - it has a user less */
void iq_spec_put(struct iq_spec *spec);

/** iq_spec_resolve() - find whom it names; and is it right? 0 or an errno */
int iq_spec_resolve(struct iq_chains *ch, struct iq_spec *spec, struct netlink_ext_ack *extack);

/** iq_spec_same() - do two say the same? */
bool iq_spec_same(const struct iq_spec *a, const struct iq_spec *b);

/** iq_spec_used() - a service is like that from now on, or (@n: -1) no longer */
void iq_spec_used(struct iq_spec *spec, int n);

/** iq_spec_settled() - the request that states it is carried out */
void iq_spec_settled(struct iq_spec *spec);

/** iq_spec_follows() - does it name a chain that is about to change? */
bool iq_spec_follows(const struct iq_spec *spec);

/**
 * iq_body_make() - of a spec, for chains as they are to be
 *
 * @s: whose
 * @own: it has a track of its own in any case; see iq_body_share()
 * @attr: for errors that have no better place
 *
 * Return: ERR_PTR(); it has no keys yet
 */
struct iq_body *iq_body_make(struct iq_chains *ch, struct iq_service *s, struct iq_spec *spec,
			     bool own, const struct nlattr *attr,
			     struct netlink_ext_ack *extack);

/**
 * iq_body_share() - from now on it has its chain's track, if that is all that it needs
 *
 * @whose: the service's id
 */
void iq_body_share(struct iq_body *b, u32 whose);

/** iq_body_free() - no packet finds it any more, but may have; it has no keys */
void iq_body_free(struct iq_body *b);

/** iq_body_each() - of each key and the number that it has as value; until @fn fails */
int iq_body_each(const struct iq_body *b,
		 int (*fn)(struct iq_chains *ch, const struct iq_want *want, u32 number,
			   void *arg), void *arg);

/** iq_body_keys() - so many slots it takes, at most */
u32 iq_body_keys(const struct iq_body *b);

/** iq_body_track() - its own, or the chain's */
struct iq_track *iq_body_track(const struct iq_body *b);

/** iq_track_make() - one for the devices of a chain as they are to be; NULL: no memory */
struct iq_track *iq_track_make(const struct iq_steps *steps);

/** iq_track_free() - behind a grace period, alone */
void iq_track_free(struct iq_track *t);

#endif /* _IPSEC_QOS_CHAIN_BODY_H */
