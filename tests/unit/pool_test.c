// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which classes of ranges are made next.
 */
#include <stdlib.h>
#include <string.h>

#include "shaping/pool.h"
#include "suite.h"

static const struct profile staff = { .name = "staff" };
static struct range range;
static const struct range *ranges[] = { &range };
static const struct config config = { .n_ranges = 1, .ranges = ranges };
static struct class classes[] = {
	{ 0, 1000, 1000, &range, CLASS_ESP }, { 0, 1000, 1000, &range, CLASS_CLEAR },
	{ 0, 1000, 1000 },
};
static const struct shaper shaper = { .rate = 1000000, .n_classes = 3, .classes = classes };
static struct pool_bits needed;
static struct pool *pool;
static struct plan *plan;
static uint16_t minors[0x10000];

static void begin(uint32_t id, uint32_t n)
{
	const char *why = "";

	range = (struct range){
		.profile = &staff, .id = id, .n = n, .first = 1, .mask = 0xffff0, .clear = 1,
	};
	memset(&needed, 0, sizeof(needed));
	pool = calloc(1, sizeof(*pool));
	plan = plan_make(&config, &shaper, 1500, &why);
	ck_assert_msg(plan, "%s", why);
}

static void end(void)
{
	free(plan);
	free(pool);
}

/* Make what is to be made; how many that was. */
static size_t make_all(bool ahead)
{
	size_t n, i, all = 0;

	while ((n = pool_pick(pool, plan, &needed, ahead, minors, 32))) {
		ck_assert_uint_le(n, 32);
		for (i = 0; i < n; i++) {
			ck_assert(!pool_has(&pool->there, minors[i]));
			pool_put(&pool->there, minors[i]);
		}
		all += n;
	}
	return all;
}

static bool made(uint32_t id)
{
	ck_assert_int_eq(pool_has(&pool->there, id),
			 pool_has(&pool->there, CLASS_MINOR_CLEAR + id));
	return pool_has(&pool->there, id);
}

/* Those that are needed first, both of a group; then as many ahead of the last. */
START_TEST(needed_first)
{
	begin(1003, 3000);
	ck_assert_uint_eq(pool_pick(pool, plan, &needed, false, minors, 32), 0);
	pool_put(&needed, 1003);
	pool_put(&needed, 1070);
	pool_put(&needed, 4002);
	pool_put(&needed, 500);		/* of no range */
	ck_assert_uint_eq(pool_pick(pool, plan, &needed, false, minors, 3), 3);
	ck_assert_uint_eq(minors[0], 1003);
	ck_assert_uint_eq(minors[1], 1070);
	ck_assert_uint_eq(minors[2], 4002);
	ck_assert_uint_eq(make_all(false), 6);
	ck_assert(made(1003) && made(1070) && made(4002) && !made(1004));
	end();
}
END_TEST

START_TEST(spare)
{
	uint32_t id;

	begin(1003, 3000);
	ck_assert_uint_eq(make_all(true), 2 * 64);
	ck_assert(made(1003) && made(1066) && !made(1067));

	for (id = 1003; id < 1003 + 800; id++)
		pool_put(&needed, id);
	ck_assert_uint_eq(make_all(false), 2 * (800 - 64));
	/* an eighth of them beyond the last, and what is missing in between */
	pool_put(&needed, 1003 + 899);
	ck_assert_uint_eq(make_all(true), 2 * (100 + 801 / 8));
	ck_assert(made(1003 + 899 + 100) && !made(1003 + 899 + 101));
	end();
}
END_TEST

/* All of a range, and none beyond; the last one is not a peer's where it is the overflow. */
START_TEST(whole_range)
{
	uint32_t id;

	begin(1, 200);
	pool_put(&needed, 200);
	ck_assert_uint_eq(make_all(true), 2 * 200);
	end();

	begin(1, 200);
	range.overflow = 200;
	for (id = 1; id < 200; id += 2)
		pool_put(&needed, id);
	ck_assert_uint_eq(make_all(true), 2 * 199);
	ck_assert(!made(200));
	pool_put(&needed, 200);
	ck_assert_uint_eq(make_all(true), 0);
	ck_assert_uint_eq(make_all(false), 2);
	end();

	begin(RANGE_ID_MAX_CLEAR - 63, 64);
	ck_assert_uint_eq(make_all(true), 2 * 64);
	ck_assert(made(RANGE_ID_MAX_CLEAR) && !made(RANGE_ID_MAX_CLEAR - 64));
	ck_assert(!pool_has(&pool->there, PLAN_MINOR_DEFAULT));
	end();
}
END_TEST

/* Beside a set that is looked at bit by bit */
START_TEST(random_sets)
{
	unsigned int i, j;
	uint32_t id;

	for (i = 0; i < 50; i++) {
		begin(1 + random() % 500, 1 + random() % 500);
		for (j = 0; j < 300; j++) {
			pool_put(&needed, random() % 1200);
			pool_put(&pool->there, random() % 1200);
		}
		memcpy(&pool->there.word[512], pool->there.word, 512 * 8);
		make_all(false);
		for (id = 0; id < 1200; id++)
			if (range_has(&range, id) && pool_has(&needed, id) && !made(id))
				ck_abort_msg("%u is not there", id);
		end();
	}
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("pool");

	tcase_add_test(tc, needed_first);
	tcase_add_test(tc, spare);
	tcase_add_test(tc, whole_range);
	tcase_add_test(tc, random_sets);
	return run_tests("pool", tc);
}
