// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Plans: from a shaper to HTB classes.
 */
#include <stdlib.h>
#include <string.h>

#include "shaping/plan.h"
#include "suite.h"

#define MTU	1500
#define FRAME	1514
#define MBIT	125000ULL
#define GBIT	(1000 * MBIT)
#define KBIT	125ULL

static struct iq_kernel_group groups[] = {
	{ .id = 1, .name = "gold", .mark = 0x10, .mask = 0xff0 },
	{ .id = 2, .name = "silver", .mark = 0x20, .mask = 0xff0 },
	{ .id = 0xfffe, .name = "first-too-great", .mark = 0x3, .mask = 0xf },
	{ .id = 0xffff, .name = "same-as-1", .mark = 0x4, .mask = 0xf },
	{ .id = 0x1fffe, .name = "same-as-2", .mark = 0x5, .mask = 0xf },
	{ .id = 0xffffffff, .name = "last", .mark = 0xffffffff, .mask = 0xffffffff },
	{ .id = 0xfffffffe, .name = "unmarked", .mark = 0, .mask = 0xff },
};

static const struct config config = {
	.n_groups = N(groups),
	.groups = groups,
};

static struct plan *make(uint64_t rate, struct class *classes, size_t n)
{
	struct shaper shaper = {
		.name = "wan",
		.device = "eth0",
		.rate = rate,
		.n_classes = n,
		.classes = classes,
	};
	const char *why = NULL;
	struct plan *plan;

	plan = plan_make(&config, &shaper, MTU, &why);
	ck_assert_msg(plan != NULL, "%s", why ? why : "no reason given");
	return plan;
}

#define MAKE(rate, ...) ({						\
	static struct class classes[] = { __VA_ARGS__ };		\
	make(rate, classes, N(classes));	\
})

static struct plan_class *of_class(struct plan *plan, const struct class *class)
{
	size_t i;

	for (i = 0; i < plan->n; i++)
		if (plan->classes[i].class == class)
			return &plan->classes[i];

	ck_abort_msg("a class has no place in the plan");
	return NULL;
}

static struct plan_class *of(struct plan *plan, uint32_t group)
{
	size_t i;

	for (i = 0; i < plan->n; i++)
		if (plan->classes[i].class->group == group)
			return &plan->classes[i];

	ck_abort_msg("group %u has no class", group);
	return NULL;
}

START_TEST(tree)
{
	struct plan *plan = MAKE(100 * MBIT, { 2, 20 * MBIT, 50 * MBIT },
				 { 1, 30 * MBIT, 100 * MBIT },
				 { 0, 10 * MBIT, 100 * MBIT });
	struct plan_class *pc;

	ck_assert_uint_eq(plan->n, 3);
	ck_assert_uint_eq(plan->root.minor, PLAN_MINOR_ROOT);
	ck_assert_uint_eq(plan->root.rate, 100 * MBIT);
	ck_assert_uint_eq(plan->root.ceil, 100 * MBIT);

	pc = of(plan, 1);
	ck_assert_uint_eq(pc->minor, 1);
	ck_assert_uint_eq(pc->mark, 0x10);
	ck_assert_uint_eq(pc->mask, 0xff0);
	ck_assert_uint_eq(pc->rate, 30 * MBIT);
	ck_assert_uint_eq(pc->ceil, 100 * MBIT);
	ck_assert_ptr_eq(plan_find(plan, 1), pc);

	pc = of(plan, 2);
	ck_assert_uint_eq(pc->minor, 2);
	ck_assert_uint_eq(pc->ceil, 50 * MBIT);

	pc = of(plan, 0);
	ck_assert_uint_eq(pc->minor, PLAN_MINOR_DEFAULT);
	ck_assert_uint_eq(pc->mask, 0);
	ck_assert_ptr_eq(plan_find(plan, PLAN_MINOR_DEFAULT), pc);

	ck_assert_ptr_eq(plan_find(plan, PLAN_MINOR_ROOT), &plan->root);
	ck_assert_ptr_null(plan_find(plan, 3));
	free(plan);
}
END_TEST

