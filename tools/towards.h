/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which interfaces lead to an element.
 */
#ifndef IPSEC_QOS_TOOLS_TOWARDS_H
#define IPSEC_QOS_TOOLS_TOWARDS_H

#include <net/if.h>
#include <stdbool.h>

#include "lib/addr.h"
#include "lib/kernel/element.h"

#define TOWARDS_MAX	IPSEC_QOS_ELEMENTS_MAX

/**
 * struct towards - interfaces, each once, TOWARDS_MAX at most
 */
struct towards {
	size_t n;
	char dev[TOWARDS_MAX][IFNAMSIZ];
};

/** towards_dev() - one more */
void towards_dev(struct towards *t, const char *dev);

/** towards_add() - those that lead to an element, as far as that can be known */
void towards_add(struct towards *t, const struct iq_kernel_element *e);

/**
 * towards_back() - does the kernel take what comes by an interface from an address, or does
 * rp_filter drop it?
 *
 * @src: IPv4, as @here: an address of this host
 *
 * Return: false only where it says that there is no way back.
 */
bool towards_back(const char *dev, const struct iq_addr *src, const struct iq_addr *here);

#endif /* IPSEC_QOS_TOOLS_TOWARDS_H */
