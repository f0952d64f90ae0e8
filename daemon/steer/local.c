// SPDX-License-Identifier: GPL-2.0-or-later
#include "steer/local.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "addrs.h"
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

struct say {
	const struct steer_config *config;
	bool *said;
};

static void say(const struct iq_addr *addr, const char *interface, void *arg)
{
	struct say *s = arg;
	const struct steer_prefix *p = local_flow(s->config, addr);
	char shown[PREFIX_TEXT], own[INET6_ADDRSTRLEN];

	if (!p || s->said[p - s->config->prefixes])
		return;
	s->said[p - s->config->prefixes] = true;
	inet_ntop(addr->family, addr->b, own, sizeof(own));
	log_warn("steer %s has %s of %s, an address of this host: all that comes to it goes to pool %s, also what is for this host itself, such as SSH",
		 prefix_text(&p->prefix, shown), own, interface, p->pool->name);
}

static int look(void *state, void *wanted, char *why, size_t size)
{
	const struct steer_config *config = &((const struct config *)wanted)->steer;
	struct say s = {
		.config = config, .said = calloc(config->n_prefixes + 1, sizeof(*s.said)),
	};
	int err = s.said ? addrs_each(say, &s) : -ENOMEM;

	(void)state;
	if (err)
		snprintf(why, size, "whether an address of this host is steered is not known: %s",
			 strerror(-err));
	free(s.said);
	return err;
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

static const struct errand_ops ops = { .run = look, .free = drop, .done = done };

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
