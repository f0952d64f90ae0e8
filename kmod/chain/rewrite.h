/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The service's address and port, written anew where two segments of a chain see them
 * otherwise; checksums stay right, or as wrong as they were.
 */
#ifndef _IPSEC_QOS_CHAIN_REWRITE_H
#define _IPSEC_QOS_CHAIN_REWRITE_H

#include "track.h"
#include "tuple.h"

/**
 * iq_rewrite() - a packet gets another address, and port, on the service's side
 *
 * @t: of the packet; afterwards as it is now
 * @dst: that side is the tuple's destination; else the source
 * @v: what they are
 *
 * Return: false: there is no memory, and the packet is of no use any more
 */
bool iq_rewrite(struct sk_buff *skb, bool four, struct iq_tuple *t, bool dst,
		const struct iq_view *v);

#endif /* _IPSEC_QOS_CHAIN_REWRITE_H */