/* A group whose clear packets have a mark of their own: both to one class, or one each. */
START_TEST(ways)
{
	static struct iq_kernel_group both[] = {
		{ .id = 7, .name = "both", .mark = 0x10, .mask = 0xff0, .mark_clear = 0x20 },
	};
	static const struct config with = { .n_groups = 1, .groups = both };
	struct class classes[] = {
		{ 7, MBIT, MBIT, .way = CLASS_ALL }, { 0, MBIT, MBIT }, { 0, MBIT, MBIT },
	};
	struct shaper shaper = { .rate = GBIT, .n_classes = 2, .classes = classes };
	const char *why;
	struct plan *plan;

	plan = plan_make(&with, &shaper, MTU, &why);
	ck_assert_ptr_nonnull(plan);
	ck_assert_uint_eq(plan_find(plan, 7)->mark, 0x10);
	ck_assert_uint_eq(plan_find(plan, 7)->mark_clear, 0x20);
	ck_assert_ptr_null(plan_find(plan, 0x8007));
	free(plan);

	classes[0].way = CLASS_ESP;
	classes[1] = classes[0];
	classes[1].way = CLASS_CLEAR;
	shaper.n_classes = 3;
	plan = plan_make(&with, &shaper, MTU, &why);
	ck_assert_ptr_nonnull(plan);
	ck_assert_uint_eq(plan_find(plan, 7)->mark, 0x10);
	ck_assert_uint_eq(plan_find(plan, 7)->mark_clear, 0);
	ck_assert_uint_eq(plan_find(plan, 0x8007)->mark, 0x20);
	ck_assert_uint_eq(plan_find(plan, 0x8007)->mask, 0xff0);
	ck_assert_uint_eq(plan_find(plan, 0x8007)->mark_clear, 0);
	free(plan);
}
END_TEST

/* Ids that do not fit a minor never take one that an id has by itself. */
START_TEST(great_ids)
{
	struct plan *plan = MAKE(100 * MBIT, { 0x1fffe, MBIT, MBIT },
				 { 0xffffffff, MBIT, MBIT },
				 { 0xffff, MBIT, MBIT }, { 0xfffe, MBIT, MBIT },
				 { 2, MBIT, MBIT }, { 1, MBIT, MBIT },
				 { 0, MBIT, MBIT });
	struct plan *other = MAKE(100 * MBIT, { 1, MBIT, MBIT },
				  { 2, MBIT, MBIT }, { 0xfffe, MBIT, MBIT },
				  { 0xffff, MBIT, MBIT },
				  { 0x1fffe, MBIT, MBIT },
				  { 0xffffffff, MBIT, MBIT }, { 0, MBIT, MBIT });
	size_t i;

	ck_assert_uint_eq(of(plan, 1)->minor, 1);
	ck_assert_uint_eq(of(plan, 2)->minor, 2);

	for (i = 0; i < plan->n; i++) {
		ck_assert_uint_ne(plan->classes[i].minor, 0);
		ck_assert_uint_ne(plan->classes[i].minor, PLAN_MINOR_ROOT);
		if (i)
			ck_assert_uint_gt(plan->classes[i].minor,
					  plan->classes[i - 1].minor);
		/* whatever the order they stand in */
		ck_assert_uint_eq(plan->classes[i].minor,
				  of(other, plan->classes[i].class->group)->minor);
	}

	free(plan);
	free(other);
}
END_TEST

START_TEST(quantums)
{
	struct plan *plan = MAKE(12 * MBIT, { 1, 6 * MBIT, 12 * MBIT },
				 { 2, 3 * MBIT, 12 * MBIT },
				 { 0, 1 * MBIT, 12 * MBIT });

	/* what goes by in twenty milliseconds, in the proportion of the rates */
	ck_assert_uint_eq(of(plan, 0)->quantum, 2500);
	ck_assert_uint_eq(of(plan, 2)->quantum, 7500);
	ck_assert_uint_eq(of(plan, 1)->quantum, 15000);
	free(plan);

	/* ten packets of a slow line */
	plan = MAKE(MBIT, { 1, MBIT / 2, MBIT }, { 2, 3 * MBIT / 10, MBIT },
		    { 0, MBIT / 5, MBIT });
	ck_assert_uint_eq(of(plan, 1)->quantum, 5 * FRAME);
	ck_assert_uint_eq(of(plan, 2)->quantum, 3 * FRAME);
	ck_assert_uint_eq(of(plan, 0)->quantum, 2 * FRAME);
	free(plan);
}
END_TEST

