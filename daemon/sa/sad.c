// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "sa/due.h"
#include "sa/ike.h"
#include "sa/sad_priv.h"

/*
 * The kernel's ceilings are for what has a group, and the kernel minds them.
 * What is kept here, of strangers too, and of what the kernel had no room for,
 * is bounded only so that memory is.
 */
size_t sad_bound(size_t ceiling, size_t least)
{
	return ceiling > least / SAD_TIMES ? SAD_TIMES * ceiling : least;
}

size_t sad_max_sas(const struct sad *sad)
{
	return sad_bound(sad->config ? sad->config->conf.max_sas : 0, SAD_SAS);
}

/* Sources */

static bool is_of(const struct sad_entry *e, const struct sad_source *source)
{
	return e->ike && e->ike->source == source;
}

static void drop_source(struct sad *sad, struct sad_source *source, bool all)
{
	struct sad_child *child, *next_child;
	struct sad_ike *ike, *next_ike;
	struct sad_entry *e, *next;
	int i;

	/*
	 * Not told to the kernel: the sweep at the end of the generation
	 * removes what is not the kernel's own SA, which only it can tell.
	 */
	for (i = 0; i < IQ_TABLES; i++)
		keyed_for_each(e, next, &sad->entries[i].all)
			if (is_of(e, source) && (all || e->round != source->round))
				due_forget(sad, e);
	keyed_for_each(child, next_child, &sad->children)
		if (child->key.source == source->number &&
		    (all || child->round != source->round))
			ike_free_child(sad, child);
	keyed_for_each(ike, next_ike, &sad->ikes)
		if (ike->source == source && (all || ike->round != source->round))
			ike_close(sad, ike);
}

static void free_source(struct sad_source *source)
{
	LIST_REMOVE(source, list);
	free(source);
}

/* kill(2) with signal 0 only asks; root may ask of root's processes. */
void sad_look_after(struct sad_source *source)
{
	source->dead = !source->connected &&
		       (source->pid <= 0 ||
			(kill(source->pid, 0) && errno == ESRCH));
}

/* Messages */

static int copy_text(char **to, const char *from)
{
	if (!from)
		return 0;
	*to = strdup(from);
	return *to ? 0 : -ENOMEM;
}

/* What a message says of a peer; to be released by ike_clear_texts(). */
static int read_texts(const struct iq_feed_ike *msg, struct sad_ike *ike)
{
	int err = proofs_read(msg, &ike->proofs);

	if (!err)
		err = copy_text(&ike->conn, msg->conn);
	if (err)
		ike_clear_texts(ike);
	return err;
}

static int state_ike(struct sad *sad, struct sad_source *source,
		     const struct iq_feed_ike *msg, struct sad_stated *stated)
{
	struct sad_ike texts = {}, *ike;
	struct sad_entry *e, *old;
	struct sad_ike_key key;
	int err;

	err = read_texts(msg, &texts);
	if (err)
		return err;
	due_ike_key(sad, msg->spi_i, msg->spi_r, &key);
	err = due_need(sad, IQ_TABLE_IKE, &key, &e);
	if (err)
		goto no_entry;
	err = ike_need(sad, source, msg->ike_id, &ike, &stated->why);
	if (err)
		goto no_ike;

	source->matching = msg->rdn_matching;
	ike->round = source->round;
	ike->version = msg->ike_version;
	ike->spi_i = msg->spi_i;
	ike->spi_r = msg->spi_r;
	ike->local = msg->local;
	ike->local_port = msg->local_port;
	ike->remote = msg->remote;
	ike->remote_port = msg->remote_port;
	ike_take_texts(sad, ike, &texts);

	/* the responder's SPI was not known before */
	old = ike->entry == e ? NULL : ike->entry;
	if (old)
		due_ended(sad, old);
	due_stated(sad, e, ike);
	stated->entries[stated->n++] = e;
	if (old && sad->kernel)
		stated->entries[stated->n++] = old;
	ike_set_group(sad, ike);
	ike_look_at_ports(sad, ike);
	due_ike_stated(sad, e);
	stated->group = ike->group;
	return 0;

no_ike:
	due_unneed(sad, e);
no_entry:
	ike_clear_texts(&texts);
	return err;
}

