// SPDX-License-Identifier: GPL-2.0
/*
 * What is read of packets, and written anew: random ones of all kinds, whose checksums are
 * summed up again afterwards.
 */
#include <kunit/test.h>
#include <linux/prandom.h>
#include <net/ip6_checksum.h>

#include "rewrite.c"
#include "tuple.c"

#define IQ_T_ROUNDS	2000
#define IQ_T_ROOM	64	/* ahead of a packet */
#define IQ_T_MAX	400	/* bytes of one */

#define IQ_T_SAME(test, a, b, n)	KUNIT_EXPECT_EQ(test, memcmp(a, b, n), 0)

/**
 * struct iq_t - what a test has
 *
 * @data: of a packet, as it is to be
 * @len: of that
 */
struct iq_t {
	struct rnd_state rnd;
	u8 data[IQ_T_MAX];
	u32 len;
};

static int iq_t_init(struct kunit *test)
{
	struct iq_t *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	if (!t)
		return -ENOMEM;
	prandom_seed_state(&t->rnd, 20260611);
	test->priv = t;
	return 0;
}

static u32 iq_t_random(struct iq_t *t, u32 n)
{
	return prandom_u32_state(&t->rnd) % n;
}

static const u8 iq_t_protos[] = {
	IPPROTO_TCP, IPPROTO_UDP, IPPROTO_DCCP, IPPROTO_UDPLITE, IPPROTO_SCTP, IPPROTO_GRE,
	IPPROTO_ICMP, IPPROTO_ICMPV6,
};

/* Its header's length, as far as it matters here; checksums are in it. */
#define IQ_T_HEADER	20

static bool iq_t_covers_addresses(u8 proto)
{
	return iq_sum_at(proto);
}

static __sum16 iq_t_fold(const void *ip, bool four, u8 proto, const void *l4, u32 len)
{
	__wsum sum = csum_partial(l4, len, 0);
	const struct ipv6hdr *ip6 = ip;
	const struct iphdr *ip4 = ip;

	if (!iq_t_covers_addresses(proto))
		return csum_fold(sum);
	return four ? csum_tcpudp_magic(ip4->saddr, ip4->daddr, len, proto, sum) :
		      csum_ipv6_magic(&ip6->saddr, &ip6->daddr, len, proto, sum);
}

static u32 iq_t_ip_len(bool four)
{
	return four ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
}

static __sum16 *iq_t_sum(u8 *l4, u8 proto)
{
	if (proto == IPPROTO_ICMP)
		return &((struct icmphdr *)l4)->checksum;
	return iq_sum_at(proto) ? (__sum16 *)(l4 + iq_sum_at(proto)) : NULL;
}

/* An IP header at @at for @len bytes behind it; addresses are random. */
static void iq_t_ip(struct iq_t *t, u8 *at, bool four, u8 proto, u32 len)
{
	struct ipv6hdr *ip6 = (void *)at;
	struct iphdr *ip4 = (void *)at;

	prandom_bytes_state(&t->rnd, at, iq_t_ip_len(four));
	if (four) {
		ip4->version = 4;
		ip4->ihl = 5;
		ip4->frag_off = 0;
		ip4->protocol = proto;
		ip4->tot_len = htons(sizeof(*ip4) + len);
		ip_send_check(ip4);
	} else {
		ip6->version = 6;
		ip6->nexthdr = proto;
		ip6->payload_len = htons(len);
	}
}

/* A packet of @proto at @at; its length */
static u32 iq_t_packet(struct iq_t *t, u8 *at, bool four, u8 proto)
{
	u32 len = IQ_T_HEADER + iq_t_random(t, 60);
	u8 *l4 = at + iq_t_ip_len(four);
	__sum16 *sum = iq_t_sum(l4, proto);

	iq_t_ip(t, at, four, proto, len);
	prandom_bytes_state(&t->rnd, l4, len);
	if (proto == IPPROTO_ICMP)
		l4[0] = ICMP_ECHO;
	if (proto == IPPROTO_ICMPV6)
		l4[0] = ICMPV6_ECHO_REQUEST;
	if (sum) {
		*sum = 0;
		*sum = iq_t_fold(at, four, proto, l4, len);
		if (proto == IPPROTO_UDP && !*sum)
			*sum = CSUM_MANGLED_0;
	}
	return iq_t_ip_len(four) + len;
}

