// SPDX-License-Identifier: GPL-2.0-or-later
#include "identity/identity.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "identity/der.h"
#include "identity/dn.h"
#include "lib/text.h"

/* Bytes of a text: of the longest identity in hexadecimal, too */
#define TEXT_LEN_MAX	(3 * IDENTITY_LEN_MAX + 16)
/* and of what is printed */
#define SHOWN_MAX	(4 * IDENTITY_LEN_MAX + 16)
/* and of one that strongSwan matches with a regular expression, with its NUL */
#define REGEX_TEXT_MAX	512

static const char * const type_names[] = {
	[ID_ANY]		= "any",
	[ID_IPV4_ADDR]		= "IPv4 address",
	[ID_FQDN]		= "FQDN",
	[ID_USER_FQDN]		= "user FQDN",
	[ID_IPV4_ADDR_SUBNET]	= "IPv4 subnet",
	[ID_IPV6_ADDR]		= "IPv6 address",
	[ID_IPV6_ADDR_SUBNET]	= "IPv6 subnet",
	[ID_IPV4_ADDR_RANGE]	= "IPv4 range",
	[ID_IPV6_ADDR_RANGE]	= "IPv6 range",
	[ID_DER_ASN1_DN]	= "ASN.1 DN",
	[ID_DER_ASN1_GN]	= "ASN.1 GN",
	[ID_KEY_ID]		= "key id",
};

const char *identity_type_name(enum id_type type)
{
	if ((unsigned int)type < sizeof(type_names) / sizeof(type_names[0]))
		return type_names[type];
	return "unknown";
}

/* What a type that is made of addresses is made of; family 0: it is not. */
struct layout {
	int family;
	size_t addr_len;
	enum { ADDR, SUBNET, RANGE } form;
};

static const char *expected_bytes(const struct layout *l)
{
	bool v4 = l->family == AF_INET;

	switch (l->form) {
	case SUBNET:
		return v4 ? "8 bytes, an IPv4 address and its mask" :
			    "32 bytes, an IPv6 address and its mask";
	case RANGE:
		return v4 ? "8 bytes, the first and the last IPv4 address" :
			    "32 bytes, the first and the last IPv6 address";
	default:
		return v4 ? "the 4 bytes of an IPv4 address" :
			    "the 16 bytes of an IPv6 address";
	}
}

static struct layout layout_of(enum id_type type)
{
	switch (type) {
	case ID_IPV4_ADDR:
		return (struct layout){ AF_INET, 4, ADDR };
	case ID_IPV4_ADDR_SUBNET:
		return (struct layout){ AF_INET, 4, SUBNET };
	case ID_IPV4_ADDR_RANGE:
		return (struct layout){ AF_INET, 4, RANGE };
	case ID_IPV6_ADDR:
		return (struct layout){ AF_INET6, 16, ADDR };
	case ID_IPV6_ADDR_SUBNET:
		return (struct layout){ AF_INET6, 16, SUBNET };
	case ID_IPV6_ADDR_RANGE:
		return (struct layout){ AF_INET6, 16, RANGE };
	default:
		return (struct layout){ 0 };
	}
}

/* how many bits a mask begins with; -1: its ones are not all in front */
static int prefix_len(const uint8_t *mask, size_t len)
{
	size_t bits = 0, i;

	while (bits < 8 * len && mask[bits / 8] & 0x80 >> bits % 8)
		bits++;
	for (i = bits; i < 8 * len; i++) {
		if (mask[i / 8] & 0x80 >> i % 8)
			return -1;
	}
	return bits;
}

/* Is it what its type says? @why: what was expected. */
static bool well_formed(const struct identity *id, const char **why)
{
	struct layout l = layout_of(id->type);

	if (l.family) {
		*why = expected_bytes(&l);
		if (id->len != (l.form == ADDR ? 1 : 2) * l.addr_len)
			return false;
		*why = "a mask whose ones are all in front";
		if (l.form == SUBNET && prefix_len(id->data + l.addr_len, l.addr_len) < 0)
			return false;
		*why = "a range from the lower to the higher address";
		return l.form != RANGE ||
		       memcmp(id->data, id->data + l.addr_len, l.addr_len) <= 0;
	}

	switch (id->type) {
	case ID_FQDN:
	case ID_USER_FQDN:
		*why = "a name";
		return id->len && !memchr(id->data, 0, id->len);
	case ID_DER_ASN1_DN:
		*why = "the DER of a distinguished name";
		return dn_valid(id->data, id->len);
	case ID_ANY:
		return true;
	default:
		*why = "at least one byte";
		return id->len;
	}
}