static int state_ike_del(struct sad *sad, struct sad_source *source,
			 const struct iq_feed_ike_del *msg, struct sad_stated *stated)
{
	struct sad_ike *ike = ike_find(sad, source, msg->ike_id);

	/* a deletion that crossed its statement on the way: nothing to do */
	if (!ike)
		return 0;
	if (ike->entry) {
		if (sad->kernel)
			stated->entries[stated->n++] = ike->entry;
		due_ended(sad, ike->entry);
	}
	ike_close(sad, ike);
	return 0;
}

/* SAs */

static struct sad_sa *find_sa(const struct sad *sad, const struct iq_addr *dst,
			      uint32_t spi, uint8_t proto)
{
	struct sad_sa_key key;

	due_sa_key(sad, dst, spi, proto, &key);
	return (struct sad_sa *)due_find(sad, IQ_TABLE_SA, &key);
}

/* Find an SA or make one that is under no IKE SA yet. */
static int need_sa(struct sad *sad, const struct iq_addr *dst, uint32_t spi,
		   uint8_t proto, struct sad_sa **sa, const char **why)
{
	struct sad_sa_key key;
	struct sad_entry *e;
	int err;

	due_sa_key(sad, dst, spi, proto, &key);
	err = due_need(sad, IQ_TABLE_SA, &key, &e);
	if (err == -ENOSPC)
		*why = "it knows of all the SAs that it may, four times max-sas";
	if (!err)
		*sa = sad_sa_of(e);
	return err;
}

/*
 * Is an SA that @ike states another IKE SA's? Peers choose the SPIs of what is
 * sent to them, so behind one address two may have chosen the same. The kernel has
 * the first one's SA alone, or both where they differ in their mark: the second
 * must not take its entry, nor end it. What is only announced is nobody's yet. What
 * the owner has not restated, or has left behind, it may have lost.
 */
static int check_owner(struct sad *sad, const struct sad_sa *sa,
		       const struct sad_ike *ike, const char **why)
{
	const struct sad_ike *owner = sa->entry.ike;
	char addr[INET6_ADDRSTRLEN] = "?", shown[2][TEXT_VALUE];

	if (entry_is_gone(&sa->entry) || sa->pending || owner == ike || owner->closed ||
	    owner->source != ike->source || entry_is_held(&sa->entry))
		return 0;
	inet_ntop(sa->key.dst.family, sa->key.dst.b, addr, sizeof(addr));
	snprintf(sad->why, sizeof(sad->why),
		 "SA %s spi 0x%08x is of %s (IKE SA %u) and cannot be of %s (IKE SA %u), too",
		 addr, sa->key.spi,
		 text_clip(shown[0], sizeof(shown[0]), proofs_text(&owner->proofs)),
		 owner->key.id,
		 text_clip(shown[1], sizeof(shown[1]), proofs_text(&ike->proofs)),
		 ike->key.id);
	*why = sad->why;
	return -EEXIST;
}

static int state_sa(struct sad *sad, struct sad_source *source,
		    const struct iq_feed_sa *msg, double now,
		    struct sad_stated *stated)
{
	struct sad_ike *ike = ike_find(sad, source, msg->ike_id);
	struct sad_sa *sa;
	int err;

	if (!ike) {
		stated->why = "no IKE SA with this IKE_ID was stated";
		return -ENOENT;
	}
	ike_resolve(sad, ike);
	err = need_sa(sad, &msg->dst, msg->spi, msg->proto, &sa, &stated->why);
	if (err)
		return err;
	/* one that is installed is inbound: we chose its SPI */
	if (msg->pending) {
		err = check_owner(sad, sa, ike, &stated->why);
		if (err)
			return err;
	}
	due_stated(sad, &sa->entry, ike);
	if (msg->pending)
		due_announced(sad, sa, now);
	else
		due_installed(sad, sa);
	presence_look(sad, ike);
	stated->entries[stated->n++] = &sa->entry;
	/* its IKE SA may have been stated just before: not later than the SA */
	if (ike->entry && ike->entry->queue == SAD_DUE)
		stated->entries[stated->n++] = ike->entry;
	stated->group = ike->group;
	return 0;
}

static int state_sa_del(struct sad *sad, struct sad_source *source,
			const struct iq_feed_sa_del *msg, struct sad_stated *stated)
{
	struct sad_sa *sa = find_sa(sad, &msg->dst, msg->spi, msg->proto);

	/* the same key may be another charon's by now */
	if (!sa || entry_is_gone(&sa->entry) ||
	    (sa->entry.ike->source != source &&
	     sa->entry.ike->source->connected))
		return 0;
	if (sad->kernel)
		stated->entries[stated->n++] = &sa->entry;
	due_ended(sad, &sa->entry);
	return 0;
}

