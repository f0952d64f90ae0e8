// SPDX-License-Identifier: GPL-2.0
/*
 * The self-tests, a module of their own that is built with IQ_KUNIT=m alone, for kernels
 * with CONFIG_KUNIT (tests/kunit/run). Each suite stands beside what it tests, and
 * includes it, so that it sees what is static there. A test that fails does not keep the
 * module from being loaded: what it found is read from the kernel's log.
 */
#include <linux/module.h>

MODULE_DESCRIPTION("Self-tests of ipsec_qos");
MODULE_LICENSE("GPL");
