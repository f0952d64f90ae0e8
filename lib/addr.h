/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An address, as the feed and the module's tables both have it.
 */
#ifndef IPSEC_QOS_ADDR_H
#define IPSEC_QOS_ADDR_H

#include <stdint.h>

/**
 * struct iq_addr - an IPv4 or IPv6 address
 *
 * @family: AF_INET or AF_INET6; 0: none
 * @b: 4 or 16 bytes, network order; the rest is zero
 */
struct iq_addr {
	uint8_t family;
	uint8_t b[16];
};

#endif /* IPSEC_QOS_ADDR_H */
