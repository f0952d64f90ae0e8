// SPDX-License-Identifier: GPL-2.0-or-later
#include "shaping/classifier.h"

/**
 * struct program - instructions so far
 *
 * @n: how many
 */
struct program {
	struct sock_filter *ops;
	size_t n;
};

static void put(struct program *p, uint16_t code, uint32_t k)
{
	p->ops[p->n++] = (struct sock_filter)BPF_STMT(code, k);
}

/* Go on if the condition is @wanted, or end: it is none of the class's. */
static void need(struct program *p, uint16_t condition, uint32_t k, bool wanted)
{
	p->ops[p->n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | condition | BPF_K, k,
						      wanted, !wanted);
	put(p, BPF_RET | BPF_K, 0);
}

/* A packet has all bits that tell clear ones, or none: which of them are the class's? */
static void check_clear(struct program *p, const struct class *class)
{
	uint32_t clear = class->range->clear;

	if (!clear)
		return;
	put(p, BPF_ALU | BPF_AND | BPF_K, clear);
	if (class->way == CLASS_ALL) {
		p->ops[p->n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							      0, 2, 0);
		need(p, BPF_JEQ, clear, true);
	} else {
		need(p, BPF_JEQ, class->way == CLASS_CLEAR ? clear : 0, true);
	}
	put(p, BPF_LD | BPF_MEM, 0);
}

/* A becomes the number that the mask's bits are, as range_gather() has it. */
static void gather(struct program *p, uint32_t mask)
{
	unsigned int at, done = 0, width;

	put(p, BPF_LDX | BPF_IMM, 0);
	for (; mask; done += width) {
		uint32_t run = mask & ~(mask + (mask & -mask));

		at = __builtin_ctz(mask);
		width = __builtin_popcount(run);
		put(p, BPF_LD | BPF_MEM, 0);
		put(p, BPF_ALU | BPF_AND | BPF_K, run);
		put(p, BPF_ALU | BPF_RSH | BPF_K, at - done);
		put(p, BPF_ALU | BPF_OR | BPF_X, 0);
		put(p, BPF_MISC | BPF_TAX, 0);
		mask &= ~run;
	}
	put(p, BPF_MISC | BPF_TXA, 0);
}

size_t classifier_make(const struct class *class, uint32_t classid,
		       struct sock_filter *ops)
{
	const struct range *range = class->range;
	struct program p = { .ops = ops };

	put(&p, BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_MARK);
	put(&p, BPF_ST, 0);
	check_clear(&p, class);
	gather(&p, range->mask);
	put(&p, BPF_ALU | BPF_SUB | BPF_K, range->first);
	/* unsigned: what is less than the first is now very much */
	need(&p, BPF_JGE, range->n, false);
	put(&p, BPF_ALU | BPF_ADD | BPF_K, classid);
	put(&p, BPF_RET | BPF_A, 0);
	return p.n;
}
