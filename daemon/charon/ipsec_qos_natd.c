// SPDX-License-Identifier: GPL-2.0-or-later

#include "ipsec_qos_natd.h"
#include "ipsec_qos_names.h"

#include <daemon.h>
#include <encoding/payloads/notify_payload.h>
#include <encoding/payloads/vendor_id_payload.h>
#include <collections/hashtable.h>
#include <threading/mutex.h>

typedef struct private_ipsec_qos_natd_t private_ipsec_qos_natd_t;

/**
 * Private data of an ipsec_qos_natd_t object
 */
struct private_ipsec_qos_natd_t {

	/**
	 * Public interface
	 */
	ipsec_qos_natd_t public;

	/**
	 * Original method of charon->sender, if wrapped
	 */
	void (*send)(sender_t *this, packet_t *packet);

	/**
	 * Original method of charon->backends, if wrapped
	 */
	ike_cfg_t *(*get_ike_cfg)(backend_manager_t *this, host_t *me,
							  host_t *other, ike_version_t version);

	/**
	 * Protects the following, held for no longer than it takes to look there
	 */
	mutex_t *mutex;

	/**
	 * TRUE if it is not the same for all connections
	 */
	bool listed;

	/**
	 * IKE_SAs this host answers, which have no connection yet, whose ESP is to
	 * stay plain, as unique ID => this. What is there is a half-open IKE_SA, of
	 * which charon has no more than it is told to have.
	 */
	hashtable_t *plain;
};

/**
 * The one instance, as the methods we replace have no place for it
 */
static private_ipsec_qos_natd_t *natd;

/**
 * Vendor IDs by which IKEv1 announces NAT traversal: MD5 of "RFC 3947" (its
 * section 3.1), and of the names of its drafts from -00 to -08. That of -02 also
 * comes with a newline.
 */
static uint8_t vendor_ids[][16] = {
	{ 0x4a, 0x13, 0x1c, 0x81, 0x07, 0x03, 0x58, 0x45,
	  0x5c, 0x57, 0x28, 0xf2, 0x0e, 0x95, 0x45, 0x2f },
	{ 0x44, 0x85, 0x15, 0x2d, 0x18, 0xb6, 0xbb, 0xcd,
	  0x0b, 0xe8, 0xa8, 0x46, 0x95, 0x79, 0xdd, 0xcc },
	{ 0x16, 0xf6, 0xca, 0x16, 0xe4, 0xa4, 0x06, 0x6d,
	  0x83, 0x82, 0x1a, 0x0f, 0x0a, 0xea, 0xa8, 0x62 },
	{ 0xcd, 0x60, 0x46, 0x43, 0x35, 0xdf, 0x21, 0xf8,
	  0x7c, 0xfd, 0xb2, 0xfc, 0x68, 0xb6, 0xa4, 0x48 },
	{ 0x90, 0xcb, 0x80, 0x91, 0x3e, 0xbb, 0x69, 0x6e,
	  0x08, 0x63, 0x81, 0xb5, 0xec, 0x42, 0x7b, 0x1f },
	{ 0x7d, 0x94, 0x19, 0xa6, 0x53, 0x10, 0xca, 0x6f,
	  0x2c, 0x17, 0x9d, 0x92, 0x15, 0x52, 0x9d, 0x56 },
	{ 0x99, 0x09, 0xb6, 0x4e, 0xed, 0x93, 0x7c, 0x65,
	  0x73, 0xde, 0x52, 0xac, 0xe9, 0x52, 0xfa, 0x6b },
	{ 0x80, 0xd0, 0xbb, 0x3d, 0xef, 0x54, 0x56, 0x5e,
	  0xe8, 0x46, 0x45, 0xd4, 0xc8, 0x5c, 0xe3, 0xee },
	{ 0x4d, 0x1e, 0x0e, 0x13, 0x6d, 0xea, 0xfa, 0x34,
	  0xc4, 0xf3, 0xea, 0x9f, 0x02, 0xec, 0x72, 0x85 },
	{ 0x43, 0x9b, 0x59, 0xf8, 0xba, 0x67, 0x6c, 0x4c,
	  0x77, 0x37, 0xae, 0x22, 0xea, 0xb8, 0xf5, 0x82 },
	{ 0x8f, 0x8d, 0x83, 0x82, 0x6d, 0x24, 0x6b, 0x6f,
	  0xc7, 0xa8, 0xa6, 0xa4, 0x28, 0xc1, 0x1d, 0xe8 },
};

/**
 * Check if a payload announces NAT detection, or is part of it
 */
