// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the charons state, and what the kernel's tables should then be.
 */
#include "sad_fixture.h"

START_TEST(groups_follow_identities)
{
	struct iq_addr local = LOCAL, remote = REMOTE;

	ck_assert_int_eq(ike(1, 0x11, 0x12, "x.a.example"), 0);
	ck_assert_uint_eq(stated.group, GOLD);
	ck_assert_uint_eq(stated.n, 1);
	ck_assert_int_eq(sa(1, 0x1001, true), 0);
	ck_assert_uint_eq(stated.group, GOLD);
	/* and its IKE SA, which is due, too */
	ck_assert_uint_eq(stated.n, 2);
	ck_assert_ptr_nonnull(sad_sa_of(stated.entries[0]));
	ck_assert(stated.entries[0]->queue == SAD_DUE);
	pump();
	ck_assert_uint_eq(kernel_ike(0x11, 0x12), GOLD);
	ck_assert_uint_eq(kernel_sa(0x1001), GOLD);

	/* the CHILD SA finds one of its SAs there, installed */
	ck_assert(!sa_seen(&local, 0x1001, GOLD, true));
	ck_assert_int_eq(child(1, 1, 0x1001, 0x2001), 0);
	ck_assert_uint_eq(pump(), 1);
	ck_assert_uint_eq(kernel_to(&remote, 0x2001)->group, GOLD);

	ck_assert_int_eq(ike(2, 0x21, 0x22, "stranger.example"), 0);
	ck_assert_uint_eq(stated.group, 0);
	ck_assert_int_eq(sa(2, 0x1002, true), 0);
	ck_assert_uint_eq(stated.group, 0);
	pump();
	ck_assert_uint_eq(kernel_sa(0x1002), 0);
	ck_assert_uint_eq(kernel_ike(0x21, 0x22), 0);
	count();
	ck_assert_uint_eq(n_ikes, 2);
	ck_assert_uint_eq(n_children, 1);
}
END_TEST

/*
 * Charon did not wait for the answer: what it announced comes into the tables
 * when the SA is there already, which tells nobody any more.
 */
START_TEST(what_was_announced_late_stays)
{
	struct iq_addr local = LOCAL, remote = REMOTE;

	ck_assert_int_eq(ike(1, 0x31, 0x32, "y.b.example"), 0);
	ck_assert_int_eq(sa(1, 0x3001, true), 0);
	ck_assert_int_eq(out(1, 0x4001, true), 0);
	pump();
	ck_assert(kernel_to(&local, 0x3001)->pending);
	ck_assert_int_eq(child(1, 9, 0x3001, 0x4001), 0);
	ck_assert_uint_eq(pump(), 2);
	ck_assert(!kernel_to(&local, 0x3001)->pending);
	ck_assert(!kernel_to(&remote, 0x4001)->pending);

	/* of a rekeyed one there is only the inbound SA */
	ck_assert_int_eq(sa(1, 0x3002, true), 0);
	pump();
	ck_assert_int_eq(sa(1, 0x3002, false), 0);
	ck_assert_uint_eq(pump(), 1);
	ck_assert(!kernel_to(&local, 0x3002)->pending);
	/* once is enough */
	ck_assert_int_eq(sa(1, 0x3002, false), 0);
	ck_assert_int_eq(child(1, 9, 0x3001, 0x4001), 0);
	ck_assert_uint_eq(pump(), 0);
}
END_TEST

START_TEST(an_identity_may_change)
{
	establish();
	ck_assert_int_eq(ike(1, 0x11, 0x12, "x.b.example"), 0);
	pump();
	ck_assert_uint_eq(kernel_sa(0x1001), SILVER);
	ck_assert_uint_eq(kernel_ike(0x11, 0x12), SILVER);
	ck_assert_int_eq(ike(1, 0x11, 0x12, "stranger.example"), 0);
	pump();
	ck_assert_uint_eq(kernel_sa(0x1001), 0);
	ck_assert_uint_eq(kernel_ike(0x11, 0x12), 0);
}
END_TEST

