/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose clear text is admitted: a table of nftables that is the daemon's own, as the section
 * admit says. It is replaced as a whole, stays when the daemon ends, and is put back where
 * somebody flushes it. One of that name which somebody else made stays as it is.
 */
#ifndef IPSEC_QOSD_STEER_ADMISSION_H
#define IPSEC_QOSD_STEER_ADMISSION_H

#include <stdbool.h>

#include <ev.h>

#include "config/config.h"

#define ADMISSION_TABLE	"inet ipsec-qos"

struct admission;

/**
 * admission_open() - start a thread for it
 *
 * @settled: called each time all is as it should be, or it is said why not
 *
 * Return: 0 or a negative errno.
 */
int admission_open(struct admission **admission, struct ev_loop *loop,
		   void (*settled)(void *arg), void *arg);

/** admission_config() - as a configuration says from now on; it is held; never blocks */
void admission_config(struct admission *admission, struct config *config);

/** admission_busy() - is something to be done that is not done? */
bool admission_busy(const struct admission *admission);

/** admission_trouble() - why clear text is not judged as it should be; NULL: it is */
const char *admission_trouble(const struct admission *admission);

/** admission_close() - leaves the table as it is; NULL is fine */
void admission_close(struct admission *admission);

/**
 * admission_rules() - what nft is told for a configuration, all of it at once; to be freed
 *
 * Return: NULL: no memory.
 */
char *admission_rules(const struct config *config);

/**
 * admission_unseen() - is there a device outside from which no packet is seen to come?
 *
 * @why: which first, and why
 */
bool admission_unseen(const struct config *config, char *why, size_t size);

#endif /* IPSEC_QOSD_STEER_ADMISSION_H */
