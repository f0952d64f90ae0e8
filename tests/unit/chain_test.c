// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the daemon makes of service chains: whether a device works, what the module is to be
 * told, and how IKE is asked.
 */
#include "config_files.h"

#include <arpa/inet.h>

#include "chain/object.h"
#include "chain/trial.h"
#include "check/ike.h"

#define TRIES	3

/*
 * Each letter is a try, or a look at the counters: + answered, - refused, . no answer, ? could
 * not be asked; 0 to 9: so many packets went and none came, < some came; a admits it.
 */
static const struct {
	const char *events;
	const char *states;	/* behind each: u up, f failed, s suspected, c check at once */
	uint32_t run;
} trials[] = {
	{ "+++", "uuu", 3 },
	/* three in turn, in one check */
	{ "---", "uuf", 0 },
	{ "...", "uuf", 0 },
	{ "--+--+--+", "uuuuuuuuu", 3 },
	/* what cannot be asked says nothing, of what was asked before neither */
	{ "???", "uuu", 0 },
	{ "--?--?--?", "uuuuuuuuu", 0 },
	{ "+?+", "uuu", 2 },
	/* only somebody's word brings it back, however many pass */
	{ "---++++", "uufffff", 4 },
	{ "---++a", "uufffu", 2 },
	{ "---++---+", "uufffffff", 1 },
	{ "---a---", "uufuuuf", 0 },
	/* signs: twice in turn, the first look is none */
	{ "99", "uu", 0 },
	{ "999", "uuc", 0 },
	{ "9999", "uucs", 0 },
	{ "99<99", "uuuuc", 0 },
	{ "7777", "uuuu", 0 },
	{ "98888", "uucss", 0 },
	{ "9979", "uuuu", 0 },
	/* who is suspected stays so without packets, until some come back */
	{ "999000<", "uucsssu", 0 },
	/* and never fails by that, whatever its checks say in between */
	{ "9999999999", "uucsssssss", 0 },
	{ "999+++999", "uucssssss", 3 },
	{ "999---a99", "uucssfuuc", 0 },
};

static char trial_state(const struct trial *t, bool at_once)
{
	return t->failed ? 'f' : at_once ? 'c' : trial_suspected(t) ? 's' : 'u';
}

START_TEST(test_trial)
{
	struct trial t = {};
	uint64_t sent = 1000, returned = 900;
	const char *e;
	double now = 1;
	size_t i;

	for (e = trials[_i].events, i = 0; *e; e++, i++, now++) {
		bool at_once = false;

		switch (*e) {
		case '+':
			ck_assert_int_eq(trial_tried(&t, ASK_OK, TRIES, now), TRIAL_REST);
			break;
		case '-':
		case '.':
			trial_tried(&t, *e == '-' ? ASK_FAILED : ASK_OPEN, TRIES, now);
			break;
		case '?':
			ck_assert_int_eq(trial_tried(&t, ASK_UNKNOWN, TRIES, now), TRIAL_REST);
			break;
		case 'a':
			trial_admit(&t, now);
			break;
		case '<':
			sent += 100;
			at_once = trial_counted(&t, sent, ++returned, TRIAL_PACKETS);
			break;
		default:
			sent += *e - '0';
			at_once = trial_counted(&t, sent, returned, TRIAL_PACKETS);
		}
		ck_assert_msg(trial_state(&t, at_once) == trials[_i].states[i],
			      "%s: behind %zu: %c and not %c", trials[_i].events, i + 1,
			      trial_state(&t, at_once), trials[_i].states[i]);
	}
	ck_assert_uint_eq(t.run, trials[_i].run);
}
END_TEST

START_TEST(test_trial_told)
{
	struct trial t = {};

	/* it is told once that it has failed */
	ck_assert_int_eq(trial_tried(&t, ASK_OPEN, 2, 5), TRIAL_AGAIN);
	ck_assert_int_eq(trial_tried(&t, ASK_FAILED, 2, 6), TRIAL_FAILED);
	ck_assert(t.since == 6 && t.asked && !t.ok);
	ck_assert_int_eq(trial_tried(&t, ASK_OPEN, 2, 7), TRIAL_AGAIN);
	ck_assert_int_eq(trial_tried(&t, ASK_OPEN, 2, 8), TRIAL_REST);
	ck_assert(t.since == 6);
	/* three SYNs that a server does not answer */
	t = (struct trial){};
	ck_assert(!trial_counted(&t, 10, 10, TRIAL_SYNS));
	ck_assert(!trial_counted(&t, 13, 10, TRIAL_SYNS));
	ck_assert(trial_counted(&t, 16, 10, TRIAL_SYNS));
	/* counters that begin anew are another device's */
	ck_assert(!trial_counted(&t, 3, 0, TRIAL_SYNS));
	ck_assert(!trial_suspected(&t));
}
END_TEST

