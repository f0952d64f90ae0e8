// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE	/* asprintf() */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feed/answer.h"
#include "feed/chains.h"
#include "feed/ranges.h"
#include "feed/steering.h"
#include "feed/whose.h"
#include "clock.h"
#include "lib/text.h"

#define SEPARATOR	"\x1f"	/* between the parts of TEST's argument */
#define PEERS		64	/* in a piece of STATUS, or IKE SAs of SAS */
#define CLASSES		32	/* in a piece of CLASSES */
#define LOOKED_AT	4096	/* groups of ranges, which need not be in use, likewise */
#define LEASES		256	/* in a piece of LEASES */

/**
 * struct answer - to STATUS, to CLASSES, or to another query, which is done at once
 *
 * @text: all that comes before what comes in pieces
 * @walk: through them, if @walking
 * @any: one was written
 * @more: writes the next piece behind that; NULL: there is none
 * @pattern: of PEERS
 * @lease: of LEASES, the last group that was written
 * @report: of the classes; of these @n_classes of the shaper @shaper were
 *	written, of the next one @n_groups groups, and @n_counts in all
 */
struct answer {
	const struct daemon *daemon;
	char *text;
	bool walking;
	bool any;
	struct sad_walk walk;
	int (*more)(struct answer *answer, FILE *file);
	char *pattern;
	uint32_t lease;
	struct shaping_report *report;
	size_t shaper;
	size_t n_classes;
	uint32_t n_groups;
	size_t n_counts;
};

/*
 * jansson refuses what is not UTF-8, and names and identities are whatever a
 * peer or a file says.
 */
static json_t *text(const char *s)
{
	json_t *json;
	char *copy, *p;

	if (!s)
		return json_null();
	json = json_string(s);
	if (json)
		return json;
	copy = strdup(s);
	if (!copy)
		return NULL;
	for (p = copy; *p; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	json = json_string(copy);
	free(copy);
	return json;
}

/* NULL where there is nothing to say. */
static json_t *text_or_null(const char *s)
{
	return text(s && s[0] ? s : NULL);
}

static json_t *texts(char *const *v, size_t n)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(array, text(v[i]));
	return array;
}

static json_t *address(const struct iq_addr *addr)
{
	char buf[INET6_ADDRSTRLEN];

	return text(inet_ntop(addr->family, addr->b, buf, sizeof(buf)));
}

static json_t *ike_spi(uint64_t spi)
{
	char buf[17];

	snprintf(buf, sizeof(buf), "%016" PRIx64, spi);
	return json_string(buf);
}

static json_t *group_name(const struct daemon *daemon, uint32_t id)
{
	struct iq_kernel_group group;

	return text(config_group(daemon->config, id, &group) ? group.name : NULL);
}

static int dump(json_t *json, char **out)
{
	*out = json ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	return *out ? 0 : -ENOMEM;
}

/* STATUS */

static json_t *marks(const struct claims *claims)
{
	json_t *object = json_object();
	int i;

	for (i = 0; i < CLAIMS; i++)
		if (claims->mask[i])
			json_object_set_new(object, claim_name(i), json_pack(
				"{s:I, s:I}",
				"mark", (json_int_t)claims->value[i],
				"mask", (json_int_t)claims->mask[i]));
	return object;
}

static json_t *disputes(const struct daemon *daemon,
			const struct sad_child *child)
{
	struct dispute found[DISPUTES];
	json_t *array = json_array();
	char buf[DISPUTE_TEXT];
	size_t n, i;

	n = dispute_find(daemon->config, &child->claims, child->ike->group,
			 found);
	for (i = 0; i < n; i++) {
		dispute_say(&found[i], child->ike->conn, child->name, buf,
			    sizeof(buf));
		json_array_append_new(array, json_pack("{s:o, s:I, s:o}",
			"group", text(found[i].group.name),
			"bits", (json_int_t)found[i].bits,
			"text", text(buf)));
	}
	return array;
}

