// SPDX-License-Identifier: GPL-2.0-or-later

#include "ipsec_qos_requests.h"
#include "ipsec_qos_initiate.h"

#include <errno.h>
#include <stdarg.h>

#include <daemon.h>
#include <collections/linked_list.h>
#include <processing/jobs/callback_job.h>
#include <threading/mutex.h>

/**
 * How many requests in a row may be refused as there are too many before the
 * connection is closed
 */
#define REFUSED_MAX 64

typedef struct private_ipsec_qos_requests_t private_ipsec_qos_requests_t;

/**
 * A request without answer
 */
typedef struct {
	/** our number for it, as the daemon may use the same again */
	uintptr_t number;
	/** number of the connection it came on */
	u_int connection;
	/** the daemon's number for it */
	uint32_t seq;
	/** TRUE once the job has it */
	bool begun;
	/** name of the connection */
	char *conn;
	/** name of the CHILD_SA, NULL until known */
	char *child;
	/** address of the peer, NULL if not said */
	host_t *remote;
	/** ms it may take */
	uint32_t timeout;
	/** unique ID of the IKE_SA, 0 until there is one */
	uint32_t ike_id;
	/** unique ID of the CHILD_SA that is installed, 0 if there is none */
	uint32_t child_id;
	/** TRUE while it is tried again with another DH group */
	bool retrying;
	/** what went wrong with the IKE_SA last, NULL if nothing */
	const char *trouble;
} request_t;

/**
 * Private data of an ipsec_qos_requests_t object
 */
struct private_ipsec_qos_requests_t {

	/**
	 * Public interface
	 */
	ipsec_qos_requests_t public;

	/**
	 * Where to answer
	 */
	ipsec_qos_feed_t *feed;

	/**
	 * Protects the following, not held while anything else is called
	 */
	mutex_t *mutex;

	/**
	 * Requests without answer, as request_t, in the order in which they came
	 */
	linked_list_t *requests;

	/**
	 * Number of the last request
	 */
	uintptr_t number;

	/**
	 * Number of requests in a row that were refused as there are too many
	 */
	u_int refused;

	/**
	 * TRUE if the job that works requests off is queued or runs
	 */
	bool working;
};

/**
 * Data of a job that is for one request
 */
typedef struct {
	/** our instance */
	private_ipsec_qos_requests_t *this;
	/** number of the request */
	uintptr_t number;
} number_data_t;

/**
 * Destroy a request_t
 */
static void request_destroy(request_t *this)
{
	DESTROY_IF(this->remote);
	free(this->conn);
	free(this->child);
	free(this);
}

/**
 * Find the request with a given number of ours
 */
CALLBACK(match_number, bool,
	request_t *request, va_list args)
{
	uintptr_t number;

	VA_ARGS_VGET(args, number);
	return request->number == number;
}

/**
 * Find the request with a given number of the daemon's
 */
CALLBACK(match_seq, bool,
	request_t *request, va_list args)
{
	uint32_t seq;

	VA_ARGS_VGET(args, seq);
	return request->seq == seq;
}

/**
 * Take a request off the list by its number.
 *
 * @return				request, NULL if it has been answered or nobody cares
 */
static request_t *take_off(private_ipsec_qos_requests_t *this, uintptr_t number)
{
	request_t *request = NULL;

	this->mutex->lock(this->mutex);
	if (this->requests->find_first(this->requests, match_number,
								   (void**)&request, number))
	{
		this->requests->remove(this->requests, request, NULL);
	}
	this->mutex->unlock(this->mutex);
	return request;
}

/**
 * Answer that there is a CHILD_SA.
 *
 * @param request		request, off the list, gets destroyed
 */
static void succeed(private_ipsec_qos_requests_t *this, request_t *request)
{
	struct iq_feed msg = {
		.type = IQ_FEED_RESULT,
		.seq = request->seq,
		.result = {
			.ike_id = request->ike_id,
			.child_id = request->child_id,
		},
	};

	this->feed->answer(this->feed, request->connection, &msg);
	request_destroy(request);
}

/**
 * Answer that there won't be one.
 *
 * @param error			errno
 * @param fmt			what went wrong
 */
