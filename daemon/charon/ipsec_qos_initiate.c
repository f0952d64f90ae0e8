// SPDX-License-Identifier: GPL-2.0-or-later

#include "ipsec_qos_initiate.h"

#include <errno.h>

#include <daemon.h>

/**
 * Look for what is asked for in a connection.
 *
 * @param name			name of the CHILD_SA, NULL for the only one
 * @param count			receives how many there are with that name, or at all
 * @return				config, NULL if there is none or it's not clear which
 */
static child_cfg_t *get_child_cfg(peer_cfg_t *peer_cfg, const char *name,
								  u_int *count)
{
	enumerator_t *enumerator;
	child_cfg_t *current, *found = NULL;

	*count = 0;
	enumerator = peer_cfg->create_child_cfg_enumerator(peer_cfg);
	while (enumerator->enumerate(enumerator, &current))
	{
		if (!name || streq(current->get_name(current), name))
		{
			if (!found)
			{
				found = current->get_ref(current);
			}
			(*count)++;
		}
	}
	enumerator->destroy(enumerator);
	if (*count > 1 && !name)
	{
		DESTROY_IF(found);
		return NULL;
	}
	return found;
}

/**
 * Find the IKE_SA of a connection with a peer. By the connection alone charon would
 * find one with any peer of that connection.
 *
 * @return				unique ID, 0 if there is none
 */
static uint32_t find_ike_sa(peer_cfg_t *peer_cfg, host_t *remote)
{
	enumerator_t *enumerator;
	ike_sa_t *ike_sa;
	peer_cfg_t *current;
	host_t *host;
	uint32_t id = 0;

	enumerator = charon->ike_sa_manager->create_enumerator(
												charon->ike_sa_manager, TRUE);
	while (!id && enumerator->enumerate(enumerator, &ike_sa))
	{
		switch (ike_sa->get_state(ike_sa))
		{
			case IKE_CONNECTING:
			case IKE_ESTABLISHED:
			case IKE_REKEYING:
				break;
			default:
				continue;
		}
		current = ike_sa->get_peer_cfg(ike_sa);
		host = ike_sa->get_other_host(ike_sa);
		if (current && current->equals(current, peer_cfg) &&
			host->ip_equals(host, remote))
		{
			id = ike_sa->get_unique_id(ike_sa);
		}
	}
	enumerator->destroy(enumerator);
	return id;
}

/**
 * Check out an IKE_SA with a given peer, a new one if there is none.
 */
static ike_sa_t *checkout_with(peer_cfg_t *peer_cfg, host_t *remote)
{
	ike_cfg_t *ike_cfg = peer_cfg->get_ike_cfg(peer_cfg);
	ike_sa_t *ike_sa;
	uint32_t id;

	id = find_ike_sa(peer_cfg, remote);
	if (id)
	{
		ike_sa = charon->ike_sa_manager->checkout_by_id(charon->ike_sa_manager,
														id);
		if (ike_sa)
		{
			return ike_sa;
		}
	}
	ike_sa = charon->ike_sa_manager->create_new(charon->ike_sa_manager,
									peer_cfg->get_ike_version(peer_cfg), TRUE);
	if (ike_sa)
	{
		ike_sa->set_peer_cfg(ike_sa, peer_cfg);
		remote = remote->clone(remote);
		remote->set_port(remote, ike_cfg->get_other_port(ike_cfg));
		/* our own address charon finds by it */
		ike_sa->set_other_host(ike_sa, remote);
		/* an answer may be faster than we check it in */
		charon->ike_sa_manager->checkout_new(charon->ike_sa_manager, ike_sa);
		charon->bus->set_sa(charon->bus, ike_sa);
	}
	return ike_sa;
}

/**
 * Check if an IKE_SA is new, and nothing was begun with it
 */
static bool is_unused(ike_sa_t *ike_sa)
{
	enumerator_t *enumerator;
	task_t *task;
	bool used;

	enumerator = ike_sa->create_task_enumerator(ike_sa, TASK_QUEUE_QUEUED);
	used = enumerator->enumerate(enumerator, &task);
	enumerator->destroy(enumerator);
	return !used && ike_sa->get_state(ike_sa) == IKE_CREATED;
}

