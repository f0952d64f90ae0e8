// SPDX-License-Identifier: GPL-2.0
#include "feature.h"
#include "target.h"

struct iq_target *iq_target_find(struct iq_net *iqn, u32 id)
{
	const struct iq_feature *f;
	struct iq_target *t;
	unsigned int i;

	lockdep_assert_held(&iqn->config_lock);
	iq_for_each_feature(f, i) {
		t = f->target ? f->target(iqn, id) : NULL;
		if (t)
			return t;
	}
	return NULL;
}

void iq_target_named(struct iq_net *iqn, const struct iq_key *key, u32 *group, u32 *target)
{
	const struct iq_feature *f;
	unsigned int i;

	lockdep_assert_held(&iqn->config_lock);
	*group = 0;
	*target = 0;
	iq_for_each_feature(f, i)
		if (f->named)
			f->named(iqn, key, group, target);
}
