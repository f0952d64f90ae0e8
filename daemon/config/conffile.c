// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE	/* asprintf */
#include "config/conffile.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/text.h"
#include "trust.h"

#define NESTING_MAX	4	/* sections in sections; no schema has more */
#define LINKS_MAX	40	/* on the way to a file, as the kernel has it */

/* One conffile_read(). */
struct reader {
	struct conffile *conf;
	cfg_opt_t *schema;
	size_t bytes;
	bool failed;
	char *error;
	size_t error_size;

	/* the files that are open, from the first to the one included last */
	struct {
		dev_t dev;
		ino_t ino;
	} open[CONFFILE_DEPTH_MAX];
	unsigned int depth;

	/* of the file that is being parsed */
	const char *file;
	UT_array sections;
	struct {
		cfg_t *cfg;
		struct conf_section *section;
	} nest[NESTING_MAX];
	unsigned int nested;
	unsigned int unclosed;	/* the line of a brace that is left open, 0: none */
};

/* libConfuse's callbacks have no argument of ours. */
static struct reader *reading;

/* The first error is the one that counts. */
static int fail_va(struct reader *r, const char *file, unsigned int line,
		   const char *fmt, va_list ap)
{
	char what[1024];
	struct text t;

	if (r->failed)
		return -1;
	r->failed = true;

	vsnprintf(what, sizeof(what), fmt, ap);
	text_begin(&t, r->error, r->error_size);
	if (line)
		text_put(&t, "%s:%u: ", file, line);
	else
		text_put(&t, "%s: ", file);
	text_escape(&t, what, strlen(what));
	return -1;
}

static int __attribute__((format(printf, 4, 5)))
fail(struct reader *r, const char *file, unsigned int line, const char *fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = fail_va(r, file, line, fmt, ap);
	va_end(ap);
	return ret;
}

static void section_clear(struct conf_section *s)
{
	struct conf_section *sub;
	struct conf_value *v;

	conf_for_each(v, &s->values) {
		free(v->key);
		free(v->text);
	}
	conf_for_each(sub, &s->subs)
		section_clear(sub);
	utarray_done(&s->values);
	utarray_done(&s->subs);
	free(s->kind);
	free(s->title);
}

void conffile_free(struct conffile *conf)
{
	struct conf_section *s;
	char **name;

	if (!conf)
		return;
	conf_for_each(s, &conf->sections)
		section_clear(s);
	conf_for_each(name, &conf->files)
		free(*name);
	utarray_done(&conf->sections);
	utarray_done(&conf->files);
	free(conf);
}

/* One more, a copy of @item; NULL: there is no memory, and it is said. */
static void *push(struct reader *r, UT_array *array, const void *item)
{
	void *pushed = iq_array_push(array, item);

	if (!pushed)
		fail(r, r->file, 0, "out of memory");
	return pushed;
}

static char *copy(struct reader *r, const char *text)
{
	char *p = strdup(text);

	if (!p)
		fail(r, r->file, 0, "out of memory");
	return p;
}

static struct conf_section *section_add(struct reader *r, const char *kind,
					const char *title, unsigned int line)
{
	const struct conf_section empty = {
		.file = r->file,
		.line = line,
		.values = IQ_ARRAY(struct conf_value),
		.subs = IQ_ARRAY(struct conf_section),
	};
	struct conf_section *s;

	s = push(r, r->nested ? &r->nest[r->nested - 1].section->subs : &r->sections,
		 &empty);
	if (!s)
		return NULL;

	s->kind = copy(r, kind);
	s->title = title ? copy(r, title) : NULL;
	return r->failed ? NULL : s;
}

int conffile_on_begin(cfg_t *cfg, cfg_opt_t *opt,
		      const char *value, void *result)
{
	struct reader *r = reading;
	struct conf_section *s;

	if (r->nested && r->nest[r->nested - 1].cfg == cfg)
		return fail(r, r->file, cfg->line,
			    "unknown key '%s', expected a name", CONFFILE_BEGIN_NAME);

	/* An error here would abort: it shows at the next value, or at the end. */
	*(const char **)result = value;
	s = section_add(r, cfg->name, cfg->title, cfg->line);
	if (s) {
		r->nest[r->nested].cfg = cfg;
		r->nest[r->nested++].section = s;
	}
	return 0;
}

