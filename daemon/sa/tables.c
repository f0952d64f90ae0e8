// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "lib/kernel/settings.h"
#include "lib/kernel/status.h"
#include "sa/tables_priv.h"

#define RETRY_FIRST	1.0	/* seconds until what failed is tried again, */
#define RETRY_MAX	60.0	/* doubled each time up to this */

/* What cannot be removed now, as other groups are being stated, is put off for so long. */
#define LINGER_AGAIN	0.1	/* seconds */

/* IKE SAs are resolved some at a time. */
#define TURN_STEP	16

static struct trouble *trouble_of(struct tables *t, const char *what)
{
	struct trouble *trouble = t->troubles;

	while (trouble < t->troubles + t->n_troubles &&
	       strcmp(trouble->what, what))
		trouble++;
	if (trouble == t->troubles + TROUBLES)
		return trouble - 1;
	if (trouble == t->troubles + t->n_troubles) {
		memset(trouble, 0, sizeof(*trouble));
		snprintf(trouble->what, sizeof(trouble->what), "%s",
			 ++t->n_troubles < TROUBLES ? what : "more is refused");
	}
	return trouble;
}

/* The kernel said no, on @k: once is enough, and it is tried again. */
void tables_refused_on(struct tables *t, const struct iq_kernel *k,
		       const char *what, int err)
{
	struct trouble *trouble;

	t->failed = true;
	if (err == -ENODEV) {
		t->lost = true;
		return;
	}
	snprintf(t->error, sizeof(t->error), "%s: %s", what,
		 k ? iq_kernel_error(k) : strerror(-err));
	trouble = trouble_of(t, what);
	trouble->now = true;
	if (strcmp(trouble->what, what))
		log_once(&trouble->said, LOG_ERR, "%s; tried again",
			 trouble->what);
	else
		log_once(&trouble->said, LOG_ERR, "%s; tried again", t->error);
}

void tables_refused(struct tables *t, const char *what, int err)
{
	tables_refused_on(t, t->k, what, err);
}

/* What is refused from now on is refused now. */
static void forget_troubles(struct tables *t)
{
	size_t i;

	t->failed = false;
	t->partial = false;
	for (i = 0; i < t->n_troubles; i++)
		t->troubles[i].now = false;
}

static void retry_later(struct tables *t)
{
	if (ev_is_active(&t->retry))
		return;
	ev_timer_set(&t->retry, t->delay, 0.0);
	ev_timer_start(t->loop, &t->retry);
	t->delay = t->delay * 2 < RETRY_MAX ? t->delay * 2 : RETRY_MAX;
}

static void let_go(struct tables *t)
{
	ev_timer_stop(t->loop, &t->retry);
	ev_idle_stop(t->loop, &t->write);
	ev_timer_stop(t->loop, &t->mend);
	ev_io_stop(t->loop, &t->events);
	iq_kernel_close(t->reader);
	iq_kernel_close(t->k);
	t->reader = t->k = NULL;
	t->stage = STAGE_ENTRIES;
	t->n_wrong = 0;
	t->deaf = false;
	t->open = false;
	t->lost = false;
	t->grouping = false;
	forget_troubles(t);
	sad_kernel(t->sad, false);
	leases_kernel_gone(sad_leases(t->sad));
	/* from the loop: whoever called may be one that waits for it */
	ev_timer_start(t->loop, &t->settle);
}

static void listen_to(struct tables *t)
{
	int fd = iq_kernel_monitor(t->k, IQ_MONITOR_STEER | IQ_MONITOR_CHAIN);

	if (fd < 0) {
		log_warn("what is changed by hand in the module's tables goes unnoticed: %s",
			 strerror(-fd));
		return;
	}
	ev_io_set(&t->events, fd, EV_READ);
	ev_io_start(t->loop, &t->events);
}

/* Both come from one release: what another means by a message nobody knows. */
static void compare_versions(struct tables *t)
{
	struct iq_status st = {};

	/* where another's answer cannot be read, its version can */
	iq_kernel_status(t->k, &st);
	if (!st.version[0])
		return;
	if (strcmp(st.version, IPSEC_QOS_VERSION))
		log_once(&t->other, LOG_WARNING,
			 "the module ipsec_qos that is loaded is of version %s, this daemon of %s: load the one installed with it (modprobe -r ipsec_qos && modprobe ipsec_qos, or a reboot)",
			 st.version, IPSEC_QOS_VERSION);
	else
		log_over(&t->other, "the module ipsec_qos is of this daemon's version");
}

