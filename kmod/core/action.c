// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>

#include "action.h"
#include "compat.h"
#include "store.h"

#define IQ_ACTIONS_MIN	64	/* a power of two: IQ_STORE_VALUES is the most */

/* iq_net.config_lock is held. NULL: there was no number yet. */
static struct iq_actions *iq_actions(const struct iq_net *iqn)
{
	return rcu_dereference_protected(iqn->actions,
					 lockdep_is_held(&iqn->config_lock));
}

static void iq_actions_free_rcu(struct rcu_head *rcu)
{
	kvfree(container_of(rcu, struct iq_actions, rcu));
}

/* Have room for the action of @number. That there is more harms nobody. */
static int iq_actions_grow(struct iq_net *iqn, u32 number)
{
	struct iq_actions *old = iq_actions(iqn), *new;
	u32 n = old ? old->n : IQ_ACTIONS_MIN, i;
	struct iq_action *a;

	while (n <= number)
		n *= 2;
	if (old && old->n == n)
		return 0;
	new = kvzalloc(struct_size(new, action, n), GFP_KERNEL_ACCOUNT);
	if (!new)
		return -ENOMEM;
	new->n = n;
	for (i = 0; old && i < old->n; i++) {
		a = rcu_dereference_protected(old->action[i],
					      lockdep_is_held(&iqn->config_lock));
		RCU_INIT_POINTER(new->action[i], a);
	}
	rcu_assign_pointer(iqn->actions, new);
	if (old)
		call_rcu(&old->rcu, iq_actions_free_rcu);
	return 0;
}

int iq_number_take(struct iq_net *iqn, const struct nlattr *attr,
		   struct netlink_ext_ack *extack)
{
	int number, again, err;

	lockdep_assert_held(&iqn->config_lock);
	BUILD_BUG_ON(FIELD_MAX(IQ_WORD_VALUE) + 1 != IQ_STORE_VALUES);
	for (again = 0; again < 2; again++) {
		number = ida_alloc_range(&iqn->numbers, 1, IQ_STORE_VALUES - 1,
					 GFP_KERNEL_ACCOUNT);
		if (number != -ENOSPC)
			break;
		/* Some may be on their way back. */
		rcu_barrier();
	}
	if (number == -ENOSPC)
		iq_err(extack, attr, "the ceiling of %lu pairs of group and element is reached",
		       IQ_STORE_VALUES - 1);
	if (number < 0)
		return number;
	err = iq_actions_grow(iqn, number);
	if (err) {
		iq_number_give(iqn, number);
		return err;
	}
	return number;
}

void iq_number_give(struct iq_net *iqn, u32 number)
{
	ida_free(&iqn->numbers, number);
}

void iq_number_act(struct iq_net *iqn, u32 number, struct iq_action *a)
{
	rcu_assign_pointer(iq_actions(iqn)->action[number], a);
}

void iq_number_exit(struct iq_net *iqn)
{
	ida_destroy(&iqn->numbers);
	kvfree(rcu_dereference_protected(iqn->actions, true));
}
