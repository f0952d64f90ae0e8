/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An SPI that is derived from another: who answers in a negotiation chooses its
 * SPI by the originator's, so that an address translator, which sees both, can tell
 * that they belong together ("derived SPI" in CONTRIBUTING.md's glossary). Pure: the
 * kernel, the strongSwan plugin and the unit tests compile the same code.
 *
 * A scheme hashes the originator's SPI, 4 bytes as on the wire, and has the first
 * bytes of the hash be the last ones of the SPI; what is before them is free, drawn
 * at random.
 */
#ifndef IPSEC_QOS_SPI_H
#define IPSEC_QOS_SPI_H

#include "ipsec_qos/parse.h"

#define IQ_SPI_KEY_BYTES	16

/**
 * enum iq_spi_scheme - how an SPI is derived; the same on translator and responder
 *
 * @IQ_SPI_MD5_LOW16: two bytes of MD5
 * @IQ_SPI_MD5_LOW24: three
 * @IQ_SPI_MD5_FULL: all four: nothing is free
 * @IQ_SPI_SIPHASH_LOW16: two bytes of SipHash-2-4, with a key that both know: who
 *	does not know it cannot aim at others' entries
 */
enum iq_spi_scheme {
	IQ_SPI_MD5_LOW16,
	IQ_SPI_MD5_LOW24,
	IQ_SPI_MD5_FULL,
	IQ_SPI_SIPHASH_LOW16,
	IQ_SPI_SCHEMES,
};

/**
 * struct iq_spi_rule - a scheme with what it needs
 *
 * @scheme: enum iq_spi_scheme
 * @key: of IQ_SPI_SIPHASH_LOW16
 */
struct iq_spi_rule {
	u8 scheme;
	u8 key[IQ_SPI_KEY_BYTES];
};

static inline u32 iq_spi_rol(u32 word, unsigned int n)
{
	return word << n | word >> (32 - n);
}

/* The first 16 bytes of @word, as little-endian words: MD5 of 4 bytes (RFC 1321). */
static inline void iq_spi_md5(const u8 *bytes, u32 *hash)
{
	/* RFC 1321 section 3.4: of 2^32 * |sin(i + 1)| the integer part */
	static const u32 sines[64] = {
		0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee,
		0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
		0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be,
		0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
		0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa,
		0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
		0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed,
		0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
		0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c,
		0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
		0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05,
		0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
		0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039,
		0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
		0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1,
		0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
	};
	static const u8 turns[4][4] = {
		{ 7, 12, 17, 22 }, { 5, 9, 14, 20 }, { 4, 11, 16, 23 }, { 6, 10, 15, 21 },
	};
	/* The message, a bit that ends it, and its length in bits: one block. */
	u32 m[16] = {
		(u32)bytes[3] << 24 | bytes[2] << 16 | bytes[1] << 8 | bytes[0],
		0x80, [14] = 32,
	};
	u32 a = 0x67452301, b = 0xefcdab89, c = 0x98badcfe, d = 0x10325476;
	u32 f, at, was;
	int i;

	hash[0] = a;
	hash[1] = b;
	hash[2] = c;
	hash[3] = d;
	for (i = 0; i < 64; i++) {
		if (i < 16) {
			f = (b & c) | (~b & d);
			at = i;
		} else if (i < 32) {
			f = (d & b) | (~d & c);
			at = (5 * i + 1) % 16;
		} else if (i < 48) {
			f = b ^ c ^ d;
			at = (3 * i + 5) % 16;
		} else {
			f = c ^ (b | ~d);
			at = 7 * i % 16;
		}
		was = d;
		d = c;
		c = b;
		b += iq_spi_rol(a + f + sines[i] + m[at], turns[i / 16][i % 4]);
		a = was;
	}
	hash[0] += a;
	hash[1] += b;
	hash[2] += c;
	hash[3] += d;
}

static inline u64 iq_spi_rol64(u64 word, unsigned int n)
{
	return word << n | word >> (64 - n);
}

static inline void iq_spi_sipround(u64 *v)
{
	v[0] += v[1];
	v[1] = iq_spi_rol64(v[1], 13) ^ v[0];
	v[0] = iq_spi_rol64(v[0], 32);
	v[2] += v[3];
	v[3] = iq_spi_rol64(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = iq_spi_rol64(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = iq_spi_rol64(v[1], 17) ^ v[2];
	v[2] = iq_spi_rol64(v[2], 32);
}

static inline u64 iq_spi_le64(const u8 *p)
{
	u64 word = 0;
	int i;

	for (i = 7; i >= 0; i--)
		word = word << 8 | p[i];
	return word;
}

/* SipHash-2-4 of 4 bytes (Aumasson and Bernstein, 2012). */
static inline u64 iq_spi_siphash(const u8 *bytes, const u8 *key)
{
	u64 k0 = iq_spi_le64(key), k1 = iq_spi_le64(key + 8);
	u64 v[4] = {
		k0 ^ 0x736f6d6570736575ULL, k1 ^ 0x646f72616e646f6dULL,
		k0 ^ 0x6c7967656e657261ULL, k1 ^ 0x7465646279746573ULL,
	};
	/* All of the message, with its length in the last byte. */
	u64 m = 4ULL << 56 | (u64)bytes[3] << 24 | bytes[2] << 16 | bytes[1] << 8 |
		bytes[0];
	int i;

	v[3] ^= m;
	iq_spi_sipround(v);
	iq_spi_sipround(v);
	v[0] ^= m;
	v[2] ^= 0xff;
	for (i = 0; i < 4; i++)
		iq_spi_sipround(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/** iq_spi_mask() - which bits of an SPI are derived */
static inline u32 iq_spi_mask(const struct iq_spi_rule *r)
{
	switch (r->scheme) {
	case IQ_SPI_MD5_FULL:
		return 0xffffffff;
	case IQ_SPI_MD5_LOW24:
		return 0xffffff;
	default:
		return 0xffff;
	}
}

/**
 * iq_spi_derived() - the bits that are derived from @spi
 *
 * @spi: host byte order, as all SPIs here
 *
 * Return: within iq_spi_mask(). If that is all of an SPI, it is none of those that
 * are reserved: the hash's next four bytes stand in for them.
 */
static inline u32 iq_spi_derived(const struct iq_spi_rule *r, u32 spi)
{
	const u8 bytes[4] = { spi >> 24, spi >> 16, spi >> 8, spi };
	u32 mask = iq_spi_mask(r), words[4], first;
	u8 hash[16];
	u64 sip;
	int i, at;

	if (r->scheme == IQ_SPI_SIPHASH_LOW16) {
		sip = iq_spi_siphash(bytes, r->key);
		return (sip & 0xff) << 8 | (sip >> 8 & 0xff);
	}
	iq_spi_md5(bytes, words);
	for (i = 0; i < 16; i++)
		hash[i] = words[i / 4] >> i % 4 * 8;
	if (mask != 0xffffffff)
		return iq_get32(hash) >> (mask == 0xffff ? 16 : 8);
	for (at = 0; at < 12; at += 4) {
		first = iq_get32(hash + at);
		if (first >= IQ_SPI_MIN)
			return first;
	}
	return iq_get32(hash + 12) | IQ_SPI_MIN;
}

/**
 * iq_spi_make() - the SPI of who answers
 *
 * @spi: the originator's
 * @random: what is free of it comes from here
 *
 * Return: an SPI; one below IQ_SPI_MIN is reserved: draw again.
 */
static inline u32 iq_spi_make(const struct iq_spi_rule *r, u32 spi, u32 random)
{
	return (random & ~iq_spi_mask(r)) | iq_spi_derived(r, spi);
}

#endif /* IPSEC_QOS_SPI_H */
