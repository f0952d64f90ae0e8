// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Values of all kinds, and what is wrong with them.
 */
#include "config/reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/rate.h"
#include "lib/value.h"

bool conf_fail(struct reader *r, const struct conf_section *s, unsigned int line,
	       const char *fmt, ...)
{
	char what[1024];
	struct text t;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);

	text_begin(&t, r->error, r->error_size);
	text_put(&t, "%s:%u: ", s->file, line);
	text_escape(&t, what, strlen(what));
	return false;
}

const char *conf_shown(struct reader *r, const char *text)
{
	r->turn = !r->turn;
	return text_clip(r->value[r->turn], TEXT_VALUE, text);
}

bool conf_no_memory(struct reader *r)
{
	struct text t;

	text_begin(&t, r->error, r->error_size);
	text_put(&t, "out of memory");
	return false;
}

void *conf_array(struct reader *r, size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (!p)
		conf_no_memory(r);
	return p;
}

char *conf_copy(struct reader *r, const char *text)
{
	char *p = strdup(text);

	if (!p)
		conf_no_memory(r);
	return p;
}

bool conf_warn(struct reader *r, const struct conf_section *s, unsigned int line,
	       const char *fmt, ...)
{
	struct config *c = r->config;
	char what[1024], buf[2048], **more;
	struct text t;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);

	more = reallocarray(c->warnings, c->n_warnings + 1, sizeof(*more));
	if (!more)
		return conf_no_memory(r);
	c->warnings = more;
	text_begin(&t, buf, sizeof(buf));
	text_put(&t, "%s:%u: ", s->file, line);
	text_escape(&t, what, strlen(what));
	c->warnings[c->n_warnings] = conf_copy(r, buf);
	return c->warnings[c->n_warnings] && ++c->n_warnings;
}

/* Names of sections */

struct named conf_titled(const struct conf_section *s, size_t index)
{
	return (struct named){
		.name = s->title, .index = index, .section = s, .line = s->line,
	};
}

static int compare_named(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int ret = strcmp(x->name, y->name);

	if (ret)
		return ret;
	return x->index < y->index ? -1 : x->index > y->index;
}

bool conf_unique(struct reader *r, struct named *named, size_t n, const char *what)
{
	size_t i;

	qsort(named, n, sizeof(*named), compare_named);
	for (i = 1; i < n; i++) {
		if (!strcmp(named[i - 1].name, named[i].name))
			return conf_fail(r, named[i].section, named[i].line,
					 "%s '%s' is there twice, first in %s:%u: expected it once",
					 what, named[i].name, named[i - 1].section->file,
					 named[i - 1].line);
	}
	return true;
}

bool conf_title(struct reader *r, const struct conf_section *s)
{
	if (valid_name(s->title))
		return true;
	return conf_fail(r, s, s->line, "the name '%s' of a %s: expected " EXPECT_NAME,
			 conf_shown(r, s->title), s->kind);
}

/* Values */

const struct conf_value *conf_find(const struct conf_section *s, const char *key)
{
	const struct conf_value *v;

	conf_for_each(v, &s->values) {
		if (!strcmp(v->key, key))
			return v;
	}
	return NULL;
}

const char *conf_title_of(const struct conf_section *s)
{
	return s->title ? s->title : "";
}

bool conf_get(struct reader *r, const struct conf_section *s, const char *key,
	      const struct conf_value **value)
{
	const struct conf_value *v;

	*value = conf_find(s, key);
	if (!*value)
		return true;
	for (v = *value; (v = (void *)utarray_next(&s->values, v)); ) {
		if (!strcmp(v->key, key))
			return conf_fail(r, s, v->line,
					 "'%s' is there twice in '%s %s', first in line %u: expected it once",
					 key, s->kind, conf_title_of(s), (*value)->line);
	}
	return true;
}

bool conf_need(struct reader *r, const struct conf_section *s, const char *key,
	       const char *example, const struct conf_value **value)
{
	if (!conf_get(r, s, key, value))
		return false;
	if (*value)
		return true;
	return conf_fail(r, s, s->line, "'%s%s%s' has no '%s': expected %s = %s", s->kind,
			 s->title ? " " : "", conf_title_of(s), key, key, example);
}

bool conf_number(struct reader *r, const struct conf_section *s,
		 const struct conf_value *v, uint32_t min, uint32_t max,
		 uint32_t *value)
{
	if (!parse_u32(v->text, min, max, value))
		return true;
	return conf_fail(r, s, v->line, "%s = '%s': expected a number of %u to %u", v->key,
			 conf_shown(r, v->text), min, max);
}

bool conf_mark(struct reader *r, const struct conf_section *s,
	       const struct conf_value *v, uint32_t *value, uint32_t *mask)
{
	if (parse_mark(v->text, value, mask) == -EINVAL)
		return conf_fail(r, s, v->line,
				 "%s = '%s': expected VALUE or VALUE/MASK, each of 32 bits, such as 0x10/0xff0",
				 v->key, conf_shown(r, v->text));
	if (*value & ~*mask)
		return conf_fail(r, s, v->line,
				 "%s = '%s': 0x%x has bits outside of the mask 0x%x, expected none",
				 v->key, conf_shown(r, v->text), *value, *mask);
	if (!*value)
		return conf_fail(r, s, v->line,
				 "%s = '%s': expected a mark other than 0, which packets have that were never marked",
				 v->key, conf_shown(r, v->text));
	return true;
}

bool conf_classid(struct reader *r, const struct conf_section *s,
		  const struct conf_value *v, uint32_t *value)
{
	if (!parse_classid(v->text, value))
		return true;
	return conf_fail(r, s, v->line,
			 "%s = '%s': expected a classid MAJOR:MINOR in hexadecimal, such as 1:10",
			 v->key, conf_shown(r, v->text));
}

bool conf_dscp(struct reader *r, const struct conf_section *s, const char *text,
	       unsigned int line, int *value)
{
	if (!parse_dscp(text, value))
		return true;
	return conf_fail(r, s, line, "dscp '%s': expected " EXPECT_DSCP, conf_shown(r, text));
}

bool conf_rate(struct reader *r, const struct conf_section *s,
	       const struct conf_value *v, uint64_t whole, uint64_t *value)
{
	char hint[256];

	if (rate_parse(v->text, whole, value, hint, sizeof(hint)))
		return conf_fail(r, s, v->line,
				 "%s = '%s': expected a rate of at least 8bit in tc's units, such as 100mbit%s%s",
				 v->key, conf_shown(r, v->text),
				 whole ? ", or up to 100% of the policy's" : "", hint);
	return !*hint || conf_warn(r, s, v->line, "%s = %s", v->key, hint);
}
