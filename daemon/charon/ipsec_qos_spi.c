// SPDX-License-Identifier: GPL-2.0-or-later

#include "ipsec_qos_spi.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <libmnl/libmnl.h>
#include <linux/xfrm.h>

#include <daemon.h>
#include <encoding/payloads/sa_payload.h>
#include <collections/hashtable.h>
#include <threading/mutex.h>

#include "ipsec_qos/spi.h"

/**
 * How often the free bytes of an SPI are drawn. Of 65,536 SPIs that end alike a
 * host has to use most to get there.
 */
#define DRAWS 64

/**
 * How often the kernel is asked for an SPI of this host's buckets, and of these how
 * often for one of the same bucket. Each time it may look at all the SAs there are, and
 * a peer whose SPIs are chosen so that ours have to end alike could have it be asked
 * without end.
 */
#define TRIES 256
#define TRIES_BUCKET 64

/**
 * Direction of an SA, an attribute since Linux 6.10, and inbound as its value: the
 * headers that we are compiled with may be older
 */
#define ATTR_SA_DIR 33
#define SA_DIR_IN 1

typedef struct private_ipsec_qos_spi_t private_ipsec_qos_spi_t;

/**
 * Request for a CHILD_SA
 */
typedef struct {
	/** unique identifier of the IKE_SA */
	uintptr_t ike_sa;
	/** the originator's SPIs of ESP and AH, in network order, 0 if none */
	uint32_t esp, ah;
} request_t;

/**
 * What the kernel is asked for
 */
typedef struct {
	/** socket to ask on */
	struct mnl_socket *nl;
	/** peer's address */
	host_t *src;
	/** our address */
	host_t *dst;
	/** IP protocol */
	uint8_t proto;
	/** the SPI that was reserved, in network order */
	uint32_t spi;
} want_t;

/**
 * Private data of an ipsec_qos_spi_t object
 */
struct private_ipsec_qos_spi_t {

	/**
	 * Public interface
	 */
	ipsec_qos_spi_t public;

	/**
	 * How SPIs are derived
	 */
	struct iq_spi_rule rule;

	/**
	 * The buckets they are of
	 */
	ipsec_qos_bucket_t *bucket;

	/**
	 * TRUE if charon's SAs have a direction
	 */
	bool directed;

	/**
	 * Protects requests
	 */
	mutex_t *mutex;

	/**
	 * Requests that are not answered yet, ike_sa => request_t. An IKE_AUTH
	 * exchange of several rounds has the SA in the first, and is answered in
	 * the last.
	 */
	hashtable_t *requests;
};

ENUM(scheme_names, IQ_SPI_MD5_LOW16, IQ_SPI_SIPHASH_LOW16,
	"md5-low16",
	"md5-low24",
	"md5-full",
	"siphash-low16",
);

/**
 * Remove and return the request of an IKE_SA, NULL if there is none
 */
static request_t *take(private_ipsec_qos_spi_t *this, ike_sa_t *ike_sa)
{
	request_t *request;

	this->mutex->lock(this->mutex);
	request = this->requests->remove(this->requests,
						(void*)(uintptr_t)ike_sa->get_unique_id(ike_sa));
	this->mutex->unlock(this->mutex);
	return request;
}

/**
 * Note the originator's SPIs, for each protocol that of the first proposal
 */
static void note(private_ipsec_qos_spi_t *this, ike_sa_t *ike_sa,
				 linked_list_t *proposals)
{
	enumerator_t *enumerator;
	request_t *request;
	proposal_t *proposal;
	uint32_t *noted, spi;

	INIT(request,
		.ike_sa = ike_sa->get_unique_id(ike_sa),
	);
	enumerator = proposals->create_enumerator(proposals);
	while (enumerator->enumerate(enumerator, &proposal))
	{
		switch (proposal->get_protocol(proposal))
		{
			case PROTO_ESP:
				noted = &request->esp;
				break;
			case PROTO_AH:
				noted = &request->ah;
				break;
			default:
				continue;
		}
		spi = proposal->get_spi(proposal);
		if (!*noted)
		{
			*noted = spi;
		}
		else if (*noted != spi)
		{
			DBG1(DBG_IKE, "peer proposes several SPIs, ours is derived from %.8x, "
				 "not %.8x", ntohl(*noted), ntohl(spi));
		}
	}
	enumerator->destroy(enumerator);
	this->mutex->lock(this->mutex);
	free(this->requests->put(this->requests, (void*)request->ike_sa, request));
	this->mutex->unlock(this->mutex);
}

