// SPDX-License-Identifier: GPL-2.0-or-later
#include "sa/lease.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "clock.h"

/**
 * struct lease_range - a range, and what of it is leased
 *
 * @slots: the leases of its groups, by their numbers; NULL: nobody had it
 * @held: groups that the kernel has for nobody knows whom
 * @next: no group before it is one that nobody had
 * @lingering: leases that lost their last user a moment ago, the first of them ahead
 * @idle: those that did so before them; in the order in which they give way
 */
struct lease_range {
	const struct range *range;
	struct lease **slots;
	bool *held;
	uint32_t next;
	uint32_t used;
	uint32_t known;
	uint32_t n_lingering;
	TAILQ_HEAD(, lease) lingering;
	TAILQ_HEAD(, lease) idle;
};

/**
 * struct leases - see lease.h
 *
 * @salt: in keys, of which peers choose a part
 * @table: all leases, by their keys: @salt, number, profile, identity
 * @config: in use, NULL: none yet
 * @ranges: its, in the order of their ids
 */
struct leases {
	uint32_t salt;
	struct lease *table;
	const struct config *config;
	size_t n;
	struct lease_range *ranges;
	const struct lease_ops *ops;
	void *arg;
	void (*freed)(void *arg);
	void *freed_arg;
};

/* Keys */

/**
 * struct key - what finds a lease: salt, number, profile, identity
 *
 * @fixed: the first two, then the texts, each with its NUL
 */
struct key {
	uint32_t fixed[2];
	char texts[];
};

static size_t key_len(const char *profile, const char *identity)
{
	return sizeof(struct key) + strlen(profile) + 1 + strlen(identity) + 1;
}

static void fill_key(const struct leases *leases, uint32_t number, const char *profile,
		     const char *identity, struct key *key)
{
	key->fixed[0] = leases->salt;
	key->fixed[1] = number;
	strcpy(stpcpy(key->texts, profile) + 1, identity);
}

static struct lease *find(const struct leases *leases, struct key *key, size_t len,
			  uint32_t number)
{
	struct lease *lease;

	key->fixed[1] = number;
	HASH_FIND(hh, leases->table, key, len, lease);
	return lease;
}

static struct lease *new_lease(struct leases *leases, const struct key *key, size_t len)
{
	struct lease *lease = calloc(1, sizeof(*lease) + len);
	struct key *own;

	if (!lease)
		return NULL;
	own = memcpy(lease->key, key, len);
	lease->all = leases;
	lease->number = own->fixed[1];
	lease->profile = own->texts;
	lease->identity = own->texts + strlen(own->texts) + 1;
	HASH_ADD(hh, leases->table, key, len, lease);
	if (lease->hh.tbl)
		return lease;
	free(lease);
	return NULL;
}

/* Places */

static void tell_freed(const struct leases *leases)
{
	if (leases->freed)
		leases->freed(leases->freed_arg);
}

static uint32_t number_of(const struct lease_range *of, uint32_t id)
{
	return id - of->range->id;
}

/* It has no users. */
static void wait(struct lease *lease)
{
	struct lease_range *of = lease->of;

	if (lease->until) {
		TAILQ_INSERT_TAIL(&of->lingering, lease, at);
		of->n_lingering++;
	} else {
		TAILQ_INSERT_TAIL(&of->idle, lease, at);
	}
}

static void wait_no_more(struct lease *lease)
{
	struct lease_range *of = lease->of;

	if (lease->until) {
		TAILQ_REMOVE(&of->lingering, lease, at);
		of->n_lingering--;
	} else {
		TAILQ_REMOVE(&of->idle, lease, at);
	}
}

static void give_place(struct lease *lease, struct lease_range *of, uint32_t id)
{
	lease->of = of;
	lease->id = id;
	of->slots[number_of(of, id)] = lease;
	of->known++;
	if (lease->users)
		of->used++;
	else
		wait(lease);
}

