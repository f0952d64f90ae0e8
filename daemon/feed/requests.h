/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon asks charons for (struct iq_feed_initiate), and who waits for the
 * result.
 *
 * A charon has a ceiling of requests that it has not answered, which is kept here: one
 * more is refused with EBUSY at once. Where several charons are connected they are
 * asked in turn, until one has the connection. Nothing here is done from within a call:
 * requests go out, and results are handed over, when the loop comes to it.
 *
 * Whoever asked may go. Until charon has answered, or its connection ends, the
 * request counts all the same, for to charon it does.
 */
#ifndef IPSEC_QOSD_REQUESTS_H
#define IPSEC_QOSD_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include <ev.h>

#include "lib/feed/feed.h"

#define REQUESTS_GRACE	2.0	/* seconds, beyond the time that charon has */
#define REQUESTS_MAX	64	/* in all */

struct request;
struct requests;

/**
 * struct request_end - what became of a request
 *
 * @err: 0 or a negative errno
 * @why: what went wrong, for a person
 * @charon: who did it, where it went well
 * @ike_id: charon's number of the IKE SA; @child_id: of the CHILD SA
 * @took: seconds
 */
struct request_end {
	int err;
	const char *why;
	struct request_charon *charon;
	uint32_t ike_id;
	uint32_t child_id;
	double took;
};

typedef void (*request_done_t)(void *arg, const struct request_end *end);

/**
 * struct request_charon - a connected charon, part of the connection
 *
 * @n: requests that it has not answered
 * @seq: of the last one
 */
struct request_charon {
	TAILQ_ENTRY(request_charon) list;
	unsigned int n;
	uint32_t seq;
};

/**
 * struct requests_ops - what the server does
 *
 * @ready: can a message be sent to a charon now? If not, requests_kick() is called
 *	when it may be.
 * @send: an encoded message of a request; the connection may end meanwhile
 */
struct requests_ops {
	bool (*ready)(struct request_charon *charon);
	void (*send)(struct request_charon *charon, const struct iq_feed *msg);
};

/** requests_new() - NULL: no memory */
struct requests *requests_new(struct ev_loop *loop,
			      const struct requests_ops *ops);
/** requests_free() - when no charon is there any more; NULL is fine */
void requests_free(struct requests *requests);

/** requests_charon() - one has connected */
void requests_charon(struct requests *requests, struct request_charon *charon);

/** requests_charon_gone() - one that has connected is going */
void requests_charon_gone(struct requests *requests,
			  struct request_charon *charon);

/** requests_kick() - send what waits to be sent */
void requests_kick(struct requests *requests);

/**
 * request_new() - ask for a tunnel
 *
 * @what: copied
 * @done: called once, unless request_forget() comes first
 * @err: why there is none: -EBUSY, -ENOMEM
 *
 * Return: what request_forget() takes, or NULL.
 */
struct request *request_new(struct requests *requests,
			    const struct iq_feed_initiate *what,
			    request_done_t done, void *arg, int *err);

/** request_forget() - nobody waits for it any more; not after @done was called */
void request_forget(struct request *request);

/**
 * requests_result() - a charon has answered
 *
 * Return: 0, or -EINVAL: it was not asked that.
 */
int requests_result(struct requests *requests, struct request_charon *charon,
		    uint32_t seq, const struct iq_feed_result *result);

#endif /* IPSEC_QOSD_REQUESTS_H */