static json_t *child_json(const struct daemon *daemon,
			  const struct sad_child *child)
{
	return json_pack("{s:o, s:I, s:s, s:I, s:I, s:b, s:o, s:o}",
			 "name", text(child->name),
			 "reqid", (json_int_t)child->reqid,
			 "proto", child->proto == IPPROTO_AH ? "ah" : "esp",
			 "spi_in", (json_int_t)child->spi_in,
			 "spi_out", (json_int_t)child->spi_out,
			 "encap", child->encap,
			 "marks", marks(&child->claims),
			 "disputes", disputes(daemon, child));
}

/* A name as EAP, XAuth or AAA has it, where it can be printed. */
static json_t *name_json(const struct proof *proof)
{
	const char *p;

	if (!proof)
		return json_null();
	for (p = proof->name; p && *p >= ' ' && *p <= '~'; p++)
		;
	return text(p && !*p ? proof->name : proof->text);
}

static json_t *proofs_json(const struct proofs *proofs)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < proofs->n; i++) {
		const struct proof *p = &proofs->v[i];

		json_array_append_new(array, json_pack("{s:o, s:s, s:s, s:o, s:o}",
			"identity", text(p->text),
			"id_type", identity_type_name(p->id.type),
			"proof", proof_name(p->proof),
			"method", text(p->method),
			"round", p->round ? json_integer(p->round) : json_null()));
	}
	return array;
}

static json_t *members_json(const struct proofs *proofs)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < proofs->n_members; i++) {
		const struct proof *p = &proofs->members[i];

		json_array_append_new(array, json_pack("{s:o, s:s, s:o}",
			"name", name_json(p),
			"proof", proof_name(p->proof),
			"round", p->round ? json_integer(p->round) : json_null()));
	}
	return array;
}

/* Why a peer has no group of its own, where it should have; null: it has, or need not. */
static json_t *shared(enum sad_shared why)
{
	static const char *const names[] = {
		[SAD_FULL] = "full", [SAD_UNPROVED] = "unproved", [SAD_LONG] = "too long",
	};

	return why == SAD_OWN ? json_null() : json_string(names[why]);
}

json_t *answer_peer(const struct daemon *daemon, const struct sad_ike *ike)
{
	return json_pack("{s:I, s:o, s:i, s:o, s:i, s:o, s:o, s:o, s:o}",
			 "ike_id", (json_int_t)ike->key.id,
			 "local", address(&ike->local),
			 "local_port", ike->local_port,
			 "remote", address(&ike->remote),
			 "remote_port", ike->remote_port,
			 "identities", proofs_json(&ike->proofs),
			 "connection", text(ike->conn),
			 "profile", text(ike->profile ? ike->profile->name :
							NULL),
			 "group", group_name(daemon, ike->group));
}

static int write_peer(const struct daemon *daemon, const struct sad_ike *ike,
		      FILE *file)
{
	const struct proof *best = proofs_best(&ike->proofs);
	json_t *json = answer_peer(daemon, ike), *children = json_array();
	const struct sad_child *child;
	int err;

	LIST_FOREACH(child, &ike->children, list)
		json_array_append_new(children, child_json(daemon, child));
	json_object_update_new(json, json_pack(
			 "{s:i, s:o, s:o, s:b, s:o, s:o, s:s, s:o, s:o, s:o, s:o}",
			 "version", ike->version,
			 "spi_i", ike_spi(ike->spi_i),
			 "spi_r", ike_spi(ike->spi_r),
			 "unseen", ike->ports != PORTS_SEEN,
			 "identity", text(best ? best->text : NULL),
			 "id_type", text(best ? identity_type_name(best->id.type) :
						NULL),
			 "proof", proof_name(best ? best->proof :
						    IQ_FEED_PROOF_NONE),
			 "eap", name_json(proofs_eap(&ike->proofs)),
			 "member_of", members_json(&ike->proofs),
			 "shared", shared(ike->shared),
			 "children", children));
	err = !json || json_dumpf(json, file, JSON_COMPACT) ? -ENOMEM : 0;
	json_decref(json);
	return err;
}

