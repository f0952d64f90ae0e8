// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command's pure parts: what a person writes, and what is printed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ipsec_qos/select.h"

#include "../../tools/bucket.h"
#include "../../tools/parse.h"
#include "../../tools/print.h"
#include "suite.h"

START_TEST(numbers)
{
	uint32_t n = 7;

	ck_assert_int_eq(parse_u32("12", 1, 12, &n), 0);
	ck_assert_uint_eq(n, 12);
	ck_assert_int_eq(parse_u32("0xffffffff", 0, UINT32_MAX, &n), 0);
	ck_assert_uint_eq(n, UINT32_MAX);
	ck_assert_int_eq(parse_u32("0", 0, 1, &n), 0);
	ck_assert_uint_eq(n, 0);

	n = 7;
	static const char *const bad[] = {
		"", " 1", "1 ", "+1", "-1", "1x", "0x", "0xg", "4294967296",
		"99999999999999999999", "one", "1,2",
	};
	for (size_t i = 0; i < N(bad); i++)
		ck_assert_msg(parse_u32(bad[i], 0, UINT32_MAX, &n) == -EINVAL,
			      "\"%s\" was taken", bad[i]);
	ck_assert_int_eq(parse_u32("0", 1, 12, &n), -EINVAL);
	ck_assert_int_eq(parse_u32("13", 1, 12, &n), -EINVAL);
	ck_assert_uint_eq(n, 7);
}
END_TEST

START_TEST(marks)
{
	uint32_t mark = 1, mask = 2;

	ck_assert_int_eq(parse_mark("0x10/0xff0", &mark, &mask), 0);
	ck_assert_uint_eq(mark, 0x10);
	ck_assert_uint_eq(mask, 0xff0);
	ck_assert_int_eq(parse_mark("5", &mark, &mask), 0);
	ck_assert_uint_eq(mark, 5);
	ck_assert_uint_eq(mask, UINT32_MAX);
	ck_assert_int_eq(parse_mark("0/1", &mark, &mask), 0);
	ck_assert_uint_eq(mark, 0);
	ck_assert_uint_eq(mask, 1);

	static const char *const bad[] = {
		"", "/", "1/", "/1", "1/1/1", "x/1", "1/x", "4294967296",
		"1/4294967296",
	};
	for (size_t i = 0; i < N(bad); i++)
		ck_assert_msg(parse_mark(bad[i], &mark, &mask) == -EINVAL,
			      "\"%s\" was taken", bad[i]);
	ck_assert_uint_eq(mark, 0);
	ck_assert_uint_eq(mask, 1);
	/* what is wrong with these is said with the numbers */
	ck_assert_int_eq(parse_mark("0x10/0xf", &mark, &mask), -ERANGE);
	ck_assert_uint_eq(mark, 0x10);
	ck_assert_uint_eq(mask, 0xf);
	ck_assert_int_eq(parse_mark("0/0", &mark, &mask), -ERANGE);
}
END_TEST

START_TEST(spis)
{
	uint32_t spi;

	ck_assert_int_eq(parse_spi("0xc0000001", &spi), 0);
	ck_assert_uint_eq(spi, 0xc0000001);
	ck_assert_int_eq(parse_spi("256", &spi), 0);
	ck_assert_uint_eq(spi, 256);
	ck_assert_int_eq(parse_spi("255", &spi), -EINVAL);
	ck_assert_int_eq(parse_spi("0", &spi), -EINVAL);
	ck_assert_int_eq(parse_spi("c0000001", &spi), -EINVAL);
}
END_TEST

/* SPIs as swanctl and charon's log have them, which are no numbers here */
START_TEST(spis_of_swanctl)
{
	static const struct {
		const char *text;
		const char *meant;
	} cases[] = {
		{ "c0a8b3d1", "0xc0a8b3d1" }, { "C0A8B3D1_i", "0xC0A8B3D1" },
		{ "ce00ffee_o", "0xce00ffee" }, { "0a1b2c3d", "0x0a1b2c3d" },
		{ "07654321", "0x07654321" }, { "00000400", "0x00000400" },
		{ "", NULL }, { "c0a8b3d1x", NULL }, { "c0a8b3d12", NULL },
		{ "000000ff", NULL }, { "xyz", NULL }, { "c0a8b3d1_x", NULL },
		{ "_i", NULL }, { "-5", NULL },
	};
	char buf[FORMAT_MAX];
	uint32_t spi = 7;

	for (size_t i = 0; i < N(cases); i++) {
		ck_assert_msg(parse_spi(cases[i].text, &spi) == -EINVAL,
			      "\"%s\" was taken for 0x%x", cases[i].text, spi);
		if (cases[i].meant)
			ck_assert_pstr_eq(guess_spi(cases[i].text, buf),
					  cases[i].meant);
		else
			ck_assert_ptr_null(guess_spi(cases[i].text, buf));
	}
	ck_assert_uint_eq(spi, 7);
}
END_TEST

