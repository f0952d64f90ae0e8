// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an attribute of the feed looks like, and how those of a message are written
 * and read. It neither allocates nor reads or writes anything but its arguments.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>

#include "lib/feed/attr.h"
#include "lib/feed/feed.h"

/**
 * struct attr_spec - what an attribute looks like, in whichever message
 *
 * @min: a number's least value
 * @max: its greatest; of a string how many bytes, the NUL included; of bytes how many
 * @bad: what is said where size or value is wrong
 * @missing: where it is required and not there
 * @foreign: where the message does not have it
 * @twice: where it is there more often than it may be
 * @nothing: where it would have been left out
 */
struct attr_spec {
	uint64_t min;
	uint64_t max;
	const char *bad;
	const char *missing;
	const char *foreign;
	const char *twice;
	const char *nothing;
};

#define ATTR(NAME, min_, max_, expected)				\
	[IQ_FEED_A_##NAME] = {						\
		.min = (min_),						\
		.max = (max_),						\
		.bad = "bad " #NAME ", expected " expected,		\
		.missing = #NAME " is missing",				\
		.foreign = #NAME " does not belong to this message",	\
		.twice = #NAME " is there more often than it may be",	\
		.nothing = "bad " #NAME ", expected none where it is 0",	\
	}

static const struct attr_spec attr_specs[IQ_FEED_A_MAX + 1] = {
	ATTR(VERSION, 0, UINT32_MAX, "a u32"),
	ATTR(ROLE, IQ_FEED_ROLE_CHARON, IQ_FEED_ROLE_COMMAND, "a u8, a role"),
	ATTR(ERROR, 0, INT32_MAX, "a u32, a positive errno or 0"),
	ATTR(MESSAGE, 0, IQ_FEED_WHY_MAX,
	     "a string of at most 1024 bytes that ends with its NUL"),
	ATTR(GROUP, 0, UINT32_MAX, "a u32"),
	ATTR(IKE_ID, 0, UINT32_MAX, "a u32"),
	ATTR(IKE_VERSION, 1, 2, "a u8, 1 or 2"),
	/* RFC 7296 section 3.1: the initiator's SPI is never zero */
	ATTR(SPI_I, 1, UINT64_MAX, "a u64 that is not 0"),
	ATTR(SPI_R, 0, UINT64_MAX, "a u64"),
	ATTR(LOCAL, 0, 0, "4 or 16 bytes"),
	ATTR(LOCAL_PORT, 0, UINT16_MAX, "a u16"),
	ATTR(REMOTE, 0, 0, "4 or 16 bytes"),
	ATTR(REMOTE_PORT, 0, UINT16_MAX, "a u16"),
	ATTR(IDENTITY, 0, 0,
	     "type, round, proof, a method's name with its NUL, and at most 2048 bytes"),
	ATTR(CONN, 0, IQ_FEED_STR_MAX,
	     "a string of at most 256 bytes that ends with its NUL"),
	ATTR(CHILD_ID, 0, UINT32_MAX, "a u32"),
	ATTR(CHILD, 0, IQ_FEED_STR_MAX,
	     "a string of at most 256 bytes that ends with its NUL"),
	ATTR(REQID, 0, UINT32_MAX, "a u32"),
	/* its range has a hole, see good_number() */
	ATTR(PROTO, IPPROTO_ESP, IPPROTO_AH, "a u8, IPPROTO_ESP or IPPROTO_AH"),
	/* RFC 4303 section 2.1: 0 to 255 are reserved */
	ATTR(SPI_IN, 256, UINT32_MAX, "a u32, 256 or more"),
	ATTR(SPI_OUT, 256, UINT32_MAX, "a u32, 256 or more"),
	ATTR(ENCAP, 0, 1, "a u8, 0 or 1"),
	ATTR(DST, 0, 0, "4 or 16 bytes"),
	ATTR(SPI, 256, UINT32_MAX, "a u32, 256 or more"),
	ATTR(PENDING, 0, 0, "no bytes"),
	ATTR(QUERY, IQ_FEED_QUERY_STATUS, IQ_FEED_QUERY_ADMIT, "a u8, a query"),
	/* an identity as text: a DN is longer than a name */
	ATTR(ARG, 0, IQ_FEED_ID_MAX,
	     "a string of at most 2048 bytes that ends with its NUL"),
	ATTR(TEXT, 0, IQ_FEED_MSG_MAX, "a string that ends with its NUL"),
	ATTR(PASSED_OVER, 0, UINT32_MAX, "a u32"),
	/* the lower half is not 0, see good_number() */
	ATTR(MARK_IN, 1, UINT64_MAX, "a u64 with a mask"),
	ATTR(MARK_OUT, 1, UINT64_MAX, "a u64 with a mask"),
	ATTR(SET_MARK_IN, 1, UINT64_MAX, "a u64 with a mask"),
	ATTR(SET_MARK_OUT, 1, UINT64_MAX, "a u64 with a mask"),
	ATTR(MEMBER_OF, 0, 0, "type, round, proof, and 1 to 255 bytes"),
	ATTR(RDN_MATCHING, 0, 2, "a u8, 0 to 2"),
	ATTR(TIMEOUT, 1, IQ_FEED_TIMEOUT_MAX, "a u32, 1 to 300000"),
	ATTR(HOME, 0, IQ_FEED_BUCKETS_BYTES, "512 bytes"),
	ATTR(ELEMENT, 0, IQ_FEED_STR_MAX,
	     "a string of at most 256 bytes that ends with its NUL"),
};

