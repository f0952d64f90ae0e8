// SPDX-License-Identifier: GPL-2.0-or-later

#include "ipsec_qos_report.h"
#include "ipsec_qos_proof.h"

#include <daemon.h>
#include <collections/array.h>
#include <collections/hashtable.h>
#include <processing/jobs/callback_job.h>
#include <threading/mutex.h>

/**
 * How long after an IKE_SA is destroyed the daemon gets to know, in ms. The
 * sender has a queue, and the peer may retransmit its delete.
 */
#define IKE_GONE_DELAY 300

/**
 * Number of messages after which we let the daemon catch up
 */
#define SYNC_BATCH 64

typedef struct private_ipsec_qos_report_t private_ipsec_qos_report_t;

/**
 * An IKE_SA that has been reported
 */
typedef struct {
	/** unique ID of the IKE_SA */
	uint32_t id;
	/** initiator's SPI, host order */
	uint64_t spi_i;
	/** responder's SPI, host order */
	uint64_t spi_r;
	/** what the peer proved, NULL if not known */
	ipsec_qos_proof_t *proof;
	/** once it is gone, monotonic time at which to report it */
	timeval_t gone;
} reported_t;

/**
 * Private data of an ipsec_qos_report_t object
 */
struct private_ipsec_qos_report_t {

	/**
	 * Public interface
	 */
	ipsec_qos_report_t public;

	/**
	 * Where to send to
	 */
	ipsec_qos_feed_t *feed;

	/**
	 * Hosts of installed SAs
	 */
	ipsec_qos_hosts_t *hosts;

	/**
	 * TRUE if the AAA server compares names
	 */
	bool aaa_compares;

	/**
	 * Protects the following, not held while sending
	 */
	mutex_t *mutex;

	/**
	 * IKE_SAs reported to be there, unique ID => reported_t
	 */
	hashtable_t *reported;

	/**
	 * Those destroyed since, which the daemon doesn't know yet, as reported_t
	 */
	array_t *gone;
};

/**
 * Destroy a reported_t
 */
static void reported_destroy(reported_t *this)
{
	DESTROY_IF(this->proof);
	free(this);
}

/**
 * Check if the peer is authenticated. An IKE_SA that replaces another is so from
 * the start, but gets the identity last.
 */
static bool is_authenticated(ike_sa_t *ike_sa)
{
	switch (ike_sa->get_state(ike_sa))
	{
		case IKE_CREATED:
		case IKE_DESTROYING:
			return FALSE;
		case IKE_CONNECTING:
			/* IKEv2 installs the first CHILD_SA before the IKE_SA is
			 * established */
			return ike_sa->has_condition(ike_sa, COND_AUTHENTICATED);
		default:
			return TRUE;
	}
}

/**
 * Convert an address
 */
static struct iq_addr to_addr(host_t *host)
{
	chunk_t chunk = host->get_address(host);
	struct iq_addr addr = {
		.family = host->get_family(host),
	};

	memcpy(addr.b, chunk.ptr, min(chunk.len, sizeof(addr.b)));
	return addr;
}

/**
 * Get the entry of an IKE_SA, a new one if there is none. Needs the mutex.
 */
static reported_t *get_reported(private_ipsec_qos_report_t *this,
								ike_sa_t *ike_sa)
{
	uintptr_t id = ike_sa->get_unique_id(ike_sa);
	reported_t *reported;

	reported = this->reported->get(this->reported, (void*)id);
	if (!reported)
	{
		INIT(reported,
			.id = id,
		);
		this->reported->put(this->reported, (void*)id, reported);
	}
	return reported;
}

/**
 * Remember an IKE_SA about to be reported.
 *
 * With charon.flush_auth_cfg what the peer proved is only known until the IKE_SA
 * is established, so what was found first counts. What a partner passes on may
 * change while it has the IKE_SA.
 *
 * @return				what its peer proved, NULL if not known
 */
