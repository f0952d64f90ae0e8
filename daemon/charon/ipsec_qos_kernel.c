// SPDX-License-Identifier: GPL-2.0-or-later

#include "ipsec_qos_kernel.h"
#include "ipsec_qos_twins.h"

#include <daemon.h>

typedef struct private_ipsec_qos_kernel_t private_ipsec_qos_kernel_t;

/**
 * Private data of an ipsec_qos_kernel_t object
 */
struct private_ipsec_qos_kernel_t {

	/**
	 * Public interface
	 */
	ipsec_qos_kernel_t public;

	/**
	 * Where to report to
	 */
	ipsec_qos_report_t *report;

	/**
	 * Where to count what has been passed over
	 */
	ipsec_qos_feed_t *feed;

	/**
	 * Where to keep the hosts of installed SAs
	 */
	ipsec_qos_hosts_t *hosts;

	/**
	 * Where SPIs come from that answer others'
	 */
	ipsec_qos_spi_t *spi;

	/**
	 * Installed SAs whose entry is another's
	 */
	ipsec_qos_twins_t *twins;

	/**
	 * Original methods, if wrapped
	 */
	kernel_interface_t original;
};

/**
 * The one instance, as the methods we replace have no place for it
 */
static private_ipsec_qos_kernel_t *kernel;

/**
 * Check if packets of a protocol get tagged. IPComp is always within these.
 */
static bool is_tagged(uint8_t proto)
{
	return proto == IPPROTO_ESP || proto == IPPROTO_AH;
}

/**
 * Announce an SA about to be installed by the current thread's IKE_SA.
 *
 * @return				as ipsec_qos_report_t.sa()
 */
static status_t announce(host_t *dst, uint32_t spi, uint8_t proto)
{
	ike_sa_t *ike_sa;

	ike_sa = charon->bus->get_sa(charon->bus);
	if (!ike_sa || !is_tagged(proto))
	{
		return FAILED;
	}
	return kernel->report->sa(kernel->report, ike_sa, dst, spi, proto, TRUE);
}

/**
 * Count an SA that is installed now if the daemon had no answer for it.
 */
static void count(status_t announced)
{
	if (announced == INVALID_STATE)
	{
		kernel->feed->pass_over(kernel->feed);
	}
}

/**
 * Report an SA that's gone or did not come to be.
 */
static void withdraw(host_t *dst, uint32_t spi, uint8_t proto)
{
	if (is_tagged(proto))
	{
		kernel->report->sa_gone(kernel->report, dst, spi, proto);
	}
}

METHOD(kernel_interface_t, get_spi, status_t,
	kernel_interface_t *this, host_t *src, host_t *dst, uint8_t protocol,
	uint32_t *spi)
{
	status_t status = INVALID_STATE;
	ike_sa_t *ike_sa;

	ike_sa = charon->bus->get_sa(charon->bus);
	if (ike_sa)
	{
		status = kernel->spi->allocate(kernel->spi, ike_sa, src, dst, protocol,
									   spi);
	}
	if (status != SUCCESS)
	{
		status = kernel->original.get_spi(this, src, dst, protocol, spi);
	}
	if (status == SUCCESS)
	{
		/* the peer may send once it knows the SPI, i.e. before we install the
		 * SA. If that never happens it gets deleted like an installed one. */
		announce(dst, *spi, protocol);
	}
	return status;
}

/**
 * Report the CHILD_SA of an outbound SA installed by the current thread's
 * IKE_SA, if that's the last step. Depending on the kernel interface it is when
 * CHILD_SAs are rekeyed, there is no event then.
 */
static void report_late_child(uint32_t spi, uint8_t proto)
{
	child_sa_t *child_sa;
	ike_sa_t *ike_sa;

	ike_sa = charon->bus->get_sa(charon->bus);
	if (ike_sa && is_tagged(proto))
	{
		child_sa = ike_sa->get_child_sa(ike_sa,
							proto == IPPROTO_AH ? PROTO_AH : PROTO_ESP,
							spi, FALSE);
		if (child_sa && child_sa->get_state(child_sa) == CHILD_INSTALLED)
		{
			kernel->report->child(kernel->report, ike_sa, child_sa);
		}
	}
}