static struct sk_buff *iq_t_skb(struct kunit *test)
{
	struct iq_t *t = test->priv;
	struct sk_buff *skb = alloc_skb(IQ_T_ROOM + t->len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_reserve(skb, IQ_T_ROOM);
	skb_reset_network_header(skb);
	skb_put_data(skb, t->data, t->len);
	return skb;
}

/* Is all well with a packet at @at? */
static void iq_t_check(struct kunit *test, const u8 *at, bool four, u8 proto, u32 len)
{
	const u8 *l4 = at + iq_t_ip_len(four);

	if (four)
		KUNIT_EXPECT_FALSE(test, ip_fast_csum(at, 5));
	if (iq_t_sum((u8 *)l4, proto))
		KUNIT_EXPECT_FALSE(test, iq_t_fold(at, four, proto, l4,
						   len - iq_t_ip_len(four)));
}

static struct iq_view iq_t_view(struct iq_t *t)
{
	struct iq_view v;

	prandom_bytes_state(&t->rnd, &v, sizeof(v));
	if (iq_t_random(t, 2))
		v.port = 0;
	return v;
}

/* As it is to be: addresses and ports written, and all summed up again */
static void iq_t_expect(struct iq_t *t, bool four, u8 proto, bool dst, const struct iq_view *v)
{
	struct ipv6hdr *ip6 = (void *)t->data;
	struct iphdr *ip4 = (void *)t->data;
	u8 *l4 = t->data + iq_t_ip_len(four);
	__sum16 *sum = iq_t_sum(l4, proto);

	if (four) {
		*(dst ? &ip4->daddr : &ip4->saddr) = v->addr;
		ip_send_check(ip4);
	} else {
		*(dst ? &ip6->daddr : &ip6->saddr) = v->addr6;
	}
	if (v->port && iq_proto_has_ports(proto) && proto != IPPROTO_SCTP)
		((__be16 *)l4)[dst] = v->port;
	if (!sum || !iq_t_covers_addresses(proto))
		return;
	if (proto == IPPROTO_UDP && !*sum)
		return;
	*sum = 0;
	*sum = iq_t_fold(t->data, four, proto, l4, t->len - iq_t_ip_len(four));
	if (proto == IPPROTO_UDP && !*sum)
		*sum = CSUM_MANGLED_0;
}

static void iq_rewrite_random_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	struct iq_tuple tuple;
	struct sk_buff *skb;
	struct iq_view v;
	bool four, dst;
	u8 proto;
	u32 i;

