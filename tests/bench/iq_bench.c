// SPDX-License-Identifier: GPL-2.0
/*
 * Makes frames and feeds them into an interface, as a driver would; and reads
 * memory, to compare with. Each line written to /proc/iq_bench is a job, done in
 * the network namespace of who writes it when the write returns:
 *
 *	take DEVICE KIND SAS		the next one for turns
 *	chain BYTES			so much memory takes part in turns as well
 *	turns PACKETS [WARM]		PACKETS frames into each of the devices
 *					that were taken, one after the other, and
 *					each time another one first, behind WARM
 *					that are not measured and fill caches; then
 *					as many reads of the memory, each of where
 *					the last one says
 *	let go				of all of them
 *	flow DEVICE KIND SAS SECONDS	frames for so long, giving way to others
 *	nodes SCHEME DRAW		other inside nodes; DRAW is any number
 *	deliver DEVICE KIND SAS		one frame for each, and where do they go?
 *	elements DEVICE OUT PACKETS AWAY
 *					frames of random SPIs into DEVICE; to which
 *					element do they go, through OUT?
 *
 * KIND is esp4, esp6, udp4 (UDP-encapsulated ESP), or what is none of it: tcp,
 * udp; esp4-source, as esp4, but that each SA has a peer of its own, and ike4-source,
 * that peer's IKE; and esp4-other, as esp4, of SPIs that nobody has; and tcp4-enter, a client's
 * packet to a service's port (services.h), and tcp4-hop, as it comes out of the first device of
 * that service's chain: of as many ports as SAS says. Packet after packet is another one of the
 * SAs' (sas.h), or the ports', for each device in the same order. Reading tells how the last job went, in a line for each device:
 * and one for the memory: how many packets or reads, and nanoseconds for them.
 *
 * Of inside nodes, as many as SAS says, each has one SA with the one responder, and
 * one port of UDP. KIND is esp-out, udp-out; their answers to the global address:
 * esp-in, udp-in, and to the node, as if nothing were translated: esp-home,
 * udp-home; and esp-match, an answer with another SPI than the last. To deliver one of
 * the others means with the global address or to the node whose it is: the first
 * line of what is read tells how many were, the second how many went elsewhere.
 *
 * The destination MAC of a frame that leaves says to which element it goes: its last byte,
 * 1 to BENCH_ELEMENTS. Each bucket is its element's who is seen first to get a frame of it
 * while none is AWAY (0). After that, whatever the module may say, right is what comes to
 * the same one again; or, if that one is AWAY, to another that is the same for as long.
 * Lines as above, and then one for each element: how many came to it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/netfilter_ipv4.h>
#include <linux/nsproxy.h>
#include <linux/proc_fs.h>
#include <linux/random.h>
#include <linux/seq_file.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <linux/vmalloc.h>
#include <net/ip.h>

#include "ipsec_qos/select.h"
#include "ipsec_qos/spi.h"
#include "sas.h"
#include "services.h"

#define BURST		64
#define DEVICES_MAX	4
#define NODES		60000
#define NODE(i)		(0x0a000100 + (i))	/* 10.0.1.0 ... */
#define RESPONDER	0xcb007101		/* 203.0.113.1 */
#define GLOBAL		0xc6336401		/* 198.51.100.1 */
#define IP_BYTES	64	/* of a packet */
#define READ_BYTES	64	/* a cache line */
#define SOURCE(i)	(0x0a010000 + (i))	/* 10.1.0.0 ... */
#define OTHERS		0x4000000	/* what is behind so many SAs are SPIs nobody has */

/* Those of inside nodes are last. */
enum kind { ESP4, ESP6, UDP4, TCP, UDP, ESP4_SOURCE, IKE4_SOURCE, ESP4_OTHER, TCP4_ENTER,
	    TCP4_HOP, ESP_OUT, ESP_IN, ESP_HOME, ESP_MATCH, UDP_OUT, UDP_IN, UDP_HOME, N_KINDS };

static const char * const kinds[] = {
	"esp4", "esp6", "udp4", "tcp", "udp", "esp4-source",
	"ike4-source", "esp4-other", "tcp4-enter", "tcp4-hop", "esp-out",
	"esp-in", "esp-home", "esp-match", "udp-out", "udp-in", "udp-home",
};

