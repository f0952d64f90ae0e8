/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The settings of a network namespace.
 */
#ifndef IPSEC_QOS_LIB_KERNEL_SETTINGS_H
#define IPSEC_QOS_LIB_KERNEL_SETTINGS_H

#include <stddef.h>
#include <stdint.h>
#include <linux/ipsec_qos.h>

#include "lib/addr.h"
#include "lib/kernel/socket.h"

/**
 * struct iq_kernel_fallback - the mark of a protected packet with no group
 */
struct iq_kernel_fallback {
	uint8_t dscp;			/* 0 to 63 */
	uint32_t mark;
	uint32_t mask;
};

/**
 * struct iq_kernel_range - addresses that checks of devices are made with
 */
struct iq_kernel_range {
	struct iq_addr addr;		/* family 0: none */
	uint8_t len;			/* of the prefix */
};

/**
 * struct iq_conf - settings of a network namespace, as in
 * enum ipsec_qos_conf_attr; bit (1 << IPSEC_QOS_CONF_A_x) of @has says that x
 * is to be set
 */
struct iq_conf {
	uint32_t has;
	uint32_t max_sas;
	uint32_t max_ikes;
	uint32_t max_groups;
	size_t n_ike_ports;
	uint16_t ike_ports[IPSEC_QOS_PORTS_MAX];
	size_t n_natt_ports;
	uint16_t natt_ports[IPSEC_QOS_PORTS_MAX];
	size_t n_fallback;
	struct iq_kernel_fallback fallback[64];
	uint8_t unknown;		/* enum ipsec_qos_unknown */
	uint32_t unknown_element;	/* its id; 0: none */
	uint32_t unknown_rate;		/* a second, 1 to IPSEC_QOS_UNKNOWN_RATE_MAX */
	struct iq_kernel_range check_ipv4;
	struct iq_kernel_range check_ipv6;
};

int iq_kernel_conf(struct iq_kernel *k, const struct iq_conf *conf);

#endif /* IPSEC_QOS_LIB_KERNEL_SETTINGS_H */
