/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between the kernels that this module is built for, 6.1 and
 * newer, and nothing else.
 */
#ifndef _IPSEC_QOS_COMPAT_H
#define _IPSEC_QOS_COMPAT_H

#include <linux/atomic.h>
#include <linux/kobject.h>
#include <linux/netlink.h>
#include <linux/rcupdate_wait.h>	/* cond_resched_rcu(), which 6.12 moved there */
#include <linux/version.h>
#include <linux/workqueue.h>
#include <net/dst.h>
#include <net/flow.h>
#include <net/genetlink.h>
#include <net/inet_dscp.h>
#include <net/net_namespace.h>
#include <net/route.h>

/*
 * Formatted extended ACKs came with 6.2. Before it the message must outlive
 * the request's handler, until netlink_ack() has copied it in the same call:
 * a ring of buffers does; a text could be garbled only with as many requests
 * failing at the same instant.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#define iq_err(extack, attr, fmt, ...) \
	NL_SET_ERR_MSG_ATTR_FMT(extack, attr, fmt, ##__VA_ARGS__)
#else
#define IQ_ERR_SLOTS	64
#define IQ_ERR_LEN	96

static inline char *iq_err_slot(void)
{
	static char ring[IQ_ERR_SLOTS][IQ_ERR_LEN];
	static atomic_t next;

	return ring[(unsigned int)atomic_inc_return(&next) % IQ_ERR_SLOTS];
}

#define iq_err(extack, attr, fmt, ...) do {				\
	struct netlink_ext_ack *__e = (extack);				\
	char *__slot;							\
									\
	if (!__e)							\
		break;							\
	__slot = iq_err_slot();						\
	snprintf(__slot, IQ_ERR_LEN, "ipsec_qos: " fmt, ##__VA_ARGS__);	\
	__e->_msg = __slot;						\
	__e->bad_attr = (attr);						\
} while (0)
#endif

/* 6.2 made the arguments of kobj_type's callbacks const. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#define IQ_KOBJ_CONST	const
#else
#define IQ_KOBJ_CONST
#endif

/*
 * What sysfs knows a namespace by: any pointer, since 7.x its struct ns_common.
 * The type tells.
 */
#define IQ_NS_TAG	typeof(kobject_namespace(NULL))

static inline IQ_NS_TAG iq_ns_tag(const struct net *net)
{
	return __builtin_choose_expr(__same_type(IQ_NS_TAG, const void *),
				     net, &net->ns);
}

/* 6.7 put the attributes of a dump request into a struct genl_info. */
static inline struct nlattr **iq_dump_attrs(struct netlink_callback *cb)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	return genl_info_dump(cb)->attrs;
#else
	return genl_dumpit_info(cb)->attrs;
#endif
}

/* 6.17 gave the queue whose work runs on any CPU another name, and deprecated the old. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define system_dfl_wq	system_unbound_wq
#endif

/* A multicast group's need of CAP_NET_ADMIN has its own flag since 6.1.67. */
#ifndef GENL_MCAST_CAP_NET_ADMIN
#define GENL_MCAST_CAP_NET_ADMIN	GENL_UNS_ADMIN_PERM
#endif

/*
 * Routes were once looked up with three bits of a packet's TOS, by 6.12 with all of its
 * DSCP, and 6.18 gave a flow a DSCP for what was a TOS.
 */
#ifdef IPTOS_RT_MASK
#define iq_flow_dscp(fl4, ip)	((fl4)->flowi4_tos = (ip)->tos & IPTOS_RT_MASK)
#elif defined(flowi4_tos)
#define iq_flow_dscp(fl4, ip)	((fl4)->flowi4_tos = (ip)->tos & INET_DSCP_MASK)
#else
#define iq_flow_dscp(fl4, ip)	((fl4)->flowi4_dscp = ip4h_dscp(ip))
#endif

/* Since 6.17 a device may forward IPv6 though others do not. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 17, 0)
#define iq_force_forwarding(idev)	READ_ONCE((idev)->cnf.force_forwarding)
#else
#define iq_force_forwarding(idev)	0
#endif

/* A route of somebody's own, which is counted nowhere: 6.7 took an argument away. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
#define iq_no_route_init(dst, ops)	dst_init(dst, ops, NULL, DST_OBSOLETE_NONE, DST_NOCOUNT)
#else
#define iq_no_route_init(dst, ops)	dst_init(dst, ops, NULL, 1, DST_OBSOLETE_NONE, DST_NOCOUNT)
#endif

/* 6.5 gave GSO a header of its own. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
#include <net/gso.h>
#endif

#endif /* _IPSEC_QOS_COMPAT_H */
