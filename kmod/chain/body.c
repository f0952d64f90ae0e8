// SPDX-License-Identifier: GPL-2.0
#include <linux/inetdevice.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <net/addrconf.h>
#include <net/route.h>

#include "body.h"
#include "core/compat.h"
#include "range.h"
#include "service.h"

/* Specs */

struct iq_spec *iq_spec_alloc(void)
{
	struct iq_spec *spec = kzalloc(sizeof(*spec), GFP_KERNEL_ACCOUNT);

	if (spec)
		spec->users = 1;
	return spec;
}

void iq_spec_put(struct iq_spec *spec)
{
	u32 i;

	if (!spec || --spec->users)
		return;
	for (i = 0; i < spec->n_segments; i++)
		kvfree(spec->segment[i].ports.port);
	kvfree(spec->segment);
	kvfree(spec->except);
	kvfree(spec->rules);
	kvfree(spec->ports.port);
	iq_acl_let(spec->acl);
	kfree(spec);
}

static bool iq_ports_same(const struct iq_ports_of *a, const struct iq_ports_of *b)
{
	return a->n == b->n && !memcmp(a->port, b->port, a->n * sizeof(*a->port));
}

static bool iq_segment_same(const struct iq_segment *a, const struct iq_segment *b)
{
	return a->id == b->id && a->has_to == b->has_to && a->has_from == b->has_from &&
	       a->to_port == b->to_port && ipv6_addr_equal(&a->to, &b->to) &&
	       ipv6_addr_equal(&a->from, &b->from) && iq_ports_same(&a->ports, &b->ports);
}

static bool iq_except_same(const struct iq_except *a, const struct iq_except *b)
{
	return a->id == b->id && a->len == b->len && ipv6_addr_equal(&a->addr, &b->addr);
}

bool iq_spec_same(const struct iq_spec *a, const struct iq_spec *b)
{
	u32 i;

	if (a->family != b->family || a->len != b->len || a->mode != b->mode ||
	    !ipv6_addr_equal(&a->addr, &b->addr) || a->chain_id != b->chain_id ||
	    a->group_id != b->group_id || a->from_id != b->from_id || a->rate != b->rate ||
	    a->n_segments != b->n_segments || a->n_excepts != b->n_excepts ||
	    a->acl != b->acl || !iq_ports_same(&a->ports, &b->ports))
		return false;
	for (i = 0; i < a->n_segments; i++)
		if (!iq_segment_same(&a->segment[i], &b->segment[i]))
			return false;
	for (i = 0; i < a->n_excepts; i++)
		if (!iq_except_same(&a->except[i], &b->except[i]))
			return false;
	return true;
}

void iq_spec_used(struct iq_spec *spec, int n)
{
	struct iq_net *iqn = spec->chain->iqn;
	u32 i;

	spec->chain->services += n;
	for (i = 0; i < spec->n_excepts; i++)
		spec->except[i].chain->services += n;
	spin_lock_bh(&iqn->table_lock);
	if (spec->group)
		spec->group->users[IQ_USER_SERVICE] += n;
	if (spec->from)
		spec->from->users[IQ_USER_SERVICE] += n;
	spin_unlock_bh(&iqn->table_lock);
}

void iq_spec_settled(struct iq_spec *spec)
{
	u32 i;

	spec->attr = NULL;
	spec->addr_attr = NULL;
	spec->chain_attr = NULL;
	spec->group_attr = NULL;
	spec->from_attr = NULL;
	for (i = 0; i < spec->n_segments; i++)
		spec->segment[i].attr = NULL;
	for (i = 0; i < spec->n_excepts; i++)
		spec->except[i].attr = NULL;
}

bool iq_spec_follows(const struct iq_spec *spec)
{
	u32 i;

	if (spec->chain->next)
		return true;
	for (i = 0; i < spec->n_excepts; i++)
		if (spec->except[i].chain->next)
			return true;
	return false;
}

/* An address of the range that is for checks: packets with it end here. */
static int iq_spec_check_range(struct iq_chains *ch, const struct iq_spec *spec,
			       const struct in6_addr *addr, u8 len, const struct nlattr *attr,
			       struct netlink_ext_ack *extack)
{
	if (!iq_range_has(ch, spec->family, addr, len))
		return 0;
	if (spec->family == AF_INET)
		iq_err(extack, attr, "%pI4 is in the range for checks: use another address",
		       addr);
	else
		iq_err(extack, attr, "%pI6c is in the range for checks", addr);
	return -EADDRINUSE;
}