/**
 * struct target - what is sent, and where
 *
 * @dev: into this one
 * @kind: enum kind
 * @sas: of as many
 */
struct target {
	struct net_device *dev;
	int kind;
	u32 sas;
};

/**
 * struct result - how it went with a device, or with memory
 *
 * @packet: the number of the next one
 * @n: packets or reads
 * @ns: that they took
 */
struct result {
	u32 packet;
	u64 n;
	u64 ns;
};

/**
 * struct inside - an inside node
 *
 * @addr: its address
 * @port: and its port, of UDP
 * @spi: of what it sends
 * @answer: of what it gets
 */
struct inside {
	u32 addr;
	u32 port;
	u32 spi;
	u32 answer;
};

static DEFINE_MUTEX(lock);	/* one job at a time; guards what follows */
static struct result results[2 + BENCH_ELEMENTS];
static unsigned int n_results;
static struct target taken[DEVICES_MAX];
static unsigned int n_taken;
static u32 next_packet;		/* of turns: they go on where the last ones ended */
static u32 first;		/* of the devices, with which the last turns began */
static u32 *chain;
static u32 next_read;		/* a line of it */
static struct inside *nodes;	/* in the order in which they send */
static const struct inside *expected;	/* who sends, or is sent to, now */
static bool outwards;
static u64 delivered[2];	/* elsewhere, and as expected */
static u8 owner[IQ_SELECT_BUCKETS];	/* the element that each bucket is seen to be of */
static u8 stand_in[IQ_SELECT_BUCKETS];	/* and who has it while that one is away */
static u32 stand_in_for;	/* this one */
static u32 got_by;		/* the element that got the last frame; 0: none did */

static void make_ipv4(void *data, u8 protocol, u32 src, u32 dst)
{
	struct iphdr *ip = data;

	*ip = (struct iphdr) {
		.version = 4,
		.ihl = 5,
		.tot_len = htons(IP_BYTES),
		.ttl = 64,
		.protocol = protocol,
		.saddr = htonl(src),
		.daddr = htonl(dst),
	};
	ip->check = ip_fast_csum(ip, ip->ihl);
}

static void make_ipv6(void *data, u8 protocol, u32 i)
{
	struct ipv6hdr *ip = data;

	*ip = (struct ipv6hdr) {
		.version = 6,
		.payload_len = htons(IP_BYTES - sizeof(*ip)),
		.nexthdr = protocol,
		.hop_limit = 64,
		.saddr.s6_addr32 = { htonl(0x20010db8), 0, 0, htonl(2) },
		.daddr.s6_addr32 = { htonl(0x20010db8), htonl(0x10000), 0,
				     htonl(bench_host(i)) },
	};
}

static void make_esp(void *data, u32 spi)
{
	__be32 *esp = data;

	esp[0] = htonl(spi);
	esp[1] = htonl(1);
}

static void make_udp(void *data, u16 from, u16 to)
{
	struct udphdr *udp = data;

	*udp = (struct udphdr) {
		.source = htons(from),
		.dest = htons(to),
		.len = htons(IP_BYTES - sizeof(struct iphdr)),
	};
}

static void make_tcp(void *data, u16 from, u16 to)
{
	struct tcphdr *tcp = data;

	*tcp = (struct tcphdr) {
		.source = htons(from),
		.dest = htons(to),
		.doff = sizeof(*tcp) / 4,
		.ack = 1,
		.check = htons(1),
	};
}

