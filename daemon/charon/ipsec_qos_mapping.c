// SPDX-License-Identifier: GPL-2.0-or-later

#include "ipsec_qos_mapping.h"

#include <daemon.h>
#include <encoding/payloads/notify_payload.h>
#include <processing/jobs/callback_job.h>
#include <sa/ikev1/tasks/informational.h>
#include <sa/ikev2/tasks/ike_dpd.h>
#include <sa/ikev2/tasks/ike_mobike.h>

/**
 * After how many seconds without an IKE message from us the next is due unless
 * configured. Linux keeps a mapping for 30 s, until it has seen it used for more than
 * two seconds (nf_conntrack_udp_timeout); after that for 120 s. IKE is done within
 * these two, so it's the 30 s that count, for new mappings too.
 */
#define DEFAULT_KEEP_ALIVE 20

/**
 * Status notify of IKEv1 that says nothing, of those for private use (RFC 2408,
 * section 3.14.1). Who does not know it ignores it.
 */
#define KEEP_ALIVE_NOTIFY 0x8051

typedef struct private_ipsec_qos_mapping_t private_ipsec_qos_mapping_t;

/**
 * Private data of an ipsec_qos_mapping_t object
 */
struct private_ipsec_qos_mapping_t {

	/**
	 * Public interface
	 */
	ipsec_qos_mapping_t public;

	/**
	 * Tells whose NATs are not detected
	 */
	ipsec_qos_natd_t *natd;
};

/**
 * An IKE_SA that a job is for
 */
typedef struct {
	/** our instance */
	private_ipsec_qos_mapping_t *this;
	/** its ID */
	ike_sa_id_t *id;
	/** address the peer was last heard from, NULL if not needed */
	host_t *host;
} task_data_t;

/**
 * Create the data of a job
 *
 * @param host			adopted, or NULL
 */
static task_data_t *task_data_create(private_ipsec_qos_mapping_t *this,
									 ike_sa_t *ike_sa, host_t *host)
{
	ike_sa_id_t *id = ike_sa->get_id(ike_sa);
	task_data_t *data;

	INIT(data,
		.this = this,
		.id = id->clone(id),
		.host = host,
	);
	return data;
}

/**
 * Destroy the data of a job
 */
static void task_data_destroy(task_data_t *data)
{
	data->id->destroy(data->id);
	DESTROY_IF(data->host);
	free(data);
}

/**
 * Check if there may be a NAT that charon does not know
 */
static bool is_ours(private_ipsec_qos_mapping_t *this, ike_sa_t *ike_sa)
{
	return !ike_sa->has_condition(ike_sa, COND_NAT_ANY) &&
		   this->natd->is_wanted(this->natd, ike_sa);
}

/**
 * Check if it is up to us to keep an IKE_SA's mapping alive
 */
static bool is_kept(private_ipsec_qos_mapping_t *this, ike_sa_t *ike_sa)
{
	return is_ours(this, ike_sa) &&
		   (ike_sa->get_version(ike_sa) == IKEV1 ||
			ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR));
}

/**
 * Check if charon waits for an answer, and sends until there is one
 */
static bool is_busy(ike_sa_t *ike_sa)
{
	enumerator_t *enumerator;
	task_t *task;
	bool busy;

	enumerator = ike_sa->create_task_enumerator(ike_sa, TASK_QUEUE_ACTIVE);
	busy = enumerator->enumerate(enumerator, &task);
	enumerator->destroy(enumerator);
	return busy;
}

/**
 * Create what is sent
 */
static task_t *keep_alive_create(ike_sa_t *ike_sa)
{
	notify_payload_t *notify;
	ike_mobike_t *mobike;
	ike_sa_id_t *id;
	uint64_t spi_i, spi_r;

	if (ike_sa->get_version(ike_sa) == IKEV1)
	{
		/* not DPD, whose sequence numbers only charon's task manager has, and
		 * which schedules itself where dpd_delay is set */
		id = ike_sa->get_id(ike_sa);
		spi_i = id->get_initiator_spi(id);
		spi_r = id->get_responder_spi(id);
		notify = notify_payload_create_from_protocol_and_type(PLV1_NOTIFY,
												PROTO_IKE, KEEP_ALIVE_NOTIFY);
		notify->set_spi_data(notify, chunk_cata("cc", chunk_from_thing(spi_i),
												chunk_from_thing(spi_r)));
		return &informational_create(ike_sa, notify)->task;
	}
	if (ike_sa->supports_extension(ike_sa, EXT_MOBIKE))
	{
		/* as charon's DPD, which looks for another path if there's no answer */
		mobike = ike_mobike_create(ike_sa, TRUE);
		return &mobike->task;
	}
	return &ike_dpd_create(TRUE)->task;
}

/**
 * Get the configured interval in s, 0 if mappings are not to be kept alive
 */
static uint32_t get_interval()
{
	return lib->settings->get_time(lib->settings,
								   "%s.plugins.ipsec-qos.keep_alive",
								   DEFAULT_KEEP_ALIVE, lib->ns);
}

/**
 * Job that keeps the mapping of an IKE_SA alive, as long as that is there
 */
