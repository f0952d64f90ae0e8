/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The addresses that this host has.
 */
#ifndef IPSEC_QOSD_ADDRS_H
#define IPSEC_QOSD_ADDRS_H

#include "lib/addr.h"

/**
 * addrs_each() - call for each address of an interface by which packets may arrive: not
 * those of loopback, 127.0.0.0/8 and ::1
 *
 * Return: 0 or a negative errno.
 */
int addrs_each(void (*cb)(const struct iq_addr *addr, const char *interface, void *arg),
	       void *arg);

#endif /* IPSEC_QOSD_ADDRS_H */
