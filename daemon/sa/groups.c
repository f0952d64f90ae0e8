// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module's groups, brought to what the configuration says.
 */
#include "sa/tables_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "lib/value.h"

/* Groups in one request: the module looks at all that there are for each new one. */
#define TURN_GROUPS	8

static int add_group(const struct iq_kernel_group *g, void *arg)
{
	return iq_array_push(arg, g) ? 0 : -ENOMEM;
}

static int compare_groups(const void *a, const void *b)
{
	const struct iq_kernel_group *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

/* A group that was there when the generation was opened, or NULL. */
static struct iq_kernel_group *had_group(const struct tables *t, uint32_t id)
{
	struct iq_kernel_group key = { .id = id };

	return utarray_len(&t->have) ? utarray_find(&t->have, &key, compare_groups) :
				       NULL;
}

bool groups_same(const struct iq_kernel_group *a, const struct iq_kernel_group *b)
{
	return a->owner == OWNER && !strcmp(a->name, b->name) &&
	       a->mark == b->mark && a->mask == b->mask &&
	       a->mark_clear == b->mark_clear && a->priority == b->priority &&
	       a->dscp == b->dscp && a->flags == b->flags;
}

void groups_begin_reading(struct tables *t)
{
	int err = 0;

	utarray_clear(&t->have);
	t->at = 0;
	t->n_came = 0;
	if (!t->reader)
		err = iq_kernel_open(&t->reader);
	if (err)
		t->reader = NULL;
	else
		err = iq_kernel_groups_begin(t->reader, -1);
	if (err)
		tables_refused_on(t, t->reader, "groups cannot be read", err);
	t->stage = err ? STAGE_GROUPS : STAGE_READ;
}

/* The next piece of what groups the kernel has. */
static void read_groups(struct tables *t)
{
	int err = iq_kernel_groups_more(t->reader, add_group, &t->have);

	if (err > 0)
		return;
	if (err == -EINTR && t->tries--) {
		groups_begin_reading(t);
		return;
	}
	/* peers that come meanwhile would have it begin anew without end */
	if (err == -EINTR && t->n_came)
		err = 0;
	if (err) {
		tables_refused_on(t, t->reader, "groups cannot be read", err);
		/* what is left of it is nothing for the next time */
		iq_kernel_close(t->reader);
		t->reader = NULL;
	}
	/* as the module has them; but nobody promised that */
	if (utarray_len(&t->have))
		utarray_sort(&t->have, compare_groups);
	t->stage = STAGE_NAMES;
}

/* The holder of a name makes way for the one that is to have it. */
static void rename_away(struct tables *t, const struct iq_kernel_group *holder)
{
	struct iq_kernel_group renamed = *holder;
	int err;

	snprintf(renamed.name, sizeof(renamed.name), "_%u", holder->id);
	err = iq_kernel_group_new(t->k, &renamed, 1, OWNER, NLM_F_REPLACE);
	if (err)
		tables_refused(t, "a group cannot be renamed", err);
}

/* Is its name that of another group, of a range? */
static bool is_ranged_name(const struct tables *t, const struct iq_kernel_group *g)
{
	const char *dot = strrchr(g->name, '.');
	struct iq_kernel_group ranged;
	const struct range *range;
	uint32_t id;

	if (!dot || parse_u32(dot + 1, 1, RANGE_ID_MAX, &id) || id == g->id)
		return false;
	range = config_range(t->config, id);
	if (!range)
		return false;
	range_group(range, id, &ranged);
	return !strcmp(ranged.name, g->name);
}

/*
 * Names are unique, and the new configuration may give an old name to another
 * id: the old holder makes way first.
 */
static void clear_name(struct tables *t)
{
	const struct iq_kernel_group *g, *same;

	if (t->at == utarray_len(&t->have)) {
		t->stage = STAGE_GROUPS;
		t->at = 0;
		return;
	}
	g = utarray_eltptr(&t->have, t->at);
	t->at++;
	if (g->owner != OWNER)
		return;
	same = config_group_named(t->config, g->name);
	if ((same && same->id != g->id) || is_ranged_name(t, g))
		rename_away(t, g);
}

/* Some of the configuration's groups. */
static void state_groups(struct tables *t)
{
	const struct iq_kernel_group *all = &t->config->groups[t->at], *had;
	size_t n = t->config->n_groups - t->at, i;
	char what[sizeof(t->troubles->what)];
	struct iq_kernel_group some[TURN_GROUPS];

	if (!n) {
		t->stage = STAGE_RANGES;
		t->at = 0;
		return;
	}
	if (n > TURN_GROUPS)
		n = TURN_GROUPS;
	t->at += n;
	for (i = 0; i < n; i++) {
		some[i] = all[i];
		had = had_group(t, all[i].id);
		/* the module need not look for a name that it has already */
		if (had && had->owner == OWNER &&
		    !strcmp(had->name, some[i].name))
			some[i].name[0] = '\0';
	}
	if (!iq_kernel_group_new(t->k, some, n, OWNER, STATE))
		return;

	/* all or none of them: find out which */
	for (i = 0; i < n && !t->lost; i++) {
		int err = iq_kernel_group_new(t->k, &all[i], 1, OWNER, STATE);

		if (!err)
			continue;
		t->partial = true;
		t->refused[t->n_refused++] = all[i].id;
		snprintf(what, sizeof(what), "group %s is refused", all[i].name);
		tables_refused(t, what, err);
	}
}

static int flush_and_remove(struct tables *t, const struct iq_kernel_group *g)
{
	union iq_any_entry filter = {};
	uint32_t count;
	int i;

	for (i = 0; i < IQ_TABLES; i++) {
		filter.entry.table = i;
		filter.entry.group = g->id;
		filter.entry.owner = OWNER;
		iq_kernel_entry_flush(t->k, &filter.entry, &count);
	}
	return iq_kernel_group_del(t->k, g, 1);
}

/* One group that the configuration does not have any more goes. */
static void remove_group(struct tables *t, const struct iq_kernel_group *g)
{
	int err = iq_kernel_group_del(t->k, g, 1);

	if (err == -EBUSY && t->with_entries)
		err = flush_and_remove(t, g);
	if (!err || err == -ENOENT)
		leases_gone(sad_leases(t->sad), g->id);
	if (err == -EBUSY) {
		t->left = true;
		if (t->with_entries)
			log_once(&t->leftover, LOG_WARNING,
				 "group %s is not configured any more, but stays while entries made by hand use it: %s",
				 g->name, iq_kernel_error(t->k));
	} else if (err && err != -ENOENT) {
		tables_refused(t, "a group cannot be removed", err);
	}
}

/* Groups of ranges */

static struct lease *find_lease(const struct tables *t, uint32_t id)
{
	return leases_find(sad_leases(t->sad), id);
}

/* What is refused is said; who is to be in it is tried again with all else. */
static void state_ranged(struct tables *t, const struct iq_kernel_group *g, size_t n)
{
	char what[sizeof(t->troubles->what)];
	struct lease *lease;
	int all, err;
	size_t i;

	all = iq_kernel_group_new(t->k, g, n, OWNER, STATE);
	for (i = 0; i < n && !t->lost; i++) {
		err = all && n > 1 ? iq_kernel_group_new(t->k, &g[i], 1, OWNER, STATE) : all;
		lease = find_lease(t, g[i].id);
		if (lease) {
			lease->kernel = !err;
			lease->refused = err;
		}
		if (!err)
			continue;
		t->partial = true;
		snprintf(what, sizeof(what), "group %s is refused", g[i].name);
		tables_refused(t, what, err);
	}
}

/* The next group of a range that the kernel should have: a lease's, or its overflow. */
static bool next_ranged(const struct tables *t, uint32_t id, struct iq_kernel_group *group)
{
	const struct lease *lease = leases_next(sad_leases(t->sad), id);
	uint32_t next = lease ? lease->id : UINT32_MAX;
	size_t i;

	for (i = 0; i < t->config->n_ranges; i++) {
		const struct range *range = t->config->ranges[i];

		if (range_own_overflow(range) && range->overflow > id && range->overflow < next)
			next = range->overflow;
	}
	return config_group(t->config, next, group);
}

static void state_ranges(struct tables *t)
{
	struct iq_kernel_group some[TURN_GROUPS];
	size_t n = 0;

	while (n < TURN_GROUPS && next_ranged(t, t->at, &some[n]))
		t->at = some[n++].id;
	if (n)
		state_ranged(t, some, n);
	else
		t->stage = STAGE_ENTRIES;
}

/* It counts for another peer now, and begins with nothing. */
static void remake(struct tables *t, struct lease *lease)
{
	struct iq_kernel_group g = { .id = lease->id };
	int err = iq_kernel_group_del(t->k, &g, 1);

	lease->stale = false;
	/* what is left in it is about to be removed: its SAs are gone */
	if (err == -EBUSY)
		err = flush_and_remove(t, &g);
	if (!err)
		lease->removed++;
}

/* As of groups_ensure(): a peer's group is stated when its first SA is. */
static void ensure_ranged(struct tables *t, uint32_t id)
{
	struct lease *lease = find_lease(t, id);
	struct iq_kernel_group g;

	if (lease ? lease->kernel && !lease->stale :
		    t->stage >= STAGE_ENTRIES || t->stage == STAGE_READ)
		return;
	if (lease && lease->stale)
		remake(t, lease);
	if (!config_group(t->config, id, &g))
		return;
	state_ranged(t, &g, 1);
	t->n_came += t->stage == STAGE_READ;
}

static int hold_group(const struct iq_kernel_group *g, void *arg)
{
	struct tables *t = arg;

	leases_hold(sad_leases(t->sad), g);
	return 0;
}

void groups_hold(struct tables *t)
{
	int err = t->config->n_ranges ?
		  iq_kernel_group_dump(t->k, OWNER, hold_group, t) : 0;

	if (err)
		tables_refused(t, "groups cannot be read", err);
}

int tables_count(const struct tables *t, uint32_t id,
		 struct iq_kernel_count counter[IPSEC_QOS_COUNTER_MAX + 1])
{
	struct iq_kernel_group now = { .id = id };
	int err = t->k ? iq_kernel_group_get(t->k, &now) : -ENODEV;

	if (!err)
		memcpy(counter, now.counter, sizeof(now.counter));
	return err;
}

void groups_expire(struct tables *t, double stop)
{
	bool with = t->with_entries;
	struct iq_kernel_group g;
	struct lease *lease;

	/* what is in one may be of SAs that no charon has stated yet */
	t->with_entries = sad_synced(t->sad);
	while (!t->lost && monotonic() < stop &&
	       (lease = leases_expired(sad_leases(t->sad), monotonic()))) {
		if (t->k && lease->kernel && config_group(t->config, lease->id, &g))
			remove_group(t, &g);
	}
	t->with_entries = with;
}

/*
 * The groups' turn. Return: false: there is more to do, or the module is gone.
 */
bool groups_write(struct tables *t, double stop)
{
	while (t->stage < STAGE_ENTRIES && !t->lost) {
		if (t->stage == STAGE_READ)
			read_groups(t);
		else if (t->stage == STAGE_NAMES)
			clear_name(t);
		else if (t->stage == STAGE_GROUPS)
			state_groups(t);
		else
			state_ranges(t);
		if (monotonic() >= stop)
			break;
	}
	return t->stage >= STAGE_ENTRIES && !t->lost;
}

/*
 * An entry is to be written whose group may not have had its turn yet: it has it
 * now. What is refused here is refused again, and then said.
 */
void groups_ensure(struct tables *t, uint32_t id)
{
	const struct iq_kernel_group *g = config_group_written(t->config, id), *had;
	struct iq_kernel_group now = { .id = id }, holder = {};

	if (!g)
		ensure_ranged(t, id);
	if (!g || t->stage > STAGE_GROUPS ||
	    (t->stage == STAGE_GROUPS && g - t->config->groups < (ptrdiff_t)t->at))
		return;
	if (t->stage != STAGE_READ)
		had = had_group(t, id);
	else	/* to state what is there would have the reading begin anew */
		had = iq_kernel_group_get(t->k, &now) ? NULL : &now;
	if ((had && groups_same(had, g)) ||
	    iq_kernel_group_new(t->k, g, 1, OWNER, STATE) != -EEXIST)
		return;
	strcpy(holder.name, g->name);
	if (iq_kernel_group_get(t->k, &holder) || holder.owner != OWNER)
		return;
	rename_away(t, &holder);
	iq_kernel_group_new(t->k, g, 1, OWNER, STATE);
}

bool groups_wanted(const struct tables *t, uint32_t id, struct iq_kernel_group *group)
{
	const struct range *range = config_range(t->config, id);

	return config_group(t->config, id, group) &&
	       (!range || id == range->overflow || lease_wanted(find_lease(t, id)));
}

static int compare_ids(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

bool groups_is_refused(const struct tables *t, uint32_t group)
{
	const struct lease *lease = find_lease(t, group);

	return (lease && lease->refused) ||
	       bsearch(&group, t->refused, t->n_refused, sizeof(group), compare_ids);
}

/*
 * Groups that the configuration does not have any more go. Once every charon
 * has stated what it has, entries that are left in them are nobody's, or of
 * SAs of a charon that died, whose identities nobody knows any more.
 */
void groups_begin_removing(struct tables *t, bool with_entries)
{
	t->stage = STAGE_REMOVE;
	t->at = 0;
	t->left = false;
	t->with_entries = with_entries;
}

/* Return: as groups_write(). */
bool groups_remove(struct tables *t, double stop)
{
	const struct iq_kernel_group *g;
	struct iq_kernel_group wanted;

	for (; t->at < utarray_len(&t->have); t->at++) {
		g = utarray_eltptr(&t->have, t->at);
		if (g->owner != OWNER || groups_wanted(t, g->id, &wanted))
			continue;
		if (t->lost || monotonic() >= stop)
			return false;
		remove_group(t, g);
	}
	if (!t->failed && !t->left) {
		leases_none_held(sad_leases(t->sad));
		log_over(&t->leftover, "groups that are not configured any more are gone");
	}
	t->stage = STAGE_ENTRIES;
	return true;
}
