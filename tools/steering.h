/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How steering is as a whole, for `status`.
 */
#ifndef IPSEC_QOS_TOOLS_STEERING_H
#define IPSEC_QOS_TOOLS_STEERING_H

#include <stdbool.h>
#include <jansson.h>

#include "lib/kernel/settings.h"

/**
 * read_steering() - elements, pools and steered prefixes, counted, and what is wrong
 *
 * @is_element: this host is one, the daemon says
 *
 * Return: an object, which `status` prints in JSON as its steering; NULL where the module
 * does not answer, having said so.
 */
json_t *read_steering(const struct iq_conf *conf, bool is_element);

/** steers_any() - is there a steered prefix, or an element? */
bool steers_any(const json_t *steering);

/** print_steering() - the same in lines; nothing where there is nothing of it */
void print_steering(const json_t *steering);

#endif /* IPSEC_QOS_TOOLS_STEERING_H */
