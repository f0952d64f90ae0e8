// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qosd: options, signals, privileges, and one configuration after the
 * other.
 */
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <ev.h>

#include "feed/answer.h"
#include "feed/peers.h"
#include "clock.h"
#include "daemon.h"
#include "log.h"
#include "lib/ready.h"
#include "steer/own.h"

#define CHARON_WAIT	5.0	/* seconds for which no charon is no news */

static void usage(FILE *file)
{
	fprintf(file,
		"Usage: ipsec-qosd [-c FILE] [-S SOCKET] [-l FILE] [-d] [-t | -V | -h]\n"
		"\n"
		"  -c FILE    the configuration (%s)\n"
		"  -S SOCKET  where charon and ipsec-qos connect to (%s)\n"
		"  -l FILE    which peer has which group (%s)\n"
		"  -d         say more\n"
		"  -t         test the configuration and exit\n"
		"  -V, --version\n"
		"             print the version and exit\n"
		"  -h, --help print this and exit\n"
		"\n"
		"It stays in the foreground. SIGHUP: read the configuration again.\n",
		CONFIG_FILE, IQ_FEED_SOCKET, LEASE_FILE);
}

/*
 * All that is needed of root is CAP_NET_ADMIN. The user stays root: whoever
 * connects to the socket wants to be sure of that.
 */
static int drop_privileges(void)
{
	static const cap_value_t keep = CAP_NET_ADMIN;
	cap_value_t cap;
	cap_t caps;
	int err;

	/* Fails where the bounding set cannot be changed; then systemd did. */
	for (cap = 0; cap_get_bound(cap) >= 0; cap++)
		if (cap != keep)
			cap_drop_bound(cap);

	caps = cap_init();
	if (!caps ||
	    cap_set_flag(caps, CAP_PERMITTED, 1, &keep, CAP_SET) ||
	    cap_set_flag(caps, CAP_EFFECTIVE, 1, &keep, CAP_SET) ||
	    cap_set_proc(caps) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) {
		err = -errno;
		log_err("cannot keep CAP_NET_ADMIN alone: %s", strerror(-err));
		cap_free(caps);
		return err;
	}
	cap_free(caps);
	return 0;
}

/* What the configuration says, and may not mean so. */
static void say_warnings(const struct config *config)
{
	size_t i;

	for (i = 0; i < config->n_warnings; i++)
		log_warn("%s", config->warnings[i]);
}

static void on_no_charon(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct daemon *daemon = w->data;
	const struct element *self = daemon->config->steer.self;
	struct own own = {};

	if (self)
		own_buckets(daemon->config, self, &own);
	log_once(&daemon->said, LOG_WARNING,
		 "no charon is connected to %s, so no new SA has a group%s: is strongSwan running with its plugin ipsec-qos, and is the plugin's socket the same?",
		 daemon->socket,
		 own.n ? ", nor an SPI by which packets come to this element" :
			 "");
}

static void watch_charon(struct daemon *daemon, bool there)
{
	if (there) {
		ev_timer_stop(daemon->loop, &daemon->no_charon);
		log_over(&daemon->said, "a charon is connected");
	} else if (!daemon->said.text[0] &&
		   !ev_is_active(&daemon->no_charon)) {
		ev_timer_set(&daemon->no_charon, CHARON_WAIT, 0.0);
		ev_timer_start(daemon->loop, &daemon->no_charon);
	}
}

/* What systemctl status shows. */
static void show_status(struct daemon *daemon)
{
	unsigned int n = sad_charons(daemon->sad);
	char status[sizeof(daemon->status)];

	watch_charon(daemon, n);
	snprintf(status, sizeof(status), "STATUS=module %s, charon %s",
		 tables_there(daemon->tables) ? "loaded" : "not loaded",
		 !n ? "not connected" :
		 sad_synced(daemon->sad) ? "connected" : "stating its SAs");
	if (!strcmp(status, daemon->status))
		return;
	strcpy(daemon->status, status);
	sd_notify(0, status);
}

static void on_settled(void *arg)
{
	struct daemon *daemon = arg;

	show_status(daemon);
	server_settled(daemon->server);
}

static int use_config(struct daemon *daemon, struct config *config)
{
	int err = sad_config(daemon->sad, config);

	/* which opens a generation, in which the others state what is new */
	if (!err)
		err = steer_config(daemon->steer, config);
	if (!err)
		err = chain_config(daemon->chain, config);
	if (!err)
		err = tables_config(daemon->tables, config);
	if (!err)
		shaping_config(daemon->shaping, config);
	return err;
}

static uint32_t reload(struct daemon *daemon)
{
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
		   (unsigned long long)(monotonic() * 1e6));
	return loader_load(daemon->loader);
}