START_TEST(an_unstated_ike_sa_is_refused)
{
	ck_assert_int_eq(sa(7, 0x1001, true), -ENOENT);
	ck_assert_ptr_nonnull(stated.why);
	ck_assert_int_eq(child(7, 1, 0x1001, 0x2001), -ENOENT);
	ck_assert_int_eq(ike_del(7), 0);
	ck_assert_int_eq(sa_del(0x1001), 0);
	ck_assert_uint_eq(pump(), 0);
}
END_TEST

START_TEST(what_is_deleted_goes)
{
	struct iq_addr remote = REMOTE;

	establish();
	ck_assert_int_eq(sa_del(0x1001), 0);
	ck_assert_uint_eq(stated.n, 1);
	pump();
	ck_assert_uint_eq(kernel_sa(0x1001), 0);
	ck_assert_ptr_nonnull(kernel_to(&remote, 0x2001));
	ck_assert_int_eq(say(charon, (struct iq_feed){
		.type = IQ_FEED_CHILD_DEL, .child_del.child_id = 1 }), 0);
	ck_assert_int_eq(ike_del(1), 0);
	pump();
	ck_assert_uint_eq(kernel_ike(0x11, 0x12), 0);
	count();
	ck_assert_uint_eq(n_ikes, 0);

	/* the same key once more, before the kernel knows that it went */
	establish();
	ck_assert_int_eq(sa_del(0x1001), 0);
	ck_assert_int_eq(sa(1, 0x1001, true), 0);
	pump();
	ck_assert_uint_eq(kernel_sa(0x1001), GOLD);
}
END_TEST

START_TEST(sas_outlive_their_ikev1_sa)
{
	struct config *second = load(second_file);

	establish();
	ck_assert_int_eq(ike_del(1), 0);
	pump();
	ck_assert_uint_eq(kernel_ike(0x11, 0x12), 0);
	ck_assert_uint_eq(kernel_sa(0x1001), GOLD);
	sad_config(sad, second);
	pump();
	ck_assert_uint_eq(kernel_sa(0x1001), SILVER);
	sad_config(sad, config);
	config_free(second);

	/* another IKE SA takes its CHILD SAs over */
	ck_assert_int_eq(ike(2, 0x21, 0x22, "x.b.example"), 0);
	ck_assert_int_eq(child(2, 1, 0x1001, 0x2001), 0);
	pump();
	ck_assert_uint_eq(kernel_sa(0x1001), SILVER);
	count();
	ck_assert_uint_eq(n_ikes, 1);
	ck_assert_uint_eq(n_children, 1);
}
END_TEST

START_TEST(the_responders_spi_comes_later)
{
	ck_assert_int_eq(ike(1, 0x11, 0, "x.a.example"), 0);
	pump();
	ck_assert_uint_eq(kernel_ike(0x11, 0), GOLD);
	ck_assert_int_eq(ike(1, 0x11, 0x12, "x.a.example"), 0);
	ck_assert_uint_eq(stated.n, 2);
	pump();
	ck_assert_uint_eq(kernel_ike(0x11, 0), 0);
	ck_assert_uint_eq(kernel_ike(0x11, 0x12), GOLD);
}
END_TEST

START_TEST(a_configuration_moves_what_lives)
{
	struct config *second = load(second_file);

	establish();
	ck_assert_int_eq(ike(2, 0x21, 0x22, "x.b.example"), 0);
	ck_assert_int_eq(sa(2, 0x1002, false), 0);
	pump();
	ck_assert_uint_eq(kernel_sa(0x1002), SILVER);

	sad_config(sad, second);
	pump();
	ck_assert_uint_eq(kernel_sa(0x1001), SILVER);
	ck_assert_uint_eq(kernel_ike(0x11, 0x12), SILVER);
	ck_assert_uint_eq(kernel_sa(0x1002), 0);
	ck_assert_uint_eq(kernel_ike(0x21, 0x22), 0);

	sad_config(sad, config);
	pump();
	ck_assert_uint_eq(kernel_sa(0x1001), GOLD);
	ck_assert_uint_eq(kernel_sa(0x1002), SILVER);
	config_free(second);
}
END_TEST

