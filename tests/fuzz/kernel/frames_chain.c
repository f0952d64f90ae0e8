// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Service chains: what the packets of chain.hex go through, and what came of it.
 *
 * What comes in by the packet socket is out of the inner side of a firewall, what comes in by
 * the tun device is from a server: both have a part in the first chain. In the others they
 * have none, and enter.
 */
#include <string.h>
#include <arpa/inet.h>
#include <netinet/in.h>

#include "../../lib/chaining.h"
#include "../../lib/wire.h"
#include "frames.h"

enum { FW = 1, IDS, WEB, NAT, ROUTER };
enum { FIRST = 1, SECOND, CLIENTS };

static void set_devices(struct family *f)
{
	static const uint8_t mac[][6] = {
		{ 2, 0, 0, 0, 0, 0x11 }, { 2, 0, 0, 0, 0, 0x01 }, { 2, 0, 0, 0, 0, 0x21 },
		{ 2, 0, 0, 0, 0, 0x13 }, { 2, 0, 0, 0, 0, 0x14 }, { 2, 0, 0, 0, 0, 0x15 },
	};
	static const struct device devices[] = {
		{ FW, "fw", "d1", mac[0], "w0", mac[1], 0, 0, -1, -1, -1, -1 },
		{ IDS, "ids", "d0", mac[2], NULL, NULL, 1000, 100, IPSEC_QOS_DEVICE_TAP, -1, -1, -1 },
		{ WEB, "web", "t0", NULL, NULL, NULL, 0, 0, -1, -1, -1, -1 },
		{ NAT, "nat", "d1", mac[3], NULL, NULL, 0, 0, -1, -1, -1, -1 },
		{ ROUTER, "router", "d1", mac[4], "d0", mac[5], 0, 0, -1, -1, -1, -1 },
	};
	static const uint8_t steps[][3] = {
		[FIRST] = { FW, IDS, WEB }, [SECOND] = { IDS, NAT }, [CLIENTS] = { ROUTER },
	};
	static const char *const names[] = { "", "first", "second", "clients" };
	struct nlattr *nest;
	unsigned int i, j;

	family_begin(f, IPSEC_QOS_CMD_DEVICE_NEW, NLM_F_ACK | NLM_F_CREATE);
	for (i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		chaining_add_device(f->msg, &devices[i]);
	talk(f, "a device");
	family_begin(f, IPSEC_QOS_CMD_CHAIN_NEW, NLM_F_ACK | NLM_F_CREATE);
	for (i = FIRST; i <= CLIENTS; i++) {
		nest = chaining_begin_chain(f->msg, i, names[i]);
		for (j = 0; j < 3 && steps[i][j]; j++)
			chaining_add_step(f->msg, steps[i][j]);
		mnl_attr_nest_end(f->msg, nest);
	}
	talk(f, "a chain");
}

static struct nlattr *begin_service(struct family *f, uint32_t id, const char *name,
				    const char *address, uint32_t chain)
{
	uint8_t family = strchr(address, ':') ? AF_INET6 : AF_INET, addr[16] = {};

	inet_pton(family, address, addr);
	return chaining_begin_service(f->msg, id, name, family, addr, chain);
}

static void set_services(struct family *f)
{
	struct nlattr *nest, *segment;
	uint8_t addr[16] = {};

	family_begin(f, IPSEC_QOS_CMD_SERVICE_NEW, NLM_F_ACK | NLM_F_CREATE);
	nest = begin_service(f, 1, "www", "203.0.115.1", FIRST);
	chaining_add_port(f->msg, IPSEC_QOS_SERVICE_A_PORT, IPPROTO_TCP, 80, -1);
	chaining_add_port(f->msg, IPSEC_QOS_SERVICE_A_PORT, IPPROTO_UDP, 50, 60);
	mnl_attr_nest_end(f->msg, nest);

	nest = begin_service(f, 2, "secret", "203.0.115.1", SECOND);
	chaining_add_port(f->msg, IPSEC_QOS_SERVICE_A_PORT, IPPROTO_TCP, 443, -1);
	inet_pton(AF_INET, "198.18.0.66", addr);
	chaining_add_rule(f->msg, false, AF_INET, addr, 32, NULL);
	chaining_add_rule(f->msg, true, AF_INET, NULL, 0, "t0");
	mnl_attr_nest_end(f->msg, nest);

	nest = begin_service(f, 3, "all", "203.0.115.2", SECOND);
	segment = chaining_begin_segment(f->msg, NAT);
	inet_pton(AF_INET, "203.0.116.2", addr);
	mnl_attr_put(f->msg, IPSEC_QOS_SEGMENT_A_TO, 4, addr);
	mnl_attr_nest_end(f->msg, segment);
	mnl_attr_nest_end(f->msg, nest);

	nest = begin_service(f, 4, "www6", "2001:db8:7::1", SECOND);
	chaining_add_port(f->msg, IPSEC_QOS_SERVICE_A_PORT, IPPROTO_TCP, 80, -1);
	chaining_add_port(f->msg, IPSEC_QOS_SERVICE_A_PORT, IPPROTO_UDP, 53, -1);
	mnl_attr_put_u32(f->msg, IPSEC_QOS_SERVICE_A_GROUP, 3);
	mnl_attr_put_u32(f->msg, IPSEC_QOS_SERVICE_A_RATE, 5);
	mnl_attr_nest_end(f->msg, nest);

	nest = begin_service(f, 5, "lan", "10.7.0.0", CLIENTS);
	mnl_attr_put_u8(f->msg, IPSEC_QOS_SERVICE_A_MODE, IPSEC_QOS_SERVICE_CLIENT);
	mnl_attr_put_u8(f->msg, IPSEC_QOS_SERVICE_A_LEN, 16);
	mnl_attr_nest_end(f->msg, nest);
	talk(f, "a service");
}

void chain_set(struct family *f)
{
	static const uint8_t range[16] = { 198, 51, 100 };
	struct nlattr *nest;

	family_begin(f, IPSEC_QOS_CMD_CONF_SET, NLM_F_ACK);
	nest = mnl_attr_nest_start(f->msg, IPSEC_QOS_A_CONF);
	chaining_put_range(f->msg, AF_INET, range, 24);
	mnl_attr_nest_end(f->msg, nest);
	talk(f, "a range for checks");
	set_devices(f);
	set_services(f);
}

/* What came of it */

static const char *const device_counters[IPSEC_QOS_DEVICE_COUNTER_MAX + 1] = {
	[IPSEC_QOS_DEVICE_COUNTER_OUTER_SENT] = "outer out",
	[IPSEC_QOS_DEVICE_COUNTER_OUTER_RETURNED] = "outer in",
	[IPSEC_QOS_DEVICE_COUNTER_INNER_SENT] = "inner out",
	[IPSEC_QOS_DEVICE_COUNTER_INNER_RETURNED] = "inner in",
	[IPSEC_QOS_DEVICE_COUNTER_TOO_BIG] = "too big",
	[IPSEC_QOS_DEVICE_COUNTER_STRAY] = "stray",
	[IPSEC_QOS_DEVICE_COUNTER_CHECKED] = "checked",
};

static const char *const service_counters[IPSEC_QOS_SERVICE_COUNTER_MAX + 1] = {
	[IPSEC_QOS_SERVICE_COUNTER_ACL] = "acl",
	[IPSEC_QOS_SERVICE_COUNTER_RATE] = "rate",
	[IPSEC_QOS_SERVICE_COUNTER_FORGED] = "forged",
	[IPSEC_QOS_SERVICE_COUNTER_TTL] = "ttl",
	[IPSEC_QOS_SERVICE_COUNTER_MARTIAN] = "martian",
};

struct tally {
	unsigned long device[IPSEC_QOS_DEVICE_COUNTER_MAX + 1];
	unsigned long service[IPSEC_QOS_SERVICE_COUNTER_MAX + 1];
	unsigned long syns;
};

static int read_chaining(const struct nlmsghdr *msg, void *data)
{
	const struct nlattr *nest, *attr, *counter;
	struct tally *t = data;

	mnl_attr_for_each(nest, msg, 4) {
		bool device = mnl_attr_get_type(nest) == IPSEC_QOS_A_DEVICE;
		unsigned long *n = device ? t->device : t->service;
		int counters = device ? IPSEC_QOS_DEVICE_A_COUNTERS : IPSEC_QOS_SERVICE_A_COUNTERS;

		mnl_attr_for_each_nested(attr, nest) {
			if (!device && mnl_attr_get_type(attr) == IPSEC_QOS_SERVICE_A_SYNS)
				t->syns += packets_of(attr);
			if (mnl_attr_get_type(attr) == counters)
				mnl_attr_for_each_nested(counter, attr)
					n[mnl_attr_get_type(counter)] += packets_of(counter);
		}
	}
	return MNL_CB_OK;
}

bool chain_show(struct family *f, unsigned long least)
{
	struct tally t = {};
	bool good = true;
	int i;

	family_begin(f, IPSEC_QOS_CMD_DEVICE_GET, NLM_F_DUMP);
	good &= !family_talk(f, read_chaining, &t);
	family_begin(f, IPSEC_QOS_CMD_SERVICE_GET, NLM_F_DUMP);
	good &= !family_talk(f, read_chaining, &t);
	for (i = 1; i <= IPSEC_QOS_DEVICE_COUNTER_MAX; i++)
		if (device_counters[i])
			good &= show(device_counters[i], t.device[i], least);
	for (i = 1; i <= IPSEC_QOS_SERVICE_COUNTER_MAX; i++)
		if (service_counters[i])
			good &= show(service_counters[i], t.service[i], least);
	return good & show("syns", t.syns, least);
}