/* How many IKE SAs use ports that the module does not look at; null: none. */
static json_t *unseen(const struct daemon *daemon)
{
	char buf[512];
	uint16_t port;
	size_t n = sad_unseen(daemon->sad, &port);

	if (!n)
		return json_null();
	snprintf(buf, sizeof(buf),
		 "%zu IKE SA%s, such as on port %u here: ESP in UDP is neither tagged nor counted, as natt-ports has neither the port here nor the peer's; nor is IKE, where they are not in ike-ports either",
		 n, n == 1 ? "" : "s", port);
	return json_pack("{s:I, s:i, s:s}", "ike_sas", (json_int_t)n,
			 "port", port, "text", buf);
}

/* To an array: which shapers are not in force. */
static json_t *add_shaping(const struct daemon *daemon, json_t *array)
{
	char why[512];
	size_t i;

	for (i = 0; i < daemon->config->n_shapers; i++)
		if (shaping_trouble(daemon->shaping, i, why, sizeof(why)))
			json_array_append_new(array, text(why));
	return array;
}

static int answer_daemon(const struct daemon *daemon, char **out)
{
	const char *other = tables_other(daemon->tables);
	const char *trouble = other ? other : tables_trouble(daemon->tables, 0);
	unsigned int charons = sad_charons(daemon->sad);

	return dump(json_pack("{s:s, s:I, s:{s:o, s:I, s:o}, s:{s:b, s:b, s:i, s:I, s:o}, s:{s:b, s:o}, s:i, s:o, s:o, s:I, s:o, s:o, s:o}",
			      "version", DAEMON_VERSION,
			      "uptime", (json_int_t)(monotonic() -
						    daemon->started),
			      "config",
			      "file", text(daemon->file),
			      "loaded", (json_int_t)daemon->loaded,
			      "error", text_or_null(daemon->error),
			      "charon",
			      "connected", charons > 0,
			      "synced", sad_synced(daemon->sad),
			      "connections", charons,
			      "passed_over",
			      (json_int_t)sad_passed_over(daemon->sad),
			      "unseen", unseen(daemon),
			      "kernel",
			      "connected", tables_there(daemon->tables),
			      "error", text_or_null(trouble),
			      "resyncs", tables_resyncs(daemon->tables),
			      "shaping", add_shaping(daemon, json_array()),
			      "ranges", ranges_all(daemon),
			      "strangers", (json_int_t)sad_strangers(daemon->sad),
			      "leases",
			      text_or_null(leasefile_trouble(daemon->leases)),
			      "steering", steering_all(daemon),
			      "chains", chains_all(daemon)),
		    out);
}

/* All but the peers; the object's end comes after them. */
static int answer_status(const struct daemon *daemon, char **out)
{
	char *head;
	int err;

	err = answer_daemon(daemon, &head);
	if (err)
		return err;

	if (asprintf(out, "%.*s,\"peers\":[", (int)strlen(head) - 1, head) < 0)
		err = -ENOMEM;
	free(head);
	return err;
}

static int more_peers(struct answer *answer, FILE *file)
{
	const struct sad_ike *ike = NULL;
	unsigned int i;
	int err = 0;

	for (i = 0; i < PEERS && !err; i++) {
		ike = sad_walk_next(&answer->walk);
		if (!ike)
			break;
		if (answer->pattern && !whose_fits(answer->daemon, ike, answer->pattern))
			continue;
		if (answer->any)
			fputc(',', file);
		answer->any = true;
		err = write_peer(answer->daemon, ike, file);
	}
	if (!ike)
		fputs("]}", file);
	return err ? err : ike ? 1 : 0;
}

/* SAS */

static int write_object(struct answer *answer, json_t *json, FILE *file)
{
	int err;

	if (answer->any)
		fputc(',', file);
	answer->any = true;
	err = !json || json_dumpf(json, file, JSON_COMPACT) ? -ENOMEM : 0;
	json_decref(json);
	return err;
}

