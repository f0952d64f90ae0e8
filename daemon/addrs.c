// SPDX-License-Identifier: GPL-2.0-or-later
#include "addrs.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

/* Of an interface's address; family 0: it is of another, or no packet arrives for it. */
static struct iq_addr addr_of(const struct sockaddr *sa)
{
	struct iq_addr addr = {};

	if (sa && sa->sa_family == AF_INET) {
		addr.family = AF_INET;
		memcpy(addr.b, &((const struct sockaddr_in *)sa)->sin_addr, 4);
	} else if (sa && sa->sa_family == AF_INET6) {
		addr.family = AF_INET6;
		memcpy(addr.b, &((const struct sockaddr_in6 *)sa)->sin6_addr, 16);
	}
	if ((addr.family == AF_INET && addr.b[0] == IN_LOOPBACKNET) ||
	    (addr.family == AF_INET6 &&
	     !memcmp(addr.b, &in6addr_loopback, sizeof(in6addr_loopback))))
		addr.family = 0;
	return addr;
}

int addrs_each(void (*cb)(const struct iq_addr *addr, const char *interface, void *arg),
	       void *arg)
{
	struct ifaddrs *addrs, *a;

	if (getifaddrs(&addrs))
		return -errno;
	for (a = addrs; a; a = a->ifa_next) {
		struct iq_addr addr = addr_of(a->ifa_addr);

		if (addr.family)
			cb(&addr, a->ifa_name, arg);
	}
	freeifaddrs(addrs);
	return 0;
}
