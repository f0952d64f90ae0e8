/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The attributes of the feed's messages: what each looks like, and how a message's
 * struct is written as attributes and read from them. For the files of lib/feed/
 * and for tests.
 */
#ifndef IPSEC_QOS_FEED_ATTR_H
#define IPSEC_QOS_FEED_ATTR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/netlink.h>

/**
 * enum iq_feed_attr - attributes; the struct of a message says what they mean
 *
 * @IQ_FEED_A_VERSION: u32
 * @IQ_FEED_A_ROLE: u8, enum iq_feed_role
 * @IQ_FEED_A_ERROR: u32, a positive errno, 0: it went well
 * @IQ_FEED_A_MESSAGE: string
 * @IQ_FEED_A_GROUP: u32
 * @IQ_FEED_A_IKE_ID: u32
 * @IQ_FEED_A_IKE_VERSION: u8, 1 or 2
 * @IQ_FEED_A_SPI_I: u64
 * @IQ_FEED_A_SPI_R: u64
 * @IQ_FEED_A_LOCAL: 4 or 16 bytes
 * @IQ_FEED_A_LOCAL_PORT: u16
 * @IQ_FEED_A_REMOTE: 4 or 16 bytes
 * @IQ_FEED_A_REMOTE_PORT: u16
 * @IQ_FEED_A_IDENTITY: may be there several times, up to IQ_FEED_IDS_MAX, as
 *	MEMBER_OF may, and no other. Bytes: u8 type; u8 round; u8 enum
 *	iq_feed_proof; the method's name and a NUL; the identity's bytes
 * @IQ_FEED_A_CONN: string
 * @IQ_FEED_A_CHILD_ID: u32
 * @IQ_FEED_A_CHILD: string
 * @IQ_FEED_A_REQID: u32
 * @IQ_FEED_A_PROTO: u8, IPPROTO_ESP or IPPROTO_AH
 * @IQ_FEED_A_SPI_IN: u32, host byte order
 * @IQ_FEED_A_SPI_OUT: u32
 * @IQ_FEED_A_ENCAP: u8, 0 or 1
 * @IQ_FEED_A_DST: 4 or 16 bytes
 * @IQ_FEED_A_SPI: u32
 * @IQ_FEED_A_PENDING: flag (no bytes)
 * @IQ_FEED_A_QUERY: u8, enum iq_feed_query
 * @IQ_FEED_A_ARG: string
 * @IQ_FEED_A_TEXT: string
 * @IQ_FEED_A_PASSED_OVER: u32
 * @IQ_FEED_A_MARK_IN: u64, value << 32 | mask, of which the mask is not 0
 * @IQ_FEED_A_MARK_OUT: u64, the same
 * @IQ_FEED_A_SET_MARK_IN: u64, the same
 * @IQ_FEED_A_SET_MARK_OUT: u64, the same
 * @IQ_FEED_A_MEMBER_OF: up to IQ_FEED_MEMBERS_MAX of them. Bytes: u8 type; u8
 *	round; u8 enum iq_feed_proof; the name, 1 to IQ_FEED_MEMBER_MAX bytes
 * @IQ_FEED_A_RDN_MATCHING: u8
 * @IQ_FEED_A_TIMEOUT: u32, milliseconds
 * @IQ_FEED_A_HOME: IQ_FEED_BUCKETS_BYTES bytes
 * @IQ_FEED_A_ELEMENT: string
 */
enum iq_feed_attr {
	IQ_FEED_A_UNSPEC,
	IQ_FEED_A_VERSION,
	IQ_FEED_A_ROLE,
	IQ_FEED_A_ERROR,
	IQ_FEED_A_MESSAGE,
	IQ_FEED_A_GROUP,
	IQ_FEED_A_IKE_ID,
	IQ_FEED_A_IKE_VERSION,
	IQ_FEED_A_SPI_I,
	IQ_FEED_A_SPI_R,
	IQ_FEED_A_LOCAL,
	IQ_FEED_A_LOCAL_PORT,
	IQ_FEED_A_REMOTE,
	IQ_FEED_A_REMOTE_PORT,
	IQ_FEED_A_IDENTITY,
	IQ_FEED_A_CONN,
	IQ_FEED_A_CHILD_ID,
	IQ_FEED_A_CHILD,
	IQ_FEED_A_REQID,
	IQ_FEED_A_PROTO,
	IQ_FEED_A_SPI_IN,
	IQ_FEED_A_SPI_OUT,
	IQ_FEED_A_ENCAP,
	IQ_FEED_A_DST,
	IQ_FEED_A_SPI,
	IQ_FEED_A_PENDING,
	IQ_FEED_A_QUERY,
	IQ_FEED_A_ARG,
	IQ_FEED_A_TEXT,
	IQ_FEED_A_PASSED_OVER,
	IQ_FEED_A_MARK_IN,
	IQ_FEED_A_MARK_OUT,
	IQ_FEED_A_SET_MARK_IN,
	IQ_FEED_A_SET_MARK_OUT,
	IQ_FEED_A_MEMBER_OF,
	IQ_FEED_A_RDN_MATCHING,
	IQ_FEED_A_TIMEOUT,
	IQ_FEED_A_HOME,
	IQ_FEED_A_ELEMENT,
	__IQ_FEED_A_MAX
};
#define IQ_FEED_A_MAX (__IQ_FEED_A_MAX - 1)

