// SPDX-License-Identifier: GPL-2.0-or-later
#include "steer/admission.h"

#include <errno.h>
#include <net/if.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef HAVE_LIBNFTABLES
#include <nftables/libnftables.h>
#endif

#include "errand.h"
#include "log.h"

#define LOOK_AGAIN	1.0	/* seconds until what others changed is looked at */
#define RETRY		10.0	/* seconds until what failed is tried again */
#define LOOK_OUTSIDE	5.0	/* seconds until devices are looked at again */

/* by which a table is known to be the daemon's */
#define OURS		"comment \"kept by ipsec-qosd\""

/**
 * struct admission - see admission.h
 *
 * @config: in use, NULL: none yet
 * @events: nftables' own
 * @look: looks whether the table is as it was left; tries again what failed
 * @look_outside: looks whether packets can be seen to come from the devices outside
 * @unseen: they cannot
 */
struct admission {
	struct ev_loop *loop;
	void (*settled)(void *arg);
	void *arg;
	struct config *config;
	struct errand *errand;
	ev_io events;
	ev_timer look;
	ev_timer look_outside;
	struct said trouble;
	struct said unseen;
};

/* The rules */

static void put_ports(FILE *out, const struct iq_conf *conf)
{
	size_t i;

	fprintf(out, "\t\tudp dport {");
	for (i = 0; i < conf->n_ike_ports; i++)
		fprintf(out, "%s %u", i ? "," : "", conf->ike_ports[i]);
	for (i = 0; i < conf->n_natt_ports; i++)
		fprintf(out, ", %u", conf->natt_ports[i]);
	fprintf(out, " } accept\n");
}

static void put_from(FILE *out, const struct admit *admit, int family)
{
	char text[PREFIX_TEXT];
	const char *before = "\t\telements = { ";
	size_t i;

	fprintf(out, "\tset from%d {\n\t\ttype %s; flags interval; auto-merge\n",
		family == AF_INET ? 4 : 6, family == AF_INET ? "ipv4_addr" : "ipv6_addr");
	for (i = 0; i < admit->n_from; i++) {
		if (admit->from[i].addr.family != family)
			continue;
		fprintf(out, "%s%s", before, prefix_text(&admit->from[i], text));
		before = ", ";
	}
	fprintf(out, *before == ',' ? " }\n\t}\n" : "\t}\n");
}

static void put_hook(FILE *out, const char *hook)
{
	fprintf(out,
		"\tchain %s {\n"
		"\t\ttype filter hook %s priority filter; policy accept;\n"
		"\t\tiifname @outside jump judge\n"
		/* of a device in a VRF the hook shows the VRF */
		"\t\tmeta sdifname @outside jump judge\n"
		"\t}\n", hook, hook);
}

static void put_table(FILE *out, const struct config *config)
{
	const struct admit *admit = config->steer.admit;
	size_t i;

	fprintf(out, "table " ADMISSION_TABLE " {\n\t" OURS
		"\n\tset outside {\n\t\ttype ifname\n\t\telements = {");
	for (i = 0; i < admit->n_outside; i++)
		fprintf(out, "%s \"%s\"", i ? "," : "", admit->outside[i]);
	fprintf(out, " }\n\t}\n");
	put_from(out, admit, AF_INET);
	put_from(out, admit, AF_INET6);
	fprintf(out,
		"\tcounter admitted { }\n"
		"\tcounter dropped { }\n"
		"\tchain judge {\n"
		/* what came out of an SA */
		"\t\tmeta secpath exists accept\n"
		"\t\tmeta l4proto { esp, ah } accept\n");
	put_ports(out, &config->conf);
	/* nothing without the first fragment, which is judged */
	fprintf(out,
		"\t\tip frag-off & 0x1fff != 0 accept\n"
		"\t\tfrag frag-off != 0 accept\n"
		"\t\ticmp type { destination-unreachable, time-exceeded, parameter-problem } accept\n"
		"\t\ticmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem,"
		" nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, nd-redirect,"
		" mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } accept\n"
		"\t\tip saddr @from4 counter name admitted accept\n"
		"\t\tip6 saddr @from6 counter name admitted accept\n"
		"\t\tcounter name dropped drop\n"
		"\t}\n");
	put_hook(out, "forward");
	if (admit->input)
		put_hook(out, "input");
	fprintf(out, "}\n");
}

char *admission_rules(const struct config *config)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	/* one that is not there cannot be deleted: and all of this is one transaction */
	fprintf(out, "add table " ADMISSION_TABLE "\ndelete table " ADMISSION_TABLE "\n");
	if (config->steer.admit)
		put_table(out, config);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

/* The thread */