static bool good_number(int attr, uint64_t value)
{
	switch (attr) {
	case IQ_FEED_A_PROTO:
		return value == IPPROTO_ESP || value == IPPROTO_AH;
	case IQ_FEED_A_MARK_IN:
	case IQ_FEED_A_MARK_OUT:
	case IQ_FEED_A_SET_MARK_IN:
	case IQ_FEED_A_SET_MARK_OUT:
		return (uint32_t)value;
	default:
		return value >= attr_specs[attr].min &&
		       value <= attr_specs[attr].max;
	}
}

static size_t addr_len(const struct iq_addr *addr)
{
	switch (addr->family) {
	case AF_INET:
		return 4;
	case AF_INET6:
		return 16;
	default:
		return 0;
	}
}

static int put_bytes(struct nlmsghdr *nlh, size_t size, int attr,
		     const void *data, size_t len)
{
	size_t pad = MNL_ALIGN(len) - len;

	if (!mnl_attr_put_check(nlh, size, attr, len, data))
		return -EMSGSIZE;
	/* libmnl before 1.0.5 leaves there what was there before */
	memset((char *)mnl_nlmsg_get_payload_tail(nlh) - pad, 0, pad);
	return 0;
}

/* How many bytes a method's name has with its NUL; 0: it is none. */
static size_t method_len(const char *method, size_t max)
{
	size_t len = 0;

	if (max > IQ_FEED_METHOD_MAX)
		max = IQ_FEED_METHOD_MAX;
	while (len < max && method[len] > ' ' && method[len] <= '~')
		len++;
	return len && len < max && !method[len] ? len + 1 : 0;
}

static int put_identities(struct nlmsghdr *nlh, size_t size, int attr,
			  const struct iq_feed_identities *ids)
{
	uint8_t bytes[3 + IQ_FEED_METHOD_MAX + IQ_FEED_ID_MAX];
	const struct iq_feed_identity *id;
	size_t len;
	int err;

	if (ids->n > IQ_FEED_IDS_MAX)
		return -EINVAL;
	for (id = ids->v; id < ids->v + ids->n; id++) {
		len = id->method ? method_len(id->method, SIZE_MAX) : 0;
		if (!len || id->proof > IQ_FEED_PROOF_XAUTH ||
		    id->len > IQ_FEED_ID_MAX || (id->len && !id->data))
			return -EINVAL;
		bytes[0] = id->type;
		bytes[1] = id->round;
		bytes[2] = id->proof;
		memcpy(bytes + 3, id->method, len);
		len += 3;
		if (id->len)
			memcpy(bytes + len, id->data, id->len);
		err = put_bytes(nlh, size, attr, bytes, len + id->len);
		if (err)
			return err;
	}
	return 0;
}

static int put_members(struct nlmsghdr *nlh, size_t size, int attr,
		       const struct iq_feed_members *members)
{
	uint8_t bytes[3 + IQ_FEED_MEMBER_MAX];
	const struct iq_feed_member *m;
	int err;

	if (members->n > IQ_FEED_MEMBERS_MAX)
		return -EINVAL;
	for (m = members->v; m < members->v + members->n; m++) {
		if (m->proof > IQ_FEED_PROOF_XAUTH || !m->data || !m->len ||
		    m->len > IQ_FEED_MEMBER_MAX)
			return -EINVAL;
		bytes[0] = m->type;
		bytes[1] = m->round;
		bytes[2] = m->proof;
		memcpy(bytes + 3, m->data, m->len);
		err = put_bytes(nlh, size, attr, bytes, 3 + m->len);
		if (err)
			return err;
	}
	return 0;
}

static bool get_identity(const uint8_t *data, size_t len, struct iq_feed_identities *ids)
{
	struct iq_feed_identity *id = &ids->v[ids->n];
	size_t method = len > 3 ? method_len((const char *)data + 3, len - 3) : 0;

	if (!method || data[2] > IQ_FEED_PROOF_XAUTH ||
	    len - 3 - method > IQ_FEED_ID_MAX)
		return false;
	id->type = data[0];
	id->round = data[1];
	id->proof = data[2];
	id->method = (const char *)data + 3;
	id->data = data + 3 + method;
	id->len = len - 3 - method;
	ids->n++;
	return true;
}

