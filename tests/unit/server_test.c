// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The daemon's socket: who can keep a daemon from opening it, and who not; a charon
 * that connects again, or is told of buckets; and commands that listen to events.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "feed/events.h"
#include "lib/feed/feed.h"
#include "sa/sad.h"
#include "feed/server.h"
#include "suite.h"
#include "sa/tables.h"

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

/* The buckets of the two elements there are, of which the first is this host. */
static uint8_t homes[2][IQ_FEED_BUCKETS_BYTES];
static bool is_self;

static const char *find_buckets(void *arg, const char *element, uint8_t *home, char *why,
				size_t size)
{
	static const char *const names[] = { "left", "right" };
	int i;

	for (i = 0; i < 2; i++) {
		if (strcmp(element, *element || i || !is_self ? names[i] : ""))
			continue;
		memcpy(home, homes[i], sizeof(homes[i]));
		return names[i];
	}
	snprintf(why, size, "no element '%s'", element);
	return NULL;
}

static int open_server(struct server **server)
{
	static const struct server_ops ops = { .buckets = find_buckets };

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

/* Whoever can write in the folder could listen in the daemon's place. */
START_TEST(test_whose_folder)
{
	static const struct {
		mode_t mode;
		uid_t uid;
		gid_t gid;
		const char *why;
	} cases[] = {
		{ 0700, 0, 0, NULL }, { 0755, 0, 9, NULL }, { 0775, 0, 0, NULL },
		{ 01777, 0, 0, NULL },
		{ 0777, 0, 0, "chmod o-w" }, { 0703, 0, 0, "chmod o-w" },
		{ 0770, 0, 9, "chmod g-w" }, { 0755, 33, 0, "chown root" },
		{ 01777, 33, 0, "chown root" },
	};
	struct server *server;
	char said[512];
	size_t i;
	int ret;

	if (geteuid())
		return;		/* who cannot give folders away */
	for (i = 0; i < N(cases); i++) {
		ck_assert(!chown(dir, cases[i].uid, cases[i].gid));
		ck_assert(!chmod(dir, cases[i].mode));
		ret = open_logged(&server, said, sizeof(said));
		if (cases[i].why) {
			ck_assert_int_eq(ret, -EPERM);
			ck_assert_msg(strstr(said, dir) &&
				      strstr(said, cases[i].why), "%s", said);
		} else {
			ck_assert_int_eq(ret, 0);
			server_close(server);
		}
	}
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

/* A charon's end of the feed; this process is the charon. */

#define STALE	1000	/* messages: more than the server reads in one turn */

static int open_charon(void (*connect_it)(int fd))
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int size = 4 << 20;

	ck_assert_int_ge(fd, 0);
	ck_assert(!setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size,
			      sizeof(size)));
	connect_it(fd);
	return fd;
}

static void connect_here(int fd)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	strcpy(addr.sun_path, path);
	ck_assert(!connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
}

static int connect_charon(void)
{
	return open_charon(connect_here);
}

/* It is the process that connects that the daemon takes it for. */
static void connect_elsewhere(int fd)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		connect_here(fd);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

static void tell(int fd, struct iq_feed *msg)
{
	_Alignas(struct nlmsghdr) char buf[512];
	int len = iq_feed_put(buf, sizeof(buf), msg);

	ck_assert_int_gt(len, 0);
	ck_assert_int_eq(send(fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL), len);
}

static void tell_type(int fd, enum iq_feed_msg type, uint16_t flags)
{
	struct iq_feed msg = { .type = type, .flags = flags };

	tell(fd, &msg);
}

static void greet(int fd, enum iq_feed_role role, const char *element)
{
	struct iq_feed msg = {
		.type = IQ_FEED_HELLO,
		.hello.version = IQ_FEED_VERSION,
		.hello.role = role,
		.hello.element = element,
	};

	tell(fd, &msg);
}

static void tell_hello(int fd)
{
	greet(fd, IQ_FEED_ROLE_CHARON, "");
}

static void tell_ike(int fd, uint32_t id)
{
	static const uint8_t name[] = "gw3.acme.example";
	struct iq_feed msg = {
		.type = IQ_FEED_IKE,
		.ike.ike_id = id,
		.ike.ike_version = 2,
		.ike.spi_i = 0x5000 + id,
		.ike.spi_r = 0x6000 + id,
		.ike.local = { AF_INET, { 192, 0, 2, 1 } },
		.ike.local_port = 500,
		.ike.remote = { AF_INET, { 198, 51, 100, 7 } },
		.ike.remote_port = 500,
		.ike.ids.n = 1,
		.ike.ids.v = { { 2, 1, IQ_FEED_PROOF_IKE, "psk", name,
			   sizeof(name) - 1 } },
		.ike.conn = "acme",
	};

	tell(fd, &msg);
}