static int write_sas(struct answer *answer, const struct sad_ike *ike, FILE *file)
{
	json_t *peer = whose_peer(ike, ike->lease);
	const struct sad_sa *sa;
	int err = 0;

	LIST_FOREACH(sa, &ike->sas, list)
		if (!err && json_is_string(peer))
			err = write_object(answer, whose_sa(sa, peer), file);
	json_decref(peer);
	return err;
}

static int more_sas(struct answer *answer, FILE *file)
{
	const struct sad_ike *ike;
	unsigned int i;
	int err = 0;

	for (i = 0; i < PEERS && !err; i++) {
		ike = sad_walk_next(&answer->walk);
		if (!ike) {
			fputs("]", file);
			return 0;
		}
		err = write_sas(answer, ike, file);
	}
	return err ? err : 1;
}

/* LEASES */

static int more_leases(struct answer *answer, FILE *file)
{
	const struct leases *leases = sad_leases(answer->daemon->sad);
	const struct lease *lease;
	unsigned int i;
	int err;

	for (i = 0; i < LEASES; i++) {
		lease = leases_next(leases, answer->lease);
		if (!lease) {
			fputs("]", file);
			return 0;
		}
		answer->lease = lease->id;
		err = write_object(answer, whose_group(lease), file);
		if (err)
			return err;
	}
	return 1;
}

/* PROFILES */

static int answer_profiles(const struct daemon *daemon, char **out)
{
	const struct config *config = daemon->config;
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < config->n_profiles; i++) {
		const struct profile *p = &config->profiles[i];

		json_array_append_new(array, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:i}",
			"name", text(p->name),
			"identities", texts(p->id_text, p->n_ids),
			"eap", texts(p->eap_ids, p->n_eap_ids),
			"member_of", texts(p->members, p->n_members),
			"connections", texts(p->conns, p->n_conns),
			"group", group_name(daemon, p->group),
			"each", ranges_profile(daemon, p),
			"file", text(p->file),
			"line", p->line));
	}
	return dump(array, out);
}

/* TEST */

static int answer_test(const struct daemon *daemon, const char *arg,
		       char **out, char *why, size_t size)
{
	const struct profile *profile = NULL;
	struct iq_kernel_group group;
	char shown[IQ_FEED_ID_MAX * 2], reason[512] = "";
	const char *eap = NULL, *member = NULL, *conn = NULL, *wrong = NULL;
	char *copy, *part, *rest;
	struct identity id = {}, eap_id = {};
	struct proved proved[3] = { { .id = &id } };
	bool has;
	int err;

	copy = strdup(arg);
	if (!copy)
		return -ENOMEM;
	rest = copy;
	part = strsep(&rest, SEPARATOR);
	err = identity_parse(part, &id, &wrong);
	if (err) {
		text_clip(shown, TEXT_VALUE, part);
		if (err == -ENOMEM)
			snprintf(why, size, "out of memory");
		else
			snprintf(why, size, "identity \"%s\": expected %s",
				 shown, wrong);
		goto out;
	}
	while ((part = strsep(&rest, SEPARATOR))) {
		if (!strncmp(part, "eap=", 4)) {
			eap = part + 4;
		} else if (!strncmp(part, "member-of=", 10)) {
			member = part + 10;
		} else if (!strncmp(part, "connection=", 11)) {
			conn = part + 11;
		} else {
			snprintf(why, size,
				 "\"%s\": expected eap=…, member-of=… or connection=…",
				 part);
			err = -EINVAL;
			goto out;
		}
	}

	id.matching = sad_matching(daemon->sad);
	proved[2].member_of = member;
	if (eap) {
		/* as charon, for which any name is some identity */
		proved[1].eap = eap;
		if (!identity_parse(eap, &eap_id, &wrong))
			proved[1].id = &eap_id;
		eap_id.matching = id.matching;
	}
	profile = config_match(daemon->config, proved, 3, conn, reason,
			       sizeof(reason));
	has = profile && config_group(daemon->config, profile->group, &group);
	identity_format(&id, shown, sizeof(shown));
	err = dump(json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			     "identity", text(shown),
			     "profile", text(profile ? profile->name : NULL),
			     "file", text(profile ? profile->file : NULL),
			     "line", profile ? json_integer(profile->line) :
					       json_null(),
			     "group", text(has ? group.name : NULL),
			     "mark", has ? json_integer(group.mark) : json_null(),
			     "mask", has ? json_integer(group.mask) : json_null(),
			     "each", profile ? ranges_profile(daemon, profile) : json_null(),
			     "why", text(reason)),
		   out);
