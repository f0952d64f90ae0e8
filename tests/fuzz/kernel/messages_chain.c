// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Service chains: valid messages, and a known state.
 */
#include <stdio.h>
#include <string.h>
#include <netinet/in.h>

#include "../../lib/chaining.h"
#include "messages.h"

#define N_DEVICES	8	/* chains have the first of them */
#define N_CHAINS	4	/* services have the first of them */
#define N_SERVICES	8

static const uint8_t net[16] = { 192, 0, 3 };

static void put_some_device(struct nlmsghdr *msg, uint8_t cmd)
{
	bool whole = cmd == IPSEC_QOS_CMD_DEVICE_NEW;
	uint8_t mac[6] = { 2 }, inner[6] = { 2, 1 };
	struct device d = { .kind = -1, .state = -1, .alternate = -1, .failure = -1 };
	char name[16];

	d.id = cmd == IPSEC_QOS_CMD_DEVICE_DEL && below(2) ? N_DEVICES : 1 + below(12);
	snprintf(name, sizeof(name), "d%u", below(8) ? d.id : 1 + below(12));
	mac[5] = inner[5] = below(8) ? d.id : below(16);
	if (whole || !below(4))
		d.name = name;
	if (whole) {
		d.dev = below(4) ? "there" : "lo";
		d.mac = below(4) ? mac : NULL;
		if (below(2)) {
			d.inner_dev = "there";
			d.inner_mac = inner;
		}
		if (!below(4))
			d.kind = below(IPSEC_QOS_DEVICE_KIND_MAX + 1);
		if (!below(4))
			d.state = below(IPSEC_QOS_DEVICE_STATE_MAX + 1);
		if (!below(4))
			d.alternate = below(12);
		if (!below(4))
			d.failure = below(IPSEC_QOS_DEVICE_FAILURE_MAX + 1);
		if (d.kind == IPSEC_QOS_DEVICE_TAP && below(2))
			d.rate = 1 + below(1000);
		if (d.kind == IPSEC_QOS_DEVICE_TAP && below(2))
			d.snap = below(2) ? 64 + below(1000) : 0;
	}
	chaining_add_device(msg, &d);
}

static void put_some_chain(struct nlmsghdr *msg, uint8_t cmd)
{
	bool whole = cmd == IPSEC_QOS_CMD_CHAIN_NEW;
	uint32_t id = cmd == IPSEC_QOS_CMD_CHAIN_DEL && below(2) ? N_CHAINS : 1 + below(6);
	unsigned int n = below(4) ? 1 + below(3) : below(10);
	struct nlattr *nest;
	char name[16];

	snprintf(name, sizeof(name), "c%u", below(8) ? id : 1 + below(6));
	nest = chaining_begin_chain(msg, id, whole || !below(4) ? name : NULL);
	while (whole && n--)
		chaining_add_step(msg, 1 + below(below(4) ? N_DEVICES : 12));
	mnl_attr_nest_end(msg, nest);
}

static void put_some_ports(struct nlmsghdr *msg, int type)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_ESP,
					  IPPROTO_ICMP };
	unsigned int n = below(4), at = below(100);
	uint8_t proto;

	for (; n; n--, at += 1 + below(2000)) {
		proto = protos[below(below(2) ? 2 : sizeof(protos))];
		if (proto == IPPROTO_ESP || proto == IPPROTO_ICMP || !below(16))
			chaining_add_port(msg, type, proto, -1, -1);
		else
			chaining_add_port(msg, type, proto, at, below(2) ? -1 : (int)(at + below(1000)));
	}
}

