// SPDX-License-Identifier: GPL-2.0
/*
 * Makes frames and feeds them into an interface, as a driver would; and reads
 * memory, to compare with. Each line written to /proc/iq_bench is a job, done in
 * the network namespace of who writes it when the write returns:
 *
 *	take DEVICE			the next one for turns
 *	chain BYTES			so much memory takes part in turns as well
 *	turns KIND SAS PACKETS		PACKETS frames into each of the devices
 *					that were taken, one after the other; then
 *					as many reads of the memory, each of where
 *					the last one says
 *	let go				of all of them
 *	flow DEVICE KIND SAS SECONDS	frames for so long, giving way to others
 *
 * KIND is esp4, esp6, udp4 (UDP-encapsulated ESP), or what is none of it: tcp,
 * udp. Packet after packet is another one of the SAs' (sas.h), for each device in
 * the same order. Reading tells how the last job went, in a line for each device:
 * and one for the memory: how many packets or reads, and nanoseconds for them.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/nsproxy.h>
#include <linux/proc_fs.h>
#include <linux/random.h>
#include <linux/seq_file.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <linux/vmalloc.h>
#include <net/ip.h>

#include "sas.h"

#define BURST		64
#define DEVICES_MAX	3
#define IP_BYTES	64	/* of a packet */
#define READ_BYTES	64	/* a cache line */

enum kind { ESP4, ESP6, UDP4, TCP, UDP, N_KINDS };

static const char * const kinds[] = { "esp4", "esp6", "udp4", "tcp", "udp" };

/**
 * struct result - how it went with a device, or with memory
 *
 * @dev: where packets go to
 * @packet: the number of the next one
 * @n: packets or reads
 * @ns: that they took
 */
struct result {
	struct net_device *dev;
	u32 packet;
	u64 n;
	u64 ns;
};

static DEFINE_MUTEX(lock);	/* one job at a time; guards what follows */
static struct result results[DEVICES_MAX + 1];
static unsigned int n_results;
static struct net_device *taken[DEVICES_MAX];
static unsigned int n_taken;
static u32 next_packet;		/* of turns: they go on where the last ones ended */
static u32 *chain;
static u32 next_read;		/* a line of it */

static void make_ipv4(void *data, u8 protocol, u32 i)
{
	struct iphdr *ip = data;

	*ip = (struct iphdr) {
		.version = 4,
		.ihl = 5,
		.tot_len = htons(IP_BYTES),
		.ttl = 64,
		.protocol = protocol,
		.saddr = htonl(0xc0000202),			/* 192.0.2.2 */
		.daddr = htonl(0xcb007100 | bench_host(i)),	/* 203.0.113.0/24 */
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

static void make_esp(void *data, u32 i)
{
	__be32 *esp = data;

	esp[0] = htonl(bench_spi(i));
	esp[1] = htonl(1);
}

static void make_udp(void *data, u16 port, u16 len)
{
	struct udphdr *udp = data;

	*udp = (struct udphdr) {
		.source = htons(50000),
		.dest = htons(port),
		.len = htons(len),
	};
}

static struct sk_buff *make_skb(struct net_device *dev, enum kind kind, u32 i)
{
	struct sk_buff *skb = netdev_alloc_skb_ip_align(dev, ETH_HLEN + IP_BYTES);
	void *data, *payload;

	if (!skb)
		return NULL;
	skb_put(skb, ETH_HLEN);
	skb_reset_mac_header(skb);
	memset(skb->data, 0, ETH_HLEN);
	skb_pull(skb, ETH_HLEN);
	data = skb_put(skb, IP_BYTES);
	skb->pkt_type = PACKET_HOST;
	skb->protocol = kind == ESP6 ? htons(ETH_P_IPV6) : htons(ETH_P_IP);

	payload = data + (kind == ESP6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr));
	switch (kind) {
	case ESP4:
		make_ipv4(data, IPPROTO_ESP, i);
		make_esp(payload, i);
		break;
	case ESP6:
		make_ipv6(data, IPPROTO_ESP, i);
		make_esp(payload, i);
		break;
	case UDP4:
		make_ipv4(data, IPPROTO_UDP, i);
		make_udp(payload, 4500, IP_BYTES - sizeof(struct iphdr));
		make_esp(payload + sizeof(struct udphdr), i);
		break;
	case TCP:
		make_ipv4(data, IPPROTO_TCP, i);
		memset(payload, 0, sizeof(struct tcphdr));
		break;
	default:
		make_ipv4(data, IPPROTO_UDP, i);
		make_udp(payload, 443, IP_BYTES - sizeof(struct iphdr));
	}
	return skb;
}

/* A burst of frames; false: no memory. */
static bool send_burst(struct result *r, enum kind kind, u32 sas)
{
	struct sk_buff *skb;
	u64 start;
	int i;

	local_bh_disable();
	start = ktime_get_ns();
	for (i = 0; i < BURST; i++) {
		skb = make_skb(r->dev, kind, bench_turn(r->packet++, sas));
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

static int job_take(const char *line)
{
	char name[IFNAMSIZ];

	if (sscanf(line, "%15s", name) != 1 || n_taken == DEVICES_MAX)
		return -EINVAL;
	taken[n_taken] = dev_get_by_name(current->nsproxy->net_ns, name);
	return taken[n_taken] ? n_taken++, 0 : -ENODEV;
}

static void let_go(void)
{
	while (n_taken)
		dev_put(taken[--n_taken]);
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
		j = prandom_u32_max(i + 1);
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
	unsigned int sas, packets, i, n;
	char kind_name[8];
	int kind;

	if (sscanf(line, "%7s %u %u", kind_name, &sas, &packets) != 3 || !sas ||
	    !n_taken)
		return -EINVAL;
	kind = match_string(kinds, N_KINDS, kind_name);
	if (kind < 0)
		return kind;
	results_begin(n_taken + !!chain);
	for (i = 0; i < n_taken; i++) {
		results[i].dev = taken[i];
		results[i].packet = next_packet;
		for (n = 0; n < packets; n += BURST)
			if (!send_burst(&results[i], kind, sas))
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
	char name[IFNAMSIZ], kind_name[8];
	unsigned int sas, seconds;
	int kind, err = 0;
	u64 until;

	if (sscanf(line, "%15s %7s %u %u", name, kind_name, &sas, &seconds) != 4 ||
	    !sas)
		return -EINVAL;
	kind = match_string(kinds, N_KINDS, kind_name);
	if (kind < 0)
		return kind;
	results_begin(1);
	results[0].dev = dev_get_by_name(current->nsproxy->net_ns, name);
	if (!results[0].dev)
		return -ENODEV;
	until = ktime_get_ns() + (u64)seconds * NSEC_PER_SEC;
	while (!err && ktime_get_ns() < until) {
		if (!send_burst(&results[0], kind, sas))
			err = -ENOMEM;
		cond_resched();
	}
	dev_put(results[0].dev);
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
}

module_init(bench_init);
module_exit(bench_exit);

MODULE_DESCRIPTION("Generates packets for the bench of ipsec_qos");
MODULE_LICENSE("GPL");
