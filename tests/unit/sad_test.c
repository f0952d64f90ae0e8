// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the charons state, and what the kernel's tables should then be. The
 * kernel is played by a table that behaves as <linux/ipsec_qos.h> says.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sa/due.h"
#include "suite.h"

#define GOLD	1
#define SILVER	2

static const char *const first_file =
	"group gold { id = 1 mark = 0x10/0xff0 }\n"
	"group silver { id = 2 mark = 0x20/0xff0 }\n"
	"profile a { identity = \"*.a.example\" group = gold }\n"
	"profile b { identity = \"*.b.example\" group = silver }\n";

static const char *const second_file =
	"settings { max-sas = 4 max-ikes = 4 }\n"
	"group silver { id = 2 mark = 0x20/0xff0 }\n"
	"profile a { identity = \"*.a.example\" group = silver }\n";

/* The kernel */

struct row {
	bool used;
	struct sad_sa_key key;
	uint32_t group;
	bool pending;
	bool in_sad;
	unsigned int generation;
};

static struct row rows[64];
static struct sad_ike_key ikes[64];
static uint32_t ike_groups[64];
static unsigned int ike_generations[64];
static unsigned int generation;

static struct sad *sad;
static struct sad_source *charon;
static struct config *config;
static double now;

static struct config *load(const char *text)
{
	char name[] = "/tmp/sad_test.XXXXXX", error[256];
	struct config *loaded;
	int fd = mkstemp(name);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	loaded = config_load(name, error, sizeof(error));
	unlink(name);
	ck_assert_msg(loaded != NULL, "%s", error);
	return loaded;
}

static bool same_sa(const struct sad_sa_key *a, const struct sad_sa_key *b)
{
	return a->spi == b->spi && a->proto == b->proto &&
	       !memcmp(&a->dst, &b->dst, sizeof(a->dst));
}

static struct row *find_row(const struct sad_sa_key *key, bool make)
{
	struct row *empty = NULL;
	size_t i;

	for (i = 0; i < 64; i++) {
		if (rows[i].used && same_sa(&rows[i].key, key))
			return &rows[i];
		if (!rows[i].used && !empty)
			empty = &rows[i];
	}
	if (!make)
		return NULL;
	ck_assert_ptr_nonnull(empty);
	memset(empty, 0, sizeof(*empty));
	empty->used = true;
	empty->key = *key;
	return empty;
}

static int find_ike(uint64_t spi_i, uint64_t spi_r)
{
	int i;

	for (i = 0; i < 64; i++)
		if (ikes[i].spi_i == spi_i && ikes[i].spi_r == spi_r)
			return i;
	return -1;
}

static void write_sa(struct sad_sa *sa)
{
	struct row *row = find_row(&sa->key, sa->entry.group);

	if (!sa->entry.group) {
		if (row)
			row->used = false;
		sad_written(sad, &sa->entry, SAD_ABSENT);
		return;
	}
	row->group = sa->entry.group;
	row->pending = sa->pending;
	row->generation = generation;
	sad_written(sad, &sa->entry, SAD_PRESENT);
}

static void write_ike(struct sad_ike_entry *ike)
{
	int i = find_ike(ike->key.spi_i, ike->key.spi_r);

	if (!ike->entry.group) {
		if (i >= 0)
			memset(&ikes[i], 0, sizeof(ikes[i]));
		sad_written(sad, &ike->entry, SAD_ABSENT);
		return;
	}
	if (i < 0)
		i = find_ike(0, 0);
	ck_assert_int_ge(i, 0);
	ikes[i] = ike->key;
	ike_groups[i] = ike->entry.group;
	ike_generations[i] = generation;
	sad_written(sad, &ike->entry, SAD_PRESENT);
}

