// SPDX-License-Identifier: GPL-2.0
/*
 * Chains without packets: whose a packet is, as services come, change and go, against a
 * model that looks at all of them; what devices stand for each other; what is left for what
 * is under way; and ACLs.
 */
#include <kunit/test.h>
#include <linux/prandom.h>

#include "../core/object.c"
#include "../core/stores.c"
#include "acl.c"
#include "attach.c"
#include "body.c"
#include "chains.c"
#include "device.c"
#include "key.c"
#include "linger.c"
#include "list.c"
#include "look.c"
#include "range.c"
#include "service.c"
#include "state.c"

#define IQ_T_DEVICES	12
#define IQ_T_CHAINS	3
#define IQ_T_SERVICES	40
#define IQ_T_ADDRESSES	4
#define IQ_T_PORTS	200	/* ports that services have are below */

struct kobj_type iq_device_folder;
struct kobj_type iq_service_folder;

int iq_folders_init(struct iq_folders *fs, struct iq_net *iqn, const char *name)
{
	return 0;
}

void iq_folders_exit(struct iq_folders *fs)
{
}

void iq_folder_init(struct iq_folder *f, struct kobj_type *type)
{
}

void iq_folder_show(struct iq_folders *fs, struct iq_folder *f, const char *name)
{
}

void iq_folder_exit(struct iq_folders *fs, struct iq_folder *f)
{
}

size_t iq_device_size(const struct iq_object *o, bool whole)
{
	return 0;
}

size_t iq_chain_size(const struct iq_object *o, bool whole)
{
	return 0;
}

size_t iq_service_size(const struct iq_object *o, bool whole)
{
	return 0;
}

int iq_put_device(struct sk_buff *skb, struct iq_object *o, bool whole)
{
	return 0;
}

int iq_put_chain(struct sk_buff *skb, struct iq_object *o, bool whole)
{
	return 0;
}

int iq_put_service(struct sk_buff *skb, struct iq_object *o, bool whole)
{
	return 0;
}

void iq_trace_set(struct iq_chains *ch, struct iq_service *s, const struct in6_addr *client,
		  u32 packets)
{
}

bool iq_bridged(const struct sk_buff *skb)
{
	return false;
}

bool iq_onward_host(const struct sk_buff *skb)
{
	return true;
}

bool iq_onward_forwards(const struct net_device *in, bool four)
{
	return true;
}

unsigned int iq_segment(enum iq_hook_set which, struct sk_buff *skb,
			const struct nf_hook_state *state)
{
	return NF_DROP;
}

unsigned int iq_enter(struct iq_pass *p)
{
	return NF_ACCEPT;
}

unsigned int iq_pass_drop(const struct iq_pass *p, enum ipsec_qos_service_counter why)
{
	return NF_DROP;
}

unsigned int iq_pass_drop_at(const struct iq_pass *p, const struct iq_device *d,
			     enum ipsec_qos_device_counter why)
{
	return NF_DROP;
}

void iq_tell_due(struct iq_pass *p)
{
}

struct sk_buff *iq_answer(struct genl_info *info, size_t size, void **hdr)
{
	return NULL;
}

int iq_reply(struct genl_info *info, struct sk_buff *skb, void *hdr, int err)
{
	return err;
}

/* Events that there would have been for who listens */
static u32 iq_t_events;

struct sk_buff *iq_event_begin(struct iq_net *iqn, enum iq_mcgrp group,
			       enum ipsec_qos_event event, size_t size, void **hdr)
{
	iq_t_events++;
	return NULL;
}

void iq_event_end(struct iq_net *iqn, enum iq_mcgrp group, enum ipsec_qos_event event,
		  struct sk_buff *skb, void *hdr, int err)
{
}

void *iq_dump_begin(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd)
{
	return NULL;
}

/**
 * struct iq_t - what a test has
 *
 * @iqn: a namespace, with chains of devices
 * @spec: of each service, as it was stated last; NULL: there is no such
 */
struct iq_t {
	struct iq_net iqn;
	struct rnd_state rnd;
	struct iq_spec *spec[IQ_T_SERVICES];
};

static struct iq_chains *iq_t_chains(struct kunit *test)
{
	struct iq_t *t = test->priv;

	return iq_chains(&t->iqn);
}

/* Devices 1 to IQ_T_DEVICES, at an interface that is not there */
static int iq_t_devices(struct iq_t *t)
{
	struct iq_device_req *req = kcalloc(IQ_T_DEVICES, sizeof(*req), GFP_KERNEL);
	int err;
	u32 i;

	if (!req)
		return -ENOMEM;
	for (i = 0; i < IQ_T_DEVICES; i++) {
		req[i].object.id = i + 1;
		snprintf(req[i].object.name, sizeof(req[i].object.name), "d%u", i + 1);
		req[i].kind = req[i].state = req[i].failure = -1;
		/* Any attribute will do: it is only there. */
		req[i].sides[0] = (const struct nlattr *)&req[i];
		strscpy(req[i].conf[0].dev, "iq_t", sizeof(req[i].conf[0].dev));
		req[i].conf[0].has_mac = true;
		req[i].conf[0].mac[5] = i + 1;
	}
	err = iq_device_set(&t->iqn, req, IQ_T_DEVICES, 0, NLM_F_CREATE, NULL);
	kfree(req);
	return err;
}

