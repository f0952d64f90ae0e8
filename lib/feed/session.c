// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages about the connection itself, and about all that a charon has. */
#include "lib/feed/attr.h"
#include "lib/feed/feed.h"

#define F(...) IQ_FEED_FIELD(struct iq_feed_hello, __VA_ARGS__)
IQ_FEED_FORM(iq_feed_hello_form, NULL,
	F(U32, VERSION, version, MUST),
	F(U8, ROLE, role, MAY),
	F(STRING, ELEMENT, element, MAY));
#undef F

#define F(...) IQ_FEED_FIELD(struct iq_feed_ack, __VA_ARGS__)
IQ_FEED_FORM(iq_feed_ack_form, NULL,
	F(U32, ERROR, error, MUST),
	F(STRING, MESSAGE, message, MAY),
	F(U32, GROUP, group, MAY));
#undef F

const struct iq_feed_form iq_feed_sync_start_form = {};

#define F(...) IQ_FEED_FIELD(struct iq_feed_sync_end, __VA_ARGS__)
IQ_FEED_FORM(iq_feed_sync_end_form, NULL,
	F(U32, PASSED_OVER, passed_over, MAY));
#undef F

#define F(...) IQ_FEED_FIELD(struct iq_feed_passed_over, __VA_ARGS__)
IQ_FEED_FORM(iq_feed_passed_over_form, NULL,
	F(U32, PASSED_OVER, passed_over, MUST));
#undef F
