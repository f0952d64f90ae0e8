// SPDX-License-Identifier: GPL-2.0-or-later

#include "ipsec_qos_plugin.h"
#include "ipsec_qos_bucket.h"
#include "ipsec_qos_feed.h"
#include "ipsec_qos_hosts.h"
#include "ipsec_qos_kernel.h"
#include "ipsec_qos_listener.h"
#include "ipsec_qos_mapping.h"
#include "ipsec_qos_natd.h"
#include "ipsec_qos_report.h"
#include "ipsec_qos_requests.h"
#include "ipsec_qos_spi.h"
#include "ipsec_qos_version.h"

#include <daemon.h>
#include <threading/mutex.h>

typedef struct private_ipsec_qos_plugin_t private_ipsec_qos_plugin_t;

/**
 * Private data of the ipsec-qos plugin
 */
struct private_ipsec_qos_plugin_t {

	/**
	 * Public interface
	 */
	ipsec_qos_plugin_t public;

	/**
	 * Connection to the daemon
	 */
	ipsec_qos_feed_t *feed;

	/**
	 * Hosts of installed SAs
	 */
	ipsec_qos_hosts_t *hosts;

	/**
	 * What's said on it
	 */
	ipsec_qos_report_t *report;

	/**
	 * Listener for IKE_SAs and CHILD_SAs
	 */
	ipsec_qos_listener_t *listener;

	/**
	 * What the daemon asks for
	 */
	ipsec_qos_requests_t *requests;

	/**
	 * Buckets that SPIs are of
	 */
	ipsec_qos_bucket_t *bucket;

	/**
	 * Chooses SPIs
	 */
	ipsec_qos_spi_t *spi;

	/**
	 * Keeps NATs from being detected
	 */
	ipsec_qos_natd_t *natd;

	/**
	 * Looks after mappings of NATs that are not detected
	 */
	ipsec_qos_mapping_t *mapping;

	/**
	 * Protects through_nat, as settings may be reloaded by several at a time
	 */
	mutex_t *mutex;

	/**
	 * TRUE while natd and mapping are registered
	 */
	bool through_nat;

	/**
	 * Wrapper of the kernel interface
	 */
	ipsec_qos_kernel_t *kernel;
};

METHOD(plugin_t, get_name, char*,
	private_ipsec_qos_plugin_t *this)
{
	return "ipsec-qos";
}

/**
 * Register what keeps NATs from being detected, if that is wanted anywhere
 */
static void register_natd(private_ipsec_qos_plugin_t *this, bool reg)
{
	bool wanted;

	this->mutex->lock(this->mutex);
	wanted = reg && this->natd->configure(this->natd);
	if (wanted && !this->through_nat)
	{
		charon->bus->add_listener(charon->bus, &this->natd->listener);
		charon->bus->add_listener(charon->bus, &this->mapping->listener);
		this->natd->wrap(this->natd);
	}
	else if (!wanted && this->through_nat)
	{
		this->natd->unwrap(this->natd);
		charon->bus->remove_listener(charon->bus, &this->mapping->listener);
		charon->bus->remove_listener(charon->bus, &this->natd->listener);
	}
	this->through_nat = wanted;
	this->mutex->unlock(this->mutex);
}

/**
 * Register listener and kernel methods, connect
 */
static bool plugin_cb(private_ipsec_qos_plugin_t *this,
					  plugin_feature_t *feature, bool reg, void *cb_data)
{
	if (reg)
	{
		this->feed->serve(this->feed,
						(ipsec_qos_feed_request_t)this->requests->take,
						this->requests);
		this->feed->learn(this->feed,
						(ipsec_qos_feed_buckets_t)this->bucket->take,
						this->bucket);
		if (!this->feed->start(this->feed,
					(ipsec_qos_feed_sync_t)this->report->everything,
					this->report))
		{
			return FALSE;
		}
		charon->bus->add_listener(charon->bus, &this->listener->listener);
		charon->bus->add_listener(charon->bus, &this->requests->listener);
		charon->bus->add_listener(charon->bus, &this->spi->listener);
		register_natd(this, TRUE);
		this->bucket->wrap(this->bucket);
		this->kernel->wrap(this->kernel);
	}
	else
	{
		this->kernel->unwrap(this->kernel);
		this->bucket->unwrap(this->bucket);
		register_natd(this, FALSE);
		charon->bus->remove_listener(charon->bus, &this->spi->listener);
		charon->bus->remove_listener(charon->bus, &this->requests->listener);
		charon->bus->remove_listener(charon->bus, &this->listener->listener);
		/* held back reports are to be sent before the connection is closed */
		this->report->flush(this->report);
		this->feed->stop(this->feed);
	}
	return TRUE;
}

METHOD(plugin_t, get_features, int,
	private_ipsec_qos_plugin_t *this, plugin_feature_t *features[])
{
	static plugin_feature_t f[] = {
		PLUGIN_CALLBACK((plugin_feature_callback_t)plugin_cb, NULL),
			PLUGIN_PROVIDE(CUSTOM, "ipsec-qos"),
				PLUGIN_DEPENDS(CUSTOM, "kernel-ipsec"),
				PLUGIN_DEPENDS(CUSTOM, "libcharon-sa-managers"),
				PLUGIN_DEPENDS(CUSTOM, "libcharon-receiver"),
	};
	*features = f;
	return countof(f);
}

METHOD(plugin_t, reload, bool,
	private_ipsec_qos_plugin_t *this)
{
	register_natd(this, TRUE);
	return TRUE;
}

METHOD(plugin_t, destroy, void,
	private_ipsec_qos_plugin_t *this)
{
	this->kernel->destroy(this->kernel);
	this->mapping->destroy(this->mapping);
	this->natd->destroy(this->natd);
	this->spi->destroy(this->spi);
	this->bucket->destroy(this->bucket);
	this->requests->destroy(this->requests);
	this->listener->destroy(this->listener);
	this->report->destroy(this->report);
	this->hosts->destroy(this->hosts);
	this->feed->destroy(this->feed);
	this->mutex->destroy(this->mutex);
	free(this);
}

/**
 * Compared by strongSwan's loader from 6.0.3 on, which loads no plugin without it
 */
const char *ipsec_qos_plugin_version = VERSION;

/**
 * Plugin constructor
 */
plugin_t *ipsec_qos_plugin_create()
{
	private_ipsec_qos_plugin_t *this;

	/* earlier loaders compare nothing */
	if (!ipsec_qos_version_fits())
	{
		return NULL;
	}

	INIT(this,
		.public = {
			.plugin = {
				.get_name = _get_name,
				.get_features = _get_features,
				.reload = _reload,
				.destroy = _destroy,
			},
		},
		.feed = ipsec_qos_feed_create(),
		.hosts = ipsec_qos_hosts_create(),
		.bucket = ipsec_qos_bucket_create(),
		.natd = ipsec_qos_natd_create(),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
	this->spi = ipsec_qos_spi_create(this->bucket);
	this->mapping = ipsec_qos_mapping_create(this->natd);
	this->report = ipsec_qos_report_create(this->feed, this->hosts);
	this->listener = ipsec_qos_listener_create(this->report);
	this->requests = ipsec_qos_requests_create(this->feed);
	this->kernel = ipsec_qos_kernel_create(this->report, this->feed, this->hosts,
										   this->spi);

	return &this->public.plugin;
}
