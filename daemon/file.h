/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that the daemon remembers things in: read with care, and written so that there is
 * always a whole one. A disk may take its time: writing is for threads.
 */
#ifndef IPSEC_QOSD_FILE_H
#define IPSEC_QOSD_FILE_H

#include <stddef.h>

/**
 * file_read() - all of a file that is root's
 *
 * @max: bytes that it may have
 * @what: that is then not known, for the log
 * @text: to be freed
 *
 * Return: 0; -ENOENT: there is none; -EINVAL: it is not as it should be, and was renamed,
 * with ".bad" behind it, as somebody may want to mend it; another negative errno. All but
 * that there is none was logged.
 */
int file_read(const char *path, size_t max, const char *what, char **text, size_t *len);

/** file_write() - all of it, at an open file's end; 0 or a negative errno */
int file_write(int fd, const char *text, size_t len);

/**
 * file_replace() - by a new one that is written beside it and takes its place
 *
 * Return: 0 or a negative errno: the old one is there as it was.
 */
int file_replace(const char *path, const char *text, size_t len);

/** file_make_folder() - that a file is to be in, but not those above it; 0 or an errno */
int file_make_folder(const char *path);

#endif /* IPSEC_QOSD_FILE_H */