static int set(struct identity *id, enum id_type type, const void *data, size_t len)
{
	memset(id, 0, sizeof(*id));
	id->type = type;
	id->len = len;
	if (!len)
		return 0;

	id->data = malloc(len);
	if (!id->data)
		return -ENOMEM;
	memcpy(id->data, data, len);
	return 0;
}

int identity_from_wire(uint8_t type, const void *data, size_t len,
		       struct identity *id)
{
	if (len > IDENTITY_LEN_MAX)
		return -EINVAL;
	return set(id, type, data, type == ID_ANY ? 0 : len);
}

void identity_clear(struct identity *id)
{
	idregex_free(id->regex);
	free(id->data);
	memset(id, 0, sizeof(*id));
}

/*
 * An address, subnet or range of a family in text form; its bytes go to @buf of
 * 32. Return: its type, or -1.
 */
static int parse_addr(const char *text, int family, uint8_t *buf)
{
	size_t len = family == AF_INET ? 4 : 16, n, i;
	bool v4 = family == AF_INET;
	char first[INET6_ADDRSTRLEN];
	const char *rest;
	unsigned long bits;
	char *end;

	n = strcspn(text, "/-");
	if (n >= sizeof(first))
		return -1;
	memcpy(first, text, n);
	first[n] = '\0';
	rest = text + n;

	if (inet_pton(family, first, buf) != 1)
		return -1;

	if (*rest == '-') {
		if (inet_pton(family, rest + 1, buf + len) != 1)
			return -1;
		return v4 ? ID_IPV4_ADDR_RANGE : ID_IPV6_ADDR_RANGE;
	}
	if (*rest == '/') {
		if (!isdigit((unsigned char)rest[1]))
			return -1;
		bits = strtoul(rest + 1, &end, 10);
		if (*end || bits > 8 * len)
			return -1;
		memset(buf + len, 0, len);
		for (i = 0; i < bits; i++)
			buf[len + i / 8] |= 0x80 >> i % 8;
		for (i = 0; i < len; i++)
			buf[i] &= buf[len + i];
		return v4 ? ID_IPV4_ADDR_SUBNET : ID_IPV6_ADDR_SUBNET;
	}
	return v4 ? ID_IPV4_ADDR : ID_IPV6_ADDR;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/*
 * Hexadecimal digits, with 0x in front and a colon between two bytes where wanted; of
 * an odd number the first stands alone. Return: how many bytes, or -1.
 */
static int parse_hex(const char *text, uint8_t *buf, size_t size)
{
	size_t digits = 0, n;
	const char *p;
	int digit;

	if (text[0] == '0' && text[1] == 'x')
		text += 2;
	for (p = text; *p; p++)
		digits += *p != ':';
	if (!digits || (digits + 1) / 2 > size)
		return -1;

	memset(buf, 0, (digits + 1) / 2);
	for (n = digits % 2, p = text; *p; p++) {
		if (*p == ':') {
			if (n % 2 || p == text || p[-1] == ':' || !p[1])
				return -1;
			continue;
		}
		digit = hex_digit(*p);
		if (digit < 0)
			return -1;
		buf[n / 2] |= n % 2 ? digit : digit << 4;
		n++;
	}
	return (digits + 1) / 2;
}

static const char expected_hex[] = "hexadecimal digits after the '#'";

static int set_hex(struct identity *id, enum id_type type, const char *hex,
		   const char **why)
{
	uint8_t buf[IDENTITY_LEN_MAX];
	int len;

	len = parse_hex(hex, buf, sizeof(buf));
	if (len < 0) {
		*why = expected_hex;
		return -EINVAL;
	}
	if (type == ID_DER_ASN1_DN && dn_has_any(buf, len)) {
		*why = "DER without private tags";
		return -EINVAL;
	}
	return set(id, type, buf, len);
}

static int set_dn(struct identity *id, const char *text, const char **why)
{
	uint8_t buf[IDENTITY_LEN_MAX];
	size_t start;
	int ret;

	ret = dn_parse(text, buf, sizeof(buf), &start, why);
	if (ret)
		return ret;
	return set(id, ID_DER_ASN1_DN, buf + start, sizeof(buf) - start);
}

/* RFC 6120 section 13.7.1.4: an otherName with id-on-xmppAddr, a UTF8String */
static int set_xmpp(struct identity *id, const char *addr, const char **why)
{
	static const uint8_t oid[] = {
		0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08, 0x05
	};
	uint8_t buf[IDENTITY_LEN_MAX], raw[IDENTITY_LEN_MAX];
	struct der_writer w = { .buf = buf, .pos = sizeof(buf) };
	int len;

	if (*addr == '#') {
		len = parse_hex(addr + 1, raw, sizeof(raw));
		if (len < 0) {
			*why = expected_hex;
			return -EINVAL;
		}
		der_put(&w, raw, len);
	} else {
		der_put(&w, addr, strlen(addr));
	}
	der_wrap(&w, DER_UTF8STRING, sizeof(buf));
	der_wrap(&w, DER_CONTEXT_0, sizeof(buf));
	der_put(&w, oid, sizeof(oid));
	der_wrap(&w, DER_OID, w.pos + sizeof(oid));
	der_wrap(&w, DER_CONTEXT_0, sizeof(buf));
	if (w.overflow) {
		*why = "a shorter address";
		return -EINVAL;
	}
	return set(id, ID_DER_ASN1_GN, buf + w.pos, sizeof(buf) - w.pos);
}

static bool is_name(enum id_type type)
{
	return type == ID_FQDN || type == ID_USER_FQDN;
}

static int set_regex(struct identity *id, enum id_type type, const char *text,
		     const char **why)
{
	int ret;

	if (!is_name(type) && type != ID_DER_ASN1_DN) {
		*why = "a regular expression behind fqdn:, email: or asn1dn: alone";
		return -EINVAL;
	}
	ret = set(id, type, text, strlen(text));
	if (ret)
		return ret;
	ret = idregex_new(text, &id->regex, why);
	if (ret)
		identity_clear(id);
	return ret;
}

/* Bytes are what they are: a name with a dot at its end is another name. */
static void doubt_dot(const char *text, const char **why)
{
	size_t len = strlen(text);

	if (len > 1 && text[len - 1] == '.')
		*why = "it fits a name with the dot at its end alone; leave out the dot, which hardly any peer sends";
}

/* Text of a type that a prefix forced. */
static int set_text(struct identity *id, enum id_type type, const char *text,
		    const char **why)
{
	struct layout l = layout_of(type);
	uint8_t buf[32];
	int ret;

	if (*text == '#')
		return set_hex(id, type, text + 1, why);
	if (idregex_is(text))
		return set_regex(id, type, text, why);

	if (l.family) {
		if (parse_addr(text, l.family, buf) != (int)type) {
			*why = "an address, a subnet ADDRESS/LENGTH or a range FIRST-LAST, as the prefix says";
			return -EINVAL;
		}
		return set(id, type, buf, (l.form == ADDR ? 1 : 2) * l.addr_len);
	}
	if (type == ID_DER_ASN1_DN) {
		ret = set_dn(id, text, why);
		return ret == -ENOENT ? -EINVAL : ret;
	}
	ret = set(id, type, text, type == ID_ANY ? 0 : strlen(text));
	if (!ret && type == ID_FQDN)
		doubt_dot(text, why);
	return ret;
}

static int parse_prefixed(const char *text, struct identity *id, bool *found,
			  const char **why)
{
	static const struct {
		const char *prefix;
		enum id_type type;
	} prefixes[] = {
		{ "ipv4:",	ID_IPV4_ADDR },
		{ "ipv6:",	ID_IPV6_ADDR },
		{ "ipv4net:",	ID_IPV4_ADDR_SUBNET },
		{ "ipv6net:",	ID_IPV6_ADDR_SUBNET },
		{ "ipv4range:",	ID_IPV4_ADDR_RANGE },
		{ "ipv6range:",	ID_IPV6_ADDR_RANGE },
		{ "rfc822:",	ID_USER_FQDN },
		{ "email:",	ID_USER_FQDN },
		{ "userfqdn:",	ID_USER_FQDN },
		{ "fqdn:",	ID_FQDN },
		{ "dns:",	ID_FQDN },
		{ "asn1dn:",	ID_DER_ASN1_DN },
		{ "asn1gn:",	ID_DER_ASN1_GN },
		{ "keyid:",	ID_KEY_ID },
		/* strongSwan's own, of certificates */
		{ "uri:",	ID_URI },
	};
	unsigned long type;
	char *end;
	size_t i, len;

	*found = true;
	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		len = strlen(prefixes[i].prefix);
		if (!strncasecmp(text, prefixes[i].prefix, len))
			return set_text(id, prefixes[i].type, text + len, why);
	}
	if (!strncasecmp(text, "xmppaddr:", 9))
		return set_xmpp(id, text + 9, why);

	if (*text == '{') {
		type = strtoul(text + 1, &end, 0);
		if (isdigit((unsigned char)text[1]) && !strncmp(end, "}:", 2) &&
		    type <= UINT8_MAX)
			return set_text(id, type, end + 2, why);
		*why = "{NUMBER}: with a type of 0 to 255";
		if (isdigit((unsigned char)text[1]) || !strncmp(end, "}:", 2))
			return -EINVAL;
		*why = NULL;
	}

	*found = false;
	return 0;
}

