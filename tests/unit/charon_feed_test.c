// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The plugin's end of the feed, and a daemon that hangs or is slow: how long does
 * IKE wait, and what is passed over? And one that asks charon: is each request
 * answered, and are those that are too much?
 * This program's threads are charon's, one more is the daemon. Mostly nothing is
 * configured, so that it is the default that counts.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <daemon.h>
#include <config/backend.h>

#include "ipsec_qos_feed.h"
#include "ipsec_qos_requests.h"
#include "suite.h"

/* as daemon/charon/ipsec-qos.opt says; in some tests it is so many times longer,
 * that a busy machine can tell brief from long */
#define BOUND	200	/* ms */
#define LONGER	16
#define LONG	(BOUND * LONGER)
#define BRIEF	(LONG / 8)
#define LATE	5	/* answers in a row that close the connection */
#define THREADS	16	/* charon's */
#define PATIENT	4	/* of them */
#define SOON	20000	/* ms, what surely comes comes before that */

#define REFUSALS 64	/* in a row that close the connection */

static char dir[64], path[80];
static ipsec_qos_feed_t *feed;
static ipsec_qos_requests_t *requests;

/*
 * The daemon. While it @hangs it reads nothing, as one that is stopped. It needs
 * @pace ms for each request; it has been asked for @asked SAs. Its own requests go to
 * the connection @current, and @errors tell the results of them, by their number;
 * @results are how many. It was greeted as @greeted_as last, "-": as no element.
 */
static pthread_t thread;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool hangs, ends, stuck;
static int pace;
static unsigned int connections, synced, asked;
static uint32_t passed_over;
static int listener, current = -1;
static unsigned int results;
static char greeted_as[IQ_FEED_STR_MAX];
static int errors[256];

static void set(bool *what, bool value)
{
	pthread_mutex_lock(&mutex);
	*what = value;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mutex);
}

/* false: it is to end */
static bool may_go_on(void)
{
	bool go_on;

	pthread_mutex_lock(&mutex);
	while (hangs && !ends)
		pthread_cond_wait(&changed, &mutex);
	go_on = !ends;
	pthread_mutex_unlock(&mutex);
	return go_on;
}

/* false: close the connection */
static bool answer(int fd, const struct iq_feed *msg)
{
	_Alignas(struct nlmsghdr) char buf[256];
	struct iq_feed hello = {
		.type = IQ_FEED_HELLO,
		.seq = msg->seq,
		.hello = { .version = IQ_FEED_VERSION },
	};
	struct iq_feed ack = {
		.type = IQ_FEED_ACK,
		.seq = msg->seq,
		.ack = { .group = 1 },
	};
	int len;

	if (msg->type != IQ_FEED_HELLO && !(msg->flags & NLM_F_ACK))
		return true;
	if (msg->type == IQ_FEED_SA)
		poll(NULL, 0, pace);
	len = iq_feed_put(buf, sizeof(buf),
			  msg->type == IQ_FEED_HELLO ? &hello : &ack);
	return send(fd, buf, len, MSG_NOSIGNAL) == len;
}

static void serve(int fd)
{
	_Alignas(struct nlmsghdr) char buf[IQ_FEED_MSG_MAX];
	struct pollfd pfd = { fd, POLLIN, 0 };
	struct iq_feed msg;
	const char *why;
	ssize_t len;

	while (may_go_on()) {
		if (poll(&pfd, 1, 10) <= 0)
			continue;
		if (!may_go_on())
			return;
		len = recv(fd, buf, sizeof(buf), 0);
		if (len <= 0 || iq_feed_get(buf, len, &msg, &why) ||
		    !answer(fd, &msg))
			return;
		pthread_mutex_lock(&mutex);
		if (msg.type == IQ_FEED_HELLO)
			strcpy(greeted_as, msg.hello.element ?: "-");
		synced += msg.type == IQ_FEED_SYNC_END;
		asked += msg.type == IQ_FEED_SA;
		if (msg.type == IQ_FEED_RESULT) {
			errors[msg.seq % N(errors)] = msg.result.error;
			results++;
		}
		if (msg.type == IQ_FEED_SYNC_END)
			passed_over = msg.sync_end.passed_over;
		if (msg.type == IQ_FEED_PASSED_OVER)
			passed_over = msg.passed_over.passed_over;
		pthread_cond_broadcast(&changed);
		pthread_mutex_unlock(&mutex);
	}
}

