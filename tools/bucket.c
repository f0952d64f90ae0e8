// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A bucket for an element whose charon has no plugin.
 */
#include "ipsec_qos/select.h"

#include "bucket.h"

int bucket_of(const struct iq_kernel_buckets *buckets, uint32_t element)
{
	int i, first = -1;

	for (i = 0; i < IPSEC_QOS_BUCKETS; i++) {
		if (buckets->home[i] != element)
			continue;
		if (buckets->now[i] == element)
			return i;
		if (first < 0)
			first = i;
	}
	return first;
}

struct bucket_conf bucket_conf(uint32_t bucket)
{
	uint32_t spi = 0xc0000000 | bucket << IQ_SELECT_SPI_SHIFT;

	return (struct bucket_conf){
		.spi_label = (uint64_t)bucket << IQ_SELECT_IKE_SHIFT,
		.spi_mask = (uint64_t)(IQ_SELECT_BUCKETS - 1) << IQ_SELECT_IKE_SHIFT,
		.spi_min = spi,
		.spi_max = spi | ((1U << IQ_SELECT_SPI_SHIFT) - 1),
	};
}
