/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Elements by name: what pools, steered prefixes, SAs and events call them.
 */
#ifndef IPSEC_QOS_TOOLS_ELEMENT_H
#define IPSEC_QOS_TOOLS_ELEMENT_H

#include "command.h"
#include "lib/kernel/element.h"
#include "names.h"

extern struct names element_names;

/** read_elements() - all elements (of an owner, or -1), sorted by id; a STATUS_ */
int read_elements(struct iq_kernel *k, int owner, UT_array *list);

/** element_state() - of an enum ipsec_qos_element_state: "up", "drain", "down" */
const char *element_state(uint8_t state);

/** element_problem() - of an enum ipsec_qos_element_problem; NULL: it is none */
const char *element_problem(uint8_t problem);

/** format_way() - how it is reached, as `element add` takes it; CELL_MAX bytes */
const char *format_way(const struct iq_kernel_element *e, char buf[CELL_MAX]);

/** element_json() - of a struct iq_kernel_element, as `element show` prints it */
json_t *element_json(const void *item);

/** element_print() - what an event says of it, in a line, without its end */
void element_print(const struct iq_kernel_element *e);

#endif /* IPSEC_QOS_TOOLS_ELEMENT_H */
