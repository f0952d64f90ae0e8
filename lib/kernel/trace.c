// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Traces of services, as attributes and as a call.
 */
#include "lib/kernel/trace.h"

#include <errno.h>
#include <string.h>
#include <netlink/attr.h>

#include "lib/kernel/request.h"

struct request {
	uint32_t service;
	const struct iq_addr *client;
	uint32_t packets;
};

static int put_trace(struct nl_msg *msg, const void *what)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_TRACE);
	const struct request *r = what;

	if (!nest)
		return -ENOMEM;
	NLA_PUT_U32(msg, IPSEC_QOS_TRACE_A_SERVICE, r->service);
	NLA_PUT_U32(msg, IPSEC_QOS_TRACE_A_PACKETS, r->packets);
	if (r->client->family)
		NLA_PUT(msg, IPSEC_QOS_TRACE_A_CLIENT, iq_addr_len(r->client), r->client->b);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

int iq_kernel_trace(struct iq_kernel *k, uint32_t service, const struct iq_addr *client,
		    uint32_t packets)
{
	const struct request r = { service, client, packets };

	return iq_ask(k, IPSEC_QOS_CMD_SERVICE_TRACE, 0, put_trace, &r, NULL, NULL);
}

static bool get_mac(const struct nlattr *a, uint8_t mac[ETH_ALEN])
{
	if (a)
		memcpy(mac, nla_data(a), ETH_ALEN);
	return a;
}

int iq_get_trace(struct nlattr *nest, void *arg)
{
	static struct nla_policy policy[IPSEC_QOS_TRACE_A_MAX + 1] = {
		[IPSEC_QOS_TRACE_A_SERVICE] = { .type = NLA_U32 },
		[IPSEC_QOS_TRACE_A_TIME] = { .type = NLA_U64 },
		[IPSEC_QOS_TRACE_A_BACK] = { .type = NLA_U8 },
		[IPSEC_QOS_TRACE_A_AT] = { .type = NLA_U32 },
		[IPSEC_QOS_TRACE_A_TO] = { .type = NLA_U32 },
		[IPSEC_QOS_TRACE_A_COPY] = { .type = NLA_U8 },
		[IPSEC_QOS_TRACE_A_DROP] = { .type = NLA_U8 },
		[IPSEC_QOS_TRACE_A_IN_DEV] = { .type = NLA_STRING },
		[IPSEC_QOS_TRACE_A_IN_MAC] = { .minlen = ETH_ALEN, .maxlen = ETH_ALEN },
		[IPSEC_QOS_TRACE_A_OUT_DEV] = { .type = NLA_STRING },
		[IPSEC_QOS_TRACE_A_OUT_MAC] = { .minlen = ETH_ALEN, .maxlen = ETH_ALEN },
		[IPSEC_QOS_TRACE_A_FAMILY] = { .type = NLA_U8 },
		[IPSEC_QOS_TRACE_A_PROTO] = { .type = NLA_U8 },
		[IPSEC_QOS_TRACE_A_SRC] = { .minlen = 4, .maxlen = 16 },
		[IPSEC_QOS_TRACE_A_DST] = { .minlen = 4, .maxlen = 16 },
		[IPSEC_QOS_TRACE_A_SPORT] = { .type = NLA_U16 },
		[IPSEC_QOS_TRACE_A_DPORT] = { .type = NLA_U16 },
		[IPSEC_QOS_TRACE_A_BYTES] = { .type = NLA_U32 },
	};
	struct nlattr *tb[IPSEC_QOS_TRACE_A_MAX + 1];
	struct iq_kernel_trace *t = arg;

	if (nla_parse_nested(tb, IPSEC_QOS_TRACE_A_MAX, nest, policy) < 0)
		return -EBADMSG;
	memset(t, 0, sizeof(*t));
	if (iq_get_addr(tb[IPSEC_QOS_TRACE_A_FAMILY], tb[IPSEC_QOS_TRACE_A_SRC],
			&t->src) < 0 ||
	    iq_get_addr(tb[IPSEC_QOS_TRACE_A_FAMILY], tb[IPSEC_QOS_TRACE_A_DST],
			&t->dst) < 0)
		return -EBADMSG;
	t->service = iq_u32(tb[IPSEC_QOS_TRACE_A_SERVICE]);
	t->time = iq_u64(tb[IPSEC_QOS_TRACE_A_TIME]);
	t->back = iq_u8(tb[IPSEC_QOS_TRACE_A_BACK], 0);
	t->copy = iq_u8(tb[IPSEC_QOS_TRACE_A_COPY], 0);
	t->at = iq_u32(tb[IPSEC_QOS_TRACE_A_AT]);
	t->to = iq_u32(tb[IPSEC_QOS_TRACE_A_TO]);
	t->drop = iq_u8(tb[IPSEC_QOS_TRACE_A_DROP], 0);
	if (tb[IPSEC_QOS_TRACE_A_IN_DEV])
		nla_strlcpy(t->in_dev, tb[IPSEC_QOS_TRACE_A_IN_DEV], sizeof(t->in_dev));
	if (tb[IPSEC_QOS_TRACE_A_OUT_DEV])
		nla_strlcpy(t->out_dev, tb[IPSEC_QOS_TRACE_A_OUT_DEV], sizeof(t->out_dev));
	t->has_in_mac = get_mac(tb[IPSEC_QOS_TRACE_A_IN_MAC], t->in_mac);
	t->has_out_mac = get_mac(tb[IPSEC_QOS_TRACE_A_OUT_MAC], t->out_mac);
	t->proto = iq_u8(tb[IPSEC_QOS_TRACE_A_PROTO], 0);
	t->sport = tb[IPSEC_QOS_TRACE_A_SPORT] ? nla_get_u16(tb[IPSEC_QOS_TRACE_A_SPORT]) : -1;
	t->dport = tb[IPSEC_QOS_TRACE_A_DPORT] ? nla_get_u16(tb[IPSEC_QOS_TRACE_A_DPORT]) : -1;
	t->bytes = iq_u32(tb[IPSEC_QOS_TRACE_A_BYTES]);
	return 0;
}