static void refuse(private_ipsec_qos_requests_t *this, u_int connection,
				   uint32_t seq, uint32_t error, const char *fmt, ...)
{
	char why[IQ_FEED_WHY_MAX];
	struct iq_feed msg = {
		.type = IQ_FEED_RESULT,
		.seq = seq,
		.result = {
			.error = error,
			.message = why,
		},
	};
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	DBG1(DBG_KNL, "ipsec-qosd's request is not met: %s", why);
	this->feed->answer(this->feed, connection, &msg);
}

/**
 * Answer a request that is not met.
 *
 * @param request		request, off the list, gets destroyed
 * @param error			errno
 * @param why			why, NULL if only the log knows
 */
static void refuse_request(private_ipsec_qos_requests_t *this,
						   request_t *request, uint32_t error, const char *why)
{
	refuse(this, request->connection, request->seq, error, "connection %s: %s",
		   request->conn, why ?: request->trouble ?:
		   "it came to nothing, charon's log says why");
	request_destroy(request);
}

/**
 * Answer a request that is not met, if it still waits.
 *
 * @param number		number of the request
 * @param error			errno
 * @param why			why, NULL if only the log knows
 */
static void fail(private_ipsec_qos_requests_t *this, uintptr_t number,
				 uint32_t error, const char *why)
{
	request_t *request = take_off(this, number);

	if (request)
	{
		refuse_request(this, request, error, why);
	}
}

/**
 * Get the unique ID of the CHILD_SA with a given name, if it is installed.
 *
 * @return				unique ID, 0 if there is none
 */
static uint32_t get_installed(ike_sa_t *ike_sa, const char *name)
{
	enumerator_t *enumerator;
	child_sa_t *child_sa;
	uint32_t id = 0;

	enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
	while (!id && enumerator->enumerate(enumerator, &child_sa))
	{
		if (child_sa->get_state(child_sa) == CHILD_INSTALLED &&
			streq(child_sa->get_name(child_sa), name))
		{
			id = child_sa->get_unique_id(child_sa);
		}
	}
	enumerator->destroy(enumerator);
	return id;
}

/**
 * Note what a request gets, unless it is over.
 *
 * @param number		number of the request
 * @param name			name of the CHILD_SA
 * @param under_way		set to TRUE if another request is for the same
 * @return				FALSE if it is over
 */
static bool note(private_ipsec_qos_requests_t *this, uintptr_t number,
				 uint32_t ike_id, const char *name, bool *under_way)
{
	enumerator_t *enumerator;
	request_t *request, *found = NULL;

	*under_way = FALSE;
	this->mutex->lock(this->mutex);
	enumerator = this->requests->create_enumerator(this->requests);
	while (enumerator->enumerate(enumerator, &request))
	{
		if (request->number == number)
		{
			found = request;
		}
		else if (request->ike_id == ike_id && streq(request->child, name))
		{
			*under_way = TRUE;
		}
	}
	enumerator->destroy(enumerator);
	if (found)
	{
		found->ike_id = ike_id;
		free(found->child);
		found->child = strdup(name);
	}
	this->mutex->unlock(this->mutex);
	return found != NULL;
}

/**
 * The IKE_SA for a request is found, see ipsec_qos_attach_t.
 */
static bool attach(number_data_t *data, ike_sa_t *ike_sa, const char *name)
{
	private_ipsec_qos_requests_t *this = data->this;
	request_t *request;
	uint32_t child_id;
	bool under_way;

	/* what happens to the IKE_SA from here on it tells nobody before us, as it is
	 * this thread that has it */
	if (!note(this, data->number, ike_sa->get_unique_id(ike_sa), name,
			  &under_way))
	{
		return FALSE;
	}
	child_id = get_installed(ike_sa, name);
	if (!child_id)
	{
		return !under_way;
	}
	request = take_off(this, data->number);
	if (request)
	{
		request->child_id = child_id;
		succeed(this, request);
	}
	return FALSE;
}

/**
 * Get a copy of the next request to begin with.
 *
 * @return				copy, NULL if there is none and the job is to end
 */
static request_t *next_request(private_ipsec_qos_requests_t *this)
{
	enumerator_t *enumerator;
	request_t *current, *request = NULL;

	this->mutex->lock(this->mutex);
	enumerator = this->requests->create_enumerator(this->requests);
	while (!request && enumerator->enumerate(enumerator, &current))
	{
		if (!current->begun)
		{
			current->begun = TRUE;
			INIT(request,
				.number = current->number,
				.conn = strdup(current->conn),
				.child = strdupnull(current->child),
				.remote = current->remote ?
							current->remote->clone(current->remote) : NULL,
			);
		}
	}
	enumerator->destroy(enumerator);
	if (!request)
	{
		this->working = FALSE;
	}
	this->mutex->unlock(this->mutex);
	return request;
}

