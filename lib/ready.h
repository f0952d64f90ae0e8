/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a service manager is told: that a program is ready, reloads, ends. Where we
 * are built without libsystemd there is nobody to tell.
 */
#ifndef IPSEC_QOS_LIB_READY_H
#define IPSEC_QOS_LIB_READY_H

#ifdef HAVE_LIBSYSTEMD

#include <systemd/sd-daemon.h>

#else

static inline int sd_notify(int unset_environment, const char *state)
{
	return 0;
}

__attribute__((format(printf, 2, 3)))
static inline int sd_notifyf(int unset_environment, const char *format, ...)
{
	return 0;
}

#endif

#endif
