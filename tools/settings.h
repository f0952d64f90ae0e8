/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settings as JSON: for `settings show` and `status`.
 */
#ifndef IPSEC_QOS_TOOLS_SETTINGS_H
#define IPSEC_QOS_TOOLS_SETTINGS_H

#include "command.h"
#include "lib/kernel/settings.h"

json_t *ceilings_json(const struct iq_conf *conf);
json_t *ports_json(const struct iq_conf *conf);

#endif /* IPSEC_QOS_TOOLS_SETTINGS_H */
