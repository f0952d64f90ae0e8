// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module's generic netlink family over libnl: requests that carry many
 * entries, dumps, events, and what the extended ACK says.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/genetlink.h>
#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "kernel.h"

/*
 * The largest entries as they stand in a request: of a group seven attributes, of
 * which the name has 36 bytes; an IPv6 SA. Not more than need be: a request full
 * of SAs comes from the heap again and again, and from no fresh pages.
 */
#define GROUP_SIZE	128
#define ENTRY_SIZE	76
#define REQUEST_SIZE	8192	/* header, owner, settings with a full fall-back table */

/* A dump fills buffers of 32 KiB; many of them may wait while we print. */
#define DUMP_BUFFER	(64 << 10)
#define SOCKET_BUFFER	(4 << 20)

/**
 * struct iq_kernel - a socket to the module, and what the last call came to
 *
 * @answer: called for every message that answers the request
 * @done: the answer is complete
 * @interrupted: the table changed while it was dumped
 * @err: what it came to
 * @offset: of the attribute at fault in the request; 0: none was named
 */
struct iq_kernel {
	struct nl_sock *sk;
	struct nl_cb *cb;
	int family;
	struct nl_sock *events;
	struct nl_cb *events_cb;

	int (*answer)(struct nlmsghdr *nlh, void *arg);
	void *arg;
	uint32_t seq;
	bool done;
	bool interrupted;
	int err;
	uint32_t offset;
	int culprit;
	size_t expected;
	char error[256];
};

/* libnl folds errnos into its own codes; these are what its calls can say. */
static int nl_to_errno(int nle)
{
	switch (abs(nle)) {
	case NLE_SUCCESS:
		return 0;
	case NLE_INTR:
	case NLE_DUMP_INTR:
		return -EINTR;
	case NLE_AGAIN:
		return -EAGAIN;
	case NLE_NOMEM:		/* ENOBUFS too */
		return -ENOBUFS;
	case NLE_OBJ_NOTFOUND:
		return -ENOENT;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_INVAL:
		return -EINVAL;
	case NLE_AF_NOSUPPORT:
	case NLE_PROTO_MISMATCH:
	case NLE_OPNOTSUPP:
		return -EOPNOTSUPP;
	case NLE_MSGSIZE:
	case NLE_MSG_TOOSHORT:
	case NLE_MSG_TRUNC:
		return -EMSGSIZE;
	case NLE_NODEV:
		return -ENODEV;
	default:
		return -EIO;
	}
}

static void set_error(struct iq_kernel *k, int err, const char *text, size_t len)
{
	k->err = err;
	if (text)
		snprintf(k->error, sizeof(k->error), "%.*s",
			 (int)strnlen(text, len), text);
	else if (err == -EPERM)
		snprintf(k->error, sizeof(k->error),
			 "%s: CAP_NET_ADMIN over the network namespace is needed",
			 strerror(-err));
	else if (err == -ENODEV)
		snprintf(k->error, sizeof(k->error),
			 "the module was unloaded");
	else
		snprintf(k->error, sizeof(k->error), "%s", strerror(-err));
}

/* The attributes behind an error, from @at on (see <linux/netlink.h>). */
static void read_extack(struct iq_kernel *k, const struct nlmsghdr *nlh,
			size_t at, int err)
{
	struct nlattr *tb[NLMSGERR_ATTR_MAX + 1];
	const char *text = NULL;
	size_t len = 0;

	k->offset = 0;
	at = NLMSG_ALIGN(at);
	if ((nlh->nlmsg_flags & NLM_F_ACK_TLVS) && nlh->nlmsg_len > at &&
	    !nla_parse(tb, NLMSGERR_ATTR_MAX,
		       (struct nlattr *)((char *)nlh + at),
		       nlh->nlmsg_len - at, NULL)) {
		if (tb[NLMSGERR_ATTR_MSG]) {
			text = nla_data(tb[NLMSGERR_ATTR_MSG]);
			len = nla_len(tb[NLMSGERR_ATTR_MSG]);
		}
		if (tb[NLMSGERR_ATTR_OFFS] &&
		    nla_len(tb[NLMSGERR_ATTR_OFFS]) >= (int)sizeof(uint32_t))
			k->offset = nla_get_u32(tb[NLMSGERR_ATTR_OFFS]);
	}
	set_error(k, err, text, len);
}

static int on_error(struct sockaddr_nl *who, struct nlmsgerr *e, void *arg)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)((char *)e - NLMSG_HDRLEN);
	struct iq_kernel *k = arg;
	size_t at = NLMSG_HDRLEN + sizeof(*e);

	(void)who;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		at += e->msg.nlmsg_len - NLMSG_HDRLEN;
	read_extack(k, nlh, at, e->error);
	k->done = true;
	return NL_SKIP;
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	struct iq_kernel *k = arg;

	(void)msg;
	k->done = true;
	return NL_OK;
}

/* The end of a dump; its payload is an errno, with attributes as an error has. */
static int on_finish(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct iq_kernel *k = arg;
	int err = 0;

	if (nlmsg_datalen(nlh) >= (int)sizeof(err))
		memcpy(&err, nlmsg_data(nlh), sizeof(err));
	if (err < 0)
		read_extack(k, nlh, NLMSG_HDRLEN + sizeof(err), err);
	k->done = true;
	return NL_OK;
}

static int on_interrupted(struct nl_msg *msg, void *arg)
{
	struct iq_kernel *k = arg;

	(void)msg;
	k->interrupted = true;
	return NL_OK;
}

/*
 * What is left of an answer that was given up (receive buffer overrun) must
 * not be taken for the next one.
 */
static int on_sequence(struct nl_msg *msg, void *arg)
{
	struct iq_kernel *k = arg;

	return nlmsg_hdr(msg)->nlmsg_seq == k->seq ? NL_OK : NL_SKIP;
}

static int on_valid(struct nl_msg *msg, void *arg)
{
	struct iq_kernel *k = arg;

	/* After an error the rest is only read to empty the socket. */
	if (!k->err && k->answer)
		k->err = k->answer(nlmsg_hdr(msg), k->arg);
	return NL_OK;
}

static bool has_genl_header(const struct nlmsghdr *nlh)
{
	return nlmsg_valid_hdr(nlh, GENL_HDRLEN);
}

#define for_each_attr(a, nlh, rem)					\
	for (a = nlmsg_attrdata(nlh, GENL_HDRLEN),			\
	     rem = has_genl_header(nlh) ? nlmsg_attrlen(nlh, GENL_HDRLEN) : 0; \
	     nla_ok(a, rem); a = nla_next(a, &rem))

/* Which of the entries in the request is the one that @offset lies in? */
static int find_culprit(const struct nlmsghdr *nlh, uint32_t offset)
{
	const struct nlattr *a;
	int rem, i = 0;

	for_each_attr(a, nlh, rem) {
		uint32_t start = (const char *)a - (const char *)nlh;

		switch (nla_type(a)) {
		case IPSEC_QOS_A_GROUP:
		case IPSEC_QOS_A_SA:
		case IPSEC_QOS_A_IKE:
			if (offset >= start && offset < start + a->nla_len)
				return i;
			i++;
		}
	}
	return -1;
}

static void begin_request(struct iq_kernel *k,
			  int (*answer)(struct nlmsghdr *nlh, void *arg), void *arg)
{
	k->answer = answer;
	k->arg = arg;
	k->done = false;
	k->interrupted = false;
	k->err = 0;
	k->offset = 0;
	k->culprit = -1;
	k->error[0] = '\0';
}

/*
 * Send @msg, which is freed in any case, and read the whole answer. NULL is
 * what an allocation or a put that failed left behind.
 */
static int request(struct iq_kernel *k, struct nl_msg *msg,
		   int (*answer)(struct nlmsghdr *nlh, void *arg), void *arg)
{
	int ret;

	begin_request(k, answer, arg);
	if (!msg) {
		set_error(k, -ENOMEM, NULL, 0);
		return k->err;
	}
	ret = nl_send_auto(k->sk, msg);
	k->seq = nlmsg_hdr(msg)->nlmsg_seq;
	while (ret >= 0 && !k->done)
		ret = nl_recvmsgs(k->sk, k->cb);

	if (ret < 0) {
		set_error(k, nl_to_errno(ret), NULL, 0);
	} else if (k->err == -ENOENT && !k->error[0]) {
		/* what a callback returned */
	} else if (k->err == -ENOENT && !k->offset &&
		   genl_ctrl_resolve(k->sk, IPSEC_QOS_GENL_NAME) != k->family) {
		/* generic netlink itself did not know the family any more */
		set_error(k, -ENODEV, NULL, 0);
	} else if (!k->err && k->interrupted) {
		set_error(k, -EINTR,
			  "the table changed while it was read", SIZE_MAX);
	}
	if (k->err && k->offset)
		k->culprit = find_culprit(nlmsg_hdr(msg), k->offset);
	nlmsg_free(msg);
	return k->err;
}