METHOD(listener_t, message, bool,
	private_ipsec_qos_spi_t *this, ike_sa_t *ike_sa, message_t *message,
	bool incoming, bool plain)
{
	linked_list_t *proposals;
	payload_t *payload;

	if (!plain)
	{
		return TRUE;
	}
	if (!incoming)
	{
		/* answered, one way or other, so what we request ourselves from now on
		 * is not derived. While it's being authenticated there may be rounds to
		 * come. */
		if (ike_sa->get_state(ike_sa) != IKE_CONNECTING)
		{
			free(take(this, ike_sa));
		}
		return TRUE;
	}
	switch (message->get_exchange_type(message))
	{
		case IKE_AUTH:
		case CREATE_CHILD_SA:
			if (!message->get_request(message))
			{
				return TRUE;
			}
			payload = message->get_payload(message, PLV2_SECURITY_ASSOCIATION);
			break;
		case QUICK_MODE:
			/* could be the answer to our own request, all the same: we send
			 * something before we allocate another SPI */
			payload = message->get_payload(message, PLV1_SECURITY_ASSOCIATION);
			break;
		default:
			return TRUE;
	}
	if (payload)
	{
		proposals = ((sa_payload_t*)payload)->get_proposals(
													(sa_payload_t*)payload);
		note(this, ike_sa, proposals);
		proposals->destroy_offset(proposals, offsetof(proposal_t, destroy));
	}
	return TRUE;
}

METHOD(listener_t, ike_state_change, bool,
	private_ipsec_qos_spi_t *this, ike_sa_t *ike_sa, ike_sa_state_t state)
{
	if (state == IKE_DESTROYING)
	{
		free(take(this, ike_sa));
	}
	return TRUE;
}

/**
 * Copy the address of a host
 */
static void host2xfrm(host_t *host, xfrm_address_t *addr)
{
	chunk_t chunk = host->get_address(host);

	memcpy(addr, chunk.ptr, min(chunk.len, sizeof(*addr)));
}

/**
 * Get the SPI of an answer
 */
static int got_sa(const struct nlmsghdr *hdr, void *spi)
{
	const struct xfrm_usersa_info *sa = mnl_nlmsg_get_payload(hdr);

	if (hdr->nlmsg_type == XFRM_MSG_NEWSA &&
		mnl_nlmsg_get_payload_len(hdr) >= sizeof(*sa))
	{
		*(uint32_t*)spi = sa->id.spi;
	}
	return MNL_CB_OK;
}

/**
 * Ask the kernel for an SPI, which charon's interface to it has no method for: it is
 * of an SA that has a direction if charon's have: one that has is not updated by one
 * that has none, nor the other way round.
 *
 * @param min			the first one that will do, in host order
 * @param max			the last one
 * @return				FALSE if they are taken, or can't be had, errno is set
 */
