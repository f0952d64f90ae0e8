/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Brings the module's tables to what the configuration and the charons' SAs
 * (sad.h) say they should be, and keeps them there while the module comes and
 * goes.
 *
 * A generation is opened whenever what is in the tables may not be what it
 * should be: the module came, a charon begins to state what it has, the
 * configuration changed, the kernel refused something. All is then restated,
 * in slices, so that who waits for an answer does not wait for that; and once
 * every charon has stated all it has, the generation is closed and the kernel
 * sweeps what nobody stated. While no charon is connected nothing is swept, nor
 * where the kernel refused to change what it has: that stays as it was until a
 * later generation succeeds.
 *
 * What the module tells of its tables is listened to: an entry or group of ours
 * that somebody else removed or changed is put back about a second later. One
 * that the kernel removed with its own SA is not, until charon states that SA
 * again.
 */
#ifndef IPSEC_QOSD_TABLES_H
#define IPSEC_QOSD_TABLES_H

#include <stdbool.h>

#include <ev.h>

#include "config/config.h"
#include "lib/kernel/event.h"
#include "sa/sad.h"

struct tables;

/**
 * tables_open() - watch for the module, and state the configuration's groups
 * if it is there
 *
 * @sad: what should be in the tables; must outlive them
 * @config: kept and read until tables_config()
 * @settled: called each time nothing is due any more
 *
 * Return: 0 or a negative errno.
 */
int tables_open(struct tables **tables, struct ev_loop *loop, struct sad *sad,
		const struct config *config, void (*settled)(void *arg),
		void *arg);

/** tables_close() - leaves the kernel's tables as they are; NULL is fine */
void tables_close(struct tables *tables);

/**
 * tables_config() - groups, settings and every entry as a new configuration
 * says, and groups that are not in it any more removed
 *
 * Groups are stated first, then entries move, then what is left goes: there is
 * no moment at which a packet that had a group has none. To be called after
 * sad_config().
 *
 * Return: 0, or -ENOMEM: the former configuration is still the one in use.
 */
int tables_config(struct tables *tables, const struct config *config);

/** tables_begin() - a charon begins to state what it has: a new generation */
void tables_begin(struct tables *tables);

/** tables_kick() - the SAs changed: write what is due before long */
void tables_kick(struct tables *tables);

/**
 * tables_write() - write what a message was about now
 *
 * @stated: of sad_state(); its entries may be freed
 * @why: on error says what is wrong, for a person; lives until the next call
 *
 * Return: 0: the kernel has what it should have; -ENODEV: the module is not
 * loaded; another negative errno: it refused.
 */
int tables_write(struct tables *tables, const struct sad_stated *stated,
		 const char **why);

/**
 * tables_count() - what the kernel has counted in a group by now
 *
 * Asks it at once.
 *
 * Return: 0; -ENODEV: the module is not there; -ENOENT: it has no such group; another
 * negative errno.
 */
int tables_count(const struct tables *tables, uint32_t group,
		 struct iq_kernel_count counter[IPSEC_QOS_COUNTER_MAX + 1]);

/**
 * struct tables_follower - whose objects in the kernel are of the same generations
 *
 * @restate: one was opened: all is to be stated; @came: the module has just come, and what
 *	it has is not known
 * @grouped: the configuration's groups are in the kernel, but for what was refused; NULL:
 *	nothing of it refers to groups
 * @busy: that is not done yet: the generation is not closed, until tables_kick()
 * @told: the module tells something of what is not the tables'
 */
struct tables_follower {
	void (*restate)(void *arg, bool came);
	void (*grouped)(void *arg);
	bool (*busy)(void *arg);
	void (*told)(void *arg, const struct iq_event *ev);
};

#define TABLES_FOLLOWERS	2	/* there are no more */

/** tables_follow() - from now on */
void tables_follow(struct tables *tables, const struct tables_follower *follower, void *arg);

/** tables_unfollow() - no more; whoever has @arg and does not follow is fine */
void tables_unfollow(struct tables *tables, void *arg);

/** tables_there() - is the module? */
bool tables_there(const struct tables *tables);

/** tables_busy() - is something due that can be written? */
bool tables_busy(const struct tables *tables);

/**
 * tables_trouble() - the @i-th thing that the kernel refused since all was last
 * restated, or NULL: there are no more
 */
const char *tables_trouble(const struct tables *tables, size_t i);

/**
 * tables_other() - that the module is of another version than the daemon, and what
 * to do, or NULL: it is of the same, or not there
 */
const char *tables_other(const struct tables *tables);

/** tables_resyncs() - how many generations were closed */
unsigned int tables_resyncs(const struct tables *tables);

#endif /* IPSEC_QOSD_TABLES_H */
