// SPDX-License-Identifier: GPL-2.0-or-later
#include "peers.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feed.h"
#include "query.h"

#define TIMEOUT		10000		/* milliseconds for each answer */
#define LINE_LEN	(1U << 20)	/* bytes of an event at most */

/**
 * struct peers - a connection on which they come
 *
 * @line: the beginning of one, of @len bytes, whose rest has not come yet
 */
struct peers {
	struct feed feed;
	char *line;
	size_t len;
};

int peers_listen(struct peers **out, char *why)
{
	struct iq_feed msg = {
		.type = IQ_FEED_QUERY,
		.query = { .query = IQ_FEED_QUERY_EVENTS },
	};
	struct peers *peers = calloc(1, sizeof(*peers));
	int ret;

	if (!peers) {
		snprintf(why, FORMAT_WHY, "out of memory");
		return -ENOMEM;
	}
	peers->feed.why = why;
	ret = feed_open(&peers->feed, TIMEOUT);
	if (!ret)
		ret = feed_send(&peers->feed, &msg);
	if (!ret)
		ret = feed_receive(&peers->feed, IQ_FEED_ACK, &msg);
	if (ret)
		peers_close(peers);
	else
		*out = peers;
	return ret;
}

int peers_fd(const struct peers *peers)
{
	return peers->feed.fd;
}

/* A piece of what comes, which may end in the midst of a line. */
static int take(struct peers *peers, const char *piece, void (*event)(json_t *event))
{
	size_t more = strlen(piece);
	char *longer, *line, *end;
	json_error_t error;
	json_t *json;

	longer = peers->len + more < LINE_LEN ?
		 realloc(peers->line, peers->len + more + 1) : NULL;
	if (!longer)
		return feed_failed(&peers->feed, -ENOMEM, "an event");
	peers->line = longer;
	memcpy(longer + peers->len, piece, more + 1);
	peers->len += more;
	for (line = longer; (end = strchr(line, '\n')); line = end + 1) {
		json = json_loadb(line, end - line, 0, &error);
		if (!json) {
			snprintf(peers->feed.why, FORMAT_WHY, "an event is no JSON: %s",
				 error.text);
			return -EBADMSG;
		}
		event(json);
		json_decref(json);
	}
	peers->len -= line - longer;
	memmove(longer, line, peers->len + 1);
	return 0;
}

int peers_read(struct peers *peers, void (*event)(json_t *event))
{
	struct pollfd wait = { .fd = peers->feed.fd, .events = POLLIN };
	struct iq_feed msg;
	int ret;

	while (poll(&wait, 1, 0) == 1) {
		ret = feed_receive(&peers->feed, IQ_FEED_ANSWER, &msg);
		if (ret == -ECONNRESET)
			snprintf(peers->feed.why, FORMAT_WHY,
				 "the daemon has ended, and with it its events");
		if (!ret)
			ret = take(peers, msg.answer.text, event);
		if (ret)
			return ret;
	}
	return 0;
}

void peers_close(struct peers *peers)
{
	if (!peers)
		return;
	feed_close(&peers->feed);
	free(peers->line);
	free(peers);
}
