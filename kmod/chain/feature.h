/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Service chains, as the core knows them.
 */
#ifndef _IPSEC_QOS_CHAIN_FEATURE_H
#define _IPSEC_QOS_CHAIN_FEATURE_H

#include "core/feature.h"

extern const struct iq_feature iq_chain_feature;

#endif /* _IPSEC_QOS_CHAIN_FEATURE_H */
