// SPDX-License-Identifier: GPL-2.0-or-later

#include "ipsec_qos_listener.h"

typedef struct private_ipsec_qos_listener_t private_ipsec_qos_listener_t;

/**
 * Private data of an ipsec_qos_listener_t object
 */
struct private_ipsec_qos_listener_t {

	/**
	 * Public interface
	 */
	ipsec_qos_listener_t public;

	/**
	 * Where to report to. The bus is locked while it calls us, nothing we use
	 * here waits for the daemon.
	 */
	ipsec_qos_report_t *report;
};

METHOD(listener_t, ike_updown, bool,
	private_ipsec_qos_listener_t *this, ike_sa_t *ike_sa, bool up)
{
	if (up)
	{
		/* when reauthenticating with IKEv1 it has children from the start */
		this->report->ike_with_children(this->report, ike_sa);
	}
	return TRUE;
}

METHOD(listener_t, ike_state_change, bool,
	private_ipsec_qos_listener_t *this, ike_sa_t *ike_sa, ike_sa_state_t state)
{
	switch (state)
	{
		case IKE_DESTROYING:
			/* in contrast to a down event that's what every IKE_SA comes to,
			 * and not before the last message has been processed */
			this->report->ike_gone(this->report, ike_sa);
			break;
		case IKE_CREATED:
			/* it was reset, by an initiator that tries again */
			this->report->forget(this->report, ike_sa);
			break;
		case IKE_ESTABLISHED:
			if (ike_sa->get_state(ike_sa) == IKE_PASSIVE)
			{
				/* it takes over from its partner in a cluster, whose word is
				 * only known to be that until then */
				this->report->ike_with_children(this->report, ike_sa);
			}
			break;
		default:
			break;
	}
	return TRUE;
}

METHOD(listener_t, ike_rekey, bool,
	private_ipsec_qos_listener_t *this, ike_sa_t *old, ike_sa_t *new)
{
	this->report->inherit(this->report, old, new);
	this->report->ike_with_children(this->report, new);
	return TRUE;
}

METHOD(listener_t, ike_update, bool,
	private_ipsec_qos_listener_t *this, ike_sa_t *ike_sa, host_t *local,
	host_t *remote)
{
	/* the CHILD_SAs are updated after this */
	this->report->ike(this->report, ike_sa, local, remote);
	return TRUE;
}

METHOD(listener_t, children_migrate, bool,
	private_ipsec_qos_listener_t *this, ike_sa_t *ike_sa, ike_sa_id_t *new,
	uint32_t unique)
{
	if (!new)
	{
		/* called for the new IKE_SA. On the initiator it is not authenticated
		 * yet, its children are reported once it is established. */
		this->report->ike_with_children(this->report, ike_sa);
	}
	return TRUE;
}

METHOD(listener_t, child_state_change, bool,
	private_ipsec_qos_listener_t *this, ike_sa_t *ike_sa, child_sa_t *child_sa,
	child_sa_state_t state)
{
	if (state == CHILD_DESTROYING)
	{
		this->report->child_gone(this->report, child_sa);
	}
	else if (ike_sa && (state == CHILD_INSTALLED ||
						child_sa->get_state(child_sa) == CHILD_UPDATING))
	{
		/* installed, or its addresses or encapsulation just changed */
		this->report->child(this->report, ike_sa, child_sa);
	}
	return TRUE;
}

METHOD(ipsec_qos_listener_t, destroy, void,
	private_ipsec_qos_listener_t *this)
{
	free(this);
}

/*
 * Described in header
 */
ipsec_qos_listener_t *ipsec_qos_listener_create(ipsec_qos_report_t *report)
{
	private_ipsec_qos_listener_t *this;

	INIT(this,
		.public = {
			.listener = {
				.ike_updown = _ike_updown,
				.ike_state_change = _ike_state_change,
				.ike_rekey = _ike_rekey,
				.ike_update = _ike_update,
				.children_migrate = _children_migrate,
				.child_state_change = _child_state_change,
			},
			.destroy = _destroy,
		},
		.report = report,
	);

	return &this->public;
}
