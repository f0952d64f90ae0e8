// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which bits a connection's marks and a group's both want, what is said of it,
 * and how often.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sa/dispute.h"
#include "suite.h"

static struct iq_kernel_group groups[] = {
	{ .id = 3, .name = "tin", .mark = 0x300, .mask = 0xf00, .mark_clear = 0x300 },
	{ .id = 8, .name = "lead", .mark = 0x1500, .mask = 0xff00, .mark_clear = 0x1500 },
	{ .id = 9, .name = "zinc", .mark = 0xa0000, .mask = 0xf0000, .mark_clear = 0xb0000 },
};

static const struct config config = {
	.n_groups = N(groups), .groups = groups,
};

#define TIN	3
#define LEAD	8
#define ZINC	9	/* its clear packets carry another */

static struct dispute found[DISPUTES];
static char said[DISPUTE_TEXT];

static const char *say(const struct dispute *d)
{
	dispute_say(d, "acme", "net", said, sizeof(said));
	return said;
}

static struct claims claims(enum claim claim, uint32_t value, uint32_t mask)
{
	struct claims c = {};

	c.value[claim] = value;
	c.mask[claim] = mask;
	return c;
}

struct one {
	enum claim claim;
	uint32_t value;
	uint32_t mask;
	uint32_t group;		/* the peer's */
	uint32_t with;		/* whose it is a dispute with, 0: there is none */
	uint32_t bits;
	const char *remedy;
};

static const struct one ones[] = {
	/* without marks, without a group, and apart */
	{ CLAIM_MARK_IN, 0, 0, TIN, 0, 0, NULL },
	{ CLAIM_MARK_IN, 0x7, 0xff, 0, 0, 0, NULL },
	{ CLAIM_MARK_OUT, 0x7, 0xff, TIN, 0, 0, NULL },
	{ CLAIM_MARK_OUT, 0x70000, 0xf0000, LEAD, 0, 0, NULL },
	/* both want what the group's mark is */
	{ CLAIM_MARK_OUT, 0x30a, 0xf0f, TIN, 0, 0, NULL },
	{ CLAIM_SET_MARK_OUT, 0x300, 0xf00, TIN, 0, 0, NULL },
	/* both want other values, each of the marks */
	{ CLAIM_MARK_IN, 0x63, 0xffffffff, TIN, TIN, 0xf00,
	  "a mask without them (0x63/0xfffff0ff)" },
	{ CLAIM_MARK_OUT, 0x7, 0xfff, LEAD, LEAD, 0xf00,
	  "a mask without them (0x7/0xff), or the group bits of 0xfffff000" },
	{ CLAIM_SET_MARK_IN, 0x400, 0xfff, TIN, TIN, 0xf00,
	  "give the group bits of 0xfffff000" },
	{ CLAIM_SET_MARK_OUT, 0x240, 0xffffffff, LEAD, LEAD, 0xff00,
	  "a mask (0x240/0x240, or with more bits)" },
	/* another's mark fits the policies */
	{ CLAIM_MARK_IN, 0x300, 0xfff, 0, TIN, 0xf00, "another value" },
	{ CLAIM_MARK_OUT, 0x1500, 0xffff, TIN, LEAD, 0xff00, "another value" },
	/* but what an SA sets is looked up by nobody of the connection's */
	{ CLAIM_SET_MARK_OUT, 0x300, 0xf00, 0, 0, 0, NULL },
	{ CLAIM_SET_MARK_IN, 0x1500, 0xff00, 0, 0, 0, NULL },
	/* what comes out of an SA has the clear packets' mark; ESP has the group's own */
	{ CLAIM_MARK_IN, 0xb0000, 0xf0000, ZINC, 0, 0, NULL },
	{ CLAIM_MARK_IN, 0xa0000, 0xf0000, ZINC, ZINC, 0xf0000, "(0xb0000/0xf0000)" },
	{ CLAIM_SET_MARK_IN, 0xb0000, 0xf0000, ZINC, 0, 0, NULL },
	{ CLAIM_SET_MARK_IN, 0xa0000, 0xf0000, ZINC, ZINC, 0xf0000, "(0xb0000/0xf0000)" },
	{ CLAIM_SET_MARK_OUT, 0xa0000, 0xf0000, ZINC, 0, 0, NULL },
	{ CLAIM_SET_MARK_OUT, 0xb0000, 0xf0000, ZINC, ZINC, 0xf0000, "(0xa0000/0xf0000)" },
	/* what goes into one may have either */
	{ CLAIM_MARK_OUT, 0xa0000, 0xf0000, ZINC, 0, 0, NULL },
	{ CLAIM_MARK_OUT, 0xb0000, 0xf0000, ZINC, 0, 0, NULL },
	{ CLAIM_MARK_OUT, 0xc0000, 0xf0000, ZINC, ZINC, 0xf0000, "(0xa0000/0xf0000)" },
	/* and both may fit another's policies */
	{ CLAIM_MARK_IN, 0xa0000, 0xf0000, TIN, ZINC, 0xf0000, "(0xa0000/0xf0000)" },
	{ CLAIM_MARK_OUT, 0xb0000, 0xf0000, TIN, ZINC, 0xf0000, "(0xb0000/0xf0000)" },
};

