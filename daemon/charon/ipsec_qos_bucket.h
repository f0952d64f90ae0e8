/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup ipsec_qos_bucket ipsec_qos_bucket
 * @{ @ingroup ipsec_qos
 */

#ifndef IPSEC_QOS_BUCKET_H_
#define IPSEC_QOS_BUCKET_H_

#include <library.h>

#include "ipsec_qos/select.h"

/**
 * A bucket has 65,536 SPIs for each value of the bits ahead of it, of which there are
 * as many
 */
#define IPSEC_QOS_BUCKET_AHEAD 16
#define IPSEC_QOS_BUCKET_AHEAD_SHIFT 28

typedef struct ipsec_qos_bucket_t ipsec_qos_bucket_t;
typedef struct ipsec_qos_bucket_walk_t ipsec_qos_bucket_walk_t;

/**
 * The buckets there were when it began, in a random order
 */
struct ipsec_qos_bucket_walk_t {
	/** those that were not yet drawn come first */
	uint16_t buckets[IQ_SELECT_BUCKETS];
	/** how many these are */
	u_int left;
};

/**
 * What went wrong
 */
typedef enum {
	/** there are no buckets to draw from */
	IPSEC_QOS_BUCKET_NONE,
	/** none of them has an SPI that is derived, too */
	IPSEC_QOS_BUCKET_UNDERIVED,
	/** none of them has an SPI */
	IPSEC_QOS_BUCKET_TAKEN,
	IPSEC_QOS_BUCKET_MAX,
} ipsec_qos_bucket_trouble_t;

/**
 * The buckets that this host's SPIs are of, so that a classifying element sends what it
 * receives here ("bucket", "home" in CONTRIBUTING.md's glossary).
 *
 * The daemon says which they are, on the thread that receives. Whoever draws an SPI
 * takes what is there; SPIs of IKE_SAs are drawn here, and wait for it in the first
 * second.
 */
struct ipsec_qos_bucket_t {

	/**
	 * Take the buckets there are from now on.
	 *
	 * @param home			IQ_FEED_BUCKETS_BYTES, as in struct iq_feed_buckets
	 */
	void (*take)(ipsec_qos_bucket_t *this, const uint8_t *home);

	/**
	 * Check if SPIs are to be of buckets, as spi_bucket says.
	 */
	bool (*is_wanted)(ipsec_qos_bucket_t *this);

	/**
	 * Begin to draw buckets.
	 *
	 * @param walk			receives them, for ipsec_qos_bucket_next()
	 * @return				FALSE if there are none; where some are wanted that is said
	 */
	bool (*begin)(ipsec_qos_bucket_t *this, ipsec_qos_bucket_walk_t *walk);

	/**
	 * Log what went wrong, once a minute at most.
	 *
	 * @param trouble		of which of them it is
	 * @param fmt			printf() format, and arguments
	 */
	void (*complain)(ipsec_qos_bucket_t *this, ipsec_qos_bucket_trouble_t trouble,
					 const char *fmt, ...) __attribute__((format(printf, 3, 4)));

	/**
	 * Choose the SPIs of IKE_SAs from now on, if wanted.
	 */
	void (*wrap)(ipsec_qos_bucket_t *this);

	/**
	 * No longer choose them.
	 */
	void (*unwrap)(ipsec_qos_bucket_t *this);

	/**
	 * Destroy an ipsec_qos_bucket_t.
	 */
	void (*destroy)(ipsec_qos_bucket_t *this);
};

/**
 * Draw the next bucket, each once.
 *
 * @param bucket			receives it
 * @param extra				receives 32 random bits
 * @return					FALSE if all have been drawn, or there are no random bytes
 */
bool ipsec_qos_bucket_next(ipsec_qos_bucket_walk_t *walk, uint32_t *bucket,
						   uint32_t *extra);

/**
 * Get the SPIs that charon takes for its SAs, as it is configured.
 *
 * @param from				receives the first one, in host order
 * @param to				receives the last one
 */
void ipsec_qos_bucket_range(uint32_t *from, uint32_t *to);

/**
 * Create an ipsec_qos_bucket_t instance.
 */
ipsec_qos_bucket_t *ipsec_qos_bucket_create();

#endif /** IPSEC_QOS_BUCKET_H_ @}*/
