/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shapers' classes on their devices: an HTB tree with fq_codel leaves and
 * filters on the mark, in the network namespace that the daemon runs in.
 *
 * The kernel holds the state. Each call reads what a device has, compares it
 * with what its shaper wants (plan.h) and changes the difference, so a call
 * that finds everything in place changes nothing, a class whose rates change
 * keeps its queue, and a daemon that starts takes over what its predecessor
 * made. Nothing is removed when the daemon ends.
 *
 * A root qdisc is the daemon's own if it is HTB with the handle PLAN_MAJOR and
 * the default class PLAN_MINOR_DEFAULT. One with the handle 0: was put there by
 * the kernel itself and is replaced. Any other is somebody's and is left alone,
 * unless the shaper says replace = yes.
 *
 * Calls block for the kernel's answers, which may take long: rtnetlink has one
 * lock for all that anybody does to any device. So they are for a thread of
 * their own (shaping.h), which alone uses a struct qdisc_ctl; qdisc_stop() is
 * the exception.
 */
#ifndef IPSEC_QOSD_QDISC_H
#define IPSEC_QOSD_QDISC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "shaping/pool.h"

/**
 * enum qdisc_state - how a shaper stands
 *
 * @QDISC_OK: its classes are on the device
 * @QDISC_NO_DEVICE: there is no such device (yet)
 * @QDISC_FOREIGN: the device has a qdisc that the daemon did not make
 * @QDISC_UNFIT: packets pass the device's queue before they are marked
 * @QDISC_TAKEN: a shaper ahead of it names the same device by another name
 * @QDISC_ERROR: the kernel refused something
 * @QDISC_PENDING: not applied yet, or the kernel does not answer
 */
enum qdisc_state {
	QDISC_OK,
	QDISC_NO_DEVICE,
	QDISC_FOREIGN,
	QDISC_UNFIT,
	QDISC_TAKEN,
	QDISC_ERROR,
	QDISC_PENDING,
};

/**
 * qdisc_state_name() - "ok", "no device", "foreign qdisc", "unfit device",
 * "device taken", "error" or "pending"
 */
const char *qdisc_state_name(enum qdisc_state state);

/**
 * struct qdisc_count - what the kernel counts for a class
 *
 * @measured: bits a second, from the outer Ethernet header on; the kernel's
 *	average, which follows a change of load within a second or two, of a range's
 *	classes within three or four
 * @packets: sent since the class was made, or its group became another peer's
 *	(qdisc_need()); a GSO packet counts its segments
 * @bytes: sent
 * @drops: packets dropped
 * @backlog: bytes in its queue now
 */
struct qdisc_count {
	uint64_t measured;
	uint64_t packets;
	uint64_t bytes;
	uint64_t drops;
	uint64_t backlog;
};

struct qdisc_ctl;

/**
 * qdisc_open() - sockets to the kernel, and notice of devices and qdiscs that
 * come and go
 *
 * Return: 0 or a negative errno.
 */
int qdisc_open(struct qdisc_ctl **ctl);

/**
 * qdisc_stop() - end what another thread is in before long: a tree that is half
 * made is taken back, and from now on nothing is read or made
 */
void qdisc_stop(struct qdisc_ctl *ctl);

/** qdisc_close() - leaves what is on the devices as it is; NULL is fine */
void qdisc_close(struct qdisc_ctl *ctl);

/**
 * qdisc_apply() - bring every device to what its shaper says, and take the
 * daemon's own qdisc off devices that no shaper names (any more)
 *
 * One shaper that fails does not keep others from being applied. Safe to call
 * again at any time, for instance every ten seconds while shapers fail.
 *
 * @config: kept and read until the next call, and to be freed only after it
 *
 * Return: how many shapers failed with QDISC_ERROR, or -ENOMEM, in which case
 * the former configuration is still the one in use.
 */
int qdisc_apply(struct qdisc_ctl *ctl, const struct config *config);

/**
 * qdisc_need() - groups of ranges that have peers
 *
 * @needed: their ids: their classes are to be there. They stay as long as the
 *	configuration has the range.
 * @fresh: of those that are another peer's than before: what their classes counted
 *	until now is not shown any more
 */
void qdisc_need(struct qdisc_ctl *ctl, const struct pool_bits *needed,
		const struct pool_bits *fresh);

/**
 * qdisc_work() - make a few of ranges' classes that are not there yet, those first that
 * are needed; or remove a few
 *
 * To be called after all others of these that change something or return, until nothing
 * is left to be done, with whatever else there is in between.
 *
 * @failed: set to what qdisc_apply() returns
 *
 * Return: is there more?
 */
bool qdisc_work(struct qdisc_ctl *ctl, int *failed);

/** qdisc_fd() - to be polled for reading; qdisc_event() when it is readable */
int qdisc_fd(const struct qdisc_ctl *ctl);

/**
 * qdisc_event() - read what happened to devices
 *
 * Shapers are due again of devices that came, were made anew, changed their
 * MTU or lost their root qdisc, be it the daemon's own or the one that was in
 * its way; where notices were lost, all are. What somebody else changed in a
 * tree is only noted, for who did it may do it again: see qdisc_touched().
 *
 * Return: is something due? Many things may happen at once: qdisc_sync() had
 * better be called a moment later.
 */
bool qdisc_event(struct qdisc_ctl *ctl);

/** qdisc_sync() - apply what is due; returns as qdisc_apply() */
int qdisc_sync(struct qdisc_ctl *ctl);

/**
 * qdisc_touched() - did somebody else change something in a shaper's tree, that
 * was not put back yet?
 *
 * @i: the shaper's index in config->shapers
 */
bool qdisc_touched(const struct qdisc_ctl *ctl, size_t i);

/**
 * qdisc_mend() - put back what was changed; to be called a moment after
 * qdisc_touched(), and not all the time
 *
 * Return: as qdisc_apply().
 */
int qdisc_mend(struct qdisc_ctl *ctl);

/**
 * qdisc_shaper_state() - how a shaper of the configuration in use stands
 *
 * @i: its index in config->shapers
 * @text: set to more about it, valid until the next call of any of these; may
 *	be NULL
 */
enum qdisc_state qdisc_shaper_state(const struct qdisc_ctl *ctl, size_t i,
				    const char **text);

/**
 * qdisc_stats() - what the kernel counts now for each class of each shaper of
 * the configuration in use, of ranges for the class of each group
 *
 * A device that has lost the daemon's qdisc since is reported as QDISC_ERROR
 * (or QDISC_FOREIGN, QDISC_NO_DEVICE).
 *
 * @counts: in the configuration's order; 0 where a shaper's state is not
 *	QDISC_OK
 *
 * Return: as qdisc_apply().
 */
int qdisc_stats(struct qdisc_ctl *ctl, struct qdisc_count *counts);

#endif /* IPSEC_QOSD_QDISC_H */
