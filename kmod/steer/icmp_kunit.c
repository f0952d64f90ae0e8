// SPDX-License-Identifier: GPL-2.0
/*
 * ICMP errors about what elements have sent: what is read of a quote, and how many copies
 * strangers can have made. Elements are reached by nobody here: what would be sent to them
 * is counted.
 */
#include <kunit/test.h>
#include <net/ip6_checksum.h>

#include "icmp.c"

#define IQ_T_ELEMENTS	4	/* the first three are in pool 1, the last in pool 2 */
#define IQ_T_SPI	0x00a1b2c3

/* What became of a message, by an element's id; and what the rest of steering says. */
static u32 iq_t_sent[IQ_T_ELEMENTS + 1];
static u32 iq_t_output[IQ_T_ELEMENTS + 1];
static bool iq_t_source;
static bool iq_t_may_output;

void iq_element_copy(const struct iq_element *e, struct sk_buff *skb,
		     const struct nf_hook_state *state, enum ipsec_qos_element_counter which)
{
	if (state->hook == NF_INET_LOCAL_OUT)
		iq_t_output[e->target.id]++;
	else
		iq_t_sent[e->target.id]++;
}

unsigned int iq_element_output(const struct iq_element *e, struct sk_buff *skb,
			       const struct nf_hook_state *state,
			       enum ipsec_qos_element_counter which)
{
	iq_t_output[e->target.id]++;
	return NF_DROP;
}

bool iq_onward_may(const struct sk_buff *skb, const struct nf_hook_state *state)
{
	return true;
}

bool iq_element_may_output(const struct sk_buff *skb)
{
	return iq_t_may_output;
}

bool iq_onward_source(struct sk_buff *skb, const struct nf_hook_state *state)
{
	return iq_t_source;
}

unsigned int iq_steer_to(const struct iq_where *w, enum ipsec_qos_steer_counter which,
			 struct sk_buff *skb, const struct nf_hook_state *state,
			 enum ipsec_qos_element_counter as)
{
	if (w->chosen.element)
		iq_t_sent[w->chosen.element->target.id]++;
	return NF_DROP;
}

struct iq_chosen iq_steer_exact(const struct iq_element *e)
{
	return (struct iq_chosen) { .element = e, .why = IPSEC_QOS_STEER_EXACT };
}

/**
 * struct iq_t - what a test has
 *
 * @vpn: the steered address of each pool, of IPv4 and of IPv6
 * @peer: likewise who is outside
 */
struct iq_t {
	struct iq_net iqn;
	struct iq_settings settings;
	struct iq_pool_req pool;
	u8 vpn[2][2][16];
	u8 peer[2][16];
};

static const u8 iq_t_family[2] = { AF_INET, AF_INET6 };

static int iq_t_elements(struct iq_t *t)
{
	struct iq_element_req req[IQ_T_ELEMENTS] = {};
	int i;

	for (i = 0; i < IQ_T_ELEMENTS; i++) {
		req[i].id = i + 1;
		req[i].state = -1;
		snprintf(req[i].name, sizeof(req[i].name), "e%d", i + 1);
		strscpy(req[i].way.dev, "iq_t", sizeof(req[i].way.dev));
	}
	return iq_element_set(&t->iqn, req, IQ_T_ELEMENTS, 0, NLM_F_CREATE, NULL);
}

/* @id: of the pool, with the elements from @from on, @n of them, and both its addresses */
static int iq_t_pool(struct iq_t *t, u32 id, u32 from, u32 n)
{
	struct iq_prefix_req req[2] = {};
	u32 i;
	int err;

	t->pool = (struct iq_pool_req) { .id = id, .mode = -1, .n = n };
	snprintf(t->pool.name, sizeof(t->pool.name), "p%u", id);
	for (i = 0; i < n; i++)
		t->pool.member[i] = (struct iq_member_req) { .id = from + i, .weight = 1 };
	err = iq_pool_set(&t->iqn, &t->pool, 0, NLM_F_CREATE, NULL);
	for (i = 0; i < 2; i++) {
		req[i].family = iq_t_family[i];
		req[i].len = i ? 128 : 32;
		req[i].pool = id;
		memset(t->vpn[id - 1][i], 0x20 + id, 16);
		memcpy(req[i].dst, t->vpn[id - 1][i], i ? 16 : 4);
	}
	return err ?: iq_prefix_set(&t->iqn, req, 2, 0, NLM_F_CREATE, NULL);
}

