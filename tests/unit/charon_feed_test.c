// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The plugin's end of the feed, and a daemon that hangs: how long does IKE wait?
 * This program's threads are charon's, one more is the daemon. Nothing is
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

#include "ipsec_qos_feed.h"
#include "suite.h"

#define BOUND	200	/* ms, as daemon/charon/ipsec-qos.opt says */
#define SOON	20000	/* ms, what surely comes comes before that */

static char dir[64], path[80];
static ipsec_qos_feed_t *feed;

/* The daemon. While it @hangs it reads nothing, as one that is stopped. */
static pthread_t thread;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool hangs, ends;
static unsigned int synced;
static uint32_t passed_over;
static int listener;

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
		.has = IQ_FEED_HAS(VERSION),
		.version = IQ_FEED_VERSION,
	};
	struct iq_feed ack = {
		.type = IQ_FEED_ACK,
		.seq = msg->seq,
		.has = IQ_FEED_HAS(ERROR) | IQ_FEED_HAS(GROUP),
		.group = 1,
	};
	int len;

	if (msg->type != IQ_FEED_HELLO && !(msg->flags & NLM_F_ACK))
		return true;
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
		if (msg.type == IQ_FEED_SYNC_END) {
			pthread_mutex_lock(&mutex);
			synced++;
			passed_over = msg.passed_over;
			pthread_cond_broadcast(&changed);
			pthread_mutex_unlock(&mutex);
		}
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
		serve(fd);
		close(fd);
	}
	return NULL;
}

static void await_sync(unsigned int which)
{
	struct timespec until;
	int err = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += SOON / 1000;
	pthread_mutex_lock(&mutex);
	while (synced < which && !err)
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
		.has = IQ_FEED_HAS(IKE_ID) | IQ_FEED_HAS(DST) |
		       IQ_FEED_HAS(SPI) | IQ_FEED_HAS(PROTO) |
		       IQ_FEED_HAS(PENDING),
		.ike_id = 1,
		.dst = { AF_INET, { 192, 0, 2, 1 } },
		.spi = 0x1234,
		.proto = IPPROTO_ESP,
		.pending = true,
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
	ck_assert(feed->start(feed, state_nothing, NULL));
	await_sync(1);
}

static void teardown(void)
{
	feed->stop(feed);
	feed->destroy(feed);
	set(&ends, true);
	pthread_join(thread, NULL);
	close(listener);
	libcharon_deinit();
	library_deinit();
	unlink(path);
	rmdir(dir);
}

START_TEST(hanging_daemon_delays_once)
{
	double begin, first, others;
	int i;

	ck_assert_int_eq(ask(), SUCCESS);
	set(&hangs, true);
	begin = ms();
	ck_assert_int_eq(ask(), INVALID_STATE);
	first = ms() - begin;
	ck_assert_double_ge(first, BOUND);
	ck_assert_double_lt(first, 2 * BOUND);
	begin = ms();
	for (i = 0; i < 100; i++)
		ck_assert_int_eq(ask(), INVALID_STATE);
	others = ms() - begin;
	ck_assert_double_lt(others, BOUND);
}
END_TEST

static void *ask_later(void *delay)
{
	poll(NULL, 0, *(int *)delay);
	ck_assert_int_eq(ask(), INVALID_STATE);
	return NULL;
}

/* who came later does not wait longer than who came first */
START_TEST(all_that_wait_go_on)
{
	int delays[] = { 0, BOUND / 4, BOUND / 2, 3 * BOUND / 4 };
	pthread_t threads[N(delays)];
	double begin;
	size_t i;

	set(&hangs, true);
	begin = ms();
	for (i = 0; i < N(delays); i++)
		ck_assert(!pthread_create(&threads[i], NULL, ask_later,
					  &delays[i]));
	for (i = 0; i < N(delays); i++)
		pthread_join(threads[i], NULL);
	ck_assert_double_lt(ms() - begin, 2 * BOUND - BOUND / 4);
}
END_TEST

START_TEST(daemon_that_is_back_is_told)
{
	ck_assert_uint_eq(passed_over, 0);
	set(&hangs, true);
	/* three requests, two SAs */
	ck_assert_int_eq(ask(), INVALID_STATE);
	ck_assert_int_eq(ask(), INVALID_STATE);
	feed->pass_over(feed);
	ck_assert_int_eq(ask(), INVALID_STATE);
	feed->pass_over(feed);
	set(&hangs, false);
	await_sync(2);
	ck_assert_uint_eq(passed_over, 2);
	ck_assert_int_eq(ask(), SUCCESS);

	/* since it runs */
	set(&hangs, true);
	ck_assert_int_eq(ask(), INVALID_STATE);
	feed->pass_over(feed);
	set(&hangs, false);
	await_sync(3);
	ck_assert_uint_eq(passed_over, 3);
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

int main(void)
{
	TCase *tc = tcase_create("charon_feed");

	be_root();
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, hanging_daemon_delays_once);
	tcase_add_test(tc, all_that_wait_go_on);
	tcase_add_test(tc, daemon_that_is_back_is_told);
	return run_tests("charon_feed", tc);
}
