// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE	/* accept4(), struct ucred */
#include "feed/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "feed/conn.h"

#define ACCEPT_PAUSE	1.0	/* seconds, where the system has no descriptors */

/* Queries */

static int answer(struct conn *conn, const struct iq_feed_question *query,
		  uint32_t seq)
{
	struct server *server = conn->server;
	char why[IQ_FEED_WHY_MAX] = "";
	int err;

	err = server->ops->answer(server->arg, query, conn->ticket,
				  &conn->answer, why, sizeof(why));
	if (err)
		return conn_acknowledge(conn, seq, err, why[0] ? why : NULL, 0);
	conn->seq = seq;
	return conn_say_text(conn);
}

/* -EPIPE: closed. */
static int answer_waiting(struct conn *conn)
{
	struct server *server = conn->server;
	struct iq_feed_question query = { .query = conn->query };
	char why[IQ_FEED_WHY_MAX] = "";
	int ready;

	ready = server->ops->ready(server->arg, &query, conn->ticket, why,
				   sizeof(why));
	if (!ready)
		return 0;
	conn->waiting = false;
	if (ready < 0)
		return conn_acknowledge(conn, conn->seq, ready, why[0] ? why : NULL, 0);
	return answer(conn, &query, conn->seq);
}

/* What has happened before it is told so is not for it. -EPIPE: closed. */
static int on_listen(struct conn *conn, uint32_t seq)
{
	int err = events_listen(conn->server->events, &conn->next);

	if (err)
		return conn_acknowledge(conn, seq, err, err == -EBUSY ?
					"as many commands listen already as may" : NULL, 0);
	conn->listening = true;
	conn->more = true;
	conn->seq = seq;
	return conn_acknowledge(conn, seq, 0, NULL, 0);
}

static int on_query(struct conn *conn, const struct iq_feed_question *query,
		    uint32_t seq)
{
	struct server *server = conn->server;

	if (query->query == IQ_FEED_QUERY_EVENTS)
		return on_listen(conn, seq);
	if (query->query != IQ_FEED_QUERY_RELOAD &&
	    query->query != IQ_FEED_QUERY_CLASSES)
		return answer(conn, query, seq);
	conn->seq = seq;
	conn->query = query->query;
	conn->ticket = server->ops->prepare(server->arg, query);
	conn->waiting = true;
	return 0;
}

/* Requests to charons */

static struct conn *conn_of(struct request_charon *charon)
{
	return (struct conn *)((char *)charon - offsetof(struct conn, charon));
}

/* What it answers is about what it has stated, so that comes first. */
static bool can_send(struct request_charon *charon)
{
	const struct conn *conn = conn_of(charon);

	return !conn->held && sad_source_synced(conn->source);
}

static void send_request(struct request_charon *charon,
			 const struct iq_feed *msg)
{
	struct conn *conn = conn_of(charon);

	if (!conn_say(conn, msg))
		conn_watch(conn);
}

static const struct requests_ops requests_ops = {
	.ready = can_send,
	.send = send_request,
};

/* A command's request has come to its end. */
static void on_request_done(void *arg, const struct request_end *end)
{
	struct conn *conn = arg;
	struct server *server = conn->server;
	struct server_tunnel tunnel = {
		.ike_id = end->ike_id,
		.child_id = end->child_id,
		.took = end->took,
	};
	int err = end->err;

	conn->request = NULL;
	conn->spoke = false;
	if (!err) {
		if (end->charon) {
			tunnel.source = conn_of(end->charon)->source;
			tunnel.pid = conn_of(end->charon)->pid;
		}
		err = server->ops->tunnel(server->arg, &tunnel, &conn->answer);
	}
	err = err ? conn_acknowledge(conn, conn->seq, err, end->err ? end->why : NULL, 0) :
		    conn_say_text(conn);
	if (!err)
		conn_watch(conn);
}