static void take_up(struct tables *t)
{
	int err = iq_kernel_open(&t->k);

	if (!err) {
		log_over(&t->absent, "the module ipsec_qos is there");
		compare_versions(t);
		sad_kernel(t->sad, true);
		groups_hold(t);
		listen_to(t);
		tables_restate(t, true);
		return;
	}
	t->k = NULL;
	if (err == -ENOENT) {
		log_once(&t->absent, LOG_WARNING,
			 "the module ipsec_qos is not loaded: nothing is tagged until it is (modprobe ipsec_qos)");
		return;
	}
	log_once(&t->absent, LOG_ERR, "cannot reach the module ipsec_qos: %s",
		 strerror(-err));
	retry_later(t);
}

/* To be called where no entry is at hand: those that are gone are freed. */
static bool check_lost(struct tables *t)
{
	if (!t->lost)
		return false;
	let_go(t);
	/* unless the notice that it went comes first, as it should */
	retry_later(t);
	return true;
}

static void on_module(bool there, void *arg)
{
	struct tables *t = arg;

	ev_timer_stop(t->loop, &t->retry);
	if (t->k)
		let_go(t);
	if (there)
		take_up(t);
	else
		log_once(&t->absent, LOG_WARNING,
			 "the module ipsec_qos was unloaded: nothing is tagged until it is back (modprobe ipsec_qos)");
}

static void on_notice(struct ev_loop *loop, ev_io *w, int revents)
{
	struct tables *t = w->data;
	int err = module_watch_read(t->watch, on_module, t);

	if (!err)
		return;
	/* whatever happened: begin at the beginning */
	log_debug("notices of modules were lost: %s", strerror(-err));
	if (t->k)
		let_go(t);
	take_up(t);
}

/* Settings */

/*
 * Until the groups that go are gone there is to be room for them beside those
 * that come.
 */
static void state_conf(struct tables *t, bool raised)
{
	struct iq_conf conf = t->config->conf;
	uint32_t most = t->config->n_groups;
	struct iq_status st = {};
	int err = 0;
	size_t i;

	t->raised = false;
	for (i = 0; i < t->config->n_ranges; i++)
		most += t->config->ranges[i]->n;
	if (raised)
		err = iq_kernel_status(t->k, &st);
	if (!err && st.groups + most > conf.max_groups) {
		t->raised = true;
		conf.max_groups = st.groups < IPSEC_QOS_MAX_GROUPS_LIMIT -
					      conf.max_groups ?
				  conf.max_groups + st.groups :
				  IPSEC_QOS_MAX_GROUPS_LIMIT;
	}
	if (!err)
		err = iq_kernel_conf(t->k, &conf);
	if (err)
		tables_refused(t, "settings are refused", err);
}

/* They are gone. */
static void lower_ceiling(struct tables *t)
{
	if (t->raised)
		state_conf(t, false);
}

/* Entries */

static void describe_sa(const struct iq_kernel_entry *v, char *buf, size_t size)
{
	const struct iq_sa *sa = (const struct iq_sa *)v;
	char addr[INET6_ADDRSTRLEN] = "?";

	inet_ntop(sa->dst.family, sa->dst.b, addr, sizeof(addr));
	snprintf(buf, size, "SA %s spi 0x%08x", addr, sa->spi);
}

static void describe_ike(const struct iq_kernel_entry *v, char *buf, size_t size)
{
	const struct iq_ike *ike = (const struct iq_ike *)v;

	snprintf(buf, size, "IKE SA %016llx", (unsigned long long)ike->spi_i);
}

static void key_of_sa(const struct sad_entry *e, struct iq_kernel_entry *v)
{
	const struct sad_sa *sa = (const struct sad_sa *)e;
	struct iq_sa *to = (struct iq_sa *)v;

	to->dst = sa->key.dst;
	to->spi = sa->key.spi;
	to->proto = sa->key.proto;
}