/* The kernel's ceiling is not ours, and strangers do not count there. */
START_TEST(only_memory_is_bounded)
{
	struct config *second = load(second_file);
	uint32_t spi = 0x10000, i;
	struct sad_entry *s;

	establish();
	sad_config(sad, second);
	pump();
	ck_assert_int_eq(ike(2, 0x21, 0x22, "stranger.example"), 0);
	for (i = 0; i < 100; i++)
		ck_assert_int_eq(sa(2, spi++, false), 0);

	/* what the kernel refuses is kept */
	ck_assert_int_eq(sa(1, 0x1003, false), 0);
	while (sad_due(sad, IQ_TABLE_SA, &s, 1))
		sad_written(sad, s, s->group ? SAD_UNKNOWN : SAD_ABSENT);
	ck_assert_uint_eq(kernel_sa(0x1003), 0);
	begin(false);
	pump();
	ck_assert_uint_eq(kernel_sa(0x1003), SILVER);

	/* too many: nothing changes; 0x1001, 0x2001 and 0x1003 are there */
	for (; i < SAD_SAS - 3; i++)
		ck_assert_int_eq(sa(2, spi++, false), 0);
	ck_assert_int_eq(sa(2, spi, false), -ENOSPC);
	ck_assert_ptr_nonnull(stated.why);
	ck_assert_int_eq(sa(1, 0x1004, true), -ENOSPC);
	ck_assert_int_eq(child(1, 9, 0x1003, 0x2009), -ENOSPC);
	ck_assert_int_eq(sa(1, 0x1003, false), 0);
	for (i = 3; i < SAD_IKES + 1; i++)
		ck_assert_int_eq(ike(i, i, i, "stranger.example"), 0);
	ck_assert_int_eq(ike(i, i, i, "stranger.example"), -ENOSPC);
	ck_assert_ptr_nonnull(stated.why);

	/* a greater ceiling */
	sad_config(sad, config);
	config_free(second);
	ck_assert_int_eq(sa(2, spi, false), 0);
	ck_assert_int_eq(ike(i, i, i, "stranger.example"), 0);
}
END_TEST

START_TEST(a_configuration_moves_in_turns)
{
	struct config *second = load(second_file);
	const struct sad_ike *i;
	struct sad_walk walk;
	uint32_t id;

	for (id = 1; id <= 8; id++) {
		ck_assert_int_eq(ike(id, id, id, "x.a.example"), 0);
		ck_assert_int_eq(sa(id, 0x1000 + id, false), 0);
	}
	ck_assert_int_eq(ike_del(2), 0);
	pump();
	sad_config(sad, second);
	config_free(config);
	ck_assert(!sad_idle(sad));

	/* who states one, or looks at one, meets it in its new group */
	ck_assert_int_eq(sa(3, 0x1003, true), 0);
	ck_assert_uint_eq(stated.group, SILVER);
	ck_assert_int_eq(ike(4, 4, 4, "x.a.example"), 0);
	ck_assert_uint_eq(stated.group, SILVER);
	ck_assert_int_eq(ike(5, 5, 5, "x.b.example"), 0);
	ck_assert_uint_eq(stated.group, 0);
	ck_assert_int_eq(ike_del(6), 0);
	ck_assert(!sad_resolve(sad, 1));
	sad_walk_begin(sad, &walk);
	while ((i = sad_walk_next(&walk)))
		ck_assert_uint_eq(i->group, i->key.id == 5 ? 0 : SILVER);
	sad_walk_end(&walk);

	/* another comes before all are resolved */
	config = load(first_file);
	sad_config(sad, config);
	config_free(second);
	ck_assert_int_eq(sa_del(0x1002), 0);
	ck_assert(!sad_resolve(sad, 2));
	pump();
	for (id = 1; id <= 8; id++)
		ck_assert_uint_eq(kernel_sa(0x1000 + id),
				  id == 2 ? 0 : id == 5 ? SILVER : GOLD);
}
END_TEST

