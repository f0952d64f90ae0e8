/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IKE SAs as JSON: for `ike show` and for events.
 */
#ifndef IPSEC_QOS_TOOLS_IKE_H
#define IPSEC_QOS_TOOLS_IKE_H

#include "command.h"

json_t *ike_json(const struct iq_ike *ike);

#endif /* IPSEC_QOS_TOOLS_IKE_H */
