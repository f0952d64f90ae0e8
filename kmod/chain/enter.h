/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a packet has to pass to get into a chain: all that one which is routed would have
 * to, and what the service says.
 */
#ifndef _IPSEC_QOS_CHAIN_ENTER_H
#define _IPSEC_QOS_CHAIN_ENTER_H

#include "chain.h"

/**
 * iq_enter() - it enters the chain of @p->course, and is counted
 *
 * Return: IQ_CHAIN_GO: it may; or a verdict
 */
unsigned int iq_enter(struct iq_pass *p);

/** iq_pass_drop() - count it as a service's that is dropped; NF_DROP */
unsigned int iq_pass_drop(const struct iq_pass *p, enum ipsec_qos_service_counter why);

/** iq_pass_drop_at() - likewise as a device's */
unsigned int iq_pass_drop_at(const struct iq_pass *p, const struct iq_device *d,
			     enum ipsec_qos_device_counter why);

#endif /* _IPSEC_QOS_CHAIN_ENTER_H */