static bool names_any(const char *text)
{
	static const char * const any[] = {
		"%any", "%any6", "*", "0.0.0.0", "::", "0::0",
	};
	size_t i;

	for (i = 0; i < sizeof(any) / sizeof(any[0]); i++) {
		if (!strcmp(text, any[i]))
			return true;
	}
	return false;
}

/* Is what stands before @end an address, a subnet or a range? */
static bool addr_before(const char *text, const char *end)
{
	char addr[INET6_ADDRSTRLEN];
	size_t len = end - text;
	uint8_t buf[32];

	if (len >= sizeof(addr))
		return false;
	memcpy(addr, text, len);
	addr[len] = '\0';
	return parse_addr(addr, strchr(addr, ':') ? AF_INET6 : AF_INET, buf) >= 0;
}

/*
 * Could it have been meant as an address, though it is none? A MAC address, or
 * the hexadecimal bytes of another key id, is not. strongSwan reads 10.0.0.0/x as
 * 10.0.0.0/0.
 */
static bool like_addr(const char *text)
{
	const char *slash = strchr(text, '/');

	if (slash && addr_before(text, slash))
		return true;
	if (!strchr(text, ':'))
		return strchr(text, '.') && !text[strspn(text, "0123456789./- ")];
	return !text[strspn(text, "0123456789abcdefABCDEF:./- ")] &&
	       (strstr(text, "::") || strpbrk(text, "/-"));
}

