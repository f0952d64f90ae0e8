// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Identities, beside strongSwan's: how the two read, match, rank and print what
 * identity_fuzz.c reads and matches, in the same fields. A difference that is not known
 * (tests/unit/same_known.h) is a finding.
 */
#include "fuzz.h"
#include "tests/unit/charon_identity.h"
#include "tests/unit/same_identity.h"

/* Kinds of fields, of those of identity_fuzz.c */
enum {
	TEXT = 't',		/* the identity, as text */
	WIRE = 'w',		/* the identity: its type, its bytes */
	PATTERN = 'i',
};

static void must_be_same(const char *found)
{
	if (!found)
		return;
	fprintf(stderr, "not true: as strongSwan: %s\n", found);
	abort();
}

static void set_id(uint8_t type, const void *data, size_t len, void *ctx)
{
	struct same_id **id = ctx;

	must_be_same(same_print(type, data, len));
	same_id_free(*id);
	*id = same_id_new(type, data, len);
}

static void take(int kind, const char *text, size_t len, struct same_id **id,
		 struct same_pattern **pattern)
{
	struct same_pattern *other = *pattern;

	switch (kind) {
	case TEXT:
		must_be_same(same_reading(text));
		same_wire(text, set_id, id);
		break;
	case WIRE:
		if (len)
			set_id(text[0], text + 1, len - 1, id);
		break;
	case PATTERN:
		must_be_same(same_reading(text));
		*pattern = same_pattern_new(text);
		must_be_same(same_match(*id, *pattern));
		must_be_same(same_order(*id, *pattern, other));
		same_pattern_free(other);
		break;
	default:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool begun;
	struct same_pattern *pattern = NULL;
	struct same_id *id = NULL;
	char *text;
	size_t n;

	if (!begun)
		charon_id_begin();
	begun = true;
	while (size >= 2) {
		n = data[1] < size - 2 ? data[1] : size - 2;
		text = malloc(n + 1);
		must(text);
		memcpy(text, data + 2, n);
		text[n] = '\0';
		take(data[0], text, n, &id, &pattern);
		free(text);
		data += n + 2;
		size -= n + 2;
	}
	same_pattern_free(pattern);
	same_id_free(id);
	return 0;
}
