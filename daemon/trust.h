/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose is a file? What the daemon reads and where it listens has to be root's:
 * who can write there would have root's say.
 */
#ifndef IPSEC_QOSD_TRUST_H
#define IPSEC_QOSD_TRUST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/**
 * trust_check() - can nobody but root write it?
 *
 * Who is not root may test a file of their own. Members of root's group count as
 * root. In a folder with the sticky bit others can do nothing to root's files.
 *
 * @st: of a file or a folder
 * @path: its name, for @why
 * @why: on error what is wrong, and what to do
 */
bool trust_check(const struct stat *st, const char *path, char *why, size_t size);

#endif /* IPSEC_QOSD_TRUST_H */