/* Nor one of this host's own: packets for it are for nobody else. */
static int iq_spec_check_addr(struct iq_chains *ch, const struct iq_spec *spec,
			      const struct in6_addr *addr, const struct nlattr *attr,
			      struct netlink_ext_ack *extack)
{
	struct net *net = ch->iqn->net;
	__be32 addr4 = addr->s6_addr32[0];
	bool local;
	int err;

	err = iq_spec_check_range(ch, spec, addr, 128, attr, extack);
	if (err)
		return err;
	rcu_read_lock();
	if (spec->family == AF_INET)
		local = inet_addr_type(net, addr4) == RTN_LOCAL;
	else
		local = IS_ENABLED(CONFIG_IPV6) && ipv6_chk_addr(net, addr, NULL, 0);
	rcu_read_unlock();
	if (!local)
		return 0;
	if (spec->family == AF_INET)
		iq_err(extack, attr,
		       "%pI4 is an address of this host: route it here, or add a proxy entry",
		       &addr4);
	else
		iq_err(extack, attr, "%pI6c is this host's address: route it here", addr);
	return -EADDRINUSE;
}

static int iq_spec_group(struct iq_chains *ch, u32 id, const struct nlattr *attr,
			 struct iq_group **g, struct netlink_ext_ack *extack)
{
	if (!id)
		return 0;
	*g = iq_group_find(ch->iqn, id, NULL);
	if (*g)
		return 0;
	iq_err(extack, attr, "no group %u", id);
	return -ENOENT;
}

static int iq_spec_chain(struct iq_chains *ch, u32 id, const struct nlattr *attr,
			 struct iq_chain **c, struct netlink_ext_ack *extack)
{
	*c = iq_chain_find(ch, id);
	if (*c)
		return 0;
	iq_err(extack, attr, "no chain %u", id);
	return -ENOENT;
}

static int iq_spec_segments(struct iq_chains *ch, struct iq_spec *spec,
			    struct netlink_ext_ack *extack)
{
	struct iq_segment *seg;
	u32 i, j;
	int err;

	for (i = 0; i < spec->n_segments; i++) {
		seg = &spec->segment[i];
		seg->device = iq_device_find(ch, seg->id);
		if (!seg->device) {
			iq_err(extack, seg->attr, "no device %u", seg->id);
			return -ENOENT;
		}
		for (j = 0; j < i; j++) {
			if (spec->segment[j].id != seg->id)
				continue;
			iq_err(extack, seg->attr, "device %s has two segments",
			       seg->device->object.name);
			return -EINVAL;
		}
		err = seg->has_to ? iq_spec_check_addr(ch, spec, &seg->to, seg->attr,
						       extack) : 0;
		if (!err && seg->has_from)
			err = iq_spec_check_addr(ch, spec, &seg->from, seg->attr, extack);
		if (err)
			return err;
	}
	return 0;
}

int iq_spec_resolve(struct iq_chains *ch, struct iq_spec *spec, struct netlink_ext_ack *extack)
{
	u32 i;
	int err;

	err = iq_spec_chain(ch, spec->chain_id, spec->chain_attr, &spec->chain, extack);
	if (!err)
		err = iq_spec_group(ch, spec->group_id, spec->group_attr, &spec->group, extack);
	if (!err)
		err = iq_spec_group(ch, spec->from_id, spec->from_attr, &spec->from, extack);
	for (i = 0; i < spec->n_excepts && !err; i++)
		err = iq_spec_chain(ch, spec->except[i].id, spec->except[i].attr,
				    &spec->except[i].chain, extack);
	if (!err)
		err = iq_spec_segments(ch, spec, extack);
	if (!err && spec->len == (spec->family == AF_INET ? 32 : 128))
		err = iq_spec_check_addr(ch, spec, &spec->addr, spec->addr_attr, extack);
	else if (!err)
		err = iq_spec_check_range(ch, spec, &spec->addr, spec->len, spec->addr_attr,
					  extack);
	return err;
}

/* Tracks */

