/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How service chains are as a whole, for `status`.
 */
#ifndef IPSEC_QOS_TOOLS_CHAINING_H
#define IPSEC_QOS_TOOLS_CHAINING_H

#include <stdbool.h>
#include <jansson.h>

/**
 * read_chaining() - devices, chains and services, counted, and what is wrong
 *
 * Return: an object, which `status` prints in JSON as its chains; NULL where the module does
 * not answer, having said so.
 */
json_t *read_chaining(void);

/** chains_any() - is there a service? */
bool chains_any(const json_t *chaining);

/** print_chaining() - the same in lines; nothing where there is nothing of it */
void print_chaining(const json_t *chaining);

#endif /* IPSEC_QOS_TOOLS_CHAINING_H */
