// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE	/* asprintf() */
#include "steer/steer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "hands.h"
#include "lib/kernel/element.h"
#include "log.h"
#include "steer/admission.h"
#include "steer/local.h"
#include "steer/release.h"
#include "steer/routing.h"
#include "steer/sync.h"

#define MEND		1.0	/* seconds until what somebody changed is put back */
#define RETRY_FIRST	1.0	/* seconds until what failed is tried again, */
#define RETRY_MAX	60.0	/* doubled each time up to this */
#define OWN_EVENT	5.0	/* seconds in which the kernel tells of what we did */

static const char *const state_names[] = {
	[IPSEC_QOS_ELEMENT_UP] = "up", [IPSEC_QOS_ELEMENT_DRAIN] = "drain",
	[IPSEC_QOS_ELEMENT_DOWN] = "down",
};

/**
 * struct now - an element as it is now
 *
 * @hand: what somebody said, IPSEC_QOS_ELEMENT_UP: nothing
 * @up: what its checks say
 * @known: what state the kernel has it in, as it told last
 * @ours: by state, until when an event of it is of what the daemon did
 */
struct now {
	uint8_t hand;
	bool up;
	uint8_t known;
	double ours[IPSEC_QOS_ELEMENT_STATE_MAX + 1];
};

/**
 * struct steer - see steer.h
 *
 * @now: of each element of @config
 * @local: looks for addresses of this host that are steered
 * @n_free: of @free, buckets that are to be released with what is stated next
 * @fresh: what the kernel has is not known: the daemon or the module has just come
 * @asking: checks were given elements: what is thought of these they know better
 * @all: all is to be stated, and that was not done yet
 * @partial: of what is to be swept unless it is stated, not all could be
 * @sure: what is to be mended somebody changed, and not we
 * @meddled: somebody changed what is the daemon's
 * @trouble: with the module
 */
struct steer {
	struct steer_setup setup;
	struct config *config;
	struct now *now;
	struct checks *checks;
	struct hands *hands;
	struct errand *sync;
	struct admission *admission;
	struct routing *routing;
	struct errand *local;
	struct releases *releases;
	size_t n_free;
	struct sync_release *free;
	bool fresh;
	bool asking;
	bool all;
	bool partial;
	bool sure;
	double delay;
	ev_timer retry;
	ev_timer mend;
	struct said meddled;
	struct said trouble;
};

/* States */

static uint8_t state_of(const struct now *now)
{
	if (now->hand != IPSEC_QOS_ELEMENT_UP)
		return now->hand;
	return now->up ? IPSEC_QOS_ELEMENT_UP : IPSEC_QOS_ELEMENT_DOWN;
}

/* The place of an element in the configuration; -1: it is not there. */
static ssize_t place_of(const struct config *config, uint32_t id)
{
	size_t i;

	for (i = 0; i < config->steer.n_elements; i++)
		if (config->steer.elements[i].id == id)
			return i;
	return -1;
}

static void remember(struct steer *s)
{
	UT_array hands = IQ_ARRAY(struct hand);
	size_t i;

	for (i = 0; i < s->config->steer.n_elements; i++) {
		struct hand hand = { .state = s->now[i].hand };

		memcpy(hand.name, s->config->steer.elements[i].name, sizeof(hand.name));
		if (hand.state != IPSEC_QOS_ELEMENT_UP)
			iq_array_push(&hands, &hand);
	}
	hands_remember(s->hands, &hands);
	utarray_done(&hands);
}

/* The module */

/* Networks behind elements go by those that may be sent to. */
static void route(struct steer *s)
{
	size_t n = s->config->steer.n_elements, i;
	bool *usable = calloc(n + 1, sizeof(*usable));

	if (!usable) {
		log_err("routes are not as the configuration says: out of memory");
		return;
	}
	for (i = 0; i < n; i++)
		usable[i] = state_of(&s->now[i]) != IPSEC_QOS_ELEMENT_DOWN;
	routing_config(s->routing, s->config, usable);
	free(usable);
}