static struct nl_msg *new_request(struct iq_kernel *k, int cmd, int nlflags,
				  size_t n)
{
	size_t size = cmd == IPSEC_QOS_CMD_GROUP_NEW || cmd == IPSEC_QOS_CMD_GROUP_DEL ?
		      GROUP_SIZE : ENTRY_SIZE;
	struct nl_msg *msg = nlmsg_alloc_size(REQUEST_SIZE + n * size);

	if (!msg)
		return NULL;
	if (!genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, k->family, 0, nlflags,
			 cmd, IPSEC_QOS_GENL_VERSION)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

/* @msg, or NULL where a put said @ret. */
static struct nl_msg *usable(struct nl_msg *msg, int ret)
{
	if (ret >= 0)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

/* What a request may carry. */

/* Of all owners, where it is -1. */
static int put_owner(struct nl_msg *msg, const void *what)
{
	int owner = *(const int *)what;

	return owner >= 0 ? nla_put_u8(msg, IPSEC_QOS_A_OWNER, owner) : 0;
}

static int put_group_key(struct nl_msg *msg, const void *entry)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_GROUP);
	const struct iq_group *g = entry;

	if (!nest)
		return -ENOMEM;
	if (g->id)
		NLA_PUT_U32(msg, IPSEC_QOS_GROUP_A_ID, g->id);
	else
		NLA_PUT_STRING(msg, IPSEC_QOS_GROUP_A_NAME, g->name);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

static int put_group(struct nl_msg *msg, const void *entry)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_GROUP);
	const struct iq_group *g = entry;

	if (!nest)
		return -ENOMEM;
	NLA_PUT_U32(msg, IPSEC_QOS_GROUP_A_ID, g->id);
	if (g->name[0])
		NLA_PUT_STRING(msg, IPSEC_QOS_GROUP_A_NAME, g->name);
	NLA_PUT_U32(msg, IPSEC_QOS_GROUP_A_MARK, g->mark);
	NLA_PUT_U32(msg, IPSEC_QOS_GROUP_A_MASK, g->mask);
	if (g->priority)
		NLA_PUT_U32(msg, IPSEC_QOS_GROUP_A_PRIORITY, g->priority);
	if (g->dscp >= 0)
		NLA_PUT_U8(msg, IPSEC_QOS_GROUP_A_DSCP, g->dscp);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

static int put_sa_address(struct nl_msg *msg, const struct iq_addr *dst)
{
	return nla_put(msg, IPSEC_QOS_SA_A_DST, dst->family == AF_INET ? 4 : 16,
		       dst->b);
}

static int put_sa_parts(struct nl_msg *msg, const struct iq_sa *sa)
{
	NLA_PUT_U8(msg, IPSEC_QOS_SA_A_FAMILY, sa->dst.family);
	if (put_sa_address(msg, &sa->dst) < 0)
		return -ENOMEM;
	NLA_PUT_U32(msg, IPSEC_QOS_SA_A_SPI, sa->spi);
	NLA_PUT_U8(msg, IPSEC_QOS_SA_A_PROTO, sa->proto);
	return 0;

nla_put_failure:
	return -ENOMEM;
}

static int put_sa_key(struct nl_msg *msg, const void *entry)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_SA);

	if (!nest || put_sa_parts(msg, entry) < 0)
		return -ENOMEM;
	return nla_nest_end(msg, nest);
}

static int put_sa(struct nl_msg *msg, const void *entry)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_SA);
	const struct iq_sa *sa = entry;

	if (!nest || put_sa_parts(msg, sa) < 0)
		return -ENOMEM;
	NLA_PUT_U32(msg, IPSEC_QOS_SA_A_GROUP, sa->group);
	if (sa->lifetime)
		NLA_PUT_U32(msg, IPSEC_QOS_SA_A_LIFETIME, sa->lifetime);
	if (sa->flags)
		NLA_PUT_U32(msg, IPSEC_QOS_SA_A_FLAGS, sa->flags);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

/* An empty nest is left out: it would say the same. */
static int put_sa_filter(struct nl_msg *msg, const void *filter)
{
	const struct iq_sa *sa = filter;
	static const uint8_t any[sizeof(sa->dst.b)];
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_SA);

	if (!nest)
		return -ENOMEM;
	if (sa->dst.family)
		NLA_PUT_U8(msg, IPSEC_QOS_SA_A_FAMILY, sa->dst.family);
	if (memcmp(sa->dst.b, any, sizeof(any)) &&
	    put_sa_address(msg, &sa->dst) < 0)
		return -ENOMEM;
	if (sa->spi)
		NLA_PUT_U32(msg, IPSEC_QOS_SA_A_SPI, sa->spi);
	if (sa->proto)
		NLA_PUT_U8(msg, IPSEC_QOS_SA_A_PROTO, sa->proto);
	if (sa->group)
		NLA_PUT_U32(msg, IPSEC_QOS_SA_A_GROUP, sa->group);
	nla_nest_end(msg, nest);
	return put_owner(msg, &sa->owner);

nla_put_failure:
	return -ENOMEM;
}

static int put_ike_key(struct nl_msg *msg, const void *entry)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_IKE);
	const struct iq_ike *ike = entry;

	if (!nest)
		return -ENOMEM;
	NLA_PUT_U64(msg, IPSEC_QOS_IKE_A_SPI_I, ike->spi_i);
	NLA_PUT_U64(msg, IPSEC_QOS_IKE_A_SPI_R, ike->spi_r);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

static int put_ike(struct nl_msg *msg, const void *entry)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_IKE);
	const struct iq_ike *ike = entry;

	if (!nest)
		return -ENOMEM;
	NLA_PUT_U64(msg, IPSEC_QOS_IKE_A_SPI_I, ike->spi_i);
	NLA_PUT_U64(msg, IPSEC_QOS_IKE_A_SPI_R, ike->spi_r);
	NLA_PUT_U32(msg, IPSEC_QOS_IKE_A_GROUP, ike->group);
	if (ike->lifetime)
		NLA_PUT_U32(msg, IPSEC_QOS_IKE_A_LIFETIME, ike->lifetime);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

static int put_ike_filter(struct nl_msg *msg, const void *filter)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_IKE);
	const struct iq_ike *ike = filter;

	if (!nest)
		return -ENOMEM;
	if (ike->spi_i)
		NLA_PUT_U64(msg, IPSEC_QOS_IKE_A_SPI_I, ike->spi_i);
	if (ike->has_spi_r)
		NLA_PUT_U64(msg, IPSEC_QOS_IKE_A_SPI_R, ike->spi_r);
	if (ike->group)
		NLA_PUT_U32(msg, IPSEC_QOS_IKE_A_GROUP, ike->group);
	nla_nest_end(msg, nest);
	return put_owner(msg, &ike->owner);

nla_put_failure:
	return -ENOMEM;
}

static int put_fallback(struct nl_msg *msg, const struct iq_fallback *f)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_FALLBACK_A_ENTRY);

	if (!nest)
		return -ENOMEM;
	NLA_PUT_U8(msg, IPSEC_QOS_FALLBACK_A_DSCP, f->dscp);
	NLA_PUT_U32(msg, IPSEC_QOS_FALLBACK_A_MARK, f->mark);
	NLA_PUT_U32(msg, IPSEC_QOS_FALLBACK_A_MASK, f->mask);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

struct resync {
	int owner;
	uint32_t generation;
};

static int put_resync(struct nl_msg *msg, const void *what)
{
	const struct resync *resync = what;

	if (put_owner(msg, &resync->owner) < 0)
		return -ENOMEM;
	return nla_put_u32(msg, IPSEC_QOS_A_GENERATION, resync->generation);
}

#define HAS(conf, x)	((conf)->has & (1U << IPSEC_QOS_CONF_A_##x))

