// SPDX-License-Identifier: GPL-2.0-or-later
#include "steer/health.h"

#include <math.h>

struct health health_begin(bool up)
{
	return (struct health){ .up = up, .since = -INFINITY };
}

/* How long it is held down that has been up for @up seconds. */
static double next_hold(double hold, double up)
{
	if (up < HEALTH_FLAP)
		return fmin(hold ? hold * 2 : HEALTH_HOLD, HEALTH_HOLD_MAX);
	hold = hold * exp2(-floor(fmin(up / HEALTH_FLAP, 64)));
	return hold < HEALTH_HOLD ? 0 : hold;
}

bool health_on(struct health *h, bool ok, uint32_t fails, uint32_t passes, double now)
{
	if (ok == h->up) {
		h->run = 0;
		return false;
	}
	/* while it is held down those that succeed count, too */
	if (h->run < (h->up ? fails : passes))
		h->run++;
	if (h->run < (h->up ? fails : passes) || (!h->up && now < h->held_until))
		return false;
	if (h->up) {
		h->hold = next_hold(h->hold, now - h->since);
		h->held_until = now + h->hold;
	}
	h->up = !h->up;
	h->run = 0;
	h->since = now;
	return true;
}

double health_held(const struct health *h, double now)
{
	return h->up || now >= h->held_until ? 0 : h->held_until - now;
}
