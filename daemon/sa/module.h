/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notice of the module's coming and going: generic netlink's controller tells
 * its multicast group "notify" of each family.
 */
#ifndef IPSEC_QOSD_MODULE_H
#define IPSEC_QOSD_MODULE_H

#include <stdbool.h>

struct module_watch;

/** module_watch_open() - Return: 0 or a negative errno */
int module_watch_open(struct module_watch **watch);
void module_watch_close(struct module_watch *watch);

/** module_watch_fd() - to be polled for reading */
int module_watch_fd(const struct module_watch *watch);

/**
 * module_watch_read() - read what is there
 *
 * @cb: called when the module came (@there) or went
 *
 * Return: 0; -ENOBUFS: notices were lost, it may have come or gone; or another
 * negative errno.
 */
int module_watch_read(struct module_watch *watch,
		      void (*cb)(bool there, void *arg), void *arg);

#endif /* IPSEC_QOSD_MODULE_H */
