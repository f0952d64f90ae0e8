/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of the generic netlink family that is about a namespace as a whole: its
 * status and its settings, those of the features too.
 */
#ifndef _IPSEC_QOS_STATUS_H
#define _IPSEC_QOS_STATUS_H

#include "netlink.h"

extern const struct iq_ops iq_status_ops;

#endif /* _IPSEC_QOS_STATUS_H */
