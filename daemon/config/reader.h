/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How sections of the configuration file become a struct config: a reader a
 * section, and what they have in common. For the files of this room alone.
 *
 * What may fail and returns false has said why, by conf_fail() or
 * conf_no_memory(); all is unwound in config_load().
 */
#ifndef IPSEC_QOSD_READER_H
#define IPSEC_QOSD_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/conffile.h"
#include "config/config.h"
#include "lib/text.h"

/**
 * struct reader - a file that is being read
 *
 * @config: what has been read of it
 * @error: why it failed
 * @names: the groups by their names
 * @max_groups: the file says how many there may be
 * @settings: the section, NULL: there is none
 * @elements: the elements by their names
 * @pools: and the pools
 * @functions: functions of devices by their names, @n_functions of them; @function is what
 *	each says
 * @devices: devices by their names
 * @chains: and chains
 * @value: for conf_shown()
 * @turn: which of the two is next
 */
struct reader {
	struct config *config;
	struct conffile *file;
	char *error;
	size_t error_size;
	struct named *names;
	bool max_groups;
	const struct conf_section *settings;
	struct named *elements;
	struct named *pools;
	size_t n_functions;
	struct named *functions;
	struct device_function *function;
	struct named *devices;
	struct named *chains;
	char value[2][TEXT_VALUE];
	bool turn;
};

/**
 * struct named - a name that must be there only once
 *
 * @index: in the order of the file
 * @id: of what has one
 */
struct named {
	const char *name;
	size_t index;
	uint32_t id;
	const struct conf_section *section;
	unsigned int line;
};

/* Readers, in the order in which they are called; each of all @n sections of a kind */

bool conf_settings(struct reader *r, const struct conf_section **sections, size_t n);
bool conf_fallbacks(struct reader *r, const struct conf_section **sections, size_t n);
bool conf_groups(struct reader *r, const struct conf_section **sections, size_t n);
/** conf_check_fallbacks() - of the same sections: do packets of nobody look like a group's? */
bool conf_check_fallbacks(struct reader *r, const struct conf_section **sections,
			  size_t n);
bool conf_profiles(struct reader *r, const struct conf_section **sections, size_t n);
/** conf_each() - the section each in one of a profile */
bool conf_each(struct reader *r, const struct conf_section *s, struct profile *profile);
/** conf_ranges() - of the same sections: are the ranges of groups apart from all others? */
bool conf_ranges(struct reader *r, const struct conf_section **sections);
bool conf_shapers(struct reader *r, const struct conf_section **sections, size_t n);
bool conf_elements(struct reader *r, const struct conf_section **sections, size_t n);
/** conf_needed() - once all is read that names them: which are needed here? */
bool conf_needed(struct reader *r, const struct conf_section **sections, size_t n);
/** conf_unknown() - of the section settings what names an element */
bool conf_unknown(struct reader *r, const struct conf_section **sections, size_t n);
/** conf_pools() - once there are elements, as all that follow */
bool conf_pools(struct reader *r, const struct conf_section **sections, size_t n);
bool conf_steers(struct reader *r, const struct conf_section **sections, size_t n);
bool conf_routes(struct reader *r, const struct conf_section **sections, size_t n);
/** conf_behinds() - once their tables are known */
bool conf_behinds(struct reader *r, const struct conf_section **sections, size_t n);
bool conf_admit(struct reader *r, const struct conf_section **sections, size_t n);
bool conf_functions(struct reader *r, const struct conf_section **sections, size_t n);
/** conf_devices() - once there are functions */
bool conf_devices(struct reader *r, const struct conf_section **sections, size_t n);
/** conf_alternates() - of the same sections: who stands for whom? */
bool conf_alternates(struct reader *r, const struct conf_section **sections, size_t n);
/** conf_chains() - once there are devices */
bool conf_chains(struct reader *r, const struct conf_section **sections, size_t n);
/** conf_services() - once there are chains and groups */
bool conf_services(struct reader *r, const struct conf_section **sections, size_t n);
/** conf_service_keys() - of the same sections: are no two services' packets alike? */
bool conf_service_keys(struct reader *r, const struct conf_section **sections);

/* Results */

/** conf_fail() - what is wrong in a line, and what was expected; false */
bool conf_fail(struct reader *r, const struct conf_section *s, unsigned int line,
	       const char *fmt, ...) __attribute__((format(printf, 4, 5)));
