// SPDX-License-Identifier: GPL-2.0
#include "send.h"

unsigned int iq_element_send(const struct iq_element *e, struct sk_buff *skb,
			     const struct nf_hook_state *state,
			     enum ipsec_qos_element_counter which)
{
	return NF_ACCEPT;
}

void iq_element_forget(struct iq_element *e)
{
}

enum ipsec_qos_element_problem iq_element_problem(struct iq_element *e)
{
	return IPSEC_QOS_ELEMENT_FINE;
}