static int on_initiate(struct conn *conn, const struct iq_feed *msg)
{
	int err;

	conn->request = request_new(conn->server->requests, &msg->initiate,
				    on_request_done, conn, &err);
	if (!conn->request)
		return conn_acknowledge(conn, msg->seq, err, err == -EBUSY ?
					"too many wait for what charon does" : NULL, 0);
	conn->seq = msg->seq;
	return 0;
}

/*
 * One that waits for its request, or listens, has nothing to say: it closes the
 * connection, or, of the first, what it says waits. -EPIPE: closed.
 */
static int look_at_waiting(struct conn *conn)
{
	char byte;
	ssize_t len;

	len = recv(conn->fd, &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT);
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (len <= 0) {
		conn_close(conn);
		return -EPIPE;
	}
	if (conn->listening) {
		conn_expel(conn, "it listens, and has nothing to say");
		return -EPIPE;
	}
	conn->spoke = true;
	return 0;
}

static void on_told(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct server *server = w->data;
	struct conn *conn, *next;

	for (conn = LIST_FIRST(&server->conns); conn; conn = next) {
		next = LIST_NEXT(conn, list);
		/* one that is in the midst of one goes on when it reads */
		if (conn->listening && !conn->text && !conn_say_events(conn))
			conn_watch(conn);
	}
}

bool server_listened(const struct server *server)
{
	return events_listened(server->events);
}

void server_tell(struct server *server, char *line)
{
	events_add(server->events, line);
	if (ev_is_active(&server->told))
		return;
	ev_timer_set(&server->told, 0.0, 0.0);
	ev_timer_start(server->loop, &server->told);
}

/* -EPIPE: closed. */
static int on_result(struct conn *conn, const struct iq_feed *msg)
{
	if (!requests_result(conn->server->requests, &conn->charon, msg->seq,
			     &msg->result))
		return 0;
	conn_expel(conn, "it answers what it was not asked");
	return -EPIPE;
}

/* Statements */

static int on_statement(struct conn *conn, const struct iq_feed *msg)
{
	struct server *server = conn->server;
	bool ack = msg->flags & NLM_F_ACK;
	struct sad_stated stated;
	const char *why = NULL;
	int err;

	err = sad_state(server->sad, conn->source, msg, monotonic(),
			&stated);
	if (err) {
		why = stated.why;
		log_once(&conn->refused, LOG_WARNING,
			 "what charon (process %d) said is refused: %s",
			 (int)conn->pid, why ? why : strerror(-err));
	} else if (msg->type == IQ_FEED_SYNC_START) {
		tables_begin(server->tables);
	} else if (msg->type == IQ_FEED_SYNC_END) {
		requests_kick(server->requests);
		tables_kick(server->tables);
		if (ack && tables_busy(server->tables)) {
			conn->syncing = true;
			conn->sync_seq = msg->seq;
			return 0;
		}
	} else if (ack) {
		err = tables_write(server->tables, &stated, &why);
	} else {
		tables_kick(server->tables);
	}
	if (!ack)
		return 0;
	return conn_acknowledge(conn, msg->seq, err, why, stated.group);
}

/*
 * The same charon has connected again, as it gave up what came before: what is
 * queued there is no longer true, and it states all it has anew. In another PID
 * namespace its process has no number here.
 */
static void end_older(struct conn *conn)
{
	struct conn *older, *next;

	for (older = LIST_FIRST(&conn->server->conns); older; older = next) {
		next = LIST_NEXT(older, list);
		if (older != conn && older->source && conn->pid > 0 &&
		    older->pid == conn->pid)
			conn_close(older);
	}
}