START_TEST(destinations)
{
	static const struct {
		const char *text;
		const char *why;
	} cases[] = {
		{ "0.0.0.0", "is no packet's destination" },
		{ "::", "is no packet's destination" },
		{ "0::0.0.0.0", "is no packet's destination" },
		{ "::ffff:10.20.30.40", "stands for an IPv4 address" },
		{ "::ffff:a14:1e28", "stands for an IPv4 address" },
		{ "10.20.30.40", NULL }, { "0.0.0.1", NULL }, { "::1", NULL },
		{ "2001:db8::ffff:a14:1e28", NULL }, { "::fffe:a14:1e28", NULL },
		{ "ff02::5", NULL }, { "224.0.0.5", NULL },
	};
	struct iq_addr addr;
	const char *why;

	for (size_t i = 0; i < N(cases); i++) {
		ck_assert_int_eq(parse_addr(cases[i].text, &addr), 0);
		why = no_destination(&addr);
		if (cases[i].why)
			ck_assert_msg(why && strstr(why, cases[i].why), "%s: %s",
				      cases[i].text, why ? why : "taken");
		else
			ck_assert_msg(!why, "%s %s", cases[i].text, why);
	}
}
END_TEST

/* A moment in zones to either side of Greenwich, and half an hour off */
START_TEST(instants)
{
	static const struct {
		const char *zone;
		const char *text;
	} cases[] = {
		{ "UTC", "2026-03-04T05:06:07.000890+00:00" },
		{ "XXX-5:30", "2026-03-04T10:36:07.000890+05:30" },
		{ "XXX3:30", "2026-03-04T01:36:07.000890-03:30" },
	};
	const struct timeval tv = { 1772600767, 890 };
	char buf[FORMAT_MAX];

	for (size_t i = 0; i < N(cases); i++) {
		setenv("TZ", cases[i].zone, 1);
		tzset();
		ck_assert_str_eq(format_instant(&tv, buf), cases[i].text);
	}
	unsetenv("TZ");
	tzset();
}
END_TEST

/* What does not fit is counted; nothing is cut off without a sign. */
START_TEST(lists)
{
	char buf[CELL_MAX], wanted[CELL_MAX], cell[CELL_MAX], text[700];
	json_t *array = json_array(), *one;
	size_t n, i, len;

	format_list(array, NULL, buf, sizeof(buf));
	ck_assert_str_eq(buf, "-");
	json_array_append_new(array, json_pack("{s:s}", "name", "net"));
	json_array_append_new(array, json_pack("{s:s}", "other", "x"));
	format_list(array, "name", buf, sizeof(buf));
	ck_assert_str_eq(buf, "net, ?");
	json_decref(array);

	/* for each number of names: all of them, or as many as are said */
	array = json_array();
	for (n = 1; n <= 120; n++) {
		snprintf(text, sizeof(text), "child-%zu", n);
		json_array_append_new(array, json_string(text));
		format_list(array, NULL, buf, sizeof(buf));
		ck_assert_uint_lt(strlen(buf), sizeof(buf));
		len = 0;
		*wanted = '\0';
		for (i = 1; i <= n; i++) {
			snprintf(text, sizeof(text), "%schild-%zu",
				 i > 1 ? ", " : "", i);
			if (strncmp(buf + len, text, strlen(text)) != 0)
				break;
			len += strlen(text);
		}
		if (i <= n)
			snprintf(wanted, sizeof(wanted), " and %zu more", n - i + 1);
		ck_assert_str_eq(buf + len, wanted);
		ck_assert_msg(i > n || len > 450, "%s", buf);
	}
	json_decref(array);

	/* names as long as they come; of two bytes a character */
	for (len = 490; len < 690; len++) {
		memset(text, 'o', len);
		for (i = len % 2; i + 1 < len; i += 2)
			memcpy(text + i, "\xc3\xb6", 2);
		text[len] = '\0';
		array = json_pack("[s, s]", text, text);
		format_list(array, NULL, buf, sizeof(buf));
		ck_assert_msg(strstr(buf, " and 1 more"), "%s", buf);
		one = json_string(buf);		/* which takes no half characters */
		ck_assert_ptr_nonnull(one);
		json_decref(one);
		json_decref(array);

		clip_cell(cell, text);
		if (len < CELL_MAX)
			ck_assert_str_eq(cell, text);
		else
			ck_assert_msg(!strcmp(cell + strlen(cell) - 3, "..."),
				      "%s", cell);
		one = json_string(cell);
		ck_assert_ptr_nonnull(one);
		json_decref(one);
	}
}
END_TEST

