// SPDX-License-Identifier: GPL-2.0-or-later
#include "trust.h"

#include <stdio.h>
#include <unistd.h>

bool trust_check(const struct stat *st, const char *path, char *why, size_t size)
{
	unsigned int mode = st->st_mode & 07777;
	uid_t self = geteuid();

	if (self && st->st_uid == self)
		return true;
	if (st->st_uid) {
		snprintf(why, size, "'%s' belongs to user %u: chown root '%s'",
			 path, st->st_uid, path);
		return false;
	}
	if (S_ISDIR(st->st_mode) && st->st_mode & S_ISVTX)
		return true;
	if (mode & S_IWOTH) {
		snprintf(why, size, "'%s': everybody can write (mode %04o): chmod o-w '%s'",
			 path, mode, path);
		return false;
	}
	if (mode & S_IWGRP && st->st_gid) {
		snprintf(why, size, "'%s': group %u can write (mode %04o): chmod g-w '%s'",
			 path, st->st_gid, mode, path);
		return false;
	}
	return true;
}
