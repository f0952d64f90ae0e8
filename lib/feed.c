// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The feed's codec. Two tables say all there is to know about the protocol:
 * what an attribute looks like, and which attributes a message has. Pure: it
 * neither allocates nor reads or writes anything but its arguments.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>

#include "lib/feed.h"

enum kind {
	KIND_NONE,
	KIND_U8,
	KIND_U16,
	KIND_U32,
	KIND_U64,
	KIND_ADDR,
	KIND_STRING,
	KIND_IDENTITY,
	KIND_MEMBER,
	KIND_FLAG,
};

/**
 * struct attr_spec - what an attribute looks like
 *
 * @offset: of its field in struct iq_feed
 * @min: a number's least value
 * @max: its greatest; of a string how many bytes, the NUL included; of what may be
 *	there several times, how often
 * @bad: what iq_feed_get() says where size or value is wrong
 * @missing: where it is required and not there
 * @foreign: where the message's type does not have it
 * @twice: where it is there more often than it may be
 */
struct attr_spec {
	enum kind kind;
	size_t offset;
	uint64_t min;
	uint64_t max;
	const char *bad;
	const char *missing;
	const char *foreign;
	const char *twice;
};

#define ATTR(NAME, field, kind_, min_, max_, expected)			\
	[IQ_FEED_A_##NAME] = {						\
		.kind = KIND_##kind_,					\
		.offset = offsetof(struct iq_feed, field),		\
		.min = (min_),						\
		.max = (max_),						\
		.bad = "bad " #NAME ", expected " expected,		\
		.missing = #NAME " is missing",				\
		.foreign = #NAME " does not belong to this message",	\
		.twice = #NAME " is there more often than it may be",			\
	}

static const struct attr_spec attr_specs[IQ_FEED_A_MAX + 1] = {
	ATTR(VERSION, version, U32, 0, UINT32_MAX, "a u32"),
	ATTR(ROLE, role, U8, IQ_FEED_ROLE_CHARON, IQ_FEED_ROLE_COMMAND,
	     "a u8, a role"),
	ATTR(ERROR, error, U32, 0, INT32_MAX, "a u32, a positive errno or 0"),
	ATTR(MESSAGE, message, STRING, 0, IQ_FEED_WHY_MAX,
	     "a string of at most 1024 bytes that ends with its NUL"),
	ATTR(GROUP, group, U32, 0, UINT32_MAX, "a u32"),
	ATTR(IKE_ID, ike_id, U32, 0, UINT32_MAX, "a u32"),
	ATTR(IKE_VERSION, ike_version, U8, 1, 2, "a u8, 1 or 2"),
	/* RFC 7296 section 3.1: the initiator's SPI is never zero */
	ATTR(SPI_I, spi_i, U64, 1, UINT64_MAX, "a u64 that is not 0"),
	ATTR(SPI_R, spi_r, U64, 0, UINT64_MAX, "a u64"),
	ATTR(LOCAL, local, ADDR, 0, 0, "4 or 16 bytes"),
	ATTR(LOCAL_PORT, local_port, U16, 0, UINT16_MAX, "a u16"),
	ATTR(REMOTE, remote, ADDR, 0, 0, "4 or 16 bytes"),
	ATTR(REMOTE_PORT, remote_port, U16, 0, UINT16_MAX, "a u16"),
	ATTR(IDENTITY, ids, IDENTITY, 0, IQ_FEED_IDS_MAX,
	     "type, round, proof, a method's name with its NUL, and at most 2048 bytes"),
	ATTR(CONN, conn, STRING, 0, IQ_FEED_STR_MAX,
	     "a string of at most 256 bytes that ends with its NUL"),
	ATTR(CHILD_ID, child_id, U32, 0, UINT32_MAX, "a u32"),
	ATTR(CHILD, child, STRING, 0, IQ_FEED_STR_MAX,
	     "a string of at most 256 bytes that ends with its NUL"),
	ATTR(REQID, reqid, U32, 0, UINT32_MAX, "a u32"),
	/* its range has a hole, see good_number() */
	ATTR(PROTO, proto, U8, IPPROTO_ESP, IPPROTO_AH,
	     "a u8, IPPROTO_ESP or IPPROTO_AH"),
	/* RFC 4303 section 2.1: 0 to 255 are reserved */
	ATTR(SPI_IN, spi_in, U32, 256, UINT32_MAX, "a u32, 256 or more"),
	ATTR(SPI_OUT, spi_out, U32, 256, UINT32_MAX, "a u32, 256 or more"),
	ATTR(ENCAP, encap, U8, 0, 1, "a u8, 0 or 1"),
	ATTR(DST, dst, ADDR, 0, 0, "4 or 16 bytes"),
	ATTR(SPI, spi, U32, 256, UINT32_MAX, "a u32, 256 or more"),
	ATTR(PENDING, pending, FLAG, 0, 0, "no bytes"),
	ATTR(QUERY, query, U8, IQ_FEED_QUERY_STATUS, IQ_FEED_QUERY_DAEMON,
	     "a u8, a query"),
	/* an identity as text: a DN is longer than a name */
	ATTR(ARG, arg, STRING, 0, IQ_FEED_ID_MAX,
	     "a string of at most 2048 bytes that ends with its NUL"),
	ATTR(TEXT, text, STRING, 0, IQ_FEED_MSG_MAX,
	     "a string that ends with its NUL"),
	ATTR(PASSED_OVER, passed_over, U32, 0, UINT32_MAX, "a u32"),
	/* the lower half is not 0, see good_number() */
	ATTR(MARK_IN, mark_in, U64, 1, UINT64_MAX, "a u64 with a mask"),
	ATTR(MARK_OUT, mark_out, U64, 1, UINT64_MAX, "a u64 with a mask"),
	ATTR(SET_MARK_IN, set_mark_in, U64, 1, UINT64_MAX, "a u64 with a mask"),
	ATTR(SET_MARK_OUT, set_mark_out, U64, 1, UINT64_MAX,
	     "a u64 with a mask"),
	ATTR(MEMBER_OF, members, MEMBER, 0, IQ_FEED_MEMBERS_MAX,
	     "type, round, proof, and 1 to 255 bytes"),
	ATTR(RDN_MATCHING, rdn_matching, U8, 0, 2, "a u8, 0 to 2"),
};