/* Tell the kernel what is due; how many entries that were. */
static unsigned int pump(void)
{
	struct sad_entry *e;
	unsigned int n = 0;

	while (!sad_resolve(sad, 1))
		;
	for (; sad_due(sad, IQ_TABLE_SA, &e, 1); n++)
		write_sa(sad_sa_of(e));
	for (; sad_due(sad, IQ_TABLE_IKE, &e, 1); n++)
		write_ike((struct sad_ike_entry *)e);
	ck_assert(sad_idle(sad));
	return n;
}

/* The kernel tells of an SA of its table, or of its end. */
static bool sa_seen(const struct iq_addr *dst, uint32_t spi, uint32_t group,
		    bool local)
{
	struct iq_sa told = {
		.entry = { .table = IQ_TABLE_SA }, .dst = *dst, .spi = spi,
		.proto = IPPROTO_ESP,
	};

	return sad_seen(sad, &told.entry, group, local);
}

static void sa_went(const struct iq_addr *dst, uint32_t spi)
{
	struct iq_sa told = {
		.entry = { .table = IQ_TABLE_SA }, .dst = *dst, .spi = spi,
		.proto = IPPROTO_ESP,
	};

	sad_went(sad, &told.entry);
}

static bool ike_seen(uint64_t spi_i, uint64_t spi_r, uint32_t group)
{
	struct iq_ike told = {
		.entry = { .table = IQ_TABLE_IKE }, .spi_i = spi_i, .spi_r = spi_r,
	};

	return sad_seen(sad, &told.entry, group, false);
}

static void begin(bool empty)
{
	generation++;
	sad_restate(sad, empty);
}

static void end(void)
{
	size_t i;

	pump();
	ck_assert(sad_synced(sad));
	for (i = 0; i < 64; i++) {
		if (rows[i].used && rows[i].generation != generation &&
		    !rows[i].in_sad && !rows[i].pending)
			rows[i].used = false;
		if (ikes[i].spi_i && ike_generations[i] != generation)
			memset(&ikes[i], 0, sizeof(ikes[i]));
	}
}

/* Charon */

static struct iq_addr addr(const char *text)
{
	struct iq_addr a = { .family = AF_INET };

	ck_assert_int_eq(inet_pton(AF_INET, text, a.b), 1);
	return a;
}

#define LOCAL	addr("192.0.2.1")
#define REMOTE	addr("198.51.100.7")

static struct sad_stated stated;

static int say(struct sad_source *source, struct iq_feed msg)
{
	return sad_state(sad, source, &msg, now, &stated);
}

static int ike_by(struct sad_source *source, uint32_t id, uint64_t spi_i,
		  uint64_t spi_r, const char *identity)
{
	return say(source, (struct iq_feed){
		.type = IQ_FEED_IKE, .ike.ike_id = id, .ike.ike_version = 2,
		.ike.spi_i = spi_i, .ike.spi_r = spi_r, .ike.local = LOCAL,
		.ike.local_port = 500, .ike.remote = REMOTE, .ike.remote_port = 500,
		.ike.ids.n = 1, .ike.ids.v = { { ID_FQDN, 1, IQ_FEED_PROOF_IKE, "psk",
				       (const uint8_t *)identity,
				       strlen(identity) } }, .ike.conn = "c" });
}

static int ike(uint32_t id, uint64_t spi_i, uint64_t spi_r,
	       const char *identity)
{
	return ike_by(charon, id, spi_i, spi_r, identity);
}

static int ike_del(uint32_t id)
{
	return say(charon, (struct iq_feed){
		.type = IQ_FEED_IKE_DEL, .ike_del.ike_id = id, .ike_del.spi_i = 1 });
}

static int sa_by(struct sad_source *source, uint32_t id, uint32_t spi,
		 bool pending)
{
	return say(source, (struct iq_feed){
		.type = IQ_FEED_SA, .sa.ike_id = id, .sa.dst = LOCAL, .sa.spi = spi,
		.sa.proto = IPPROTO_ESP, .sa.pending = pending });
}

static int sa(uint32_t id, uint32_t spi, bool pending)
{
	return sa_by(charon, id, spi, pending);
}