static int put_conf(struct nl_msg *msg, const void *settings)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_CONF);
	const struct iq_conf *conf = settings;
	struct nlattr *table;
	size_t i;

	if (!nest)
		return -ENOMEM;
	if (HAS(conf, MAX_SAS))
		NLA_PUT_U32(msg, IPSEC_QOS_CONF_A_MAX_SAS, conf->max_sas);
	if (HAS(conf, MAX_IKES))
		NLA_PUT_U32(msg, IPSEC_QOS_CONF_A_MAX_IKES, conf->max_ikes);
	if (HAS(conf, MAX_GROUPS))
		NLA_PUT_U32(msg, IPSEC_QOS_CONF_A_MAX_GROUPS, conf->max_groups);
	if (HAS(conf, IKE_PORTS))
		NLA_PUT(msg, IPSEC_QOS_CONF_A_IKE_PORTS,
			conf->n_ike_ports * sizeof(uint16_t), conf->ike_ports);
	if (HAS(conf, NATT_PORTS))
		NLA_PUT(msg, IPSEC_QOS_CONF_A_NATT_PORTS,
			conf->n_natt_ports * sizeof(uint16_t), conf->natt_ports);
	if (HAS(conf, FALLBACK)) {
		/* an empty table is a table: it must not be left out */
		table = nla_nest_start(msg, IPSEC_QOS_CONF_A_FALLBACK);
		if (!table)
			return -ENOMEM;
		for (i = 0; i < conf->n_fallback; i++)
			if (put_fallback(msg, &conf->fallback[i]) < 0)
				return -ENOMEM;
		nla_nest_end_keep_empty(msg, table);
	}
	return nla_nest_end_keep_empty(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

static int put_nat_rule_key(struct nl_msg *msg, const void *what)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_NAT_RULE);

	if (!nest)
		return -ENOMEM;
	NLA_PUT_U32(msg, IPSEC_QOS_NAT_RULE_A_ID, *(const uint32_t *)what);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