static int state_child(struct sad *sad, struct sad_source *source,
		       const struct iq_feed_child *msg, struct sad_stated *stated)
{
	struct sad_ike *ike = ike_find(sad, source, msg->ike_id);
	struct sad_sa *in, *out;
	struct sad_child *child;
	char *name = NULL;
	int err;

	if (!ike) {
		stated->why = "no IKE SA with this IKE_ID was stated";
		return -ENOENT;
	}
	ike_resolve(sad, ike);
	err = need_sa(sad, &msg->local, msg->spi_in, msg->proto, &in,
		      &stated->why);
	if (err)
		return err;
	err = need_sa(sad, &msg->remote, msg->spi_out, msg->proto, &out,
		      &stated->why);
	if (err)
		goto no_out;
	/* unless it is its own that comes from another IKE SA with it */
	if (out->child_id != msg->child_id) {
		err = check_owner(sad, out, ike, &stated->why);
		if (err)
			goto no_child;
	}
	err = copy_text(&name, msg->child);
	if (err)
		goto no_child;

	err = ike_need_child(sad, ike, msg->child_id, &child, &stated->why);
	if (err)
		goto no_child;
	free(child->name);
	child->name = name;
	child->reqid = msg->reqid;
	child->proto = msg->proto;
	child->spi_in = msg->spi_in;
	child->spi_out = msg->spi_out;
	child->encap = msg->encap;
	claims_read(&child->claims, msg);
	child->round = source->round;
	ike_log_disputes(sad, child);
	ike->encap = msg->encap;
	ike_look_at_ports(sad, ike);

	due_stated(sad, &in->entry, ike);
	due_installed(sad, in);
	stated->entries[stated->n++] = &in->entry;
	due_stated(sad, &out->entry, ike);
	out->child_id = msg->child_id;
	due_installed(sad, out);
	if (out != in)
		stated->entries[stated->n++] = &out->entry;
	presence_look(sad, ike);
	stated->group = ike->group;
	return 0;

no_child:
	free(name);
	if (out != in)
		due_unneed(sad, &out->entry);
no_out:
	due_unneed(sad, &in->entry);
	return err;
}

static int state_child_del(struct sad *sad, struct sad_source *source,
			   const struct iq_feed_child_del *msg)
{
	struct sad_child *child = ike_find_child(sad, source, msg->child_id);

	if (child)
		ike_free_child(sad, child);
	return 0;
}

static int sync_start(struct sad *sad, struct sad_source *source)
{
	source->round++;
	source->stating = true;
	source->synced = false;
	due_hold(sad);
	return 0;
}

static int sync_end(struct sad *sad, struct sad_source *source,
		    const struct iq_feed_sync_end *msg, struct sad_stated *stated)
{
	struct sad_source *other, *next;

	if (!source->stating) {
		stated->why = "SYNC_END without SYNC_START";
		return -EINVAL;
	}
	source->stating = false;
	source->synced = true;
	source->passed_over = msg->passed_over;
	drop_source(sad, source, false);
	for (other = LIST_FIRST(&sad->sources); other; other = next) {
		next = LIST_NEXT(other, list);
		sad_look_after(other);
		if (other->dead || (!other->connected &&
				    other->pid == source->pid)) {
			drop_source(sad, other, true);
			free_source(other);
		}
	}
	return 0;
}