/* Forms that others have, or that say more than an identity has. */
static const char *slip(const char *text)
{
	size_t len = strlen(text), n;

	if (idregex_is(text))
		return "the type before a regular expression: fqdn:^...$, email:^...$ or asn1dn:^...$";
	if (*text == '%')
		return "%any for any, or the identity itself as 'ipsec-qos daemon status' shows it; in a distinguished name * stands for any value (C=CH, O=Acme, CN=*)";
	if (!strncmp(text, "@[", 2) && text[len - 1] == ']')
		return "keyid:NAME for a key id, which others write @[NAME]; or fqdn:[NAME] for a name with brackets";

	n = *text == '[';
	len = strcspn(text + n, "[]%");
	if ((n || text[len]) && addr_before(text + n, text + n + len))
		return "the address alone, without brackets, port or interface: an identity has none";
	len = strcspn(text, ":");
	if (text[len] && addr_before(text, text + len) &&
	    !text[len + 1 + strspn(text + len + 1, "0123456789")])
		return "the address alone, without a port: an identity has none";
	return NULL;
}

/* With a '=' in it, and no DN: strongSwan makes a key id of it. */
static int set_other(struct identity *id, const char *text, const char **why)
{
	*why = strchr(text, '@') ?
	       "it is taken for a key id, as strongSwan does with a '=' in it: write email: before it where the peer sends an email address, else keyid:" :
	       "it is taken for a key id, as strongSwan does: write keyid: before it where that is meant; a distinguished name has types such as C, ST (not S), L, O, OU and CN, or object identifiers such as 2.5.4.97";
	return set(id, ID_KEY_ID, text, strlen(text));
}

