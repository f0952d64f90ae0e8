/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration files for a test, in a folder that goes with it.
 */
#ifndef IPSEC_QOS_TESTS_UNIT_CONFIG_FILES_H
#define IPSEC_QOS_TESTS_UNIT_CONFIG_FILES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "suite.h"

#define G	"group gold { id = 1 mark = 0x10/0xff0 }\n"
#define S	"group silver { id = 2 mark = 0x20/0xff0 }\n"

static char dir[64];
static char error[2048];

static inline const char *path(const char *name)
{
	static char buf[2][128];
	static int i;

	i = !i;
	snprintf(buf[i], sizeof(buf[i]), "%s/%s", dir, name);
	return buf[i];
}

static inline void write_bytes(const char *name, const void *data, size_t len)
{
	FILE *f = fopen(path(name), "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(data, 1, len, f), len);
	ck_assert(!fclose(f));
}

static inline void write_file(const char *name, const char *text)
{
	write_bytes(name, text, strlen(text));
}

static inline void setup(void)
{
	strcpy(dir, "/tmp/config_test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	*error = '\0';
}

static inline void teardown(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	ck_assert_int_eq(system(command), 0);
}

static inline struct config *load(const char *text)
{
	struct config *config;

	write_file("main.conf", text);
	config = config_load(path("main.conf"), error, sizeof(error));
	ck_assert_msg(config, "%s", error);
	return config;
}

/* The error is FILE:LINE: ... with @culprit and an expectation in it. */
static inline void refused(const char *name, unsigned int line, const char *culprit)
{
	struct config *config = config_load(path("main.conf"), error, sizeof(error));
	char at[256];

	config_free(config);
	ck_assert_msg(!config, "not refused: expected %s in line %u", culprit, line);
	snprintf(at, sizeof(at), "%s:%u: ", path(name), line);
	ck_assert_msg(!strncmp(error, at, strlen(at)), "%s: expected %s", error, at);
	ck_assert_msg(strstr(error, culprit), "%s: expected %s in it", error, culprit);
}

#endif /* IPSEC_QOS_TESTS_UNIT_CONFIG_FILES_H */
