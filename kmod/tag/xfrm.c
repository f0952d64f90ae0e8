// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/netdevice.h>
#include <net/xfrm.h>

#include "core/compat.h"
#include "core/debug.h"
#include "core/hooks.h"
#include "claim.h"
#include "sa.h"
#include "state.h"
#include "tag.h"
#include "xfrm.h"

bool iq_xfrm_key(const struct xfrm_state *x, struct iq_key *key)
{
	if ((x->id.proto != IPPROTO_ESP && x->id.proto != IPPROTO_AH) ||
	    !x->id.spi)
		return false;
	memset(key, 0, sizeof(*key));
	key->family = x->props.family;
	key->proto = x->id.proto;
	key->spi = x->id.spi;
	if (key->family == AF_INET)
		key->dst[0] = x->id.daddr.a4;
	else
		memcpy(key->dst, x->id.daddr.a6, sizeof(key->dst));
	return true;
}

struct xfrm_state *iq_xfrm_lookup(const struct iq_net *iqn, u32 mark,
				  const struct iq_key *key)
{
	xfrm_address_t dst = {};

	memcpy(&dst, key->dst, sizeof(key->dst));
	return xfrm_state_lookup(iqn->net, mark, &dst, key->spi, key->proto,
				 key->family);
}

void iq_xfrm_audit_in(struct iq_net *iqn, unsigned long delay)
{
	spin_lock_bh(&iqn->table_lock);
	if (!iqn->dead)
		mod_delayed_work(system_dfl_wq, &iq_tag(iqn)->audit_work, delay);
	spin_unlock_bh(&iqn->table_lock);
}

static void iq_xfrm_audit_soon(const struct net *net)
{
	iq_xfrm_audit_in(iq_net(net), 0);
}

/*
 * The first SA of this host: the audit has the hooks registered that it needs.
 * Either this sees that there is something to tag with, or iq_tag_update(), which
 * then asks iq_xfrm_has_sas(), sees the SA.
 */
static void iq_xfrm_first(const struct net *net)
{
	const struct iq_net *iqn = iq_net(net);

	if (READ_ONCE(iqn->dead))
		return;
	smp_mb();	/* see iq_xfrm_has_sas() */
	if (iq_hooks_there(iqn, IQ_HOOKS_TAG) && !READ_ONCE(iq_tag(iqn)->own_sas))
		iq_xfrm_audit_soon(net);
}

bool iq_xfrm_has_sas(const struct iq_net *iqn)
{
	smp_mb();	/* see iq_xfrm_first() */
	return READ_ONCE(iqn->net->xfrm.state_num);
}

/*
 * May be called in softirq and with x->lock held; always under
 * rcu_read_lock(), for which iq_net.dead's setter waits.
 */
static int iq_xfrm_notify(struct xfrm_state *x, const struct km_event *c)
{
	struct iq_key key;

	switch (c->event) {
	case XFRM_MSG_NEWSA:
	case XFRM_MSG_UPDSA:
		if (!iq_xfrm_key(x, &key))
			break;
		if (!iq_claim_sa(iq_net(xs_net(x)), &key, x))
			iq_xfrm_audit_soon(xs_net(x));
		iq_sa_installed(iq_net(xs_net(x)), &key);
		iq_xfrm_first(xs_net(x));
		break;
	case XFRM_MSG_EXPIRE:
		if (!c->data.hard)
			break;
		fallthrough;
	case XFRM_MSG_DELSA:
		if (!iq_xfrm_key(x, &key))
			break;
		/* The audit sees whether another is really there. */
		if (iq_claim_sa_gone(iq_net(xs_net(x)), &key, x))
			iq_xfrm_audit_soon(xs_net(x));
		else
			iq_sa_deleted(iq_net(xs_net(x)), &key);
		break;
	case XFRM_MSG_FLUSHSA:
		/* It names no SA, and does not wait for a long walk. */
		iq_xfrm_audit_soon(c->net);
		break;
	}
	return 0;
}

/* May be called in softirq; under rcu_read_lock(), as iq_xfrm_notify(). */
static int iq_xfrm_notify_policy(struct xfrm_policy *xp, int dir,
				 const struct km_event *c)
{
	switch (c->event) {
	case XFRM_MSG_NEWPOLICY:
	case XFRM_MSG_UPDPOLICY:
		if (!iq_claim_policy(iq_net(xp_net(xp)), xp, dir))
			iq_xfrm_audit_soon(xp_net(xp));
		break;
	case XFRM_MSG_POLEXPIRE:
		if (!c->data.hard)
			break;
		fallthrough;
	case XFRM_MSG_DELPOLICY:
		if (iq_claim_policy_gone(iq_net(xp_net(xp)), xp))
			iq_xfrm_audit_soon(xp_net(xp));
		break;
	case XFRM_MSG_FLUSHPOLICY:
		iq_xfrm_audit_soon(c->net);
		break;
	}
	return 0;
}

/* A key manager must have these two; neither is this one's business. */
static int iq_xfrm_acquire(struct xfrm_state *x, struct xfrm_tmpl *t,
			   struct xfrm_policy *xp)
{
	return -EOPNOTSUPP;
}

static struct xfrm_policy *iq_xfrm_compile_policy(struct sock *sk, int opt,
						  u8 *data, int len, int *dir)
{
	*dir = -EOPNOTSUPP;
	return NULL;
}