int conffile_on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct reader *r = reading;
	const struct conf_value empty = { .line = cfg->line };
	struct conf_value *v;

	if (r->failed)
		return -1;
	v = push(r, &r->nest[r->nested - 1].section->values, &empty);
	if (!v)
		return -1;

	v->key = copy(r, opt->name);
	v->text = copy(r, value);
	*(const char **)result = value;
	return r->failed ? -1 : 0;
}

int conffile_on_end(cfg_t *cfg, cfg_opt_t *opt)
{
	struct reader *r = reading;

	if (r->failed)
		return -1;
	r->nested--;
	/*
	 * libConfuse has no use for it any more, and would merge a section of
	 * the same title into it, after comparing it with all.
	 */
	return cfg_opt_rmnsec(opt, cfg_opt_size(opt) - 1);
}

int conffile_on_include(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct reader *r = reading;

	if (!*value)
		return fail(r, r->file, cfg->line, "include = '': expected a path");
	*(const char **)result = value;
	return section_add(r, opt->name, value, cfg->line) ? 0 : -1;
}

/* The names in @opts, up to CFG_END(), but for the one that no file can name */
static void put_keys(struct text *t, const cfg_opt_t *opts)
{
	const char *sep = "";

	for (; opts->name; opts++) {
		if (!strcmp(opts->name, CONFFILE_BEGIN_NAME))
			continue;
		text_put(t, "%s%s", sep, opts->name);
		sep = ", ";
	}
}

static const cfg_opt_t *find_key(const cfg_opt_t *opts, const char *key)
{
	for (; opts && opts->name; opts++)
		if (!strcmp(opts->name, key))
			return opts;
	return NULL;
}

/* The sections among @opts that have a key, and which section these are in; @any: more */
static void put_sections(struct text *t, const cfg_opt_t *opts, const char *key,
			 const char *parent, bool *any)
{
	bool here = false;

	for (; opts && opts->name; opts++) {
		if (!find_key(opts->subopts, key))
			continue;
		if (*any)
			text_put(t, ", '%s'", opts->name);
		else
			text_put(t, "; '%s' belongs into '%s'", key, opts->name);
		*any = here = true;
	}
	if (here && parent)
		text_put(t, " of '%s'", parent);
}

/* A key that is unknown where it stands may be known elsewhere. */
static void put_place(struct text *t, const cfg_opt_t *schema, const char *key)
{
	const cfg_opt_t *opt;
	bool any = false;

	if (find_key(schema, key)) {
		text_put(t, "; '%s' belongs outside of all sections", key);
		return;
	}
	put_sections(t, schema, key, NULL, &any);
	for (opt = schema; opt->name; opt++)
		put_sections(t, opt->subopts, key, opt->name, &any);
}

/* What is in quotes in an error of libConfuse's: "no such option 'per'" */
static const char *quoted(const char *said, char *buf, size_t size)
{
	const char *from = strchr(said, '\''), *to = strrchr(said, '\'');

	snprintf(buf, size, "%.*s", from ? (int)(to - from - (to > from)) : 0,
		 from ? from + 1 : "");
	return buf;
}

/* What libConfuse says, and what it leaves out. */
static void on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char said[512], what[2 * TEXT_VALUE], key[2 * TEXT_VALUE], title[TEXT_VALUE];
	struct reader *r = reading;
	const cfg_opt_t *opt;
	char keys[768];
	struct text t;

	vsnprintf(said, sizeof(said), fmt, ap);
	text_clip(what, sizeof(what), said);
	quoted(what, key, sizeof(key));
	opt = find_key(cfg->opts, key);
	text_begin(&t, keys, sizeof(keys));
	if (!strncmp(what, "no such option", 14)) {
		put_keys(&t, cfg->opts);
		put_place(&t, r->schema, key);
		fail(r, r->file, cfg->line, "unknown key%s, expected one of: %s",
		     what + 14, keys);
	} else if (!strncmp(what, "missing ", 8) && opt && opt->subopts) {
		bool titled = opt->flags & CFGF_TITLE;

		put_keys(&t, opt->subopts);
		fail(r, r->file, cfg->line,
		     "'%s' is a section%s: expected %s%s { KEY = VALUE ... }, with keys out of: %s",
		     key, titled ? " with a name" : "", key, titled ? " NAME" : "", keys);
	} else if (r->nested) {
		struct conf_section *in = r->nest[r->nested - 1].section;

		fail(r, r->file, cfg->line,
		     "%s: expected KEY = VALUE or '}' in '%s%s%s', which begins in line %u",
		     what, in->kind, in->title ? " " : "",
		     text_clip(title, sizeof(title), in->title ? in->title : ""),
		     in->line);
	} else {
		fail(r, r->file, cfg->line,
		     "%s: expected KIND TITLE { KEY = VALUE ... } or include = PATH",
		     what);
	}
}

