// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qos metrics: elements, pools and steered prefixes.
 *
 * There are few of them beside groups, and a prefix may come in between while others are
 * read: so each kind is read once, as a whole, and then written.
 */
#include "element.h"
#include "metrics.h"
#include "pool.h"
#include "steer.h"

static const struct om_family state = {
	"ipsec_qos_element_state", OM_GAUGE, NULL,
	"1 of the state that an element is in, up, drain or down; 0 of the others."
};
static const struct om_family reachable = {
	"ipsec_qos_element_reachable", OM_GAUGE, NULL,
	"Whether packets can get to an element at this moment."
};
static const struct om_family sas = {
	"ipsec_qos_element_sas", OM_GAUGE, NULL, "SAs whose entries name an element."
};
static const struct om_family packets = {
	"ipsec_qos_element_packets", OM_COUNTER, NULL,
	"Packets that were sent to an element: its own (own), and ICMP errors about what it sends (icmp)."
};
static const struct om_family bytes = {
	"ipsec_qos_element_bytes", OM_COUNTER, "bytes", "Bytes of these, with the IP header."
};
static const struct om_family dropped_packets = {
	"ipsec_qos_element_dropped_packets", OM_COUNTER, NULL,
	"Packets of an element that were dropped, by the reason."
};
static const struct om_family dropped_bytes = {
	"ipsec_qos_element_dropped_bytes", OM_COUNTER, "bytes",
	"Bytes of these, with the IP header."
};
static const struct om_family held = {
	"ipsec_qos_pool_held_buckets", OM_GAUGE, NULL,
	"Buckets of a pool that are held by who was their home before."
};
static const struct om_family lent = {
	"ipsec_qos_pool_lent_buckets", OM_GAUGE, NULL,
	"Buckets of a pool that are lent, as their home is down."
};
static const struct om_family home_buckets = {
	"ipsec_qos_pool_member_home_buckets", OM_GAUGE, NULL,
	"Buckets whose home is a pool's member."
};
static const struct om_family now_buckets = {
	"ipsec_qos_pool_member_buckets", OM_GAUGE, NULL,
	"Buckets whose packets a pool's member is sent."
};
static const struct om_family steer_packets = {
	"ipsec_qos_steer_packets", OM_COUNTER, NULL,
	"Packets to a steered prefix, by how their element was found; ike, also that which is not steered; nobody, they were dropped."
};
static const struct om_family steer_bytes = {
	"ipsec_qos_steer_bytes", OM_COUNTER, "bytes", "Bytes of these, with the IP header."
};

static void element_counter(const struct om *om, const struct iq_kernel_element *e, int which,
			    const char *label, const char *value)
{
	const struct iq_kernel_count *c = &e->counter[which];

	om_sample(om, om->family->unit ? c->bytes : c->packets, "element", e->name, label,
		  value, NULL);
}

static void element_sample(const struct om *om, const struct iq_kernel_element *e)
{
	int i;

	if (om->family == &state) {
		for (i = 0; i <= IPSEC_QOS_ELEMENT_STATE_MAX; i++)
			om_sample(om, e->state == i, "element", e->name, "state",
				  element_state(i), NULL);
	} else if (om->family == &reachable) {
		om_sample(om, e->problem == IPSEC_QOS_ELEMENT_FINE, "element", e->name, NULL);
	} else if (om->family == &sas) {
		om_sample(om, e->sas, "element", e->name, NULL);
	} else if (om->family == &packets || om->family == &bytes) {
		element_counter(om, e, IPSEC_QOS_ELEMENT_COUNTER_SENT, "traffic", "own");
		element_counter(om, e, IPSEC_QOS_ELEMENT_COUNTER_ICMP, "traffic", "icmp");
	} else {
		for (i = IPSEC_QOS_ELEMENT_COUNTER_NO_ROUTE;
		     i <= IPSEC_QOS_ELEMENT_COUNTER_MAX; i++)
			element_counter(om, e, i, "reason", iq_kernel_element_counter_name(i));
	}
}

static void write_elements(struct om *om, const UT_array *elements)
{
	static const struct om_family *const families[] = {
		&state, &reachable, &sas, &packets, &bytes, &dropped_packets, &dropped_bytes,
	};
	const struct iq_kernel_element *e;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(families); i++) {
		om_begin(om, families[i]);
		for (e = NULL; (e = utarray_next(elements, e)); )
			element_sample(om, e);
	}
}

static int compare_id(const void *a, const void *b)
{
	const struct iq_kernel_element *left = a, *right = b;

	return (left->id > right->id) - (left->id < right->id);
}

/* The name of an element; NULL: it came meanwhile */
static const char *element_named(const UT_array *elements, uint32_t id)
{
	const struct iq_kernel_element key = { .id = id };
	const struct iq_kernel_element *e = utarray_find(elements, &key, compare_id);

	return e ? e->name : NULL;
}

static void pool_sample(const struct om *om, const struct iq_kernel_pool *p,
			const UT_array *elements)
{
	const struct iq_kernel_member *m;

	if (om->family == &held || om->family == &lent) {
		om_sample(om, om->family == &held ? p->held : p->lent, "pool", p->name, NULL);
		return;
	}
	for (m = p->members; m < p->members + p->n_members; m++) {
		const char *element = element_named(elements, m->element);

		if (element)
			om_sample(om, om->family == &home_buckets ? m->home : m->now,
				  "pool", p->name, "element", element, NULL);
	}
}

static void write_pools(struct om *om, const UT_array *pools, const UT_array *elements)
{
	static const struct om_family *const families[] = {
		&held, &lent, &home_buckets, &now_buckets,
	};
	const struct iq_kernel_pool *p;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(families); i++) {
		om_begin(om, families[i]);
		for (p = NULL; (p = utarray_next(pools, p)); )
			pool_sample(om, p, elements);
	}
}

static void write_steers(struct om *om, const struct om_family *family,
			 const UT_array *steers)
{
	const struct iq_kernel_steer *s = NULL;
	char prefix[FORMAT_MAX];
	int i;

	om_begin(om, family);
	while ((s = utarray_next(steers, s))) {
		format_prefix(&s->dst, s->len, prefix);
		for (i = 1; i <= IPSEC_QOS_STEER_COUNTER_MAX; i++)
			om_sample(om, family->unit ? s->counter[i].bytes :
						     s->counter[i].packets,
				  "prefix", prefix, "found", iq_kernel_steer_counter_name(i),
				  NULL);
	}
}

int steer_metrics(struct iq_kernel *k, struct om *om)
{
	UT_array elements = IQ_ARRAY(struct iq_kernel_element);
	UT_array pools = IQ_ARRAY(struct iq_kernel_pool);
	UT_array steers = IQ_ARRAY(struct iq_kernel_steer);
	int ret = read_elements(k, -1, &elements);

	if (!ret)
		ret = read_pools(k, -1, &pools);
	if (!ret)
		ret = read_steers(k, -1, &steers);
	if (!ret) {
		write_elements(om, &elements);
		write_pools(om, &pools, &elements);
		write_steers(om, &steer_packets, &steers);
		write_steers(om, &steer_bytes, &steers);
	}
	utarray_done(&elements);
	utarray_done(&pools);
	utarray_done(&steers);
	return ret;
}