struct iq_track *iq_track_make(const struct iq_steps *steps)
{
	struct iq_track *t = kzalloc(sizeof(*t), GFP_KERNEL_ACCOUNT);
	u32 i;

	/* What packets read: two lines of a track, and a quarter of one of a number. */
	BUILD_BUG_ON(IS_ENABLED(CONFIG_64BIT) && offsetof(struct iq_track, n) != 64);
	BUILD_BUG_ON(IS_ENABLED(CONFIG_64BIT) && sizeof(struct iq_meaning) != 16);
	BUILD_BUG_ON(offsetof(struct iq_track, rcu) > 128);
	if (!t)
		return NULL;
	t->n = steps->n;
	for (i = 0; i < steps->n; i++) {
		t->device[i] = steps->device[i];
		t->taps |= (steps->device[i]->kind == IPSEC_QOS_DEVICE_TAP) << i;
	}
	if (steps->device[steps->n - 1]->kind == IPSEC_QOS_DEVICE_ROUTED)
		t->flags |= IQ_TRACK_F_ROUTED;
	return t;
}

static void iq_track_drop(struct iq_track *t)
{
	u32 i;

	if (!t)
		return;
	for (i = 0; t->overrides && i < t->overrides->n; i++)
		iq_track_drop(t->overrides->override[i].track);
	kfree(t->overrides);
	kfree(t->views);
	kfree(t);
}

static void iq_track_free_rcu(struct rcu_head *rcu)
{
	iq_track_drop(container_of(rcu, struct iq_track, rcu));
}

void iq_track_free(struct iq_track *t)
{
	if (t)
		call_rcu(&t->rcu, iq_track_free_rcu);
}

/* Views */

/**
 * struct iq_sight - a view, with all of its ports
 */
struct iq_sight {
	struct in6_addr addr;
	struct iq_ports_of ports;
	struct iq_port one;
};

/**
 * struct iq_sights - those of a service, while its body is made
 *
 * @forward: bits of those that packets come with on the way forward; likewise @back
 * @used: bits of segments that some track has
 */
struct iq_sights {
	u32 n;
	u32 forward;
	u32 back;
	u64 used;
	struct iq_sight sight[IQ_VIEWS];
};

static struct iq_ports_of iq_sight_ports(const struct iq_sight *s)
{
	struct iq_ports_of ports = s->ports;

	if (s->one.proto)
		ports = (struct iq_ports_of) { 1, (struct iq_port *)&s->one };
	return ports;
}

/* Its number; -1: there are too many */
static int iq_sight_number(struct iq_sights *all, const struct iq_sight *sight)
{
	struct iq_ports_of ports = iq_sight_ports(sight), other;
	u32 i;

	for (i = 0; i < all->n; i++) {
		other = iq_sight_ports(&all->sight[i]);
		if (ipv6_addr_equal(&all->sight[i].addr, &sight->addr) &&
		    iq_ports_same(&other, &ports))
			return i;
	}
	if (all->n == IQ_VIEWS)
		return -1;
	all->sight[all->n] = *sight;
	return all->n++;
}

static bool iq_port_single(const struct iq_ports_of *ports)
{
	return ports->n == 1 && ports->port->first == ports->port->last &&
	       (ports->port->proto == IPPROTO_TCP || ports->port->proto == IPPROTO_UDP);
}

static const struct iq_segment *iq_spec_segment(const struct iq_spec *spec,
						const struct iq_device *d, struct iq_sights *all)
{
	u32 i;

	for (i = 0; i < spec->n_segments; i++) {
		if (spec->segment[i].device != d)
			continue;
		all->used |= BIT_ULL(i);
		return &spec->segment[i];
	}
	return NULL;
}

static int iq_sight_enter(struct iq_sight *now, const struct iq_segment *seg,
			  struct netlink_ext_ack *extack)
{
	struct iq_ports_of ports = iq_sight_ports(now);

	if (seg->has_to)
		now->addr = seg->to;
	if (!seg->to_port)
		return 0;
	if (!iq_port_single(&ports)) {
		iq_err(extack, seg->attr,
		       "device %s: another port only where the service has one of TCP or UDP",
		       seg->device->object.name);
		return -EINVAL;
	}
	now->one = (struct iq_port) { ports.port->proto, seg->to_port, seg->to_port };
	return 0;
}

