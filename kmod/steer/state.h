/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What steering has in a namespace.
 */
#ifndef _IPSEC_QOS_STEER_STATE_H
#define _IPSEC_QOS_STEER_STATE_H

#include "core/net.h"

/**
 * struct iq_steer - steering's state in a namespace
 *
 * @iqn: whose it is
 */
struct iq_steer {
	struct iq_net *iqn;
};

/** iq_steer() - steering's state; NULL: there was nothing to steer yet */
static inline struct iq_steer *iq_steer(const struct iq_net *iqn)
{
	return READ_ONCE(iqn->state[IQ_FEATURE_STEER]);
}

#endif /* _IPSEC_QOS_STEER_STATE_H */