static bool same(const struct plan_class *a, const struct plan_class *b)
{
	return a->minor == b->minor && a->mark == b->mark && a->mask == b->mask &&
	       a->rate == b->rate && a->ceil == b->ceil && a->burst == b->burst &&
	       a->cburst == b->cburst && a->quantum == b->quantum &&
	       a->target == b->target && a->interval == b->interval;
}

/* A class that comes, be it slower or faster than all others, changes none. */
START_TEST(one_more)
{
	struct class classes[] = {
		{ 0, 5 * MBIT, 300 * MBIT }, { 2, 40 * MBIT, 300 * MBIT },
		{ 1, 90 * MBIT, 300 * MBIT }, { 0xffff, 64 * KBIT, MBIT },
		{ 0x1fffe, 150 * MBIT, 300 * MBIT },
	};
	struct plan *plans[3];
	size_t i, n;

	for (n = 3; n <= N(classes); n++)
		plans[n - 3] = make(300 * MBIT, classes, n);
	for (n = 1; n < N(plans); n++) {
		ck_assert(same(&plans[n]->root, &plans[n - 1]->root));
		for (i = 0; i < n + 2; i++)
			ck_assert(same(of(plans[n], classes[i].group),
				       of(plans[n - 1], classes[i].group)));
	}
	for (n = 0; n < N(plans); n++)
		free(plans[n]);
}
END_TEST

START_TEST(far_apart)
{
	struct plan *plan = MAKE(40 * GBIT, { 1, 39 * GBIT, 40 * GBIT },
				 { 2, 64 * KBIT, 64 * KBIT },
				 { 0, 500 * MBIT, 40 * GBIT });
	struct plan_class *fast = of(plan, 1), *slow = of(plan, 2);

	ck_assert_uint_eq(fast->rate, 39 * GBIT);	/* more than 32 bits */
	ck_assert_uint_eq(fast->quantum, 58500);	/* 39 fortieths of 60000 */
	ck_assert_uint_eq(slow->quantum, FRAME);
	ck_assert_uint_eq(of(plan, 0)->quantum, FRAME);

	/* never less than a packet, never a second's worth of a fast link */
	ck_assert_uint_eq(slow->burst, FRAME);
	ck_assert_uint_gt(fast->burst, 60000);
	ck_assert_uint_lt(fast->burst, fast->rate / 50);

	ck_assert_uint_eq(fast->target, 5000);
	ck_assert_uint_eq(fast->interval, 100000);
	ck_assert_uint_gt(slow->target, fast->target);
	ck_assert_uint_ge(slow->interval, slow->target);
	free(plan);
}
END_TEST

START_TEST(bursts)
{
	struct plan *plan = MAKE(100 * MBIT, { 1, 50 * MBIT, 100 * MBIT },
				 { 2, 2 * MBIT, 2 * MBIT },
				 { 0, 64 * KBIT, 1 * MBIT });

	/* ten milliseconds of a rate, ... */
	ck_assert_uint_eq(of(plan, 1)->burst, 62500);
	ck_assert_uint_eq(of(plan, 1)->cburst, 125000);
	/* ... or ten packets, ... */
	ck_assert_uint_eq(of(plan, 2)->burst, 10 * FRAME);
	/* ... but nobody waits a tenth of a second, unless it is one packet */
	ck_assert_uint_eq(of(plan, 0)->burst, FRAME);
	ck_assert_uint_eq(of(plan, 0)->cburst, 12500);
	free(plan);
}
END_TEST

/* HTB refuses a rate of 0. */
START_TEST(nothing_promised)
{
	struct plan *plan = MAKE(MBIT, { 1, MBIT, MBIT }, { 0, 0, 0 });

	ck_assert_uint_gt(of(plan, 0)->rate, 0);
	ck_assert_uint_ge(of(plan, 0)->ceil, of(plan, 0)->rate);
	free(plan);
}
END_TEST

