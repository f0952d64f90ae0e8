// SPDX-License-Identifier: GPL-2.0
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "compat.h"
#include "feature.h"
#include "folder.h"
#include "group.h"
#include "sysfs.h"

/*
 * The folder's own attributes are tagged with the namespace that they are of,
 * as those of /sys/class/net are: each sees one set, under the same names.
 */
struct kobject iq_sysfs_root;
static DECLARE_COMPLETION(iq_sysfs_root_gone);

/*
 * Files are a namespace's root's, who need not be the machine's. The folder is
 * everybody's: whose files are being made in it is said here meanwhile.
 */
static DEFINE_MUTEX(iq_sysfs_making);
static const struct net *iq_sysfs_maker;

/**
 * struct iq_sysfs - one namespace's attributes
 *
 * @attr: one for each file, the core's and the features'; how many are there: @n
 * @groups: the folder of the groups' folders
 */
struct iq_sysfs {
	struct iq_net *iqn;
	unsigned int n;
	struct iq_sysfs_attr {
		struct kobj_attribute kattr;
		struct iq_net *iqn;
		const struct iq_sysfs_file *file;
	} *attr;
	struct iq_folders groups;
};

static ssize_t iq_show_version(struct iq_net *iqn, char *buf)
{
	return sysfs_emit(buf, "%s\n", IQ_VERSION);
}

static ssize_t iq_show_groups(struct iq_net *iqn, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(iqn->n_groups));
}

static ssize_t iq_show_max_groups(struct iq_net *iqn, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(iqn->max_groups));
}

static const struct iq_sysfs_file iq_sysfs_files[] = {
	{ "version", iq_show_version },
	{ "group_count", iq_show_groups },
	{ "max_groups", iq_show_max_groups },
	{ }
};

static ssize_t iq_sysfs_show(struct kobject *kobj, struct kobj_attribute *kattr,
			     char *buf)
{
	struct iq_sysfs_attr *a = container_of(kattr, struct iq_sysfs_attr, kattr);

	return a->file->show(a->iqn, buf);
}

/* A group's folder. */

static struct iq_group *iq_kobj_group(struct kobject *kobj)
{
	return container_of(kobj, struct iq_group, folder.kobj);
}

#define IQ_GROUP_ATTR(name, fmt, ...)					\
static ssize_t name##_show(struct kobject *kobj,			\
			   struct kobj_attribute *attr, char *buf)	\
{									\
	struct iq_group *g = iq_kobj_group(kobj);			\
	const struct iq_action *a;					\
	ssize_t len;							\
									\
	rcu_read_lock();						\
	a = iq_group_action(g);						\
	(void)a;							\
	len = sysfs_emit(buf, fmt "\n", __VA_ARGS__);			\
	rcu_read_unlock();						\
	return len;							\
}									\
static struct kobj_attribute iq_group_##name = __ATTR(name, 0440, name##_show, NULL)

IQ_GROUP_ATTR(id, "%u", g->id);
IQ_GROUP_ATTR(mark, "0x%x", a->mark);
IQ_GROUP_ATTR(mask, "0x%x", a->mask);
IQ_GROUP_ATTR(mark_clear, "0x%x", a->mark_clear);
IQ_GROUP_ATTR(priority, "%x:%x", a->priority >> 16, a->priority & 0xffff);
IQ_GROUP_ATTR(dscp, "%d", a->dscp);
IQ_GROUP_ATTR(sas, "%u", READ_ONCE(g->users[IQ_USER_SA]));
IQ_GROUP_ATTR(ikes, "%u", READ_ONCE(g->users[IQ_USER_IKE]));