static void take_place(struct lease *lease)
{
	struct lease_range *of = lease->of;

	of->slots[number_of(of, lease->id)] = NULL;
	of->known--;
	if (lease->users)
		of->used--;
	else
		wait_no_more(lease);
	lease->of = NULL;
}

/* One that has a place, or never had any. */
static void end(struct lease *lease)
{
	if (lease->of)
		take_place(lease);
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): it is in there */
	HASH_DEL(lease->all->table, lease);
	free(lease);
}

static struct lease_range *range_of(const struct leases *leases, const struct range *range)
{
	size_t i;

	for (i = 0; i < leases->n; i++)
		if (leases->ranges[i].range == range)
			return &leases->ranges[i];
	return NULL;
}

static struct lease_range *range_with(const struct leases *leases, uint32_t id)
{
	size_t low = 0, high = leases->n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (range_has(leases->ranges[mid].range, id))
			return &leases->ranges[mid];
		if (leases->ranges[mid].range->id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* Configurations */

static void free_ranges(struct lease_range *ranges, size_t n)
{
	while (n--) {
		free(ranges[n].slots);
		free(ranges[n].held);
	}
	free(ranges);
}

static struct lease_range *new_ranges(const struct config *config)
{
	struct lease_range *ranges = calloc(config->n_ranges + 1, sizeof(*ranges)), *r;
	size_t i;

	for (i = 0; ranges && i < config->n_ranges; i++) {
		r = &ranges[i];
		r->range = config->ranges[i];
		TAILQ_INIT(&r->lingering);
		TAILQ_INIT(&r->idle);
		r->slots = calloc(r->range->n, sizeof(*r->slots));
		r->held = calloc(r->range->n, sizeof(*r->held));
		if (!r->slots || !r->held) {
			free_ranges(ranges, i + 1);
			return NULL;
		}
	}
	return ranges;
}

/* The range of a profile, where a peer may have the group of that id out of it. */
static struct lease_range *range_for(const struct leases *leases, const char *profile,
				     uint32_t id)
{
	struct lease_range *of = range_with(leases, id);

	return of && !strcmp(of->range->profile->name, profile) &&
	       number_of(of, id) < range_peers(of->range) ? of : NULL;
}

/* The kernel may have it for somebody else: nobody gets it before it is gone there. */
static void hold(struct leases *leases, uint32_t id)
{
	struct lease_range *of = range_with(leases, id);

	if (of && !of->slots[number_of(of, id)])
		of->held[number_of(of, id)] = true;
}

/* Among the ranges of another configuration; nobody finds one that has no place there. */
static void place_anew(struct leases *leases, struct lease *lease)
{
	struct lease_range *of = range_for(leases, lease->profile, lease->id);
	double last = of ? monotonic() + of->range->linger : 0;

	lease->of = NULL;
	if (of) {
		if (lease->until > last)
			lease->until = last;
		give_place(lease, of, lease->id);
		return;
	}
	if (lease->kernel)
		hold(leases, lease->id);
	HASH_DEL(leases->table, lease);
	if (!lease->users)
		free(lease);
}

/* What the former configuration had besides leases. */
static void hold_former(struct leases *leases, const struct lease_range *old, size_t n)
{
	const struct config *former = leases->config;
	uint32_t id;
	size_t i;

	for (i = 0; i < n; i++) {
		for (id = old[i].range->id; range_has(old[i].range, id); id++)
			if (old[i].held[id - old[i].range->id])
				hold(leases, id);
		if (range_own_overflow(old[i].range))
			hold(leases, old[i].range->overflow);
	}
	for (i = 0; former && i < former->n_groups; i++)
		hold(leases, former->groups[i].id);
	/* what is the overflow now is nobody's own */
	for (i = 0; i < leases->n; i++) {
		struct lease_range *of = &leases->ranges[i];

		if (range_own_overflow(of->range))
			of->held[number_of(of, of->range->overflow)] = false;
	}
}

int leases_config(struct leases *leases, const struct config *config)
{
	struct lease_range *ranges = new_ranges(config), *old = leases->ranges;
	struct lease *lease, *next;
	size_t i, n = leases->n;

	if (!ranges)
		return -ENOMEM;
	leases->ranges = ranges;
	leases->n = config->n_ranges;
	/* those that wait in the order in which they give way */
	for (i = 0; i < n; i++) {
		for (lease = TAILQ_FIRST(&old[i].idle); lease; lease = next) {
			next = TAILQ_NEXT(lease, at);
			place_anew(leases, lease);
		}
		for (lease = TAILQ_FIRST(&old[i].lingering); lease; lease = next) {
			next = TAILQ_NEXT(lease, at);
			place_anew(leases, lease);
		}
	}
	for (lease = leases->table; lease; lease = next) {
		next = lease->hh.next;
		if (lease->users)
			place_anew(leases, lease);
	}
	hold_former(leases, old, n);
	free_ranges(old, n);
	leases->config = config;
	return 0;
}

/* The kernel, and what was remembered */

void lease_uncounted(struct lease *lease)
{
	memset(lease->base, 0, sizeof(lease->base));
	lease->counted = false;
}

void leases_hold(struct leases *leases, const struct iq_kernel_group *group)
{
	struct lease_range *of = range_with(leases, group->id);
	struct lease *lease = of ? of->slots[number_of(of, group->id)] : NULL;

	hold(leases, group->id);
	if (!lease)
		return;
	memcpy(lease->base, group->counter, sizeof(lease->base));
	lease->counted = true;
	/* where there are users it is stated in any case */
	if (lease->users)
		return;
	lease->kernel = lease->held = true;
	wait_no_more(lease);
	lease->until = monotonic() + of->range->linger;
	wait(lease);
}

void leases_synced(struct leases *leases)
{
	struct lease *lease;

	for (lease = leases->table; lease; lease = lease->hh.next)
		lease->held = false;
	tell_freed(leases);
}

void leases_gone(struct leases *leases, uint32_t id)
{
	struct lease_range *of = range_with(leases, id);
	struct lease *lease;

	if (!of)
		return;
	of->held[number_of(of, id)] = false;
	of->next = 0;
	lease = of->slots[number_of(of, id)];
	if (lease) {
		lease->kernel = lease->stale = false;
		lease_uncounted(lease);
	}
	tell_freed(leases);
}

void leases_none_held(struct leases *leases)
{
	size_t i;

	for (i = 0; i < leases->n; i++) {
		struct lease_range *of = &leases->ranges[i];

		memset(of->held, 0, of->range->n * sizeof(*of->held));
		of->next = 0;
	}
	tell_freed(leases);
}

void leases_kernel_gone(struct leases *leases)
{
	struct lease *lease;

	for (lease = leases->table; lease; lease = lease->hh.next) {
		lease->kernel = lease->stale = lease->held = lease->refused = false;
		lease->removed = 0;
		lease_uncounted(lease);
	}
	leases_none_held(leases);
}

void leases_add(struct leases *leases, uint32_t id, const char *profile,
		const char *identity, uint32_t number)
{
	struct lease_range *of = range_for(leases, profile, id);
	size_t len = key_len(profile, identity);
	struct key *key = of ? malloc(len) : NULL;
	struct lease *lease;

	if (!key)
		return;
	fill_key(leases, number, profile, identity, key);
	lease = of->slots[number_of(of, id)];
	if (lease)
		end(lease);
	lease = find(leases, key, len, number);
	if (lease)
		end(lease);
	lease = new_lease(leases, key, len);
	if (lease)
		give_place(lease, of, id);
	free(key);
}

/* Taking */

/* Has a range a group that nobody had? *@number is its first. */
static bool find_new(struct lease_range *of, uint32_t *number)
{
	while (of->next < range_peers(of->range) &&
	       (of->slots[of->next] || of->held[of->next]))
		of->next++;
	*number = of->next;
	return of->next < range_peers(of->range);
}

/* The peer that has been gone for longest, of those whose SAs are gone for certain. */
static struct lease *find_oldest(const struct lease_range *of)
{
	struct lease *lease = TAILQ_FIRST(&of->idle);

	if (lease)
		return lease;
	TAILQ_FOREACH(lease, &of->lingering, at)
		if (!lease->held)
			return lease;
	return NULL;
}

static bool has_room(struct lease_range *of)
{
	uint32_t number;

	return of->used < of->range->max && (find_new(of, &number) || find_oldest(of));
}

static bool free_place(struct lease_range *of, uint32_t *id, bool *stale)
{
	struct lease *oldest;
	uint32_t number;

	if (of->used >= of->range->max)
		return false;
	*stale = false;
	if (find_new(of, &number)) {
		*id = of->range->id + number;
		return true;
	}
	oldest = find_oldest(of);
	if (!oldest)
		return false;
	*id = oldest->id;
	*stale = oldest->kernel;
	end(oldest);
	return true;
}

bool leases_room(const struct leases *leases, const struct range *range)
{
	struct lease_range *of = range_of(leases, range);

	return of && has_room(of);
}

static struct lease *new_one(struct leases *leases, struct lease_range *of,
			     const struct key *key, size_t len)
{
	struct lease *lease;
	bool stale;
	uint32_t id;

	lease = new_lease(leases, key, len);
	if (!lease)
		return NULL;
	if (!free_place(of, &id, &stale)) {
		end(lease);
		return NULL;
	}
	lease->kernel = lease->stale = stale;
	give_place(lease, of, id);
	return lease;
}

/* One that the identity has and that is free, or is this IKE SA's under another name. */
static struct lease *find_by_ike(struct leases *leases, struct key *key, size_t len,
				 const struct iq_addr *remote, uint16_t port,
				 uint32_t *number)
{
	struct lease *lease, *idle = NULL, *last = NULL;
	uint32_t i;

	*number = 0;
	for (i = 1; i <= LEASES_IDENTITY; i++) {
		lease = find(leases, key, len, i);
		if (!lease) {
			if (!*number)
				*number = i;
			continue;
		}
		if (lease->users && lease->remote_port == port &&
		    !memcmp(&lease->remote, remote, sizeof(*remote)))
			return lease;
		if (!lease->users && !idle)
			idle = lease;
		last = lease;
	}
	/* no identity takes all there is: its further IKE SAs share one */
	return idle ? idle : *number ? NULL : last;
}

/* The lease of a peer, be it a new one; *@fresh: it is. */
static struct lease *find_or_make(struct leases *leases, struct lease_range *of,
				  const char *identity, const struct iq_addr *remote,
				  uint16_t port, bool *fresh)
{
	const char *profile = of->range->profile->name;
	size_t len = key_len(profile, identity);
	struct key *key = malloc(len);
	struct lease *lease;
	uint32_t number = 1;

	if (!key)
		return NULL;
	fill_key(leases, number, profile, identity, key);
	if (of->range->by_ike)
		lease = find_by_ike(leases, key, len, remote, port, &number);
	else
		lease = find(leases, key, len, number);
	if (!lease) {
		key->fixed[1] = number;
		lease = new_one(leases, of, key, len);
		*fresh = lease;
	} else if (!lease->users && of->used >= of->range->max) {
		lease = NULL;
	}
	free(key);
	return lease;
}

static bool is_peers(const struct lease *lease, const struct lease_range *of,
		     const char *identity)
{
	return lease && lease->of == of && !strcmp(lease->identity, identity);
}

bool leases_keeps(const struct leases *leases, const struct range *range,
		  const char *identity, const struct lease *has)
{
	return is_peers(has, range_of(leases, range), identity);
}

struct lease *leases_take(struct leases *leases, const struct range *range,
			  const char *identity, const struct iq_addr *remote,
			  uint16_t remote_port, struct lease *has)
{
	struct lease_range *of = range_of(leases, range);
	struct lease *lease;
	bool fresh = false;

	if (is_peers(has, of, identity)) {
		has->remote = *remote;
		has->remote_port = remote_port;
		return has;
	}
	leases_give_back(has);
	if (!of)
		return NULL;
	lease = find_or_make(leases, of, identity, remote, remote_port, &fresh);
	if (!lease)
		return NULL;
	if (fresh && leases->ops)
		leases->ops->written(leases->arg, lease);
	lease->remote = *remote;
	lease->remote_port = remote_port;
	if (lease->users) {
		lease->users++;
		return lease;
	}
	wait_no_more(lease);
	lease->until = 0;
	lease->held = false;
	lease->users = 1;
	of->used++;
	if (leases->ops)
		leases->ops->used(leases->arg, lease, fresh);
	return lease;
}

void leases_give_back(struct lease *lease)
{
	struct lease_range *of = lease ? lease->of : NULL;

	if (!lease || --lease->users)
		return;
	if (!of) {
		/* see place_anew() */
		free(lease);
		return;
	}
	of->used--;
	lease->until = monotonic() + of->range->linger;
	wait(lease);
	tell_freed(lease->all);
}

/* Looking */

struct lease *leases_find(const struct leases *leases, uint32_t id)
{
	struct lease_range *of = range_with(leases, id);

	return of ? of->slots[number_of(of, id)] : NULL;
}

struct lease *leases_next(const struct leases *leases, uint32_t id)
{
	size_t i;

	for (i = 0; i < leases->n; i++) {
		const struct lease_range *of = &leases->ranges[i];
		uint32_t at = id < of->range->id ? 0 : number_of(of, id) + 1;

		for (; at < of->range->n; at++)
			if (lease_wanted(of->slots[at]))
				return of->slots[at];
	}
	return NULL;
}

struct lease *leases_expired(struct leases *leases, double now)
{
	struct lease *lease;
	size_t i;

	for (i = 0; i < leases->n; i++) {
		lease = TAILQ_FIRST(&leases->ranges[i].lingering);
		if (!lease || lease->until > now)
			continue;
		wait_no_more(lease);
		lease->until = 0;
		wait(lease);
		return lease;
	}
	return NULL;
}

double leases_deadline(const struct leases *leases)
{
	const struct lease *lease;
	double first = 0;
	size_t i;

	for (i = 0; i < leases->n; i++) {
		lease = TAILQ_FIRST(&leases->ranges[i].lingering);
		if (lease && (!first || lease->until < first))
			first = lease->until;
	}
	return first;
}

const struct lease *leases_known(const struct leases *leases, const struct lease *lease)
{
	return lease ? lease->hh.next : leases->table;
}

size_t leases_n_known(const struct leases *leases)
{
	return HASH_COUNT(leases->table);
}

void leases_count(const struct leases *leases, const struct range *range,
		  struct lease_count *count)
{
	const struct lease_range *of = range_of(leases, range);

	*count = (struct lease_count){};
	if (!of)
		return;
	count->used = of->used;
	count->lingering = of->n_lingering;
	count->known = of->known;
}

/* The door */

void leases_tell(struct leases *leases, const struct lease_ops *ops, void *arg)
{
	leases->ops = ops;
	leases->arg = arg;
}

void leases_on_freed(struct leases *leases, void (*freed)(void *arg), void *arg)
{
	leases->freed = freed;
	leases->freed_arg = arg;
}

struct leases *leases_new(void)
{
	struct leases *leases = calloc(1, sizeof(*leases));

	if (!leases)
		return NULL;
	if (getrandom(&leases->salt, sizeof(leases->salt), 0) != sizeof(leases->salt)) {
		free(leases);
		return NULL;
	}
	return leases;
}

void leases_free(struct leases *leases)
{
	struct lease *lease;

	if (!leases)
		return;
	while ((lease = leases->table)) {
		HASH_DEL(leases->table, lease);
		free(lease);
	}
	free_ranges(leases->ranges, leases->n);
	free(leases);
}