/* The same of one to the peers, who are behind one address. */
static int out(uint32_t id, uint32_t spi, bool pending)
{
	return say(charon, (struct iq_feed){
		.type = IQ_FEED_SA, .sa.ike_id = id, .sa.dst = REMOTE, .sa.spi = spi,
		.sa.proto = IPPROTO_ESP, .sa.pending = pending });
}

static int sa_del(uint32_t spi)
{
	return say(charon, (struct iq_feed){
		.type = IQ_FEED_SA_DEL, .sa_del.dst = LOCAL, .sa_del.spi = spi,
		.sa_del.proto = IPPROTO_ESP });
}

static int child(uint32_t id, uint32_t child_id, uint32_t in, uint32_t out)
{
	return say(charon, (struct iq_feed){
		.type = IQ_FEED_CHILD, .child.ike_id = id, .child.child_id = child_id,
		.child.child = "net", .child.reqid = 1, .child.proto = IPPROTO_ESP,
		.child.spi_in = in, .child.spi_out = out, .child.local = LOCAL,
		.child.remote = REMOTE });
}

static void sync_start(struct sad_source *source)
{
	ck_assert_int_eq(say(source, (struct iq_feed){
		.type = IQ_FEED_SYNC_START }), 0);
	begin(false);
}

static void sync_end(struct sad_source *source)
{
	ck_assert_int_eq(say(source, (struct iq_feed){
		.type = IQ_FEED_SYNC_END }), 0);
}

static struct row *kernel_to(const struct iq_addr *dst, uint32_t spi)
{
	struct sad_sa_key key = {
		.spi = spi, .dst = *dst, .proto = IPPROTO_ESP,
	};

	return find_row(&key, false);
}

static uint32_t kernel_sa(uint32_t spi)
{
	struct iq_addr local = LOCAL;
	struct row *row = kernel_to(&local, spi);

	return row ? row->group : 0;
}

static uint32_t kernel_out(uint32_t spi)
{
	struct iq_addr remote = REMOTE;
	struct row *row = kernel_to(&remote, spi);

	return row ? row->group : 0;
}

static uint32_t kernel_ike(uint64_t spi_i, uint64_t spi_r)
{
	int i = find_ike(spi_i, spi_r);

	return i < 0 ? 0 : ike_groups[i];
}

/* The charon SAs 0x1001 and 0x2001 installed, under IKE SA 1. */
static void establish(void)
{
	ck_assert_int_eq(ike(1, 0x11, 0x12, "x.a.example"), 0);
	ck_assert_int_eq(child(1, 1, 0x1001, 0x2001), 0);
	pump();
	ck_assert_uint_eq(kernel_sa(0x1001), GOLD);
}

static unsigned int n_ikes, n_children;

static void count(void)
{
	const struct sad_child *c;
	const struct sad_ike *i;
	struct sad_walk walk;

	n_ikes = n_children = 0;
	sad_walk_begin(sad, &walk);
	while ((i = sad_walk_next(&walk))) {
		n_ikes++;
		LIST_FOREACH(c, &i->children, list)
			n_children++;
	}
	sad_walk_end(&walk);
}

static void setup(void)
{
	memset(rows, 0, sizeof(rows));
	memset(ikes, 0, sizeof(ikes));
	generation = 0;
	now = 1000;
	config = load(first_file);
	sad = sad_new();
	ck_assert_ptr_nonnull(sad);
	sad_config(sad, config);
	sad_kernel(sad, true);
	charon = sad_connect(sad, getpid());
	ck_assert(!sad_synced(sad));
	sync_start(charon);
	sync_end(charon);
	end();
}

static void teardown(void)
{
	sad_free(sad);
	config_free(config);
}

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

/* Identities of a peer, and its group */

