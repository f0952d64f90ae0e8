/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which class of a range's a packet's mark leads to, as a classic BPF program: one
 * filter, whatever the range's size, and a mask may have holes.
 */
#ifndef IPSEC_QOSD_CLASSIFIER_H
#define IPSEC_QOSD_CLASSIFIER_H

#include <stddef.h>
#include <linux/filter.h>

#include "config/config.h"

/*
 * Five for each run of neighbouring bits in a mask, of which there are at most 16, and
 * what is ahead of them and behind.
 */
#define CLASSIFIER_MAX	(5 * 16 + 14)

/**
 * classifier_make() - the program of a range's class
 *
 * It returns a packet's classid, or 0: the packet's mark is none of the class's.
 *
 * @class: has a range
 * @classid: of the range's first group
 * @ops: room for CLASSIFIER_MAX instructions
 *
 * Return: how many there are.
 */
size_t classifier_make(const struct class *class, uint32_t classid,
		       struct sock_filter *ops);

#endif /* IPSEC_QOSD_CLASSIFIER_H */