static int iq_t_chain(struct iq_t *t, u32 id, u32 n, const u32 *step)
{
	struct iq_chain_req req = { .object.id = id, .n = n };

	snprintf(req.object.name, sizeof(req.object.name), "c%u", id);
	memcpy(req.step, step, n * sizeof(*step));
	return iq_chain_set(&t->iqn, &req, 1, 0, NLM_F_CREATE | NLM_F_REPLACE, NULL);
}

static int iq_t_init(struct kunit *test)
{
	static const u32 step[IQ_T_CHAINS][4] = { { 1, 2, 3 }, { 4, 2, 5 }, { 6, 7, 8, 9 } };
	struct iq_t *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	int err;
	u32 i;

	if (!t)
		return -ENOMEM;
	prandom_seed_state(&t->rnd, 20260317);
	t->iqn.net = &init_net;
	mutex_init(&t->iqn.config_lock);
	spin_lock_init(&t->iqn.table_lock);
	test->priv = t;
	mutex_lock(&t->iqn.config_lock);
	err = iq_t_devices(t);
	for (i = 0; i < IQ_T_CHAINS && !err; i++)
		err = iq_t_chain(t, i + 1, i == 2 ? 4 : 3, step[i]);
	return err;
}

static void iq_t_exit(struct kunit *test)
{
	struct iq_t *t = test->priv;
	u32 i;

	for (i = 0; i < IQ_T_SERVICES; i++)
		iq_spec_put(t->spec[i]);
	mutex_unlock(&t->iqn.config_lock);
	iq_chains_exit(&t->iqn);
}

static u32 iq_t_below(struct iq_t *t, u32 n)
{
	return prandom_u32_state(&t->rnd) % n;
}

static void iq_t_address(struct in6_addr *addr, u8 family, u32 i)
{
	*addr = (struct in6_addr) {};
	if (family == AF_INET)
		addr->s6_addr32[0] = htonl(0xc6120001 + i);
	else
		addr->s6_addr32[0] = htonl(0x20010db8), addr->s6_addr32[3] = htonl(1 + i);
}

static struct iq_spec *iq_t_spec(struct kunit *test, u8 family, u32 address, u32 chain, u32 n)
{
	struct iq_spec *spec = iq_spec_alloc();

	KUNIT_ASSERT_NOT_NULL(test, spec);
	spec->family = family;
	spec->len = family == AF_INET ? 32 : 128;
	spec->chain_id = chain;
	iq_t_address(&spec->addr, family, address);
	if (!n)
		return spec;
	spec->ports.port = kvcalloc(n, sizeof(*spec->ports.port), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, spec->ports.port);
	spec->ports.n = n;
	return spec;
}

/* Ports in order, that do not overlap: one in four is a range */
static struct iq_spec *iq_t_random(struct kunit *test)
{
	struct iq_t *t = test->priv;
	u32 n = iq_t_below(t, 6), i, at = iq_t_below(t, IQ_T_PORTS - 60);
	struct iq_spec *spec;
	struct iq_port *port;

	spec = iq_t_spec(test, iq_t_below(t, 2) ? AF_INET : AF_INET6,
			 iq_t_below(t, IQ_T_ADDRESSES), 1 + iq_t_below(t, IQ_T_CHAINS), n);
	for (i = 0; i < n; i++) {
		port = &spec->ports.port[i];
		port->proto = IPPROTO_TCP;
		port->first = at + 1;
		port->last = port->first + (iq_t_below(t, 4) ? 0 : iq_t_below(t, 8));
		at = port->last + iq_t_below(t, 3);
	}
	spec->rate = iq_t_below(t, 3) ? 0 : 1000;
	return spec;
}

static int iq_t_state(struct kunit *test, u32 i, struct iq_spec *spec)
{
	struct iq_service_req req = { .object.id = i + 1, .spec = spec };
	struct iq_t *t = test->priv;

	snprintf(req.object.name, sizeof(req.object.name), "s%u", i + 1);
	return iq_service_set(&t->iqn, &req, 1, 0, NLM_F_CREATE | NLM_F_REPLACE, NULL);
}

static int iq_t_del(struct kunit *test, u32 i)
{
	struct iq_service_req req = { .object.id = i + 1 };
	struct iq_t *t = test->priv;

	return iq_service_del(&t->iqn, &req, 1, NULL);
}

static bool iq_t_has(const struct iq_spec *spec, u16 port)
{
	u32 i;

	for (i = 0; i < spec->ports.n; i++)
		if (spec->ports.port[i].first <= port && spec->ports.port[i].last >= port)
			return true;
	return false;
}

/* Do two services want one port, or both all the rest? */
static bool iq_t_meet(const struct iq_spec *a, const struct iq_spec *b)
{
	u32 i;

	if (a->family != b->family || !ipv6_addr_equal(&a->addr, &b->addr))
		return false;
	if (!a->ports.n || !b->ports.n)
		return !a->ports.n && !b->ports.n;
	for (i = 0; i < IQ_T_PORTS; i++)
		if (iq_t_has(a, i) && iq_t_has(b, i))
			return true;
	return false;
}

/* The service that a packet is; IQ_T_SERVICES: nobody's */
static u32 iq_t_whose(struct iq_t *t, u8 family, const struct in6_addr *addr, u16 port)
{
	u32 i, rest = IQ_T_SERVICES;

	for (i = 0; i < IQ_T_SERVICES; i++) {
		if (!t->spec[i] || t->spec[i]->family != family ||
		    !ipv6_addr_equal(&t->spec[i]->addr, addr))
			continue;
		if (!t->spec[i]->ports.n)
			rest = i;
		else if (iq_t_has(t->spec[i], port))
			return i;
	}
	return rest;
}

