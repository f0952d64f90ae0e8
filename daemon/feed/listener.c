// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "feed/listener.h"
#include "log.h"
#include "trust.h"

/* Another daemon holds its lock for no longer than it takes to bind. */
#define LOCK_PAUSE	50	/* milliseconds */
#define LOCK_TRIES	20

static int answers(const struct sockaddr_un *addr)
{
	int fd, err = 0;

	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)))
		err = -errno;
	close(fd);
	return err;
}

static int bind_socket(struct listener *listener, int backlog)
{
	const char *path = listener->addr.sun_path;
	mode_t mask = umask(0177);
	struct stat st;
	int err = 0;

	if (!lstat(path, &st)) {
		if (!S_ISSOCK(st.st_mode)) {
			log_err("%s is there and is not a socket", path);
			err = -EEXIST;
			goto out;
		}
		/* EAGAIN: somebody listens, but is slow */
		err = answers(&listener->addr);
		if (err != -ECONNREFUSED && err != -ENOENT) {
			log_err("%s is served by somebody else", path);
			err = -EADDRINUSE;
			goto out;
		}
		unlink(path);
		err = 0;
	}
	if (bind(listener->fd, (struct sockaddr *)&listener->addr,
		 sizeof(listener->addr)) ||
	    lstat(path, &st) || listen(listener->fd, backlog)) {
		err = -errno;
		log_err("cannot listen on %s: %s", path, strerror(-err));
		goto out;
	}
	listener->dev = st.st_dev;
	listener->ino = st.st_ino;
out:
	umask(mask);
	return err;
}

/*
 * The socket's folder, made if need be. Who can write there can put another
 * socket in the place of this one.
 */
static int make_folder(const char *path)
{
	char folder[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	char why[2 * sizeof(folder) + 128];
	struct stat st;
	char *slash;
	mode_t mask;
	int err;

	strcpy(folder, path);
	slash = strrchr(folder, '/');
	if (!slash)
		strcpy(folder, ".");
	else if (slash == folder)
		return 0;
	else
		*slash = '\0';
	mask = umask(0022);
	err = mkdir(folder, 0755) && errno != EEXIST ? -errno : 0;
	umask(mask);
	if (!err && stat(folder, &st))
		err = -errno;
	if (err) {
		log_err("cannot make the folder %s for the socket: %s", folder,
			strerror(-err));
	} else if (!trust_check(&st, folder, why, sizeof(why))) {
		log_err("cannot have the socket there: %s", why);
		err = -EPERM;
	}
	return err;
}

/*
 * Two daemons must not both find a socket that nobody serves. The lock is a
 * file of its own that only root can open, for whoever can open what is locked
 * can lock it too; and one that the kernel can say the holder of.
 */
static int lock_socket(const char *path)
{
	char name[sizeof(((struct sockaddr_un *)NULL)->sun_path) + sizeof(".lock")];
	struct timespec pause = { .tv_nsec = LOCK_PAUSE * 1000000 };
	struct flock lock, held;
	struct stat st;
	int fd, err, tries;

	snprintf(name, sizeof(name), "%s.lock", path);
	fd = open(name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
		  0600);
	if (fd < 0) {
		err = -errno;
		log_err("cannot use %s: %s", name, strerror(-err));
		return err;
	}
	/* made by somebody else, in a folder that is everybody's? */
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    st.st_mode & 077) {
		log_err("%s is not a file that only this user can open: remove it",
			name);
		close(fd);
		return -EPERM;
	}
	for (tries = 0; ; tries++) {
		lock = (struct flock){ .l_type = F_WRLCK };
		if (!fcntl(fd, F_SETLK, &lock))
			return fd;
		err = -errno;
		if ((err != -EAGAIN && err != -EACCES) || tries == LOCK_TRIES)
			break;
		nanosleep(&pause, NULL);
	}
	held = (struct flock){ .l_type = F_WRLCK };
	if (err != -EAGAIN && err != -EACCES)
		log_err("cannot lock %s: %s", name, strerror(-err));
	else if (!fcntl(fd, F_GETLK, &held) && held.l_type != F_UNLCK)
		log_err("cannot serve %s: process %d holds %s: is it another ipsec-qosd?",
			path, (int)held.l_pid, name);
	else
		log_err("cannot serve %s: somebody holds %s", path, name);
	close(fd);
	return err;
}

int listener_open(struct listener *listener, const char *path, int backlog)
{
	int lock, err;

	if (strlen(path) >= sizeof(listener->addr.sun_path)) {
		log_err("the socket's path is longer than %zu bytes: %s",
			sizeof(listener->addr.sun_path) - 1, path);
		return -ENAMETOOLONG;
	}
	listener->addr.sun_family = AF_UNIX;
	strcpy(listener->addr.sun_path, path);
	listener->fd = socket(AF_UNIX,
			      SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0) {
		err = -errno;
		log_err("cannot make a socket: %s", strerror(-err));
		return err;
	}
	err = make_folder(path);
	if (err)
		goto not_bound;
	lock = lock_socket(path);
	if (lock < 0) {
		err = lock;
		goto not_bound;
	}
	err = bind_socket(listener, backlog);
	close(lock);
	if (err)
		goto not_bound;
	return 0;

not_bound:
	close(listener->fd);
	return err;
}

void listener_close(struct listener *listener)
{
	const char *path = listener->addr.sun_path;
	struct stat st;

	/* another daemon's by now? */
	if (!lstat(path, &st) && st.st_dev == listener->dev &&
	    st.st_ino == listener->ino)
		unlink(path);
	close(listener->fd);
}
