// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The daemon's socket: who can keep a daemon from opening it, and who not.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sad.h"
#include "server.h"
#include "suite.h"

static char dir[64], path[80], lock[96];
static struct ev_loop *loop;
static struct sad *sad;
static pid_t other;

static void setup(void)
{
	strcpy(dir, "/tmp/server_test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/sock", dir);
	snprintf(lock, sizeof(lock), "%s.lock", path);
	loop = ev_loop_new(EVFLAG_NOENV);
	sad = sad_new();
	ck_assert(loop && sad);
	other = 0;
}

static void teardown(void)
{
	char command[128];

	if (other) {
		kill(other, SIGKILL);
		waitpid(other, NULL, 0);
	}
	sad_free(sad);
	ev_loop_destroy(loop);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	ck_assert_int_eq(system(command), 0);
}

/* Another process that has done @what when this returns, and then waits. */
static void beside(int (*what)(void))
{
	int done[2];
	char c;

	ck_assert(!pipe(done));
	other = fork();
	ck_assert_int_ge(other, 0);
	if (!other) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!what() && write(done[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(done[1]);
	ck_assert_int_eq(read(done[0], &c, 1), 1);
	close(done[0]);
}

static int hold_folder(void)
{
	return flock(open(dir, O_RDONLY | O_DIRECTORY), LOCK_EX);
}

static int hold_lock(void)
{
	struct flock l = { .l_type = F_WRLCK };

	return fcntl(open(lock, O_RDWR | O_CREAT, 0600), F_SETLK, &l);
}

static int open_server(struct server **server)
{
	static const struct server_ops ops;

	return server_open(server, loop, path, sad, &ops, NULL);
}

/* What server_open() logs, which standard error is for the while. */
static int open_logged(struct server **server, char *said, size_t size)
{
	FILE *file = tmpfile();
	int err = dup(STDERR_FILENO), ret;
	size_t n;

	ck_assert_ptr_nonnull(file);
	dup2(fileno(file), STDERR_FILENO);
	ret = open_server(server);
	dup2(err, STDERR_FILENO);
	close(err);
	rewind(file);
	n = fread(said, 1, size - 1, file);
	said[n] = '\0';
	fclose(file);
	return ret;
}

START_TEST(test_files)
{
	struct server *server;
	struct stat st;

	ck_assert_int_eq(open_server(&server), 0);
	ck_assert(!lstat(path, &st));
	ck_assert_uint_eq(st.st_mode, S_IFSOCK | 0600);
	ck_assert(!lstat(lock, &st));
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
	server_close(server);
	ck_assert(lstat(path, &st) && errno == ENOENT);
}
END_TEST

/* Anybody may open the folder, and so lock it. */
START_TEST(test_folder_locked)
{
	struct server *server;

	beside(hold_folder);
	ck_assert_int_eq(open_server(&server), 0);
	server_close(server);
}
END_TEST

START_TEST(test_held)
{
	struct server *server;
	char said[512], pid[32];

	beside(hold_lock);
	ck_assert_int_eq(open_logged(&server, said, sizeof(said)), -EAGAIN);
	snprintf(pid, sizeof(pid), "process %d ", (int)other);
	ck_assert_msg(strstr(said, pid) && strstr(said, lock), "%s", said);
}
END_TEST

/* A file that is not what it should be */
START_TEST(test_link)
{
	struct server *server;
	char said[512];

	ck_assert(!symlink("elsewhere", lock));
	ck_assert_int_eq(open_logged(&server, said, sizeof(said)), -ELOOP);
	ck_assert_msg(strstr(said, lock), "%s", said);
}
END_TEST

/* In a folder that is everybody's somebody else may have made it before. */
START_TEST(test_lock_open_to_others)
{
	struct server *server;
	char said[512];

	ck_assert_int_ge(open(lock, O_CREAT | O_WRONLY, 0600), 0);
	ck_assert(!chmod(lock, 0666));
	ck_assert_int_eq(open_logged(&server, said, sizeof(said)), -EPERM);
	ck_assert_msg(strstr(said, lock), "%s", said);
}
END_TEST

START_TEST(test_two)
{
	struct server *server, *second;
	char said[512];

	ck_assert_int_eq(open_server(&server), 0);
	ck_assert_int_eq(open_logged(&second, said, sizeof(said)), -EADDRINUSE);
	ck_assert_msg(strstr(said, path), "%s", said);
	server_close(server);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("server");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, test_files);
	tcase_add_test(tc, test_folder_locked);
	tcase_add_test(tc, test_lock_open_to_others);
	tcase_add_test(tc, test_held);
	tcase_add_test(tc, test_link);
	tcase_add_test(tc, test_two);

	return run_tests("server", tc);
}
