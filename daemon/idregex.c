// SPDX-License-Identifier: GPL-2.0-or-later
#include "idregex.h"

#include <ctype.h>
#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

struct idregex {
	regex_t compiled;
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

	*regex = malloc(sizeof(**regex));
	if (!*regex)
		return -ENOMEM;
	err = regcomp(&(*regex)->compiled, text,
		      REG_EXTENDED | REG_ICASE | REG_NOSUB);
	if (!err)
		return 0;
	free(*regex);
	*regex = NULL;
	*why = "an extended regular expression (regex(7))";
	return err == REG_ESPACE ? -ENOMEM : -EINVAL;
}

bool idregex_fits(const struct idregex *regex, const char *text)
{
	return !regexec(&regex->compiled, text, 0, NULL, 0);
}

void idregex_free(struct idregex *regex)
{
	if (!regex)
		return;
	regfree(&regex->compiled);
	free(regex);
}
