/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copies to taps. What goes wrong with one costs that copy, never the packet.
 */
#ifndef _IPSEC_QOS_CHAIN_COPY_H
#define _IPSEC_QOS_CHAIN_COPY_H

#include "chain.h"

/**
 * iq_copy() - a tap gets a copy of a packet
 *
 * @v: the service's side as it is to be there; NULL: as it is
 */
void iq_copy(const struct iq_pass *p, struct iq_device *d, const struct iq_view *v);

#endif /* _IPSEC_QOS_CHAIN_COPY_H */
