/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How this room asks the module and reads its answers. For the files of lib/kernel
 * alone.
 */
#ifndef IPSEC_QOS_LIB_KERNEL_REQUEST_H
#define IPSEC_QOS_LIB_KERNEL_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <linux/genetlink.h>
#include <linux/ipsec_qos.h>
#include <netlink/attr.h>
#include <netlink/handlers.h>
#include <netlink/msg.h>
#include <netlink/socket.h>

#include "lib/addr.h"
#include "lib/kernel/count.h"

/* A dump fills buffers of 32 KiB; many of them may wait while we print. */
#define IQ_DUMP_BUFFER		(64 << 10)
#define IQ_SOCKET_BUFFER	(4 << 20)

/**
 * struct iq_kernel - a socket to the module, and what the last call came to
 *
 * @events: the socket that listens, NULL: none does
 * @answer: called for every message that answers the request
 * @done: the answer is complete
 * @interrupted: the table changed while it was dumped
 * @err: what it came to
 * @offset: of the attribute at fault in the request; 0: none was named
 * @expected: SAs that come with later calls
 */
struct iq_kernel {
	struct nl_sock *sk;
	struct nl_cb *cb;
	int family;
	struct nl_sock *events;
	struct nl_cb *events_cb;

	int (*answer)(struct nlmsghdr *nlh, void *arg);
	void *arg;
	uint32_t seq;
	bool done;
	bool interrupted;
	int err;
	uint32_t offset;
	int culprit;
	size_t expected;
	char error[256];
};

static inline bool iq_has_genl_header(const struct nlmsghdr *nlh)
{
	return nlmsg_valid_hdr(nlh, GENL_HDRLEN);
}

#define iq_for_each_attr(a, nlh, rem)					\
	for (a = nlmsg_attrdata(nlh, GENL_HDRLEN),			\
	     rem = iq_has_genl_header(nlh) ?				\
		   nlmsg_attrlen(nlh, GENL_HDRLEN) : 0;			\
	     nla_ok(a, rem); a = nla_next(a, &rem))

/* Of the socket */

/** iq_nl_to_errno() - libnl folds errnos into its own codes; this unfolds them */
int iq_nl_to_errno(int nle);

/**
 * iq_set_error() - what a call came to
 *
 * @text: what the kernel said of it, of at most @len bytes; NULL: nothing
 */
void iq_set_error(struct iq_kernel *k, int err, const char *text, size_t len);

/**
 * iq_request() - send @msg, which is freed in any case, and read the whole answer
 *
 * @msg: NULL is what an allocation or a put that failed left behind
 */
int iq_request(struct iq_kernel *k, struct nl_msg *msg,
	       int (*answer)(struct nlmsghdr *nlh, void *arg), void *arg);

/*
 * A dump piece by piece: the first call sends @msg, as iq_request() does, each of
 * the second reads a buffer of the answer and returns 1 while there is more.
 */
int iq_request_dump(struct iq_kernel *k, struct nl_msg *msg);
int iq_dump_more(struct iq_kernel *k,
		 int (*answer)(struct nlmsghdr *nlh, void *arg), void *arg);

/* What a request carries. What a @put writes is behind its @what. */

/**
 * iq_new_request() - a request with what @put makes of @what, if that is not NULL
 *
 * Return: NULL where there is no memory.
 */
struct nl_msg *iq_new_request(struct iq_kernel *k, int cmd, int nlflags,
			      int (*put)(struct nl_msg *msg, const void *what),
			      const void *what);

/** iq_put_owner() - @what is an int: an enum ipsec_qos_owner; -1: of all */
int iq_put_owner(struct nl_msg *msg, const void *what);

/** iq_ask() - send a request with what @put makes of @what, if that is not NULL */
int iq_ask(struct iq_kernel *k, int cmd, int nlflags,
	   int (*put)(struct nl_msg *msg, const void *what), const void *what,
	   int (*answer)(struct nlmsghdr *nlh, void *arg), void *arg);