START_TEST(refused)
{
	static struct class unknown[] = { { 99, MBIT, MBIT }, { 0, MBIT, MBIT } };
	static struct class unmarked[] = { { 0xfffffffe, MBIT, MBIT },
					   { 0, MBIT, MBIT } };
	struct shaper shaper = { .rate = MBIT, .n_classes = 2 };
	const char *why = NULL;

	shaper.classes = unknown;
	ck_assert_ptr_null(plan_make(&config, &shaper, MTU, &why));
	ck_assert_ptr_nonnull(why);

	why = NULL;
	shaper.classes = unmarked;
	ck_assert_ptr_null(plan_make(&config, &shaper, MTU, &why));
	ck_assert_ptr_nonnull(why);
}
END_TEST

/*
 * The memory of a shaper's queues: as many as fq_codel has by itself where there
 * are few classes, and in all no more where there are many; or what is said.
 */
START_TEST(test_flows)
{
	static const struct {
		size_t n;
		uint32_t said;
		uint32_t flows;
		uint32_t limit;
	} cases[] = {
		{ 1, 0, 1024, 10240 }, { 64, 0, 1024, 10240 }, { 65, 0, 1008, 10080 },
		{ 300, 0, 218, 2180 }, { 1024, 0, 64, 640 }, { 5000, 0, 64, 640 },
		{ 1, 16, 16, 640 }, { 5000, 4096, 4096, 10240 },
	};
	struct class *classes = calloc(5000, sizeof(*classes));
	struct iq_kernel_group *many = calloc(5000, sizeof(*many));
	const struct config of_many = { .n_groups = 5000, .groups = many };
	struct shaper shaper = { .rate = GBIT, .classes = classes };
	const char *why;
	struct plan *plan;
	size_t i, j;

	ck_assert(classes && many);
	for (i = 0; i < 5000; i++) {
		many[i] = (struct iq_kernel_group){ .id = i + 1, .mark = i + 1, .mask = ~0U };
		classes[i] = (struct class){ i + 1, 1000, GBIT };
	}
	for (i = 0; i < N(cases); i++) {
		shaper.n_classes = cases[i].n;
		shaper.flows = cases[i].said;
		plan = plan_make(&of_many, &shaper, MTU, &why);
		ck_assert_ptr_nonnull(plan);
		for (j = 0; j < plan->n; j++)
			ck_assert_uint_eq(plan->classes[j].flows, cases[i].flows);
		ck_assert_uint_eq(plan->classes[0].limit, cases[i].limit);
		free(plan);
	}
	free(classes);
	free(many);
}
END_TEST

/*
 * A range is one entry with a minor for each of its groups, its clear packets' are
 * 0x8000 more, and an id too great for one takes none of them.
 */
