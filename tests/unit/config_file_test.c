// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration: files that others include, whose each may be, and what is no text.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/conffile.h"
#include "config_files.h"

START_TEST(test_include)
{
	struct config *c;

	ck_assert(!mkdir(path("conf.d"), 0755));
	write_file("conf.d/20-b.conf", "profile b { identity = b group = gold }");
	write_file("conf.d/10-a.conf",
		   "\n\nprofile a { identity = a group = gold }\ninclude = \"../more\"");
	write_file("conf.d/ignored", "nonsense");
	write_file("more", "profile c { identity = c group = gold }");
	c = load("profile first { identity = x group = gold }\n"
		 "include = \"conf.d/*.conf\"\n"
		 "include = \"nothing.d/*.conf\"\n"
		 "profile last { identity = x group = gold }\n"
		 G);
	ck_assert_uint_eq(c->n_profiles, 5);
	ck_assert_str_eq(c->profiles[0].name, "first");
	ck_assert_str_eq(c->profiles[1].name, "a");
	ck_assert_str_eq(c->profiles[1].file, path("conf.d/10-a.conf"));
	ck_assert_uint_eq(c->profiles[1].line, 3);
	ck_assert_str_eq(c->profiles[2].name, "c");
	ck_assert_str_eq(c->profiles[2].file, path("conf.d/../more"));
	ck_assert_str_eq(c->profiles[3].name, "b");
	ck_assert_str_eq(c->profiles[4].name, "last");
	ck_assert_uint_eq(c->profiles[4].line, 4);
	config_free(c);
}
END_TEST

START_TEST(test_include_absolute)
{
	struct config *c;
	char text[256];

	write_file("gold.conf", G);
	snprintf(text, sizeof(text), "include = '%s'", path("gold.conf"));
	c = load(text);
	ck_assert_uint_eq(c->n_groups, 1);
	config_free(c);
}
END_TEST

START_TEST(test_include_mistakes)
{
	char name[16], text[64];
	struct config *c;
	unsigned int i;

	/* in an included file, and in the one behind it */
	write_file("main.conf", G "\ninclude = \"a.conf\"\n" G);
	write_file("a.conf", "# c\ngroup silver {\nid = 2 mark = 0x20/0xfg0 }");
	refused("a.conf", 3, "0x20/0xfg0");
	write_file("a.conf", "\n\n\ngroup silver { id = 2 mark = 0x20/0xff0 \n");
	refused("a.conf", 4, "'{' is opened and not closed");
	write_file("a.conf", S);
	refused("main.conf", 4, "group 'gold' is there twice, first in");
	write_file("a.conf", "\n" G);
	refused("a.conf", 2, "group 'gold' is there twice");
	write_file("main.conf", G "\ninclude = \"a.conf\"\nnonsense = 1\n");
	write_file("a.conf", "\n\n\n");
	refused("main.conf", 4, "'nonsense'");

	/* not there, not a file, not readable */
	write_file("main.conf", "\n\ninclude = \"nowhere.conf\"\n");
	refused("main.conf", 3, "nowhere.conf': No such file");
	write_file("main.conf", "\ninclude = \"/dev/zero\"\n");
	refused("main.conf", 2, "'/dev/zero': expected a regular file");
	write_file("main.conf", "\ninclude = \".\"\n");
	refused("main.conf", 2, "expected a regular file");
	ck_assert(!mkfifo(path("fifo"), 0600));
	write_file("main.conf", "\ninclude = \"fifo\"\n");
	refused("main.conf", 2, "expected a regular file");
	if (geteuid()) {
		write_file("secret", "");
		ck_assert(!chmod(path("secret"), 0));
		write_file("main.conf", "\ninclude = \"secret\"\n");
		refused("main.conf", 2, "Permission denied");
	}

	/* loops, under any name */
	write_file("main.conf", "\ninclude = \"main.conf\"\n");
	refused("main.conf", 2, "includes itself");
	write_file("main.conf", "\ninclude = \"a.conf\"\n");
	write_file("a.conf", "\n\ninclude = \"./b.conf\"\n");
	write_file("b.conf", "include = \"*n.conf\"\n");
	refused("./b.conf", 1, "includes itself");
	ck_assert(!symlink("main.conf", path("link.conf")));
	write_file("b.conf", "include = \"link.conf\"\n");
	refused("./b.conf", 1, "includes itself");

	/* the same file twice is no loop */
	write_file("main.conf", "include = \"e.conf\" include = \"e.conf\"");
	write_file("e.conf", "# nothing");
	c = config_load(path("main.conf"), error, sizeof(error));
	ck_assert_msg(c, "%s", error);
	config_free(c);

	/* too deep */
	write_file("main.conf", "include = \"1.conf\"");
	for (i = 1; i < 20; i++) {
		snprintf(name, sizeof(name), "%u.conf", i);
		snprintf(text, sizeof(text), "\ninclude = \"%u.conf\"", i + 1);
		write_file(name, text);
	}
	snprintf(name, sizeof(name), "%u.conf", CONFFILE_DEPTH_MAX - 1);
	refused(name, 2, "is included through more than 8 files");
}
END_TEST