static void *serve_all(void *unused)
{
	struct pollfd pfd = { listener, POLLIN, 0 };
	int fd;

	while (may_go_on()) {
		if (poll(&pfd, 1, 10) <= 0)
			continue;
		fd = accept(listener, NULL, NULL);
		if (fd < 0)
			continue;
		pthread_mutex_lock(&mutex);
		connections++;
		current = fd;
		pthread_mutex_unlock(&mutex);
		serve(fd);
		pthread_mutex_lock(&mutex);
		current = -1;
		close(fd);
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

static void await(unsigned int *what, unsigned int least)
{
	struct timespec until;
	int err = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += SOON / 1000;
	pthread_mutex_lock(&mutex);
	while (*what < least && !err)
		err = pthread_cond_timedwait(&changed, &mutex, &until);
	pthread_mutex_unlock(&mutex);
	ck_assert_int_eq(err, 0);
}

static double ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static status_t ask(void)
{
	struct iq_feed msg = {
		.type = IQ_FEED_SA,
		.sa = {
			.ike_id = 1,
			.dst = { AF_INET, { 192, 0, 2, 1 } },
			.spi = 0x1234,
			.proto = IPPROTO_ESP,
			.pending = true,
		},
	};

	return feed->ask(feed, &msg);
}

static void state_nothing(void *unused)
{
}

static void setup(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	strcpy(dir, "/tmp/charon_feed_test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/sock", dir);
	strcpy(addr.sun_path, path);
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	ck_assert(!bind(listener, (struct sockaddr *)&addr, sizeof(addr)));
	ck_assert(!listen(listener, 4));
	ck_assert(!pthread_create(&thread, NULL, serve_all, NULL));

	/* what is logged goes through charon's bus */
	ck_assert(library_init("", "charon") && libcharon_init());
	lib->settings->set_str(lib->settings, "charon.plugins.ipsec-qos.socket",
			       path);
	feed = ipsec_qos_feed_create();
	requests = ipsec_qos_requests_create(feed);
	feed->serve(feed, (ipsec_qos_feed_request_t)requests->take, requests);
	ck_assert(feed->start(feed, state_nothing, NULL));
	await(&synced, 1);
}

/* another one, as configured now */
static void start_again(void)
{
	feed->stop(feed);
	feed->destroy(feed);
	feed = ipsec_qos_feed_create();
	ck_assert(feed->start(feed, state_nothing, NULL));
	await(&synced, 2);
}

static void wait_longer(void)
{
	lib->settings->set_int(lib->settings,
			       "charon.plugins.ipsec-qos.timeout", LONG);
	start_again();
}

static void teardown(void)
{
	feed->stop(feed);
	/* so that no job of theirs is left */
	lib->processor->cancel(lib->processor);
	lib->scheduler->flush(lib->scheduler);
	requests->destroy(requests);
	feed->destroy(feed);
	set(&ends, true);
	pthread_join(thread, NULL);
	close(listener);
	libcharon_deinit();
	library_deinit();
	unlink(path);
	rmdir(dir);
}

/* How long it took, ms */
static double ask_in_vain(void)
{
	double begin = ms();

	ck_assert_int_eq(ask(), INVALID_STATE);
	return ms() - begin;
}

/* Until the connection is closed; returns how many answers were late. */
static int hang_until_closed(void)
{
	int late = 0;

	set(&hangs, true);
	while (ask_in_vain() >= BOUND)
		ck_assert_int_le(++late, LATE);
	return late;
}

/* what is asked in time comes after what was late, on the same connection */
START_TEST(late_answer_passes_over_one)
{
	double took;
	int i;

	for (i = 0; i < 3; i++) {
		set(&hangs, true);
		took = ask_in_vain();
		ck_assert_double_ge(took, BOUND);
		ck_assert_double_lt(took, 2 * BOUND);
		set(&hangs, false);
		ck_assert_int_eq(ask(), SUCCESS);
		await(&asked, 2 * (i + 1));
	}
	ck_assert_uint_eq(connections, 1);
}
END_TEST

/* not so many in a row, and one that is in time between */
START_TEST(few_in_a_row_close_nothing)
{
	int i, j;

	for (i = 0; i < 2; i++) {
		set(&hangs, true);
		for (j = 0; j < LATE - 1; j++)
			ck_assert_double_ge(ask_in_vain(), BOUND);
		set(&hangs, false);
		ck_assert_int_eq(ask(), SUCCESS);
	}
	ck_assert_uint_eq(connections, 1);
	await(&asked, 2 * LATE);
}
END_TEST

START_TEST(hanging_daemon_delays_for_a_bounded_time)
{
	double begin = ms();

	ck_assert_int_eq(ask(), SUCCESS);
	ck_assert_int_eq(hang_until_closed(), LATE);
	ck_assert_double_lt(ms() - begin, (LATE + 1) * BOUND);
	begin = ms();
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(ask(), INVALID_STATE);
	ck_assert_double_lt(ms() - begin, BOUND);
}
END_TEST

struct asker {
	pthread_t thread;
	int delay;
	status_t status;
	double took;
};

static void *ask_later(void *arg)
{
	struct asker *asker = arg;
	double begin;

	poll(NULL, 0, asker->delay);
	begin = ms();
	asker->status = ask();
	asker->took = ms() - begin;
	return NULL;
}

static void ask_all(struct asker *askers, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		ck_assert(!pthread_create(&askers[i].thread, NULL, ask_later,
					  &askers[i]));
	for (i = 0; i < n; i++)
		pthread_join(askers[i].thread, NULL);
}

/* neither longer nor, as another's answer is late, shorter than its own bound */
START_TEST(each_waits_for_its_own)
{
	struct asker askers[PATIENT] = {
		{ .delay = 0 }, { .delay = BOUND / 4 }, { .delay = BOUND / 2 },
		{ .delay = 3 * BOUND / 4 },
	};
	size_t i;

	set(&hangs, true);
	ask_all(askers, N(askers));
	for (i = 0; i < N(askers); i++) {
		ck_assert_int_eq(askers[i].status, INVALID_STATE);
		ck_assert_double_ge(askers[i].took, BOUND);
		ck_assert_double_lt(askers[i].took, 2 * BOUND);
	}
	/* they were late at the same time, for the same reason */
	ck_assert_int_ge(hang_until_closed(), LATE - 2);
}
END_TEST

START_TEST(few_threads_wait)
{
	struct asker askers[THREADS] = {};
	size_t i, n = 0;

	wait_longer();
	set(&hangs, true);
	ask_all(askers, N(askers));
	for (i = 0; i < N(askers); i++) {
		ck_assert_int_eq(askers[i].status, INVALID_STATE);
		n += askers[i].took >= LONG;
		if (askers[i].took < LONG) {
			ck_assert_double_ge(askers[i].took, BRIEF);
			ck_assert_double_lt(askers[i].took, LONG / 2);
		}
	}
	ck_assert_uint_eq(n, PATIENT);
	/* all were asked for, and nothing is closed */
	set(&hangs, false);
	await(&asked, THREADS);
	ck_assert_int_eq(ask(), SUCCESS);
	ck_assert_uint_eq(synced, 2);
}
END_TEST

/* A daemon that is not late serves more than may wait for one that is. */
START_TEST(all_threads_are_answered)
{
	struct asker askers[THREADS] = {};
	size_t i;

	wait_longer();
	pace = BRIEF / 4;
	ask_all(askers, N(askers));
	for (i = 0; i < N(askers); i++)
		ck_assert_int_eq(askers[i].status, SUCCESS);
	/* the last one had to wait longer than those who came too many may at all */
	ck_assert_int_gt(THREADS * pace, BRIEF);
}
END_TEST

/* However long it was away: it is connected as soon as it answers. */
START_TEST(slow_daemon_is_soon_back)
{
	double begin;

	hang_until_closed();
	/* of this nothing may be noticed but that it is so: attempts go on */
	poll(NULL, 0, 7000);
	begin = ms();
	set(&hangs, false);
	await(&synced, 2);
	ck_assert_double_lt(ms() - begin, 1500);
	ck_assert_int_eq(ask(), SUCCESS);
}
END_TEST

START_TEST(daemon_is_told_what_was_passed_over)
{
	ck_assert_uint_eq(passed_over, 0);
	/* without another connection */
	set(&hangs, true);
	ck_assert_int_eq(ask(), INVALID_STATE);
	feed->pass_over(feed);
	set(&hangs, false);
	await(&passed_over, 1);
	ck_assert_uint_eq(connections, 1);

	/* on the next one */
	hang_until_closed();
	feed->pass_over(feed);
	feed->pass_over(feed);
	set(&hangs, false);
	await(&synced, 2);
	ck_assert_uint_eq(passed_over, 3);
	ck_assert_int_eq(ask(), SUCCESS);
}
END_TEST

/* The daemon asks for a tunnel of no connection that there is. */
static void request(uint32_t seq, uint32_t timeout)
{
	_Alignas(struct nlmsghdr) char buf[256];
	struct iq_feed msg = {
		.type = IQ_FEED_INITIATE,
		.seq = seq,
		.initiate = { .conn = "nobody", .timeout = timeout },
	};
	int len = iq_feed_put(buf, sizeof(buf), &msg);

	ck_assert_int_gt(len, 0);
	pthread_mutex_lock(&mutex);
	/* it may be closed meanwhile */
	send(current, buf, len, MSG_NOSIGNAL);
	pthread_mutex_unlock(&mutex);
}

/* charon's threads, which work requests off */
static void begin_work(void)
{
	lib->processor->set_threads(lib->processor, 4);
}

START_TEST(request_is_answered)
{
	uint32_t seq;

	begin_work();
	for (seq = 1; seq <= 20; seq++) {
		request(seq, SOON);
		await(&results, seq);
		ck_assert_int_eq(errors[seq], ENOENT);
	}
	/* charon's own go on beside */
	ck_assert_int_eq(ask(), SUCCESS);
	ck_assert_uint_eq(connections, 1);
}
END_TEST

static unsigned int looked_up;

/* A backend that waits for a database, while it is @stuck. */
static peer_cfg_t *wait_for_database(backend_t *this, char *name)
{
	pthread_mutex_lock(&mutex);
	looked_up++;
	while (stuck)
		pthread_cond_wait(&changed, &mutex);
	pthread_mutex_unlock(&mutex);
	return NULL;
}

static enumerator_t *no_cfgs(backend_t *this, host_t *me, host_t *other)
{
	return NULL;
}

static enumerator_t *no_peers(backend_t *this, identification_t *me,
			      identification_t *other)
{
	return NULL;
}

/* What charon has to look up may take long: one thread waits, others answer. */
START_TEST(request_is_over_in_time)
{
	backend_t backend = {
		.create_ike_cfg_enumerator = no_cfgs,
		.create_peer_cfg_enumerator = no_peers,
		.get_peer_cfg_by_name = wait_for_database,
	};
	double begin;

	charon->backends->add_backend(charon->backends, &backend);
	begin_work();
	set(&stuck, true);
	begin = ms();
	request(1, 300);
	request(2, SOON);
	await(&results, 1);
	ck_assert_double_ge(ms() - begin, 300);
	ck_assert_int_eq(errors[1], ETIMEDOUT);
	/* so far the second one had no turn */
	ck_assert_uint_eq(looked_up, 1);
	ck_assert_int_eq(ask(), SUCCESS);
	ck_assert_uint_eq(results, 1);
	set(&stuck, false);
	await(&results, 2);
	ck_assert_int_eq(errors[2], ENOENT);
	charon->backends->remove_backend(charon->backends, &backend);
}
END_TEST

START_TEST(requests_have_a_ceiling)
{
	uint32_t seq;

	for (seq = 1; seq <= IQ_FEED_REQUESTS_MAX + 3; seq++)
		request(seq, SOON);
	await(&results, 3);
	for (seq = IQ_FEED_REQUESTS_MAX + 1; seq <= IQ_FEED_REQUESTS_MAX + 3; seq++)
		ck_assert_int_eq(errors[seq], EBUSY);
	ck_assert_int_eq(ask(), SUCCESS);
	begin_work();
	await(&results, IQ_FEED_REQUESTS_MAX + 3);
	for (seq = 1; seq <= IQ_FEED_REQUESTS_MAX; seq++)
		ck_assert_int_eq(errors[seq], ENOENT);
	/* and there is room again */
	request(100, SOON);
	await(&results, IQ_FEED_REQUESTS_MAX + 4);
	ck_assert_int_eq(errors[100], ENOENT);
	ck_assert_uint_eq(connections, 1);
}
END_TEST

START_TEST(flood_is_closed)
{
	uint32_t seq;

	for (seq = 1; seq <= IQ_FEED_REQUESTS_MAX + REFUSALS; seq++)
		request(seq, SOON);
	await(&results, REFUSALS);
	ck_assert_uint_eq(synced, 1);
	request(seq, SOON);
	await(&synced, 2);
	ck_assert_uint_eq(results, REFUSALS);
	/* nobody is told of what the connection before asked for */
	begin_work();
	request(1, SOON);
	await(&results, REFUSALS + 1);
	ck_assert_int_eq(errors[1], ENOENT);
	ck_assert_int_eq(ask(), SUCCESS);
	ck_assert_uint_eq(results, REFUSALS + 1);
}
END_TEST

START_TEST(number_in_use_is_closed)
{
	request(1, SOON);
	request(1, SOON);
	await(&synced, 2);
	ck_assert_uint_eq(results, 0);
	begin_work();
	request(1, SOON);
	await(&results, 1);
	/* it may be used again, once it is answered */
	request(1, SOON);
	await(&results, 2);
	ck_assert_uint_eq(synced, 2);
}
END_TEST

/* The plugin trusts a daemon of root's alone. In a user namespace of our own we
 * are root to ourselves. */
static void be_root(void)
{
	uid_t uid = geteuid();
	char map[32];
	int fd;

	if (!uid)
		return;
	snprintf(map, sizeof(map), "0 %u 1", uid);
	if (unshare(CLONE_NEWUSER) ||
	    (fd = open("/proc/self/uid_map", O_WRONLY)) < 0 ||
	    write(fd, map, strlen(map)) < 0)
		perror("a user namespace");
	else
		close(fd);
}

/* Which element it is only one says whose SPIs are to be of buckets. */
START_TEST(says_which_element)
{
	static char longest[IQ_FEED_STR_MAX], longer[IQ_FEED_STR_MAX + 20];
	const struct {
		char *spi_bucket, *element, *said;
	} cases[] = {
		{ NULL, NULL, "-" }, { NULL, "east-2", "-" }, { "no", "east-2", "-" },
		{ "yes", NULL, "" }, { "yes", "east-2", "east-2" }, { "yes", longer, longest },
	};

	memset(longest, 'e', sizeof(longest) - 1);
	memset(longer, 'e', sizeof(longer) - 1);
	ck_assert_str_eq(greeted_as, "-");
	if (cases[_i].spi_bucket)
		lib->settings->set_str(lib->settings, "charon.plugins.ipsec-qos.spi_bucket",
				       cases[_i].spi_bucket);
	if (cases[_i].element)
		lib->settings->set_str(lib->settings, "charon.plugins.ipsec-qos.element",
				       cases[_i].element);
	start_again();
	ck_assert_str_eq(greeted_as, cases[_i].said);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("charon_feed");

	be_root();
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, late_answer_passes_over_one);
	tcase_add_test(tc, few_in_a_row_close_nothing);
	tcase_add_test(tc, hanging_daemon_delays_for_a_bounded_time);
	tcase_add_test(tc, each_waits_for_its_own);
	tcase_add_test(tc, slow_daemon_is_soon_back);
	tcase_add_test(tc, daemon_is_told_what_was_passed_over);
	tcase_add_test(tc, few_threads_wait);
	tcase_add_test(tc, all_threads_are_answered);
	tcase_add_test(tc, request_is_answered);
	tcase_add_test(tc, request_is_over_in_time);
	tcase_add_test(tc, requests_have_a_ceiling);
	tcase_add_test(tc, flood_is_closed);
	tcase_add_test(tc, number_in_use_is_closed);
	tcase_add_loop_test(tc, says_which_element, 0, 6);
	return run_tests("charon_feed", tc);
}