static int iq_sight_leave(struct iq_sight *now, const struct iq_segment *seg, bool last,
			  struct netlink_ext_ack *extack)
{
	if (!seg->has_from && !seg->ports.n)
		return 0;
	if (last) {
		iq_err(extack, seg->attr,
		       "device %s is the chain's last: nothing of the service comes out of it",
		       seg->device->object.name);
		return -EINVAL;
	}
	if (seg->has_from)
		now->addr = seg->from;
	if (seg->ports.n) {
		now->ports = seg->ports;
		now->one.proto = 0;
	}
	return 0;
}

/* What a service's address and ports are on a track; @at as of struct iq_views */
static int iq_sights_walk(struct iq_sights *all, const struct iq_spec *spec,
			  const struct iq_steps *steps, u8 *at, const struct nlattr *attr,
			  struct netlink_ext_ack *extack)
{
	struct iq_sight now = all->sight[0];
	const struct iq_segment *seg;
	int i, err, number[2];

	at[0] = 0;
	for (i = 0; i < steps->n; i++) {
		seg = iq_spec_segment(spec, steps->device[i], all);
		err = seg ? iq_sight_enter(&now, seg, extack) : 0;
		if (err)
			return err;
		number[0] = iq_sight_number(all, &now);
		err = seg ? iq_sight_leave(&now, seg, i == steps->n - 1, extack) : 0;
		if (err)
			return err;
		number[1] = iq_sight_number(all, &now);
		if (number[0] < 0 || number[1] < 0) {
			iq_err(extack, attr, "more than %d addresses and lists of ports",
			       IQ_VIEWS);
			return -E2BIG;
		}
		at[2 * i + 1] = number[0];
		at[2 * i + 2] = number[1];
		all->back |= BIT(number[0]);
		all->forward |= BIT(number[1]);
	}
	return 0;
}

static const struct iq_views *iq_views_make(const struct iq_sights *all, const u8 *at)
{
	struct iq_ports_of ports;
	struct iq_views *v;
	u32 i;

	v = kzalloc(struct_size(v, view, all->n), GFP_KERNEL_ACCOUNT);
	if (!v)
		return NULL;
	memcpy(v->at, at, sizeof(v->at));
	for (i = 0; i < all->n; i++) {
		v->view[i].addr6 = all->sight[i].addr;
		ports = iq_sight_ports(&all->sight[i]);
		if (iq_port_single(&ports))
			v->view[i].port = htons(ports.port->first);
	}
	return v;
}

/* Keys */

static void iq_want_init(struct iq_want *w, const struct iq_spec *spec, u8 way)
{
	*w = (struct iq_want) {
		.views = BIT(0),
		.set = IQ_KEY_SET(spec->mode, way),
		.wide = spec->family == AF_INET6,
		.addr = spec->addr,
	};
}

static void iq_want_port(struct iq_want *w, const struct iq_port *port)
{
	w->first = iq_span_word(port->proto, port->first);
	w->last = iq_span_word(port->proto, port->last);
	w->kind = w->first == w->last ? IQ_KEY_SLOT : IQ_KEY_SPAN;
}

static int iq_want_order(const void *a, const void *b)
{
	const struct iq_want *one = a, *other = b;

	if (one->set != other->set)
		return one->set < other->set ? -1 : 1;
	return memcmp(&one->addr, &other->addr, sizeof(one->addr));
}

static int iq_word_order(const void *a, const void *b)
{
	u32 one = *(const u32 *)a, other = *(const u32 *)b;

	return one < other ? -1 : one > other;
}

/*
 * Wants of one address and set, which may overlap: cut into such as do not, with the views of
 * all that they were in. @edge: room for two of each; @to: likewise. How many?
 */
