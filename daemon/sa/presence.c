// SPDX-License-Identifier: GPL-2.0-or-later
#include "sa/presence.h"

#include "clock.h"
#include "sa/sad_priv.h"

static bool has_installed(const struct sad_ike *ike)
{
	const struct sad_sa *sa;

	LIST_FOREACH(sa, &ike->sas, list)
		if (!sa->pending)
			return true;
	return false;
}

const struct presence *presence_of(const struct sad_ike *ike, const struct lease *lease)
{
	return lease ? &lease->there : &ike->there;
}

static void went(struct sad *sad, struct sad_ike *ike, struct lease *lease,
		 struct presence *there)
{
	if (there->since && sad->ops)
		sad->ops->went(sad->ops_arg, ike, lease);
	there->since = 0;
}

void presence_look(struct sad *sad, struct sad_ike *ike)
{
	struct presence *there = ike->lease ? &ike->lease->there : &ike->there;

	if (there->since || ike->closed || !(proofs_proved(&ike->proofs) || has_installed(ike)))
		return;
	there->since = monotonic();
	there->known = ike->source->stating;
	if (sad->ops)
		sad->ops->came(sad->ops_arg, ike, ike->lease);
}

void presence_leave(struct sad *sad, struct sad_ike *ike)
{
	if (ike->lease && ike->lease->users == 1)
		went(sad, ike, ike->lease, &ike->lease->there);
	leases_give_back(ike->lease);
	ike->lease = NULL;
}

void presence_end(struct sad *sad, struct sad_ike *ike)
{
	went(sad, ike, NULL, &ike->there);
}

void presence_tell(struct sad *sad, const struct presence_ops *ops, void *arg)
{
	sad->ops = ops;
	sad->ops_arg = arg;
}
