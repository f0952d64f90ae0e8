// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE	/* asprintf() */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "trust.h"

static void put_aside(const char *path, const char *what, const char *why)
{
	char *bad = NULL;
	bool moved;

	moved = asprintf(&bad, "%s.bad", path) >= 0 && !rename(path, bad);
	log_warn("%s is not known: %s: %s; it is %s now", what, path, why,
		 moved ? bad : "as it was");
	free(bad);
}

static int read_fd(int fd, size_t size, char **text, size_t *len)
{
	ssize_t n = 0;
	int err;

	*len = 0;
	*text = malloc(size + 1);
	if (!*text)
		return -ENOMEM;
	while (*len < size && (n = read(fd, *text + *len, size - *len)) > 0)
		*len += n;
	if (n >= 0)
		return 0;
	err = -errno;
	free(*text);
	return err;
}

int file_read(const char *path, size_t max, const char *what, char **text, size_t *len)
{
	char why[512] = "";
	struct stat st;
	int fd, err;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0) {
		err = -errno;
		if (err != -ENOENT)
			log_warn("%s is not known: %s: %s", what, path, strerror(-err));
		return err;
	}
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		snprintf(why, sizeof(why), "it is no file");
	} else if ((size_t)st.st_size > max) {
		snprintf(why, sizeof(why), "it has more than %zu KiB", max >> 10);
	} else if (trust_check(&st, path, why, sizeof(why))) {
		err = read_fd(fd, st.st_size, text, len);
		if (err)
			snprintf(why, sizeof(why), "%s", strerror(-err));
	}
	close(fd);
	if (!*why)
		return 0;
	put_aside(path, what, why);
	return -EINVAL;
}

int file_write(int fd, const char *text, size_t len)
{
	ssize_t n;

	for (; len; text += n, len -= n) {
		n = write(fd, text, len);
		if (n < 0)
			return -errno;
	}
	return 0;
}

int file_replace(const char *path, const char *text, size_t len)
{
	char *beside;
	int fd, err;

	if (asprintf(&beside, "%s.new", path) < 0)
		return -ENOMEM;
	unlink(beside);
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	err = fd < 0 ? -errno : file_write(fd, text, len);
	if (!err && fsync(fd))
		err = -errno;
	if (fd >= 0)
		close(fd);
	if (!err && rename(beside, path))
		err = -errno;
	if (err)
		unlink(beside);
	free(beside);
	return err;
}

int file_make_folder(const char *path)
{
	char *copy = strdup(path);
	int err = 0;

	if (!copy)
		return -ENOMEM;
	if (mkdir(dirname(copy), 0700) && errno != EEXIST)
		err = -errno;
	free(copy);
	return err;
}