/**
 * iq_bulk() - send @n entries of @size bytes at @entries, each written by @put
 *
 * @more: what comes with later calls; -1: nobody wants to know
 */
int iq_bulk(struct iq_kernel *k, int cmd, int nlflags, int owner,
	    const void *entries, size_t n, size_t size, ssize_t more,
	    int (*put)(struct nl_msg *msg, const void *entry));

/**
 * iq_bulk_sized() - likewise, of entries each of which takes as many bytes as @bytes says
 *
 * No more of them are in a request than one can carry.
 */
int iq_bulk_sized(struct iq_kernel *k, int cmd, int nlflags, int owner,
		  const void *entries, size_t n, size_t size,
		  size_t (*bytes)(const void *entry),
		  int (*put)(struct nl_msg *msg, const void *entry));

/* What answers carry: each of these is an @answer of the calls above. */

/**
 * struct iq_sink - where the entries of an answer go
 *
 * @type: the attributes that are entries
 * @entry: called for each of them, until it returns other than 0
 */
struct iq_sink {
	int type;
	int (*entry)(struct nlattr *nest, void *arg);
	void *arg;
};

/** iq_entries_answer() - @arg is a struct iq_sink */
int iq_entries_answer(struct nlmsghdr *nlh, void *arg);

/** iq_count_answer() - @arg is a uint32_t, for IPSEC_QOS_A_COUNT */
int iq_count_answer(struct nlmsghdr *nlh, void *arg);

/** iq_generation_answer() - @arg is a uint32_t, for IPSEC_QOS_A_GENERATION */
int iq_generation_answer(struct nlmsghdr *nlh, void *arg);

/* An attribute's value, or what is said instead where there is none */

static inline int iq_u8(const struct nlattr *a, int otherwise)
{
	return a ? nla_get_u8(a) : otherwise;
}

static inline uint32_t iq_u32(const struct nlattr *a)
{
	return a ? nla_get_u32(a) : 0;
}

static inline uint64_t iq_u64(const struct nlattr *a)
{
	return a ? nla_get_u64(a) : 0;
}

int iq_get_counter(struct nlattr *nest, struct iq_kernel_count *c);

/**
 * iq_get_counters() - all of a nest of counters, each by its number, 1 to @max
 *
 * @nest: NULL: there are none
 */
int iq_get_counters(struct nlattr *nest, struct iq_kernel_count *counters, int max);

/* Bytes of an address: what is not IPv4 is IPv6. */
static inline int iq_addr_len(const struct iq_addr *addr)
{
	return addr->family == AF_INET ? 4 : 16;
}

/** iq_get_addr() - an address, of two attributes; -EBADMSG where one is missing or wrong */
int iq_get_addr(const struct nlattr *family, const struct nlattr *a, struct iq_addr *addr);

/*
 * The objects, which events bear, too: an entry of a struct iq_sink where @arg is
 * the structure to fill. 0 or -EBADMSG.
 */
int iq_get_group(struct nlattr *nest, void *arg);
int iq_get_sa(struct nlattr *nest, void *arg);
int iq_get_ike(struct nlattr *nest, void *arg);
int iq_get_nat(struct nlattr *nest, void *arg);
int iq_get_element(struct nlattr *nest, void *arg);
int iq_get_pool(struct nlattr *nest, void *arg);
int iq_get_steer(struct nlattr *nest, void *arg);
int iq_get_unknown(struct nlattr *nest, void *arg);
int iq_get_device(struct nlattr *nest, void *arg);
int iq_get_chain(struct nlattr *nest, void *arg);
int iq_get_trace(struct nlattr *nest, void *arg);
int iq_get_settings(struct nlattr *nest, void *arg);

/** iq_get_service() - likewise; iq_kernel_service_free() frees what it has allocated */
int iq_get_service(struct nlattr *nest, void *arg);

/** iq_get_status() - likewise; of a struct iq_status all but its conf */
int iq_get_status(struct nlattr *nest, void *arg);

#endif /* IPSEC_QOS_LIB_KERNEL_REQUEST_H */
