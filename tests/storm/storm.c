// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * storm MODULE.ko SECONDS [SEED] - see storm.h. Ends with a table of who did
 * how much, and fails where a packet or an entry was missed, where somebody was
 * kept from his turn, or where the module cannot be removed.
 *
 * It goes in rounds, one for each load of the module that stays for a while. A
 * round lasts until everybody has done what makes his turn, beside all others and
 * with the module as it was loaded then; so what is asked of them does not depend
 * on how fast the machine is. Who has not after a time in which all others have
 * had theirs many times over is kept from it, which is a fault. The storm lasts
 * for so many seconds, and three rounds at least.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <time.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "storm.h"

struct shared *shared;
uint64_t seed;

static const char *module;
static unsigned int me;		/* which actor this process is */
static bool counts = true;

static void act_reload(void);

static const struct actor actors[] = {
	{ "steady", "packets that must be tagged", act_steady, "steady", 200, SENDERS, 5 },
	{ "flood", "packets of every kind arriving", act_flood, "src", 500, 2, 5 },
	{ "local", "packets made here", act_local, "router", 250, 1, 5 },
	{ "resync", "resyncs, of up to 5,000 SAs", act_resync, "steady", 1, 1 },
	{ "move", "entries moved between groups", act_move, "steady", 20, 1 },
	{ "dump", "dumps in which nothing lacked", act_dump, "steady", 1, 1 },
	{ "churn", "SAs and IKE SAs set and removed", act_churn, "steady", 200, 1 },
	{ "churn", "the same, flushed as well", act_churn, "router", 200, 1 },
	{ "kernel", "SAs of the kernel's own", act_kernel_sas, "steady", 4, 1 },
	{ "groups", "groups made, changed, removed", act_groups, "router", 10, 1 },
	{ "settings", "settings changed", act_settings, "router", 10, 1 },
	{ "events", "events heard", act_events, "router", 50, 1 },
	{ "sysfs", "files of sysfs read", act_sysfs, "router", 50, 1, 5 },
	{ "nat", "packets translated exactly", act_nat_steady, "nat", 50, 1, 5 },
	{ "nat", "packets translated, all kinds", act_nat_flood, "nat", 50, 2, 10 },
	{ "nat", "rules set, changed, removed, read", act_nat, "nat", 5, 1 },
	{ "events", "events of translation heard", act_events, "nat", 50, 1 },
	{ "steer", "packets steered exactly", act_steer_steady, "steer", 100, STEERERS, 5 },
	{ "steer", "packets steered, all kinds", act_steer_flood, "steer", 50, 2, 10 },
	{ "steer", "elements, pools, prefixes set, removed", act_steer, "steer", 20, 1 },
	{ "steer", "devices of elements come and gone", act_devices, "steer", 5, 1 },
	{ "events", "events of steering heard", act_events, "steer", 20, 1 },
	{ "chain", "packets through chains exactly", act_chain_steady, "chain", 25, 1, 5 },
	{ "chain", "exchanges of the chain that these go by", act_chain_exchange, "chain", 10, 1 },
	{ "chain", "packets of services, all kinds", act_chain_flood, "chain", 50, 2, 10 },
	{ "chain", "devices, chains, services set, removed", act_chain, "chain", 20, 1 },
	{ "chain", "interfaces of devices come and gone", act_chain_devices, "chain", 5, 1 },
	{ "events", "events of chains heard", act_events, "chain", 20, 1 },
	{ "netns", "namespaces come and gone", act_namespaces, "router", 1, 2 },
	{ "reload", "the module removed and inserted", act_reload, "steady", 0, 1 },
};
#define N_ACTORS (sizeof(actors) / sizeof(actors[0]))

#define ROUNDS		3
#define ROUND_MAX	180	/* seconds */

void done(unsigned int n)
{
	if (counts)
		shared->done[me] += n;
}

void done_by_nobody(void)
{
	counts = false;
}

