// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages by which a tunnel is asked for. */
#include "lib/feed/attr.h"
#include "lib/feed/feed.h"

#define F(...) IQ_FEED_FIELD(struct iq_feed_initiate, __VA_ARGS__)
IQ_FEED_FORM(iq_feed_initiate_form, NULL,
	F(STRING, CONN, conn, MUST),
	F(STRING, CHILD, child, MAY),
	F(ADDR, REMOTE, remote, MAY),
	F(U32, TIMEOUT, timeout, MUST));
#undef F

static const char *check_result(const void *body)
{
	const struct iq_feed_result *result = body;
	bool good = !result->error;

	if (good != (result->ike_id && result->child_id) ||
	    !good != !!result->message || (!good && (result->ike_id || result->child_id)))
		return "bad RESULT, expected IKE_ID and CHILD_ID, or ERROR and MESSAGE";
	return NULL;
}

#define F(...) IQ_FEED_FIELD(struct iq_feed_result, __VA_ARGS__)
IQ_FEED_FORM(iq_feed_result_form, check_result,
	F(U32, ERROR, error, MUST),
	F(STRING, MESSAGE, message, MAY),
	F(U32, IKE_ID, ike_id, MAY),
	F(U32, CHILD_ID, child_id, MAY));
#undef F
