// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Metrics as text, in OpenMetrics or in Prometheus's own format.
 */
#include <inttypes.h>
#include <stdarg.h>

#include "openmetrics.h"

static const struct {
	const char *name;
	const char *prometheus;
	const char *suffix;
} types[] = {
	[OM_GAUGE] = { "gauge", "gauge", "" },
	[OM_COUNTER] = { "counter", "counter", "_total" },
	[OM_INFO] = { "info", "gauge", "_info" },
};

void om_begin(struct om *om, const struct om_family *family)
{
	const char *suffix = om->prometheus ? types[family->type].suffix : "";

	om->family = family;
	fprintf(om->out, "# HELP %s%s %s\n", family->name, suffix, family->help);
	fprintf(om->out, "# TYPE %s%s %s\n", family->name, suffix,
		om->prometheus ? types[family->type].prometheus :
				 types[family->type].name);
	if (family->unit && !om->prometheus)
		fprintf(om->out, "# UNIT %s %s\n", family->name, family->unit);
}

/* The three characters that would end a label's value, or its line. */
static void put_value(const char *text, FILE *out)
{
	for (; *text; text++) {
		if (*text == '\n') {
			fputs("\\n", out);
			continue;
		}
		if (*text == '\\' || *text == '"')
			fputc('\\', out);
		fputc(*text, out);
	}
}

void om_sample(const struct om *om, uint64_t value, ...)
{
	const char *name;
	char before = '{';
	va_list labels;

	fprintf(om->out, "%s%s", om->family->name, types[om->family->type].suffix);
	va_start(labels, value);
	while ((name = va_arg(labels, const char *))) {
		fprintf(om->out, "%c%s=\"", before, name);
		put_value(va_arg(labels, const char *), om->out);
		fputc('"', om->out);
		before = ',';
	}
	va_end(labels);
	fprintf(om->out, "%s %" PRIu64 "\n", before == ',' ? "}" : "", value);
}

void om_only(struct om *om, const struct om_family *family, uint64_t value)
{
	om_begin(om, family);
	om_sample(om, value, NULL);
}

void om_end(const struct om *om)
{
	if (!om->prometheus)
		fputs("# EOF\n", om->out);
}