/**
 * Have an IKE_SA negotiate a CHILD_SA, if it's still wanted.
 *
 * @param ike_sa		IKE_SA, gets checked in
 * @param child_cfg		config of the CHILD_SA, adopted
 * @return				FALSE if that ended the IKE_SA at once
 */
static bool initiate(ike_sa_t *ike_sa, child_cfg_t *child_cfg,
					 ipsec_qos_attach_t attach, void *data)
{
	if (!attach(data, ike_sa, child_cfg->get_name(child_cfg)))
	{
		child_cfg->destroy(child_cfg);
		if (is_unused(ike_sa))
		{
			charon->ike_sa_manager->checkin_and_destroy(charon->ike_sa_manager,
														ike_sa);
			return TRUE;
		}
	}
	else if (ike_sa->initiate(ike_sa, child_cfg, NULL) == DESTROY_ME)
	{
		charon->ike_sa_manager->checkin_and_destroy(charon->ike_sa_manager,
													ike_sa);
		return FALSE;
	}
	charon->ike_sa_manager->checkin(charon->ike_sa_manager, ike_sa);
	return TRUE;
}

/**
 * Find out with whom a request is for.
 *
 * @param remote		the peer's address if said, NULL otherwise
 * @param fixed			set to TRUE if the connection has one peer only
 * @return				NULL, or what is wrong with it
 */
static const char *check_remote(peer_cfg_t *peer_cfg, host_t *remote,
								bool *fixed)
{
	ike_cfg_t *ike_cfg = peer_cfg->get_ike_cfg(peer_cfg);
	host_t *host;

	host = ike_cfg->resolve_other(ike_cfg, remote ? remote->get_family(remote)
												  : AF_UNSPEC);
	/* of one whose name is not found charon says so */
	*fixed = !host || !host->is_anyaddr(host);
	DESTROY_IF(host);
	if (remote)
	{
		if (remote->is_anyaddr(remote))
		{
			return "an address of no host is no peer's";
		}
		if (!ike_cfg->match_other(ike_cfg, remote))
		{
			return "that is not its peer's address";
		}
		return NULL;
	}
	return *fixed ? NULL : "it names no peer, so it has to be said with whom";
}

/**
 * Look for what is to be initiated.
 *
 * @param fixed			set to TRUE if the connection has one peer only
 * @param child_cfg		receives the config of the CHILD_SA
 * @param why			set to the reason on failure
 * @return				0 or errno
 */
static uint32_t find_config(peer_cfg_t *peer_cfg, const char *child,
							host_t *remote, bool *fixed,
							child_cfg_t **child_cfg, const char **why)
{
	u_int count;

	*child_cfg = get_child_cfg(peer_cfg, child, &count);
	if (!count)
	{
		*why = "it has no such CHILD SA";
		return ENOENT;
	}
	if (!*child_cfg)
	{
		*why = "it has several CHILD SAs, it has to be said which";
		return EINVAL;
	}
	*why = check_remote(peer_cfg, remote, fixed);
	return *why ? EINVAL : 0;
}

/*
 * Described in header
 */
uint32_t ipsec_qos_initiate(const char *conn, const char *child, host_t *remote,
							ipsec_qos_attach_t attach, void *data,
							const char **why)
{
	peer_cfg_t *peer_cfg;
	child_cfg_t *child_cfg = NULL;
	ike_sa_t *ike_sa;
	uint32_t error;
	bool fixed;

	peer_cfg = charon->backends->get_peer_cfg_by_name(charon->backends,
													  (char*)conn);
	if (!peer_cfg)
	{
		*why = "charon has no such connection";
		return ENOENT;
	}
	error = find_config(peer_cfg, child, remote, &fixed, &child_cfg, why);
	if (!error)
	{
		/* with one peer it's charon that knows best which IKE_SA to use */
		ike_sa = fixed && !remote
				? charon->ike_sa_manager->checkout_by_config(
											charon->ike_sa_manager, peer_cfg)
				: checkout_with(peer_cfg, remote);
		if (!ike_sa)
		{
			*why = "no IKE SA can be made";
			error = ECONNREFUSED;
		}
		else
		{
			error = initiate(ike_sa, child_cfg, attach, data) ? 0 : ECONNREFUSED;
			child_cfg = NULL;
		}
	}
	DESTROY_IF(child_cfg);
	peer_cfg->destroy(peer_cfg);
	return error;
}