out:
	identity_clear(&eap_id);
	identity_clear(&id);
	free(copy);
	return err;
}

/* CLASSES */

/* How packets of a class are told: by the mark that it says, and which of them. */
static const char *way_name(enum class_way way)
{
	switch (way) {
	case CLASS_ESP:
		return "esp";
	case CLASS_CLEAR:
		return "clear";
	case CLASS_ALL:
		break;
	}
	return NULL;
}

static void fill_group(const struct config *config, const struct class *class,
		       uint32_t id, struct iq_kernel_group *group)
{
	const struct range *range = class->range;

	config_group(config, id, group);
	if (range && class->way == CLASS_ALL)
		group->mask = range->mask;
	if (class->way == CLASS_CLEAR)
		group->mark = group->mark_clear;
}

static int write_class(const struct config *config, const struct shaper *shaper,
		       const struct class *class, uint32_t id,
		       const struct shaper_state *state,
		       const struct qdisc_count *count, FILE *file)
{
	struct iq_kernel_group group = {};
	json_t *json;
	int err;

	fill_group(config, class, id, &group);
	json = json_pack(
		"{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:o}",
		"policy", text(shaper->name),
		"device", text(shaper->device),
		"class", text(id ? group.name : "default"),
		"way", text(way_name(class->way)),
		"group", id ? json_integer(group.id) : json_null(),
		"mark", id ? json_integer(group.mark) : json_null(),
		"mask", id ? json_integer(group.mask) : json_null(),
		"rate", (json_int_t)class->rate * 8,
		"ceil", (json_int_t)class->ceil * 8,
		"measured", (json_int_t)count->measured,
		"packets", (json_int_t)count->packets,
		"bytes", (json_int_t)count->bytes,
		"drops", (json_int_t)count->drops,
		"backlog", (json_int_t)count->backlog,
		"state", qdisc_state_name(state->state),
		"text", text_or_null(state->text));
	err = !json || json_dumpf(json, file, JSON_COMPACT) ? -ENOMEM : 0;
	json_decref(json);
	return err;
}

/* A range has very many groups: shown are those that somebody is in. */
static bool is_in_use(const struct daemon *daemon, const struct class *class, uint32_t id)
{
	return !class->range || id == class->range->overflow ||
	       lease_wanted(leases_find(sad_leases(daemon->sad), id));
}

/* The group of a class that is next; returns whether there is one. */
static bool next_group(struct answer *answer, const struct class **class, uint32_t *id)
{
	const struct shaping_report *r = answer->report;
	const struct shaper *shaper = &r->config->shapers[answer->shaper];

	while (answer->n_classes == shaper->n_classes) {
		shaper++;
		answer->shaper++;
		answer->n_classes = 0;
	}
	*class = &shaper->classes[answer->n_classes];
	*id = (*class)->range ? (*class)->range->id + answer->n_groups : (*class)->group;
	if (++answer->n_groups == class_groups(*class)) {
		answer->n_classes++;
		answer->n_groups = 0;
	}
	return is_in_use(answer->daemon, *class, *id);
}

