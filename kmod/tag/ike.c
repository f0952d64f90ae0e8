// SPDX-License-Identifier: GPL-2.0
#include "ike.h"
#include "netlink.h"
#include "state.h"

static const struct iq_table_type iq_ike_type = {
	.name = "IKE SA",
	.id = IQ_TABLE_IKE,
	.user = IQ_USER_IKE,
	.told = iq_entry_told,
};

const struct iq_action *iq_ike_lookup(struct iq_net *iqn, u64 spi_i, u64 spi_r,
				      u32 packets, u32 bytes)
{
	struct iq_table *t = &iq_tag(iqn)->tables[IQ_TABLE_IKE];
	struct iq_key key = {
		.spi_i = cpu_to_be64(spi_i),
		.spi_r = cpu_to_be64(spi_r),
	};
	const struct iq_action *a = iq_table_lookup(t, &key, packets, bytes);

	if (a || !spi_r)
		return a;
	key.spi_r = 0;
	return iq_table_lookup(t, &key, packets, bytes);
}

void iq_ike_init(struct iq_net *iqn)
{
	iq_table_init(&iq_tag(iqn)->tables[IQ_TABLE_IKE], iqn, &iq_ike_type,
		      IPSEC_QOS_MAX_IKES);
}