/* A tap: what it sends by itself is little, and copies that come back are as many as went. */
START_TEST(test_copied)
{
	struct trial t = {};

	trial_copied(&t, 100, 90);
	ck_assert(!t.forwards);
	trial_copied(&t, 200, 190);
	ck_assert(!t.forwards);
	trial_copied(&t, 210, 195);
	ck_assert(t.forwards);
	/* few say nothing, whichever way */
	trial_copied(&t, 217, 195);
	ck_assert(t.forwards);
	trial_copied(&t, 310, 199);
	ck_assert(!t.forwards);
	trial_copied(&t, 410, 248);
	trial_copied(&t, 510, 297);
	ck_assert(!t.forwards);
	/* another device by now */
	trial_copied(&t, 20, 20);
	trial_copied(&t, 40, 40);
	ck_assert(!t.forwards);
	trial_copied(&t, 60, 60);
	ck_assert(t.forwards && !t.failed);
}
END_TEST

/* A service: others of the same server do not hide it, nor do few who begin. */
START_TEST(test_answered)
{
	struct trial_answers t = {};

	ck_assert(!trial_answered(&t, 100, 7));
	ck_assert(!trial_answered(&t, 103, 7));
	ck_assert(trial_answered(&t, 106, 7) && trial_silent(&t));
	/* told once; who is silent stays so while nobody begins */
	ck_assert(!trial_answered(&t, 109, 7) && !trial_answered(&t, 109, 7));
	ck_assert(trial_silent(&t));
	ck_assert(!trial_answered(&t, 120, 8) && !trial_silent(&t));
	/* two who begin are one client, or none */
	ck_assert(!trial_answered(&t, 122, 8) && !trial_answered(&t, 124, 8));
	ck_assert(!trial_answered(&t, 127, 8) && !trial_answered(&t, 129, 8));
	ck_assert(!trial_answered(&t, 132, 8) && !trial_silent(&t));
	/* another service by now */
	ck_assert(!trial_answered(&t, 5, 0) && !trial_silent(&t));
	ck_assert(!trial_answered(&t, 8, 0) && trial_answered(&t, 11, 0));
}
END_TEST

#define FW	"device fw { id = 1 interface = v10 address = 10.0.10.2 inner-interface = v11 inner-mac = \"02:00:00:00:00:11\"\n" \
		"	from = \"02:00:00:00:00:99\" alternate = spare on-failure = skip }\n"	\
		"device spare { id = 9 interface = v12 }\n"
#define IDS	"device ids { id = 2 interface = v20 mac = \"02:00:00:00:00:20\" kind = tap rate = 7 snap = 64 }\n"
#define WEB	"device web { id = 3 interface = v30 address = 10.0.30.2 }\n"
#define W	FW IDS WEB "chain w { id = 5 devices = { fw, ids, web } }\nchain c { id = 6 devices = web }\n"

START_TEST(test_device)
{
	struct config *c = load(W);
	struct device_now now = { .has_mac = { true, true }, .mac = { { 2, 1 }, { 2, 2 } } };
	struct iq_kernel_device d;

	object_device(&c->chain.devices[0], &now, &d);
	ck_assert_uint_eq(d.id, 1);
	ck_assert_str_eq(d.name, "fw");
	ck_assert_uint_eq(d.state, IPSEC_QOS_DEVICE_UP);
	ck_assert_uint_eq(d.alternate, 9);
	ck_assert_uint_eq(d.failure, IPSEC_QOS_DEVICE_FAILURE_SKIP);
	ck_assert_str_eq(d.outer.dev, "v10");
	/* as it was found, but where it was given */
	ck_assert(d.outer.has_mac && d.inner.has_mac);
	ck_assert_mem_eq(d.outer.mac, now.mac[0], 6);
	ck_assert_mem_eq(d.inner.mac, "\x02\0\0\0\0\x11", 6);
	ck_assert_uint_eq(d.outer.n_from, 1);
	ck_assert_mem_eq(d.outer.from[0], "\x02\0\0\0\0\x99", 6);
	/* which is of copies alone */
	ck_assert(!(d.has & (IQ_DEVICE_RATE | IQ_DEVICE_SNAP)));

	now = (struct device_now){ .down = true };
	object_device(&c->chain.devices[0], &now, &d);
	ck_assert(!d.outer.has_mac);
	ck_assert_uint_eq(d.state, IPSEC_QOS_DEVICE_DOWN);
	object_device(&c->chain.devices[2], &now, &d);
	ck_assert_uint_eq(d.kind, IPSEC_QOS_DEVICE_TAP);
	ck_assert_str_eq(d.inner.dev, "");
	ck_assert(d.has & IQ_DEVICE_RATE && d.has & IQ_DEVICE_SNAP);
	ck_assert_uint_eq(d.rate, 7);
	ck_assert_uint_eq(d.snap, 64);
	config_free(c);
}
END_TEST

START_TEST(test_chain)
{
	struct config *c = load(W);
	struct iq_kernel_chain chain;

	object_chain(&c->chain.chains[0], &chain);
	ck_assert_uint_eq(chain.id, 5);
	ck_assert_str_eq(chain.name, "w");
	ck_assert_uint_eq(chain.n_steps, 3);
	ck_assert(chain.steps[0] == 1 && chain.steps[1] == 2 && chain.steps[2] == 3);
	config_free(c);
}
END_TEST

