// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * When a peer counts as come and gone, and when not.
 */
#include <stdio.h>

#include "sad_fixture.h"

/*
 * Those of a.example have a group each, 101 to 105, and 106 if there are more; those of
 * b.example one together.
 */
static const char *const each_file =
	"group silver { id = 2 mark = 0x700/0xf00 }\n"
	"profile a { identity = \"*.a.example\"\n"
	"	each { marks = 0x100-0x600/0xf00 ids = 101 linger = 1000 } }\n"
	"profile b { identity = \"*.b.example\" group = silver }\n";
static const char *const moved_file =
	"group silver { id = 2 mark = 0x700/0xf00 }\n"
	"profile a { identity = \"*.a.example\" group = silver }\n"
	"profile b { identity = \"*.b.example\" group = silver }\n";

/* What was told, one after the other: "+1 101" is that IKE SA 1 came, with a lease of 101 */
static char told[512];

static void tell(char sign, const struct sad_ike *ike, const struct lease *lease)
{
	size_t len = strlen(told);

	snprintf(told + len, sizeof(told) - len, "%s%c%u %u%s", len ? ", " : "", sign,
		 ike->key.id, ike->group, lease ? " own" : "");
	ck_assert_uint_eq(lease ? lease->id : ike->group, ike->group);
	ck_assert(presence_of(ike, lease)->since > 0);
	if (presence_of(ike, lease)->known)
		strcat(told, " known");
}

static void on_came(void *arg, const struct sad_ike *ike, struct lease *lease)
{
	ck_assert_ptr_eq(arg, &told);
	tell('+', ike, lease);
}

static void on_went(void *arg, const struct sad_ike *ike, const struct lease *lease)
{
	tell('-', ike, lease);
}

static const struct presence_ops ops = { on_came, on_went };

static void check_told(const char *expected)
{
	ck_assert_str_eq(told, expected);
	told[0] = '\0';
}

static void use(const char *text)
{
	struct config *old = config;

	config = load(text);
	ck_assert_int_eq(sad_config(sad, config), 0);
	config_free(old);
	begin(false);
	pump();
}

static void begin_test(void)
{
	setup();
	told[0] = '\0';
	use(each_file);
	presence_tell(sad, &ops, &told);
}

static int claim(uint32_t id, const char *name)
{
	return say(charon, (struct iq_feed){
		.type = IQ_FEED_IKE, .ike.ike_id = id, .ike.ike_version = 2,
		.ike.spi_i = 0x100 + id, .ike.spi_r = 0x200 + id, .ike.local = LOCAL,
		.ike.local_port = 500, .ike.remote = REMOTE, .ike.remote_port = 500,
		.ike.ids.n = 1, .ike.ids.v = { { ID_FQDN, 1, IQ_FEED_PROOF_NONE, "psk",
				       (const uint8_t *)name, strlen(name) } },
		.ike.conn = "c" });
}

static void prove(uint32_t id, const char *name)
{
	ck_assert_int_eq(ike(id, 0x100 + id, 0x200 + id, name), 0);
}

/* One with a lease is there from its first IKE SA to its last. */
START_TEST(test_own)
{
	prove(1, "x.a.example");
	check_told("+1 101 own");
	/* stated again */
	prove(1, "x.a.example");
	ck_assert_int_eq(child(1, 1, 0x1001, 0x2001), 0);
	/* rekeyed: its SAs go over */
	prove(2, "x.a.example");
	ck_assert_int_eq(child(2, 1, 0x1001, 0x2001), 0);
	ck_assert_int_eq(ike_del(1), 0);
	pump();
	/* authenticated again: its SAs are others */
	prove(3, "x.a.example");
	ck_assert_int_eq(child(3, 2, 0x1002, 0x2002), 0);
	ck_assert_int_eq(ike_del(2), 0);
	ck_assert_int_eq(sa_del(0x1001), 0);
	ck_assert_int_eq(say(charon, (struct iq_feed){
		.type = IQ_FEED_SA_DEL, .sa_del.dst = REMOTE, .sa_del.spi = 0x2001,
		.sa_del.proto = IPPROTO_ESP }), 0);
	pump();
	prove(4, "y.a.example");
	check_told("+4 102 own");
	/* it goes, but an SA of it lives */
	ck_assert_int_eq(ike_del(3), 0);
	ck_assert_int_eq(sa_del(0x1002), 0);
	pump();
	check_told("");
	ck_assert_int_eq(say(charon, (struct iq_feed){
		.type = IQ_FEED_SA_DEL, .sa_del.dst = REMOTE, .sa_del.spi = 0x2002,
		.sa_del.proto = IPPROTO_ESP }), 0);
	check_told("-3 101 own");
	/* and comes back */
	prove(5, "x.a.example");
	check_told("+5 101 own");
}
END_TEST

