// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The state of a network namespace, as attributes and as a call.
 */
#include "lib/kernel/status.h"

#include <errno.h>
#include <string.h>
#include <netlink/attr.h>

#include "lib/kernel/request.h"

static const char *const untagged_names[] = {
	[IPSEC_QOS_UNTAGGED_UNKNOWN_SA] = "unknown_sa",
	[IPSEC_QOS_UNTAGGED_UNKNOWN_IKE] = "unknown_ike",
	[IPSEC_QOS_UNTAGGED_FRAGMENT] = "fragment",
	[IPSEC_QOS_UNTAGGED_DECRYPTED] = "decrypted",
	[IPSEC_QOS_UNTAGGED_NO_GROUP] = "no_group",
};
_Static_assert(sizeof(untagged_names) / sizeof(untagged_names[0]) ==
	       IPSEC_QOS_UNTAGGED_MAX + 1, "each reason has a name");

const char *iq_kernel_untagged_name(int reason)
{
	return untagged_names[reason];
}

static int get_untagged(struct nlattr *nest, struct iq_status *st)
{
	struct nlattr *a;
	int rem;

	nla_for_each_nested(a, nest, rem)
		if (nla_type(a) > IPSEC_QOS_UNTAGGED_UNSPEC &&
		    nla_type(a) <= IPSEC_QOS_UNTAGGED_MAX &&
		    iq_get_counter(a, &st->untagged_by[nla_type(a)]) < 0)
			return -EBADMSG;
	return 0;
}

/* Fills all of @st but its conf. */
int iq_get_status(struct nlattr *nest, void *arg)
{
	static struct nla_policy policy[IPSEC_QOS_STATUS_A_MAX + 1] = {
		[IPSEC_QOS_STATUS_A_VERSION] = { .type = NLA_STRING },
		[IPSEC_QOS_STATUS_A_GROUPS] = { .type = NLA_U32 },
		[IPSEC_QOS_STATUS_A_SAS] = { .type = NLA_U32 },
		[IPSEC_QOS_STATUS_A_IKES] = { .type = NLA_U32 },
		[IPSEC_QOS_STATUS_A_UNTAGGED] = { .type = NLA_NESTED },
		[IPSEC_QOS_STATUS_A_MALFORMED] = { .type = NLA_NESTED },
		[IPSEC_QOS_STATUS_A_LEFT] = { .type = NLA_NESTED },
		[IPSEC_QOS_STATUS_A_LEFT_GROUP] = { .type = NLA_U32 },
		[IPSEC_QOS_STATUS_A_UNTAGGED_REASONS] = { .type = NLA_NESTED },
	};
	struct nlattr *tb[IPSEC_QOS_STATUS_A_MAX + 1];
	struct iq_status *st = arg;

	if (nla_parse_nested(tb, IPSEC_QOS_STATUS_A_MAX, nest, policy) < 0)
		return -EBADMSG;
	if (tb[IPSEC_QOS_STATUS_A_VERSION])
		nla_strlcpy(st->version, tb[IPSEC_QOS_STATUS_A_VERSION],
			    sizeof(st->version));
	st->groups = iq_u32(tb[IPSEC_QOS_STATUS_A_GROUPS]);
	st->sas = iq_u32(tb[IPSEC_QOS_STATUS_A_SAS]);
	st->ikes = iq_u32(tb[IPSEC_QOS_STATUS_A_IKES]);
	st->left_group = iq_u32(tb[IPSEC_QOS_STATUS_A_LEFT_GROUP]);
	if ((tb[IPSEC_QOS_STATUS_A_UNTAGGED] &&
	     iq_get_counter(tb[IPSEC_QOS_STATUS_A_UNTAGGED], &st->untagged) < 0) ||
	    (tb[IPSEC_QOS_STATUS_A_UNTAGGED_REASONS] &&
	     get_untagged(tb[IPSEC_QOS_STATUS_A_UNTAGGED_REASONS], st) < 0) ||
	    (tb[IPSEC_QOS_STATUS_A_MALFORMED] &&
	     iq_get_counter(tb[IPSEC_QOS_STATUS_A_MALFORMED], &st->malformed) < 0) ||
	    (tb[IPSEC_QOS_STATUS_A_LEFT] &&
	     iq_get_counter(tb[IPSEC_QOS_STATUS_A_LEFT], &st->left) < 0))
		return -EBADMSG;
	return 0;
}

static int status_answer(struct nlmsghdr *nlh, void *arg)
{
	struct iq_status *st = arg;
	struct nlattr *a;
	int rem, ret = 0;

	iq_for_each_attr(a, nlh, rem) {
		if (nla_type(a) == IPSEC_QOS_A_STATUS)
			ret = iq_get_status(a, st);
		else if (nla_type(a) == IPSEC_QOS_A_CONF)
			ret = iq_get_settings(a, &st->conf);
		if (ret)
			break;
	}
	return ret;
}

int iq_kernel_status(struct iq_kernel *k, struct iq_status *st)
{
	memset(st, 0, sizeof(*st));
	return iq_ask(k, IPSEC_QOS_CMD_STATUS_GET, 0, NULL, NULL, status_answer, st);
}
