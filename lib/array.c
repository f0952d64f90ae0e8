// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Arrays that grow.
 */
#include <string.h>

/* utarray has the new number of slots by then, but not the memory for them */
#define utarray_oom() do { array->n = slots; return NULL; } while (0)

#include "lib/array.h"

void *iq_array_push(UT_array *array, const void *item)
{
	unsigned int slots = array->n;

	utarray_push_back(array, item);
	return utarray_back(array);
}
