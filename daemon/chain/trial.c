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

bool trial_counted(struct trial *t, uint64_t sent, uint64_t returned, uint32_t least)
{
	/* they begin anew with another device */
	bool known = t->counted && sent >= t->sent && returned >= t->returned;
	uint64_t went = sent - t->sent, came = returned - t->returned;

	t->counted = true;
	t->sent = sent;
	t->returned = returned;
	if (!known || came) {
		t->signs = 0;
		return false;
	}
	/* few that are sent say nothing, of one that was suspected neither */
	if (went < least) {
		if (!trial_suspected(t))
			t->signs = 0;
		return false;
	}
	return ++t->signs == TRIAL_SIGNS;
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
