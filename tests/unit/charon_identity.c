// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/charon_identity.h"

#include <dlfcn.h>
#include <stdlib.h>

#include <library.h>
#include <utils/identification.h>

_Static_assert(CHARON_ID_ANY == ID_MATCH_ANY && CHARON_ID_PERFECT == ID_MATCH_PERFECT,
	      "this strongSwan has other numbers for how well identities match");
_Static_assert(CHARON_ID_TEXT == BUF_LEN, "this strongSwan prints more of an identity");

static char * const matchings[] = { "strict", "reordered", "relaxed" };

/* Its header has this function only from 6.0.2 on. */
static identification_t *(*with_regex)(char *string);

/* The only identity has its room, and identification_t is the first thing in it. */
static identification_t *of(const struct charon_id *id)
{
	return (identification_t *)id;
}

void charon_id_begin(void)
{
	if (!library_init("", "charon"))
		abort();
	/* what it says of each DER that is malformed nobody needs */
	dbg_default_set_level(-1);
	with_regex = dlsym(RTLD_DEFAULT, "identification_create_from_string_with_regex");
}

const char *charon_id_version(void)
{
	return VERSION;
}

bool charon_id_has_regex(void)
{
	return with_regex;
}

/* An identity asks for it when it is made. */
static void set_matching(unsigned int matching)
{
	static unsigned int current;

	if (matching == current)
		return;
	lib->settings->set_str(lib->settings, "%s.rdn_matching", matchings[matching],
			       lib->ns);
	current = matching;
}

struct charon_id *charon_id_read(const char *text, unsigned int matching)
{
	set_matching(matching);
	return (struct charon_id *)(with_regex ? with_regex((char *)text) :
				    identification_create_from_string((char *)text));
}

struct charon_id *charon_id_wire(unsigned int type, const void *data, size_t len,
				 unsigned int matching)
{
	set_matching(matching);
	return (struct charon_id *)identification_create_from_encoding(type,
			chunk_create((u_char *)data, len));
}

void charon_id_free(struct charon_id *id)
{
	identification_t *this = of(id);

	DESTROY_IF(this);
}

unsigned int charon_id_type(const struct charon_id *id)
{
	return of(id)->get_type(of(id));
}

const uint8_t *charon_id_data(const struct charon_id *id, size_t *len)
{
	chunk_t encoding = of(id)->get_encoding(of(id));

	*len = encoding.len;
	return encoding.ptr;
}

unsigned int charon_id_match(const struct charon_id *id, const struct charon_id *pattern)
{
	return of(id)->matches(of(id), of(pattern));
}

bool charon_id_equals(const struct charon_id *a, const struct charon_id *b)
{
	return of(a)->equals(of(a), of(b));
}

unsigned int charon_id_hash(const struct charon_id *id)
{
	return of(id)->hash(of(id), 0);
}

void charon_id_print(const struct charon_id *id, char *buf, size_t size)
{
	/* of strongSwan's own, which the compiler does not know */
	const char *format = "%Y";

	snprintf(buf, size, format, of(id));
}
