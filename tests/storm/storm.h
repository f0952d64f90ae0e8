/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The storm: processes that all do something to the module at once, each over
 * and over.
 *
 * Namespaces:
 *
 *	src --s1 veth r1-- router --r2 dummy	(actors of flood.c and traffic)
 *	       tun t0 -- steady --d0 dummy	(steady.c: here every packet counts)
 *	  tun ni0, ni1 -- nat -- tun no0, no1	(nat.c: of the first two likewise)
 *
 * steady holds entries that are there from one load of the module to its next
 * removal, while the tables around them grow, shrink and are swept: no packet
 * of theirs may be untagged, no dump may lack them, and all counters must agree
 * with what was sent. router holds whatever comes.
 */
#ifndef STORM_H
#define STORM_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "../lib/family.h"
#include "../lib/wire.h"

/**
 * struct actor - one or more processes
 *
 * @turn: what it must do in each round, else the storm is none
 * @netns: where
 * @processes: how many of it
 * @nice: for those who never wait for anything: they take what the others leave,
 *	which is most of the time, and not the time that the others need
 */
struct actor {
	const char *name;
	const char *what;
	void (*run)(void);
	const char *netns;
	unsigned int turn;
	unsigned int processes;
	int nice;
};

#define SENDERS	2		/* of the steady packets, one to a processor */
#define RESTING	(SENDERS + 1)	/* they and who sends to the steady rule of nat.c */

/*
 * How often one who waits looks, in microseconds. Many wait at once, and timers
 * are dear in an emulated kernel that checks all it does.
 */
#define POLL	20000

/**
 * struct shared - what all processes see
 *
 * @loads: of the module; what its family is called changes with each
 * @open: the steady senders may send
 * @senders: how many of them have begun, but for that of nat.c
 * @resting: how many of them all do not send
 * @sent: packets and bytes that they sent since the module was loaded
 * @quiet: the process for which those who change tables hold still, 0: none
 * @leaving: the module is to go: nobody begins a dump, which would hold it
 * @late: packets whose fragments were sent with a pause between
 * @done: how often each actor did what it is there for
 * @rounds: how many there were
 * @fewest: what each actor did in the round in which it did least
 */
struct shared {
	atomic_bool stop;
	atomic_uint loads;
	atomic_bool open;
	atomic_uint senders;
	atomic_uint resting;
	atomic_int quiet;
	atomic_bool leaving;
	atomic_ulong sent_sa;
	atomic_ulong sent_ike;
	atomic_ulong sent_bytes;
	atomic_ulong late;
	atomic_uint failures;
	atomic_ulong done[64];
	atomic_uint rounds;
	unsigned long fewest[64];
};

extern struct shared *shared;
extern uint64_t seed;		/* of this process */

/** done() - this actor did something; @n times */
void done(unsigned int n);

/** done_by_nobody() - what this process does from now on does not count */
void done_by_nobody(void);

/** failed() - say what is wrong; the storm goes on, and fails */
void __attribute__((format(printf, 1, 2))) failed(const char *fmt, ...);

static inline bool going(void)
{
	return !shared->stop;
}

static inline uint32_t below(uint32_t n)
{
	return wire_below(&seed, n);
}

/** be_nice() - this process to the others, as nice(1) counts it */
void be_nice(int nice);

/** in_steady() - is this process in that namespace? */
bool in_steady(void);

/** hold_still() - while somebody wants quiet */
void hold_still(void);

/** quiet() - begin or end to be the one who wants it */
void quiet(bool wanted);

/**
 * ready() - the family as it is called now, once nobody wants quiet; false: the
 * module is not there
 */
bool ready(struct family *f);

/** ask() - a request that counts if it succeeds; 0 or -errno */
int ask(struct family *f);

/** begin_dump() - as family_begin(), once the module is not about to go */
void begin_dump(struct family *f, uint8_t cmd);

/* steady.c */
#define GOLD		1
#define SILVER		2
#define N_STEADY	256		/* SAs */
#define N_STEADY_IKE	32
#define DAEMON		IPSEC_QOS_OWNER_DAEMON

void steady_setup(void);

/** steady_fill() - after a load: the entries that stay */
void steady_fill(struct family *f);

/** steady_check() - while nothing is sent: is all that was sent accounted for? */
void steady_check(struct family *f);

void act_steady(void);
void act_resync(void);
void act_move(void);
void act_dump(void);
void act_kernel_sas(void);

/* flood.c */
void flood_setup(void);
void act_flood(void);
void act_local(void);

/* nat.c */
void nat_setup(void);
void act_nat_steady(void);
void act_nat_flood(void);
void act_nat(void);

/** nat_put_rule() - a request: some rule of that id, added or changed */
void nat_put_rule(struct family *f, uint32_t id);

/* tables.c */
void put_owner(struct family *f, uint8_t owner);
void act_churn(void);
void act_groups(void);
void act_settings(void);
void act_events(void);
void act_sysfs(void);
void act_namespaces(void);

#endif
