/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What was replaced, and lingers for what was under way: tracks, and keys of services.
 */
#ifndef _IPSEC_QOS_CHAIN_LINGER_H
#define _IPSEC_QOS_CHAIN_LINGER_H

#include "state.h"
#include "track.h"

#define IQ_LINGER	(2 * HZ)

struct iq_body;
struct iq_chain;
struct iq_service;

/**
 * struct iq_linger - what was replaced
 *
 * @list: in iq_chains.lingers, in order of @until
 * @until: jiffies
 * @track: has it as its iq_track.old; NULL: not any more
 * @old: a chain's track that was replaced; NULL: @body was
 * @body: a service's
 * @service: whose
 */
struct iq_linger {
	struct list_head list;
	unsigned long until;
	struct iq_track *track;
	struct iq_track *old;
	struct iq_body *body;
	struct iq_service *service;
};

/* All below: process context, iq_net.config_lock is held. */

/** iq_linger_chain() - a chain's track is replaced; @l is filled in, and owned from now on */
void iq_linger_chain(struct iq_chains *ch, struct iq_linger *l, struct iq_track *track,
		     struct iq_track *old);

/** iq_linger_body() - likewise a service's body, and its keys that are marked late */
void iq_linger_body(struct iq_chains *ch, struct iq_linger *l, struct iq_service *s,
		    struct iq_body *old);

/** iq_linger_end() - of a service, whose next is to come */
void iq_linger_end(struct iq_chains *ch, struct iq_service *s);

/** iq_linger_end_track() - of a chain, likewise; @track: as it is now; its old one is kept */
void iq_linger_end_track(struct iq_chains *ch, const struct iq_track *track);

/** iq_linger_end_device() - all that have a device, which goes */
void iq_linger_end_device(struct iq_chains *ch, const struct iq_device *d);

/** iq_linger_end_chain() - all that have a chain, which goes */
void iq_linger_end_chain(struct iq_chains *ch, const struct iq_chain *c);

/** iq_linger_init() - of a namespace */
void iq_linger_init(struct iq_chains *ch);

/** iq_linger_exit() - nothing goes on by itself any more; no lock is held */
void iq_linger_exit(struct iq_chains *ch);

#endif /* _IPSEC_QOS_CHAIN_LINGER_H */