/* Have the kernel told what should be; what it is told it tells us, too. */
static void submit(struct steer *s)
{
	struct sync_wanted *w = sync_wanted_new(s->config, s->all);
	double until = monotonic() + OWN_EVENT;
	size_t i;

	if (!w) {
		ev_timer_start(s->setup.loop, &s->retry);
		return;
	}
	for (i = 0; i < s->config->steer.n_elements; i++) {
		w->state[i] = state_of(&s->now[i]);
		if (w->state[i] != s->now[i].known)
			s->now[i].ours[w->state[i]] = until;
	}
	w->n_release = s->n_free;
	w->release = s->free;
	s->n_free = 0;
	s->free = NULL;
	errand_want(s->sync, w);
}

/* What is lost, as something else is wanted meanwhile, is found again. */
static void on_free(void *arg, struct sync_release *release, size_t n)
{
	struct steer *s = arg;

	free(s->free);
	s->free = release;
	s->n_free = n;
	submit(s);
}

static void submit_all(struct steer *s)
{
	ev_timer_stop(s->setup.loop, &s->retry);
	s->all = true;
	submit(s);
}

static void on_synced(void *arg, int err, const char *why)
{
	struct steer *s = arg;

	s->partial = err == STATING_PARTIAL;
	if (err == -ENODEV) {
		/* once it is there it is told */
		s->fresh = true;
		log_debug("elements are not stated: the module is not there");
	} else if (err) {
		log_once(&s->trouble, LOG_ERR, "%s; tried again", why);
		ev_timer_set(&s->retry, s->delay, 0.0);
		ev_timer_start(s->setup.loop, &s->retry);
		s->delay = s->delay * 2 < RETRY_MAX ? s->delay * 2 : RETRY_MAX;
	} else {
		s->all = false;
		s->delay = RETRY_FIRST;
		log_over(&s->trouble, "elements, pools and steered prefixes are as they should be again");
	}
	/* the generation may be closed now */
	tables_kick(s->setup.tables);
	s->setup.settled(s->setup.arg);
}

static const struct errand_ops sync_ops = {
	.run = sync_run, .free = sync_free, .end = sync_end, .done = on_synced,
};

static void on_retry(struct ev_loop *loop, ev_timer *w, int revents)
{
	submit_all(w->data);
}

/* What the kernel has, that nobody has told us of */

static int on_found(const struct iq_kernel_element *e, void *arg)
{
	struct steer *s = arg;
	ssize_t i = place_of(s->config, e->id);
	struct now *now = i < 0 ? NULL : &s->now[i];

	if (!now)
		return 0;
	now->known = e->state;
	/* its id may be another's by now */
	if (e->state == state_of(now) || strcmp(e->name, s->config->steer.elements[i].name))
		return 0;
	/* the daemon drains nobody, and takes nobody down that is not checked */
	if (e->state != IPSEC_QOS_ELEMENT_DOWN ||
	    s->config->steer.elements[i].check == CHECK_NONE)
		now->hand = e->state;
	else if (now->hand == IPSEC_QOS_ELEMENT_UP && !s->asking)
		now->up = false;
	log_info("element %s is %s, as it was found in the kernel",
		 s->config->steer.elements[i].name, state_names[state_of(now)]);
	return 0;
}

static void find(struct steer *s)
{
	struct iq_kernel *k;
	int err, tries;
	size_t i;

	/* who has none has SAs that wait */
	if (!s->config->steer.n_elements) {
		s->fresh = false;
		return;
	}
	err = iq_kernel_open(&k);
	if (err)
		return;
	for (i = 0; i < s->config->steer.n_elements; i++)
		s->now[i].known = IPSEC_QOS_ELEMENT_UP;
	/* who changes elements without an end must not hold up all else */
	err = -EINTR;
	for (tries = 0; err == -EINTR && tries < STATING_DUMPS; tries++)
		err = iq_kernel_element_dump(k, -1, on_found, s);
	iq_kernel_close(k);
	s->fresh = err;
	remember(s);
	route(s);
}

