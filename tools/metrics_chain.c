// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ipsec-qos metrics: devices and services.
 *
 * Devices are few, and are read once. Of services there may be very many: they are read
 * once for each family, as groups are.
 */
#include <errno.h>

#include "device.h"
#include "metrics.h"
#include "service.h"

static const struct om_family state = {
	"ipsec_qos_device_state", OM_GAUGE, NULL,
	"1 of the state that a device is in, up or down; 0 of the other."
};
static const struct om_family taken = {
	"ipsec_qos_device_taken", OM_GAUGE, NULL,
	"1 of who takes a device's packets, itself, an alternate or nobody; 0 of the others."
};
static const struct om_family reachable = {
	"ipsec_qos_device_reachable", OM_GAUGE, NULL,
	"Whether packets can get to a side of a device at this moment."
};
static const struct om_family packets = {
	"ipsec_qos_device_packets", OM_COUNTER, NULL,
	"Packets that were sent to a side of a device, and that returned from there; of a device with one side, those on the way back are called inner; of a tap, copies."
};
static const struct om_family bytes = {
	"ipsec_qos_device_bytes", OM_COUNTER, "bytes", "Bytes of these, with the IP header."
};
static const struct om_family skipped_packets = {
	"ipsec_qos_device_skipped_packets", OM_COUNTER, NULL,
	"Packets that went on to the next step, as a device is down."
};
static const struct om_family skipped_bytes = {
	"ipsec_qos_device_skipped_bytes", OM_COUNTER, "bytes",
	"Bytes of these, with the IP header."
};
static const struct om_family dropped_packets = {
	"ipsec_qos_device_dropped_packets", OM_COUNTER, NULL,
	"Packets to a device, or from it (stray), that were dropped, by the reason; of a tap, copies."
};
static const struct om_family dropped_bytes = {
	"ipsec_qos_device_dropped_bytes", OM_COUNTER, "bytes",
	"Bytes of these, with the IP header."
};
static const struct om_family service_packets = {
	"ipsec_qos_service_packets", OM_COUNTER, NULL,
	"Packets that went into a service's chain, from clients (forward) and from servers (back)."
};
static const struct om_family service_bytes = {
	"ipsec_qos_service_bytes", OM_COUNTER, "bytes", "Bytes of these, with the IP header."
};
static const struct om_family service_dropped_packets = {
	"ipsec_qos_service_dropped_packets", OM_COUNTER, NULL,
	"Packets of a service that were dropped, by the reason."
};
static const struct om_family service_dropped_bytes = {
	"ipsec_qos_service_dropped_bytes", OM_COUNTER, "bytes",
	"Bytes of these, with the IP header."
};

static uint64_t value_of(const struct om *om, const struct iq_kernel_count *c)
{
	return om->family->unit ? c->bytes : c->packets;
}

static void write_taken(const struct om *om, const struct iq_kernel_device *d)
{
	bool itself = d->now == d->id, nobody = !d->now;

	om_sample(om, itself, "device", d->name, "by", "itself", NULL);
	om_sample(om, !itself && !nobody, "device", d->name, "by", "alternate", NULL);
	om_sample(om, nobody, "device", d->name, "by", "nobody", NULL);
}

static void write_passes(const struct om *om, const struct iq_kernel_device *d)
{
	static const struct {
		const char *side;
		const char *direction;
	} labels[] = {
		[IPSEC_QOS_DEVICE_COUNTER_OUTER_SENT] = { "outer", "sent" },
		[IPSEC_QOS_DEVICE_COUNTER_OUTER_RETURNED] = { "outer", "returned" },
		[IPSEC_QOS_DEVICE_COUNTER_INNER_SENT] = { "inner", "sent" },
		[IPSEC_QOS_DEVICE_COUNTER_INNER_RETURNED] = { "inner", "returned" },
	};
	size_t i;

	for (i = 1; i < ARRAY_SIZE(labels); i++)
		om_sample(om, value_of(om, &d->counter[i]), "device", d->name,
			  "side", labels[i].side, "direction", labels[i].direction, NULL);
}

static void device_sample(const struct om *om, const struct iq_kernel_device *d)
{
	int i;

	if (om->family == &state) {
		for (i = 0; i <= IPSEC_QOS_DEVICE_STATE_MAX; i++)
			om_sample(om, d->state == i, "device", d->name, "state",
				  device_state(i), NULL);
	} else if (om->family == &taken) {
		write_taken(om, d);
	} else if (om->family == &reachable) {
		om_sample(om, d->outer.problem == IPSEC_QOS_DEVICE_FINE, "device", d->name,
			  "side", "outer", NULL);
		if (d->inner.dev[0])
			om_sample(om, d->inner.problem == IPSEC_QOS_DEVICE_FINE, "device",
				  d->name, "side", "inner", NULL);
	} else if (om->family == &packets || om->family == &bytes) {
		write_passes(om, d);
	} else if (om->family == &skipped_packets || om->family == &skipped_bytes) {
		om_sample(om, value_of(om, &d->counter[IPSEC_QOS_DEVICE_COUNTER_SKIPPED]),
			  "device", d->name, NULL);
	} else {
		for (i = IPSEC_QOS_DEVICE_COUNTER_DOWN; i <= IPSEC_QOS_DEVICE_COUNTER_STRAY; i++)
			om_sample(om, value_of(om, &d->counter[i]), "device", d->name,
				  "reason", iq_kernel_device_counter_name(i), NULL);
	}
}

static void write_devices(struct om *om, const UT_array *devices)
{
	static const struct om_family *const families[] = {
		&state, &taken, &reachable, &packets, &bytes, &skipped_packets,
		&skipped_bytes, &dropped_packets, &dropped_bytes,
	};
	const struct iq_kernel_device *d;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(families); i++) {
		om_begin(om, families[i]);
		for (d = NULL; (d = utarray_next(devices, d)); )
			device_sample(om, d);
	}
}

static void write_direction(const struct om *om, const struct iq_kernel_service *s,
			    const char *direction, bool back)
{
	struct iq_kernel_count all = service_passes(s, back);

	om_sample(om, value_of(om, &all), "service", s->name, "direction", direction, NULL);
}

static int write_service(const struct iq_kernel_service *s, void *arg)
{
	const struct om *om = arg;
	int i;

	if (om->family == &service_packets || om->family == &service_bytes) {
		write_direction(om, s, "forward", false);
		write_direction(om, s, "back", true);
	} else {
		for (i = 1; i <= IPSEC_QOS_SERVICE_COUNTER_MAX; i++)
			om_sample(om, value_of(om, &s->counter[i]), "service", s->name,
				  "reason", iq_kernel_service_counter_name(i), NULL);
	}
	return ferror(om->out) ? -EIO : 0;
}

static int write_services(struct iq_kernel *k, struct om *om)
{
	static const struct om_family *const families[] = {
		&service_packets, &service_bytes, &service_dropped_packets,
		&service_dropped_bytes,
	};
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(families); i++) {
		om_begin(om, families[i]);
		ret = iq_kernel_service_dump(k, -1, write_service, om);
		if (ret && ret != -EINTR)
			/* that nothing can be written, main() says */
			return ferror(om->out) ? STATUS_REFUSED : kernel_refused(ret);
	}
	return STATUS_OK;
}

int chain_metrics(struct iq_kernel *k, struct om *om)
{
	UT_array devices = IQ_ARRAY(struct iq_kernel_device);
	int ret = read_devices(k, -1, &devices);

	if (!ret) {
		write_devices(om, &devices);
		ret = write_services(k, om);
	}
	utarray_done(&devices);
	return ret;
}
