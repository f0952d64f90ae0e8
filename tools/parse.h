/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a person writes, read, and written as a person reads it. Pure.
 *
 * All parse_ functions return 0 or -EINVAL; what they say was expected is in
 * the EXPECT_ text beside each.
 */
#ifndef IPSEC_QOS_TOOLS_PARSE_H
#define IPSEC_QOS_TOOLS_PARSE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>
#include <linux/ipsec_qos.h>

#include "lib/feed/feed.h"
#include "lib/port.h"
#include "lib/value.h"

/**
 * parse_spi() - an SPI of ESP or AH; 0 to 255 are reserved (RFC 4303 2.1)
 *
 * Decimal or 0x hexadecimal. Not octal: what begins with 0 is an SPI as swanctl
 * prints it.
 */
int parse_spi(const char *text, uint32_t *spi);

/**
 * guess_spi() - is it an SPI as swanctl and charon's log print it, in hexadecimal
 * without 0x?
 *
 * @buf: FORMAT_MAX bytes, for how it is written here
 *
 * Return: @buf, or NULL: it is none.
 */
const char *guess_spi(const char *text, char *buf);
#define EXPECT_SPI "a number from 256 (0x100) to 4294967295 (0xffffffff)"

/**
 * parse_ike_spi() - an IKE SPI as swanctl and charon's log print it
 *
 * Up to 16 hexadecimal digits, "0x" before them or not, ':' and '_' between
 * them; behind them "_i" or "_r", which must be @role's, and '*'.
 *
 * @role: 'i' or 'r'
 */
int parse_ike_spi(const char *text, char role, uint64_t *spi);
#define EXPECT_IKE_SPI "up to 16 hexadecimal digits"

/** parse_addr() - an IPv4 or IPv6 address */
int parse_addr(const char *text, struct iq_addr *addr);
#define EXPECT_ADDR "an IPv4 or IPv6 address"

/**
 * no_destination() - why no packet is ever sent to an address, or NULL: it may be
 *
 * Unspecified ones, and IPv6 addresses that stand for IPv4 ones.
 */
const char *no_destination(const struct iq_addr *addr);

/**
 * parse_prefix() - ADDRESS[/LENGTH], no bit set behind the prefix; without a length one
 * address
 */
int parse_prefix(const char *text, struct iq_addr *addr, uint8_t *len);
#define EXPECT_PREFIX "ADDRESS[/LENGTH], no bit set behind the prefix"

/** parse_dev() - an interface's name, with its NUL 16 bytes at most */
int parse_dev(const char *text, char dev[16]);

/** parse_hex() - @n bytes, two hexadecimal digits each */
int parse_hex(const char *text, uint8_t *bytes, size_t n);

/**
 * parse_bits() - N[-N][,N[-N]]..., numbers below @n: the bit of each is set, the first is
 * the lowest of the first byte, and all others are not
 *
 * @bits: @n / 8 bytes
 */
int parse_bits(const char *text, uint8_t *bits, uint32_t n);
#define EXPECT_BUCKETS "numbers from 0 to 4095, or N-N for all from one to another, " \
		       "with commas between"

/** parse_name() - which of @n names does a word abbreviate? */
int parse_name(const char *text, const char *const *names, size_t n, uint8_t *i);

/** parse_family() - "inet" or "inet6" */
int parse_family(const char *text, uint8_t *family);
#define EXPECT_FAMILY "inet or inet6"
const char *family_name(uint8_t family);

/** parse_proto() - "esp" or "ah" */
int parse_proto(const char *text, uint8_t *proto);
#define EXPECT_PROTO "esp or ah"
const char *proto_name(uint8_t proto);

/** parse_ports() - up to IPSEC_QOS_PORTS_MAX ports with commas, or "none" */
int parse_ports(const char *text, uint16_t *ports, size_t *n);
#define EXPECT_PORTS "up to 8 different ports from 1 to 65535 with commas " \
		     "between, or none"

/**
 * parse_words() - split a line into words, in place
 *
 * Blanks separate; '...' and "..." hold a word together; '#' at the start of a
 * word begins a comment.
 *
 * Return: how many words, or -EINVAL: a quote is not closed, -E2BIG: more than
 * @max.
 */
int parse_words(char *line, char **words, int max);

/**
 * parse_keyword() - which of @n keywords, each at the start of @stride bytes,
 * does a word abbreviate?
 *
 * One that has another, which comes before it, and a dash in front is not abbreviated as
 * far as that is: "m" is mark, not mark-clear.
 *
 * Return: its index; -EINVAL: none; -ENOTUNIQ: more than one.
 */
int parse_keyword(const char *word, const void *keywords, size_t n,
		  size_t stride);

/* All return @buf, which has FORMAT_MAX bytes. */
const char *format_addr(const struct iq_addr *addr, char *buf);
const char *format_prefix(const struct iq_addr *addr, uint8_t len, char *buf);
const char *format_ike_spi(uint64_t spi, char *buf);
const char *format_ports(const uint16_t *ports, size_t n, char *buf);

/** format_local() - 2026-11-29T03:04:05.678901, where this is */
const char *format_local(const struct timeval *tv, char *buf);

/** format_instant() - 2026-11-29T03:04:05.678901+01:00 (RFC 3339) */
const char *format_instant(const struct timeval *tv, char *buf);

/** format_bytes() - "1.50 MiB" */
const char *format_bytes(uint64_t bytes, char *buf);

/** format_rate() - bits a second as tc writes them: "1.50 Mbit" */
const char *format_rate(uint64_t bits, char *buf);

/** format_time() - seconds: "1d 02:03:04" */
const char *format_time(uint64_t seconds, char *buf);

#endif /* IPSEC_QOS_TOOLS_PARSE_H */
