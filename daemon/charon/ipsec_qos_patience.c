// SPDX-License-Identifier: GPL-2.0-or-later

#include "ipsec_qos_patience.h"

#include <daemon.h>

/**
 * How long IKE waits for the daemon unless configured, in ms
 */
#define DEFAULT_TIMEOUT 200

/**
 * One in how many of charon's threads may wait for as long as configured
 */
#define PATIENT_SHARE 4

/**
 * Which part of that the others wait after the daemon has been heard last
 */
#define BRIEF_SHARE 8

typedef struct private_ipsec_qos_patience_t private_ipsec_qos_patience_t;

/**
 * Private data of an ipsec_qos_patience_t object
 */
struct private_ipsec_qos_patience_t {

	/**
	 * Public interface
	 */
	ipsec_qos_patience_t public;

	/**
	 * How long IKE waits, in ms
	 */
	u_int timeout;

	/**
	 * Number of threads that wait for as long as configured
	 */
	u_int patient;

	/**
	 * How many may
	 */
	u_int patient_max;

	/**
	 * Monotonic time of the last answer
	 */
	timeval_t heard;

	/**
	 * Number of answers that were late since the last one that was not
	 */
	u_int late;

	/**
	 * Monotonic time at which the last one of these was given up
	 */
	timeval_t late_since;
};

METHOD(ipsec_qos_patience_t, begin, void,
	private_ipsec_qos_patience_t *this, ipsec_qos_wait_t *wait)
{
	wait->deadline = wait->since;
	timeval_add_ms(&wait->deadline, this->timeout);
	wait->brief = this->patient >= this->patient_max;
	if (!wait->brief)
	{
		this->patient++;
	}
}

METHOD(ipsec_qos_patience_t, get_deadline, u_int,
	private_ipsec_qos_patience_t *this, ipsec_qos_wait_t *wait,
	timeval_t *deadline)
{
	timeval_t brief, now, diff;

	*deadline = wait->deadline;
	if (wait->brief)
	{
		brief = timercmp(&this->heard, &wait->since, >) ? this->heard
														: wait->since;
		timeval_add_ms(&brief, this->timeout / BRIEF_SHARE);
		if (timercmp(&brief, deadline, <))
		{
			*deadline = brief;
		}
	}
	time_monotonic(&now);
	if (!timercmp(&now, deadline, <))
	{
		return 0;
	}
	timersub(deadline, &now, &diff);
	return diff.tv_sec * 1000 + (diff.tv_usec + 999) / 1000;
}

METHOD(ipsec_qos_patience_t, heard, void,
	private_ipsec_qos_patience_t *this)
{
	time_monotonic(&this->heard);
}

METHOD(ipsec_qos_patience_t, end, u_int,
	private_ipsec_qos_patience_t *this, ipsec_qos_wait_t *wait, status_t status)
{
	u_int late = 0;

	if (status == SUCCESS)
	{
		this->late = 0;
	}
	else if (status == OUT_OF_RES && !wait->brief &&
			 (!this->late || timercmp(&wait->since, &this->late_since, >)))
	{
		late = ++this->late;
		time_monotonic(&this->late_since);
	}
	if (!wait->brief)
	{
		this->patient--;
	}
	return late;
}

METHOD(ipsec_qos_patience_t, reset, void,
	private_ipsec_qos_patience_t *this)
{
	this->late = 0;
}

METHOD(ipsec_qos_patience_t, get_timeout, u_int,
	private_ipsec_qos_patience_t *this)
{
	return this->timeout;
}

METHOD(ipsec_qos_patience_t, destroy, void,
	private_ipsec_qos_patience_t *this)
{
	free(this);
}

/*
 * Described in header
 */
ipsec_qos_patience_t *ipsec_qos_patience_create()
{
	private_ipsec_qos_patience_t *this;

	INIT(this,
		.public = {
			.begin = _begin,
			.get_deadline = _get_deadline,
			.heard = _heard,
			.end = _end,
			.reset = _reset,
			.get_timeout = _get_timeout,
			.destroy = _destroy,
		},
		.timeout = max(1, lib->settings->get_int(lib->settings,
						"%s.plugins.ipsec-qos.timeout", DEFAULT_TIMEOUT,
						lib->ns)),
		.patient_max = max(1, lib->settings->get_int(lib->settings,
						"%s.threads", DEFAULT_THREADS, lib->ns) /
						PATIENT_SHARE),
	);

	return &this->public;
}
