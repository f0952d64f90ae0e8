// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/config.h"

#include <stdlib.h>
#include <string.h>

#include "config/match.h"
#include "config/reader.h"

/* Which sections there are, and which keys each has; libConfuse copies this. */

static cfg_opt_t settings_keys[] = {
	CONFFILE_BEGIN(),
	CONFFILE_KEY("max-sas"),
	CONFFILE_KEY("max-ikes"),
	CONFFILE_KEY("max-groups"),
	CONFFILE_LIST("ike-ports"),
	CONFFILE_LIST("natt-ports"),
	CONFFILE_KEY("check-ipv4"),
	CONFFILE_KEY("check-ipv6"),
	CONFFILE_KEY("self"),
	CONFFILE_KEY("unknown"),
	CONFFILE_KEY("unknown-element"),
	CONFFILE_KEY("unknown-rate"),
	CFG_END()
};

static cfg_opt_t dscp_keys[] = {
	CONFFILE_BEGIN(),
	CONFFILE_KEY("mark"),
	CFG_END()
};

static cfg_opt_t fallback_keys[] = {
	CONFFILE_BEGIN(),
	CONFFILE_TITLED("dscp", dscp_keys),
	CFG_END()
};

static cfg_opt_t group_keys[] = {
	CONFFILE_BEGIN(),
	CONFFILE_KEY("id"),
	CONFFILE_KEY("mark"),
	CONFFILE_KEY("mark-clear"),
	CONFFILE_KEY("priority"),
	CONFFILE_KEY("dscp"),
	CFG_END()
};

static cfg_opt_t each_keys[] = {
	CONFFILE_BEGIN(),
	CONFFILE_KEY("marks"),
	CONFFILE_KEY("clear"),
	CONFFILE_KEY("ids"),
	CONFFILE_KEY("per"),
	CONFFILE_KEY("max"),
	CONFFILE_KEY("overflow"),
	CONFFILE_KEY("linger"),
	CONFFILE_KEY("dscp"),
	CFG_END()
};

static cfg_opt_t profile_keys[] = {
	CONFFILE_BEGIN(),
	CONFFILE_LIST("identity"),
	CONFFILE_LIST("eap-identity"),
	CONFFILE_LIST("member-of"),
	CONFFILE_LIST("connection"),
	CONFFILE_KEY("group"),
	CONFFILE_SECTION("each", each_keys),
	CFG_END()
};

static cfg_opt_t class_keys[] = {
	CONFFILE_BEGIN(),
	CONFFILE_KEY("bandwidth"),
	CONFFILE_KEY("ceil"),
	CFG_END()
};

static cfg_opt_t shaper_keys[] = {
	CONFFILE_BEGIN(),
	CONFFILE_KEY("device"),
	CONFFILE_KEY("rate"),
	CONFFILE_KEY("replace"),
	CONFFILE_KEY("flows"),
	CONFFILE_TITLED("class", class_keys),
	CONFFILE_TITLED("class-clear", class_keys),
	CONFFILE_TITLED("each", class_keys),
	CONFFILE_TITLED("each-clear", class_keys),
	CONFFILE_SECTION("default", class_keys),
	CFG_END()
};

static cfg_opt_t element_keys[] = {
	CONFFILE_BEGIN(),
	CONFFILE_KEY("id"),
	CONFFILE_KEY("via"),
	CONFFILE_KEY("via6"),
	CONFFILE_KEY("device"),
	CONFFILE_KEY("nexthop"),
	CONFFILE_KEY("check"),
	CONFFILE_KEY("address"),
	CONFFILE_KEY("interval"),
	CONFFILE_KEY("fails"),
	CONFFILE_KEY("passes"),
	CONFFILE_KEY("known"),
	CFG_END()
};

static cfg_opt_t member_keys[] = {
	CONFFILE_BEGIN(),
	CONFFILE_KEY("weight"),
	CFG_END()
};

static cfg_opt_t pool_keys[] = {
	CONFFILE_BEGIN(),
	CONFFILE_KEY("id"),
	CONFFILE_KEY("mode"),
	CONFFILE_KEY("secret"),
	CONFFILE_LIST("members"),
	CONFFILE_TITLED("member", member_keys),
	CFG_END()
};

static cfg_opt_t steer_keys[] = {
	CONFFILE_BEGIN(),
	CONFFILE_KEY("pool"),
	CONFFILE_KEY("ike"),
	CFG_END()
};

