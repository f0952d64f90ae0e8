/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parts of ipsec-qos metrics: those of steering and of service chains, and the daemon's.
 */
#ifndef IPSEC_QOS_TOOLS_METRICS_H
#define IPSEC_QOS_TOOLS_METRICS_H

#include "command.h"
#include "openmetrics.h"

/** steer_metrics() - elements, pools and steered prefixes; a STATUS_ */
int steer_metrics(struct iq_kernel *k, struct om *om);

/** chain_metrics() - devices and services; a STATUS_ */
int chain_metrics(struct iq_kernel *k, struct om *om);

/**
 * daemon_metrics() - how the daemon is, its policies and their classes
 *
 * Where it does not answer, that is what is said of it.
 */
void daemon_metrics(struct om *om);

#endif /* IPSEC_QOS_TOOLS_METRICS_H */
