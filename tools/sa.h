/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SAs as JSON: for `sa show` and for events.
 */
#ifndef IPSEC_QOS_TOOLS_SA_H
#define IPSEC_QOS_TOOLS_SA_H

#include "command.h"
#include "lib/kernel/entry.h"

/* of a struct iq_sa */
json_t *sa_json(const void *item);

#endif /* IPSEC_QOS_TOOLS_SA_H */
