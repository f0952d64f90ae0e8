// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/sysfs.h>
#include <linux/user_namespace.h>

#include "folder.h"
#include "sysfs.h"

/*
 * What a folder takes, 3.2 KB of a group, is charged to nobody: of who has a namespace
 * without any right in the machine so many objects of a kind have one, and the command
 * tells of all.
 */
#define IQ_FOLDERS_GUEST	512

/* The folder of a kind is tagged with its namespace; what is in it need not be. */

static struct iq_folders *iq_kobj_folders(IQ_KOBJ_CONST struct kobject *kobj)
{
	return container_of(kobj, struct iq_folders, kobj);
}

static void iq_folders_release(struct kobject *kobj)
{
	complete(&iq_kobj_folders(kobj)->gone);
}

static IQ_NS_TAG iq_folders_namespace(IQ_KOBJ_CONST struct kobject *kobj)
{
	return iq_ns_tag(iq_kobj_folders(kobj)->iqn->net);
}

static void iq_folders_ownership(IQ_KOBJ_CONST struct kobject *kobj,
				 kuid_t *uid, kgid_t *gid)
{
	net_ns_get_ownership(iq_kobj_folders(kobj)->iqn->net, uid, gid);
}

static struct kobj_type iq_folders_type = {
	.release = iq_folders_release,
	.sysfs_ops = &kobj_sysfs_ops,
	.namespace = iq_folders_namespace,
	.get_ownership = iq_folders_ownership,
};

int iq_folders_init(struct iq_folders *fs, struct iq_net *iqn, const char *name)
{
	int err;

	fs->iqn = iqn;
	fs->n = 0;
	init_completion(&fs->gone);
	err = kobject_init_and_add(&fs->kobj, &iq_folders_type, &iq_sysfs_root, "%s", name);
	if (err)
		iq_folders_exit(fs);
	return err;
}

void iq_folders_exit(struct iq_folders *fs)
{
	kobject_put(&fs->kobj);
	wait_for_completion(&fs->gone);
}

void iq_folder_release(struct kobject *kobj)
{
	complete(&container_of(kobj, struct iq_folder, kobj)->gone);
}

void iq_folder_ownership(IQ_KOBJ_CONST struct kobject *kobj, kuid_t *uid, kgid_t *gid)
{
	iq_folders_ownership(kobj->parent, uid, gid);
}

void iq_folder_init(struct iq_folder *f, struct kobj_type *type)
{
	init_completion(&f->gone);
	/* Whether or not it is ever shown it is to be put, by iq_folder_exit(). */
	kobject_init(&f->kobj, type);
}

void iq_folder_show(struct iq_folders *fs, struct iq_folder *f, const char *name)
{
	if (f->kobj.state_in_sysfs) {
		if (strcmp(kobject_name(&f->kobj), name) && kobject_rename(&f->kobj, name))
			pr_warn_ratelimited("%s/%s keeps that name in sysfs\n",
					    kobject_name(&fs->kobj), kobject_name(&f->kobj));
		return;
	}
	if (fs->iqn->net->user_ns != &init_user_ns && fs->n >= IQ_FOLDERS_GUEST)
		return;
	if (kobject_add(&f->kobj, &fs->kobj, "%s", name))
		pr_warn_ratelimited("%s/%s has no folder in sysfs\n",
				    kobject_name(&fs->kobj), name);
	else
		fs->n++;
}

void iq_folder_hide(struct iq_folders *fs, struct iq_folder *f)
{
	if (!f->kobj.state_in_sysfs)
		return;
	kobject_del(&f->kobj);
	fs->n--;
}

void iq_folder_exit(struct iq_folders *fs, struct iq_folder *f)
{
	iq_folder_hide(fs, f);
	kobject_put(&f->kobj);
	wait_for_completion(&f->gone);
}