static int put_nat_rule(struct nl_msg *msg, const void *what)
{
	struct nlattr *nest = nla_nest_start(msg, IPSEC_QOS_A_NAT_RULE);
	const struct iq_nat_rule *r = what;

	if (!nest)
		return -ENOMEM;
	NLA_PUT_U32(msg, IPSEC_QOS_NAT_RULE_A_ID, r->id);
	if (r->inside_dev[0])
		NLA_PUT_STRING(msg, IPSEC_QOS_NAT_RULE_A_INSIDE_DEV, r->inside_dev);
	if (r->inside_len) {
		NLA_PUT(msg, IPSEC_QOS_NAT_RULE_A_INSIDE, sizeof(r->inside), &r->inside);
		NLA_PUT_U8(msg, IPSEC_QOS_NAT_RULE_A_INSIDE_LEN, r->inside_len);
	}
	if (r->outside_dev[0])
		NLA_PUT_STRING(msg, IPSEC_QOS_NAT_RULE_A_OUTSIDE_DEV, r->outside_dev);
	if (r->global)
		NLA_PUT(msg, IPSEC_QOS_NAT_RULE_A_GLOBAL, sizeof(r->global), &r->global);
	if (r->responder_len) {
		NLA_PUT(msg, IPSEC_QOS_NAT_RULE_A_RESPONDER, sizeof(r->responder),
			&r->responder);
		NLA_PUT_U8(msg, IPSEC_QOS_NAT_RULE_A_RESPONDER_LEN, r->responder_len);
	}
	NLA_PUT_U8(msg, IPSEC_QOS_NAT_RULE_A_SCHEME, r->scheme);
	if (r->scheme == IPSEC_QOS_NAT_SIPHASH_LOW16)
		NLA_PUT(msg, IPSEC_QOS_NAT_RULE_A_KEY, sizeof(r->key), r->key);
	NLA_PUT_U8(msg, IPSEC_QOS_NAT_RULE_A_COLLISION, r->collision);
	NLA_PUT_U8(msg, IPSEC_QOS_NAT_RULE_A_UNDERIVED, r->underived);
	NLA_PUT_U32(msg, IPSEC_QOS_NAT_RULE_A_IDLE, r->idle);
	NLA_PUT_U32(msg, IPSEC_QOS_NAT_RULE_A_WAIT, r->wait);
	NLA_PUT_U32(msg, IPSEC_QOS_NAT_RULE_A_MAX_ENTRIES, r->max);
	NLA_PUT_U32(msg, IPSEC_QOS_NAT_RULE_A_MAX_NODE, r->max_node);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

/* Of all rules, where it is 0. */
static int put_nat_filter(struct nl_msg *msg, const void *what)
{
	uint32_t rule = *(const uint32_t *)what;
	struct nlattr *nest;

	if (!rule)
		return 0;
	nest = nla_nest_start(msg, IPSEC_QOS_A_NAT);
	if (!nest)
		return -ENOMEM;
	NLA_PUT_U32(msg, IPSEC_QOS_NAT_A_RULE, rule);
	return nla_nest_end(msg, nest);

nla_put_failure:
	return -ENOMEM;
}

/* What answers and events carry. */

static int u8(const struct nlattr *a, int otherwise)
{
	return a ? nla_get_u8(a) : otherwise;
}

static uint32_t u32(const struct nlattr *a)
{
	return a ? nla_get_u32(a) : 0;
}

static uint64_t u64(const struct nlattr *a)
{
	return a ? nla_get_u64(a) : 0;
}

static int get_count(struct nlattr *nest, struct iq_count *c)
{
	static struct nla_policy policy[IPSEC_QOS_COUNTER_A_MAX + 1] = {
		[IPSEC_QOS_COUNTER_A_PACKETS] = { .type = NLA_U64 },
		[IPSEC_QOS_COUNTER_A_BYTES] = { .type = NLA_U64 },
	};
	struct nlattr *tb[IPSEC_QOS_COUNTER_A_MAX + 1];

	if (nla_parse_nested(tb, IPSEC_QOS_COUNTER_A_MAX, nest, policy) < 0)
		return -EBADMSG;
	c->packets = u64(tb[IPSEC_QOS_COUNTER_A_PACKETS]);
	c->bytes = u64(tb[IPSEC_QOS_COUNTER_A_BYTES]);
	return 0;
}

static void get_addr4(const struct nlattr *a, uint32_t *addr)
{
	if (a)
		memcpy(addr, nla_data(a), sizeof(*addr));
}

static int get_nat_rule(struct nlattr *nest, struct iq_nat_rule *r)
{
	static struct nla_policy policy[IPSEC_QOS_NAT_RULE_A_MAX + 1] = {
		[IPSEC_QOS_NAT_RULE_A_ID] = { .type = NLA_U32 },
		[IPSEC_QOS_NAT_RULE_A_INSIDE_DEV] = { .type = NLA_STRING },
		[IPSEC_QOS_NAT_RULE_A_INSIDE] = { .minlen = 4, .maxlen = 4 },
		[IPSEC_QOS_NAT_RULE_A_INSIDE_LEN] = { .type = NLA_U8 },
		[IPSEC_QOS_NAT_RULE_A_OUTSIDE_DEV] = { .type = NLA_STRING },
		[IPSEC_QOS_NAT_RULE_A_GLOBAL] = { .minlen = 4, .maxlen = 4 },
		[IPSEC_QOS_NAT_RULE_A_RESPONDER] = { .minlen = 4, .maxlen = 4 },
		[IPSEC_QOS_NAT_RULE_A_RESPONDER_LEN] = { .type = NLA_U8 },
		[IPSEC_QOS_NAT_RULE_A_SCHEME] = { .type = NLA_U8 },
		[IPSEC_QOS_NAT_RULE_A_COLLISION] = { .type = NLA_U8 },
		[IPSEC_QOS_NAT_RULE_A_UNDERIVED] = { .type = NLA_U8 },
		[IPSEC_QOS_NAT_RULE_A_IDLE] = { .type = NLA_U32 },
		[IPSEC_QOS_NAT_RULE_A_WAIT] = { .type = NLA_U32 },
		[IPSEC_QOS_NAT_RULE_A_MAX_ENTRIES] = { .type = NLA_U32 },
		[IPSEC_QOS_NAT_RULE_A_MAX_NODE] = { .type = NLA_U32 },
		[IPSEC_QOS_NAT_RULE_A_ENTRIES] = { .type = NLA_U32 },
		[IPSEC_QOS_NAT_RULE_A_WAITING] = { .type = NLA_U32 },
		[IPSEC_QOS_NAT_RULE_A_COUNTERS] = { .type = NLA_NESTED },
	};
	struct nlattr *tb[IPSEC_QOS_NAT_RULE_A_MAX + 1], *a;
	int rem;

	if (nla_parse_nested(tb, IPSEC_QOS_NAT_RULE_A_MAX, nest, policy) < 0)
		return -EBADMSG;
	memset(r, 0, sizeof(*r));
	r->id = u32(tb[IPSEC_QOS_NAT_RULE_A_ID]);
	if (tb[IPSEC_QOS_NAT_RULE_A_INSIDE_DEV])
		nla_strlcpy(r->inside_dev, tb[IPSEC_QOS_NAT_RULE_A_INSIDE_DEV],
			    sizeof(r->inside_dev));
	if (tb[IPSEC_QOS_NAT_RULE_A_OUTSIDE_DEV])
		nla_strlcpy(r->outside_dev, tb[IPSEC_QOS_NAT_RULE_A_OUTSIDE_DEV],
			    sizeof(r->outside_dev));
	get_addr4(tb[IPSEC_QOS_NAT_RULE_A_INSIDE], &r->inside);
	r->inside_len = u8(tb[IPSEC_QOS_NAT_RULE_A_INSIDE_LEN], 0);
	get_addr4(tb[IPSEC_QOS_NAT_RULE_A_GLOBAL], &r->global);
	get_addr4(tb[IPSEC_QOS_NAT_RULE_A_RESPONDER], &r->responder);
	r->responder_len = u8(tb[IPSEC_QOS_NAT_RULE_A_RESPONDER_LEN], 0);
	r->scheme = u8(tb[IPSEC_QOS_NAT_RULE_A_SCHEME], 0);
	r->collision = u8(tb[IPSEC_QOS_NAT_RULE_A_COLLISION], 0);
	r->underived = u8(tb[IPSEC_QOS_NAT_RULE_A_UNDERIVED], 0);
	r->idle = u32(tb[IPSEC_QOS_NAT_RULE_A_IDLE]);
	r->wait = u32(tb[IPSEC_QOS_NAT_RULE_A_WAIT]);
	r->max = u32(tb[IPSEC_QOS_NAT_RULE_A_MAX_ENTRIES]);
	r->max_node = u32(tb[IPSEC_QOS_NAT_RULE_A_MAX_NODE]);
	r->entries = u32(tb[IPSEC_QOS_NAT_RULE_A_ENTRIES]);
	r->waiting = u32(tb[IPSEC_QOS_NAT_RULE_A_WAITING]);
	if (!tb[IPSEC_QOS_NAT_RULE_A_COUNTERS])
		return 0;
	nla_for_each_nested(a, tb[IPSEC_QOS_NAT_RULE_A_COUNTERS], rem)
		if (nla_type(a) > IPSEC_QOS_NAT_COUNTER_UNSPEC &&
		    nla_type(a) <= IPSEC_QOS_NAT_COUNTER_MAX &&
		    get_count(a, &r->counter[nla_type(a)]) < 0)
			return -EBADMSG;
	return 0;
}

static int get_nat(struct nlattr *nest, struct iq_nat *n)
{
	static struct nla_policy policy[IPSEC_QOS_NAT_A_MAX + 1] = {
		[IPSEC_QOS_NAT_A_RULE] = { .type = NLA_U32 },
		[IPSEC_QOS_NAT_A_INSIDE_LOCAL] = { .minlen = 4, .maxlen = 4 },
		[IPSEC_QOS_NAT_A_INSIDE_GLOBAL] = { .minlen = 4, .maxlen = 4 },
		[IPSEC_QOS_NAT_A_OUTSIDE] = { .minlen = 4, .maxlen = 4 },
		[IPSEC_QOS_NAT_A_SPI_OUT] = { .type = NLA_U32 },
		[IPSEC_QOS_NAT_A_SPI_IN] = { .type = NLA_U32 },
		[IPSEC_QOS_NAT_A_STATE] = { .type = NLA_U8 },
		[IPSEC_QOS_NAT_A_AGE] = { .type = NLA_U32 },
		[IPSEC_QOS_NAT_A_IDLE] = { .type = NLA_U32 },
		[IPSEC_QOS_NAT_A_OUT] = { .type = NLA_NESTED },
		[IPSEC_QOS_NAT_A_IN] = { .type = NLA_NESTED },
	};
	struct nlattr *tb[IPSEC_QOS_NAT_A_MAX + 1];

	if (nla_parse_nested(tb, IPSEC_QOS_NAT_A_MAX, nest, policy) < 0)
		return -EBADMSG;
	memset(n, 0, sizeof(*n));
	n->rule = u32(tb[IPSEC_QOS_NAT_A_RULE]);
	get_addr4(tb[IPSEC_QOS_NAT_A_INSIDE_LOCAL], &n->inside_local);
	get_addr4(tb[IPSEC_QOS_NAT_A_INSIDE_GLOBAL], &n->inside_global);
	get_addr4(tb[IPSEC_QOS_NAT_A_OUTSIDE], &n->outside);
	n->spi_out = u32(tb[IPSEC_QOS_NAT_A_SPI_OUT]);
	n->spi_in = u32(tb[IPSEC_QOS_NAT_A_SPI_IN]);
	n->state = u8(tb[IPSEC_QOS_NAT_A_STATE], 0);
	n->age = u32(tb[IPSEC_QOS_NAT_A_AGE]);
	n->idle = u32(tb[IPSEC_QOS_NAT_A_IDLE]);
	if ((tb[IPSEC_QOS_NAT_A_OUT] && get_count(tb[IPSEC_QOS_NAT_A_OUT], &n->out)) ||
	    (tb[IPSEC_QOS_NAT_A_IN] && get_count(tb[IPSEC_QOS_NAT_A_IN], &n->in)))
		return -EBADMSG;
	return 0;
}

static int get_group(struct nlattr *nest, struct iq_group *g)
{
	static struct nla_policy policy[IPSEC_QOS_GROUP_A_MAX + 1] = {
		[IPSEC_QOS_GROUP_A_ID] = { .type = NLA_U32 },
		[IPSEC_QOS_GROUP_A_NAME] = {
			.type = NLA_STRING, .maxlen = IPSEC_QOS_NAME_MAX },
		[IPSEC_QOS_GROUP_A_MARK] = { .type = NLA_U32 },
		[IPSEC_QOS_GROUP_A_MASK] = { .type = NLA_U32 },
		[IPSEC_QOS_GROUP_A_PRIORITY] = { .type = NLA_U32 },
		[IPSEC_QOS_GROUP_A_DSCP] = { .type = NLA_U8 },
		[IPSEC_QOS_GROUP_A_OWNER] = { .type = NLA_U8 },
		[IPSEC_QOS_GROUP_A_SAS] = { .type = NLA_U32 },
		[IPSEC_QOS_GROUP_A_IKES] = { .type = NLA_U32 },
		[IPSEC_QOS_GROUP_A_COUNTERS] = { .type = NLA_NESTED },
	};
	struct nlattr *tb[IPSEC_QOS_GROUP_A_MAX + 1], *a;
	int rem;

	if (nla_parse_nested(tb, IPSEC_QOS_GROUP_A_MAX, nest, policy) < 0)
		return -EBADMSG;
	memset(g, 0, sizeof(*g));
	g->id = u32(tb[IPSEC_QOS_GROUP_A_ID]);
	if (tb[IPSEC_QOS_GROUP_A_NAME])
		nla_strlcpy(g->name, tb[IPSEC_QOS_GROUP_A_NAME], sizeof(g->name));
	g->mark = u32(tb[IPSEC_QOS_GROUP_A_MARK]);
	g->mask = tb[IPSEC_QOS_GROUP_A_MASK] ?
		  nla_get_u32(tb[IPSEC_QOS_GROUP_A_MASK]) : UINT32_MAX;
	g->priority = u32(tb[IPSEC_QOS_GROUP_A_PRIORITY]);
	g->dscp = u8(tb[IPSEC_QOS_GROUP_A_DSCP], -1);
	g->owner = u8(tb[IPSEC_QOS_GROUP_A_OWNER], 0);
	g->sas = u32(tb[IPSEC_QOS_GROUP_A_SAS]);
	g->ikes = u32(tb[IPSEC_QOS_GROUP_A_IKES]);
	if (!tb[IPSEC_QOS_GROUP_A_COUNTERS])
		return 0;
	nla_for_each_nested(a, tb[IPSEC_QOS_GROUP_A_COUNTERS], rem)
		if (nla_type(a) > IPSEC_QOS_COUNTER_UNSPEC &&
		    nla_type(a) <= IPSEC_QOS_COUNTER_MAX &&
		    get_count(a, &g->counter[nla_type(a)]) < 0)
			return -EBADMSG;
	return 0;
}

static int get_sa(struct nlattr *nest, struct iq_sa *sa)
{
	static struct nla_policy policy[IPSEC_QOS_SA_A_MAX + 1] = {
		[IPSEC_QOS_SA_A_FAMILY] = { .type = NLA_U8 },
		[IPSEC_QOS_SA_A_DST] = { .minlen = 4, .maxlen = 16 },
		[IPSEC_QOS_SA_A_SPI] = { .type = NLA_U32 },
		[IPSEC_QOS_SA_A_PROTO] = { .type = NLA_U8 },
		[IPSEC_QOS_SA_A_GROUP] = { .type = NLA_U32 },
		[IPSEC_QOS_SA_A_LIFETIME] = { .type = NLA_U32 },
		[IPSEC_QOS_SA_A_FLAGS] = { .type = NLA_U32 },
		[IPSEC_QOS_SA_A_OWNER] = { .type = NLA_U8 },
		[IPSEC_QOS_SA_A_PACKETS] = { .type = NLA_U64 },
		[IPSEC_QOS_SA_A_BYTES] = { .type = NLA_U64 },
	};
	struct nlattr *tb[IPSEC_QOS_SA_A_MAX + 1];

	if (nla_parse_nested(tb, IPSEC_QOS_SA_A_MAX, nest, policy) < 0 ||
	    !tb[IPSEC_QOS_SA_A_FAMILY] || !tb[IPSEC_QOS_SA_A_DST])
		return -EBADMSG;
	memset(sa, 0, sizeof(*sa));
	sa->dst.family = nla_get_u8(tb[IPSEC_QOS_SA_A_FAMILY]);
	memcpy(sa->dst.b, nla_data(tb[IPSEC_QOS_SA_A_DST]),
	       nla_len(tb[IPSEC_QOS_SA_A_DST]));
	sa->spi = u32(tb[IPSEC_QOS_SA_A_SPI]);
	sa->proto = u8(tb[IPSEC_QOS_SA_A_PROTO], IPPROTO_ESP);
	sa->group = u32(tb[IPSEC_QOS_SA_A_GROUP]);
	sa->lifetime = u32(tb[IPSEC_QOS_SA_A_LIFETIME]);
	sa->flags = u32(tb[IPSEC_QOS_SA_A_FLAGS]);
	sa->owner = u8(tb[IPSEC_QOS_SA_A_OWNER], 0);
	sa->count.packets = u64(tb[IPSEC_QOS_SA_A_PACKETS]);
	sa->count.bytes = u64(tb[IPSEC_QOS_SA_A_BYTES]);
	return 0;
}

static int get_ike(struct nlattr *nest, struct iq_ike *ike)
{
	static struct nla_policy policy[IPSEC_QOS_IKE_A_MAX + 1] = {
		[IPSEC_QOS_IKE_A_SPI_I] = { .type = NLA_U64 },
		[IPSEC_QOS_IKE_A_SPI_R] = { .type = NLA_U64 },
		[IPSEC_QOS_IKE_A_GROUP] = { .type = NLA_U32 },
		[IPSEC_QOS_IKE_A_LIFETIME] = { .type = NLA_U32 },
		[IPSEC_QOS_IKE_A_OWNER] = { .type = NLA_U8 },
		[IPSEC_QOS_IKE_A_PACKETS] = { .type = NLA_U64 },
		[IPSEC_QOS_IKE_A_BYTES] = { .type = NLA_U64 },
	};
	struct nlattr *tb[IPSEC_QOS_IKE_A_MAX + 1];

	if (nla_parse_nested(tb, IPSEC_QOS_IKE_A_MAX, nest, policy) < 0)
		return -EBADMSG;
	memset(ike, 0, sizeof(*ike));
	ike->spi_i = u64(tb[IPSEC_QOS_IKE_A_SPI_I]);
	ike->spi_r = u64(tb[IPSEC_QOS_IKE_A_SPI_R]);
	ike->group = u32(tb[IPSEC_QOS_IKE_A_GROUP]);
	ike->lifetime = u32(tb[IPSEC_QOS_IKE_A_LIFETIME]);
	ike->owner = u8(tb[IPSEC_QOS_IKE_A_OWNER], 0);
	ike->count.packets = u64(tb[IPSEC_QOS_IKE_A_PACKETS]);
	ike->count.bytes = u64(tb[IPSEC_QOS_IKE_A_BYTES]);
	return 0;
}

static size_t get_ports(const struct nlattr *a, uint16_t *ports)
{
	size_t n = nla_len(a) / sizeof(*ports);

	memcpy(ports, nla_data(a), n * sizeof(*ports));
	return n;
}

static int get_fallback(struct nlattr *nest, struct iq_conf *conf)
{
	static struct nla_policy policy[IPSEC_QOS_FALLBACK_A_MAX + 1] = {
		[IPSEC_QOS_FALLBACK_A_DSCP] = { .type = NLA_U8 },
		[IPSEC_QOS_FALLBACK_A_MARK] = { .type = NLA_U32 },
		[IPSEC_QOS_FALLBACK_A_MASK] = { .type = NLA_U32 },
	};
	const size_t max = sizeof(conf->fallback) / sizeof(conf->fallback[0]);
	struct nlattr *tb[IPSEC_QOS_FALLBACK_A_MAX + 1], *a;
	struct iq_fallback *f;
	int rem;

	nla_for_each_nested(a, nest, rem) {
		if (nla_type(a) != IPSEC_QOS_FALLBACK_A_ENTRY ||
		    conf->n_fallback == max ||
		    nla_parse_nested(tb, IPSEC_QOS_FALLBACK_A_MAX, a, policy) < 0 ||
		    !tb[IPSEC_QOS_FALLBACK_A_DSCP])
			return -EBADMSG;
		f = &conf->fallback[conf->n_fallback++];
		f->dscp = nla_get_u8(tb[IPSEC_QOS_FALLBACK_A_DSCP]);
		f->mark = u32(tb[IPSEC_QOS_FALLBACK_A_MARK]);
		f->mask = tb[IPSEC_QOS_FALLBACK_A_MASK] ?
			  nla_get_u32(tb[IPSEC_QOS_FALLBACK_A_MASK]) : UINT32_MAX;
	}
	return 0;
}

static int get_conf(struct nlattr *nest, struct iq_conf *conf)
{
	static struct nla_policy policy[IPSEC_QOS_CONF_A_MAX + 1] = {
		[IPSEC_QOS_CONF_A_MAX_SAS] = { .type = NLA_U32 },
		[IPSEC_QOS_CONF_A_MAX_IKES] = { .type = NLA_U32 },
		[IPSEC_QOS_CONF_A_MAX_GROUPS] = { .type = NLA_U32 },
		[IPSEC_QOS_CONF_A_IKE_PORTS] = {
			.maxlen = sizeof(conf->ike_ports) },
		[IPSEC_QOS_CONF_A_NATT_PORTS] = {
			.maxlen = sizeof(conf->natt_ports) },
		[IPSEC_QOS_CONF_A_FALLBACK] = { .type = NLA_NESTED },
	};
	struct nlattr *tb[IPSEC_QOS_CONF_A_MAX + 1];
	int i;

	if (nla_parse_nested(tb, IPSEC_QOS_CONF_A_MAX, nest, policy) < 0)
		return -EBADMSG;
	memset(conf, 0, sizeof(*conf));
	for (i = 1; i <= IPSEC_QOS_CONF_A_MAX; i++)
		if (tb[i])
			conf->has |= 1U << i;
	conf->max_sas = u32(tb[IPSEC_QOS_CONF_A_MAX_SAS]);
	conf->max_ikes = u32(tb[IPSEC_QOS_CONF_A_MAX_IKES]);
	conf->max_groups = u32(tb[IPSEC_QOS_CONF_A_MAX_GROUPS]);
	if (HAS(conf, IKE_PORTS))
		conf->n_ike_ports = get_ports(tb[IPSEC_QOS_CONF_A_IKE_PORTS],
					      conf->ike_ports);
	if (HAS(conf, NATT_PORTS))
		conf->n_natt_ports = get_ports(tb[IPSEC_QOS_CONF_A_NATT_PORTS],
					       conf->natt_ports);
	if (HAS(conf, FALLBACK))
		return get_fallback(tb[IPSEC_QOS_CONF_A_FALLBACK], conf);
	return 0;
}

/* Fills all of @st but its conf. */
static int get_status(struct nlattr *nest, struct iq_status *st)
{
	static struct nla_policy policy[IPSEC_QOS_STATUS_A_MAX + 1] = {
		[IPSEC_QOS_STATUS_A_VERSION] = { .type = NLA_STRING },
		[IPSEC_QOS_STATUS_A_GROUPS] = { .type = NLA_U32 },
		[IPSEC_QOS_STATUS_A_SAS] = { .type = NLA_U32 },
		[IPSEC_QOS_STATUS_A_IKES] = { .type = NLA_U32 },
		[IPSEC_QOS_STATUS_A_UNTAGGED] = { .type = NLA_NESTED },
		[IPSEC_QOS_STATUS_A_MALFORMED] = { .type = NLA_NESTED },
		[IPSEC_QOS_STATUS_A_LEFT] = { .type = NLA_NESTED },
		[IPSEC_QOS_STATUS_A_LEFT_GROUP] = { .type = NLA_U32 },
	};
	struct nlattr *tb[IPSEC_QOS_STATUS_A_MAX + 1];

	if (nla_parse_nested(tb, IPSEC_QOS_STATUS_A_MAX, nest, policy) < 0)
		return -EBADMSG;
	if (tb[IPSEC_QOS_STATUS_A_VERSION])
		nla_strlcpy(st->version, tb[IPSEC_QOS_STATUS_A_VERSION],
			    sizeof(st->version));
	st->groups = u32(tb[IPSEC_QOS_STATUS_A_GROUPS]);
	st->sas = u32(tb[IPSEC_QOS_STATUS_A_SAS]);
	st->ikes = u32(tb[IPSEC_QOS_STATUS_A_IKES]);
	st->left_group = u32(tb[IPSEC_QOS_STATUS_A_LEFT_GROUP]);
	if ((tb[IPSEC_QOS_STATUS_A_UNTAGGED] &&
	     get_count(tb[IPSEC_QOS_STATUS_A_UNTAGGED], &st->untagged) < 0) ||
	    (tb[IPSEC_QOS_STATUS_A_MALFORMED] &&
	     get_count(tb[IPSEC_QOS_STATUS_A_MALFORMED], &st->malformed) < 0) ||
	    (tb[IPSEC_QOS_STATUS_A_LEFT] &&
	     get_count(tb[IPSEC_QOS_STATUS_A_LEFT], &st->left) < 0))
		return -EBADMSG;
	return 0;
}

int iq_kernel_open(struct iq_kernel **out)
{
	int buffer = SOCKET_BUFFER, on = 1, fd, ret;
	struct iq_kernel *k = calloc(1, sizeof(*k));

	*out = NULL;
	if (!k)
		return -ENOMEM;
	k->culprit = -1;
	k->sk = nl_socket_alloc();
	k->cb = nl_cb_alloc(NL_CB_DEFAULT);
	if (!k->sk || !k->cb) {
		ret = -ENOMEM;
		goto err;
	}
	ret = genl_connect(k->sk);
	if (ret < 0) {
		ret = nl_to_errno(ret);
		goto err;
	}
	k->family = genl_ctrl_resolve(k->sk, IPSEC_QOS_GENL_NAME);
	if (k->family < 0) {
		ret = nl_to_errno(k->family);
		goto err;
	}

	fd = nl_socket_get_fd(k->sk);
	if (setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on))) {
		ret = -errno;
		goto err;
	}
	/* Larger buffers only make it faster: without the right, go without. */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof(buffer));
	nl_socket_set_msg_buf_size(k->sk, DUMP_BUFFER);

	nl_cb_set(k->cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, k);
	nl_cb_set(k->cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, k);
	nl_cb_set(k->cb, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, k);
	nl_cb_set(k->cb, NL_CB_DUMP_INTR, NL_CB_CUSTOM, on_interrupted, k);
	nl_cb_set(k->cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, on_sequence, k);
	nl_cb_err(k->cb, NL_CB_CUSTOM, on_error, k);
	*out = k;
	return 0;