START_TEST(ike_spis)
{
	static const struct {
		const char *text;
		uint64_t i, r;	/* 0: refused */
	} cases[] = {
		{ "0123456789abcdef", 0x0123456789abcdef, 0x0123456789abcdef },
		{ "0123456789ABCDEF_i", 0x0123456789abcdef, 0 },
		{ "0123456789abcdef_r", 0, 0x0123456789abcdef },
		{ "fedcba9876543210_i*", 0xfedcba9876543210, 0 },
		{ "fedcba9876543210_r*", 0, 0xfedcba9876543210 },
		{ "0xfedcba9876543210", 0xfedcba9876543210, 0xfedcba9876543210 },
		{ "01:23:45:67:89:ab:cd:ef", 0x0123456789abcdef, 0x0123456789abcdef },
		{ "01234567_89abcdef", 0x0123456789abcdef, 0x0123456789abcdef },
		{ "1", 1, 1 },
		{ "", 0, 0 }, { "0x", 0, 0 }, { "_i", 0, 0 }, { "*", 0, 0 },
		{ "0123456789abcdef0", 0, 0 }, { "xyz", 0, 0 },
		{ "0123456789abcdef i", 0, 0 }, { "12_x", 0, 0 },
		{ "12_ii", 0, 0 }, { ":12", 0, 0 },
	};

	for (size_t i = 0; i < N(cases); i++) {
		uint64_t spi = 0;
		int ret = parse_ike_spi(cases[i].text, 'i', &spi);

		ck_assert_msg(ret == (cases[i].i ? 0 : -EINVAL) &&
			      spi == cases[i].i, "\"%s\" as initiator's",
			      cases[i].text);
		spi = 0;
		ret = parse_ike_spi(cases[i].text, 'r', &spi);
		ck_assert_msg(ret == (cases[i].r ? 0 : -EINVAL) &&
			      spi == cases[i].r, "\"%s\" as responder's",
			      cases[i].text);
	}
}
END_TEST

START_TEST(classids)
{
	char buf[FORMAT_MAX];
	uint32_t id = 5;

	ck_assert_int_eq(parse_classid("1:10", &id), 0);
	ck_assert_uint_eq(id, 0x10010);
	ck_assert_str_eq(format_classid(id, buf), "1:10");
	ck_assert_int_eq(parse_classid("ffff:ffff", &id), 0);
	ck_assert_uint_eq(id, 0xffffffff);
	/* as tc has it */
	ck_assert_int_eq(parse_classid("2:", &id), 0);
	ck_assert_uint_eq(id, 0x20000);
	ck_assert_str_eq(format_classid(0, buf), "-");

	static const char *const bad[] = {
		"", ":", ":1", "1", "10000:1", "1:10000", "0:0", "0:", "1:1:1",
		"g:1", "0x1:1", "-1:1", "1: ", "1:-1", "none",
	};
	for (size_t i = 0; i < N(bad); i++)
		ck_assert_msg(parse_classid(bad[i], &id) == -EINVAL,
			      "\"%s\" was taken", bad[i]);
}
END_TEST