static bool is_natd(payload_t *payload)
{
	notify_payload_t *notify;
	vendor_id_payload_t *vendor;
	notify_type_t type;
	u_int i;

	switch (payload->get_type(payload))
	{
		case PLV2_NOTIFY:
			notify = (notify_payload_t*)payload;
			type = notify->get_notify_type(notify);
			return type == NAT_DETECTION_SOURCE_IP ||
				   type == NAT_DETECTION_DESTINATION_IP;
		case PLV1_NAT_D:
		case PLV1_NAT_D_DRAFT_00_03:
			return TRUE;
		case PLV1_VENDOR_ID:
			vendor = (vendor_id_payload_t*)payload;
			for (i = 0; i < countof(vendor_ids); i++)
			{
				if (chunk_equals(vendor->get_data(vendor),
								 chunk_from_thing(vendor_ids[i])))
				{
					return TRUE;
				}
			}
			return FALSE;
		default:
			return FALSE;
	}
}

/**
 * Read the setting, for a connection or, with NULL, if none is known
 */
static bool is_set(const char *connection)
{
	return ipsec_qos_names_match(lib->settings->get_str(lib->settings,
						"%s.plugins.ipsec-qos.esp_through_nat", NULL, lib->ns),
						connection);
}

/**
 * Check if ESP is to stay plain where charon found these settings for IKE.
 *
 * Which connection it is going to be is not known, so all that have these settings
 * have to say so: whoever gets UDP encapsulation without need is better off than
 * one who lacks it. With vici and stroke each connection has settings of its own.
 * In a database connections may share them, and each look-up there makes new ones.
 */
static bool is_agreed(private_ipsec_qos_natd_t *this, ike_cfg_t *ike_cfg)
{
	enumerator_t *enumerator;
	peer_cfg_t *peer_cfg;
	ike_cfg_t *current;
	bool listed, have = FALSE, same = TRUE, have_alike = FALSE, alike = TRUE;

	this->mutex->lock(this->mutex);
	listed = this->listed;
	this->mutex->unlock(this->mutex);
	if (!listed)
	{
		return is_set(NULL);
	}
	/* with no address given none is compared, so no name is resolved */
	enumerator = charon->backends->create_peer_cfg_enumerator(charon->backends,
										NULL, NULL, NULL, NULL, IKE_ANY);
	while (enumerator->enumerate(enumerator, &peer_cfg))
	{
		current = peer_cfg->get_ike_cfg(peer_cfg);
		/* settings are looked up under a lock: only of those that matter */
		if (current == ike_cfg)
		{
			have = TRUE;
			same = same && is_set(peer_cfg->get_name(peer_cfg));
		}
		else if (!have && current->equals(current, ike_cfg))
		{
			have_alike = TRUE;
			alike = alike && is_set(peer_cfg->get_name(peer_cfg));
		}
	}
	enumerator->destroy(enumerator);
	return have ? same : have_alike ? alike : is_set(NULL);
}

METHOD(ipsec_qos_natd_t, is_wanted, bool,
	private_ipsec_qos_natd_t *this, ike_sa_t *ike_sa)
{
	peer_cfg_t *peer_cfg;
	bool wanted;

	peer_cfg = ike_sa->get_peer_cfg(ike_sa);
	if (peer_cfg)
	{
		return is_set(peer_cfg->get_name(peer_cfg));
	}
	this->mutex->lock(this->mutex);
	wanted = this->plain->get(this->plain,
					(void*)(uintptr_t)ike_sa->get_unique_id(ike_sa)) != NULL;
	this->mutex->unlock(this->mutex);
	return wanted;
}

METHOD(listener_t, message, bool,
	private_ipsec_qos_natd_t *this, ike_sa_t *ike_sa, message_t *message,
	bool incoming, bool plain)
{
	enumerator_t *enumerator;
	payload_t *payload;
	bool removed = FALSE;

	if (!plain)
	{
		return TRUE;
	}
	enumerator = message->create_payload_enumerator(message);
	while (enumerator->enumerate(enumerator, &payload))
	{
		if (!is_natd(payload))
		{
			continue;
		}
		if (!removed && !is_wanted(this, ike_sa))
		{
			break;
		}
		message->remove_payload_at(message, enumerator);
		payload->destroy(payload);
		removed = TRUE;
	}
	enumerator->destroy(enumerator);
	if (removed)
	{
		DBG1(DBG_IKE, "%s NAT detection, ESP stays without UDP encapsulation "
			 "(esp_through_nat)", incoming ? "ignoring" : "not announcing");
	}
	return TRUE;
}

