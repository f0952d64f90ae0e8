/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arrays that grow, as utarray has them, where memory may run out: utarray itself
 * ends the program then.
 */
#ifndef IPSEC_QOS_LIB_ARRAY_H
#define IPSEC_QOS_LIB_ARRAY_H

#include <utarray.h>

/**
 * IQ_ARRAY() - what an empty array of things of a type is initialized with
 *
 * utarray_done() frees what is in it.
 */
#define IQ_ARRAY(type)	{ .icd = { .sz = sizeof(type) } }

/**
 * iq_array_push() - copy one more item to the end
 *
 * Return: the copy; NULL: there is no memory, and the array is as it was.
 */
void *iq_array_push(UT_array *array, const void *item);

#endif /* IPSEC_QOS_LIB_ARRAY_H */
