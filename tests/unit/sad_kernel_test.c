// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel's tables lose, or never took, and when it is stated to them again.
 */
#include <sys/wait.h>

#include "sad_fixture.h"

START_TEST(what_is_not_restated_is_swept)
{
	struct iq_addr local = LOCAL;

	establish();
	ck_assert_int_eq(ike(2, 0x21, 0x22, "x.b.example"), 0);
	ck_assert_int_eq(sa(2, 0x1002, false), 0);
	ck_assert_int_eq(sa(2, 0x1003, false), 0);
	pump();
	kernel_to(&local, 0x1003)->in_sad = true;

	sad_disconnect(sad, charon);
	ck_assert(!sad_synced(sad));
	ck_assert_uint_eq(pump(), 0);
	charon = sad_connect(sad, getpid());
	sync_start(charon);
	/* nothing counts as restated before charon has said so */
	ck_assert_uint_eq(pump(), 0);
	ck_assert(!sad_synced(sad));
	ck_assert_int_eq(ike(1, 0x11, 0x12, "x.a.example"), 0);
	ck_assert_int_eq(child(1, 1, 0x1001, 0x2001), 0);
	ck_assert_uint_eq(pump(), 3);
	ck_assert_uint_eq(kernel_sa(0x1002), SILVER);
	sync_end(charon);
	end();
	ck_assert_uint_eq(kernel_sa(0x1001), GOLD);
	ck_assert_uint_eq(kernel_ike(0x11, 0x12), GOLD);
	ck_assert_uint_eq(kernel_sa(0x1002), 0);
	ck_assert_uint_eq(kernel_ike(0x21, 0x22), 0);
	/* charon may have died and be another now: the kernel knows better */
	ck_assert_uint_eq(kernel_sa(0x1003), SILVER);
	count();
	ck_assert_uint_eq(n_ikes, 1);
}
END_TEST

START_TEST(a_reload_while_charon_restates)
{
	struct config *second = load(second_file);

	establish();
	ck_assert_int_eq(ike(2, 0x21, 0x22, "x.b.example"), 0);
	pump();
	sync_start(charon);
	sad_config(sad, second);
	begin(false);
	ck_assert_uint_eq(pump(), 0);
	ck_assert_int_eq(ike(1, 0x11, 0x12, "x.a.example"), 0);
	ck_assert_int_eq(child(1, 1, 0x1001, 0x2001), 0);
	sync_end(charon);
	end();
	ck_assert_uint_eq(kernel_sa(0x1001), SILVER);
	ck_assert_uint_eq(kernel_ike(0x11, 0x12), SILVER);
	ck_assert_uint_eq(kernel_ike(0x21, 0x22), 0);
	sad_config(sad, config);
	config_free(second);
}
END_TEST

START_TEST(what_was_due_before_a_sync_counts_for_nothing)
{
	establish();
	ck_assert_int_eq(ike(2, 0x21, 0x22, "x.b.example"), 0);
	ck_assert_int_eq(sa(2, 0x1002, false), 0);
	pump();
	/* a reload, and charon begins before it is written */
	begin(false);
	sync_start(charon);
	ck_assert_int_eq(ike(1, 0x11, 0x12, "x.a.example"), 0);
	ck_assert_int_eq(child(1, 1, 0x1001, 0x2001), 0);
	ck_assert_uint_eq(pump(), 3);
	sync_end(charon);
	end();
	ck_assert_uint_eq(kernel_sa(0x1001), GOLD);
	ck_assert_uint_eq(kernel_sa(0x1002), 0);
	ck_assert_uint_eq(kernel_ike(0x21, 0x22), 0);
}
END_TEST

START_TEST(the_module_comes_anew)
{
	establish();
	ck_assert_int_eq(sa(1, 0x1003, true), 0);
	pump();
	sad_kernel(sad, false);
	memset(rows, 0, sizeof(rows));
	memset(ikes, 0, sizeof(ikes));
	/* while it is away */
	ck_assert_int_eq(sa_del(0x1001), 0);
	ck_assert_int_eq(sa(1, 0x1004, true), 0);

	sad_kernel(sad, true);
	begin(true);
	end();
	ck_assert_uint_eq(kernel_sa(0x1001), 0);
	ck_assert_uint_eq(kernel_sa(0x1003), GOLD);
	ck_assert_uint_eq(kernel_sa(0x1004), GOLD);
	ck_assert_uint_eq(kernel_ike(0x11, 0x12), GOLD);

	/* stated as pending by a resync: said again once it is installed */
	ck_assert_int_eq(sa(1, 0x1003, false), 0);
	ck_assert_uint_eq(pump(), 1);
	ck_assert_int_eq(sa(1, 0x1003, false), 0);
	ck_assert_uint_eq(pump(), 0);
}
END_TEST