/* One without is there as often as it has IKE SAs. */
START_TEST(test_alone)
{
	prove(1, "x.b.example");
	prove(2, "x.b.example");
	prove(3, "stranger.example");
	check_told("+1 2, +2 2, +3 0");
	ck_assert_int_eq(ike_del(1), 0);
	ck_assert_int_eq(ike_del(3), 0);
	check_told("-1 2, -3 0");
	prove(3, "stranger.example");
	check_told("+3 0");
}
END_TEST

/* charon states those that it initiates before their peer has proved anything. */
START_TEST(test_initiated)
{
	ck_assert_int_eq(claim(1, "x.a.example"), 0);
	ck_assert_int_eq(sa(1, 0x1001, true), 0);
	ck_assert_int_eq(claim(2, "x.a.example"), 0);
	ck_assert_int_eq(sa(2, 0x1002, true), 0);
	ck_assert_int_eq(claim(3, "x.a.example"), 0);
	check_told("");
	prove(1, "x.a.example");
	check_told("+1 101 own");
	/* it never does */
	ck_assert_int_eq(child(2, 2, 0x1002, 0x2002), 0);
	check_told("+2 0");
	/* and it comes to nothing */
	ck_assert_int_eq(ike_del(3), 0);
	check_told("");
}
END_TEST

/* A peer that is another now, or is named by another configuration */
START_TEST(test_moved)
{
	prove(1, "x.a.example");
	prove(2, "x.b.example");
	check_told("+1 101 own, +2 2");
	prove(1, "y.a.example");
	check_told("-1 101 own, +1 102 own");
	prove(1, "stranger.example");
	check_told("-1 102 own, +1 0");
	prove(1, "x.a.example");
	check_told("-1 0, +1 101 own");
	use(each_file);
	check_told("");
	use(moved_file);
	check_told("-1 101 own, +1 2");
	use(each_file);
	check_told("-1 2, +1 101 own");
}
END_TEST

/* What charon had already; and what it does not have any more. */
START_TEST(test_known)
{
	sync_start(charon);
	prove(1, "x.a.example");
	prove(2, "x.b.example");
	check_told("+1 101 own known, +2 2 known");
	sync_end(charon);
	end();
	prove(3, "y.a.example");
	check_told("+3 102 own");
	/* they are there, though charon says so again */
	sync_start(charon);
	prove(1, "x.a.example");
	prove(3, "y.a.example");
	check_told("");
	sync_end(charon);
	check_told("-2 2 known");
	end();
	ck_assert_int_eq(ike_del(1), 0);
	ck_assert_int_eq(ike_del(3), 0);
	check_told("-1 101 own known, -3 102 own");
	/* the daemon's end is nobody's */
	prove(4, "x.a.example");
	check_told("+4 101 own");
	sad_free(sad);
	sad = NULL;
	check_told("");
}
END_TEST

/* A range that is full: who shares a group is there by itself. */
START_TEST(test_full)
{
	char name[] = "0.a.example";
	uint32_t id;

	for (id = 1; id <= 5; id++) {
		name[0]++;
		prove(id, name);
	}
	told[0] = '\0';
	prove(6, "x.a.example");
	ck_assert_int_eq(ike_del(2), 0);
	check_told("+6 106, -2 102 own");
	prove(6, "x.a.example");
	check_told("-6 106, +6 102 own");
}
END_TEST

/* What a group had counted is where counting begins, until the kernel has another. */
START_TEST(test_base)
{
	struct iq_kernel_group group = { .id = 101 };
	struct lease *lease;

	prove(1, "x.a.example");
	lease = leases_find(sad_leases(sad), 101);
	ck_assert_ptr_nonnull(lease);
	ck_assert(!lease->counted);
	group.counter[IPSEC_QOS_COUNTER_ESP_IN].packets = 7;
	leases_hold(sad_leases(sad), &group);
	ck_assert(lease->counted);
	ck_assert_uint_eq(lease->base[IPSEC_QOS_COUNTER_ESP_IN].packets, 7);
	leases_kernel_gone(sad_leases(sad));
	ck_assert(!lease->counted);
	ck_assert_uint_eq(lease->base[IPSEC_QOS_COUNTER_ESP_IN].packets, 0);
	leases_hold(sad_leases(sad), &group);
	leases_gone(sad_leases(sad), 101);
	ck_assert_uint_eq(lease->base[IPSEC_QOS_COUNTER_ESP_IN].packets, 0);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("presence");

	tcase_add_checked_fixture(tc, begin_test, teardown);
	tcase_add_test(tc, test_own);
	tcase_add_test(tc, test_alone);
	tcase_add_test(tc, test_initiated);
	tcase_add_test(tc, test_moved);
	tcase_add_test(tc, test_known);
	tcase_add_test(tc, test_full);
	tcase_add_test(tc, test_base);
	return run_tests("presence", tc);
}