static int iq_t_init(struct kunit *test)
{
	struct iq_t *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	int err;

	if (!t)
		return -ENOMEM;
	mutex_init(&t->iqn.config_lock);
	spin_lock_init(&t->iqn.table_lock);
	t->iqn.net = &init_net;
	t->settings.ports = (struct iq_ports) {
		.n_ike = 1, .ike = { 500 }, .n_natt = 1, .natt = { 4500 },
	};
	RCU_INIT_POINTER(t->iqn.settings, &t->settings);
	memset(t->peer, 0x2a, sizeof(t->peer));
	memset(iq_t_sent, 0, sizeof(iq_t_sent));
	memset(iq_t_output, 0, sizeof(iq_t_output));
	iq_t_source = true;
	iq_t_may_output = true;
	mutex_lock(&t->iqn.config_lock);
	err = iq_t_elements(t);
	if (!err)
		err = iq_t_pool(t, 1, 1, 3);
	if (!err)
		err = iq_t_pool(t, 2, 4, 1);
	mutex_unlock(&t->iqn.config_lock);
	test->priv = t;
	return err;
}

static void iq_t_exit(struct kunit *test)
{
	struct iq_t *t = test->priv;

	if (!t)
		return;
	iq_steer_exit(&t->iqn);
	rcu_barrier();
}

/**
 * struct iq_t_quote - of a packet that an element has sent, what an error quotes
 *
 * @six: of IPv6
 * @pool: of whose address
 * @body: behind its IP header, @len bytes
 * @more: fragments were behind it
 */
struct iq_t_quote {
	bool six;
	u32 pool;
	u8 proto;
	const void *body;
	u32 len;
	bool more;
};

static void iq_t_ip4(struct sk_buff *skb, const struct iq_t *t, const struct iq_t_quote *q)
{
	struct iphdr *ip = skb_put_zero(skb, sizeof(*ip));

	ip->version = 4;
	ip->ihl = 5;
	ip->protocol = q->proto;
	ip->frag_off = htons(q->more ? IP_MF : 0);
	memcpy(&ip->saddr, t->vpn[q->pool - 1][0], sizeof(ip->saddr));
	memcpy(&ip->daddr, t->peer[0], sizeof(ip->daddr));
}

static void iq_t_ip6(struct sk_buff *skb, const struct iq_t *t, const struct iq_t_quote *q)
{
	struct ipv6hdr *ip = skb_put_zero(skb, sizeof(*ip));

	ip->version = 6;
	ip->nexthdr = q->proto;
	memcpy(&ip->saddr, t->vpn[q->pool - 1][1], sizeof(ip->saddr));
	memcpy(&ip->daddr, t->peer[1], sizeof(ip->daddr));
}

/* An error about it; @wrong: to be xored into its checksum */
static struct sk_buff *iq_t_error(struct kunit *test, const struct iq_t_quote *q, u16 wrong)
{
	struct sk_buff *skb = alloc_skb(512, GFP_KERNEL);
	struct iq_t *t = test->priv;
	struct icmphdr *icmp;
	struct ipv6hdr *ip6;
	struct iphdr *ip;
	u32 len;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_reset_network_header(skb);
	if (q->six) {
		ip6 = skb_put_zero(skb, sizeof(*ip6));
		ip6->version = 6;
		ip6->nexthdr = IPPROTO_ICMPV6;
		memset(&ip6->saddr, 0x29, sizeof(ip6->saddr));
		memcpy(&ip6->daddr, t->vpn[q->pool - 1][1], sizeof(ip6->daddr));
	} else {
		ip = skb_put_zero(skb, sizeof(*ip));
		ip->version = 4;
		ip->ihl = 5;
		ip->protocol = IPPROTO_ICMP;
		memcpy(&ip->daddr, t->vpn[q->pool - 1][0], sizeof(ip->daddr));
	}
	icmp = skb_put_zero(skb, sizeof(*icmp));
	icmp->type = q->six ? ICMPV6_TIME_EXCEED : ICMP_TIME_EXCEEDED;
	if (q->six)
		iq_t_ip6(skb, t, q);
	else
		iq_t_ip4(skb, t, q);
	skb_put_data(skb, q->body, q->len);
	len = skb_tail_pointer(skb) - (u8 *)icmp;
	icmp->checksum = q->six ?
			 csum_ipv6_magic(&ipv6_hdr(skb)->saddr, &ipv6_hdr(skb)->daddr, len,
					 IPPROTO_ICMPV6, csum_partial(icmp, len, 0)) :
			 csum_fold(csum_partial(icmp, len, 0));
	icmp->checksum ^= (__force __sum16)wrong;
	if (!q->six) {
		ip_hdr(skb)->tot_len = htons(skb->len);
		ip_hdr(skb)->check = ip_fast_csum(ip_hdr(skb), 5);
	}
	return skb;
}

