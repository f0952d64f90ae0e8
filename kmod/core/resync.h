/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Resync by generation: an owner opens one, states what should be, and closes it; what
 * it did not state is then swept.
 */
#ifndef _IPSEC_QOS_RESYNC_H
#define _IPSEC_QOS_RESYNC_H

#include "netlink.h"

extern const struct iq_ops iq_resync_ops;

#endif /* _IPSEC_QOS_RESYNC_H */
