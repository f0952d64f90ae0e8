/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rates as tc has them (tc(8), RATES): a number and a unit, bits a second
 * without one. And what people write in their place. Pure.
 */
#ifndef IPSEC_QOSD_RATE_H
#define IPSEC_QOSD_RATE_H

#include <stddef.h>
#include <stdint.h>

/**
 * rate_parse() - read a rate
 *
 * @whole: bytes a second, of which a rate may be given in per cent, up to 100;
 *	0: it may not
 * @bytes: a second, 1 to 1e17
 * @hint: on error what may be meant, as the end of a sentence; else what may not
 *	be meant so; "" where there is nothing to say
 *
 * Return: 0 or -EINVAL.
 */
int rate_parse(const char *text, uint64_t whole, uint64_t *bytes, char *hint,
	       size_t size);

#endif /* IPSEC_QOSD_RATE_H */
