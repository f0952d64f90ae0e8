/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose SAs and groups are, which ipsec-qosd knows. Where it is not there, or does not
 * answer in a second, nobody's: that is no error.
 */
#ifndef IPSEC_QOS_TOOLS_WHOSE_H
#define IPSEC_QOS_TOOLS_WHOSE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/kernel/entry.h"
#include "print.h"

/** whose_learn_sas() - ask the daemon; what was known before is forgotten */
void whose_learn_sas(void);

/** whose_sa() - what its peer is known by; NULL: not known, or not asked */
const char *whose_sa(const struct iq_sa *sa);

/** whose_learn_groups() - likewise, of the groups of ranges */
void whose_learn_groups(void);

/** whose_group() - of the peer that has it, or had it last; NULL: likewise */
const char *whose_group(uint32_t id);

/** whose_any() - is anything known? */
bool whose_any(void);

/** format_whose() - for a table; "-" where it is NULL */
void format_whose(const char *identity, char cell[CELL_MAX]);

#endif /* IPSEC_QOS_TOOLS_WHOSE_H */