START_TEST(test_service)
{
	struct config *c = load(W "group g { id = 8 mark = 1 }\n"
				"service a { id = 1 address = 198.51.100.80 chain = w ports = tcp/80 mode = nat server-port = 8080\n"
				"	group = g from-group = g limit = 9 acl = { \"deny 192.0.2.0/24 dev eth1\", \"allow any\" }\n"
				"	clients 203.0.113.0/24 { chain = c }\n"
				"	segment fw { to = 10.9.9.1 from-ports = tcp/81 } }\n"
				"service b { id = 2 address = 192.0.2.0/24 chain = w mode = client }\n"
				"service d { id = 3 address = 198.51.100.82 chain = w segment web { } }\n");
	struct iq_kernel_service s;

	ck_assert_int_eq(object_service(&c->chain.services[0], true, &s), 0);
	ck_assert_uint_eq(s.id, 1);
	ck_assert_str_eq(s.name, "a");
	ck_assert_uint_eq(s.len, 32);
	ck_assert_uint_eq(s.mode, IPSEC_QOS_SERVICE_SERVER);
	ck_assert_uint_eq(s.chain, 5);
	ck_assert(s.group == 8 && s.from_group == 8 && s.rate == 9);
	ck_assert_uint_eq(s.n_ports, 1);
	ck_assert_uint_eq(s.ports[0].first, 80);
	/* what is written, and the server's own */
	ck_assert_uint_eq(s.n_segments, 2);
	ck_assert_uint_eq(s.segments[0].device, 1);
	ck_assert_uint_eq(s.segments[0].n_from_ports, 1);
	ck_assert_uint_eq(s.segments[1].device, 3);
	ck_assert_mem_eq(s.segments[1].to.b, "\x0a\0\x1e\x02", 4);
	ck_assert_uint_eq(s.segments[1].to_port, 8080);
	ck_assert_uint_eq(s.n_acl, 2);
	ck_assert(!s.acl[0].allow && s.acl[1].allow);
	ck_assert_uint_eq(s.acl[0].len, 24);
	ck_assert_str_eq(s.acl[0].dev, "eth1");
	ck_assert_uint_eq(s.acl[1].addr.family, 0);
	ck_assert_uint_eq(s.n_overrides, 1);
	ck_assert_uint_eq(s.overrides[0].chain, 6);
	object_service_free(&s);
	/* not yet, or not at all */
	ck_assert_int_eq(object_service(&c->chain.services[0], false, &s), 0);
	ck_assert_uint_eq(s.n_segments, 1);
	object_service_free(&s);

	ck_assert_int_eq(object_service(&c->chain.services[1], false, &s), 0);
	ck_assert_uint_eq(s.mode, IPSEC_QOS_SERVICE_CLIENT);
	ck_assert_uint_eq(s.len, 24);
	ck_assert(!s.n_ports && !s.n_segments && !s.n_acl && !s.n_overrides);
	object_service_free(&s);
	/* into the one that is written for it */
	ck_assert_int_eq(object_service(&c->chain.services[2], true, &s), 0);
	ck_assert_uint_eq(s.n_segments, 1);
	ck_assert_uint_eq(s.segments[0].to.family, AF_INET);
	object_service_free(&s);
	config_free(c);
}
END_TEST

static size_t length_at(const uint8_t *p)
{
	return p[2] << 8 | p[3];
}

/* Payloads follow one another to the message's end, as their heads say. */
START_TEST(test_ike)
{
	uint8_t buf[IKE_REQUEST], nonce[IKE_RANDOM], answer[28] = {}, types[] = { 33, 34, 40 };
	size_t len, at = 28, i;
	uint8_t next;

	for (i = 0; i < sizeof(nonce); i++)
		nonce[i] = i + 1;
	len = ike_request(buf, nonce);
	ck_assert_uint_le(len, sizeof(buf));
	ck_assert_mem_eq(buf, nonce, 8);
	ck_assert_uint_eq(length_at(buf + 24), len);
	ck_assert(buf[17] == 0x20 && buf[18] == 34 && buf[19] == 8);
	next = buf[16];
	for (i = 0; i < 3; i++) {
		ck_assert_uint_eq(next, types[i]);
		next = buf[at];
		at += length_at(buf + at);
	}
	ck_assert_uint_eq(next, 0);
	ck_assert_uint_eq(at, len);

	memcpy(answer, nonce, 8);
	answer[17] = 0x20;
	answer[19] = 0x20;
	ck_assert(ike_answers(answer, sizeof(answer), nonce));
	ck_assert(!ike_answers(answer, sizeof(answer) - 1, nonce));
	ck_assert(!ike_answers(buf, len, nonce));
	answer[7]++;
	ck_assert(!ike_answers(answer, sizeof(answer), nonce));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("chain");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, test_trial, 0, sizeof(trials) / sizeof(trials[0]));
	tcase_add_test(tc, test_trial_told);
	tcase_add_test(tc, test_copied);
	tcase_add_test(tc, test_answered);
	tcase_add_test(tc, test_device);
	tcase_add_test(tc, test_chain);
	tcase_add_test(tc, test_service);
	tcase_add_test(tc, test_ike);
	return run_tests("chain", tc);
}