static bool iq_t_find(struct iq_chains *ch, u8 family, const struct in6_addr *addr, u16 port,
		      enum iq_key_set set, struct iq_hit *hit)
{
	bool wide = family == AF_INET6;

	return iq_key_find(ch, wide, addr, IPPROTO_TCP, port, set,
			   iq_bloom_get(rcu_dereference(ch->bloom), wide, addr), hit);
}

static void iq_t_compare_one(struct kunit *test, u8 family, const struct in6_addr *addr,
			     u16 port)
{
	struct iq_chains *ch = iq_t_chains(test);
	struct iq_t *t = test->priv;
	u32 whose = iq_t_whose(t, family, addr, port), set;
	struct iq_service *s;
	struct iq_hit hit;
	bool found;

	for (set = IQ_SERVER_FORWARD; set <= IQ_SERVER_BACK; set++) {
		found = iq_t_find(ch, family, addr, port, set, &hit);
		KUNIT_EXPECT_EQ(test, found, whose < IQ_T_SERVICES);
		if (!found || whose == IQ_T_SERVICES)
			continue;
		s = iq_hit_service(ch, &hit);
		KUNIT_ASSERT_NOT_NULL(test, s);
		KUNIT_EXPECT_EQ(test, s->object.id, whose + 1);
		KUNIT_EXPECT_PTR_EQ(test, hit.track, iq_body_track(s->body));
		KUNIT_EXPECT_PTR_EQ(test, hit.track->service, t->spec[whose]->rate ? s : NULL);
		KUNIT_EXPECT_EQ(test, hit.track->rate, t->spec[whose]->rate);
		KUNIT_EXPECT_TRUE(test, !hit.whole || !t->spec[whose]->ports.n);
	}
}

static void iq_t_compare(struct kunit *test)
{
	struct iq_chains *ch = iq_t_chains(test);
	struct in6_addr addr;
	u32 i, port;
	u8 family;

	iq_lingers_over(ch, true);
	rcu_read_lock();
	for (i = 0; i < 2 * (IQ_T_ADDRESSES + 1); i++) {
		family = i % 2 ? AF_INET : AF_INET6;
		iq_t_address(&addr, family, i / 2);
		for (port = 0; port < IQ_T_PORTS; port++)
			iq_t_compare_one(test, family, &addr, port);
	}
	rcu_read_unlock();
}

/* Services come, change and go, and are refused where another one has a port of theirs. */
static void iq_service_model_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	struct iq_spec *spec;
	u32 i, j, step;
	bool meets;
	int err;

	for (step = 0; step < 600; step++) {
		i = iq_t_below(t, IQ_T_SERVICES);
		if (t->spec[i] && !iq_t_below(t, 4)) {
			KUNIT_ASSERT_EQ(test, iq_t_del(test, i), 0);
			iq_spec_put(t->spec[i]);
			t->spec[i] = NULL;
		} else {
			spec = iq_t_random(test);
			for (j = 0, meets = false; j < IQ_T_SERVICES; j++)
				meets |= j != i && t->spec[j] && iq_t_meet(spec, t->spec[j]);
			err = iq_t_state(test, i, spec);
			KUNIT_ASSERT_EQ(test, err, meets ? -EEXIST : 0);
			iq_spec_put(err ? spec : t->spec[i]);
			if (!err)
				t->spec[i] = spec;
		}
		if (!(step % 20))
			iq_t_compare(test);
	}
	for (i = 0; i < IQ_T_SERVICES; i++) {
		if (!t->spec[i])
			continue;
		KUNIT_ASSERT_EQ(test, iq_t_del(test, i), 0);
		iq_spec_put(t->spec[i]);
		t->spec[i] = NULL;
	}
	iq_t_compare(test);
	KUNIT_EXPECT_EQ(test, iq_t_chains(test)->n_keys, 0);
}

