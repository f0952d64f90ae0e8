/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel says of a netlink request in an extended ACK (see
 * <linux/netlink.h>), whatever family the request was of.
 */
#ifndef IPSEC_QOS_LIB_EXTACK_H
#define IPSEC_QOS_LIB_EXTACK_H

#include <stddef.h>
#include <stdint.h>
#include <linux/netlink.h>

/**
 * struct iq_extack - an extended ACK
 *
 * @text: for a person, of at most @len bytes, within the message; NULL: none
 * @offset: of the attribute at fault in the request; 0: none was named
 */
struct iq_extack {
	const char *text;
	size_t len;
	uint32_t offset;
};

/** iq_extack_read() - the attributes of @nlh from @at on */
struct iq_extack iq_extack_read(const struct nlmsghdr *nlh, size_t at);

/** iq_extack_of_error() - those of an error, as libnl hands it to a callback */
struct iq_extack iq_extack_of_error(const struct nlmsgerr *e);

#endif /* IPSEC_QOS_LIB_EXTACK_H */
