/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a shaper to the HTB classes that carry it out. Pure: no input, no
 * output.
 *
 *	PLAN_MAJOR:			root, unclassified packets to the default
 *	    :PLAN_MINOR_ROOT		rate and ceil of the shaper: all below share it
 *	        :group's minor		a class each, with a filter on the mark
 *	        :range's minors		a class for each group, with one filter for all
 *	        :PLAN_MINOR_DEFAULT	everything else
 */
#ifndef IPSEC_QOSD_PLAN_H
#define IPSEC_QOSD_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

#define PLAN_MAJOR		0x4951	/* "IQ"; the kernel gives 8000: and up */
#define PLAN_MINOR_ROOT		0xffff
#define PLAN_MINOR_DEFAULT	CLASS_MINOR_DEFAULT

/**
 * struct plan_class - an HTB class and its leaf, or those of all groups of a range,
 * which are alike
 *
 * @class: the shaper's class, NULL of the shaper as a whole
 * @minor: of its classid (class_minor()). Ids too great for one take another that is
 *	nobody's.
 * @n: how many classes there are, which have the minors from @minor on
 * @at: which of the groups of all of the shaper's classes is its first (class_groups())
 * @mark: what packets of it carry in the bits of @mask; a mask of 0: it is not for
 *	one mark
 * @mark_clear: or this; 0: no other than that
 * @mask: which bits
 * @rate: bytes a second, guaranteed
 * @ceil: bytes a second, at most
 * @burst: bytes at once without waiting for @rate
 * @cburst: the same for @ceil
 * @quantum: bytes in turn where classes compete for bandwidth to borrow
 * @target: fq_codel's, microseconds
 * @interval: fq_codel's, microseconds
 * @flows: fq_codel's, how many queues it has
 * @limit: fq_codel's, how many packets they hold
 */
struct plan_class {
	const struct class *class;
	uint16_t minor;
	uint32_t n;
	size_t at;
	uint32_t mark;
	uint32_t mark_clear;
	uint32_t mask;
	uint64_t rate;
	uint64_t ceil;
	uint32_t burst;
	uint32_t cburst;
	uint32_t quantum;
	uint32_t target;
	uint32_t interval;
	uint32_t flows;
	uint32_t limit;
};

/**
 * struct plan - the classes of a shaper
 *
 * @root: the shaper as a whole
 * @spare: a minor that no class has
 * @n: how many @classes there are
 * @classes: in order of their minors
 */
struct plan {
	struct plan_class root;
	uint16_t spare;
	size_t n;
	struct plan_class classes[];
};

/**
 * plan_make() - plan a shaper's classes
 *
 * @config: where the shaper's groups are
 * @mtu: the device's, in bytes
 * @why: on error a static text that says what is wrong
 *
 * Return: to be released by free(); NULL on error.
 */
struct plan *plan_make(const struct config *config, const struct shaper *shaper,
		       uint32_t mtu, const char **why);

/** plan_find() - the class with a minor, which may be one of a range's, or NULL */
struct plan_class *plan_find(struct plan *plan, uint16_t minor);

/** plan_id() - the id of the group whose class has that minor of those of @pc */
static inline uint32_t plan_id(const struct plan_class *pc, uint16_t minor)
{
	return pc->class->range ? pc->class->range->id + (uint16_t)(minor - pc->minor) :
				  pc->class->group;
}

/**
 * plan_handle() - the handle of the leaf of the class with a minor
 *
 * The kernel gives by itself no more than 32,767 on a device.
 */
static inline uint32_t plan_handle(const struct plan *plan, uint16_t minor)
{
	return (uint32_t)(minor == PLAN_MAJOR ? plan->spare : minor) << 16;
}

#endif /* IPSEC_QOSD_PLAN_H */
