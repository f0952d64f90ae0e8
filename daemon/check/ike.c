// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * RFC 7296. Whoever speaks IKE answers a first message, be it by an error: that the proposal
 * is not acceptable, that a cookie is wanted, or by one of its own. One that is not acceptable
 * is sent on purpose: half-open SAs are counted, and who makes many is locked out.
 */
#include "check/ike.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER		28
#define PORT_NATT	4500	/* where four bytes of 0 are ahead of IKE (RFC 3948) */
#define MARKER		4

enum { PAYLOAD_SA = 33, PAYLOAD_KE = 34, PAYLOAD_NONCE = 40 };
enum { EXCHANGE_INIT = 34, VERSION = 0x20, FLAG_INITIATOR = 0x08, FLAG_RESPONSE = 0x20 };

#define SPI		8
#define KE		32	/* bytes of a key of Curve25519 */
#define NONCE		32

static uint8_t *put16(uint8_t *p, uint16_t value)
{
	*p++ = value >> 8;
	*p++ = value;
	return p;
}

/* A payload's or a proposal's head: what follows, and its length with this head */
static uint8_t *put_head(uint8_t *p, uint8_t next, uint16_t len)
{
	*p++ = next;
	*p++ = 0;
	return put16(p, len);
}

static uint8_t *put_transform(uint8_t *p, bool more, uint8_t type, uint16_t id)
{
	p = put_head(p, more ? 3 : 0, 8);
	*p++ = type;
	*p++ = 0;
	return put16(p, id);
}

size_t ike_request(uint8_t buf[IKE_REQUEST], const uint8_t *nonce)
{
	uint8_t *p = buf;

	memset(buf, 0, IKE_REQUEST);
	memcpy(p, nonce, SPI);
	p[16] = PAYLOAD_SA;
	p[17] = VERSION;
	p[18] = EXCHANGE_INIT;
	p[19] = FLAG_INITIATOR;
	p += HEADER;
	p = put_head(p, PAYLOAD_KE, 4 + 8 + 4 * 8);
	/* one proposal, number 1, of IKE, without an SPI, with four transforms */
	p = put_head(p, 0, 8 + 4 * 8);
	*p++ = 1;
	*p++ = 1;
	*p++ = 0;
	*p++ = 4;
	p = put_transform(p, true, 1, 65535);	/* a cipher for private use */
	p = put_transform(p, true, 2, 5);	/* PRF_HMAC_SHA2_256 */
	p = put_transform(p, true, 3, 12);	/* AUTH_HMAC_SHA2_256_128 */
	p = put_transform(p, false, 4, 31);	/* Curve25519 */
	p = put_head(p, PAYLOAD_NONCE, 4 + 4 + KE);
	p = put16(put16(p, 31), 0);
	memcpy(p, nonce + SPI, KE);
	p += KE;
	p = put_head(p, 0, 4 + NONCE);
	memcpy(p, nonce + SPI + KE, NONCE);
	p += NONCE;
	put16(put16(buf + 24, 0), p - buf);
	return p - buf;
}

bool ike_answers(const uint8_t *buf, size_t len, const uint8_t spi[8])
{
	return len >= HEADER && !memcmp(buf, spi, SPI) && buf[17] >> 4 == VERSION >> 4 &&
	       buf[19] & FLAG_RESPONSE;
}

static void on_answer(struct ev_loop *loop, ev_io *w, int revents)
{
	struct ask *ask = w->data;
	uint8_t buf[MARKER + HEADER + 1];
	size_t skip = ask->port == PORT_NATT ? MARKER : 0;
	ssize_t n = recv(w->fd, buf, sizeof(buf), MSG_TRUNC);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		ask_is(ask, ASK_FAILED, "IKE: %s", strerror(errno));
		ask_stop(loop, ask);
	} else if (n >= (ssize_t)(skip + HEADER) &&
		   ike_answers(buf + skip, sizeof(buf) - skip, ask->spi)) {
		ask_is(ask, ASK_OK, "answered");
		ask_stop(loop, ask);
	}
}

void ask_ike(struct ev_loop *loop, struct ask *ask)
{
	uint8_t nonce[IKE_RANDOM], buf[MARKER + IKE_REQUEST] = {};
	size_t skip = ask->port == PORT_NATT ? MARKER : 0, n;
	struct sockaddr_storage addr;
	socklen_t len;
	int fd;

	ask_stop(loop, ask);
	if (getrandom(nonce, sizeof(nonce), GRND_NONBLOCK) != sizeof(nonce)) {
		ask_is(ask, ASK_UNKNOWN, "cannot ask: no random number yet");
		return;
	}
	fd = ask_socket(ask, SOCK_DGRAM, &addr, &len);
	if (fd < 0)
		return;
	memcpy(ask->spi, nonce, sizeof(ask->spi));
	n = skip + ike_request(buf + skip, nonce);
	/* connected, so that it is told of a port that nobody has */
	if (!connect(fd, (struct sockaddr *)&addr, len) && send(fd, buf, n, 0) == (ssize_t)n) {
		ask_wait(loop, ask, fd, EV_READ, on_answer);
		return;
	}
	ask_is(ask, ASK_FAILED, "IKE: %s", strerror(errno));
	close(fd);
}