err:
	iq_kernel_close(k);
	return ret;
}

void iq_kernel_close(struct iq_kernel *k)
{
	if (!k)
		return;
	nl_cb_put(k->events_cb);
	nl_socket_free(k->events);
	nl_cb_put(k->cb);
	nl_socket_free(k->sk);
	free(k);
}

const char *iq_kernel_error(const struct iq_kernel *k)
{
	return k->error;
}

int iq_kernel_culprit(const struct iq_kernel *k)
{
	return k->culprit;
}

void iq_kernel_expect(struct iq_kernel *k, size_t n)
{
	k->expected = n;
}

/* How many more there are than those of the request at hand, if any are. */
static int put_count(struct nl_msg *msg, size_t chunk, size_t all)
{
	if (all <= chunk)
		return 0;
	return nla_put_u32(msg, IPSEC_QOS_A_COUNT, all < UINT32_MAX ? all : UINT32_MAX);
}

/*
 * Send @n entries of @size bytes at @entries, each written by @put. @more: what
 * comes with later calls; -1: nobody wants to know.
 */
static int bulk(struct iq_kernel *k, int cmd, int nlflags, int owner,
		const void *entries, size_t n, size_t size, ssize_t more,
		int (*put)(struct nl_msg *msg, const void *entry))
{
	const char *entry = entries;
	size_t base, chunk, i;

	for (base = 0; base < n; base += chunk) {
		struct nl_msg *msg;
		int ret;

		chunk = n - base;
		if (chunk > IPSEC_QOS_BULK_MAX)
			chunk = IPSEC_QOS_BULK_MAX;
		msg = new_request(k, cmd, nlflags, chunk);
		ret = msg ? put_owner(msg, &owner) : -ENOMEM;
		if (ret >= 0 && more >= 0)
			ret = put_count(msg, chunk, n - base + more);
		for (i = 0; i < chunk && ret >= 0; i++, entry += size)
			ret = put(msg, entry);
		ret = request(k, usable(msg, ret), NULL, NULL);
		if (ret) {
			if (k->culprit >= 0)
				k->culprit += base;
			return ret;
		}
	}
	return 0;
}