static void put_some_segment(struct nlmsghdr *msg, uint8_t family)
{
	struct nlattr *nest = chaining_begin_segment(msg, 1 + below(N_DEVICES));
	uint8_t addr[16] = { 192, 0, 4, below(8) };
	size_t len = family == AF_INET ? 4 : 16;

	if (below(2))
		mnl_attr_put(msg, IPSEC_QOS_SEGMENT_A_TO, len, addr);
	if (!below(4))
		mnl_attr_put_u16(msg, IPSEC_QOS_SEGMENT_A_TO_PORT, 1 + below(1000));
	addr[3] ^= 0x80;
	if (below(2))
		mnl_attr_put(msg, IPSEC_QOS_SEGMENT_A_FROM, len, addr);
	if (!below(4))
		put_some_ports(msg, IPSEC_QOS_SEGMENT_A_FROM_PORT);
	mnl_attr_nest_end(msg, nest);
}

static void put_some_lists(struct nlmsghdr *msg, uint8_t family)
{
	uint8_t addr[16] = { 10, 0, 0, below(8) };
	unsigned int n;

	for (n = below(2) ? 0 : below(4); n; n--)
		put_some_segment(msg, family);
	for (n = below(2) ? 0 : below(below(2) ? 4 : 80); n; n--) {
		addr[3] = below(256);
		chaining_add_rule(msg, below(2), family, below(4) ? addr : NULL,
				  family == AF_INET ? 32 : 128, below(4) ? NULL : "there");
	}
	for (n = below(2) ? 0 : below(below(2) ? 4 : 20); n; n--) {
		addr[3] = below(256);
		chaining_add_override(msg, family, addr, family == AF_INET ? 32 : 128,
				      1 + below(N_CHAINS));
	}
}

static void put_some_service(struct nlmsghdr *msg, uint8_t cmd)
{
	bool whole = cmd == IPSEC_QOS_CMD_SERVICE_NEW;
	uint32_t id = 1 + below(cmd == IPSEC_QOS_CMD_SERVICE_DEL && below(2) ? N_SERVICES : 16);
	uint8_t family = below(4) ? AF_INET : AF_INET6, addr[16];
	struct nlattr *nest;
	char name[16];

	snprintf(name, sizeof(name), "s%u", below(8) ? id : 1 + below(16));
	memcpy(addr, net, sizeof(addr));
	addr[3] = below(2) ? id : below(16);
	nest = chaining_begin_service(msg, id, whole ? name : NULL, family, addr,
				      1 + below(below(4) ? N_CHAINS : 6));
	if (!whole && !below(4))
		mnl_attr_put_strz(msg, IPSEC_QOS_SERVICE_A_NAME, name);
	if (whole) {
		if (!below(8))
			mnl_attr_put_u8(msg, IPSEC_QOS_SERVICE_A_MODE, IPSEC_QOS_SERVICE_CLIENT);
		else if (below(2))
			put_some_lists(msg, family);
		if (!below(8))
			mnl_attr_put_u8(msg, IPSEC_QOS_SERVICE_A_LEN, below(129));
		if (below(4))
			put_some_ports(msg, IPSEC_QOS_SERVICE_A_PORT);
		if (!below(4))
			mnl_attr_put_u32(msg, IPSEC_QOS_SERVICE_A_GROUP, 1 + below(4));
		if (!below(8))
			mnl_attr_put_u32(msg, IPSEC_QOS_SERVICE_A_FROM_GROUP, 1 + below(4));
		if (!below(4))
			mnl_attr_put_u32(msg, IPSEC_QOS_SERVICE_A_RATE, below(1000));
	}
	mnl_attr_nest_end(msg, nest);
}

static void put_some_trace(struct nlmsghdr *msg)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, IPSEC_QOS_A_TRACE);

	mnl_attr_put_u32(msg, IPSEC_QOS_TRACE_A_SERVICE, 1 + below(N_SERVICES));
	mnl_attr_put_u32(msg, IPSEC_QOS_TRACE_A_PACKETS, below(IPSEC_QOS_TRACE_MAX + 1));
	if (below(2))
		mnl_attr_put(msg, IPSEC_QOS_TRACE_A_CLIENT, 4, net);
	mnl_attr_nest_end(msg, nest);
}

