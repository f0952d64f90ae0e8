// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who gets which group of a range, who gives way, and what a daemon that starts again
 * knows of it.
 */
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "config_files.h"
#include "sa/lease.h"
#include "sa/leasefile.h"

/* Five groups for peers, 101 to 105, and 106 for all others. */
#define STAFF(more) \
	"profile staff { eap-identity = \"*\" each { marks = 0x100-0x600/0xf00 ids = 101 " \
	more " } }\n"

/* Two for peers, 101 and 102, and 103 is a group of its own */
#define STAFF_TWO \
	"profile staff { eap-identity = \"*\" each { marks = 0x100-0x200/0xf00 ids = 101 " \
	"overflow = g } }\n"

static struct leases *leases;
static struct config *config;
static unsigned int n_used, n_fresh, n_written;
static uint32_t last_used;

static void on_used(void *arg, const struct lease *lease, bool fresh)
{
	n_used++;
	n_fresh += fresh;
	last_used = lease->id;
}

static void on_written(void *arg, const struct lease *lease)
{
	n_written++;
	if (arg)
		leasefile_add(arg, lease);
}

static const struct lease_ops ops = { on_used, on_written };

static void use(const char *text)
{
	struct config *old = config;

	config = load(text);
	ck_assert_int_eq(leases_config(leases, config), 0);
	config_free(old);
}

static void begin(void)
{
	setup();
	n_used = n_fresh = n_written = 0;
	leases = leases_new();
	ck_assert_ptr_nonnull(leases);
	leases_tell(leases, &ops, NULL);
}

static void finish(void)
{
	leases_free(leases);
	config_free(config);
	config = NULL;
	teardown();
}

static struct lease *take_at(const char *who, uint8_t host, uint16_t port, struct lease *has)
{
	struct iq_addr addr = { .family = AF_INET, .b = { 192, 0, 2, host } };

	return leases_take(leases, config->ranges[0], who, &addr, port, has);
}

static struct lease *take(const char *who)
{
	return take_at(who, 1, 4500, NULL);
}

/* The kernel has a group, as a daemon that starts finds it. */
static void hold(uint32_t id)
{
	struct iq_kernel_group group = { .id = id };

	leases_hold(leases, &group);
}

static uint32_t id_of(const char *who)
{
	struct lease *lease = take(who);
	uint32_t id = lease ? lease->id : 0;

	leases_give_back(lease);
	return id;
}

START_TEST(test_own)
{
	struct lease *ann, *bob;

	use(STAFF(""));
	ann = take("ann");
	bob = take("bob");
	ck_assert_uint_eq(ann->id, 101);
	ck_assert_uint_eq(bob->id, 102);
	/* a second device */
	ck_assert_ptr_eq(take("ann"), ann);
	ck_assert_uint_eq(ann->users, 2);
	ck_assert_uint_eq(n_used, 2);
	/* stated again */
	ck_assert_ptr_eq(take_at("ann", 1, 4500, ann), ann);
	ck_assert_uint_eq(ann->users, 2);
	leases_give_back(ann);
	leases_give_back(ann);
	ck_assert(lease_wanted(ann) && !ann->users);
	ck_assert_ptr_eq(leases_find(leases, 101), ann);
	/* one that is somebody else now gives back what it had */
	ann = take_at("ann", 1, 4500, bob);
	ck_assert_uint_eq(ann->id, 101);
	ck_assert_uint_eq(bob->users, 0);
	ck_assert_uint_eq(n_written, 2);
	leases_give_back(ann);
}

START_TEST(test_full)
{
	static const char *const names[] = { "a", "b", "c", "d", "e" };
	struct lease *has[5];
	size_t i;

	use(STAFF(""));
	for (i = 0; i < 5; i++) {
		has[i] = take(names[i]);
		ck_assert_uint_eq(has[i]->id, 101 + i);
	}
	/* 106 is of those that find none */
	ck_assert_ptr_null(take("f"));
	ck_assert_uint_eq(config->ranges[0]->overflow, 106);
	/* the one that has been gone for longest gives way */
	leases_give_back(has[3]);
	leases_give_back(has[1]);
	has[3]->kernel = true;
	ck_assert_uint_eq(take("f")->id, 104);
	ck_assert(leases_find(leases, 104)->stale && leases_find(leases, 104)->kernel);
	ck_assert_uint_eq(take("d")->id, 102);
	ck_assert(!leases_find(leases, 102)->stale);
	ck_assert_ptr_null(take("b"));
	ck_assert_uint_eq(n_fresh, 7);
}