/* With segments: which keys there are, and what packets with them may be. */
static void iq_service_views_test(struct kunit *test)
{
	struct iq_chains *ch = iq_t_chains(test);
	struct iq_spec *spec = iq_t_spec(test, AF_INET, 0, 1, 1);
	const struct iq_views *v;
	struct in6_addr addr;
	struct iq_hit hit;

	spec->ports.port[0] = (struct iq_port) { IPPROTO_TCP, 80, 80 };
	spec->segment = kvcalloc(2, sizeof(*spec->segment), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, spec->segment);
	spec->n_segments = 2;
	/* Device 1 sends it on with another address; the last is sent another port. */
	spec->segment[0].id = 1;
	spec->segment[0].has_from = true;
	iq_t_address(&spec->segment[0].from, AF_INET, 1);
	spec->segment[1].id = 3;
	spec->segment[1].to_port = 8080;
	KUNIT_ASSERT_EQ(test, iq_t_state(test, 0, spec), 0);
	iq_spec_put(spec);

	rcu_read_lock();
	iq_t_address(&addr, AF_INET, 0);
	KUNIT_ASSERT_TRUE(test, iq_t_find(ch, AF_INET, &addr, 80, IQ_SERVER_FORWARD, &hit));
	v = hit.track->views;
	KUNIT_ASSERT_NOT_NULL(test, v);
	KUNIT_EXPECT_TRUE(test, iq_hit_enters(&hit));
	KUNIT_EXPECT_FALSE(test, iq_hit_comes_out(&hit, 0, IQ_FORWARD));
	KUNIT_EXPECT_EQ(test, iq_view_to(v, 0, IQ_FORWARD), 0);
	KUNIT_EXPECT_NE(test, iq_view_out(v, 0, IQ_FORWARD), 0);
	KUNIT_EXPECT_EQ(test, iq_view_to(v, -1, IQ_BACK), 0);
	KUNIT_EXPECT_EQ(test, v->view[iq_view_to(v, 2, IQ_FORWARD)].port, htons(8080));
	KUNIT_EXPECT_EQ(test, v->view[iq_view_to(v, 1, IQ_FORWARD)].port, htons(80));
	/* As clients see it: that is what device 1 sends back. */
	KUNIT_ASSERT_TRUE(test, iq_t_find(ch, AF_INET, &addr, 80, IQ_SERVER_BACK, &hit));
	KUNIT_EXPECT_TRUE(test, iq_hit_comes_out(&hit, 0, IQ_BACK));
	KUNIT_EXPECT_FALSE(test, iq_hit_comes_out(&hit, 1, IQ_BACK));

	iq_t_address(&addr, AF_INET, 1);
	KUNIT_ASSERT_TRUE(test, iq_t_find(ch, AF_INET, &addr, 80, IQ_SERVER_FORWARD, &hit));
	KUNIT_EXPECT_FALSE(test, iq_hit_enters(&hit));
	KUNIT_EXPECT_TRUE(test, iq_hit_comes_out(&hit, 0, IQ_FORWARD));
	KUNIT_EXPECT_TRUE(test, iq_hit_comes_out(&hit, 1, IQ_FORWARD));
	KUNIT_EXPECT_FALSE(test, iq_hit_comes_out(&hit, 2, IQ_FORWARD));
	KUNIT_ASSERT_TRUE(test, iq_t_find(ch, AF_INET, &addr, 8080, IQ_SERVER_BACK, &hit));
	KUNIT_EXPECT_TRUE(test, iq_hit_comes_out(&hit, 2, IQ_BACK));
	KUNIT_EXPECT_FALSE(test, iq_hit_comes_out(&hit, 1, IQ_BACK));
	KUNIT_EXPECT_FALSE(test, iq_t_find(ch, AF_INET, &addr, 8081, IQ_SERVER_BACK, &hit));
	rcu_read_unlock();
}

/* A chain is exchanged: what is at a device that only the old one has goes on by that. */
static void iq_chain_exchange_test(struct kunit *test)
{
	struct iq_chains *ch = iq_t_chains(test);
	struct iq_spec *spec = iq_t_spec(test, AF_INET, 0, 1, 0);
	const u32 step[] = { 1, 10, 3 };
	struct iq_t *t = test->priv;
	struct iq_track *old;
	struct in6_addr addr;
	struct iq_hit hit;

	KUNIT_ASSERT_EQ(test, iq_t_state(test, 0, spec), 0);
	iq_spec_put(spec);
	iq_t_address(&addr, AF_INET, 0);
	KUNIT_ASSERT_EQ(test, iq_t_chain(t, 1, 3, step), 0);
	rcu_read_lock();
	KUNIT_ASSERT_TRUE(test, iq_t_find(ch, AF_INET, &addr, 7, IQ_SERVER_FORWARD, &hit));
	KUNIT_EXPECT_TRUE(test, hit.whole);
	KUNIT_EXPECT_EQ(test, iq_track_position(hit.track, iq_device_find(ch, 10)), 1);
	KUNIT_EXPECT_EQ(test, iq_track_position(hit.track, iq_device_find(ch, 2)), -1);
	old = rcu_dereference(hit.track->old);
	KUNIT_ASSERT_NOT_NULL(test, old);
	KUNIT_EXPECT_EQ(test, iq_track_position(old, iq_device_find(ch, 2)), 1);
	rcu_read_unlock();

	/* The service goes to another chain: likewise, and it shares that one's in the end. */
	iq_lingers_over(ch, true);
	spec = iq_t_spec(test, AF_INET, 0, 3, 0);
	KUNIT_ASSERT_EQ(test, iq_t_state(test, 0, spec), 0);
	iq_spec_put(spec);
	rcu_read_lock();
	KUNIT_ASSERT_TRUE(test, iq_t_find(ch, AF_INET, &addr, 7, IQ_SERVER_BACK, &hit));
	KUNIT_EXPECT_EQ(test, iq_track_position(hit.track, iq_device_find(ch, 9)), 3);
	old = rcu_dereference(hit.track->old);
	KUNIT_ASSERT_NOT_NULL(test, old);
	KUNIT_EXPECT_EQ(test, iq_track_position(old, iq_device_find(ch, 10)), 1);
	rcu_read_unlock();
	iq_lingers_over(ch, true);
	rcu_read_lock();
	KUNIT_ASSERT_TRUE(test, iq_t_find(ch, AF_INET, &addr, 7, IQ_SERVER_BACK, &hit));
	KUNIT_EXPECT_PTR_EQ(test, hit.track, iq_chain_find(ch, 3)->track);
	KUNIT_EXPECT_NULL(test, rcu_dereference(hit.track->old));
	rcu_read_unlock();
}

static int iq_t_device_del(struct iq_t *t, u32 id)
{
	struct iq_device_req req = { .object.id = id };

	return iq_device_del(&t->iqn, &req, 1, NULL);
}

