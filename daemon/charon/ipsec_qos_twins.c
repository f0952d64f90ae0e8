// SPDX-License-Identifier: GPL-2.0-or-later

#include "ipsec_qos_twins.h"

#include <collections/linked_list.h>
#include <threading/mutex.h>

typedef struct private_ipsec_qos_twins_t private_ipsec_qos_twins_t;

/**
 * An SA
 */
typedef struct {
	/** destination */
	host_t *dst;
	/** SPI, in network order */
	uint32_t spi;
	/** IP protocol */
	uint8_t proto;
	/** mark */
	mark_t mark;
} entry_t;

/**
 * Private data of an ipsec_qos_twins_t object
 */
struct private_ipsec_qos_twins_t {

	/**
	 * Public interface
	 */
	ipsec_qos_twins_t public;

	/**
	 * Protects entries
	 */
	mutex_t *mutex;

	/**
	 * entry_t, there is hardly ever one
	 */
	linked_list_t *entries;
};

/**
 * Destroy an entry_t
 */
static void entry_destroy(entry_t *this)
{
	this->dst->destroy(this->dst);
	free(this);
}

/**
 * Check if an entry is that of an SA
 */
static bool entry_is(entry_t *this, kernel_ipsec_sa_id_t *id)
{
	return this->spi == id->spi && this->proto == id->proto &&
		   this->mark.value == id->mark.value &&
		   this->mark.mask == id->mark.mask &&
		   this->dst->ip_equals(this->dst, id->dst);
}

METHOD(ipsec_qos_twins_t, add, void,
	private_ipsec_qos_twins_t *this, kernel_ipsec_sa_id_t *id)
{
	entry_t *entry;

	INIT(entry,
		.dst = id->dst->clone(id->dst),
		.spi = id->spi,
		.proto = id->proto,
		.mark = id->mark,
	);
	this->mutex->lock(this->mutex);
	this->entries->insert_last(this->entries, entry);
	this->mutex->unlock(this->mutex);
}

METHOD(ipsec_qos_twins_t, remove_, bool,
	private_ipsec_qos_twins_t *this, kernel_ipsec_sa_id_t *id)
{
	enumerator_t *enumerator;
	entry_t *entry;
	bool found = FALSE;

	this->mutex->lock(this->mutex);
	enumerator = this->entries->create_enumerator(this->entries);
	while (enumerator->enumerate(enumerator, &entry))
	{
		if (entry_is(entry, id))
		{
			this->entries->remove_at(this->entries, enumerator);
			entry_destroy(entry);
			found = TRUE;
		}
	}
	enumerator->destroy(enumerator);
	this->mutex->unlock(this->mutex);
	return found;
}

METHOD(ipsec_qos_twins_t, destroy, void,
	private_ipsec_qos_twins_t *this)
{
	this->entries->destroy_function(this->entries, (void*)entry_destroy);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
ipsec_qos_twins_t *ipsec_qos_twins_create()
{
	private_ipsec_qos_twins_t *this;

	INIT(this,
		.public = {
			.add = _add,
			.remove = _remove_,
			.destroy = _destroy,
		},
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
		.entries = linked_list_create(),
	);

	return &this->public;
}