static ipsec_qos_proof_t *remember(private_ipsec_qos_report_t *this,
								   ike_sa_t *ike_sa)
{
	uintptr_t unique_id = ike_sa->get_unique_id(ike_sa);
	ike_sa_id_t *id = ike_sa->get_id(ike_sa);
	ipsec_qos_proof_t *proof = NULL;
	reported_t *reported;

	this->mutex->lock(this->mutex);
	reported = this->reported->get(this->reported, (void*)unique_id);
	if (reported && reported->proof)
	{
		proof = reported->proof->get_ref(reported->proof);
	}
	this->mutex->unlock(this->mutex);

	if (!proof || (proof->is_hearsay(proof) &&
				   ike_sa->get_state(ike_sa) == IKE_PASSIVE))
	{
		DESTROY_IF(proof);
		proof = ipsec_qos_proof_create(ike_sa, this->aaa_compares);
	}
	if (proof)
	{
		/* nobody else has the IKE_SA meanwhile */
		this->mutex->lock(this->mutex);
		reported = get_reported(this, ike_sa);
		reported->spi_i = be64toh(id->get_initiator_spi(id));
		reported->spi_r = be64toh(id->get_responder_spi(id));
		if (reported->proof != proof)
		{
			DESTROY_IF(reported->proof);
			reported->proof = proof->get_ref(proof);
		}
		this->mutex->unlock(this->mutex);
	}
	return proof;
}

/**
 * Report an IKE_SA.
 *
 * @param local			local endpoint if not that of the IKE_SA, or NULL
 * @param remote		remote endpoint if not that of the IKE_SA, or NULL
 * @param post			set if the message is to be posted instead of sent
 * @return				FALSE if there is nothing to be said about it
 */
static bool report_ike(private_ipsec_qos_report_t *this, ike_sa_t *ike_sa,
					   host_t *local, host_t *remote, ipsec_qos_post_t *post)
{
	ike_sa_id_t *id = ike_sa->get_id(ike_sa);
	ipsec_qos_proof_t *proof;

	if (!is_authenticated(ike_sa))
	{
		return FALSE;
	}
	proof = remember(this, ike_sa);
	if (!proof)
	{
		return FALSE;
	}
	local = local ?: ike_sa->get_my_host(ike_sa);
	remote = remote ?: ike_sa->get_other_host(ike_sa);

	struct iq_feed msg = {
		.type = IQ_FEED_IKE,
		.ike = {
			.ike_id = ike_sa->get_unique_id(ike_sa),
			.ike_version = ike_sa->get_version(ike_sa) == IKEV1 ? 1 : 2,
			.spi_i = be64toh(id->get_initiator_spi(id)),
			.spi_r = be64toh(id->get_responder_spi(id)),
			.local = to_addr(local),
			.local_port = local->get_port(local),
			.remote = to_addr(remote),
			.remote_port = remote->get_port(remote),
			.conn = ike_sa->get_name(ike_sa),
		},
	};
	proof->describe(proof, &msg.ike);
	if (post)
	{
		*post = this->feed->post(this->feed, &msg);
	}
	else
	{
		this->feed->send(this->feed, &msg);
	}
	proof->destroy(proof);
	return TRUE;
}

METHOD(ipsec_qos_report_t, ike, void,
	private_ipsec_qos_report_t *this, ike_sa_t *ike_sa, host_t *local,
	host_t *remote)
{
	report_ike(this, ike_sa, local, remote, NULL);
}

METHOD(ipsec_qos_report_t, inherit, void,
	private_ipsec_qos_report_t *this, ike_sa_t *old, ike_sa_t *new)
{
	reported_t *from, *to;

	this->mutex->lock(this->mutex);
	from = this->reported->get(this->reported,
							   (void*)(uintptr_t)old->get_unique_id(old));
	if (from && from->proof)
	{
		to = get_reported(this, new);
		DESTROY_IF(to->proof);
		to->proof = from->proof->get_ref(from->proof);
	}
	this->mutex->unlock(this->mutex);
}