METHOD(kernel_interface_t, add_sa, status_t,
	kernel_interface_t *this, kernel_ipsec_sa_id_t *id,
	kernel_ipsec_add_sa_t *data)
{
	status_t status, announced;

	announced = announce(id->dst, id->spi, id->proto);
	status = kernel->original.add_sa(this, id, data);
	if (status == SUCCESS)
	{
		count(announced);
		if (announced == ALREADY_DONE)
		{
			kernel->twins->add(kernel->twins, id);
		}
		if (data->inbound)
		{
			kernel->hosts->add(kernel->hosts, id->spi, id->proto, id->dst,
							   id->src);
		}
		else
		{
			report_late_child(id->spi, id->proto);
		}
	}
	else if (announced == SUCCESS)
	{
		/* only if it was accepted, it might be someone else's otherwise */
		withdraw(id->dst, id->spi, id->proto);
	}
	return status;
}

METHOD(kernel_interface_t, update_sa, status_t,
	kernel_interface_t *this, kernel_ipsec_sa_id_t *id,
	kernel_ipsec_update_sa_t *data)
{
	kernel_ipsec_sa_id_t new_id = *id;
	ike_sa_t *ike_sa;
	status_t status, announced;
	bool moved, twin;

	new_id.dst = data->new_dst;
	moved = !id->dst->ip_equals(id->dst, data->new_dst);
	/* even with the same destination the SA is deleted and added again */
	announced = announce(data->new_dst, id->spi, id->proto);
	status = kernel->original.update_sa(this, id, data);
	if (status == SUCCESS)
	{
		count(announced);
		kernel->hosts->update(kernel->hosts, id->spi, id->proto, id->dst,
							  data->new_dst, data->new_src);
		twin = kernel->twins->remove(kernel->twins, id);
		if (announced == ALREADY_DONE)
		{
			kernel->twins->add(kernel->twins, &new_id);
		}
		if (moved && !twin)
		{
			withdraw(id->dst, id->spi, id->proto);
		}
	}
	else if (announced == SUCCESS)
	{
		if (moved)
		{
			withdraw(data->new_dst, id->spi, id->proto);
		}
		else
		{
			/* it's no longer about to be installed. If it got lost, charon
			 * still deletes it at some point. */
			ike_sa = charon->bus->get_sa(charon->bus);
			kernel->report->sa(kernel->report, ike_sa, id->dst, id->spi,
							   id->proto, FALSE);
		}
	}
	return status;
}

METHOD(kernel_interface_t, del_sa, status_t,
	kernel_interface_t *this, kernel_ipsec_sa_id_t *id,
	kernel_ipsec_del_sa_t *data)
{
	status_t status;

	/* whether it fails or not, it isn't there afterwards */
	status = kernel->original.del_sa(this, id, data);
	kernel->hosts->remove(kernel->hosts, id->spi, id->proto, id->dst);
	if (!kernel->twins->remove(kernel->twins, id))
	{
		withdraw(id->dst, id->spi, id->proto);
	}
	return status;
}

METHOD(ipsec_qos_kernel_t, wrap, void,
	private_ipsec_qos_kernel_t *this)
{
	kernel = this;
	this->original = *charon->kernel;
	charon->kernel->get_spi = _get_spi;
	charon->kernel->add_sa = _add_sa;
	charon->kernel->update_sa = _update_sa;
	charon->kernel->del_sa = _del_sa;
}

METHOD(ipsec_qos_kernel_t, unwrap, void,
	private_ipsec_qos_kernel_t *this)
{
	charon->kernel->get_spi = this->original.get_spi;
	charon->kernel->add_sa = this->original.add_sa;
	charon->kernel->update_sa = this->original.update_sa;
	charon->kernel->del_sa = this->original.del_sa;
}

METHOD(ipsec_qos_kernel_t, destroy, void,
	private_ipsec_qos_kernel_t *this)
{
	this->twins->destroy(this->twins);
	free(this);
}

/*
 * Described in header
 */
ipsec_qos_kernel_t *ipsec_qos_kernel_create(ipsec_qos_report_t *report,
											ipsec_qos_feed_t *feed,
											ipsec_qos_hosts_t *hosts,
											ipsec_qos_spi_t *spi)
{
	private_ipsec_qos_kernel_t *this;

	INIT(this,
		.public = {
			.wrap = _wrap,
			.unwrap = _unwrap,
			.destroy = _destroy,
		},
		.report = report,
		.feed = feed,
		.hosts = hosts,
		.spi = spi,
		.twins = ipsec_qos_twins_create(),
	);

	return &this->public;
}
