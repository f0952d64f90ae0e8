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
 * Ask the kernel for an SPI, which charon's interface to it has no method for.
 *
 * @param directed		TRUE if the SA has a direction: one that has is not
 *						updated by one that has none, nor the other way round
 * @param spi			in network order
 * @return				FALSE if it's taken, or can't be had, errno is set
 */
static bool reserve(struct mnl_socket *nl, bool directed, host_t *src,
					host_t *dst, uint8_t proto, uint32_t spi)
{
	char buf[1024] = "";
	struct nlmsghdr *hdr;
	struct xfrm_userspi_info *info;
	ssize_t len;

	hdr = mnl_nlmsg_put_header(buf);
	hdr->nlmsg_type = XFRM_MSG_ALLOCSPI;
	hdr->nlmsg_flags = NLM_F_REQUEST;
	info = mnl_nlmsg_put_extra_header(hdr, sizeof(*info));
	host2xfrm(src, &info->info.saddr);
	host2xfrm(dst, &info->info.id.daddr);
	info->info.id.proto = proto;
	info->info.mode = XFRM_MODE_TUNNEL;
	info->info.family = src->get_family(src);
	info->min = info->max = ntohl(spi);
	if (directed)
	{
		mnl_attr_put_u8(hdr, ATTR_SA_DIR, SA_DIR_IN);
	}
	if (mnl_socket_sendto(nl, hdr, hdr->nlmsg_len) < 0)
	{
		return FALSE;
	}
	len = mnl_socket_recvfrom(nl, buf, sizeof(buf));
	if (len < 0)
	{
		return FALSE;
	}
	/* answered with the SA, or with an error */
	return mnl_cb_run(buf, len, 0, 0, NULL, NULL) >= 0;
}

/**
 * Draw SPIs until there's one the kernel lets us have
 */
static bool draw(private_ipsec_qos_spi_t *this, struct mnl_socket *nl,
				 uint32_t originator, host_t *src, host_t *dst, uint8_t proto,
				 uint32_t *spi)
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
		*spi = htonl(derived);
		if (derived >= IQ_SPI_MIN &&
			reserve(nl, this->directed, src, dst, proto, *spi))
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

METHOD(ipsec_qos_spi_t, allocate, status_t,
	private_ipsec_qos_spi_t *this, ike_sa_t *ike_sa, host_t *src, host_t *dst,
	uint8_t proto, uint32_t *spi)
{
	struct mnl_socket *nl;
	request_t *request;
	status_t status = FAILED;
	uint32_t originator = 0;

	request = take(this, ike_sa);
	if (request)
	{
		originator = proto == IPPROTO_ESP ? request->esp :
					 proto == IPPROTO_AH ? request->ah : 0;
		free(request);
	}
	if (!originator)
	{
		return INVALID_STATE;
	}
	nl = mnl_socket_open2(NETLINK_XFRM, SOCK_CLOEXEC);
	if (nl && mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) == 0 &&
		draw(this, nl, originator, src, dst, proto, spi))
	{
		DBG2(DBG_KNL, "got SPI %.8x, derived from %.8x by %N", ntohl(*spi),
			 ntohl(originator), scheme_names, this->rule.scheme);
		status = SUCCESS;
	}
	else
	{
		DBG1(DBG_KNL, "no SPI derived from %.8x by %N to be had, they are taken "
			 "(kernel: %s); an address translator won't know ours as the answer",
			 ntohl(originator), scheme_names, this->rule.scheme,
			 strerror(errno));
	}
	if (nl)
	{
		mnl_socket_close(nl);
	}
	return status;
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
 * @return				FALSE if they are not
 */
static bool configure(struct iq_spi_rule *rule)
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
ipsec_qos_spi_t *ipsec_qos_spi_create()
{
	private_ipsec_qos_spi_t *this;

	INIT(this,
		.public = {
			.allocate = _allocate,
			.destroy = _destroy,
		},
		.directed = has_direction(),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
		.requests = hashtable_create(hashtable_hash_ptr, hashtable_equals_ptr, 4),
	);
	if (configure(&this->rule))
	{
		this->public.listener.message = _message;
		this->public.listener.ike_state_change = _ike_state_change;
	}
	return &this->public;
}
