// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "sa/sad.h"
#include "sa/unproved.h"

/*
 * Longer than the kernel's table waits for an SA to be installed, by enough
 * that its timer has run before ours.
 */
#define PENDING_SECONDS	(IPSEC_QOS_PENDING_LIFETIME + 2)

TAILQ_HEAD(entries, sad_entry);

/**
 * struct sad_source - a charon
 *
 * @number: names it in keys
 * @pid: its process, 0: not known
 * @round: counts its SYNC_STARTs
 * @connected: it is
 * @stating: between SYNC_START and SYNC_END
 * @synced: it has stated all it has
 * @dead: its process is gone; of sad_restate() and SYNC_END
 * @passed_over: SAs that it has installed without an answer
 * @matching: how it matches DNs, as it said last
 */
struct sad_source {
	uint32_t number;
	pid_t pid;
	uint32_t round;
	bool connected;
	bool stating;
	bool synced;
	bool dead;
	uint32_t passed_over;
	enum dn_matching matching;
	LIST_ENTRY(sad_source) list;
};

/**
 * struct sad - see sad.h
 *
 * @salt: in keys that peers choose, so that none can choose colliding ones
 * @why: of what was refused last
 * @disputes: that were logged under the configuration in use
 * @ports: likewise
 * @n_unseen: IKE SAs of which the module does not see all
 * @unseen_port: this host's, of the last that was found so
 * @unproved: connections whose peers' groups nothing proves, likewise
 */
struct sad {
	const struct config *config;
	bool kernel;
	uint32_t salt;
	uint32_t n_sources;
	LIST_HEAD(, sad_source) sources;
	struct sad_ike *ikes;
	struct sad_child *children;
	struct sad_sa *sas;
	struct sad_spi *spis;
	LIST_HEAD(, sad_ike) closed;
	LIST_HEAD(, sad_ike) olds;
	LIST_HEAD(, sad_walk) walks;
	struct entries due_sas;
	struct entries due_spis;
	struct entries missing_sas;
	struct entries missing_spis;
	TAILQ_HEAD(, sad_sa) waiting;
	char why[IQ_FEED_STR_MAX];
	struct once disputes;
	struct once ports;
	size_t n_unseen;
	uint16_t unseen_port;
	struct once unproved;
};

/*
 * The kernel's ceilings are for what has a group, and the kernel minds them.
 * What is kept here, of strangers too, and of what the kernel had no room for,
 * is bounded only so that memory is.
 */
static size_t bound(size_t ceiling, size_t least)
{
	return ceiling > least / SAD_TIMES ? SAD_TIMES * ceiling : least;
}

static size_t max_sas(const struct sad *sad)
{
	return bound(sad->config ? sad->config->conf.max_sas : 0, SAD_SAS);
}

static size_t max_ikes(const struct sad *sad)
{
	return bound(sad->config ? sad->config->conf.max_ikes : 0, SAD_IKES);
}

/* Entries and what is due of them */

/*
 * While a charon states what it has, what it has not restated yet is not told
 * to the kernel: it would be taken for restated, and survive the sweep. Nor is
 * what went with the kernel's SA: nothing would remove it again.
 */
static bool is_held(const struct sad_entry *e)
{
	return e->ike && (e->went || (e->ike->source->stating &&
				      e->round != e->ike->source->round));
}

static void set_due(struct entries *queue, struct sad_entry *e)
{
	if (e->is_due || is_held(e))
		return;
	TAILQ_INSERT_TAIL(queue, e, due);
	e->is_due = true;
}

static void not_due(struct entries *queue, struct sad_entry *e)
{
	if (!e->is_due)
		return;
	TAILQ_REMOVE(queue, e, due);
	e->is_due = false;
}

static void set_missing(struct entries *queue, struct sad_entry *e)
{
	if (e->is_missing)
		return;
	TAILQ_INSERT_TAIL(queue, e, missing);
	e->is_missing = true;
}

static void not_missing(struct entries *queue, struct sad_entry *e)
{
	if (!e->is_missing)
		return;
	TAILQ_REMOVE(queue, e, missing);
	e->is_missing = false;
}

/* Does the kernel's table differ from what it should be? */
static bool differs(const struct sad_entry *e)
{
	if (!e->group)
		return e->known != SAD_ABSENT;
	return e->known != SAD_PRESENT || e->known_group != e->group;
}

/* The same of one just stated: restating it puts it into the generation. */
static bool stated_differs(const struct sad_entry *e)
{
	return differs(e) || (e->group && e->ike->source->stating);
}

