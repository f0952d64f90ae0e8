/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What daemon and command say to the module: the generic netlink family of
 * <linux/ipsec_qos.h>, as structures and calls, over libnl.
 */
#ifndef IPSEC_QOS_LIB_KERNEL_H
#define IPSEC_QOS_LIB_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/ipsec_qos.h>

#include "feed.h"	/* struct iq_addr */

/**
 * struct iq_count - packets and bytes
 */
struct iq_count {
	uint64_t packets;
	uint64_t bytes;
};

/**
 * struct iq_group - a group, as in enum ipsec_qos_group_attr
 */
struct iq_group {
	uint32_t id;
	char name[IPSEC_QOS_NAME_MAX];
	uint32_t mark;
	uint32_t mask;
	uint32_t priority;		/* tc classid; 0: left alone */
	int dscp;			/* 0 to 63; -1: left alone */
	uint8_t owner;			/* enum ipsec_qos_owner; answers only */
	uint32_t sas;			/* answers only, as all below */
	uint32_t ikes;
	struct iq_count counter[IPSEC_QOS_COUNTER_MAX + 1];
};

/**
 * struct iq_sa - an SA, as in enum ipsec_qos_sa_attr
 *
 * As a filter: what is 0 (for @owner: -1) matches all; an address of zeros
 * matches all of its family.
 */
struct iq_sa {
	struct iq_addr dst;
	uint32_t spi;			/* host byte order */
	uint8_t proto;			/* IPPROTO_ESP or IPPROTO_AH */
	uint32_t group;
	uint32_t lifetime;		/* seconds; 0: for ever */
	uint32_t flags;			/* IPSEC_QOS_SA_F_* */
	int owner;
	struct iq_count count;
};

/**
 * struct iq_ike - an IKE SA, as in enum ipsec_qos_ike_attr; as a filter, as
 * for struct iq_sa
 */
struct iq_ike {
	uint64_t spi_i;
	uint64_t spi_r;
	bool has_spi_r;			/* as a filter: spi_r counts, also 0 */
	uint32_t group;
	uint32_t lifetime;
	int owner;
	struct iq_count count;
};

/**
 * struct iq_fallback - the mark of a protected packet with no group
 */
struct iq_fallback {
	uint8_t dscp;			/* 0 to 63 */
	uint32_t mark;
	uint32_t mask;
};

/**
 * struct iq_conf - settings of a network namespace, as in
 * enum ipsec_qos_conf_attr; bit (1 << IPSEC_QOS_CONF_A_x) of @has says that x
 * is to be set
 */
struct iq_conf {
	uint32_t has;
	uint32_t max_sas;
	uint32_t max_ikes;
	uint32_t max_groups;
	size_t n_ike_ports;
	uint16_t ike_ports[IPSEC_QOS_PORTS_MAX];
	size_t n_natt_ports;
	uint16_t natt_ports[IPSEC_QOS_PORTS_MAX];
	size_t n_fallback;
	struct iq_fallback fallback[64];
};

/**
 * struct iq_status - state of a network namespace
 *
 * @left: packets on which bits of a mark were left to others' policies and SAs
 * @left_group: the group that this happened to last, 0: to none
 */
struct iq_status {
	char version[32];
	uint32_t groups;
	uint32_t sas;
	uint32_t ikes;
	struct iq_count untagged;
	struct iq_count malformed;
	struct iq_count left;
	uint32_t left_group;
	struct iq_conf conf;
};

/**
 * struct iq_nat_rule - a rule of translation, as in enum ipsec_qos_nat_rule_attr
 *
 * Addresses are in network byte order; a prefix of length 0 is any.
 */
