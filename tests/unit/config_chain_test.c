// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Devices, chains and services, as the configuration has them.
 */
#define _GNU_SOURCE	/* unshare() */
#include "config_files.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/value.h"

#define FW	"device fw { id = 1 interface = v10 address = 10.0.10.2 inner-interface = v11 inner-address = 10.0.11.2 }\n"
#define IDS	"device ids { id = 2 interface = v20 mac = \"02:00:00:00:00:20\" kind = tap }\n"
#define WEB	"device web { id = 3 interface = v30 address = 10.0.30.2 }\n"
#define DEVICES	FW IDS WEB
#define W	DEVICES "chain w { id = 1 devices = { fw, ids, web } }\n"
/* lines: 5 */
#define SERVICE(keys) W "service a { id = 1 address = 198.51.100.80 chain = w\n" keys "\n}\n"
#define OTHER(keys) "service b { id = 2 chain = w\n" keys "\n}\n"

static const char *address_text(const struct iq_addr *addr)
{
	static char buf[INET6_ADDRSTRLEN];

	*buf = '\0';
	if (addr->family)
		ck_assert_ptr_nonnull(inet_ntop(addr->family, addr->b, buf, sizeof(buf)));
	return buf;
}

static const char *ports_text(const struct iq_kernel_port *p, size_t n)
{
	static char buf[256];
	char one[FORMAT_MAX];
	size_t i;

	*buf = '\0';
	for (i = 0; i < n; i++)
		sprintf(buf + strlen(buf), "%s%s", i ? " " : "", service_ports_text(&p[i], one));
	return buf;
}

START_TEST(test_devices)
{
	struct config *c = load("function firewall { check = connect port = 22 on-failure = skip interval = 2s tries = 5 timeout = 100ms }\n"
				"device fw { id = 65535 function = firewall interface = v10 address = { 10.0.10.2, \"2001:db8::2\" }\n"
				"	inner-interface = v11 inner-mac = \"02:00:00:00:0B:02\" alternate = spare\n"
				"	inner-from = { \"02:00:00:00:0b:03\", \"02:00:00:00:0b:04\" } on-failure = drop }\n"
				"device spare { id = 7 function = firewall interface = v10 address = 10.0.10.3 state = down check = none }\n"
				"device ids { id = 2 interface = v20 mac = \"02:00:00:00:00:20\" kind = tap rate = 500 snap = 128 }\n"
				"device gw { id = 3 interface = v30 address = 10.0.30.2 check = ike }\n"
				"device cust { id = 4 interface = v40 kind = routed }\n"
				"device web { id = 5 interface = v30 address = 10.0.30.3 }\n");
	const struct chain_device *d = c->chain.devices;

	ck_assert_uint_eq(c->chain.n_devices, 6);
	ck_assert_uint_eq(d[0].id, 65535);
	ck_assert_str_eq(d[0].name, "fw");
	ck_assert_int_eq(d[0].f.check, DEVICE_CHECK_CONNECT);
	ck_assert_uint_eq(d[0].f.port, 22);
	ck_assert_uint_eq(d[0].f.interval, 2000);
	ck_assert_uint_eq(d[0].f.tries, 5);
	ck_assert_uint_eq(d[0].f.timeout, 100);
	/* which the function says otherwise */
	ck_assert_uint_eq(d[0].f.failure, IPSEC_QOS_DEVICE_FAILURE_DROP);
	ck_assert_str_eq(d[0].outer.interface, "v10");
	ck_assert_str_eq(address_text(&d[0].outer.address[0]), "10.0.10.2");
	ck_assert_str_eq(address_text(&d[0].outer.address[1]), "2001:db8::2");
	ck_assert(!d[0].outer.has_mac && d[0].inner.has_mac);
	ck_assert_mem_eq(d[0].inner.mac, "\x02\0\0\0\x0b\x02", 6);
	ck_assert_uint_eq(d[0].inner.n_from, 2);
	ck_assert_mem_eq(d[0].inner.from[1], "\x02\0\0\0\x0b\x04", 6);
	ck_assert_ptr_eq(d[0].alternate, &d[1]);
	ck_assert(!d[0].down && d[1].down);
	ck_assert_int_eq(d[1].f.check, DEVICE_CHECK_NONE);
	ck_assert_uint_eq(d[1].f.failure, IPSEC_QOS_DEVICE_FAILURE_SKIP);
	ck_assert_str_eq(d[1].inner.interface, "");

	ck_assert_int_eq(d[2].f.kind, IPSEC_QOS_DEVICE_TAP);
	ck_assert_int_eq(d[2].f.check, DEVICE_CHECK_NONE);
	ck_assert_uint_eq(d[2].rate, 500);
	ck_assert_uint_eq(d[2].snap, 128);
	ck_assert_uint_eq(d[3].f.port, 500);
	ck_assert_int_eq(d[4].f.kind, IPSEC_QOS_DEVICE_ROUTED);
	/* what has an address is asked for it, unless something else is said */
	ck_assert_int_eq(d[5].f.check, DEVICE_CHECK_NEIGH);
	ck_assert_uint_eq(d[5].f.interval, DEVICE_INTERVAL);
	ck_assert_uint_eq(d[5].f.tries, DEVICE_TRIES);
	ck_assert_uint_eq(d[5].f.timeout, DEVICE_TIMEOUT);
	ck_assert_uint_eq(d[5].f.failure, IPSEC_QOS_DEVICE_FAILURE_DROP);
	ck_assert_ptr_eq(config_device_named(c, "gw"), &d[3]);
	ck_assert_ptr_null(config_device_named(c, "none"));
	config_free(c);
}
END_TEST