/* A device or chain that goes takes with it what lingers and has it, and nothing else. */
static void iq_chain_exchange_del_test(struct kunit *test)
{
	const u32 step[] = { 6, 8, 9 }, other[] = { 11 };
	struct iq_chains *ch = iq_t_chains(test);
	struct iq_chain_req req = { .object.id = 4 };
	struct iq_t *t = test->priv;
	struct iq_spec *spec;
	struct iq_linger *l;
	u32 n = 0;

	KUNIT_ASSERT_EQ(test, iq_t_chain(t, 4, 1, other), 0);
	KUNIT_ASSERT_EQ(test, iq_t_chain(t, 3, 3, step), 0);
	KUNIT_EXPECT_NOT_NULL(test, rcu_access_pointer(iq_chain_find(ch, 3)->track->old));
	/* Another device, then another chain */
	KUNIT_ASSERT_EQ(test, iq_t_device_del(t, 12), 0);
	KUNIT_ASSERT_EQ(test, iq_chain_del(&t->iqn, &req, 1, NULL), 0);
	KUNIT_ASSERT_EQ(test, iq_t_device_del(t, 11), 0);
	KUNIT_EXPECT_NOT_NULL(test, rcu_access_pointer(iq_chain_find(ch, 3)->track->old));
	KUNIT_ASSERT_EQ(test, iq_t_device_del(t, 7), 0);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(iq_chain_find(ch, 3)->track->old));

	/* A service that has left a chain; then that changes, and at last goes. */
	spec = iq_t_spec(test, AF_INET, 0, 3, 0);
	KUNIT_ASSERT_EQ(test, iq_t_state(test, 0, spec), 0);
	iq_spec_put(spec);
	spec = iq_t_spec(test, AF_INET, 0, 1, 0);
	KUNIT_ASSERT_EQ(test, iq_t_state(test, 0, spec), 0);
	iq_spec_put(spec);
	KUNIT_ASSERT_EQ(test, iq_t_chain(t, 3, 2, step), 0);
	list_for_each_entry(l, &ch->lingers, list)
		n++;
	KUNIT_EXPECT_EQ(test, n, 2);
	/* Device 9: of the track that the service's has as its old one, and the chain's likewise */
	KUNIT_ASSERT_EQ(test, iq_t_device_del(t, 9), 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&ch->lingers));
	spec = iq_t_spec(test, AF_INET, 0, 3, 0);
	KUNIT_ASSERT_EQ(test, iq_t_state(test, 0, spec), 0);
	iq_spec_put(spec);
	spec = iq_t_spec(test, AF_INET, 0, 1, 0);
	KUNIT_ASSERT_EQ(test, iq_t_state(test, 0, spec), 0);
	iq_spec_put(spec);
	req.object.id = 3;
	KUNIT_ASSERT_EQ(test, iq_chain_del(&t->iqn, &req, 1, NULL), 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&ch->lingers));
}

/* A port that a service has no more is there a while yet, for the filter, too. */
static void iq_chain_exchange_port_test(struct kunit *test)
{
	struct iq_chains *ch = iq_t_chains(test);
	struct iq_spec *spec;
	struct in6_addr addr;
	struct iq_hit hit;
	u16 port;

	iq_t_address(&addr, AF_INET, 0);
	for (port = 5; port <= 6; port++) {
		spec = iq_t_spec(test, AF_INET, 0, 1, 1);
		spec->ports.port[0] = (struct iq_port) { IPPROTO_TCP, port, port };
		KUNIT_ASSERT_EQ(test, iq_t_state(test, 0, spec), 0);
		iq_spec_put(spec);
	}
	/* As where the filter is full; then it would have nothing of an address that is gone. */
	iq_bloom_rebuild(ch);
	rcu_read_lock();
	KUNIT_EXPECT_TRUE(test, iq_t_find(ch, AF_INET, &addr, 5, IQ_SERVER_BACK, &hit));
	KUNIT_EXPECT_TRUE(test, iq_t_find(ch, AF_INET, &addr, 6, IQ_SERVER_BACK, &hit));
	rcu_read_unlock();
	spec = iq_t_spec(test, AF_INET, 1, 1, 0);
	KUNIT_ASSERT_EQ(test, iq_t_state(test, 0, spec), 0);
	iq_spec_put(spec);
	iq_bloom_rebuild(ch);
	rcu_read_lock();
	KUNIT_EXPECT_TRUE(test, iq_t_find(ch, AF_INET, &addr, 6, IQ_SERVER_BACK, &hit));
	rcu_read_unlock();
	iq_lingers_over(ch, true);
	iq_bloom_rebuild(ch);
	rcu_read_lock();
	KUNIT_EXPECT_EQ(test, iq_bloom_get(rcu_dereference(ch->bloom), false, &addr), 0);
	rcu_read_unlock();
}

/* Likewise of clients that had a chain of their own, or get one */
static void iq_chain_exchange_override_test(struct kunit *test)
{
	static const struct in6_addr client = { .s6_addr = { 192, 0, 2, 7 } };
	struct iq_chains *ch = iq_t_chains(test);
	struct iq_track *old;
	struct iq_spec *spec;
	struct in6_addr addr;
	struct iq_hit hit;
	u32 i;

	iq_t_address(&addr, AF_INET, 0);
	for (i = 0; i < 3; i++) {
		spec = iq_t_spec(test, AF_INET, 0, 1, 0);
		if (i < 2) {
			spec->except = kvcalloc(1, sizeof(*spec->except), GFP_KERNEL);
			KUNIT_ASSERT_NOT_NULL(test, spec->except);
			spec->n_excepts = 1;
			spec->except[0].id = 3 - i;
			spec->except[0].addr = client;
			spec->except[0].len = 32;
		}
		KUNIT_ASSERT_EQ(test, iq_t_state(test, 0, spec), 0);
		iq_spec_put(spec);
		rcu_read_lock();
		KUNIT_ASSERT_TRUE(test, iq_t_find(ch, AF_INET, &addr, 7, IQ_SERVER_FORWARD, &hit));
		iq_hit_client(&hit, AF_INET, &client);
		/* Devices 6 and 4 are the first of chains 3 and 2. */
		KUNIT_EXPECT_EQ(test, iq_track_position(hit.track, iq_device_find(ch, 6)),
				i == 0 ? 0 : -1);
		KUNIT_EXPECT_EQ(test, iq_track_position(hit.track, iq_device_find(ch, 4)),
				i == 1 ? 0 : -1);
		old = iq_hit_old(&hit);
		if (i > 0) {
			KUNIT_ASSERT_NOT_NULL(test, old);
			KUNIT_EXPECT_EQ(test, iq_track_position(old, iq_device_find(ch, 6)),
					i == 1 ? 0 : -1);
			KUNIT_EXPECT_EQ(test, iq_track_position(old, iq_device_find(ch, 4)),
					i == 2 ? 0 : -1);
		}
		rcu_read_unlock();
	}
}

