/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds the profiles of a configuration that an SA may be in without trying
 * each of them. What is found is said by config_match().
 */
#ifndef IPSEC_QOSD_MATCH_H
#define IPSEC_QOSD_MATCH_H

#include "config/config.h"

struct match_index;

/**
 * match_index_new() - of @config's profiles, which must stay where they are
 *
 * Return: NULL: no memory.
 */
struct match_index *match_index_new(const struct config *config);

/** match_index_free() - NULL is fine */
void match_index_free(struct match_index *index);

#endif /* IPSEC_QOSD_MATCH_H */