START_TEST(dscps)
{
	static const struct {
		const char *text, *shown;
		int dscp;
	} cases[] = {
		{ "ef", "ef", 46 }, { "EF", "ef", 46 }, { "46", "ef", 46 },
		{ "0x2e", "ef", 46 }, { "cs0", "cs0", 0 }, { "cs7", "cs7", 56 },
		{ "af11", "af11", 10 }, { "af43", "af43", 38 },
		{ "va", "va", 44 }, { "le", "le", 1 }, { "63", "63", 63 },
	};
	char buf[FORMAT_MAX];
	int dscp;

	for (size_t i = 0; i < N(cases); i++) {
		ck_assert_int_eq(parse_dscp(cases[i].text, &dscp), 0);
		ck_assert_int_eq(dscp, cases[i].dscp);
		ck_assert_str_eq(format_dscp(dscp, buf), cases[i].shown);
	}
	ck_assert_int_eq(parse_dscp("64", &dscp), -EINVAL);
	ck_assert_int_eq(parse_dscp("-1", &dscp), -EINVAL);
	ck_assert_int_eq(parse_dscp("af14", &dscp), -EINVAL);
	ck_assert_int_eq(parse_dscp("", &dscp), -EINVAL);
	ck_assert_int_eq(parse_dscp("none", &dscp), -EINVAL);
	ck_assert_str_eq(format_dscp(-1, buf), "-");
}
END_TEST

START_TEST(prefixes)
{
	static const struct {
		const char *text;
		const char *shown;	/* NULL: refused */
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1/32" }, { "192.0.2.0/24", "192.0.2.0/24" },
		{ "192.0.2.128/25", "192.0.2.128/25" }, { "0.0.0.0/0", "0.0.0.0/0" },
		{ "2001:db8::1", "2001:db8::1/128" }, { "2001:db8::/33", "2001:db8::/33" },
		{ "::/0", "::/0" }, { "2001:db8:8000::/33", "2001:db8:8000::/33" },
		{ "192.0.2.1/24", NULL }, { "192.0.2.128/24", NULL }, { "1.2.3.4/33", NULL },
		{ "2001:db8:8000::/32", NULL }, { "2001:db8::1/127", NULL },
		{ "::/129", NULL }, { "192.0.2.1/", NULL }, { "/24", NULL }, { "", NULL },
		{ "192.0.2.0/-1", NULL }, { "192.0.2.0/24/24", NULL }, { "gw1", NULL },
	};
	struct iq_addr addr;
	char buf[FORMAT_MAX];
	uint8_t len;

	for (size_t i = 0; i < N(cases); i++) {
		int ret = parse_prefix(cases[i].text, &addr, &len);

		ck_assert_msg(ret == (cases[i].shown ? 0 : -EINVAL), "\"%s\": %d",
			      cases[i].text, ret);
		if (!ret)
			ck_assert_str_eq(format_prefix(&addr, len, buf), cases[i].shown);
	}
}
END_TEST

START_TEST(macs)
{
	static const char *const bad[] = {
		"", "02:00:00:00:00", "02:00:00:00:00:01:", "02:00:00:00:00:01:02",
		"2:0:0:0:0:1", "02-00-00-00-00-01", "020000000001", "0g:00:00:00:00:01",
		" 02:00:00:00:00:01", "02:00:00:00:00:001", "00:00:00:00:00:00",
		"01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff",
	};
	char buf[FORMAT_MAX];
	uint8_t mac[6];

	ck_assert_int_eq(parse_mac("02:00:5E:Af:00:01", mac), 0);
	ck_assert_mem_eq(mac, "\x02\0\x5e\xaf\0\1", sizeof(mac));
	ck_assert_str_eq(format_mac(mac, buf), "02:00:5e:af:00:01");
	for (size_t i = 0; i < N(bad); i++)
		ck_assert_msg(parse_mac(bad[i], mac) == -EINVAL, "\"%s\" was taken", bad[i]);
}
END_TEST

