/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nftables' flowtables: what is in one goes from device to device ahead of the
 * module's hooks, and is not tagged.
 */
#ifndef IPSEC_QOS_TOOLS_FLOWTABLE_H
#define IPSEC_QOS_TOOLS_FLOWTABLE_H

#include <jansson.h>

/**
 * read_flowtables() - those of this network namespace
 *
 * Return: an array of {"family", "table", "name", "devices": […]}, or null where
 * they cannot be read: without CAP_NET_ADMIN, or without nftables in the kernel.
 */
json_t *read_flowtables(void);

#endif /* IPSEC_QOS_TOOLS_FLOWTABLE_H */
