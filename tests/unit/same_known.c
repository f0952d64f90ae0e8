// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/same_known.h"

#include <string.h>

#include "tests/unit/same_identity.h"

/* The known differences */

/* @some: only some versions of strongSwan differ */
static struct {
	const char *title;
	bool some;
	unsigned long met;
} known[] = {
	[PREFIXED]	= { "a type before an address, or a distinguished name" },
	[MORE_DNS]	= { "more distinguished names" },
	[ESCAPES]	= { "quotes, backslashes, + and # in a distinguished name" },
	[FINAL_DOT]	= { "a dot at the end" },
	[REGEX]		= { "regular expressions", true },
	[URI]		= { "uri:", true },
	[NOTHING]	= { "nothing" },
	[LIKE_ADDRESS]	= { "malformed addresses" },
	[LIKE_DN]	= { "malformed distinguished names" },
	[OTHERS_FORMS]	= { "forms that others have" },
	[STAR_INSIDE]	= { "a * inside a name" },
	[BAD_BYTES]	= { "malformed bytes" },
	[ONE_TYPE]	= { "any name of one type" },
	[SUBNETS]	= { "subnets and ranges that a peer sends", true },
	[NUL_BYTES]	= { "bytes of zero" },
	[MALFORMED]	= { "malformed identities" },
	[EMPTY_LAST]	= { "an empty value at the end" },
	[MEANT_STAR]	= { "a * that is meant" },
	[OTHER_STRINGS]	= { "values that are no text" },
	[ORDER_IN_RDN]	= { "order in an RDN" },
	[MANY_RDNS]	= { "more than 32 parts" },
	[REORDERED]	= { "reordered parts" },
	[NO_TYPE_NAME]	= { "types without a name" },
};

_Static_assert(sizeof(known) / sizeof(known[0]) == N_KNOWN, "each has a title");

const char *same_known(unsigned int i, bool *met)
{
	if (i >= N_KNOWN)
		return NULL;
	*met = known[i].met || known[i].some;
	return known[i].title;
}

bool meet(enum known difference, bool is)
{
	known[difference].met += is;
	return is;
}

/* DER, read as strictly as X.690 has it and by nothing that is to be tested */

/* Take an element off what is left between *p and @end. */
static bool element(const uint8_t **p, const uint8_t *end, uint8_t *tag, struct der *in)
{
	size_t len, n;

	if (end - *p < 2)
		return false;
	*tag = (*p)[0];
	len = (*p)[1];
	*p += 2;
	if (len & 0x80) {
		n = len & 0x7f;
		if (!n || n > 2 || (size_t)(end - *p) < n)
			return false;
		for (len = 0; n; n--)
			len = len << 8 | *(*p)++;
	}
	if ((size_t)(end - *p) < len)
		return false;
	in->data = *p;
	in->len = len;
	*p += len;
	return true;
}

size_t parts_of(const struct identity *id, struct part parts[PARTS_MAX])
{
	const uint8_t *p = id->data, *set_end, *seq, *end;
	struct der names, set, in;
	size_t n = 0;
	uint8_t tag;

	if (!element(&p, id->data + id->len, &tag, &names) || tag != 0x30 ||
	    p != id->data + id->len)
		return 0;
	p = names.data;
	end = p + names.len;
	for (unsigned int sets = 0; p < end; sets++) {
		if (!element(&p, end, &tag, &set) || tag != 0x31 || !set.len)
			return 0;
		set_end = set.data + set.len;
		for (seq = set.data; seq < set_end; n++) {
			const uint8_t *q;

			if (n == PARTS_MAX ||
			    !element(&seq, set_end, &tag, &in) || tag != 0x30)
				return 0;
			q = in.data;
			parts[n].set = sets;
			if (!element(&q, in.data + in.len, &tag, &parts[n].oid) ||
			    tag != 0x06 || !parts[n].oid.len ||
			    !element(&q, in.data + in.len, &parts[n].tag,
				     &parts[n].value) || q != in.data + in.len)
				return 0;
		}
	}
	return n;
}

bool any_part(const struct identity *id, bool (*is)(const struct part *part))
{
	static struct part parts[PARTS_MAX];
	size_t n;

	if (id->type != ID_DER_ASN1_DN)
		return false;
	for (n = parts_of(id, parts); n; n--) {
		if (is(&parts[n - 1]))
			return true;
	}
	return false;
}