/* A service's: of a protocol, all of them or some. */
START_TEST(protocol_ports)
{
	static const struct {
		const char *text;
		const char *shown;	/* NULL: it is none */
		uint8_t proto;
		uint16_t first, last;
	} cases[] = {
		{ "tcp/80", "tcp/80", IPPROTO_TCP, 80, 80 },
		{ "UDP/5000-5100", "udp/5000-5100", IPPROTO_UDP, 5000, 5100 },
		{ "sctp/1-65535", "sctp/1-65535", IPPROTO_SCTP, 1, 65535 },
		{ "dccp", "dccp", IPPROTO_DCCP, 0, 65535 },
		{ "6/0x50", "tcp/80", IPPROTO_TCP, 80, 80 },
		{ "tcp/80-80", "tcp/80", IPPROTO_TCP, 80, 80 },
		{ "tcp", "tcp", IPPROTO_TCP, 0, 65535 },
		{ "esp", "esp", IPPROTO_ESP, 0, 65535 },
		{ "icmpv6", "icmpv6", IPPROTO_ICMPV6, 0, 65535 },
		{ "115", "115", 115, 0, 65535 },
		{ "50", "esp", IPPROTO_ESP, 0, 65535 },
		{ "" }, { "/" }, { "/80" }, { "tcp/" }, { "tcp/0" }, { "tcp/0-5" },
		{ "tcp/65536" }, { "tcp/5-4" }, { "tcp/1-" }, { "tcp/-1" }, { "tcp/1-2-3" },
		{ "tcp/80,81" }, { "tcp/80/81" }, { "tcp 80" }, { "tc/80" }, { "http" },
		{ "esp/80" }, { "icmp/8" }, { "47/80" }, { "0" }, { "256" }, { "-1" },
		{ "tcp/00000000000000000000000000000080" },
	};
	struct iq_kernel_port p;
	char buf[FORMAT_MAX];

	for (size_t i = 0; i < N(cases); i++) {
		int ret = parse_port(cases[i].text, &p);

		ck_assert_msg(ret == (cases[i].shown ? 0 : -EINVAL), "\"%s\": %d",
			      cases[i].text, ret);
		if (ret)
			continue;
		ck_assert_str_eq(format_port(&p, buf), cases[i].shown);
		ck_assert_uint_eq(p.proto, cases[i].proto);
		ck_assert_uint_eq(p.first, cases[i].first);
		ck_assert_uint_eq(p.last, cases[i].last);
	}
}
END_TEST

START_TEST(bits)
{
	static const char *const bad[] = {
		"", ",", "1,", ",1", "-", "1-", "-1", "4096", "5-4", "0-4096", "1-2-3", "x",
		"1,,2", "0x1000",
	};
	uint8_t bits[512], wanted[512] = { 0 };

	ck_assert_int_eq(parse_bits("0,9,0x10-18,4095", bits, 4096), 0);
	wanted[0] = 1;
	wanted[1] = 1 << 1;
	wanted[2] = 7;
	wanted[511] = 1 << 7;
	ck_assert_mem_eq(bits, wanted, sizeof(bits));
	ck_assert_int_eq(parse_bits("0-4095", bits, 4096), 0);
	memset(wanted, 0xff, sizeof(wanted));
	ck_assert_mem_eq(bits, wanted, sizeof(bits));
	for (size_t i = 0; i < N(bad); i++)
		ck_assert_msg(parse_bits(bad[i], bits, 4096) == -EINVAL,
			      "\"%s\" was taken", bad[i]);
}
END_TEST

START_TEST(values)
{
	static const char *const names[] = { "bucket", "sa", "flow" };
	uint8_t bytes[4], i = 7;
	char dev[16];

	ck_assert_int_eq(parse_hex("00ffA7b8", bytes, sizeof(bytes)), 0);
	ck_assert_mem_eq(bytes, "\0\xff\xa7\xb8", sizeof(bytes));
	ck_assert_int_eq(parse_hex("00ffa7b", bytes, sizeof(bytes)), -EINVAL);
	ck_assert_int_eq(parse_hex("00ffa7b8c", bytes, sizeof(bytes)), -EINVAL);
	ck_assert_int_eq(parse_hex("0x00ffa7", bytes, sizeof(bytes)), -EINVAL);

	ck_assert_int_eq(parse_dev("eth0.5", dev), 0);
	ck_assert_str_eq(dev, "eth0.5");
	ck_assert_int_eq(parse_dev("", dev), -EINVAL);
	ck_assert_int_eq(parse_dev("a/b", dev), -EINVAL);
	ck_assert_int_eq(parse_dev("sixteen-letters-", dev), -EINVAL);

	ck_assert_int_eq(parse_name("f", names, N(names), &i), 0);
	ck_assert_uint_eq(i, 2);
	ck_assert_int_eq(parse_name("flows", names, N(names), &i), -EINVAL);
	ck_assert_int_eq(parse_name("", names, N(names), &i), -EINVAL);
	ck_assert_uint_eq(i, 2);
}
END_TEST

