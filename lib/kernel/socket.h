/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A socket to the module: the generic netlink family of <linux/ipsec_qos.h>, over
 * libnl. What is asked of the module there are calls for in the headers of this
 * room, one for each object.
 *
 * All calls but iq_kernel_open() return 0 or a negative errno; -ENODEV: the module
 * was unloaded since iq_kernel_open(), which is to be called anew. @nlflags are
 * NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE as <linux/ipsec_qos.h> says. A call with
 * more than IPSEC_QOS_BULK_MAX entries, or more than fit a message, is sent as
 * several requests, each all or nothing; culprit counts through all of them.
 *
 * Dumps call @cb for each; a cb that returns other than 0 ends the dump with that
 * value; it must not call with @k itself. A dump that the kernel flags as
 * interrupted (NLM_F_DUMP_INTR) is begun anew by the caller: the call returns
 * -EINTR then. No filter (NULL) matches all.
 *
 * A flush deletes all that fit; *@count says how many they were.
 */
#ifndef IPSEC_QOS_LIB_KERNEL_SOCKET_H
#define IPSEC_QOS_LIB_KERNEL_SOCKET_H

#include <stdint.h>

struct iq_kernel;

/**
 * iq_kernel_open() - a socket to the module in this network namespace
 *
 * Return: 0, or a negative errno; -ENOENT: the module is not loaded.
 */
int iq_kernel_open(struct iq_kernel **k);
void iq_kernel_close(struct iq_kernel *k);

/**
 * iq_kernel_error() - why the last call failed, for a person: the kernel's
 * extended ACK where there was one, else strerror()'s text
 */
const char *iq_kernel_error(const struct iq_kernel *k);

/**
 * iq_kernel_culprit() - which entry of the last call's array is at fault,
 * counted from 0; -1 where the kernel named none
 */
int iq_kernel_culprit(const struct iq_kernel *k);

#endif /* IPSEC_QOS_LIB_KERNEL_SOCKET_H */
