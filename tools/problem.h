/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `status` finds wrong with this host and how it is mended, and the kernel's settings
 * that it looks at for that.
 */
#ifndef IPSEC_QOS_TOOLS_PROBLEM_H
#define IPSEC_QOS_TOOLS_PROBLEM_H

#include <ifaddrs.h>
#include <stdbool.h>
#include <jansson.h>

#include "lib/addr.h"

/** add_problem() - to an array: @what is wrong, @why, and what mends it */
void add_problem(json_t *problems, const char *what, const char *why, const char *remedy, ...)
	__attribute__((format(printf, 4, 5)));

/** print_problems() - each in two lines */
void print_problems(const json_t *problems);

/**
 * conf_of() - an IPv4 setting of an interface, as the kernel takes most of them: what "all"
 * says, or the interface, whichever is more
 */
int conf_of(const char *dev, const char *name);

/** ipv4_of() - family 0: it is none */
struct iq_addr ipv4_of(const struct sockaddr *sa);

/** ipv4_at() - an IPv4 address of this host at an interface; family 0: there is none */
struct iq_addr ipv4_at(const struct ifaddrs *addrs, const char *dev);

/**
 * add_forwarding() - a problem, where the host forwards no packets of a family, whether
 * those of IPv4 or of IPv6 are @wanted
 *
 * @then: what does not happen
 */
void add_forwarding(json_t *problems, bool wanted_ipv4, bool wanted_ipv6, const char *then);

#endif /* IPSEC_QOS_TOOLS_PROBLEM_H */