static void key_of_ike(const struct sad_entry *e, struct iq_kernel_entry *v)
{
	const struct sad_ike_entry *ike = (const struct sad_ike_entry *)e;
	struct iq_ike *to = (struct iq_ike *)v;

	to->spi_i = ike->key.spi_i;
	to->spi_r = ike->key.spi_r;
}

/*
 * What is particular to a table: how an entry's key is told, and what is said where
 * the kernel says no.
 */
static const struct {
	void (*key_of)(const struct sad_entry *e, struct iq_kernel_entry *v);
	void (*describe)(const struct iq_kernel_entry *v, char *buf, size_t size);
	const char *refused;
	const char *not_removed;
} kinds[IQ_TABLES] = {
	[IQ_TABLE_SA] = {
		key_of_sa, describe_sa, "an SA is refused", "an SA cannot be removed",
	},
	[IQ_TABLE_IKE] = {
		key_of_ike, describe_ike, "an IKE SA is refused",
		"an IKE SA cannot be removed",
	},
};

/* An entry as it should be, but for an SA's flags. */
static void to_kernel(const struct sad_entry *e, struct iq_kernel_entry *v)
{
	memset(v, 0, iq_kernel_entry_size(e->table));
	v->table = e->table;
	v->group = e->group;
	v->owner = OWNER;
	kinds[e->table].key_of(e, v);
}

/* Should the entry wait for the kernel's SA to be installed? */
static uint32_t sa_flags(struct tables *t, const struct sad_sa *sa)
{
	struct iq_sa now;

	if (!sa->pending)
		return 0;
	if (!sa->restated)
		return IPSEC_QOS_SA_F_PENDING;
	/* it may have been, since charon announced it */
	to_kernel(&sa->entry, &now.entry);
	if (!iq_kernel_entry_get(t->k, &now.entry) &&
	    !(now.flags & IPSEC_QOS_SA_F_PENDING))
		return 0;
	return IPSEC_QOS_SA_F_PENDING;
}

/* There should be no entry of ours. */
static int remove_entry(struct tables *t, struct sad_entry *e)
{
	union iq_any_entry v;
	int err;

	to_kernel(e, &v.entry);
	err = iq_kernel_entry_get(t->k, &v.entry);
	if (!err && v.entry.owner == OWNER)
		err = iq_kernel_entry_del(t->k, &v.entry, 1);
	if (err == -ENOENT)
		err = 0;
	if (err)
		tables_refused(t, kinds[e->table].not_removed, err);
	sad_written(t->sad, e, err ? SAD_UNKNOWN : SAD_ABSENT);
	return err;
}

/*
 * May the kernel have an entry that it refused to state anew? Not where it had
 * no room for a new one, nor where there can be no such entry.
 */
static bool may_be_there(int err)
{
	return err != -ENOSPC && err != -EINVAL && err != -ERANGE;
}

/* The @i-th entry of the request that is made up. */
static struct iq_kernel_entry *bulk_at(struct tables *t, enum iq_table_id table, size_t i)
{
	return (struct iq_kernel_entry *)((char *)&t->bulk + i * iq_kernel_entry_size(table));
}

/* Make up the request for those of @entries that should be there; how many. */
static size_t fill_bulk(struct tables *t, struct sad_entry **entries, size_t n,
			int *err)
{
	struct iq_kernel_entry *v;
	struct sad_sa *sa;
	size_t i, m = 0;
	int one;

	for (i = 0; i < n; i++) {
		struct sad_entry *e = entries[i];

		if (!e->group) {
			one = remove_entry(t, e);
			*err = *err ? *err : one;
		} else if (groups_is_refused(t, e->group)) {
			sad_written(t->sad, e, SAD_UNKNOWN);
			*err = -ENOENT;
		} else {
			groups_ensure(t, e->group);
			v = bulk_at(t, e->table, m);
			to_kernel(e, v);
			sa = sad_sa_of(e);
			if (sa)
				((struct iq_sa *)v)->flags = sa_flags(t, sa);
			entries[m++] = e;
		}
	}
	return m;
}

