// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed/steering.h"

#include <arpa/inet.h>
#include <stdio.h>

static const char *const states[] = {
	[IPSEC_QOS_ELEMENT_UP] = "up", [IPSEC_QOS_ELEMENT_DRAIN] = "drain",
	[IPSEC_QOS_ELEMENT_DOWN] = "down",
};

static json_t *check_name(const struct element *e)
{
	static const char *const names[] = {
		[CHECK_NEIGHBOUR] = "neighbour", [CHECK_PING] = "ping",
	};
	char buf[16];

	if (e->check == CHECK_NONE)
		return json_null();
	snprintf(buf, sizeof(buf), "tcp:%u", e->port);
	return json_string(e->check == CHECK_TCP ? buf : names[e->check]);
}

static json_t *seconds(double value)
{
	return value < 0 ? json_null() : json_integer(value);
}

static json_t *element_json(const struct daemon *daemon, size_t i)
{
	const struct element *e = &daemon->config->steer.elements[i];
	const struct check_state *check;
	struct steer_element now;
	bool known;

	steer_element(daemon->steer, i, &now);
	check = &now.check;
	known = now.checked && check->asked;
	return json_pack("{s:s, s:I, s:o, s:b, s:o, s:I, s:o, s:o, s:I, s:o, s:f, s:f, s:o}",
			 "name", e->name, "id", (json_int_t)e->id,
			 "state", e->needed ? json_string(states[now.state]) : json_null(),
			 "by_hand", now.by_hand,
			 "check", check_name(e), "interval", (json_int_t)e->interval,
			 "up", known ? json_boolean(check->up) : json_null(),
			 "ok", known ? json_boolean(check->ok) : json_null(),
			 "run", (json_int_t)(known ? check->run : 0),
			 "since", known ? seconds(check->since) : json_null(),
			 "held", known ? check->held : 0.0, "hold", known ? check->hold : 0.0,
			 "why", now.checked && *check->why ? json_string(check->why) :
							     json_null());
}

/* IKE SAs that packets come by past the classifying element; null: none */
static json_t *beside(const struct daemon *daemon)
{
	char address[INET6_ADDRSTRLEN], text[512];
	struct iq_addr addr;
	size_t n = sad_beside(daemon->sad, &addr);

	if (!n)
		return json_null();
	inet_ntop(addr.family, addr.b, address, sizeof(address));
	snprintf(text, sizeof(text),
		 "%zu IKE SA%s at an address of this host that is not steered, such as %s: their packets do not come by the classifying element, nor would they go to another; from outside only steered addresses should be reached (MOBIKE tells peers of all)",
		 n, n == 1 ? " is" : "s are", address);
	return json_pack("{s:I, s:s, s:s}", "ike_sas", (json_int_t)n, "address", address,
			 "text", text);
}

json_t *steering_all(const struct daemon *daemon)
{
	const struct steer_config *c = &daemon->config->steer;
	json_t *elements, *errors, *own;
	const char *trouble;
	size_t i;

	if (!c->n_elements && !c->n_pools && !c->n_behinds && !c->admit &&
	    !steer_trouble(daemon->steer, 0) && !server_trouble(daemon->server, 0))
		return json_null();
	elements = json_array();
	errors = json_array();
	own = json_array();
	for (i = 0; i < c->n_elements; i++)
		json_array_append_new(elements, element_json(daemon, i));
	for (i = 0; (trouble = steer_trouble(daemon->steer, i)); i++)
		json_array_append_new(errors, json_string(trouble));
	for (i = 0; (trouble = server_trouble(daemon->server, i)); i++)
		json_array_append_new(errors, json_string(trouble));
	for (i = 0; i < c->n_pools; i++)
		if (c->pools[i].self)
			json_array_append_new(own, json_pack("{s:s, s:I}",
				"pool", c->pools[i].name,
				"buckets", (json_int_t)c->pools[i].n_own));
	return json_pack("{s:o, s:o, s:o, s:o, s:o}",
			 "self", c->self ? json_string(c->self->name) : json_null(),
			 "beside", beside(daemon), "errors", errors, "own", own, "elements", elements);
}