START_TEST(test_find)
{
	const struct one *one = &ones[_i];
	struct claims c = claims(one->claim, one->value, one->mask);
	size_t n = dispute_find(&config, &c, one->group, found), i;

	for (i = 0; i < n && found[i].group.id != one->with; i++)
		;
	if (!one->with) {
		ck_assert_uint_eq(n, 0);
		return;
	}
	ck_assert_uint_lt(i, n);
	ck_assert_uint_eq(found[i].claims, 1U << one->claim);
	ck_assert_uint_eq(found[i].bits, one->bits);
	ck_assert_int_eq(found[i].own, one->with == one->group);
	say(&found[i]);
	ck_assert_msg(strstr(said, "connection acme, CHILD SA net: ") == said &&
		      strstr(said, claim_name(one->claim)) &&
		      strstr(said, found[i].group.name) &&
		      strstr(said, one->remedy), "%s", said);
}
END_TEST

/* mark_in and mark_out mostly are the same. */
START_TEST(test_same)
{
	struct claims c = claims(CLAIM_MARK_IN, 0x42, 0xffffffff);

	c.value[CLAIM_MARK_OUT] = 0x42;
	c.mask[CLAIM_MARK_OUT] = 0xffffffff;
	ck_assert_uint_eq(dispute_find(&config, &c, TIN, found), 1);
	ck_assert_ptr_nonnull(strstr(say(&found[0]),
				     "mark_in and mark_out = 0x42/0xffffffff"));
	c.value[CLAIM_MARK_OUT] = 0x43;
	ck_assert_uint_eq(dispute_find(&config, &c, TIN, found), 2);
}
END_TEST

START_TEST(test_read)
{
	struct iq_feed_child msg = {
		.mark_in = 0x1234ULL << 32 | 0xff,
		.set_mark_out = 1ULL << 63 | 1U << 31,
	};
	struct claims c;

	memset(&c, 0xee, sizeof(c));
	claims_read(&c, &msg);
	ck_assert_uint_eq(c.value[CLAIM_MARK_IN], 0x34);
	ck_assert_uint_eq(c.mask[CLAIM_MARK_IN], 0xff);
	ck_assert_uint_eq(c.mask[CLAIM_MARK_OUT], 0);
	ck_assert_uint_eq(c.value[CLAIM_SET_MARK_OUT], 1U << 31);
	ck_assert_uint_eq(c.mask[CLAIM_SET_MARK_OUT], 1U << 31);
}
END_TEST

/* How many lines dispute_log() says. */
static int logged(struct once *log, const struct dispute *d,
		  const char *conn)
{
	FILE *file = tmpfile();
	int err = dup(STDERR_FILENO), n = 0, c;

	ck_assert_ptr_nonnull(file);
	dup2(fileno(file), STDERR_FILENO);
	dispute_log(log, d, conn, "net");
	dup2(err, STDERR_FILENO);
	close(err);
	rewind(file);
	while ((c = fgetc(file)) != EOF)
		n += c == '\n';
	fclose(file);
	return n;
}

START_TEST(test_log)
{
	struct claims c = claims(CLAIM_MARK_IN, 0x42, 0xffffffff);
	struct once log = {};
	char conn[16];
	int i, n = 0;

	ck_assert_uint_eq(dispute_find(&config, &c, TIN, found), 1);
	ck_assert_int_eq(logged(&log, &found[0], "a"), 1);
	/* another CHILD SA of that connection, with a mark of its own */
	found[0].value++;
	ck_assert_int_eq(logged(&log, &found[0], "a"), 0);
	ck_assert_int_eq(logged(&log, &found[0], "b"), 1);
	found[0].group = groups[1];
	ck_assert_int_eq(logged(&log, &found[0], "b"), 1);

	/* never more than so many, and one line that says so */
	for (i = 0; i < 1000; i++) {
		snprintf(conn, sizeof(conn), "c%d", i);
		n += logged(&log, &found[0], conn);
	}
	ck_assert_int_eq(n, (int)N(log.said) - 3 + 1);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("dispute");

	tcase_add_loop_test(tc, test_find, 0, N(ones));
	tcase_add_test(tc, test_same);
	tcase_add_test(tc, test_read);
	tcase_add_test(tc, test_log);
	return run_tests("dispute", tc);
}
