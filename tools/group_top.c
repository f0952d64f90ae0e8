// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Groups in order, once or again and again, with what was measured between two readings
 * of the module's counters.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "group.h"
#include "whose.h"

/**
 * struct readings - of the module's groups
 *
 * @key: one alone is wanted
 * @now, @before: struct iq_kernel_group, sorted by id
 * @measures: there are two of them
 * @all: what `group show` shows is to be shown
 */
struct readings {
	const struct iq_kernel_group *key;
	const struct choice *choice;
	UT_array now;
	UT_array before;
	bool measures;
	bool all;
};

static int read_one(struct iq_kernel *k, struct readings *r)
{
	struct iq_kernel_group g = *r->key;
	int ret = iq_kernel_group_get(k, &g);

	if (!ret && (r->choice->owner < 0 || g.owner == r->choice->owner) &&
	    !iq_array_push(&r->now, &g))
		ret = -ENOMEM;
	return ret ? kernel_refused(ret) : STATUS_OK;
}

static int read_again(void *arg)
{
	struct iq_kernel *k = the_kernel();
	struct readings *r = arg;
	UT_array kept = r->before;

	if (!k)
		return STATUS_REFUSED;
	r->before = r->now;
	r->now = kept;
	utarray_clear(&r->now);
	whose_learn_groups();
	if (r->key && (r->key->id || *r->key->name))
		return read_one(k, r);
	return read_groups(k, r->choice->owner, &r->now);
}

/* What arrived, or was made here, protected: clear it is counted once more. */
static struct iq_kernel_count sum(const struct iq_kernel_group *g, int esp, int ike)
{
	return (struct iq_kernel_count){
		.packets = g->counter[esp].packets + g->counter[ike].packets,
		.bytes = g->counter[esp].bytes + g->counter[ike].bytes,
	};
}

static struct iq_kernel_count sum_in(const struct iq_kernel_group *g)
{
	return sum(g, IPSEC_QOS_COUNTER_ESP_IN, IPSEC_QOS_COUNTER_IKE_IN);
}

static struct iq_kernel_count sum_out(const struct iq_kernel_group *g)
{
	return sum(g, IPSEC_QOS_COUNTER_ESP_OUT, IPSEC_QOS_COUNTER_IKE_OUT);
}

/* One that was not there before has counted from 0 on, as one that came back has. */
static void measure(struct shown_group *shown, const struct iq_kernel_group *before,
		    double seconds)
{
	static const struct iq_kernel_group none;
	struct iq_kernel_count in = sum_in(shown->group), out = sum_out(shown->group);
	struct iq_kernel_count in_before, out_before;

	if (!before || strcmp(before->name, shown->group->name) != 0)
		before = &none;
	in_before = sum_in(before);
	out_before = sum_out(before);
	shown->rate_in = per_second(8 * in_before.bytes, 8 * in.bytes, seconds);
	shown->rate_out = per_second(8 * out_before.bytes, 8 * out.bytes, seconds);
	shown->packets_in = per_second(in_before.packets, in.packets, seconds);
	shown->packets_out = per_second(out_before.packets, out.packets, seconds);
}

/* Those of @r that were chosen, measured: both of its arrays are sorted by id. */
static size_t choose(const struct readings *r, double seconds, struct shown_group *shown)
{
	const struct iq_kernel_group *g = NULL, *before;
	size_t n = 0;

	before = utarray_front(&r->before);
	while ((g = utarray_next(&r->now, g))) {
		while (before && before->id < g->id)
			before = utarray_next(&r->before, before);
		if (!chosen(r->choice, g->name, whose_group(g->id)))
			continue;
		shown[n] = (struct shown_group){ .group = g };
		if (r->measures)
			measure(&shown[n], before && before->id == g->id ? before : NULL,
				seconds);
		n++;
	}
	return n;
}

/* @ordered: those of @shown, in the order that was chosen */
static void order(const struct readings *r, const struct shown_group *shown,
		  struct rank *ranks, struct shown_group *ordered, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const struct iq_kernel_group *g = shown[i].group;
		struct iq_kernel_count in = sum_in(g), out = sum_out(g);

		ranks[i] = (struct rank){
			.name = g->name, .id = g->id, .item = i,
			.bytes = in.bytes + out.bytes,
			.packets = in.packets + out.packets,
			.rate = shown[i].rate_in + shown[i].rate_out,
		};
	}
	rank_sort(ranks, n, r->choice->sort);
	for (i = 0; i < n; i++)
		ordered[i] = shown[ranks[i].item];
}

