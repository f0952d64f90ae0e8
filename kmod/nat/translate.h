/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The netfilter hooks in which ESP is translated (004), and ICMP errors about it.
 */
#ifndef _IPSEC_QOS_TRANSLATE_H
#define _IPSEC_QOS_TRANSLATE_H

#include "core/net.h"

/**
 * iq_translate_update() - register the hooks, or take them back
 *
 * @want: there are rules
 *
 * Context: process, iq_net.config_lock is held. Return: 0 or an errno; not to want them
 * does not fail.
 */
int iq_translate_update(struct iq_net *iqn, bool want);

#endif /* _IPSEC_QOS_TRANSLATE_H */