/* Is what stands before @p in its line an include, up to a part of its path? */
static bool in_include(const char *line, const char *p)
{
	const char *quotes = "\"'";

	while (line < p && isspace((unsigned char)*line))
		line++;
	return p - line > 7 && !strncmp(line, "include", 7) &&
	       !isspace((unsigned char)p[-1]) && !strchr(quotes, p[-1]);
}

/*
 * Blank out comments and refuse what libConfuse's lexer would pass over without
 * a word. It counts the lines of comments more than once; takes the end of the
 * file for the end of comments and sections; drops '*' and '+' outside of
 * quotes; cuts a text off at a NUL; puts the environment in for ${NAME}; and the
 * time it takes for a word grows with the square of its length.
 */
static int clean(struct reader *r, char *p, const char *end)
{
	unsigned int braces[NESTING_MAX + 1], depth = 0;
	const char *line_start = p;
	unsigned int line = 1, begin;
	char quote = '\0';

	for (; p < end; p++) {
		if (p - line_start > CONFFILE_LINE_MAX)
			return fail(r, r->file, line,
				    "a line of more than %d bytes: expected a shorter one",
				    CONFFILE_LINE_MAX);
		if (*p == '\n') {
			if (quote)
				return fail(r, r->file, line,
					    "a quote is opened and not closed: expected a %c in the same line",
					    quote);
			line++;
			line_start = p + 1;
		} else if ((unsigned char)*p < ' ' && *p != '\t' && *p != '\r') {
			return fail(r, r->file, line,
				    "a control character (0x%02x): expected text",
				    (unsigned char)*p);
		} else if (*p == '$' && p + 1 < end && p[1] == '{') {
			return fail(r, r->file, line,
				    "'${': the environment is not read, expected the value itself");
		} else if (quote && *p == '\\') {
			if (p + 1 == end || (p[1] != '\\' && p[1] != quote))
				return fail(r, r->file, line,
					    "a '\\' in quotes: expected it before another or before the quote only");
			p++;
		} else if (quote) {
			if (*p == quote)
				quote = '\0';
		} else if (*p == '"' || *p == '\'') {
			quote = *p;
		} else if (*p == '#' || (*p == '/' && p + 1 < end && p[1] == '/')) {
			while (p < end && *p != '\n')
				*p++ = ' ';
			p--;
		} else if (*p == '/' && p + 1 < end && p[1] == '*' &&
			   in_include(line_start, p)) {
			return fail(r, r->file, line,
				    "'/*' begins a comment: expected the path in quotes, include = \"DIR/*.conf\"");
		} else if (*p == '/' && p + 1 < end && p[1] == '*') {
			begin = line;
			*p++ = ' ';
			*p++ = ' ';
			while (p + 1 < end && !(p[0] == '*' && p[1] == '/')) {
				if (*p == '\n') {
					line++;
					line_start = p + 1;
				} else {
					*p = ' ';
				}
				p++;
			}
			if (p + 1 >= end)
				return fail(r, r->file, begin,
					    "a comment is opened and not closed: expected */");
			*p++ = ' ';
			*p = ' ';
		} else if (*p == '*' || *p == '+') {
			return fail(r, r->file, line,
				    "'%c' outside of quotes: expected a value with it in quotes",
				    *p);
		} else if (*p == '{') {
			if (depth <= NESTING_MAX)
				braces[depth] = line;
			depth++;
		} else if (*p == '}' && depth) {
			depth--;
		}
	}
	if (quote)
		return fail(r, r->file, line,
			    "a quote is opened and not closed: expected a %c in the same line",
			    quote);
	/* where it is deeper than that, libConfuse has said why not */
	r->unclosed = depth && depth <= NESTING_MAX ? braces[depth - 1] : 0;
	return 0;
}