static bool reserve(private_ipsec_qos_spi_t *this, want_t *want, uint32_t min,
					uint32_t max)
{
	char buf[1024] = "";
	struct nlmsghdr *hdr;
	struct xfrm_userspi_info *info;
	ssize_t len;

	hdr = mnl_nlmsg_put_header(buf);
	hdr->nlmsg_type = XFRM_MSG_ALLOCSPI;
	hdr->nlmsg_flags = NLM_F_REQUEST;
	info = mnl_nlmsg_put_extra_header(hdr, sizeof(*info));
	host2xfrm(want->src, &info->info.saddr);
	host2xfrm(want->dst, &info->info.id.daddr);
	info->info.id.proto = want->proto;
	info->info.mode = XFRM_MODE_TUNNEL;
	info->info.family = want->src->get_family(want->src);
	info->min = min;
	info->max = max;
	if (this->directed)
	{
		mnl_attr_put_u8(hdr, ATTR_SA_DIR, SA_DIR_IN);
	}
	if (mnl_socket_sendto(want->nl, hdr, hdr->nlmsg_len) < 0)
	{
		return FALSE;
	}
	len = mnl_socket_recvfrom(want->nl, buf, sizeof(buf));
	if (len < 0)
	{
		return FALSE;
	}
	want->spi = 0;
	/* answered with the SA, or with an error */
	return mnl_cb_run(buf, len, 0, 0, got_sa, &want->spi) >= 0 && want->spi;
}

/**
 * Check if others may be free, where the kernel did not let us have one
 */
static bool is_taken()
{
	return errno == ENOENT || errno == EEXIST;
}

/**
 * Draw derived SPIs until there's one the kernel lets us have
 */
static bool draw_derived(private_ipsec_qos_spi_t *this, want_t *want,
						 uint32_t originator)
{
	uint32_t drawn = 0, derived;
	int i;

	for (i = 0; i < DRAWS; i++)
	{
		if (getrandom(&drawn, sizeof(drawn), 0) != sizeof(drawn))
		{
			return FALSE;
		}
		derived = iq_spi_make(&this->rule, ntohl(originator), drawn);
		if (derived >= IQ_SPI_MIN && reserve(this, want, derived, derived))
		{
			return TRUE;
		}
		if (this->rule.scheme == IQ_SPI_MD5_FULL)
		{
			/* nothing is free */
			return FALSE;
		}
	}
	return FALSE;
}

/**
 * Ask the kernel for one SPI after the other of a bucket and the same bits ahead of it,
 * a single one each time: of a range it draws as many as that has while those that it
 * drew are taken.
 *
 * @param originator	what it is derived from, 0 if it is not: then it's any that
 *						charon would take
 * @param first			the first SPI of them
 * @param extra			random bits
 * @param tries			how often it may be asked still
 * @return				FALSE if there is none, or no more tries, errno is set
 */
static bool draw_of_range(private_ipsec_qos_spi_t *this, want_t *want,
						  uint32_t originator, uint32_t first, uint32_t extra,
						  u_int *tries)
{
	uint32_t last, from, to, count, i;

	if (originator)
	{
		first = last = iq_spi_make(&this->rule, ntohl(originator), first);
	}
	else
	{
		ipsec_qos_bucket_range(&from, &to);
		last = min(first | 0xffff, to);
		first = max(first, from);
	}
	first = max(first, IQ_SPI_MIN);
	errno = ENOENT;
	if (first > last)
	{
		return FALSE;
	}
	count = last - first + 1;
	for (i = 0; i < count && *tries && is_taken(); i++)
	{
		uint32_t spi = first + ((extra & 0xffff) + i) % count;

		--*tries;
		if (reserve(this, want, spi, spi))
		{
			return TRUE;
		}
	}
	return FALSE;
}

/**
 * Draw buckets until the kernel lets us have an SPI of one, or was asked often enough.
 *
 * Of each there are sixteen that are derived, as the scheme leaves the bits ahead of
 * it.
 *
 * @param originator	what it is derived from, 0 if it is not
 */
