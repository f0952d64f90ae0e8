/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Folders in sysfs: one for each object of a kind, such as a group, in one that a
 * namespace has for all of that kind.
 */
#ifndef _IPSEC_QOS_FOLDER_H
#define _IPSEC_QOS_FOLDER_H

#include <linux/completion.h>
#include <linux/kobject.h>

#include "compat.h"
#include "net.h"

/**
 * struct iq_folders - the folder of a namespace that the objects' folders are in
 *
 * @iqn: whose they are
 * @n: so many objects have one; iq_net.config_lock
 * @gone: completed by the release of @kobj
 */
struct iq_folders {
	struct iq_net *iqn;
	u32 n;
	struct kobject kobj;
	struct completion gone;
};

/**
 * struct iq_folder - an object's own, a part of the object
 *
 * @gone: completed by the release of @kobj
 */
struct iq_folder {
	struct kobject kobj;
	struct completion gone;
};

/** IQ_FOLDER_TYPE() - the type of a kind of folders; @files: as of ATTRIBUTE_GROUPS() */
#define IQ_FOLDER_TYPE(name, files)					\
static struct kobj_type name = {					\
	.release = iq_folder_release,					\
	.sysfs_ops = &kobj_sysfs_ops,					\
	.default_groups = files,					\
	.get_ownership = iq_folder_ownership,				\
}

void iq_folder_release(struct kobject *kobj);
void iq_folder_ownership(IQ_KOBJ_CONST struct kobject *kobj, kuid_t *uid, kgid_t *gid);

/** iq_folders_init() - have a namespace's folder for a kind of objects; 0 or an errno */
int iq_folders_init(struct iq_folders *fs, struct iq_net *iqn, const char *name);

/** iq_folders_exit() - it goes; there are no folders in it any more */
void iq_folders_exit(struct iq_folders *fs);

/* All below: iq_net.config_lock is held, or the namespace goes. */

/** iq_folder_init() - there is an object, which has no folder yet. iq_folder_exit() follows. */
void iq_folder_init(struct iq_folder *f, struct kobj_type *type);

/**
 * iq_folder_show() - have an object's folder there, under its name
 *
 * One that finds no memory is missed, and the log says so; so are those of many objects
 * where nobody is charged for them. When the object changes it is tried again.
 */
void iq_folder_show(struct iq_folders *fs, struct iq_folder *f, const char *name);

/** iq_folder_hide() - it has none any more; who reads a file of it is waited for */
void iq_folder_hide(struct iq_folders *fs, struct iq_folder *f);

/** iq_folder_exit() - the object goes: likewise, and it may be freed */
void iq_folder_exit(struct iq_folders *fs, struct iq_folder *f);

#endif /* _IPSEC_QOS_FOLDER_H */
