// SPDX-License-Identifier: GPL-2.0-or-later
/* The message about buckets. */
#include "lib/feed/attr.h"
#include "lib/feed/feed.h"

#define F(...) IQ_FEED_FIELD(struct iq_feed_buckets, __VA_ARGS__)
IQ_FEED_FORM(iq_feed_buckets_form, NULL,
	F(BYTES, HOME, home, MUST));
#undef F