START_TEST(ranges)
{
	static const struct profile staff = { .name = "staff" }, guests = { .name = "guests" };
	static const struct range of[] = {
		{ .profile = &staff, .id = 10, .n = 1000, .first = 1, .mask = 0xfff00, .clear = 1 },
		{ .profile = &guests, .id = 2000, .n = 30000, .first = 1, .mask = 0xffff0002 },
	};
	static const struct range *list[] = { &of[0], &of[1] };
	static const struct config with = {
		.n_groups = N(groups), .groups = groups, .n_ranges = 2, .ranges = list,
	};
	struct class classes[] = {
		{ 0, KBIT, MBIT, &of[0], CLASS_CLEAR }, { 0, KBIT, 2 * MBIT, &of[0], CLASS_ESP },
		{ 1, MBIT, MBIT }, { PLAN_MINOR_DEFAULT + 2005, MBIT, MBIT },
		{ 0, 20 * MBIT, 20 * MBIT },
	};
	struct iq_kernel_group great[] = {
		groups[0], { .id = PLAN_MINOR_DEFAULT + 2005, .name = "great", .mark = 2, .mask = 0xf },
	};
	struct config config = with;
	struct shaper shaper = { .rate = GBIT, .n_classes = N(classes), .classes = classes };
	const char *why;
	struct plan *plan;
	struct plan_class *pc;

	config.groups = great;
	config.n_groups = N(great);
	plan = plan_make(&config, &shaper, MTU, &why);
	ck_assert_ptr_nonnull(plan);
	ck_assert_uint_eq(plan->n, N(classes));
	pc = plan_find(plan, 10);
	ck_assert_ptr_eq(pc->class, &classes[1]);
	ck_assert_uint_eq(pc->n, 1000);
	ck_assert_uint_eq(pc->mask, 0);
	ck_assert_uint_eq(pc->quantum, FRAME);
	ck_assert_ptr_eq(plan_find(plan, 1009), pc);
	ck_assert_uint_eq(plan_id(pc, 1009), 1009);
	ck_assert_ptr_null(plan_find(plan, 9));
	ck_assert_ptr_null(plan_find(plan, 1010));
	pc = plan_find(plan, 0x800a);
	ck_assert_ptr_eq(pc->class, &classes[0]);
	ck_assert_uint_eq(pc->ceil, MBIT);
	ck_assert_ptr_eq(plan_find(plan, 0x800a + 999), pc);
	ck_assert_uint_eq(plan_id(pc, 0x800a + 999), 1009);
	ck_assert_ptr_null(plan_find(plan, 0x8009));
	ck_assert_ptr_null(plan_find(plan, 0x800a + 1000));
	/* the range's that this policy does not have are passed over, too */
	ck_assert_uint_eq(of_class(plan, &classes[3])->minor, 32000);
	ck_assert_ptr_eq(plan_find(plan, 32000)->class, &classes[3]);
	/* 64 flows, as there are 2,003 classes; and so many packets */
	ck_assert_uint_eq(pc->flows, 64);
	ck_assert_uint_eq(pc->limit, 640);
	free(plan);
}
END_TEST

/* A leaf has a handle that no other has, nor the root; there may be 65,533 classes. */
START_TEST(handles)
{
	static const struct profile all = { .name = "all" };
	struct range range = { .profile = &all, .id = 1, .first = 1, .mask = ~0U };
	const struct range *list[] = { &range };
	struct config config = { .n_ranges = 1, .ranges = list };
	struct class classes[] = { { 0, 1, MBIT, &range }, { 0, MBIT, MBIT } };
	struct shaper shaper = { .rate = GBIT, .n_classes = 2, .classes = classes };
	uint8_t *used = calloc(1, 0x10000);
	const char *why = NULL;
	struct plan *plan;
	uint32_t handle, minor;

	for (range.n = RANGE_ID_MAX - 1; range.n > PLAN_MAJOR; range.n -= 20000) {
		plan = plan_make(&config, &shaper, MTU, &why);
		ck_assert_msg(plan, "%s", why);
		memset(used, 0, 0x10000);
		for (minor = 1; minor <= PLAN_MINOR_DEFAULT; minor++) {
			if (!plan_find(plan, minor))
				continue;
			handle = plan_handle(plan, minor);
			if (handle & 0xffff || used[handle >> 16]++ ||
			    handle >> 16 == PLAN_MAJOR || !handle || handle >> 16 == 0xffff)
				ck_abort_msg("minor %#x: handle %#x", minor, handle);
		}
		free(plan);
	}
	range.n = RANGE_ID_MAX;
	ck_assert_ptr_null(plan_make(&config, &shaper, MTU, &why));
	ck_assert_ptr_nonnull(strstr(why, "expected fewer"));
	free(used);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("plan");

	tcase_add_test(tc, tree);
	tcase_add_test(tc, ways);
	tcase_add_test(tc, test_flows);
	tcase_add_test(tc, great_ids);
	tcase_add_test(tc, quantums);
	tcase_add_test(tc, one_more);
	tcase_add_test(tc, far_apart);
	tcase_add_test(tc, bursts);
	tcase_add_test(tc, nothing_promised);
	tcase_add_test(tc, refused);
	tcase_add_test(tc, ranges);
	tcase_add_test(tc, handles);

	return run_tests("plan", tc);
}