START_TEST(test_max)
{
	struct lease *a;

	use(STAFF("max = 2"));
	a = take("a");
	ck_assert_ptr_nonnull(take("b"));
	ck_assert_ptr_null(take("c"));
	/* one that is known has no right to more */
	leases_give_back(a);
	ck_assert_uint_eq(take("c")->id, 103);
	ck_assert_ptr_null(take("a"));
}

START_TEST(test_linger)
{
	double now = monotonic();
	struct lease_count count;
	struct lease *a;

	use(STAFF("linger = 20"));
	a = take("a");
	leases_give_back(take("b"));
	ck_assert_double_ge(leases_deadline(leases), now + 20);
	ck_assert_ptr_null(leases_expired(leases, now + 19));
	leases_count(leases, config->ranges[0], &count);
	ck_assert(count.used == 1 && count.lingering == 1 && count.known == 2);
	ck_assert_ptr_eq(leases_next(leases, 101), leases_find(leases, 102));
	ck_assert_uint_eq(leases_expired(leases, monotonic() + 20)->id, 102);
	ck_assert_ptr_null(leases_expired(leases, monotonic() + 20));
	ck_assert_ptr_null(leases_next(leases, 101));
	ck_assert(!lease_wanted(leases_find(leases, 102)));
	ck_assert(leases_deadline(leases) == 0);
	/* it is remembered, and nobody new gets it while there are others */
	ck_assert_uint_eq(id_of("c"), 103);
	ck_assert_uint_eq(id_of("b"), 102);
	ck_assert_uint_eq(a->users, 1);
}

START_TEST(test_by_ike)
{
	struct lease *phone, *laptop, *again;
	uint32_t last = 0;
	int i;

	use("profile p { eap-identity = \"*\" each { marks = 0x1/0xff ids = 1000 per = ike-sa } }\n");
	phone = take_at("ann", 1, 4500, NULL);
	laptop = take_at("ann", 1, 4501, NULL);
	ck_assert_uint_ne(phone->id, laptop->id);
	/* authenticated again, from where it was */
	again = take_at("ann", 1, 4501, NULL);
	ck_assert_ptr_eq(again, laptop);
	leases_give_back(laptop);
	ck_assert_uint_eq(laptop->users, 1);
	/* it has moved, and authenticates there */
	ck_assert_ptr_eq(take_at("ann", 9, 500, phone), phone);
	ck_assert_ptr_eq(take_at("ann", 9, 500, NULL), phone);
	/* one that went leaves its own to the next */
	leases_give_back(laptop);
	ck_assert_ptr_eq(take_at("ann", 7, 1, NULL), laptop);
	/* and nobody takes all there is */
	for (i = 0; i < 2 * LEASES_IDENTITY; i++)
		last = take_at("ann", 20, 1000 + i, NULL)->id;
	ck_assert_uint_eq(last, 1000 + LEASES_IDENTITY - 1);
	ck_assert_uint_eq(take_at("bob", 1, 4500, NULL)->id, 1000 + LEASES_IDENTITY);
}

START_TEST(test_config)
{
	struct lease *a, *e;

	use(STAFF("linger = 20"));
	a = take("a");
	leases_give_back(take("b"));
	id_of("c");
	id_of("d");
	e = take("e");
	take("e");
	/* three marks, two of them for peers */
	use("profile staff { eap-identity = \"*\" each { marks = 0x100-0x300/0xf00 ids = 101 } }\n");
	ck_assert_ptr_eq(leases_find(leases, 101), a);
	ck_assert_uint_eq(leases_find(leases, 102)->users, 0);
	ck_assert_ptr_null(leases_find(leases, 103));
	ck_assert_uint_eq(leases_n_known(leases), 2);
	/* those of its IKE SAs are asked for anew, one after the other */
	ck_assert_uint_eq(take_at("e", 1, 4500, e)->id, 102);
	e = take_at("e", 1, 4500, e);
	ck_assert_uint_eq(e->users, 2);
	/* the range is another profile's now */
	use("profile other { eap-identity = \"*\" each { marks = 0x100-0x300/0xf00 ids = 101 } }\n");
	ck_assert_ptr_null(leases_find(leases, 101));
	ck_assert_uint_eq(take_at("a", 1, 4500, a)->id, 101);
	ck_assert_str_eq(leases_find(leases, 101)->profile, "other");
	leases_give_back(e);
	leases_give_back(e);
}

