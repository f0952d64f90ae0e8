// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SPIs derived from SPIs: the hashes against published vectors, the schemes against
 * the hashes, and no reserved SPI.
 */
#include <stdio.h>

#include "ipsec_qos/spi.h"
#include "suite.h"

static void check_md5(const char *message, const char *expected)
{
	char hex[33];
	u32 hash[4];
	int i;

	iq_spi_md5((const u8 *)message, hash);
	for (i = 0; i < 16; i++)
		snprintf(hex + 2 * i, 3, "%02x", hash[i / 4] >> i % 4 * 8 & 0xff);
	ck_assert_str_eq(hex, expected);
}

/* As md5sum has them. */
START_TEST(test_md5)
{
	check_md5("abcd", "e2fc714c4727ee9395f324cd2e7f331f");
	check_md5("\0\0\0\0", "f1d3ff8443297732862df21dc4e57262");
	check_md5("\xff\xff\xff\xff", "a54f0041a9e15b050f25c463f1db7449");
}
END_TEST

/* The fifth of the vectors of SipHash's reference implementation */
START_TEST(test_siphash)
{
	static const u8 message[4] = { 0, 1, 2, 3 };
	u8 key[IQ_SPI_KEY_BYTES];
	unsigned int i;

	for (i = 0; i < N(key); i++)
		key[i] = i;
	ck_assert_uint_eq(iq_spi_siphash(message, key), 0xcf2794e0277187b7ULL);
}
END_TEST

/* 0x61626364 is "abcd". The first bytes of the hash are the last of a derived SPI. */
START_TEST(test_schemes)
{
	struct iq_spi_rule r = { .scheme = IQ_SPI_MD5_LOW16 };
	unsigned int i;

	ck_assert_uint_eq(iq_spi_make(&r, 0x61626364, 0x12345678), 0x1234e2fc);
	r.scheme = IQ_SPI_MD5_LOW24;
	ck_assert_uint_eq(iq_spi_make(&r, 0x61626364, 0x12345678), 0x12e2fc71);
	r.scheme = IQ_SPI_MD5_FULL;
	ck_assert_uint_eq(iq_spi_make(&r, 0x61626364, 0x12345678), 0xe2fc714c);
	r.scheme = IQ_SPI_SIPHASH_LOW16;
	for (i = 0; i < N(r.key); i++)
		r.key[i] = i;
	ck_assert_uint_eq(iq_spi_make(&r, 0x00010203, 0x12345678), 0x1234b787);
}
END_TEST

/* One whose hash begins with a reserved SPI: the next bytes stand in for it. */
START_TEST(test_reserved)
{
	struct iq_spi_rule r = { .scheme = IQ_SPI_MD5_FULL };

	ck_assert_uint_eq(iq_spi_derived(&r, 0x3a93ac), 0x9fe85b3c);
	r.scheme = IQ_SPI_MD5_LOW16;
	ck_assert_uint_eq(iq_spi_make(&r, 0x3a93ac, 0), 0);	/* to be drawn again */
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("spi");

	tcase_add_test(tc, test_md5);
	tcase_add_test(tc, test_siphash);
	tcase_add_test(tc, test_schemes);
	tcase_add_test(tc, test_reserved);
	return run_tests("spi", tc);
}