#define IQ_GROUP_COUNTER(name, which, field)				\
	IQ_GROUP_ATTR(name##_##field, "%llu", iq_counter_sum(g->counter, which).field)

IQ_GROUP_COUNTER(esp_in, IPSEC_QOS_COUNTER_ESP_IN, packets);
IQ_GROUP_COUNTER(esp_in, IPSEC_QOS_COUNTER_ESP_IN, bytes);
IQ_GROUP_COUNTER(esp_out, IPSEC_QOS_COUNTER_ESP_OUT, packets);
IQ_GROUP_COUNTER(esp_out, IPSEC_QOS_COUNTER_ESP_OUT, bytes);
IQ_GROUP_COUNTER(ike_in, IPSEC_QOS_COUNTER_IKE_IN, packets);
IQ_GROUP_COUNTER(ike_in, IPSEC_QOS_COUNTER_IKE_IN, bytes);
IQ_GROUP_COUNTER(ike_out, IPSEC_QOS_COUNTER_IKE_OUT, packets);
IQ_GROUP_COUNTER(ike_out, IPSEC_QOS_COUNTER_IKE_OUT, bytes);
IQ_GROUP_COUNTER(clear_in, IPSEC_QOS_COUNTER_CLEAR_IN, packets);
IQ_GROUP_COUNTER(clear_in, IPSEC_QOS_COUNTER_CLEAR_IN, bytes);
IQ_GROUP_COUNTER(clear_out, IPSEC_QOS_COUNTER_CLEAR_OUT, packets);
IQ_GROUP_COUNTER(clear_out, IPSEC_QOS_COUNTER_CLEAR_OUT, bytes);

static struct attribute *iq_group_attrs[] = {
	&iq_group_id.attr,
	&iq_group_mark.attr,
	&iq_group_mask.attr,
	&iq_group_mark_clear.attr,
	&iq_group_priority.attr,
	&iq_group_dscp.attr,
	&iq_group_sas.attr,
	&iq_group_ikes.attr,
	&iq_group_esp_in_packets.attr,
	&iq_group_esp_in_bytes.attr,
	&iq_group_esp_out_packets.attr,
	&iq_group_esp_out_bytes.attr,
	&iq_group_ike_in_packets.attr,
	&iq_group_ike_in_bytes.attr,
	&iq_group_ike_out_packets.attr,
	&iq_group_ike_out_bytes.attr,
	&iq_group_clear_in_packets.attr,
	&iq_group_clear_in_bytes.attr,
	&iq_group_clear_out_packets.attr,
	&iq_group_clear_out_bytes.attr,
	NULL
};
ATTRIBUTE_GROUPS(iq_group);

IQ_FOLDER_TYPE(iq_group_folder, iq_group_groups);

/* Have its folder there, or not, as it is to be. */
static void iq_sysfs_group_follow(struct iq_net *iqn, struct iq_group *g)
{
	if (g->flags & IPSEC_QOS_GROUP_F_NO_SYSFS)
		iq_folder_hide(&iqn->sysfs->groups, &g->folder);
	else
		iq_folder_show(&iqn->sysfs->groups, &g->folder, g->name);
}

static void iq_sysfs_group_rename(struct iq_group *g, const char *name)
{
	if (g->folder.kobj.state_in_sysfs)
		iq_folder_show(&g->iqn->sysfs->groups, &g->folder, name);
}

static void iq_sysfs_group(struct iq_net *iqn, enum ipsec_qos_event event,
			   struct iq_group *g)
{
	if (event == IPSEC_QOS_EVENT_DEL) {
		iq_folder_exit(&iqn->sysfs->groups, &g->folder);
		return;
	}
	if (event == IPSEC_QOS_EVENT_NEW)
		iq_folder_init(&g->folder, &iq_group_folder);
	iq_sysfs_group_follow(iqn, g);
}

const struct iq_listener iq_sysfs_listener = {
	.group = iq_sysfs_group,
	.group_name = iq_sysfs_group_rename,
};

static const struct kobj_ns_type_operations *
iq_root_child_ns_type(IQ_KOBJ_CONST struct kobject *kobj)
{
	return &net_ns_type_operations;
}

static void iq_root_ownership(IQ_KOBJ_CONST struct kobject *kobj,
			      kuid_t *uid, kgid_t *gid)
{
	if (iq_sysfs_maker)
		net_ns_get_ownership(iq_sysfs_maker, uid, gid);
}

static void iq_root_release(struct kobject *kobj)
{
	complete(&iq_sysfs_root_gone);
}

static struct kobj_type iq_root_ktype = {
	.release = iq_root_release,
	.sysfs_ops = &kobj_sysfs_ops,
	.child_ns_type = iq_root_child_ns_type,
	.get_ownership = iq_root_ownership,
};

static void iq_sysfs_remove_files(struct iq_sysfs *s)
{
	while (s->n)
		sysfs_remove_file_ns(&iq_sysfs_root, &s->attr[--s->n].kattr.attr,
				     iq_ns_tag(s->iqn->net));
}

static unsigned int iq_sysfs_count(const struct iq_sysfs_file *file)
{
	unsigned int n = 0;

	while (file && file[n].name)
		n++;
	return n;
}

/* For each of @file there is room in @s->attr. */
static int iq_sysfs_add_files(struct iq_sysfs *s, const struct iq_sysfs_file *file)
{
	struct iq_sysfs_attr *a;
	int err;

	for (; file && file->name; file++) {
		a = &s->attr[s->n];
		a->iqn = s->iqn;
		a->file = file;
		sysfs_attr_init(&a->kattr.attr);
		a->kattr.attr.name = file->name;
		a->kattr.attr.mode = 0440;
		a->kattr.show = iq_sysfs_show;
		mutex_lock(&iq_sysfs_making);
		iq_sysfs_maker = s->iqn->net;
		err = sysfs_create_file_ns(&iq_sysfs_root, &a->kattr.attr,
					   iq_ns_tag(s->iqn->net));
		iq_sysfs_maker = NULL;
		mutex_unlock(&iq_sysfs_making);
		if (err)
			return err;
		s->n++;
	}
	return 0;
}

static int iq_sysfs_add_all(struct iq_sysfs *s)
{
	int err = iq_sysfs_add_files(s, iq_sysfs_files);
	const struct iq_feature *f;
	unsigned int i;

	iq_for_each_feature(f, i)
		if (!err)
			err = iq_sysfs_add_files(s, f->files);
	return err;
}

int iq_sysfs_init(struct iq_net *iqn)
{
	struct iq_sysfs *s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);
	unsigned int n = iq_sysfs_count(iq_sysfs_files), i;
	const struct iq_feature *f;
	int err = -ENOMEM;

	if (!s)
		return -ENOMEM;
	s->iqn = iqn;
	iq_for_each_feature(f, i)
		n += iq_sysfs_count(f->files);
	s->attr = kcalloc(n, sizeof(*s->attr), GFP_KERNEL_ACCOUNT);
	if (!s->attr)
		goto free;
	err = iq_sysfs_add_all(s);
	if (err)
		goto remove;
	err = iq_folders_init(&s->groups, iqn, "groups");
	if (err)
		goto remove;
	iqn->sysfs = s;
	return 0;

remove:
	iq_sysfs_remove_files(s);
free:
	kfree(s->attr);
	kfree(s);
	return err;
}

void iq_sysfs_exit(struct iq_net *iqn)
{
	struct iq_sysfs *s = iqn->sysfs;
	struct iq_group *g;
	unsigned long i;

	xa_for_each(&iqn->groups, i, g)
		iq_folder_exit(&s->groups, &g->folder);
	iq_folders_exit(&s->groups);
	iq_sysfs_remove_files(s);
	kfree(s->attr);
	kfree(s);
}

int iq_sysfs_module_init(void)
{
	int err = kobject_init_and_add(&iq_sysfs_root, &iq_root_ktype,
				       kernel_kobj, "ipsec_qos");

	if (err)
		iq_sysfs_module_exit();
	return err;
}

/* Its release is this module's code: it must have been. */
void iq_sysfs_module_exit(void)
{
	kobject_put(&iq_sysfs_root);
	wait_for_completion(&iq_sysfs_root_gone);
}
