// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/same_identity.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/unit/same_known.h"

static char said[SAME_SAID];

/* A text */

/**
 * struct reading - of a text, by both
 *
 * @value: what is behind a prefix that forces a type, or the whole text
 * @refused: by the daemon; @why: what it says
 * @theirs: bytes of strongSwan's
 */
struct reading {
	const char *text;
	const char *value;
	bool refused;
	const char *why;
	struct identity ours;
	struct charon_id *charon;
	struct identity theirs;
};

static const char *behind_prefix(const char *text)
{
	static const char * const prefixes[] = {
		"ipv4:", "ipv6:", "ipv4net:", "ipv6net:", "ipv4range:", "ipv6range:",
		"rfc822:", "email:", "userfqdn:", "fqdn:", "dns:", "asn1dn:", "asn1gn:",
		"xmppaddr:", "keyid:", "uri:",
	};
	char *end;
	size_t i;

	for (i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (!strncasecmp(text, prefixes[i], strlen(prefixes[i])))
			return text + strlen(prefixes[i]);
	if (*text != '{')
		return text;
	strtoul(text + 1, &end, 0);
	return strncmp(end, "}:", 2) ? text : end + 2;
}

static void read_both(const char *text, struct reading *r)
{
	memset(r, 0, sizeof(*r));
	r->text = text;
	r->value = behind_prefix(text);
	r->refused = identity_parse(text, &r->ours, &r->why);
	r->charon = charon_id_read(text, DN_STRICT);
	if (r->charon)
		r->theirs = view(r->charon);
}

static void read_clear(struct reading *r)
{
	identity_clear(&r->ours);
	charon_id_free(r->charon);
}

static bool same_bytes(const struct identity *a, const struct identity *b)
{
	return a->type == b->type && a->len == b->len &&
	       (!a->len || !memcmp(a->data, b->data, a->len));
}

/* Did strongSwan take what was written for its bytes? */
static bool is_raw(const struct reading *r, const char *text)
{
	return r->theirs.len == strlen(text) &&
	       (!r->theirs.len || !memcmp(r->theirs.data, text, r->theirs.len));
}

static bool is_prefixed(const struct reading *r)
{
	return r->value != r->text;
}

/* "fqdn:^gw[0-9]$": of those the type */
static bool is_regex(const char *text)
{
	size_t len = strlen(text);

	return len > 1 && *text == '^' && text[len - 1] == '$';
}

/* Both read it, as something else each. */
static bool known_reading(const struct reading *r)
{
	const struct identity *ours = &r->ours, *theirs = &r->theirs;

	/* before 6.0.2 it is a name, or the DER of one */
	if (ours->regex)
		return meet(REGEX, is_raw(r, r->value) && !charon_id_has_regex());
	/* "ipv4:10.0.0.1" is eight bytes of an IPv4 address to strongSwan */
	if (meet(PREFIXED, ours->type == theirs->type && is_prefixed(r) &&
		 is_raw(r, r->value) &&
		 (addr_bytes(ours->type) || ours->type == ID_DER_ASN1_DN)))
		return true;
	/* before 6.0 it is no prefix */
	if (meet(URI, ours->type == ID_URI && is_raw(r, r->text)))
		return true;
	/* what has '=' in it and is no DN to strongSwan is a key id to it */
	if (meet(MORE_DNS, ours->type == ID_DER_ASN1_DN && theirs->type == ID_KEY_ID &&
		 is_raw(r, r->text)))
		return true;
	if (meet(ESCAPES, ours->type == ID_DER_ASN1_DN && theirs->type == ID_DER_ASN1_DN &&
		 strpbrk(r->text, "\"\\+#")))
		return true;
	/* a name without prefix or '@' */
	return meet(FINAL_DOT, ours->type == ID_FQDN && theirs->type == ID_FQDN &&
		    is_raw(r, r->text) && theirs->len == ours->len + 1 &&
		    theirs->data[ours->len] == '.' &&
		    !memcmp(theirs->data, ours->data, ours->len));
}

/* Does a text begin as an address does, up to what stands behind one? */
static bool like_address(const char *text)
{
	size_t len;

	text += *text == '[';
	len = strcspn(text, "[]/%-");
	return len && strpbrk(text, ".:") &&
	       strspn(text, "0123456789abcdefABCDEF.: ") >= len;
}

/* Behind a '/' strongSwan reads what digits there are, and takes none for 0. */
static bool bad_length(const char *text)
{
	const char *slash = strchr(text, '/');

	return slash && (!slash[1] || slash[1 + strspn(slash + 1, "0123456789")]);
}

/* Digits in pairs, the first of which may be one, perhaps with a colon between two */
static bool is_hex(const char *text)
{
	size_t left;

	if (!strncmp(text, "0x", 2))
		text += 2;
	for (left = strlen(text); left; left -= left > 1 ? 2 : 1) {
		if (!isxdigit((unsigned char)text[left - 1]) ||
		    (left > 1 && !isxdigit((unsigned char)text[left - 2])))
			return false;
		if (left > 3 && text[left - 3] == ':')
			left--;
	}
	return *text;
}

/* Of what a prefix, or "@#", forces to a type: cannot it be of that? */
static bool bad_bytes(const struct reading *r)
{
	const char *hex = *r->value == '#' ? r->value + 1 :
			  !strncmp(r->text, "@#", 2) ? r->text + 2 : NULL;
	struct charon_id *charon;
	unsigned int type;

	/* a number that no payload has room for, or none */
	if (*r->text == '{' && (r->theirs.type > UINT8_MAX || is_raw(r, r->text) ||
				!isdigit((unsigned char)r->text[1])))
		return true;
	if (hex)
		return !is_hex(hex) || !well_formed(&r->theirs) ||
		       r->theirs.len > IDENTITY_LEN_MAX ||
		       (r->theirs.type == ID_DER_ASN1_DN &&
			dn_has_any(r->theirs.data, r->theirs.len));
	if (r->theirs.len > IDENTITY_LEN_MAX)
		return true;
	if (!is_prefixed(r))
		return false;
	/* without the prefix strongSwan takes it for another type */
	charon = charon_id_read(r->value, DN_STRICT);
	type = charon_id_type(charon);
	charon_id_free(charon);
	return (addr_bytes(r->theirs.type) || r->theirs.type == ID_DER_ASN1_DN) &&
	       (type != r->theirs.type || bad_length(r->value));
}

/* Is there a part without '=' behind its type? strongSwan needs none behind a blank. */
static bool lacks_equals(const char *text)
{
	char sep;

	text += strspn(text, " ");
	sep = *text == '/' ? *text++ : ',';
	while (*(text += strspn(text, " "))) {
		text += strcspn(text, " =");
		if (text[strspn(text, " ")] != '=')
			return true;
		text = strchr(text, sep);
		if (!text)
			break;
		text++;
	}
	return false;
}

/* strongSwan reads it. */
static bool known_refusal(const struct reading *r)
{
	const struct identity *theirs = &r->theirs;

	if (meet(NOTHING, !*r->value || (!theirs->len && theirs->type != ID_ANY)))
		return true;
	if (meet(LIKE_DN, theirs->type == ID_DER_ASN1_DN && !is_prefixed(r) ?
		 lacks_equals(r->text) : theirs->type == ID_KEY_ID &&
		 is_raw(r, r->text) && strchr(r->text, '=')))
		return true;
	if (meet(LIKE_ADDRESS, like_address(r->text) &&
		 (is_raw(r, r->text) || bad_length(r->text))))
		return true;
	if (meet(OTHERS_FORMS, (*r->text == '%' || is_regex(r->text)) ?
		 is_raw(r, r->text) :
		 !strncmp(r->text, "@[", 2) && is_raw(r, r->text + 1)))
		return true;
	if (meet(STAR_INSIDE, is_name(theirs->type) &&
		 memchr(theirs->data + 1, '*', theirs->len - 1)))
		return true;
	/* one that is malformed, or of another type */
	if (meet(REGEX, is_regex(r->value) && is_prefixed(r) &&
		 (is_raw(r, r->value) || is_raw(r, r->text))))
		return true;
	return meet(BAD_BYTES, bad_bytes(r));
}

const char *same_reading(const char *text)
{
	struct charon_id *again = NULL;
	const char *found = NULL;
	struct identity theirs;
	struct reading r;
	struct text t;

	read_both(text, &r);
	text_begin(&t, said, sizeof(said));
	if (!r.charon) {
		/* of a regular expression that cannot be compiled it makes nothing */
		if (!r.refused) {
			text_put(&t, "'%s' is read, but not by strongSwan", text);
			found = said;
		}
	} else if (r.refused) {
		if (!known_refusal(&r)) {
			text_put(&t, "'%s' is refused, expected %s", text, r.why);
			describe(&t, "strongSwan", &r.theirs);
			found = said;
		}
	} else if (!r.ours.regex || !charon_id_has_regex()) {
		again = for_charon(&r.ours, DN_STRICT);
		theirs = view(again);
		if (!same_bytes(&theirs, &r.theirs) ? !known_reading(&r) :
		    charon_id_hash(again) != charon_id_hash(r.charon)) {
			text_put(&t, "'%s' is read differently", text);
			describe(&t, "here", &r.ours);
			describe(&t, "strongSwan", &r.theirs);
			found = said;
		}
	}
	charon_id_free(again);
	read_clear(&r);
	return found;
}

void same_wire(const char *text, void (*use)(uint8_t type, const void *data, size_t len,
					     void *ctx), void *ctx)
{
	struct charon_id *charon = charon_id_read(text, DN_STRICT);
	struct identity id;

	if (!charon)
		return;
	id = view(charon);
	if ((unsigned int)id.type <= UINT8_MAX && id.len <= IDENTITY_LEN_MAX)
		use(id.type, id.data, id.len, ctx);
	charon_id_free(charon);
}

/* As text */

/* Has it a '*' where a pattern has none, or what stands for any in patterns? */
static bool is_unreadable(const struct identity *id)
{
	if (is_name(id->type))
		return memchr(id->data, '*', id->len);
	return id->type == ID_DER_ASN1_DN && dn_has_any(id->data, id->len);
}

/* What strongSwan prints is what a regular expression is matched with here. */
static bool same_dn_text(const struct identity *id, const char *theirs)
{
	char ours[CHARON_ID_TEXT + 1];
	struct text t;

	text_begin(&t, ours, sizeof(ours));
	dn_format(id->data, id->len, DN_STRONGSWAN, &t);
	/* it has room for no more */
	return strlen(ours) >= CHARON_ID_TEXT - 1 || !strcmp(ours, theirs);
}

/*
 * Has a type no name here: strongSwan has one for whatever is in its table of OIDs,
 * of which it takes the beginning of a longer one for it? Or is it one to which not all
 * versions of it give a name (organizationIdentifier, TCGID)?
 */
static bool is_unnamed(const struct part *part)
{
	static const char tcgid[] = "\x2b\x06\x01\x04\x01\x89\x31\x01\x01\x02\x02\x4b";
	uint8_t buf[2 * IDENTITY_LEN_MAX];
	struct der_writer w = { .buf = buf, .pos = sizeof(buf) };
	char text[8];
	struct text t;

	if ((part->oid.len == 3 && !memcmp(part->oid.data, "\x55\x04\x61", 3)) ||
	    (part->oid.len == 12 && !memcmp(part->oid.data, tcgid, 12)))
		return true;
	der_wrap(&w, DER_UTF8STRING, w.pos);
	der_put(&w, part->oid.data, part->oid.len);
	der_wrap(&w, DER_OID, w.pos + part->oid.len);
	der_wrap(&w, DER_SEQUENCE, sizeof(buf));
	der_wrap(&w, DER_SET, sizeof(buf));
	der_wrap(&w, DER_SEQUENCE, sizeof(buf));
	text_begin(&t, text, sizeof(text));
	dn_format(buf + w.pos, sizeof(buf) - w.pos, DN_STRONGSWAN, &t);
	return strspn(text, "0123456789abcdef") == 2 && strchr(":=", text[2]);
}

/* All else has only what shows the type that it is taken for in front. */
static bool same_text(const struct identity *id, const char *ours, const char *theirs)
{
	size_t ours_len = strlen(ours), len = strlen(theirs), i;

	if (id->type > ID_KEY_ID || id->type == ID_DER_ASN1_GN || len != id->len)
		return addr_bytes(id->type) && !strpbrk(ours, "#") ? !strcmp(ours, theirs) : true;
	for (i = 0; i < id->len; i++)
		if (id->data[i] < ' ' || id->data[i] > '~')
			return true;
	return strchr(ours, '#') ||
	       (ours_len >= len && !strcmp(ours + ours_len - len, theirs));
}

/* Does strongSwan read what is printed here as the same identity? */
static bool reads_back(const struct identity *id, const char *text)
{
	struct charon_id *wire, *back;
	struct reading r;
	bool same;

	read_both(text, &r);
	wire = charon_id_wire(id->type, id->data, id->len, DN_STRICT);
	back = r.charon;
	same = id->type != ID_DER_ASN1_DN ? same_bytes(id, &r.theirs) :
	       charon_id_type(back) == ID_DER_ASN1_DN &&
	       charon_id_match(wire, back) == CHARON_ID_PERFECT;
	if (!same)
		same = r.ours.type == id->type && !r.refused &&
		       (known_reading(&r) || meet(EMPTY_LAST, ends_empty(id)));
	charon_id_free(wire);
	read_clear(&r);
	return same;
}

const char *same_print(uint8_t type, const void *data, size_t len)
{
	char ours[4 * IDENTITY_LEN_MAX + 16], theirs[CHARON_ID_TEXT];
	const char *wrong = NULL;
	struct charon_id *wire;
	struct identity id;
	struct text t;

	if (identity_from_wire(type, data, len, &id))
		return NULL;
	if (!well_formed(&id) || is_unreadable(&id)) {
		identity_clear(&id);
		return NULL;
	}
	identity_format(&id, ours, sizeof(ours));
	wire = charon_id_wire(type, data, len, DN_STRICT);
	charon_id_print(wire, theirs, sizeof(theirs));
	charon_id_free(wire);
	if (type == ID_DER_ASN1_DN && !same_dn_text(&id, theirs))
		wrong = meet(NO_TYPE_NAME, any_part(&id, is_unnamed)) ? NULL : "printed";
	else if (!same_text(&id, ours, theirs))
		wrong = "printed";
	if (!wrong && !reads_back(&id, ours))
		wrong = "read back";
	if (wrong) {
		text_begin(&t, said, sizeof(said));
		text_put(&t, "%s differently: here '%s', strongSwan prints '%s'", wrong,
			 ours, theirs);
		describe(&t, "identity", &id);
		wrong = said;
	}
	identity_clear(&id);
	return wrong;
}
