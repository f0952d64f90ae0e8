// SPDX-License-Identifier: GPL-2.0-or-later
#include "chain/around.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chain/rules.h"
#include "errand.h"
#include "log.h"

#define LOOK	10.0	/* seconds from one look to the next */

/**
 * struct around - see around.h
 *
 * @config: held, NULL: none yet
 * @rules: what the errand found, once it is not busy
 * @troubles: @n_troubles of them, as they were found last
 * @unread: they cannot be read
 */
struct around {
	struct ev_loop *loop;
	ev_timer look;
	struct config *config;
	struct rules *rules;
	struct errand *errand;
	size_t n_troubles;
	struct rules_trouble troubles[RULES_TROUBLES];
	struct said unread;
};

static void on_look(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct around *a = timer->data;

	if (!errand_busy(a->errand))
		errand_want(a->errand, config_hold(a->config));
}

static bool was_there(const struct around *a, const char *text)
{
	size_t i;

	for (i = 0; i < a->n_troubles; i++)
		if (!strcmp(a->troubles[i].text, text))
			return true;
	return false;
}

static void on_read(void *arg, int err, const char *why)
{
	struct around *a = arg;
	size_t i;

	if (err) {
		log_once(&a->unread, LOG_WARNING, "%s", why);
		a->n_troubles = 0;
		return;
	}
	log_over(&a->unread, "rules of nftables can be read again");
	/* there may be no services by now */
	if (a->rules->config != a->config)
		return;
	for (i = 0; i < a->rules->n_troubles; i++)
		if (!was_there(a, a->rules->troubles[i].text))
			log_warn("%s", a->rules->troubles[i].text);
	a->n_troubles = a->rules->n_troubles;
	memcpy(a->troubles, a->rules->troubles, sizeof(a->troubles));
}

static const struct errand_ops ops = {
	.run = rules_run, .free = rules_free, .end = rules_end, .done = on_read,
};

void around_config(struct around *a, struct config *config)
{
	config_free(a->config);
	a->config = config_hold(config);
	if (!config->chain.n_services) {
		ev_timer_stop(a->loop, &a->look);
		a->n_troubles = 0;
		return;
	}
	ev_timer_stop(a->loop, &a->look);
	ev_timer_set(&a->look, 0.0, LOOK);
	ev_timer_start(a->loop, &a->look);
}

const char *around_trouble(const struct around *a, size_t i)
{
	return i < a->n_troubles ? a->troubles[i].text : NULL;
}

int around_open(struct around **out, struct ev_loop *loop)
{
	struct around *a = calloc(1, sizeof(*a));
	int err = -ENOMEM;

	if (!a)
		return err;
	a->loop = loop;
	ev_init(&a->look, on_look);
	a->look.data = a;
	a->rules = rules_new();
	if (a->rules)
		err = errand_open(&a->errand, loop, &ops, a->rules, a);
	if (err) {
		free(a->rules);
		free(a);
		return err;
	}
	*out = a;
	return 0;
}

void around_close(struct around *a)
{
	if (!a)
		return;
	ev_timer_stop(a->loop, &a->look);
	errand_close(a->errand);
	config_free(a->config);
	free(a);
}