static void on_loaded(void *arg, uint32_t ticket, struct config *config,
		      const char *why)
{
	struct daemon *daemon = arg;
	int err = 0;

	if (!config) {
		err = -EINVAL;
	} else if (use_config(daemon, config)) {
		err = -ENOMEM;
		why = "out of memory";
		/* where not even this succeeds, parts of the new are in use */
		if (!use_config(daemon, daemon->config))
			config_free(config);
	} else {
		loader_free(daemon->loader, daemon->config);
		daemon->config = config;
		daemon->loaded = time(NULL);
		daemon->used = ticket;
		server_buckets(daemon->server);
	}

	daemon->tried = ticket;
	snprintf(daemon->error, sizeof(daemon->error), "%s", err ? why : "");
	if (err) {
		log_err("the configuration is kept as it was: %s", why);
	} else {
		log_info("%s: %zu groups, %zu profiles, %zu policies",
			 daemon->file, config->n_groups, config->n_profiles,
			 config->n_shapers);
		say_warnings(config);
	}
	sd_notify(0, "READY=1");
	/* who is refused is told now: another load would forget why */
	server_settled(daemon->server);
}

static void on_hup(struct ev_loop *loop, ev_signal *w, int revents)
{
	reload(w->data);
}

static void on_end(struct ev_loop *loop, ev_signal *w, int revents)
{
	ev_break(loop, EVBREAK_ALL);
}

static uint32_t prepare(void *arg, const struct iq_feed_question *query)
{
	struct daemon *daemon = arg;

	return query->query == IQ_FEED_QUERY_RELOAD ?
	       reload(daemon) : shaping_ask(daemon->shaping);
}

/* Once read, a reload waits for the tables, and for classes as long as it may. */
static int is_ready(void *arg, const struct iq_feed_question *query, uint32_t ticket,
		    char *why, size_t size)
{
	struct daemon *daemon = arg;

	if (query->query != IQ_FEED_QUERY_RELOAD)
		return shaping_asked(daemon->shaping, ticket);
	if ((int32_t)(daemon->tried - ticket) < 0)
		return 0;
	if ((int32_t)(daemon->used - ticket) < 0) {
		snprintf(why, size, "%s", daemon->error);
		return -EINVAL;
	}
	return !tables_busy(daemon->tables) && steer_settled(daemon->steer) &&
	       chain_settled(daemon->chain) && shaping_settled(daemon->shaping);
}

static int answer_query(void *arg, const struct iq_feed_question *query, uint32_t ticket,
			struct answer **answer, char *why, size_t size)
{
	return answer_begin(arg, query, ticket, answer, why, size);
}

static int answer_result(void *arg, const struct server_tunnel *tunnel,
			 struct answer **answer)
{
	return answer_tunnel(arg, tunnel, answer);
}

/* What a charon chooses its SPIs by. */
static const char *find_buckets(void *arg, const char *element, uint8_t *home, char *why,
				size_t size)
{
	struct daemon *daemon = arg;

	return own_find(daemon->config, element, home, why, size);
}

static const struct server_ops server_ops = {
	.prepare = prepare,
	.ready = is_ready,
	.answer = answer_query,
	.tunnel = answer_result,
	.buckets = find_buckets,
};

static void on_done(void *arg)
{
	struct daemon *daemon = arg;

	server_settled(daemon->server);
}

static void on_lease_used(void *arg, const struct lease *lease, bool fresh)
{
	struct daemon *daemon = arg;

	if (fresh) {
		log_debug("group %u is %s's now", lease->id, lease->identity);
		shaping_fresh(daemon->shaping, lease->id);
	}
	shaping_need(daemon->shaping, lease->id);
}

static void on_lease_written(void *arg, const struct lease *lease)
{
	struct daemon *daemon = arg;

	leasefile_add(daemon->leases, lease);
}

static const struct lease_ops lease_ops = {
	.used = on_lease_used,
	.written = on_lease_written,
};

static int open_steer(struct daemon *daemon, struct ev_loop *loop)
{
	char *folder = strdup(daemon->lease_file);
	struct steer_setup setup = {
		.loop = loop, .sad = daemon->sad, .tables = daemon->tables,
		.config = daemon->config, .sockets = daemon->sockets,
		.folder = folder ? dirname(folder) : NULL, .settled = on_done, .arg = daemon,
	};
	int err = folder ? steer_open(&daemon->steer, &setup) : -ENOMEM;

	free(folder);
	return err;
}

static int open_chain(struct daemon *daemon, struct ev_loop *loop)
{
	char *folder = strdup(daemon->lease_file);
	struct chain_setup setup = {
		.loop = loop, .tables = daemon->tables, .config = daemon->config,
		.folder = folder ? dirname(folder) : NULL, .sockets = &daemon->watch_sockets,
		.settled = on_done, .arg = daemon,
	};
	int err = folder ? chain_open(&daemon->chain, &setup) : -ENOMEM;

	free(folder);
	return err;
}