static job_requeue_t keep_alive(task_data_t *data)
{
	uint32_t interval = get_interval();
	status_t status = SUCCESS;
	ike_sa_t *ike_sa;
	time_t idle;

	if (!interval)
	{
		return JOB_REQUEUE_NONE;
	}
	ike_sa = charon->ike_sa_manager->checkout(charon->ike_sa_manager, data->id);
	if (!ike_sa)
	{
		return JOB_REQUEUE_NONE;
	}
	if (!is_kept(data->this, ike_sa))
	{
		charon->ike_sa_manager->checkin(charon->ike_sa_manager, ike_sa);
		return JOB_REQUEUE_NONE;
	}
	idle = time_monotonic(NULL) - ike_sa->get_statistic(ike_sa, STAT_OUTBOUND);
	if (idle < interval)
	{
		interval -= idle;
	}
	else if (ike_sa->get_state(ike_sa) == IKE_ESTABLISHED &&
			 !ike_sa->has_condition(ike_sa, COND_STALE) && !is_busy(ike_sa))
	{
		DBG1(DBG_IKE, "keeping a NAT's mapping to %#H alive (esp_through_nat)",
			 ike_sa->get_other_host(ike_sa));
		ike_sa->queue_task(ike_sa, keep_alive_create(ike_sa));
		status = ike_sa->initiate(ike_sa, NULL, NULL);
	}
	if (status == DESTROY_ME)
	{
		charon->ike_sa_manager->checkin_and_destroy(charon->ike_sa_manager,
													ike_sa);
		return JOB_REQUEUE_NONE;
	}
	charon->ike_sa_manager->checkin(charon->ike_sa_manager, ike_sa);
	return JOB_RESCHEDULE(interval);
}

/**
 * Have the mapping of an IKE_SA that is established now kept alive
 */
static void start_keep_alive(private_ipsec_qos_mapping_t *this, ike_sa_t *ike_sa)
{
	uint32_t interval = get_interval();
	callback_job_t *job;

	if (interval && is_kept(this, ike_sa))
	{
		/* the scheduler is flushed before we get unloaded */
		job = callback_job_create((callback_job_cb_t)keep_alive,
								  task_data_create(this, ike_sa, NULL),
								  (callback_job_cleanup_t)task_data_destroy, NULL);
		lib->scheduler->schedule_job(lib->scheduler, &job->job, interval);
	}
}

METHOD(listener_t, ike_updown, bool,
	private_ipsec_qos_mapping_t *this, ike_sa_t *ike_sa, bool up)
{
	if (up)
	{
		start_keep_alive(this, ike_sa);
	}
	return TRUE;
}

METHOD(listener_t, ike_rekey, bool,
	private_ipsec_qos_mapping_t *this, ike_sa_t *old, ike_sa_t *new)
{
	start_keep_alive(this, new);
	return TRUE;
}

/**
 * Job that moves an IKE_SA and its CHILD_SAs to another address of the peer
 */
static job_requeue_t move(task_data_t *data)
{
	ike_sa_t *ike_sa;

	ike_sa = charon->ike_sa_manager->checkout(charon->ike_sa_manager, data->id);
	if (ike_sa)
	{
		ike_sa->update_hosts(ike_sa, NULL, data->host, UPDATE_HOSTS_FORCE_REMOTE);
		charon->ike_sa_manager->checkin(charon->ike_sa_manager, ike_sa);
	}
	return JOB_REQUEUE_NONE;
}

METHOD(listener_t, message, bool,
	private_ipsec_qos_mapping_t *this, ike_sa_t *ike_sa, message_t *message,
	bool incoming, bool plain)
{
	callback_job_t *job;
	host_t *seen, *known, *here;

	/* What is plain has been decrypted and has the next message ID, so it is the
	 * peer's, and new. With IKEv1 charon follows the peer by itself. */
	if (!incoming || !plain || ike_sa->get_version(ike_sa) != IKEV2 ||
		ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR) ||
		(message->get_exchange_type(message) != INFORMATIONAL &&
		 message->get_exchange_type(message) != CREATE_CHILD_SA) ||
		(ike_sa->get_state(ike_sa) != IKE_ESTABLISHED &&
		 ike_sa->get_state(ike_sa) != IKE_REKEYING))
	{
		return TRUE;
	}
	seen = message->get_source(message);
	known = ike_sa->get_other_host(ike_sa);
	here = message->get_destination(message);
	if (seen->equals(seen, known) || !is_ours(this, ike_sa) ||
		/* no NAT changes that, the peer talks to another address or port of ours */
		!here->equals(here, ike_sa->get_my_host(ike_sa)))
	{
		return TRUE;
	}
	if (seen->ip_equals(seen, known))
	{
		DBG1(DBG_IKE, "following a NAT's mapping from %#H to %#H "
			 "(esp_through_nat)", known, seen);
		/* the CHILD_SAs stay as they are, plain ESP has no port */
		charon->bus->ike_update(charon->bus, ike_sa,
								ike_sa->get_my_host(ike_sa), seen);
		ike_sa->set_other_host(ike_sa, seen->clone(seen));
	}
	else if (!ike_sa->supports_extension(ike_sa, EXT_MOBIKE))
	{
		/* with MOBIKE it's for the peer to say where its ESP goes (RFC 4555,
		 * section 3.5). It takes the kernel to move it, we must not wait here. */
		job = callback_job_create_with_prio((callback_job_cb_t)move,
							task_data_create(this, ike_sa, seen->clone(seen)),
							(callback_job_cleanup_t)task_data_destroy, NULL,
							JOB_PRIO_HIGH);
		lib->processor->queue_job(lib->processor, &job->job);
	}
	return TRUE;
}

METHOD(ipsec_qos_mapping_t, destroy, void,
	private_ipsec_qos_mapping_t *this)
{
	free(this);
}

/*
 * Described in header
 */
ipsec_qos_mapping_t *ipsec_qos_mapping_create(ipsec_qos_natd_t *natd)
{
	private_ipsec_qos_mapping_t *this;

	INIT(this,
		.public = {
			.listener = {
				.message = _message,
				.ike_updown = _ike_updown,
				.ike_rekey = _ike_rekey,
			},
			.destroy = _destroy,
		},
		.natd = natd,
	);

	return &this->public;
}
