/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The SAs of the bench: as many as wanted, all different, with SPIs that follow
 * no order. The generator sends for them, the other programs set them up.
 */
#ifndef IPSEC_QOS_BENCH_SAS_H
#define IPSEC_QOS_BENCH_SAS_H

#define BENCH_DESTINATIONS	250	/* 203.0.113.1 …, 2001:db8:1::1 … */
#define BENCH_GROUPS		100	/* their marks are 1 … */
#define BENCH_ELEMENTS		16	/* e1 …, behind d1: 198.51.100.11 … */

static inline unsigned int bench_spi(unsigned int i)
{
	return 0xc0000000 | ((i * 0x9e3779b1) & 0x0fffffff);
}

static inline unsigned int bench_host(unsigned int i)
{
	return 1 + i % BENCH_DESTINATIONS;
}

static inline unsigned int bench_group(unsigned int i)
{
	return 1 + i % BENCH_GROUPS;
}

static inline unsigned int bench_element(unsigned int i)
{
	return 1 + i % BENCH_ELEMENTS;
}

/* Of an element: every other one has twice the weight. */
static inline unsigned int bench_weight(unsigned int element)
{
	return 2 - element % 2;
}

/*
 * Whose is the packet with this number? Each SA has its turn before one has
 * another, in an order that is not that in which they were set up: 514229 is a
 * prime, and no divisor of any number of SAs that is measured.
 */
static inline unsigned int bench_turn(unsigned int packet, unsigned int sas)
{
	return (unsigned int)(packet % sas * 514229ULL % sas);
}

#endif /* IPSEC_QOS_BENCH_SAS_H */