static int parse_guessed(const char *text, struct identity *id, const char **why)
{
	bool colon = strchr(text, ':');
	const char *wrong;
	uint8_t buf[32];
	int type, ret;
	size_t len;

	if (names_any(text))
		return set(id, ID_ANY, NULL, 0);
	wrong = slip(text);
	if (wrong) {
		*why = wrong;
		return -EINVAL;
	}

	if (strchr(text, '=')) {
		ret = set_dn(id, text, why);
		return ret == -ENOENT ? set_other(id, text, why) : ret;
	}

	if (strchr(text, '@')) {
		if (*text != '@')
			return set(id, ID_USER_FQDN, text, strlen(text));
		if (text[1] == '#')
			return set_hex(id, ID_KEY_ID, text + 2, why);
		if (text[1] == '@')
			return set(id, ID_USER_FQDN, text + 2, strlen(text + 2));
		doubt_dot(text + 1, why);
		return set(id, ID_FQDN, text + 1, strlen(text + 1));
	}

	type = parse_addr(text, colon ? AF_INET6 : AF_INET, buf);
	if (type >= 0) {
		struct layout l = layout_of(type);

		return set(id, type, buf, (l.form == ADDR ? 1 : 2) * l.addr_len);
	}
	if (like_addr(text)) {
		*why = "an address, a subnet ADDRESS/LENGTH or a range FIRST-LAST";
		return -EINVAL;
	}
	len = strlen(text);
	if (colon)
		return set(id, ID_KEY_ID, text, len);
	if (len > 1 && text[len - 1] == '.')
		len--;
	return set(id, ID_FQDN, text, len);
}

int identity_parse(const char *text, struct identity *id, const char **why)
{
	const char *wrong;
	bool found;
	int ret;

	memset(id, 0, sizeof(*id));
	*why = NULL;

	if (!*text) {
		*why = "an identity; %any stands for any";
		return -EINVAL;
	}
	if (strlen(text) > TEXT_LEN_MAX) {
		*why = "at most 2048 bytes";
		return -EINVAL;
	}

	ret = parse_prefixed(text, id, &found, why);
	if (!ret && !found)
		ret = parse_guessed(text, id, why);
	if (ret == -ENOMEM)
		*why = "out of memory";
	if (ret || id->regex)
		return ret;

	wrong = "at most 2048 bytes";
	if (id->len > IDENTITY_LEN_MAX)
		goto invalid;
	if (!well_formed(id, &wrong))
		goto invalid;
	wrong = "'*' only at the beginning of a name, where it stands for anything; for more a regular expression, fqdn:^...$ or email:^...$";
	if (is_name(id->type) &&
	    /* they have bytes: they are well-formed */
	    memchr(id->data + 1, '*', id->len - 1)) /* NOLINT(clang-analyzer-core.NonNullParamChecker) */
		goto invalid;
	return 0;

invalid:
	*why = wrong;
	identity_clear(id);
	return -EINVAL;
}

static void format_addr(const struct identity *id, struct text *t)
{
	struct layout l = layout_of(id->type);
	char addr[INET6_ADDRSTRLEN];

	text_put(t, "%s", inet_ntop(l.family, id->data, addr, sizeof(addr)));
	if (l.form == SUBNET)
		text_put(t, "/%d", prefix_len(id->data + l.addr_len, l.addr_len));
	else if (l.form == RANGE)
		text_put(t, "-%s", inet_ntop(l.family, id->data + l.addr_len,
					     addr, sizeof(addr)));
}

static bool same_bytes(const struct identity *a, const struct identity *b)
{
	return a->len == b->len && (!a->len || !memcmp(a->data, b->data, a->len));
}

/* Does a text say an identity, that one and no other? */
static bool says(const char *text, const struct identity *id)
{
	struct identity back;
	const char *why;
	bool same;

	if (identity_parse(text, &back, &why))
		return false;
	/* what kind of string a DN's values are does not show, nor count */
	same = back.type == id->type && !back.regex &&
	       (id->type == ID_DER_ASN1_DN ?
		!dn_match(id->data, id->len, back.data, back.len, DN_STRICT) :
		same_bytes(id, &back));
	identity_clear(&back);
	return same;
}