int iq_kernel_group_new(struct iq_kernel *k, const struct iq_group *g, size_t n,
			int owner, int nlflags)
{
	return bulk(k, IPSEC_QOS_CMD_GROUP_NEW, nlflags, owner, g, n, sizeof(*g),
		    -1, put_group);
}

int iq_kernel_group_del(struct iq_kernel *k, const struct iq_group *g, size_t n)
{
	return bulk(k, IPSEC_QOS_CMD_GROUP_DEL, 0, -1, g, n, sizeof(*g),
		    -1, put_group_key);
}

int iq_kernel_sa_new(struct iq_kernel *k, const struct iq_sa *sa, size_t n,
		     int owner, int nlflags)
{
	return bulk(k, IPSEC_QOS_CMD_SA_NEW, nlflags, owner, sa, n, sizeof(*sa),
		    k->expected, put_sa);
}

int iq_kernel_sa_del(struct iq_kernel *k, const struct iq_sa *sa, size_t n)
{
	return bulk(k, IPSEC_QOS_CMD_SA_DEL, 0, -1, sa, n, sizeof(*sa),
		    -1, put_sa_key);
}

int iq_kernel_ike_new(struct iq_kernel *k, const struct iq_ike *ike, size_t n,
		      int owner, int nlflags)
{
	return bulk(k, IPSEC_QOS_CMD_IKE_NEW, nlflags, owner, ike, n,
		    sizeof(*ike), 0, put_ike);
}

int iq_kernel_ike_del(struct iq_kernel *k, const struct iq_ike *ike, size_t n)
{
	return bulk(k, IPSEC_QOS_CMD_IKE_DEL, 0, -1, ike, n, sizeof(*ike),
		    -1, put_ike_key);
}

/* Send a request with what @put makes of @what, if that is not NULL. */
static int ask(struct iq_kernel *k, int cmd, int nlflags,
	       int (*put)(struct nl_msg *msg, const void *what), const void *what,
	       int (*answer)(struct nlmsghdr *nlh, void *arg), void *arg)
{
	struct nl_msg *msg = new_request(k, cmd, nlflags, 1);
	int ret = msg && what ? put(msg, what) : 0;

	return request(k, usable(msg, ret), answer, arg);
}

