/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What steering has of a namespace's settings: what is done about unknown SPIs.
 */
#ifndef _IPSEC_QOS_STEER_SETTINGS_H
#define _IPSEC_QOS_STEER_SETTINGS_H

#include "core/feature.h"

extern const struct iq_feature_settings iq_steer_settings;

#endif /* _IPSEC_QOS_STEER_SETTINGS_H */
