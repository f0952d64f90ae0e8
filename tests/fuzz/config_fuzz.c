// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration. An input is up to three files with a NUL between them, of
 * which the first is read; "b" and "c" are the others' names. What is taken
 * holds together as config.h says; what is refused has a reason that a terminal
 * can show.
 */
#include <ctype.h>
#include <glob.h>
#include <unistd.h>

#include "fuzz.h"

#include "config/config.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int __wrap_glob(const char *pattern, int flags,
		int (*error)(const char *path, int err), glob_t *found);
int __real_glob(const char *pattern, int flags,
		int (*error)(const char *path, int err), glob_t *found);

static char dir[] = "/tmp/config_fuzz.XXXXXX";
static const char * const names[] = { "a", "b", "c" };

static void tidy_up(void)
{
	size_t i;

	for (i = 0; i < 3; i++)
		unlink(names[i]);
	rmdir(dir);
}

static void path_of(size_t i, char *path, size_t size)
{
	snprintf(path, size, "%s/%s", dir, names[i]);
}

/* What is included is among these files, and not the rest of the machine. */
int __wrap_glob(const char *pattern, int flags,
		int (*error)(const char *path, int err), glob_t *found)
{
	size_t n = strlen(dir);

	if (strncmp(pattern, dir, n) || pattern[n] != '/' || strstr(pattern, ".."))
		return GLOB_NOMATCH;
	return __real_glob(pattern, flags, error, found);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	must(mkdtemp(dir));
	atexit(tidy_up);
	return 0;
}

static void write_file(size_t i, const uint8_t *data, size_t size)
{
	char path[64];
	FILE *f;

	path_of(i, path, sizeof(path));
	f = fopen(path, "w");
	must(f);
	must(fwrite(data, 1, size, f) == size);
	must(!fclose(f));
}

/* No packet can carry a mark of both. */
static void check_apart(const struct iq_kernel_group *a, const struct iq_kernel_group *b)
{
	uint32_t bits = a->mask & b->mask;

	must((a->mark ^ b->mark) & bits);
	must((a->mark ^ b->mark_clear) & bits);
	must((a->mark_clear ^ b->mark) & bits);
	must((a->mark_clear ^ b->mark_clear) & bits);
}

static void check_groups(const struct config *config)
{
	const struct iq_kernel_group *g = config->groups;
	size_t i, j;

	for (i = 0; i < config->n_groups; i++) {
		must(g[i].id);
		must(*g[i].name && strlen(g[i].name) < sizeof(g[i].name));
		must(g[i].mask && !(g[i].mark & ~g[i].mask));
		must(g[i].mark_clear && !(g[i].mark_clear & ~g[i].mask));
		must(g[i].dscp >= -1 && g[i].dscp < 64);
		must(!i || g[i - 1].id < g[i].id);
		must(config_group_written(config, g[i].id) == &g[i]);
		for (j = 0; j < i; j++) {
			must(strcmp(g[i].name, g[j].name));
			check_apart(&g[i], &g[j]);
		}
	}
}

/* A name that a profile's pattern stands for is found in a profile. */
static void check_profiles(const struct config *config)
{
	const struct profile *p;
	char why[256];
	size_t i;

	for (p = config->profiles; p < config->profiles + config->n_profiles; p++) {
		must(p->range ? !p->group : !!config_group_written(config, p->group));
		must(p->n_ids || p->n_eap_ids || p->n_members || p->n_conns);
		must(p->line);
		for (i = 0; i < p->n_ids && !p->n_eap_ids && !p->n_members &&
		     !p->n_conns; i++) {
			if (p->ids[i].type == ID_KEY_ID)
				must(config_match(config, &(struct proved){
							.id = &p->ids[i] },
						  1, NULL, why, sizeof(why)));
		}
	}
}

/* No packet can have the mark of two, and each group is found by its id. */
static void check_ranges(const struct config *config)
{
	const struct range *range;
	struct iq_kernel_group group;
	uint32_t id;
	size_t i, j;

	for (i = 0; i < config->n_ranges; i++) {
		range = config->ranges[i];
		must(range->n && range->first && range->id);
		must(range->id + range->n - 1 <=
		     (range->clear ? RANGE_ID_MAX_CLEAR : RANGE_ID_MAX));
		must(!(range->mask & range->clear));
		must(range->max >= 1 && range->max <= range_peers(range));
		for (j = 0; j < config->n_groups; j++)
			must(!range_fits(range, config->groups[j].mark,
					 config->groups[j].mask, &id));
		for (j = 0; j < i; j++)
			must(!range_overlaps(range, config->ranges[j], &id));
		id = range->id + range->n - 1;
		must(config_range(config, id) == range);
		must(config_group(config, id, &group) && group.id == id);
		must(group.mark && !(group.mark & ~range->mask));
	}
}

static void check_shapers(const struct config *config)
{
	const struct shaper *p;
	uint64_t used;
	size_t i;

	for (p = config->shapers; p < config->shapers + config->n_shapers; p++) {
		must(p->rate && p->n_classes && *p->device);
		for (i = 0, used = 0; i < p->n_classes; i++) {
			must(p->classes[i].rate);
			must(p->classes[i].ceil >= p->classes[i].rate);
			must(p->classes[i].ceil <= p->rate);
			must((!p->classes[i].group && !p->classes[i].range) ==
			     (i + 1 == p->n_classes));
			must(!p->classes[i].group ||
			     config_group_written(config, p->classes[i].group));
			/* the default class has something even of what is all given away */
			if (i + 1 < p->n_classes)
				used += p->classes[i].rate * class_groups(&p->classes[i]);
		}
		must(used <= p->rate);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config *config;
	char error[512], path[64];
	const uint8_t *nul;
	const char *p;
	size_t i, n;

	for (i = 0; i < 3; i++) {
		nul = i < 2 && size ? memchr(data, 0, size) : NULL;
		n = nul ? (size_t)(nul - data) : size;
		write_file(i, data, n);
		data += n;
		size -= n;
		if (nul) {
			data++;
			size--;
		}
	}

	memset(error, 0xee, sizeof(error));
	path_of(0, path, sizeof(path));
	config = config_load(path, error, sizeof(error));
	if (!config) {
		must(memchr(error, 0, sizeof(error)));
		must(!strncmp(error, dir, strlen(dir)));
		for (p = error; *p; p++)
			must(isprint((unsigned char)*p));
		return 0;
	}
	check_groups(config);
	check_profiles(config);
	check_ranges(config);
	check_shapers(config);
	config_free(config);
	return 0;
}
