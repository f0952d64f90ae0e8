/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration file, read and checked as a whole: what config_load()
 * returns holds together, and a daemon that has one keeps it until it has a
 * better. Its language is in ipsec-qosd.conf(5).
 */
#ifndef IPSEC_QOSD_CONFIG_H
#define IPSEC_QOSD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/chain.h"
#include "config/range.h"
#include "config/steer.h"
#include "identity/identity.h"
#include "lib/kernel/group.h"
#include "lib/kernel/settings.h"

#define CONFIG_FILE	"/etc/ipsec-qos/ipsec-qosd.conf"

/**
 * struct profile - identities and the group they are in
 *
 * An SA fits where any of @ids, @eap_ids, @members or @conns fits (one of each kind
 * that is given at all).
 *
 * @name: the section's title
 * @n_ids: how many patterns @ids holds; @id_text is how each was written
 * @eap_ids: EAP or XAuth identities, with * wildcards; case does not count
 * @members: groups that the peer is a member of, as AAA or an attribute certificate
 *	says, with * wildcards; case does not count
 * @conns: connection names, with * wildcards
 * @group: the group's id, 0: each peer has one of @range
 * @range: NULL: all are in @group
 * @file: where it stands, for `profile show` and `profile test`
 * @line: in which line
 */
struct profile {
	char *name;
	size_t n_ids;
	struct identity *ids;
	char **id_text;
	size_t n_eap_ids;
	char **eap_ids;
	size_t n_members;
	char **members;
	size_t n_conns;
	char **conns;
	uint32_t group;
	struct range *range;
	char *file;
	unsigned int line;
};

/**
 * enum class_way - which packets of a group are a class's
 *
 * @CLASS_ALL: all of them
 * @CLASS_ESP: ESP and IKE, as clear ones have a class of their own beside
 * @CLASS_CLEAR: clear ones, which have a mark of their own
 */
enum class_way {
	CLASS_ALL,
	CLASS_ESP,
	CLASS_CLEAR,
};

/**
 * struct class - one class of a shaper, or one for each group of a range
 *
 * @group: the group's id, 0: the default class, or a range's
 * @rate: guaranteed, in bytes a second (per cents are resolved), not 0; of a range's
 *	what each of them has
 * @ceil: at most, in bytes a second, not less than @rate; likewise
 * @range: NULL: it is one class
 * @way: of the default class CLASS_ALL
 */
struct class {
	uint32_t group;
	uint64_t rate;
	uint64_t ceil;
	const struct range *range;
	enum class_way way;
};

/** class_groups() - how many groups it is for; the default class is for one */
static inline uint32_t class_groups(const struct class *class)
{
	return class->range ? class->range->n : 1;
}

#define CLASS_MINOR_DEFAULT	0xfffe
#define CLASS_MINOR_CLEAR	0x8000	/* what that of clear packets has more */

/**
 * class_minor() - the minor of its HTB class, or of the first of a range's, whose
 * others follow
 *
 * A group's is its id, so it stays the same whatever else is configured.
 *
 * Return: 0: the group's id is too great for one.
 */
static inline uint32_t class_minor(const struct class *class)
{
	uint32_t id = class->range ? class->range->id : class->group;

	if (!id)
		return CLASS_MINOR_DEFAULT;
	if (class->way == CLASS_CLEAR)
		id += CLASS_MINOR_CLEAR;
	return id < CLASS_MINOR_DEFAULT ? id : 0;
}

#define SHAPER_FLOWS_MAX	65536	/* as fq_codel has it */
#define SHAPER_CLASSES_MAX	(CLASS_MINOR_DEFAULT - 1)

/**
 * struct shaper - the classes on a device; a section policy of the file
 *
 * In the code a policy is one of the SPD.
 *
 * @rate: the device's rate in bytes a second
 * @replace: a qdisc that the daemon did not make is replaced
 * @flows: how many queues each class has, 1 to SHAPER_FLOWS_MAX; 0: it is not said,
 *	and what is there stays
 * @classes: the default class is the last one and is always there
 */
struct shaper {
	char *name;
	char *device;
	uint64_t rate;
	bool replace;
	uint32_t flows;
	size_t n_classes;
	struct class *classes;
};

/** shaper_groups() - the same of all classes of a shaper */
static inline size_t shaper_groups(const struct shaper *shaper)
{
	size_t n = 0, i;

	for (i = 0; i < shaper->n_classes; i++)
		n += class_groups(&shaper->classes[i]);
	return n;
}

