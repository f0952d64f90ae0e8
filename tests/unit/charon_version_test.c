// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The plugin as charon loads it, by a charon of the version that it was built for
 * and by others: to these it says what to do, and touches nothing of theirs.
 */
#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <daemon.h>

#include "suite.h"

#define PLUGIN "build/charon/libstrongswan-ipsec-qos.so"

/*
 * As charon has it among its constants, and for some tests in another version. The
 * compiler is not to take it for what stands here.
 */
static const char says[] = "Starting charon (strongSwan " VERSION ", )";

static char *its_version(void)
{
	const char *text = says;

	__asm__("" : "+r"(text));
	return strstr(text, "Swan ") + 5;
}

static plugin_t *(*create)(void);
static const char **version;
static char line[1024];
static unsigned int lines;

static void hear(debug_t group, level_t level, char *fmt, ...)
{
	va_list args;

	/* the only group that is sure to be one in all versions */
	ck_assert_int_eq(group, DBG_DMN);
	ck_assert_int_eq(level, LEVEL_CTRL);
	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	lines++;
}

static void setup(void)
{
	void *handle = dlopen(PLUGIN, RTLD_LAZY);

	ck_assert_msg(handle != NULL, "%s", dlerror());
	create = dlsym(handle, "ipsec_qos_plugin_create");
	ck_assert_ptr_nonnull(create);
	version = dlsym(handle, "ipsec_qos_plugin_version");
	lines = 0;
}

/* The program is of another version, from here to the end of the test. */
static void is(const char *other)
{
	char *from = its_version();
	size_t room = says + sizeof(says) - from;
	size_t at = (size_t)from & -sysconf(_SC_PAGESIZE);
	size_t len = (size_t)from + room - at;

	ck_assert_uint_lt(strlen(other), room);
	ck_assert_int_eq(mprotect((void *)at, len, PROT_READ | PROT_WRITE), 0);
	memset(from, 0, room);
	strcpy(from, other);
	ck_assert_int_eq(mprotect((void *)at, len, PROT_READ), 0);
}

START_TEST(its_own_version)
{
	plugin_t *plugin;

	ck_assert(library_init(NULL, "charon_version_test"));
	ck_assert(libcharon_init());
	dbg = hear;
	plugin = create();
	ck_assert_msg(plugin != NULL, "%s", line);
	ck_assert_str_eq(plugin->get_name(plugin), "ipsec-qos");
	plugin->destroy(plugin);
	ck_assert_uint_eq(lines, 0);
	libcharon_deinit();
	library_deinit();
}
END_TEST

static const char *const others[] = {
	"", "4.9.1", VERSION "1", VERSION "dr2", "1" VERSION, VERSION ".1",
};

START_TEST(another_version)
{
	void *nothing = mmap(NULL, 1 << 16, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	is(others[_i]);
	/* to touch these is the end */
	lib = nothing;
	charon = nothing;
	dbg = hear;
	ck_assert_ptr_null(create());
	ck_assert_uint_eq(lines, 1);
	ck_assert_msg(strstr(line, "built for strongSwan ") &&
		      strstr(line, "rebuild") && strstr(line, "SPIs are of no bucket"), "%s",
		      line);
}
END_TEST

START_TEST(loaders_compare_a_symbol)
{
	ck_assert_ptr_nonnull(version);
	ck_assert_uint_eq(strlen(*version), strcspn(its_version(), ","));
	ck_assert(!strncmp(*version, its_version(), strlen(*version)));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("charon_version");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, its_own_version);
	tcase_add_loop_test(tc, another_version, 0, N(others));
	tcase_add_test(tc, loaders_compare_a_symbol);
	return run_tests("charon_version", tc);
}
