/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of frames.c share.
 */
#ifndef FRAMES_H
#define FRAMES_H

#include "../../lib/family.h"

/** talk() - a request that cannot fail; @what: it states */
void talk(struct family *f, const char *what);

/** packets_of() - of a counter */
unsigned long packets_of(const struct nlattr *nest);

/** show() - how many of something there were; false: too few */
bool show(const char *what, unsigned long n, unsigned long least);

/* frames_chain.c */

/** chain_set() - devices, chains, services of what is in chain.hex, and a range for checks */
void chain_set(struct family *f);

/** chain_show() - what of it was met; false: something too seldom */
bool chain_show(struct family *f, unsigned long least);

#endif