/* What the kernel has, of whom nobody knows, is nobody's. */
START_TEST(test_held)
{
	use(STAFF("linger = 20"));
	leases_add(leases, 102, "staff", "bob", 1);
	hold(101);
	hold(102);
	hold(7);
	ck_assert(lease_wanted(leases_find(leases, 102)));
	ck_assert(leases_find(leases, 102)->kernel);
	ck_assert_uint_eq(id_of("ann"), 103);
	use(STAFF("linger = 21"));
	ck_assert_uint_eq(id_of("cid"), 104);
	leases_gone(leases, 101);
	ck_assert_uint_eq(id_of("dan"), 101);
	ck_assert_uint_eq(id_of("bob"), 102);
}

/* After a start nobody takes the group of a peer whose SAs may be there still. */
START_TEST(test_full_at_start)
{
	static const char *const names[] = { "a", "b", "c", "d", "e" };
	size_t i;

	use(STAFF("linger = 20"));
	for (i = 0; i < 5; i++) {
		leases_add(leases, 101 + i, "staff", names[i], 1);
		hold(101 + i);
	}
	ck_assert_ptr_null(take("f"));
	ck_assert(!leases_room(leases, config->ranges[0]));
	ck_assert_uint_eq(take("c")->id, 103);
	leases_synced(leases);
	ck_assert(leases_room(leases, config->ranges[0]));
	ck_assert_uint_eq(take("f")->id, 101);
}

static unsigned int n_freed;

static void on_freed(void *arg)
{
	n_freed++;
}

/* Under another configuration, nobody takes a group that the kernel has for others. */
START_TEST(test_moved)
{
	struct lease *a, *b;

	use("group g { id = 103 mark = 0x2/0xf0f }\n" STAFF_TWO);
	leases_on_freed(leases, on_freed, NULL);
	a = take("a");
	ck_assert_uint_eq(a->id, 101);
	a->kernel = true;
	b = take("b");
	b->kernel = true;
	/* another profile has its ids, and those of the group and of who shared one */
	use("profile other { eap-identity = \"*\" each { marks = 0x100-0x600/0xf00 ids = 101 } }\n");
	ck_assert_uint_eq(take("y")->id, 104);
	n_freed = 0;
	leases_gone(leases, 101);
	ck_assert_uint_eq(n_freed, 1);
	ck_assert_uint_eq(take("z")->id, 101);
	leases_none_held(leases);
	ck_assert_uint_eq(take("w")->id, 102);
	leases_give_back(a);
	leases_give_back(b);
}

START_TEST(test_shorter_linger)
{
	use(STAFF("linger = 80000"));
	leases_give_back(take("a"));
	use(STAFF("linger = 10"));
	leases_give_back(take("b"));
	ck_assert_uint_eq(leases_expired(leases, monotonic() + 11)->id, 101);
	ck_assert_uint_eq(leases_expired(leases, monotonic() + 11)->id, 102);
}

START_TEST(test_remembered)
{
	use(STAFF(""));
	leases_add(leases, 103, "staff", "ann", 1);
	leases_add(leases, 104, "staff", "bob", 1);
	/* what comes later counts */
	leases_add(leases, 105, "staff", "ann", 1);
	leases_add(leases, 104, "staff", "cid", 1);
	/* no such profile, group, or none that a peer may have */
	leases_add(leases, 101, "stuff", "dan", 1);
	leases_add(leases, 90, "staff", "dan", 1);
	leases_add(leases, 106, "staff", "dan", 1);
	ck_assert_uint_eq(leases_n_known(leases), 2);
	ck_assert_uint_eq(id_of("ann"), 105);
	ck_assert_uint_eq(id_of("cid"), 104);
	ck_assert_uint_eq(id_of("bob"), 101);
}

/* The file */

static struct ev_loop *loop;

static struct leasefile *open_file(const char *name)
{
	struct leasefile *file;

	ck_assert_int_eq(leasefile_open(&file, loop, path(name), leases), 0);
	leases_tell(leases, &ops, file);
	return file;
}

/* As when a daemon ends and another starts. */
static struct leasefile *reopen(struct leasefile *file, const char *name)
{
	leasefile_close(file);
	leases_free(leases);
	leases = leases_new();
	ck_assert_int_eq(leases_config(leases, config), 0);
	return open_file(name);
}