/* What charon makes of it is of the bucket, whatever it draws. */
START_TEST(buckets)
{
	static const uint64_t drawn[] = { 1, 0x0123456789abcdef, UINT64_MAX };
	static struct iq_kernel_buckets have;

	for (uint32_t bucket = 0; bucket < IQ_SELECT_BUCKETS; bucket++) {
		struct bucket_conf c = bucket_conf(bucket);

		for (size_t i = 0; i < N(drawn); i++)
			ck_assert_uint_eq(iq_select_ike((drawn[i] & ~c.spi_mask) | c.spi_label),
					  bucket);
		ck_assert_uint_eq(iq_select_spi(c.spi_min), bucket);
		ck_assert_uint_eq(iq_select_spi(c.spi_max), bucket);
		ck_assert_uint_eq(c.spi_max - c.spi_min, 0xffff);
		ck_assert_uint_eq(c.spi_min >> 28, 0xc);
	}
	ck_assert_uint_eq(bucket_conf(0xabc).spi_label, 0x0abc000000000000);
	ck_assert_uint_eq(bucket_conf(0xabc).spi_mask, 0x0fff000000000000);
	ck_assert_uint_eq(bucket_conf(0xabc).spi_min, 0xcabc0000);

	/* 3 is held by another, 5 is its own; without 5 there is 3 alone */
	have.home[3] = have.home[5] = have.now[5] = 7;
	have.now[3] = 8;
	ck_assert_int_eq(bucket_of(&have, 7), 5);
	have.now[5] = 8;
	ck_assert_int_eq(bucket_of(&have, 7), 3);
	ck_assert_int_eq(bucket_of(&have, 8), -1);
}
END_TEST

START_TEST(addresses)
{
	struct iq_addr addr;
	char buf[FORMAT_MAX];

	ck_assert_int_eq(parse_addr("192.0.2.1", &addr), 0);
	ck_assert_int_eq(addr.family, AF_INET);
	ck_assert_int_eq(memcmp(addr.b, "\300\0\2\1\0\0\0\0\0\0\0\0\0\0\0\0", 16), 0);
	ck_assert_str_eq(format_addr(&addr, buf), "192.0.2.1");
	ck_assert_int_eq(parse_addr("2001:db8::1", &addr), 0);
	ck_assert_int_eq(addr.family, AF_INET6);
	ck_assert_str_eq(format_addr(&addr, buf), "2001:db8::1");

	ck_assert_int_eq(parse_addr("192.0.2", &addr), -EINVAL);
	ck_assert_int_eq(parse_addr("192.0.2.1/24", &addr), -EINVAL);
	ck_assert_int_eq(parse_addr("fe80::1%eth0", &addr), -EINVAL);
	ck_assert_int_eq(parse_addr("", &addr), -EINVAL);
}
END_TEST

