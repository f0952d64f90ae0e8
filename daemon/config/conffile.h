/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration files as sections of values, each with the line it stands in,
 * and with what a file includes in its place. What the sections mean is
 * config.c's matter. libConfuse parses; it is process-wide and not reentrant,
 * and so is this.
 */
#ifndef IPSEC_QOSD_CONFFILE_H
#define IPSEC_QOSD_CONFFILE_H

#include <confuse.h>
#include <stddef.h>

#include "lib/array.h"

#define CONFFILE_BYTES_MAX	(8U << 20)	/* in all files together */
#define CONFFILE_FILES_MAX	1024
#define CONFFILE_DEPTH_MAX	8		/* files that include each other */
#define CONFFILE_LINE_MAX	65535		/* bytes in a line */

/**
 * struct conf_value - KEY = VALUE, or one value of a list
 */
struct conf_value {
	char *key;
	char *text;
	unsigned int line;
};

/**
 * struct conf_section - KIND [TITLE] { ... }
 *
 * @title: NULL where the kind has none
 * @file: the file's name as it was given or included
 * @line: of its opening brace
 * @values: in it, of struct conf_value
 * @subs: sections in it, of struct conf_section
 */
struct conf_section {
	char *kind;
	char *title;
	const char *file;
	unsigned int line;
	UT_array values;
	UT_array subs;
};

/* All items of an array of these, each in turn. */
#define conf_for_each(item, array) \
	for ((item) = NULL; ((item) = (void *)utarray_next(array, item)); )

/**
 * struct conffile - the sections of a file and of those it includes, in order
 *
 * @sections: of struct conf_section
 * @files: the names that struct conf_section points to
 */
struct conffile {
	UT_array sections;
	UT_array files;
};

/*
 * What a schema is made of: CONFFILE_INCLUDE, CONFFILE_SECTION and
 * CONFFILE_TITLED at the top, and in the array that these name CONFFILE_BEGIN
 * first, then CONFFILE_KEY, CONFFILE_LIST and further
 * sections. Every array ends with CFG_END().
 */
#define CONFFILE_BEGIN() \
	{ .name = CONFFILE_BEGIN_NAME, .type = CFGT_STR, \
	  .def = { .parsed = (char *)"-" }, .parsecb = conffile_on_begin }
#define CONFFILE_KEY(key) \
	CFG_STR_CB(key, NULL, CFGF_NODEFAULT, conffile_on_value)
#define CONFFILE_LIST(key) \
	CFG_STR_LIST_CB(key, NULL, CFGF_NODEFAULT, conffile_on_value)
#define CONFFILE_SECTION(kind, keys) \
	{ .name = kind, .type = CFGT_SEC, .flags = CFGF_MULTI, \
	  .subopts = keys, .validcb = conffile_on_end }
#define CONFFILE_TITLED(kind, keys) \
	{ .name = kind, .type = CFGT_SEC, .flags = CFGF_MULTI | CFGF_TITLE, \
	  .subopts = keys, .validcb = conffile_on_end }
#define CONFFILE_INCLUDE() \
	CFG_STR_CB("include", NULL, CFGF_NODEFAULT, conffile_on_include)

/*
 * libConfuse parses the default of this option, which no file can name, when a
 * section opens: the only moment to learn the line it opens in.
 */
#define CONFFILE_BEGIN_NAME	"{"

int conffile_on_begin(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result);
int conffile_on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result);
int conffile_on_end(cfg_t *cfg, cfg_opt_t *opt);
int conffile_on_include(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result);

/**
 * conffile_read() - read a file and what it includes
 *
 * include = "PATH" takes wildcards; a relative path is relative to the folder of
 * the file that it stands in. A pattern that fits no file is no error.
 *
 * @schema: which sections and keys there are
 * @error: filled with "FILE:LINE: what, and what was expected"
 *
 * Return: NULL on error.
 */
struct conffile *conffile_read(const char *file, cfg_opt_t *schema,
			       char *error, size_t error_size);
void conffile_free(struct conffile *conf);

#endif /* IPSEC_QOSD_CONFFILE_H */
