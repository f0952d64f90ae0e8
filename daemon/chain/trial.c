// SPDX-License-Identifier: GPL-2.0-or-later
#include "chain/trial.h"

static enum trial_next check_failed(struct trial *t, double now)
{
	t->tries = 0;
	t->asked = true;
	t->ok = false;
	t->run = 0;
	if (t->failed)
		return TRIAL_REST;
	t->failed = true;
	t->since = now;
	return TRIAL_FAILED;
}

enum trial_next trial_tried(struct trial *t, enum ask_outcome outcome, uint32_t tries,
			    double now)
{
	switch (outcome) {
	case ASK_OK:
		t->tries = 0;
		t->asked = true;
		t->ok = true;
		t->run++;
		return TRIAL_REST;
	case ASK_UNKNOWN:
		t->tries = 0;
		return TRIAL_REST;
	default:
		return ++t->tries < tries ? TRIAL_AGAIN : check_failed(t, now);
	}
}

/*
 * So much was sent since the last look, and none of it came back, if not: twice in turn is a
 * suspicion; few that are sent say nothing, of one that was suspected neither.
 */
static bool next_sign(uint32_t *signs, bool known, uint64_t went, uint64_t came, uint32_t least)
{
	if (!known || came) {
		*signs = 0;
		return false;
	}
	if (went < least) {
		if (*signs < TRIAL_SIGNS)
			*signs = 0;
		return false;
	}
	return ++*signs == TRIAL_SIGNS;
}

bool trial_counted(struct trial *t, uint64_t sent, uint64_t returned, uint32_t least)
{
	/* they begin anew with another device */
	bool known = t->counted && sent >= t->sent && returned >= t->returned;
	bool sign = next_sign(&t->signs, known, sent - t->sent, returned - t->returned, least);

	t->counted = true;
	t->sent = sent;
	t->returned = returned;
	return sign;
}

bool trial_answered(struct trial_answers *t, uint64_t syns, uint64_t back)
{
	/* and with another service */
	bool known = t->known && syns >= t->syns && back >= t->back;
	bool sign = next_sign(&t->signs, known, syns - t->syns, back - t->back, TRIAL_SYNS);

	t->known = true;
	t->syns = syns;
	t->back = back;
	return sign;
}

void trial_copied(struct trial *t, uint64_t sent, uint64_t returned)
{
	bool known = t->counted && sent >= t->sent && returned >= t->returned;
	uint64_t went = sent - t->sent, came = returned - t->returned;

	/* few say nothing: counted on from where they were */
	if (known && went < TRIAL_PACKETS)
		return;
	t->counted = true;
	t->sent = sent;
	t->returned = returned;
	t->signs = known && came >= went / 2 ? t->signs + 1 : 0;
	t->forwards = t->signs >= TRIAL_SIGNS;
}

void trial_admit(struct trial *t, double now)
{
	t->failed = false;
	t->since = now;
	t->tries = 0;
	t->signs = 0;
}