START_TEST(ports)
{
	uint16_t list[IPSEC_QOS_PORTS_MAX] = { 9 };
	char buf[FORMAT_MAX];
	size_t n = 99;

	ck_assert_int_eq(parse_ports("500", list, &n), 0);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(list[0], 500);
	ck_assert_int_eq(parse_ports("1,2,3,4,5,6,7,65535", list, &n), 0);
	ck_assert_uint_eq(n, 8);
	ck_assert_str_eq(format_ports(list, n, buf), "1,2,3,4,5,6,7,65535");
	ck_assert_int_eq(parse_ports("none", list, &n), 0);
	ck_assert_uint_eq(n, 0);
	ck_assert_str_eq(format_ports(list, n, buf), "none");

	static const char *const bad[] = {
		"", ",", "1,", ",1", "0", "65536", "1,2,3,4,5,6,7,8,9", "5,5",
		"500 501", "123456789012",
	};
	for (size_t i = 0; i < N(bad); i++)
		ck_assert_msg(parse_ports(bad[i], list, &n) == -EINVAL,
			      "\"%s\" was taken", bad[i]);
	ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(words)
{
	char line[] = "  sa add\tdst '1 2' \"a'b\"c d#e # comment \"";
	char *v[8];

	ck_assert_int_eq(parse_words(line, v, 8), 6);
	ck_assert_str_eq(v[0], "sa");
	ck_assert_str_eq(v[1], "add");
	ck_assert_str_eq(v[2], "dst");
	ck_assert_str_eq(v[3], "1 2");
	ck_assert_str_eq(v[4], "a'bc");
	ck_assert_str_eq(v[5], "d#e");

	char empty[] = " \t\r\n", comment[] = "# all", open[] = "a 'b";
	char nothing[] = "a '' b", many[] = "1 2 3";

	ck_assert_int_eq(parse_words(empty, v, 8), 0);
	ck_assert_int_eq(parse_words(comment, v, 8), 0);
	ck_assert_int_eq(parse_words(open, v, 8), -EINVAL);
	ck_assert_int_eq(parse_words(nothing, v, 8), 3);
	ck_assert_str_eq(v[1], "");
	ck_assert_int_eq(parse_words(many, v, 2), -E2BIG);
}
END_TEST

START_TEST(keywords)
{
	static const char *const k[] = { "sa", "status", "settings", "set" };
	static const char *const dashed[] = { "mark", "mark-clear", "max" };

	ck_assert_int_eq(parse_keyword("sa", k, 4, sizeof(k[0])), 0);
	ck_assert_int_eq(parse_keyword("st", k, 4, sizeof(k[0])), 1);
	ck_assert_int_eq(parse_keyword("s", k, 4, sizeof(k[0])), -ENOTUNIQ);
	ck_assert_int_eq(parse_keyword("se", k, 4, sizeof(k[0])), -ENOTUNIQ);
	/* the whole word is not ambiguous */
	ck_assert_int_eq(parse_keyword("set", k, 4, sizeof(k[0])), 3);
	ck_assert_int_eq(parse_keyword("sett", k, 4, sizeof(k[0])), 2);
	ck_assert_int_eq(parse_keyword("x", k, 4, sizeof(k[0])), -EINVAL);
	ck_assert_int_eq(parse_keyword("", k, 4, sizeof(k[0])), -EINVAL);
	ck_assert_int_eq(parse_keyword("statuses", k, 4, sizeof(k[0])), -EINVAL);
	/* what has a word and a dash in front does not make that ambiguous */
	ck_assert_int_eq(parse_keyword("m", dashed, 2, sizeof(k[0])), 0);
	ck_assert_int_eq(parse_keyword("mar", dashed, 3, sizeof(k[0])), 0);
	ck_assert_int_eq(parse_keyword("mark", dashed, 3, sizeof(k[0])), 0);
	ck_assert_int_eq(parse_keyword("mark-", dashed, 3, sizeof(k[0])), 1);
	ck_assert_int_eq(parse_keyword("m", dashed, 3, sizeof(k[0])), -ENOTUNIQ);
}
END_TEST

START_TEST(amounts)
{
	char buf[FORMAT_MAX];

	ck_assert_str_eq(format_bytes(0, buf), "0 B");
	ck_assert_str_eq(format_bytes(1023, buf), "1023 B");
	ck_assert_str_eq(format_bytes(1024, buf), "1.00 KiB");
	ck_assert_str_eq(format_bytes(1536 * 1024, buf), "1.50 MiB");
	ck_assert_str_eq(format_bytes(UINT64_MAX, buf), "16.0 EiB");
	ck_assert_str_eq(format_rate(30000000, buf), "30.0 Mbit");
	ck_assert_str_eq(format_rate(999, buf), "999 bit");
	ck_assert_str_eq(format_time(59, buf), "00:00:59");
	ck_assert_str_eq(format_time(86400 + 3661, buf), "1d 01:01:01");
	ck_assert_str_eq(format_mark(0x10, 0xff0, buf), "0x10/0xff0");
	ck_assert_str_eq(format_mark(0x10, UINT32_MAX, buf), "0x10");
	ck_assert_str_eq(format_ike_spi(0xabc, buf), "0000000000000abc");
}
END_TEST

/* What @print writes to standard output, which is a pipe here. */
static void printed(void (*print)(void), char *buf, size_t size)
{
	FILE *file = tmpfile();
	int out = dup(STDOUT_FILENO);
	size_t n;

	ck_assert_ptr_nonnull(file);
	fflush(stdout);
	dup2(fileno(file), STDOUT_FILENO);
	print();
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	close(out);
	rewind(file);
	n = fread(buf, 1, size - 1, file);
	buf[n] = '\0';
	fclose(file);
}

static void table_row(size_t i, char cells[][CELL_MAX], void *arg)
{
	static const char *const rows[][3] = {
		{ "a", "1", "x" }, { "b\303\266\303\266b", "22222", "" },
	};

	for (int c = 0; c < 3; c++)
		snprintf(cells[c], CELL_MAX, "%s", rows[i][c]);
}

static void a_table(void)
{
	static const struct column columns[] = {
		{ "NAME", .color = COLOR_NAME }, { "N", true }, { "LAST" },
	};

	print_setup(false);
	print_table(columns, 3, 2, table_row, NULL);
}

START_TEST(table)
{
	char text[512];

	printed(a_table, text, sizeof(text));
	/* wide characters count once, and what is no terminal has no colours */
	ck_assert_str_eq(text, "NAME      N  LAST\n"
			       "a         1  x\n"
			       "b\303\266\303\266b  22222  \n");
}
END_TEST

static json_t *number_json(const void *item)
{
	return json_pack("{s:i}", "a", *(const int *)item);
}

static void an_array(void)
{
	static const int items[] = { 1, 2 };

	print_setup(false);
	print_array(items, 2, sizeof(items[0]), number_json);
	print_array(NULL, 0, sizeof(items[0]), number_json);
}

static void a_pretty_array(void)
{
	static const int item = 1;

	print_setup(true);
	print_array(&item, 1, sizeof(item), number_json);
}

START_TEST(json)
{
	char text[512];
	json_t *back;

	printed(an_array, text, sizeof(text));
	ck_assert_str_eq(text, "[{\"a\":1},{\"a\":2}]\n[]\n");
	printed(a_pretty_array, text, sizeof(text));
	ck_assert_ptr_nonnull(strchr(text, ' '));
	back = json_loads(text, 0, NULL);
	ck_assert_uint_eq(json_array_size(back), 1);
	json_decref(back);
}
END_TEST

static void check_name(const char *name, const char *end, const char *shown)
{
	json_t *json = name_json(name, end);

	ck_assert_str_eq(json_string_value(json), shown);
	json_decref(json);
}

START_TEST(names)
{
	char longest[256], shown[4 * 255 + 2] = "";
	int i;

	check_name("", "", "");
	check_name("wan-ft_0 ~", "", "wan-ft_0 ~");
	check_name("veth", "*", "veth*");
	/* neither a terminal nor JSON gets what is not text */
	check_name("a\033[2Jb\n", "", "a\\x1b[2Jb\\x0a");
	check_name("\x1f\x7f\x80\xff", "*", "\\x1f\\x7f\\x80\\xff*");
	check_name("\303\266", "", "\\xc3\\xb6");

	memset(longest, 0xfe, 255);
	longest[255] = '\0';
	for (i = 0; i < 255; i++)
		strcat(shown, "\\xfe");
	strcat(shown, "*");
	check_name(longest, "*", shown);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("pure");

	tcase_add_test(tcase, numbers);
	tcase_add_test(tcase, marks);
	tcase_add_test(tcase, spis);
	tcase_add_test(tcase, spis_of_swanctl);
	tcase_add_test(tcase, destinations);
	tcase_add_test(tcase, instants);
	tcase_add_test(tcase, lists);
	tcase_add_test(tcase, ike_spis);
	tcase_add_test(tcase, classids);
	tcase_add_test(tcase, dscps);
	tcase_add_test(tcase, addresses);
	tcase_add_test(tcase, prefixes);
	tcase_add_test(tcase, macs);
	tcase_add_test(tcase, protocol_ports);
	tcase_add_test(tcase, bits);
	tcase_add_test(tcase, values);
	tcase_add_test(tcase, buckets);
	tcase_add_test(tcase, ports);
	tcase_add_test(tcase, words);
	tcase_add_test(tcase, keywords);
	tcase_add_test(tcase, amounts);
	tcase_add_test(tcase, table);
	tcase_add_test(tcase, json);
	tcase_add_test(tcase, names);

	return run_tests("command", tcase);
}
