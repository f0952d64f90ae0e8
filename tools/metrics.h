/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's part of ipsec-qos metrics.
 */
#ifndef IPSEC_QOS_TOOLS_METRICS_H
#define IPSEC_QOS_TOOLS_METRICS_H

#include "openmetrics.h"

/**
 * daemon_metrics() - how the daemon is, its policies and their classes
 *
 * Where it does not answer, that is what is said of it.
 */
void daemon_metrics(struct om *om);

#endif /* IPSEC_QOS_TOOLS_METRICS_H */
