// SPDX-License-Identifier: GPL-2.0-or-later
#include "identity/idregex.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * What glibc learns of the texts that it has seen it keeps, and texts are what peers
 * call themselves: after so many it is thrown away.
 */
#define USES_MAX	16

/**
 * struct idregex
 *
 * @lock: of @compiled and @uses
 * @uses: of @compiled
 * @text: "^(…)$": of an alternation the ends would be of its first and last branch
 */
struct idregex {
	pthread_mutex_t lock;
	regex_t compiled;
	unsigned int uses;
	char text[IDREGEX_MAX + sizeof("^()$")];
};

bool idregex_is(const char *text)
{
	size_t len = strlen(text);

	return len > 1 && text[0] == '^' && text[len - 1] == '$';
}

/* How often the bounds, {N,M}, repeat one thing if they are all about it. */
static unsigned long repeats(const char *text)
{
	unsigned long n = 1, bound, last;
	char *end;

	for (; (text = strchr(text, '{')); text++) {
		last = strtoul(text + 1, &end, 10);
		if (*end == ',' && isdigit((unsigned char)end[1])) {
			bound = strtoul(end + 1, NULL, 10);
			if (bound > last)
				last = bound;
		}
		n *= last > 1 ? last : 1;
		if (n > IDREGEX_REPEAT_MAX)
			break;
	}
	return n;
}

/* glibc takes \1 to \9, which are none of ERE's, and tries all that they may be. */
static bool refers_back(const char *text)
{
	for (; *text; text++) {
		if (*text != '\\')
			continue;
		if (isdigit((unsigned char)*++text))
			return true;
		if (!*text)
			break;
	}
	return false;
}

static int compile(struct idregex *regex)
{
	regex->uses = 0;
	return regcomp(&regex->compiled, regex->text,
		       REG_EXTENDED | REG_ICASE | REG_NOSUB);
}

int idregex_new(const char *text, struct idregex **regex, const char **why)
{
	int err;

	if (strlen(text) > IDREGEX_MAX) {
		*why = "a regular expression of at most 512 characters";
		return -EINVAL;
	}
	if (repeats(text) > IDREGEX_REPEAT_MAX) {
		*why = "a regular expression whose bounds, as {2,9}, come to 255 repetitions at most";
		return -EINVAL;
	}

	if (refers_back(text)) {
		*why = "a regular expression without references back, as \\1";
		return -EINVAL;
	}

	*regex = malloc(sizeof(**regex));
	if (!*regex)
		return -ENOMEM;
	pthread_mutex_init(&(*regex)->lock, NULL);
	snprintf((*regex)->text, sizeof((*regex)->text), "^(%s)$", text);
	err = compile(*regex);
	if (!err)
		return 0;
	pthread_mutex_destroy(&(*regex)->lock);
	free(*regex);
	*regex = NULL;
	*why = "an extended regular expression (regex(7))";
	return err == REG_ESPACE ? -ENOMEM : -EINVAL;
}

bool idregex_fits(struct idregex *regex, const char *text)
{
	regex_t old;
	bool fits;

	pthread_mutex_lock(&regex->lock);
	if (regex->uses++ == USES_MAX) {
		old = regex->compiled;
		if (!compile(regex))
			regfree(&old);
		else
			regex->compiled = old;
	}
	fits = !regexec(&regex->compiled, text, 0, NULL, 0);
	pthread_mutex_unlock(&regex->lock);
	return fits;
}

void idregex_free(struct idregex *regex)
{
	if (!regex)
		return;
	regfree(&regex->compiled);
	pthread_mutex_destroy(&regex->lock);
	free(regex);
}