int sad_state(struct sad *sad, struct sad_source *source,
	      const struct iq_feed *msg, double now, struct sad_stated *stated)
{
	int err;

	memset(stated, 0, sizeof(*stated));
	switch (msg->type) {
	case IQ_FEED_SYNC_START:
		return sync_start(sad, source);
	case IQ_FEED_SYNC_END:
		return sync_end(sad, source, &msg->sync_end, stated);
	case IQ_FEED_IKE:
		err = state_ike(sad, source, &msg->ike, stated);
		break;
	case IQ_FEED_IKE_DEL:
		err = state_ike_del(sad, source, &msg->ike_del, stated);
		break;
	case IQ_FEED_SA:
		err = state_sa(sad, source, &msg->sa, now, stated);
		break;
	case IQ_FEED_SA_DEL:
		err = state_sa_del(sad, source, &msg->sa_del, stated);
		break;
	case IQ_FEED_CHILD:
		err = state_child(sad, source, &msg->child, stated);
		break;
	case IQ_FEED_CHILD_DEL:
		err = state_child_del(sad, source, &msg->child_del);
		break;
	case IQ_FEED_PASSED_OVER:
		/* threads of charon's may overtake each other in saying so */
		if (msg->passed_over.passed_over > source->passed_over)
			source->passed_over = msg->passed_over.passed_over;
		return 0;
	default:
		stated->why = "not a charon's message";
		return -EINVAL;
	}
	if (err == -ENOMEM)
		stated->why = "out of memory";
	return err;
}

struct sad_source *sad_connect(struct sad *sad, pid_t pid)
{
	struct sad_source *source;

	LIST_FOREACH(source, &sad->sources, list)
		if (!source->connected && pid > 0 && source->pid == pid)
			break;
	if (!source) {
		source = calloc(1, sizeof(*source));
		if (!source)
			return NULL;
		source->number = ++sad->n_sources;
		source->pid = pid;
		LIST_INSERT_HEAD(&sad->sources, source, list);
	}
	source->connected = true;
	source->dead = false;
	return source;
}

void sad_disconnect(struct sad *sad, struct sad_source *source)
{
	struct sad_entry *e, *next;
	bool any = false;
	int i;

	source->connected = false;
	source->stating = false;
	source->synced = false;

	for (i = 0; i < IQ_TABLES; i++) {
		keyed_for_each(e, next, &sad->entries[i].all) {
			if (!is_of(e, source))
				continue;
			any = true;
			if (e->round != source->round)
				due_unheld(sad, e);
		}
	}
	if (!any) {
		drop_source(sad, source, true);
		free_source(source);
	}
}

unsigned int sad_charons(const struct sad *sad)
{
	const struct sad_source *source;
	unsigned int n = 0;

	LIST_FOREACH(source, &sad->sources, list)
		n += source->connected;
	return n;
}

enum dn_matching sad_matching(const struct sad *sad)
{
	enum dn_matching matching = DN_STRICT;
	const struct sad_source *source;

	LIST_FOREACH(source, &sad->sources, list) {
		if (source->connected && source->matching > matching)
			matching = source->matching;
	}
	return matching;
}

uint64_t sad_passed_over(const struct sad *sad)
{
	const struct sad_source *source;
	uint64_t n = 0;

	LIST_FOREACH(source, &sad->sources, list)
		if (source->connected)
			n += source->passed_over;
	return n;
}

bool sad_source_synced(const struct sad_source *source)
{
	return source->synced;
}

bool sad_synced(const struct sad *sad)
{
	const struct sad_source *source;
	bool any = false;

	LIST_FOREACH(source, &sad->sources, list) {
		if (!source->connected)
			continue;
		if (!source->synced)
			return false;
		any = true;
	}
	return any;
}

struct sad *sad_new(void)
{
	struct sad *sad = calloc(1, sizeof(*sad));

	if (!sad)
		return NULL;
	if (getrandom(&sad->salt, sizeof(sad->salt), 0) != sizeof(sad->salt)) {
		free(sad);
		return NULL;
	}
	sad->leases = leases_new();
	if (!sad->leases) {
		free(sad);
		return NULL;
	}
	leases_on_freed(sad->leases, ike_on_freed, sad);
	entries_init(sad->entries);
	TAILQ_INIT(&sad->waiting);
	TAILQ_INIT(&sad->fulls);
	ike_init(sad);
	return sad;
}

void sad_free(struct sad *sad)
{
	struct sad_source *source;

	if (!sad)
		return;
	/* nobody goes: the daemon does */
	presence_tell(sad, NULL, NULL);
	sad_kernel(sad, false);
	while ((source = LIST_FIRST(&sad->sources))) {
		drop_source(sad, source, true);
		free_source(source);
	}
	leases_free(sad->leases);
	free(sad);
}

const struct sad_ike *sad_find_ike(struct sad *sad, const struct sad_source *source,
				   uint32_t id)
{
	struct sad_ike *ike = ike_find(sad, source, id);

	if (!ike || ike->closed)
		return NULL;
	ike_resolve(sad, ike);
	return ike;
}
