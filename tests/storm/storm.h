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
 *  tun so0, so1, so2 -- steer -- dummy sa0, sa1, and sx0 to sx3, which come and go
 *					(steer.c: so0 and so1 to sa0 and sa1 likewise)
 *  tun kc0 -- chain -- tun kf0, kf1, kw0; tun kg0, kg1, and kx0 to kx3, which come and go
 *					(chain.c: kc0 to kw0 and back likewise)
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
#define STEERERS	2	/* those to what steer.c steers, likewise */
/* they all, and who sends to nat.c's steady rule, and to chain.c's service */
#define RESTING	(SENDERS + STEERERS + 2)

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
 * @senders: how many of them have begun; @steerers: of those of steer.c
 * @resting: how many of them all do not send
 * @sent: packets and bytes that they sent since the module was loaded
 * @quiet: the process for which those who change tables hold still, 0: none
 * @leaving: the module is to go: nobody begins a dump, which would hold it
 * @passes: of chain.c's steady packets, there and back
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
	atomic_uint steerers;
	atomic_uint resting;
	atomic_int quiet;
	atomic_bool leaving;
	atomic_ulong sent_sa;
	atomic_ulong sent_ike;
	atomic_ulong sent_bytes;
	atomic_ulong passes;
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

/**
 * enum turn - what one is to do whose packets count
 *
 * @TURN_BEGIN: the module is there, with nothing of what it was told before
 * @TURN_SEND: one more
 * @TURN_END: look whether all is accounted for, then sender_rests()
 * @TURN_REST: wait
 */
enum turn {
	TURN_BEGIN,
	TURN_SEND,
	TURN_END,
	TURN_REST,
};

/** sender_turn() - @resting: it does, as at first, when it has counted itself in shared->resting */
enum turn sender_turn(bool *resting);

/** sender_rests() - from now on, so that the module may go */
void sender_rests(bool *resting);

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

/* packet.c: to tun devices */
#define PACKET_ESP	256		/* of ESP, behind the IP header */
#define PACKET_ICMP	(8 + 20 + 8)	/* likewise, of an error */

/** packet_emit() - as it is */
void packet_emit(int fd, const uint8_t *packet, size_t len);

/**
 * packet_ipv4() - behind an IPv4 header, in fragments or not
 *
 * @len: 128 to 1,024
 * @pieces: of it, as a mask: 0: it is whole; the later one goes first if @swapped
 *
 * Return: so many milliseconds lay between the first and the last.
 */
unsigned int packet_ipv4(int fd, uint8_t proto, uint32_t src, uint32_t dst,
			 const uint8_t *payload, size_t len, unsigned int pieces, bool swapped);

/** packet_esp() - likewise */
unsigned int packet_esp(int fd, uint32_t src, uint32_t dst, uint32_t spi,
			unsigned int pieces, bool swapped);

/** packet_icmp() - an error that @src has with ESP from @esp_src to @esp_dst */
void packet_icmp(int fd, uint32_t src, uint32_t dst, uint32_t esp_src, uint32_t esp_dst,
		 uint32_t spi);

static inline uint32_t packet_get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

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

/* steer.c */
void steer_setup(void);
void act_steer_steady(void);
void act_steer_flood(void);
void act_steer(void);

/** steer_put_some() - requests: an element, a pool of it, and all addresses steered to it */
void steer_put_some(struct family *f, const char *dev);

/** sweep_daemons() - begin a request at whose end all that is the daemon's goes */
void sweep_daemons(struct family *f);

/* chain.c */
void chain_setup(void);
void act_chain_steady(void);
void act_chain_exchange(void);
void act_chain_flood(void);
void act_chain(void);

/** chain_put_some() - requests: a device, a chain of it, and a service that has just changed */
void chain_put_some(struct family *f);

/* device.c */
void act_devices(void);
void act_chain_devices(void);

/* tables.c */
void put_owner(struct family *f, uint8_t owner);
void act_churn(void);
void act_groups(void);
void act_settings(void);
void act_events(void);
void act_sysfs(void);
void act_namespaces(void);

#endif