/**
 * struct config - all of it
 *
 * Nothing in it changes once it is loaded: threads may read it that hold it.
 *
 * @users: who holds it (config_hold())
 * @groups: by their ids; of each id, name, mark, mask, priority and dscp
 * @profiles: as they stand in the file
 * @ranges: those of profiles, in the order of their ids
 * @shapers: as they stand in the file
 * @names: the groups in the order of their names
 * @index: of the profiles, for config_match()
 * @conf: ceilings, ports and the fall-back table, as the module takes them;
 *	all of them, with the module's defaults where the file is silent
 * @steer: elements, pools and what goes there
 * @chain: devices, chains and services
 * @warnings: "FILE:LINE: what may not be meant so"
 */
struct config {
	unsigned int users;
	size_t n_groups;
	struct iq_kernel_group *groups;
	size_t n_profiles;
	struct profile *profiles;
	size_t n_ranges;
	const struct range **ranges;
	struct match_index *index;
	size_t n_shapers;
	struct shaper *shapers;
	const struct iq_kernel_group **names;
	struct iq_conf conf;
	struct steer_config steer;
	struct chain_config chain;
	size_t n_warnings;
	char **warnings;
};

/**
 * config_load() - read a file and what it includes
 *
 * Not reentrant: libConfuse is not.
 *
 * @error: filled with "FILE:LINE: what, and what was expected"
 *
 * Return: NULL on error.
 */
struct config *config_load(const char *file, char *error, size_t error_size);

/** config_hold() - @config, which from now on has one user more, in any thread */
struct config *config_hold(struct config *config);

/** config_free() - it has one user less: the last one's frees it; NULL is fine */
void config_free(struct config *config);

/** config_range() - the range that an id is of, or NULL */
const struct range *config_range(const struct config *config, uint32_t id);

/**
 * config_group() - the group with an id, be it a section of the file or of a range
 *
 * Return: false: there is none.
 */
bool config_group(const struct config *config, uint32_t id, struct iq_kernel_group *group);

/** config_group_written() - the group of a section with an id, or NULL */
const struct iq_kernel_group *config_group_written(const struct config *config,
						   uint32_t id);

/** config_group_named() - the group of a section with a name, or NULL */
const struct iq_kernel_group *config_group_named(const struct config *config,
						 const char *name);

/**
 * struct proved - an identity that a peer proved, or a group that it is in
 *
 * @id: what conditions on the identity see, NULL: nothing
 * @eap: what conditions on the EAP identity see, NULL: nothing
 * @member_of: what conditions on groups see, NULL: nothing
 */
struct proved {
	const struct identity *id;
	const char *eap;
	const char *member_of;
};

/**
 * config_match() - which profile is an SA's?
 *
 * A profile may set up to four conditions, one of each kind: on the identity, on
 * the EAP identity, on groups that the peer is a member of, on the connection's
 * name; all that it sets must be met.
 * Of profiles that fit, their strongest conditions are compared first, then
 * their next, and one that sets a further condition wins; then the order in
 * the file. Of conditions that is stronger which was met exactly, then by a
 * pattern, then by one that fits everything; of two that are equal in that,
 * the one on the identity, then on the EAP identity, then on groups; of two on the
 * same, the closer one (identity_match(); for EAP identities, groups and
 * connections the one that fixes more characters). Of several identities or
 * groups each may meet a condition, and the one that meets it most closely counts.
 *
 * Patterns without a wildcard and those that begin with the only one are looked
 * up; subnets, ranges, %any, regular expressions and other wildcards are tried one
 * after the other, as all DNs are where rdn_matching is relaxed.
 *
 * @proved: @n identities that the peer proved, and groups; with none of them only profiles
 *	that ask for nothing but the connection fit
 * @conn: the connection's name, or NULL
 * @why: says which pattern decided and why, for a person; NULL with a size of 0
 *	where nobody asks
 *
 * Return: the profile, or NULL: none.
 */
const struct profile *config_match(const struct config *config,
				   const struct proved *proved, size_t n,
				   const char *conn, char *why, size_t why_size);

/**
 * config_met() - which of a peer's identities is it that a profile is for?
 *
 * Of those that meet its condition on the EAP identity, if it has one, else on the
 * identity, the last that meets it most closely.
 *
 * Return: one of @proved, or NULL: it has neither condition.
 */
const struct proved *config_met(const struct profile *profile,
				const struct proved *proved, size_t n);

#endif /* IPSEC_QOSD_CONFIG_H */
