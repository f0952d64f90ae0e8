// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Services, as attributes and as calls.
 */
#include "lib/kernel/service.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <netlink/attr.h>

#include "lib/kernel/request.h"

static const char *const counters[] = {
	[IPSEC_QOS_SERVICE_COUNTER_ACL] = "acl",
	[IPSEC_QOS_SERVICE_COUNTER_RATE] = "rate",
	[IPSEC_QOS_SERVICE_COUNTER_FORGED] = "forged",
	[IPSEC_QOS_SERVICE_COUNTER_TTL] = "ttl",
	[IPSEC_QOS_SERVICE_COUNTER_MARTIAN] = "martian",
	[IPSEC_QOS_SERVICE_COUNTER_POLICY] = "policy",
	[IPSEC_QOS_SERVICE_COUNTER_MEMORY] = "memory",
};
_Static_assert(sizeof(counters) / sizeof(counters[0]) == IPSEC_QOS_SERVICE_COUNTER_MAX + 1,
	       "each counter has a name");

const char *iq_kernel_service_counter_name(int counter)
{
	return counters[counter];
}

void iq_kernel_service_free(struct iq_kernel_service *s)
{
	size_t i;

	for (i = 0; i < s->n_segments; i++)
		free(s->segments[i].from_ports);
	free(s->ports);
	free(s->segments);
	free(s->acl);
	free(s->overrides);
	s->ports = NULL;
	s->segments = NULL;
	s->acl = NULL;
	s->overrides = NULL;
	s->n_ports = s->n_segments = s->n_acl = s->n_overrides = 0;
}

static bool copy_array(void **to, size_t *n_to, const void *from, size_t n, size_t size)
{
	if (!n)
		return true;
	*to = malloc(n * size);
	if (!*to)
		return false;
	memcpy(*to, from, n * size);
	*n_to = n;
	return true;
}

static bool copy_segments(struct iq_kernel_service *to, const struct iq_kernel_service *from)
{
	struct iq_kernel_segment *s;
	size_t i;

	if (!copy_array((void **)&to->segments, &to->n_segments, from->segments,
			from->n_segments, sizeof(*from->segments)))
		return false;
	for (i = 0; i < to->n_segments; i++) {
		to->segments[i].n_from_ports = 0;
		to->segments[i].from_ports = NULL;
	}
	for (i = 0; i < to->n_segments; i++) {
		s = &from->segments[i];
		if (!copy_array((void **)&to->segments[i].from_ports,
				&to->segments[i].n_from_ports, s->from_ports,
				s->n_from_ports, sizeof(*s->from_ports)))
			return false;
	}
	return true;
}

int iq_kernel_service_copy(struct iq_kernel_service *to, const struct iq_kernel_service *from)
{
	*to = *from;
	to->ports = NULL;
	to->segments = NULL;
	to->acl = NULL;
	to->overrides = NULL;
	to->n_ports = to->n_segments = to->n_acl = to->n_overrides = 0;
	if (copy_array((void **)&to->ports, &to->n_ports, from->ports, from->n_ports,
		       sizeof(*from->ports)) &&
	    copy_array((void **)&to->acl, &to->n_acl, from->acl, from->n_acl,
		       sizeof(*from->acl)) &&
	    copy_array((void **)&to->overrides, &to->n_overrides, from->overrides,
		       from->n_overrides, sizeof(*from->overrides)) &&
	    copy_segments(to, from))
		return 0;
	iq_kernel_service_free(to);
	return -ENOMEM;
}

/* Into requests */

/* A nest of up to 65535 bytes has no more rules where it has this many bytes. */
#define NEST_FULL	60000

/* Bytes that parts of a service take in a message, where they have all that they may. */
#define PORT_SIZE	28
#define SEGMENT_SIZE	60
#define ACL_SIZE	60
#define OVERRIDE_SIZE	40
#define REST_SIZE	128

static size_t service_size(const void *entry)
{
	const struct iq_kernel_service *s = entry;
	size_t size = REST_SIZE + s->n_ports * PORT_SIZE + s->n_segments * SEGMENT_SIZE +
		      s->n_acl * ACL_SIZE + s->n_overrides * OVERRIDE_SIZE;
	size_t i;

	for (i = 0; i < s->n_segments; i++)
		size += s->segments[i].n_from_ports * PORT_SIZE;
	return size;
}