static int more_classes(struct answer *answer, FILE *file)
{
	const struct shaping_report *r = answer->report;
	unsigned int written = 0, looked_at;
	const struct class *class;
	uint32_t id;
	int err;

	for (looked_at = 0; looked_at < LOOKED_AT && written < CLASSES &&
	     answer->n_counts < r->n_counts; looked_at++) {
		if (!next_group(answer, &class, &id)) {
			answer->n_counts++;
			continue;
		}
		fputc(answer->any ? ',' : '[', file);
		answer->any = true;
		err = write_class(r->config, &r->config->shapers[answer->shaper], class, id,
				  &r->shapers[answer->shaper],
				  &r->counts[answer->n_counts++], file);
		if (err)
			return err;
		written++;
	}
	if (answer->n_counts < r->n_counts)
		return 1;
	fputs(answer->any ? "]" : "[]", file);
	return 0;
}

static int answer_classes(const struct daemon *daemon, uint32_t ticket,
			  struct answer *answer)
{
	answer->report = shaping_report(daemon->shaping, ticket);
	answer->more = more_classes;
	return answer->report ? 0 : -ENOMEM;
}

/* RELOAD, once it is done */

static json_t *warnings(const struct daemon *daemon)
{
	json_t *array = json_array();
	const char *trouble;
	char buf[512];
	size_t i;

	if (!tables_there(daemon->tables))
		json_array_append_new(array, json_string(
			"the module ipsec_qos is not loaded: nothing is tagged until it is (modprobe ipsec_qos)"));
	for (i = 0; (trouble = tables_trouble(daemon->tables, i)); i++)
		json_array_append_new(array, text(trouble));
	for (i = 0; (trouble = steer_trouble(daemon->steer, i)); i++)
		json_array_append_new(array, text(trouble));
	for (i = 0; (trouble = chain_trouble(daemon->chain, i, buf, sizeof(buf))); i++)
		json_array_append_new(array, text(trouble));
	return add_shaping(daemon, array);
}

static int answer_reload(const struct daemon *daemon, char **out)
{
	return dump(json_pack("{s:b, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}",
			      "reloaded", true,
			      "file", text(daemon->file),
			      "groups", (json_int_t)daemon->config->n_groups,
			      "profiles",
			      (json_int_t)daemon->config->n_profiles,
			      "policies",
			      (json_int_t)daemon->config->n_shapers,
			      "elements",
			      (json_int_t)daemon->config->steer.n_elements,
			      "pools",
			      (json_int_t)daemon->config->steer.n_pools,
			      "devices",
			      (json_int_t)daemon->config->chain.n_devices,
			      "services",
			      (json_int_t)daemon->config->chain.n_services,
			      "warnings", warnings(daemon),
			      "notes", texts(daemon->config->warnings,
					     daemon->config->n_warnings)),
		    out);
}

static int begin_walk(struct answer *answer, int err,
		      int (*more)(struct answer *answer, FILE *file))
{
	if (err)
		return err;
	answer->more = more;
	answer->walking = true;
	sad_walk_begin(answer->daemon->sad, &answer->walk);
	return 0;
}

static int begin_peers(struct answer *answer, const char *pattern)
{
	if (pattern && !(answer->pattern = strdup(pattern)))
		return -ENOMEM;
	return begin_walk(answer, answer_status(answer->daemon, &answer->text), more_peers);
}

static int begin_array(struct answer *answer)
{
	answer->text = strdup("[");
	return answer->text ? 0 : -ENOMEM;
}