START_TEST(charons_do_not_disturb_each_other)
{
	struct sad_source *other = sad_connect(sad, getppid());

	establish();
	ck_assert(!sad_synced(sad));
	sync_start(other);
	/* the same ids, another charon's */
	ck_assert_int_eq(ike_by(other, 1, 0x31, 0x32, "x.b.example"), 0);
	ck_assert_int_eq(sa_by(other, 1, 0x1009, false), 0);
	sync_end(other);
	end();
	ck_assert_uint_eq(kernel_sa(0x1001), GOLD);
	ck_assert_uint_eq(kernel_sa(0x1009), SILVER);

	/* one is away, though its process lives: what it had stays */
	sad_disconnect(sad, other);
	sync_start(charon);
	establish();
	sync_end(charon);
	end();
	ck_assert_uint_eq(kernel_sa(0x1009), SILVER);
	ck_assert_uint_eq(kernel_ike(0x31, 0x32), SILVER);

	/* it ends in the middle of what it states: the same */
	other = sad_connect(sad, getppid());
	sync_start(other);
	ck_assert_uint_gt(pump(), 0);
	sad_disconnect(sad, other);
	end();
	ck_assert_uint_eq(kernel_sa(0x1009), SILVER);
	ck_assert_uint_eq(kernel_ike(0x31, 0x32), SILVER);
	ck_assert_uint_eq(kernel_sa(0x1001), GOLD);

	/* nobody deletes what is another's */
	ck_assert_int_eq(sa_del(0x1001), 0);
	pump();
	ck_assert_uint_eq(kernel_sa(0x1001), 0);
	other = sad_connect(sad, getppid());
	ck_assert_int_eq(sa_del(0x1009), 0);
	pump();
	ck_assert_uint_eq(kernel_sa(0x1009), SILVER);
}
END_TEST

/* Behind one address, two peers may choose the same SPI. */
START_TEST(no_ike_sa_takes_anothers_sa)
{
	establish();
	ck_assert_int_eq(ike(2, 0x21, 0x22, "x.b.example"), 0);
	ck_assert_int_eq(sa(2, 0x1002, true), 0);
	pump();
	ck_assert_int_eq(out(2, 0x2001, true), -EEXIST);
	ck_assert_ptr_nonnull(strstr(stated.why, "x.a.example"));
	ck_assert_ptr_nonnull(strstr(stated.why, "x.b.example"));
	ck_assert_ptr_nonnull(strstr(stated.why,
				     "198.51.100.7 spi 0x00002001"));
	ck_assert_uint_eq(pump(), 0);
	ck_assert_uint_eq(kernel_out(0x2001), GOLD);

	/* nor does a CHILD SA whose outbound SA the kernel refused */
	ck_assert_int_eq(child(2, 2, 0x1003, 0x2001), -EEXIST);
	ck_assert_ptr_nonnull(strstr(stated.why, "x.a.example"));
	pump();
	ck_assert_uint_eq(kernel_out(0x2001), GOLD);
	ck_assert_uint_eq(kernel_sa(0x1003), 0);
	count();
	ck_assert_uint_eq(n_children, 1);

	/* nothing of it is left with the one that was refused */
	ck_assert_int_eq(ike_del(2), 0);
	pump();
	ck_assert_uint_eq(kernel_out(0x2001), GOLD);

	/* whose it is goes on with it: its addresses change, it is restated */
	ck_assert_int_eq(out(1, 0x2001, true), 0);
	ck_assert_int_eq(child(1, 1, 0x1001, 0x2001), 0);
	ck_assert_int_eq(ike(2, 0x21, 0x22, "x.b.example"), 0);
	ck_assert_int_eq(out(2, 0x2001, true), -EEXIST);
	pump();
	ck_assert_uint_eq(kernel_out(0x2001), GOLD);
}
END_TEST

START_TEST(a_child_sa_moves_to_another_ike_sa)
{
	establish();
	/* rekeyed; with another identity, so that the move can be seen */
	ck_assert_int_eq(ike(2, 0x21, 0x22, "x.b.example"), 0);
	ck_assert_int_eq(child(2, 1, 0x1001, 0x2001), 0);
	pump();
	ck_assert_uint_eq(kernel_out(0x2001), SILVER);
	ck_assert_uint_eq(kernel_sa(0x1001), SILVER);
	/* from then on it is that one's */
	ck_assert_int_eq(out(1, 0x2001, true), -EEXIST);
	ck_assert_int_eq(out(2, 0x2001, true), 0);
	/* before the successor of a rekeyed SA is used, its inbound SA alone */
	ck_assert_int_eq(sa(1, 0x1004, true), 0);
	ck_assert_int_eq(sa(1, 0x1004, false), 0);
	ck_assert_int_eq(sa(2, 0x1004, false), 0);
	pump();
	ck_assert_uint_eq(kernel_sa(0x1004), SILVER);
}
END_TEST

