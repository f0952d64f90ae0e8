// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tables for people, JSON for programs.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "print.h"
#include "lib/text.h"

#define NAME_MAX_LEN	255

static const char *const escapes[] = {
	[COLOR_NONE]	= "",
	[COLOR_TITLE]	= "\033[1m",
	[COLOR_NAME]	= "\033[36m",
	[COLOR_ADDR]	= "\033[35m",
	[COLOR_GOOD]	= "\033[32m",
	[COLOR_BAD]	= "\033[31m",
};

static size_t json_flags = JSON_COMPACT;
static bool colors;

void print_setup(bool pretty)
{
	const char *term = getenv("TERM");
	const char *no = getenv("NO_COLOR");

	json_flags = pretty ? JSON_INDENT(4) : JSON_COMPACT;
	colors = isatty(STDOUT_FILENO) && !(no && *no) &&
		 !(term && !strcmp(term, "dumb"));
}

void print_colored(enum color color, const char *text)
{
	if (colors && color != COLOR_NONE)
		printf("%s%s\033[0m", escapes[color], text);
	else
		fputs(text, stdout);
}

/* How many columns of the terminal: UTF-8's continuation bytes take none. */
static size_t width(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

static void print_cell(const struct column *c, enum color color,
		       const char *text, size_t wide, bool last)
{
	size_t have = width(text);
	int pad = wide > have ? (int)(wide - have) : 0;

	if (c->right)
		printf("%*s", pad, "");
	print_colored(color, text);
	if (last)
		putchar('\n');
	else
		printf("%*s", (c->right ? 0 : pad) + 2, "");
}

void print_table(const struct column *columns, size_t n_columns, size_t n,
		 void (*row)(size_t i, char cells[][CELL_MAX], void *arg),
		 void *arg)
{
	static char cells[COLUMNS_MAX][CELL_MAX];
	size_t wide[COLUMNS_MAX];
	size_t i, c;

	if (!n)
		return;
	for (c = 0; c < n_columns; c++)
		wide[c] = width(columns[c].title);
	for (i = 0; i < n; i++) {
		row(i, cells, arg);
		for (c = 0; c < n_columns; c++)
			if (width(cells[c]) > wide[c])
				wide[c] = width(cells[c]);
	}
	for (c = 0; c < n_columns; c++)
		print_cell(&columns[c], COLOR_TITLE, columns[c].title, wide[c],
			   c == n_columns - 1);
	for (i = 0; i < n; i++) {
		row(i, cells, arg);
		for (c = 0; c < n_columns; c++)
			print_cell(&columns[c], columns[c].color, cells[c],
				   wide[c], c == n_columns - 1);
	}
}

/* Up to @size bytes with the NUL, and no half of a character. */
static void clip(char *buf, size_t size, const char *text)
{
	size_t len = strlen(text);

	if (len < size) {
		memcpy(buf, text, len + 1);
		return;
	}
	len = size - sizeof("...");
	while (len && (text[len] & 0xc0) == 0x80)
		len--;
	snprintf(buf, size, "%.*s...", (int)len, text);
}

void clip_cell(char cell[CELL_MAX], const char *text)
{
	clip(cell, CELL_MAX, text);
}

void format_list(const json_t *array, const char *member, char *buf, size_t size)
{
	const size_t room = sizeof(" and 4294967295 more");
	size_t i, used = 0, n = json_array_size(array);
	const json_t *item;

	snprintf(buf, size, "-");
	json_array_foreach(array, i, item) {
		const char *text = json_string_value(member ?
				json_object_get(item, member) : item);
		size_t len, left = size - used - (i + 1 < n ? room : 0);

		text = text ? text : "?";
		len = strlen(text) + (i ? 2 : 0);
		if (i && len >= left) {
			snprintf(buf + used, size - used, " and %zu more", n - i);
			break;
		}
		if (i)
			used += snprintf(buf + used, size - used, ", ");
		clip(buf + used, left - (i ? 2 : 0), text);
		used += strlen(buf + used);
	}
}

json_t *name_json(const char *name, const char *end)
{
	char shown[4 * NAME_MAX_LEN + 8];
	struct text t;

	text_begin(&t, shown, sizeof(shown));
	text_escape(&t, name, strlen(name));
	text_put(&t, "%s", end);
	return json_string(shown);
}

void print_json(json_t *json)
{
	json_dumpf(json, stdout, json_flags);
	json_decref(json);
	putchar('\n');
}

void print_array(const void *items, size_t n, size_t size,
		 json_t *(*to_json)(const void *item))
{
	bool pretty = !(json_flags & JSON_COMPACT);
	const char *item = items;
	size_t i;

	putchar('[');
	for (i = 0; i < n; i++, item += size) {
		json_t *json = to_json(item);

		if (i)
			putchar(',');
		if (pretty)
			putchar('\n');
		json_dumpf(json, stdout, json_flags);
		json_decref(json);
	}
	if (n && pretty)
		putchar('\n');
	puts("]");
}
