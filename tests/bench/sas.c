// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sas - set up the SAs of the bench (sas.h)
 *
 *	sas batch FAMILY N	print groups and SAs for ipsec-qos -batch
 *	sas nft FAMILY N	print the same as an nftables map
 *	sas steer FAMILY N	print groups, elements, a pool of them that the SAs'
 *				addresses are steered to, half of them with twice the
 *				weight, and SAs for ipsec-qos -batch: each with an
 *				element; N may be 0
 *	sas fwd FAMILY N	print an nftables map from SAs to elements' addresses, and
 *				a chain that sends what comes from d0 there by it
 *	sas resync N		state all of them anew, as the daemon does after a
 *				restart; print the milliseconds it took
 *	sas churn N RATE S	for S seconds add and remove RATE SAs a second beside
 *				the first N; print how many it were in fact
 *
 * FAMILY is 4 or 6; of steer and fwd, 4.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <netinet/in.h>
#include <linux/netlink.h>

#include "lib/kernel/entry.h"
#include "lib/kernel/socket.h"
#include "sas.h"

#define STEPS_A_SECOND	100

static void die(const char *what)
{
	fprintf(stderr, "sas: %s\n", what);
	exit(1);
}

static void print_dst(int family, unsigned int i)
{
	printf(family == 6 ? "2001:db8:1::%x" : "203.0.113.%u", bench_host(i));
}

static void print_element(unsigned int element)
{
	printf("198.51.100.%u", 10 + element);
}

static void print_elements(void)
{
	unsigned int i;

	for (i = 1; i <= BENCH_ELEMENTS; i++) {
		printf("element add e%u id %u dev d1 via ", i, i);
		print_element(i);
		putchar('\n');
	}
	fputs("pool add vpn id 1", stdout);
	for (i = 1; i <= BENCH_ELEMENTS; i++)
		printf(" member e%u weight %u", i, bench_weight(i));
	puts("\nsteer add 203.0.113.0/24 pool vpn");
}

static void print_batch(int family, unsigned int n, bool steered)
{
	unsigned int i;

	for (i = 0; i < BENCH_GROUPS; i++)
		printf("group add g%u id %u mark 0x%x/0xff\n", i + 1, i + 1,
		       i + 1);
	if (steered)
		print_elements();
	for (i = 0; i < n; i++) {
		fputs("sa add dst ", stdout);
		print_dst(family, i);
		printf(" spi 0x%x group id %u", bench_spi(i), bench_group(i));
		if (steered)
			printf(" element id %u", bench_element(i));
		putchar('\n');
	}
}

static void print_nft(int family, unsigned int n, bool steered)
{
	unsigned int i;

	printf("table %s bench {\n"
	       "\tmap sas {\n", steered ? "netdev" : "inet");
	printf("\t\ttypeof %s daddr . esp spi : %s\n",
	       family == 6 ? "ip6" : "ip", steered ? "ip daddr" : "meta mark");
	puts("\t\telements = {");
	for (i = 0; i < n; i++) {
		putchar('\t');
		print_dst(family, i);
		printf(" . 0x%x : ", bench_spi(i));
		if (steered)
			print_element(bench_element(i));
		else
			printf("0x%x", bench_group(i));
		puts(",");
	}
	puts("\t\t}\n\t}");
	if (steered)
		puts("\tchain forward {\n"
		     "\t\ttype filter hook ingress device \"d0\" priority 0;\n"
		     "\t\tfwd ip to ip daddr . esp spi map @sas device \"d1\"\n"
		     "\t}");
	puts("}");
}

static void fill(struct iq_sa *sa, unsigned int i)
{
	memset(sa, 0, sizeof(*sa));
	sa->entry.table = IQ_TABLE_SA;
	sa->dst.family = AF_INET;
	memcpy(sa->dst.b, (uint8_t[]){ 203, 0, 113, bench_host(i) }, 4);
	sa->spi = bench_spi(i);
	sa->proto = IPPROTO_ESP;
	sa->entry.group = bench_group(i);
	sa->entry.owner = -1;
}

static struct iq_sa *fill_all(unsigned int first, unsigned int n)
{
	struct iq_sa *sas = calloc(n, sizeof(*sas));
	unsigned int i;

	if (!sas)
		die("no memory");
	for (i = 0; i < n; i++)
		fill(&sas[i], first + i);
	return sas;
}

static struct iq_kernel *open_kernel(void)
{
	struct iq_kernel *k;

	if (iq_kernel_open(&k))
		die("the module does not answer");
	return k;
}

static void must(struct iq_kernel *k, int ret)
{
	if (ret)
		die(iq_kernel_error(k));
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * UINT64_C(1000000000) + ts.tv_nsec;
}

static void resync(unsigned int n)
{
	struct iq_kernel *k = open_kernel();
	struct iq_sa *sas = fill_all(0, n);
	uint32_t generation, swept;
	uint64_t start = now_ns();

	must(k, iq_kernel_resync_start(k, IPSEC_QOS_OWNER_STATIC, &generation));
	must(k, iq_kernel_entry_new(k, &sas->entry, n, IPSEC_QOS_OWNER_STATIC,
				    NLM_F_CREATE | NLM_F_REPLACE));
	must(k, iq_kernel_resync_end(k, IPSEC_QOS_OWNER_STATIC, generation, &swept));
	if (swept)
		die("the resync took entries away");
	printf("%" PRIu64 "\n", (now_ns() - start) / 1000000);
	free(sas);
	iq_kernel_close(k);
}

static void churn(unsigned int first, unsigned int rate, unsigned int seconds)
{
	unsigned int step = rate / STEPS_A_SECOND, total = 0;
	uint64_t start = now_ns(), next = start;
	struct iq_kernel *k = open_kernel();

	while (next - start < seconds * UINT64_C(1000000000)) {
		struct iq_sa *sas = fill_all(first + total, step);
		struct timespec ts;

		must(k, iq_kernel_entry_new(k, &sas->entry, step,
					    IPSEC_QOS_OWNER_STATIC, NLM_F_CREATE | NLM_F_EXCL));
		must(k, iq_kernel_entry_del(k, &sas->entry, step));
		free(sas);
		total += step;
		next += 1000000000 / STEPS_A_SECOND;
		ts.tv_sec = next / 1000000000;
		ts.tv_nsec = next % 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
	}
	printf("%" PRIu64 "\n", total * UINT64_C(1000000000) / (now_ns() - start));
	iq_kernel_close(k);
}

int main(int argc, char **argv)
{
	unsigned int arg[3] = {};
	int i;

	for (i = 0; i < 3 && i + 2 < argc; i++)
		arg[i] = strtoul(argv[i + 2], NULL, 10);
	if (argc == 4 && !strcmp(argv[1], "batch"))
		print_batch(arg[0], arg[1], false);
	else if (argc == 4 && !strcmp(argv[1], "nft"))
		print_nft(arg[0], arg[1], false);
	else if (argc == 4 && !strcmp(argv[1], "steer"))
		print_batch(arg[0], arg[1], true);
	else if (argc == 4 && !strcmp(argv[1], "fwd"))
		print_nft(arg[0], arg[1], true);
	else if (argc == 3 && !strcmp(argv[1], "resync"))
		resync(arg[0]);
	else if (argc == 5 && !strcmp(argv[1], "churn"))
		churn(arg[0], arg[1], arg[2]);
	else
		die("batch, nft, steer, fwd, resync or churn?");
	return fflush(stdout) || ferror(stdout);
}
