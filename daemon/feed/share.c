// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed/share.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <linux/ipsec_qos.h>

#include "log.h"

/**
 * struct share - a charon that is told
 *
 * @element: which one it says it is, and @name: whose buckets these are, "": nobody's
 * @home: they, once there were any (@there)
 * @unsaid: it was not told of these
 * @trouble: what is wrong, as it was logged; "": nothing
 */
struct share {
	struct shares *shares;
	LIST_ENTRY(share) list;
	pid_t pid;
	char *element;
	char name[IPSEC_QOS_NAME_MAX];
	uint8_t home[IQ_FEED_BUCKETS_BYTES];
	bool there;
	bool unsaid;
	char trouble[512];
};

/** struct shares - see share.h */
struct shares {
	shares_find find;
	void *arg;
	LIST_HEAD(, share) list;
};

/* Another one draws from the same: what is sent to one of the two may come to the other. */
static const struct share *twin(const struct share *share)
{
	const struct share *s;

	LIST_FOREACH(s, &share->shares->list, list)
		if (s != share && *share->name && !strcmp(s->name, share->name))
			return s;
	return NULL;
}

static void say(struct share *share, const char *why)
{
	const struct share *other = twin(share);
	char was[sizeof(share->trouble)];

	strcpy(was, share->trouble);
	share->trouble[0] = '\0';
	if (*why)
		snprintf(share->trouble, sizeof(share->trouble), "charon (process %d): %s",
			 (int)share->pid, why);
	else if (other)
		snprintf(share->trouble, sizeof(share->trouble),
			 "charon (process %d): it is element '%s', as charon (process %d) is: what is sent to that goes to one of them. Expected another charon.plugins.ipsec-qos.element",
			 (int)share->pid, share->name, (int)other->pid);
	if (*share->trouble && strcmp(was, share->trouble))
		log_warn("%s", share->trouble);
}

static void look(struct share *share)
{
	uint8_t home[sizeof(share->home)];
	char why[sizeof(share->trouble) - 64] = "";
	const char *name;

	name = share->shares->find(share->shares->arg, share->element, home, why, sizeof(why));
	snprintf(share->name, sizeof(share->name), "%s", name ? name : "");
	/* where there are none any more the last ones hold, as while there is no daemon */
	if (name && (!share->there || memcmp(share->home, home, sizeof(home)))) {
		memcpy(share->home, home, sizeof(home));
		share->there = share->unsaid = true;
	}
	say(share, why);
}

void shares_look(struct shares *shares)
{
	struct share *share;

	LIST_FOREACH(share, &shares->list, list)
		look(share);
}

const char *shares_trouble(const struct shares *shares, size_t i)
{
	const struct share *share;

	LIST_FOREACH(share, &shares->list, list)
		if (*share->trouble && !i--)
			return share->trouble;
	return NULL;
}

struct share *share_new(struct shares *shares, pid_t pid, const char *element)
{
	struct share *share = calloc(1, sizeof(*share));

	if (!share)
		return NULL;
	share->element = strdup(element);
	if (!share->element) {
		free(share);
		return NULL;
	}
	share->shares = shares;
	share->pid = pid;
	LIST_INSERT_HEAD(&shares->list, share, list);
	look(share);
	return share;
}

const uint8_t *share_take(struct share *share)
{
	if (!share->unsaid)
		return NULL;
	share->unsaid = false;
	return share->home;
}

void share_end(struct share *share)
{
	if (!share)
		return;
	LIST_REMOVE(share, list);
	/* another that was the same element is the only one now */
	shares_look(share->shares);
	free(share->element);
	free(share);
}

struct shares *shares_new(shares_find find, void *arg)
{
	struct shares *shares = calloc(1, sizeof(*shares));

	if (!shares)
		return NULL;
	shares->find = find;
	shares->arg = arg;
	LIST_INIT(&shares->list);
	return shares;
}

void shares_free(struct shares *shares)
{
	free(shares);
}