static int start(struct daemon *daemon, struct ev_loop *loop)
{
	int err;

	daemon->sad = sad_new();
	if (!daemon->sad) {
		log_err("out of memory");
		return -ENOMEM;
	}
	err = sad_config(daemon->sad, daemon->config);
	if (err) {
		log_err("out of memory");
		return err;
	}
	leases_tell(sad_leases(daemon->sad), &lease_ops, daemon);
	presence_tell(daemon->sad, &peers_ops, daemon);
	err = leasefile_open(&daemon->leases, loop, daemon->lease_file,
			     sad_leases(daemon->sad));
	if (err) {
		log_err("cannot start a thread: %s", strerror(-err));
		return err;
	}
	err = server_open(&daemon->server, loop, daemon->socket, daemon->sad,
			  &server_ops, daemon);
	if (err)
		return err;
	err = tables_open(&daemon->tables, loop, daemon->sad, daemon->config,
			  on_settled, daemon);
	if (err) {
		log_err("cannot watch for the module: %s", strerror(-err));
		return err;
	}
	server_tables(daemon->server, daemon->tables);
	/* threads have the privileges that are left by now */
	err = shaping_open(&daemon->shaping, loop, daemon->config, on_done,
			   daemon);
	if (err) {
		log_err("cannot make traffic classes: %s", strerror(-err));
		return err;
	}
	err = open_steer(daemon, loop);
	if (err) {
		log_err("cannot steer: %s", strerror(-err));
		return err;
	}
	err = open_chain(daemon, loop);
	if (err) {
		log_err("cannot make service chains: %s", strerror(-err));
		return err;
	}
	err = loader_open(&daemon->loader, loop, daemon->file, on_loaded,
			  daemon);
	if (err)
		log_err("cannot start a thread: %s", strerror(-err));
	return err;
}

static int run(struct daemon *daemon)
{
	struct ev_loop *loop = ev_default_loop(EVFLAG_NOENV);
	ev_signal hup, term, intr;
	int err;

	if (!loop) {
		log_err("cannot make an event loop: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	signal(SIGPIPE, SIG_IGN);
	daemon->loop = loop;
	ev_timer_init(&daemon->no_charon, on_no_charon, 0.0, 0.0);
	daemon->no_charon.data = daemon;
	err = start(daemon, loop);
	if (!err) {
		ev_signal_init(&hup, on_hup, SIGHUP);
		ev_signal_init(&term, on_end, SIGTERM);
		ev_signal_init(&intr, on_end, SIGINT);
		hup.data = daemon;
		ev_signal_start(loop, &hup);
		ev_signal_start(loop, &term);
		ev_signal_start(loop, &intr);
		log_info("version %s, %s: %zu groups, %zu profiles, %zu policies",
			 DAEMON_VERSION, daemon->file, daemon->config->n_groups,
			 daemon->config->n_profiles,
			 daemon->config->n_shapers);
		sd_notify(0, "READY=1");
		show_status(daemon);
		ev_run(loop, 0);
		sd_notify(0, "STOPPING=1");
		log_info("ending; the kernel's tables and classes stay as they are");
	}
	server_close(daemon->server);
	loader_close(daemon->loader);
	shaping_close(daemon->shaping);
	chain_close(daemon->chain);
	steer_close(daemon->steer);
	tables_close(daemon->tables);
	leasefile_close(daemon->leases);
	sad_free(daemon->sad);
	ev_loop_destroy(loop);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	struct daemon daemon = {
		.file = CONFIG_FILE,
		.socket = IQ_FEED_SOCKET,
		.lease_file = LEASE_FILE,
		.started = monotonic(),
	};
	int opt, level = LOG_INFO, status;
	bool test = false;
	char why[IQ_FEED_WHY_MAX];

	while ((opt = getopt_long(argc, argv, "c:S:l:dtVh", options, NULL)) != -1) {
		switch (opt) {
		case 'c':
			daemon.file = optarg;
			break;
		case 'S':
			daemon.socket = optarg;
			break;
		case 'l':
			daemon.lease_file = optarg;
			break;
		case 'd':
			level = LOG_DEBUG;
			break;
		case 't':
			test = true;
			break;
		case 'V':
			printf("ipsec-qosd %s\n", DAEMON_VERSION);
			return EXIT_SUCCESS;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		default:
			usage(stderr);
			return EXIT_FAILURE;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return EXIT_FAILURE;
	}
	log_init(level);

	daemon.config = config_load(daemon.file, why, sizeof(why));
	if (!daemon.config) {
		log_err("%s", why);
		return EXIT_FAILURE;
	}
	daemon.loaded = time(NULL);
	say_warnings(daemon.config);
	if (test) {
		printf("%s: %zu groups, %zu profiles, %zu policies\n",
		       daemon.file, daemon.config->n_groups,
		       daemon.config->n_profiles, daemon.config->n_shapers);
		status = EXIT_SUCCESS;
	} else if (geteuid() != 0) {
		log_err("run it as root: those who connect to the socket expect root");
		status = EXIT_FAILURE;
	} else {
		/* which takes CAP_NET_RAW; what uses them needs none */
		daemon.sockets = check_sockets_open();
		watch_sockets_open(&daemon.watch_sockets);
		status = drop_privileges() ? EXIT_FAILURE : run(&daemon);
	}
	config_free(daemon.config);
	return status;
}
