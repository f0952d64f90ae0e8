/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks by the first message of IKE.
 */
#ifndef IPSEC_QOSD_CHECK_IKE_H
#define IPSEC_QOSD_CHECK_IKE_H

#include <stddef.h>
#include <stdint.h>

#include "check/ask.h"

#define IKE_REQUEST	184	/* bytes at most, with what stands ahead of it on port 4500 */

/**
 * ike_request() - IKE_SA_INIT with a proposal that nobody takes, so that whoever answers
 * keeps nothing of it; pure
 *
 * @nonce: what is to be random, of IKE_RANDOM bytes, the first 8 of which are its SPI
 *
 * Return: its length.
 */
size_t ike_request(uint8_t buf[IKE_REQUEST], const uint8_t *nonce);
#define IKE_RANDOM	72

/** ike_answers() - is it an answer to the message with that SPI? Pure */
bool ike_answers(const uint8_t *buf, size_t len, const uint8_t spi[8]);

/** ask_ike() - does it answer? What was asked before is given up */
void ask_ike(struct ev_loop *loop, struct ask *ask);

#endif /* IPSEC_QOSD_CHECK_IKE_H */