static bool get_member(const uint8_t *data, size_t len, struct iq_feed_members *members)
{
	struct iq_feed_member *m = &members->v[members->n];

	if (len < 4 || len > 3 + IQ_FEED_MEMBER_MAX ||
	    data[2] > IQ_FEED_PROOF_XAUTH)
		return false;
	m->type = data[0];
	m->round = data[1];
	m->proof = data[2];
	m->data = data + 3;
	m->len = len - 3;
	members->n++;
	return true;
}

/* The number that a member has; of other kinds, whether there is anything in it. */
static uint64_t number(const struct iq_feed_field *field, const void *member)
{
	switch (field->kind) {
	case IQ_FEED_U8:
		return *(const uint8_t *)member;
	case IQ_FEED_U16:
		return *(const uint16_t *)member;
	case IQ_FEED_U32:
		return *(const uint32_t *)member;
	case IQ_FEED_U64:
		return *(const uint64_t *)member;
	case IQ_FEED_BOOL:
	case IQ_FEED_FLAG:
		return *(const bool *)member;
	case IQ_FEED_ADDR:
		return ((const struct iq_addr *)member)->family;
	case IQ_FEED_STRING:
		return *(const char *const *)member != NULL;
	case IQ_FEED_BYTES:
		return *(const uint8_t *const *)member != NULL;
	case IQ_FEED_IDENTITIES:
		return ((const struct iq_feed_identities *)member)->n;
	case IQ_FEED_MEMBERS:
		return ((const struct iq_feed_members *)member)->n;
	default:
		return 0;
	}
}

static int put_number(struct nlmsghdr *nlh, size_t size, int attr, size_t len,
		      const void *member, uint64_t value)
{
	if (!good_number(attr, value))
		return -EINVAL;
	return put_bytes(nlh, size, attr, member, len);
}

static int put_string(struct nlmsghdr *nlh, size_t size, int attr,
		      const char *string)
{
	size_t max = attr_specs[attr].max, len;

	if (!string)
		return -EINVAL;
	len = strnlen(string, max);
	if (len == max)
		return -EINVAL;
	return put_bytes(nlh, size, attr, string, len + 1);
}

static int put_field(struct nlmsghdr *nlh, size_t size,
		     const struct iq_feed_field *field, const void *member)
{
	uint64_t value = number(field, member);
	const struct iq_addr *addr;
	int attr = field->attr;

	if (!value && !field->required)
		return 0;
	switch (field->kind) {
	case IQ_FEED_U8:
	case IQ_FEED_BOOL:
		/* a bool is a byte of 0 or 1 */
		return put_number(nlh, size, attr, sizeof(uint8_t), member, value);
	case IQ_FEED_U16:
		return put_number(nlh, size, attr, sizeof(uint16_t), member, value);
	case IQ_FEED_U32:
		return put_number(nlh, size, attr, sizeof(uint32_t), member, value);
	case IQ_FEED_U64:
		return put_number(nlh, size, attr, sizeof(uint64_t), member, value);
	case IQ_FEED_FLAG:
		return put_bytes(nlh, size, attr, NULL, 0);
	case IQ_FEED_ADDR:
		addr = member;
		if (!addr_len(addr))
			return -EINVAL;
		return put_bytes(nlh, size, attr, addr->b, addr_len(addr));
	case IQ_FEED_STRING:
		return put_string(nlh, size, attr, *(const char *const *)member);
	case IQ_FEED_BYTES:
		if (!value)
			return -EINVAL;
		return put_bytes(nlh, size, attr, *(const uint8_t *const *)member,
				 attr_specs[attr].max);
	case IQ_FEED_IDENTITIES:
		return put_identities(nlh, size, attr, member);
	case IQ_FEED_MEMBERS:
		return put_members(nlh, size, attr, member);
	default:
		return -EINVAL;
	}
}

int iq_feed_put_body(struct nlmsghdr *nlh, size_t size,
		     const struct iq_feed_form *form, const void *body)
{
	const struct iq_feed_field *field;
	size_t i;
	int err;

	if (form->check && form->check(body))
		return -EINVAL;
	for (i = 0; i < form->n; i++) {
		field = &form->fields[i];
		err = put_field(nlh, size, field,
				(const char *)body + field->offset);
		if (err)
			return err;
	}
	return 0;
}

static bool get_addr(const uint8_t *data, size_t len, struct iq_addr *addr)
{
	if (len != 4 && len != 16)
		return false;
	addr->family = len == 4 ? AF_INET : AF_INET6;
	memcpy(addr->b, data, len);
	return true;
}

