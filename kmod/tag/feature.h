/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tagging: which group a packet is of, and what is done for it. The feature as a
 * whole, for main.c.
 */
#ifndef _IPSEC_QOS_TAG_FEATURE_H
#define _IPSEC_QOS_TAG_FEATURE_H

#include "core/feature.h"

extern const struct iq_feature iq_tag_feature;

#endif /* _IPSEC_QOS_TAG_FEATURE_H */
