/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzzers share. What is untrue ends the process, and libFuzzer keeps
 * the input.
 */
#ifndef IPSEC_QOS_FUZZ_H
#define IPSEC_QOS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(condition) do {						\
	if (!(condition)) {						\
		fprintf(stderr, "%s:%d: not true: %s\n",		\
			__FILE__, __LINE__, #condition);		\
		abort();						\
	}								\
} while (0)

/* Bytes in a room of just their size: the sanitizer sees each read beyond. */
static inline void *exact(const void *data, size_t size)
{
	/* no bytes have a room, too; NOLINTNEXTLINE(clang-analyzer-optin.portability.UnixAPI) */
	void *copy = malloc(size);

	must(copy || !size);
	if (size)
		memcpy(copy, data, size);
	return copy;
}

#endif /* IPSEC_QOS_FUZZ_H */