METHOD(ipsec_qos_report_t, forget, void,
	private_ipsec_qos_report_t *this, ike_sa_t *ike_sa)
{
	reported_t *reported;

	this->mutex->lock(this->mutex);
	reported = this->reported->get(this->reported,
								(void*)(uintptr_t)ike_sa->get_unique_id(ike_sa));
	if (reported)
	{
		DESTROY_IF(reported->proof);
		reported->proof = NULL;
	}
	this->mutex->unlock(this->mutex);
}

/**
 * Tell the daemon about IKE_SAs that are gone.
 *
 * @param now			those due by then, NULL for all
 */
static void report_gone(private_ipsec_qos_report_t *this, timeval_t *now)
{
	reported_t *reported;

	while (TRUE)
	{
		this->mutex->lock(this->mutex);
		if (!array_get(this->gone, ARRAY_HEAD, &reported) ||
			(now && timercmp(&reported->gone, now, >)))
		{
			this->mutex->unlock(this->mutex);
			return;
		}
		array_remove(this->gone, ARRAY_HEAD, NULL);
		this->mutex->unlock(this->mutex);

		struct iq_feed msg = {
			.type = IQ_FEED_IKE_DEL,
			.ike_del = {
				.ike_id = reported->id,
				.spi_i = reported->spi_i,
				.spi_r = reported->spi_r,
			},
		};
		this->feed->send(this->feed, &msg);
		reported_destroy(reported);
	}
}

/**
 * Job that reports IKE_SAs that are gone
 */
static job_requeue_t report_gone_cb(private_ipsec_qos_report_t *this)
{
	timeval_t now;

	time_monotonic(&now);
	report_gone(this, &now);
	return JOB_REQUEUE_NONE;
}

METHOD(ipsec_qos_report_t, ike_gone, void,
	private_ipsec_qos_report_t *this, ike_sa_t *ike_sa)
{
	uintptr_t id = ike_sa->get_unique_id(ike_sa);
	reported_t *reported;

	this->mutex->lock(this->mutex);
	reported = this->reported->remove(this->reported, (void*)id);
	if (reported)
	{
		time_monotonic(&reported->gone);
		timeval_add_ms(&reported->gone, IKE_GONE_DELAY);
		array_insert(this->gone, ARRAY_TAIL, reported);
	}
	this->mutex->unlock(this->mutex);
	if (reported)
	{
		/* the scheduler is flushed before we get unloaded */
		lib->scheduler->schedule_job_ms(lib->scheduler,
			(job_t*)callback_job_create((callback_job_cb_t)report_gone_cb,
										this, NULL, NULL), IKE_GONE_DELAY);
	}
}

METHOD(ipsec_qos_report_t, sa, status_t,
	private_ipsec_qos_report_t *this, ike_sa_t *ike_sa, host_t *dst,
	uint32_t spi, uint8_t proto, bool pending)
{
	struct iq_feed msg = {
		.type = IQ_FEED_SA,
		.sa = {
			.ike_id = ike_sa->get_unique_id(ike_sa),
			.dst = to_addr(dst),
			.spi = ntohl(spi),
			.proto = proto,
			.pending = pending,
		},
	};

	if (!report_ike(this, ike_sa, NULL, NULL, NULL))
	{
		return FAILED;
	}
	if (!pending)
	{
		this->feed->send(this->feed, &msg);
		return FAILED;
	}
	return this->feed->ask(this->feed, &msg);
}

METHOD(ipsec_qos_report_t, sa_gone, void,
	private_ipsec_qos_report_t *this, host_t *dst, uint32_t spi, uint8_t proto)
{
	struct iq_feed msg = {
		.type = IQ_FEED_SA_DEL,
		.sa_del = {
			.dst = to_addr(dst),
			.spi = ntohl(spi),
			.proto = proto,
		},
	};

	this->feed->send(this->feed, &msg);
}

