/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What this host tells the sender of a packet that it drops: an ICMP error. Where a device
 * has sent it the error goes back there, as from a router behind the device: by routing it
 * would find nobody who knows what it quotes, or would get past what the others go through.
 */
#ifndef _IPSEC_QOS_CHAIN_ANSWER_H
#define _IPSEC_QOS_CHAIN_ANSWER_H

#include "chain.h"

/** iq_answer_expired() - it has been through too many hosts */
void iq_answer_expired(const struct iq_pass *p);

/** iq_answer_too_big() - it is longer than @mtu */
void iq_answer_too_big(const struct iq_pass *p, u32 mtu);

#endif /* _IPSEC_QOS_CHAIN_ANSWER_H */
