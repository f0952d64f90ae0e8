// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Bytes of an answer in one message: room for its header, the attribute's, NUL. */
#define PIECE	(IQ_FEED_MSG_MAX - 64)

const char *conn_role(const struct conn *conn)
{
	switch (conn->role) {
	case IQ_FEED_ROLE_CHARON:
		return "charon";
	case IQ_FEED_ROLE_COMMAND:
		return "a command";
	default:
		return "a client";
	}
}

void conn_close(struct conn *conn)
{
	struct server *server = conn->server;

	if (conn->source) {
		log_info("charon (process %d) disconnected", (int)conn->pid);
		requests_charon_gone(server->requests, &conn->charon);
		sad_disconnect(server->sad, conn->source);
		tables_kick(server->tables);
	}
	if (conn->request)
		request_forget(conn->request);
	if (conn->listening)
		events_leave(server->events);
	share_end(conn->share);
	ev_io_stop(server->loop, &conn->io);
	ev_timer_stop(server->loop, &conn->patience);
	close(conn->fd);
	LIST_REMOVE(conn, list);
	server->n_conns--;
	free(conn->held);
	answer_end(conn->answer);
	free(conn->text);
	free(conn);
	log_over(&server->full, "connections are accepted again");
}

void conn_expel(struct conn *conn, const char *why)
{
	log_warn("%s (process %d) is disconnected: %s", conn_role(conn),
		 (int)conn->pid, why);
	conn_close(conn);
}

void conn_watch(struct conn *conn)
{
	struct server *server = conn->server;
	bool blocked = conn->held || conn->answer;
	bool busy = conn->waiting || conn->spoke;
	int events = blocked ? EV_WRITE : busy ? EV_NONE : EV_READ;

	/* it may have its time, and close the connection meanwhile */
	if (conn->listening && (conn->text || events_more(server->events, conn->next)))
		events |= EV_WRITE;
	if (conn->io.events != events || !ev_is_active(&conn->io)) {
		ev_io_stop(server->loop, &conn->io);
		ev_io_set(&conn->io, conn->fd, events);
		if (events)
			ev_io_start(server->loop, &conn->io);
	}
	if (blocked || !conn->role)
		ev_timer_again(server->loop, &conn->patience);
	else
		ev_timer_stop(server->loop, &conn->patience);
}

/* 0, -EAGAIN: it does not read, or the connection is closed: -EPIPE. */
static int transmit(struct conn *conn, const void *buf, size_t len)
{
	ssize_t sent;

	do {
		sent = send(conn->fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return 0;
	if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM)
		return -EAGAIN;
	if (errno != EPIPE && errno != ECONNRESET)
		log_warn("%s (process %d) is disconnected: %s",
			 conn_role(conn), (int)conn->pid, strerror(errno));
	conn_close(conn);
	return -EPIPE;
}

int conn_say(struct conn *conn, const struct iq_feed *msg)
{
	struct server *server = conn->server;
	int len, err;

	len = iq_feed_put(&server->out, sizeof(server->out), msg);
	if (len < 0) {
		conn_expel(conn, "an answer cannot be encoded");
		return -EPIPE;
	}
	err = transmit(conn, &server->out, len);
	if (err != -EAGAIN)
		return err;
	conn->held = malloc(len);
	if (!conn->held) {
		conn_expel(conn, "out of memory");
		return -EPIPE;
	}
	memcpy(conn->held, &server->out, len);
	conn->held_len = len;
	return 0;
}

int conn_acknowledge(struct conn *conn, uint32_t seq, int err, const char *why,
		     uint32_t group)
{
	struct iq_feed ack = {
		.type = IQ_FEED_ACK,
		.seq = seq,
	};

	if (err) {
		ack.ack.error = -err;
		ack.ack.message = why ? why : strerror(-err);
	} else {
		ack.ack.group = group;
	}
	return conn_say(conn, &ack);
}

int conn_say_buckets(struct conn *conn)
{
	struct iq_feed msg = { .type = IQ_FEED_BUCKETS };

	if (conn->share && !conn->held)
		msg.buckets.home = share_take(conn->share);
	if (!msg.buckets.home)
		return 0;
	return conn_say(conn, &msg);
}

/* Send what the client will take of conn->text. -EPIPE: closed. */
static int say_pieces(struct conn *conn)
{
	struct server *server = conn->server;
	char piece[PIECE + 1];
	struct iq_feed msg = {
		.type = IQ_FEED_ANSWER,
		.seq = conn->seq,
		.answer = { .text = piece },
	};
	int len, err;
	bool last;
	size_t n;

	while (conn->text) {
		n = strnlen(conn->text + conn->off, PIECE);
		memcpy(piece, conn->text + conn->off, n);
		piece[n] = '\0';
		last = !conn->text[conn->off + n];
		msg.flags = last && !conn->more ? 0 : NLM_F_MULTI;
		len = iq_feed_put(&server->out, sizeof(server->out), &msg);
		if (len < 0) {
			conn_expel(conn, "an answer cannot be encoded");
			return -EPIPE;
		}
		err = transmit(conn, &server->out, len);
		if (err)
			return err == -EAGAIN ? 0 : err;
		conn->off += n;
		if (last) {
			free(conn->text);
			conn->text = NULL;
		}
	}
	return 0;
}

int conn_say_text(struct conn *conn)
{
	int err;

	if (conn->answer && !conn->text) {
		err = answer_more(conn->answer, &conn->text);
		if (err < 0) {
			conn_expel(conn, "out of memory");
			return -EPIPE;
		}
		conn->more = err;
		conn->off = 0;
	}
	err = say_pieces(conn);
	if (!err && !conn->text && !conn->more) {
		answer_end(conn->answer);
		conn->answer = NULL;
	}
	return err;
}

int conn_say_events(struct conn *conn)
{
	struct server *server = conn->server;
	unsigned int i;
	int err;

	for (i = 0; i < SERVER_TURN && !conn->held; i++) {
		if (!conn->text) {
			if (events_take(server->events, &conn->next, &conn->text)) {
				conn_expel(conn, "out of memory");
				return -EPIPE;
			}
			conn->off = 0;
		}
		if (!conn->text)
			break;
		err = say_pieces(conn);
		if (err || conn->text)
			return err;
	}
	return 0;
}

int conn_flush(struct conn *conn)
{
	struct server *server = conn->server;
	int err;

	if (conn->held) {
		err = transmit(conn, conn->held, conn->held_len);
		if (err)
			return err == -EAGAIN ? 0 : err;
		free(conn->held);
		conn->held = NULL;
		if (conn->source)
			requests_kick(server->requests);
	}
	if (conn->ends) {
		conn_close(conn);
		return -EPIPE;
	}
	err = conn_say_buckets(conn);
	if (err || conn->held)
		return err;
	if (conn->listening)
		return conn_say_events(conn);
	err = conn_say_text(conn);
	if (err || conn->answer)
		return err;
	if (conn->syncing && !tables_busy(server->tables)) {
		conn->syncing = false;
		return conn_acknowledge(conn, conn->sync_seq, 0, NULL, 0);
	}
	return 0;
}
