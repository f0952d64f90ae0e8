/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How each of these programs ends.
 */
#ifndef IPSEC_QOS_TESTS_UNIT_SUITE_H
#define IPSEC_QOS_TESTS_UNIT_SUITE_H

#include <check.h>
#include <stdlib.h>

#define N(array)	(sizeof(array) / sizeof((array)[0]))

/** run_tests() - all of @tc, which is taken over; returns main()'s status */
static inline int run_tests(const char *name, TCase *tc)
{
	Suite *suite = suite_create(name);
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif /* IPSEC_QOS_TESTS_UNIT_SUITE_H */
