/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A clock that does not jump: libev's own follows the time of day.
 */
#ifndef IPSEC_QOSD_CLOCK_H
#define IPSEC_QOSD_CLOCK_H

#include <time.h>

/** monotonic() - seconds since some point in the past */
static inline double monotonic(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

#endif /* IPSEC_QOSD_CLOCK_H */
