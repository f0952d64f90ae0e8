/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices by name: what chains, services, traces and events call them.
 */
#ifndef IPSEC_QOS_TOOLS_DEVICE_H
#define IPSEC_QOS_TOOLS_DEVICE_H

#include "command.h"
#include "lib/kernel/device.h"
#include "names.h"

extern struct names device_names;

/** read_devices() - all devices (of an owner, or -1), sorted by id; a STATUS_ */
int read_devices(struct iq_kernel *k, int owner, UT_array *list);

/** device_state() - of an enum ipsec_qos_device_state: "up", "down" */
const char *device_state(uint8_t state);

/** device_problem() - of an enum ipsec_qos_device_problem; NULL: it is none */
const char *device_problem(uint8_t problem);

/** device_json() - of a struct iq_kernel_device, as `device show` prints it */
json_t *device_json(const void *item);

/** device_print() - what an event says of it, in a line, without its end */
void device_print(const struct iq_kernel_device *d);

#endif /* IPSEC_QOS_TOOLS_DEVICE_H */