/* What is in a frame of an SA, or of none. */
static void make_packet(void *data, enum kind kind, u32 i)
{
	u32 dst = 0xcb007100 | bench_host(i);	/* 203.0.113.0/24 */
	u32 src = 0xc0000202;			/* 192.0.2.2 */
	void *payload = data + sizeof(struct iphdr);

	switch (kind) {
	case ESP4_SOURCE:
		src = SOURCE(i);
		fallthrough;
	case ESP4:
		make_ipv4(data, IPPROTO_ESP, src, dst);
		make_esp(payload, bench_spi(i));
		break;
	case ESP4_OTHER:
		make_ipv4(data, IPPROTO_ESP, src, dst);
		make_esp(payload, bench_spi(i + OTHERS));
		break;
	case IKE4_SOURCE:
		make_ipv4(data, IPPROTO_UDP, SOURCE(i), dst);
		make_udp(payload, 500, 500);
		break;
	case ESP6:
		make_ipv6(data, IPPROTO_ESP, i);
		make_esp(data + sizeof(struct ipv6hdr), bench_spi(i));
		break;
	case UDP4:
		make_ipv4(data, IPPROTO_UDP, src, dst);
		make_udp(payload, 50000, 4500);
		make_esp(payload + sizeof(struct udphdr), bench_spi(i));
		break;
	case TCP4_ENTER:
	case TCP4_HOP:
		make_ipv4(data, IPPROTO_TCP, src, BENCH_SERVICE_ADDRESS + bench_service(i));
		make_tcp(payload, 50000, bench_service_port(i));
		break;
	case TCP:
		make_ipv4(data, IPPROTO_TCP, src, dst);
		memset(payload, 0, sizeof(struct tcphdr));
		break;
	default:
		make_ipv4(data, IPPROTO_UDP, src, dst);
		make_udp(payload, 50000, 443);
	}
}

/* What is in that of a node: @round is how many it has had before. */
static void make_node_packet(void *data, enum kind kind, const struct inside *node,
			     u32 round)
{
	void *payload = data + sizeof(struct iphdr);
	u32 src = RESPONDER, dst = GLOBAL;

	if (kind == ESP_OUT || kind == UDP_OUT) {
		src = node->addr;
		dst = RESPONDER;
	} else if (kind == ESP_HOME || kind == UDP_HOME) {
		dst = node->addr;
	}
	if (kind >= UDP_OUT) {
		make_ipv4(data, IPPROTO_UDP, src, dst);
		make_udp(payload, kind == UDP_OUT ? node->port : 443,
			 kind == UDP_OUT ? 443 : node->port);
		return;
	}
	make_ipv4(data, IPPROTO_ESP, src, dst);
	/* What differs is a bit that md5-low24 leaves free. */
	make_esp(payload, kind == ESP_OUT ? node->spi :
		 kind == ESP_MATCH ? node->answer ^ (round & 1) << 24 : node->answer);
}

/* Who sends a frame tells where in a service's chain it is; of others nobody looks. */
static void make_ether(struct ethhdr *eth, const struct target *to, u32 i)
{
	memset(eth, 0, sizeof(*eth));
	if (to->kind != TCP4_ENTER && to->kind != TCP4_HOP)
		return;
	ether_addr_copy(eth->h_dest, to->dev->dev_addr);
	eth->h_source[0] = 2;
	if (to->kind == TCP4_HOP)
		eth->h_source[ETH_ALEN - 1] = bench_device(bench_service(i));
	else
		eth->h_source[1] = 1;
	eth->h_proto = htons(ETH_P_IP);
}

static struct sk_buff *make_skb(const struct target *to, u32 packet)
{
	struct sk_buff *skb = netdev_alloc_skb_ip_align(to->dev, ETH_HLEN + IP_BYTES);
	u32 turn = to->kind < ESP_OUT ? bench_turn(packet, to->sas) : 0;
	void *data;

	if (!skb)
		return NULL;
	skb_put(skb, ETH_HLEN);
	skb_reset_mac_header(skb);
	make_ether(eth_hdr(skb), to, turn);
	skb_pull(skb, ETH_HLEN);
	data = skb_put(skb, IP_BYTES);
	skb->pkt_type = PACKET_HOST;
	skb->protocol = to->kind == ESP6 ? htons(ETH_P_IPV6) : htons(ETH_P_IP);
	if (to->kind >= ESP_OUT)
		make_node_packet(data, to->kind, &nodes[packet % to->sas],
				 packet / to->sas);
	else
		make_packet(data, to->kind, turn);
	return skb;
}

/* A burst of frames; false: no memory. */
static bool send_burst(struct result *r, const struct target *to)
{
	struct sk_buff *skb;
	u64 start;
	int i;

	local_bh_disable();
	start = ktime_get_ns();
	for (i = 0; i < BURST; i++) {
		skb = make_skb(to, r->packet++);
		if (!skb)
			break;
		netif_receive_skb(skb);
	}
	r->ns += ktime_get_ns() - start;
	local_bh_enable();
	r->n += i;
	return i == BURST;
}

