// SPDX-License-Identifier: GPL-2.0-or-later
#include "sa/ike.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"
#include "log.h"
#include "sa/due.h"
#include "sa/sad_priv.h"
#include "sa/unproved.h"

static size_t max_ikes(const struct sad *sad)
{
	size_t ceiling = sad->config ? sad->config->conf.max_ikes : 0;

	return sad_bound(ceiling, SAD_IKES);
}

void ike_init(struct sad *sad)
{
	sad->ikes = (struct keyed_table)KEYED_TABLE(struct sad_ike);
	sad->children = (struct keyed_table)KEYED_TABLE(struct sad_child);
}

struct sad_ike *ike_find(const struct sad *sad, const struct sad_source *source,
			 uint32_t id)
{
	struct sad_id_key key = { .source = source->number, .id = id };

	return keyed_find(&sad->ikes, &key);
}

int ike_need(struct sad *sad, struct sad_source *source, uint32_t id,
	     struct sad_ike **ikep, const char **why)
{
	struct sad_id_key key = { .source = source->number, .id = id };
	void *ike;
	int err = keyed_need(&sad->ikes, &key, max_ikes(sad), &ike);

	if (err == -ENOSPC)
		*why = "it knows of all the IKE SAs that it may, four times max-ikes";
	if (err)
		return err;
	*ikep = ike;
	(*ikep)->source = source;
	return 0;
}

/* CHILD SAs */

struct sad_child *ike_find_child(const struct sad *sad, const struct sad_source *source,
				 uint32_t id)
{
	struct sad_id_key key = { .source = source->number, .id = id };

	return keyed_find(&sad->children, &key);
}

int ike_need_child(struct sad *sad, struct sad_ike *ike, uint32_t id,
		   struct sad_child **childp, const char **why)
{
	struct sad_id_key key = { .source = ike->source->number, .id = id };
	struct sad_child *child;
	void *found;
	int err = keyed_need(&sad->children, &key, sad_max_sas(sad), &found);

	if (err == -ENOSPC)
		*why = "it knows of all the CHILD SAs that it may, four times max-sas";
	if (err)
		return err;
	child = found;
	if (child->ike)
		LIST_REMOVE(child, list);
	LIST_INSERT_HEAD(&ike->children, child, list);
	child->ike = ike;
	*childp = child;
	return 0;
}

void ike_free_child(struct sad *sad, struct sad_child *child)
{
	LIST_REMOVE(child, list);
	free(child->name);
	keyed_free(&sad->children, child);
}

void ike_log_disputes(struct sad *sad, const struct sad_child *child)
{
	struct dispute found[DISPUTES];
	size_t n, i;

	if (!sad->config)
		return;
	n = dispute_find(sad->config, &child->claims, child->ike->group, found);
	for (i = 0; i < n; i++)
		dispute_log(&sad->disputes, &found[i], child->ike->conn,
			    child->name);
}

/* Ports */

void ike_look_at_ports(struct sad *sad, struct sad_ike *ike)
{
	enum ports_state state = PORTS_SEEN;

	if (sad->config && !ike->closed)
		state = ports_check(&sad->config->conf, ike->local_port,
				    ike->remote_port, ike->encap);
	sad->n_unseen += (state != PORTS_SEEN) - (ike->ports != PORTS_SEEN);
	ike->ports = state;
	if (state == PORTS_SEEN)
		return;
	sad->unseen_port = ike->local_port;
	ports_log(&sad->ports, state, ike->local_port, ike->remote_port,
		  ike->conn);
}

size_t sad_unseen(const struct sad *sad, uint16_t *port)
{
	*port = sad->unseen_port;
	return sad->n_unseen;
}

/* Its end */

static void not_old(struct sad_ike *ike)
{
	if (!ike->old)
		return;
	LIST_REMOVE(ike, olds);
	ike->old = false;
}

/* Whose turn it is to find a group of its own, should there be one again. */
static void set_shared(struct sad *sad, struct sad_ike *ike, enum sad_shared why)
{
	if (why == ike->shared)
		return;
	if (ike->shared == SAD_FULL) {
		if (sad->full_at == ike)
			sad->full_at = TAILQ_NEXT(ike, fulls);
		TAILQ_REMOVE(&sad->fulls, ike, fulls);
	}
	ike->shared = why;
	if (why == SAD_FULL)
		TAILQ_INSERT_TAIL(&sad->fulls, ike, fulls);
}

void ike_clear_texts(struct sad_ike *ike)
{
	proofs_clear(&ike->proofs);
	free(ike->conn);
}

static void free_if_unused(struct sad *sad, struct sad_ike *ike)
{
	if (!ike->closed || ike->entry || !LIST_EMPTY(&ike->sas))
		return;
	not_old(ike);
	set_shared(sad, ike, SAD_OWN);
	LIST_REMOVE(ike, list);
	presence_leave(sad, ike);
	presence_end(sad, ike);
	ike_clear_texts(ike);
	free(ike);
}

