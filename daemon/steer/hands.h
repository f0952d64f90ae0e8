/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What somebody said by hand of elements' states, which outlives the daemon: a file of
 * lines, each one JSON object, that is replaced whole, by a thread:
 *
 *	{"element":"e1","state":"drain"}
 */
#ifndef IPSEC_QOSD_STEER_HANDS_H
#define IPSEC_QOSD_STEER_HANDS_H

#include <stdint.h>
#include <linux/ipsec_qos.h>

#include <ev.h>

#include "lib/array.h"

/** struct hand - of an element: IPSEC_QOS_ELEMENT_DRAIN or IPSEC_QOS_ELEMENT_DOWN */
struct hand {
	char name[IPSEC_QOS_NAME_MAX];
	uint8_t state;
};

struct hands;

/**
 * hands_open() - read what is remembered
 *
 * What cannot be read or written is logged, and does without.
 *
 * @path: of the file
 * @read: of struct hand, what was in it
 *
 * Return: 0 or a negative errno.
 */
int hands_open(struct hands **hands, struct ev_loop *loop, const char *path, UT_array *read);

/** hands_remember() - from now on these; never blocks */
void hands_remember(struct hands *hands, const UT_array *what);

/** hands_trouble() - why they are not remembered, NULL: they are */
const char *hands_trouble(const struct hands *hands);

/** hands_close() - write what is left, for a second at most; NULL is fine */
void hands_close(struct hands *hands);

#endif /* IPSEC_QOSD_STEER_HANDS_H */