static u32 iq_wants_cut(const struct iq_want *raw, u32 n, u32 *edge, struct iq_want *to)
{
	u32 i, j, edges = 0, rest = 0, views, made = 0;

	for (i = 0; i < n; i++) {
		if (raw[i].kind == IQ_KEY_REST) {
			rest |= raw[i].views;
			continue;
		}
		edge[edges++] = raw[i].first;
		edge[edges++] = raw[i].last + 1;
	}
	sort(edge, edges, sizeof(*edge), iq_word_order, NULL);
	for (j = 0; j + 1 < edges; j++) {
		if (edge[j] == edge[j + 1])
			continue;
		for (i = 0, views = 0; i < n; i++)
			if (raw[i].kind != IQ_KEY_REST && raw[i].first <= edge[j] &&
			    raw[i].last >= edge[j])
				views |= raw[i].views;
		if (!views)
			continue;
		to[made] = raw[0];
		to[made].first = edge[j];
		to[made].last = edge[j + 1] - 1;
		to[made].kind = to[made].first == to[made].last ? IQ_KEY_SLOT : IQ_KEY_SPAN;
		to[made++].views = views | rest;
		cond_resched();
	}
	if (rest) {
		to[made] = raw[0];
		to[made].kind = IQ_KEY_REST;
		to[made].first = to[made].last = 0;
		to[made++].views = rest;
	}
	return made;
}

static u32 iq_wants_of(const struct iq_sights *all, const struct iq_spec *spec, u8 way,
		       struct iq_want *w)
{
	u32 views = way == IQ_FORWARD ? all->forward : all->back, i, j, n = 0;
	struct iq_ports_of ports;

	for (i = 0; i < all->n; i++) {
		if (!(views & BIT(i)))
			continue;
		ports = iq_sight_ports(&all->sight[i]);
		for (j = 0; j < ports.n || !j; j++, n++) {
			if (!w)
				continue;
			iq_want_init(&w[n], spec, way);
			w[n].addr = all->sight[i].addr;
			w[n].views = BIT(i);
			w[n].kind = IQ_KEY_REST;
			if (ports.n)
				iq_want_port(&w[n], &ports.port[j]);
		}
	}
	return n;
}

static int iq_body_wants(struct iq_body *b, const struct iq_sights *all)
{
	u32 n = iq_wants_of(all, b->spec, IQ_FORWARD, NULL), i, j;
	struct iq_want *raw;
	u32 *edge;
	int err = -ENOMEM;

	n += iq_wants_of(all, b->spec, IQ_BACK, NULL);
	raw = kvcalloc(n, sizeof(*raw), GFP_KERNEL);
	edge = kvcalloc(2 * n, sizeof(*edge), GFP_KERNEL);
	b->want = kvcalloc(2 * n + 2, sizeof(*b->want), GFP_KERNEL_ACCOUNT);
	if (!raw || !edge || !b->want)
		goto out;
	i = iq_wants_of(all, b->spec, IQ_FORWARD, raw);
	iq_wants_of(all, b->spec, IQ_BACK, raw + i);
	sort(raw, n, sizeof(*raw), iq_want_order, NULL);
	for (i = 0; i < n; i = j) {
		for (j = i + 1; j < n && !iq_want_order(&raw[i], &raw[j]); j++)
			;
		b->n_wants += iq_wants_cut(raw + i, j - i, edge, b->want + b->n_wants);
	}
	err = 0;
out:
	kvfree(raw);
	kvfree(edge);
	return err;
}

/* Numbers */

static int iq_body_number(struct iq_body *b, u32 views, const struct nlattr *attr,
			  struct netlink_ext_ack *extack)
{
	u32 i;
	int number;

	for (i = 0; i < b->n_numbers; i++)
		if (b->number[i].views == views)
			return 0;
	if (b->n_numbers == IQ_VIEWS) {
		iq_err(extack, attr, "ports of its segments overlap in more than %d ways",
		       IQ_VIEWS);
		return -E2BIG;
	}
	number = iq_number_new(b->ch, attr, extack);
	if (number < 0)
		return number;
	iq_number_mean(b->ch, number, b->track, views);
	b->number[b->n_numbers].views = views;
	b->number[b->n_numbers++].number = number;
	return 0;
}

static u32 iq_body_number_of(const struct iq_body *b, u32 views)
{
	u32 i;

	for (i = 0; i < b->n_numbers; i++)
		if (b->number[i].views == views)
			return b->number[i].number;
	return b->spec->chain->number;
}

/* Bodies */

/* What a track has of a service */
static struct iq_track *iq_body_track_make(struct iq_body *b, struct iq_service *s,
					   struct iq_sights *all, const struct iq_chain *c,
					   const struct nlattr *attr,
					   struct netlink_ext_ack *extack)
{
	const struct iq_spec *spec = b->spec;
	u8 at[2 * IQ_STEPS + 1] = {};
	struct iq_track *t;
	int err;