/* It comes, or goes: NF_INET_PRE_ROUTING, NF_INET_LOCAL_OUT. @c: what is read of it */
static unsigned int iq_t_pass(struct kunit *test, const struct iq_t_quote *q, u8 hook,
			      u16 wrong, struct iq_class *c)
{
	const struct nf_hook_state state = {
		.hook = hook, .pf = q->six ? NFPROTO_IPV6 : NFPROTO_IPV4, .net = &init_net,
	};
	struct sk_buff *skb = iq_t_error(test, q, wrong);
	unsigned int verdict = NF_ACCEPT;
	struct iq_t *t = test->priv;

	local_bh_disable();
	rcu_read_lock();
	if (iq_steer_about(&t->iqn, skb, &state, c))
		verdict = iq_steer_icmp(&t->iqn, skb, &state, c, NULL);
	rcu_read_unlock();
	local_bh_enable();
	if (verdict != NF_STOLEN)
		kfree_skb(skb);
	return verdict;
}

static const __be32 iq_t_esp[] = { cpu_to_be32(IQ_T_SPI), cpu_to_be32(1) };

static u32 iq_t_all(const u32 *of)
{
	return of[1] + of[2] + of[3];
}

/* @n errors about ESP of a pool's address */
static void iq_t_errors(struct kunit *test, u32 pool, u32 n, u16 wrong)
{
	struct iq_t_quote q = {
		.pool = pool, .proto = IPPROTO_ESP, .body = iq_t_esp, .len = sizeof(iq_t_esp),
	};
	struct iq_class c;

	while (n--) {
		q.six = n % 2;
		iq_t_pass(test, &q, NF_INET_PRE_ROUTING, wrong, &c);
	}
}

/* A second's copies are a pool's own: whoever uses them up, the other pool's are there. */
static void iq_icmp_budget_test(struct kunit *test)
{
	unsigned long since = jiffies;
	u32 more;

	iq_t_errors(test, 1, 3000, 0);
	more = jiffies_to_msecs(jiffies - since) + 2 * jiffies_to_msecs(1);
	KUNIT_EXPECT_GE(test, iq_t_all(iq_t_sent), 999);
	KUNIT_EXPECT_LE(test, iq_t_all(iq_t_sent), 1000 + more);
	KUNIT_EXPECT_EQ(test, iq_t_sent[1], iq_t_sent[3]);
	KUNIT_EXPECT_EQ(test, iq_t_sent[4], 0);
	iq_t_errors(test, 2, 400, 0);
	KUNIT_EXPECT_EQ(test, iq_t_sent[4], 400);
}

/* What would be dropped behind it uses up nothing: sources and checksums that cannot be. */
static void iq_icmp_plausible_test(struct kunit *test)
{
	iq_t_source = false;
	iq_t_errors(test, 1, 2000, 0);
	iq_t_source = true;
	iq_t_errors(test, 1, 2000, 0x0101);
	KUNIT_EXPECT_EQ(test, iq_t_all(iq_t_sent), 0);
	iq_t_errors(test, 1, 300, 0);
	KUNIT_EXPECT_EQ(test, iq_t_all(iq_t_sent), 900);
}

/* What this host sends itself goes out, unless it comes in again. */
static void iq_icmp_own_test(struct kunit *test)
{
	struct iq_t_quote q = {
		.pool = 1, .proto = IPPROTO_ESP, .body = iq_t_esp, .len = sizeof(iq_t_esp),
	};
	struct iq_class c;
	int i;

	iq_t_source = false;
	for (i = 0; i < 2; i++) {
		q.six = i;
		KUNIT_EXPECT_EQ(test, iq_t_pass(test, &q, NF_INET_LOCAL_OUT, 0, &c), NF_STOLEN);
		KUNIT_EXPECT_EQ(test, iq_t_output[2], i + 1);
		KUNIT_EXPECT_EQ(test, iq_t_all(iq_t_output), 3 * (i + 1));
	}
	iq_t_may_output = false;
	KUNIT_EXPECT_EQ(test, iq_t_pass(test, &q, NF_INET_LOCAL_OUT, 0, &c), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, iq_t_all(iq_t_output), 6);
	KUNIT_EXPECT_EQ(test, iq_t_all(iq_t_sent), 0);
}