START_TEST(pending_sas_are_settled)
{
	struct sad_sa *s;

	establish();
	ck_assert(sad_deadline(sad) == 0);
	ck_assert_int_eq(sa(1, 0x1003, true), 0);
	ck_assert_int_eq(sa(1, 0x1004, true), 0);
	ck_assert_int_eq(sa(1, 0x1005, true), 0);
	pump();
	/* a resync leaves them alone: the kernel waits for them */
	begin(false);
	pump();
	ck_assert_ptr_null(sad_overdue(sad, now));
	ck_assert(sad_deadline(sad) > now + IPSEC_QOS_PENDING_LIFETIME);
	now = sad_deadline(sad);
	ck_assert_ptr_nonnull(s = sad_overdue(sad, now));
	ck_assert_uint_eq(s->key.spi, 0x1003);
	sad_settle(sad, s, SAD_PRESENT, now);
	ck_assert_ptr_nonnull(s = sad_overdue(sad, now));
	ck_assert_uint_eq(s->key.spi, 0x1004);
	sad_settle(sad, s, SAD_ABSENT, now);
	ck_assert_ptr_nonnull(s = sad_overdue(sad, now));
	sad_settle(sad, s, SAD_UNKNOWN, now);
	ck_assert_ptr_null(sad_overdue(sad, now));
	ck_assert(sad_deadline(sad) > now);
	pump();

	/* what was forgotten is not restated */
	memset(rows, 0, sizeof(rows));
	sad_kernel(sad, false);
	sad_kernel(sad, true);
	begin(true);
	end();
	ck_assert_uint_eq(kernel_sa(0x1003), GOLD);
	ck_assert_uint_eq(kernel_sa(0x1004), 0);
	ck_assert_uint_eq(kernel_sa(0x1005), GOLD);
}
END_TEST

START_TEST(what_was_refused_is_stated_again)
{
	struct sad_entry *s;

	ck_assert_int_eq(ike(1, 0x11, 0x12, "x.a.example"), 0);
	pump();
	ck_assert_int_eq(sa(1, 0x1001, false), 0);
	ck_assert_uint_eq(sad_due(sad, IQ_TABLE_SA, &s, 1), 1);
	sad_written(sad, s, SAD_UNKNOWN);
	ck_assert(sad_idle(sad));
	begin(false);
	end();
	ck_assert_uint_eq(kernel_sa(0x1001), GOLD);
}
END_TEST

START_TEST(what_somebody_removed_is_put_back)
{
	struct iq_addr local = LOCAL;

	establish();
	ck_assert_int_eq(sa(1, 0x1003, true), 0);
	ck_assert_int_eq(ike(2, 0x21, 0x22, "stranger.example"), 0);
	ck_assert_int_eq(sa(2, 0x1002, false), 0);
	pump();

	/* what the kernel tells of what was written is as it should be */
	ck_assert(!sa_seen(&local, 0x1001, GOLD, false));
	ck_assert(!ike_seen(0x11, 0x12, GOLD));
	/* nor is what is not ours of any interest */
	ck_assert(!sa_seen(&local, 0x1002, SILVER, false));
	ck_assert(!sa_seen(&local, 0x7777, 0, false));
	ck_assert(!ike_seen(0x77, 0x77, 0));
	ck_assert(!sad_mend(sad));
	ck_assert_uint_eq(pump(), 0);

	/* gone; in another group; gone before it was installed */
	memset(rows, 0, sizeof(rows));
	memset(ikes, 0, sizeof(ikes));
	ck_assert(sa_seen(&local, 0x1001, 0, false));
	ck_assert(ike_seen(0x11, 0x12, SILVER));
	ck_assert(sa_seen(&local, 0x1003, 0, false));
	ck_assert_uint_eq(pump(), 0);
	ck_assert(sad_mend(sad));
	ck_assert(!sad_mend(sad));
	ck_assert_uint_eq(pump(), 3);
	ck_assert_uint_eq(kernel_sa(0x1001), GOLD);
	ck_assert_uint_eq(kernel_sa(0x1003), GOLD);
	ck_assert_uint_eq(kernel_ike(0x11, 0x12), GOLD);

	/* old news, and then the new */
	ck_assert(sa_seen(&local, 0x1001, 0, false));
	ck_assert(!sa_seen(&local, 0x1001, GOLD, false));
	ck_assert(!sad_mend(sad));

	/* charon deleted it meanwhile */
	ck_assert(sa_seen(&local, 0x1001, 0, false));
	ck_assert_int_eq(sa_del(0x1001), 0);
	ck_assert(!sa_seen(&local, 0x1001, 0, false));
	ck_assert(!sad_mend(sad));
	pump();
	ck_assert_uint_eq(kernel_sa(0x1001), 0);
}
END_TEST