	t = iq_track_make(iq_chain_steps(c));
	if (!t)
		return ERR_PTR(-ENOMEM);
	err = iq_sights_walk(all, spec, iq_chain_steps(c), at, attr, extack);
	if (err)
		goto free;
	t->group = spec->group ? spec->group->number : 0;
	t->rate = spec->rate;
	t->from_group = spec->from;
	t->service = s;
	t->acl = spec->acl;
	t->flags |= (spec->acl ? IQ_TRACK_F_ACL : 0) | (spec->rate ? IQ_TRACK_F_RATE : 0);
	if (!memchr_inv(at, 0, sizeof(at)))
		return t;
	t->views = iq_views_make(all, at);
	if (t->views)
		return t;
	err = -ENOMEM;
free:
	iq_track_drop(t);
	return ERR_PTR(err);
}

static int iq_body_overrides(struct iq_body *b, struct iq_service *s, struct iq_sights *all,
			     struct netlink_ext_ack *extack)
{
	const struct iq_spec *spec = b->spec;
	struct iq_override *one;
	struct iq_overrides *o;
	struct iq_track *t;
	u32 i;

	if (!spec->n_excepts)
		return 0;
	o = kzalloc(struct_size(o, override, spec->n_excepts), GFP_KERNEL_ACCOUNT);
	if (!o)
		return -ENOMEM;
	b->track->overrides = o;
	for (i = 0; i < spec->n_excepts; i++) {
		one = &o->override[i];
		t = iq_body_track_make(b, s, all, spec->except[i].chain, spec->except[i].attr,
				       extack);
		if (IS_ERR(t))
			return PTR_ERR(t);
		one->track = t;
		one->addr = spec->except[i].addr;
		iq_len_mask(&one->mask, spec->except[i].len);
		o->n++;
	}
	return 0;
}

static bool iq_spec_own(const struct iq_spec *spec)
{
	return spec->n_segments || spec->n_excepts || spec->acl || spec->rate || spec->group ||
	       spec->from;
}

static int iq_body_check_segments(const struct iq_spec *spec, const struct iq_service *s,
				  const struct iq_sights *all, const struct nlattr *attr,
				  struct netlink_ext_ack *extack)
{
	u32 i;

	for (i = 0; i < spec->n_segments; i++) {
		if (all->used & BIT_ULL(i))
			continue;
		iq_err(extack, spec->segment[i].attr ?: attr,
		       "service %s has a segment for device %s, which is not in chain %s",
		       s->object.name, spec->segment[i].device->object.name,
		       spec->chain->object.name);
		return -EINVAL;
	}
	return 0;
}

static int iq_body_fill(struct iq_body *b, struct iq_service *s, const struct nlattr *attr,
			struct netlink_ext_ack *extack)
{
	struct iq_sights *all = kvzalloc(sizeof(*all), GFP_KERNEL);
	struct iq_spec *spec = b->spec;
	struct iq_track *t;
	u32 i;
	int err;

	if (!all)
		return -ENOMEM;
	all->n = 1;
	all->sight[0].addr = spec->addr;
	all->sight[0].ports = spec->ports;
	all->forward = BIT(0);
	all->back = spec->mode == IPSEC_QOS_SERVICE_CLIENT ? BIT(0) : 0;
	t = iq_body_track_make(b, s, all, spec->chain, attr, extack);
	err = PTR_ERR_OR_ZERO(t);
	if (err)
		goto out;
	b->track = t;
	err = iq_body_overrides(b, s, all, extack);
	if (!err)
		err = iq_body_check_segments(spec, s, all, attr, extack);
	if (!err && all->n > 1)
		err = iq_body_wants(b, all);
	if (!err && !b->n_wants)
		err = iq_body_number(b, BIT(0), attr, extack);
	for (i = 0; i < b->n_wants && !err; i++)
		err = iq_body_number(b, b->want[i].views, attr, extack);
out:
	kvfree(all);
	return err;
}

struct iq_body *iq_body_make(struct iq_chains *ch, struct iq_service *s, struct iq_spec *spec,
			     bool own, const struct nlattr *attr,
			     struct netlink_ext_ack *extack)
{
	struct iq_body *b;
	int err;

