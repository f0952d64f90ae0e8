/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the command is told of ranges of groups, and of who has them.
 */
#ifndef IPSEC_QOSD_RANGES_H
#define IPSEC_QOSD_RANGES_H

#include <jansson.h>

#include "daemon.h"

/** ranges_profile() - the range of a profile as `profile show` has it; null: none */
json_t *ranges_profile(const struct daemon *daemon, const struct profile *profile);

/** ranges_all() - an array: how full each is, as `daemon status` has it */
json_t *ranges_all(const struct daemon *daemon);

#endif /* IPSEC_QOSD_RANGES_H */
