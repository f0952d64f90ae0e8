// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages about SAs. */
#include "lib/feed/attr.h"
#include "lib/feed/feed.h"

#define F(...) IQ_FEED_FIELD(struct iq_feed_sa, __VA_ARGS__)
IQ_FEED_FORM(iq_feed_sa_form, NULL,
	F(U32, IKE_ID, ike_id, MUST),
	F(ADDR, DST, dst, MUST),
	F(U32, SPI, spi, MUST),
	F(U8, PROTO, proto, MUST),
	F(FLAG, PENDING, pending, MAY));
#undef F

#define F(...) IQ_FEED_FIELD(struct iq_feed_sa_del, __VA_ARGS__)
IQ_FEED_FORM(iq_feed_sa_del_form, NULL,
	F(ADDR, DST, dst, MUST),
	F(U32, SPI, spi, MUST),
	F(U8, PROTO, proto, MUST));
#undef F
