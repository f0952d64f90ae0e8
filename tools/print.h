/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables for people, JSON for programs.
 */
#ifndef IPSEC_QOS_TOOLS_PRINT_H
#define IPSEC_QOS_TOOLS_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <jansson.h>

#define CELL_MAX	512
#define COLUMNS_MAX	16

/**
 * enum color - what a thing is, for a terminal that shows colours
 */
enum color {
	COLOR_NONE,
	COLOR_TITLE,
	COLOR_NAME,
	COLOR_ADDR,
	COLOR_GOOD,
	COLOR_BAD,
};

/**
 * struct column - of a table
 *
 * @right: numbers stand at the right
 */
struct column {
	const char *title;
	bool right;
	enum color color;
};

/**
 * print_setup() - how JSON is printed, and whether there are colours
 *
 * Colours are used on a terminal only, and not where NO_COLOR is set
 * (no-color.org) or TERM is "dumb".
 */
void print_setup(bool pretty);

/** print_colored() - as printf() of one string, in a colour */
void print_colored(enum color color, const char *text);

/**
 * print_table() - a title line, then a line for each of @n rows, aligned;
 * nothing without rows
 *
 * @row: writes the cells of row @i; called twice for each
 */
void print_table(const struct column *columns, size_t n_columns, size_t n,
		 void (*row)(size_t i, char cells[][CELL_MAX], void *arg),
		 void *arg);

/** clip_cell() - a cell's text; one that does not fit ends with "..." */
void clip_cell(char cell[CELL_MAX], const char *text);

/**
 * format_list() - texts of an array with commas between; "-" where it is empty
 *
 * @member: of its objects, which is the text; NULL: they are texts themselves
 * @size: of @buf; where not all fit, it ends with how many more there are
 */
void format_list(const json_t *array, const char *member, char *buf, size_t size);

/**
 * name_json() - a name that somebody else chose, of up to 255 bytes of any kind:
 * what is not printable ASCII is written \xNN
 *
 * @end: what is put behind it, "" for nothing
 */
json_t *name_json(const char *name, const char *end);

/** print_json() - and take it over; ends the line */
void print_json(json_t *json);

/**
 * print_array() - @n items of @size bytes as JSON, which is never all in memory
 */
void print_array(const void *items, size_t n, size_t size,
		 json_t *(*to_json)(const void *item));

#endif /* IPSEC_QOS_TOOLS_PRINT_H */
