/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects of the module by name: a person says a name or an id, the kernel wants the id,
 * and a person is shown the name.
 */
#ifndef IPSEC_QOS_TOOLS_NAMES_H
#define IPSEC_QOS_TOOLS_NAMES_H

#include "command.h"

struct known_name;

/**
 * struct names - of objects of one kind
 *
 * @what: what one is called in messages
 * @id_max: ids are 1 to this
 * @ask: fill in both of the object that has *@id, or @name where *@id is 0: 0 or a
 *	negative errno
 * @by_id, @by_name: what is known
 */
struct names {
	const char *what;
	uint32_t id_max;
	int (*ask)(struct iq_kernel *k, uint32_t *id, char name[IPSEC_QOS_NAME_MAX]);
	struct known_name *by_id;
	struct known_name *by_name;
};

/** set_name() - @text becomes the name of an object, or it is said why it is none */
int set_name(char name[IPSEC_QOS_NAME_MAX], const char *text);

/**
 * next_name() - take NAME from behind "add", or "name NAME", where what follows comes in
 * pairs
 */
int next_name(struct args *args, const struct names *names, char name[IPSEC_QOS_NAME_MAX]);

/** next_selector() - take [ name ] NAME, or id N: the other one is 0, or empty */
int next_selector(struct args *args, const struct names *names, uint32_t *id,
		  char name[IPSEC_QOS_NAME_MAX]);

/** selects() - are there words that next_selector() would take, ahead of pairs? */
bool selects(const struct args *args);

/**
 * next_id() - take [ name ] NAME, or id N, from behind a keyword
 *
 * Return: STATUS_OK and *@id, or what is wrong, having said so.
 */
int next_id(struct args *args, struct names *names, uint32_t *id);

/** name_of() - of an object; @buf has FORMAT_MAX bytes; 0: "-", that nobody has */
const char *name_of(struct names *names, uint32_t id, char *buf);

/** name_or_null() - likewise, as JSON; null where the id is 0 */
json_t *name_or_null(struct names *names, uint32_t id);

/** names_changed() - names and ids are to be asked for anew */
void names_changed(struct names *names);

#endif /* IPSEC_QOS_TOOLS_NAMES_H */
