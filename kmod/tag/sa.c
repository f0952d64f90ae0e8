// SPDX-License-Identifier: GPL-2.0
#include "core/dst.h"
#include "netlink.h"
#include "sa.h"

static const struct iq_table_type iq_sa_type = {
	.name = "SA",
	.id = IQ_TABLE_SA,
	.user = IQ_USER_SA,
	.added = iq_dst_added,
	.removed = iq_dst_removed,
	.told = iq_entry_told,
};

/* NULL: not there, or the namespace goes. */
static struct iq_entry *iq_sa_find(struct iq_net *iqn, const struct iq_key *key,
				   struct iq_ref *ref)
{
	if (iqn->dead || !iq_table_find(&iqn->tables[IQ_TABLE_SA], key, ref))
		return NULL;
	return iq_ref_entry(ref);
}

void iq_sa_installed(struct iq_net *iqn, const struct iq_key *key)
{
	struct iq_table *t = &iqn->tables[IQ_TABLE_SA];
	struct iq_entry *e;
	struct iq_ref ref;

	spin_lock_bh(&iqn->table_lock);
	e = iq_sa_find(iqn, key, &ref);
	if (e) {
		bool changed = e->pending || !e->local;

		e->local = true;
		e->audit = iqn->audit;
		if (e->pending) {
			e->pending = false;
			e->timed = false;
		}
		if (changed)
			iq_table_changed(t, &ref, IPSEC_QOS_EVENT_CHANGE);
	}
	spin_unlock_bh(&iqn->table_lock);
}

void iq_sa_deleted(struct iq_net *iqn, const struct iq_key *key)
{
	struct iq_table *t = &iqn->tables[IQ_TABLE_SA];
	struct iq_entry *e;
	struct iq_ref ref;

	spin_lock_bh(&iqn->table_lock);
	e = iq_sa_find(iqn, key, &ref);
	if (e) {
		bool changed = e->local;

		e->local = false;
		/* An announced one waits for the SA that is to come. */
		if (!e->pending)
			iq_table_remove(t, &ref, IPSEC_QOS_EVENT_DEL);
		else if (changed)
			iq_table_changed(t, &ref, IPSEC_QOS_EVENT_CHANGE);
	}
	spin_unlock_bh(&iqn->table_lock);
}

void iq_sa_met(struct iq_net *iqn, const struct iq_key *key)
{
	struct iq_table *t = &iqn->tables[IQ_TABLE_SA];
	struct iq_entry *e;
	struct iq_ref ref;

	spin_lock_bh(&iqn->table_lock);
	e = iq_sa_find(iqn, key, &ref);
	if (e) {
		bool changed = !e->local;

		e->local = true;
		e->audit = iqn->audit;
		if (changed)
			iq_table_changed(t, &ref, IPSEC_QOS_EVENT_CHANGE);
	}
	spin_unlock_bh(&iqn->table_lock);
}

void iq_sa_audit_begin(struct iq_net *iqn)
{
	spin_lock_bh(&iqn->table_lock);
	iqn->audit++;
	spin_unlock_bh(&iqn->table_lock);
}

static bool iq_sa_unmet(struct iq_net *iqn, const struct iq_ref *ref,
			const void *arg)
{
	struct iq_entry *e = iq_ref_entry(ref);

	if (!e->local || e->pending || e->audit == (u8)iqn->audit)
		return false;
	/* The event does not say that the SAD has it still. */
	e->local = false;
	return true;
}

void iq_sa_audit_end(struct iq_net *iqn)
{
	iq_table_remove_if(&iqn->tables[IQ_TABLE_SA], IPSEC_QOS_EVENT_DEL,
			   iq_sa_unmet, NULL);
}

void iq_sa_init(struct iq_net *iqn)
{
	iq_table_init(&iqn->tables[IQ_TABLE_SA], iqn, &iq_sa_type,
		      IPSEC_QOS_MAX_SAS);
}
