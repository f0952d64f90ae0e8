// SPDX-License-Identifier: GPL-2.0-or-later
#include "identity/dn.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/*
 * Object identifiers as they are encoded: X.520's attribute types 2.5.4.n,
 * RFC 4519 (UID, DC), PKCS #9 (email and unstructured names), and a few more.
 */
#define X520(n)		"\x55\x04" n
#define PKCS9(n)	"\x2a\x86\x48\x86\xf7\x0d\x01\x09" n
#define PILOT(n)	"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01" n

#define TYPE(name, oid, tag)	{ name, (const uint8_t *)(oid), sizeof(oid) - 1, tag }
#define PRINTABLE(name, oid)	TYPE(name, oid, DER_PRINTABLESTRING)
#define IA5(name, oid)		TYPE(name, oid, DER_IA5STRING)

/* Of names for the same type the first is the one that is printed. */
static const struct rdn_type {
	const char *name;
	const uint8_t *oid;
	size_t oid_len;
	enum der_tag tag;
} rdn_types[] = {
	PRINTABLE("CN", X520("\x03")),
	PRINTABLE("SN", X520("\x04")),
	PRINTABLE("serialNumber", X520("\x05")),
	PRINTABLE("C", X520("\x06")),
	PRINTABLE("L", X520("\x07")),
	PRINTABLE("ST", X520("\x08")),
	PRINTABLE("STREET", X520("\x09")),
	PRINTABLE("O", X520("\x0a")),
	PRINTABLE("OU", X520("\x0b")),
	PRINTABLE("T", X520("\x0c")),
	PRINTABLE("D", X520("\x0d")),
	PRINTABLE("postalAddress", X520("\x10")),
	PRINTABLE("postalCode", X520("\x11")),
	PRINTABLE("N", X520("\x29")),
	PRINTABLE("G", X520("\x2a")),
	PRINTABLE("I", X520("\x2b")),
	PRINTABLE("ID", X520("\x2d")),
	PRINTABLE("dnQualifier", X520("\x2e")),
	PRINTABLE("dmdName", X520("\x36")),
	PRINTABLE("pseudonym", X520("\x41")),
	PRINTABLE("UID", PILOT("\x01")),
	PRINTABLE("DC", PILOT("\x19")),
	IA5("E", PKCS9("\x01")),
	IA5("Email", PKCS9("\x01")),
	IA5("emailAddress", PKCS9("\x01")),
	IA5("unstructuredName", PKCS9("\x02")),
	IA5("UN", PKCS9("\x02")),
	PRINTABLE("unstructuredAddress", PKCS9("\x08")),
	PRINTABLE("UA", PKCS9("\x08")),
	PRINTABLE("employeeNumber", "\x60\x86\x48\x01\x86\xf8\x42\x03\x01\x03"),
	PRINTABLE("EN", "\x60\x86\x48\x01\x86\xf8\x42\x03\x01\x03"),
	PRINTABLE("TCGID", "\x2b\x06\x01\x04\x01\x89\x31\x01\x01\x02\x02\x4b"),
	PRINTABLE("ND", "\x02\x82\x06\x01\x0a\x07\x14"),
	/* which strongSwan prints, but not all versions read */
	PRINTABLE("organizationIdentifier", X520("\x61")),
	PRINTABLE("role", X520("\x48")),
	/* what others call the ones above (RFC 4519, OpenSSL) */
	PRINTABLE("commonName", X520("\x03")),
	PRINTABLE("surname", X520("\x04")),
	PRINTABLE("countryName", X520("\x06")),
	PRINTABLE("localityName", X520("\x07")),
	PRINTABLE("stateOrProvinceName", X520("\x08")),
	PRINTABLE("streetAddress", X520("\x09")),
	PRINTABLE("organizationName", X520("\x0a")),
	PRINTABLE("organizationalUnitName", X520("\x0b")),
	PRINTABLE("title", X520("\x0c")),
	PRINTABLE("description", X520("\x0d")),
	PRINTABLE("name", X520("\x29")),
	PRINTABLE("givenName", X520("\x2a")),
	PRINTABLE("GN", X520("\x2a")),
	PRINTABLE("initials", X520("\x2b")),
	PRINTABLE("x500UniqueIdentifier", X520("\x2d")),
	PRINTABLE("userId", PILOT("\x01")),
	PRINTABLE("domainComponent", PILOT("\x19")),
};

