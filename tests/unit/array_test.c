// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Arrays that grow, where there is memory and where there is none.
 */
#include "lib/array.h"
#include "suite.h"

#include <stdint.h>

/* The sanitizer would end the program where malloc() says that there is none. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

START_TEST(test_grows)
{
	UT_array array = IQ_ARRAY(uint32_t);
	uint32_t i, *last, *value = NULL;

	for (i = 0; i < 1000; i++) {
		last = iq_array_push(&array, &i);
		ck_assert_ptr_nonnull(last);
		ck_assert_uint_eq(*last, i);
	}
	ck_assert_uint_eq(utarray_len(&array), 1000);
	for (i = 0; (value = utarray_next(&array, value)); i++)
		ck_assert_uint_eq(*value, i);
	ck_assert_uint_eq(i, 1000);
	utarray_done(&array);
}
END_TEST

/* What is there stays, and the next one does not go where no memory is. */
START_TEST(test_no_memory)
{
	UT_array array = IQ_ARRAY(char);
	char x = 'x';
	int i;

	for (i = 0; i < 8; i++)
		ck_assert_ptr_nonnull(iq_array_push(&array, &x));
	ck_assert_uint_eq(array.n, 8);

	array.icd.sz = SIZE_MAX / 32;
	ck_assert_ptr_null(iq_array_push(&array, &x));
	ck_assert_ptr_null(iq_array_push(&array, &x));
	ck_assert_uint_eq(array.n, 8);
	ck_assert_uint_eq(utarray_len(&array), 8);

	array.icd.sz = sizeof(char);
	ck_assert_ptr_nonnull(iq_array_push(&array, &x));
	ck_assert_uint_eq(utarray_len(&array), 9);
	utarray_done(&array);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("array");

	tcase_add_test(tc, test_grows);
	tcase_add_test(tc, test_no_memory);
	return run_tests("array", tc);
}