START_TEST(test_through)
{
	struct config *c = load("settings { check-ipv4 = 198.18.255.0/24 check-ipv6 = \"fd00:18:255::/64\" }\n"
				"function f { check = through }\n"
				"device a { id = 1 interface = e1 function = f }\n"
				"device b { id = 2 interface = e2 function = f address = \"fd00::2\" port = 443 }\n"
				"device c { id = 3 interface = e3 function = f address = { 10.0.0.3, \"fd00::3\" } }\n"
				"chain w { id = 1 devices = a }\n"
				/* a prefix that is wider is of clients, who have none of it */
				"service s { id = 1 chain = w mode = client address = 198.18.0.0/15 }\n");
	const struct chain_device *d = c->chain.devices;

	ck_assert_uint_eq(c->conf.check_ipv4.len, 24);
	ck_assert_uint_eq(c->conf.check_ipv6.len, 64);
	ck_assert_str_eq(address_text(&c->conf.check_ipv4.addr), "198.18.255.0");
	ck_assert_int_eq(d[0].f.check, DEVICE_CHECK_THROUGH);
	ck_assert(!d[0].f.v6 && d[1].f.v6 && !d[2].f.v6);
	ck_assert_uint_eq(d[0].f.port, 80);
	ck_assert_uint_eq(d[1].f.port, 443);
	config_free(c);
	c = load("settings { check-ipv6 = \"fd00:18:255::/64\" }\n"
		 "device a { id = 1 interface = e1 check = through }\n"
		 "device c { id = 3 interface = e3 check = through address = { 10.0.0.3, \"fd00::3\" } }\n");
	ck_assert(c->chain.devices[0].f.v6 && c->chain.devices[1].f.v6);
	ck_assert_uint_eq(c->conf.check_ipv4.addr.family, 0);
	config_free(c);
}
END_TEST

START_TEST(test_pool)
{
	struct config *c = load("device a { id = 1 interface = e1 pool = { b, c } }\n"
				"device b { id = 2 interface = e2 pool = c }\n"
				"device c { id = 3 interface = e3 }\n"
				"device z { id = 9 interface = e9 pool = { a, b } }\n"
				"chain w { id = 1 devices = a }");
	const struct chain_device *d = c->chain.devices;

	ck_assert_ptr_eq(d[0].alternate, &d[1]);
	ck_assert_ptr_eq(d[1].alternate, &d[2]);
	ck_assert_ptr_null(d[2].alternate);
	ck_assert_ptr_eq(d[3].alternate, &d[0]);
	ck_assert(d[0].server && d[1].server && d[2].server && !d[3].server);
	config_free(c);
}
END_TEST

START_TEST(test_chains)
{
	struct config *c = load(W "device web2 { id = 4 interface = v30 address = 10.0.30.3 alternate = web3 }\n"
				"device web3 { id = 5 interface = v30 address = 10.0.30.4 }\n"
				"chain two { id = 16383 devices = web2 }");
	const struct service_chain *w = c->chain.chains;

	ck_assert_uint_eq(c->chain.n_chains, 2);
	ck_assert_uint_eq(w[0].n_devices, 3);
	ck_assert_ptr_eq(w[0].devices[0], &c->chain.devices[0]);
	ck_assert_ptr_eq(w[0].devices[2], &c->chain.devices[2]);
	ck_assert_uint_eq(w[1].id, 16383);
	/* who stands for a server is one */
	ck_assert(!c->chain.devices[0].server && !c->chain.devices[1].server);
	ck_assert(c->chain.devices[2].server && c->chain.devices[3].server &&
		  c->chain.devices[4].server);
	config_free(c);
}
END_TEST