/**
 * Job that works requests off
 */
static job_requeue_t work(private_ipsec_qos_requests_t *this)
{
	request_t *request;
	const char *why = NULL;
	uint32_t error;

	request = next_request(this);
	if (!request)
	{
		return JOB_REQUEUE_NONE;
	}
	number_data_t data = {
		.this = this,
		.number = request->number,
	};
	error = ipsec_qos_initiate(request->conn, request->child, request->remote,
							   (ipsec_qos_attach_t)attach, &data, &why);
	if (error)
	{
		/* unless the bus told it already */
		fail(this, request->number, error, why);
	}
	request_destroy(request);
	/* others have their turn between */
	return JOB_REQUEUE_FAIR;
}

/**
 * Job that answers a request whose time is over
 */
static job_requeue_t end(number_data_t *data)
{
	private_ipsec_qos_requests_t *this = data->this;
	request_t *request = take_off(this, data->number);

	if (request)
	{
		refuse(this, request->connection, request->seq, ETIMEDOUT,
			   "connection %s: not up within %u ms%s%s", request->conn,
			   request->timeout, request->trouble ? ": " : "",
			   request->trouble ?: "");
		request_destroy(request);
	}
	return JOB_REQUEUE_NONE;
}

/**
 * Schedule the end of a request, and have it worked off.
 *
 * @param queue			TRUE if the job that does so is to be queued
 */
static void queue_jobs(private_ipsec_qos_requests_t *this, uintptr_t number,
					   uint32_t timeout, bool queue)
{
	number_data_t *data;

	INIT(data,
		.this = this,
		.number = number,
	);
	/* scheduler and processor are flushed before we get unloaded */
	lib->scheduler->schedule_job_ms(lib->scheduler,
		(job_t*)callback_job_create((callback_job_cb_t)end, data,
									(callback_job_cleanup_t)free, NULL), timeout);
	if (queue)
	{
		lib->processor->queue_job(lib->processor,
			(job_t*)callback_job_create((callback_job_cb_t)work, this, NULL,
										NULL));
	}
}

/**
 * Create a request of what a message says
 */
static request_t *request_create(u_int connection, const struct iq_feed *msg)
{
	const struct iq_feed_initiate *initiate = &msg->initiate;
	const struct iq_addr *addr = &initiate->remote;
	request_t *request;

	INIT(request,
		.connection = connection,
		.seq = msg->seq,
		.conn = strdup(initiate->conn),
		.child = strdupnull(initiate->child),
		.timeout = initiate->timeout,
	);
	if (addr->family)
	{
		request->remote = host_create_from_chunk(addr->family,
				chunk_create((u_char*)addr->b, addr->family == AF_INET ? 4 : 16),
				0);
	}
	return request;
}

/**
 * The connection ended: forget all requests, though what has begun goes on.
 */
static void forget(private_ipsec_qos_requests_t *this)
{
	request_t *request;

	this->mutex->lock(this->mutex);
	while (this->requests->remove_first(this->requests,
										(void**)&request) == SUCCESS)
	{
		request_destroy(request);
	}
	this->refused = 0;
	this->mutex->unlock(this->mutex);
}

METHOD(ipsec_qos_requests_t, take, const char*,
	private_ipsec_qos_requests_t *this, u_int connection,
	const struct iq_feed *msg)
{
	request_t *request;
	uintptr_t number;
	bool queue, full;

	if (!msg)
	{
		forget(this);
		return NULL;
	}
	request = request_create(connection, msg);
	this->mutex->lock(this->mutex);
	if (this->requests->find_first(this->requests, match_seq, NULL, msg->seq))
	{
		this->mutex->unlock(this->mutex);
		request_destroy(request);
		return "it asks again by the number of a request without answer";
	}
	full = this->requests->get_count(this->requests) >= IQ_FEED_REQUESTS_MAX;
	this->refused = full ? this->refused + 1 : 0;
	if (full)
	{
		bool flood = this->refused > REFUSED_MAX;

		this->mutex->unlock(this->mutex);
		request_destroy(request);
		if (flood)
		{
			return "it asks on and on, though it is told that it's too much";
		}
		refuse(this, connection, msg->seq, EBUSY,
			   "charon has %u requests without answer", IQ_FEED_REQUESTS_MAX);
		return NULL;
	}
	number = request->number = ++this->number;
	this->requests->insert_last(this->requests, request);
	queue = !this->working;
	this->working = TRUE;
	this->mutex->unlock(this->mutex);

	queue_jobs(this, number, msg->initiate.timeout, queue);
	return NULL;
}