/* Of two that are the same but for their length the longer prefix counts; ports first. */
static void iq_service_prefix_test(struct kunit *test)
{
	static const u8 len[] = { 8, 16, 24 };
	struct iq_chains *ch = iq_t_chains(test);
	struct in6_addr addr = { .s6_addr = { 10, 1, 2, 3 } };
	struct iq_spec *spec;
	struct iq_hit hit;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(len); i++) {
		spec = iq_t_spec(test, AF_INET, 0, 1 + i, 0);
		spec->mode = IPSEC_QOS_SERVICE_CLIENT;
		spec->len = len[i];
		ipv6_addr_prefix(&spec->addr, &addr, len[i]);
		KUNIT_ASSERT_EQ(test, iq_t_state(test, i, spec), 0);
		iq_spec_put(spec);
	}
	for (i = ARRAY_SIZE(len); i--; ) {
		rcu_read_lock();
		KUNIT_ASSERT_TRUE(test, iq_t_find(ch, AF_INET, &addr, 80, IQ_CLIENT_FORWARD,
						  &hit));
		KUNIT_EXPECT_PTR_EQ(test, hit.track, iq_chain_find(ch, 1 + i)->track);
		KUNIT_EXPECT_TRUE(test, hit.whole);
		KUNIT_EXPECT_EQ(test, iq_hit_service(ch, &hit)->object.id, i + 1);
		KUNIT_EXPECT_FALSE(test, iq_t_find(ch, AF_INET, &addr, 80, IQ_SERVER_FORWARD,
						   &hit));
		rcu_read_unlock();
		KUNIT_ASSERT_EQ(test, iq_t_del(test, i), 0);
	}
	rcu_read_lock();
	KUNIT_EXPECT_FALSE(test, iq_t_find(ch, AF_INET, &addr, 80, IQ_CLIENT_BACK, &hit));
	rcu_read_unlock();
}

/* Which keys has a packet, between two addresses and ports? */
static void iq_t_look(struct kunit *test, u8 family, const struct in6_addr *src, u16 sport,
		      const struct in6_addr *dst, u16 dport, struct iq_hits *hits)
{
	struct nf_hook_state state = { .net = &init_net };
	struct iq_t *t = test->priv;
	struct iq_pass p = {
		.iqn = &t->iqn,
		.chains = iq_chains(&t->iqn),
		.state = &state,
		.four = family == AF_INET,
		.tuple = {
			.src = src,
			.dst = dst,
			.sport = sport,
			.dport = dport,
			.proto = IPPROTO_TCP,
		},
	};
	struct sk_buff *skb = alloc_skb(64, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb->dev = init_net.loopback_dev;
	p.skb = skb;
	rcu_read_lock();
	iq_look_up(&p);
	rcu_read_unlock();
	kfree_skb(skb);
	*hits = p.hits;
}

/* Bits of enum iq_order */
static u8 iq_t_orders(struct kunit *test, u8 family, const struct in6_addr *src, u16 sport,
		      const struct in6_addr *dst, u16 dport)
{
	struct iq_hits hits;

	iq_t_look(test, family, src, sport, dst, dport, &hits);
	return hits.there;
}

/* A fragment without ports: is it clear even so whose it is? */
static void iq_t_ports(struct kunit *test, u32 address, bool wanted)
{
	static const struct in6_addr elsewhere = { .s6_addr = { 192, 0, 2, 1 } };
	struct in6_addr addr;
	struct iq_hits hits;

	iq_t_address(&addr, AF_INET, address);
	iq_t_look(test, AF_INET, &elsewhere, 0, &addr, 0, &hits);
	KUNIT_EXPECT_EQ(test, hits.ports, wanted);
	iq_t_look(test, AF_INET, &addr, 0, &elsewhere, 0, &hits);
	KUNIT_EXPECT_EQ(test, hits.ports, wanted);
}

/*
 * Where one service has a port of an address and another one all the rest, a fragment that
 * tells no port may be either's; so it may where there are ranges.
 */
static void iq_look_ports_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	struct iq_spec *spec;

	t->iqn.local = bitmap_zalloc(1 << IQ_LOCAL_BITS, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->iqn.local);
	spec = iq_t_spec(test, AF_INET, 0, 1, 0);
	KUNIT_ASSERT_EQ(test, iq_t_state(test, 0, spec), 0);
	iq_spec_put(spec);
	iq_t_ports(test, 0, false);
	iq_t_ports(test, 3, false);
	spec = iq_t_spec(test, AF_INET, 0, 2, 1);
	spec->ports.port[0] = (struct iq_port) { IPPROTO_TCP, 80, 80 };
	KUNIT_ASSERT_EQ(test, iq_t_state(test, 1, spec), 0);
	iq_spec_put(spec);
	iq_t_ports(test, 0, true);
	/* Port 0 is one that a range may have. */
	spec = iq_t_spec(test, AF_INET, 1, 2, 1);
	spec->ports.port[0] = (struct iq_port) { IPPROTO_TCP, 0, 1023 };
	KUNIT_ASSERT_EQ(test, iq_t_state(test, 2, spec), 0);
	iq_spec_put(spec);
	iq_t_ports(test, 1, true);
	/* Of a client all, and of its servers' port 80 another chain's */
	spec = iq_t_spec(test, AF_INET, 2, 1, 0);
	spec->mode = IPSEC_QOS_SERVICE_CLIENT;
	spec->len = 24;
	spec->addr.s6_addr[3] = 0;
	KUNIT_ASSERT_EQ(test, iq_t_state(test, 3, spec), 0);
	iq_spec_put(spec);
	iq_t_ports(test, 3, false);
	spec = iq_t_spec(test, AF_INET, 3, 2, 1);
	spec->mode = IPSEC_QOS_SERVICE_CLIENT;
	spec->ports.port[0] = (struct iq_port) { IPPROTO_TCP, 80, 80 };
	KUNIT_ASSERT_EQ(test, iq_t_state(test, 4, spec), 0);
	iq_spec_put(spec);
	iq_t_ports(test, 3, true);
	bitmap_free(t->iqn.local);
	t->iqn.local = NULL;
}