START_TEST(test_services)
{
	struct config *c = load(W G S "chain canary { id = 2 devices = web }\n"
		 "service a { id = 16777215 address = 198.51.100.80 ports = { \"tcp/80\", udp/5000-5100, esp, icmp, sctp, 47 }\n"
		 "	chain = w mode = alias group = gold from-group = silver limit = 100000000\n"
		 "	acl = { \"deny 192.0.2.7\", \"allow 192.0.2.0/24 dev eth1\", \"deny any\" }\n"
		 "	clients 203.0.113.0/24 { chain = canary } clients 203.0.114.1 { chain = w }\n"
		 "	segment fw { to = 10.9.9.1 from = 10.9.9.2 from-ports = { tcp/80, tcp/443 } }\n"
		 "	segment ids { to = 10.9.9.3 } }\n"
		 "service b { id = 2 address = \"2001:db8::80\" chain = w ports = tcp/8080 mode = nat server = \"2001:db8:1::80\" server-port = 80 }\n"
		 "service c { id = 3 address = 192.0.2.0/24 chain = w mode = client }\n"
		 "service d { id = 4 address = 198.51.100.81 chain = w mode = nat }\n"
		 "service e { id = 5 address = 198.51.100.82 chain = canary }\n");
	const struct service *s = c->chain.services;
	const struct service_segment *fw;

	ck_assert_uint_eq(c->chain.n_services, 5);
	ck_assert_uint_eq(s[0].id, 16777215);
	ck_assert_str_eq(address_text(&s[0].address.addr), "198.51.100.80");
	ck_assert_str_eq(ports_text(s[0].ports, s[0].n_ports),
			 "tcp/80 udp/5000-5100 esp icmp sctp gre");
	ck_assert_int_eq(s[0].mode, SERVICE_ALIAS);
	ck_assert_uint_eq(s[0].group, 1);
	ck_assert_uint_eq(s[0].from_group, 2);
	ck_assert_uint_eq(s[0].limit, 100000000);
	ck_assert_uint_eq(s[0].n_rules, 3);
	ck_assert(!s[0].rules[0].allow && s[0].rules[1].allow && s[0].rules[2].any);
	ck_assert_uint_eq(s[0].rules[0].prefix.len, 32);
	ck_assert_str_eq(s[0].rules[1].interface, "eth1");
	ck_assert_uint_eq(s[0].n_clients, 2);
	ck_assert_uint_eq(s[0].clients[0].prefix.len, 24);
	ck_assert_ptr_eq(s[0].clients[0].chain, &c->chain.chains[1]);
	ck_assert_uint_eq(s[0].n_segments, 2);
	fw = service_segment_of(&s[0], &c->chain.devices[0]);
	ck_assert_ptr_eq(fw, &s[0].segments[0]);
	ck_assert_str_eq(address_text(&fw->to), "10.9.9.1");
	ck_assert_str_eq(address_text(&fw->from), "10.9.9.2");
	ck_assert_str_eq(ports_text(fw->from_ports, fw->n_from_ports), "tcp/80 tcp/443");
	ck_assert_ptr_null(service_segment_of(&s[0], service_last(&s[0])));
	ck_assert_str_eq(s[0].file, path("main.conf"));
	ck_assert_uint_eq(s[0].line, 8);

	ck_assert_str_eq(address_text(&s[1].server), "2001:db8:1::80");
	ck_assert_uint_eq(s[1].server_port, 80);
	ck_assert_int_eq(s[2].mode, SERVICE_CLIENT);
	ck_assert_uint_eq(s[2].address.len, 24);
	/* the last device's, unless another is said */
	ck_assert_str_eq(address_text(&s[3].server), "10.0.30.2");
	ck_assert_uint_eq(s[3].n_ports, 0);
	ck_assert_int_eq(s[4].mode, SERVICE_AUTO);
	ck_assert_str_eq(address_text(&s[4].server), "10.0.30.2");
	config_free(c);
}
END_TEST

/* What is apart by anything that a packet has is two services'. */
START_TEST(test_apart)
{
	static const char *const apart[] = {
		SERVICE("ports = tcp/80") OTHER("address = 198.51.100.80 ports = udp/80"),
		SERVICE("ports = tcp/80") OTHER("address = 198.51.100.81 ports = tcp/80"),
		SERVICE("ports = { tcp/1-79, tcp/81-65535 }")
			OTHER("address = 198.51.100.80 ports = tcp/80"),
		/* all that no other has */
		SERVICE("ports = tcp/80") OTHER("address = 198.51.100.80"),
		SERVICE("ports = tcp/80") OTHER("address = 198.51.100.80 ports = tcp/80 mode = client"),
		SERVICE("mode = client") "service b { id = 2 chain = w mode = client address = 198.51.100.0/24 }",
		/* to one server, by ports that are told apart; and one of its own addresses */
		SERVICE("ports = tcp/80 mode = nat")
			OTHER("address = 198.51.100.81 ports = tcp/80 mode = nat server-port = 81"),
		SERVICE("ports = tcp/80 mode = nat")
			OTHER("address = 198.51.100.81 ports = tcp/81 mode = nat"),
		SERVICE("ports = tcp/80 mode = nat")
			OTHER("address = 198.51.100.81 ports = tcp/80 mode = nat server = 10.0.30.9"),
		SERVICE("ports = tcp/80 mode = nat")
			OTHER("address = 198.51.100.81 ports = tcp/80 mode = loopback"),
		/* the same at several places of its own chain */
		SERVICE("ports = udp/4500 segment fw { from-ports = { tcp/80, udp/4500 } }"),
	};

	config_free(load(apart[_i]));
}
END_TEST

