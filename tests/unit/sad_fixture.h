/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of the SAD stand on: charons that state, and the kernel, which is
 * played by a table that behaves as <linux/ipsec_qos.h> says.
 */
#ifndef IPSEC_QOS_TESTS_UNIT_SAD_FIXTURE_H
#define IPSEC_QOS_TESTS_UNIT_SAD_FIXTURE_H

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
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

static inline struct config *load(const char *text)
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

static inline bool same_sa(const struct sad_sa_key *a, const struct sad_sa_key *b)
{
	return a->spi == b->spi && a->proto == b->proto &&
	       !memcmp(&a->dst, &b->dst, sizeof(a->dst));
}

static inline struct row *find_row(const struct sad_sa_key *key, bool make)
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

static inline int find_ike(uint64_t spi_i, uint64_t spi_r)
{
	int i;

	for (i = 0; i < 64; i++)
		if (ikes[i].spi_i == spi_i && ikes[i].spi_r == spi_r)
			return i;
	return -1;
}

static inline void write_sa(struct sad_sa *sa)
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

static inline void write_ike(struct sad_ike_entry *ike)
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
static inline unsigned int pump(void)
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
static inline bool sa_seen(const struct iq_addr *dst, uint32_t spi, uint32_t group,
			   bool local)
{
	struct iq_sa told = {
		.entry = { .table = IQ_TABLE_SA }, .dst = *dst, .spi = spi,
		.proto = IPPROTO_ESP,
	};

	return sad_seen(sad, &told.entry, group, local);
}

static inline void sa_went(const struct iq_addr *dst, uint32_t spi)
{
	struct iq_sa told = {
		.entry = { .table = IQ_TABLE_SA }, .dst = *dst, .spi = spi,
		.proto = IPPROTO_ESP,
	};

	sad_went(sad, &told.entry);
}

static inline bool ike_seen(uint64_t spi_i, uint64_t spi_r, uint32_t group)
{
	struct iq_ike told = {
		.entry = { .table = IQ_TABLE_IKE }, .spi_i = spi_i, .spi_r = spi_r,
	};

	return sad_seen(sad, &told.entry, group, false);
}

static inline void begin(bool empty)
{
	generation++;
	sad_restate(sad, empty);
}

static inline void end(void)
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

static inline struct iq_addr addr(const char *text)
{
	struct iq_addr a = { .family = AF_INET };

	ck_assert_int_eq(inet_pton(AF_INET, text, a.b), 1);
	return a;
}

#define LOCAL	addr("192.0.2.1")
#define REMOTE	addr("198.51.100.7")

static struct sad_stated stated;

static inline int say(struct sad_source *source, struct iq_feed msg)
{
	return sad_state(sad, source, &msg, now, &stated);
}

static inline int ike_by(struct sad_source *source, uint32_t id, uint64_t spi_i,
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

static inline int ike(uint32_t id, uint64_t spi_i, uint64_t spi_r,
		      const char *identity)
{
	return ike_by(charon, id, spi_i, spi_r, identity);
}

static inline int ike_del(uint32_t id)
{
	return say(charon, (struct iq_feed){
		.type = IQ_FEED_IKE_DEL, .ike_del.ike_id = id, .ike_del.spi_i = 1 });
}

static inline int sa_by(struct sad_source *source, uint32_t id, uint32_t spi,
			bool pending)
{
	return say(source, (struct iq_feed){
		.type = IQ_FEED_SA, .sa.ike_id = id, .sa.dst = LOCAL, .sa.spi = spi,
		.sa.proto = IPPROTO_ESP, .sa.pending = pending });
}

static inline int sa(uint32_t id, uint32_t spi, bool pending)
{
	return sa_by(charon, id, spi, pending);
}

/* The same of one to the peers, who are behind one address. */
static inline int out(uint32_t id, uint32_t spi, bool pending)
{
	return say(charon, (struct iq_feed){
		.type = IQ_FEED_SA, .sa.ike_id = id, .sa.dst = REMOTE, .sa.spi = spi,
		.sa.proto = IPPROTO_ESP, .sa.pending = pending });
}

static inline int sa_del(uint32_t spi)
{
	return say(charon, (struct iq_feed){
		.type = IQ_FEED_SA_DEL, .sa_del.dst = LOCAL, .sa_del.spi = spi,
		.sa_del.proto = IPPROTO_ESP });
}

static inline int child(uint32_t id, uint32_t child_id, uint32_t in, uint32_t out)
{
	return say(charon, (struct iq_feed){
		.type = IQ_FEED_CHILD, .child.ike_id = id, .child.child_id = child_id,
		.child.child = "net", .child.reqid = 1, .child.proto = IPPROTO_ESP,
		.child.spi_in = in, .child.spi_out = out, .child.local = LOCAL,
		.child.remote = REMOTE });
}

static inline void sync_start(struct sad_source *source)
{
	ck_assert_int_eq(say(source, (struct iq_feed){
		.type = IQ_FEED_SYNC_START }), 0);
	begin(false);
}

static inline void sync_end(struct sad_source *source)
{
	ck_assert_int_eq(say(source, (struct iq_feed){
		.type = IQ_FEED_SYNC_END }), 0);
}

static inline struct row *kernel_to(const struct iq_addr *dst, uint32_t spi)
{
	struct sad_sa_key key = {
		.spi = spi, .dst = *dst, .proto = IPPROTO_ESP,
	};

	return find_row(&key, false);
}

static inline uint32_t kernel_sa(uint32_t spi)
{
	struct iq_addr local = LOCAL;
	struct row *row = kernel_to(&local, spi);

	return row ? row->group : 0;
}

static inline uint32_t kernel_out(uint32_t spi)
{
	struct iq_addr remote = REMOTE;
	struct row *row = kernel_to(&remote, spi);

	return row ? row->group : 0;
}

static inline uint32_t kernel_ike(uint64_t spi_i, uint64_t spi_r)
{
	int i = find_ike(spi_i, spi_r);

	return i < 0 ? 0 : ike_groups[i];
}

/* The charon SAs 0x1001 and 0x2001 installed, under IKE SA 1. */
static inline void establish(void)
{
	ck_assert_int_eq(ike(1, 0x11, 0x12, "x.a.example"), 0);
	ck_assert_int_eq(child(1, 1, 0x1001, 0x2001), 0);
	pump();
	ck_assert_uint_eq(kernel_sa(0x1001), GOLD);
}

static unsigned int n_ikes, n_children;

static inline void count(void)
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

static inline void setup(void)
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

static inline void teardown(void)
{
	sad_free(sad);
	config_free(config);
}

#endif /* IPSEC_QOS_TESTS_UNIT_SAD_FIXTURE_H */
