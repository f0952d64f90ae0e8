/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon is made of.
 */
#ifndef IPSEC_QOSD_DAEMON_H
#define IPSEC_QOSD_DAEMON_H

#include <time.h>

#include <ev.h>

#include "chain/chain.h"
#include "config/config.h"
#include "lib/feed/feed.h"
#include "config/loader.h"
#include "log.h"
#include "sa/sad.h"
#include "feed/server.h"
#include "shaping/shaping.h"
#include "steer/steer.h"
#include "sa/leasefile.h"
#include "sa/tables.h"

#define DAEMON_VERSION	IPSEC_QOS_VERSION

/**
 * struct daemon - all of it
 *
 * @file: the configuration's
 * @socket: where charon connects to
 * @lease_file: which peer has which group
 * @config: the one in use
 * @loaded: when it was read
 * @error: why the last attempt to read it anew failed, "": it did not
 * @tried: the last attempt's ticket, and @used the last one's that succeeded
 * @status: what the service manager was told last
 * @no_charon: runs while none is connected, until that is @said
 * @started: by monotonic()
 * @sockets: what checks of elements are made with
 */
struct daemon {
	const char *file;
	const char *socket;
	const char *lease_file;
	struct config *config;
	time_t loaded;
	char error[IQ_FEED_WHY_MAX];
	uint32_t tried;
	uint32_t used;
	char status[64];
	double started;
	struct ev_loop *loop;
	ev_timer no_charon;
	struct said said;
	struct sad *sad;
	struct leasefile *leases;
	struct tables *tables;
	struct server *server;
	struct shaping *shaping;
	struct check_sockets sockets;
	struct watch_sockets watch_sockets;
	struct steer *steer;
	struct chain *chain;
	struct loader *loader;
};

#endif /* IPSEC_QOSD_DAEMON_H */