static const char *const proofs_file =
	"group victim { id = 1 mark = 0x100/0xf00 }\n"
	"group exact { id = 2 mark = 0x200/0xf00 }\n"
	"group name { id = 3 mark = 0x300/0xf00 }\n"
	"group any { id = 4 mark = 0x400/0xf00 }\n"
	"group vpn { id = 5 mark = 0x500/0xf00 }\n"
	"group admins { id = 6 mark = 0x600/0xf00 }\n"
	"group north { id = 7 mark = 0x700/0xf00 }\n"
	"profile victim { identity = \"*.v.example\" group = victim }\n"
	"profile exact { identity = x.v.example group = exact }\n"
	"profile name { eap-identity = \"n*\" group = name }\n"
	"profile any { identity = \"*\" group = any }\n"
	"profile vpn { member-of = \"vpn-*\" group = vpn }\n"
	"profile admins { member-of = { nobody, Admins } group = admins }\n"
	"profile north { identity = \"CN=gw-17.north\" group = north }\n";

#define IKE	IQ_FEED_PROOF_IKE
#define EAP	IQ_FEED_PROOF_EAP
#define XAUTH	IQ_FEED_PROOF_XAUTH
#define CLAIMED	IQ_FEED_PROOF_NONE

static const struct {
	struct {
		enum iq_feed_proof proof;
		const char *name;
	} ids[3];
	uint32_t group;
} claims[] = {
	{ { { IKE, "a.v.example" } }, 1 },
	{ { { EAP, "a.v.example" } }, 1 },
	{ { { XAUTH, "a.v.example" } }, 0 },
	{ { { CLAIMED, "a.v.example" } }, 0 },
	{ { { CLAIMED, "x.v.example" } }, 0 },
	{ { { CLAIMED, "n1" } }, 0 },
	{ { { IKE, "n1" } }, 4 },
	{ { { EAP, "n1" } }, 3 },
	{ { { XAUTH, "n1" } }, 3 },
	{ { { XAUTH, "m1" } }, 0 },
	/* a claim does no good, nor harm */
	{ { { EAP, "n1" }, { CLAIMED, "x.v.example" } }, 3 },
	{ { { CLAIMED, "x.v.example" }, { EAP, "m1" } }, 4 },
	{ { { IKE, "a.v.example" }, { EAP, "m1" }, { CLAIMED, "x.v.example" } }, 1 },
	{ { { XAUTH, "n1" }, { CLAIMED, "x.v.example" } }, 3 },
	/* of any round, the closest */
	{ { { IKE, "a.v.example" }, { IKE, "x.v.example" } }, 2 },
	{ { { IKE, "x.v.example" }, { IKE, "a.v.example" } }, 2 },
	{ { { IKE, "other" }, { EAP, "x.v.example" } }, 2 },
	{ { { IKE, "other" }, { EAP, "n1" } }, 3 },
	{ { { IKE, "a.v.example" }, { EAP, "n1" } }, 1 },
	{ { { CLAIMED, "" } }, 0 },
};

static int ike_claims(int i, enum iq_feed_proof first)
{
	struct iq_feed msg = {
		.type = IQ_FEED_IKE, .ike.ike_id = 1, .ike.ike_version = 2, .ike.spi_i = 10,
		.ike.spi_r = 20, .ike.local = LOCAL, .ike.local_port = 500,
		.ike.remote = REMOTE, .ike.remote_port = 500, .ike.conn = "c",
	};

	for (; msg.ike.ids.n < 3 && claims[i].ids[msg.ike.ids.n].name; msg.ike.ids.n++)
		msg.ike.ids.v[msg.ike.ids.n] = (struct iq_feed_identity){
			ID_FQDN, msg.ike.ids.n + 1, claims[i].ids[msg.ike.ids.n].proof,
			"a-method", (const uint8_t *)claims[i].ids[msg.ike.ids.n].name,
			strlen(claims[i].ids[msg.ike.ids.n].name) };
	msg.ike.ids.v[0].proof = first;
	return say(charon, msg);
}

static void use_proofs_file(void)
{
	struct config *old = config;

	config = load(proofs_file);
	sad_config(sad, config);
	pump();
	config_free(old);
}