/* The kernel deletes its SA to us, and tells. */
static void kernel_deletes(uint32_t spi)
{
	struct iq_addr local = LOCAL;
	struct row *row = kernel_to(&local, spi);

	if (row)
		row->used = false;
	sa_went(&local, spi);
}

/* A configuration, another module, half of a sync: what went stays gone. */
static void all_but_charon_states_it(void)
{
	struct config *second = load(second_file);

	sad_config(sad, second);
	begin(false);
	end();
	ck_assert_uint_eq(kernel_sa(0x1001), 0);
	ck_assert_uint_eq(kernel_sa(0x1003), SILVER);
	sad_config(sad, config);
	config_free(second);
	pump();
	sad_kernel(sad, false);
	sad_kernel(sad, true);
	begin(true);
	end();
	sync_start(charon);
	sad_disconnect(sad, charon);
	pump();
	ck_assert_uint_eq(kernel_sa(0x1001), 0);
}

/* What is told of a former SA is not of the one that comes. */
static void charon_states_another(void)
{
	struct iq_addr local = LOCAL;
	size_t n;

	ck_assert_int_eq(sa(1, 0x1001, false), 0);
	pump();
	ck_assert(!sa_seen(&local, 0x1001, GOLD, true));
	ck_assert_int_eq(sa_del(0x1001), 0);
	ck_assert_int_eq(sa(1, 0x1001, false), 0);
	kernel_deletes(0x1001);
	ck_assert_uint_eq(pump(), 1);
	ck_assert_uint_eq(kernel_sa(0x1001), GOLD);
	ck_assert(!sa_seen(&local, 0x1001, GOLD, true));
	ck_assert_int_eq(sa(1, 0x1001, true), 0);
	kernel_deletes(0x1001);
	ck_assert_uint_eq(pump(), 1);
	ck_assert_uint_eq(kernel_sa(0x1001), GOLD);

	/* nor is it kept for news that was on its way when charon deleted it */
	n = sad_n_sas(sad);
	ck_assert_int_eq(sa(1, 0x1005, false), 0);
	pump();
	ck_assert_int_eq(sa_del(0x1005), 0);
	ck_assert(!sa_seen(&local, 0x1005, GOLD, true));
	kernel_deletes(0x1005);
	ck_assert_uint_eq(pump(), 1);
	ck_assert_uint_eq(sad_n_sas(sad), n);
}