struct iq_nat_rule {
	uint32_t id;
	char inside_dev[16];		/* "": any */
	char outside_dev[16];
	uint32_t inside;
	uint8_t inside_len;
	uint32_t global;		/* 0: the interface's */
	uint32_t responder;
	uint8_t responder_len;
	uint8_t scheme;			/* enum ipsec_qos_nat_scheme */
	uint8_t key[IPSEC_QOS_NAT_KEY_BYTES];	/* requests only */
	uint8_t collision;		/* enum ipsec_qos_nat_collision */
	uint8_t underived;		/* enum ipsec_qos_nat_underived */
	uint32_t idle;			/* seconds */
	uint32_t wait;			/* seconds */
	uint32_t max;
	uint32_t max_node;
	uint32_t entries;		/* answers only, as all below */
	uint32_t waiting;
	struct iq_count counter[IPSEC_QOS_NAT_COUNTER_MAX + 1];
};

/**
 * struct iq_nat - an entry of the translation table, as in enum ipsec_qos_nat_attr
 */
struct iq_nat {
	uint32_t rule;
	uint32_t inside_local;		/* network byte order, as the next two */
	uint32_t inside_global;
	uint32_t outside;
	uint32_t spi_out;		/* host byte order */
	uint32_t spi_in;		/* 0: not known yet */
	uint8_t state;			/* enum ipsec_qos_nat_state */
	uint32_t age;			/* seconds */
	uint32_t idle;			/* seconds */
	struct iq_count out;
	struct iq_count in;
};

/**
 * struct iq_event - what the kernel told the multicast group
 */
struct iq_event {
	enum ipsec_qos_event event;
	enum {
		IQ_EVENT_GROUP, IQ_EVENT_SA, IQ_EVENT_IKE, IQ_EVENT_STATUS, IQ_EVENT_NAT
	} what;
	union {
		struct iq_group group;
		struct iq_sa sa;
		struct iq_ike ike;
		struct iq_status status;
		struct {
			size_t n_nat;	/* more than one only in a collision; of a
					 * ceiling only RULE and INSIDE_LOCAL */
			struct iq_nat nat[IPSEC_QOS_NAT_TOLD_MAX];
		};
	};
};

struct iq_kernel;

/**
 * iq_kernel_open() - a socket to the module in this network namespace
 *
 * Return: 0, or a negative errno; -ENOENT: the module is not loaded.
 */
int iq_kernel_open(struct iq_kernel **k);
void iq_kernel_close(struct iq_kernel *k);

/**
 * iq_kernel_error() - why the last call failed, for a person: the kernel's
 * extended ACK where there was one, else strerror()'s text
 */
const char *iq_kernel_error(const struct iq_kernel *k);

/**
 * iq_kernel_culprit() - which entry of the last call's array is at fault,
 * counted from 0; -1 where the kernel named none
 */
int iq_kernel_culprit(const struct iq_kernel *k);

/**
 * iq_kernel_expect() - so many SAs come with later calls of iq_kernel_sa_new()
 *
 * A hint, for the kernel to make room for them once. It holds until there is
 * another.
 */
void iq_kernel_expect(struct iq_kernel *k, size_t n);

/*
 * All below return 0 or a negative errno; -ENODEV: the module was unloaded
 * since iq_kernel_open(), which is to be called anew. @nlflags are NLM_F_CREATE,
 * NLM_F_EXCL, NLM_F_REPLACE as <linux/ipsec_qos.h> says. A call with more than
 * IPSEC_QOS_BULK_MAX entries, or more than fit a message, is sent as several
 * requests, each all or nothing; culprit counts through all of them.
 */
int iq_kernel_group_new(struct iq_kernel *k, const struct iq_group *g, size_t n,
			int owner, int nlflags);
/* By id, or by name where the id is 0. */
int iq_kernel_group_del(struct iq_kernel *k, const struct iq_group *g, size_t n);
/* iq_kernel_expect() hints how many more SAs come with later calls of this. */
int iq_kernel_sa_new(struct iq_kernel *k, const struct iq_sa *sa, size_t n,
		     int owner, int nlflags);
int iq_kernel_sa_del(struct iq_kernel *k, const struct iq_sa *sa, size_t n);
int iq_kernel_ike_new(struct iq_kernel *k, const struct iq_ike *ike, size_t n,
		      int owner, int nlflags);