/* Checks are of those that are there, with what is thought of them. */
static int give_to_checks(struct steer *s)
{
	size_t n = s->config->steer.n_elements, i;
	bool *up = calloc(n + 1, sizeof(*up));
	int err = -ENOMEM;

	if (!up)
		return err;
	for (i = 0; i < n; i++)
		up[i] = s->now[i].up;
	err = checks_config(s->checks, s->config, up);
	s->asking |= !err;
	free(up);
	return err;
}

static void on_restate(void *arg, bool came)
{
	struct steer *s = arg;

	s->fresh |= came;
	if (s->fresh) {
		find(s);
		give_to_checks(s);
	}
	submit_all(s);
}

static bool is_busy(void *arg)
{
	struct steer *s = arg;

	return errand_busy(s->sync) || s->partial;
}

/* What the module tells */

static bool same_element(const struct element *e, const struct iq_kernel_element *told)
{
	return told->owner == IPSEC_QOS_OWNER_DAEMON && !strcmp(e->name, told->name) &&
	       !strcmp(e->device, told->dev) && !memcmp(&told->via, e->via.b, 4) &&
	       !memcmp(told->via6, e->via6.b, 16) && told->nexthop == e->nexthop;
}

/* Somebody's word: down and drain stay, and up has the checks decide again. */
static void by_hand(struct steer *s, size_t i, uint8_t state)
{
	struct now *now = &s->now[i];

	now->hand = state;
	log_info("element %s: %s by hand%s", s->config->steer.elements[i].name,
		 state_names[state], state_of(now) == state ? "" : ", but down by its checks");
	remember(s);
	/* which also has the errand know what the kernel has now */
	submit_all(s);
	route(s);
}

static bool element_told(struct steer *s, enum ipsec_qos_event event,
			 const struct iq_kernel_element *told)
{
	ssize_t i = place_of(s->config, told->id);
	struct now *now = i < 0 ? NULL : &s->now[i];
	double until;

	if (!now || !s->config->steer.elements[i].needed)
		return false;
	if (event == IPSEC_QOS_EVENT_DEL)
		return true;
	if (told->state > IPSEC_QOS_ELEMENT_STATE_MAX)
		return false;
	until = now->ours[told->state];
	now->ours[told->state] = 0;
	now->known = told->state;
	if (monotonic() >= until && told->state != state_of(now))
		by_hand(s, i, told->state);
	return !same_element(&s->config->steer.elements[i], told);
}

static bool pool_told(const struct steer *s, enum ipsec_qos_event event,
		      const struct iq_kernel_pool *told)
{
	const struct steer_config *c = &s->config->steer;
	const struct steer_pool *p = NULL;
	size_t i;

	for (i = 0; i < c->n_pools && !p; i++)
		if (c->pools[i].id == told->id && !c->pools[i].self)
			p = &c->pools[i];
	if (!p)
		return false;
	if (event == IPSEC_QOS_EVENT_DEL || told->owner != IPSEC_QOS_OWNER_DAEMON ||
	    strcmp(told->name, p->name) != 0 || told->n_members != p->n_members)
		return true;
	for (i = 0; i < p->n_members; i++)
		if (told->members[i].element != p->members[i].element->id ||
		    told->members[i].weight != p->members[i].weight)
			return true;
	return false;
}

static bool prefix_told(const struct steer *s, enum ipsec_qos_event event,
			const struct iq_kernel_steer *told)
{
	const struct steer_config *c = &s->config->steer;
	const struct steer_prefix *p = NULL;
	size_t i;

	for (i = 0; i < c->n_prefixes && !p; i++)
		if (sync_steered(&c->prefixes[i]) && told->len == c->prefixes[i].prefix.len &&
		    !memcmp(&told->dst, &c->prefixes[i].prefix.addr, sizeof(told->dst)))
			p = &c->prefixes[i];
	if (!p)
		return false;
	return event == IPSEC_QOS_EVENT_DEL || told->owner != IPSEC_QOS_OWNER_DAEMON ||
	       told->pool != p->pool->id || told->ike != p->ike ||
	       (p->ike_element && told->ike_element != p->ike_element->id);
}

