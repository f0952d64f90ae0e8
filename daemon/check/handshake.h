/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection of TCP through a device, of which both ends are played: what is sent into which
 * of its sides, and what has to come out of the other. Pure.
 *
 * A device may change the client's address and port, as one that translates does, and the
 * numbers of either end's bytes. It must not change the server's.
 */
#ifndef IPSEC_QOSD_CHECK_HANDSHAKE_H
#define IPSEC_QOSD_CHECK_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"

#define HANDSHAKE_PACKET	64	/* bytes at most, from the IP header on */

/**
 * enum handshake_step - what was sent last, and has not come out yet
 *
 * @HANDSHAKE_SYN: into the outer side, by the client
 * @HANDSHAKE_SYN_ACK: into the inner side, by the server
 * @HANDSHAKE_ACK: by the client
 * @HANDSHAKE_PASSED: nothing: all of it has come out
 * @HANDSHAKE_REFUSED: nothing: the device said no
 */
enum handshake_step {
	HANDSHAKE_SYN,
	HANDSHAKE_SYN_ACK,
	HANDSHAKE_ACK,
	HANDSHAKE_PASSED,
	HANDSHAKE_REFUSED,
};

/**
 * struct handshake - a connection
 *
 * @client, @client_port, @server, @port: as they are sent
 * @isn: first number of the client's bytes, and of the server's
 * @seen, @seen_port: the client's, as they came out of the inner side
 * @seen_isn: the client's, as it came out of the inner side, and the server's, out of the
 *	outer one
 */
struct handshake {
	struct iq_addr client;
	struct iq_addr server;
	uint16_t client_port;
	uint16_t port;
	uint32_t isn[2];
	enum handshake_step step;
	struct iq_addr seen;
	uint16_t seen_port;
	uint32_t seen_isn[2];
};

/** handshake_side() - of what is sent in this step; what comes out does at the other one */
static inline int handshake_side(enum handshake_step step)
{
	return step == HANDSHAKE_SYN_ACK;
}

/** handshake_name() - of what is sent in this step */
const char *handshake_name(enum handshake_step step);

/** handshake_packet() - what is sent in this step; its length */
size_t handshake_packet(const struct handshake *h, uint8_t buf[HANDSHAKE_PACKET]);

/**
 * handshake_reset() - what ends it in a device that remembers connections, by the client
 *
 * Return: its length; 0: the device knows of none.
 */
size_t handshake_reset(const struct handshake *h, uint8_t buf[HANDSHAKE_PACKET]);

/**
 * handshake_take() - a packet came out of a side
 *
 * @side: 0: the outer one, 1: the inner one; of a device with one both are asked for
 *
 * Return: it is of this connection, and has taken it to the next step.
 */
bool handshake_take(struct handshake *h, int side, const uint8_t *packet, size_t len);

#endif /* IPSEC_QOSD_CHECK_HANDSHAKE_H */