static bool is_dn(const struct identity *id)
{
	static struct part parts[PARTS_MAX];

	return id->type == ID_DER_ASN1_DN && parts_of(id, parts);
}

size_t addr_bytes(unsigned int type)
{
	switch (type) {
	case ID_IPV4_ADDR: return 4;
	case ID_IPV4_ADDR_SUBNET:
	case ID_IPV4_ADDR_RANGE: return 8;
	case ID_IPV6_ADDR: return 16;
	case ID_IPV6_ADDR_SUBNET:
	case ID_IPV6_ADDR_RANGE: return 32;
	default: return 0;
	}
}

bool is_name(unsigned int type)
{
	return type == ID_FQDN || type == ID_USER_FQDN;
}

bool well_formed(const struct identity *id)
{
	size_t bytes = addr_bytes(id->type), half = bytes / 2, i;

	if (id->type == ID_ANY)
		return true;
	if (!id->len || (bytes && id->len != bytes))
		return false;
	if (is_name(id->type))
		return !memchr(id->data, 0, id->len);
	if (id->type == ID_DER_ASN1_DN)
		return is_dn(id);
	if (id->type == ID_IPV4_ADDR_RANGE || id->type == ID_IPV6_ADDR_RANGE)
		return memcmp(id->data, id->data + half, half) <= 0;
	if (id->type == ID_IPV4_ADDR_SUBNET || id->type == ID_IPV6_ADDR_SUBNET)
		for (i = 1; i < 8 * half; i++)
			if (id->data[half + i / 8] & 0x80 >> i % 8 &&
			    !(id->data[half + (i - 1) / 8] & 0x80 >> (i - 1) % 8))
				return false;
	return true;
}

bool ends_empty(const struct identity *id)
{
	static struct part parts[PARTS_MAX];
	size_t n = parts_of(id, parts);

	return n && !parts[n - 1].value.len;
}

bool is_star(const struct part *part)
{
	return part->tag != DER_ANY && part->value.len == 1 && *part->value.data == '*';
}

struct identity view(const struct charon_id *charon)
{
	struct identity id = { .type = charon_id_type(charon) };

	id.data = (uint8_t *)charon_id_data(charon, &id.len);
	return id;
}

/*
 * As strongSwan writes it: a value that stands for any is the text "*" there. Wrapped
 * anew from the last part on, since it takes a byte more. Return: where in @buf it begins.
 */
static size_t as_theirs(const struct identity *id, uint8_t *buf, size_t size)
{
	static struct part parts[PARTS_MAX];
	struct der_writer w = { .buf = buf, .pos = size };
	size_t n = parts_of(id, parts), set_end = size, end;

	while (n--) {
		end = w.pos;
		if (parts[n].tag == DER_ANY) {
			der_put(&w, "*", 1);
			der_wrap(&w, DER_UTF8STRING, end);
		} else {
			der_put(&w, parts[n].value.data, parts[n].value.len);
			der_wrap(&w, parts[n].tag, end);
		}
		der_put(&w, parts[n].oid.data, parts[n].oid.len);
		der_wrap(&w, DER_OID, w.pos + parts[n].oid.len);
		der_wrap(&w, DER_SEQUENCE, end);
		if (n && parts[n - 1].set == parts[n].set)
			continue;
		der_wrap(&w, DER_SET, set_end);
		set_end = w.pos;
	}
	der_wrap(&w, DER_SEQUENCE, size);
	return w.pos;
}

struct charon_id *for_charon(const struct identity *id, unsigned int matching)
{
	uint8_t buf[2 * IDENTITY_LEN_MAX];
	size_t start;

	if (!dn_has_any(id->data, id->type == ID_DER_ASN1_DN ? id->len : 0))
		return charon_id_wire(id->type, id->data, id->len, matching);
	start = as_theirs(id, buf, sizeof(buf));
	return charon_id_wire(id->type, buf + start, sizeof(buf) - start, matching);
}

void describe(struct text *t, const char *who, const struct identity *id)
{
	text_put(t, "\n  %s: %s, ", who, identity_type_name(id->type));
	if (id->type != ID_DER_ASN1_DN)
		text_escape(t, id->data, id->len);
	else
		dn_format(id->data, id->len, DN_PLAIN, t);
	text_put(t, " = ");
	text_hex(t, id->data, id->len);
}