static void on_told(void *arg, const struct iq_event *ev)
{
	struct steer *s = arg;
	bool wrong = false;

	if (ev->what == IQ_EVENT_POOL)
		releases_told(s->releases, &ev->pool);
	if (ev->what == IQ_EVENT_ELEMENT)
		wrong = element_told(s, ev->event, &ev->element);
	else if (ev->what == IQ_EVENT_POOL)
		wrong = pool_told(s, ev->event, &ev->pool);
	else if (ev->what == IQ_EVENT_STEER)
		wrong = prefix_told(s, ev->event, &ev->steer);
	/* what is told while it is being stated may be of before */
	s->sure |= wrong && !errand_busy(s->sync);
	if (wrong && !ev_is_active(&s->mend)) {
		ev_timer_set(&s->mend, MEND, 0.0);
		ev_timer_start(s->setup.loop, &s->mend);
	}
}

static void on_mend(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct steer *s = w->data;

	if (s->sure)
		log_once(&s->meddled, LOG_WARNING,
			 "somebody removed or changed elements, pools or steered prefixes that the daemon made: they are put back, each time");
	s->sure = false;
	submit_all(s);
}

static const struct tables_follower follower = {
	.restate = on_restate, .busy = is_busy, .told = on_told,
};

/* Checks */

static void on_checked(void *arg, uint32_t id, bool up)
{
	struct steer *s = arg;
	ssize_t i = place_of(s->config, id);
	struct check_state state;

	if (i < 0 || s->now[i].up == up)
		return;
	s->now[i].up = up;
	if (up)
		log_info("element %s is up again, by its checks",
			 s->config->steer.elements[i].name);
	else
		log_warn("element %s is down, by its checks: %s",
			 s->config->steer.elements[i].name,
			 checks_state(s->checks, id, &state) ? state.why : "");
	submit(s);
	route(s);
}

/* The configuration */

/*
 * What somebody said of an element: by its name, and where that is new, by its id, if that
 * is not of one that is there still.
 */
static uint8_t hand_of(const struct steer *s, const struct config *config,
		       const struct now *same_name, ssize_t same_id)
{
	if (same_name)
		return same_name->hand;
	if (same_id < 0 ||
	    config_element_named(config, s->config->steer.elements[same_id].name))
		return IPSEC_QOS_ELEMENT_UP;
	return s->now[same_id].hand;
}

/* The kernel and the checks know an element by its id, and people by its name. */
static void take_over_one(const struct steer *s, const struct config *config,
			  const struct element *e, struct now *now)
{
	const struct element *named = config_element_named(s->config, e->name);
	ssize_t same_id = place_of(s->config, e->id);

	if (same_id >= 0)
		*now = s->now[same_id];
	else if (named)
		now->up = s->now[named - s->config->steer.elements].up;
	now->hand = hand_of(s, config,
			    named ? &s->now[named - s->config->steer.elements] : NULL, same_id);
}

/* Elements that stay are as they were; those that come are up. */
static struct now *take_over(const struct steer *s, const struct config *config)
{
	size_t n = config->steer.n_elements, i;
	struct now *now = calloc(n + 1, sizeof(*now));

	for (i = 0; now && i < n; i++) {
		const struct element *e = &config->steer.elements[i];

		now[i].up = true;
		if (s->config)
			take_over_one(s, config, e, &now[i]);
		/* what is not checked any more nobody would bring up again */
		if (e->check == CHECK_NONE)
			now[i].up = true;
	}
	return now;
}

int steer_config(struct steer *s, struct config *config)
{
	struct now *now = take_over(s, config), *was = s->now;
	struct config *before = s->config;
	int err;

	if (!now)
		return -ENOMEM;
	s->config = config_hold(config);
	s->now = now;
	err = give_to_checks(s);
	if (err) {
		s->config = before;
		s->now = was;
		config_free(config);
		free(now);
		return err;
	}
	releases_config(s->releases, config);
	config_free(before);
	free(was);
	remember(s);
	local_say(s->local, config);
	admission_config(s->admission, config);
	route(s);
	return 0;
}

/* The door */

bool steer_settled(const struct steer *s)
{
	return !errand_busy(s->sync) && !admission_busy(s->admission) &&
	       !routing_busy(s->routing);
}