/*
 * Where the entries of an answer go, which are of one @type: to a callback with
 * @arg, or without one to @arg itself.
 */
struct sink {
	int type;
	union {
		int (*group)(const struct iq_group *g, void *arg);
		int (*sa)(const struct iq_sa *sa, void *arg);
		int (*ike)(const struct iq_ike *ike, void *arg);
		int (*nat_rule)(const struct iq_nat_rule *rule, void *arg);
		int (*nat)(const struct iq_nat *nat, void *arg);
	};
	void *arg;
};

static int sink_entry(const struct sink *sink, struct nlattr *nest)
{
	struct iq_nat_rule rule;
	struct iq_nat nat;
	struct iq_group g;
	struct iq_ike ike;
	struct iq_sa sa;
	int ret;

	switch (sink->type) {
	case IPSEC_QOS_A_GROUP:
		if (!sink->group)
			return get_group(nest, sink->arg);
		ret = get_group(nest, &g);
		return ret ? ret : sink->group(&g, sink->arg);
	case IPSEC_QOS_A_SA:
		if (!sink->sa)
			return get_sa(nest, sink->arg);
		ret = get_sa(nest, &sa);
		return ret ? ret : sink->sa(&sa, sink->arg);
	case IPSEC_QOS_A_NAT_RULE:
		ret = get_nat_rule(nest, &rule);
		return ret ? ret : sink->nat_rule(&rule, sink->arg);
	case IPSEC_QOS_A_NAT:
		ret = get_nat(nest, &nat);
		return ret ? ret : sink->nat(&nat, sink->arg);
	default:
		if (!sink->ike)
			return get_ike(nest, sink->arg);
		ret = get_ike(nest, &ike);
		return ret ? ret : sink->ike(&ike, sink->arg);
	}
}

static int entries_answer(struct nlmsghdr *nlh, void *arg)
{
	const struct sink *sink = arg;
	struct nlattr *a;
	int rem, ret = 0;

	for_each_attr(a, nlh, rem) {
		if (nla_type(a) == sink->type)
			ret = sink_entry(sink, a);
		if (ret)
			break;
	}
	return ret;
}

int iq_kernel_group_dump(struct iq_kernel *k, int owner,
			 int (*cb)(const struct iq_group *g, void *arg), void *arg)
{
	struct sink sink = { IPSEC_QOS_A_GROUP, .group = cb, .arg = arg };

	return ask(k, IPSEC_QOS_CMD_GROUP_GET, NLM_F_DUMP, put_owner, &owner,
		   entries_answer, &sink);
}

int iq_kernel_groups_begin(struct iq_kernel *k, int owner)
{
	struct nl_msg *msg = new_request(k, IPSEC_QOS_CMD_GROUP_GET, NLM_F_DUMP, 1);
	int ret;

	begin_request(k, NULL, NULL);
	msg = usable(msg, msg ? put_owner(msg, &owner) : 0);
	if (!msg) {
		set_error(k, -ENOMEM, NULL, 0);
		return k->err;
	}
	ret = nl_send_auto(k->sk, msg);
	k->seq = nlmsg_hdr(msg)->nlmsg_seq;
	nlmsg_free(msg);
	if (ret < 0)
		set_error(k, nl_to_errno(ret), NULL, 0);
	return k->err;
}

/* libnl reads a dump to its end; this takes one buffer of it. */
int iq_kernel_groups_more(struct iq_kernel *k,
			  int (*cb)(const struct iq_group *g, void *arg),
			  void *arg)
{
	struct sink sink = { IPSEC_QOS_A_GROUP, .group = cb, .arg = arg };
	struct sockaddr_nl from;
	struct nlmsghdr *nlh;
	unsigned char *buf;
	int err, n;

	n = nl_recv(k->sk, &from, &buf, NULL);
	if (n <= 0) {
		set_error(k, n ? nl_to_errno(n) : -EIO, NULL, 0);
		return k->err;
	}
	for (nlh = (struct nlmsghdr *)buf; nlmsg_ok(nlh, n);
	     nlh = nlmsg_next(nlh, &n)) {
		if (nlh->nlmsg_seq != k->seq)
			continue;
		if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			k->interrupted = true;
		if (nlh->nlmsg_type == NLMSG_DONE ||
		    nlh->nlmsg_type == NLMSG_ERROR) {
			k->done = true;
			err = 0;
			if (nlmsg_datalen(nlh) >= (int)sizeof(err))
				memcpy(&err, nlmsg_data(nlh), sizeof(err));
			/* generic netlink knows no such family any more */
			if (err < 0 && !k->err)
				set_error(k, err == -ENOENT ? -ENODEV : err,
					  NULL, 0);
		} else if (!k->err) {
			k->err = entries_answer(nlh, &sink);
		}
	}
	free(buf);
	if (!k->done)
		return 1;
	if (!k->err && k->interrupted)
		set_error(k, -EINTR,
			  "the table changed while it was read", SIZE_MAX);
	return k->err;
}

int iq_kernel_sa_dump(struct iq_kernel *k, const struct iq_sa *filter,
		      int (*cb)(const struct iq_sa *sa, void *arg), void *arg)
{
	struct sink sink = { IPSEC_QOS_A_SA, .sa = cb, .arg = arg };

	return ask(k, IPSEC_QOS_CMD_SA_GET, NLM_F_DUMP, put_sa_filter, filter,
		   entries_answer, &sink);
}

int iq_kernel_ike_dump(struct iq_kernel *k, const struct iq_ike *filter,
		       int (*cb)(const struct iq_ike *ike, void *arg), void *arg)
{
	struct sink sink = { IPSEC_QOS_A_IKE, .ike = cb, .arg = arg };

	return ask(k, IPSEC_QOS_CMD_IKE_GET, NLM_F_DUMP, put_ike_filter, filter,
		   entries_answer, &sink);
}

int iq_kernel_group_get(struct iq_kernel *k, struct iq_group *g)
{
	struct sink sink = { IPSEC_QOS_A_GROUP, .arg = g };

	return ask(k, IPSEC_QOS_CMD_GROUP_GET, 0, put_group_key, g,
		   entries_answer, &sink);
}

int iq_kernel_sa_get(struct iq_kernel *k, struct iq_sa *sa)
{
	struct sink sink = { IPSEC_QOS_A_SA, .arg = sa };

	return ask(k, IPSEC_QOS_CMD_SA_GET, 0, put_sa_key, sa, entries_answer,
		   &sink);
}

int iq_kernel_ike_get(struct iq_kernel *k, struct iq_ike *ike)
{
	struct sink sink = { IPSEC_QOS_A_IKE, .arg = ike };

	return ask(k, IPSEC_QOS_CMD_IKE_GET, 0, put_ike_key, ike,
		   entries_answer, &sink);
}

static int u32_answer(struct nlmsghdr *nlh, int type, uint32_t *value)
{
	struct nlattr *a;
	int rem;

	for_each_attr(a, nlh, rem)
		if (nla_type(a) == type && nla_len(a) >= (int)sizeof(*value))
			*value = nla_get_u32(a);
	return 0;
}

static int count_answer(struct nlmsghdr *nlh, void *arg)
{
	return u32_answer(nlh, IPSEC_QOS_A_COUNT, arg);
}

static int generation_answer(struct nlmsghdr *nlh, void *arg)
{
	return u32_answer(nlh, IPSEC_QOS_A_GENERATION, arg);
}

int iq_kernel_group_flush(struct iq_kernel *k, int owner, uint32_t *count)
{
	*count = 0;
	return ask(k, IPSEC_QOS_CMD_GROUP_FLUSH, 0, put_owner, &owner,
		   count_answer, count);
}

int iq_kernel_sa_flush(struct iq_kernel *k, const struct iq_sa *filter,
		       uint32_t *count)
{
	*count = 0;
	return ask(k, IPSEC_QOS_CMD_SA_FLUSH, 0, put_sa_filter, filter,
		   count_answer, count);
}

int iq_kernel_ike_flush(struct iq_kernel *k, const struct iq_ike *filter,
			uint32_t *count)
{
	*count = 0;
	return ask(k, IPSEC_QOS_CMD_IKE_FLUSH, 0, put_ike_filter, filter,
		   count_answer, count);
}

int iq_kernel_nat_rule_new(struct iq_kernel *k, const struct iq_nat_rule *rule,
			   int nlflags)
{
	return ask(k, IPSEC_QOS_CMD_NAT_RULE_NEW, nlflags, put_nat_rule, rule, NULL,
		   NULL);
}