static bool draw_of_bucket(private_ipsec_qos_spi_t *this, want_t *want,
						   ipsec_qos_bucket_walk_t *walk, uint32_t originator)
{
	uint32_t bucket, extra, first;
	u_int tries = TRIES, left;
	int i;

	errno = ENOENT;
	while (tries && ipsec_qos_bucket_next(walk, &bucket, &extra))
	{
		left = min(tries, TRIES_BUCKET);
		tries -= left;
		for (i = 0; i < IPSEC_QOS_BUCKET_AHEAD && left; i++)
		{
			first = ((extra >> IPSEC_QOS_BUCKET_AHEAD_SHIFT) + i)
												<< IPSEC_QOS_BUCKET_AHEAD_SHIFT |
					bucket << IQ_SELECT_SPI_SHIFT;
			if (draw_of_range(this, want, originator, first, extra, &left))
			{
				return TRUE;
			}
			if (!is_taken())
			{
				return FALSE;
			}
		}
		tries += left;
	}
	return FALSE;
}

/**
 * Choose an SPI that answers the originator's
 */
static bool choose_derived(private_ipsec_qos_spi_t *this, want_t *want,
						   ipsec_qos_bucket_walk_t *walk, uint32_t originator)
{
	if (walk->left)
	{
		if (draw_of_bucket(this, want, walk, originator))
		{
			return TRUE;
		}
		this->bucket->complain(this->bucket, IPSEC_QOS_BUCKET_UNDERIVED,
				"of this host's buckets no SPI derived from %.8x by %s was had in %u tries "
				"at most (kernel: %s); an address translator won't know ours as the "
				"answer", ntohl(originator),
				enum_to_name(scheme_names, this->rule.scheme), TRIES, strerror(errno));
		return FALSE;
	}
	if (draw_derived(this, want, originator))
	{
		return TRUE;
	}
	DBG1(DBG_KNL, "no SPI derived from %.8x by %N to be had, they are taken "
		 "(kernel: %s); an address translator won't know ours as the answer",
		 ntohl(originator), scheme_names, this->rule.scheme, strerror(errno));
	return FALSE;
}

/**
 * Choose an SPI of a bucket, that answers nothing
 */
static bool choose_of_bucket(private_ipsec_qos_spi_t *this, want_t *want,
							 ipsec_qos_bucket_walk_t *walk)
{
	if (draw_of_bucket(this, want, walk, 0))
	{
		DBG2(DBG_KNL, "got SPI %.8x of bucket %u", ntohl(want->spi),
			 iq_select_spi(ntohl(want->spi)));
		return TRUE;
	}
	this->bucket->complain(this->bucket, IPSEC_QOS_BUCKET_TAKEN,
			"of this host's buckets no SPI was had in %u tries at most (kernel: %s): one "
			"is chosen as without spi_bucket, and its packets may go to another element",
			TRIES, strerror(errno));
	return FALSE;
}

METHOD(ipsec_qos_spi_t, allocate, status_t,
	private_ipsec_qos_spi_t *this, ike_sa_t *ike_sa, host_t *src, host_t *dst,
	uint8_t proto, uint32_t *spi)
{
	ipsec_qos_bucket_walk_t walk;
	want_t want = { .src = src, .dst = dst, .proto = proto };
	request_t *request;
	uint32_t originator = 0;
	bool done = FALSE;

	if (proto != IPPROTO_ESP && proto != IPPROTO_AH)
	{
		return INVALID_STATE;
	}
	request = take(this, ike_sa);
	if (request)
	{
		originator = proto == IPPROTO_ESP ? request->esp : request->ah;
		free(request);
	}
	if (!this->bucket->begin(this->bucket, &walk) && !originator)
	{
		return INVALID_STATE;
	}
	want.nl = mnl_socket_open2(NETLINK_XFRM, SOCK_CLOEXEC);
	if (!want.nl || mnl_socket_bind(want.nl, 0, MNL_SOCKET_AUTOPID) != 0)
	{
		DBG1(DBG_KNL, "unable to choose an SPI, the kernel does (%s)",
			 strerror(errno));
	}
	else
	{
		if (originator)
		{
			done = choose_derived(this, &want, &walk, originator);
			if (done)
			{
				DBG2(DBG_KNL, "got SPI %.8x, derived from %.8x by %N",
					 ntohl(want.spi), ntohl(originator), scheme_names,
					 this->rule.scheme);
			}
		}
		if (!done && this->bucket->begin(this->bucket, &walk))
		{
			done = choose_of_bucket(this, &want, &walk);
		}
	}
	if (want.nl)
	{
		mnl_socket_close(want.nl);
	}
	if (done)
	{
		*spi = want.spi;
	}
	return done ? SUCCESS : FAILED;
}