void steer_element(const struct steer *s, size_t i, struct steer_element *element)
{
	*element = (struct steer_element){
		.state = state_of(&s->now[i]),
		.by_hand = s->now[i].hand != IPSEC_QOS_ELEMENT_UP,
	};
	element->checked = checks_state(s->checks, s->config->steer.elements[i].id,
					&element->check);
}

const char *steer_trouble(const struct steer *s, size_t i)
{
	const char *all[] = {
		s->trouble.text[0] ? s->trouble.text : NULL, hands_trouble(s->hands),
		admission_trouble(s->admission), routing_trouble(s->routing),
	};
	size_t j;

	for (j = 0; j < sizeof(all) / sizeof(all[0]); j++)
		if (all[j] && !i--)
			return all[j];
	return NULL;
}

static void read_hands(struct steer *s, const UT_array *hands)
{
	const struct hand *hand;
	const struct element *e;

	for (hand = NULL; (hand = (void *)utarray_next((UT_array *)hands, hand)); ) {
		e = config_element_named(s->config, hand->name);
		if (e)
			s->now[e - s->config->steer.elements].hand = hand->state;
	}
}

static const struct hands_kind hands_kind = {
	.object = "element", .words = state_names,
	.n_words = sizeof(state_names) / sizeof(state_names[0]), .max = IPSEC_QOS_ELEMENTS_MAX,
	.what = "what is drained or down by hand",
};

static int open_hands(struct steer *s)
{
	UT_array hands = IQ_ARRAY(struct hand);
	char *path;
	int err;

	if (asprintf(&path, "%s/%s", s->setup.folder, HANDS_FILE) < 0)
		return -ENOMEM;
	err = hands_open(&s->hands, s->setup.loop, &hands_kind, path, &hands);
	if (!err)
		read_hands(s, &hands);
	utarray_done(&hands);
	free(path);
	return err;
}

static int open_sync(struct steer *s)
{
	void *state = sync_state_new();
	int err = state ? errand_open(&s->sync, s->setup.loop, &sync_ops, state, s) : -ENOMEM;

	if (err)
		free(state);
	return err;
}

int steer_open(struct steer **out, const struct steer_setup *setup)
{
	struct steer *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->setup = *setup;
	s->fresh = true;
	s->delay = RETRY_FIRST;
	ev_timer_init(&s->retry, on_retry, RETRY_FIRST, 0.0);
	ev_timer_init(&s->mend, on_mend, 0.0, 0.0);
	s->retry.data = s->mend.data = s;
	s->now = take_over(s, setup->config);
	s->config = config_hold(setup->config);
	err = s->now ? open_hands(s) : -ENOMEM;
	if (!err)
		err = open_sync(s);
	if (!err)
		err = checks_open(&s->checks, setup->loop, &setup->sockets, on_checked, s);
	if (!err) {
		s->releases = releases_open(setup->loop, setup->sad, on_free, s);
		err = s->releases ? 0 : -ENOMEM;
	}
	if (!err)
		err = admission_open(&s->admission, setup->loop, setup->settled, setup->arg);
	if (!err)
		err = routing_open(&s->routing, setup->loop, setup->settled, setup->arg);
	if (!err)
		err = local_open(&s->local, setup->loop);
	if (!err) {
		releases_config(s->releases, s->config);
		/* what the kernel has is found first, if the module is there */
		tables_follow(setup->tables, &follower, s);
		err = s->asking ? 0 : give_to_checks(s);
	}
	if (err) {
		steer_close(s);
		return err;
	}
	local_say(s->local, setup->config);
	admission_config(s->admission, setup->config);
	route(s);
	*out = s;
	return 0;
}

void steer_close(struct steer *s)
{
	if (!s)
		return;
	ev_timer_stop(s->setup.loop, &s->retry);
	ev_timer_stop(s->setup.loop, &s->mend);
	tables_unfollow(s->setup.tables, s);
	checks_close(s->checks);
	admission_close(s->admission);
	routing_close(s->routing);
	errand_close(s->local);
	releases_close(s->releases);
	errand_close(s->sync);
	hands_close(s->hands);
	config_free(s->config);
	free(s->free);
	free(s->now);
	free(s);
}