#define N_TYPES	(sizeof(rdn_types) / sizeof(rdn_types[0]))

static const struct rdn_type *type_by_name(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < N_TYPES; i++) {
		if (strlen(rdn_types[i].name) == len &&
		    !strncasecmp(rdn_types[i].name, name, len))
			return &rdn_types[i];
	}
	return NULL;
}

static const struct rdn_type *type_by_oid(const struct der *oid)
{
	size_t i;

	for (i = 0; i < N_TYPES; i++) {
		if (rdn_types[i].oid_len == oid->len &&
		    !memcmp(rdn_types[i].oid, oid->data, oid->len))
			return &rdn_types[i];
	}
	return NULL;
}

/* X.680 section 41.4: the PrintableString's characters */
static bool printable(const char *value, size_t len)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "abcdefghijklmnopqrstuvwxyz"
				  "0123456789 '()+,-./:=?";

	for (; len; value++, len--) {
		if (!memchr(set, *value, sizeof(set) - 1))
			return false;
	}
	return true;
}

struct rdn_text {
	bool joined;		/* in the RDN of the one before */
	bool any;		/* its value stands for any */
	bool whole;		/* its value is an element with tag and length */
	enum der_tag tag;
	const uint8_t *oid;
	size_t oid_len;
	const uint8_t *value;
	size_t len;
};

#define OID_TEXT_MAX	256	/* characters in an object identifier */

/**
 * struct reader - of a text
 *
 * @p: what is left
 * @sep: between RDNs
 * @known: a type was
 * @stars: a '*' is part of a value
 * @room: types and values that are not in the text as they are; these never take
 *	more than it
 */
struct reader {
	const char *p;
	char sep;
	bool known;
	bool stars;
	size_t n;
	struct rdn_text parts[DN_PARTS_MAX];
	size_t used;
	uint8_t room[DN_TEXT_MAX + OID_TEXT_MAX];
	const char *why;
};

static const char expected_types[] =
	"a distinguished name TYPE=VALUE, ... with types such as C, ST (not S), L, O, OU and CN, or an object identifier such as 2.5.4.97; a value with TYPE= behind a comma in it stands in double quotes";

