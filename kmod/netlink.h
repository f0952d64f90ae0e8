/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The generic netlink family: requests, dumps and events. Nothing but netlink
 * is in here.
 */
#ifndef _IPSEC_QOS_NETLINK_H
#define _IPSEC_QOS_NETLINK_H

int iq_netlink_module_init(void);
void iq_netlink_module_exit(void);

#endif /* _IPSEC_QOS_NETLINK_H */
