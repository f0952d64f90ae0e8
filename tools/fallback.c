// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qos fallback: marks by DSCP for protected packets with no group.
 *
 * The kernel takes the table as a whole: it is read, changed and written.
 */
#include <string.h>

#include "command.h"
#include "lib/kernel/settings.h"

static const char usage[] =
"Usage: ipsec-qos fallback { add | change | replace } dscp DSCP mark MARK[/MASK]\n"
"       ipsec-qos fallback del dscp DSCP\n"
"       ipsec-qos fallback { show | flush }\n"
"DSCP := { 0 to 63 | csN | afNN | ef | va | le }\n";

enum { KEY_DSCP, KEY_MARK };

static const char *const keywords[] = {
	[KEY_DSCP] = "dscp", [KEY_MARK] = "mark",
};

static int next_fallback(struct args *args, struct iq_kernel_fallback *f, bool mark)
{
	unsigned int seen = 0, i;
	int ret, dscp;

	memset(f, 0, sizeof(*f));
	while ((ret = next_keyword(args, keywords, mark ? 2 : 1, &seen, &i)) > 0) {
		const char *value = next_value(args, keywords[i]);

		if (!value)
			return STATUS_USAGE;
		switch (i) {
		case KEY_DSCP:
			if (parse_dscp(value, &dscp))
				return bad_value("dscp", value, EXPECT_DSCP);
			f->dscp = dscp;
			break;
		case KEY_MARK:
			if (parse_mark(value, &f->mark, &f->mask))
				return bad_value("mark", value, EXPECT_MARK);
			break;
		}
	}
	if (ret)
		return STATUS_USAGE;
	if (!(seen & (1U << KEY_DSCP)))
		return usage_error("the DSCP is missing: dscp DSCP");
	if (mark && !(seen & (1U << KEY_MARK)))
		return usage_error("the mark is missing: mark MARK[/MASK]");
	return STATUS_OK;
}

static int write_table(struct iq_conf *conf)
{
	int ret;

	conf->has = 1U << IPSEC_QOS_CONF_A_FALLBACK;
	ret = iq_kernel_conf(the_kernel(), conf);
	return ret ? kernel_refused(ret) : STATUS_OK;
}

static struct iq_kernel_fallback *find(struct iq_conf *conf, uint8_t dscp)
{
	size_t i;

	for (i = 0; i < conf->n_fallback; i++)
		if (conf->fallback[i].dscp == dscp)
			return &conf->fallback[i];
	return NULL;
}

static int set(struct args *args, int nlflags)
{
	struct iq_kernel_fallback f, *there;
	struct iq_status status;
	int ret = next_fallback(args, &f, true);

	if (!ret)
		ret = kernel_status(&status);
	if (ret)
		return ret;
	there = find(&status.conf, f.dscp);
	if (there && (nlflags & NLM_F_EXCL))
		return refused("ipsec_qos: DSCP %u has a mark already", f.dscp);
	if (!there && !(nlflags & NLM_F_CREATE))
		return refused("ipsec_qos: DSCP %u has no mark", f.dscp);
	/* there are as many places as there are DSCPs */
	if (!there)
		there = &status.conf.fallback[status.conf.n_fallback++];
	*there = f;
	return write_table(&status.conf);
}

static int add(struct args *args)
{
	return set(args, NLM_F_CREATE | NLM_F_EXCL);
}

static int change(struct args *args)
{
	return set(args, NLM_F_REPLACE);
}

static int replace(struct args *args)
{
	return set(args, NLM_F_CREATE | NLM_F_REPLACE);
}

static int del(struct args *args)
{
	struct iq_kernel_fallback f, *there;
	struct iq_status status;
	int ret = next_fallback(args, &f, false);

	if (!ret)
		ret = kernel_status(&status);
	if (ret)
		return ret;
	there = find(&status.conf, f.dscp);
	if (!there)
		return refused("ipsec_qos: DSCP %u has no mark", f.dscp);
	*there = status.conf.fallback[--status.conf.n_fallback];
	return write_table(&status.conf);
}

static int flush(struct args *args)
{
	struct iq_conf conf = { 0 };

	if (no_more_words(args))
		return STATUS_USAGE;
	return the_kernel() ? write_table(&conf) : STATUS_REFUSED;
}

static const struct column columns[] = {
	{ "DSCP", .color = COLOR_NAME }, { "MARK" },
};

static void row(size_t i, char cells[][CELL_MAX], void *arg)
{
	const struct iq_kernel_fallback *f = (struct iq_kernel_fallback *)arg + i;

	format_dscp(f->dscp, cells[0]);
	format_mark(f->mark, f->mask, cells[1]);
}

static json_t *fallback_json(const void *item)
{
	const struct iq_kernel_fallback *f = item;

	return json_pack("{s:i, s:I, s:I}", "dscp", (int)f->dscp,
			 "mark", (json_int_t)f->mark,
			 "mask", (json_int_t)f->mask);
}

static int show(struct args *args)
{
	struct iq_status status;
	struct iq_conf *conf = &status.conf;
	int ret;

	if (no_more_words(args))
		return STATUS_USAGE;
	ret = kernel_status(&status);
	if (ret)
		return ret;
	if (options.json)
		print_array(conf->fallback, conf->n_fallback,
			    sizeof(conf->fallback[0]), fallback_json);
	else
		print_table(columns, ARRAY_SIZE(columns), conf->n_fallback, row,
			    conf->fallback);
	return STATUS_OK;
}

static const struct verb verbs[] = {
	{ "show", show }, { "add", add }, { "change", change },
	{ "replace", replace }, { "delete", del }, { "flush", flush },
};

const struct object fallback_object = { .usage = usage, VERBS(verbs) };