#define CHECKS	"settings { check-ipv4 = 198.18.255.0/24 }\n"

#define ROW(name, id, next) \
	"device " name " { id = " id " interface = " name " alternate = " next " }\n"

static const struct {
	const char *text;
	unsigned int line;
	const char *culprit;
} mistakes[] = {
	/* functions */
	{ "function f {\nkind = switch }", 2, "kind = 'switch': expected hop, tap or routed" },
	{ "function f {\ncheck = ping }", 2, "check = 'ping': expected through, connect, ike, neigh or none" },
	{ "function f {\non-failure = stop }", 2, "on-failure = 'stop': expected drop or skip" },
	{ "function f {\nport = 0 }", 2, "a number of 1 to 65535" },
	{ "function f {\ninterval = 999ms }", 2, "1000ms to 60000ms" },
	{ "function f {\ntries = 11 }", 2, "a number of 1 to 10" },
	{ "function f {\ntimeout = 2s }", 2, "100ms to 1000ms" },
	{ "function f { }\nfunction f { }", 2, "function 'f' is there twice" },

	/* devices */
	{ "device d {\ninterface = e }", 1, "has no 'id'" },
	{ "device d { interface = e\nid = 65536 }", 2, "a number of 1 to 65535" },
	{ "device d {\nid = 1 }", 1, "device 'd' has no interface" },
	{ "device d { id = 1\ninterface = \"e h\" }", 2, "name of a network device" },
	{ "device d { id = 1 interface = e\nfunction = f }", 2, "there is no such function" },
	{ "device d { id = 1 interface = e\nmac = \"02:00:00:00:00\" }", 2, "expected a link address" },
	{ "device d { id = 1 interface = e\nmac = \"01:00:00:00:00:01\" }", 2, "of one host" },
	{ "device d { id = 1 interface = e\nmac = \"00:00:00:00:00:00\" }", 2, "of one host" },
	{ "device d { id = 1 interface = e\nmac = \"02:00:00:00:00:001\" }", 2, "of one host" },
	{ "device d { id = 1 interface = e\naddress = 10.0.0.300 }", 2, "an address of a host" },
	{ "device d { id = 1 interface = e\naddress = { 10.0.0.1, 10.0.0.2 } }", 2, "one address of IPv4" },
	{ "device d { id = 1 interface = e mac = \"02:00:00:00:00:01\" from = { \"02:00:00:00:00:02\",\n\"02:00:00:00:00:03\","
	  "\"02:00:00:00:00:04\", \"02:00:00:00:00:05\",\n\"02:00:00:00:00:06\" } }", 3, "expected at most 4" },
	{ "device d { id = 1 interface = e\ninner-address = 10.0.0.2 }", 1, "inner-interface beside it" },
	{ "device d { id = 1 interface = e\nkind = routed address = 10.0.0.2 }", 1, "kind = routed" },
	{ "device d { id = 1 interface = e\ncheck = neigh }", 2, "has no address that could be asked" },
	{ "device d { id = 1 interface = e address = 10.0.0.1\ncheck = connect }", 2, "has no port" },
	{ "function f { check = connect }\ndevice d { id = 1 interface = e address = 10.0.0.1 function = f }", 2,
	  "has no port" },
	{ "device d { id = 1 interface = e mac = \"02:00:00:00:00:01\"\ncheck = through }", 2,
	  "expected a range of such in the section settings, check-ipv4" },
	{ CHECKS "device d { id = 1 interface = e kind = tap\ncheck = through }", 3, "device 'd' is no hop" },
	{ "settings { check-ipv4 = 198.18.0.0/16 }\nfunction f { check = through }\n"
	  "device d { id = 1 interface = e address = \"fd00::1\" function = f }", 3, "check-ipv6" },
	{ "settings { check-ipv6 = \"fd00:1::/48\" }\ndevice d { id = 1 interface = e address = 10.0.0.1\ncheck = through }", 3,
	  "check-ipv4" },
	{ "settings {\ncheck-ipv4 = 198.18.0.0/15 }", 2, "with a length of 16 to 31" },
	{ "settings {\ncheck-ipv4 = 198.18.0.1/32 }", 2, "with a length of 16 to 31" },
	{ "settings {\ncheck-ipv4 = 198.18.0.1/24 }", 2, "expected 198.18.0.0/24" },
	{ "settings {\ncheck-ipv4 = 127.1.0.0/24 }", 2, "addresses of hosts" },
	{ "settings {\ncheck-ipv4 = 169.254.1.0/24 }", 2, "addresses of hosts" },
	{ "settings {\ncheck-ipv6 = \"fe80::/64\" }", 2, "addresses of hosts" },
	{ "settings {\ncheck-ipv6 = \"ff05::/64\" }", 2, "addresses of hosts" },
	{ "settings {\ncheck-ipv6 = 198.18.0.0/24 }", 2, "such as fd00:18:255::/64" },
	{ CHECKS WEB "chain w { id = 1 devices = web }\nservice a { id = 1 address = 198.18.255.9 chain = w }", 4,
	  "service 'a': 198.18.255.9 is of the range that is for checks, 198.18.255.0/24" },
	{ CHECKS WEB "chain w { id = 1 devices = web }\nservice a { id = 1 address = 10.0.0.1 chain = w\n"
	  "segment web { to = 198.18.255.8 } }", 4, "198.18.255.8 is of the range" },
	{ CHECKS WEB "chain w { id = 1 devices = web }\nservice a { id = 1 address = 10.0.0.1 chain = w mode = nat\n"
	  "server = 198.18.255.7 }", 4, "198.18.255.7 is of the range" },
	{ "device d { id = 1 interface = e\nrate = 5 }", 2, "expected kind = tap beside it" },
	{ "device d { id = 1 interface = e\nsnap = 64 }", 2, "expected kind = tap beside it" },
	{ "device d { id = 1 interface = e kind = tap\nsnap = 63 }", 2, "a number of 64 to" },
	{ "device d { id = 1 interface = e\nstate = drain }", 2, "expected up or down" },
	{ FW "device fw { id = 2 interface = e }", 2, "device 'fw' is there twice" },
	{ FW "device d { interface = e\nid = 1 }", 3, "has the id 1 of device 'fw'" },
	{ FW "device d { id = 2 interface = v11 address = 10.0.11.2 }", 2,
	  "device 'd' has the interface and address of device 'fw'" },
	{ IDS "device d { id = 4 interface = v20 from = \"02:00:00:00:00:20\" }", 2,
	  "has the interface and MAC of device 'ids'" },
	{ "device d { id = 1 interface = e address = 10.0.0.1 inner-interface = e inner-address = 10.0.0.1 }", 1,
	  "the same interface and address twice" },
	{ "device a { id = 1 interface = e kind = routed }\ndevice b { id = 2 interface = e kind = routed }", 2,
	  "has the interface of device 'a'" },

	/* alternates */
	{ FW "device d { id = 2 interface = e\nalternate = fx }", 3, "there is no such device" },
	{ IDS "device d { id = 4 interface = e\nalternate = ids }", 3, "is of another kind" },
	{ FW "device d { id = 2 interface = e\nalternate = d }", 3, "its own alternate" },
	{ "device a { id = 1 interface = e1\nalternate = b }\ndevice b { id = 2 interface = e2\nalternate = c }\n"
	  "device c { id = 3 interface = e3\nalternate = a }", 2, "device 'a' is in the end its own alternate" },
	/* one that leads to a cycle is not on it */
	{ "device z { id = 9 interface = e9\nalternate = a }\ndevice a { id = 1 interface = e1\nalternate = b }\n"
	  "device b { id = 2 interface = e2\nalternate = a }", 4, "device 'a' is in the end its own alternate" },

	/* a pool is alternates in a row */
	{ FW "device d { id = 2 interface = e\nalternate = fw pool = fw }", 3, "expected one of them" },
	{ FW "device d { id = 2 interface = e\npool = {\nfw, fx } }", 4, "pool = 'fx': there is no such device" },
	{ IDS "device d { id = 4 interface = e\npool = ids }", 3, "pool = 'ids': that is of another kind" },
	{ FW "device d { id = 2 interface = e\npool = { fw,\nd } }", 4, "pool = 'd': by that device 'fw' is in the end" },
	{ FW "device d { id = 2 interface = e\npool = { fw, c } }\ndevice c { id = 3 interface = c }\n"
	  "device b { id = 4 interface = b\npool = {\nfw, d } }", 7,
	  "pool = 'd': behind device 'fw' comes 'c' (" },
	{ "device a { id = 1 interface = a\nalternate = b }\n" ROW("b", "2", "c") ROW("c", "3", "d")
	  ROW("d", "4", "e") ROW("e", "5", "f") ROW("f", "6", "g") ROW("g", "7", "h") ROW("h", "8", "i")
	  ROW("i", "9", "j") "device j { id = 10 interface = j }", 2,
	  "device 'a' has 9 alternates in a row: expected at most 8" },

	/* chains */
	{ DEVICES "chain w {\ndevices = fw }", 4, "has no 'id'" },
	{ DEVICES "chain w {\nid = 65536 devices = fw }", 5, "a number of 1 to 65535" },
	{ DEVICES "chain w { id = 1 }", 4, "chain 'w' has no devices" },
	{ DEVICES "chain w { id = 1 devices = { fw,\nfx } }", 5, "there is no device 'fx'" },
	{ DEVICES "chain w { id = 1 devices = { fw, web,\nfw } }", 5,
	  "device 'fw' is there twice: expected it once, or a second section device for the same appliance by another interface, such as another VLAN" },
	{ FW "device b { id = 2 interface = e2 alternate = fw }\nchain w { id = 1 devices = { fw,\nb } }", 4,
	  "device 'fw' may come to stand for 'fw' and for 'b'" },
	{ "device a { id = 1 interface = e1 kind = routed }\n" WEB "chain w { id = 1 devices = { a,\nweb } }", 4,
	  "expected it to be the last" },
	{ W "chain w { id = 2 devices = fw }", 5, "chain 'w' is there twice" },
	{ W "chain x { devices = fw\nid = 1 }", 6, "has the id 1 of chain 'w'" },

	/* services */
	{ W "service a { address = 198.51.100.80\nchain = w }", 5, "has no 'id'" },
	{ W "service a { id = 1\nchain = w }", 5, "has no 'address'" },
	{ W "service a { id = 1 address = 198.51.100.80 }", 5, "has no 'chain'" },
	{ SERVICE("id = 16777216"), 6, "'id' is there twice" },
	{ W "service a { id = 1 address = 198.51.100.80\nchain = x }", 6, "there is no such chain" },
	{ W "service a { id = 1 chain = w\naddress = 198.51.100.0/24 }", 6, "mode = client" },
	{ W "service a { id = 1 chain = w\naddress = 224.0.0.1 }", 6, "an address of a host" },
	{ W "service a { id = 1 chain = w\naddress = web }", 6, "address = 'web'" },
	{ SERVICE("mode = proxy"), 6, "expected auto, loopback, alias, nat or client" },
	{ SERVICE("ports = http"), 6, "ports = 'http': expected PROTO" },
	{ SERVICE("ports = tcp/65536"), 6, "ports = 'tcp/65536'" },
	{ SERVICE("ports = tcp/80-79"), 6, "ports = 'tcp/80-79'" },
	{ SERVICE("ports = tcp/80-"), 6, "ports = 'tcp/80-'" },
	{ SERVICE("ports = esp/1"), 6, "ports = 'esp/1'" },
	{ SERVICE("ports = 256"), 6, "ports = '256'" },
	{ SERVICE("ports = { tcp/80-90,\ntcp/85-100 }"), 7, "tcp/85-100 overlaps tcp/80-90" },
	{ SERVICE("ports = { tcp,\ntcp/80 }"), 7, "tcp/80 overlaps tcp" },
	{ W "service a { id = 1 chain = w address = 198.51.100.0/24 mode = client\nports = tcp/80 }", 6,
	  "has a prefix of addresses" },
	{ SERVICE("group = gold"), 6, "group 'gold' does not exist" },
	{ SERVICE("from-group = gold"), 6, "group 'gold' does not exist" },
	{ SERVICE("limit = 0"), 6, "a number of 1 to 100000000" },
	{ SERVICE("server = 10.0.30.9 mode = loopback"), 6, "expected mode = nat or auto beside it" },
	{ SERVICE("ports = tcp/80\nserver-port = 81"), 7, "expected mode = nat beside it" },
	{ SERVICE("mode = nat ports = { tcp/80, tcp/81 }\nserver-port = 81"), 7, "not one single port" },
	{ SERVICE("mode = nat ports = esp\nserver-port = 81"), 7, "not one single port" },
	{ SERVICE("server = \"2001:db8::1\""), 6, "expected an IPv4 address" },
	{ DEVICES "chain x { id = 1 devices = ids }\nservice a { id = 1 address = 198.51.100.80 chain = x mode = nat }",
	  5, "no address of its family: expected server = ADDRESS" },
	{ SERVICE("mode = nat\nsegment web { to = 10.0.30.9 }"), 5, "expected one of them" },
	{ SERVICE("segment fx { }"), 6, "chain 'w' has no such device" },
	{ SERVICE("segment fw { }\nsegment fw { }"), 7, "is there twice" },
	{ SERVICE("segment fw { to = \"2001:db8::1\" }"), 6, "expected an IPv4 address" },
	{ SERVICE("segment fw { to-port = 81 }"), 6, "not one single port" },
	{ SERVICE("segment web { from = 10.0.0.9 }"), 6, "none that sees what it sends" },
	{ SERVICE("mode = client\nsegment fw { to = 10.0.0.9 }"), 7, "and a segment: expected none" },
	{ SERVICE("segment fw { from-ports = { tcp/1-9,\ntcp/9 } }"), 7, "overlaps" },
	{ SERVICE("ports = tcp/80 mode = nat server-port = 81\nsegment fw { from-ports = { tcp/81, tcp/82 } }"), 5,
	  "sends on more than one" },
	{ SERVICE("acl = \"permit any\""), 6, "acl 'permit any': expected allow or deny" },
	{ SERVICE("acl = \"allow\""), 6, "acl 'allow'" },
	{ SERVICE("acl = \"allow any dev\""), 6, "acl 'allow any dev'" },
	{ SERVICE("acl = \"allow any dev eth0 eth1\""), 6, "acl 'allow any dev eth0 eth1'" },
	{ SERVICE("acl = \"allow any dev sixteen-letters.\""), 6, "acl 'allow any dev" },
	{ SERVICE("acl = \"allow 192.0.2.1/24\""), 6, "expected 192.0.2.0/24" },
	{ SERVICE("acl = \"allow 2001:db8::/32\""), 6, "is of another family" },
	{ SERVICE("clients 192.0.2.0/24 { }"), 6, "has no 'chain'" },
	{ SERVICE("clients 192.0.2.0/24 { chain = x }"), 6, "there is no such chain" },
	{ SERVICE("clients \"2001:db8::/32\" { chain = w }"), 6, "of another family" },
	{ SERVICE("mode = client\nclients 192.0.2.0/24 { chain = w }"), 7, "expected a service for each" },
	{ SERVICE("") "service a { id = 2 address = 198.51.100.81 chain = w }", 8, "service 'a' is there twice" },
	{ SERVICE("") "service b { address = 198.51.100.81 chain = w\nid = 1 }", 9, "has the id 1 of service 'a'" },

	/* of which service is a packet? */
	{ SERVICE("ports = { tcp/80, tcp/1000-2000 }")
	  OTHER("address = 198.51.100.80\nports = { udp/1, tcp/2000-2001 }"), 10,
	  "service 'b': tcp/2000-2001 of 198.51.100.80 is service 'a''s" },
	{ SERVICE("ports = tcp/5000-5100") OTHER("address = 198.51.100.80\nports = tcp/5050"), 10,
	  "tcp/5050 of 198.51.100.80 is service 'a''s" },
	{ SERVICE("ports = tcp/5050") OTHER("address = 198.51.100.80\nports = tcp/5000-5100"), 10,
	  "tcp/5000-5100 of 198.51.100.80 is service 'a''s" },
	/* one that is within another of the same does not hide that */
	{ SERVICE("ports = tcp/100-900 segment fw { from-ports = tcp/200-300 }")
	  OTHER("address = 198.51.100.80\nports = tcp/800"), 10,
	  "tcp/800 of 198.51.100.80 is service 'a''s" },
	{ SERVICE("") OTHER("address = 198.51.100.80"), 9, "all of 198.51.100.80 is service 'a''s" },
	{ W "service a { id = 1 chain = w mode = client address = 192.0.2.0/24 }\n"
	    "service b { id = 2 chain = w mode = client address = 192.0.2.0/24 }", 6,
	  "all of 192.0.2.0/24 is service 'a''s" },
	{ SERVICE("mode = nat ports = tcp/80") OTHER("address = 198.51.100.81 mode = nat\nports = tcp/80"), 8,
	  "tcp/80 at 10.0.30.2 answers for service 'a'" },
	{ SERVICE("mode = nat ports = tcp/80")
	  OTHER("address = 198.51.100.81 mode = nat\nports = tcp/81 server-port = 80"), 8,
	  "expected mode = alias or loopback for one of them" },
	{ SERVICE("mode = nat") OTHER("address = 198.51.100.81 mode = nat"), 8, "all at 10.0.30.2 answers" },
	/* and what a service is called is what another's device is sent */
	{ SERVICE("mode = nat ports = tcp/80") OTHER("address = 10.0.30.2 ports = tcp/80"), 8,
	  "tcp/80 at 10.0.30.2 answers for service 'a'" },
	{ SERVICE("segment fw { from = 10.9.9.9 }") OTHER("address = 10.9.9.9"), 8,
	  "all at 10.9.9.9 is of service 'a'" },
};