START_TEST(what_is_nobodys_can_be_taken)
{
	establish();
	ck_assert_int_eq(ike(2, 0x21, 0x22, "x.b.example"), 0);

	/* announced only: the kernel decides */
	ck_assert_int_eq(out(1, 0x2002, true), 0);
	ck_assert_int_eq(out(2, 0x2002, true), 0);
	pump();
	ck_assert_uint_eq(kernel_out(0x2002), SILVER);

	/* deleted, whether or not the kernel's table knows */
	ck_assert_int_eq(say(charon, (struct iq_feed){
		.type = IQ_FEED_SA_DEL, .sa_del.dst = REMOTE, .sa_del.spi = 0x2001,
		.sa_del.proto = IPPROTO_ESP }), 0);
	ck_assert_int_eq(out(2, 0x2001, true), 0);
	ck_assert_int_eq(child(2, 2, 0x1002, 0x2001), 0);
	pump();
	ck_assert_uint_eq(kernel_out(0x2001), SILVER);

	/* charon is back, and has not said that it still has it */
	sync_start(charon);
	ck_assert_int_eq(ike(3, 0x31, 0x32, "x.a.example"), 0);
	ck_assert_int_eq(child(3, 3, 0x1003, 0x2001), 0);
	sync_end(charon);
	end();
	ck_assert_uint_eq(kernel_out(0x2001), GOLD);

	/* its IKE SA is gone */
	ck_assert_int_eq(ike_del(3), 0);
	ck_assert_int_eq(ike(4, 0x41, 0x42, "x.b.example"), 0);
	ck_assert_int_eq(out(4, 0x2001, true), 0);
	pump();
	ck_assert_uint_eq(kernel_out(0x2001), SILVER);
}
END_TEST

START_TEST(ike_sas_go_while_they_are_walked_through)
{
	const struct sad_ike *i;
	struct sad_walk walk;

	for (uint32_t id = 1; id <= 4; id++)
		ck_assert_int_eq(ike(id, id, id, "x.a.example"), 0);
	sad_walk_begin(sad, &walk);
	i = sad_walk_next(&walk);
	ck_assert_uint_eq(i->key.id, 1);
	ck_assert_int_eq(ike_del(1), 0);
	ck_assert_int_eq(ike_del(2), 0);
	ck_assert_int_eq(ike_del(3), 0);
	i = sad_walk_next(&walk);
	ck_assert_uint_eq(i->key.id, 4);
	ck_assert_int_eq(ike_del(4), 0);
	ck_assert_ptr_null(sad_walk_next(&walk));
	sad_walk_end(&walk);
}
END_TEST

START_TEST(a_sync_has_a_beginning)
{
	ck_assert_int_eq(say(charon, (struct iq_feed){
		.type = IQ_FEED_SYNC_END }), -EINVAL);
	ck_assert_ptr_nonnull(stated.why);
	ck_assert(sad_synced(sad));
	ck_assert_int_eq(say(charon, (struct iq_feed){
		.type = IQ_FEED_QUERY }), -EINVAL);
}
END_TEST

START_TEST(charons_say_what_they_passed_over)
{
	struct sad_source *other = sad_connect(sad, getppid());

	ck_assert_uint_eq(sad_passed_over(sad), 0);
	sync_start(charon);
	ck_assert_int_eq(say(charon, (struct iq_feed){
		.type = IQ_FEED_SYNC_END, .sync_end.passed_over = UINT32_MAX }), 0);
	sync_start(other);
	ck_assert_int_eq(say(other, (struct iq_feed){
		.type = IQ_FEED_SYNC_END, .sync_end.passed_over = 2 }), 0);
	ck_assert_uint_eq(sad_passed_over(sad), UINT32_MAX + 2ULL);
	sad_disconnect(sad, charon);
	ck_assert_uint_eq(sad_passed_over(sad), 2);
	/* since it runs */
	sync_start(other);
	ck_assert_int_eq(say(other, (struct iq_feed){
		.type = IQ_FEED_SYNC_END, .sync_end.passed_over = 3 }), 0);
	ck_assert_uint_eq(sad_passed_over(sad), 3);
	/* one more on the same connection */
	ck_assert_int_eq(say(other, (struct iq_feed){
		.type = IQ_FEED_PASSED_OVER, .passed_over.passed_over = 4 }), 0);
	ck_assert_uint_eq(sad_passed_over(sad), 4);
	ck_assert_int_eq(say(other, (struct iq_feed){
		.type = IQ_FEED_PASSED_OVER, .passed_over.passed_over = 2 }), 0);
	ck_assert_uint_eq(sad_passed_over(sad), 4);
}
END_TEST

