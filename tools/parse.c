// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a person writes, read, and written as a person reads it.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "parse.h"

int parse_spi(const char *text, uint32_t *spi)
{
	if (text[0] == '0' && text[1] != 'x' && text[1] != 'X')
		return -EINVAL;
	return parse_u32(text, 256, UINT32_MAX, spi);
}

const char *guess_spi(const char *text, char *buf)
{
	size_t len = strspn(text, "0123456789abcdefABCDEF");
	unsigned long spi = strtoul(text, NULL, 16);

	/* charon's log says which way: _i in, _o out */
	if (!len || len > 8 || spi < 256 ||
	    (text[len] && strcmp(text + len, "_i") && strcmp(text + len, "_o")))
		return NULL;
	snprintf(buf, FORMAT_MAX, "0x%.*s", (int)len, text);
	return buf;
}

int parse_ike_spi(const char *text, char role, uint64_t *spi)
{
	uint64_t value = 0;
	int digits = 0;

	if (text[0] == '0' && tolower((unsigned char)text[1]) == 'x')
		text += 2;
	for (; *text; text++) {
		unsigned char c = tolower((unsigned char)*text);

		if (isxdigit(c)) {
			if (++digits > 16)
				return -EINVAL;
			value = value << 4 | (isdigit(c) ? c - '0' : c - 'a' + 10);
		} else if (!digits || (c != ':' && c != '_')) {
			break;
		} else if (c == '_' && text[1] == role) {
			text += 2;
			break;
		}
	}
	if (*text == '*')	/* swanctl's sign for this host's own SPI */
		text++;
	if (!digits || *text)
		return -EINVAL;
	*spi = value;
	return 0;
}

int parse_addr(const char *text, struct iq_addr *addr)
{
	memset(addr, 0, sizeof(*addr));
	if (inet_pton(AF_INET, text, addr->b) == 1)
		addr->family = AF_INET;
	else if (inet_pton(AF_INET6, text, addr->b) == 1)
		addr->family = AF_INET6;
	return addr->family ? 0 : -EINVAL;
}

const char *no_destination(const struct iq_addr *addr)
{
	static const uint8_t zero[16], mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (!memcmp(addr->b, zero, sizeof(zero)))
		return "is no packet's destination: take the address that the SA's packets are sent to";
	if (addr->family == AF_INET6 && !memcmp(addr->b, mapped, sizeof(mapped)))
		return "stands for an IPv4 address: write that, as its packets have it";
	return NULL;
}

int parse_family(const char *text, uint8_t *family)
{
	if (!strcmp(text, "inet"))
		*family = AF_INET;
	else if (!strcmp(text, "inet6"))
		*family = AF_INET6;
	else
		return -EINVAL;
	return 0;
}

const char *family_name(uint8_t family)
{
	return family == AF_INET6 ? "inet6" : "inet";
}

int parse_proto(const char *text, uint8_t *proto)
{
	if (!strcasecmp(text, "esp"))
		*proto = IPPROTO_ESP;
	else if (!strcasecmp(text, "ah"))
		*proto = IPPROTO_AH;
	else
		return -EINVAL;
	return 0;
}

const char *proto_name(uint8_t proto)
{
	return proto == IPPROTO_AH ? "ah" : "esp";
}

int parse_ports(const char *text, uint16_t *ports, size_t *n)
{
	size_t i, count = 0;
	uint32_t port;
	char word[8];

	if (!strcmp(text, "none")) {
		*n = 0;
		return 0;
	}
	while (true) {
		size_t len = strcspn(text, ",");

		if (len >= sizeof(word) || count == IPSEC_QOS_PORTS_MAX)
			return -EINVAL;
		memcpy(word, text, len);
		word[len] = '\0';
		if (parse_u32(word, 1, UINT16_MAX, &port))
			return -EINVAL;
		for (i = 0; i < count; i++)
			if (ports[i] == port)
				return -EINVAL;
		ports[count++] = port;
		if (!text[len])
			break;
		text += len + 1;
	}
	*n = count;
	return 0;
}

