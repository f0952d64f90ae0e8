/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ports of a protocol, as a person writes them in the configuration and on the command line,
 * and as they are printed. Pure.
 */
#ifndef IPSEC_QOS_LIB_PORT_H
#define IPSEC_QOS_LIB_PORT_H

#include <stdint.h>

#include "lib/kernel/service.h"

/**
 * parse_port() - PROTO[/FIRST[-LAST]]: a protocol's name or number, and ports where it has
 * some
 */
int parse_port(const char *text, struct iq_kernel_port *port);
#define EXPECT_PORT "PROTO[/FIRST[-LAST]]: tcp, udp, sctp or dccp with or without ports from " \
		    "1 to 65535; icmp, icmpv6, esp, ah, gre or a protocol's number from 1 to 255"

/* Both return @buf, which has FORMAT_MAX bytes. */
const char *format_protocol(uint8_t proto, char *buf);	/* "tcp", or its number */
const char *format_port(const struct iq_kernel_port *port, char *buf);

#endif /* IPSEC_QOS_LIB_PORT_H */
