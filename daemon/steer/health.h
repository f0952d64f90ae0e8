/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What single checks of an element come to: is it up? A few in turn that fail take it down,
 * a few that succeed bring it up again; and one that comes and goes is held down for longer
 * each time, for each time takes its peers with it. Pure.
 */
#ifndef IPSEC_QOSD_STEER_HEALTH_H
#define IPSEC_QOSD_STEER_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#define HEALTH_FLAP	60.0	/* seconds: who goes down that soon is held down, and longer
				 * each time; each such time without it halves that */
#define HEALTH_HOLD	1.0	/* seconds, at first */
#define HEALTH_HOLD_MAX	64.0

/**
 * struct health - an element's
 *
 * @up: it is
 * @run: so many checks in turn said otherwise
 * @since: when it came up or went down last
 * @hold: for how long it was held down last, 0: it was not
 * @held_until: it does not come up before
 */
struct health {
	bool up;
	uint32_t run;
	double since;
	double hold;
	double held_until;
};

/** health_begin() - of one that is up, or not, and has been for long, as far as is known */
struct health health_begin(bool up);

/**
 * health_on() - a check came to its end
 *
 * @ok: it succeeded
 * @fails: so many in turn that fail take it down
 * @passes: so many that succeed bring it up
 * @now: seconds, of a clock that does not jump
 *
 * Return: is it now up that was down, or down that was up?
 */
bool health_on(struct health *h, bool ok, uint32_t fails, uint32_t passes, double now);

/** health_held() - for how many seconds it will be down, whatever checks say; 0: it is not */
double health_held(const struct health *h, double now);

#endif /* IPSEC_QOSD_STEER_HEALTH_H */