/**
 * What an event means for a request of the IKE_SA it is about
 */
typedef enum {
	/** nothing */
	NOTHING,
	/** there is what it asks for */
	DONE,
	/** there won't be */
	FAILED_,
} outcome_t;

/**
 * Look at all requests of an IKE_SA, and answer those to which it matters.
 *
 * @param look			tells what it means for one, called with the mutex held
 * @param arg			passed to it
 */
static void look_at(private_ipsec_qos_requests_t *this, ike_sa_t *ike_sa,
					outcome_t (*look)(request_t *request, ike_sa_t *ike_sa,
									  void *arg), void *arg)
{
	linked_list_t *done, *failed;
	enumerator_t *enumerator;
	request_t *request;

	this->mutex->lock(this->mutex);
	if (!this->requests->get_count(this->requests))
	{
		/* as nearly always */
		this->mutex->unlock(this->mutex);
		return;
	}
	done = linked_list_create();
	failed = linked_list_create();
	enumerator = this->requests->create_enumerator(this->requests);
	while (enumerator->enumerate(enumerator, &request))
	{
		if (request->ike_id &&
			request->ike_id == ike_sa->get_unique_id(ike_sa))
		{
			switch (look(request, ike_sa, arg))
			{
				case NOTHING:
					continue;
				case DONE:
					done->insert_last(done, request);
					break;
				case FAILED_:
					failed->insert_last(failed, request);
					break;
			}
			this->requests->remove_at(this->requests, enumerator);
		}
	}
	enumerator->destroy(enumerator);
	this->mutex->unlock(this->mutex);

	while (done->remove_first(done, (void**)&request) == SUCCESS)
	{
		succeed(this, request);
	}
	while (failed->remove_first(failed, (void**)&request) == SUCCESS)
	{
		refuse_request(this, request, ECONNREFUSED, NULL);
	}
	done->destroy(done);
	failed->destroy(failed);
}

/**
 * Check if an IKE_SA is up, so that it has been reported
 */
static bool is_up(ike_sa_t *ike_sa)
{
	switch (ike_sa->get_state(ike_sa))
	{
		case IKE_ESTABLISHED:
		case IKE_REKEYING:
			return TRUE;
		default:
			return FALSE;
	}
}

/**
 * The IKE_SA is up
 */
static outcome_t look_at_up(request_t *request, ike_sa_t *ike_sa, void *arg)
{
	return request->child_id ? DONE : NOTHING;
}

/**
 * The IKE_SA is destroyed
 */
static outcome_t look_at_end(request_t *request, ike_sa_t *ike_sa, void *arg)
{
	return FAILED_;
}

/**
 * Another IKE_SA replaces it
 */
static outcome_t look_at_rekey(request_t *request, ike_sa_t *ike_sa, void *arg)
{
	request->ike_id = *(uint32_t*)arg;
	return NOTHING;
}

/**
 * Something is wrong with it
 */
static outcome_t look_at_alert(request_t *request, ike_sa_t *ike_sa, void *arg)
{
	request->trouble = arg;
	return NOTHING;
}

/**
 * One of its CHILD_SAs is installed
 */
static outcome_t look_at_child(request_t *request, ike_sa_t *ike_sa, void *arg)
{
	child_sa_t *child_sa = arg;

	if (!streq(child_sa->get_name(child_sa), request->child))
	{
		return NOTHING;
	}
	/* the first one may be installed before the IKE_SA is up and reported */
	request->child_id = child_sa->get_unique_id(child_sa);
	return is_up(ike_sa) ? DONE : NOTHING;
}

/**
 * One of its CHILD_SAs is destroyed
 */