static int ike_on(uint32_t id, uint16_t local, uint16_t remote)
{
	static const uint8_t identity[] = "gw.a.example";

	return say(charon, (struct iq_feed){
		.type = IQ_FEED_IKE, .ike.ike_id = id, .ike.ike_version = 1,
		.ike.spi_i = 90 + id, .ike.spi_r = 20, .ike.local = LOCAL,
		.ike.local_port = local, .ike.remote = REMOTE, .ike.remote_port = remote,
		.ike.ids.n = 1, .ike.ids.v = { { ID_FQDN, 1, IQ_FEED_PROOF_IKE, "psk",
				       identity, sizeof(identity) - 1 } },
		.ike.conn = "road" });
}

static int child_in_udp(uint32_t id, bool encap)
{
	return say(charon, (struct iq_feed){
		.type = IQ_FEED_CHILD, .child.ike_id = id, .child.child_id = 70 + id,
		.child.child = "net", .child.reqid = 1, .child.proto = IPPROTO_ESP,
		.child.spi_in = 0x7000 + id, .child.spi_out = 0x8000 + id, .child.local = LOCAL,
		.child.remote = REMOTE, .child.encap = encap });
}

static int ike_at(uint32_t id, struct iq_addr local)
{
	return say(charon, (struct iq_feed){
		.type = IQ_FEED_IKE, .ike.ike_id = id, .ike.ike_version = 2,
		.ike.spi_i = id, .ike.spi_r = id, .ike.local = local,
		.ike.local_port = 4500, .ike.remote = REMOTE, .ike.remote_port = 4500,
		.ike.conn = "road" });
}

/* What the module does not look at: by the ports of the peer, and of this host */
START_TEST(ports_are_looked_at)
{
	static const struct {
		uint16_t local, remote;
		bool unseen, unseen_in_udp;
	} cases[] = {
		{ 500, 500, false, true }, { 4500, 4500, false, false },
		{ 4500, 61022, false, false }, { 61022, 4500, false, false },
		{ 500, 61022, false, true }, { 61022, 500, false, true },
		{ 4510, 61022, true, true }, { 4510, 4500, false, false },
		{ 4510, 4510, true, true }, { 0, 0, false, false },
	};
	struct config *other = load(
		"settings { ike-ports = { 510, 4500 } natt-ports = { 4510, 500 } }");
	uint16_t port;
	size_t i;

	for (i = 0; i < N(cases); i++) {
		ck_assert_int_eq(ike_on(1, cases[i].local, cases[i].remote), 0);
		ck_assert_uint_eq(sad_unseen(sad, &port), cases[i].unseen);
		ck_assert_int_eq(child_in_udp(1, true), 0);
		ck_assert_uint_eq(sad_unseen(sad, &port), cases[i].unseen_in_udp);
		if (cases[i].unseen_in_udp)
			ck_assert_uint_eq(port, cases[i].local);
		ck_assert_int_eq(child_in_udp(1, false), 0);
		ck_assert_uint_eq(sad_unseen(sad, &port), cases[i].unseen);
	}

	/* each counts once, however often it is stated, and until it is gone */
	ck_assert_int_eq(ike_on(1, 4510, 61022), 0);
	ck_assert_int_eq(ike_on(1, 4510, 61023), 0);
	ck_assert_int_eq(ike_on(2, 4511, 61022), 0);
	ck_assert_int_eq(child_in_udp(2, true), 0);
	ck_assert_uint_eq(sad_unseen(sad, &port), 2);
	/* a configuration has its own ports */
	sad_config(sad, other);
	pump();
	ck_assert_uint_eq(sad_unseen(sad, &port), 1);
	ck_assert_uint_eq(port, 4511);
	ck_assert_int_eq(ike_on(3, 4500, 4500), 0);
	ck_assert_uint_eq(sad_unseen(sad, &port), 1);
	ck_assert_int_eq(child_in_udp(3, true), 0);
	ck_assert_uint_eq(sad_unseen(sad, &port), 2);
	sad_config(sad, config);
	pump();
	ck_assert_uint_eq(sad_unseen(sad, &port), 2);
	ck_assert_int_eq(ike_del(2), 0);
	ck_assert_uint_eq(sad_unseen(sad, &port), 1);
	ck_assert_int_eq(ike_del(1), 0);
	ck_assert_uint_eq(sad_unseen(sad, &port), 0);
	config_free(other);
}
END_TEST

