/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices, chains and services of the configuration, as the module is to have them. Pure.
 */
#ifndef IPSEC_QOSD_CHAIN_OBJECT_H
#define IPSEC_QOSD_CHAIN_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "lib/kernel/chain.h"
#include "lib/kernel/device.h"
#include "lib/kernel/service.h"

/**
 * struct device_now - what changes of a device while a configuration is in use
 *
 * @down: the kernel is to send it nothing
 * @has_mac: of its outer and its inner side, it is known
 */
struct device_now {
	bool down;
	bool has_mac[2];
	uint8_t mac[2][ETH_ALEN];
};

void object_device(const struct chain_device *device, const struct device_now *now,
		   struct iq_kernel_device *to);
void object_chain(const struct service_chain *chain, struct iq_kernel_chain *to);

/**
 * object_service() - its arrays are the configuration's, or are freed by
 * object_service_free()
 *
 * @nat: this host translates to the server's own address
 *
 * Return: 0 or -ENOMEM.
 */
int object_service(const struct service *service, bool nat, struct iq_kernel_service *to);
void object_service_free(struct iq_kernel_service *to);

#endif /* IPSEC_QOSD_CHAIN_OBJECT_H */