/* Quotes: whose they are; and as which flow a pool of those has their packets */
static void iq_icmp_quote_test(struct kunit *test)
{
	static const __be32 ah[] = {
		cpu_to_be32(IPPROTO_NONE << 24 | 4 << 16), cpu_to_be32(IQ_T_SPI), 0, 0, 0, 0,
	};
	static const __be32 opts[] = {
		cpu_to_be32(IPPROTO_ESP << 24 | 0x0104), 0, cpu_to_be32(IQ_T_SPI), 0,
	};
	static const __be32 frag[] = {
		cpu_to_be32(IPPROTO_UDP << 24 | 1), 0, cpu_to_be32(4711 << 16 | 53), 0,
	};
	static const __be32 ports[] = { cpu_to_be32(4711 << 16 | 53), 0 };
	const struct {
		struct iq_t_quote q;
		enum iq_kind kind;
		u8 proto;
		u8 flow;
		u32 ports;
	} cases[] = {
		{ { 0, 1, IPPROTO_ESP, iq_t_esp, 8 }, IQ_SA, IPPROTO_ESP, IPPROTO_ESP, IQ_T_SPI },
		{ { 1, 1, IPPROTO_ESP, iq_t_esp, 8 }, IQ_SA, IPPROTO_ESP, IPPROTO_ESP, IQ_T_SPI },
		{ { 0, 1, IPPROTO_AH, ah, sizeof(ah) }, IQ_SA, IPPROTO_AH, IPPROTO_AH, 0 },
		{ { 1, 1, IPPROTO_AH, ah, sizeof(ah) }, IQ_SA, IPPROTO_AH, IPPROTO_AH, 0 },
		{ { 1, 1, IPPROTO_DSTOPTS, opts, sizeof(opts) }, IQ_SA, IPPROTO_ESP, IPPROTO_ESP,
		  IQ_T_SPI },
		{ { 0, 1, IPPROTO_UDP, ports, 8 }, IQ_OTHER, 0, IPPROTO_UDP, 53 << 16 | 4711 },
		{ { 0, 1, IPPROTO_UDP, ports, 8, true }, IQ_OTHER, 0, IPPROTO_UDP, 0 },
		{ { 1, 1, IPPROTO_UDP, ports, 8 }, IQ_OTHER, 0, IPPROTO_UDP, 53 << 16 | 4711 },
		{ { 1, 1, IPPROTO_FRAGMENT, frag, 16 }, IQ_OTHER, 0, IPPROTO_FRAGMENT, 0 },
		{ { 0, 1, IPPROTO_GRE, ports, 8 }, IQ_OTHER, 0, IPPROTO_GRE, 0 },
		{ { 0, 1, IPPROTO_ICMP, ports, 8 }, IQ_OTHER, 0, IPPROTO_ICMP, 0 },
	};
	struct iq_class c;
	u32 spi;
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		iq_t_pass(test, &cases[i].q, NF_INET_PRE_ROUTING, 0, &c);
		KUNIT_EXPECT_EQ_MSG(test, c.kind, cases[i].kind, "case %d", i);
		KUNIT_EXPECT_EQ_MSG(test, c.pkt.proto, cases[i].proto, "case %d", i);
		spi = 0;
		if (cases[i].proto)
			spi = IQ_T_SPI;
		KUNIT_EXPECT_EQ_MSG(test, c.pkt.spi, spi, "case %d", i);
		KUNIT_EXPECT_EQ_MSG(test, c.pkt.frag_proto, cases[i].flow, "case %d", i);
		KUNIT_EXPECT_EQ_MSG(test, c.pkt.frag_id, cases[i].ports, "case %d", i);
	}
}

static struct kunit_case iq_icmp_cases[] = {
	KUNIT_CASE(iq_icmp_budget_test),
	KUNIT_CASE(iq_icmp_plausible_test),
	KUNIT_CASE(iq_icmp_own_test),
	KUNIT_CASE(iq_icmp_quote_test),
	{}
};

static struct kunit_suite iq_icmp_suite = {
	.name = "iq_icmp",
	.init = iq_t_init,
	.exit = iq_t_exit,
	.test_cases = iq_icmp_cases,
};

kunit_test_suite(iq_icmp_suite);