/**
 * struct msg_spec - which attributes a message has, as IQ_FEED_HAS() bits
 */
struct msg_spec {
	uint64_t required;
	uint64_t optional;
};

#define MSG(NAME) [IQ_FEED_##NAME - IQ_FEED_HELLO]
#define A(NAME) IQ_FEED_HAS(NAME)
#define MARKS (A(MARK_IN) | A(MARK_OUT) | A(SET_MARK_IN) | A(SET_MARK_OUT))

static const struct msg_spec msg_specs[] = {
	/* the daemon's HELLO has no role */
	MSG(HELLO) = { A(VERSION), A(ROLE) },
	MSG(ACK) = { A(ERROR), A(MESSAGE) | A(GROUP) },
	MSG(SYNC_START) = { 0, 0 },
	MSG(SYNC_END) = { 0, A(PASSED_OVER) },
	MSG(IKE) = {
		A(IKE_ID) | A(IKE_VERSION) | A(SPI_I) | A(SPI_R) | A(LOCAL) |
		A(LOCAL_PORT) | A(REMOTE) | A(REMOTE_PORT) | A(CONN),
		A(IDENTITY) | A(MEMBER_OF) | A(RDN_MATCHING),
	},
	MSG(IKE_DEL) = { A(IKE_ID) | A(SPI_I) | A(SPI_R), 0 },
	MSG(SA) = { A(IKE_ID) | A(DST) | A(SPI) | A(PROTO), A(PENDING) },
	MSG(SA_DEL) = { A(DST) | A(SPI) | A(PROTO), 0 },
	MSG(CHILD) = {
		A(IKE_ID) | A(CHILD_ID) | A(CHILD) | A(REQID) | A(PROTO) |
		A(SPI_IN) | A(SPI_OUT) | A(LOCAL) | A(REMOTE) | A(ENCAP),
		MARKS,
	},
	MSG(CHILD_DEL) = { A(CHILD_ID), 0 },
	MSG(QUERY) = { A(QUERY), A(ARG) },
	MSG(ANSWER) = { A(TEXT), 0 },
	MSG(PASSED_OVER) = { A(PASSED_OVER), 0 },
};

#define N_MSGS (sizeof(msg_specs) / sizeof(msg_specs[0]))
#define FLAGS (NLM_F_ACK | NLM_F_MULTI)

static const struct msg_spec *msg_spec(uint16_t type)
{
	if (type < IQ_FEED_HELLO || type - IQ_FEED_HELLO >= (int)N_MSGS)
		return NULL;
	return &msg_specs[type - IQ_FEED_HELLO];
}