/* A file that somebody else can write says what the kernel is to do */
START_TEST(test_whose_file)
{
	static const struct {
		mode_t mode;
		uid_t uid;
		gid_t gid;
		const char *why;
	} cases[] = {
		{ 0644, 0, 0, NULL }, { 0600, 0, 7, NULL }, { 0664, 0, 0, NULL },
		{ 0400, 0, 0, NULL }, { 0755, 0, 7, NULL },
		{ 0646, 0, 0, "everybody can write (mode 0646): chmod o-w" },
		{ 0602, 0, 0, "everybody can write (mode 0602): chmod o-w" },
		{ 0660, 0, 7, "group 7 can write (mode 0660): chmod g-w" },
		{ 0644, 12, 0, "belongs to user 12: chown root" },
		{ 0600, 12, 0, "belongs to user 12: chown root" },
	};
	struct config *c;
	size_t i;

	if (geteuid())
		return;		/* who cannot give files away */
	write_file("main.conf", "include = \"part\"");
	for (i = 0; i < N(cases); i++) {
		write_file("part", G);
		ck_assert(!chown(path("part"), cases[i].uid, cases[i].gid));
		ck_assert(!chmod(path("part"), cases[i].mode));
		if (cases[i].why) {
			refused("main.conf", 1, cases[i].why);
			ck_assert(strstr(error, path("part")));
		} else {
			c = config_load(path("main.conf"), error, sizeof(error));
			ck_assert_msg(c, "%s", error);
			config_free(c);
		}
		ck_assert(!unlink(path("part")));
	}

	write_file("main.conf", G);
	ck_assert(!chmod(path("main.conf"), 0622));
	c = config_load(path("main.conf"), error, sizeof(error));
	ck_assert_ptr_null(c);
	ck_assert_msg(strstr(error, "chmod"), "%s", error);
}
END_TEST

