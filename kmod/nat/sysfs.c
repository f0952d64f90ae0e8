// SPDX-License-Identifier: GPL-2.0
#include <linux/sysfs.h>

#include "nat.h"
#include "sysfs.h"

static ssize_t iq_show_nat_entries(struct iq_net *iqn, char *buf)
{
	u32 n = 0;

	mutex_lock(&iqn->config_lock);
	if (iq_nat(iqn))
		n = READ_ONCE(iq_nat(iqn)->n);
	mutex_unlock(&iqn->config_lock);
	return sysfs_emit(buf, "%u\n", n);
}

/* Of all rules that there are. */
static ssize_t iq_show_nat_total(struct iq_net *iqn, char *buf,
				 enum ipsec_qos_nat_counter which)
{
	struct iq_nat_rule *rule;
	u64 packets = 0;

	mutex_lock(&iqn->config_lock);
	if (iq_nat(iqn))
		list_for_each_entry(rule, &iq_nat(iqn)->rules, list)
			packets += iq_counter_sum(rule->counter, which).packets;
	mutex_unlock(&iqn->config_lock);
	return sysfs_emit(buf, "%llu\n", packets);
}

#define IQ_SHOW_NAT(name, which)					\
static ssize_t iq_show_nat_##name(struct iq_net *iqn, char *buf)	\
{									\
	return iq_show_nat_total(iqn, buf, IPSEC_QOS_NAT_COUNTER_##which); \
}
IQ_SHOW_NAT(out_packets, OUT)
IQ_SHOW_NAT(in_packets, IN)
IQ_SHOW_NAT(icmp_packets, ICMP)
IQ_SHOW_NAT(unmatched_packets, UNMATCHED)
IQ_SHOW_NAT(collision_packets, COLLISION)
IQ_SHOW_NAT(ceiling_packets, CEILING)
IQ_SHOW_NAT(serialized_packets, SERIALIZED)
IQ_SHOW_NAT(ah_packets, AH)
IQ_SHOW_NAT(evicted_packets, EVICTED)

const struct iq_sysfs_file iq_nat_files[] = {
	{ "nat_entries", iq_show_nat_entries },
	{ "nat_out_packets", iq_show_nat_out_packets },
	{ "nat_in_packets", iq_show_nat_in_packets },
	{ "nat_icmp_packets", iq_show_nat_icmp_packets },
	{ "nat_unmatched_packets", iq_show_nat_unmatched_packets },
	{ "nat_collision_packets", iq_show_nat_collision_packets },
	{ "nat_ceiling_packets", iq_show_nat_ceiling_packets },
	{ "nat_serialized_packets", iq_show_nat_serialized_packets },
	{ "nat_ah_packets", iq_show_nat_ah_packets },
	{ "nat_evicted_packets", iq_show_nat_evicted_packets },
	{ }
};
