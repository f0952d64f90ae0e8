/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network namespaces, and ways to put frames into the kernel, for the storm and
 * the fuzzers.
 */
#ifndef TESTS_WIRE_H
#define TESTS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What goes wrong here is no finding: say it and end. */
void __attribute__((noreturn, format(printf, 1, 2))) wire_die(const char *fmt, ...);

/** wire_sh() - run a shell script with set -e; it must succeed */
void wire_sh(const char *script);

/** wire_enter() - be in a namespace of ip netns */
void wire_enter(const char *netns);

/**
 * wire_tun() - a tun device's queue, made where there is none; what is written
 * to it has been through the stack, up to a queue, when write() is back
 *
 * @vnet: frames come behind a struct virtio_net_hdr
 */
int wire_tun(const char *name, bool vnet);

/** wire_packet() - a packet socket that sends frames out of a device */
int wire_packet(const char *name);

uint16_t wire_sum(const void *data, size_t len);

static inline void wire_put16(uint8_t *p, uint16_t n)
{
	p[0] = n >> 8;
	p[1] = n;
}

static inline void wire_put32(uint8_t *p, uint32_t n)
{
	wire_put16(p, n >> 16);
	wire_put16(p + 2, n);
}

/** wire_put_ipv4() - a header of 20 bytes, in front of @len others */
void wire_put_ipv4(uint8_t *p, uint8_t proto, uint32_t src, uint32_t dst, size_t len,
		   uint16_t id, uint16_t frag);

/** wire_write_file() */
void wire_write_file(const char *path, const char *text);

/** wire_random() - xorshift64*: fast, and the same for the same seed, not 0 */
static inline uint64_t wire_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

static inline uint32_t wire_below(uint64_t *state, uint32_t n)
{
	return (wire_random(state) >> 32) % n;
}

#endif