static int put_service_key(struct nl_msg *msg, const void *entry)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_SERVICE);
	const struct iq_kernel_service *s = entry;

	if (!nest)
		return -ENOMEM;
	if (s->id)
		NLA_PUT_U32(msg, IPSEC_QOS_SERVICE_A_ID, s->id);
	else
		NLA_PUT_STRING(msg, IPSEC_QOS_SERVICE_A_NAME, s->name);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

/* What a nest of ports has, and its end */
static int put_port(struct nl_msg *msg, struct nlattr *nest, const struct iq_kernel_port *p)
{
	if (!nest)
		return -ENOMEM;
	NLA_PUT_U8(msg, IPSEC_QOS_PORT_A_PROTO, p->proto);
	if (!iq_kernel_port_all(p)) {
		NLA_PUT_U16(msg, IPSEC_QOS_PORT_A_FIRST, p->first);
		NLA_PUT_U16(msg, IPSEC_QOS_PORT_A_LAST, p->last);
	}
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

static int put_segment(struct nl_msg *msg, const struct iq_kernel_segment *s)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_SERVICE_A_SEGMENT);
	size_t i;

	if (!nest)
		return -ENOMEM;
	NLA_PUT_U32(msg, IPSEC_QOS_SEGMENT_A_DEVICE, s->device);
	if (s->to.family)
		NLA_PUT(msg, IPSEC_QOS_SEGMENT_A_TO, iq_addr_len(&s->to), s->to.b);
	if (s->to_port)
		NLA_PUT_U16(msg, IPSEC_QOS_SEGMENT_A_TO_PORT, s->to_port);
	if (s->from.family)
		NLA_PUT(msg, IPSEC_QOS_SEGMENT_A_FROM, iq_addr_len(&s->from), s->from.b);
	for (i = 0; i < s->n_from_ports; i++)
		if (put_port(msg, nla_nest_start(msg, IPSEC_QOS_SEGMENT_A_FROM_PORT),
			     &s->from_ports[i]) < 0)
			return -ENOMEM;
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

static int put_acl(struct nl_msg *msg, const struct iq_kernel_acl *a)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_SERVICE_A_ACL);

	if (!nest)
		return -ENOMEM;
	if (a->dev[0])
		NLA_PUT_STRING(msg, IPSEC_QOS_ACL_A_DEV, a->dev);
	if (a->addr.family) {
		NLA_PUT(msg, IPSEC_QOS_ACL_A_ADDRESS, iq_addr_len(&a->addr), a->addr.b);
		NLA_PUT_U8(msg, IPSEC_QOS_ACL_A_LEN, a->len);
	}
	NLA_PUT_U8(msg, IPSEC_QOS_ACL_A_ALLOW, a->allow);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

static int put_override(struct nl_msg *msg, const struct iq_kernel_override *o)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_SERVICE_A_OVERRIDE);

	if (!nest)
		return -ENOMEM;
	NLA_PUT(msg, IPSEC_QOS_OVERRIDE_A_ADDRESS, iq_addr_len(&o->addr), o->addr.b);
	NLA_PUT_U8(msg, IPSEC_QOS_OVERRIDE_A_LEN, o->len);
	NLA_PUT_U32(msg, IPSEC_QOS_OVERRIDE_A_CHAIN, o->chain);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

static int put_lists(struct nl_msg *msg, const struct iq_kernel_service *s)
{
	int ret = 0;
	size_t i;

	for (i = 0; i < s->n_ports && ret >= 0; i++)
		ret = put_port(msg, nla_nest_start(msg, IPSEC_QOS_SERVICE_A_PORT),
			       &s->ports[i]);
	for (i = 0; i < s->n_segments && ret >= 0; i++)
		ret = put_segment(msg, &s->segments[i]);
	for (i = 0; i < s->n_overrides && ret >= 0; i++)
		ret = put_override(msg, &s->overrides[i]);
	return ret;
}

