/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the control path decides, for who debugs it (dynamic debug):
 *
 *	echo 'module ipsec_qos +p' > /sys/kernel/debug/dynamic_debug/control
 *
 * What becomes of packets tracepoints tell, see trace.h.
 */
#ifndef _IPSEC_QOS_DEBUG_H
#define _IPSEC_QOS_DEBUG_H

#include <linux/printk.h>

#include "net.h"

/** iq_debug() - of a namespace, which is named by its inode's number */
#define iq_debug(iqn, fmt, ...)						\
	pr_debug("ipsec_qos: netns %u: " fmt "\n", (iqn)->net->ns.inum, ##__VA_ARGS__)

#endif /* _IPSEC_QOS_DEBUG_H */