/**
 * Get the IP protocol of a CHILD_SA, 0 if none
 */
static uint8_t get_proto(child_sa_t *child_sa)
{
	switch (child_sa->get_protocol(child_sa))
	{
		case PROTO_ESP:
			return IPPROTO_ESP;
		case PROTO_AH:
			return IPPROTO_AH;
		default:
			return 0;
	}
}

/**
 * Convert a mark, 0 if there is none
 */
static uint64_t to_mark(mark_t mark)
{
	return mark.mask ? (uint64_t)(mark.value & mark.mask) << 32 | mark.mask : 0;
}

/**
 * Get the mark that an SA gives packets
 */
static mark_t get_set_mark(child_sa_t *child_sa, bool inbound)
{
	child_cfg_t *cfg = child_sa->get_config(child_sa);
	mark_t mark = cfg->get_set_mark(cfg, inbound);

	if (mark.value == MARK_SAME)
	{
		mark.value = child_sa->get_mark(child_sa, inbound).value;
	}
	return mark;
}

/**
 * Report a CHILD_SA of an IKE_SA just reported.
 */
static void report_child(private_ipsec_qos_report_t *this, ike_sa_t *ike_sa,
						 child_sa_t *child_sa)
{
	uint32_t spi_in = child_sa->get_spi(child_sa, TRUE);
	uint8_t proto = get_proto(child_sa);
	host_t *local, *remote;

	if (!this->hosts->get(this->hosts, spi_in, proto, &local, &remote))
	{
		/* nothing installed, e.g. a trap */
		return;
	}
	if (child_sa->get_outbound_state(child_sa) & CHILD_OUTBOUND_SA)
	{
		struct iq_feed msg = {
			.type = IQ_FEED_CHILD,
			.child = {
				.ike_id = ike_sa->get_unique_id(ike_sa),
				.child_id = child_sa->get_unique_id(child_sa),
				.child = child_sa->get_name(child_sa),
				.reqid = child_sa->get_reqid(child_sa),
				.proto = proto,
				.spi_in = ntohl(spi_in),
				.spi_out = ntohl(child_sa->get_spi(child_sa, FALSE)),
				.local = to_addr(local),
				.remote = to_addr(remote),
				.encap = child_sa->has_encap(child_sa),
				.mark_in = to_mark(child_sa->get_mark(child_sa, TRUE)),
				.mark_out = to_mark(child_sa->get_mark(child_sa, FALSE)),
				.set_mark_in = to_mark(get_set_mark(child_sa, TRUE)),
				.set_mark_out = to_mark(get_set_mark(child_sa, FALSE)),
			},
		};

		this->feed->send(this->feed, &msg);
	}
	else
	{
		/* rekeyed, i.e. the outbound SA is not yet or no longer there */
		sa(this, ike_sa, local, spi_in, proto, FALSE);
	}
	local->destroy(local);
	remote->destroy(remote);
}

METHOD(ipsec_qos_report_t, child, void,
	private_ipsec_qos_report_t *this, ike_sa_t *ike_sa, child_sa_t *child_sa)
{
	/* if it's a new connection it might not know the IKE_SA yet */
	if (report_ike(this, ike_sa, NULL, NULL, NULL))
	{
		report_child(this, ike_sa, child_sa);
	}
}

METHOD(ipsec_qos_report_t, child_gone, void,
	private_ipsec_qos_report_t *this, child_sa_t *child_sa)
{
	struct iq_feed msg = {
		.type = IQ_FEED_CHILD_DEL,
		.child_del = {
			.child_id = child_sa->get_unique_id(child_sa),
		},
	};

	if (get_proto(child_sa) && child_sa->get_spi(child_sa, FALSE))
	{
		this->feed->send(this->feed, &msg);
	}
}

/**
 * Report an IKE_SA with its CHILD_SAs.
 *
 * @param post			set if the first message is to be posted, or NULL
 * @return				FALSE if there is nothing to be said about it
 */