static void results_begin(unsigned int n)
{
	memset(results, 0, sizeof(results));
	n_results = n;
}

/* "DEVICE KIND SAS": dev_put() it. */
static int find_target(const char *line, struct target *to)
{
	char name[IFNAMSIZ], kind[12];

	if (sscanf(line, "%15s %11s %u", name, kind, &to->sas) != 3 || !to->sas)
		return -EINVAL;
	to->kind = match_string(kinds, N_KINDS, kind);
	if (to->kind < 0)
		return to->kind;
	if (to->kind >= ESP_OUT && (!nodes || to->sas > NODES))
		return -EINVAL;
	to->dev = dev_get_by_name(current->nsproxy->net_ns, name);
	return to->dev ? 0 : -ENODEV;
}

static int job_take(const char *line)
{
	int err;

	if (n_taken == DEVICES_MAX)
		return -EINVAL;
	err = find_target(line, &taken[n_taken]);
	if (!err)
		n_taken++;
	return err;
}

static void let_go(void)
{
	while (n_taken)
		dev_put(taken[--n_taken].dev);
	vfree(chain);
	chain = NULL;
}

/* One cycle through all lines, in an order that no prefetcher guesses. */
static int job_chain(const char *line)
{
	unsigned int bytes, lines, i, j;
	u32 *order;

	if (sscanf(line, "%u", &bytes) != 1 || bytes < 2 * READ_BYTES || chain)
		return -EINVAL;
	lines = bytes / READ_BYTES;
	chain = vzalloc((size_t)lines * READ_BYTES);
	order = vmalloc(array_size(lines, sizeof(*order)));
	if (!chain || !order) {
		vfree(chain);
		chain = NULL;
		vfree(order);
		return -ENOMEM;
	}
	for (i = 0; i < lines; i++) {
		j = reciprocal_scale(get_random_u32(), i + 1);
		order[i] = order[j];
		order[j] = i;
	}
	for (i = 0; i < lines; i++)
		chain[order[i] * (READ_BYTES / sizeof(*chain))] =
			order[i + 1 < lines ? i + 1 : 0];
	vfree(order);
	next_read = 0;
	return 0;
}

static void read_chain(struct result *r, unsigned int reads)
{
	u64 start = ktime_get_ns();
	unsigned int i;

	for (i = 0; i < reads; i++)
		next_read = READ_ONCE(chain[next_read * (READ_BYTES / sizeof(*chain))]);
	r->ns = ktime_get_ns() - start;
	r->n = reads;
}

static int job_turns(const char *line)
{
	unsigned int packets, before = 0, i, n, at;
	struct result *r, warm = {};

	if (sscanf(line, "%u %u", &packets, &before) < 1 || !n_taken)
		return -EINVAL;
	results_begin(n_taken + !!chain);
	/* Who comes late is likelier to lose the processor: each is first in its turn. */
	first++;
	for (i = 0; i < n_taken; i++) {
		at = (first + i) % n_taken;
		r = &results[at];
		warm.packet = next_packet;
		for (n = 0; n < before; n += BURST)
			if (!send_burst(&warm, &taken[at]))
				return -ENOMEM;
		r->packet = warm.packet;
		for (n = 0; n < packets; n += BURST)
			if (!send_burst(r, &taken[at]))
				return -ENOMEM;
		cond_resched();
	}
	next_packet = results[0].packet;
	if (chain)
		read_chain(&results[n_taken], packets);
	return 0;
}

static int job_flow(const char *line)
{
	unsigned int seconds;
	struct target to;
	int err;
	u64 until;

	if (sscanf(line, "%*s %*s %*s %u", &seconds) != 1)
		return -EINVAL;
	err = find_target(line, &to);
	if (err)
		return err;
	results_begin(1);
	until = ktime_get_ns() + (u64)seconds * NSEC_PER_SEC;
	while (!err && ktime_get_ns() < until) {
		if (!send_burst(&results[0], &to))
			err = -ENOMEM;
		cond_resched();
	}
	dev_put(to.dev);
	return err;
}

