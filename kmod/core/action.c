// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>
#include <linux/wait_bit.h>

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

/*
 * One of @back numbers that are on their way comes back; false: there are none. While
 * config_lock is held nobody else takes it. Only who waits for what is his own waits: all
 * the machine's callbacks (rcu_barrier()) would be a lot to ask for.
 */
static bool iq_number_await(struct iq_net *iqn, int back)
{
	if (back)
		wait_var_event(&iqn->numbers_back, atomic_read(&iqn->numbers_back) < back);
	return back;
}

int iq_number_take(struct iq_net *iqn, const struct nlattr *attr,
		   struct netlink_ext_ack *extack)
{
	int number, back, err;

	lockdep_assert_held(&iqn->config_lock);
	BUILD_BUG_ON(FIELD_MAX(IQ_WORD_VALUE) + 1 != IQ_STORE_VALUES);
	do {
		/* Ahead of the look: one that comes back behind it is waited for in vain. */
		back = atomic_read_acquire(&iqn->numbers_back);
		number = ida_alloc_range(&iqn->numbers, 1, IQ_STORE_VALUES - 1,
					 GFP_KERNEL_ACCOUNT);
	} while (number == -ENOSPC && iq_number_await(iqn, back));
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

void iq_number_lose(struct iq_net *iqn)
{
	atomic_inc(&iqn->numbers_back);
}

void iq_number_back(struct iq_net *iqn, u32 number)
{
	iq_number_give(iqn, number);
	/* Pairs with iq_number_take(): who does not see it in the count finds it free. */
	atomic_dec_return(&iqn->numbers_back);
	wake_up_var(&iqn->numbers_back);
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
