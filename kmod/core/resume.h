/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A packet that a hook of this module took off its way goes on.
 */
#ifndef _IPSEC_QOS_RESUME_H
#define _IPSEC_QOS_RESUME_H

#include "net.h"

struct nf_hook_state;
struct sk_buff;

/**
 * iq_resume() - a packet that a hook of this module has stopped goes on: there again, or
 * where the hook is gone with what was behind it
 *
 * @which: the set that the hook is in
 *
 * Under rcu_read_lock(); the packet is no longer the caller's.
 */
void iq_resume(enum iq_hook_set which, const struct nf_hook_state *state, struct sk_buff *skb);

#endif
