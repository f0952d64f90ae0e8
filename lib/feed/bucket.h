/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The feed's message about buckets (include/ipsec_qos/select.h).
 */
#ifndef IPSEC_QOS_FEED_BUCKET_H
#define IPSEC_QOS_FEED_BUCKET_H

#include <stdint.h>

#include "ipsec_qos/select.h"

#define IQ_FEED_BUCKETS_BYTES	(IQ_SELECT_BUCKETS / 8)

/**
 * struct iq_feed_buckets - whose SPIs a charon is to choose: the daemon says it to each
 * that connects and says which element it is, and again when it is another set. Until it
 * says so again it holds, also when the connection has ended.
 *
 * @home: IQ_FEED_BUCKETS_BYTES, as iq_select_has() reads them: those whose home is that
 *	element; none at all: any SPI will do
 */
struct iq_feed_buckets {
	const uint8_t *home;
};

#endif /* IPSEC_QOS_FEED_BUCKET_H */
