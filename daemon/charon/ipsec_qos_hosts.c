// SPDX-License-Identifier: GPL-2.0-or-later

#include "ipsec_qos_hosts.h"

#include <collections/hashtable.h>
#include <threading/mutex.h>

typedef struct private_ipsec_qos_hosts_t private_ipsec_qos_hosts_t;

/**
 * Hosts of a CHILD_SA
 */
typedef struct {
	/** SPI of the inbound SA, in network order */
	uint32_t spi;
	/** IP protocol */
	uint8_t proto;
	/** our host */
	host_t *local;
	/** the peer's host */
	host_t *remote;
} entry_t;

/**
 * Private data of an ipsec_qos_hosts_t object
 */
struct private_ipsec_qos_hosts_t {

	/**
	 * Public interface
	 */
	ipsec_qos_hosts_t public;

	/**
	 * Protects entries
	 */
	mutex_t *mutex;

	/**
	 * entry_t => entry_t
	 */
	hashtable_t *entries;
};

/**
 * Hash SPI and protocol
 */
static u_int entry_hash(const void *key)
{
	const entry_t *this = key;

	return chunk_hash_inc(chunk_from_thing(this->spi), this->proto);
}

/**
 * Compare SPI and protocol
 */
static bool entry_equals(const void *a, const void *b)
{
	const entry_t *this = a, *other = b;

	return this->spi == other->spi && this->proto == other->proto;
}

/**
 * Destroy an entry_t
 */
static void entry_destroy(entry_t *this)
{
	DESTROY_IF(this->local);
	DESTROY_IF(this->remote);
	free(this);
}

/**
 * Replace the hosts of an entry
 */
static void entry_set(entry_t *this, host_t *local, host_t *remote)
{
	DESTROY_IF(this->local);
	DESTROY_IF(this->remote);
	this->local = local->clone(local);
	this->remote = remote->clone(remote);
}

/**
 * Find an entry, called with the mutex locked.
 *
 * @param local			its local host, NULL if unknown
 */
static entry_t *find(private_ipsec_qos_hosts_t *this, uint32_t spi,
					 uint8_t proto, host_t *local)
{
	entry_t key = {
		.spi = spi,
		.proto = proto,
	};
	entry_t *entry;

	entry = this->entries->get(this->entries, &key);
	/* the peer is free to use the same SPI for an outbound SA */
	if (entry && local && !local->ip_equals(local, entry->local))
	{
		return NULL;
	}
	return entry;
}

METHOD(ipsec_qos_hosts_t, add, void,
	private_ipsec_qos_hosts_t *this, uint32_t spi, uint8_t proto,
	host_t *local, host_t *remote)
{
	entry_t *entry;

	this->mutex->lock(this->mutex);
	entry = find(this, spi, proto, NULL);
	if (!entry)
	{
		INIT(entry,
			.spi = spi,
			.proto = proto,
		);
		this->entries->put(this->entries, entry, entry);
	}
	entry_set(entry, local, remote);
	this->mutex->unlock(this->mutex);
}

METHOD(ipsec_qos_hosts_t, update, void,
	private_ipsec_qos_hosts_t *this, uint32_t spi, uint8_t proto, host_t *dst,
	host_t *new_dst, host_t *new_src)
{
	entry_t *entry;

	this->mutex->lock(this->mutex);
	entry = find(this, spi, proto, dst);
	if (entry)
	{
		entry_set(entry, new_dst, new_src);
	}
	this->mutex->unlock(this->mutex);
}

METHOD(ipsec_qos_hosts_t, remove_, void,
	private_ipsec_qos_hosts_t *this, uint32_t spi, uint8_t proto, host_t *dst)
{
	entry_t *entry;

	this->mutex->lock(this->mutex);
	entry = find(this, spi, proto, dst);
	if (entry)
	{
		this->entries->remove(this->entries, entry);
		entry_destroy(entry);
	}
	this->mutex->unlock(this->mutex);
}

METHOD(ipsec_qos_hosts_t, get, bool,
	private_ipsec_qos_hosts_t *this, uint32_t spi, uint8_t proto,
	host_t **local, host_t **remote)
{
	entry_t *entry;

	this->mutex->lock(this->mutex);
	entry = find(this, spi, proto, NULL);
	if (entry)
	{
		*local = entry->local->clone(entry->local);
		*remote = entry->remote->clone(entry->remote);
	}
	this->mutex->unlock(this->mutex);
	return entry != NULL;
}

METHOD(ipsec_qos_hosts_t, destroy, void,
	private_ipsec_qos_hosts_t *this)
{
	enumerator_t *enumerator;
	entry_t *entry;

	enumerator = this->entries->create_enumerator(this->entries);
	while (enumerator->enumerate(enumerator, NULL, &entry))
	{
		entry_destroy(entry);
	}
	enumerator->destroy(enumerator);
	this->entries->destroy(this->entries);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
ipsec_qos_hosts_t *ipsec_qos_hosts_create()
{
	private_ipsec_qos_hosts_t *this;

	INIT(this,
		.public = {
			.add = _add,
			.update = _update,
			.remove = _remove_,
			.get = _get,
			.destroy = _destroy,
		},
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
		.entries = hashtable_create(entry_hash, entry_equals, 32),
	);

	return &this->public;
}
