// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages about CHILD SAs. */
#include "lib/feed/attr.h"
#include "lib/feed/feed.h"

#define F(...) IQ_FEED_FIELD(struct iq_feed_child, __VA_ARGS__)
IQ_FEED_FORM(iq_feed_child_form, NULL,
	F(U32, IKE_ID, ike_id, MUST),
	F(U32, CHILD_ID, child_id, MUST),
	F(STRING, CHILD, child, MUST),
	F(U32, REQID, reqid, MUST),
	F(U8, PROTO, proto, MUST),
	F(U32, SPI_IN, spi_in, MUST),
	F(U32, SPI_OUT, spi_out, MUST),
	F(ADDR, LOCAL, local, MUST),
	F(ADDR, REMOTE, remote, MUST),
	F(BOOL, ENCAP, encap, MUST),
	F(U64, MARK_IN, mark_in, MAY),
	F(U64, MARK_OUT, mark_out, MAY),
	F(U64, SET_MARK_IN, set_mark_in, MAY),
	F(U64, SET_MARK_OUT, set_mark_out, MAY));
#undef F

#define F(...) IQ_FEED_FIELD(struct iq_feed_child_del, __VA_ARGS__)
IQ_FEED_FORM(iq_feed_child_del_form, NULL,
	F(U32, CHILD_ID, child_id, MUST));
#undef F