static int parse(struct reader *r, char *buf, size_t len)
{
	cfg_t *cfg;
	FILE *fp;

	r->nested = 0;
	/* some editors put a byte order mark ahead of UTF-8 */
	if (len >= 3 && !memcmp(buf, "\xef\xbb\xbf", 3)) {
		buf += 3;
		len -= 3;
	}
	if (len >= 2 && (!memcmp(buf, "\xff\xfe", 2) || !memcmp(buf, "\xfe\xff", 2)))
		return fail(r, r->file, 1, "a file in UTF-16: expected UTF-8");
	if (!len)
		return 0;
	if (clean(r, buf, buf + len))
		return -1;

	cfg = cfg_init(r->schema, CFGF_NONE);
	fp = fmemopen(buf, len, "r");
	if (!cfg || !fp) {
		fail(r, r->file, 0, "out of memory");
	} else {
		reading = r;
		cfg_set_error_function(cfg, on_error);
		if (cfg_parse_fp(cfg, fp))
			/* the one thing that libConfuse says nothing about */
			fail(r, r->file, r->nested ? r->nest[r->nested - 1].cfg->line :
						     cfg->line,
			     "a key without a name: expected KEY = VALUE or KIND TITLE { ... }");
		else if (r->unclosed)
			fail(r, r->file, r->unclosed,
			     "a '{' is opened and not closed: expected a '}'");
	}
	if (fp)
		fclose(fp);
	if (cfg)
		cfg_free(cfg);
	reading = NULL;
	return r->failed ? -1 : 0;
}

/* The way to a file, by every link on it. */
struct way {
	const char *path;	/* as it is written */
	char at[PATH_MAX];	/* how far it is gone: no part of it is a link; "" is "/" */
	size_t len;
	unsigned int links;
	char *why;
	size_t size;
};

static bool no_way(struct way *w, int error)
{
	char shown[TEXT_PATH];

	snprintf(w->why, w->size, "cannot read '%s': %s",
		 text_clip(shown, sizeof(shown), w->path), strerror(error));
	return false;
}

/*
 * Whose is the folder that the way has come to? Who can write one can put a link to some
 * other file of root's there, or what root once wrote. The sticky bit keeps root's files,
 * but not others from coming: it is no excuse where names are looked for (@wild), and
 * where one is given, what has that name has to be root's too (@shared).
 */
static bool trust_folder(struct way *w, bool wild, bool *shared)
{
	const char *folder = w->len ? w->at : "/";
	char shown[TEXT_PATH];
	struct stat st;
	bool sticky;

	if (lstat(folder, &st))
		return no_way(w, errno);
	text_clip(shown, sizeof(shown), folder);
	sticky = st.st_mode & S_ISVTX;
	st.st_mode &= ~S_ISVTX;
	*shared = !trust_check(&st, shown, w->why, w->size);
	if (!*shared)
		return true;
	if (wild || !sticky)
		return false;
	st.st_mode |= S_ISVTX;
	return trust_check(&st, shown, w->why, w->size);
}