void failed(const char *fmt, ...)
{
	va_list args;

	/* The first few say it all. */
	if (shared->failures++ >= 10)
		return;
	va_start(args, fmt);
	fprintf(stderr, "FAIL: %s: ", actors[me].name);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
}

void be_nice(int nice)
{
	if (setpriority(PRIO_PROCESS, 0, nice))
		wire_die("no priority");
}

void hold_still(void)
{
	while (shared->quiet && shared->quiet != getpid() && going())
		usleep(POLL);
}

void quiet(bool wanted)
{
	int nobody = 0;

	if (!wanted)
		shared->quiet = 0;
	else
		while (!atomic_compare_exchange_weak(&shared->quiet, &nobody,
						     getpid())) {
			nobody = 0;
			usleep(POLL);
		}
}

bool in_steady(void)
{
	return !strcmp(actors[me].netns, "steady");
}

enum turn sender_turn(bool *resting)
{
	if (!*resting)
		return shared->open ? TURN_SEND : TURN_END;
	if (!shared->open)
		return TURN_REST;
	shared->resting--;
	/* Again: it may have been shut meanwhile. */
	if (shared->open) {
		*resting = false;
		return TURN_BEGIN;
	}
	shared->resting++;
	return TURN_REST;
}

void sender_rests(bool *resting)
{
	*resting = true;
	shared->resting++;
}

bool ready(struct family *f)
{
	static unsigned int loads;

	hold_still();
	if (f->id && loads == shared->loads)
		return true;
	loads = shared->loads;
	if (!f->nl && family_open(f))
		wire_die("no netlink");
	if (!family_resolve(f))
		return true;
	f->id = 0;
	usleep(POLL);
	return false;
}

int ask(struct family *f)
{
	int err = family_talk(f, NULL, NULL);

	if (!err)
		done(1);
	return err;
}

void begin_dump(struct family *f, uint8_t cmd)
{
	while (shared->leaving && going())
		usleep(POLL);
	family_begin(f, cmd, NLM_F_DUMP);
}

/* The module */

static bool insert(void)
{
	int fd = open(module, O_RDONLY | O_CLOEXEC);
	int err = fd < 0 || syscall(SYS_finit_module, fd, "", 0);

	if (err)
		failed("the module cannot be inserted: %s", strerror(errno));
	close(fd);
	shared->loads++;
	return !err;
}

/* A dump that has begun is heard to its end first. */
static bool removed(void)
{
	time_t give_up = time(NULL) + 120;

	shared->leaving = true;
	while (syscall(SYS_delete_module, "ipsec_qos", O_NONBLOCK)) {
		if ((errno != EAGAIN && errno != EWOULDBLOCK) ||
		    time(NULL) > give_up) {
			failed("the module cannot be removed: %s", strerror(errno));
			return false;
		}
		usleep(POLL);
	}
	shared->leaving = false;
	return true;
}

static void steady_senders(bool open)
{
	shared->open = open;
	while (!open && shared->resting < RESTING)
		usleep(POLL);
}

/* A round: begun with what each has done so far, and over once all have had a turn */

static void round_begin(unsigned long *begun)
{
	unsigned int i;

	for (i = 0; i < N_ACTORS; i++)
		begun[i] = shared->done[i];
}

static bool had_turns(const unsigned long *begun)
{
	unsigned int i;

	for (i = 0; i < N_ACTORS; i++)
		if (shared->done[i] - begun[i] < actors[i].turn)
			return false;
	return true;
}

static void round_end(const unsigned long *begun, unsigned int seconds)
{
	unsigned int i;

	for (i = 0; i < N_ACTORS; i++) {
		unsigned long n = shared->done[i] - begun[i];

		if (n < actors[i].turn)
			failed("%s (%s) did %lu of %u in the %u seconds of a round",
			       actors[i].what, actors[i].netns, n,
			       actors[i].turn, seconds);
		if (!shared->rounds || n < shared->fewest[i])
			shared->fewest[i] = n;
	}
	shared->rounds++;
}

