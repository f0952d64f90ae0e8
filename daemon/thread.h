/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads that work beside the loop. Signals are the loop's: they are blocked
 * in a thread. It has the privileges of who starts it.
 */
#ifndef IPSEC_QOSD_THREAD_H
#define IPSEC_QOSD_THREAD_H

#include <pthread.h>
#include <stdbool.h>

/** thread_start() - 0 or a negative errno */
int thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg);

/**
 * thread_join() - wait until it has ended, for so many seconds at most
 *
 * Return: false: it goes on; what it uses must stay.
 */
bool thread_join(pthread_t thread, unsigned int seconds);

#endif /* IPSEC_QOSD_THREAD_H */
