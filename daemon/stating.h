/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What errands (errand.h) have in common that bring objects of the module to what they
 * should be: a socket to it, which may come and go, and what was refused. All of it in the
 * errand's thread.
 */
#ifndef IPSEC_QOSD_STATING_H
#define IPSEC_QOSD_STATING_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "errand.h"
#include "lib/kernel/socket.h"

/*
 * What stating_run() comes to where something that the kernel may have, and is to have, was
 * not stated anew: the generation must not be closed, or it would be swept.
 */
#define STATING_PARTIAL	(-EAGAIN)

#define STATING_DUMPS	10	/* times that a dump is begun anew where the table changes */

/**
 * struct stating - zero before its first use
 *
 * @k: NULL: the module was not there
 * @n_troubles: things that were refused in this run, the first of which is in @why
 * @partial: something of ours that the kernel may have was not stated anew in this run
 */
struct stating {
	struct iq_kernel *k;
	size_t n_troubles;
	bool partial;
	int err;
	char why[ERRAND_WHY];
};

/** stating_refused() - the kernel said no: the first time is told, and all are counted; @err */
int stating_refused(struct stating *s, const char *what, const char *name, int err);

/**
 * stating_run() - with a socket to the module do what is to be done
 *
 * @bring: may be called twice, where the module went and came
 * @forget: the module is gone: what is known of it says nothing of the next
 *
 * Return: as of errand_ops.run; -ENODEV: the module is not there; STATING_PARTIAL.
 */
int stating_run(struct stating *s, int (*bring)(void *state, void *wanted),
		void (*forget)(void *state), void *state, void *wanted, char *why, size_t size);

#endif /* IPSEC_QOSD_STATING_H */