static bool report_ike_with_children(private_ipsec_qos_report_t *this,
									 ike_sa_t *ike_sa, ipsec_qos_post_t *post)
{
	enumerator_t *enumerator;
	child_sa_t *child_sa;

	if (!report_ike(this, ike_sa, NULL, NULL, post))
	{
		return FALSE;
	}
	enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
	while (enumerator->enumerate(enumerator, &child_sa))
	{
		report_child(this, ike_sa, child_sa);
	}
	enumerator->destroy(enumerator);
	return TRUE;
}

METHOD(ipsec_qos_report_t, ike_with_children, void,
	private_ipsec_qos_report_t *this, ike_sa_t *ike_sa)
{
	report_ike_with_children(this, ike_sa, NULL);
}

METHOD(ipsec_qos_report_t, everything, void,
	private_ipsec_qos_report_t *this)
{
	enumerator_t *enumerator;
	ike_sa_id_t *id;
	ike_sa_t *ike_sa;
	array_t *ids;
	ipsec_qos_post_t post;
	u_int count = 0;
	bool posted;

	/* the enumerator keeps others from IKE_SAs, so just collect them */
	ids = array_create(0, 0);
	enumerator = charon->ike_sa_manager->create_enumerator(
												charon->ike_sa_manager, TRUE);
	while (enumerator->enumerate(enumerator, &ike_sa))
	{
		id = ike_sa->get_id(ike_sa);
		array_insert(ids, ARRAY_TAIL, id->clone(id));
	}
	enumerator->destroy(enumerator);

	while (array_remove(ids, ARRAY_HEAD, &id))
	{
		/* gone, or half-open with an incomplete ID: then not our concern */
		ike_sa = charon->ike_sa_manager->checkout(charon->ike_sa_manager, id);
		id->destroy(id);
		if (ike_sa)
		{
			count += 1 + ike_sa->get_child_count(ike_sa);
			posted = report_ike_with_children(this, ike_sa,
										count >= SYNC_BATCH ? &post : NULL);
			charon->ike_sa_manager->checkin(charon->ike_sa_manager, ike_sa);
			if (posted && count >= SYNC_BATCH)
			{
				this->feed->await(this->feed, &post);
				count = 0;
			}
		}
	}
	array_destroy(ids);
}

METHOD(ipsec_qos_report_t, flush, void,
	private_ipsec_qos_report_t *this)
{
	report_gone(this, NULL);
}

METHOD(ipsec_qos_report_t, destroy, void,
	private_ipsec_qos_report_t *this)
{
	enumerator_t *enumerator;
	reported_t *reported;

	array_destroy_function(this->gone, (void*)reported_destroy, NULL);
	enumerator = this->reported->create_enumerator(this->reported);
	while (enumerator->enumerate(enumerator, NULL, &reported))
	{
		reported_destroy(reported);
	}
	enumerator->destroy(enumerator);
	this->reported->destroy(this->reported);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
ipsec_qos_report_t *ipsec_qos_report_create(ipsec_qos_feed_t *feed,
											ipsec_qos_hosts_t *hosts)
{
	private_ipsec_qos_report_t *this;

	INIT(this,
		.public = {
			.ike = _ike,
			.ike_with_children = _ike_with_children,
			.inherit = _inherit,
			.forget = _forget,
			.ike_gone = _ike_gone,
			.sa = _sa,
			.sa_gone = _sa_gone,
			.child = _child,
			.child_gone = _child_gone,
			.everything = _everything,
			.flush = _flush,
			.destroy = _destroy,
		},
		.feed = feed,
		.hosts = hosts,
		.aaa_compares = lib->settings->get_bool(lib->settings,
							"%s.plugins.ipsec-qos.aaa_compares_names", FALSE,
							lib->ns),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
		.reported = hashtable_create(hashtable_hash_ptr, hashtable_equals_ptr,
									 32),
		.gone = array_create(0, 0),
	);

	return &this->public;
}
