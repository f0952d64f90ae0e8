// SPDX-License-Identifier: GPL-2.0
#include "core/dst.h"
#include "netlink.h"
#include "sa.h"
#include "state.h"

static const struct iq_table_type iq_sa_type = {
	.name = "SA",
	.id = IQ_TABLE_SA,
	.user = IQ_USER_SA,
	.added = iq_dst_added,
	.removed = iq_dst_removed,
	.told = iq_entry_told,
};

static struct iq_table *iq_sa_table(const struct iq_net *iqn)
{
	return &iq_tag(iqn)->tables[IQ_TABLE_SA];
}

/*
 * NULL: not there, or the namespace goes, and the table may be gone. Under
 * iq_net.table_lock.
 */
static struct iq_entry *iq_sa_find(struct iq_net *iqn, const struct iq_key *key,
				   struct iq_ref *ref)
{
	if (iqn->dead || !iq_table_find(iq_sa_table(iqn), key, ref))
		return NULL;
	return iq_ref_entry(ref);
}

void iq_sa_installed(struct iq_net *iqn, const struct iq_key *key)
{
	struct iq_entry *e;
	struct iq_ref ref;

	spin_lock_bh(&iqn->table_lock);
	e = iq_sa_find(iqn, key, &ref);
	if (e) {
		bool changed = e->pending || !e->local;

		e->local = true;
		e->audit = iq_tag(iqn)->audit;
		if (e->pending) {
			e->pending = false;
			e->timed = false;
		}
		if (changed)
			iq_table_changed(iq_sa_table(iqn), &ref, IPSEC_QOS_EVENT_CHANGE);
	}
	spin_unlock_bh(&iqn->table_lock);
}

void iq_sa_deleted(struct iq_net *iqn, const struct iq_key *key)
{
	struct iq_entry *e;
	struct iq_ref ref;

	spin_lock_bh(&iqn->table_lock);
	e = iq_sa_find(iqn, key, &ref);
	if (e) {
		bool changed = e->local;

		e->local = false;
		/* An announced one waits for the SA that is to come. */
		if (!e->pending)
			iq_table_remove(iq_sa_table(iqn), &ref, IPSEC_QOS_EVENT_DEL);
		else if (changed)
			iq_table_changed(iq_sa_table(iqn), &ref, IPSEC_QOS_EVENT_CHANGE);
	}
	spin_unlock_bh(&iqn->table_lock);
}

void iq_sa_met(struct iq_net *iqn, const struct iq_key *key)
{
	struct iq_entry *e;
	struct iq_ref ref;

	spin_lock_bh(&iqn->table_lock);
	e = iq_sa_find(iqn, key, &ref);
	if (e) {
		bool changed = !e->local;

		e->local = true;
		e->audit = iq_tag(iqn)->audit;
		if (changed)
			iq_table_changed(iq_sa_table(iqn), &ref, IPSEC_QOS_EVENT_CHANGE);
	}
	spin_unlock_bh(&iqn->table_lock);
}

void iq_sa_audit_begin(struct iq_net *iqn)
{
	spin_lock_bh(&iqn->table_lock);
	iq_tag(iqn)->audit++;
	spin_unlock_bh(&iqn->table_lock);
}

static bool iq_sa_unmet(struct iq_net *iqn, const struct iq_ref *ref,
			const void *arg)
{
	struct iq_entry *e = iq_ref_entry(ref);

	if (!e->local || e->pending || e->audit == (u8)iq_tag(iqn)->audit)
		return false;
	/* The event does not say that the SAD has it still. */
	e->local = false;
	return true;
}

void iq_sa_audit_end(struct iq_net *iqn)
{
	iq_table_remove_if(iq_sa_table(iqn), IPSEC_QOS_EVENT_DEL,
			   iq_sa_unmet, NULL);
}

void iq_sa_init(struct iq_net *iqn)
{
	iq_table_init(iq_sa_table(iqn), iqn, &iq_sa_type,
		      IPSEC_QOS_MAX_SAS);
}
