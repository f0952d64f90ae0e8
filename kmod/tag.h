/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The netfilter hooks: where packets are looked up and marked.
 */
#ifndef _IPSEC_QOS_TAG_H
#define _IPSEC_QOS_TAG_H

#include "net.h"

/**
 * iq_tag_update() - register the hooks that are needed, and no others
 *
 * @tag: there is something to tag with: groups or a fall-back table
 * @priority: a group has a priority: ip_forward() writes skb->priority anew,
 *	so forwarded packets need another look after it
 *
 * Context: process, iq_net.config is held. Return: 0 or -ENOMEM; with both
 * false it does not fail.
 */
int iq_tag_update(struct iq_net *iqn, bool tag, bool priority);

void iq_tag_module_init(void);
void iq_tag_module_exit(void);

#endif /* _IPSEC_QOS_TAG_H */