/* The last step of MurmurHash3: of different numbers come different ones. */
static u32 mix(u32 i)
{
	i = (i ^ i >> 16) * 0x85ebca6b;
	i = (i ^ i >> 13) * 0xc2b2ae35;
	return i ^ i >> 16;
}

static int job_nodes(const char *line)
{
	static const char * const schemes[] = {
		[IQ_SPI_MD5_LOW16] = "md5-low16", [IQ_SPI_MD5_LOW24] = "md5-low24",
		[IQ_SPI_MD5_FULL] = "md5-full", [IQ_SPI_SIPHASH_LOW16] = "siphash-low16",
	};
	struct iq_spi_rule rule = {};	/* the key is all zeroes */
	char scheme[16];
	int found;
	u32 i, at;

	if (sscanf(line, "%15s %u", scheme, &at) != 2)
		return -EINVAL;
	found = match_string(schemes, IQ_SPI_SCHEMES, scheme);
	if (found < 0)
		return found;
	rule.scheme = found;
	if (!nodes)
		nodes = vmalloc(array_size(NODES, sizeof(*nodes)));
	if (!nodes)
		return -ENOMEM;
	at *= 2 * NODES;
	for (i = 0; i < NODES; i++) {
		struct inside *node = &nodes[i];

		node->addr = NODE(bench_turn(i, NODES));
		node->port = 1024 + bench_turn(i, NODES);
		do {
			node->spi = mix(at++);
			node->answer = iq_spi_make(&rule, node->spi, mix(~at));
		} while (node->spi < IQ_SPI_MIN || node->answer < IQ_SPI_MIN);
	}
	return 0;
}

static unsigned int see(void *priv, struct sk_buff *skb,
			const struct nf_hook_state *state)
{
	const struct iphdr *ip = ip_hdr(skb);

	if (expected)
		delivered[ntohl(outwards ? ip->saddr : ip->daddr) ==
			  (outwards ? GLOBAL : expected->addr)]++;
	return NF_ACCEPT;
}

static const struct nf_hook_ops see_ops = {
	.hook = see,
	.pf = NFPROTO_IPV4,
	.hooknum = NF_INET_POST_ROUTING,
	.priority = NF_IP_PRI_LAST,
};

static int job_deliver(const char *line)
{
	struct net *net = current->nsproxy->net_ns;
	struct sk_buff *skb;
	struct target to;
	u32 i, at;
	int err;

	err = find_target(line, &to);
	if (err)
		return err;
	if (to.kind < ESP_OUT)
		err = -EINVAL;
	err = err ?: nf_register_net_hook(net, &see_ops);
	if (err)
		goto put;
	memset(delivered, 0, sizeof(delivered));
	outwards = to.kind == ESP_OUT || to.kind == UDP_OUT;
	for (i = 0; i < to.sas && !err; i++) {
		at = bench_turn(i, to.sas);
		skb = make_skb(&to, at);
		local_bh_disable();
		expected = &nodes[at];
		if (skb)
			netif_receive_skb(skb);
		else
			err = -ENOMEM;
		expected = NULL;
		local_bh_enable();
		cond_resched();
	}
	nf_unregister_net_hook(net, &see_ops);
	results_begin(2);
	results[0].n = delivered[true];
	results[1].n = delivered[false];
put:
	dev_put(to.dev);
	return err;
}

/* What leaves, as the device gets it. */
static int see_leaving(struct sk_buff *skb, struct net_device *dev,
		       struct packet_type *pt, struct net_device *orig_dev)
{
	if (skb->pkt_type == PACKET_OUTGOING)
		got_by = eth_hdr(skb)->h_dest[ETH_ALEN - 1];
	kfree_skb(skb);
	return NET_RX_SUCCESS;
}

/* Is it right that @got_by has a frame of this bucket? */
static bool is_right(u32 bucket, u32 away)
{
	if (!got_by || got_by > BENCH_ELEMENTS)
		return false;
	if (!owner[bucket] && !away)
		owner[bucket] = got_by;
	if (!away || owner[bucket] != away || got_by == away)
		return owner[bucket] == got_by;
	if (!stand_in[bucket])
		stand_in[bucket] = got_by;
	return stand_in[bucket] == got_by;
}

