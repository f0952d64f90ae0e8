// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is due: what the charons stated becomes entries, and what happens to these
 * (entry.c) is told here.
 */
#include "sa/due.h"

#include <string.h>

#include "sa/ike.h"
#include "sa/sad_priv.h"

/*
 * Longer than the kernel's table waits for an SA to be installed, by enough
 * that its timer has run before ours.
 */
#define PENDING_SECONDS	(IPSEC_QOS_PENDING_LIFETIME + 2)

static void on(struct sad *sad, struct sad_entry *e, enum entry_event event)
{
	entry_on(sad->entries, e, event);
}

static struct sad_entry *first_of(const struct sad *sad, int table)
{
	return (struct sad_entry *)sad->entries[table].all.first;
}

/* Waiting for an SA to be installed */

static void not_waiting(struct sad *sad, struct sad_sa *sa)
{
	if (!sa || !sa->pending)
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

/*
 * If what charon announced was written later than it was installed, as charon did
 * not wait any more, the kernel's entry waits for an SA that is there already:
 * unless its table told of the SA, it is told.
 */
void due_installed(struct sad *sad, struct sad_sa *sa)
{
	bool late = sa->pending && sa->entry.group && !sa->local;

	not_waiting(sad, sa);
	if (entry_stated_differs(&sa->entry) || sa->restated || late)
		on(sad, &sa->entry, ENTRY_CHANGED);
}

void due_announced(struct sad *sad, struct sad_sa *sa, double now)
{
	wait_for(sad, sa, now);
	sa->restated = false;
	/* told even if known: the kernel's SA may be replaced */
	if (sa->entry.group || entry_differs(&sa->entry))
		on(sad, &sa->entry, ENTRY_CHANGED);
}

struct sad_sa *sad_overdue(struct sad *sad, double now)
{
	struct sad_sa *sa = TAILQ_FIRST(&sad->waiting);

	if (!sa || sa->deadline > now)
		return NULL;
	ike_resolve(sad, sa->entry.ike);
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
		due_installed(sad, sa);
	else if (known == SAD_ABSENT)
		due_forget(sad, &sa->entry);
	else
		wait_for(sad, sa, now);
}

/* Entries */

void due_sa_key(const struct sad *sad, const struct iq_addr *dst, uint32_t spi,
		uint8_t proto, struct sad_sa_key *key)
{
	memset(key, 0, sizeof(*key));
	key->salt = sad->salt;
	key->spi = spi;
	key->dst = *dst;
	key->proto = proto;
}

void due_ike_key(const struct sad *sad, uint64_t spi_i, uint64_t spi_r,
		 struct sad_ike_key *key)
{
	memset(key, 0, sizeof(*key));
	key->spi_i = spi_i;
	key->spi_r = spi_r;
	key->salt = sad->salt;
}

struct sad_entry *due_find(const struct sad *sad, enum iq_table_id table,
			   const void *key)
{
	return keyed_find(&sad->entries[table].all, key);
}

int due_need(struct sad *sad, enum iq_table_id table, const void *key,
	     struct sad_entry **ep)
{
	/* of the IKE table there are as many as there are IKE SAs */
	size_t max = table == IQ_TABLE_SA ? sad_max_sas(sad) : SIZE_MAX;
	struct keyed_table *all = &sad->entries[table].all;
	size_t before = keyed_count(all);
	void *e;
	int err = keyed_need(all, key, max, &e);

	if (err)
		return err;
	*ep = e;
	if (keyed_count(all) == before)
		return 0;
	(*ep)->table = table;
	on(sad, *ep, sad->kernel ? ENTRY_KERNEL_CAME : ENTRY_KERNEL_GONE);
	return 0;
}

void due_unneed(struct sad *sad, struct sad_entry *e)
{
	if (entry_is_gone(e) && e->queue != SAD_DUE)
		due_forget(sad, e);
}

void due_forget(struct sad *sad, struct sad_entry *e)
{
	on(sad, e, ENTRY_TAKEN);
	not_waiting(sad, sad_sa_of(e));
	ike_leave(sad, e);
	keyed_free(&sad->entries[e->table].all, e);
}

void due_stated(struct sad *sad, struct sad_entry *e, struct sad_ike *ike)
{
	if (e->ike != ike) {
		ike_leave(sad, e);
		ike_join(ike, e);
	}
	e->round = ike->source->round;
	e->group = ike->group;
	on(sad, e, ENTRY_STATED);
}

void due_ended(struct sad *sad, struct sad_entry *e)
{
	struct sad_sa *sa = sad_sa_of(e);

	if (!sad->kernel) {
		due_forget(sad, e);
		return;
	}
	not_waiting(sad, sa);
	if (sa)
		sa->local = false;
	ike_leave(sad, e);
	e->group = 0;
	on(sad, e, ENTRY_ENDED);
}

void due_moved(struct sad *sad, struct sad_entry *e, uint32_t group)
{
	struct sad_sa *sa = sad_sa_of(e);

	e->group = group;
	if (!entry_differs(e))
		return;
	if (sa)
		sa->restated = sa->pending;
	on(sad, e, ENTRY_CHANGED);
}

void due_unheld(struct sad *sad, struct sad_entry *e)
{
	on(sad, e, ENTRY_CHANGED);
}

void due_ike_stated(struct sad *sad, struct sad_entry *e)
{
	if (entry_stated_differs(e))
		on(sad, e, ENTRY_CHANGED);
}

void due_hold(struct sad *sad)
{
	struct sad_entry *e, *next;
	int i;

	for (i = 0; i < IQ_TABLES; i++) {
		for (e = TAILQ_FIRST(&sad->entries[i].due); e; e = next) {
			next = TAILQ_NEXT(e, at);
			on(sad, e, ENTRY_SYNC);
		}
	}
}

/* The kernel */

void sad_kernel(struct sad *sad, bool there)
{
	struct sad_entry *e, *next;
	int i;

	sad->kernel = there;
	for (i = 0; i < IQ_TABLES; i++) {
		keyed_for_each(e, next, &sad->entries[i].all) {
			on(sad, e, there ? ENTRY_KERNEL_CAME : ENTRY_KERNEL_GONE);
			if (entry_is_gone(e))
				due_forget(sad, e);
		}
	}
}

static void restate(struct sad *sad, struct sad_entry *e, bool empty)
{
	struct sad_sa *sa = sad_sa_of(e);

	if (!e->group && e->known == SAD_ABSENT)
		return;
	/*
	 * One that is pending may have been installed meanwhile, and would wait for
	 * that in vain: only if it has to be. No sweep removes it.
	 */
	if (sa && sa->pending && !entry_differs(e))
		return;
	on(sad, e, empty ? ENTRY_ANEW : ENTRY_GENERATION);
	if (sa && sa->pending && (empty || !entry_is_left(e)))
		sa->restated = true;
}

void sad_restate(struct sad *sad, bool empty)
{
	struct sad_source *source;
	struct sad_entry *e;
	int i;

	LIST_FOREACH(source, &sad->sources, list)
		sad_look_after(source);
	for (i = 0; i < IQ_TABLES; i++)
		for (e = first_of(sad, i); e; e = keyed_next(e))
			restate(sad, e, empty);
}

size_t sad_n_sas(const struct sad *sad)
{
	return keyed_count(&sad->entries[IQ_TABLE_SA].all);
}

size_t sad_due(struct sad *sad, enum iq_table_id table, struct sad_entry **entries,
	       size_t max)
{
	struct sad_entry *e;
	size_t n = 0;

	while (n < max && (e = TAILQ_FIRST(&sad->entries[table].due))) {
		on(sad, e, ENTRY_TAKEN);
		entries[n++] = e;
	}
	return n;
}

bool sad_idle(const struct sad *sad)
{
	return LIST_EMPTY(&sad->olds) && !sad->full_at &&
	       TAILQ_EMPTY(&sad->entries[IQ_TABLE_SA].due) &&
	       TAILQ_EMPTY(&sad->entries[IQ_TABLE_IKE].due);
}

void sad_written(struct sad *sad, struct sad_entry *e, enum sad_known known)
{
	static const enum entry_event events[] = {
		[SAD_UNKNOWN] = ENTRY_REFUSED,
		[SAD_ABSENT] = ENTRY_REMOVED,
		[SAD_PRESENT] = ENTRY_WRITTEN,
	};
	struct sad_sa *sa = sad_sa_of(e);

	on(sad, e, events[known]);
	if (sa && known == SAD_PRESENT && !sa->pending)
		sa->restated = false;
	if (entry_is_gone(e))
		due_forget(sad, e);
}

/* What the kernel tells */

static struct sad_entry *find_told(const struct sad *sad, const struct iq_kernel_entry *told)
{
	union {
		struct sad_sa_key sa;
		struct sad_ike_key ike;
	} key;

	if (told->table == IQ_TABLE_SA) {
		const struct iq_sa *sa = (const struct iq_sa *)told;

		due_sa_key(sad, &sa->dst, sa->spi, sa->proto, &key.sa);
	} else {
		const struct iq_ike *ike = (const struct iq_ike *)told;

		due_ike_key(sad, ike->spi_i, ike->spi_r, &key.ike);
	}
	return due_find(sad, told->table, &key);
}

/*
 * What the kernel tells may be older than what was written last; then it tells
 * of that, too, and what was taken for wrong is right again. What was refused
 * is known to be wrong, and is tried again as it is. What a charon left that
 * died is the sweep's.
 */
bool sad_seen(struct sad *sad, const struct iq_kernel_entry *told, uint32_t group,
	      bool local)
{
	struct sad_entry *e = find_told(sad, told);
	struct sad_sa *sa;

	if (!e)
		return false;
	sa = sad_sa_of(e);
	if (sa)
		sa->local = local;
	if (local || (group && group == e->group))
		on(sad, e, ENTRY_BACK);
	if (!e->group)
		return false;
	if (group == e->group)
		on(sad, e, ENTRY_SEEN);
	else if (e->known != SAD_UNKNOWN)
		on(sad, e, ENTRY_WRONG);
	return e->queue == SAD_MISSING;
}

void sad_went(struct sad *sad, const struct iq_kernel_entry *told)
{
	struct sad_entry *e = find_told(sad, told);
	struct sad_sa *sa = e ? sad_sa_of(e) : NULL;

	if (!sa || !sa->local)
		return;
	sa->local = false;
	/* announced anew; or else sad_settle() ends it */
	if (!sa->pending)
		on(sad, e, ENTRY_WENT);
}

bool sad_mend(struct sad *sad)
{
	struct sad_entry *e;
	struct sad_sa *sa;
	bool any = false;
	int i;

	for (i = 0; i < IQ_TABLES; i++) {
		while ((e = TAILQ_FIRST(&sad->entries[i].missing))) {
			on(sad, e, ENTRY_MEND);
			if (e->queue != SAD_DUE)
				continue;
			/* it may have been installed meanwhile */
			sa = sad_sa_of(e);
			if (sa)
				sa->restated = sa->pending;
			any = true;
		}
	}
	return any;
}