START_TEST(only_what_is_proved_counts)
{
	use_proofs_file();
	ck_assert_int_eq(ike_claims(_i, claims[_i].ids[0].proof), 0);
	ck_assert_uint_eq(stated.group, claims[_i].group);
}
END_TEST

/* Groups count if their round proved an identity; a name that is one does not. */
static const struct {
	struct {
		enum iq_feed_proof proof;
		const char *name;
	} members[3];
	uint32_t group;
} memberships[] = {
	{ { { CLAIMED, "vpn-eu" } }, 4 },
	{ { { EAP, "vpn-eu" } }, 5 },
	{ { { XAUTH, "VPN-eu" } }, 5 },
	{ { { IKE, "vpn-us" } }, 5 },
	{ { { EAP, "staff" }, { EAP, "guests" }, { EAP, "vpn-eu" } }, 5 },
	{ { { EAP, "staff" }, { CLAIMED, "vpn-eu" } }, 4 },
	{ { { EAP, "a vpn-eu" } }, 4 },
	{ { { EAP, "admins" }, { EAP, "vpn-eu" } }, 6 },
	{ { { EAP, "vpn-eu" }, { CLAIMED, "admins" } }, 5 },
};

static int ike_members(int i, const char *name)
{
	struct iq_feed msg = {
		.type = IQ_FEED_IKE, .ike.ike_id = 1, .ike.ike_version = 2, .ike.spi_i = 10,
		.ike.spi_r = 20, .ike.local = LOCAL, .ike.local_port = 500,
		.ike.remote = REMOTE, .ike.remote_port = 500, .ike.conn = "c", .ike.ids.n = 1,
		.ike.ids.v = { { ID_FQDN, 1, EAP, "a-method", (const uint8_t *)name,
			   strlen(name) } },
	};
	size_t n;

	for (n = 0; i >= 0 && n < 3 && memberships[i].members[n].name; n++)
		msg.ike.members.v[n] = (struct iq_feed_member){
			ID_FQDN, 1, memberships[i].members[n].proof,
			(const uint8_t *)memberships[i].members[n].name,
			strlen(memberships[i].members[n].name) };
	msg.ike.members.n = n;
	return say(charon, msg);
}

START_TEST(groups_count_as_their_round)
{
	use_proofs_file();
	ck_assert_int_eq(ike_members(_i, "max"), 0);
	ck_assert_uint_eq(stated.group, memberships[_i].group);
	/* and they may change */
	ck_assert_int_eq(ike_members(-1, "vpn-eu"), 0);
	ck_assert_uint_eq(stated.group, 4);
	ck_assert_int_eq(ike_members(_i, "max"), 0);
	ck_assert_uint_eq(stated.group, memberships[_i].group);
}
END_TEST

/* DNs are matched as the charon that states them does. */
START_TEST(rdns_are_matched_as_charon_does)
{
	static const uint8_t dn[] = "\x30\x23\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02NL"
		"\x31\x14\x30\x12\x06\x03\x55\x04\x03\x13\x0bgw-17.north";
	static const uint32_t groups[] = { 4, 4, 7 };
	struct iq_feed msg = {
		.type = IQ_FEED_IKE, .ike.ike_id = 1, .ike.ike_version = 2, .ike.spi_i = 10,
		.ike.spi_r = 20, .ike.local = LOCAL, .ike.local_port = 500,
		.ike.remote = REMOTE, .ike.remote_port = 500, .ike.conn = "c", .ike.ids.n = 1,
		.ike.ids.v = { { ID_DER_ASN1_DN, 1, IKE, "pubkey", dn, sizeof(dn) - 1 } },
	};

	use_proofs_file();
	for (msg.ike.rdn_matching = 0; msg.ike.rdn_matching <= 2; msg.ike.rdn_matching++) {
		ck_assert_int_eq(say(charon, msg), 0);
		ck_assert_uint_eq(stated.group, groups[msg.ike.rdn_matching]);
		ck_assert_int_eq(sad_matching(sad), msg.ike.rdn_matching);
	}
}
END_TEST