/*
 * Bring @entries, all of one table, to what they should be. A bulk request is all
 * or none, so where one is refused they are stated one by one.
 */
static int write_entries(struct tables *t, enum iq_table_id table,
			 struct sad_entry **entries, size_t n)
{
	int err = 0, all, one;
	char name[96];
	size_t i, m;

	m = fill_bulk(t, entries, n, &err);
	if (!m)
		return err;
	/* After a start of the module or the daemon it is all of them. */
	if (table == IQ_TABLE_SA)
		iq_kernel_expect(t->k, sad_n_sas(t->sad) - m);
	all = iq_kernel_entry_new(t->k, bulk_at(t, table, 0), m, OWNER, STATE);
	for (i = 0; i < m; i++) {
		one = all;
		if (all && m > 1 && !t->lost)
			one = iq_kernel_entry_new(t->k, bulk_at(t, table, i), 1,
						  OWNER, STATE);
		if (one) {
			t->partial |= may_be_there(one);
			tables_refused(t, kinds[table].refused, one);
			kinds[table].describe(bulk_at(t, table, i), name,
					      sizeof(name));
			log_debug("%s is refused", name);
			err = one;
		}
		sad_written(t->sad, entries[i], one ? SAD_UNKNOWN : SAD_PRESENT);
	}
	return err;
}

/* Generations */

void tables_restate(struct tables *t, bool empty)
{
	size_t i;
	int err;

	ev_timer_stop(t->loop, &t->retry);
	forget_troubles(t);
	t->grouping = true;
	err = iq_kernel_resync_start(t->k, OWNER, &t->generation);
	t->open = !err;
	if (t->stage == STAGE_READ) {
		/* a socket has one dump at a time */
		iq_kernel_close(t->reader);
		t->reader = NULL;
	}
	t->stage = STAGE_ENTRIES;
	if (err) {
		tables_refused(t, "a resync cannot be started", err);
	} else {
		t->n_refused = 0;
		t->tries = 2;
		state_conf(t, true);
		groups_begin_reading(t);
	}
	for (i = 0; i < t->n_followers; i++)
		t->followers[i].ops->restate(t->followers[i].arg, empty);
	sad_restate(t->sad, empty);
	tables_kick(t);
}

static void close_generation(struct tables *t)
{
	uint32_t swept;
	int err;

	err = iq_kernel_resync_end(t->k, OWNER, t->generation, &swept);
	t->open = false;
	if (err) {
		tables_refused(t, "a resync cannot be ended", err);
		return;
	}
	t->resyncs++;
	leases_synced(sad_leases(t->sad));
	log_say(t->failed ? LOG_DEBUG : LOG_INFO,
		"the kernel's tables are as every charon says; %u entries were swept",
		swept);
	groups_begin_removing(t, true);
}

static bool followers_busy(const struct tables *t)
{
	size_t i;

	for (i = 0; i < t->n_followers; i++)
		if (t->followers[i].ops->busy(t->followers[i].arg))
			return true;
	return false;
}

/* No entry is due any more: what is nobody's goes, where nothing was refused. */
static void end_entries(struct tables *t)
{
	if (t->partial || followers_busy(t))
		return;
	if (t->open && sad_synced(t->sad))
		close_generation(t);
	else if (t->config_new)
		groups_begin_removing(t, false);
	t->config_new = false;
}

/* Nothing is due any more. */
static void end(struct tables *t)
{
	if (!t->partial)
		lower_ceiling(t);
	if (t->failed) {
		if (!t->lost)
			retry_later(t);
		return;
	}
	t->delay = RETRY_FIRST;
	if (t->n_troubles)
		log_info("the kernel's tables are as they should be again");
	t->n_troubles = 0;
}

static void tell_grouped(struct tables *t)
{
	size_t i;

	if (!t->grouping)
		return;
	t->grouping = false;
	for (i = 0; i < t->n_followers; i++)
		if (t->followers[i].ops->grouped)
			t->followers[i].ops->grouped(t->followers[i].arg);
}

