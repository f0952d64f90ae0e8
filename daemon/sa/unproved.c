// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "log.h"
#include "lib/text.h"
#include "sa/unproved.h"

/* For messages. */
static const char *group_of(const struct config *config, const struct profile *p)
{
	return p->range ? "of its own" : config_group_written(config, p->group)->name;
}

static void say(const struct config *config, const struct proof *claimed,
		const char *conn, const struct profile *is,
		const struct profile *would)
{
	char shown[3][TEXT_VALUE], group[TEXT_VALUE + 16] = "no group";
	const char *name = text_clip(shown[0], sizeof(shown[0]), conn);
	struct text t;

	if (is) {
		text_begin(&t, group, sizeof(group));
		text_put(&t, "group %s", group_of(config, is));
	}
	log_warn("connection %s: a peer claims to be \"%s\", which nothing proved, and is in %s; proved, it would fit profile %s of group %s: have the connection prove it, or, if all of its peers belong there, give the profile connection = %s",
		 name, text_clip(shown[1], sizeof(shown[1]), claimed->text),
		 group, text_clip(shown[2], sizeof(shown[2]), would->name),
		 group_of(config, would), name);
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
