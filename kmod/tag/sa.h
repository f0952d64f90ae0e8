/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The SA table, and how it follows the kernel's own SAD: an entry for one of
 * this host's SAs goes when that SA does, whether or not anything in user
 * space is alive.
 */
#ifndef _IPSEC_QOS_SA_H
#define _IPSEC_QOS_SA_H

#include "table.h"

void iq_sa_init(struct iq_net *iqn);

/* What the SAD tells, in whatever context it does. */

/** iq_sa_installed() - it has a new SA */
void iq_sa_installed(struct iq_net *iqn, const struct iq_key *key);

/** iq_sa_deleted() - an SA of it is gone */
void iq_sa_deleted(struct iq_net *iqn, const struct iq_key *key);

/** iq_sa_met() - an audit or a look-up met an SA in it */
void iq_sa_met(struct iq_net *iqn, const struct iq_key *key);

/*
 * An audit asks the SAD for all it has: begin, met for each, end. What was in
 * it before and was not met is removed. Process context.
 */
void iq_sa_audit_begin(struct iq_net *iqn);
void iq_sa_audit_end(struct iq_net *iqn);

#endif /* _IPSEC_QOS_SA_H */