START_TEST(test_mistake)
{
	write_file("main.conf", mistakes[_i].text);
	refused("main.conf", mistakes[_i].line, mistakes[_i].culprit);
}
END_TEST

/* One more than there may be. */
START_TEST(test_ceiling)
{
	static const struct {
		const char *before;
		const char *each;
		const char *after;
		unsigned int n;
		const char *culprit;
	} ceilings[] = {
		{ "", "device d%u { id = %u interface = e%u }\n", "", IPSEC_QOS_DEVICES_MAX, "'d4096'" },
		{ WEB, "chain c%u { id = %u devices = web }\n", "", IPSEC_QOS_CHAINS_MAX, "'c16384'" },
		{ W "service a { id = 1 chain = w address = 198.51.100.80 acl = {\n",
		  "\"allow 10.1.%u.0/24\",\n", "\"deny 10.2.0.1\" } }", IPSEC_QOS_SERVICE_ACL_NETS_MAX,
		  "one more than 64 rules" },
		{ W "service a { id = 1 chain = w address = 198.51.100.80 acl = {\n",
		  "\"allow 2.0.%u.%u\",\n", "} }", IPSEC_QOS_SERVICE_ACL_MAX, "one rule more than 4096" },
		{ W "service a { id = 1 chain = w address = 198.51.100.80 ports = {\n",
		  "tcp/8%u,\n", "} }", IPSEC_QOS_SERVICE_PORTS_MAX, "ports: expected at most 64" },
		{ W "service a { id = 1 chain = w address = 198.51.100.80\n",
		  "clients 10.3.0.%u { chain = w }\n", "}", IPSEC_QOS_SERVICE_OVERRIDES_MAX,
		  "'10.3.0.16' of service 'a' are one more than 16" },
		{ DEVICES "device d1 { id = 11 interface = e1 } device d2 { id = 12 interface = e2 } device d3 { id = 13 interface = e3 }"
		  "device d4 { id = 14 interface = e4 } device d5 { id = 15 interface = e5 } device d6 { id = 16 interface = e6 }"
		  "device d7 { id = 17 interface = e7 } device d8 { id = 18 interface = e8 } device d0 { id = 19 interface = e0 }\n"
		  "chain c { id = 1 devices = {\n", "d%u,\n", "} }", IPSEC_QOS_CHAIN_STEPS_MAX,
		  "more than 8 devices" },
	};
	unsigned int i, n, line = 1;
	const char *p;
	size_t size;
	char *text;
	FILE *out;

	for (n = ceilings[_i].n; n <= ceilings[_i].n + 1; n++) {
		out = open_memstream(&text, &size);
		fputs(ceilings[_i].before, out);
		for (i = 0; i < n; i++)
			if (strstr(ceilings[_i].each, "%u.%u"))
				fprintf(out, ceilings[_i].each, i / 200, i % 200 + 1);
			else
				fprintf(out, ceilings[_i].each, i, i + 1, i);
		fputs(ceilings[_i].after, out);
		ck_assert(!fclose(out));
		if (n == ceilings[_i].n) {
			config_free(load(text));
		} else {
			for (p = ceilings[_i].before; (p = strchr(p, '\n')); p++)
				line++;
			write_file("main.conf", text);
			refused("main.conf", line + n - 1, ceilings[_i].culprit);
		}
		free(text);
	}
}
END_TEST