static const struct column columns[] = {
	{ "GROUP", .color = COLOR_NAME }, { "RATE IN", true }, { "RATE OUT", true },
	{ "PACKETS/S IN", true }, { "PACKETS/S OUT", true }, { "IN", true },
	{ "OUT", true }, { "SAS", true }, { "IDENTITY" },
};

static void row(size_t i, char cells[][CELL_MAX], void *arg)
{
	const struct shown_group *shown = (const struct shown_group *)arg + i;
	struct iq_kernel_count in = sum_in(shown->group), out = sum_out(shown->group);

	snprintf(cells[0], CELL_MAX, "%s", shown->group->name);
	format_rate(shown->rate_in, cells[1]);
	format_rate(shown->rate_out, cells[2]);
	snprintf(cells[3], CELL_MAX, "%" PRIu64, shown->packets_in);
	snprintf(cells[4], CELL_MAX, "%" PRIu64, shown->packets_out);
	format_count(&in, cells[5]);
	format_count(&out, cells[6]);
	snprintf(cells[7], CELL_MAX, "%" PRIu32, shown->group->sas);
	format_whose(whose_group(shown->group->id), cells[8]);
}

static json_t *measured_json(const void *item)
{
	const struct shown_group *shown = item;
	json_t *json = group_json(shown->group);

	json_object_set_new(json, "measured", json_pack(
		"{s:{s:I, s:I}, s:{s:I, s:I}}",
		"in", "rate", (json_int_t)shown->rate_in,
		"packets", (json_int_t)shown->packets_in,
		"out", "rate", (json_int_t)shown->rate_out,
		"packets", (json_int_t)shown->packets_out));
	return json;
}

static json_t *plain_json(const void *item)
{
	return group_json(((const struct shown_group *)item)->group);
}

static void print(const struct readings *r, const struct shown_group *shown, size_t n)
{
	if (options.json) {
		print_array(shown, n, sizeof(*shown),
			    r->measures ? measured_json : plain_json);
		return;
	}
	if (r->all)
		print_groups(shown, n);
	if (r->all && r->measures && n)
		putchar('\n');
	if (r->measures)
		print_table(columns, ARRAY_SIZE(columns) - !whose_any(), n, row,
			    (void *)shown);
}

static int show(double seconds, size_t lines, void *arg)
{
	const struct readings *r = arg;
	size_t n = utarray_len(&r->now), fit;
	struct shown_group *shown = calloc(n + 1, sizeof(*shown));
	struct shown_group *ordered = calloc(n + 1, sizeof(*ordered));
	struct rank *ranks = calloc(n + 1, sizeof(*ranks));
	int ret = STATUS_OK;

	if (shown && ordered && ranks) {
		n = choose(r, seconds, shown);
		order(r, shown, ranks, ordered, n);
		fit = how_many(r->choice, n, lines);
		if (lines)
			printf("%zu of %zu groups, measured for %.1f s\n", fit, n,
			       seconds);
		print(r, ordered, fit);
	} else {
		ret = kernel_refused(-ENOMEM);
	}
	free(ranks);
	free(ordered);
	free(shown);
	return ret;
}

static int run(struct readings *r)
{
	const struct top top = { read_again, show, r, .stays = r->all };
	UT_array empty = IQ_ARRAY(struct iq_kernel_group);
	int ret;

	r->now = r->before = empty;
	if (r->measures) {
		ret = run_top(r->choice, &top);
	} else {
		ret = read_again(r);
		if (!ret)
			ret = show(0, 0, r);
	}
	utarray_done(&r->now);
	utarray_done(&r->before);
	return ret;
}

int show_groups(const struct iq_kernel_group *key, const struct choice *choice)
{
	struct choice once = *choice;
	struct readings r = { .key = key, .choice = &once, .all = true };

	once.count = 1;
	once.interval = RATE_INTERVAL;
	if (!once.sorted)
		once.sort = RANK_ID;
	r.measures = once.sort == RANK_RATE;
	return run(&r);
}

int top_groups(struct args *args)
{
	struct choice choice;
	struct readings r = { .choice = &choice, .measures = true };

	if (next_choice(args, CHOICE_OWNER | CHOICE_TOP, &choice))
		return STATUS_USAGE;
	if (!choice.sorted)
		choice.sort = RANK_RATE;
	return run(&r);
}