START_TEST(a_claim_may_be_proved)
{
	use_proofs_file();
	ck_assert_int_eq(ike_claims(0, CLAIMED), 0);
	ck_assert_uint_eq(stated.group, 0);
	ck_assert_int_eq(ike_claims(0, EAP), 0);
	ck_assert_uint_eq(stated.group, 1);
	ck_assert_int_eq(ike_claims(0, XAUTH), 0);
	ck_assert_uint_eq(stated.group, 0);
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

START_TEST(what_went_with_the_kernels_sa_stays_gone)
{
	struct config *second = load(second_file);
	struct iq_addr local = LOCAL, remote = REMOTE;
	struct sad_sa *s;
	size_t n;

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

	/* a configuration, another module, half of a sync: it stays gone */
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

	/* what is told of the former one is not of the one that comes */
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

/* What is logged, from here to heard(). */
static FILE *log_file;
static int log_before;
static char said[4096];

static void hear(void)
{
	log_file = tmpfile();
	ck_assert_ptr_nonnull(log_file);
	log_before = dup(STDERR_FILENO);
	dup2(fileno(log_file), STDERR_FILENO);
}

/* How many lines that were; @said has the first of them. */
static unsigned int heard(void)
{
	unsigned int n = 0;
	int c;

	dup2(log_before, STDERR_FILENO);
	close(log_before);
	rewind(log_file);
	said[fread(said, 1, sizeof(said) - 1, log_file)] = '\0';
	rewind(log_file);
	while ((c = fgetc(log_file)) != EOF)
		n += c == '\n';
	fclose(log_file);
	return n;
}

/* An IKE SA whose peer proved, or claimed, up to two identities. */
static void claim_ike(uint32_t id, const char *conn, const char *proved,
		      const char *claimed)
{
	struct iq_feed msg = {
		.type = IQ_FEED_IKE, .ike.ike_id = id, .ike.ike_version = 2,
		.ike.spi_i = id << 8 | 1, .ike.spi_r = id << 8 | 2, .ike.local = LOCAL,
		.ike.local_port = 500, .ike.remote = REMOTE, .ike.remote_port = 500,
		.ike.conn = conn };

	if (proved)
		msg.ike.ids.v[msg.ike.ids.n++] = (struct iq_feed_identity){ ID_FQDN, 1,
			IQ_FEED_PROOF_EAP, "eap-md5", (const uint8_t *)proved,
			strlen(proved) };
	if (claimed)
		msg.ike.ids.v[msg.ike.ids.n++] = (struct iq_feed_identity){ ID_FQDN, 1,
			IQ_FEED_PROOF_NONE, "eap-md5", (const uint8_t *)claimed,
			strlen(claimed) };
	ck_assert_int_eq(say(charon, msg), 0);
}

static bool says(const char *a, const char *b, const char *c)
{
	return strstr(said, a) && strstr(said, b) && strstr(said, c);
}

START_TEST(what_would_fit_if_proved_is_logged_once)
{
	hear();
	claim_ike(5, "road", "mallory", "hub.b.example");
	claim_ike(6, "road", "mallory", "other.b.example");
	claim_ike(7, "road", "oscar", "hub.a.example");
	/* the same peer, rekeyed */
	claim_ike(8, "road", "mallory", "hub.b.example");
	ck_assert_uint_eq(stated.group, 0);
	ck_assert_uint_eq(heard(), 1);
	ck_assert_msg(says("connection road: ", "hub.b.example", "no group") &&
		      says("profile b ", "group silver", "connection = road"),
		      "%s", said);

	/* it may be in another one */
	hear();
	claim_ike(9, "town", "x.b.example", "hub.a.example");
	ck_assert_uint_eq(stated.group, SILVER);
	ck_assert_uint_eq(heard(), 1);
	ck_assert_msg(says("connection town: ", "hub.a.example", "group silver") &&
		      says("profile a ", "group gold", "connection = town"),
		      "%s", said);

	/* what changes nothing is not worth a word */
	hear();
	claim_ike(10, "c1", "x.a.example", "y.a.example");
	claim_ike(11, "c2", "mallory", "nobody.example");
	claim_ike(12, "c3", NULL, "nobody.example");
	claim_ike(13, "c4", "x.b.example", NULL);
	claim_ike(14, "c5", NULL, NULL);
	ck_assert_uint_eq(heard(), 0);

	/* until there is another configuration */
	hear();
	sad_config(sad, config);
	pump();
	ck_assert_uint_eq(heard(), 2);
}
END_TEST

START_TEST(what_peers_claim_fills_no_log)
{
	char name[32], conn[32];
	unsigned int i;

	hear();
	for (i = 1; i <= 3000; i++) {
		snprintf(name, sizeof(name), "n%u.a.example", i);
		claim_ike(i, "road", "mallory", name);
	}
	ck_assert_uint_eq(heard(), 1);
	/* nor do many connections: its last line says that there are more */
	hear();
	for (i = 1; i <= 500; i++) {
		snprintf(conn, sizeof(conn), "conn%u", i);
		claim_ike(i, conn, "mallory", "hub.a.example");
	}
	ck_assert_uint_eq(heard(), N(((struct once *)0)->said));
	while (!sad_resolve(sad, 100))
		;
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("sad");

	tcase_add_checked_fixture(tcase, setup, teardown);
	/* of a machine that others use, too */
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, groups_follow_identities);
	tcase_add_test(tcase, ports_are_looked_at);
	tcase_add_test(tcase, what_was_announced_late_stays);
	tcase_add_test(tcase, an_identity_may_change);
	tcase_add_loop_test(tcase, only_what_is_proved_counts, 0, N(claims));
	tcase_add_test(tcase, a_claim_may_be_proved);
	tcase_add_loop_test(tcase, groups_count_as_their_round, 0, N(memberships));
	tcase_add_test(tcase, rdns_are_matched_as_charon_does);
	tcase_add_test(tcase, an_unstated_ike_sa_is_refused);
	tcase_add_test(tcase, what_is_deleted_goes);
	tcase_add_test(tcase, sas_outlive_their_ikev1_sa);
	tcase_add_test(tcase, the_responders_spi_comes_later);
	tcase_add_test(tcase, a_configuration_moves_what_lives);
	tcase_add_test(tcase, what_is_not_restated_is_swept);
	tcase_add_test(tcase, a_reload_while_charon_restates);
	tcase_add_test(tcase, only_memory_is_bounded);
	tcase_add_test(tcase, a_configuration_moves_in_turns);
	tcase_add_test(tcase, what_was_due_before_a_sync_counts_for_nothing);
	tcase_add_test(tcase, the_module_comes_anew);
	tcase_add_test(tcase, pending_sas_are_settled);
	tcase_add_test(tcase, what_was_refused_is_stated_again);
	tcase_add_test(tcase, what_somebody_removed_is_put_back);
	tcase_add_test(tcase, what_went_with_the_kernels_sa_stays_gone);
	tcase_add_test(tcase, what_is_not_known_is_not_missing);
	tcase_add_test(tcase, what_a_dead_charon_left_is_not_put_back);
	tcase_add_test(tcase, charons_do_not_disturb_each_other);
	tcase_add_test(tcase, a_charon_that_died_is_forgotten);
	tcase_add_test(tcase, no_ike_sa_takes_anothers_sa);
	tcase_add_test(tcase, a_child_sa_moves_to_another_ike_sa);
	tcase_add_test(tcase, what_is_nobodys_can_be_taken);
	tcase_add_test(tcase, ike_sas_go_while_they_are_walked_through);
	tcase_add_test(tcase, a_sync_has_a_beginning);
	tcase_add_test(tcase, charons_say_what_they_passed_over);
	tcase_add_test(tcase, what_would_fit_if_proved_is_logged_once);
	tcase_add_test(tcase, what_peers_claim_fills_no_log);
	return run_tests("sad", tcase);
}