/* Who can write a folder can put some file of root's there, by a link */
START_TEST(test_whose_folder)
{
	static const struct {
		const char *include;
		const char *folder;
		mode_t mode;
		uid_t uid;
		gid_t gid;
		const char *why;	/* NULL: it is read */
	} cases[] = {
		{ "sub/conf.d/*.conf", "sub/conf.d", 0755, 0, 7, NULL },
		{ "sub/conf.d/*.conf", "sub/conf.d", 0775, 0, 0, NULL },
		{ "sub/conf.d/*.conf", "sub/conf.d", 0757, 0, 0, "everybody can write (mode 0757)" },
		{ "sub/conf.d/*.conf", "sub/conf.d", 0775, 0, 7, "group 7 can write (mode 0775)" },
		{ "sub/conf.d/*.conf", "sub/conf.d", 0755, 12, 0, "belongs to user 12" },
		/* ... or another folder into its place */
		{ "sub/conf.d/*.conf", "sub", 0777, 0, 0, "everybody can write (mode 0777)" },
		{ "sub/*/a.conf", "sub", 0777, 0, 0, "everybody can write (mode 0777)" },
		{ "sub/*/a.conf", "sub/conf.d", 0700, 12, 0, "belongs to user 12" },
		{ "sub/conf.d/a.conf", "sub/conf.d", 0777, 0, 0, "everybody can write (mode 0777)" },
		{ "sub/conf.d/a.conf", "sub", 0755, 12, 0, "belongs to user 12" },
		/* the sticky bit keeps what is there, and lets others add */
		{ "sub/conf.d/a.conf", "sub/conf.d", 01777, 0, 0, NULL },
		{ "sub/conf.d/*.conf", "sub", 01777, 0, 0, NULL },
		{ "sub/conf.d/*.conf", "sub/conf.d", 01777, 0, 0, "everybody can write" },
		{ "sub/*/a.conf", "sub", 01777, 0, 0, "everybody can write" },
		{ "sub/[c]onf.d/a.conf", "sub", 01777, 0, 0, "everybody can write" },
		/* by links */
		{ "away/*.conf", "sub/conf.d", 0777, 0, 0, "everybody can write" },
		{ "away/*.conf", "sub", 0777, 0, 0, "everybody can write" },
		{ "one.conf", "sub", 0777, 0, 0, "everybody can write" },
		{ "away/*.conf", "sub", 0755, 0, 0, NULL },
		{ "one.conf", "sub", 0755, 0, 0, NULL },
		/* by a link that lies elsewhere */
		{ "two/*.conf", "app", 0755, 0, 0, NULL },
		{ "two/*.conf", "app", 0775, 0, 0, NULL },
		{ "two/*.conf", "app", 01777, 0, 0, NULL },
		{ "two/*.conf", "app", 0755, 12, 0, "belongs to user 12" },
		{ "two/*.conf", "app", 01777, 12, 0, "belongs to user 12" },
		{ "two/a.conf", "app", 0777, 0, 0, "everybody can write" },
		{ "two/*.conf", "sub/conf.d", 01777, 0, 0, "everybody can write" },
		{ "two.conf", "app", 0755, 0, 0, NULL },
		{ "two.conf", "app", 0755, 12, 0, "belongs to user 12" },
		{ "two.conf", "app", 0775, 0, 7, "group 7 can write" },
		{ "app/../two.conf", "app", 0755, 0, 0, NULL },
		/* by a name that is a pattern, and then is none */
		{ "sub/a\\\\b.conf", "sub", 0755, 0, 0, NULL },
		{ "sub/a\\\\b.conf", "sub", 01777, 0, 0, NULL },
		{ "sub/a\\\\b.conf", "sub", 0777, 0, 0, "everybody can write" },
		{ "sub/a\\\\b.conf", "sub", 0755, 12, 0, "belongs to user 12" },
		/* of what is not there, or not yet */
		{ "sub/none.conf", "sub", 0777, 0, 0, "everybody can write" },
		{ "sub/none/none.conf", "sub", 0777, 0, 0, "everybody can write" },
	};
	char include[256], at[128];
	struct config *c;
	size_t i;

	if (geteuid())
		return;		/* who cannot give folders away */
	ck_assert(!mkdir(path("sub"), 0755));
	ck_assert(!mkdir(path("sub/conf.d"), 0755));
	write_file("sub/conf.d/a.conf", G);
	ck_assert(!symlink("sub/conf.d", path("away")));
	ck_assert(!symlink("sub/conf.d/a.conf", path("one.conf")));
	write_file("sub/a\\b.conf", G);
	ck_assert(!mkdir(path("app"), 0755));
	ck_assert(!symlink("app/current", path("two")));
	ck_assert(!symlink("../sub/conf.d", path("app/current")));
	ck_assert(!symlink(path("app/a.conf"), path("two.conf")));
	ck_assert(!symlink(path("sub/conf.d/a.conf"), path("app/a.conf")));
	for (i = 0; i < N(cases); i++) {
		ck_assert(!chown(path(cases[i].folder), cases[i].uid, cases[i].gid));
		ck_assert(!chmod(path(cases[i].folder), cases[i].mode));
		snprintf(include, sizeof(include), "\ninclude = \"%s\"", cases[i].include);
		write_file("main.conf", include);
		if (cases[i].why) {
			refused("main.conf", 2, cases[i].why);
			snprintf(at, sizeof(at), "%s'", path(cases[i].folder));
			ck_assert_msg(strstr(error, at), "%zu: %s", i, error);
		} else {
			c = config_load(path("main.conf"), error, sizeof(error));
			ck_assert_msg(c, "%zu: %s", i, error);
			config_free(c);
		}
		ck_assert(!chown(path(cases[i].folder), 0, 0));
		ck_assert(!chmod(path(cases[i].folder), 0755));
	}
}
END_TEST

