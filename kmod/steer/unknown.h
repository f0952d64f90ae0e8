/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SPIs that come to this host and that it has no SA for: what is remembered of them, so that
 * each is told of but once a second. All of it has a fixed place: a flood of SPIs pushes out
 * others, and makes nothing grow.
 */
#ifndef _IPSEC_QOS_STEER_UNKNOWN_H
#define _IPSEC_QOS_STEER_UNKNOWN_H

struct iq_steer;

/**
 * iq_unknown_init() - what is needed before the first packet of IQ_HOOKS_UNKNOWN; 0 or
 * -ENOMEM. It is done once. Process context, iq_net.config_lock is held.
 */
int iq_unknown_init(struct iq_steer *st);

/** iq_unknown_exit() - the hooks are gone, and a grace period has passed */
void iq_unknown_exit(struct iq_steer *st);

#endif /* _IPSEC_QOS_STEER_UNKNOWN_H */