static void written(struct sad_entry *e, enum sad_known known)
{
	if (known == SAD_PRESENT)
		e->known_group = e->group;
	e->known = known;
}

/* IKE SAs, their entries and their CHILD SAs */

static void free_texts(struct sad_ike *ike)
{
	proofs_clear(&ike->proofs);
	free(ike->conn);
}

static void free_spi(struct sad *sad, struct sad_spi *spi)
{
	not_due(&sad->due_spis, &spi->entry);
	not_missing(&sad->missing_spis, &spi->entry);
	if (spi->entry.ike)
		spi->entry.ike->spi = NULL;
	HASH_DEL(sad->spis, spi);
	free(spi);
}

static void end_spi(struct sad *sad, struct sad_spi *spi)
{
	if (!sad->kernel) {
		free_spi(sad, spi);
		return;
	}
	spi->entry.ike->spi = NULL;
	spi->entry.ike = NULL;
	spi->entry.gone = true;
	spi->entry.group = 0;
	set_due(&sad->due_spis, &spi->entry);
}

static void free_child(struct sad *sad, struct sad_child *child)
{
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): it is in there */
	HASH_DEL(sad->children, child);
	LIST_REMOVE(child, list);
	free(child->name);
	free(child);
}

static void look_at_ports(struct sad *sad, struct sad_ike *ike)
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

/* The IKE SA is gone; those of its SAs that live on keep its identity. */
static void close_ike(struct sad *sad, struct sad_ike *ike)
{
	struct sad_child *child;
	struct sad_walk *walk;

	while ((child = LIST_FIRST(&ike->children)))
		free_child(sad, child);
	LIST_FOREACH(walk, &sad->walks, list)
		if (walk->next == ike)
			walk->next = ike->hh.next;
	HASH_DEL(sad->ikes, ike);
	ike->closed = true;
	look_at_ports(sad, ike);
	LIST_INSERT_HEAD(&sad->closed, ike, list);
}

static void not_old(struct sad_ike *ike)
{
	if (!ike->old)
		return;
	LIST_REMOVE(ike, olds);
	ike->old = false;
}

static void free_if_unused(struct sad_ike *ike)
{
	if (!ike->closed || ike->spi || !LIST_EMPTY(&ike->sas))
		return;
	not_old(ike);
	LIST_REMOVE(ike, list);
	free_texts(ike);
	free(ike);
}

/* SAs */

static void not_waiting(struct sad *sad, struct sad_sa *sa)
{
	if (!sa->pending)
		return;
	TAILQ_REMOVE(&sad->waiting, sa, wait);
	sa->pending = false;
}

static void wait_for(struct sad *sad, struct sad_sa *sa, double now)
{
	not_waiting(sad, sa);
	TAILQ_INSERT_TAIL(&sad->waiting, sa, wait);
	sa->pending = true;
	sa->deadline = now + PENDING_SECONDS;
}

static void leave_ike(struct sad_sa *sa)
{
	struct sad_ike *ike = sa->entry.ike;

	if (!ike)
		return;
	LIST_REMOVE(sa, list);
	sa->entry.ike = NULL;
	free_if_unused(ike);
}

static void free_sa(struct sad *sad, struct sad_sa *sa)
{
	not_due(&sad->due_sas, &sa->entry);
	not_missing(&sad->missing_sas, &sa->entry);
	not_waiting(sad, sa);
	leave_ike(sa);
	HASH_DEL(sad->sas, sa);
	free(sa);
}

static void end_sa(struct sad *sad, struct sad_sa *sa)
{
	if (!sad->kernel) {
		free_sa(sad, sa);
		return;
	}
	not_waiting(sad, sa);
	leave_ike(sa);
	sa->local = false;
	sa->entry.gone = true;
	sa->entry.group = 0;
	set_due(&sad->due_sas, &sa->entry);
}

static void sa_key(const struct sad *sad, const struct iq_addr *dst,
		   uint32_t spi, uint8_t proto, struct sad_sa_key *key)
{
	memset(key, 0, sizeof(*key));
	key->salt = sad->salt;
	key->spi = spi;
	key->dst = *dst;
	key->proto = proto;
}

static struct sad_sa *find_sa(const struct sad *sad, const struct iq_addr *dst,
			      uint32_t spi, uint8_t proto)
{
	struct sad_sa_key key;
	struct sad_sa *sa;

	sa_key(sad, dst, spi, proto, &key);
	HASH_FIND(hh, sad->sas, &key, sizeof(key), sa);
	return sa;
}