/* The sticky bit keeps what is root's, not what somebody else has put there before */
START_TEST(test_whose_part)
{
	static const struct {
		const char *include;
		const char *part;
		uid_t uid;
		const char *why;
	} cases[] = {
		{ "tmp/link.conf", "tmp/link.conf", 0, NULL },
		{ "tmp/link.conf", "tmp/link.conf", 12, "/tmp/link.conf' belongs to user 12" },
		{ "tmp/file.conf", "tmp/file.conf", 0, NULL },
		{ "tmp/file.conf", "tmp/file.conf", 12, "/tmp/file.conf' belongs to user 12" },
		{ "tmp/conf.d/*.conf", "tmp/conf.d", 0, NULL },
		{ "tmp/conf.d/*.conf", "tmp/conf.d", 12, "/tmp/conf.d' belongs to user 12" },
		{ "tmp/folder/*.conf", "tmp/folder", 0, NULL },
		{ "tmp/folder/*.conf", "tmp/folder", 12, "/tmp/folder' belongs to user 12" },
		{ "by.conf", "tmp/link.conf", 0, NULL },
		{ "by.conf", "tmp/link.conf", 12, "/tmp/link.conf' belongs to user 12" },
		{ "tmp/none.conf", "tmp/link.conf", 0, "/tmp/none.conf': No such file" },
		/* where nobody else can put one, whose it is says nothing */
		{ "root/other", "root/other", 12, NULL },
	};
	char include[256];
	struct config *c;
	size_t i;

	if (geteuid())
		return;		/* who cannot give links away */
	ck_assert(!mkdir(path("root"), 0755));
	write_file("root/a.conf", G);
	ck_assert(!symlink("a.conf", path("root/other")));
	ck_assert(!mkdir(path("tmp"), 0));
	ck_assert(!chmod(path("tmp"), 01777));
	ck_assert(!symlink("../root/a.conf", path("tmp/link.conf")));
	ck_assert(!symlink("../root", path("tmp/conf.d")));
	write_file("tmp/file.conf", G);
	ck_assert(!mkdir(path("tmp/folder"), 0755));
	write_file("tmp/folder/a.conf", G);
	ck_assert(!symlink("tmp/link.conf", path("by.conf")));
	for (i = 0; i < N(cases); i++) {
		ck_assert(!lchown(path(cases[i].part), cases[i].uid, 0));
		snprintf(include, sizeof(include), "\ninclude = \"%s\"", cases[i].include);
		write_file("main.conf", include);
		if (cases[i].why) {
			refused("main.conf", 2, cases[i].why);
		} else {
			c = config_load(path("main.conf"), error, sizeof(error));
			ck_assert_msg(c, "%zu: %s", i, error);
			config_free(c);
		}
		ck_assert(!lchown(path(cases[i].part), 0, 0));
	}
}
END_TEST