static void add_local(const char *text)
{
	struct sockaddr_in *in;
	struct ifreq ifr = { .ifr_name = "lo" };
	int fd;

	/* a namespace of its own, where it may have addresses */
	ck_assert_msg(!unshare(CLONE_NEWNET) || !unshare(CLONE_NEWUSER | CLONE_NEWNET),
		      "no network namespace");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	in = (void *)&ifr.ifr_addr;
	in->sin_family = AF_INET;
	ck_assert_int_eq(inet_pton(AF_INET, text, &in->sin_addr), 1);
	ck_assert_int_eq(ioctl(fd, SIOCSIFADDR, &ifr), 0);
	close(fd);
}

START_TEST(test_local)
{
	add_local("198.51.100.80");
	write_file("main.conf", W "service b { id = 2 address = 198.51.100.81 chain = w }\n"
		   "service a { id = 1 chain = w\naddress = 198.51.100.80 }");
	refused("main.conf", 7, "address = '198.51.100.80': interface lo of this host has it");
	/* the clients' network is where this host is, too */
	config_free(load(W "service a { id = 1 address = 198.51.100.0/24 chain = w mode = client }"));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("config_chain");

	tcase_add_checked_fixture(tc, setup, teardown);
	/* as many chains as there may be, with sanitizers */
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_devices);
	tcase_add_test(tc, test_through);
	tcase_add_test(tc, test_pool);
	tcase_add_test(tc, test_chains);
	tcase_add_test(tc, test_services);
	tcase_add_loop_test(tc, test_apart, 0, 11);
	tcase_add_loop_test(tc, test_mistake, 0, sizeof(mistakes) / sizeof(mistakes[0]));
	tcase_add_loop_test(tc, test_ceiling, 0, 7);
	tcase_add_test(tc, test_local);
	return run_tests("config_chain", tc);
}
