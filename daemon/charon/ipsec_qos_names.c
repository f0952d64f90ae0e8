// SPDX-License-Identifier: GPL-2.0-or-later

#include "ipsec_qos_names.h"

#include <collections/enumerator.h>

/**
 * What settings take for yes and no
 */
static const char *const yes[] = { "1", "yes", "true", "enabled" };
static const char *const no[] = { "0", "no", "false", "disabled", "" };

/**
 * Check if a value is one of some words
 */
static bool is_one_of(const char *value, const char *const words[], u_int count)
{
	u_int i;

	for (i = 0; i < count; i++)
	{
		if (strcaseeq(value, words[i]))
		{
			return TRUE;
		}
	}
	return FALSE;
}

/**
 * Check if a name fits a pattern with * in it.
 *
 * If what follows a * fits nowhere, it's no use to have an earlier one stand for
 * more, so only the last one has to be tried again.
 */
static bool fits(const char *pattern, const char *name)
{
	const char *star = NULL, *from = NULL;

	while (*name)
	{
		if (*pattern == '*')
		{
			star = ++pattern;
			from = name;
		}
		else if (*pattern == *name)
		{
			pattern++;
			name++;
		}
		else if (star)
		{
			pattern = star;
			name = ++from;
		}
		else
		{
			return FALSE;
		}
	}
	while (*pattern == '*')
	{
		pattern++;
	}
	return !*pattern;
}

/*
 * Described in header
 */
bool ipsec_qos_names_listed(const char *setting)
{
	return setting && !is_one_of(setting, yes, countof(yes)) &&
		   !is_one_of(setting, no, countof(no));
}

/*
 * Described in header
 */
bool ipsec_qos_names_match(const char *setting, const char *name)
{
	enumerator_t *enumerator;
	char *pattern;
	bool in = FALSE, out = FALSE;

	if (!ipsec_qos_names_listed(setting))
	{
		return setting && is_one_of(setting, yes, countof(yes));
	}
	enumerator = enumerator_create_token(setting, ",", " \t\r\n");
	while (enumerator->enumerate(enumerator, &pattern))
	{
		if (!name)
		{
			in = in || streq(pattern, "*");
		}
		else if (*pattern == '!')
		{
			out = out || fits(pattern + 1, name);
		}
		else
		{
			in = in || fits(pattern, name);
		}
	}
	enumerator->destroy(enumerator);
	return in && !out;
}