/* All rules, and the end of @nest; what does not fit goes on in the next one. */
static int put_rules(struct nl_msg *msg, struct nlattr *nest, const struct iq_kernel_service *s)
{
	size_t i;

	for (i = 0; i < s->n_acl; i++) {
		if ((char *)nlmsg_tail(nlmsg_hdr(msg)) - (char *)nest > NEST_FULL) {
			nla_nest_end(msg, nest);
			nest = nla_nest_start(msg, IPSEC_QOS_A_SERVICE);
			if (!nest)
				return -ENOMEM;
			NLA_PUT_U32(msg, IPSEC_QOS_SERVICE_A_ID, s->id);
		}
		if (put_acl(msg, &s->acl[i]) < 0)
			return -ENOMEM;
	}
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

static int put_service(struct nl_msg *msg, const void *entry)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_SERVICE);
	const struct iq_kernel_service *s = entry;

	if (!nest)
		return -ENOMEM;
	NLA_PUT_U32(msg, IPSEC_QOS_SERVICE_A_ID, s->id);
	if (s->name[0])
		NLA_PUT_STRING(msg, IPSEC_QOS_SERVICE_A_NAME, s->name);
	NLA_PUT_U8(msg, IPSEC_QOS_SERVICE_A_FAMILY, s->addr.family);
	NLA_PUT(msg, IPSEC_QOS_SERVICE_A_ADDRESS, iq_addr_len(&s->addr), s->addr.b);
	/* a single address may be of either mode */
	if (s->len != 8 * iq_addr_len(&s->addr))
		NLA_PUT_U8(msg, IPSEC_QOS_SERVICE_A_LEN, s->len);
	NLA_PUT_U8(msg, IPSEC_QOS_SERVICE_A_MODE, s->mode);
	NLA_PUT_U32(msg, IPSEC_QOS_SERVICE_A_CHAIN, s->chain);
	if (s->group)
		NLA_PUT_U32(msg, IPSEC_QOS_SERVICE_A_GROUP, s->group);
	if (s->from_group)
		NLA_PUT_U32(msg, IPSEC_QOS_SERVICE_A_FROM_GROUP, s->from_group);
	if (s->rate)
		NLA_PUT_U32(msg, IPSEC_QOS_SERVICE_A_RATE, s->rate);
	if (put_lists(msg, s) < 0)
		return -ENOMEM;
	return put_rules(msg, nest, s);

nla_put_failure:
	return -ENOMEM;
}

/* Out of answers. A part's address is of the service's family, which its length tells. */

static int get_addr(const struct nlattr *a, struct iq_addr *addr)
{
	if (!a)
		return 0;
	if (nla_len(a) != 4 && nla_len(a) != 16)
		return -EBADMSG;
	addr->family = nla_len(a) == 4 ? AF_INET : AF_INET6;
	memcpy(addr->b, nla_data(a), nla_len(a));
	return 0;
}

static int get_port(struct nlattr *nest, void *arg)
{
	static struct nla_policy policy[IPSEC_QOS_PORT_A_MAX + 1] = {
		[IPSEC_QOS_PORT_A_PROTO] = { .type = NLA_U8 },
		[IPSEC_QOS_PORT_A_FIRST] = { .type = NLA_U16 },
		[IPSEC_QOS_PORT_A_LAST] = { .type = NLA_U16 },
		[IPSEC_QOS_PORT_A_FORWARD] = { .type = NLA_NESTED },
		[IPSEC_QOS_PORT_A_BACK] = { .type = NLA_NESTED },
	};
	struct nlattr *tb[IPSEC_QOS_PORT_A_MAX + 1];
	struct iq_kernel_port *p = arg;

	if (nla_parse_nested(tb, IPSEC_QOS_PORT_A_MAX, nest, policy) < 0)
		return -EBADMSG;
	p->proto = iq_u8(tb[IPSEC_QOS_PORT_A_PROTO], 0);
	p->last = IQ_PORT_LAST;
	if (tb[IPSEC_QOS_PORT_A_FIRST])
		p->first = p->last = nla_get_u16(tb[IPSEC_QOS_PORT_A_FIRST]);
	if (tb[IPSEC_QOS_PORT_A_LAST])
		p->last = nla_get_u16(tb[IPSEC_QOS_PORT_A_LAST]);
	if ((tb[IPSEC_QOS_PORT_A_FORWARD] &&
	     iq_get_counter(tb[IPSEC_QOS_PORT_A_FORWARD], &p->forward) < 0) ||
	    (tb[IPSEC_QOS_PORT_A_BACK] &&
	     iq_get_counter(tb[IPSEC_QOS_PORT_A_BACK], &p->back) < 0))
		return -EBADMSG;
	return 0;
}

/*
 * The nests of @type in @nest: behind those of an array of @size bytes each, filled by @get.
 */
static int get_list(struct nlattr *nest, int type, size_t size, void **list, size_t *n,
		    int (*get)(struct nlattr *nest, void *arg))
{
	struct nlattr *a;
	size_t count = 0;
	char *room;
	int rem;

	nla_for_each_nested(a, nest, rem)
		count += nla_type(a) == type;
	if (!count)
		return 0;
	room = realloc(*list, (*n + count) * size);
	if (!room)
		return -ENOMEM;
	*list = room;
	memset(room + *n * size, 0, count * size);
	nla_for_each_nested(a, nest, rem) {
		int ret;

		if (nla_type(a) != type)
			continue;
		ret = get(a, room + (*n)++ * size);
		if (ret)
			return ret;
	}
	return 0;
}