static int on_hello(struct conn *conn, const struct iq_feed *msg)
{
	struct server *server = conn->server;
	struct iq_feed hello = {
		.type = IQ_FEED_HELLO,
		.seq = msg->seq,
		.hello = { .version = IQ_FEED_VERSION },
	};
	char why[128];
	int err;

	if (msg->hello.version != IQ_FEED_VERSION) {
		snprintf(why, sizeof(why),
			 "it speaks version %u of the protocol, this daemon version %u: install both from the same release",
			 msg->hello.version, IQ_FEED_VERSION);
		log_warn("%s (process %d) is disconnected: %s",
			 conn_role(conn), (int)conn->pid, why);
		conn->ends = true;
		return conn_acknowledge(conn, msg->seq, -EPROTONOSUPPORT, why, 0) ?:
		       conn_flush(conn);
	}
	if (!msg->hello.role) {
		conn_expel(conn, "its HELLO says no ROLE");
		return -EPIPE;
	}
	conn->role = msg->hello.role;
	/* whoever is gone by now must not end what it has connected since */
	err = conn_say(conn, &hello);
	if (err || conn->role != IQ_FEED_ROLE_CHARON)
		return err;
	end_older(conn);
	conn->source = sad_connect(server->sad, conn->pid);
	if (!conn->source) {
		conn_expel(conn, "out of memory");
		return -EPIPE;
	}
	requests_charon(server->requests, &conn->charon);
	log_info("charon (process %d) connected", (int)conn->pid);
	if (msg->hello.element) {
		conn->share = share_new(server->shares, conn->pid, msg->hello.element);
		if (!conn->share) {
			conn_expel(conn, "out of memory");
			return -EPIPE;
		}
	}
	return conn_say_buckets(conn);
}

/* -EPIPE: closed. */
static int on_message(struct conn *conn, const struct iq_feed *msg)
{
	if (!conn->role) {
		if (msg->type == IQ_FEED_HELLO)
			return on_hello(conn, msg);
	} else if (iq_feed_says(conn->role, 0, msg->type)) {
		switch (msg->type) {
		case IQ_FEED_HELLO:
			break;
		case IQ_FEED_QUERY:
			return on_query(conn, &msg->query, msg->seq);
		case IQ_FEED_INITIATE:
			return on_initiate(conn, msg);
		case IQ_FEED_RESULT:
			return on_result(conn, msg);
		default:
			return on_statement(conn, msg);
		}
	}
	conn_expel(conn, "it sent a message that is not for it to send");
	return -EPIPE;
}

static void on_conn(struct ev_loop *loop, ev_io *w, int revents)
{
	struct conn *conn = w->data;
	struct server *server = conn->server;
	double end = monotonic() + SERVER_TURN_TIME;
	const char *why = NULL;
	struct iq_feed msg;
	unsigned int i;
	ssize_t len;

	if (conn_flush(conn) ||
	    ((conn->request || conn->listening) && look_at_waiting(conn)))
		return;
	for (i = 0; i < SERVER_TURN && monotonic() < end; i++) {
		if (conn->held || conn->answer || conn->waiting ||
		    conn->request || conn->listening)
			break;
		/* MSG_TRUNC: the whole length of what does not fit */
		len = recv(conn->fd, &server->in, sizeof(server->in),
			   MSG_DONTWAIT | MSG_TRUNC);
		if (len < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (len <= 0) {
			conn_close(conn);
			return;
		}
		if (iq_feed_get(&server->in, len, &msg, &why)) {
			conn_expel(conn, why);
			return;
		}
		if (on_message(conn, &msg))
			return;
	}
	conn_watch(conn);
}

static void on_patience(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct conn *conn = w->data;

	conn_expel(conn, conn->role ? "it does not read its answers" :
				      "it does not say HELLO");
}

static void accept_one(struct server *server, int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	struct conn *conn;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len)) {
		log_warn("a client is disconnected: no credentials: %s",
			 strerror(errno));
		goto refuse;
	}
	if (cred.uid != 0) {
		log_warn("a client (process %d) is disconnected: it is user %u, not root",
			 (int)cred.pid, (unsigned int)cred.uid);
		goto refuse;
	}
	if (server->n_conns >= SERVER_CONNECTIONS) {
		log_once(&server->full, LOG_WARNING,
			 "%u connections are open: no more are accepted until some are closed",
			 server->n_conns);
		goto refuse;
	}
	conn = calloc(1, sizeof(*conn));
	if (!conn)
		goto refuse;
	conn->server = server;
	conn->fd = fd;
	conn->pid = cred.pid;
	ev_io_init(&conn->io, on_conn, fd, EV_READ);
	ev_timer_init(&conn->patience, on_patience, 0.0, SERVER_PATIENCE);
	conn->io.data = conn->patience.data = conn;
	LIST_INSERT_HEAD(&server->conns, conn, list);
	server->n_conns++;
	conn_watch(conn);
	return;

