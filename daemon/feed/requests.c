// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "feed/requests.h"

/**
 * enum request_state - how far it is
 *
 * @REQUEST_NEW: to be sent to @charon
 * @REQUEST_SENT: @charon has it
 * @REQUEST_OVER: it has an end, which is to be handed over
 */
enum request_state {
	REQUEST_NEW,
	REQUEST_SENT,
	REQUEST_OVER,
};

/**
 * struct request - see requests.h
 *
 * @done: NULL: nobody waits for it
 * @timer: beyond the time that charon has
 * @charon: who is asked, NULL: it is over
 * @seq: of the message to it
 * @busy: one was not asked, as it has too many
 */
struct request {
	struct requests *requests;
	TAILQ_ENTRY(request) list;
	enum request_state state;
	struct iq_feed_initiate what;
	request_done_t done;
	void *arg;
	ev_timer timer;
	double began;
	struct request_charon *charon;
	uint32_t seq;
	bool busy;
	struct request_end end;
	char why[IQ_FEED_WHY_MAX];
	char conn[IQ_FEED_STR_MAX];
	char child[IQ_FEED_STR_MAX];
};

/**
 * struct requests - see requests.h
 *
 * @turn: comes when there is something to send or to hand over
 */
struct requests {
	struct ev_loop *loop;
	const struct requests_ops *ops;
	ev_timer turn;
	unsigned int n;
	TAILQ_HEAD(, request) list;
	TAILQ_HEAD(, request_charon) charons;
};

static void free_request(struct request *request)
{
	struct requests *requests = request->requests;

	ev_timer_stop(requests->loop, &request->timer);
	TAILQ_REMOVE(&requests->list, request, list);
	requests->n--;
	free(request);
}

void requests_kick(struct requests *requests)
{
	if (!ev_is_active(&requests->turn)) {
		ev_timer_set(&requests->turn, 0.0, 0.0);
		ev_timer_start(requests->loop, &requests->turn);
	}
}

static void finish(struct request *request, int err, const char *why)
{
	request->state = REQUEST_OVER;
	request->charon = NULL;
	request->end.err = err;
	snprintf(request->why, sizeof(request->why), "%s", why ? why : "");
	request->end.why = request->why;
	request->end.took = monotonic() - request->began;
	requests_kick(request->requests);
}

/* Ask this charon, or the first one after it that has not too much to do. */
static void ask(struct request *request, struct request_charon *charon, int err,
		const char *why)
{
	for (; charon; charon = TAILQ_NEXT(charon, list)) {
		if (charon->n < IQ_FEED_REQUESTS_MAX) {
			charon->n++;
			request->charon = charon;
			request->state = REQUEST_NEW;
			requests_kick(request->requests);
			return;
		}
		request->busy = true;
	}
	if (request->busy)
		finish(request, -EBUSY,
		       "charon has not answered as many requests as it may have yet");
	else
		finish(request, err, why);
}

/* Send what charons can take. Each may close a connection, and so change the list. */
static void send_all(struct requests *requests)
{
	struct request *request;
	struct iq_feed msg;

again:
	TAILQ_FOREACH(request, &requests->list, list) {
		if (request->state != REQUEST_NEW ||
		    !requests->ops->ready(request->charon))
			continue;
		request->state = REQUEST_SENT;
		request->seq = ++request->charon->seq;
		msg = (struct iq_feed){
			.type = IQ_FEED_INITIATE,
			.seq = request->seq,
			.initiate = request->what,
		};
		requests->ops->send(request->charon, &msg);
		goto again;
	}
}

static void on_turn(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct requests *requests = w->data;
	struct request *request, *next;
	struct request_end end;
	request_done_t done;
	void *arg;
	char why[IQ_FEED_WHY_MAX];

	send_all(requests);
again:
	for (request = TAILQ_FIRST(&requests->list); request; request = next) {
		next = TAILQ_NEXT(request, list);
		if (request->state != REQUEST_OVER)
			continue;
		done = request->done;
		arg = request->arg;
		end = request->end;
		memcpy(why, request->why, sizeof(why));
		end.why = why;
		free_request(request);
		if (done) {
			/* it may ask anew, or close connections */
			done(arg, &end);
			goto again;
		}
	}
}