/* The daemon's loop, until the charon is told so. */
static void await_answer(int fd, enum iq_feed_msg type)
{
	_Alignas(struct nlmsghdr) char buf[512];
	const char *why;
	struct iq_feed msg;
	ssize_t len;

	do {
		ev_run(loop, EVRUN_ONCE);
		len = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		ck_assert(len > 0 || (len < 0 && errno == EAGAIN));
	} while (len < 0);
	ck_assert_int_eq(iq_feed_get(buf, len, &msg, &why), 0);
	ck_assert_uint_eq(msg.type, type);
}

static bool is_closed(int fd)
{
	char c;
	ssize_t len;

	do {
		len = recv(fd, &c, 1, MSG_DONTWAIT);
	} while (len > 0);
	return !len || errno == ECONNRESET;
}

/* Ids of the IKE SAs that are known, the least one and how many. */
static unsigned int known(uint32_t *least)
{
	const struct sad_ike *ike;
	struct sad_walk walk;
	unsigned int n = 0;

	*least = UINT32_MAX;
	sad_walk_begin(sad, &walk);
	while ((ike = sad_walk_next(&walk))) {
		*least = ike->key.id < *least ? ike->key.id : *least;
		n++;
	}
	sad_walk_end(&walk);
	return n;
}

static void on_settled(void *arg)
{
	server_settled(*(struct server **)arg);
}

static void open_with_tables(struct server **server, struct tables **tables)
{
	static const struct config config;

	ck_assert_int_eq(open_server(server), 0);
	ck_assert_int_eq(tables_open(tables, loop, sad, &config, on_settled,
				     server), 0);
	server_tables(*server, *tables);
}

/* A server with tables, and a charon that has greeted it and begun to state. */
static int open_greeted(struct server **server, struct tables **tables)
{
	int fd;

	open_with_tables(server, tables);
	fd = connect_charon();
	tell_hello(fd);
	tell_type(fd, IQ_FEED_SYNC_START, 0);
	return fd;
}

/*
 * What it said before it connected again is not true any more, nor is it charon
 * that is there twice; what it states now is.
 */
START_TEST(test_again)
{
	struct server *server;
	struct tables *tables;
	int first, second, i;
	uint32_t least;

	first = open_greeted(&server, &tables);
	await_answer(first, IQ_FEED_HELLO);
	for (i = 0; i < STALE; i++)
		tell_ike(first, 1 + i);

	second = connect_charon();
	tell_hello(second);
	tell_type(second, IQ_FEED_SYNC_START, 0);
	await_answer(second, IQ_FEED_HELLO);
	ck_assert(is_closed(first));
	ck_assert_uint_eq(sad_charons(sad), 1);
	tell_ike(second, 5000);
	tell_ike(second, 5001);
	tell_type(second, IQ_FEED_SYNC_END, NLM_F_ACK);
	await_answer(second, IQ_FEED_ACK);
	ck_assert(sad_synced(sad));
	ck_assert_uint_eq(known(&least), 2);
	ck_assert_uint_eq(least, 5000);

	close(first);
	close(second);
	server_close(server);
	tables_close(tables);
}
END_TEST

/* One that gave up before it was greeted ends nothing when that is read. */
START_TEST(test_given_up)
{
	struct server *server;
	struct tables *tables;
	int first, second, i;
	uint32_t least;

	first = open_greeted(&server, &tables);
	tell_ike(first, 77);
	await_answer(first, IQ_FEED_HELLO);
	second = connect_charon();
	tell_hello(second);
	close(second);
	/* accepted, read, and closed */
	for (i = 0; i < 5; i++)
		ev_run(loop, EVRUN_NOWAIT);
	ck_assert(!is_closed(first));
	ck_assert_uint_eq(known(&least), 1);
	ck_assert_uint_eq(sad_charons(sad), 1);

	close(first);
	server_close(server);
	tables_close(tables);
}
END_TEST