/* How a type is written: the first form that says what it is to say. */
static const struct form {
	enum id_type type;
	const char *prefix;
	bool hex;
	enum dn_style style;
} forms[] = {
	{ ID_FQDN, "" }, { ID_FQDN, "@" }, { ID_FQDN, "fqdn:" },
	{ ID_FQDN, "fqdn:#", true },
	{ ID_USER_FQDN, "" }, { ID_USER_FQDN, "@@" }, { ID_USER_FQDN, "email:" },
	{ ID_USER_FQDN, "email:#", true },
	{ ID_IPV4_ADDR, "" }, { ID_IPV4_ADDR, "ipv4:#", true },
	{ ID_IPV6_ADDR, "" }, { ID_IPV6_ADDR, "ipv6:#", true },
	{ ID_IPV4_ADDR_SUBNET, "" }, { ID_IPV4_ADDR_RANGE, "" },
	{ ID_IPV6_ADDR_SUBNET, "" }, { ID_IPV6_ADDR_RANGE, "" },
	{ ID_DER_ASN1_DN, "", .style = DN_PLAIN },
	{ ID_DER_ASN1_DN, "", .style = DN_SAFE },
	{ ID_DER_ASN1_DN, "asn1dn:#", true },
	{ ID_DER_ASN1_GN, "asn1gn:#", true },
	{ ID_KEY_ID, "keyid:" }, { ID_KEY_ID, "@#", true },
};

static void format_as(const struct identity *id, const struct form *form,
		      struct text *t)
{
	text_put(t, "%s", form->prefix);
	if (form->hex)
		text_hex(t, id->data, id->len);
	else if (id->type == ID_DER_ASN1_DN)
		dn_format(id->data, id->len, form->style, t);
	else if (layout_of(id->type).family)
		format_addr(id, t);
	else
		text_utf8(t, id->data, id->len);
}

static void format_regex(const struct identity *id, struct text *t)
{
	text_put(t, "%s", id->type == ID_DER_ASN1_DN ? "asn1dn:" :
			  id->type == ID_FQDN ? "fqdn:" : "email:");
	text_utf8(t, id->data, id->len);
}

void identity_format(const struct identity *id, char *buf, size_t size)
{
	const struct form *form, *first = NULL;
	char whole[SHOWN_MAX];
	bool name = is_name(id->type) || id->type >= ID_KEY_ID;
	const char *why;
	struct text t;

	text_begin(&t, buf, size);
	if (id->type == ID_ANY) {
		text_put(&t, "%%any");
		return;
	}
	if (id->regex) {
		format_regex(id, &t);
		return;
	}
	if (!name && !well_formed(id, &why)) {
		text_put(&t, "(invalid %s)", identity_type_name(id->type));
		return;
	}
	for (form = forms; form < forms + sizeof(forms) / sizeof(*forms); form++) {
		if (form->type != id->type)
			continue;
		text_begin(&t, whole, sizeof(whole));
		format_as(id, form, &t);
		if (says(whole, id))
			break;
		if (!first)
			first = form;
	}
	text_begin(&t, buf, size);
	if (form < forms + sizeof(forms) / sizeof(*forms)) {
		text_put(&t, "%s", whole);
	} else if (first) {
		format_as(id, first, &t);
	} else {
		/* none at all are not hexadecimal digits */
		text_put(&t, "{%d}:%s", id->type, id->len ? "#" : "");
		text_hex(&t, id->data, id->len);
	}
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool same_name(const uint8_t *a, const uint8_t *b, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (lower(a[i]) != lower(b[i]))
			return false;
	}
	return true;
}

static unsigned int match_name(const struct identity *id,
			       const struct identity *pattern)
{
	const uint8_t *end = id->data + id->len;
	size_t tail = pattern->len - 1;

	if (id->len == pattern->len && same_name(id->data, pattern->data, id->len))
		return IDENTITY_MATCH_EXACT;
	if (*pattern->data != '*' || id->len <= tail)
		return 0;
	if (!same_name(end - tail, pattern->data + 1, tail))
		return 0;
	/* "*" alone is still for one type only */
	return IDENTITY_MATCH_ANY + 1 + tail;
}

/*
 * How specific the range from @first to @last is: exact where it holds one
 * address, else the less the more it holds. What is taken off is the number of
 * addresses but one as a floating-point number: 20 bits behind the leading one,
 * its exponent above them.
 */