static bool good_number(int attr, uint64_t value)
{
	if (attr == IQ_FEED_A_PROTO)
		return value == IPPROTO_ESP || value == IPPROTO_AH;
	if (MARKS & (1ULL << attr))
		return (uint32_t)value;
	return value >= attr_specs[attr].min && value <= attr_specs[attr].max;
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
			  const struct iq_feed *msg)
{
	uint8_t bytes[3 + IQ_FEED_METHOD_MAX + IQ_FEED_ID_MAX];
	const struct iq_feed_identity *id;
	size_t len;
	int err;

	if (!msg->n_ids || msg->n_ids > IQ_FEED_IDS_MAX)
		return -EINVAL;
	for (id = msg->ids; id < msg->ids + msg->n_ids; id++) {
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
		       const struct iq_feed *msg)
{
	uint8_t bytes[3 + IQ_FEED_MEMBER_MAX];
	const struct iq_feed_member *m;
	int err;

	if (!msg->n_members || msg->n_members > IQ_FEED_MEMBERS_MAX)
		return -EINVAL;
	for (m = msg->members; m < msg->members + msg->n_members; m++) {
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

static bool get_member(const uint8_t *data, size_t len, struct iq_feed *msg)
{
	struct iq_feed_member *m = &msg->members[msg->n_members];

	if (len < 4 || len > 3 + IQ_FEED_MEMBER_MAX ||
	    data[2] > IQ_FEED_PROOF_XAUTH)
		return false;
	m->type = data[0];
	m->round = data[1];
	m->proof = data[2];
	m->data = data + 3;
	m->len = len - 3;
	msg->n_members++;
	return true;
}

/* How often an attribute is there that may be there more than once. */
static size_t times(const struct iq_feed *msg, int attr)
{
	switch (attr_specs[attr].kind) {
	case KIND_IDENTITY:
		return msg->n_ids;
	case KIND_MEMBER:
		return msg->n_members;
	default:
		return SIZE_MAX;
	}
}

static bool get_identity(const uint8_t *data, size_t len, struct iq_feed *msg)
{
	struct iq_feed_identity *id = &msg->ids[msg->n_ids];
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
	msg->n_ids++;
	return true;
}

static int put_attr(struct nlmsghdr *nlh, size_t size, int attr,
		    const struct iq_feed *msg)
{
	const struct attr_spec *spec = &attr_specs[attr];
	const void *field = (const char *)msg + spec->offset;
	const char *string;
	uint64_t number;
	size_t len;

	switch (spec->kind) {
	case KIND_U8:
		/* encap is a bool, which is a byte of 0 or 1 */
		number = *(const uint8_t *)field;
		len = sizeof(uint8_t);
		break;
	case KIND_U16:
		number = *(const uint16_t *)field;
		len = sizeof(uint16_t);
		break;
	case KIND_U32:
		number = *(const uint32_t *)field;
		len = sizeof(uint32_t);
		break;
	case KIND_U64:
		number = *(const uint64_t *)field;
		len = sizeof(uint64_t);
		break;
	case KIND_ADDR:
		len = addr_len(field);
		if (!len)
			return -EINVAL;
		return put_bytes(nlh, size, attr,
				 ((const struct iq_addr *)field)->b, len);
	case KIND_STRING:
		string = *(const char *const *)field;
		len = string ? strnlen(string, spec->max) : spec->max;
		if (len >= spec->max)
			return -EINVAL;
		return put_bytes(nlh, size, attr, string, len + 1);
	case KIND_IDENTITY:
		return put_identities(nlh, size, attr, msg);
	case KIND_MEMBER:
		return put_members(nlh, size, attr, msg);
	case KIND_FLAG:
		return put_bytes(nlh, size, attr, NULL, 0);
	default:
		return -EINVAL;
	}

	if (!good_number(attr, number))
		return -EINVAL;
	return put_bytes(nlh, size, attr, field, len);
}

int iq_feed_put(void *buf, size_t size, const struct iq_feed *msg)
{
	const struct msg_spec *spec = msg_spec(msg->type);
	struct nlmsghdr *nlh;
	int attr, err;

	if (!spec || (msg->flags & ~FLAGS) ||
	    (msg->has & spec->required) != spec->required ||
	    (msg->has & ~(spec->required | spec->optional)))
		return -EINVAL;
	if (size > IQ_FEED_MSG_MAX)
		size = IQ_FEED_MSG_MAX;
	if (size < MNL_NLMSG_HDRLEN)
		return -EMSGSIZE;

	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = msg->type;
	nlh->nlmsg_flags = msg->flags;
	nlh->nlmsg_seq = msg->seq;

	for (attr = 1; attr <= IQ_FEED_A_MAX; attr++) {
		if (!(msg->has & (1ULL << attr)))
			continue;
		err = put_attr(nlh, size, attr, msg);
		if (err)
			return err;
	}
	return nlh->nlmsg_len;
}

static bool get_attr(const struct nlattr *nla, int attr, struct iq_feed *msg)
{
	const struct attr_spec *spec = &attr_specs[attr];
	const uint8_t *data = mnl_attr_get_payload(nla);
	size_t len = mnl_attr_get_payload_len(nla);
	void *field = (char *)msg + spec->offset;
	struct iq_addr *addr;

	switch (spec->kind) {
	case KIND_U8:
		if (len != sizeof(uint8_t) || !good_number(attr, *data))
			return false;
		*(uint8_t *)field = *data;
		return true;
	case KIND_U16:
		if (len != sizeof(uint16_t) ||
		    !good_number(attr, mnl_attr_get_u16(nla)))
			return false;
		*(uint16_t *)field = mnl_attr_get_u16(nla);
		return true;
	case KIND_U32:
		if (len != sizeof(uint32_t) ||
		    !good_number(attr, mnl_attr_get_u32(nla)))
			return false;
		*(uint32_t *)field = mnl_attr_get_u32(nla);
		return true;
	case KIND_U64:
		if (len != sizeof(uint64_t) ||
		    !good_number(attr, mnl_attr_get_u64(nla)))
			return false;
		*(uint64_t *)field = mnl_attr_get_u64(nla);
		return true;
	case KIND_ADDR:
		if (len != 4 && len != 16)
			return false;
		addr = field;
		addr->family = len == 4 ? AF_INET : AF_INET6;
		memcpy(addr->b, data, len);
		return true;
	case KIND_STRING:
		/* the only NUL is the last byte */
		if (!len || len > spec->max ||
		    memchr(data, '\0', len) != data + len - 1)
			return false;
		*(const char **)field = (const char *)data;
		return true;
	case KIND_IDENTITY:
		return get_identity(data, len, msg);
	case KIND_MEMBER:
		return get_member(data, len, msg);
	case KIND_FLAG:
		if (len)
			return false;
		*(bool *)field = true;
		return true;
	default:
		return false;
	}
}

int iq_feed_get(const void *buf, size_t len, struct iq_feed *msg,
		const char **why)
{
	const struct nlmsghdr *nlh = buf;
	const struct msg_spec *spec;
	const struct nlattr *nla;
	const char *tail = (const char *)buf + len;
	uint64_t missing;
	int attr;

	memset(msg, 0, sizeof(*msg));

	if (len < MNL_NLMSG_HDRLEN) {
		*why = "shorter than a header";
		return -EINVAL;
	}
	if (len > IQ_FEED_MSG_MAX) {
		*why = "longer than a message may be";
		return -EINVAL;
	}
	/* padded like every netlink message, so that below the last attribute
	 * with its padding ends where the message does
	 */
	if (nlh->nlmsg_len != len || len != MNL_ALIGN(len)) {
		*why = "its length is not the datagram's";
		return -EINVAL;
	}
	spec = msg_spec(nlh->nlmsg_type);
	if (!spec) {
		*why = "unknown type of message";
		return -EINVAL;
	}
	if (nlh->nlmsg_flags & ~FLAGS) {
		*why = "unknown flag";
		return -EINVAL;
	}
	msg->type = nlh->nlmsg_type;
	msg->flags = nlh->nlmsg_flags;
	msg->seq = nlh->nlmsg_seq;

	nla = mnl_nlmsg_get_payload(nlh);
	while ((const char *)nla < tail) {
		if (!mnl_attr_ok(nla, tail - (const char *)nla)) {
			*why = "an attribute does not end with the message";
			return -EINVAL;
		}
		/* the raw type: neither nests nor byte order flags are ours */
		attr = nla->nla_type;
		if (attr > IQ_FEED_A_MAX ||
		    attr_specs[attr].kind == KIND_NONE) {
			*why = "unknown attribute";
			return -EINVAL;
		}
		if (!((spec->required | spec->optional) & (1ULL << attr))) {
			*why = attr_specs[attr].foreign;
			return -EINVAL;
		}
		if ((msg->has & (1ULL << attr)) &&
		    times(msg, attr) >= attr_specs[attr].max) {
			*why = attr_specs[attr].twice;
			return -EINVAL;
		}
		if (!get_attr(nla, attr, msg)) {
			*why = attr_specs[attr].bad;
			return -EINVAL;
		}
		msg->has |= 1ULL << attr;
		nla = mnl_attr_next(nla);
	}

	missing = spec->required & ~msg->has;
	if (missing) {
		*why = attr_specs[__builtin_ctzll(missing)].missing;
		return -EINVAL;
	}
	return 0;
}