/* Goes on by @path, of which the first @given parts are names, and the others may be found. */
static bool trust_way(struct way *w, const char *path, size_t given)
{
	char target[PATH_MAX], shown[TEXT_PATH];
	size_t len, folder, n;
	struct stat st;
	ssize_t length;
	bool shared;

	if (*path == '/')
		w->len = 0;
	for (n = 0; ; n++, path += len) {
		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (!len)
			return true;
		w->at[w->len] = '\0';
		if (!trust_folder(w, n >= given, &shared))
			return false;
		if (len == 1 && *path == '.')
			continue;
		if (len == 2 && !strncmp(path, "..", 2)) {
			while (w->len && w->at[--w->len] != '/')
				;
			continue;
		}

		folder = w->len;
		if (sizeof(w->at) - folder < len + 2)
			return no_way(w, ENAMETOOLONG);
		w->len += snprintf(w->at + folder, sizeof(w->at) - folder, "/%.*s",
				   (int)len, path);
		if (lstat(w->at, &st))
			return no_way(w, errno);
		if (shared && st.st_uid && st.st_uid != geteuid()) {
			snprintf(w->why, w->size,
				 "'%s' belongs to user %u, in a folder with others' files: expected root's",
				 text_clip(shown, sizeof(shown), w->at), st.st_uid);
			return false;
		}
		if (!S_ISLNK(st.st_mode))
			continue;

		if (w->links++ == LINKS_MAX)
			return no_way(w, ELOOP);
		length = readlink(w->at, target, sizeof(target));
		if (length < 0 || (size_t)length == sizeof(target))
			return no_way(w, length < 0 ? errno : ENAMETOOLONG);
		target[length] = '\0';
		w->len = folder;
		if (!trust_way(w, target, SIZE_MAX))
			return false;
	}
}

/* How many parts of a pattern are ahead of the one that its first wildcard is in? */
static size_t given_parts(const char *pattern)
{
	size_t wild = strcspn(pattern, "*?[\\"), n = 0, i;

	if (!pattern[wild])
		return SIZE_MAX;
	for (i = 1; i < wild; i++)
		n += pattern[i] == '/' && pattern[i - 1] != '/';
	return n;
}

/*
 * Can nobody but root say which file it is that an include reads? Then it still is that
 * one when it is read. @given: how many parts of @path are not found by a pattern.
 */
static int check_way(struct reader *r, const char *path, size_t given,
		     const struct conf_section *by)
{
	char cwd[PATH_MAX], why[3 * TEXT_PATH];
	struct way w = { .path = path, .why = why, .size = sizeof(why) };
	bool trusted = true;

	if (*path != '/')
		trusted = getcwd(cwd, sizeof(cwd)) ? trust_way(&w, cwd, SIZE_MAX) :
						     no_way(&w, errno);
	trusted = trusted && trust_way(&w, path, given);
	return trusted ? 0 : fail(r, by->file, by->line, "%s", why);
}

/* The whole of a regular file. Return: -1, or its descriptor's @st and content. */
static int slurp(struct reader *r, const char *path, const struct conf_section *by,
		 struct stat *st, char **content, size_t *len)
{
	const char *at = by ? by->file : path;
	unsigned int line = by ? by->line : 0;
	char shown[TEXT_PATH], why[3 * TEXT_PATH];
	int fd, ret = -1;
	ssize_t n = 0;
	size_t size;
	char *buf;

	text_clip(shown, sizeof(shown), path);

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, st)) {
		fail(r, at, line, "cannot read '%s': %s", shown, strerror(errno));
		goto out;
	}
	if (!S_ISREG(st->st_mode)) {
		fail(r, at, line, "cannot read '%s': expected a regular file", shown);
		goto out;
	}
	if (!trust_check(st, shown, why, sizeof(why))) {
		fail(r, at, line, "%s", why);
		goto out;
	}

	size = CONFFILE_BYTES_MAX - r->bytes;
	if ((uintmax_t)st->st_size > size) {
		fail(r, at, line, "with '%s' the configuration is longer than the %u bytes it may have",
		     shown, CONFFILE_BYTES_MAX);
		goto out;
	}
	size = st->st_size;

	buf = malloc(size + 1);
	if (!buf) {
		fail(r, at, line, "out of memory");
		goto out;
	}
	/* as long as it was a moment ago: it may be growing */
	for (*len = 0; *len < size; *len += n) {
		n = read(fd, buf + *len, size - *len);
		if (n <= 0)
			break;
	}
	if (n < 0) {
		fail(r, at, line, "cannot read '%s': %s", shown, strerror(errno));
		free(buf);
		goto out;
	}
	r->bytes += *len;
	*content = buf;
	ret = 0;

out:
	if (fd >= 0)
		close(fd);
	return ret;
}