static int get_segment(struct nlattr *nest, void *arg)
{
	static struct nla_policy policy[IPSEC_QOS_SEGMENT_A_MAX + 1] = {
		[IPSEC_QOS_SEGMENT_A_DEVICE] = { .type = NLA_U32 },
		[IPSEC_QOS_SEGMENT_A_TO] = { .minlen = 4, .maxlen = 16 },
		[IPSEC_QOS_SEGMENT_A_TO_PORT] = { .type = NLA_U16 },
		[IPSEC_QOS_SEGMENT_A_FROM] = { .minlen = 4, .maxlen = 16 },
		[IPSEC_QOS_SEGMENT_A_FROM_PORT] = { .type = NLA_NESTED },
	};
	struct nlattr *tb[IPSEC_QOS_SEGMENT_A_MAX + 1];
	struct iq_kernel_segment *s = arg;

	if (nla_parse_nested(tb, IPSEC_QOS_SEGMENT_A_MAX, nest, policy) < 0 ||
	    get_addr(tb[IPSEC_QOS_SEGMENT_A_TO], &s->to) < 0 ||
	    get_addr(tb[IPSEC_QOS_SEGMENT_A_FROM], &s->from) < 0)
		return -EBADMSG;
	s->device = iq_u32(tb[IPSEC_QOS_SEGMENT_A_DEVICE]);
	if (tb[IPSEC_QOS_SEGMENT_A_TO_PORT])
		s->to_port = nla_get_u16(tb[IPSEC_QOS_SEGMENT_A_TO_PORT]);
	return get_list(nest, IPSEC_QOS_SEGMENT_A_FROM_PORT, sizeof(*s->from_ports),
			(void **)&s->from_ports, &s->n_from_ports, get_port);
}

static int get_acl(struct nlattr *nest, void *arg)
{
	static struct nla_policy policy[IPSEC_QOS_ACL_A_MAX + 1] = {
		[IPSEC_QOS_ACL_A_DEV] = { .type = NLA_STRING },
		[IPSEC_QOS_ACL_A_ADDRESS] = { .minlen = 4, .maxlen = 16 },
		[IPSEC_QOS_ACL_A_LEN] = { .type = NLA_U8 },
		[IPSEC_QOS_ACL_A_ALLOW] = { .type = NLA_U8 },
		[IPSEC_QOS_ACL_A_COUNTER] = { .type = NLA_NESTED },
	};
	struct nlattr *tb[IPSEC_QOS_ACL_A_MAX + 1];
	struct iq_kernel_acl *acl = arg;

	if (nla_parse_nested(tb, IPSEC_QOS_ACL_A_MAX, nest, policy) < 0 ||
	    get_addr(tb[IPSEC_QOS_ACL_A_ADDRESS], &acl->addr) < 0)
		return -EBADMSG;
	if (tb[IPSEC_QOS_ACL_A_DEV])
		nla_strlcpy(acl->dev, tb[IPSEC_QOS_ACL_A_DEV], sizeof(acl->dev));
	if (acl->addr.family)
		acl->len = iq_u8(tb[IPSEC_QOS_ACL_A_LEN], 8 * iq_addr_len(&acl->addr));
	acl->allow = iq_u8(tb[IPSEC_QOS_ACL_A_ALLOW], 0);
	if (tb[IPSEC_QOS_ACL_A_COUNTER] &&
	    iq_get_counter(tb[IPSEC_QOS_ACL_A_COUNTER], &acl->counter) < 0)
		return -EBADMSG;
	return 0;
}

static int get_override(struct nlattr *nest, void *arg)
{
	static struct nla_policy policy[IPSEC_QOS_OVERRIDE_A_MAX + 1] = {
		[IPSEC_QOS_OVERRIDE_A_ADDRESS] = { .minlen = 4, .maxlen = 16 },
		[IPSEC_QOS_OVERRIDE_A_LEN] = { .type = NLA_U8 },
		[IPSEC_QOS_OVERRIDE_A_CHAIN] = { .type = NLA_U32 },
	};
	struct nlattr *tb[IPSEC_QOS_OVERRIDE_A_MAX + 1];
	struct iq_kernel_override *o = arg;

	if (nla_parse_nested(tb, IPSEC_QOS_OVERRIDE_A_MAX, nest, policy) < 0 ||
	    get_addr(tb[IPSEC_QOS_OVERRIDE_A_ADDRESS], &o->addr) < 0 || !o->addr.family)
		return -EBADMSG;
	o->len = iq_u8(tb[IPSEC_QOS_OVERRIDE_A_LEN], 8 * iq_addr_len(&o->addr));
	o->chain = iq_u32(tb[IPSEC_QOS_OVERRIDE_A_CHAIN]);
	return 0;
}