static int begin(const struct daemon *daemon, const struct iq_feed_question *query,
		 uint32_t ticket, struct answer *answer, char *why, size_t size)
{
	char **out = &answer->text;
	json_t *json;
	int err;

	switch (query->query) {
	case IQ_FEED_QUERY_STATUS:
		return begin_peers(answer, NULL);
	case IQ_FEED_QUERY_PEERS:
		if (!query->arg) {
			snprintf(why, size, "which peers? Expected a pattern");
			return -EINVAL;
		}
		return begin_peers(answer, query->arg);
	case IQ_FEED_QUERY_SAS:
		return begin_walk(answer, begin_array(answer), more_sas);
	case IQ_FEED_QUERY_LEASES:
		answer->more = more_leases;
		return begin_array(answer);
	case IQ_FEED_QUERY_DAEMON:
		return answer_daemon(daemon, out);
	case IQ_FEED_QUERY_PROFILES:
		return answer_profiles(daemon, out);
	case IQ_FEED_QUERY_TEST:
		if (!query->arg) {
			snprintf(why, size, "which identity?");
			return -EINVAL;
		}
		return answer_test(daemon, query->arg, out, why, size);
	case IQ_FEED_QUERY_CLASSES:
		return answer_classes(daemon, ticket, answer);
	case IQ_FEED_QUERY_RELOAD:
		return answer_reload(daemon, out);
	case IQ_FEED_QUERY_ADMIT:
		err = chains_admit(daemon, query->arg, &json, why, size);
		return err ? err : dump(json, out);
	default:
		snprintf(why, size, "unknown query %u", query->query);
		return -EINVAL;
	}
}

int answer_begin(const struct daemon *daemon, const struct iq_feed_question *query,
		 uint32_t ticket, struct answer **out, char *why, size_t size)
{
	struct answer *answer = calloc(1, sizeof(*answer));
	int err;

	if (!answer)
		return -ENOMEM;
	answer->daemon = daemon;
	err = begin(daemon, query, ticket, answer, why, size);
	if (err) {
		answer_end(answer);
		return err;
	}
	*out = answer;
	return 0;
}

int answer_tunnel(const struct daemon *daemon, const struct server_tunnel *tunnel,
		  struct answer **out)
{
	struct answer *answer = calloc(1, sizeof(*answer));
	const struct proof *best = NULL;
	const struct sad_child *child = NULL;
	const struct sad_ike *ike = NULL;
	int err;

	if (!answer)
		return -ENOMEM;
	if (tunnel->source)
		ike = sad_find_ike(daemon->sad, tunnel->source, tunnel->ike_id);
	if (ike) {
		best = proofs_best(&ike->proofs);
		LIST_FOREACH(child, &ike->children, list)
			if (child->key.id == tunnel->child_id)
				break;
	}
	err = dump(json_pack("{s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:f}",
			     "ike_id", (json_int_t)tunnel->ike_id,
			     "child_id", (json_int_t)tunnel->child_id,
			     "connection", text(ike ? ike->conn : NULL),
			     "child", child ? child_json(daemon, child) :
					      json_null(),
			     "remote", ike ? address(&ike->remote) : json_null(),
			     "identity", text(best ? best->text : NULL),
			     "profile", text(ike && ike->profile ?
					     ike->profile->name : NULL),
			     "group", ike ? group_name(daemon, ike->group) :
					    json_null(),
			     "charon", (json_int_t)tunnel->pid,
			     "took", tunnel->took),
		   &answer->text);
	if (err)
		free(answer);
	else
		*out = answer;
	return err;
}

/* The next piece of what comes in pieces. */
static int more(struct answer *answer, char **out)
{
	size_t size;
	FILE *file;
	int ret;

	*out = NULL;
	file = open_memstream(out, &size);
	if (!file)
		return -ENOMEM;
	ret = answer->more(answer, file);
	if (ferror(file))
		ret = -ENOMEM;
	if (fclose(file) || ret < 0) {
		free(*out);
		*out = NULL;
		return -ENOMEM;
	}
	return ret;
}

int answer_more(struct answer *answer, char **text)
{
	if (!answer->text)
		return more(answer, text);
	*text = answer->text;
	answer->text = NULL;
	return answer->more != NULL;
}

void answer_end(struct answer *answer)
{
	if (!answer)
		return;
	if (answer->walking)
		sad_walk_end(&answer->walk);
	shaping_report_free(answer->report);
	free(answer->pattern);
	free(answer->text);
	free(answer);
}
