// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "sa/dispute.h"
#include "log.h"
#include "lib/text.h"

static const char *const names[CLAIMS] = {
	[CLAIM_MARK_IN] = "mark_in",
	[CLAIM_MARK_OUT] = "mark_out",
	[CLAIM_SET_MARK_IN] = "set_mark_in",
	[CLAIM_SET_MARK_OUT] = "set_mark_out",
};

const char *claim_name(enum claim claim)
{
	return names[claim];
}

static void read_claim(struct claims *claims, enum claim claim, uint64_t mark)
{
	claims->mask[claim] = mark;
	claims->value[claim] = mark >> 32 & claims->mask[claim];
}

void claims_read(struct claims *claims, const struct iq_feed_child *msg)
{
	/* what the message does not have is 0 */
	read_claim(claims, CLAIM_MARK_IN, msg->mark_in);
	read_claim(claims, CLAIM_MARK_OUT, msg->mark_out);
	read_claim(claims, CLAIM_SET_MARK_IN, msg->set_mark_in);
	read_claim(claims, CLAIM_SET_MARK_OUT, msg->set_mark_out);
}

static size_t add(struct dispute *found, size_t n, const struct claims *claims,
		  enum claim claim, const struct iq_kernel_group *group, bool own)
{
	struct dispute new = {
		.claims = 1U << claim,
		.value = claims->value[claim],
		.mask = claims->mask[claim],
		.group = *group,
		.own = own,
		.bits = claims->mask[claim] & group->mask,
	};
	size_t i;

	for (i = 0; i < n; i++)
		if (found[i].group.id == group->id && found[i].own == own &&
		    found[i].value == new.value && found[i].mask == new.mask) {
			found[i].claims |= new.claims;
			return n;
		}
	if (n < DISPUTES)
		found[n++] = new;
	return n;
}

/* The groups of ranges are not looked at one by one: of each range, one that is in dispute. */
static size_t find_ranges(const struct config *config, const struct claims *claims,
			  enum claim claim, uint32_t group, struct dispute *found, size_t n)
{
	struct iq_kernel_group g;
	const struct range *range;
	uint32_t mask, id;
	size_t i;

	for (i = 0; i < config->n_ranges; i++) {
		range = config->ranges[i];
		mask = claims->mask[claim] & (range->mask | range->clear);
		if (!mask || !range_fits(range, claims->value[claim], mask, &id) || id == group)
			continue;
		range_group(range, id, &g);
		n = add(found, n, claims, claim, &g, false);
	}
	return n;
}

size_t dispute_find(const struct config *config, const struct claims *claims,
		    uint32_t group, struct dispute found[DISPUTES])
{
	struct iq_kernel_group own = {};
	bool has = group && config_group(config, group, &own);
	const struct iq_kernel_group *g;
	uint32_t bits;
	size_t n = 0;
	int i;

	for (i = 0; has && i < CLAIMS; i++) {
		bits = claims->mask[i] & own.mask;
		if ((claims->value[i] ^ own.mark) & bits)
			n = add(found, n, claims, i, &own, true);
	}
	/* by what an SA sets nothing is looked up */
	for (i = 0; i <= CLAIM_MARK_OUT; i++) {
		if (!claims->mask[i])
			continue;
		for (g = config->groups; g < config->groups + config->n_groups;
		     g++) {
			bits = claims->mask[i] & g->mask;
			if (g->id != own.id && bits &&
			    !((claims->value[i] ^ g->mark) & bits))
				n = add(found, n, claims, i, g, false);
		}
		n = find_ranges(config, claims, i, group, found, n);
	}
	return n;
}

static void put_claims(struct text *t, const struct dispute *d)
{
	const char *between = "";
	int i;

	for (i = 0; i < CLAIMS; i++)
		if (d->claims & 1U << i) {
			text_put(t, "%s%s", between, names[i]);
			between = " and ";
		}
	text_put(t, " = 0x%x/0x%x", d->value, d->mask);
}

void dispute_say(const struct dispute *d, const char *conn, const char *child,
		 char *buf, size_t size)
{
	char shown[2][TEXT_VALUE];
	struct text t;

	text_begin(&t, buf, size);
	text_put(&t, "connection %s, CHILD SA %s: ",
		 text_clip(shown[0], sizeof(shown[0]), conn),
		 text_clip(shown[1], sizeof(shown[1]), child));
	put_claims(&t, d);
	if (!d->own) {
		text_put(&t, ", which packets of group %s (0x%x/0x%x) fit in the bits 0x%x: its policies may take them, too; give one of the two another value there",
			 d->group.name, d->group.mark, d->group.mask,
			 d->bits);
		return;
	}
	text_put(&t, " wants the bits 0x%x, and so does its group %s (0x%x/0x%x) with another value: they stay the connection's, and where it needs them its packets lack the group's mark; ",
		 d->bits, d->group.name, d->group.mark, d->group.mask);
	if (!(d->value & d->bits)) {
		text_put(&t, "give the connection's mark a mask without them (0x%x/0x%x)",
			 d->value, d->mask & ~d->bits);
		if (~d->mask)
			text_put(&t, ", or the group bits of 0x%x", ~d->mask);
	} else if (~d->mask) {
		text_put(&t, "give the group bits of 0x%x, or the connection another mark",
			 ~d->mask);
	} else {
		text_put(&t, "give the connection's mark a mask (0x%x/0x%x, or with more bits), and the group bits outside of it",
			 d->value, d->value);
	}
}

void dispute_log(struct once *log, const struct dispute *d, const char *conn,
		 const char *child)
{
	uint64_t key = ONCE_KEY;
	char buf[DISPUTE_TEXT];

	key = once_key(key, conn, strlen(conn) + 1);
	key = once_key(key, child, strlen(child) + 1);
	key = once_key(key, &d->group.id, sizeof(d->group.id));
	key = once_key(key, &d->claims, sizeof(d->claims));
	if (!once_add(log, key, "connections and groups that want the same bits of marks"))
		return;
	dispute_say(d, conn, child, buf, sizeof(buf));
	log_warn("%s", buf);
}