static int read_file(struct reader *r, const char *path, const struct conf_section *by);

static int read_included(struct reader *r, const struct conf_section *by)
{
	const char *slash = strrchr(by->file, '/');
	char shown[TEXT_PATH];
	int ret, dir = 0;
	char *pattern;
	glob_t g;
	size_t i;

	if (*by->title != '/' && slash)
		dir = slash + 1 - by->file;
	if (asprintf(&pattern, "%.*s%s", dir, by->file, by->title) < 0)
		return fail(r, by->file, by->line, "out of memory");

	ret = glob(pattern, 0, NULL, &g);
	if (ret == GLOB_NOMATCH) {
		ret = 0;
		/* no pattern, or what looks like one in the name of a folder or file */
		if (!strpbrk(by->title, "*?[")) {
			ret = check_way(r, pattern, SIZE_MAX, by);
			if (!ret)
				ret = read_file(r, pattern, by);
		}
	} else if (ret) {
		ret = fail(r, by->file, by->line, "cannot look for '%s'",
			   text_clip(shown, sizeof(shown), pattern));
	} else {
		for (i = 0; !ret && i < g.gl_pathc; i++) {
			ret = check_way(r, g.gl_pathv[i], given_parts(pattern), by);
			if (!ret)
				ret = read_file(r, g.gl_pathv[i], by);
		}
		globfree(&g);
	}
	free(pattern);
	return ret;
}

/* @by: the include that names it, NULL of the first file */
static int read_file(struct reader *r, const char *path, const struct conf_section *by)
{
	const struct conf_section *kept;
	struct conf_section *s;
	UT_array sections;
	size_t len = 0;
	struct stat st;
	char *buf = NULL, *name, shown[TEXT_PATH];
	unsigned int d;
	int ret;

	text_clip(shown, sizeof(shown), path);
	r->file = path;
	if (r->depth == CONFFILE_DEPTH_MAX)
		return fail(r, by->file, by->line,
			    "'%s' is included through more than %d files: expected fewer", shown,
			    CONFFILE_DEPTH_MAX);
	if (utarray_len(&r->conf->files) == CONFFILE_FILES_MAX)
		return fail(r, by->file, by->line,
			    "'%s' is one file more than the %d there may be: expected fewer", shown,
			    CONFFILE_FILES_MAX);

	name = copy(r, path);
	if (!name)
		return -1;
	if (!push(r, &r->conf->files, &name)) {
		free(name);
		return -1;
	}
	r->file = name;

	if (slurp(r, path, by, &st, &buf, &len))
		return -1;
	for (d = 0; d < r->depth; d++) {
		if (r->open[d].dev == st.st_dev && r->open[d].ino == st.st_ino) {
			free(buf);
			/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): the first is alone */
			return fail(r, by->file, by->line, "'%s' includes itself: expected another file",
				    shown);
		}
	}
	r->open[r->depth].dev = st.st_dev;
	r->open[r->depth].ino = st.st_ino;
	r->depth++;

	r->sections = (UT_array)IQ_ARRAY(struct conf_section);
	ret = parse(r, buf, len);
	free(buf);
	sections = r->sections;

	conf_for_each(s, &sections) {
		kept = NULL;
		if (!ret && !strcmp(s->kind, "include"))
			ret = read_included(r, s);
		else if (!ret)
			ret = (kept = push(r, &r->conf->sections, s)) ? 0 : -1;
		if (!kept)
			section_clear(s);
	}
	utarray_done(&sections);
	r->depth--;
	return ret;
}

struct conffile *conffile_read(const char *file, cfg_opt_t *schema,
			       char *error, size_t error_size)
{
	struct reader r = {
		.schema = schema,
		.error = error,
		.error_size = error_size,
	};

	r.conf = calloc(1, sizeof(*r.conf));
	if (!r.conf) {
		fail(&r, file, 0, "out of memory");
		return NULL;
	}
	r.conf->sections = (UT_array)IQ_ARRAY(struct conf_section);
	r.conf->files = (UT_array)IQ_ARRAY(char *);
	if (read_file(&r, file, NULL)) {
		conffile_free(r.conf);
		return NULL;
	}
	return r.conf;
}