	lockdep_assert_held(&ch->iqn->config_lock);
	own |= iq_spec_own(spec);
	/* Many services are no more than an address and a chain. */
	b = kzalloc(own ? sizeof(*b) : offsetof(struct iq_body, number), GFP_KERNEL_ACCOUNT);
	if (!b)
		return ERR_PTR(-ENOMEM);
	b->ch = ch;
	b->spec = spec;
	spec->users++;
	err = own ? iq_body_fill(b, s, attr, extack) : 0;
	if (!err)
		return b;
	iq_body_free(b);
	return ERR_PTR(err);
}

static void iq_body_free_rcu(struct rcu_head *rcu)
{
	struct iq_body *b = container_of(rcu, struct iq_body, rcu);
	u32 i;

	for (i = 0; i < b->n_numbers; i++)
		iq_number_free(b->ch, b->number[i].number);
	iq_track_drop(b->track);
	kfree(b);
}

void iq_body_free(struct iq_body *b)
{
	u32 i;

	if (!b)
		return;
	for (i = 0; i < b->n_numbers; i++)
		iq_number_mean(b->ch, b->number[i].number, NULL, 0);
	kvfree(b->want);
	iq_spec_put(b->spec);
	call_rcu(&b->rcu, iq_body_free_rcu);
}

struct iq_track *iq_body_track(const struct iq_body *b)
{
	return b->track ?: b->spec->chain->track;
}

u32 iq_body_keys(const struct iq_body *b)
{
	return b->n_wants ?: 2 * max_t(u32, b->spec->ports.n, 1);
}

int iq_body_each(const struct iq_body *b,
		 int (*fn)(struct iq_chains *ch, const struct iq_want *want, u32 number,
			   void *arg), void *arg)
{
	u32 number = iq_body_number_of(b, BIT(0)), i;
	const struct iq_spec *spec = b->spec;
	struct iq_want w;
	int err = 0;
	u8 way;

	for (i = 0; i < b->n_wants && !err; i++)
		err = fn(b->ch, &b->want[i], iq_body_number_of(b, b->want[i].views), arg);
	for (way = IQ_FORWARD; way <= IQ_BACK && !b->n_wants && !err; way++) {
		iq_want_init(&w, spec, way);
		if (!spec->ports.n) {
			w.len = spec->len;
			w.kind = spec->len == (w.wide ? 128 : 32) ? IQ_KEY_REST : IQ_KEY_PREFIX;
			err = fn(b->ch, &w, number, arg);
		}
		for (i = 0; i < spec->ports.n && !err; i++) {
			iq_want_port(&w, &spec->ports.port[i]);
			err = fn(b->ch, &w, number, arg);
		}
	}
	return err;
}

static int iq_body_share_key(struct iq_chains *ch, const struct iq_want *want, u32 number,
			     void *arg)
{
	const u32 *whose = arg;

	iq_key_change(ch, want, number, *whose, IQ_KEY_MARK);
	iq_key_change(ch, want, number, *whose, IQ_KEY_UNMARK);
	return 0;
}

/**
 * struct iq_body_rest - what a body had of its own
 */
struct iq_body_rest {
	struct rcu_head rcu;
	struct iq_chains *ch;
	struct iq_track *track;
	u32 number;
};

static void iq_body_rest_rcu(struct rcu_head *rcu)
{
	struct iq_body_rest *rest = container_of(rcu, struct iq_body_rest, rcu);

	iq_number_free(rest->ch, rest->number);
	iq_track_drop(rest->track);
	kfree(rest);
}

void iq_body_share(struct iq_body *b, u32 whose)
{
	struct iq_body_rest *rest;

	if (!b->track || iq_spec_own(b->spec))
		return;
	rest = kzalloc(sizeof(*rest), GFP_KERNEL_ACCOUNT);
	/* Then it goes on with its own. */
	if (!rest)
		return;
	*rest = (struct iq_body_rest) {
		.ch = b->ch,
		.track = b->track,
		.number = b->number[0].number,
	};
	b->n_numbers = 0;
	b->track = NULL;
	iq_body_each(b, iq_body_share_key, &whose);
	iq_number_mean(b->ch, rest->number, NULL, 0);
	call_rcu(&rest->rcu, iq_body_rest_rcu);
}
