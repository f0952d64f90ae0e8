// SPDX-License-Identifier: GPL-2.0-or-later
#include "steer/local.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "steer/sync.h"

const struct steer_prefix *local_flow(const struct steer_config *config,
				      const struct iq_addr *addr)
{
	const struct steer_prefix *best = NULL, *p;
	size_t i;

	for (i = 0; i < config->n_prefixes; i++) {
		p = &config->prefixes[i];
		if (!sync_steered(p) ||
		    !prefix_has(&p->prefix, addr, addr->family == AF_INET ? 32 : 128))
			continue;
		if (!best || p->prefix.len > best->prefix.len)
			best = p;
	}
	return best && best->pool->mode == IPSEC_QOS_POOL_FLOW ? best : NULL;
}

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
	     IN6_IS_ADDR_LOOPBACK((const struct in6_addr *)addr.b)))
		addr.family = 0;
	return addr;
}

static int say(void *state, void *wanted, char *why, size_t size)
{
	const struct steer_config *config = &((const struct config *)wanted)->steer;
	bool *said = calloc(config->n_prefixes + 1, sizeof(*said));
	char shown[PREFIX_TEXT], own[INET6_ADDRSTRLEN];
	const struct steer_prefix *p;
	struct ifaddrs *addrs, *a;

	(void)state;
	if (!said || getifaddrs(&addrs)) {
		snprintf(why, size, "whether an address of this host is steered is not known: %s",
			 strerror(errno));
		free(said);
		return -EIO;
	}
	for (a = addrs; a; a = a->ifa_next) {
		struct iq_addr addr = addr_of(a->ifa_addr);

		p = addr.family ? local_flow(config, &addr) : NULL;
		if (!p || said[p - config->prefixes])
			continue;
		said[p - config->prefixes] = true;
		inet_ntop(addr.family, addr.b, own, sizeof(own));
		log_warn("steer %s has %s of %s, an address of this host: all that comes to it goes to pool %s, also what is for this host itself, such as SSH",
			 prefix_text(&p->prefix, shown), own, a->ifa_name, p->pool->name);
	}
	freeifaddrs(addrs);
	free(said);
	return 0;
}

static void drop(void *wanted)
{
	config_free(wanted);
}

static void done(void *arg, int err, const char *why)
{
	(void)arg;
	if (err)
		log_warn("%s", why);
}

static const struct errand_ops ops = { .run = say, .free = drop, .done = done };

int local_open(struct errand **errand, struct ev_loop *loop)
{
	return errand_open(errand, loop, &ops, NULL, NULL);
}

/* Is anything steered by its flows? Nothing else is of use to look for. */
static bool any_flow(const struct steer_config *config)
{
	size_t i;

	for (i = 0; i < config->n_prefixes; i++)
		if (sync_steered(&config->prefixes[i]) &&
		    config->prefixes[i].pool->mode == IPSEC_QOS_POOL_FLOW)
			return true;
	return false;
}

void local_say(struct errand *errand, struct config *config)
{
	if (any_flow(&config->steer))
		errand_want(errand, config_hold(config));
}