/* Protocol 0 stands for all ports that no other service has: this one names none. */
static void take_rest(struct iq_kernel_service *s)
{
	if (s->n_ports != 1 || s->ports[0].proto)
		return;
	s->forward = s->ports[0].forward;
	s->back = s->ports[0].back;
	free(s->ports);
	s->ports = NULL;
	s->n_ports = 0;
}

static int get_lists(struct nlattr *nest, struct iq_kernel_service *s)
{
	int ret;

	ret = get_list(nest, IPSEC_QOS_SERVICE_A_PORT, sizeof(*s->ports),
		       (void **)&s->ports, &s->n_ports, get_port);
	if (!ret)
		ret = get_list(nest, IPSEC_QOS_SERVICE_A_SEGMENT, sizeof(*s->segments),
			       (void **)&s->segments, &s->n_segments, get_segment);
	if (!ret)
		ret = get_list(nest, IPSEC_QOS_SERVICE_A_ACL, sizeof(*s->acl),
			       (void **)&s->acl, &s->n_acl, get_acl);
	if (!ret)
		ret = get_list(nest, IPSEC_QOS_SERVICE_A_OVERRIDE, sizeof(*s->overrides),
			       (void **)&s->overrides, &s->n_overrides, get_override);
	return ret;
}

int iq_get_service(struct nlattr *nest, void *arg)
{
	static struct nla_policy policy[IPSEC_QOS_SERVICE_A_MAX + 1] = {
		[IPSEC_QOS_SERVICE_A_ID] = { .type = NLA_U32 },
		[IPSEC_QOS_SERVICE_A_NAME] = {
			.type = NLA_STRING, .maxlen = IPSEC_QOS_NAME_MAX },
		[IPSEC_QOS_SERVICE_A_FAMILY] = { .type = NLA_U8 },
		[IPSEC_QOS_SERVICE_A_ADDRESS] = { .minlen = 4, .maxlen = 16 },
		[IPSEC_QOS_SERVICE_A_LEN] = { .type = NLA_U8 },
		[IPSEC_QOS_SERVICE_A_MODE] = { .type = NLA_U8 },
		[IPSEC_QOS_SERVICE_A_PORT] = { .type = NLA_NESTED },
		[IPSEC_QOS_SERVICE_A_CHAIN] = { .type = NLA_U32 },
		[IPSEC_QOS_SERVICE_A_SEGMENT] = { .type = NLA_NESTED },
		[IPSEC_QOS_SERVICE_A_GROUP] = { .type = NLA_U32 },
		[IPSEC_QOS_SERVICE_A_FROM_GROUP] = { .type = NLA_U32 },
		[IPSEC_QOS_SERVICE_A_RATE] = { .type = NLA_U32 },
		[IPSEC_QOS_SERVICE_A_ACL] = { .type = NLA_NESTED },
		[IPSEC_QOS_SERVICE_A_OVERRIDE] = { .type = NLA_NESTED },
		[IPSEC_QOS_SERVICE_A_OWNER] = { .type = NLA_U8 },
		[IPSEC_QOS_SERVICE_A_COUNTERS] = { .type = NLA_NESTED },
		[IPSEC_QOS_SERVICE_A_SYNS] = { .type = NLA_NESTED },
	};
	struct nlattr *tb[IPSEC_QOS_SERVICE_A_MAX + 1];
	struct iq_kernel_service *s = arg;
	int ret;

	if (nla_parse_nested(tb, IPSEC_QOS_SERVICE_A_MAX, nest, policy) < 0)
		return -EBADMSG;
	memset(s, 0, sizeof(*s));
	s->id = iq_u32(tb[IPSEC_QOS_SERVICE_A_ID]);
	if (tb[IPSEC_QOS_SERVICE_A_NAME])
		nla_strlcpy(s->name, tb[IPSEC_QOS_SERVICE_A_NAME], sizeof(s->name));
	if (iq_get_addr(tb[IPSEC_QOS_SERVICE_A_FAMILY], tb[IPSEC_QOS_SERVICE_A_ADDRESS],
			&s->addr) < 0)
		return -EBADMSG;
	s->len = iq_u8(tb[IPSEC_QOS_SERVICE_A_LEN], 8 * iq_addr_len(&s->addr));
	s->mode = iq_u8(tb[IPSEC_QOS_SERVICE_A_MODE], IPSEC_QOS_SERVICE_SERVER);
	s->chain = iq_u32(tb[IPSEC_QOS_SERVICE_A_CHAIN]);
	s->group = iq_u32(tb[IPSEC_QOS_SERVICE_A_GROUP]);
	s->from_group = iq_u32(tb[IPSEC_QOS_SERVICE_A_FROM_GROUP]);
	s->rate = iq_u32(tb[IPSEC_QOS_SERVICE_A_RATE]);
	s->owner = iq_u8(tb[IPSEC_QOS_SERVICE_A_OWNER], 0);
	if (iq_get_counters(tb[IPSEC_QOS_SERVICE_A_COUNTERS], s->counter,
			    IPSEC_QOS_SERVICE_COUNTER_MAX) < 0 ||
	    (tb[IPSEC_QOS_SERVICE_A_SYNS] &&
	     iq_get_counter(tb[IPSEC_QOS_SERVICE_A_SYNS], &s->syns) < 0))
		return -EBADMSG;
	ret = get_lists(nest, s);
	if (ret)
		iq_kernel_service_free(s);
	else
		take_rest(s);
	return ret;
}

