/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where leases (lease.h) are remembered: a file of lines, each one JSON object, of which a
 * later one about a group supersedes an earlier one:
 *
 *	{"id":1017,"profile":"staff","identity":"eap:carol@corp.example","number":1}
 *
 * A new lease is appended by a thread, for a disk may take its time; once there are many
 * lines that are superseded, the file is written anew beside the old one and takes its
 * place. What was cut off by an end at the wrong moment is passed over.
 */
#ifndef IPSEC_QOSD_LEASEFILE_H
#define IPSEC_QOSD_LEASEFILE_H

#include <ev.h>

#include "sa/lease.h"

#define LEASE_FILE	"/var/lib/ipsec-qos/leases"

struct leasefile;

/**
 * leasefile_open() - read what is remembered into @leases, and remember further ones
 *
 * What cannot be read or written is logged, and does without: leases are then forgotten
 * when the daemon ends. A file that cannot be read is renamed, with ".bad" behind it.
 *
 * @path: of the file; its folder is made if there is none, but not those above it
 *
 * Return: 0; -ENOMEM; or what starting a thread failed with.
 */
int leasefile_open(struct leasefile **file, struct ev_loop *loop, const char *path,
		   struct leases *leases);

/** leasefile_add() - a new lease; never blocks */
void leasefile_add(struct leasefile *file, const struct lease *lease);

/** leasefile_trouble() - why leases are not remembered, NULL: they are */
const char *leasefile_trouble(struct leasefile *file);

/** leasefile_close() - write what is left, for a second at most; NULL is fine */
void leasefile_close(struct leasefile *file);

#endif /* IPSEC_QOSD_LEASEFILE_H */
