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
		  enum claim claim, const struct iq_kernel_group *group, uint32_t mark,
		  bool own)
{
	struct dispute new = {
		.claims = 1U << claim,
		.value = claims->value[claim],
		.mask = claims->mask[claim],
		.group = *group,
		.own = own,
		.mark = mark,
		.bits = claims->mask[claim] & group->mask,
	};
	size_t i;

	for (i = 0; i < n; i++)
		if (found[i].group.id == group->id && found[i].own == own && found[i].mark == mark &&
		    found[i].value == new.value && found[i].mask == new.mask) {
			found[i].claims |= new.claims;
			return n;
		}
	if (n < DISPUTES)
		found[n++] = new;
	return n;
}

/* Does a claim's value differ from @mark in a bit that the group wants? */
static bool differs(const struct claims *claims, enum claim claim,
		    const struct iq_kernel_group *group, uint32_t mark)
{
	return (claims->value[claim] ^ mark) & claims->mask[claim] & group->mask;
}

/*
 * The mark of a peer's group that packets carry which a claim is for: what has come out of
 * an SA has that of clear packets; what is on its way into one keeps that, too, where a
 * policy asks for it.
 */
static uint32_t claimed_mark(const struct claims *claims, enum claim claim,
			     const struct iq_kernel_group *own)
{
	if (claim == CLAIM_MARK_IN || claim == CLAIM_SET_MARK_IN ||
	    (claim == CLAIM_MARK_OUT && !differs(claims, claim, own, own->mark_clear)))
		return own->mark_clear;
	return own->mark;
}

/* Of another's group: may its packets, ESP or clear ones, have what a claim is for? */
static size_t find_other(const struct claims *claims, enum claim claim,
			 const struct iq_kernel_group *g, struct dispute *found, size_t n)
{
	if (!(claims->mask[claim] & g->mask))
		return n;
	if (!differs(claims, claim, g, g->mark))
		return add(found, n, claims, claim, g, g->mark, false);
	if (!differs(claims, claim, g, g->mark_clear))
		return add(found, n, claims, claim, g, g->mark_clear, false);
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
		n = find_other(claims, claim, &g, found, n);
	}
	return n;
}

size_t dispute_find(const struct config *config, const struct claims *claims,
		    uint32_t group, struct dispute found[DISPUTES])
{
	struct iq_kernel_group own = {};
	bool has = group && config_group(config, group, &own);
	const struct iq_kernel_group *g;
	uint32_t mark;
	size_t n = 0;
	int i;

	for (i = 0; has && i < CLAIMS; i++) {
		mark = claimed_mark(claims, i, &own);
		if (differs(claims, i, &own, mark))
			n = add(found, n, claims, i, &own, mark, true);
	}
	/* by what an SA sets nothing is looked up */
	for (i = 0; i <= CLAIM_MARK_OUT; i++) {
		if (!claims->mask[i])
			continue;
		for (g = config->groups; g < config->groups + config->n_groups;
		     g++) {
			if (g->id != own.id)
				n = find_other(claims, i, g, found, n);
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
			 d->group.name, d->mark, d->group.mask, d->bits);
		return;
	}
	text_put(&t, " wants the bits 0x%x, and so does its group %s (0x%x/0x%x) with another value: they stay the connection's, and where it needs them its packets lack the group's mark; ",
		 d->bits, d->group.name, d->mark, d->group.mask);
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
