// SPDX-License-Identifier: GPL-2.0-or-later
#include "stating.h"

#include <stdio.h>
#include <string.h>

#include "lib/text.h"

int stating_refused(struct stating *s, const char *what, const char *name, int err)
{
	if (err == -ENODEV || !s->n_troubles++) {
		s->err = err;
		snprintf(s->why, sizeof(s->why), "%s %s: %s", what, name,
			 iq_kernel_error(s->k));
	}
	return err;
}

static void begin(struct stating *s)
{
	s->n_troubles = 0;
	s->partial = false;
	s->err = 0;
	*s->why = '\0';
}

static int try(struct stating *s, int (*bring)(void *state, void *wanted),
	       void (*forget)(void *state), void *state, void *wanted)
{
	int err = 0;

	if (!s->k)
		err = iq_kernel_open(&s->k);
	if (err)
		s->k = NULL;
	else
		err = bring(state, wanted);
	if (err == -ENOENT && !s->k)
		err = -ENODEV;
	if (err != -ENODEV)
		return err;
	iq_kernel_close(s->k);
	s->k = NULL;
	begin(s);
	forget(state);
	return err;
}

int stating_run(struct stating *s, int (*bring)(void *state, void *wanted),
		void (*forget)(void *state), void *state, void *wanted, char *why, size_t size)
{
	bool kept = s->k;
	struct text t;
	int err;

	begin(s);
	err = try(s, bring, forget, state, wanted);
	/* a socket to a module that went says nothing of one that came since */
	if (err == -ENODEV && kept)
		err = try(s, bring, forget, state, wanted);
	if (err == -ENODEV)
		return err;
	text_begin(&t, why, size);
	if (s->n_troubles > 1)
		text_put(&t, "%.*s; and %zu more", (int)size / 2, s->why, s->n_troubles - 1);
	else
		text_put(&t, "%s", *s->why ? s->why : err ? strerror(-err) : "");
	/* what ended early has not stated all there is */
	return err || s->partial ? STATING_PARTIAL : s->err;
}
