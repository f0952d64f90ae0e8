/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The IKE SAs that the charons stated, and the CHILD SAs under them: what group the
 * configuration gives each, and so the entries under it. For the files behind sad.h.
 */
#ifndef IPSEC_QOSD_IKE_H
#define IPSEC_QOSD_IKE_H

#include "sa/sad.h"

/** ike_init() - none yet */
void ike_init(struct sad *sad);

/** ike_find() - a charon's IKE SA with this id, NULL: it stated none */
struct sad_ike *ike_find(const struct sad *sad, const struct sad_source *source,
			 uint32_t id);

/**
 * ike_need() - find one, or make one of which nothing is known
 *
 * Return: as keyed_need(), and @why.
 */
int ike_need(struct sad *sad, struct sad_source *source, uint32_t id,
	     struct sad_ike **ike, const char **why);

/** ike_clear_texts() - free what a message says of its peer */
void ike_clear_texts(struct sad_ike *ike);

/**
 * ike_take_texts() - what its peer is and the name of its connection may be others
 * now: its profile and group are found anew where they are
 *
 * @texts: handed over
 */
void ike_take_texts(struct sad *sad, struct sad_ike *ike, struct sad_ike *texts);

/** ike_resolve() - to be called before anything is made of an IKE SA's group */
void ike_resolve(struct sad *sad, struct sad_ike *ike);

/** ike_on_freed() - peers that have no group of their own may find one now; @arg: the SAD */
void ike_on_freed(void *arg);

/** ike_set_group() - the entries under it are to be in its profile's group */
void ike_set_group(struct sad *sad, struct sad_ike *ike);

/** ike_look_at_ports() - its ports, or those that the module looks at, may be others */
void ike_look_at_ports(struct sad *sad, struct sad_ike *ike);

/**
 * ike_close() - it is gone; those of its SAs that live on keep its identity
 *
 * It is freed once there are none.
 */
void ike_close(struct sad *sad, struct sad_ike *ike);

/** ike_join() - an entry that is under none is now under this IKE SA */
void ike_join(struct sad_ike *ike, struct sad_entry *e);

/** ike_leave() - an entry is under none; its IKE SA may be freed */
void ike_leave(struct sad *sad, struct sad_entry *e);

/** ike_find_child() - a charon's CHILD SA with this id, NULL: it stated none */
struct sad_child *ike_find_child(const struct sad *sad, const struct sad_source *source,
				 uint32_t id);

/** ike_need_child() - find one, or make it under @ike; returns as ike_need() */
int ike_need_child(struct sad *sad, struct sad_ike *ike, uint32_t id,
		   struct sad_child **child, const char **why);

/** ike_log_disputes() - of a CHILD SA's marks with groups' */
void ike_log_disputes(struct sad *sad, const struct sad_child *child);

void ike_free_child(struct sad *sad, struct sad_child *child);

#endif /* IPSEC_QOSD_IKE_H */
