// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Packets for tun devices, whole and in fragments.
 */
#include <time.h>

#include "storm.h"

#define CUT	128

void packet_emit(int fd, const uint8_t *packet, size_t len)
{
	if (write(fd, packet, len) != (ssize_t)len)
		failed("a packet is not taken: %s", strerror(errno));
}

static unsigned int since(const struct timespec *before)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - before->tv_sec) * 1000 +
	       (now.tv_nsec - before->tv_nsec) / 1000000;
}

unsigned int packet_ipv4(int fd, uint8_t proto, uint32_t src, uint32_t dst,
			 const uint8_t *payload, size_t len, unsigned int pieces, bool swapped)
{
	static uint16_t id;
	struct timespec before;
	uint8_t packet[20 + 1024], first[20 + CUT];
	int i;

	id++;
	memcpy(packet + 20, payload, len);
	wire_put_ipv4(packet, proto, src, dst, len, id, pieces ? 0 : 0x4000);
	if (!pieces) {
		packet_emit(fd, packet, 20 + len);
		return 0;
	}
	memcpy(first + 20, packet + 20, CUT);
	wire_put_ipv4(first, proto, src, dst, CUT, id, 0x2000);
	wire_put_ipv4(packet + CUT, proto, src, dst, len - CUT, id, CUT / 8);
	clock_gettime(CLOCK_MONOTONIC, &before);
	for (i = 0; i < 2; i++) {
		if (!(pieces & 1U << i))
			continue;
		if (i == swapped)
			packet_emit(fd, first, sizeof(first));
		else
			packet_emit(fd, packet + CUT, 20 + len - CUT);
	}
	return since(&before);
}

unsigned int packet_esp(int fd, uint32_t src, uint32_t dst, uint32_t spi,
			unsigned int pieces, bool swapped)
{
	uint8_t esp[PACKET_ESP];

	memset(esp, 0x5a, sizeof(esp));
	wire_put32(esp, spi);
	return packet_ipv4(fd, IPPROTO_ESP, src, dst, esp, sizeof(esp), pieces, swapped);
}

void packet_icmp(int fd, uint32_t src, uint32_t dst, uint32_t esp_src, uint32_t esp_dst,
		 uint32_t spi)
{
	uint8_t packet[20 + PACKET_ICMP] = {}, *p = packet + 20;

	wire_put_ipv4(packet, IPPROTO_ICMP, src, dst, PACKET_ICMP, 0, 0);
	wire_put_ipv4(p + 8, IPPROTO_ESP, esp_src, esp_dst, PACKET_ESP, 0, 0x4000);
	wire_put32(p + 28, spi);
	p[0] = 3;
	p[1] = 1;
	wire_put16(p + 2, wire_sum(p, PACKET_ICMP));
	packet_emit(fd, packet, sizeof(packet));
}