void chain_put(struct nlmsghdr *msg, uint8_t cmd)
{
	switch (cmd) {
	case IPSEC_QOS_CMD_DEVICE_NEW:
	case IPSEC_QOS_CMD_DEVICE_DEL:
	case IPSEC_QOS_CMD_DEVICE_GET:
		put_some_device(msg, cmd);
		return;
	case IPSEC_QOS_CMD_CHAIN_NEW:
	case IPSEC_QOS_CMD_CHAIN_DEL:
	case IPSEC_QOS_CMD_CHAIN_GET:
		put_some_chain(msg, cmd);
		return;
	case IPSEC_QOS_CMD_SERVICE_NEW:
	case IPSEC_QOS_CMD_SERVICE_DEL:
	case IPSEC_QOS_CMD_SERVICE_GET:
		put_some_service(msg, cmd);
		return;
	case IPSEC_QOS_CMD_SERVICE_TRACE:
		put_some_trace(msg);
		return;
	}
}

void chain_put_range(struct nlmsghdr *msg)
{
	uint8_t four[16] = { 198, 51, 100 }, six[16] = { 0x20, 0x01, 0x0d, 0xb8 };

	if (below(2))
		chaining_put_range(msg, AF_INET, below(8) ? four : net, below(4) ? 24 : below(33));
	if (below(2))
		chaining_put_range(msg, AF_INET6, six, below(4) ? 64 : below(129));
}

static void fill_devices(struct family *f)
{
	struct device d = { .dev = "there", .kind = -1, .state = -1, .alternate = -1,
			    .failure = -1 };
	uint8_t mac[6] = { 2 };
	char name[16];

	d.name = name;
	d.mac = mac;
	family_begin(f, IPSEC_QOS_CMD_DEVICE_NEW, NLM_F_ACK | NLM_F_CREATE);
	for (d.id = 1; d.id <= N_DEVICES; d.id++) {
		mac[5] = d.id;
		snprintf(name, sizeof(name), "d%u", d.id);
		chaining_add_device(f->msg, &d);
	}
	must(f, NULL, "devices");
}

void chain_fill(struct family *f)
{
	struct nlattr *nest;
	uint8_t addr[16];
	char name[16];
	uint32_t i;

	family_begin(f, IPSEC_QOS_CMD_CONF_SET, NLM_F_ACK);
	nest = mnl_attr_nest_start(f->msg, IPSEC_QOS_A_CONF);
	chaining_put_range(f->msg, AF_INET, net, 0);
	chaining_put_range(f->msg, AF_INET6, net, 0);
	mnl_attr_nest_end(f->msg, nest);
	must(f, NULL, "no range for checks");
	fill_devices(f);
	family_begin(f, IPSEC_QOS_CMD_CHAIN_NEW, NLM_F_ACK | NLM_F_CREATE);
	for (i = 1; i <= N_CHAINS; i++) {
		snprintf(name, sizeof(name), "c%u", i);
		nest = chaining_begin_chain(f->msg, i, name);
		chaining_add_step(f->msg, i);
		chaining_add_step(f->msg, i + 1);
		mnl_attr_nest_end(f->msg, nest);
	}
	must(f, NULL, "chains");
	family_begin(f, IPSEC_QOS_CMD_SERVICE_NEW, NLM_F_ACK | NLM_F_CREATE);
	memcpy(addr, net, sizeof(addr));
	for (i = 1; i <= N_SERVICES; i++) {
		snprintf(name, sizeof(name), "s%u", i);
		addr[3] = i;
		nest = chaining_begin_service(f->msg, i, name, AF_INET, addr,
					      1 + i % (N_CHAINS - 1));
		if (i % 2)
			chaining_add_port(f->msg, IPSEC_QOS_SERVICE_A_PORT, IPPROTO_TCP, 80, -1);
		mnl_attr_nest_end(f->msg, nest);
	}
	must(f, NULL, "services");
}