bool conf_no_memory(struct reader *r);

/** conf_warn() - what is no mistake, but may not be meant so; false: out of memory */
bool conf_warn(struct reader *r, const struct conf_section *s, unsigned int line,
	       const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/** conf_shown() - a value or title for conf_fail(); two at a time */
const char *conf_shown(struct reader *r, const char *text);

/* Memory; NULL after conf_no_memory() */

void *conf_array(struct reader *r, size_t n, size_t size);
char *conf_copy(struct reader *r, const char *text);

/* Names of sections */

struct named conf_titled(const struct conf_section *s, size_t index);

/** conf_unique() - sort them, and find two of the same name */
bool conf_unique(struct reader *r, struct named *named, size_t n, const char *what);

/** conf_unique_ids() - @ids is all that two sections of a kind may not share */
bool conf_unique_ids(struct reader *r, const struct named *named, size_t n,
		     const char *what);

/** conf_named() - the one of a name in what conf_unique() has sorted, or NULL */
const struct named *conf_named(const struct named *named, size_t n, const char *name);

/** conf_title() - a group's rule for names, for all sections */
bool conf_title(struct reader *r, const struct conf_section *s);

/** conf_title_of() - for a person: "" where it has none */
const char *conf_title_of(const struct conf_section *s);

/** conf_group_find() - the id of the group that a name stands for; false: of none */
bool conf_group_find(const struct reader *r, const char *name, uint32_t *id);

/** conf_group_id() - the same, once there are groups; that there is none is an error */
bool conf_group_id(struct reader *r, const struct conf_section *s,
		   unsigned int line, const char *name, uint32_t *id);

/* Values */

/** conf_find() - the first of a key, or NULL */
const struct conf_value *conf_find(const struct conf_section *s, const char *key);

/** conf_get() - the one value of a key; *@value is NULL where it is not there */
bool conf_get(struct reader *r, const struct conf_section *s, const char *key,
	      const struct conf_value **value);

/** conf_need() - the one value of a key, which must be there, such as @example */
bool conf_need(struct reader *r, const struct conf_section *s, const char *key,
	       const char *example, const struct conf_value **value);

bool conf_number(struct reader *r, const struct conf_section *s,
		 const struct conf_value *v, uint32_t min, uint32_t max,
		 uint32_t *value);
bool conf_mark(struct reader *r, const struct conf_section *s,
	       const struct conf_value *v, uint32_t *value, uint32_t *mask);
bool conf_classid(struct reader *r, const struct conf_section *s,
		  const struct conf_value *v, uint32_t *value);
bool conf_dscp(struct reader *r, const struct conf_section *s, const char *text,
	       unsigned int line, int *value);

/** conf_rate() - in bytes a second; in per cent of @whole, too, where that is not 0 */
bool conf_rate(struct reader *r, const struct conf_section *s,
	       const struct conf_value *v, uint64_t whole, uint64_t *value);

/** conf_yes() - yes or no; *@value stays where the key is not there */
bool conf_yes(struct reader *r, const struct conf_section *s, const char *key, bool *value);

/** conf_device() - is it the name of a device, of less than @size bytes? */
bool conf_device(struct reader *r, const struct conf_section *s,
		 const struct conf_value *v, size_t size);

/** conf_address() - of @family, or of any where that is 0; of one host */
bool conf_address(struct reader *r, const struct conf_section *s,
		  const struct conf_value *v, int family, struct iq_addr *addr);

/** conf_prefix() - ADDRESS or ADDRESS/LENGTH, which stands for @what in @line */
bool conf_prefix(struct reader *r, const struct conf_section *s, unsigned int line,
		 const char *what, const char *text, struct prefix *prefix);

/** conf_prefixes() - those of a list key, in @list, which is to be freed; *@n: so many */
bool conf_prefixes(struct reader *r, const struct conf_section *s, const char *key,
		   size_t max, struct prefix **list, size_t *n);

/** conf_interval() - a time in ms or s, within @min to @max milliseconds */
bool conf_interval(struct reader *r, const struct conf_section *s,
		   const struct conf_value *v, uint32_t min, uint32_t max, uint32_t *ms);

#endif /* IPSEC_QOSD_READER_H */