static unsigned int range_weight(const uint8_t *first, const uint8_t *last, size_t len)
{
	uint8_t diff[16] = { 0 };
	unsigned int code, i;
	size_t top, bits = 8 * len;
	int d = 0;

	for (i = len; i--;) {
		d += last[i] - first[i];
		diff[i] = d;
		d >>= 8;	/* the borrow */
	}

	for (top = 0; top < bits && !(diff[top / 8] & 0x80 >> top % 8); top++)
		;
	if (top == bits)
		return IDENTITY_MATCH_EXACT;

	code = bits - top;
	for (i = 0; i < 20; i++) {
		code <<= 1;
		top++;
		if (top < bits && diff[top / 8] & 0x80 >> top % 8)
			code |= 1;
	}
	return IDENTITY_MATCH_EXACT - code;
}

static unsigned int match_addr(const struct identity *id,
			       const struct identity *pattern)
{
	struct layout l = layout_of(pattern->type);
	uint8_t first[16], last[16];
	size_t i;

	memcpy(first, pattern->data, l.addr_len);
	memcpy(last, pattern->data + l.addr_len, l.addr_len);
	if (l.form == SUBNET) {
		for (i = 0; i < l.addr_len; i++) {
			first[i] &= last[i];
			last[i] = first[i] | (uint8_t)~last[i];
		}
	}

	if (memcmp(id->data, first, l.addr_len) < 0 ||
	    memcmp(id->data, last, l.addr_len) > 0)
		return 0;
	return range_weight(first, last, l.addr_len);
}

/* Whether well-formed or not, no byte is read that is not there. */
static unsigned int compare(const struct identity *id,
			    const struct identity *pattern)
{
	struct layout l;
	int wildcards;

	if (id->type != pattern->type) {
		l = layout_of(pattern->type);
		if (l.family && l.form != ADDR && pattern->len == 2 * l.addr_len &&
		    id->len == l.addr_len &&
		    id->type == (l.family == AF_INET ? ID_IPV4_ADDR : ID_IPV6_ADDR))
			return match_addr(id, pattern);
		return 0;
	}
	if (same_bytes(id, pattern))
		/* what stands for any value in patterns is no value */
		return id->type == ID_DER_ASN1_DN && dn_has_any(id->data, id->len) ?
		       0 : IDENTITY_MATCH_EXACT;

	switch (pattern->type) {
	case ID_FQDN:
	case ID_USER_FQDN:
		return id->len && pattern->len ? match_name(id, pattern) : 0;
	case ID_DER_ASN1_DN:
		wildcards = dn_match(id->data, id->len, pattern->data,
				     pattern->len, id->matching);
		return wildcards < 0 ? 0 : IDENTITY_MATCH_EXACT - wildcards;
	default:
		return 0;
	}
}

/*
 * As strongSwan, whose text of an identity has no more characters; but no value fits
 * what is meant for several parts.
 */
static unsigned int match_regex(const struct identity *id,
				const struct identity *pattern)
{
	char buf[REGEX_TEXT_MAX];
	const char *why;
	struct text t;
	size_t i;

	if (id->type != pattern->type || !well_formed(id, &why) ||
	    (id->type == ID_DER_ASN1_DN && dn_looks_longer(id->data, id->len)))
		return 0;
	text_begin(&t, buf, sizeof(buf));
	if (id->type == ID_DER_ASN1_DN)
		dn_format(id->data, id->len, DN_STRONGSWAN, &t);
	for (i = 0; id->type != ID_DER_ASN1_DN && i < id->len; i++)
		text_put(&t, "%c", isprint(id->data[i]) ? id->data[i] : '?');
	return t.left > 1 && idregex_fits(pattern->regex, buf) ?
	       IDENTITY_MATCH_ANY + 1 : 0;
}

unsigned int identity_match(const struct identity *id,
			    const struct identity *pattern)
{
	unsigned int weight;
	const char *why;

	if (pattern->type == ID_ANY)
		return IDENTITY_MATCH_ANY;
	if (id->regex)
		return 0;
	if (pattern->regex)
		return match_regex(id, pattern);

	/* most do not match: that is cheaper to find than what is malformed */
	weight = compare(id, pattern);
	return weight && well_formed(id, &why) && well_formed(pattern, &why) ? weight : 0;
}
