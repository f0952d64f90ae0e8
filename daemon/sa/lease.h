/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which peer has which group of a range (config/range.h), and had it last: a peer that
 * comes back finds its own again, as long as there is room.
 *
 * A lease is used while IKE SAs have it. Without one its group stays in the kernel for
 * the range's linger, and after that the lease is only remembered. A new peer takes the
 * first group that nobody ever had, or else that of the peer that has been gone for
 * longest.
 *
 * What a range has room for is the bound of all that peers can make here.
 */
#ifndef IPSEC_QOSD_LEASE_H
#define IPSEC_QOSD_LEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "config/config.h"
#include "lib/kernel/group.h"
#include "sa/keyed.h"
#include "sa/presence.h"
#include "lib/addr.h"

/* How many groups one identity may have where each of its IKE SAs has its own */
#define LEASES_IDENTITY	16

struct leases;
struct lease_range;

/**
 * struct lease - a peer's group
 *
 * @all: those it is among
 * @of: the range; NULL: the configuration has it no more, and the lease ends with its
 *	last user
 * @id: the group's
 * @profile: whose range it is
 * @identity: the peer's, as proofs_identity() has it
 * @number: 1; of further IKE SAs of the identity 2 and up
 * @users: IKE SAs that have it
 * @remote: the peer's address, and @remote_port, as the last of them has it
 * @until: when its group goes from the kernel; while there are no users
 * @kernel: the kernel has its group
 * @stale: what it has counts the packets of another peer: it is to be made anew
 * @held: its group was in the kernel before the daemon was, and not all charons have said
 *	yet whose SAs there are: nobody else gets it
 * @refused: the kernel will not have its group
 * @removed: how often its group was removed by the daemon itself, and the kernel has not
 *	told of that yet
 * @there: while it has users, since when
 * @base: what its group had counted when the peer came
 * @counted: that is of when the kernel's groups were read: see leases_hold()
 * @at: of those without users
 * @key: see lease.c
 */
struct lease {
	struct leases *all;
	struct lease_range *of;
	uint32_t id;
	const char *profile;
	const char *identity;
	uint32_t number;
	unsigned int users;
	struct iq_addr remote;
	uint16_t remote_port;
	double until;
	bool kernel;
	bool stale;
	bool held;
	bool refused;
	unsigned int removed;
	struct presence there;
	struct iq_kernel_count base[IPSEC_QOS_COUNTER_MAX + 1];
	bool counted;
	UT_hash_handle hh;
	TAILQ_ENTRY(lease) at;
	char key[];
};

/**
 * struct lease_ops - what others are to know
 *
 * @used: a lease has its first user; @fresh: another peer had its group before, or none
 * @written: there is a new lease, to be remembered
 */
struct lease_ops {
	void (*used)(void *arg, const struct lease *lease, bool fresh);
	void (*written)(void *arg, const struct lease *lease);
};

/** leases_new() - none, and no ranges; NULL: no memory */
struct leases *leases_new(void);
void leases_free(struct leases *leases);

/** leases_tell() - whom; NULL: nobody */
void leases_tell(struct leases *leases, const struct lease_ops *ops, void *arg);

/** leases_on_freed() - what to call when there may be room in a range again */
void leases_on_freed(struct leases *leases, void (*freed)(void *arg), void *arg);

/**
 * leases_config() - use the ranges of a configuration
 *
 * Leases stay whose profile has a range that has their group; others end. A group that
 * somebody else had, or had by a section of its own, is nobody's until leases_gone().
 *
 * @config: read until the next call, and during that
 *
 * Return: 0; -ENOMEM: the former ones are still in use.
 */
int leases_config(struct leases *leases, const struct config *config);

/**
 * leases_add() - one that was remembered, before any is taken
 *
 * It supersedes what was added for that group, or for that peer. Passed over where the
 * configuration has no such group.
 */
void leases_add(struct leases *leases, uint32_t id, const char *profile,
		const char *identity, uint32_t number);

/**
 * leases_hold() - the kernel had a group before anybody was there to say whose it is
 *
 * A lease that is known of it lingers, and does not give way until leases_synced(). Where
 * there is none, nobody gets the group until leases_gone(): SAs may still be in it, of
 * whoever had it.
 *
 * @group: as the kernel has it
 */
void leases_hold(struct leases *leases, const struct iq_kernel_group *group);

/** leases_gone() - the kernel does not have a group any more */
void leases_gone(struct leases *leases, uint32_t id);

/** leases_none_held() - the kernel has no group that it should not have */
void leases_none_held(struct leases *leases);

/** leases_synced() - it is known whose all SAs are: who is not among them has none */
void leases_synced(struct leases *leases);

/** leases_room() - would leases_take() find a group for a peer that has none? */
bool leases_room(const struct leases *leases, const struct range *range);

/** leases_kernel_gone() - it has none any more */
void leases_kernel_gone(struct leases *leases);

/**
 * leases_take() - the lease of one more IKE SA
 *
 * @identity: the peer's
 * @remote: where it is; where each IKE SA has its own group, one from the same address
 *	and port as another is the same one, authenticated again
 * @has: what the IKE SA has now, or NULL: if it is the peer's it stays, otherwise it is
 *	given back
 *
 * Return: NULL: there is none left.
 */
struct lease *leases_take(struct leases *leases, const struct range *range,
			  const char *identity, const struct iq_addr *remote,
			  uint16_t remote_port, struct lease *has);

/** leases_keeps() - is what the IKE SA has the peer's, so that leases_take() lets it stay? */
bool leases_keeps(const struct leases *leases, const struct range *range,
		  const char *identity, const struct lease *has);

/** leases_give_back() - an IKE SA that had it has gone; NULL is fine */
void leases_give_back(struct lease *lease);

/** lease_uncounted() - its group counts from nothing on */
void lease_uncounted(struct lease *lease);

/** leases_find() - the lease of a group; NULL: nobody has it, or had it */
struct lease *leases_find(const struct leases *leases, uint32_t id);

/** lease_wanted() - should the kernel have its group? */
static inline bool lease_wanted(const struct lease *lease)
{
	return lease && (lease->users || lease->until);
}

/**
 * leases_next() - of those whose group the kernel should have, and has an id greater than
 * @id, the first, or NULL
 */
struct lease *leases_next(const struct leases *leases, uint32_t id);

/**
 * leases_expired() - one whose group is to go from the kernel, or NULL
 *
 * @now: by monotonic(); the lease is only remembered from now on
 */
struct lease *leases_expired(struct leases *leases, double now);

/** leases_deadline() - when that is to be asked next; 0: not before another goes */
double leases_deadline(const struct leases *leases);

/** leases_known() - all that are remembered, in turn: the one behind @lease; NULL: the first, or none */
const struct lease *leases_known(const struct leases *leases, const struct lease *lease);

/** leases_n_known() - how many that are */
size_t leases_n_known(const struct leases *leases);

/**
 * struct lease_count - how many of a range
 *
 * @used: have users
 * @lingering: had, until a moment ago
 * @known: are remembered, these among them
 */
struct lease_count {
	uint32_t used;
	uint32_t lingering;
	uint32_t known;
};

void leases_count(const struct leases *leases, const struct range *range,
		  struct lease_count *count);

#endif /* IPSEC_QOSD_LEASE_H */
