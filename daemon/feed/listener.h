/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket that the feed's server listens on.
 */
#ifndef IPSEC_QOSD_LISTENER_H
#define IPSEC_QOSD_LISTENER_H

#include <sys/stat.h>
#include <sys/types.h>
#include <sys/un.h>

/**
 * struct listener - the socket
 *
 * @dev: of its file, with @ino
 */
struct listener {
	int fd;
	struct sockaddr_un addr;
	dev_t dev;
	ino_t ino;
};

/**
 * listener_open() - listen
 *
 * The socket's folder is made if it is not there. A socket that is there is
 * replaced only if nobody answers on it. Meanwhile PATH.lock beside it, which
 * only root can open, is locked (fcntl()); where somebody else holds that for
 * more than a second, this fails with -EAGAIN.
 *
 * Return: 0, or a negative errno, having logged why.
 */
int listener_open(struct listener *listener, const char *path, int backlog);

/** listener_close() - its file goes too, if it is still this socket's */
void listener_close(struct listener *listener);

#endif /* IPSEC_QOSD_LISTENER_H */