/*
 * What a server, or a client, sends to this host itself is in no chain; what is for a
 * service's address is, whoever has that.
 */
static void iq_look_host_test(struct kunit *test)
{
	static const struct in6_addr elsewhere = { .s6_addr = { 192, 0, 2, 1 } };
	static const struct in6_addr here[] = {
		{ .s6_addr = { 127, 0, 0, 1 } }, { .s6_addr = { 224, 0, 0, 5 } },
		{ .s6_addr = { 255, 255, 255, 255 } },
	};
	static const struct in6_addr all6 = IN6ADDR_LINKLOCAL_ALLNODES_INIT;
	struct iq_t *t = test->priv;
	struct in6_addr server, client, other;
	struct iq_spec *spec;
	u32 i;

	t->iqn.local = bitmap_zalloc(1 << IQ_LOCAL_BITS, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->iqn.local);
	iq_t_address(&server, AF_INET, 0);
	iq_t_address(&client, AF_INET, 1);
	spec = iq_t_spec(test, AF_INET, 0, 1, 1);
	spec->ports.port[0] = (struct iq_port) { IPPROTO_TCP, 80, 80 };
	KUNIT_ASSERT_EQ(test, iq_t_state(test, 0, spec), 0);
	iq_spec_put(spec);
	spec = iq_t_spec(test, AF_INET, 1, 1, 0);
	spec->mode = IPSEC_QOS_SERVICE_CLIENT;
	KUNIT_ASSERT_EQ(test, iq_t_state(test, 1, spec), 0);
	iq_spec_put(spec);
	KUNIT_EXPECT_EQ(test, iq_t_orders(test, AF_INET, &server, 80, &elsewhere, 7),
			BIT(IQ_ORDER_SERVER_BACK));
	KUNIT_EXPECT_EQ(test, iq_t_orders(test, AF_INET, &client, 7, &elsewhere, 7),
			BIT(IQ_ORDER_CLIENT_FORWARD));
	KUNIT_EXPECT_EQ(test, iq_t_orders(test, AF_INET, &elsewhere, 7, &client, 7),
			BIT(IQ_ORDER_CLIENT_BACK));
	for (i = 0; i < ARRAY_SIZE(here); i++) {
		KUNIT_EXPECT_EQ(test, iq_t_orders(test, AF_INET, &server, 80, &here[i], 7), 0);
		KUNIT_EXPECT_EQ(test, iq_t_orders(test, AF_INET, &client, 7, &here[i], 7), 0);
	}
	KUNIT_EXPECT_EQ(test, iq_t_orders(test, AF_INET, &client, 7, &server, 80),
			BIT(IQ_ORDER_CLIENT_FORWARD) | BIT(IQ_ORDER_SERVER_FORWARD));

	iq_t_address(&server, AF_INET6, 0);
	iq_t_address(&other, AF_INET6, 1);
	spec = iq_t_spec(test, AF_INET6, 0, 1, 0);
	KUNIT_ASSERT_EQ(test, iq_t_state(test, 2, spec), 0);
	iq_spec_put(spec);
	KUNIT_EXPECT_EQ(test, iq_t_orders(test, AF_INET6, &server, 80, &other, 7),
			BIT(IQ_ORDER_SERVER_BACK));
	KUNIT_EXPECT_EQ(test, iq_t_orders(test, AF_INET6, &server, 80, &all6, 7), 0);
	bitmap_free(t->iqn.local);
	t->iqn.local = NULL;
}

static int iq_t_alternate(struct iq_t *t, u32 id, int alternate, int state)
{
	struct iq_device_req req = {
		.object.id = id,
		.kind = -1,
		.state = state,
		.failure = -1,
		/* Any attribute will do: it is only there. */
		.alternate_attr = alternate < 0 ? NULL : (const struct nlattr *)&t->iqn,
		.alternate = alternate,
	};

	return iq_device_set(&t->iqn, &req, 1, 0, NLM_F_REPLACE, NULL);
}