/* How many sets of buckets there are to be read; the last one. */
static unsigned int read_buckets(int fd, uint8_t *home)
{
	_Alignas(struct nlmsghdr) char buf[1024];
	unsigned int n = 0;
	const char *why;
	struct iq_feed msg;
	ssize_t len;

	while ((len = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		ck_assert_int_eq(iq_feed_get(buf, len, &msg, &why), 0);
		ck_assert_uint_eq(msg.type, IQ_FEED_BUCKETS);
		memcpy(home, msg.buckets.home, IQ_FEED_BUCKETS_BYTES);
		n++;
	}
	return n;
}

/* It is told when it comes and when they change; one that does not read, of the last. */
START_TEST(test_buckets)
{
	uint8_t *home = homes[0], got[IQ_FEED_BUCKETS_BYTES];
	struct server *server;
	struct tables *tables;
	unsigned int n = 0, told;
	int fd, i;

	is_self = true;
	home[0] = 1;
	fd = open_greeted(&server, &tables);
	await_answer(fd, IQ_FEED_HELLO);
	ck_assert_uint_eq(read_buckets(fd, got), 1);
	ck_assert_mem_eq(got, home, sizeof(got));
	server_buckets(server);
	ck_assert_uint_eq(read_buckets(fd, got), 0);

	for (i = 1; i <= 2000; i++) {
		home[5] = i;
		home[6] = i >> 8;
		server_buckets(server);
	}
	do {
		told = read_buckets(fd, got);
		n += told;
		ev_run(loop, EVRUN_NOWAIT);
	} while (told);
	ck_assert_uint_gt(n, 0);
	ck_assert_uint_lt(n, 2000);
	ck_assert_mem_eq(got, home, sizeof(got));
	close(fd);
	server_close(server);
	tables_close(tables);
}
END_TEST

/*
 * One that is another element is told of that one's; one that is none, or does not ask, of
 * nothing at all, and of the former there is something to say, until it is one.
 */
START_TEST(test_elements)
{
	static const struct {
		const char *element;
		int which;	/* -1: none */
	} charons[] = { { "", 0 }, { "right", 1 }, { "middle", -1 }, { NULL, -1 } };
	uint8_t got[IQ_FEED_BUCKETS_BYTES];
	struct server *server;
	struct tables *tables;
	int fds[4], i;

	is_self = true;
	homes[0][3] = 7;
	homes[1][4] = 7;
	open_with_tables(&server, &tables);
	for (i = 0; i < 4; i++) {
		fds[i] = open_charon(connect_elsewhere);
		greet(fds[i], IQ_FEED_ROLE_CHARON, charons[i].element);
		await_answer(fds[i], IQ_FEED_HELLO);
		ck_assert_uint_eq(read_buckets(fds[i], got), charons[i].which >= 0);
		if (charons[i].which >= 0)
			ck_assert_mem_eq(got, homes[charons[i].which], sizeof(got));
	}
	ck_assert_ptr_nonnull(server_trouble(server, 0));
	ck_assert_ptr_nonnull(strstr(server_trouble(server, 0), "no element 'middle'"));
	ck_assert_ptr_null(server_trouble(server, 1));

	/* of one the buckets change, of one the element goes: the last ones hold */
	homes[1][5] = 9;
	is_self = false;
	server_buckets(server);
	ck_assert_uint_eq(read_buckets(fds[1], got), 1);
	ck_assert_mem_eq(got, homes[1], sizeof(got));
	for (i = 0; i < 4; i++)
		ck_assert_uint_eq(read_buckets(fds[i], got), 0);
	ck_assert_ptr_nonnull(server_trouble(server, 1));
	ck_assert_ptr_null(server_trouble(server, 2));
	is_self = true;
	server_buckets(server);
	ck_assert_uint_eq(read_buckets(fds[0], got), 0);
	ck_assert_ptr_null(server_trouble(server, 1));
	for (i = 0; i < 4; i++)
		close(fds[i]);
	for (i = 0; i < 5; i++)
		ev_run(loop, EVRUN_NOWAIT);
	ck_assert_ptr_null(server_trouble(server, 0));
	server_close(server);
	tables_close(tables);
}
END_TEST

/* Two that are the same one are told of, until one of them goes. */
START_TEST(test_same_element)
{
	uint8_t got[IQ_FEED_BUCKETS_BYTES];
	struct server *server;
	struct tables *tables;
	int fds[2], i;

	is_self = true;
	homes[0][3] = 7;
	open_with_tables(&server, &tables);
	for (i = 0; i < 2; i++) {
		ck_assert_ptr_null(server_trouble(server, 0));
		fds[i] = open_charon(connect_elsewhere);
		greet(fds[i], IQ_FEED_ROLE_CHARON, i ? "left" : "");
		await_answer(fds[i], IQ_FEED_HELLO);
		ck_assert_uint_eq(read_buckets(fds[i], got), 1);
		ck_assert_mem_eq(got, homes[0], sizeof(got));
	}
	ck_assert_ptr_nonnull(strstr(server_trouble(server, 0), "it is element 'left', as charon"));
	ck_assert_ptr_null(server_trouble(server, 1));
	close(fds[0]);
	while (server_trouble(server, 0))
		ev_run(loop, EVRUN_ONCE);
	close(fds[1]);
	server_close(server);
	tables_close(tables);
}
END_TEST

/* Commands that listen */

static int connect_listener(void)
{
	struct iq_feed msg = {
		.type = IQ_FEED_QUERY, .query.query = IQ_FEED_QUERY_EVENTS,
	};
	int fd = connect_charon();

	greet(fd, IQ_FEED_ROLE_COMMAND, NULL);
	await_answer(fd, IQ_FEED_HELLO);
	tell(fd, &msg);
	await_answer(fd, IQ_FEED_ACK);
	return fd;
}

static char *line(size_t len, char c)
{
	char *text = malloc(len + 1);

	ck_assert_ptr_nonnull(text);
	memset(text, c, len - 1);
	memcpy(text + len - 1, "\n", 2);
	return text;
}

/* What there is to be read, behind what was before; how many messages that were. */
static unsigned int read_all(int fd, char **text, size_t *len)
{
	static union {
		struct nlmsghdr nlh;
		char b[IQ_FEED_MSG_MAX];
	} buf;
	unsigned int n = 0;
	const char *why;
	struct iq_feed msg;
	ssize_t got;
	size_t more;

	while ((got = recv(fd, &buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		ck_assert_int_eq(iq_feed_get(&buf, got, &msg, &why), 0);
		ck_assert_uint_eq(msg.type, IQ_FEED_ANSWER);
		ck_assert_uint_eq(msg.flags, NLM_F_MULTI);
		more = strlen(msg.answer.text);
		*text = realloc(*text, *len + more + 1);
		ck_assert_ptr_nonnull(*text);
		memcpy(*text + *len, msg.answer.text, more + 1);
		*len += more;
		n++;
	}
	return n;
}

static void turn(int times)
{
	while (times--)
		ev_run(loop, EVRUN_NOWAIT);
}

/* Each has all that happens, in pieces where it is long, until it goes. */
START_TEST(test_events)
{
	char *text[2] = { NULL, NULL }, *longest = line(70000, 'x');
	size_t len[2] = { 0, 0 };
	struct server *server;
	int fd[2], i;

	ck_assert_int_eq(open_server(&server), 0);
	ck_assert(!server_listened(server));
	for (i = 0; i < 2; i++)
		fd[i] = connect_listener();
	ck_assert(server_listened(server));
	server_tell(server, strdup("first\n"));
	server_tell(server, strdup(longest));
	turn(3);
	for (i = 0; i < 2; i++) {
		ck_assert_uint_eq(read_all(fd[i], &text[i], &len[i]), 4);
		ck_assert_uint_eq(len[i], 70006);
		ck_assert(!memcmp(text[i], "first\n", 6));
		ck_assert_str_eq(text[i] + 6, longest);
	}
	close(fd[0]);
	turn(2);
	ck_assert(server_listened(server));
	server_tell(server, strdup("last\n"));
	turn(2);
	read_all(fd[1], &text[1], &len[1]);
	ck_assert_str_eq(text[1] + 70006, "last\n");
	close(fd[1]);
	turn(2);
	ck_assert(!server_listened(server));
	for (i = 0; i < 2; i++)
		free(text[i]);
	free(longest);
	server_close(server);
}
END_TEST

/* One that does not read has what fits, then what it missed, then the rest. */
START_TEST(test_deaf)
{
	unsigned int missed = 0, got = 0, all = EVENTS_MAX + 2000, i;
	char *text = NULL, *p, *end;
	struct server *server;
	size_t len = 0;
	int fd;

	ck_assert_int_eq(open_server(&server), 0);
	fd = connect_listener();
	for (i = 0; i < all; i++) {
		server_tell(server, line(100, 'x'));
		if (i % 100 == 0)
			turn(1);
	}
	/* it reads again: nobody has to tell the daemon */
	do {
		turn(1);
	} while (read_all(fd, &text, &len));
	for (p = text; (end = strchr(p, '\n')); p = end + 1) {
		if (*p == 'x')
			got++;
		else
			ck_assert_int_eq(sscanf(p, "{\"event\":\"missed\",\"missed\":%u}",
						&missed), 1);
	}
	ck_assert_uint_gt(missed, 0);
	ck_assert_uint_eq(got + missed, all);
	free(text);
	close(fd);
	server_close(server);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("server");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_files);
	tcase_add_test(tc, test_folder_locked);
	tcase_add_test(tc, test_lock_open_to_others);
	tcase_add_test(tc, test_held);
	tcase_add_test(tc, test_link);
	tcase_add_test(tc, test_whose_folder);
	tcase_add_test(tc, test_two);
	tcase_add_test(tc, test_again);
	tcase_add_test(tc, test_given_up);
	tcase_add_test(tc, test_buckets);
	tcase_add_test(tc, test_elements);
	tcase_add_test(tc, test_same_element);
	tcase_add_test(tc, test_events);
	tcase_add_test(tc, test_deaf);

	return run_tests("server", tc);
}