/* Where one moved past the classifying element, to an address that is not steered */
START_TEST(beside_is_told)
{
#define ELEMENTS "element e1 { id = 1 via = 10.0.5.1 } element e2 { id = 2 via = 10.0.5.2 }\n" \
	"pool vpn { id = 1 members = { e1, e2 } } pool far { id = 2 members = e2 }\n" \
	"steer 192.0.2.0/30 { pool = vpn } steer 203.0.113.0/24 { pool = far }\n"
	struct config *element = load(ELEMENTS "settings { self = e1 }");
	struct config *router = load(ELEMENTS);
	struct iq_addr told = {}, off = addr("203.0.113.9");

	sad_config(sad, element);
	pump();
	/* at 192.0.2.1 */
	ck_assert_int_eq(ike(1, 1, 1, "x.a.example"), 0);
	ck_assert_int_eq(ike(2, 2, 2, "y.a.example"), 0);
	ck_assert_uint_eq(sad_beside(sad, &told), 0);
	ck_assert_int_eq(ike_at(2, off), 0);
	ck_assert_uint_eq(sad_beside(sad, &told), 1);
	ck_assert_mem_eq(&told, &off, sizeof(off));
	ck_assert_int_eq(ike_at(1, addr("192.0.2.4")), 0);
	ck_assert_uint_eq(sad_beside(sad, &told), 2);
	ck_assert_int_eq(ike_at(1, addr("192.0.2.3")), 0);
	ck_assert_uint_eq(sad_beside(sad, &told), 1);
	/* who is no element knows nothing of that */
	sad_config(sad, router);
	pump();
	ck_assert_uint_eq(sad_beside(sad, &told), 0);
	sad_config(sad, config);
	pump();
	config_free(element);
	config_free(router);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("sad");

	tcase_add_checked_fixture(tcase, setup, teardown);
	/* of a machine that others use, too */
	tcase_add_test(tcase, groups_follow_identities);
	tcase_add_test(tcase, ports_are_looked_at);
	tcase_add_test(tcase, beside_is_told);
	tcase_add_test(tcase, what_was_announced_late_stays);
	tcase_add_test(tcase, an_identity_may_change);
	tcase_add_test(tcase, an_unstated_ike_sa_is_refused);
	tcase_add_test(tcase, what_is_deleted_goes);
	tcase_add_test(tcase, sas_outlive_their_ikev1_sa);
	tcase_add_test(tcase, the_responders_spi_comes_later);
	tcase_add_test(tcase, a_configuration_moves_what_lives);
	tcase_add_test(tcase, only_memory_is_bounded);
	tcase_add_test(tcase, a_configuration_moves_in_turns);
	tcase_add_test(tcase, charons_do_not_disturb_each_other);
	tcase_add_test(tcase, no_ike_sa_takes_anothers_sa);
	tcase_add_test(tcase, a_child_sa_moves_to_another_ike_sa);
	tcase_add_test(tcase, what_is_nobodys_can_be_taken);
	tcase_add_test(tcase, ike_sas_go_while_they_are_walked_through);
	tcase_add_test(tcase, a_sync_has_a_beginning);
	tcase_add_test(tcase, charons_say_what_they_passed_over);
	return run_tests("sad", tcase);
}