int parse_prefix(const char *text, struct iq_addr *addr, uint8_t *len)
{
	char copy[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	uint32_t bits, i;

	if (n >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, n);
	copy[n] = '\0';
	if (parse_addr(copy, addr))
		return -EINVAL;
	bits = addr->family == AF_INET ? 32 : 128;
	if (slash && parse_u32(slash + 1, 0, bits, &bits))
		return -EINVAL;
	for (i = bits; i < 8 * sizeof(addr->b); i++)
		if (addr->b[i / 8] & (0x80 >> i % 8))
			return -EINVAL;
	*len = bits;
	return 0;
}

int parse_dev(const char *text, char dev[16])
{
	size_t n = strlen(text);

	if (!n || n > 15 || strchr(text, '/'))
		return -EINVAL;
	memcpy(dev, text, n + 1);
	return 0;
}

int parse_hex(const char *text, uint8_t *bytes, size_t n)
{
	char pair[3] = "";
	size_t i;

	if (strlen(text) != 2 * n ||
	    strspn(text, "0123456789abcdefABCDEF") != strlen(text))
		return -EINVAL;
	for (i = 0; i < n; i++) {
		memcpy(pair, text + 2 * i, 2);
		bytes[i] = strtoul(pair, NULL, 16);
	}
	return 0;
}

int parse_bits(const char *text, uint8_t *bits, uint32_t n)
{
	uint32_t from, to;
	char word[16];
	char *dash;

	memset(bits, 0, n / 8);
	while (true) {
		size_t len = strcspn(text, ",");

		if (len >= sizeof(word))
			return -EINVAL;
		memcpy(word, text, len);
		word[len] = '\0';
		dash = strchr(word, '-');
		if (dash)
			*dash = '\0';
		if (parse_u32(word, 0, n - 1, &from) ||
		    parse_u32(dash ? dash + 1 : word, from, n - 1, &to))
			return -EINVAL;
		for (; from <= to; from++)
			bits[from / 8] |= 1U << from % 8;
		if (!text[len])
			return 0;
		text += len + 1;
	}
}

int parse_name(const char *text, const char *const *names, size_t n, uint8_t *i)
{
	int found = parse_keyword(text, names, n, sizeof(*names));

	if (found < 0)
		return found;
	*i = found;
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

int parse_words(char *line, char **words, int max)
{
	char *in = line, *out;
	int n = 0;

	while (true) {
		while (is_blank(*in))
			in++;
		if (!*in || *in == '#')
			return n;
		if (n == max)
			return -E2BIG;
		words[n++] = out = in;
		while (*in && !is_blank(*in)) {
			char quote = *in;

			if (quote != '\'' && quote != '"') {
				*out++ = *in++;
				continue;
			}
			for (in++; *in != quote; )  {
				if (!*in)
					return -EINVAL;
				*out++ = *in++;
			}
			in++;
		}
		if (*in)
			in++;
		*out = '\0';
	}
}

/* Is it @keyword and more, behind a dash? */
static bool extends(const char *longer, const char *keyword)
{
	size_t len = strlen(keyword);

	return !strncmp(longer, keyword, len) && longer[len] == '-';
}

int parse_keyword(const char *word, const void *keywords, size_t n,
		  size_t stride)
{
	size_t i, len = strlen(word);
	const char *first = NULL;
	int found = -EINVAL;

	if (!len)
		return -EINVAL;
	for (i = 0; i < n; i++) {
		const char *keyword = *(const char *const *)
				      ((const char *)keywords + i * stride);

		if (strncmp(word, keyword, len))
			continue;
		if (!keyword[len])
			return i;
		if (first && extends(keyword, first))
			continue;
		found = found == -EINVAL ? (int)i : -ENOTUNIQ;
		first = keyword;
	}
	return found;
}

const char *format_addr(const struct iq_addr *addr, char *buf)
{
	if (!inet_ntop(addr->family, addr->b, buf, FORMAT_MAX))
		snprintf(buf, FORMAT_MAX, "?");
	return buf;
}

const char *format_prefix(const struct iq_addr *addr, uint8_t len, char *buf)
{
	char text[FORMAT_MAX];

	snprintf(buf, FORMAT_MAX, "%.*s/%u", INET6_ADDRSTRLEN, format_addr(addr, text), len);
	return buf;
}

const char *format_ike_spi(uint64_t spi, char *buf)
{
	snprintf(buf, FORMAT_MAX, "%016" PRIx64, spi);
	return buf;
}

const char *format_ports(const uint16_t *ports, size_t n, char *buf)
{
	int len = 0;
	size_t i;

	snprintf(buf, FORMAT_MAX, "none");
	for (i = 0; i < n && i < IPSEC_QOS_PORTS_MAX; i++)
		len += snprintf(buf + len, FORMAT_MAX - len, "%s%u",
				i ? "," : "", ports[i]);
	return buf;
}

const char *format_local(const struct timeval *tv, char *buf)
{
	char text[FORMAT_MAX / 2];
	struct tm tm;

	localtime_r(&tv->tv_sec, &tm);
	strftime(text, sizeof(text), "%FT%T", &tm);
	snprintf(buf, FORMAT_MAX, "%s.%06ld", text, (long)tv->tv_usec);
	return buf;
}

const char *format_instant(const struct timeval *tv, char *buf)
{
	char zone[8];
	struct tm tm;
	size_t n;

	localtime_r(&tv->tv_sec, &tm);
	strftime(zone, sizeof(zone), "%z", &tm);	/* +0100 */
	n = strlen(format_local(tv, buf));
	snprintf(buf + n, FORMAT_MAX - n, "%.3s:%s", zone, zone + 3);
	return buf;
}

/* Three digits or so, and a unit; whole below the first one. */
static const char *format_scaled(uint64_t value, unsigned int base,
				 const char *const *units, char *buf)
{
	double scaled = value;

	if (value < base) {
		snprintf(buf, FORMAT_MAX, "%" PRIu64 " %s", value, units[0]);
		return buf;
	}
	while (scaled >= base && units[1]) {
		scaled /= base;
		units++;
	}
	snprintf(buf, FORMAT_MAX, "%.*f %s",
		 scaled < 10 ? 2 : scaled < 100 ? 1 : 0, scaled, *units);
	return buf;
}

const char *format_bytes(uint64_t bytes, char *buf)
{
	static const char *const units[] = {
		"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", NULL
	};

	return format_scaled(bytes, 1024, units, buf);
}

const char *format_rate(uint64_t bits, char *buf)
{
	static const char *const units[] = {
		"bit", "Kbit", "Mbit", "Gbit", "Tbit", NULL
	};

	return format_scaled(bits, 1000, units, buf);
}

const char *format_time(uint64_t seconds, char *buf)
{
	int len = 0;

	if (seconds >= 86400)
		len = snprintf(buf, FORMAT_MAX, "%" PRIu64 "d ", seconds / 86400);
	snprintf(buf + len, FORMAT_MAX - len, "%02u:%02u:%02u",
		 (unsigned int)(seconds / 3600 % 24),
		 (unsigned int)(seconds / 60 % 60), (unsigned int)(seconds % 60));
	return buf;
}
