// SPDX-License-Identifier: GPL-2.0
/*
 * A module with every fault that the kernels of tests/kernels are to find, to see
 * whether they do: insmod broken.ko fault=NAME.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/timer.h>

static char *fault = "";
module_param(fault, charp, 0);

static void broken_use_after_free(void)
{
	int *p = kmalloc(64, GFP_KERNEL);

	kfree(p);
	*(volatile int *)p = 1;
}

static void broken_bounds(void)
{
	static int array[4];
	volatile int i = 4;

	array[i] = 1;
}

static DEFINE_MUTEX(broken_one);
static DEFINE_MUTEX(broken_two);

static void broken_lock_order(void)
{
	mutex_lock(&broken_one);
	mutex_lock(&broken_two);
	mutex_unlock(&broken_two);
	mutex_unlock(&broken_one);
	mutex_lock(&broken_two);
	mutex_lock(&broken_one);
	mutex_unlock(&broken_one);
	mutex_unlock(&broken_two);
}

static void broken_rcu(void)
{
	static int __rcu *pointer;

	(void)rcu_dereference(pointer);
}

static void broken_sleep(void)
{
	static DEFINE_SPINLOCK(lock);

	spin_lock(&lock);
	msleep(1);
	spin_unlock(&lock);
}

static void broken_never(struct timer_list *t)
{
}

static void broken_timer(void)
{
	struct timer_list *t = kmalloc(sizeof(*t), GFP_KERNEL);

	timer_setup(t, broken_never, 0);
	mod_timer(t, jiffies + HZ);
	kfree(t);
	/* or it would be the end of the machine, which is another finding */
	msleep(100);
}

static void broken_leak(void)
{
	memset(kmalloc(640, GFP_KERNEL), 1, 640);
}

static int broken_shared;

static noinline void broken_count(void)
{
	broken_shared++;
}

static int broken_counter(void *unused)
{
	while (!kthread_should_stop()) {
		int i;

		for (i = 0; i < 1000; i++)
			broken_count();
		cond_resched();
	}
	return 0;
}

static void broken_race(void)
{
	struct task_struct *task[2];
	int i;

	for (i = 0; i < 2; i++)
		task[i] = kthread_run(broken_counter, NULL, "broken/%d", i);
	msleep(3000);
	for (i = 0; i < 2; i++)
		kthread_stop(task[i]);
}

static const struct {
	const char *name;
	void (*commit)(void);
} broken_faults[] = {
	{ "use-after-free", broken_use_after_free },
	{ "bounds", broken_bounds },
	{ "lock-order", broken_lock_order },
	{ "rcu", broken_rcu },
	{ "sleep", broken_sleep },
	{ "timer", broken_timer },
	{ "leak", broken_leak },
	{ "race", broken_race },
	{ "none", NULL },
};

static int __init broken_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(broken_faults); i++) {
		if (strcmp(fault, broken_faults[i].name))
			continue;
		if (broken_faults[i].commit)
			broken_faults[i].commit();
		return 0;
	}
	return -EINVAL;
}

static void __exit broken_exit(void)
{
}

module_init(broken_init);
module_exit(broken_exit);

MODULE_DESCRIPTION("Faults for the kernels that find them");
MODULE_LICENSE("GPL");