static void act_reload(void)
{
	unsigned long begun[N_ACTORS];
	static struct family f;
	time_t start;
	int i;

	for (;;) {
		while (!ready(&f))
			;
		steady_fill(&f);
		round_begin(begun);
		start = time(NULL);
		steady_senders(true);
		for (i = 2000 + below(6000); going() && i > 0; i -= 50)
			usleep(50000);
		while (going() && !had_turns(begun) &&
		       time(NULL) - start < ROUND_MAX)
			usleep(POLL);
		if (going())
			round_end(begun, time(NULL) - start);
		quiet(true);
		steady_senders(false);
		steady_check(&f);
		quiet(false);
		if (!going())
			return;
		/* Now and then so fast that nothing has settled. */
		for (i = below(3); i >= 0; i--) {
			if (!removed() || !insert())
				exit(1);
			done(1);
		}
	}
}

/* Setting up, and what came of it */

static pid_t start(unsigned int which)
{
	static unsigned int n;
	pid_t pid = fork();

	n++;
	seed += n * 0x9e3779b97f4a7c15ULL;
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	me = which;
	be_nice(actors[me].nice);
	wire_enter(actors[me].netns);
	actors[me].run();
	exit(0);
}

static void table(void)
{
	unsigned int i;

	printf("\n  %-9s %-9s %8s %10s %10s\n", "who", "where", "a turn",
	       "fewest", "in all");
	for (i = 0; i < N_ACTORS; i++)
		printf("  %-9s %-9s %8u %10lu %10lu  %s\n", actors[i].name,
		       actors[i].netns, actors[i].turn, shared->fewest[i],
		       shared->done[i], actors[i].what);
}

int main(int argc, char **argv)
{
	pid_t pid[64], ended = 0;
	unsigned int i, j, n = 0, seconds, lasted;
	int status, bad = 0;

	if (argc < 3)
		wire_die("usage: storm MODULE.ko SECONDS [SEED]");
	module = argv[1];
	seconds = atoi(argv[2]);
	seed = argc > 3 ? strtoull(argv[3], NULL, 0) : (uint64_t)time(NULL);
	seed = seed ?: 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("%u seconds, seed %llu\n", seconds, (unsigned long long)seed);
	fflush(stdout);

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		wire_die("no memory");
	flood_setup();
	steady_setup();
	nat_setup();
	steer_setup();
	chain_setup();
	wire_sh("modprobe ipsec_qos");
	shared->loads = 1;
	/* Who asks for the family must not have it loaded: that is for reload. */
	wire_write_file("/proc/sys/kernel/modprobe", "\n");

	for (i = 0; i < N_ACTORS; i++)
		for (j = 0; j < actors[i].processes; j++)
			pid[n++] = start(i);

	/* Whoever keeps a round from its end fails in it. */
	for (i = 0; i < seconds || shared->rounds < ROUNDS; i++) {
		sleep(1);
		/* None ends before it is told to. */
		ended = waitpid(-1, &status, WNOHANG);
		if (ended > 0)
			break;
		if (i % 60 == 59) {
			printf("  %u s, %u rounds, module loaded %u times\n",
			       i + 1, shared->rounds, shared->loads);
			fflush(stdout);
		}
	}
	if (ended > 0) {
		fprintf(stderr, "FAIL: process %d ended by itself (0x%x)\n",
			ended, status);
		/* The others may wait for it. */
		for (j = 0; j < n; j++)
			if (pid[j] != ended)
				kill(pid[j], SIGKILL);
		bad = 1;
	}
	shared->stop = true;
	lasted = i;
	for (i = 0; i < n; i++)
		if (waitpid(pid[i], &status, 0) == pid[i] && status)
			bad = 1;

	table();
	printf("  %u rounds in %u seconds\n", shared->rounds, lasted);
	bad |= shared->rounds < ROUNDS || shared->failures;
	/* Nobody uses it any more. */
	bad |= !removed();
	printf("%s\n", bad ? "FAILED" : "the module is as it should be");
	return bad;
}