void ike_close(struct sad *sad, struct sad_ike *ike)
{
	struct sad_child *child;
	struct sad_walk *walk;

	while ((child = LIST_FIRST(&ike->children)))
		ike_free_child(sad, child);
	LIST_FOREACH(walk, &sad->walks, list)
		if (walk->next == ike)
			walk->next = keyed_next(ike);
	keyed_remove(&sad->ikes, ike);
	ike->closed = true;
	ike_look_at_ports(sad, ike);
	LIST_INSERT_HEAD(&sad->closed, ike, list);
	free_if_unused(sad, ike);
}

/* Entries under it */

void ike_join(struct sad_ike *ike, struct sad_entry *e)
{
	struct sad_sa *sa = sad_sa_of(e);

	e->ike = ike;
	if (sa) {
		sa->child_id = 0;
		LIST_INSERT_HEAD(&ike->sas, sa, list);
	} else {
		ike->entry = e;
	}
}

void ike_leave(struct sad *sad, struct sad_entry *e)
{
	struct sad_ike *ike = e->ike;
	struct sad_sa *sa = sad_sa_of(e);

	if (!ike)
		return;
	e->ike = NULL;
	if (sa)
		LIST_REMOVE(sa, list);
	else
		ike->entry = NULL;
	free_if_unused(sad, ike);
}

/* Its group */

static void say_shared(struct sad *sad, const struct sad_ike *ike)
{
	const struct profile *profile = ike->profile;
	const struct range *range = profile->range;
	uint64_t key = once_key(ONCE_KEY, &range->id, sizeof(range->id));
	struct iq_kernel_group group;
	char conn[TEXT_VALUE], in[64] = "no group";

	key = once_key(key, &ike->shared, sizeof(ike->shared));
	if (!once_add(&sad->shared, key, "profiles with peers that have no group of their own"))
		return;
	if (config_group(sad->config, range->overflow, &group))
		snprintf(in, sizeof(in), "group %s", group.name);
	if (ike->shared == SAD_FULL)
		log_warn("profile %s: as many peers as it may have (%u) have a group of their own: from now on, further ones are in %s; give it more marks, or a greater max",
			 profile->name, range->max, in);
	else
		log_warn("profile %s: connection %s: a peer has no group of its own, but is in %s: %s",
			 profile->name, text_clip(conn, sizeof(conn), ike->conn), in,
			 ike->shared == SAD_LONG ? "the identity that it proved is too long" :
			 "nothing that it says of itself is proved");
}

static enum sad_shared why_shared(int err)
{
	switch (err) {
	case -ENOENT:
		return SAD_UNPROVED;
	case -ENAMETOOLONG:
		return SAD_LONG;
	default:
		return SAD_FULL;
	}
}

/* Of the range of its profile, the group that is its peer's. */
static uint32_t own_group(struct sad *sad, struct sad_ike *ike, const struct range *range)
{
	struct lease *lease = NULL;
	char *identity = NULL;
	int err;

	err = proofs_identity(&ike->proofs, ike->profile, &identity);
	if (err || !leases_keeps(sad->leases, range, identity, ike->lease))
		presence_leave(sad, ike);
	if (!err)
		lease = leases_take(sad->leases, range, identity, &ike->remote,
				    ike->remote_port, ike->lease);
	free(identity);
	ike->lease = lease;
	set_shared(sad, ike, lease ? SAD_OWN : why_shared(err));
	if (!lease)
		say_shared(sad, ike);
	return lease ? lease->id : range->overflow;
}

static uint32_t group_of(struct sad *sad, struct sad_ike *ike)
{
	const struct profile *profile = ike->profile;

	if (profile && profile->range)
		return own_group(sad, ike, profile->range);
	presence_leave(sad, ike);
	set_shared(sad, ike, SAD_OWN);
	return profile ? profile->group : 0;
}

void sad_shared(const struct sad *sad, size_t (*n)[SAD_SHARED_WHYS])
{
	const struct sad_ike *ike, *next;
	const struct range *range;
	size_t at;

	memset(n, 0, sad->config->n_ranges * sizeof(*n));
	keyed_for_each(ike, next, &sad->ikes) {
		range = ike->profile && ike->shared != SAD_OWN ? ike->profile->range : NULL;
		for (at = 0; range && sad->config->ranges[at] != range; at++)
			;
		if (range)
			n[at][ike->shared]++;
	}
}

/* Somebody has gone, or was removed. */
void ike_on_freed(void *arg)
{
	struct sad *sad = arg;

	sad->full_at = TAILQ_FIRST(&sad->fulls);
}

/* Up to @max of those who found no group of their own look again. */
static void find_own(struct sad *sad, size_t max)
{
	struct sad_ike *ike;

	while (max && (ike = sad->full_at)) {
		max--;
		sad->full_at = TAILQ_NEXT(ike, fulls);
		if (!ike->old && ike->profile && leases_room(sad->leases, ike->profile->range))
			ike_set_group(sad, ike);
	}
}

