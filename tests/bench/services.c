// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * services - set up the services of the bench (services.h)
 *
 *	services batch N CHAINS	print devices, CHAINS chains and services of N ports for
 *				ipsec-qos -batch
 *	services nat N CHAINS	likewise, and the second device of each service's chain knows
 *				it by another address
 *	services fwd N		print an nftables map from services' addresses and ports to
 *				those of second devices, and a chain that sends what comes
 *				from d1 there by it
 *	services flower N	print the same as filters and actions for tc -batch
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services.h"

static void die(const char *what)
{
	fprintf(stderr, "services: %s\n", what);
	exit(1);
}

static void print_address(unsigned int addr)
{
	printf("%u.%u.%u.%u", addr >> 24, addr >> 16 & 255, addr >> 8 & 255, addr & 255);
}

static void print_batch(unsigned int n, unsigned int chains, bool nat)
{
	unsigned int i, port;

	for (i = 1; i <= BENCH_DEVICES; i++)
		printf("device add d%u id %u dev d1 mac 02:00:00:00:00:%02x\n", i, i, i);
	for (i = 0; i < chains; i++)
		printf("chain add c%u id %u through d%u through d%u\n", i + 1, i + 1,
		       bench_device(i), bench_next_device(i));
	for (i = 0; i < n && i < BENCH_SERVICES; i++) {
		printf("service add s%u id %u address ", i + 1, i + 1);
		print_address(BENCH_SERVICE_ADDRESS + i);
		for (port = i; port < n; port += BENCH_SERVICES)
			printf(" port tcp/%u", bench_service_port(port));
		printf(" chain c%u", 1 + i % chains);
		if (nat) {
			printf(" segment d%u to ", bench_next_device(i));
			print_address(BENCH_SERVER_ADDRESS + i);
		}
		putchar('\n');
	}
}

static void print_fwd(unsigned int n)
{
	unsigned int i;

	puts("table netdev bench {\n"
	     "\tmap services {\n"
	     "\t\ttypeof ip daddr . tcp dport : ip daddr\n"
	     "\t\telements = {");
	for (i = 0; i < n; i++) {
		putchar('\t');
		print_address(BENCH_SERVICE_ADDRESS + bench_service(i));
		printf(" . %u : 198.51.100.%u,\n", bench_service_port(i),
		       10 + bench_next_device(bench_service(i)));
	}
	puts("\t\t}\n\t}\n"
	     "\tchain forward {\n"
	     "\t\ttype filter hook ingress device \"d1\" priority 0;\n"
	     "\t\tfwd ip to ip daddr . tcp dport map @services device \"d1\"\n"
	     "\t}\n}");
}

static void print_flower(unsigned int n)
{
	unsigned int i, device;

	puts("qdisc add dev d1 clsact\n"
	     "actions add action mirred egress redirect dev d1 index 1");
	for (i = 1; i <= BENCH_DEVICES; i++)
		printf("actions add action skbmod set dmac 02:00:00:00:00:%02x pipe index %u\n",
		       i, i);
	for (i = 0; i < n; i++) {
		fputs("filter add dev d1 ingress protocol ip prio 1 flower ip_proto tcp dst_ip ",
		      stdout);
		print_address(BENCH_SERVICE_ADDRESS + bench_service(i));
		device = bench_next_device(bench_service(i));
		/* The action with this index: it is not made anew. */
		printf(" dst_port %u action skbmod set dmac 02:00:00:00:00:%02x pipe index %u"
		       " action mirred egress redirect dev d1 index 1\n",
		       bench_service_port(i), device, device);
	}
}

int main(int argc, char **argv)
{
	unsigned int n = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	unsigned int chains = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;

	if (argc == 4 && chains && chains % BENCH_DEVICES == 0 && !strcmp(argv[1], "batch"))
		print_batch(n, chains, false);
	else if (argc == 4 && chains && chains % BENCH_DEVICES == 0 && !strcmp(argv[1], "nat"))
		print_batch(n, chains, true);
	else if (argc == 3 && !strcmp(argv[1], "fwd"))
		print_fwd(n);
	else if (argc == 3 && !strcmp(argv[1], "flower"))
		print_flower(n);
	else
		die("batch N CHAINS, nat N CHAINS, fwd N or flower N?");
	return fflush(stdout) || ferror(stdout);
}
