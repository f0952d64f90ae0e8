// SPDX-License-Identifier: GPL-2.0
#include <linux/sysfs.h>

#include "core/folder.h"
#include "service.h"
#include "sysfs.h"

/*
 * Who takes a folder down holds iq_net.config_lock, and waits for those who read a file of
 * it: these take no lock.
 */

static const char *const iq_device_kinds[] = {
	[IPSEC_QOS_DEVICE_HOP] = "hop",
	[IPSEC_QOS_DEVICE_TAP] = "tap",
	[IPSEC_QOS_DEVICE_ROUTED] = "routed",
};
static_assert(ARRAY_SIZE(iq_device_kinds) == IPSEC_QOS_DEVICE_KIND_MAX + 1);

static const char *const iq_device_states[] = {
	[IPSEC_QOS_DEVICE_UP] = "up",
	[IPSEC_QOS_DEVICE_DOWN] = "down",
};
static_assert(ARRAY_SIZE(iq_device_states) == IPSEC_QOS_DEVICE_STATE_MAX + 1);

static u32 iq_device_now_id(const struct iq_device *d)
{
	const struct iq_device *now;
	u32 id;

	rcu_read_lock();
	now = rcu_dereference(d->now);
	id = now ? now->object.id : 0;
	rcu_read_unlock();
	return id;
}