size_t sad_strangers(const struct sad *sad)
{
	const struct sad_ike *ike, *next;
	size_t n = 0;

	keyed_for_each(ike, next, &sad->ikes)
		n += !ike->profile && !ike->old;
	return n;
}

size_t sad_beside(const struct sad *sad, struct iq_addr *addr)
{
	const struct sad_ike *ike, *next;
	struct iq_addr last = {};
	bool beside = false;
	size_t n = 0;

	if (!sad->config || !sad->config->steer.self)
		return 0;
	keyed_for_each(ike, next, &sad->ikes) {
		/* there may be very many, and are most at one address */
		if (memcmp(&last, &ike->local, sizeof(last)) != 0) {
			last = ike->local;
			beside = config_beside(sad->config, &last);
		}
		if (beside)
			*addr = last;
		n += beside;
	}
	return n;
}

struct leases *sad_leases(const struct sad *sad)
{
	return sad->leases;
}

void ike_set_group(struct sad *sad, struct sad_ike *ike)
{
	uint32_t group = group_of(sad, ike), former = ike->group;
	struct sad_child *child;
	struct sad_sa *sa;

	if (ike->lease)
		presence_end(sad, ike);
	ike->group = group;
	presence_look(sad, ike);
	if (ike->group != former)
		LIST_FOREACH(child, &ike->children, list)
			ike_log_disputes(sad, child);
	if (ike->entry)
		due_moved(sad, ike->entry, ike->group);
	LIST_FOREACH(sa, &ike->sas, list)
		due_moved(sad, &sa->entry, ike->group);
}

static void resolve(struct sad *sad, struct sad_ike *ike)
{
	struct proved proved[PROOFS_MAX];

	not_old(ike);
	ike->profile = NULL;
	if (!sad->config)
		return;
	ike->profile = config_match(sad->config, proved,
				    proofs_match(&ike->proofs, proved),
				    ike->conn, NULL, 0);
	unproved_log(&sad->unproved, sad->config, &ike->proofs, ike->conn,
		     ike->profile);
}

void ike_resolve(struct sad *sad, struct sad_ike *ike)
{
	const struct sad_child *child;

	if (!ike->old)
		return;
	resolve(sad, ike);
	ike_set_group(sad, ike);
	ike_look_at_ports(sad, ike);
	LIST_FOREACH(child, &ike->children, list)
		ike_log_disputes(sad, child);
}

void ike_take_texts(struct sad *sad, struct sad_ike *ike, struct sad_ike *texts)
{
	if (ike->conn && proofs_same(&ike->proofs, &texts->proofs) &&
	    !strcmp(ike->conn, texts->conn)) {
		ike_clear_texts(texts);
		ike_resolve(sad, ike);
		return;
	}
	ike_clear_texts(ike);
	ike->proofs = texts->proofs;
	ike->conn = texts->conn;
	resolve(sad, ike);
}

static void make_old(struct sad *sad, struct sad_ike *ike)
{
	ike->profile = NULL;
	if (ike->old)
		return;
	ike->old = true;
	LIST_INSERT_HEAD(&sad->olds, ike, olds);
}

int sad_config(struct sad *sad, const struct config *config)
{
	int err = leases_config(sad->leases, config);
	struct sad_ike *ike, *next;

	if (err)
		return err;
	if (!sad->kernel)
		leases_none_held(sad->leases);
	sad->config = config;
	memset(&sad->disputes, 0, sizeof(sad->disputes));
	memset(&sad->ports, 0, sizeof(sad->ports));
	memset(&sad->unproved, 0, sizeof(sad->unproved));
	memset(&sad->shared, 0, sizeof(sad->shared));
	keyed_for_each(ike, next, &sad->ikes)
		make_old(sad, ike);
	LIST_FOREACH(ike, &sad->closed, list)
		make_old(sad, ike);
	return 0;
}

bool sad_resolve(struct sad *sad, size_t max)
{
	struct sad_ike *ike;

	for (; max && (ike = LIST_FIRST(&sad->olds)); max--)
		ike_resolve(sad, ike);
	find_own(sad, max);
	return LIST_EMPTY(&sad->olds) && !sad->full_at;
}

/* Through all of them */

void sad_walk_begin(struct sad *sad, struct sad_walk *walk)
{
	walk->sad = sad;
	walk->next = (struct sad_ike *)sad->ikes.first;
	LIST_INSERT_HEAD(&sad->walks, walk, list);
}

const struct sad_ike *sad_walk_next(struct sad_walk *walk)
{
	struct sad_ike *ike = walk->next;

	if (ike) {
		walk->next = keyed_next(ike);
		ike_resolve(walk->sad, ike);
	}
	return ike;
}

void sad_walk_end(struct sad_walk *walk)
{
	LIST_REMOVE(walk, list);
}
