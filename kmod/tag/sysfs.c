// SPDX-License-Identifier: GPL-2.0
#include <linux/sysfs.h>

#include "core/net.h"
#include "settings.h"
#include "state.h"
#include "sysfs.h"
#include "table.h"

#define IQ_SHOW_TABLE(name, id, field)					\
static ssize_t iq_show_##name(struct iq_net *iqn, char *buf)		\
{									\
	return sysfs_emit(buf, "%u\n", READ_ONCE(iq_tag(iqn)->tables[id].field));	\
}
IQ_SHOW_TABLE(sas, IQ_TABLE_SA, n)
IQ_SHOW_TABLE(ikes, IQ_TABLE_IKE, n)
IQ_SHOW_TABLE(max_sas, IQ_TABLE_SA, max)
IQ_SHOW_TABLE(max_ikes, IQ_TABLE_IKE, max)

#define IQ_SHOW_TOTAL(name, which, field)				\
static ssize_t iq_show_##name##_##field(struct iq_net *iqn, char *buf)	\
{									\
	return sysfs_emit(buf, "%llu\n",				\
			  iq_counter_sum(iq_tag(iqn)->total, which).field);	\
}
IQ_SHOW_TOTAL(malformed, IQ_TOTAL_MALFORMED, packets)
IQ_SHOW_TOTAL(malformed, IQ_TOTAL_MALFORMED, bytes)
IQ_SHOW_TOTAL(left, IQ_TOTAL_LEFT, packets)
IQ_SHOW_TOTAL(left, IQ_TOTAL_LEFT, bytes)

#define IQ_SHOW_UNTAGGED(name, reason, field)				\
static ssize_t iq_show_##name##_##field(struct iq_net *iqn, char *buf)	\
{									\
	struct iq_count by[__IPSEC_QOS_UNTAGGED_MAX];			\
									\
	iq_tag_untagged(iqn, by);					\
	return sysfs_emit(buf, "%llu\n", by[reason].field);		\
}
IQ_SHOW_UNTAGGED(untagged, IPSEC_QOS_UNTAGGED_UNSPEC, packets)
IQ_SHOW_UNTAGGED(untagged, IPSEC_QOS_UNTAGGED_UNSPEC, bytes)
IQ_SHOW_UNTAGGED(unknown_sa, IPSEC_QOS_UNTAGGED_UNKNOWN_SA, packets)
IQ_SHOW_UNTAGGED(unknown_sa, IPSEC_QOS_UNTAGGED_UNKNOWN_SA, bytes)
IQ_SHOW_UNTAGGED(unknown_ike, IPSEC_QOS_UNTAGGED_UNKNOWN_IKE, packets)
IQ_SHOW_UNTAGGED(unknown_ike, IPSEC_QOS_UNTAGGED_UNKNOWN_IKE, bytes)
IQ_SHOW_UNTAGGED(fragment, IPSEC_QOS_UNTAGGED_FRAGMENT, packets)
IQ_SHOW_UNTAGGED(fragment, IPSEC_QOS_UNTAGGED_FRAGMENT, bytes)
IQ_SHOW_UNTAGGED(decrypted, IPSEC_QOS_UNTAGGED_DECRYPTED, packets)
IQ_SHOW_UNTAGGED(decrypted, IPSEC_QOS_UNTAGGED_DECRYPTED, bytes)
IQ_SHOW_UNTAGGED(no_group, IPSEC_QOS_UNTAGGED_NO_GROUP, packets)
IQ_SHOW_UNTAGGED(no_group, IPSEC_QOS_UNTAGGED_NO_GROUP, bytes)

const struct iq_sysfs_file iq_tag_files[] = {
	{ "sas", iq_show_sas },
	{ "ikes", iq_show_ikes },
	{ "max_sas", iq_show_max_sas },
	{ "max_ikes", iq_show_max_ikes },
	{ "untagged_packets", iq_show_untagged_packets },
	{ "untagged_bytes", iq_show_untagged_bytes },
	{ "untagged_unknown_sa_packets", iq_show_unknown_sa_packets },
	{ "untagged_unknown_sa_bytes", iq_show_unknown_sa_bytes },
	{ "untagged_unknown_ike_packets", iq_show_unknown_ike_packets },
	{ "untagged_unknown_ike_bytes", iq_show_unknown_ike_bytes },
	{ "untagged_fragment_packets", iq_show_fragment_packets },
	{ "untagged_fragment_bytes", iq_show_fragment_bytes },
	{ "untagged_decrypted_packets", iq_show_decrypted_packets },
	{ "untagged_decrypted_bytes", iq_show_decrypted_bytes },
	{ "untagged_no_group_packets", iq_show_no_group_packets },
	{ "untagged_no_group_bytes", iq_show_no_group_bytes },
	{ "malformed_packets", iq_show_malformed_packets },
	{ "malformed_bytes", iq_show_malformed_bytes },
	{ "left_packets", iq_show_left_packets },
	{ "left_bytes", iq_show_left_bytes },
	{ }
};