/* As many links as the kernel follows, and a path from where the daemon was started */
START_TEST(test_way)
{
	char name[32], to[32];
	struct config *c;
	int i;

	write_file("0.conf", G);
	for (i = 1; i <= 41; i++) {
		snprintf(name, sizeof(name), "%d.conf", i);
		snprintf(to, sizeof(to), "%d.conf", i - 1);
		ck_assert(!symlink(to, path(name)));
	}
	ck_assert(!symlink("round", path("round")));
	c = load("include = \"40.conf\"");
	config_free(c);
	write_file("main.conf", "include = \"41.conf\"");
	refused("main.conf", 1, "/41.conf': Too many levels of symbolic links");
	write_file("main.conf", "include = \"round/a.conf\"");
	refused("main.conf", 1, "/round/a.conf': Too many levels of symbolic links");
	write_file("main.conf", "include = \"none/a.conf\"");
	refused("main.conf", 1, "/none/a.conf': No such file");
	write_file("main.conf", "include = \"0.conf/a.conf\"");
	refused("main.conf", 1, "/0.conf/a.conf': Not a directory");

	ck_assert(!mkdir(path("sub"), 0755));
	ck_assert(!symlink("../0.conf", path("sub/a.conf")));
	write_file("main.conf", "include = \"./sub//*.conf\"");
	ck_assert(!chdir(dir));
	c = config_load("main.conf", error, sizeof(error));
	ck_assert_msg(c, "%s", error);
	config_free(c);
	ck_assert(!chdir("sub"));
	c = config_load("../main.conf", error, sizeof(error));
	ck_assert_msg(c, "%s", error);
	config_free(c);
	if (!geteuid()) {
		ck_assert(!chmod(dir, 0777));
		c = config_load("../main.conf", error, sizeof(error));
		ck_assert_ptr_null(c);
		ck_assert_msg(strstr(error, "everybody can write (mode 0777)"), "%s", error);
	}
	ck_assert(!chdir("/"));
}
END_TEST

/* What editors put in front */
START_TEST(test_byte_order_mark)
{
	static const char utf16[] = "\xff\xfeg\0r\0o\0u\0p\0";
	struct config *c;

	write_file("part", "\xef\xbb\xbf# naturally\nprofile b { identity = b group = gold }");
	c = load("\xef\xbb\xbf" G "include = part\n");
	ck_assert_uint_eq(c->n_groups, 1);
	ck_assert_uint_eq(c->n_profiles, 1);
	ck_assert_uint_eq(c->profiles[0].line, 2);
	config_free(c);
	c = load("\xef\xbb\xbf");
	config_free(c);

	/* only there */
	write_file("main.conf", G "\n\xef\xbb\xbfprofile a { }");
	refused("main.conf", 3, "unknown key");
	write_bytes("main.conf", utf16, sizeof(utf16) - 1);
	refused("main.conf", 1, "UTF-16: expected UTF-8");
}
END_TEST

START_TEST(test_no_file)
{
	struct config *c;
	char at[256];

	c = config_load(path("nowhere"), error, sizeof(error));
	ck_assert_ptr_null(c);
	snprintf(at, sizeof(at), "%s: cannot read '%s': No such file", path("nowhere"),
		 path("nowhere"));
	ck_assert_msg(!strncmp(error, at, strlen(at)), "%s", error);

	c = config_load(dir, error, sizeof(error));
	ck_assert_ptr_null(c);
	ck_assert(strstr(error, "expected a regular file"));

	/* the error is cut off, not the program */
	memset(error, '#', sizeof(error));
	ck_assert_ptr_null(config_load(path("nowhere"), error, 8));
	ck_assert_uint_eq(strlen(error), 7);
	ck_assert_int_eq(error[8], '#');
}
END_TEST

START_TEST(test_nul)
{
	static const char text[] = G "\n\0profile a { }";

	write_bytes("main.conf", text, sizeof(text) - 1);
	refused("main.conf", 3, "0x00");
}
END_TEST

