// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages by which the command asks what the daemon knows. */
#include "lib/feed/attr.h"
#include "lib/feed/feed.h"

#define F(...) IQ_FEED_FIELD(struct iq_feed_question, __VA_ARGS__)
IQ_FEED_FORM(iq_feed_query_form, NULL,
	F(U8, QUERY, query, MUST),
	F(STRING, ARG, arg, MAY));
#undef F

#define F(...) IQ_FEED_FIELD(struct iq_feed_answer, __VA_ARGS__)
IQ_FEED_FORM(iq_feed_answer_form, NULL,
	F(STRING, TEXT, text, MUST));
#undef F