/**
 * struct kept - what the errand keeps
 *
 * @rules: that were put in force last, NULL: none
 * @listed: how nft lists the table that they made, but for its counters
 */
struct kept {
	char *rules;
	char *listed;
};

static void end(void *state)
{
	struct kept *kept = state;

	free(kept->rules);
	free(kept->listed);
	free(kept);
}

static void drop(void *wanted)
{
	config_free(wanted);
}

#ifdef HAVE_LIBNFTABLES

/*
 * Have nft do it; what it prints, as @flags say, goes to *@output, which is to be freed, if
 * not NULL.
 */
static int run(const char *command, unsigned int flags, char **output, char *why, size_t size)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	const char *error;
	int err;

	if (!nft) {
		snprintf(why, size, "nftables cannot be reached");
		return -EIO;
	}
	nft_ctx_output_set_flags(nft, NFT_CTX_OUTPUT_STATELESS | NFT_CTX_OUTPUT_NUMERIC_ALL |
				 flags);
	nft_ctx_buffer_output(nft);
	nft_ctx_buffer_error(nft);
	err = nft_run_cmd_from_buffer(nft, command) ? -EINVAL : 0;
	error = nft_ctx_get_error_buffer(nft);
	if (err)
		snprintf(why, size, "%.*s", (int)strcspn(error, "\n"), error);
	else if (output)
		*output = strdup(nft_ctx_get_output_buffer(nft));
	nft_ctx_free(nft);
	return err;
}

/* Is the table as it was left? */
static bool is_as_left(const struct kept *kept)
{
	char why[ERRAND_WHY], *listed = NULL;
	bool same;

	if (!kept->listed || run("list table " ADMISSION_TABLE, 0, &listed, why, sizeof(why)))
		return false;
	same = listed && !strcmp(listed, kept->listed);
	free(listed);
	return same;
}

/* Is there a table of that name which somebody else has made? */
static bool is_others(void)
{
	char why[ERRAND_WHY], *listed = NULL;
	bool others;

	if (run("list table " ADMISSION_TABLE, NFT_CTX_OUTPUT_TERSE, &listed, why, sizeof(why)))
		return false;
	others = listed && !strstr(listed, "\n\t" OURS "\n");
	free(listed);
	return others;
}

static int put_in_force(struct kept *kept, char *rules, bool any, char *why, size_t size)
{
	int err = run(rules, 0, NULL, why, size);

	free(kept->listed);
	free(kept->rules);
	kept->listed = NULL;
	kept->rules = err ? NULL : rules;
	if (err)
		free(rules);
	else if (any)
		run("list table " ADMISSION_TABLE, 0, &kept->listed, why, size);
	return err;
}

static int do_it(void *state, void *wanted, char *why, size_t size)
{
	const struct config *config = wanted;
	bool any = config->steer.admit;
	struct kept *kept = state;
	char *rules;

	/* nobody made a table where there is no nftables, and it is not loaded for that */
	if (!any && !kept->rules && access("/sys/module/nf_tables", F_OK))
		return 0;
	rules = admission_rules(config);
	if (!rules)
		return -ENOMEM;
	if (kept->rules && !strcmp(kept->rules, rules) && (!any || is_as_left(kept))) {
		free(rules);
		return 0;
	}
	if (is_others()) {
		free(rules);
		if (!any)
			return 0;
		snprintf(why, size,
			 "there is an nftables table " ADMISSION_TABLE
			 " which is not the daemon's: give it another name");
		return -EEXIST;
	}
	if (kept->rules && !strcmp(kept->rules, rules))
		log_warn("somebody changed the nftables table " ADMISSION_TABLE ": it is put back");
	return put_in_force(kept, rules, any, why, size);
}

#else

static int do_it(void *state, void *wanted, char *why, size_t size)
{
	const struct config *config = wanted;

	if (!config->steer.admit)
		return 0;
	snprintf(why, size, "this daemon is built without libnftables");
	return -ENOSYS;
}

#endif

/* What packets are seen to come from */

/* A bridge, a bond: what comes by one of its devices is seen to come from the whole. */
static bool is_part(const char *device)
{
	static const char *const parts[] = { "brport", "bonding_slave" };
	char path[64];
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		snprintf(path, sizeof(path), "/sys/class/net/%s/%s", device, parts[i]);
		if (!access(path, F_OK))
			return true;
	}
	return false;
}

bool admission_unseen(const struct config *config, char *why, size_t size)
{
	const struct admit *admit = config->steer.admit;
	size_t i;

	for (i = 0; admit && i < admit->n_outside; i++) {
		const char *device = admit->outside[i];

		if (!if_nametoindex(device)) {
			snprintf(why, size, "there is no device %s", device);
			return true;
		}
		if (is_part(device)) {
			snprintf(why, size,
				 "%s is in a bridge or a bond, whose packets are seen to come from that: name it instead",
				 device);
			return true;
		}
	}
	return false;
}