/* Sizes that nobody has, but somebody may try */
START_TEST(test_hostile)
{
	size_t len = CONFFILE_BYTES_MAX + 1, i;
	char *text = malloc(len + 64), *p;
	struct config *c;
	FILE *f;

	ck_assert_ptr_nonnull(text);

	/* longer than all files together may be */
	memset(text, '\n', len);
	write_bytes("main.conf", text, len);
	c = config_load(path("main.conf"), error, sizeof(error));
	ck_assert_ptr_null(c);
	ck_assert_msg(strstr(error, "longer than the 8388608 bytes"), "%s", error);

	/* each short enough, together too long */
	write_bytes("half", text, len / 2);
	write_file("main.conf", "include = \"half\"\n\ninclude = \"half\"");
	refused("main.conf", 3, "longer than");

	/* lines without an end, braces without an end, names without an end */
	memset(text, 'a', len - 2);
	text[0] = '\n';
	write_bytes("main.conf", text, len - 2);
	refused("main.conf", 2, "a line of more than 65535 bytes");
	for (i = 0; i < len - 2; i++)
		text[i] = i % 2 ? '\n' : '{';
	write_bytes("main.conf", text, len - 2);
	refused("main.conf", 1, "'{'");
	memset(text, 'a', CONFFILE_LINE_MAX);
	write_bytes("main.conf", text, CONFFILE_LINE_MAX);
	refused("main.conf", 1, "unknown key");
	memcpy(text, "group \"", 7);
	memset(text + 7, 'a', 60000);
	strcpy(text + 7 + 60000, "\" { id = 1 mark = 1 }");
	write_file("main.conf", text);
	refused("main.conf", 1, "the name 'aaaaaa");

	/* more files than there may be */
	f = fopen(path("main.conf"), "w");
	ck_assert_ptr_nonnull(f);
	for (i = 0; i < CONFFILE_FILES_MAX; i++)
		fprintf(f, "include = \"e.conf\"\n");
	fclose(f);
	write_file("e.conf", "");
	refused("main.conf", CONFFILE_FILES_MAX, "one file more than the 1024");

	/* sections in great number are fine, and quick */
	p = text;
	for (i = 1; i <= IPSEC_QOS_MAX_GROUPS; i++)
		p += sprintf(p, "group g%zu { id = %zu mark = %zu/0xffff }\n"
			     "profile p%zu { identity = \"*.c%zu.example\" group = g%zu }\n",
			     i, i, i, i, i, i);
	c = load(text);
	ck_assert_uint_eq(c->n_groups, IPSEC_QOS_MAX_GROUPS);
	ck_assert_uint_eq(c->n_profiles, IPSEC_QOS_MAX_GROUPS);
	ck_assert_str_eq(config_group_written(c, 4096)->name, "g4096");
	config_free(c);
	strcpy(p, "group one-more { id = 4097 mark = 4097/0xffff }\n");
	write_file("main.conf", text);
	refused("main.conf", 2 * IPSEC_QOS_MAX_GROUPS + 1, "'one-more'");
	free(text);
}
END_TEST

/* Any file cut off anywhere, or with any byte changed, is read or refused. */
START_TEST(test_damaged)
{
	static const char text[] =
		"# c\n/* d */ group gold { id = 1 mark = 0x10/0xff0 dscp = ef }\n"
		"profile a { identity = { \"*.a\", 'CN=*' } connection = c group = gold }\n"
		"policy p { device = d rate = 1mbit class gold { bandwidth = \"1%\" } default { } }\n"
		"include = \"e.conf\"\n";
	static const char bytes[] = { '\0', '"', '\'', '{', '}', '=', '#', '/', '*', '\\', 'x', '\n' };
	size_t len = sizeof(text) - 1, i, j;
	char changed[sizeof(text)];

	write_file("e.conf", "");
	for (i = 0; i < len; i++) {
		write_bytes("main.conf", text, i);
		config_free(config_load(path("main.conf"), error, sizeof(error)));
		for (j = 0; j < N(bytes); j++) {
			memcpy(changed, text, sizeof(text));
			changed[i] = bytes[j];
			write_bytes("main.conf", changed, len);
			config_free(config_load(path("main.conf"), error, sizeof(error)));
		}
	}
	config_free(load(text));
}
END_TEST

/* Which profile an SA gets */

int main(void)
{
	TCase *tc = tcase_create("config_file");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_include);
	tcase_add_test(tc, test_include_absolute);
	tcase_add_test(tc, test_include_mistakes);
	tcase_add_test(tc, test_whose_file);
	tcase_add_test(tc, test_whose_folder);
	tcase_add_test(tc, test_whose_part);
	tcase_add_test(tc, test_way);
	tcase_add_test(tc, test_byte_order_mark);
	tcase_add_test(tc, test_no_file);
	tcase_add_test(tc, test_nul);
	tcase_add_test(tc, test_hostile);
	tcase_add_test(tc, test_damaged);

	return run_tests("config_file", tc);
}
