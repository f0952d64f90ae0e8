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

static int compare_ids(const void *a, const void *b)
{
	const struct named *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

bool conf_unique_ids(struct reader *r, const struct named *named, size_t n, const char *what)
{
	struct named *ids = conf_array(r, n, sizeof(*ids));
	bool ok = true;
	size_t i;

	if (!ids)
		return false;
	memcpy(ids, named, n * sizeof(*ids));
	qsort(ids, n, sizeof(*ids), compare_ids);
	for (i = 1; ok && i < n; i++)
		if (ids[i].id == ids[i - 1].id)
			ok = conf_fail(r, ids[i].section, conf_find(ids[i].section, "id")->line,
				       "%s '%s' has the id %u of %s '%s' (%s:%u): expected one of its own",
				       what, ids[i].name, ids[i].id, what, ids[i - 1].name,
				       ids[i - 1].section->file,
				       conf_find(ids[i - 1].section, "id")->line);
	free(ids);
	return ok;
}

const struct named *conf_named(const struct named *named, size_t n, const char *name)
{
	size_t low = 0, high = n, mid;
	int ret;

	while (low < high) {
		mid = low + (high - low) / 2;
		ret = strcmp(name, named[mid].name);
		if (!ret)
			return &named[mid];
		if (ret < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

bool conf_title(struct reader *r, const struct conf_section *s)
{
	if (valid_name(s->title))
		return true;
	return conf_fail(r, s, s->line, "the name '%s' of a%s %s: expected " EXPECT_NAME,
			 conf_shown(r, s->title), strchr("aeiou", *s->kind) ? "n" : "",
			 s->kind);
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

bool conf_yes(struct reader *r, const struct conf_section *s, const char *key, bool *value)
{
	const struct conf_value *v;
	int yes;

	if (!conf_get(r, s, key, &v))
		return false;
	if (!v)
		return true;
	yes = cfg_parse_boolean(v->text);
	if (yes < 0)
		return conf_fail(r, s, v->line, "%s = '%s': expected yes or no", key,
				 conf_shown(r, v->text));
	*value = yes;
	return true;
}

bool conf_device(struct reader *r, const struct conf_section *s,
		 const struct conf_value *v, size_t size)
{
	const char *at = strchr(v->text, '@');
	char or_other[64] = "";

	if (size > DEVICE_NAME)
		snprintf(or_other, sizeof(or_other), ", or an alternative one of at most %zu",
			 size - 1);
	/* as the kernel's dev_valid_name() has it, but for alternative names' length */
	if (!*v->text || strlen(v->text) >= size || !strcmp(v->text, ".") ||
	    !strcmp(v->text, "..") || strpbrk(v->text, "/: \t\r\n\v\f"))
		return conf_fail(r, s, v->line,
				 "%s = '%s': expected the name of a network device, of at most %d characters%s",
				 v->key, conf_shown(r, v->text), DEVICE_NAME - 1, or_other);
	/* the kernel takes an @ in a name, but nobody has one */
	return !at ||
	       conf_warn(r, s, v->line,
			 "%s = '%s': what ip link shows from the @ on is no part of it: the device's name is '%.*s'",
			 v->key, conf_shown(r, v->text), (int)(at - v->text), v->text);
}

bool conf_interval(struct reader *r, const struct conf_section *s,
		   const struct conf_value *v, uint32_t min, uint32_t max, uint32_t *ms)
{
	size_t digits = strspn(v->text, "0123456789");
	const char *unit = v->text + digits;
	char number[16];
	uint32_t times = !strcmp(unit, "ms") ? 1 : !strcmp(unit, "s") ? 1000 : 0;

	snprintf(number, sizeof(number), "%.*s", (int)digits, v->text);
	if (times && digits < sizeof(number) &&
	    !parse_u32(number, 0, UINT32_MAX / times, ms) && *ms * times >= min &&
	    *ms * times <= max) {
		*ms *= times;
		return true;
	}
	return conf_fail(r, s, v->line,
			 "%s = '%s': expected a time of %ums to %ums, with its unit, ms or s",
			 v->key, conf_shown(r, v->text), min, max);
}