struct service_sink {
	int (*cb)(const struct iq_kernel_service *s, void *arg);
	void *arg;
};

static int service_entry(struct nlattr *nest, void *arg)
{
	const struct service_sink *sink = arg;
	struct iq_kernel_service s;
	int ret = iq_get_service(nest, &s);

	if (ret)
		return ret;
	ret = sink->cb(&s, sink->arg);
	iq_kernel_service_free(&s);
	return ret;
}

int iq_kernel_service_new(struct iq_kernel *k, const struct iq_kernel_service *s, size_t n,
			  int owner, int nlflags)
{
	return iq_bulk_sized(k, IPSEC_QOS_CMD_SERVICE_NEW, nlflags, owner, s, n, sizeof(*s),
			     service_size, put_service);
}

int iq_kernel_service_del(struct iq_kernel *k, const struct iq_kernel_service *s, size_t n)
{
	return iq_bulk(k, IPSEC_QOS_CMD_SERVICE_DEL, 0, -1, s, n, sizeof(*s),
		       -1, put_service_key);
}

int iq_kernel_service_dump(struct iq_kernel *k, int owner,
			   int (*cb)(const struct iq_kernel_service *s, void *arg),
			   void *arg)
{
	struct service_sink sink = { cb, arg };
	struct iq_sink entries = { IPSEC_QOS_A_SERVICE, service_entry, &sink };

	return iq_ask(k, IPSEC_QOS_CMD_SERVICE_GET, NLM_F_DUMP, iq_put_owner, &owner,
		      iq_entries_answer, &entries);
}

/**
 * struct whole_sink - the service that an answer is about
 *
 * @begun: its first nest has been; further ones have rules of its ACL
 */
struct whole_sink {
	struct iq_kernel_service *service;
	bool begun;
};

static int whole_entry(struct nlattr *nest, void *arg)
{
	struct whole_sink *sink = arg;
	struct iq_kernel_service *s = sink->service;
	int ret;

	if (!sink->begun) {
		ret = iq_get_service(nest, s);
		sink->begun = !ret;
		return ret;
	}
	ret = get_list(nest, IPSEC_QOS_SERVICE_A_ACL, sizeof(*s->acl), (void **)&s->acl,
		       &s->n_acl, get_acl);
	if (ret)
		iq_kernel_service_free(s);
	return ret;
}

int iq_kernel_service_get(struct iq_kernel *k, struct iq_kernel_service *s)
{
	struct whole_sink sink = { .service = s };
	struct iq_sink entries = { IPSEC_QOS_A_SERVICE, whole_entry, &sink };
	int ret;

	/* the rules of an ACL may be more than a buffer holds: it is to grow */
	nl_socket_enable_msg_peek(k->sk);
	ret = iq_ask(k, IPSEC_QOS_CMD_SERVICE_GET, 0, put_service_key, s,
		     iq_entries_answer, &entries);
	nl_socket_disable_msg_peek(k->sk);
	return ret;
}
