// SPDX-License-Identifier: GPL-2.0
#include <linux/sysfs.h>

#include "core/net.h"
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
IQ_SHOW_TOTAL(untagged, IQ_TOTAL_UNTAGGED, packets)
IQ_SHOW_TOTAL(untagged, IQ_TOTAL_UNTAGGED, bytes)
IQ_SHOW_TOTAL(malformed, IQ_TOTAL_MALFORMED, packets)
IQ_SHOW_TOTAL(malformed, IQ_TOTAL_MALFORMED, bytes)
IQ_SHOW_TOTAL(left, IQ_TOTAL_LEFT, packets)
IQ_SHOW_TOTAL(left, IQ_TOTAL_LEFT, bytes)

const struct iq_sysfs_file iq_tag_files[] = {
	{ "sas", iq_show_sas },
	{ "ikes", iq_show_ikes },
	{ "max_sas", iq_show_max_sas },
	{ "max_ikes", iq_show_max_ikes },
	{ "untagged_packets", iq_show_untagged_packets },
	{ "untagged_bytes", iq_show_untagged_bytes },
	{ "malformed_packets", iq_show_malformed_packets },
	{ "malformed_bytes", iq_show_malformed_bytes },
	{ "left_packets", iq_show_left_packets },
	{ "left_bytes", iq_show_left_bytes },
	{ }
};
