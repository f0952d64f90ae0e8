/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What happened to elements, pools and steered prefixes, and what has an SPI that there is
 * no SA for, to the multicast group of steering; folders in sysfs follow.
 */
#ifndef _IPSEC_QOS_STEER_EVENT_H
#define _IPSEC_QOS_STEER_EVENT_H

#include "element.h"
#include "pool.h"
#include "prefix.h"

/*
 * Of these a request tells, iq_net.config_lock is held. Where an element's state lends or
 * gives back buckets, that is told of each pool, and then the state of the element.
 */

/** iq_event_element() - an element came, changed, or goes */
void iq_event_element(struct iq_net *iqn, enum ipsec_qos_event event, struct iq_element *e);

/** iq_event_pool() - likewise a pool */
void iq_event_pool(struct iq_net *iqn, enum ipsec_qos_event event, struct iq_pool *p);

/** iq_event_prefix() - likewise a steered prefix */
void iq_event_prefix(struct iq_net *iqn, enum ipsec_qos_event event,
		     const struct iq_prefix *p);

/**
 * struct iq_unknown_spi - ESP or AH that there is no SA for
 *
 * @family: AF_INET, AF_INET6
 * @proto: IPPROTO_ESP, IPPROTO_AH
 * @src: in network order, 4 or 16 bytes; likewise @dst
 * @spi: in host byte order
 * @count: packets since the last event of it
 */
struct iq_unknown_spi {
	u8 family;
	u8 proto;
	const void *src;
	const void *dst;
	u32 spi;
	u32 count;
};

/**
 * iq_event_unknown() - ESP or AH came that there is no SA for; bottom halves are disabled
 *
 * How often, iq_steer_conf.rate says: the caller keeps to it.
 */
void iq_event_unknown(struct iq_net *iqn, const struct iq_unknown_spi *u);

#endif /* _IPSEC_QOS_STEER_EVENT_H */