static outcome_t look_at_child_end(request_t *request, ike_sa_t *ike_sa,
								   void *arg)
{
	child_sa_t *child_sa = arg;

	if (!streq(child_sa->get_name(child_sa), request->child))
	{
		return NOTHING;
	}
	/* charon does not establish what is there already */
	request->child_id = get_installed(ike_sa, request->child);
	if (request->child_id)
	{
		return is_up(ike_sa) ? DONE : NOTHING;
	}
	switch (child_sa->get_state(child_sa))
	{
		case CHILD_RETRYING:
			/* the peer wants another DH group */
			request->retrying = TRUE;
			return NOTHING;
		case CHILD_CREATED:
			if (request->retrying)
			{
				request->retrying = FALSE;
				return NOTHING;
			}
			return FAILED_;
		default:
			return FAILED_;
	}
}

METHOD(listener_t, ike_updown, bool,
	private_ipsec_qos_requests_t *this, ike_sa_t *ike_sa, bool up)
{
	if (up)
	{
		look_at(this, ike_sa, look_at_up, NULL);
	}
	return TRUE;
}

METHOD(listener_t, ike_state_change, bool,
	private_ipsec_qos_requests_t *this, ike_sa_t *ike_sa, ike_sa_state_t state)
{
	if (state == IKE_DESTROYING)
	{
		look_at(this, ike_sa, look_at_end, NULL);
	}
	return TRUE;
}

METHOD(listener_t, ike_rekey, bool,
	private_ipsec_qos_requests_t *this, ike_sa_t *old, ike_sa_t *new)
{
	uint32_t id = new->get_unique_id(new);

	look_at(this, old, look_at_rekey, &id);
	return TRUE;
}

METHOD(listener_t, child_state_change, bool,
	private_ipsec_qos_requests_t *this, ike_sa_t *ike_sa, child_sa_t *child_sa,
	child_sa_state_t state)
{
	if (ike_sa && state == CHILD_INSTALLED)
	{
		look_at(this, ike_sa, look_at_child, child_sa);
	}
	else if (ike_sa && state == CHILD_DESTROYING)
	{
		look_at(this, ike_sa, look_at_child_end, child_sa);
	}
	return TRUE;
}

METHOD(listener_t, alert, bool,
	private_ipsec_qos_requests_t *this, ike_sa_t *ike_sa, alert_t alert,
	va_list args)
{
	const char *trouble;

	switch (alert)
	{
		case ALERT_LOCAL_AUTH_FAILED:
			trouble = "the peer does not take who this host is";
			break;
		case ALERT_PEER_AUTH_FAILED:
			trouble = "the peer is not whom it has to be";
			break;
		case ALERT_PEER_ADDR_FAILED:
			trouble = "the peer's address is not found";
			break;
		case ALERT_PEER_INIT_UNREACHABLE:
		case ALERT_RETRANSMIT_SEND_TIMEOUT:
			trouble = "the peer does not answer";
			break;
		case ALERT_PROPOSAL_MISMATCH_IKE:
		case ALERT_PROPOSAL_MISMATCH_CHILD:
			trouble = "the peer wants other algorithms";
			break;
		case ALERT_TS_MISMATCH:
			trouble = "the peer wants other traffic selectors";
			break;
		case ALERT_INSTALL_CHILD_SA_FAILED:
		case ALERT_INSTALL_CHILD_POLICY_FAILED:
			trouble = "the kernel does not take SAs or policies";
			break;
		default:
			return TRUE;
	}
	if (ike_sa)
	{
		look_at(this, ike_sa, look_at_alert, (void*)trouble);
	}
	return TRUE;
}

METHOD(ipsec_qos_requests_t, destroy, void,
	private_ipsec_qos_requests_t *this)
{
	forget(this);
	this->requests->destroy(this->requests);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
ipsec_qos_requests_t *ipsec_qos_requests_create(ipsec_qos_feed_t *feed)
{
	private_ipsec_qos_requests_t *this;

	INIT(this,
		.public = {
			.listener = {
				.ike_updown = _ike_updown,
				.ike_state_change = _ike_state_change,
				.ike_rekey = _ike_rekey,
				.child_state_change = _child_state_change,
				.alert = _alert,
			},
			.take = _take,
			.destroy = _destroy,
		},
		.feed = feed,
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
		.requests = linked_list_create(),
	);

	return &this->public;
}
