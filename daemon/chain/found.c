// SPDX-License-Identifier: GPL-2.0-or-later
#include "chain/found.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/kernel/device.h"
#include "lib/kernel/service.h"
#include "stating.h"

struct found *found_new(void)
{
	struct found *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->devices = (UT_array)IQ_ARRAY(struct iq_kernel_device);
	f->services = (UT_array)IQ_ARRAY(struct found_service);
	return f;
}

void found_free(void *wanted)
{
	config_free(wanted);
}

void found_end(void *state)
{
	struct found *f = state;

	config_free(f->config);
	utarray_done(&f->devices);
	utarray_done(&f->services);
	free(f);
}

static int on_device(const struct iq_kernel_device *d, void *arg)
{
	struct found *f = arg;

	return iq_array_push(&f->devices, d) ? 0 : -ENOMEM;
}

static int on_service(const struct iq_kernel_service *told, void *arg)
{
	struct found *f = arg;
	const struct service *s = config_service(f->config, told->id);
	struct found_service one = {};
	size_t i;

	if (!s || s->mode != SERVICE_AUTO || strcmp(told->name, s->name) != 0)
		return 0;
	one.place = s - f->config->chain.services;
	for (i = 0; i < told->n_segments && s->server.family; i++)
		one.nat |= told->segments[i].device == service_last(s)->id &&
			   !memcmp(&told->segments[i].to, &s->server, sizeof(s->server));
	return iq_array_push(&f->services, &one) ? 0 : -ENOMEM;
}

/* Those whose modes are said need not be asked for. */
static bool any_auto(const struct chain_config *c)
{
	size_t i;

	for (i = 0; i < c->n_services; i++)
		if (c->services[i].mode == SERVICE_AUTO)
			return true;
	return false;
}

static int read_all(struct found *f, struct iq_kernel *k)
{
	int err = -EINTR, tries;

	/* who changes objects without an end must not hold up all else */
	for (tries = 0; err == -EINTR && tries < STATING_DUMPS; tries++) {
		utarray_clear(&f->devices);
		utarray_clear(&f->services);
		err = iq_kernel_device_dump(k, IPSEC_QOS_OWNER_DAEMON, on_device, f);
		if (!err && any_auto(&f->config->chain))
			err = iq_kernel_service_dump(k, IPSEC_QOS_OWNER_DAEMON, on_service, f);
	}
	return err;
}

int found_run(void *state, void *wanted, char *why, size_t size)
{
	struct found *f = state;
	struct iq_kernel *k;
	int err;

	config_free(f->config);
	f->config = config_hold(wanted);
	utarray_clear(&f->devices);
	utarray_clear(&f->services);
	err = iq_kernel_open(&k);
	if (err)
		return err;
	err = read_all(f, k);
	if (err)
		snprintf(why, size, "what the module has of devices and services cannot be read: %s",
			 err == -EINTR ? "it changes all the time" : iq_kernel_error(k));
	iq_kernel_close(k);
	return err;
}