START_TEST(what_went_with_the_kernels_sa_stays_gone)
{
	struct iq_addr local = LOCAL, remote = REMOTE;
	struct sad_sa *s;

	establish();
	ck_assert_int_eq(sa(1, 0x1003, false), 0);
	pump();
	ck_assert(!sa_seen(&local, 0x1001, GOLD, true));
	ck_assert(!sa_seen(&local, 0x1003, GOLD, false));
	kernel_deletes(0x1001);
	kernel_deletes(0x1003);
	ck_assert(!sad_mend(sad));
	ck_assert_uint_eq(pump(), 0);
	/* one that was never the kernel's own is stated anew with the others */
	begin(false);
	end();
	ck_assert_uint_eq(kernel_sa(0x1001), 0);
	ck_assert_uint_eq(kernel_sa(0x1003), GOLD);

	all_but_charon_states_it();

	/* until charon states it */
	charon = sad_connect(sad, getpid());
	sync_start(charon);
	ck_assert_int_eq(ike(1, 0x11, 0x12, "x.a.example"), 0);
	ck_assert_int_eq(child(1, 1, 0x1001, 0x2001), 0);
	sync_end(charon);
	end();
	ck_assert_uint_eq(kernel_sa(0x1001), GOLD);
	begin(false);
	ck_assert_uint_eq(pump(), 3);

	/* it went before it was restated; or after somebody had changed it */
	ck_assert(!sa_seen(&local, 0x1001, GOLD, true));
	begin(false);
	kernel_deletes(0x1001);
	ck_assert_uint_eq(pump(), 2);
	ck_assert_int_eq(sa(1, 0x1001, false), 0);
	pump();
	ck_assert_uint_eq(kernel_sa(0x1001), GOLD);
	ck_assert(sa_seen(&local, 0x1001, SILVER, true));
	kernel_deletes(0x1001);
	ck_assert(!sad_mend(sad));
	ck_assert_uint_eq(pump(), 0);

	/* the kernel has it again, as somebody's entry shows */
	ck_assert(!sa_seen(&local, 0x1001, 0, false));
	ck_assert(sa_seen(&local, 0x1001, 0, true));
	ck_assert(sad_mend(sad));
	pump();
	ck_assert_uint_eq(kernel_sa(0x1001), GOLD);

	/* charon deletes it, too, and may announce the same */
	kernel_deletes(0x1001);
	ck_assert_int_eq(sa_del(0x1001), 0);
	ck_assert_int_eq(sa(1, 0x1001, true), 0);
	ck_assert_uint_eq(pump(), 1);
	ck_assert_uint_eq(kernel_sa(0x1001), GOLD);

	charon_states_another();

	/* what is announced waits, or is settled */
	ck_assert(!sa_seen(&local, 0x1001, GOLD, true));
	kernel_deletes(0x1001);
	now = sad_deadline(sad);
	ck_assert_ptr_nonnull(s = sad_overdue(sad, now));
	sad_settle(sad, s, SAD_ABSENT, now);

	/* an SPI that is free again is whose who uses it next */
	ck_assert_int_eq(ike(2, 0x21, 0x22, "x.b.example"), 0);
	ck_assert_int_eq(out(2, 0x2001, true), -EEXIST);
	sa_seen(&remote, 0x2001, GOLD, true);
	sa_went(&remote, 0x2001);
	ck_assert_int_eq(out(2, 0x2001, true), 0);
	pump();
	ck_assert_uint_eq(kernel_out(0x2001), SILVER);
}
END_TEST

START_TEST(what_is_not_known_is_not_missing)
{
	struct iq_addr local = LOCAL;
	struct sad_entry *s;

	/* the kernel refused it: that is tried again as it is */
	ck_assert_int_eq(ike(1, 0x11, 0x12, "x.a.example"), 0);
	pump();
	ck_assert_int_eq(sa(1, 0x1001, false), 0);
	ck_assert_uint_eq(sad_due(sad, IQ_TABLE_SA, &s, 1), 1);
	sad_written(sad, s, SAD_UNKNOWN);
	ck_assert(!sad_mend(sad));
	ck_assert(!sa_seen(&local, 0x1001, SILVER, false));
	ck_assert(!sad_mend(sad));
	ck_assert_uint_eq(pump(), 0);
	begin(false);
	pump();

	/* charon is about to say whether it still has it */
	ck_assert(sa_seen(&local, 0x1001, 0, true));
	ck_assert(ike_seen(0x11, 0x12, 0));
	sync_start(charon);
	ck_assert(!sad_mend(sad));
	ck_assert_uint_eq(pump(), 0);
	ck_assert_int_eq(ike(1, 0x11, 0x12, "x.a.example"), 0);
	ck_assert_int_eq(sa(1, 0x1001, false), 0);
	ck_assert_uint_eq(pump(), 2);

	/* all was restated meanwhile, or it is gone */
	sync_end(charon);
	ck_assert(sa_seen(&local, 0x1001, 0, true));
	ck_assert(ike_seen(0x11, 0x12, 0));
	begin(false);
	ck_assert(!sad_mend(sad));
	end();
	ck_assert(sa_seen(&local, 0x1001, 0, true));
	ck_assert(ike_seen(0x11, 0x12, 0));
	begin(false);
	end();
	ck_assert(!sad_mend(sad));
	ck_assert(sa_seen(&local, 0x1001, 0, true));
	ck_assert(ike_seen(0x11, 0x12, 0));
	sync_start(charon);
	sync_end(charon);
	end();
	ck_assert(!sad_mend(sad));
}
END_TEST