refuse:
	close(fd);
}

static void on_accept(struct ev_loop *loop, ev_io *w, int revents)
{
	struct server *server = w->data;
	int fd;

	fd = accept4(server->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0) {
		log_over(&server->cannot, "connections are accepted again");
		accept_one(server, fd);
		return;
	}
	if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
		return;
	/* it stays readable: do not spin */
	log_once(&server->cannot, LOG_ERR, "cannot accept connections: %s",
		 strerror(errno));
	ev_io_stop(loop, &server->io);
	ev_timer_again(loop, &server->pause);
}

static void on_pause(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct server *server = w->data;

	ev_timer_stop(loop, w);
	ev_io_start(loop, &server->io);
}

int server_open(struct server **out, struct ev_loop *loop, const char *path,
		struct sad *sad, const struct server_ops *ops, void *arg)
{
	struct server *server;
	int err = -ENOMEM;

	server = calloc(1, sizeof(*server));
	if (!server)
		return -ENOMEM;
	server->loop = loop;
	server->sad = sad;
	server->ops = ops;
	server->arg = arg;
	LIST_INIT(&server->conns);
	server->requests = requests_new(loop, &requests_ops);
	server->events = events_new();
	server->shares = shares_new(ops->buckets, arg);
	if (!server->requests || !server->events || !server->shares)
		goto no_socket;
	err = listener_open(&server->listener, path, SERVER_CONNECTIONS);
	if (err)
		goto no_socket;

	ev_io_init(&server->io, on_accept, server->listener.fd, EV_READ);
	ev_timer_init(&server->pause, on_pause, 0.0, ACCEPT_PAUSE);
	ev_timer_init(&server->told, on_told, 0.0, 0.0);
	server->io.data = server->pause.data = server->told.data = server;
	ev_io_start(loop, &server->io);
	*out = server;
	return 0;

no_socket:
	shares_free(server->shares);
	events_free(server->events);
	requests_free(server->requests);
	free(server);
	return err;
}

void server_tables(struct server *server, struct tables *tables)
{
	server->tables = tables;
}

void server_settled(struct server *server)
{
	struct conn *conn, *next;

	for (conn = LIST_FIRST(&server->conns); conn; conn = next) {
		next = LIST_NEXT(conn, list);
		if (conn->held || conn->answer)
			continue;
		if (conn->waiting && answer_waiting(conn))
			continue;
		if (conn->syncing && conn_flush(conn))
			continue;
		conn_watch(conn);
	}
}

void server_buckets(struct server *server)
{
	struct conn *conn, *next;

	shares_look(server->shares);
	for (conn = LIST_FIRST(&server->conns); conn; conn = next) {
		next = LIST_NEXT(conn, list);
		if (conn->share && !conn_say_buckets(conn))
			conn_watch(conn);
	}
}

const char *server_trouble(const struct server *server, size_t i)
{
	return shares_trouble(server->shares, i);
}

void server_close(struct server *server)
{
	struct conn *conn;

	if (!server)
		return;
	while ((conn = LIST_FIRST(&server->conns)))
		conn_close(conn);
	ev_io_stop(server->loop, &server->io);
	ev_timer_stop(server->loop, &server->pause);
	ev_timer_stop(server->loop, &server->told);
	requests_free(server->requests);
	events_free(server->events);
	shares_free(server->shares);
	listener_close(&server->listener);
	free(server);
}