static cfg_opt_t behind_keys[] = {
	CONFFILE_BEGIN(),
	CONFFILE_LIST("networks"),
	CONFFILE_LIST("elements"),
	CONFFILE_KEY("mark"),
	CFG_END()
};

static cfg_opt_t routes_keys[] = {
	CONFFILE_BEGIN(),
	CONFFILE_KEY("table"),
	CONFFILE_KEY("priority"),
	CFG_END()
};

static cfg_opt_t admit_keys[] = {
	CONFFILE_BEGIN(),
	CONFFILE_LIST("outside"),
	CONFFILE_LIST("from"),
	CONFFILE_KEY("input"),
	CFG_END()
};

/* what a function says, and a device may say otherwise */
#define FUNCTION_KEYS()		\
	CONFFILE_KEY("kind"),		\
	CONFFILE_KEY("on-failure"),	\
	CONFFILE_KEY("check"),		\
	CONFFILE_KEY("port"),		\
	CONFFILE_KEY("interval"),	\
	CONFFILE_KEY("tries"),		\
	CONFFILE_KEY("timeout")

static cfg_opt_t function_keys[] = {
	CONFFILE_BEGIN(),
	FUNCTION_KEYS(),
	CFG_END()
};

static cfg_opt_t device_keys[] = {
	CONFFILE_BEGIN(),
	FUNCTION_KEYS(),
	CONFFILE_KEY("id"),
	CONFFILE_KEY("function"),
	CONFFILE_KEY("interface"),
	CONFFILE_LIST("address"),
	CONFFILE_KEY("mac"),
	CONFFILE_LIST("from"),
	CONFFILE_KEY("inner-interface"),
	CONFFILE_LIST("inner-address"),
	CONFFILE_KEY("inner-mac"),
	CONFFILE_LIST("inner-from"),
	CONFFILE_KEY("alternate"),
	CONFFILE_LIST("pool"),
	CONFFILE_KEY("state"),
	CONFFILE_KEY("rate"),
	CONFFILE_KEY("snap"),
	CFG_END()
};

static cfg_opt_t chain_keys[] = {
	CONFFILE_BEGIN(),
	CONFFILE_KEY("id"),
	CONFFILE_LIST("devices"),
	CFG_END()
};

static cfg_opt_t segment_keys[] = {
	CONFFILE_BEGIN(),
	CONFFILE_KEY("to"),
	CONFFILE_KEY("to-port"),
	CONFFILE_KEY("from"),
	CONFFILE_LIST("from-ports"),
	CFG_END()
};

static cfg_opt_t clients_keys[] = {
	CONFFILE_BEGIN(),
	CONFFILE_KEY("chain"),
	CFG_END()
};

static cfg_opt_t service_keys[] = {
	CONFFILE_BEGIN(),
	CONFFILE_KEY("id"),
	CONFFILE_KEY("address"),
	CONFFILE_LIST("ports"),
	CONFFILE_KEY("mode"),
	CONFFILE_KEY("chain"),
	CONFFILE_KEY("server"),
	CONFFILE_KEY("server-port"),
	CONFFILE_KEY("group"),
	CONFFILE_KEY("from-group"),
	CONFFILE_KEY("limit"),
	CONFFILE_LIST("acl"),
	CONFFILE_TITLED("segment", segment_keys),
	CONFFILE_TITLED("clients", clients_keys),
	CFG_END()
};

static cfg_opt_t schema[] = {
	CONFFILE_SECTION("settings", settings_keys),
	CONFFILE_TITLED("group", group_keys),
	CONFFILE_TITLED("profile", profile_keys),
	CONFFILE_TITLED("policy", shaper_keys),
	CONFFILE_SECTION("fallback", fallback_keys),
	CONFFILE_TITLED("element", element_keys),
	CONFFILE_TITLED("pool", pool_keys),
	CONFFILE_TITLED("steer", steer_keys),
	CONFFILE_SECTION("routes", routes_keys),
	CONFFILE_TITLED("behind", behind_keys),
	CONFFILE_SECTION("admit", admit_keys),
	CONFFILE_TITLED("function", function_keys),
	CONFFILE_TITLED("device", device_keys),
	CONFFILE_TITLED("chain", chain_keys),
	CONFFILE_TITLED("service", service_keys),
	CONFFILE_INCLUDE(),
	CFG_END()
};

/* The sections of a kind, in @list; returns how many. */
static size_t of_kind(const struct reader *r, const char *kind,
		      const struct conf_section **list)
{
	const struct conf_section *s;
	size_t n = 0;

	conf_for_each(s, &r->file->sections) {
		if (!strcmp(s->kind, kind))
			list[n++] = s;
	}
	return n;
}