int iq_kernel_nat_rule_del(struct iq_kernel *k, uint32_t id)
{
	return ask(k, IPSEC_QOS_CMD_NAT_RULE_DEL, 0, put_nat_rule_key, &id, NULL, NULL);
}

int iq_kernel_nat_rule_dump(struct iq_kernel *k,
			    int (*cb)(const struct iq_nat_rule *rule, void *arg),
			    void *arg)
{
	struct sink sink = { IPSEC_QOS_A_NAT_RULE, .nat_rule = cb, .arg = arg };

	return ask(k, IPSEC_QOS_CMD_NAT_RULE_GET, NLM_F_DUMP, NULL, NULL,
		   entries_answer, &sink);
}

int iq_kernel_nat_dump(struct iq_kernel *k, uint32_t rule,
		       int (*cb)(const struct iq_nat *nat, void *arg), void *arg)
{
	struct sink sink = { IPSEC_QOS_A_NAT, .nat = cb, .arg = arg };

	return ask(k, IPSEC_QOS_CMD_NAT_GET, NLM_F_DUMP, put_nat_filter, &rule,
		   entries_answer, &sink);
}

int iq_kernel_nat_flush(struct iq_kernel *k, uint32_t rule, uint32_t *count)
{
	*count = 0;
	return ask(k, IPSEC_QOS_CMD_NAT_FLUSH, 0, put_nat_filter, &rule, count_answer,
		   count);
}

static int status_answer(struct nlmsghdr *nlh, void *arg)
{
	struct iq_status *st = arg;
	struct nlattr *a;
	int rem, ret = 0;

	for_each_attr(a, nlh, rem) {
		if (nla_type(a) == IPSEC_QOS_A_STATUS)
			ret = get_status(a, st);
		else if (nla_type(a) == IPSEC_QOS_A_CONF)
			ret = get_conf(a, &st->conf);
		if (ret)
			break;
	}
	return ret;
}

int iq_kernel_status(struct iq_kernel *k, struct iq_status *st)
{
	memset(st, 0, sizeof(*st));
	return ask(k, IPSEC_QOS_CMD_STATUS_GET, 0, NULL, NULL, status_answer, st);
}

int iq_kernel_conf(struct iq_kernel *k, const struct iq_conf *conf)
{
	return ask(k, IPSEC_QOS_CMD_CONF_SET, 0, put_conf, conf, NULL, NULL);
}

int iq_kernel_resync_start(struct iq_kernel *k, int owner, uint32_t *generation)
{
	*generation = 0;
	return ask(k, IPSEC_QOS_CMD_RESYNC_START, 0, put_owner, &owner,
		   generation_answer, generation);
}

int iq_kernel_resync_end(struct iq_kernel *k, int owner, uint32_t generation,
			 uint32_t *count)
{
	const struct resync resync = { owner, generation };

	*count = 0;
	return ask(k, IPSEC_QOS_CMD_RESYNC_END, 0, put_resync, &resync,
		   count_answer, count);
}

int iq_kernel_monitor(struct iq_kernel *k, bool nat)
{
	int group, gone, nat_group = 0, ret;

	if (k->events)
		return nl_socket_get_fd(k->events);
	/* What resolves the groups' names needs answers: not this socket. */
	group = genl_ctrl_resolve_grp(k->sk, IPSEC_QOS_GENL_NAME,
				      IPSEC_QOS_MCGRP_EVENTS);
	if (group < 0)
		return nl_to_errno(group);
	gone = genl_ctrl_resolve_grp(k->sk, "nlctrl", "notify");
	if (gone < 0)
		return nl_to_errno(gone);
	if (nat)
		nat_group = genl_ctrl_resolve_grp(k->sk, IPSEC_QOS_GENL_NAME,
						  IPSEC_QOS_MCGRP_NAT);
	if (nat_group < 0)
		return nl_to_errno(nat_group);

	k->events = nl_socket_alloc();
	if (!k->events) {
		ret = -ENOMEM;
		goto err;
	}
	/* events answer no request; the socket's own callbacks know that then */
	nl_socket_disable_seq_check(k->events);
	k->events_cb = nl_socket_get_cb(k->events);
	ret = genl_connect(k->events);
	if (ret >= 0)
		ret = nl_socket_add_memberships(k->events, group, gone,
						nat_group, 0);
	if (ret >= 0)
		ret = nl_socket_set_nonblocking(k->events);
	if (ret < 0) {
		ret = nl_to_errno(ret);
		goto err;
	}
	ret = SOCKET_BUFFER;
	/* root of a container gets what net.core.rmem_max allows */
	if (setsockopt(nl_socket_get_fd(k->events), SOL_SOCKET, SO_RCVBUFFORCE,
		       &ret, sizeof(ret)))
		setsockopt(nl_socket_get_fd(k->events), SOL_SOCKET, SO_RCVBUF,
			   &ret, sizeof(ret));
	nl_socket_set_msg_buf_size(k->events, DUMP_BUFFER);
	return nl_socket_get_fd(k->events);

err:
	/* to listen takes the same right as to ask */
	set_error(k, ret, NULL, 0);
	nl_cb_put(k->events_cb);
	nl_socket_free(k->events);
	k->events = NULL;
	k->events_cb = NULL;
	return ret;
}

struct event_sink {
	struct iq_kernel *k;
	int (*cb)(const struct iq_event *ev, void *arg);
	void *arg;
	int ret;
};

/* Did generic netlink say that our family went? */
static bool module_gone(struct nlmsghdr *nlh, int family)
{
	struct genlmsghdr *genl = nlmsg_data(nlh);
	struct nlattr *a;
	int rem;

	if (genl->cmd != CTRL_CMD_DELFAMILY)
		return false;
	for_each_attr(a, nlh, rem)
		if (nla_type(a) == CTRL_ATTR_FAMILY_ID)
			return nla_get_u16(a) == family;
	return false;
}

static int event_read(struct nlmsghdr *nlh, struct iq_event *ev)
{
	struct nlattr *a;
	int rem, ret = -EBADMSG;

	memset(ev, 0, sizeof(*ev));
	for_each_attr(a, nlh, rem) {
		switch (nla_type(a)) {
		case IPSEC_QOS_A_EVENT:
			ev->event = nla_get_u8(a);
			continue;
		case IPSEC_QOS_A_GROUP:
			ev->what = IQ_EVENT_GROUP;
			ret = get_group(a, &ev->group);
			break;
		case IPSEC_QOS_A_SA:
			ev->what = IQ_EVENT_SA;
			ret = get_sa(a, &ev->sa);
			break;
		case IPSEC_QOS_A_IKE:
			ev->what = IQ_EVENT_IKE;
			ret = get_ike(a, &ev->ike);
			break;
		case IPSEC_QOS_A_STATUS:
			ev->what = IQ_EVENT_STATUS;
			ret = get_status(a, &ev->status);
			break;
		case IPSEC_QOS_A_NAT:
			if (ev->n_nat == IPSEC_QOS_NAT_TOLD_MAX)
				continue;
			ev->what = IQ_EVENT_NAT;
			ret = get_nat(a, &ev->nat[ev->n_nat++]);
			break;
		default:
			continue;
		}
		if (ret)
			break;
	}
	return ret;
}

static int on_event(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct event_sink *sink = arg;
	struct iq_event ev;

	if (sink->ret || !has_genl_header(nlh))
		return NL_OK;
	if (nlh->nlmsg_type == GENL_ID_CTRL) {
		if (module_gone(nlh, sink->k->family))
			sink->ret = -ENODEV;
	} else if (nlh->nlmsg_type == sink->k->family) {
		sink->ret = event_read(nlh, &ev);
		if (!sink->ret)
			sink->ret = sink->cb(&ev, sink->arg);
	}
	return NL_OK;
}

int iq_kernel_monitor_read(struct iq_kernel *k,
			   int (*cb)(const struct iq_event *ev, void *arg),
			   void *arg)
{
	struct event_sink sink = { k, cb, arg, 0 };
	int ret;

	nl_cb_set(k->events_cb, NL_CB_VALID, NL_CB_CUSTOM, on_event, &sink);
	do {
		ret = nl_recvmsgs(k->events, k->events_cb);
	} while (ret >= 0 && !sink.ret);
	if (sink.ret)
		return sink.ret;
	ret = nl_to_errno(ret);
	return ret == -EAGAIN ? 0 : ret;
}
