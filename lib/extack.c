// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The attributes behind an error and behind the end of a dump.
 */
#include "lib/extack.h"

#include <netlink/attr.h>
#include <netlink/netlink.h>

struct iq_extack iq_extack_read(const struct nlmsghdr *nlh, size_t at)
{
	struct nlattr *tb[NLMSGERR_ATTR_MAX + 1];
	struct iq_extack ack = {};

	at = NLMSG_ALIGN(at);
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS) || nlh->nlmsg_len <= at ||
	    nla_parse(tb, NLMSGERR_ATTR_MAX, (struct nlattr *)((char *)nlh + at),
		      nlh->nlmsg_len - at, NULL))
		return ack;
	if (tb[NLMSGERR_ATTR_MSG]) {
		ack.text = nla_data(tb[NLMSGERR_ATTR_MSG]);
		ack.len = nla_len(tb[NLMSGERR_ATTR_MSG]);
	}
	if (tb[NLMSGERR_ATTR_OFFS] &&
	    nla_len(tb[NLMSGERR_ATTR_OFFS]) >= (int)sizeof(uint32_t))
		ack.offset = nla_get_u32(tb[NLMSGERR_ATTR_OFFS]);
	return ack;
}

struct iq_extack iq_extack_of_error(const struct nlmsgerr *e)
{
	const struct nlmsghdr *nlh = (struct nlmsghdr *)((char *)e - NLMSG_HDRLEN);
	size_t at = NLMSG_HDRLEN + sizeof(*e);

	/* the request itself comes first, unless it was cut off */
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		at += e->msg.nlmsg_len - NLMSG_HDRLEN;
	return iq_extack_read(nlh, at);
}