/* Who takes whose packets, as devices fail; and from whom they come back. */
static void iq_device_alternates_test(struct kunit *test)
{
	struct iq_chains *ch = iq_t_chains(test);
	const struct iq_track *track = iq_chain_find(ch, 1)->track;
	struct iq_t *t = test->priv;
	struct iq_device *two = iq_device_find(ch, 2), *ten = iq_device_find(ch, 10);
	struct iq_device *eleven = iq_device_find(ch, 11);

	KUNIT_ASSERT_EQ(test, iq_t_alternate(t, 2, 10, -1), 0);
	KUNIT_ASSERT_EQ(test, iq_t_alternate(t, 10, 11, -1), 0);
	KUNIT_EXPECT_EQ(test, iq_t_alternate(t, 11, 2, -1), -ELOOP);
	KUNIT_EXPECT_EQ(test, iq_t_alternate(t, 1, 11, -1), -EINVAL);
	rcu_read_lock();
	KUNIT_EXPECT_PTR_EQ(test, rcu_dereference(two->now), two);
	KUNIT_EXPECT_EQ(test, iq_track_position(track, eleven), 1);
	KUNIT_EXPECT_EQ(test, iq_track_position(track, iq_device_find(ch, 12)), -1);
	rcu_read_unlock();
	iq_t_events = 0;
	KUNIT_ASSERT_EQ(test, iq_t_alternate(t, 2, -1, IPSEC_QOS_DEVICE_DOWN), 0);
	KUNIT_EXPECT_EQ(test, iq_t_events, 1);
	KUNIT_EXPECT_PTR_EQ(test, iq_device_now(two), ten);
	KUNIT_ASSERT_EQ(test, iq_t_alternate(t, 10, -1, IPSEC_QOS_DEVICE_DOWN), 0);
	KUNIT_EXPECT_PTR_EQ(test, iq_device_now(two), eleven);
	/* Of both, as both are taken over by another one. */
	KUNIT_EXPECT_EQ(test, iq_t_events, 3);
	KUNIT_ASSERT_EQ(test, iq_t_alternate(t, 11, -1, IPSEC_QOS_DEVICE_DOWN), 0);
	KUNIT_EXPECT_NULL(test, iq_device_now(two));
	KUNIT_ASSERT_EQ(test, iq_t_alternate(t, 2, -1, IPSEC_QOS_DEVICE_UP), 0);
	KUNIT_EXPECT_PTR_EQ(test, iq_device_now(two), two);
	KUNIT_EXPECT_NULL(test, iq_device_now(ten));
}

/* The first rule that fits, of either kind, against one that looks at all in order. */
static void iq_acl_model_test(struct kunit *test)
{
	struct net_device *dev = kunit_kzalloc(test, sizeof(*dev), GFP_KERNEL);
	struct iq_chains *ch = iq_t_chains(test);
	struct iq_rule rule[40] = {};
	struct iq_t *t = test->priv;
	struct in6_addr addr, prefix;
	bool allow, wanted;
	struct iq_acl *acl;
	u32 i, round, try;

	KUNIT_ASSERT_NOT_NULL(test, dev);
	dev->ifindex = 7;
	for (round = 0; round < 20; round++) {
		for (i = 0; i < ARRAY_SIZE(rule); i++) {
			rule[i].len = iq_t_below(t, 3) ? 32 : 28 + iq_t_below(t, 4);
			rule[i].allow = iq_t_below(t, 2);
			iq_t_address(&addr, AF_INET, iq_t_below(t, 64));
			ipv6_addr_prefix(&rule[i].addr, &addr, rule[i].len);
		}
		acl = iq_acl_make(ch, AF_INET, rule, ARRAY_SIZE(rule));
		KUNIT_ASSERT_FALSE(test, IS_ERR(acl));
		for (try = 0; try < 64; try++) {
			iq_t_address(&addr, AF_INET, try);
			for (i = 0, wanted = false; i < ARRAY_SIZE(rule); i++) {
				ipv6_addr_prefix(&prefix, &addr, rule[i].len);
				if (!ipv6_addr_equal(&prefix, &rule[i].addr))
					continue;
				wanted = rule[i].allow;
				break;
			}
			local_bh_disable();
			rcu_read_lock();
			allow = iq_acl_allow(acl, dev, AF_INET, &addr, 1, 1);
			rcu_read_unlock();
			local_bh_enable();
			KUNIT_EXPECT_EQ(test, allow, wanted);
		}
		iq_acl_let(acl);
	}
}

static struct kunit_case iq_service_cases[] = {
	KUNIT_CASE(iq_service_model_test),
	KUNIT_CASE(iq_service_views_test),
	KUNIT_CASE(iq_chain_exchange_test),
	KUNIT_CASE(iq_chain_exchange_del_test),
	KUNIT_CASE(iq_chain_exchange_port_test),
	KUNIT_CASE(iq_chain_exchange_override_test),
	KUNIT_CASE(iq_service_prefix_test),
	KUNIT_CASE(iq_look_host_test),
	KUNIT_CASE(iq_look_ports_test),
	KUNIT_CASE(iq_device_alternates_test),
	KUNIT_CASE(iq_acl_model_test),
	{}
};

static struct kunit_suite iq_service_suite = {
	.name = "ipsec_qos_service",
	.init = iq_t_init,
	.exit = iq_t_exit,
	.test_cases = iq_service_cases,
};

kunit_test_suite(iq_service_suite);
