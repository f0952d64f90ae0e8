/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the configuration anew in a thread of its own: a file may be long, and
 * the disk slow. One load follows the other, as libConfuse wants it. All that is
 * said below is for the daemon's own loop.
 */
#ifndef IPSEC_QOSD_LOADER_H
#define IPSEC_QOSD_LOADER_H

#include <stddef.h>
#include <stdint.h>

#include <ev.h>

#include "config/config.h"

struct loader;

/**
 * loader_open() - start the thread
 *
 * @loaded: called from the loop for each load that came to its end: what was
 *	read for all tickets up to @ticket; or NULL, and in @why the reason
 *
 * Return: 0 or a negative errno.
 */
int loader_open(struct loader **loader, struct ev_loop *loop, const char *file,
		void (*loaded)(void *arg, uint32_t ticket,
			       struct config *config, const char *why),
		void *arg);

/**
 * loader_close() - end the thread; one that a disk does not let go ends with the
 * process. NULL is fine.
 */
void loader_close(struct loader *loader);

/**
 * loader_load() - read what the file says from now on
 *
 * Return: a ticket, greater than those before but for its overflow.
 */
uint32_t loader_load(struct loader *loader);

/** loader_free() - as config_free(), in the thread: that takes its time, too */
void loader_free(struct loader *loader, struct config *config);

#endif /* IPSEC_QOSD_LOADER_H */