/** enum iq_feed_kind - of the member that an attribute is in a message's struct */
enum iq_feed_kind {
	IQ_FEED_U8,
	IQ_FEED_U16,
	IQ_FEED_U32,
	IQ_FEED_U64,
	IQ_FEED_BOOL,		/* a u8 on the wire */
	IQ_FEED_FLAG,		/* no bytes on the wire */
	IQ_FEED_ADDR,
	IQ_FEED_STRING,
	IQ_FEED_BYTES,		/* of a length that the attribute has */
	IQ_FEED_IDENTITIES,
	IQ_FEED_MEMBERS,
};

/**
 * struct iq_feed_field - an attribute of a message
 *
 * @attr: enum iq_feed_attr
 * @kind: enum iq_feed_kind
 * @required: the message has it always; else it is left out where the member has
 *	nothing in it, and where it is there it has something
 * @offset: of the member
 */
struct iq_feed_field {
	uint8_t attr;
	uint8_t kind;
	bool required;
	uint16_t offset;
};

/* Which type of member is which kind; a wrong one does not compile. */
#define IQ_FEED_IS_U8(x)	_Generic((x), uint8_t: 1, default: 0)
#define IQ_FEED_IS_U16(x)	_Generic((x), uint16_t: 1, default: 0)
#define IQ_FEED_IS_U32(x)	_Generic((x), uint32_t: 1, default: 0)
#define IQ_FEED_IS_U64(x)	_Generic((x), uint64_t: 1, default: 0)
#define IQ_FEED_IS_BOOL(x)	_Generic((x), bool: 1, default: 0)
#define IQ_FEED_IS_FLAG(x)	_Generic((x), bool: 1, default: 0)
#define IQ_FEED_IS_ADDR(x)	_Generic((x), struct iq_addr: 1, default: 0)
#define IQ_FEED_IS_STRING(x)	_Generic((x), const char *: 1, default: 0)
#define IQ_FEED_IS_BYTES(x)	_Generic((x), const uint8_t *: 1, default: 0)
#define IQ_FEED_IS_IDENTITIES(x) _Generic((x), struct iq_feed_identities: 1, default: 0)
#define IQ_FEED_IS_MEMBERS(x)	_Generic((x), struct iq_feed_members: 1, default: 0)

#define IQ_FEED_MUST		true
#define IQ_FEED_MAY		false
#define IQ_FEED_FIELD(STRUCT, KIND, NAME, member, NEED) {		\
		.attr = IQ_FEED_A_##NAME,				\
		.kind = IQ_FEED_##KIND,					\
		.required = IQ_FEED_##NEED,				\
		.offset = offsetof(STRUCT, member) +			\
			0 * sizeof(char[IQ_FEED_IS_##KIND(((STRUCT *)0)->member) ? 1 : -1]), \
	}

/**
 * struct iq_feed_form - what a message looks like
 *
 * @fields: in the order in which they are written
 * @check: what is wrong with one that has all it needs, or NULL; where it is none,
 *	nothing is
 */
struct iq_feed_form {
	size_t n;
	const struct iq_feed_field *fields;
	const char *(*check)(const void *body);
};

#define IQ_FEED_FORM(NAME, CHECK, ...)					\
	const struct iq_feed_form NAME = {				\
		.n = sizeof((const struct iq_feed_field[]){ __VA_ARGS__ }) / \
		     sizeof(struct iq_feed_field),			\
		.fields = (const struct iq_feed_field[]){ __VA_ARGS__ }, \
		.check = (CHECK),					\
	}

extern const struct iq_feed_form iq_feed_hello_form, iq_feed_ack_form,
	iq_feed_sync_start_form, iq_feed_sync_end_form, iq_feed_passed_over_form,
	iq_feed_ike_form, iq_feed_ike_del_form,
	iq_feed_sa_form, iq_feed_sa_del_form,
	iq_feed_child_form, iq_feed_child_del_form,
	iq_feed_query_form, iq_feed_answer_form,
	iq_feed_initiate_form, iq_feed_result_form,
	iq_feed_buckets_form;

/**
 * iq_feed_put_body() - write a message's attributes behind its header
 *
 * @size: of the room that @nlh is in
 * @body: the message's struct
 *
 * Return: 0, -EMSGSIZE or -EINVAL, as iq_feed_put().
 */
int iq_feed_put_body(struct nlmsghdr *nlh, size_t size,
		     const struct iq_feed_form *form, const void *body);

/**
 * iq_feed_get_body() - read them
 *
 * @nlh: its nlmsg_len is a multiple of 4, and all that is there
 * @body: all zero
 * @why: on error what is wrong
 *
 * Return: 0, or -EINVAL.
 */
int iq_feed_get_body(const struct nlmsghdr *nlh, const struct iq_feed_form *form,
		     void *body, const char **why);

#endif /* IPSEC_QOS_FEED_ATTR_H */
