// SPDX-License-Identifier: GPL-2.0-or-later
#include "dn.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "der.h"

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
	const struct rdn_type *type;
	const char *value;
	size_t len;
};

static int split(const char *p, struct rdn_text *rdns, size_t *n, const char **why)
{
	char sep[2] = ",";
	struct rdn_text *r;
	size_t len;

	*n = 0;
	p += strspn(p, " ");
	if (*p == '/')
		sep[0] = *p++;

	while (*(p += strspn(p, " "))) {
		const struct rdn_type *type;

		len = strcspn(p, " =");
		type = type_by_name(p, len);
		if (!type || !p[len]) {
			*why = "a distinguished name TYPE=VALUE, ... with types such as C, O, OU and CN";
			return *n ? -EINVAL : -ENOENT;
		}
		if (*n == DN_RDNS_MAX) {
			*why = "a distinguished name of at most 20 parts";
			return -EINVAL;
		}
		p += len;
		p += strspn(p, " =");

		r = &rdns[(*n)++];
		r->type = type;
		r->value = p;
		p += strcspn(p, sep);
		r->len = p - r->value;
		while (r->len && r->value[r->len - 1] == ' ')
			r->len--;
		if (*p)
			p++;
	}
	if (*n)
		return 0;
	*why = "a distinguished name TYPE=VALUE, ... with types such as C, O, OU and CN";
	return -ENOENT;
}

int dn_parse(const char *text, uint8_t *buf, size_t size, size_t *start,
	     const char **why)
{
	struct der_writer w = { .buf = buf, .pos = size };
	struct rdn_text rdns[DN_RDNS_MAX], *r;
	enum der_tag tag;
	size_t n, end;
	int ret;

	ret = split(text, rdns, &n, why);
	if (ret)
		return ret;

	while (n--) {
		r = &rdns[n];
		tag = r->type->tag;
		if (tag == DER_PRINTABLESTRING && !printable(r->value, r->len))
			tag = DER_UTF8STRING;

		end = w.pos;
		der_put(&w, r->value, r->len);
		der_wrap(&w, tag, end);
		der_put(&w, r->type->oid, r->type->oid_len);
		der_wrap(&w, DER_OID, w.pos + r->type->oid_len);
		der_wrap(&w, DER_SEQUENCE, end);
		der_wrap(&w, DER_SET, end);
	}
	der_wrap(&w, DER_SEQUENCE, size);

	if (w.overflow) {
		*why = "a shorter distinguished name";
		return -EINVAL;
	}
	*start = w.pos;
	return 0;
}

struct rdn {
	struct der oid;
	uint8_t tag;
	struct der value;
};

/*
 * A DN is a SEQUENCE of SETs of SEQUENCEs of a type and a value; the walk takes
 * no notice of which SET an RDN was in, as strongSwan does.
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

bool dn_format(const uint8_t *der, size_t len, bool slash, struct text *t)
{
	const struct rdn_type *type;
	const char *sep = slash ? "/" : "";
	struct dn_walk walk;
	struct rdn rdn;

	if (!dn_valid(der, len))
		return false;

	walk_begin(&walk, der, len);
	while (walk_next(&walk, &rdn)) {
		text_put(t, "%s", sep);
		type = type_by_oid(&rdn.oid);
		if (type)
			text_put(t, "%s", type->name);
		else
			text_hex(t, rdn.oid.data, rdn.oid.len);
		text_put(t, "=");
		text_escape(t, rdn.value.data, rdn.value.len);
		sep = slash ? "/" : ", ";
	}
	return true;
}

static bool rdn_is_email(const struct rdn *rdn)
{
	const struct rdn_type *type = type_by_oid(&rdn->oid);

	return type && !strcmp(type->name, "E");
}

/* RFC 5280 section 7.1: a PrintableString's case does not count */
static bool rdn_equal(const struct rdn *a, const struct rdn *b)
{
	size_t i;

	if (der_equal(&a->value, &b->value))
		return true;
	if (a->value.len != b->value.len || a->tag != b->tag)
		return false;
	if (a->tag != DER_PRINTABLESTRING &&
	    !(a->tag == DER_IA5STRING && rdn_is_email(a)))
		return false;

	for (i = 0; i < a->value.len; i++) {
		uint8_t x = a->value.data[i], y = b->value.data[i];

		if (x >= 'A' && x <= 'Z')
			x |= 0x20;
		if (y >= 'A' && y <= 'Z')
			y |= 0x20;
		if (x != y)
			return false;
	}
	return true;
}

static bool is_wildcard(const struct rdn *rdn)
{
	return rdn->value.len == 1 && *rdn->value.data == '*';
}

size_t dn_values(const uint8_t *der, size_t len, uint8_t *buf, bool *wildcards)
{
	struct dn_walk walk;
	struct rdn rdn;
	size_t n = 0;

	*wildcards = false;
	walk_begin(&walk, der, len);
	while (walk_next(&walk, &rdn)) {
		*wildcards |= is_wildcard(&rdn);
		memcpy(buf + n, rdn.value.data, rdn.value.len);
		n += rdn.value.len;
	}
	return walk.valid ? n : 0;
}

int dn_match(const uint8_t *der, size_t len,
	     const uint8_t *pattern, size_t pattern_len)
{
	struct dn_walk dn, pat;
	struct rdn rdn, want;
	int wildcards = 0;
	bool more, wanted;

	if (!dn_valid(der, len) || !dn_valid(pattern, pattern_len))
		return -1;

	walk_begin(&dn, der, len);
	walk_begin(&pat, pattern, pattern_len);
	for (;;) {
		more = walk_next(&dn, &rdn);
		wanted = walk_next(&pat, &want);
		if (!more && !wanted)
			return wildcards;
		if (more != wanted || !der_equal(&rdn.oid, &want.oid))
			return -1;
		if (is_wildcard(&want))
			wildcards++;
		else if (!rdn_equal(&rdn, &want))
			return -1;
	}
}