/* Charon would have answered by now. Its place stays taken until it does. */
static void on_late(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct request *request = w->data;
	struct request_end end = {
		.err = -ETIMEDOUT,
		.why = "charon does not answer",
		.took = monotonic() - request->began,
	};
	request_done_t done = request->done;
	void *arg = request->arg;

	if (request->state == REQUEST_OVER)
		return;
	if (request->state == REQUEST_SENT) {
		request->done = NULL;
	} else {
		request->charon->n--;
		free_request(request);
	}
	if (done)
		done(arg, &end);
}

struct request *request_new(struct requests *requests,
			    const struct iq_feed_initiate *what,
			    request_done_t done, void *arg, int *err)
{
	struct request *request;

	*err = -EBUSY;
	if (requests->n >= REQUESTS_MAX)
		return NULL;
	*err = -ENOMEM;
	request = calloc(1, sizeof(*request));
	if (!request)
		return NULL;
	request->requests = requests;
	request->what = *what;
	snprintf(request->conn, sizeof(request->conn), "%s", what->conn);
	request->what.conn = request->conn;
	if (what->child) {
		snprintf(request->child, sizeof(request->child), "%s",
			 what->child);
		request->what.child = request->child;
	}
	request->done = done;
	request->arg = arg;
	request->began = monotonic();
	ev_timer_init(&request->timer, on_late,
		      what->timeout / 1e3 + REQUESTS_GRACE, 0.0);
	request->timer.data = request;
	ev_timer_start(requests->loop, &request->timer);
	TAILQ_INSERT_TAIL(&requests->list, request, list);
	requests->n++;
	ask(request, TAILQ_FIRST(&requests->charons), -ENOTCONN,
	    "no charon is connected");
	return request;
}

void request_forget(struct request *request)
{
	request->done = NULL;
	if (request->state == REQUEST_NEW) {
		request->charon->n--;
		free_request(request);
	}
}

static struct request *find(struct requests *requests,
			    const struct request_charon *charon, uint32_t seq)
{
	struct request *request;

	TAILQ_FOREACH(request, &requests->list, list)
		if (request->state == REQUEST_SENT &&
		    request->charon == charon && request->seq == seq)
			return request;
	return NULL;
}

int requests_result(struct requests *requests, struct request_charon *charon,
		    uint32_t seq, const struct iq_feed_result *result)
{
	struct request *request = find(requests, charon, seq);

	if (!request)
		return -EINVAL;
	charon->n--;
	if (result->error == ENOENT && request->done) {
		/* another's connection? */
		ask(request, TAILQ_NEXT(charon, list), -ENOENT,
		    result->message);
		return 0;
	}
	finish(request, -(int)result->error, result->message);
	request->end.ike_id = result->ike_id;
	request->end.child_id = result->child_id;
	request->end.charon = charon;
	return 0;
}

void requests_charon(struct requests *requests, struct request_charon *charon)
{
	TAILQ_INSERT_TAIL(&requests->charons, charon, list);
}

void requests_charon_gone(struct requests *requests,
			  struct request_charon *charon)
{
	struct request *request;

	TAILQ_REMOVE(&requests->charons, charon, list);
	TAILQ_FOREACH(request, &requests->list, list) {
		if (request->end.charon == charon)
			request->end.charon = NULL;
		if (request->charon == charon)
			finish(request, -ECONNRESET,
			       "charon's connection ended before it answered");
	}
}

struct requests *requests_new(struct ev_loop *loop,
			      const struct requests_ops *ops)
{
	struct requests *requests = calloc(1, sizeof(*requests));

	if (!requests)
		return NULL;
	requests->loop = loop;
	requests->ops = ops;
	ev_timer_init(&requests->turn, on_turn, 0.0, 0.0);
	requests->turn.data = requests;
	TAILQ_INIT(&requests->list);
	TAILQ_INIT(&requests->charons);
	return requests;
}

void requests_free(struct requests *requests)
{
	struct request *request;

	if (!requests)
		return;
	while ((request = TAILQ_FIRST(&requests->list)))
		free_request(request);
	ev_timer_stop(requests->loop, &requests->turn);
	free(requests);
}
