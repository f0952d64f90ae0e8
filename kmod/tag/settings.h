/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What tagging has of a namespace's settings and status: the ceilings of its tables,
 * the fall-back, and totals.
 */
#ifndef _IPSEC_QOS_TAG_SETTINGS_H
#define _IPSEC_QOS_TAG_SETTINGS_H

#include "core/counter.h"
#include "core/feature.h"

extern const struct iq_feature_settings iq_tag_settings;

/**
 * iq_tag_untagged() - protected packets without a group
 *
 * @by: filled by reason; IPSEC_QOS_UNTAGGED_UNSPEC: the sum of them
 */
void iq_tag_untagged(struct iq_net *iqn, struct iq_count by[__IPSEC_QOS_UNTAGGED_MAX]);

/** iq_tag_status() - as iq_feature.status */
int iq_tag_status(struct sk_buff *skb, struct iq_net *iqn);

#endif /* _IPSEC_QOS_TAG_SETTINGS_H */