START_TEST(test_file)
{
	struct leasefile *file;
	struct stat st;

	loop = ev_loop_new(0);
	use(STAFF(""));
	file = open_file("sub/leases");
	ck_assert_uint_eq(id_of("ann \\xff \""), 101);
	ck_assert_uint_eq(id_of("bob"), 102);
	file = reopen(file, "sub/leases");
	ck_assert_uint_eq(id_of("cid"), 103);
	ck_assert_uint_eq(id_of("bob"), 102);
	ck_assert_uint_eq(id_of("ann \\xff \""), 101);
	ck_assert_int_eq(stat(path("sub/leases"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	leasefile_close(file);
	ev_loop_destroy(loop);
}

START_TEST(test_broken_file)
{
	static const char text[] =
		"{\"id\":101,\"profile\":\"staff\",\"identity\":\"ann\",\"number\":1}\n"
		"{\"id\":102,\"profile\":\"staff\"}\n"
		"nonsense \xff\n"
		"{\"id\":-1,\"profile\":\"staff\",\"identity\":\"x\",\"number\":1}\n"
		"{\"id\":103,\"profile\":\"staff\",\"identity\":\"y\",\"number\":99}\n"
		"{\"id\":104,\"profile\":\"staff\",\"identity\":\"zoe\",\"number\":1}\n"
		"{\"id\":102,\"profile\":\"staff\",\"identity\":\"cut";
	struct leasefile *file;

	loop = ev_loop_new(0);
	use(STAFF(""));
	write_file("leases", text);
	file = open_file("leases");
	ck_assert_uint_eq(leases_n_known(leases), 2);
	/* the next line does not go on with the one that was cut off */
	ck_assert_uint_eq(id_of("eve"), 102);
	file = reopen(file, "leases");
	ck_assert_uint_eq(leases_n_known(leases), 3);
	ck_assert_uint_eq(id_of("eve"), 102);

	/* what is no file of root's alone is put aside */
	ck_assert_int_eq(chmod(path("leases"), 0666), 0);
	file = reopen(file, "leases");
	ck_assert_uint_eq(leases_n_known(leases), geteuid() ? 3 : 0);
	ck_assert_int_eq(access(path("leases.bad"), F_OK), geteuid() ? -1 : 0);
	ck_assert_uint_eq(id_of("fay"), geteuid() ? 103 : 101);
	file = reopen(file, "leases");
	leasefile_close(file);

	/* a link leads nowhere, and nothing is written through it */
	ck_assert_int_eq(symlink("leases", path("link")), 0);
	leases_free(leases);
	leases = leases_new();
	ck_assert_int_eq(leases_config(leases, config), 0);
	file = open_file("link");
	ck_assert_uint_eq(leases_n_known(leases), 0);
	leasefile_close(file);
	ev_loop_destroy(loop);
}

static void on_timer(struct ev_loop *on, ev_timer *w, int revents)
{
	ev_break(on, EVBREAK_ALL);
}

/* A file does not grow with how often peers come and go. */
START_TEST(test_written_anew)
{
	struct leasefile *file;
	struct stat st;
	char name[32];
	ev_timer timer;
	int i;

	loop = ev_loop_new(0);
	use(STAFF("linger = 0"));
	file = open_file("leases");
	ev_timer_init(&timer, on_timer, 0.0, 0.0);
	for (i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "peer %d", i);
		ck_assert_uint_ge(id_of(name), 101);
		if (i % 50)
			continue;
		ev_timer_set(&timer, 0.002, 0.0);
		ev_timer_start(loop, &timer);
		ev_run(loop, 0);
	}
	leasefile_close(file);
	ck_assert_int_eq(stat(path("leases"), &st), 0);
	ck_assert_int_lt(st.st_size, 1500 * 70);
	ck_assert_int_ne(access(path("leases.new"), F_OK), 0);
	ev_loop_destroy(loop);
}

int main(void)
{
	TCase *tc = tcase_create("lease");

	tcase_add_checked_fixture(tc, begin, finish);
	tcase_add_test(tc, test_own);
	tcase_add_test(tc, test_full);
	tcase_add_test(tc, test_max);
	tcase_add_test(tc, test_linger);
	tcase_add_test(tc, test_by_ike);
	tcase_add_test(tc, test_config);
	tcase_add_test(tc, test_held);
	tcase_add_test(tc, test_full_at_start);
	tcase_add_test(tc, test_moved);
	tcase_add_test(tc, test_shorter_linger);
	tcase_add_test(tc, test_remembered);
	tcase_add_test(tc, test_file);
	tcase_add_test(tc, test_broken_file);
	tcase_add_test(tc, test_written_anew);
	return run_tests("lease", tc);
}
