/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Traces: what is told of a packet that somebody asked for. None of it is on others' way.
 */
#ifndef _IPSEC_QOS_CHAIN_TELL_H
#define _IPSEC_QOS_CHAIN_TELL_H

#include "chain.h"

struct iq_device_way;

/** iq_tell_due() - is this one of those that are to be told of? @p->traced then says whose */
void iq_tell_due(struct iq_pass *p);

/** iq_tell_drop() - it is dropped; @why: as IPSEC_QOS_TRACE_A_DROP has it */
void iq_tell_drop(const struct iq_pass *p, u8 why);

/** iq_tell_sent() - it is sent to a device; @d: NULL: it leaves by routing */
void iq_tell_sent(const struct iq_pass *p, const struct iq_device *d,
		  const struct iq_device_way *to);

/** iq_tell_copied() - a copy of it is sent to a tap */
void iq_tell_copied(const struct iq_pass *p, const struct iq_device *d,
		    const struct iq_device_way *to, const struct iq_tuple *t, u32 bytes);

#endif /* _IPSEC_QOS_CHAIN_TELL_H */