/* Find an SA or make one that is under no IKE SA yet. */
static int need_sa(struct sad *sad, const struct iq_addr *dst, uint32_t spi,
		   uint8_t proto, struct sad_sa **sap, const char **why)
{
	struct sad_sa_key key;
	struct sad_sa *sa;

	sa_key(sad, dst, spi, proto, &key);
	HASH_FIND(hh, sad->sas, &key, sizeof(key), sa);
	if (!sa) {
		if (HASH_COUNT(sad->sas) >= max_sas(sad)) {
			*why = "it knows of all the SAs that it may, four times max-sas";
			return -ENOSPC;
		}
		sa = calloc(1, sizeof(*sa));
		if (!sa)
			return -ENOMEM;
		sa->key = key;
		HASH_ADD(hh, sad->sas, key, sizeof(sa->key), sa);
		if (!sa->hh.tbl) {
			free(sa);
			return -ENOMEM;
		}
		sa->entry.gone = true;
		sa->entry.known = sad->kernel ? SAD_UNKNOWN : SAD_ABSENT;
	}
	*sap = sa;
	return 0;
}

static void join_ike(struct sad_sa *sa, struct sad_ike *ike)
{
	sa->entry.gone = false;
	sa->entry.went = false;
	sa->entry.round = ike->source->round;
	sa->entry.group = ike->group;
	if (sa->entry.ike == ike)
		return;
	leave_ike(sa);
	sa->entry.ike = ike;
	sa->child_id = 0;
	LIST_INSERT_HEAD(&ike->sas, sa, list);
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

	if (sa->entry.gone || sa->pending || owner == ike || owner->closed ||
	    owner->source != ike->source || is_held(&sa->entry))
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

/*
 * An SA counts as installed. If what charon announced was written later than
 * that, as it did not wait any more, the kernel's entry waits for an SA that is
 * there already: unless its table told of the SA, it is told.
 */
static void installed(struct sad *sad, struct sad_sa *sa)
{
	bool late = sa->pending && sa->entry.group && !sa->local;

	not_waiting(sad, sa);
	if (stated_differs(&sa->entry) || sa->restated || late)
		set_due(&sad->due_sas, &sa->entry);
}

/* Groups */

static void log_disputes(struct sad *sad, const struct sad_child *child)
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

static void set_group(struct sad *sad, struct sad_ike *ike)
{
	uint32_t former = ike->group;
	struct sad_child *child;
	struct sad_sa *sa;

	ike->group = ike->profile ? ike->profile->group : 0;
	if (ike->group != former)
		LIST_FOREACH(child, &ike->children, list)
			log_disputes(sad, child);
	if (ike->spi) {
		ike->spi->entry.group = ike->group;
		if (differs(&ike->spi->entry))
			set_due(&sad->due_spis, &ike->spi->entry);
	}
	LIST_FOREACH(sa, &ike->sas, list) {
		sa->entry.group = ike->group;
		if (!differs(&sa->entry))
			continue;
		sa->restated = sa->pending;
		set_due(&sad->due_sas, &sa->entry);
	}
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

/* To be called before anything is made of an IKE SA's group. */
static void resolve_old(struct sad *sad, struct sad_ike *ike)
{
	const struct sad_child *child;

	if (!ike->old)
		return;
	resolve(sad, ike);
	set_group(sad, ike);
	look_at_ports(sad, ike);
	LIST_FOREACH(child, &ike->children, list)
		log_disputes(sad, child);
}

static void make_old(struct sad *sad, struct sad_ike *ike)
{
	ike->profile = NULL;
	if (ike->old)
		return;
	ike->old = true;
	LIST_INSERT_HEAD(&sad->olds, ike, olds);
}

/* Sources */

static void drop_source(struct sad *sad, struct sad_source *source, bool all)
{
	struct sad_child *child, *next_child;
	struct sad_ike *ike, *next_ike;
	struct sad_spi *spi, *next_spi;
	struct sad_sa *sa, *next_sa;

	/*
	 * Not told to the kernel: the sweep at the end of the generation
	 * removes what is not the kernel's own SA, which only it can tell.
	 */
	HASH_ITER(hh, sad->sas, sa, next_sa)
		if (sa->entry.ike && sa->entry.ike->source == source &&
		    (all || sa->entry.round != source->round))
			free_sa(sad, sa);
	HASH_ITER(hh, sad->spis, spi, next_spi)
		if (spi->entry.ike && spi->entry.ike->source == source &&
		    (all || spi->entry.round != source->round)) {
			ike = spi->entry.ike;
			free_spi(sad, spi);
			free_if_unused(ike);
		}
	HASH_ITER(hh, sad->children, child, next_child)
		if (child->key.source == source->number &&
		    (all || child->round != source->round))
			free_child(sad, child);
	HASH_ITER(hh, sad->ikes, ike, next_ike)
		if (ike->source == source &&
		    (all || ike->round != source->round)) {
			close_ike(sad, ike);
			free_if_unused(ike);
		}
}

static void free_source(struct sad_source *source)
{
	LIST_REMOVE(source, list);
	free(source);
}

/* kill(2) with signal 0 only asks; root may ask of root's processes. */
static void look_after(struct sad_source *source)
{
	source->dead = !source->connected &&
		       (source->pid <= 0 ||
			(kill(source->pid, 0) && errno == ESRCH));
}

static struct sad_ike *find_ike(const struct sad *sad,
				const struct sad_source *source, uint32_t id)
{
	struct sad_id_key key = { .source = source->number, .id = id };
	struct sad_ike *ike;

	HASH_FIND(hh, sad->ikes, &key, sizeof(key), ike);
	return ike;
}

static int copy_text(char **to, const char *from)
{
	if (!from)
		return 0;
	*to = strdup(from);
	return *to ? 0 : -ENOMEM;
}

/* What a message says of a peer; to be released by free_texts(). */
static int read_texts(const struct iq_feed *msg, struct sad_ike *ike)
{
	int err = proofs_read(msg, &ike->proofs);

	if (!err)
		err = copy_text(&ike->conn, msg->conn);
	if (err)
		free_texts(ike);
	return err;
}

/* Make the entry of an IKE SA's SPIs, or take it over. */
static int need_spi(struct sad *sad, const struct iq_feed *msg,
		    struct sad_spi **spip)
{
	struct sad_spi_key key = {
		.spi_i = msg->spi_i,
		.spi_r = msg->spi_r,
		.salt = sad->salt,
	};
	struct sad_spi *spi;

	HASH_FIND(hh, sad->spis, &key, sizeof(key), spi);
	if (!spi) {
		spi = calloc(1, sizeof(*spi));
		if (!spi)
			return -ENOMEM;
		spi->key = key;
		HASH_ADD(hh, sad->spis, key, sizeof(spi->key), spi);
		if (!spi->hh.tbl) {
			free(spi);
			return -ENOMEM;
		}
		spi->entry.gone = true;
		spi->entry.known = sad->kernel ? SAD_UNKNOWN : SAD_ABSENT;
	}
	*spip = spi;
	return 0;
}

static int need_ike(struct sad *sad, struct sad_source *source, uint32_t id,
		    struct sad_ike **ikep, const char **why)
{
	struct sad_ike *ike = find_ike(sad, source, id);

	if (!ike) {
		if (HASH_COUNT(sad->ikes) >= max_ikes(sad)) {
			*why = "it knows of all the IKE SAs that it may, four times max-ikes";
			return -ENOSPC;
		}
		ike = calloc(1, sizeof(*ike));
		if (!ike)
			return -ENOMEM;
		ike->key.source = source->number;
		ike->key.id = id;
		ike->source = source;
		HASH_ADD(hh, sad->ikes, key, sizeof(ike->key), ike);
		if (!ike->hh.tbl) {
			free(ike);
			return -ENOMEM;
		}
	}
	*ikep = ike;
	return 0;
}

static int state_ike(struct sad *sad, struct sad_source *source,
		     const struct iq_feed *msg, struct sad_stated *stated)
{
	struct sad_ike texts = {}, *ike, *other;
	struct sad_spi *spi, *old;
	int err;

	err = read_texts(msg, &texts);
	if (err)
		return err;
	err = need_spi(sad, msg, &spi);
	if (err)
		goto no_spi;
	err = need_ike(sad, source, msg->ike_id, &ike, &stated->why);
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

	if (!ike->conn || !proofs_same(&ike->proofs, &texts.proofs) ||
	    strcmp(ike->conn, texts.conn) != 0) {
		free_texts(ike);
		ike->proofs = texts.proofs;
		ike->conn = texts.conn;
		resolve(sad, ike);
	} else {
		free_texts(&texts);
		resolve_old(sad, ike);
	}

	old = ike->spi;
	other = spi->entry.ike;
	if (other && other != ike) {
		other->spi = NULL;
		free_if_unused(other);
	}
	spi->entry.ike = ike;
	spi->entry.gone = false;
	spi->entry.round = source->round;
	ike->spi = spi;
	stated->spis[stated->n_spis++] = spi;
	if (old && old != spi) {
		/* the responder's SPI was not known before */
		old->entry.ike = NULL;
		old->entry.gone = true;
		old->entry.group = 0;
		if (sad->kernel) {
			set_due(&sad->due_spis, &old->entry);
			stated->spis[stated->n_spis++] = old;
		} else {
			free_spi(sad, old);
		}
	}
	set_group(sad, ike);
	look_at_ports(sad, ike);
	if (stated_differs(&spi->entry))
		set_due(&sad->due_spis, &spi->entry);
	stated->group = ike->group;
	return 0;

no_ike:
	if (spi->entry.gone && !spi->entry.is_due)
		free_spi(sad, spi);
no_spi:
	free_texts(&texts);
	return err;
}

static int state_ike_del(struct sad *sad, struct sad_source *source,
			 const struct iq_feed *msg, struct sad_stated *stated)
{
	struct sad_ike *ike = find_ike(sad, source, msg->ike_id);
	struct sad_spi *spi;

	/* a deletion that crossed its statement on the way: nothing to do */
	if (!ike)
		return 0;
	close_ike(sad, ike);
	spi = ike->spi;
	if (spi) {
		if (sad->kernel)
			stated->spis[stated->n_spis++] = spi;
		end_spi(sad, spi);
	}
	free_if_unused(ike);
	return 0;
}

/* An SA was found or made, but the message comes to nothing. */
static void unneed_sa(struct sad *sad, struct sad_sa *sa)
{
	if (sa->entry.gone && !sa->entry.is_due)
		free_sa(sad, sa);
}

static int state_sa(struct sad *sad, struct sad_source *source,
		    const struct iq_feed *msg, double now,
		    struct sad_stated *stated)
{
	struct sad_ike *ike = find_ike(sad, source, msg->ike_id);
	struct sad_sa *sa;
	int err;

	if (!ike) {
		stated->why = "no IKE SA with this IKE_ID was stated";
		return -ENOENT;
	}
	resolve_old(sad, ike);
	err = need_sa(sad, &msg->dst, msg->spi, msg->proto, &sa, &stated->why);
	if (err)
		return err;
	/* one that is installed is inbound: we chose its SPI */
	if (msg->pending) {
		err = check_owner(sad, sa, ike, &stated->why);
		if (err)
			return err;
	}
	join_ike(sa, ike);
	if (msg->pending) {
		wait_for(sad, sa, now);
		sa->restated = false;
		/* told even if known: the kernel's SA may be replaced */
		if (sa->entry.group || differs(&sa->entry))
			set_due(&sad->due_sas, &sa->entry);
	} else {
		installed(sad, sa);
	}
	stated->sas[stated->n_sas++] = sa;
	/* its IKE SA may have been stated just before: not later than the SA */
	if (ike->spi && ike->spi->entry.is_due)
		stated->spis[stated->n_spis++] = ike->spi;
	stated->group = ike->group;
	return 0;
}

static int state_sa_del(struct sad *sad, struct sad_source *source,
			const struct iq_feed *msg, struct sad_stated *stated)
{
	struct sad_sa *sa = find_sa(sad, &msg->dst, msg->spi, msg->proto);

	/* the same key may be another charon's by now */
	if (!sa || sa->entry.gone ||
	    (sa->entry.ike->source != source &&
	     sa->entry.ike->source->connected))
		return 0;
	if (sad->kernel)
		stated->sas[stated->n_sas++] = sa;
	end_sa(sad, sa);
	return 0;
}

static int state_child(struct sad *sad, struct sad_source *source,
		       const struct iq_feed *msg, struct sad_stated *stated)
{
	struct sad_id_key key = {
		.source = source->number,
		.id = msg->child_id,
	};
	struct sad_ike *ike = find_ike(sad, source, msg->ike_id);
	struct sad_sa *in, *out;
	struct sad_child *child;
	char *name = NULL;
	int err;

	if (!ike) {
		stated->why = "no IKE SA with this IKE_ID was stated";
		return -ENOENT;
	}
	resolve_old(sad, ike);
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

	HASH_FIND(hh, sad->children, &key, sizeof(key), child);
	if (!child) {
		err = -ENOSPC;
		stated->why = "it knows of all the CHILD SAs that it may, four times max-sas";
		if (HASH_COUNT(sad->children) >= max_sas(sad))
			goto no_child;
		err = -ENOMEM;
		child = calloc(1, sizeof(*child));
		if (!child)
			goto no_child;
		child->key = key;
		HASH_ADD(hh, sad->children, key, sizeof(child->key), child);
		if (!child->hh.tbl) {
			free(child);
			goto no_child;
		}
	} else {
		LIST_REMOVE(child, list);
		free(child->name);
	}
	LIST_INSERT_HEAD(&ike->children, child, list);
	child->ike = ike;
	child->name = name;
	child->reqid = msg->reqid;
	child->proto = msg->proto;
	child->spi_in = msg->spi_in;
	child->spi_out = msg->spi_out;
	child->encap = msg->encap;
	claims_read(&child->claims, msg);
	child->round = source->round;
	log_disputes(sad, child);
	ike->encap = msg->encap;
	look_at_ports(sad, ike);

	join_ike(in, ike);
	installed(sad, in);
	stated->sas[stated->n_sas++] = in;
	join_ike(out, ike);
	out->child_id = msg->child_id;
	installed(sad, out);
	if (out != in)
		stated->sas[stated->n_sas++] = out;
	stated->group = ike->group;
	return 0;

no_child:
	free(name);
	if (out != in)
		unneed_sa(sad, out);
no_out:
	unneed_sa(sad, in);
	return err;
}

static int state_child_del(struct sad *sad, struct sad_source *source,
			   const struct iq_feed *msg)
{
	struct sad_id_key key = {
		.source = source->number,
		.id = msg->child_id,
	};
	struct sad_child *child;

	HASH_FIND(hh, sad->children, &key, sizeof(key), child);
	if (child)
		free_child(sad, child);
	return 0;
}

/* What is due already of what is held from now on. */
static void hold(struct entries *queue)
{
	struct sad_entry *e, *next;

	for (e = TAILQ_FIRST(queue); e; e = next) {
		next = TAILQ_NEXT(e, due);
		if (is_held(e))
			not_due(queue, e);
	}
}

static int sync_start(struct sad *sad, struct sad_source *source)
{
	source->round++;
	source->stating = true;
	source->synced = false;
	hold(&sad->due_sas);
	hold(&sad->due_spis);
	return 0;
}

static int sync_end(struct sad *sad, struct sad_source *source,
		    const struct iq_feed *msg, struct sad_stated *stated)
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
		look_after(other);
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
		return sync_end(sad, source, msg, stated);
	case IQ_FEED_IKE:
		err = state_ike(sad, source, msg, stated);
		break;
	case IQ_FEED_IKE_DEL:
		err = state_ike_del(sad, source, msg, stated);
		break;
	case IQ_FEED_SA:
		err = state_sa(sad, source, msg, now, stated);
		break;
	case IQ_FEED_SA_DEL:
		err = state_sa_del(sad, source, msg, stated);
		break;
	case IQ_FEED_CHILD:
		err = state_child(sad, source, msg, stated);
		break;
	case IQ_FEED_CHILD_DEL:
		err = state_child_del(sad, source, msg);
		break;
	case IQ_FEED_PASSED_OVER:
		/* threads of charon's may overtake each other in saying so */
		if (msg->passed_over > source->passed_over)
			source->passed_over = msg->passed_over;
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
	struct sad_spi *spi, *next_spi;
	struct sad_sa *sa, *next_sa;
	bool any = false;

	source->connected = false;
	source->stating = false;
	source->synced = false;

	/* what it was about to restate counts as it was */
	HASH_ITER(hh, sad->sas, sa, next_sa)
		if (sa->entry.ike && sa->entry.ike->source == source) {
			any = true;
			if (sa->entry.round != source->round)
				set_due(&sad->due_sas, &sa->entry);
		}
	HASH_ITER(hh, sad->spis, spi, next_spi)
		if (spi->entry.ike && spi->entry.ike->source == source) {
			any = true;
			if (spi->entry.round != source->round)
				set_due(&sad->due_spis, &spi->entry);
		}
	if (!any) {
		drop_source(sad, source, true);
		free_source(source);
	}
}

void sad_config(struct sad *sad, const struct config *config)
{
	struct sad_ike *ike, *next;

	sad->config = config;
	memset(&sad->disputes, 0, sizeof(sad->disputes));
	memset(&sad->ports, 0, sizeof(sad->ports));
	memset(&sad->unproved, 0, sizeof(sad->unproved));
	HASH_ITER(hh, sad->ikes, ike, next)
		make_old(sad, ike);
	LIST_FOREACH(ike, &sad->closed, list)
		make_old(sad, ike);
}

bool sad_resolve(struct sad *sad, size_t max)
{
	struct sad_ike *ike;

	while (max-- && (ike = LIST_FIRST(&sad->olds)))
		resolve_old(sad, ike);
	return LIST_EMPTY(&sad->olds);
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

size_t sad_unseen(const struct sad *sad, uint16_t *port)
{
	*port = sad->unseen_port;
	return sad->n_unseen;
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

void sad_kernel(struct sad *sad, bool there)
{
	struct sad_spi *spi, *next_spi;
	struct sad_sa *sa, *next_sa;

	sad->kernel = there;
	HASH_ITER(hh, sad->sas, sa, next_sa) {
		sa->entry.known = there ? SAD_UNKNOWN : SAD_ABSENT;
		if (sa->entry.gone)
			free_sa(sad, sa);
	}
	HASH_ITER(hh, sad->spis, spi, next_spi) {
		spi->entry.known = there ? SAD_UNKNOWN : SAD_ABSENT;
		if (spi->entry.gone)
			free_spi(sad, spi);
	}
}

static bool to_restate(const struct sad_entry *e, bool empty)
{
	/* an SA that is nobody's any more is swept */
	if (e->ike && e->ike->source->dead && !empty)
		return false;
	return e->group || e->known != SAD_ABSENT;
}

void sad_restate(struct sad *sad, bool empty)
{
	struct sad_source *source;
	struct sad_spi *spi, *next_spi;
	struct sad_sa *sa, *next_sa;

	LIST_FOREACH(source, &sad->sources, list)
		look_after(source);

	HASH_ITER(hh, sad->sas, sa, next_sa) {
		if (!to_restate(&sa->entry, empty))
			continue;
		if (sa->pending) {
			/*
			 * It may have been installed meanwhile, and would wait
			 * for that in vain: only if it has to be. No sweep
			 * removes it.
			 */
			if (!differs(&sa->entry))
				continue;
			sa->restated = true;
		}
		set_due(&sad->due_sas, &sa->entry);
	}
	HASH_ITER(hh, sad->spis, spi, next_spi)
		if (to_restate(&spi->entry, empty))
			set_due(&sad->due_spis, &spi->entry);
}

size_t sad_n_sas(const struct sad *sad)
{
	return HASH_COUNT(sad->sas);
}

size_t sad_due_sas(struct sad *sad, struct sad_sa **sas, size_t max)
{
	struct sad_entry *e;
	size_t n = 0;

	while (n < max && (e = TAILQ_FIRST(&sad->due_sas))) {
		not_due(&sad->due_sas, e);
		sas[n++] = (struct sad_sa *)e;
	}
	return n;
}

size_t sad_due_spis(struct sad *sad, struct sad_spi **spis, size_t max)
{
	struct sad_entry *e;
	size_t n = 0;

	while (n < max && (e = TAILQ_FIRST(&sad->due_spis))) {
		not_due(&sad->due_spis, e);
		spis[n++] = (struct sad_spi *)e;
	}
	return n;
}

bool sad_idle(const struct sad *sad)
{
	return LIST_EMPTY(&sad->olds) && TAILQ_EMPTY(&sad->due_sas) &&
	       TAILQ_EMPTY(&sad->due_spis);
}

void sad_sa_written(struct sad *sad, struct sad_sa *sa, enum sad_known known)
{
	not_due(&sad->due_sas, &sa->entry);
	not_missing(&sad->missing_sas, &sa->entry);
	written(&sa->entry, known);
	if (known == SAD_PRESENT && !sa->pending)
		sa->restated = false;
	if (sa->entry.gone)
		free_sa(sad, sa);
}

void sad_spi_written(struct sad *sad, struct sad_spi *spi, enum sad_known known)
{
	not_due(&sad->due_spis, &spi->entry);
	not_missing(&sad->missing_spis, &spi->entry);
	written(&spi->entry, known);
	if (spi->entry.gone)
		free_spi(sad, spi);
}

struct sad_sa *sad_overdue(struct sad *sad, double now)
{
	struct sad_sa *sa = TAILQ_FIRST(&sad->waiting);

	if (!sa || sa->deadline > now)
		return NULL;
	resolve_old(sad, sa->entry.ike);
	return sa;
}

double sad_deadline(const struct sad *sad)
{
	const struct sad_sa *sa = TAILQ_FIRST(&sad->waiting);

	return sa ? sa->deadline : 0;
}

void sad_settle(struct sad *sad, struct sad_sa *sa, enum sad_known known,
		double now)
{
	/* of an SA with no group the kernel's table can tell nothing */
	if (known == SAD_PRESENT || !sa->entry.group)
		installed(sad, sa);
	else if (known == SAD_ABSENT)
		free_sa(sad, sa);
	else
		wait_for(sad, sa, now);
}

/*
 * What the kernel tells may be older than what was written last; then it tells
 * of that, too, and what was taken for wrong is right again. What was refused
 * is known to be wrong, and is tried again as it is. What a charon left that
 * died is the sweep's.
 */
static bool seen(struct entries *missing, struct sad_entry *e, uint32_t group)
{
	if (!e->group || e->went || e->ike->source->dead)
		return false;
	if (group == e->group) {
		not_missing(missing, e);
		written(e, SAD_PRESENT);
	} else if (e->known != SAD_UNKNOWN) {
		e->known = SAD_UNKNOWN;
		set_missing(missing, e);
	}
	return e->is_missing;
}

bool sad_sa_seen(struct sad *sad, const struct iq_addr *dst, uint32_t spi,
		 uint8_t proto, uint32_t group, bool local)
{
	struct sad_sa *sa = find_sa(sad, dst, spi, proto);

	if (!sa)
		return false;
	sa->local = local;
	if (local || (group && group == sa->entry.group))
		sa->entry.went = false;
	return seen(&sad->missing_sas, &sa->entry, group);
}

void sad_sa_went(struct sad *sad, const struct iq_addr *dst, uint32_t spi,
		 uint8_t proto)
{
	struct sad_sa *sa = find_sa(sad, dst, spi, proto);

	if (!sa || !sa->local)
		return;
	sa->local = false;
	/* announced anew; or else sad_settle() ends it */
	if (sa->pending)
		return;
	sa->entry.went = true;
	sa->entry.known = SAD_ABSENT;
	not_due(&sad->due_sas, &sa->entry);
	not_missing(&sad->missing_sas, &sa->entry);
}

bool sad_spi_seen(struct sad *sad, uint64_t spi_i, uint64_t spi_r,
		  uint32_t group)
{
	struct sad_spi_key key = {
		.spi_i = spi_i,
		.spi_r = spi_r,
		.salt = sad->salt,
	};
	struct sad_spi *spi;

	HASH_FIND(hh, sad->spis, &key, sizeof(key), spi);
	return spi && seen(&sad->missing_spis, &spi->entry, group);
}

/* Is one due now that was missing? */
static bool mend(struct entries *due, struct sad_entry *e)
{
	if (e->is_due || !e->group || e->ike->source->dead)
		return false;
	set_due(due, e);
	return e->is_due;
}

bool sad_mend(struct sad *sad)
{
	struct sad_entry *e;
	bool any = false;

	while ((e = TAILQ_FIRST(&sad->missing_sas))) {
		struct sad_sa *sa = (struct sad_sa *)e;

		not_missing(&sad->missing_sas, e);
		if (!mend(&sad->due_sas, e))
			continue;
		/* it may have been installed meanwhile */
		sa->restated = sa->pending;
		any = true;
	}
	while ((e = TAILQ_FIRST(&sad->missing_spis))) {
		not_missing(&sad->missing_spis, e);
		any |= mend(&sad->due_spis, e);
	}
	return any;
}

void sad_walk_begin(struct sad *sad, struct sad_walk *walk)
{
	walk->sad = sad;
	walk->next = sad->ikes;
	LIST_INSERT_HEAD(&sad->walks, walk, list);
}

const struct sad_ike *sad_walk_next(struct sad_walk *walk)
{
	struct sad_ike *ike = walk->next;

	if (ike) {
		walk->next = ike->hh.next;
		resolve_old(walk->sad, ike);
	}
	return ike;
}

void sad_walk_end(struct sad_walk *walk)
{
	LIST_REMOVE(walk, list);
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
	TAILQ_INIT(&sad->due_sas);
	TAILQ_INIT(&sad->due_spis);
	TAILQ_INIT(&sad->missing_sas);
	TAILQ_INIT(&sad->missing_spis);
	TAILQ_INIT(&sad->waiting);
	return sad;
}

void sad_free(struct sad *sad)
{
	struct sad_source *source;

	if (!sad)
		return;
	sad_kernel(sad, false);
	while ((source = LIST_FIRST(&sad->sources))) {
		drop_source(sad, source, true);
		free_source(source);
	}
	free(sad);
}