static int bad(struct reader *r, const char *why)
{
	r->why = why;
	return -EINVAL;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Pairs of digits with @sep between them, '\0' for none. Return: bytes, or 0. */
static size_t read_hex(const char *p, size_t len, char sep, uint8_t *out)
{
	size_t n = 0;

	while (len >= 2) {
		int high = hex_digit(p[0]), low = hex_digit(p[1]);

		if (high < 0 || low < 0)
			return 0;
		out[n++] = high << 4 | low;
		p += 2;
		len -= 2;
		if (!sep || !len)
			continue;
		if (*p != sep || len < 3)
			return 0;
		p++;
		len--;
	}
	return len ? 0 : n;
}

/* 2.5.4.97, with OID. in front or not (X.690 section 8.19). Return: bytes, or 0. */
static size_t read_dotted(const char *p, size_t len, uint8_t *out)
{
	const char *end = p + len;
	uint64_t arc, first = 0;
	size_t n = 0, i;
	int arcs = 0, shift;

	if (len > 4 && !strncasecmp(p, "OID.", 4))
		p += 4;
	for (; p < end; p++) {
		for (arc = 0, i = 0; p < end && *p >= '0' && *p <= '9'; p++, i++)
			arc = arc * 10 + (*p - '0');
		if (!i || i > 9 || (p < end && (*p != '.' || p + 1 == end)))
			return 0;
		if (!arcs++) {
			first = arc;
			continue;
		}
		if (arcs == 2) {
			if (first > 2 || (first < 2 && arc > 39))
				return 0;
			arc += 40 * first;
		}
		for (shift = 28; shift && !(arc >> shift); shift -= 7)
			;
		for (; shift >= 0; shift -= 7)
			out[n++] = (arc >> shift & 0x7f) | (shift ? 0x80 : 0);
	}
	return arcs > 1 ? n : 0;
}

enum piece { NO_TYPE, UNKNOWN_TYPE, TYPE };

/*
 * What is at @p: TYPE=, another word with a '=', or no such thing up to the next
 * separator.
 *
 * @oid: where an object identifier is put
 * @part: its type is put there
 * @after: where its value begins
 */
static enum piece read_type(const char *p, uint8_t *oid, struct rdn_text *part,
			    const char **after)
{
	const struct rdn_type *type;
	const char *name;
	size_t len;

	name = p + strspn(p, " ");
	len = strcspn(name, " =,/+\"\\");
	p = name + len + strspn(name + len, " ");
	if (*p != '=') {
		/* a type whose '=' is missing is a slip */
		return type_by_name(name, len) ? UNKNOWN_TYPE : NO_TYPE;
	}
	*after = p + strspn(p, " =");

	type = type_by_name(name, len);
	if (type) {
		part->oid = type->oid;
		part->oid_len = type->oid_len;
		part->tag = type->tag;
		return TYPE;
	}
	if (len > OID_TEXT_MAX)
		return UNKNOWN_TYPE;
	part->oid = oid;
	part->tag = DER_PRINTABLESTRING;
	part->oid_len = read_dotted(name, len, oid);
	if (!part->oid_len)
		part->oid_len = read_hex(name, len, ':', oid);
	return part->oid_len ? TYPE : UNKNOWN_TYPE;
}

static enum piece look_at(const char *p)
{
	uint8_t oid[OID_TEXT_MAX];
	struct rdn_text part;
	const char *after;

	return read_type(p, oid, &part, &after);
}

/* Does a value end at @p, or is that a part of it? Or is it neither? */
static int ends_value(struct reader *r, const char *p)
{
	char seps[] = { r->sep, '\0' };

	if (!*p)
		return true;
	if (*p == '+')
		return look_at(p + 1) == TYPE;
	if (*p != r->sep)
		return false;
	p += 1 + strspn(p + 1, " ");
	if (!*p)
		return true;
	switch (look_at(p)) {
	case TYPE:
		return true;
	case NO_TYPE:
		if (strcspn(p, seps))
			return false;
		return bad(r, "a value, or a comma in it in double quotes, between two commas");
	default:
		return bad(r, expected_types);
	}
}

/* In double quotes: false, and nothing is read, where it is not all of a value. */
static bool read_quoted(struct reader *r, struct rdn_text *part)
{
	uint8_t *out = r->room + r->used, *end = out;
	const char *p = r->p + 1;

	for (; *p && *p != '"'; p++) {
		if (*p == '\\' && p[1])
			p++;
		*end++ = *p;
	}
	if (!*p)
		return false;
	p++;
	p += strspn(p, " ");
	if (ends_value(r, p) != true)
		return false;
	part->value = out;
	part->len = end - out;
	r->used += part->len;
	r->p = p;
	return true;
}

/* #HEX: false, and nothing is read, where it is not an element and nothing else */
static bool read_element(struct reader *r, struct rdn_text *part)
{
	uint8_t *out = r->room + r->used, tag;
	size_t digits = strspn(r->p + 1, "0123456789abcdefABCDEF");
	const char *p = r->p + 1 + digits;
	struct der in = { .data = out }, content;

	in.len = read_hex(r->p + 1, digits, '\0', out);
	p += strspn(p, " ");
	if (!in.len || ends_value(r, p) != true)
		return false;
	part->value = out;
	part->len = in.len;
	if (!der_next(&in, &tag, &content) || in.len || tag == DER_ANY)
		return false;
	part->whole = true;
	r->used += part->len;
	r->p = p;
	return true;
}

static int read_value(struct reader *r, struct rdn_text *part)
{
	uint8_t *out = r->room + r->used;
	size_t n = 0, keep = 0, stars = 0;
	const char *p;
	int ends;

	/* a reason that the first two leave is no reason: they are tried */
	if (*r->p == '"' && read_quoted(r, part))
		return 0;
	if (*r->p == '#' && read_element(r, part))
		return 0;

	for (p = r->p; !(ends = ends_value(r, p)); p++) {
		if (*p == '\\' && p[1] && strchr(",+\"\\=;<>#* /", p[1])) {
			out[n++] = *++p;
			keep = n;
			continue;
		}
		stars += *p == '*';
		out[n++] = *p;
		if (*p != ' ')
			keep = n;
	}
	if (ends < 0)
		return ends;
	part->value = out;
	part->len = keep;
	part->any = stars == 1 && keep == 1;
	r->stars |= stars && !part->any;
	r->used += n;
	r->p = p;
	return 0;
}

static int read_parts(struct reader *r)
{
	struct rdn_text *part;
	bool joined = false;
	const char *after;
	size_t len;
	int ret;

	r->p += strspn(r->p, " ");
	r->sep = ',';
	if (*r->p == '/')
		r->sep = *r->p++;

	while (*(r->p += strspn(r->p, " "))) {
		if (r->n == DN_PARTS_MAX)
			return bad(r, "a distinguished name of at most 20 parts");
		part = &r->parts[r->n];
		part->joined = joined;
		if (read_type(r->p, r->room + r->used, part, &after) != TYPE) {
			/* strongSwan reads "O Acme" as "O=Acme" */
			len = strcspn(r->p, " =");
			r->known |= r->p[len] == ' ' && type_by_name(r->p, len);
			return bad(r, expected_types);
		}
		r->known = true;
		if (part->oid == r->room + r->used)
			r->used += part->oid_len;
		r->p = after;
		ret = read_value(r, part);
		if (ret)
			return ret;
		r->n++;
		joined = *r->p == '+';
		if (*r->p)
			r->p++;
	}
	return r->n ? 0 : bad(r, expected_types);
}

/* Whether there is a type further on, of a text that does not begin with one. */
static bool any_type(const char *text)
{
	while ((text = strpbrk(text, ",/"))) {
		if (look_at(++text) == TYPE)
			return true;
	}
	return false;
}

static void write_part(struct der_writer *w, const struct rdn_text *part)
{
	size_t end = w->pos;
	enum der_tag tag = part->tag;

	if (part->whole) {
		der_put(w, part->value, part->len);
	} else if (part->any) {
		der_wrap(w, DER_ANY, end);
	} else {
		if (tag == DER_PRINTABLESTRING &&
		    !printable((const char *)part->value, part->len))
			tag = DER_UTF8STRING;
		der_put(w, part->value, part->len);
		der_wrap(w, tag, end);
	}
	end = w->pos;
	der_put(w, part->oid, part->oid_len);
	der_wrap(w, DER_OID, end);
}

int dn_parse(const char *text, uint8_t *buf, size_t size, size_t *start,
	     const char **why)
{
	struct der_writer w = { .buf = buf, .pos = size };
	struct reader r = { .p = text };
	size_t set_end = size, end, n;
	int ret;

	*why = "at most 6160 bytes";
	if (strlen(text) > DN_TEXT_MAX)
		return -EINVAL;

	ret = read_parts(&r);
	if (ret) {
		*why = r.why;
		return r.known || any_type(text) ? ret : -ENOENT;
	}
	for (n = r.n; n--;) {
		end = w.pos;
		write_part(&w, &r.parts[n]);
		der_wrap(&w, DER_SEQUENCE, end);
		if (r.parts[n].joined)
			continue;
		der_wrap(&w, DER_SET, set_end);
		set_end = w.pos;
	}
	der_wrap(&w, DER_SEQUENCE, size);

	if (w.overflow) {
		*why = "a shorter distinguished name";
		return -EINVAL;
	}
	*start = w.pos;
	*why = r.stars ? "'*' in a value stands for itself here; for a value of which a part is open write a regular expression, asn1dn:^...$, and \\* for a '*' that is meant" :
			 NULL;
	return 0;
}

struct rdn {
	struct der oid;
	uint8_t tag;
	struct der value;
	bool joined;	/* in the SET of the one before */
};

/*
 * A DN is a SEQUENCE of SETs of SEQUENCEs of a type and a value; the walk goes
 * through all of them, whichever SET they are in, as strongSwan's does.
 */
struct dn_walk {
	struct der sets;
	struct der seqs;
	bool valid;
};

static void walk_begin(struct dn_walk *walk, const uint8_t *der, size_t len)
{
	struct der in = { der, len };
	uint8_t tag;

	memset(walk, 0, sizeof(*walk));
	walk->valid = der_next(&in, &tag, &walk->sets) && tag == DER_SEQUENCE &&
		      !in.len;
}

/* false at the end, and with walk->valid false where it is malformed */
static bool walk_next(struct dn_walk *walk, struct rdn *rdn)
{
	struct der seq;
	uint8_t tag;

	if (!walk->valid || (!walk->seqs.len && !walk->sets.len))
		return false;

	rdn->joined = walk->seqs.len;
	if (!walk->seqs.len &&
	    (!der_next(&walk->sets, &tag, &walk->seqs) || tag != DER_SET))
		goto malformed;
	if (!der_next(&walk->seqs, &tag, &seq) || tag != DER_SEQUENCE)
		goto malformed;
	if (!der_next(&seq, &tag, &rdn->oid) || tag != DER_OID || !rdn->oid.len)
		goto malformed;
	if (!der_next(&seq, &rdn->tag, &rdn->value) || seq.len)
		goto malformed;
	return true;

malformed:
	walk->valid = false;
	return false;
}

bool dn_valid(const uint8_t *der, size_t len)
{
	struct dn_walk walk;
	struct rdn rdn;
	size_t n = 0;

	walk_begin(&walk, der, len);
	while (walk_next(&walk, &rdn))
		n++;
	return walk.valid && n;
}

/* A string of one byte a character, or of UTF-8: its bytes are what it says. */
static bool is_string(uint8_t tag)
{
	switch (tag) {
	case DER_UTF8STRING:
	case DER_NUMERICSTRING:
	case DER_PRINTABLESTRING:
	case DER_T61STRING:
	case DER_IA5STRING:
	case DER_VISIBLESTRING:
	case DER_GENERALSTRING:
		return true;
	default:
		return false;
	}
}

/* May dn_parse() not take a value as it is, whatever stands beside it? */
static bool is_awkward(const struct rdn *rdn)
{
	const uint8_t *p = rdn->value.data;
	size_t left = rdn->value.len, n;

	if (!is_string(rdn->tag))
		return true;
	if (left && (strchr(" #=", p[0]) || p[left - 1] == ' '))
		return true;
	for (; left; p += n, left -= n) {
		n = text_char(p, left);
		if (!n || strchr(",+\"\\*", *p))
			return true;
	}
	return false;
}

static void format_value(const struct rdn *rdn, enum dn_style style,
			 struct text *t)
{
	uint8_t head[4];
	struct der_writer w = { .buf = head, .pos = sizeof(head) };
	size_t i;

	if (style == DN_STRONGSWAN) {
		for (i = 0; i < rdn->value.len; i++) {
			uint8_t c = rdn->value.data[i];

			text_put(t, "%c", c >= ' ' && c <= '~' ? c : '?');
		}
	} else if (style == DN_SAFE && rdn->tag != DER_ANY && is_awkward(rdn)) {
		der_head(&w, rdn->tag, rdn->value.len);
		text_put(t, "#");
		for (i = w.pos; i < sizeof(head); i++)
			text_put(t, "%02x", head[i]);
		for (i = 0; i < rdn->value.len; i++)
			text_put(t, "%02x", rdn->value.data[i]);
	} else if (rdn->tag == DER_ANY) {
		text_put(t, "*");
	} else {
		text_utf8(t, rdn->value.data, rdn->value.len);
	}
}

bool dn_format(const uint8_t *der, size_t len, enum dn_style style,
	       struct text *t)
{
	const struct rdn_type *type;
	struct dn_walk walk;
	const char *sep = "";
	struct rdn rdn;

	if (!dn_valid(der, len))
		return false;

	walk_begin(&walk, der, len);
	while (walk_next(&walk, &rdn)) {
		text_put(t, "%s", rdn.joined && style != DN_STRONGSWAN ? "+" : sep);
		type = type_by_oid(&rdn.oid);
		if (type)
			text_put(t, "%s", type->name);
		else
			text_hex(t, rdn.oid.data, rdn.oid.len);
		text_put(t, "=");
		format_value(&rdn, style, t);
		sep = ", ";
	}
	return true;
}

static bool rdn_is_email(const struct rdn *rdn)
{
	const struct rdn_type *type = type_by_oid(&rdn->oid);

	return type && !strcmp(type->name, "E");
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/* RFC 5280 section 7.1: a PrintableString's case does not count */
static bool value_equal(const struct rdn *a, const struct rdn *b)
{
	size_t i;

	if (der_equal(&a->value, &b->value))
		return a->tag == b->tag || (is_string(a->tag) && is_string(b->tag));
	if (a->value.len != b->value.len || a->tag != b->tag)
		return false;
	if (a->tag != DER_PRINTABLESTRING &&
	    !(a->tag == DER_IA5STRING && rdn_is_email(a)))
		return false;

	for (i = 0; i < a->value.len; i++) {
		if (lower(a->value.data[i]) != lower(b->value.data[i]))
			return false;
	}
	return true;
}

bool dn_has_any(const uint8_t *der, size_t len)
{
	struct dn_walk walk;
	struct rdn rdn;

	walk_begin(&walk, der, len);
	while (walk_next(&walk, &rdn)) {
		if (rdn.tag == DER_ANY)
			return true;
	}
	return false;
}

/* Behind a ',', '/' or '+', does a type begin: "OU=", "2.5.4.11 ="? */
static bool begins_part(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *type;

	while (p < end && *p == ' ')
		p++;
	for (type = p; p < end && (isalnum(*p) || strchr(".:-?", *p)) && *p;)
		p++;
	if (p == type)
		return false;
	while (p < end && *p == ' ')
		p++;
	return p < end && *p == '=';
}

bool dn_looks_longer(const uint8_t *der, size_t len)
{
	struct dn_walk walk;
	struct rdn rdn;
	size_t i;

	walk_begin(&walk, der, len);
	while (walk_next(&walk, &rdn))
		for (i = 0; i < rdn.value.len; i++)
			if (rdn.value.data[i] && strchr(",/+", rdn.value.data[i]) &&
			    begins_part(rdn.value.data + i + 1,
					rdn.value.data + rdn.value.len))
				return true;
	return false;
}

int dn_compare_values(const void *a, const void *b)
{
	const struct der *x = a, *y = b;
	size_t i;

	for (i = 0; i < x->len && i < y->len; i++) {
		uint8_t c = lower(x->data[i]), d = lower(y->data[i]);

		if (c != d)
			return c < d ? -1 : 1;
	}
	return x->len < y->len ? -1 : x->len > y->len;
}

size_t dn_key(const uint8_t *der, size_t len, uint8_t *buf)
{
	struct der values[DN_VALUES_MAX];
	struct dn_walk walk;
	struct rdn rdn;
	size_t n = 0, used = 0, i, j;

	if (len > DN_LEN_MAX)
		return 0;
	walk_begin(&walk, der, len);
	while (walk_next(&walk, &rdn))
		values[n++] = rdn.value;
	if (!walk.valid)
		return 0;
	qsort(values, n, sizeof(*values), dn_compare_values);
	for (i = 0; i < n; i++)
		for (j = 0; j < values[i].len; j++)
			buf[used++] = lower(values[i].data[j]);
	return used;
}

size_t dn_values(const uint8_t *der, size_t len, struct der values[DN_VALUES_MAX])
{
	struct dn_walk walk;
	struct rdn rdn;
	size_t n = 0;

	if (len > DN_LEN_MAX)
		return 0;
	walk_begin(&walk, der, len);
	while (walk_next(&walk, &rdn)) {
		if (rdn.tag != DER_ANY)
			values[n++] = rdn.value;
	}
	return walk.valid ? n : 0;
}

/* In their order. Return: how many wildcards it took, or -1. */
static int match_in_order(struct dn_walk dn, struct dn_walk pattern)
{
	struct rdn rdn, want;
	int wildcards = 0;
	bool more, wanted;

	for (;;) {
		more = walk_next(&dn, &rdn);
		wanted = walk_next(&pattern, &want);
		if (!more && !wanted)
			return wildcards;
		if (more != wanted || !der_equal(&rdn.oid, &want.oid))
			return -1;
		if (want.tag == DER_ANY)
			wildcards++;
		else if (!value_equal(&rdn, &want))
			return -1;
	}
}

/*
 * In any order, each of the pattern's once; a value of its own goes before a
 * wildcard, as in strongSwan. Return: wildcards, and RDNs that the pattern does
 * not have, which there may be if @more; or -1.
 */
static int match_in_any_order(struct dn_walk dn, const struct dn_walk *pattern,
			      bool more)
{
	bool used[DN_VALUES_MAX] = {};
	size_t wanted = 0, matched = 0, i, found;
	struct dn_walk walk = *pattern;
	struct rdn rdn, want;
	int cost = 0;

	while (walk_next(&walk, &want))
		wanted++;

	while (walk_next(&dn, &rdn)) {
		found = SIZE_MAX;
		walk = *pattern;
		for (i = 0; walk_next(&walk, &want); i++) {
			if (used[i] || !der_equal(&rdn.oid, &want.oid))
				continue;
			if (want.tag != DER_ANY && value_equal(&rdn, &want)) {
				found = i;
				break;
			}
			if (want.tag == DER_ANY && found == SIZE_MAX)
				found = i;
		}
		if (found == SIZE_MAX) {
			if (!more)
				return -1;
			cost++;
			continue;
		}
		/* it broke off where the value is the pattern's own */
		cost += i == wanted;
		used[found] = true;
		matched++;
	}
	return matched == wanted ? cost : -1;
}

/* SET by SET: within one there is no order. */
static int match_sets(struct dn_walk dn, struct dn_walk pattern)
{
	struct dn_walk a = { .valid = true }, b = { .valid = true };
	int cost = 0, part;
	uint8_t tag;

	while (dn.sets.len && pattern.sets.len) {
		/* both are valid */
		der_next(&dn.sets, &tag, &a.seqs);
		der_next(&pattern.sets, &tag, &b.seqs);
		part = match_in_any_order(a, &b, false);
		if (part < 0)
			return -1;
		cost += part;
	}
	return dn.sets.len || pattern.sets.len ? -1 : cost;
}

/* Has it so few RDNs that they may be looked for in any order? */
static bool is_short(struct dn_walk walk)
{
	struct rdn rdn;
	size_t n = 0;

	while (n <= DN_UNORDERED_MAX && walk_next(&walk, &rdn))
		n++;
	return n <= DN_UNORDERED_MAX;
}

int dn_match(const uint8_t *der, size_t len, const uint8_t *pattern,
	     size_t pattern_len, enum dn_matching matching)
{
	struct dn_walk dn, want;
	int cost;

	if (pattern_len > DN_LEN_MAX || !dn_valid(der, len) ||
	    !dn_valid(pattern, pattern_len))
		return -1;

	walk_begin(&dn, der, len);
	walk_begin(&want, pattern, pattern_len);
	cost = match_in_order(dn, want);
	if (cost < 0)
		cost = match_sets(dn, want);
	if (cost < 0 && matching != DN_STRICT && is_short(dn)) {
		cost = match_in_any_order(dn, &want, matching == DN_RELAXED);
		if (cost >= 0)
			cost++;
	}
	return cost;
}
