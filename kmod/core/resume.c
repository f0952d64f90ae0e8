// SPDX-License-Identifier: GPL-2.0
#include <linux/netfilter.h>
#include <linux/skbuff.h>

#include "hooks.h"
#include "resume.h"

/*
 * This module's own hook, where what was stopped goes on; where it is gone, what was
 * behind it.
 */
static unsigned int iq_resume_from(const struct iq_hook_ops *set,
				   const struct nf_hook_state *state,
				   const struct nf_hook_entries *hooks)
{
	unsigned int i, n = hooks->num_hook_entries;
	nf_hookfn *own = NULL;
	int priority = INT_MIN;

	for (i = 0; i < set->n; i++)
		if (set->ops[i].pf == state->pf && set->ops[i].hooknum == state->hook) {
			own = set->ops[i].hook;
			priority = set->ops[i].priority;
		}
	for (i = 0; i < n; i++)
		if (hooks->hooks[i].hook == own)
			return i;
	for (i = 0; i < n; i++)
		if (nf_hook_entries_get_hook_ops(hooks)[i]->priority > priority)
			break;
	return i;
}

void iq_resume(enum iq_hook_set which, const struct nf_hook_state *state, struct sk_buff *skb)
{
	const struct nf_hook_entries *hooks;

	hooks = state->pf == NFPROTO_IPV4 ?
		rcu_dereference(state->net->nf.hooks_ipv4[state->hook]) :
		rcu_dereference(state->net->nf.hooks_ipv6[state->hook]);
	if (!hooks || nf_hook_slow(skb, (struct nf_hook_state *)state, hooks,
				   iq_resume_from(&iq_hook_sets[which], state, hooks)) == 1)
		state->okfn(state->net, state->sk, skb);
}
