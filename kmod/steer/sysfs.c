// SPDX-License-Identifier: GPL-2.0
#include <linux/sysfs.h>

#include "sysfs.h"

/*
 * Who takes a folder down holds iq_net.config_lock, and waits for those who read a file of
 * it: these take no lock.
 */

/* An element's folder */

static const char *const iq_element_states[] = {
	[IPSEC_QOS_ELEMENT_UP] = "up",
	[IPSEC_QOS_ELEMENT_DRAIN] = "drain",
	[IPSEC_QOS_ELEMENT_DOWN] = "down",
};
static_assert(ARRAY_SIZE(iq_element_states) == IPSEC_QOS_ELEMENT_STATE_MAX + 1);

#define IQ_ELEMENT_ATTR(name, fmt, ...)					\
static ssize_t name##_show(struct kobject *kobj,			\
			   struct kobj_attribute *attr, char *buf)	\
{									\
	const struct iq_element *e =					\
		container_of(kobj, struct iq_element, folder.kobj);	\
									\
	return sysfs_emit(buf, fmt "\n", __VA_ARGS__);			\
}									\
static struct kobj_attribute iq_element_##name = __ATTR(name, 0440, name##_show, NULL)

IQ_ELEMENT_ATTR(id, "%u", e->target.id);
IQ_ELEMENT_ATTR(state, "%s", iq_element_states[READ_ONCE(e->state)]);
IQ_ELEMENT_ATTR(sas, "%u", READ_ONCE(e->target.users));
IQ_ELEMENT_ATTR(pools, "%u", READ_ONCE(e->pools));

