// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>

#include "wire.h"

void wire_die(const char *fmt, ...)
{
	int error = errno;
	va_list args;

	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, " (%s)\n", strerror(error));
	exit(2);
}

void wire_sh(const char *script)
{
	char *whole;

	if (asprintf(&whole, "set -e\n%s", script) < 0 || system(whole))
		wire_die("failed: %s", script);
	free(whole);
}

void wire_enter(const char *netns)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		wire_die("no namespace %s", netns);
	close(fd);
}

int wire_tun(const char *name, bool vnet)
{
	struct ifreq req = { .ifr_flags = IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (vnet)
		req.ifr_flags |= IFF_VNET_HDR;
	strncpy(req.ifr_name, name, IFNAMSIZ - 1);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &req))
		wire_die("no tun device %s", name);
	return fd;
}

int wire_packet(const char *name)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = if_nametoindex(name),
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (void *)&to, sizeof(to)))
		wire_die("no packet socket on %s", name);
	return fd;
}

uint16_t wire_sum(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += p[i] << 8 | p[i + 1];
	if (len & 1)
		sum += p[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

void wire_put_ipv4(uint8_t *p, uint8_t proto, uint32_t src, uint32_t dst, size_t len,
		   uint16_t id, uint16_t frag)
{
	memset(p, 0, 20);
	p[0] = 0x45;
	wire_put16(p + 2, 20 + len);
	wire_put16(p + 4, id);
	wire_put16(p + 6, frag);
	p[8] = 64;
	p[9] = proto;
	wire_put32(p + 12, src);
	wire_put32(p + 16, dst);
	wire_put16(p + 10, wire_sum(p, 20));
}

void wire_write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		wire_die("cannot write %s", path);
	close(fd);
}