int iq_kernel_ike_del(struct iq_kernel *k, const struct iq_ike *ike, size_t n);

/* Dumps call @cb for each; a cb that returns other than 0 ends the dump with
 * that value; it must not call with @k itself. A dump that the kernel flags as
 * interrupted (NLM_F_DUMP_INTR) is begun anew by the caller: the call returns
 * -EINTR then. No filter (NULL) matches all.
 */
int iq_kernel_group_dump(struct iq_kernel *k, int owner,
			 int (*cb)(const struct iq_group *g, void *arg), void *arg);
/*
 * A dump of groups piece by piece, for who has no time for all of it at once: the
 * first call asks for it, each of the second reads a buffer of it and returns 1
 * while there is more. Nothing else is to be asked of @k meanwhile.
 */
int iq_kernel_groups_begin(struct iq_kernel *k, int owner);
int iq_kernel_groups_more(struct iq_kernel *k,
			  int (*cb)(const struct iq_group *g, void *arg),
			  void *arg);
int iq_kernel_sa_dump(struct iq_kernel *k, const struct iq_sa *filter,
		      int (*cb)(const struct iq_sa *sa, void *arg), void *arg);
int iq_kernel_ike_dump(struct iq_kernel *k, const struct iq_ike *filter,
		       int (*cb)(const struct iq_ike *ike, void *arg), void *arg);

/* One group, by id (or by name where @g->id is 0); one SA; one IKE SA, by key. */
int iq_kernel_group_get(struct iq_kernel *k, struct iq_group *g);
int iq_kernel_sa_get(struct iq_kernel *k, struct iq_sa *sa);
int iq_kernel_ike_get(struct iq_kernel *k, struct iq_ike *ike);

/* Delete all that fit; *@count: how many. */
int iq_kernel_group_flush(struct iq_kernel *k, int owner, uint32_t *count);
int iq_kernel_sa_flush(struct iq_kernel *k, const struct iq_sa *filter,
		       uint32_t *count);
int iq_kernel_ike_flush(struct iq_kernel *k, const struct iq_ike *filter,
			uint32_t *count);

/* Rules of translation, by id, and the table; @rule: its entries, 0: all. */
int iq_kernel_nat_rule_new(struct iq_kernel *k, const struct iq_nat_rule *rule,
			   int nlflags);
int iq_kernel_nat_rule_del(struct iq_kernel *k, uint32_t id);
int iq_kernel_nat_rule_dump(struct iq_kernel *k,
			    int (*cb)(const struct iq_nat_rule *rule, void *arg),
			    void *arg);
int iq_kernel_nat_dump(struct iq_kernel *k, uint32_t rule,
		       int (*cb)(const struct iq_nat *nat, void *arg), void *arg);
int iq_kernel_nat_flush(struct iq_kernel *k, uint32_t rule, uint32_t *count);

int iq_kernel_status(struct iq_kernel *k, struct iq_status *st);
int iq_kernel_conf(struct iq_kernel *k, const struct iq_conf *conf);

int iq_kernel_resync_start(struct iq_kernel *k, int owner, uint32_t *generation);
int iq_kernel_resync_end(struct iq_kernel *k, int owner, uint32_t generation,
			 uint32_t *count);

/**
 * iq_kernel_monitor() - join the events' multicast group on a socket of its own
 *
 * @nat: also that of the translation table
 *
 * Return: its file descriptor (non-blocking), to be polled, or a negative errno.
 */
int iq_kernel_monitor(struct iq_kernel *k, bool nat);

/**
 * iq_kernel_monitor_read() - read what is there and call @cb for each event
 *
 * Return: 0; -ENOBUFS where events were lost; -ENODEV where the module was
 * unloaded; what @cb returned; or another negative errno.
 */
int iq_kernel_monitor_read(struct iq_kernel *k,
			   int (*cb)(const struct iq_event *ev, void *arg),
			   void *arg);

#endif /* IPSEC_QOS_LIB_KERNEL_H */
