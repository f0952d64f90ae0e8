/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The services of the bench: as many ports as wanted, of as many addresses as there may be
 * services, each with a chain of two of 16 devices behind d1. The generator sends for them, the
 * other programs set them up.
 */
#ifndef IPSEC_QOS_BENCH_SERVICES_H
#define IPSEC_QOS_BENCH_SERVICES_H

#define BENCH_SERVICES		62500	/* 198.18.0.0 …; each has a port before one has another */
#define BENCH_SERVICE_ADDRESS	0xc6120000
#define BENCH_SERVER_ADDRESS	0xc6130000	/* a service's, where it is translated: 198.19.0.0 … */
#define BENCH_SERVICE_PORT	1000
#define BENCH_DEVICES		16	/* their MACs are 02:00:00:00:00:01 …; a power of two */

/* Of a port: its service */
static inline unsigned int bench_service(unsigned int i)
{
	return i % BENCH_SERVICES;
}

static inline unsigned int bench_service_port(unsigned int i)
{
	return BENCH_SERVICE_PORT + 7 * (i / BENCH_SERVICES);
}

/*
 * Of a service: the first device of its chain, and the second one is the next. There are as
 * many chains as wanted, if that is a multiple of BENCH_DEVICES.
 */
static inline unsigned int bench_device(unsigned int service)
{
	return 1 + service % BENCH_DEVICES;
}

static inline unsigned int bench_next_device(unsigned int service)
{
	return bench_device(service + 1);
}

#endif /* IPSEC_QOS_BENCH_SERVICES_H */