static void on_write(struct ev_loop *loop, ev_idle *w, int revents)
{
	struct tables *t = w->data;
	double stop = monotonic() + TURN_TIME;
	size_t n;
	int i;

	if (!groups_write(t, stop)) {
		check_lost(t);
		return;
	}
	tell_grouped(t);
	/* first, so that nothing is written on the way to a group that goes */
	while (!sad_resolve(t->sad, TURN_STEP))
		if (monotonic() >= stop)
			return;
	for (i = 0; i < IQ_TABLES; i++) {
		n = sad_due(t->sad, i, t->entries, TURN);
		if (n)
			write_entries(t, i, t->entries, n);
	}
	if (check_lost(t) || !sad_idle(t->sad))
		return;
	if (t->stage == STAGE_ENTRIES)
		end_entries(t);
	if (t->stage == STAGE_REMOVE && !groups_remove(t, stop)) {
		check_lost(t);
		return;
	}
	/* what is gone by now may have made room for others */
	if (!sad_idle(t->sad))
		return;
	ev_idle_stop(t->loop, &t->write);
	end(t);
	if (!check_lost(t))
		t->settled(t->arg);
}

static void on_settle(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct tables *t = w->data;

	if (!tables_busy(t))
		t->settled(t->arg);
}

static void on_retry(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct tables *t = w->data;

	log_debug("what failed is tried again");
	if (t->k)
		tables_restate(t, false);
	else
		take_up(t);
}

static void watch_linger(struct tables *t)
{
	double deadline = leases_deadline(sad_leases(t->sad)), in;

	if (!deadline || ev_is_active(&t->linger))
		return;
	in = deadline - monotonic();
	ev_timer_set(&t->linger, in > 0.01 ? in : 0.01, 0.0);
	ev_timer_start(t->loop, &t->linger);
}

static void on_linger(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct tables *t = w->data;

	/* while groups are stated nothing is known for certain of those there are */
	if (t->k && t->stage < STAGE_ENTRIES) {
		ev_timer_set(&t->linger, LINGER_AGAIN, 0.0);
		ev_timer_start(loop, &t->linger);
		return;
	}
	groups_expire(t, monotonic() + TURN_TIME);
	/* there may be room for others now */
	if (!check_lost(t))
		tables_kick(t);
}

static void watch_overdue(struct tables *t)
{
	double deadline = sad_deadline(t->sad), in;

	if (!deadline || ev_is_active(&t->overdue))
		return;
	in = deadline - monotonic();
	ev_timer_set(&t->overdue, in > 0.1 ? in : 0.1, 0.0);
	ev_timer_start(t->loop, &t->overdue);
}

static void on_overdue(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct tables *t = w->data;
	double now = monotonic();
	struct sad_sa *sa;
	struct iq_sa v;
	int err, i;

	for (i = 0; i < TURN && (sa = sad_overdue(t->sad, now)); i++) {
		enum sad_known known = SAD_UNKNOWN;

		if (t->k) {
			to_kernel(&sa->entry, &v.entry);
			err = iq_kernel_entry_get(t->k, &v.entry);
			if (err == -ENOENT)
				known = SAD_ABSENT;
			else if (!err && !(v.flags & IPSEC_QOS_SA_F_PENDING))
				known = SAD_PRESENT;
		}
		sad_settle(t->sad, sa, known, now);
	}
	tables_kick(t);
}

/* The door */

void tables_kick(struct tables *t)
{
	watch_overdue(t);
	watch_linger(t);
	if (t->k)
		ev_idle_start(t->loop, &t->write);
	else
		ev_timer_start(t->loop, &t->settle);
}

void tables_begin(struct tables *t)
{
	if (t->k)
		tables_restate(t, false);
}

static int keep_config(struct tables *t, const struct config *config)
{
	uint32_t *refused = calloc(config->n_groups + 1, sizeof(*refused));

	if (!refused)
		return -ENOMEM;
	free(t->refused);
	t->refused = refused;
	t->n_refused = 0;
	t->config = config;
	t->config_new = true;
	return 0;
}

int tables_config(struct tables *t, const struct config *config)
{
	int err = keep_config(t, config);

	if (!err && t->k)
		tables_restate(t, false);
	return err;
}

