// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE	/* pthread_timedjoin_np() */
#include <signal.h>
#include <time.h>

#include "thread.h"

int thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(thread, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -err;
}

bool thread_join(pthread_t thread, unsigned int seconds)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += seconds;
	return !pthread_timedjoin_np(thread, NULL, &until);
}