static bool read_all(struct reader *r, const struct conf_section **list)
{
	static const struct {
		const char *kind;
		bool (*read)(struct reader *r, const struct conf_section **sections,
			     size_t n);
	} readers[] = {
		{ "settings", conf_settings },
		{ "fallback", conf_fallbacks },
		{ "group", conf_groups },
		{ "profile", conf_profiles },
		{ "fallback", conf_check_fallbacks },
		{ "policy", conf_shapers },
		{ "element", conf_elements },
		{ "settings", conf_unknown },
		{ "pool", conf_pools },
		{ "steer", conf_steers },
		{ "routes", conf_routes },
		{ "behind", conf_behinds },
		{ "element", conf_needed },
		{ "admit", conf_admit },
		{ "function", conf_functions },
		{ "device", conf_devices },
		{ "chain", conf_chains },
		{ "service", conf_services },
	};
	size_t i;

	for (i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
		if (!readers[i].read(r, list, of_kind(r, readers[i].kind, list)))
			return false;
	}
	return true;
}

static bool index_profiles(struct reader *r)
{
	r->config->index = match_index_new(r->config);
	return r->config->index || conf_no_memory(r);
}

struct config *config_load(const char *file, char *error, size_t error_size)
{
	struct reader r = { .error = error, .error_size = error_size };
	const struct conf_section **sections;

	r.file = conffile_read(file, schema, error, error_size);
	if (!r.file)
		return NULL;

	r.config = conf_array(&r, 1, sizeof(*r.config));
	sections = conf_array(&r, utarray_len(&r.file->sections), sizeof(*sections));
	if (r.config)
		r.config->users = 1;
	if (!r.config || !sections || !read_all(&r, sections) ||
	    !index_profiles(&r)) {
		config_free(r.config);
		r.config = NULL;
	}
	free(r.names);
	free(r.elements);
	free(r.pools);
	free(r.functions);
	free(r.function);
	free(r.devices);
	free(r.chains);
	free(sections);
	conffile_free(r.file);
	return r.config;
}

static void free_texts(char **texts, size_t n)
{
	while (n)
		free(texts[--n]);
	free(texts);
}

static void free_steer(struct steer_config *steer)
{
	size_t i;

	for (i = 0; i < steer->n_pools; i++)
		free(steer->pools[i].members);
	for (i = 0; i < steer->n_behinds; i++) {
		free(steer->behinds[i].networks);
		free(steer->behinds[i].elements);
	}
	if (steer->admit) {
		free(steer->admit->outside);
		free(steer->admit->from);
	}
	free(steer->admit);
	free(steer->behinds);
	free(steer->prefixes);
	free(steer->pools);
	free(steer->elements);
}

static void free_chain(struct chain_config *chain)
{
	size_t i, j;

	for (i = 0; i < chain->n_services; i++) {
		struct service *s = &chain->services[i];

		for (j = 0; j < s->n_segments; j++)
			free(s->segments[j].from_ports);
		free(s->segments);
		free(s->ports);
		free(s->rules);
		free(s->clients);
		free(s->file);
	}
	free(chain->services);
	free(chain->ids);
	free(chain->chains);
	free(chain->devices);
}

struct config *config_hold(struct config *config)
{
	__atomic_add_fetch(&config->users, 1, __ATOMIC_RELAXED);
	return config;
}

void config_free(struct config *config)
{
	size_t i, j;

	if (!config || __atomic_sub_fetch(&config->users, 1, __ATOMIC_ACQ_REL))
		return;

	for (i = 0; i < config->n_profiles; i++) {
		struct profile *p = &config->profiles[i];

		free_texts(p->id_text, p->n_ids);
		for (j = 0; j < p->n_ids; j++)
			identity_clear(&p->ids[j]);
		free(p->ids);
		free_texts(p->eap_ids, p->n_eap_ids);
		free_texts(p->members, p->n_members);
		free_texts(p->conns, p->n_conns);
		free(p->name);
		free(p->file);
		free(p->range);
	}
	for (i = 0; i < config->n_shapers; i++) {
		free(config->shapers[i].name);
		free(config->shapers[i].device);
		free(config->shapers[i].classes);
	}
	free_steer(&config->steer);
	free_chain(&config->chain);
	free_texts(config->warnings, config->n_warnings);
	match_index_free(config->index);
	free(config->names);
	free(config->ranges);
	free(config->groups);
	free(config->profiles);
	free(config->shapers);
	free(config);
}
