/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pairs of a group and a target, which entries of a table name by one number. A pair is
 * there while an entry names it. A group alone has a number of its own, and is no pair.
 *
 * What is done to a pair's packets is what is done to its group's, and where they go: a
 * copy of the group's action, which is replaced with that.
 */
#ifndef _IPSEC_QOS_PAIR_H
#define _IPSEC_QOS_PAIR_H

#include "action.h"
#include "group.h"

struct netlink_ext_ack;
struct nlattr;

/**
 * struct iq_spares - actions for a group's pairs, which are to be replaced
 *
 * @n: how many
 */
struct iq_spares {
	u32 n;
	struct iq_action *action[];
};

/**
 * iq_pair_spares() - have an action for each pair of a group
 *
 * Context: process, iq_net.config_lock is held. Return: for iq_pair_act(), and then
 * iq_pair_spares_free(); NULL: no memory
 */
struct iq_spares *iq_pair_spares(struct iq_group *g);

/** iq_pair_spares_free() - what is left of them; NULL: none */
void iq_pair_spares_free(struct iq_spares *spares);

/**
 * iq_pair_act() - a group does something else: so do its pairs, with @spares
 *
 * It does not fail: while iq_net.config_lock is held there come no new ones. @spares is
 * NULL where nothing changes.
 */
void iq_pair_act(struct iq_group *g, struct iq_spares *spares);

/**
 * iq_pair_make() - a pair that is not there yet
 *
 * @g: NULL: none
 * @attr: what names it, for errors
 *
 * It is held, as by iq_pair_hold(): somebody is about to name it.
 *
 * Context: process, iq_net.config_lock is held.
 * Return: its number, or an errno; -ENOSPC: all numbers are taken
 */
int iq_pair_make(struct iq_net *iqn, struct iq_group *g, struct iq_target *t,
		 const struct nlattr *attr, struct netlink_ext_ack *extack);

/* For all below: iq_net.table_lock is held. */

/**
 * iq_pair_number() - that of a pair, or of a group alone; 0: there is no such pair
 *
 * @g: NULL: none
 * @t: likewise; not both
 */
u32 iq_pair_number(const struct iq_net *iqn, const struct iq_group *g,
		   const struct iq_target *t);

/** iq_pair_hold() - who has this number stays, until it is let go of */
void iq_pair_hold(struct iq_net *iqn, u32 number);

/** iq_pair_let() - no longer hold it */
void iq_pair_let(struct iq_net *iqn, u32 number);

/** iq_pair_named() - an entry names who has this number: as what it is in the group */
void iq_pair_named(struct iq_net *iqn, u32 number, enum iq_user user);

/** iq_pair_unnamed() - one does no longer */
void iq_pair_unnamed(struct iq_net *iqn, u32 number, enum iq_user user);

/** iq_pair_exit() - the namespace goes: tables have gone, and nobody looks any more */
void iq_pair_exit(struct iq_net *iqn);

#endif /* _IPSEC_QOS_PAIR_H */
