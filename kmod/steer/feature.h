/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Steering: packets of SAs that others have go to who has them. The feature as a whole, for
 * main.c.
 */
#ifndef _IPSEC_QOS_STEER_FEATURE_H
#define _IPSEC_QOS_STEER_FEATURE_H

#include "core/feature.h"

extern const struct iq_feature iq_steer_feature;

#endif /* _IPSEC_QOS_STEER_FEATURE_H */