static struct sk_buff *make_random_skb(struct net_device *dev, u32 spi)
{
	const struct target to = { .dev = dev, .kind = ESP4, .sas = BENCH_DESTINATIONS };
	struct sk_buff *skb = make_skb(&to, get_random_u32());

	if (skb)
		make_esp(skb->data + sizeof(struct iphdr), spi);
	return skb;
}

static int send_to_elements(struct net_device *dev, u32 packets, u32 away)
{
	struct sk_buff *skb;
	u32 i, spi;

	if (away && away != stand_in_for) {
		memset(stand_in, 0, sizeof(stand_in));
		stand_in_for = away;
	}
	results_begin(ARRAY_SIZE(results));
	for (i = 0; i < packets; i++) {
		spi = 0xc0000000 | get_random_u32() >> 4;
		skb = make_random_skb(dev, spi);
		if (!skb)
			return -ENOMEM;
		local_bh_disable();
		got_by = 0;
		netif_receive_skb(skb);
		results[!is_right(iq_select_spi(spi), away)].n++;
		if (got_by && got_by <= BENCH_ELEMENTS)
			results[1 + got_by].n++;
		local_bh_enable();
		cond_resched();
	}
	return 0;
}

static int job_elements(const char *line)
{
	struct packet_type leaving = {
		.type = htons(ETH_P_ALL),
		.func = see_leaving,
	};
	struct net *net = current->nsproxy->net_ns;
	char in[IFNAMSIZ], out[IFNAMSIZ];
	struct net_device *dev;
	u32 packets, away;
	int err = -ENODEV;

	if (sscanf(line, "%15s %15s %u %u", in, out, &packets, &away) != 4)
		return -EINVAL;
	dev = dev_get_by_name(net, in);
	leaving.dev = dev_get_by_name(net, out);
	if (dev && leaving.dev) {
		dev_add_pack(&leaving);
		err = send_to_elements(dev, packets, away);
		dev_remove_pack(&leaving);
	}
	dev_put(leaving.dev);
	dev_put(dev);
	return err;
}

static ssize_t bench_write(struct file *file, const char __user *buf, size_t len,
			   loff_t *pos)
{
	char *line = memdup_user_nul(buf, min_t(size_t, len, 128)), *rest;
	int err;

	if (IS_ERR(line))
		return PTR_ERR(line);
	rest = line;
	strsep(&rest, " ");
	mutex_lock(&lock);
	if (!rest) {
		err = -EINVAL;
	} else if (!strcmp(line, "take")) {
		err = job_take(rest);
	} else if (!strcmp(line, "turns")) {
		err = job_turns(rest);
	} else if (!strcmp(line, "let")) {
		let_go();
		err = 0;
	} else if (!strcmp(line, "flow")) {
		err = job_flow(rest);
	} else if (!strcmp(line, "chain")) {
		err = job_chain(rest);
	} else if (!strcmp(line, "nodes")) {
		err = job_nodes(rest);
	} else if (!strcmp(line, "deliver")) {
		err = job_deliver(rest);
	} else if (!strcmp(line, "elements")) {
		err = job_elements(rest);
	} else {
		err = -EINVAL;
	}
	mutex_unlock(&lock);
	kfree(line);
	return err ?: len;
}

static int bench_show(struct seq_file *m, void *unused)
{
	unsigned int i;

	mutex_lock(&lock);
	for (i = 0; i < n_results; i++)
		seq_printf(m, "%llu %llu\n", results[i].n, results[i].ns);
	mutex_unlock(&lock);
	return 0;
}

static int bench_open(struct inode *inode, struct file *file)
{
	return single_open(file, bench_show, NULL);
}

static const struct proc_ops bench_ops = {
	.proc_open = bench_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
	.proc_write = bench_write,
};

static int __init bench_init(void)
{
	return proc_create("iq_bench", 0600, NULL, &bench_ops) ? 0 : -ENOMEM;
}

static void __exit bench_exit(void)
{
	remove_proc_entry("iq_bench", NULL);
	let_go();
	vfree(nodes);
}

module_init(bench_init);
module_exit(bench_exit);

MODULE_DESCRIPTION("Generates packets for the bench of ipsec_qos");
MODULE_LICENSE("GPL");
