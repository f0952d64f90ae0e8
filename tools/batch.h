/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many commands from a file. Additions and deletions of one kind that stand
 * behind each other are gathered into requests that carry many.
 */
#ifndef IPSEC_QOS_TOOLS_BATCH_H
#define IPSEC_QOS_TOOLS_BATCH_H

#include "command.h"
#include "lib/kernel/entry.h"

/**
 * send_entry() - have the kernel add or delete an entry of one of its tables
 *
 * Outside of a batch at once; in a batch with those that follow. Lines in front
 * of a refused one take effect, lines behind it do not (but with -force), just
 * as if each had been sent by itself.
 *
 * @nlflags: as for iq_kernel_entry_new(); 0 to delete
 *
 * Return: a STATUS_.
 */
int send_entry(int nlflags, const struct iq_kernel_entry *entry);

/**
 * flush_entries() - send what was gathered: before all that is not gathered
 *
 * Return: STATUS_OK, or the status of the first line that was refused; it is
 * blamed then, and run_batch() ends.
 */
int flush_entries(void);

/** run_batch() - run the commands in a file ("-": standard input); a STATUS_ */
int run_batch(const char *file);

#endif /* IPSEC_QOS_TOOLS_BATCH_H */