/* SAs that moved to another address were deleted without another word. */
static int iq_xfrm_migrate(const struct xfrm_selector *sel, u8 dir, u8 type,
			   const struct xfrm_migrate *m, int num_bundles,
			   const struct xfrm_kmaddress *k, struct net *net,
			   const struct xfrm_encap_tmpl *encap)
{
	iq_xfrm_audit_soon(net);
	return -EOPNOTSUPP;
}

static struct xfrm_mgr iq_xfrm_mgr = {
	.notify = iq_xfrm_notify,
	.notify_policy = iq_xfrm_notify_policy,
	.migrate = iq_xfrm_migrate,
	.acquire = iq_xfrm_acquire,
	.compile_policy = iq_xfrm_compile_policy,
};

void iq_xfrm_look(struct iq_net *iqn, const struct iq_key *key)
{
	struct xfrm_state *x;
	bool met;

	/* An SA may have a mark of its own, which a look-up must bear. */
	rcu_read_lock();
	met = iq_claim_has_sa(iqn, key);
	rcu_read_unlock();
	if (!met) {
		x = iq_xfrm_lookup(iqn, 0, key);
		if (!x)
			return;
		met = READ_ONCE(x->km.state) == XFRM_STATE_VALID;
		xfrm_state_put(x);
	}
	if (met)
		iq_sa_met(iqn, key);
}

/**
 * struct iq_audit - a walk over the SAD
 *
 * @left: SAs to look at before xfrm_state_lock is let go of
 */
struct iq_audit {
	struct iq_net *iqn;
	u32 left;
};

#define IQ_AUDIT_STEP	256

static int iq_xfrm_meet(struct xfrm_state *x, int count, void *arg)
{
	struct iq_audit *audit = arg;
	struct iq_key key;

	if (!audit->left--)
		return -EAGAIN;		/* the next walk begins with this one */
	if (x->km.state == XFRM_STATE_VALID && iq_xfrm_key(x, &key))
		iq_sa_met(audit->iqn, &key);
	return 0;
}

void iq_xfrm_audit(struct iq_net *iqn)
{
	struct iq_audit audit = { .iqn = iqn };
	struct xfrm_state_walk walk;

	if (iq_xfrm_has_sas(iqn) && iq_tag_own_sas(iqn)) {
		pr_warn_ratelimited("no memory for the hooks of outgoing packets\n");
		iq_xfrm_audit_in(iqn, HZ);
	}
	iq_claim_audit(iqn);
	iq_sa_audit_begin(iqn);
	xfrm_state_walk_init(&walk, IPSEC_PROTO_ANY, NULL);
	do {
		audit.left = IQ_AUDIT_STEP;
		cond_resched();
	} while (xfrm_state_walk(iqn->net, &walk, iq_xfrm_meet, &audit) == -EAGAIN);
	xfrm_state_walk_done(&walk, iqn->net);
	iq_sa_audit_end(iqn);
	iq_debug(iqn, "all SAs and policies were gone through");
}

void iq_xfrm_audit_work(struct work_struct *work)
{
	struct iq_net *iqn = container_of(to_delayed_work(work), struct iq_tag,
					  audit_work)->iqn;

	mutex_lock(&iqn->config_lock);
	/* As of iq_table_expire_work() */
	if (!READ_ONCE(iqn->dead))
		iq_xfrm_audit(iqn);
	mutex_unlock(&iqn->config_lock);
}

const struct iq_action *iq_xfrm_decrypted(struct iq_net *iqn, struct sk_buff *skb,
					  u32 packets, u32 bytes)
{
	struct sec_path *sp = skb_sec_path(skb);
	const struct iq_action *a;
	struct iq_key key;
	int i;

	for (i = sp->len - 1; i >= 0; i--) {
		if (!iq_xfrm_key(sp->xvec[i], &key))
			continue;
		a = iq_table_lookup(&iq_tag(iqn)->tables[IQ_TABLE_SA], &key, packets,
				    bytes);
		if (iq_action_tags(a))
			return a;
		/* It counts once, also where the entry names no group. */
		if (a)
			packets = 0;
	}
	return NULL;
}

const struct iq_action *iq_xfrm_entering(struct iq_net *iqn, struct sk_buff *skb)
{
	struct dst_entry *dst;
	const struct iq_action *a;
	struct iq_key key;

	for (dst = skb_dst(skb); dst && dst->xfrm; dst = xfrm_dst_child(dst)) {
		if (!iq_xfrm_key(dst->xfrm, &key))
			continue;
		a = iq_table_lookup(&iq_tag(iqn)->tables[IQ_TABLE_SA], &key, 0, 0);
		if (iq_action_tags(a))
			return a;
	}
	return NULL;
}

/*
 * SAs that are offloaded to a device go with it, without a word to the key
 * managers (xfrm_dev_state_flush()).
 */
static int iq_xfrm_device(struct notifier_block *nb, unsigned long event,
			  void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);

	if ((event == NETDEV_DOWN || event == NETDEV_UNREGISTER) &&
	    dev->features & NETIF_F_HW_ESP)
		iq_xfrm_audit_soon(dev_net(dev));
	return NOTIFY_DONE;
}

static struct notifier_block iq_xfrm_device_nb = {
	.notifier_call = iq_xfrm_device,
};

int iq_xfrm_module_init(void)
{
	int err = register_netdevice_notifier(&iq_xfrm_device_nb);

	if (err)
		return err;
	xfrm_register_km(&iq_xfrm_mgr);
	return 0;
}

void iq_xfrm_module_exit(void)
{
	xfrm_unregister_km(&iq_xfrm_mgr);
	unregister_netdevice_notifier(&iq_xfrm_device_nb);
}
