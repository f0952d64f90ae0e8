// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/rate.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define RATE_MAX	1e17	/* bytes a second */
#define WORD_MAX	32	/* of what is worth a guess */

static const struct {
	const char *name;
	double bits;
} units[] = {
	{ "", 1 }, { "bit", 1 },
	{ "kbit", 1e3 }, { "mbit", 1e6 }, { "gbit", 1e9 }, { "tbit", 1e12 },
	{ "kibit", 0x1p10 }, { "mibit", 0x1p20 }, { "gibit", 0x1p30 },
	{ "tibit", 0x1p40 },
	{ "bps", 8 },
	{ "kbps", 8e3 }, { "mbps", 8e6 }, { "gbps", 8e9 }, { "tbps", 8e12 },
	{ "kibps", 0x1p13 }, { "mibps", 0x1p23 }, { "gibps", 0x1p33 },
	{ "tibps", 0x1p43 },
};

/*
 * A number without sign, exponent or base, of digits with one point at most;
 * @end is where it ends.
 */
static bool read_number(const char *text, double *n, const char **end)
{
	size_t len = strspn(text, "0123456789.");
	char *at;

	if (!len)
		return false;
	*n = strtod(text, &at);
	*end = text + len;
	return at == *end;
}

/* Without blanks and capitals, and with a point for a decimal comma. */
static bool simplify(const char *text, char *word)
{
	size_t len = 0;

	for (; *text; text++) {
		if (isspace((unsigned char)*text))
			continue;
		if (len == WORD_MAX - 1)
			return false;
		word[len++] = *text == ',' ? '.' : *text;
	}
	word[len] = '\0';
	return true;
}

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (!strcasecmp(word, *words))
			return true;
	return false;
}

/* What was meant by what is no rate, for its author to say. */
static void guess(const char *text, bool whole, char *hint, size_t size)
{
	static const char *const percents[] = { "%", "percent", "pct", NULL };
	static const char *const bits[] = {
		"", "b", "bit", "bits", "b/s", "bit/s", "bits/s", NULL
	};
	static const char *const bytes[] = {
		"byte", "bytes", "byte/s", "bytes/s", NULL
	};
	static const struct {
		const char *scale;
		const char *name;
	} scales[] = {
		{ "ki", "kibi" }, { "mi", "mebi" }, { "gi", "gibi" }, { "ti", "tebi" },
		{ "k", "kilo" }, { "m", "mega" }, { "g", "giga" }, { "t", "tera" },
		{ "", "" },
	};
	char word[WORD_MAX];
	const char *unit, *scale;
	size_t len, i = 0;
	double n;
	int digits;

	if (!simplify(text, word) || !read_number(word, &n, &unit))
		return;
	digits = unit - word;
	if (whole && is_one_of(unit, percents)) {
		if (n <= 100)
			snprintf(hint, size, ": did you mean %.*s%%?", digits,
				 word);
		return;
	}

	while (strncasecmp(unit, scales[i].scale, strlen(scales[i].scale)) != 0)
		i++;
	scale = scales[i].scale;
	len = strlen(scale);
	/* a capital B is a byte to many */
	if (is_one_of(unit + len, bytes) || !strcmp(unit + len, "B") ||
	    !strcmp(unit + len, "B/s"))
		snprintf(hint, size, ": did you mean %.*s%sbps (%.*s %sbytes a second), or %.*s%sbit?",
			 digits, word, scale, digits, word, scales[i].name,
			 digits, word, scale);
	else if (is_one_of(unit + len, bits))
		snprintf(hint, size, ": did you mean %.*s%sbit?", digits, word,
			 scale);
}

int rate_parse(const char *text, uint64_t whole, uint64_t *bytes, char *hint,
	       size_t size)
{
	const char *unit = "?";
	double n = 0, rate = -1;
	size_t i, len;

	*hint = '\0';
	if (!read_number(text, &n, &unit))
		unit = "?";
	if (whole && !strcmp(unit, "%") && n <= 100)
		rate = floor(whole * n / 100);
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcasecmp(unit, units[i].name))
			rate = floor(n * units[i].bits / 8);

	if (rate < 1 || rate > RATE_MAX) {
		if (rate < 0)
			guess(text, whole, hint, size);
		return -EINVAL;
	}
	*bytes = rate;

	/* tc's trap: the "b" of "bps" is a byte, which elsewhere is a bit */
	len = strlen(unit);
	if (len >= 3 && !strcasecmp(unit + len - 3, "bps")) {
		char scale[3] = "";

		for (i = 0; i < len - 3; i++)
			scale[i] = tolower((unsigned char)unit[i]);
		snprintf(hint, size, "'%.32s' is %.10g%sbit, for in tc's units bps are bytes a second: write that, or %.10g%sbit if bits are meant",
			 text, n * 8, scale, n, scale);
	}
	return 0;
}