	for (i = 0; i < IQ_T_ROUNDS; i++) {
		four = iq_t_random(t, 2);
		dst = iq_t_random(t, 2);
		proto = iq_t_protos[iq_t_random(t, ARRAY_SIZE(iq_t_protos))];
		if (proto == (four ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
			continue;
		v = iq_t_view(t);
		/* Its ports are never written: a service of it has no others. */
		if (proto == IPPROTO_SCTP)
			v.port = 0;
		t->len = iq_t_packet(t, t->data, four, proto);
		if (proto == IPPROTO_UDP && iq_t_random(t, 4) == 0)
			*iq_t_sum(t->data + iq_t_ip_len(four), proto) = 0;
		skb = iq_t_skb(test);
		KUNIT_ASSERT_TRUE(test, iq_tuple_get(skb, four, &tuple));
		KUNIT_EXPECT_EQ(test, tuple.proto, proto);
		KUNIT_ASSERT_TRUE(test, iq_rewrite(skb, four, &tuple, dst, &v));
		iq_t_expect(t, four, proto, dst, &v);
		/* 0 and 0xffff are the same sum: what is summed up again is what counts. */
		if (memcmp(skb->data, t->data, t->len)) {
			__sum16 *sum = iq_t_sum(skb->data + iq_t_ip_len(four), proto);

			if (sum && *sum)
				iq_t_check(test, skb->data, four, proto, t->len);
			if (sum)
				*sum = *iq_t_sum(t->data + iq_t_ip_len(four), proto);
			if (four)
				ip_send_check((void *)skb->data);
		}
		IQ_T_SAME(test, skb->data, t->data, t->len);
		IQ_T_SAME(test, dst ? tuple.dst : tuple.src, &v, four ? 4 : 16);
		kfree_skb(skb);
	}
}

/* A checksum that is left to the device that sends it */
static void iq_rewrite_partial_test(struct kunit *test)
{
	static const u8 protos[] = { IPPROTO_TCP, IPPROTO_UDP };
	struct iq_t *t = test->priv;
	struct iq_tuple tuple;
	struct sk_buff *skb;
	struct iq_view v;
	u32 i, ip, len;
	bool four, dst;
	__sum16 *sum;
	u8 proto;

	for (i = 0; i < IQ_T_ROUNDS; i++) {
		four = iq_t_random(t, 2);
		dst = iq_t_random(t, 2);
		proto = protos[iq_t_random(t, 2)];
		v = iq_t_view(t);
		t->len = iq_t_packet(t, t->data, four, proto);
		ip = iq_t_ip_len(four);
		len = t->len - ip;
		skb = iq_t_skb(test);
		sum = iq_t_sum(skb->data + ip, proto);
		*sum = four ? ~csum_tcpudp_magic(ip_hdr(skb)->saddr, ip_hdr(skb)->daddr, len,
						 proto, 0) :
			      ~csum_ipv6_magic(&ipv6_hdr(skb)->saddr, &ipv6_hdr(skb)->daddr, len,
					       proto, 0);
		skb->ip_summed = CHECKSUM_PARTIAL;
		skb->csum_start = skb_headroom(skb) + ip;
		skb->csum_offset = iq_sum_at(proto);
		KUNIT_ASSERT_TRUE(test, iq_tuple_get(skb, four, &tuple));
		KUNIT_ASSERT_TRUE(test, iq_rewrite(skb, four, &tuple, dst, &v));
		KUNIT_EXPECT_TRUE(test, skb->ip_summed == CHECKSUM_PARTIAL);
		KUNIT_ASSERT_EQ(test, skb_checksum_help(skb), 0);
		iq_t_check(test, skb->data, four, proto, t->len);
		kfree_skb(skb);
	}
}

/*
 * An error about a packet, quoted whole or in part. @theirs: it is from the address that the
 * packet was for, else from a router.
 */
static void iq_t_error(struct iq_t *t, bool four, u8 proto, bool theirs, u32 quoted)
{
	u32 ip = iq_t_ip_len(four), inner = ip + sizeof(struct icmphdr);
	u8 *l4 = t->data + ip, *quote = t->data + inner;
	struct ipv6hdr *out6 = (void *)t->data, *in6 = (void *)quote;
	struct iphdr *out4 = (void *)t->data, *in4 = (void *)quote;
	u32 len = iq_t_packet(t, quote, four, proto);
	__sum16 *sum;

	len = min(len, ip + quoted);
	t->len = inner + len;
	iq_t_ip(t, t->data, four, four ? IPPROTO_ICMP : IPPROTO_ICMPV6, t->len - ip);
	memset(l4, 0, sizeof(struct icmphdr));
	l4[0] = four ? ICMP_DEST_UNREACH : ICMPV6_PKT_TOOBIG;
	if (four) {
		out4->daddr = in4->saddr;
		if (theirs)
			out4->saddr = in4->daddr;
		ip_send_check(out4);
	} else {
		out6->daddr = in6->saddr;
		if (theirs)
			out6->saddr = in6->daddr;
	}
	sum = (__sum16 *)(l4 + 2);
	*sum = iq_t_fold(t->data, four, four ? IPPROTO_ICMP : IPPROTO_ICMPV6, l4, t->len - ip);
}

static void iq_rewrite_error_test(struct kunit *test)
{
	static const u8 protos[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_GRE };
	struct iq_t *t = test->priv;
	u32 i, ip, inner, quoted;
	bool four, dst, theirs;
	struct iq_tuple tuple;
	struct sk_buff *skb;
	struct iq_view v;
	u8 proto, *quote;
	u16 sport;

	for (i = 0; i < IQ_T_ROUNDS; i++) {
		four = iq_t_random(t, 2);
		dst = iq_t_random(t, 2);
		theirs = iq_t_random(t, 2);
		proto = protos[iq_t_random(t, ARRAY_SIZE(protos))];
		quoted = iq_t_random(t, 2) ? 8 : IQ_T_MAX;
		v = iq_t_view(t);
		iq_t_error(t, four, proto, theirs, quoted);
		ip = iq_t_ip_len(four);
		inner = ip + sizeof(struct icmphdr);
		skb = iq_t_skb(test);
		KUNIT_ASSERT_TRUE(test, iq_tuple_get(skb, four, &tuple));
		KUNIT_EXPECT_EQ(test, tuple.quote, inner);
		KUNIT_EXPECT_EQ(test, tuple.proto, proto);
		/* It is turned round. */
		sport = iq_proto_has_ports(proto) ?
			be16_to_cpu(*(__be16 *)(skb->data + inner + ip)) : 0;
		KUNIT_EXPECT_EQ(test, tuple.dport, sport);
		KUNIT_ASSERT_TRUE(test, iq_rewrite(skb, four, &tuple, dst, &v));
		quote = skb->data + inner;
		iq_t_check(test, skb->data, four, four ? IPPROTO_ICMP : IPPROTO_ICMPV6, t->len);
		if (four)
			KUNIT_EXPECT_FALSE(test, ip_fast_csum(quote, 5));
		if (quoted > 8)
			iq_t_check(test, quote, four, proto, t->len - inner);
		/* On the service's side both, a router keeps its own. */
		IQ_T_SAME(test, quote + (four ? 12 : 8) + (dst ? 0 : (four ? 4 : 16)),
				   &v, four ? 4 : 16);
		if (dst)
			IQ_T_SAME(test, skb->data + (four ? 16 : 24), &v, four ? 4 : 16);
		else
			KUNIT_EXPECT_EQ(test, theirs, !memcmp(skb->data + (four ? 12 : 8), &v,
							       four ? 4 : 16));
		if (v.port && iq_proto_has_ports(proto))
			KUNIT_EXPECT_TRUE(test, ((__be16 *)(quote + ip))[!dst] == v.port);
		kfree_skb(skb);
	}
}

/* Later fragments have an address alone, first ones ports; a sum over all is kept right. */
static void iq_rewrite_fragment_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	struct iq_view v = iq_t_view(t);
	struct iq_tuple tuple;
	struct sk_buff *skb;

	t->len = iq_t_packet(t, t->data, true, IPPROTO_UDP);
	((struct iphdr *)t->data)->frag_off = htons(3);
	ip_send_check((void *)t->data);
	v.port = htons(8080);
	skb = iq_t_skb(test);
	KUNIT_ASSERT_TRUE(test, iq_tuple_get(skb, true, &tuple));
	KUNIT_EXPECT_TRUE(test, tuple.fragment && tuple.later && tuple.last);
	KUNIT_EXPECT_EQ(test, tuple.dport, 0);
	/* As the first one told */
	tuple.sport = 1000;
	tuple.dport = 80;
	KUNIT_ASSERT_TRUE(test, iq_rewrite(skb, true, &tuple, true, &v));
	KUNIT_EXPECT_TRUE(test, ip_hdr(skb)->daddr == v.addr);
	KUNIT_EXPECT_FALSE(test, ip_fast_csum(skb->data, 5));
	IQ_T_SAME(test, skb->data + 20, t->data + 20, t->len - 20);
	kfree_skb(skb);

	((struct iphdr *)t->data)->frag_off = htons(IP_MF);
	ip_send_check((void *)t->data);
	skb = iq_t_skb(test);
	KUNIT_ASSERT_TRUE(test, iq_tuple_get(skb, true, &tuple));
	KUNIT_EXPECT_TRUE(test, tuple.fragment && !tuple.later && !tuple.last);
	KUNIT_EXPECT_EQ(test, tuple.dport, be16_to_cpu(((__be16 *)(skb->data + 20))[1]));
	KUNIT_ASSERT_TRUE(test, iq_rewrite(skb, true, &tuple, true, &v));
	iq_t_check(test, skb->data, true, IPPROTO_UDP, t->len);
	kfree_skb(skb);
}

/* It is no error about what its receiver has sent, and has the tuple of any packet. */
static void iq_t_plain(struct kunit *test, bool four, u8 proto)
{
	struct iq_tuple tuple;
	struct sk_buff *skb = iq_t_skb(test);

	KUNIT_EXPECT_TRUE(test, iq_tuple_get(skb, four, &tuple));
	KUNIT_EXPECT_EQ(test, tuple.quote, 0);
	KUNIT_EXPECT_EQ(test, tuple.proto, proto);
	KUNIT_EXPECT_EQ(test, tuple.sport | tuple.dport, 0);
	KUNIT_EXPECT_PTR_EQ(test, tuple.src, (const void *)skb->data + (four ? 12 : 8));
	KUNIT_EXPECT_PTR_EQ(test, tuple.dst, (const void *)skb->data + (four ? 16 : 24));
	kfree_skb(skb);
}

/* What has no tuple, what is odd, and what is short. */
static void iq_tuple_none_test(struct kunit *test)
{
	struct iq_t *t = test->priv;
	struct iq_tuple tuple;
	struct sk_buff *skb;

	/* It is about what another than its receiver has sent; or what it quotes is cut. */
	iq_t_error(t, true, IPPROTO_UDP, false, 8);
	((struct iphdr *)t->data)->daddr ^= htonl(1);
	iq_t_plain(test, true, IPPROTO_ICMP);
	iq_t_error(t, false, IPPROTO_UDP, false, 8);
	t->data[39] ^= 1;
	iq_t_plain(test, false, IPPROTO_ICMPV6);
	iq_t_error(t, false, IPPROTO_UDP, false, 8);
	t->len = 48 + 39;
	iq_t_plain(test, false, IPPROTO_ICMPV6);
	iq_t_error(t, true, IPPROTO_UDP, false, 8);
	t->len = 28 + 19;
	iq_t_plain(test, true, IPPROTO_ICMP);
	/* Nothing is behind its headers, or they do not end. */
	t->len = iq_t_packet(t, t->data, false, IPPROTO_TCP);
	t->data[6] = NEXTHDR_DEST;
	t->data[40] = NEXTHDR_NONE;
	t->data[41] = 0;
	iq_t_plain(test, false, IPPROTO_NONE);
	t->data[40] = t->data[48] = NEXTHDR_DEST;
	t->data[49] = 255;
	iq_t_plain(test, false, IPPROTO_NONE);
	/* Neighbour discovery */
	t->len = iq_t_packet(t, t->data, false, IPPROTO_ICMPV6);
	t->data[40] = NDISC_NEIGHBOUR_SOLICITATION;
	skb = iq_t_skb(test);
	KUNIT_EXPECT_FALSE(test, iq_tuple_get(skb, false, &tuple));
	kfree_skb(skb);
	t->data[40] = ICMPV6_ECHO_REPLY;
	skb = iq_t_skb(test);
	KUNIT_EXPECT_TRUE(test, iq_tuple_get(skb, false, &tuple));
	KUNIT_EXPECT_EQ(test, tuple.quote, 0);
	kfree_skb(skb);
	/* Ports that are not there are none. */
	iq_t_packet(t, t->data, true, IPPROTO_TCP);
	t->len = 23;
	skb = iq_t_skb(test);
	KUNIT_EXPECT_TRUE(test, iq_tuple_get(skb, true, &tuple));
	KUNIT_EXPECT_EQ(test, tuple.sport | tuple.dport, 0);
	kfree_skb(skb);
}

static struct kunit_case iq_packet_cases[] = {
	KUNIT_CASE(iq_rewrite_random_test),
	KUNIT_CASE(iq_rewrite_partial_test),
	KUNIT_CASE(iq_rewrite_error_test),
	KUNIT_CASE(iq_rewrite_fragment_test),
	KUNIT_CASE(iq_tuple_none_test),
	{}
};

static struct kunit_suite iq_packet_suite = {
	.name = "iq_chain_packet",
	.init = iq_t_init,
	.test_cases = iq_packet_cases,
};

kunit_test_suite(iq_packet_suite);
