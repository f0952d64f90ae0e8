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
json_t *unknown_conf_json(const struct iq_conf *conf);

/** format_unknown() - what is done about unknown SPIs: "off", "relay NAME"; FORMAT_MAX bytes */
const char *format_unknown(const struct iq_conf *conf, char *buf);

#endif /* IPSEC_QOS_TOOLS_SETTINGS_H */
