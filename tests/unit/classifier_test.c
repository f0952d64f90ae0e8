// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The program that finds a packet's class in a range, run as the kernel would.
 */
#include <stdlib.h>

#include "shaping/classifier.h"
#include "suite.h"

#define CLASSID	0x49510000U

/* What the kernel's interpreter does with the instructions that there may be. */
static uint32_t run(const struct sock_filter *ops, size_t n, uint32_t mark)
{
	uint32_t a = 0, x = 0, mem[BPF_MEMWORDS] = {};
	bool stored = false;
	size_t pc;

	for (pc = 0; pc < n; pc++) {
		const struct sock_filter *op = &ops[pc];

		switch (op->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (op->k == (uint32_t)(SKF_AD_OFF + SKF_AD_MARK))
				a = mark;
			else
				ck_abort_msg("a load from %#x", op->k);
			break;
		case BPF_ST:
			mem[op->k] = a;
			stored = true;
			break;
		case BPF_LD | BPF_MEM:
			if (!stored)
				ck_abort_msg("a load of what was not stored");
			a = mem[op->k];
			break;
		case BPF_LDX | BPF_IMM:
			x = op->k;
			break;
		case BPF_MISC | BPF_TAX:
			x = a;
			break;
		case BPF_MISC | BPF_TXA:
			a = x;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= op->k;
			break;
		case BPF_ALU | BPF_RSH | BPF_K:
			if (op->k >= 32)
				ck_abort_msg("a shift by %u", op->k);
			a >>= op->k;
			break;
		case BPF_ALU | BPF_OR | BPF_X:
			a |= x;
			break;
		case BPF_ALU | BPF_SUB | BPF_K:
			a -= op->k;
			break;
		case BPF_ALU | BPF_ADD | BPF_K:
			a += op->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += a == op->k ? op->jt : op->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			pc += a >= op->k ? op->jt : op->jf;
			break;
		case BPF_RET | BPF_A:
			return a;
		case BPF_RET | BPF_K:
			return op->k;
		default:
			ck_abort_msg("instruction %#x", op->code);
		}
	}
	ck_abort_msg("no end");
	return 0;
}

/* By what range.h says of marks. */
static uint32_t expected(const struct class *class, uint32_t mark)
{
	const struct range *range = class->range;
	uint32_t clear = mark & range->clear, number = range_gather(mark, range->mask);

	if (clear && clear != range->clear)
		return 0;
	if (range->clear && class->way != CLASS_ALL && !clear != (class->way == CLASS_ESP))
		return 0;
	if (number < range->first || number - range->first >= range->n)
		return 0;
	return CLASSID + number - range->first;
}

static void check(const struct class *class)
{
	const struct range *range = class->range;
	struct sock_filter ops[CLASSIFIER_MAX];
	size_t n = classifier_make(class, CLASSID, ops);
	uint32_t i, mark;

	ck_assert_uint_le(n, CLASSIFIER_MAX);
	for (i = 0; i < 64; i++) {
		/* one of a group, or of one near either end, among whatever other bits */
		switch (i % 4) {
		case 0:
			mark = random() << 16 ^ random();
			break;
		case 1:
			mark = range_spread(range->first + random() % range->n, range->mask);
			break;
		case 2:
			mark = range_spread(range->first - 2 + random() % 4, range->mask);
			break;
		default:
			mark = range_spread(range->first + range->n - 2 + random() % 4,
					    range->mask);
			break;
		}
		if (i % 4)
			mark |= (random() << 16 ^ random()) & ~range->mask & ~range->clear;
		if (i & 4)
			mark |= range->clear;
		if (i & 8)
			mark ^= range->clear & random();
		if (run(ops, n, mark) != expected(class, mark))
			ck_abort_msg("mark %#x of %#x (%#x clear): %#x, expected %#x", mark,
				     range->mask, range->clear, run(ops, n, mark),
				     expected(class, mark));
	}
}

START_TEST(random_masks)
{
	struct range range = {};
	struct class class = { .range = &range };
	unsigned int i, holes;
	uint64_t values;

	for (i = 0; i < 20000; i++) {
		range.mask = random() << 16 ^ random();
		for (holes = random() % 3; holes; holes--)
			range.mask &= random() << 16 ^ random();
		if (__builtin_popcount(range.mask) < 2)
			continue;
		range.clear = i & 1 ? (random() << 16 ^ random()) & ~range.mask : 0;
		if (i & 2)
			range.clear &= -range.clear;
		values = range_values(range.mask);
		range.first = 1 + random() % (values - 1);
		range.n = 1 + random() % (values - range.first);
		if (range.n > RANGE_ID_MAX)
			range.n = RANGE_ID_MAX;
		range.id = 1;
		for (class.way = CLASS_ALL; class.way <= CLASS_CLEAR; class.way++)
			if (class.way == CLASS_ALL || range.clear)
				check(&class);
	}
}
END_TEST

/* The issue's: 511 groups in the bits 20 to 28; the longest there can be; all bits */
START_TEST(known)
{
	static const struct range ranges[] = {
		{ .id = 1, .n = 511, .first = 1, .mask = 0x1ff00000, .clear = 0x20000000 },
		{ .id = 1, .n = 65533, .first = 1, .mask = 0x55555555, .clear = 0xaaaaaaaa },
		{ .id = 1, .n = 65533, .first = 0xffff0003, .mask = 0xffffffff },
	};
	struct class class = { .range = &ranges[_i] };
	struct sock_filter ops[CLASSIFIER_MAX];
	uint32_t i, clear = ranges[_i].clear, other = ~(ranges[_i].mask | clear);
	size_t n = classifier_make(&class, CLASSID + 1, ops);

	if (_i == 1)
		ck_assert_uint_eq(n, CLASSIFIER_MAX);
	for (i = 0; i < ranges[_i].n; i++) {
		uint32_t mark = range_mark(&ranges[_i], 1 + i);

		if (run(ops, n, mark) != CLASSID + 1 + i ||
		    run(ops, n, mark | other | clear) != CLASSID + 1 + i)
			ck_abort_msg("mark %#x is not that of group %u", mark, 1 + i);
	}
	ck_assert_uint_eq(run(ops, n, 0), 0);
	ck_assert_uint_eq(run(ops, n, other | clear), 0);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("classifier");

	tcase_add_test(tc, random_masks);
	tcase_add_loop_test(tc, known, 0, 3);
	return run_tests("classifier", tc);
}