#define IQ_CHAIN_ATTR(kind, name, fmt, ...)				\
static ssize_t kind##_##name##_show(struct kobject *kobj,		\
				    struct kobj_attribute *attr, char *buf) \
{									\
	const struct iq_##kind *o =					\
		container_of(kobj, struct iq_##kind, object.folder.kobj); \
									\
	return sysfs_emit(buf, fmt "\n", __VA_ARGS__);			\
}									\
static struct kobj_attribute iq_attr_##kind##_##name =			\
	__ATTR(name, 0440, kind##_##name##_show, NULL)

#define IQ_CHAIN_PACKETS(kind, KIND, name, which)			\
IQ_CHAIN_ATTR(kind, name##_packets, "%llu", iq_counter_sum(o->counter,	\
	      IPSEC_QOS_##KIND##_COUNTER_##which).packets)

#define IQ_CHAIN_BYTES(kind, KIND, name, which)				\
IQ_CHAIN_ATTR(kind, name##_bytes, "%llu", iq_counter_sum(o->counter,	\
	      IPSEC_QOS_##KIND##_COUNTER_##which).bytes)

/* A device's folder */

IQ_CHAIN_ATTR(device, id, "%u", o->object.id);
IQ_CHAIN_ATTR(device, kind, "%s", iq_device_kinds[READ_ONCE(o->kind)]);
IQ_CHAIN_ATTR(device, state, "%s", iq_device_states[READ_ONCE(o->state)]);
IQ_CHAIN_ATTR(device, now, "%u", iq_device_now_id(o));
IQ_CHAIN_ATTR(device, chains, "%u", READ_ONCE(o->chains));
IQ_CHAIN_PACKETS(device, DEVICE, outer_sent, OUTER_SENT);
IQ_CHAIN_BYTES(device, DEVICE, outer_sent, OUTER_SENT);
IQ_CHAIN_PACKETS(device, DEVICE, outer_returned, OUTER_RETURNED);
IQ_CHAIN_BYTES(device, DEVICE, outer_returned, OUTER_RETURNED);
IQ_CHAIN_PACKETS(device, DEVICE, inner_sent, INNER_SENT);
IQ_CHAIN_BYTES(device, DEVICE, inner_sent, INNER_SENT);
IQ_CHAIN_PACKETS(device, DEVICE, inner_returned, INNER_RETURNED);
IQ_CHAIN_BYTES(device, DEVICE, inner_returned, INNER_RETURNED);
IQ_CHAIN_PACKETS(device, DEVICE, skipped, SKIPPED);
IQ_CHAIN_BYTES(device, DEVICE, skipped, SKIPPED);
IQ_CHAIN_PACKETS(device, DEVICE, down, DOWN);
IQ_CHAIN_BYTES(device, DEVICE, down, DOWN);
IQ_CHAIN_PACKETS(device, DEVICE, no_way, NO_WAY);
IQ_CHAIN_BYTES(device, DEVICE, no_way, NO_WAY);
IQ_CHAIN_PACKETS(device, DEVICE, too_big, TOO_BIG);
IQ_CHAIN_BYTES(device, DEVICE, too_big, TOO_BIG);
IQ_CHAIN_PACKETS(device, DEVICE, rate, RATE);
IQ_CHAIN_BYTES(device, DEVICE, rate, RATE);
IQ_CHAIN_PACKETS(device, DEVICE, stray, STRAY);
IQ_CHAIN_BYTES(device, DEVICE, stray, STRAY);
IQ_CHAIN_PACKETS(device, DEVICE, checked, CHECKED);
IQ_CHAIN_BYTES(device, DEVICE, checked, CHECKED);

static struct attribute *iq_device_attrs[] = {
	&iq_attr_device_id.attr,
	&iq_attr_device_kind.attr,
	&iq_attr_device_state.attr,
	&iq_attr_device_now.attr,
	&iq_attr_device_chains.attr,
	&iq_attr_device_outer_sent_packets.attr,
	&iq_attr_device_outer_sent_bytes.attr,
	&iq_attr_device_outer_returned_packets.attr,
	&iq_attr_device_outer_returned_bytes.attr,
	&iq_attr_device_inner_sent_packets.attr,
	&iq_attr_device_inner_sent_bytes.attr,
	&iq_attr_device_inner_returned_packets.attr,
	&iq_attr_device_inner_returned_bytes.attr,
	&iq_attr_device_skipped_packets.attr,
	&iq_attr_device_skipped_bytes.attr,
	&iq_attr_device_down_packets.attr,
	&iq_attr_device_down_bytes.attr,
	&iq_attr_device_no_way_packets.attr,
	&iq_attr_device_no_way_bytes.attr,
	&iq_attr_device_too_big_packets.attr,
	&iq_attr_device_too_big_bytes.attr,
	&iq_attr_device_rate_packets.attr,
	&iq_attr_device_rate_bytes.attr,
	&iq_attr_device_stray_packets.attr,
	&iq_attr_device_stray_bytes.attr,
	&iq_attr_device_checked_packets.attr,
	&iq_attr_device_checked_bytes.attr,
	NULL
};
ATTRIBUTE_GROUPS(iq_device);

struct kobj_type iq_device_folder = {
	.release = iq_folder_release,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = iq_device_groups,
	.get_ownership = iq_folder_ownership,
};

/* A service's folder */

IQ_CHAIN_ATTR(service, id, "%u", o->object.id);
IQ_CHAIN_PACKETS(service, SERVICE, acl, ACL);
IQ_CHAIN_BYTES(service, SERVICE, acl, ACL);
IQ_CHAIN_PACKETS(service, SERVICE, rate, RATE);
IQ_CHAIN_BYTES(service, SERVICE, rate, RATE);
IQ_CHAIN_PACKETS(service, SERVICE, forged, FORGED);
IQ_CHAIN_BYTES(service, SERVICE, forged, FORGED);
IQ_CHAIN_PACKETS(service, SERVICE, ttl, TTL);
IQ_CHAIN_BYTES(service, SERVICE, ttl, TTL);
IQ_CHAIN_PACKETS(service, SERVICE, martian, MARTIAN);
IQ_CHAIN_BYTES(service, SERVICE, martian, MARTIAN);
IQ_CHAIN_PACKETS(service, SERVICE, policy, POLICY);
IQ_CHAIN_BYTES(service, SERVICE, policy, POLICY);
IQ_CHAIN_PACKETS(service, SERVICE, memory, MEMORY);
IQ_CHAIN_BYTES(service, SERVICE, memory, MEMORY);

static struct attribute *iq_service_attrs[] = {
	&iq_attr_service_id.attr,
	&iq_attr_service_acl_packets.attr,
	&iq_attr_service_acl_bytes.attr,
	&iq_attr_service_rate_packets.attr,
	&iq_attr_service_rate_bytes.attr,
	&iq_attr_service_forged_packets.attr,
	&iq_attr_service_forged_bytes.attr,
	&iq_attr_service_ttl_packets.attr,
	&iq_attr_service_ttl_bytes.attr,
	&iq_attr_service_martian_packets.attr,
	&iq_attr_service_martian_bytes.attr,
	&iq_attr_service_policy_packets.attr,
	&iq_attr_service_policy_bytes.attr,
	&iq_attr_service_memory_packets.attr,
	&iq_attr_service_memory_bytes.attr,
	NULL
};
ATTRIBUTE_GROUPS(iq_service);

struct kobj_type iq_service_folder = {
	.release = iq_folder_release,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = iq_service_groups,
	.get_ownership = iq_folder_ownership,
};