static bool get_string(const uint8_t *data, size_t len, int attr,
		       const char **string)
{
	/* the only NUL is the last byte */
	if (!len || len > attr_specs[attr].max ||
	    memchr(data, '\0', len) != data + len - 1)
		return false;
	*string = (const char *)data;
	return true;
}

static bool get_number(const struct nlattr *nla, int attr, size_t size,
		       void *member)
{
	const void *data = mnl_attr_get_payload(nla);
	uint64_t value;

	if (mnl_attr_get_payload_len(nla) != size)
		return false;
	switch (size) {
	case sizeof(uint8_t):
		value = mnl_attr_get_u8(nla);
		break;
	case sizeof(uint16_t):
		value = mnl_attr_get_u16(nla);
		break;
	case sizeof(uint32_t):
		value = mnl_attr_get_u32(nla);
		break;
	default:
		/* not aligned; libmnl knows */
		value = mnl_attr_get_u64(nla);
		break;
	}
	if (!good_number(attr, value))
		return false;
	memcpy(member, data, size);
	return true;
}

static bool get_field(const struct nlattr *nla,
		      const struct iq_feed_field *field, void *member)
{
	const uint8_t *data = mnl_attr_get_payload(nla);
	size_t len = mnl_attr_get_payload_len(nla);

	switch (field->kind) {
	case IQ_FEED_U8:
	case IQ_FEED_BOOL:
		return get_number(nla, field->attr, sizeof(uint8_t), member);
	case IQ_FEED_U16:
		return get_number(nla, field->attr, sizeof(uint16_t), member);
	case IQ_FEED_U32:
		return get_number(nla, field->attr, sizeof(uint32_t), member);
	case IQ_FEED_U64:
		return get_number(nla, field->attr, sizeof(uint64_t), member);
	case IQ_FEED_FLAG:
		*(bool *)member = true;
		return !len;
	case IQ_FEED_ADDR:
		return get_addr(data, len, member);
	case IQ_FEED_STRING:
		return get_string(data, len, field->attr, member);
	case IQ_FEED_BYTES:
		*(const uint8_t **)member = data;
		return len == attr_specs[field->attr].max;
	case IQ_FEED_IDENTITIES:
		return get_identity(data, len, member);
	case IQ_FEED_MEMBERS:
		return get_member(data, len, member);
	default:
		return false;
	}
}

/* How often an attribute may be there. */
static uint64_t most(const struct iq_feed_field *field)
{
	switch (field->kind) {
	case IQ_FEED_IDENTITIES:
		return IQ_FEED_IDS_MAX;
	case IQ_FEED_MEMBERS:
		return IQ_FEED_MEMBERS_MAX;
	default:
		return 1;
	}
}

static const struct iq_feed_field *find_field(const struct iq_feed_form *form,
					      int attr)
{
	size_t i;

	for (i = 0; i < form->n; i++)
		if (form->fields[i].attr == attr)
			return &form->fields[i];
	return NULL;
}

/* NULL: it is read, else what is wrong with it. */
static const char *read_attr(const struct nlattr *nla,
			     const struct iq_feed_form *form, uint8_t *times,
			     void *body)
{
	const struct iq_feed_field *field;
	/* the raw type: neither nests nor byte order flags are ours */
	int attr = nla->nla_type;
	void *member;

	if (!attr || attr > IQ_FEED_A_MAX)
		return "unknown attribute";
	field = find_field(form, attr);
	if (!field)
		return attr_specs[attr].foreign;
	if (times[attr] >= most(field))
		return attr_specs[attr].twice;
	member = (char *)body + field->offset;
	if (!get_field(nla, field, member))
		return attr_specs[attr].bad;
	if (!field->required && !number(field, member))
		return attr_specs[attr].nothing;
	times[attr]++;
	return NULL;
}

int iq_feed_get_body(const struct nlmsghdr *nlh, const struct iq_feed_form *form,
		     void *body, const char **why)
{
	const char *tail = (const char *)nlh + nlh->nlmsg_len;
	const struct nlattr *nla = mnl_nlmsg_get_payload(nlh);
	const struct iq_feed_field *field;
	uint8_t times[IQ_FEED_A_MAX + 1] = {};
	size_t i;

	for (; (const char *)nla < tail; nla = mnl_attr_next(nla)) {
		/* it is padded, as the message is, so the last ends where that does */
		if (!mnl_attr_ok(nla, tail - (const char *)nla))
			*why = "an attribute does not end with the message";
		else
			*why = read_attr(nla, form, times, body);
		if (*why)
			return -EINVAL;
	}
	for (i = 0; i < form->n; i++) {
		field = &form->fields[i];
		if (field->required && !times[field->attr]) {
			*why = attr_specs[field->attr].missing;
			return -EINVAL;
		}
	}
	*why = form->check ? form->check(body) : NULL;
	return *why ? -EINVAL : 0;
}