/* The daemon's loop */

static void look_after(struct admission *a, double seconds)
{
	if (ev_is_active(&a->look))
		return;
	ev_timer_set(&a->look, seconds, 0.0);
	ev_timer_start(a->loop, &a->look);
}

static void done(void *arg, int err, const char *why)
{
	struct admission *a = arg;

	if (err) {
		log_once(&a->trouble, LOG_ERR, "clear text is not judged as admit says: %s",
			 *why ? why : strerror(-err));
		look_after(a, RETRY);
	} else {
		log_over(&a->trouble, "clear text is judged as admit says");
	}
	a->settled(a->arg);
}

static void look_outside(struct admission *a)
{
	char why[ERRAND_WHY];

	if (admission_unseen(a->config, why, sizeof(why)))
		log_once(&a->unseen, LOG_ERR, "admit: clear text from outside is not judged: %s",
			 why);
	else
		log_over(&a->unseen, "admit: nothing comes from outside unseen any more");
}

static void on_look_outside(struct ev_loop *loop, ev_timer *w, int revents)
{
	look_outside(w->data);
}

static const struct errand_ops ops = {
	.run = do_it, .free = drop, .end = end, .done = done,
};

static void on_look(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct admission *a = w->data;

	if (a->config)
		errand_want(a->errand, config_hold(a->config));
}

/* A transaction of nftables, anybody's: each ends with a message that says so. */
static void on_events(struct ev_loop *loop, ev_io *w, int revents)
{
	struct admission *a = w->data;
	char buf[8192];

	int i;

	/* the rest in the next turn: that something happened is all that is read */
	for (i = 0; i < 64 && recv(w->fd, buf, sizeof(buf), MSG_DONTWAIT) > 0; i++)
		;
	if (a->config && a->config->steer.admit)
		look_after(a, LOOK_AGAIN);
}

/* Without it somebody's change goes unnoticed, which is no reason not to admit. */
static void listen_to(struct admission *a)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	int fd, group = NFNLGRP_NFTABLES;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
	if (fd < 0)
		return;
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group))) {
		log_warn("what is changed by hand in nftables goes unnoticed: %s", strerror(errno));
		close(fd);
		return;
	}
	ev_io_init(&a->events, on_events, fd, EV_READ);
	a->events.data = a;
	ev_io_start(a->loop, &a->events);
}

static void stop_listening(struct admission *a)
{
	if (!ev_is_active(&a->events))
		return;
	ev_io_stop(a->loop, &a->events);
	close(a->events.fd);
}

void admission_config(struct admission *a, struct config *config)
{
	config_free(a->config);
	a->config = config_hold(config);
	ev_timer_stop(a->loop, &a->look);
	/* nftables may be loaded by that */
	if (!config->steer.admit)
		stop_listening(a);
	else if (!ev_is_active(&a->events))
		listen_to(a);
	look_outside(a);
	if (config->steer.admit)
		ev_timer_again(a->loop, &a->look_outside);
	else
		ev_timer_stop(a->loop, &a->look_outside);
	errand_want(a->errand, config_hold(config));
}

bool admission_busy(const struct admission *a)
{
	return errand_busy(a->errand);
}

const char *admission_trouble(const struct admission *a)
{
	if (a->trouble.text[0])
		return a->trouble.text;
	return a->unseen.text[0] ? a->unseen.text : NULL;
}

int admission_open(struct admission **out, struct ev_loop *loop, void (*settled)(void *arg),
		   void *arg)
{
	struct admission *a = calloc(1, sizeof(*a));
	struct kept *kept = calloc(1, sizeof(*kept));
	int err = -ENOMEM;

	if (a && kept) {
		a->loop = loop;
		a->settled = settled;
		a->arg = arg;
		ev_init(&a->events, on_events);
		ev_timer_init(&a->look, on_look, 0.0, 0.0);
		a->look.data = a;
		ev_timer_init(&a->look_outside, on_look_outside, 0.0, LOOK_OUTSIDE);
		a->look_outside.data = a;
		err = errand_open(&a->errand, loop, &ops, kept, a);
	}
	if (err) {
		free(a);
		free(kept);
		return err;
	}
	*out = a;
	return 0;
}

void admission_close(struct admission *a)
{
	if (!a)
		return;
	ev_timer_stop(a->loop, &a->look);
	ev_timer_stop(a->loop, &a->look_outside);
	stop_listening(a);
	errand_close(a->errand);
	config_free(a->config);
	free(a);
}
