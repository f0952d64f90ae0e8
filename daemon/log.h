/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon says, on standard error: with the journal's <N> prefix where
 * the journal reads it, and with the program's name otherwise. What a peer
 * chose may stand in a message: control characters are replaced.
 */
#ifndef IPSEC_QOSD_LOG_H
#define IPSEC_QOSD_LOG_H

#include <stdbool.h>
#include <syslog.h>

/**
 * log_init() - before anything is said
 *
 * @level: the least grave level that is still said, LOG_ERR to LOG_DEBUG
 */
void log_init(int level);

void log_say(int level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define log_err(...)	log_say(LOG_ERR, __VA_ARGS__)
#define log_warn(...)	log_say(LOG_WARNING, __VA_ARGS__)
#define log_info(...)	log_say(LOG_INFO, __VA_ARGS__)
#define log_debug(...)	log_say(LOG_DEBUG, __VA_ARGS__)

/**
 * struct said - a condition that lasts and is met again and again, but is to
 * be said once; zero before its first use
 */
struct said {
	char text[256];
};

/** log_once() - say it, unless the same was said last of this condition */
void log_once(struct said *said, int level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** log_over() - the condition is over: say so if it had been said */
void log_over(struct said *said, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* IPSEC_QOSD_LOG_H */
