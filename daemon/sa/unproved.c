// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "lib/text.h"
#include "sa/unproved.h"

/* For messages. */
static const char *group_of(const struct config *config, const struct profile *p,
			    char group[TEXT_VALUE])
{
	if (!p)
		return "no group";
	if (p->range)
		return "a group of its own";
	snprintf(group, TEXT_VALUE, "group %s", config_group_written(config, p->group)->name);
	return group;
}

static void say(const struct config *config, const struct proof *claimed,
		const char *conn, const struct profile *is,
		const struct profile *would)
{
	char shown[3][TEXT_VALUE], group[2][TEXT_VALUE];
	const char *name = text_clip(shown[0], sizeof(shown[0]), conn);

	log_warn("connection %s: a peer claims to be \"%s\", which nothing proved, and is in %s; proved, it would fit profile %s and be in %s: have the connection prove it, or, if all of its peers belong there, give the profile connection = %s",
		 name, text_clip(shown[1], sizeof(shown[1]), claimed->text),
		 group_of(config, is, group[0]),
		 text_clip(shown[2], sizeof(shown[2]), would->name),
		 group_of(config, would, group[1]), name);
}

void unproved_log(struct once *log, const struct config *config,
		  const struct proofs *proofs, const char *conn,
		  const struct profile *profile)
{
	uint64_t key = once_key(ONCE_KEY, conn, strlen(conn));
	struct proved proved[PROOFS_MAX];
	const struct profile *would;
	size_t n, i;

	if (!once_is_new(log, key))
		return;
	/* fewer than there are, where one is claimed */
	n = proofs_match(proofs, proved);
	for (i = 0; i < proofs->n; i++) {
		const struct proof *p = &proofs->v[i];

		if (p->proof != IQ_FEED_PROOF_NONE)
			continue;
		proved[n] = (struct proved){ .id = &p->id, .eap = p->name };
		would = config_match(config, proved, n + 1, conn, NULL, 0);
		if (!would || (profile && profile->group == would->group &&
			       profile->range == would->range))
			continue;
		if (once_add(log, key,
			     "connections whose peers only claim what profiles ask for"))
			say(config, p, conn, profile, would);
		return;
	}
}
