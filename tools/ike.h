/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IKE SAs as JSON: for `ike show` and for events.
 */
#ifndef IPSEC_QOS_TOOLS_IKE_H
#define IPSEC_QOS_TOOLS_IKE_H

#include "command.h"
#include "lib/kernel/entry.h"

/* of a struct iq_ike */
json_t *ike_json(const void *item);

#endif /* IPSEC_QOS_TOOLS_IKE_H */