#define IQ_ELEMENT_COUNTER(name, which, field)				\
IQ_ELEMENT_ATTR(name##_##field, "%llu",					\
		iq_counter_sum(e->counter, IPSEC_QOS_ELEMENT_COUNTER_##which).field)

IQ_ELEMENT_COUNTER(sent, SENT, packets);
IQ_ELEMENT_COUNTER(sent, SENT, bytes);
IQ_ELEMENT_COUNTER(icmp, ICMP, packets);
IQ_ELEMENT_COUNTER(icmp, ICMP, bytes);
IQ_ELEMENT_COUNTER(no_route, NO_ROUTE, packets);
IQ_ELEMENT_COUNTER(no_route, NO_ROUTE, bytes);
IQ_ELEMENT_COUNTER(too_big, TOO_BIG, packets);
IQ_ELEMENT_COUNTER(too_big, TOO_BIG, bytes);
IQ_ELEMENT_COUNTER(ttl, TTL, packets);
IQ_ELEMENT_COUNTER(ttl, TTL, bytes);
IQ_ELEMENT_COUNTER(down, DOWN, packets);
IQ_ELEMENT_COUNTER(down, DOWN, bytes);
IQ_ELEMENT_COUNTER(martian, MARTIAN, packets);
IQ_ELEMENT_COUNTER(martian, MARTIAN, bytes);
IQ_ELEMENT_COUNTER(policy, POLICY, packets);
IQ_ELEMENT_COUNTER(policy, POLICY, bytes);

static struct attribute *iq_element_attrs[] = {
	&iq_element_id.attr,
	&iq_element_state.attr,
	&iq_element_sas.attr,
	&iq_element_pools.attr,
	&iq_element_sent_packets.attr,
	&iq_element_sent_bytes.attr,
	&iq_element_icmp_packets.attr,
	&iq_element_icmp_bytes.attr,
	&iq_element_no_route_packets.attr,
	&iq_element_no_route_bytes.attr,
	&iq_element_too_big_packets.attr,
	&iq_element_too_big_bytes.attr,
	&iq_element_ttl_packets.attr,
	&iq_element_ttl_bytes.attr,
	&iq_element_down_packets.attr,
	&iq_element_down_bytes.attr,
	&iq_element_martian_packets.attr,
	&iq_element_martian_bytes.attr,
	&iq_element_policy_packets.attr,
	&iq_element_policy_bytes.attr,
	NULL
};
ATTRIBUTE_GROUPS(iq_element);
IQ_FOLDER_TYPE(iq_element_folder, iq_element_groups);

void iq_sysfs_element(struct iq_steer *steer, enum ipsec_qos_event event,
		      struct iq_element *e)
{
	if (event == IPSEC_QOS_EVENT_DEL) {
		iq_folder_exit(&steer->element_folders, &e->folder);
		return;
	}
	if (event == IPSEC_QOS_EVENT_NEW)
		iq_folder_init(&e->folder, &iq_element_folder);
	iq_folder_show(&steer->element_folders, &e->folder, e->name);
}

void iq_sysfs_element_away(struct iq_steer *steer, struct iq_element *e)
{
	char away[16];

	if (!e->folder.kobj.state_in_sysfs)
		return;
	snprintf(away, sizeof(away), ".%u", e->target.id);
	iq_folder_show(&steer->element_folders, &e->folder, away);
}

/* A pool's folder */

static const char *const iq_pool_modes[] = {
	[IPSEC_QOS_POOL_BUCKET] = "bucket",
	[IPSEC_QOS_POOL_SA] = "sa",
	[IPSEC_QOS_POOL_FLOW] = "flow",
};
static_assert(ARRAY_SIZE(iq_pool_modes) == IPSEC_QOS_POOL_MODE_MAX + 1);

/* How many of the buckets are held, or lent; under rcu_read_lock() */
static u32 iq_buckets_count(const struct iq_buckets *b, u16 flag)
{
	u32 i, n = 0;

	for (i = 0; i < IQ_SELECT_BUCKETS; i++)
		n += !!(b->now[i] & flag);
	return n;
}

#define IQ_POOL_ATTR(name, fmt, ...)					\
static ssize_t pool_##name##_show(struct kobject *kobj,			\
				  struct kobj_attribute *attr, char *buf) \
{									\
	const struct iq_pool *p =					\
		container_of(kobj, struct iq_pool, folder.kobj);	\
	const struct iq_buckets *b;					\
	ssize_t len;							\
									\
	rcu_read_lock();						\
	b = rcu_dereference(p->buckets);				\
	(void)b;							\
	len = sysfs_emit(buf, fmt "\n", __VA_ARGS__);			\
	rcu_read_unlock();						\
	return len;							\
}									\
static struct kobj_attribute iq_pool_##name = __ATTR(name, 0440, pool_##name##_show, NULL)

IQ_POOL_ATTR(id, "%u", p->id);
IQ_POOL_ATTR(mode, "%s", iq_pool_modes[p->mode]);
IQ_POOL_ATTR(members, "%u", b->n);
IQ_POOL_ATTR(held, "%u", iq_buckets_count(b, IQ_BUCKET_HELD));
IQ_POOL_ATTR(lent, "%u", iq_buckets_count(b, IQ_BUCKET_LENT));

static struct attribute *iq_pool_attrs[] = {
	&iq_pool_id.attr,
	&iq_pool_mode.attr,
	&iq_pool_members.attr,
	&iq_pool_held.attr,
	&iq_pool_lent.attr,
	NULL
};
ATTRIBUTE_GROUPS(iq_pool);
IQ_FOLDER_TYPE(iq_pool_folder, iq_pool_groups);

void iq_sysfs_pool(struct iq_steer *steer, enum ipsec_qos_event event, struct iq_pool *p)
{
	if (event == IPSEC_QOS_EVENT_DEL) {
		iq_folder_exit(&steer->pool_folders, &p->folder);
		return;
	}
	if (event == IPSEC_QOS_EVENT_NEW)
		iq_folder_init(&p->folder, &iq_pool_folder);
	iq_folder_show(&steer->pool_folders, &p->folder, p->name);
}

int iq_steer_sysfs_init(struct iq_steer *steer)
{
	int err = iq_folders_init(&steer->element_folders, steer->iqn, "elements");

	if (err)
		return err;
	err = iq_folders_init(&steer->pool_folders, steer->iqn, "pools");
	if (err)
		iq_folders_exit(&steer->element_folders);
	return err;
}

void iq_steer_sysfs_exit(struct iq_steer *steer)
{
	struct iq_element *e;
	struct iq_pool *p;
	unsigned long i;

	xa_for_each(&steer->pools, i, p)
		iq_folder_exit(&steer->pool_folders, &p->folder);
	xa_for_each(&steer->elements, i, e)
		iq_folder_exit(&steer->element_folders, &e->folder);
	iq_folders_exit(&steer->pool_folders);
	iq_folders_exit(&steer->element_folders);
}
