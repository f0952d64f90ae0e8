/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Translation: ESP of many nodes behind one address. The feature as a whole, for
 * main.c.
 */
#ifndef _IPSEC_QOS_NAT_FEATURE_H
#define _IPSEC_QOS_NAT_FEATURE_H

#include "core/feature.h"

extern const struct iq_feature iq_nat_feature;

#endif /* _IPSEC_QOS_NAT_FEATURE_H */