METHOD(ipsec_qos_spi_t, destroy, void,
	private_ipsec_qos_spi_t *this)
{
	enumerator_t *enumerator;
	request_t *request;

	enumerator = this->requests->create_enumerator(this->requests);
	while (enumerator->enumerate(enumerator, NULL, &request))
	{
		free(request);
	}
	enumerator->destroy(enumerator);
	this->requests->destroy(this->requests);
	this->mutex->destroy(this->mutex);
	memwipe(&this->rule, sizeof(this->rule));
	free(this);
}

/**
 * Read how SPIs are derived
 *
 * @param buckets		TRUE if SPIs are of buckets
 * @return				FALSE if they are not
 */
static bool configure(struct iq_spi_rule *rule, bool buckets)
{
	int scheme;
	char *name, *hex;

	name = lib->settings->get_str(lib->settings,
						"%s.plugins.ipsec-qos.spi_derive", "no", lib->ns);
	hex = lib->settings->get_str(lib->settings,
						"%s.plugins.ipsec-qos.spi_derive_key", "", lib->ns);
	if (streq(name, "no"))
	{
		return FALSE;
	}
	if (!enum_from_name(scheme_names, name, &scheme))
	{
		DBG1(DBG_CFG, "SPIs are not derived: spi_derive = %s: expected md5-low16, "
			 "md5-low24, md5-full, siphash-low16 or no", name);
		return FALSE;
	}
	rule->scheme = scheme;
	if (buckets &&
		iq_spi_mask(rule) & (IQ_SELECT_BUCKETS - 1) << IQ_SELECT_SPI_SHIFT)
	{
		DBG1(DBG_CFG, "SPIs are not derived: spi_derive = %s takes the bits that are "
			 "the bucket where spi_bucket = yes: expected md5-low16, siphash-low16 or "
			 "no", name);
		return FALSE;
	}
	if (scheme == IQ_SPI_SIPHASH_LOW16)
	{
		if (strlen(hex) != 2 * sizeof(rule->key) ||
			strspn(hex, "0123456789abcdefABCDEF") != strlen(hex))
		{
			DBG1(DBG_CFG, "SPIs are not derived: spi_derive = %s needs "
				 "spi_derive_key, 32 hexadecimal digits", name);
			return FALSE;
		}
		chunk_from_hex(chunk_from_str(hex), (char*)rule->key);
	}
	DBG1(DBG_CFG, "SPIs that answer others' are derived from them by %s", name);
	return TRUE;
}

/**
 * Check if a version is this one or a later one
 */
static bool since(const char *version, int major, int minor)
{
	int a, b;

	return sscanf(version, "%d.%d", &a, &b) == 2 &&
		   (a > major || (a == major && b >= minor));
}

/**
 * Check if charon's SAs have a direction, as its plugin kernel-netlink decides it
 */
static bool has_direction()
{
	struct utsname kernel;

	return since(VERSION, 6, 0) && uname(&kernel) == 0 &&
		   since(kernel.release, 6, 10);
}

/*
 * Described in header
 */
ipsec_qos_spi_t *ipsec_qos_spi_create(ipsec_qos_bucket_t *bucket)
{
	private_ipsec_qos_spi_t *this;

	INIT(this,
		.public = {
			.allocate = _allocate,
			.destroy = _destroy,
		},
		.bucket = bucket,
		.directed = has_direction(),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
		.requests = hashtable_create(hashtable_hash_ptr, hashtable_equals_ptr, 4),
	);
	if (configure(&this->rule, bucket->is_wanted(bucket)))
	{
		this->public.listener.message = _message;
		this->public.listener.ike_state_change = _ike_state_change;
	}
	return &this->public;
}