/* Another charon, of a process that is gone, with two IKE SAs in its SYNC. */
static struct sad_source *dead_charon(void)
{
	struct sad_source *other;
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);

	other = sad_connect(sad, pid);
	sync_start(other);
	ck_assert_int_eq(ike_by(other, 1, 0x31, 0x32, "x.b.example"), 0);
	ck_assert_int_eq(ike_by(other, 2, 0x33, 0x34, "x.b.example"), 0);
	return other;
}

START_TEST(what_a_dead_charon_left_is_not_put_back)
{
	struct sad_source *other = dead_charon();
	struct iq_addr local = LOCAL;

	ck_assert_int_eq(sa_by(other, 1, 0x1009, false), 0);
	sync_end(other);
	end();
	sad_disconnect(sad, other);
	/* one that somebody removed just before the sweep took the others */
	ck_assert(ike_seen(0x33, 0x34, 0));
	begin(false);
	end();
	ck_assert_uint_eq(kernel_ike(0x31, 0x32), 0);
	ck_assert(!ike_seen(0x31, 0x32, 0));
	ck_assert(!sa_seen(&local, 0x1009, 0, false));
	ck_assert(!sad_mend(sad));
	ck_assert_uint_eq(pump(), 0);
	ck_assert_uint_eq(kernel_ike(0x31, 0x32), 0);
}
END_TEST

START_TEST(a_charon_that_died_is_forgotten)
{
	struct sad_source *other = dead_charon();
	struct iq_addr local = LOCAL;

	ck_assert_int_eq(sa_by(other, 1, 0x1008, false), 0);
	ck_assert_int_eq(sa_by(other, 1, 0x1009, false), 0);
	sync_end(other);
	end();
	kernel_to(&local, 0x1008)->in_sad = true;
	sad_disconnect(sad, other);
	/* its SAs are still the kernel's: the module came anew */
	begin(true);
	pump();
	ck_assert_uint_eq(kernel_sa(0x1009), SILVER);

	/* it is back as another process, and states again some of it */
	sync_start(charon);
	ck_assert_int_eq(ike(1, 0x31, 0x32, "x.a.example"), 0);
	sync_end(charon);
	end();
	ck_assert_uint_eq(kernel_ike(0x31, 0x32), GOLD);
	ck_assert_uint_eq(kernel_ike(0x33, 0x34), 0);
	ck_assert_uint_eq(kernel_sa(0x1008), SILVER);
	ck_assert_uint_eq(kernel_sa(0x1009), 0);
	count();
	ck_assert_uint_eq(n_ikes, 1);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("sad_kernel");

	tcase_add_checked_fixture(tcase, setup, teardown);
	/* of a machine that others use, too */
	tcase_add_test(tcase, what_is_not_restated_is_swept);
	tcase_add_test(tcase, a_reload_while_charon_restates);
	tcase_add_test(tcase, what_was_due_before_a_sync_counts_for_nothing);
	tcase_add_test(tcase, the_module_comes_anew);
	tcase_add_test(tcase, pending_sas_are_settled);
	tcase_add_test(tcase, what_was_refused_is_stated_again);
	tcase_add_test(tcase, what_somebody_removed_is_put_back);
	tcase_add_test(tcase, what_went_with_the_kernels_sa_stays_gone);
	tcase_add_test(tcase, what_is_not_known_is_not_missing);
	tcase_add_test(tcase, what_a_dead_charon_left_is_not_put_back);
	tcase_add_test(tcase, a_charon_that_died_is_forgotten);
	return run_tests("sad_kernel", tcase);
}
