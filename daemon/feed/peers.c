// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed/peers.h"

#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "clock.h"
#include "feed/answer.h"
#include "feed/whose.h"

static bool is_less(const struct iq_kernel_count *a, const struct iq_kernel_count *b)
{
	return a->packets < b->packets || a->bytes < b->bytes;
}

/* What was counted since the peer came; null: that cannot be asked. */
static json_t *counted(const struct daemon *daemon, const struct lease *lease)
{
	static const struct iq_kernel_count nothing;
	struct iq_kernel_count now[IPSEC_QOS_COUNTER_MAX + 1];
	const struct iq_kernel_count *base;
	bool anew = false;
	json_t *json;
	int i;

	if (!lease || tables_count(daemon->tables, lease->id, now))
		return json_null();
	/* somebody had the group made anew, and that is not known yet */
	for (i = 1; i <= IPSEC_QOS_COUNTER_MAX; i++)
		anew |= is_less(&now[i], &lease->base[i]);
	json = json_object();
	for (i = 1; i <= IPSEC_QOS_COUNTER_MAX; i++) {
		base = anew ? &nothing : &lease->base[i];
		json_object_set_new(json, iq_kernel_counter_name(i), json_pack("{s:I, s:I}",
			"packets", (json_int_t)(now[i].packets - base->packets),
			"bytes", (json_int_t)(now[i].bytes - base->bytes)));
	}
	return json;
}

static void begin_counting(const struct daemon *daemon, struct lease *lease)
{
	bool read = lease->there.known && lease->counted;

	lease->counted = false;
	if (!lease->kernel || lease->stale ||
	    (!read && tables_count(daemon->tables, lease->id, lease->base)))
		lease_uncounted(lease);
}

static const char *name_of(const struct presence *there)
{
	return there->known ? "known" : "connect";
}

static json_t *event(const struct daemon *daemon, const char *name,
		     const struct sad_ike *ike, const struct lease *lease)
{
	struct timeval now;
	json_t *json;

	gettimeofday(&now, NULL);
	json = json_pack("{s:s, s:f, s:o, s:b}",
			 "event", name,
			 "time", now.tv_sec + now.tv_usec / 1e6,
			 "identity", whose_peer(ike, lease),
			 "own", lease != NULL);
	json_object_update_new(json, answer_peer(daemon, ike));
	/* what it is now may be another range's */
	if (lease)
		json_object_set_new(json, "profile", json_string(lease->profile));
	return json;
}

static void tell(const struct daemon *daemon, json_t *json)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL, *line = NULL;
	size_t len = text ? strlen(text) : 0;

	if (text)
		line = realloc(text, len + 2);
	if (line)
		memcpy(line + len, "\n", 2);
	else
		free(text);
	json_decref(json);
	server_tell(daemon->server, line);
}

static void came(void *arg, const struct sad_ike *ike, struct lease *lease)
{
	const struct daemon *daemon = arg;

	if (lease)
		begin_counting(daemon, lease);
	if (server_listened(daemon->server))
		tell(daemon, event(daemon, name_of(presence_of(ike, lease)), ike, lease));
}

static void went(void *arg, const struct sad_ike *ike, const struct lease *lease)
{
	const struct presence *there = presence_of(ike, lease);
	const struct daemon *daemon = arg;
	json_t *json;

	if (!server_listened(daemon->server))
		return;
	json = event(daemon, "disconnect", ike, lease);
	json_object_set_new(json, "from", json_string(name_of(there)));
	json_object_set_new(json, "duration", json_real(monotonic() - there->since));
	json_object_set_new(json, "counters", counted(daemon, lease));
	tell(daemon, json);
}

const struct presence_ops peers_ops = {
	.came = came,
	.went = went,
};