METHOD(listener_t, ike_state_change, bool,
	private_ipsec_qos_natd_t *this, ike_sa_t *ike_sa, ike_sa_state_t state)
{
	if (state == IKE_ESTABLISHED || state == IKE_DESTROYING)
	{
		this->mutex->lock(this->mutex);
		this->plain->remove(this->plain,
							(void*)(uintptr_t)ike_sa->get_unique_id(ike_sa));
		this->mutex->unlock(this->mutex);
	}
	return TRUE;
}

METHOD(backend_manager_t, get_ike_cfg, ike_cfg_t*,
	backend_manager_t *this, host_t *me, host_t *other, ike_version_t version)
{
	ike_sa_t *ike_sa;
	ike_cfg_t *ike_cfg;

	ike_cfg = natd->get_ike_cfg(this, me, other, version);
	ike_sa = charon->bus->get_sa(charon->bus);
	if (ike_cfg && ike_sa && is_agreed(natd, ike_cfg))
	{
		natd->mutex->lock(natd->mutex);
		natd->plain->put(natd->plain,
						 (void*)(uintptr_t)ike_sa->get_unique_id(ike_sa), natd);
		natd->mutex->unlock(natd->mutex);
	}
	return ike_cfg;
}

METHOD(sender_t, send_, void,
	sender_t *this, packet_t *packet)
{
	host_t *src, *dst;
	ike_sa_t *ike_sa;

	src = packet->get_source(packet);
	dst = packet->get_destination(packet);
	if (src->get_port(src) == charon->socket->get_port(charon->socket, TRUE) &&
		dst->get_port(dst) == IKEV2_UDP_PORT)
	{
		ike_sa = charon->bus->get_sa(charon->bus);
		if (ike_sa && is_wanted(natd, ike_sa))
		{
			DBG1(DBG_IKE, "trying the path from port %d, not %d (esp_through_nat)",
				 charon->socket->get_port(charon->socket, FALSE),
				 src->get_port(src));
			src->set_port(src, charon->socket->get_port(charon->socket, FALSE));
		}
	}
	natd->send(this, packet);
}

/**
 * Create an empty set of IKE_SAs
 */
static hashtable_t *create_plain()
{
	return hashtable_create(hashtable_hash_ptr, hashtable_equals_ptr, 4);
}

METHOD(ipsec_qos_natd_t, configure, bool,
	private_ipsec_qos_natd_t *this)
{
	enumerator_t *enumerator;
	bool listed;
	char *setting, *name;

	setting = lib->settings->get_str(lib->settings,
						"%s.plugins.ipsec-qos.esp_through_nat", NULL, lib->ns);
	listed = ipsec_qos_names_listed(setting);
	this->mutex->lock(this->mutex);
	this->listed = listed;
	this->mutex->unlock(this->mutex);

	/* as it was said before there were lists */
	enumerator = lib->settings->create_section_enumerator(lib->settings,
								"%s.plugins.ipsec-qos.connections", lib->ns);
	while (enumerator->enumerate(enumerator, &name))
	{
		DBG1(DBG_CFG, "%s.plugins.ipsec-qos.connections.%s is not read, name the "
			 "connection instead: esp_through_nat = %s", lib->ns, name, name);
	}
	enumerator->destroy(enumerator);
	return listed || ipsec_qos_names_match(setting, NULL);
}

METHOD(ipsec_qos_natd_t, wrap, void,
	private_ipsec_qos_natd_t *this)
{
	natd = this;
	this->send = charon->sender->send;
	this->get_ike_cfg = charon->backends->get_ike_cfg;
	charon->sender->send = _send_;
	charon->backends->get_ike_cfg = _get_ike_cfg;
}

METHOD(ipsec_qos_natd_t, unwrap, void,
	private_ipsec_qos_natd_t *this)
{
	charon->backends->get_ike_cfg = this->get_ike_cfg;
	charon->sender->send = this->send;
	/* nobody tells us any more when they are gone */
	this->mutex->lock(this->mutex);
	this->plain->destroy(this->plain);
	this->plain = create_plain();
	this->mutex->unlock(this->mutex);
}

METHOD(ipsec_qos_natd_t, destroy, void,
	private_ipsec_qos_natd_t *this)
{
	this->plain->destroy(this->plain);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
ipsec_qos_natd_t *ipsec_qos_natd_create()
{
	private_ipsec_qos_natd_t *this;

	INIT(this,
		.public = {
			.listener = {
				.message = _message,
				.ike_state_change = _ike_state_change,
			},
			.configure = _configure,
			.is_wanted = _is_wanted,
			.wrap = _wrap,
			.unwrap = _unwrap,
			.destroy = _destroy,
		},
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
		.plain = create_plain(),
	);

	return &this->public;
}