int tables_write(struct tables *t, const struct sad_stated *stated,
		 const char **why)
{
	int err = 0, one;
	size_t i;

	if (!t->k) {
		if (!stated->group)
			return 0;
		*why = "the module ipsec_qos is not loaded";
		return -ENODEV;
	}
	for (i = 0; i < stated->n; i++) {
		struct sad_entry *e = stated->entries[i];

		if (e->queue != SAD_DUE && e->known != SAD_UNKNOWN)
			continue;
		one = write_entries(t, e->table, &e, 1);
		err = err ? err : one;
	}
	if (err == -ENODEV)
		*why = "the module ipsec_qos is not loaded";
	else if (err)
		*why = t->error;
	if (!check_lost(t))
		tables_kick(t);
	return err;
}

void tables_follow(struct tables *t, const struct tables_follower *follower, void *arg)
{
	t->followers[t->n_followers].ops = follower;
	t->followers[t->n_followers++].arg = arg;
	if (!t->k)
		return;
	follower->restate(arg, true);
	if (follower->grouped && !t->grouping)
		follower->grouped(arg);
}

void tables_unfollow(struct tables *t, void *arg)
{
	size_t i;

	for (i = 0; i < t->n_followers; i++)
		if (t->followers[i].arg == arg)
			t->followers[i--] = t->followers[--t->n_followers];
}

bool tables_there(const struct tables *t)
{
	return t->k;
}

bool tables_busy(const struct tables *t)
{
	return t->k && ev_is_active(&t->write);
}

const char *tables_trouble(const struct tables *t, size_t i)
{
	const struct trouble *trouble;

	for (trouble = t->troubles; trouble < t->troubles + t->n_troubles;
	     trouble++)
		if (trouble->now && !i--)
			return trouble->said.text;
	return NULL;
}

const char *tables_other(const struct tables *t)
{
	return t->k && t->other.text[0] ? t->other.text : NULL;
}

unsigned int tables_resyncs(const struct tables *t)
{
	return t->resyncs;
}

int tables_open(struct tables **out, struct ev_loop *loop, struct sad *sad,
		const struct config *config, void (*settled)(void *arg),
		void *arg)
{
	struct tables *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	t->loop = loop;
	t->sad = sad;
	t->settled = settled;
	t->arg = arg;
	t->delay = RETRY_FIRST;
	t->stage = STAGE_ENTRIES;
	t->have = (UT_array)IQ_ARRAY(struct iq_kernel_group);
	err = keep_config(t, config);
	if (!err)
		err = module_watch_open(&t->watch);
	if (err) {
		free(t->refused);
		free(t);
		return err;
	}

	ev_io_init(&t->notice, on_notice, module_watch_fd(t->watch), EV_READ);
	ev_idle_init(&t->write, on_write);
	/* not only while nothing else happens: that may be never */
	ev_set_priority(&t->write, EV_MAXPRI);
	ev_timer_init(&t->retry, on_retry, 0.0, 0.0);
	ev_timer_init(&t->overdue, on_overdue, 0.0, 0.0);
	ev_timer_init(&t->settle, on_settle, 0.0, 0.0);
	ev_timer_init(&t->linger, on_linger, 0.0, 0.0);
	ev_init(&t->events, told_on_events);
	ev_timer_init(&t->mend, told_on_mend, 0.0, 0.0);
	t->notice.data = t->write.data = t->retry.data = t;
	t->overdue.data = t->settle.data = t->linger.data = t;
	t->events.data = t->mend.data = t;
	ev_io_start(loop, &t->notice);
	take_up(t);
	*out = t;
	return 0;
}

void tables_close(struct tables *t)
{
	if (!t)
		return;
	ev_io_stop(t->loop, &t->notice);
	ev_idle_stop(t->loop, &t->write);
	ev_timer_stop(t->loop, &t->retry);
	ev_timer_stop(t->loop, &t->overdue);
	ev_timer_stop(t->loop, &t->settle);
	ev_timer_stop(t->loop, &t->linger);
	ev_timer_stop(t->loop, &t->mend);
	ev_io_stop(t->loop, &t->events);
	module_watch_close(t->watch);
	iq_kernel_close(t->reader);
	iq_kernel_close(t->k);
	utarray_done(&t->have);
	free(t->refused);
	free(t);
}
