/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Services by name, and what is said of one.
 */
#ifndef IPSEC_QOS_TOOLS_SERVICE_H
#define IPSEC_QOS_TOOLS_SERVICE_H

#include "command.h"
#include "lib/kernel/service.h"
#include "names.h"

extern struct names service_names;

/** free_service() - iq_kernel_service_free(), for a list */
void free_service(void *item);

/* What an empty list of services is initialized with; as IQ_ARRAY(). */
#define SERVICE_LIST	{ .icd = { .sz = sizeof(struct iq_kernel_service), \
				   .dtor = free_service } }

/**
 * read_services() - all services (of an owner, or -1), sorted by id; a STATUS_
 *
 * @list: a SERVICE_LIST
 */
int read_services(struct iq_kernel *k, int owner, UT_array *list);

/** service_json() - of a struct iq_kernel_service, as `service show` prints all of them */
json_t *service_json(const void *item);

/** service_passes() - packets of one direction, of all that it has */
struct iq_kernel_count service_passes(const struct iq_kernel_service *s, bool back);

/** service_print() - what an event says of it, in a line, without its end */
void service_print(const struct iq_kernel_service *s);

/* Of service_words.c: what is said of a service */

/* Bits of what next_service() saw */
#define SERVICE_ID	(1U << 0)
#define SERVICE_NAME	(1U << 1)
#define SERVICE_ADDRESS	(1U << 2)
#define SERVICE_CHAIN	(1U << 3)

/**
 * next_service() - take all words that say something of a service
 *
 * A list of which something is said is said anew: the one that was goes. What it had is
 * freed, and iq_kernel_service_free() frees what it has then, whatever is returned.
 *
 * @s: as it was, or empty
 * @without: SERVICE_ID or SERVICE_NAME, which does not belong here
 * @seen: SERVICE_*, which were there; and more where there was anything else
 */
int next_service(struct args *args, struct iq_kernel_service *s, unsigned int without,
		 unsigned int *seen);

/** service_mode() - of an enum ipsec_qos_service_mode: "server", "client" */
const char *service_mode(uint8_t mode);

/** service_trace() - the verb; of service_trace.c */
int service_trace(struct args *args);

#endif /* IPSEC_QOS_TOOLS_SERVICE_H */
