/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Regular expressions on identities, as strongSwan 6 has them: extended POSIX,
 * in whatever case, from the first character (^) to the last ($), also where there
 * are several branches (|).
 */
#ifndef IPSEC_QOSD_IDREGEX_H
#define IPSEC_QOSD_IDREGEX_H

#include <stdbool.h>

struct idregex;

/** idregex_is() - does it begin with '^' and end with '$'? */
bool idregex_is(const char *text);

/**
 * idregex_new() - compile one that idregex_is()
 *
 * What would take much memory or time is refused: more than IDREGEX_MAX characters,
 * bounds that repeat a thing more than IDREGEX_REPEAT_MAX times, references back.
 *
 * @regex: to be released by idregex_free()
 * @why: on error a static text that says what was expected
 *
 * Return: 0, -EINVAL or -ENOMEM.
 */
int idregex_new(const char *text, struct idregex **regex, const char **why);
#define IDREGEX_MAX		512
#define IDREGEX_REPEAT_MAX	255

/** idregex_fits() - may be called by several threads at a time */
bool idregex_fits(struct idregex *regex, const char *text);

/** idregex_free() - NULL is fine */
void idregex_free(struct idregex *regex);

#endif /* IPSEC_QOSD_IDREGEX_H */
