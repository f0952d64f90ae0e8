/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Internet checksum (RFC 1071). Pure.
 */
#ifndef IPSEC_QOSD_CHECK_SUM_H
#define IPSEC_QOSD_CHECK_SUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** inet_add() - words of @data, of whose pieces all but the last are even, to a sum of others */
static inline uint32_t inet_add(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint16_t word;
	size_t i;

	/* In whatever byte order: section 2 (B). */
	for (i = 0; i < len; i += sizeof(word)) {
		word = 0;
		memcpy(&word, p + i, len - i < sizeof(word) ? len - i : sizeof(word));
		sum += word;
	}
	return sum;
}

/** inet_sum() - what a header has of it, as it is in memory */
static inline uint16_t inet_sum(uint32_t sum)
{
	sum = (sum >> 16) + (sum & 0xffff);
	sum += sum >> 16;
	return ~sum;
}

#endif /* IPSEC_QOSD_CHECK_SUM_H */
