// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

static int least = LOG_INFO;
static bool journal;

void log_init(int level)
{
	least = level;
	/* systemd.exec(5): set where standard error goes to the journal */
	journal = getenv("JOURNAL_STREAM");
}

static void say(int level, char *text)
{
	char *p;

	if (level > least)
		return;
	for (p = text; *p; p++)
		if (iscntrl((unsigned char)*p))
			*p = '?';
	if (journal)
		fprintf(stderr, "<%d>%s\n", level, text);
	else
		fprintf(stderr, "ipsec-qosd: %s\n", text);
}

void log_say(int level, const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	say(level, text);
}

void log_once(struct said *said, int level, const char *fmt, ...)
{
	char text[sizeof(said->text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!strcmp(text, said->text))
		return;
	strcpy(said->text, text);
	say(level, text);
}

void log_over(struct said *said, const char *fmt, ...)
{
	char text[sizeof(said->text)];
	va_list ap;

	if (!said->text[0])
		return;
	said->text[0] = '\0';
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	say(LOG_INFO, text);
}
