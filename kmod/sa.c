// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>

#include "event.h"
#include "sa.h"

static struct iq_table_type iq_sa_type = {
	.name = "SA",
	.id = IQ_TABLE_SA,
};

/* NULL: not there, or the namespace goes. */
static struct iq_entry *iq_sa_find(struct iq_net *iqn, const struct iq_key *key)
{
	if (iqn->dead)
		return NULL;
	return iq_table_find(&iqn->tables[IQ_TABLE_SA], key);
}

void iq_sa_installed(struct iq_net *iqn, const struct iq_key *key)
{
	struct iq_table *t = &iqn->tables[IQ_TABLE_SA];
	struct iq_entry *e;

	spin_lock_bh(&iqn->table);
	e = iq_sa_find(iqn, key);
	if (e) {
		bool changed = e->pending || !e->local;

		e->local = true;
		e->audit = iqn->audit;
		if (e->pending) {
			e->pending = false;
			e->timed = false;
		}
		if (changed)
			iq_table_changed(t, e, IPSEC_QOS_EVENT_CHANGE);
	}
	spin_unlock_bh(&iqn->table);
}

void iq_sa_deleted(struct iq_net *iqn, const struct iq_key *key)
{
	struct iq_table *t = &iqn->tables[IQ_TABLE_SA];
	struct iq_entry *e;

	spin_lock_bh(&iqn->table);
	e = iq_sa_find(iqn, key);
	if (e) {
		bool changed = e->local;

		e->local = false;
		/* An announced one waits for the SA that is to come. */
		if (!e->pending)
			iq_table_remove(t, e, IPSEC_QOS_EVENT_DEL);
		else if (changed)
			iq_table_changed(t, e, IPSEC_QOS_EVENT_CHANGE);
	}
	spin_unlock_bh(&iqn->table);
}

void iq_sa_met(struct iq_net *iqn, const struct iq_key *key)
{
	struct iq_table *t = &iqn->tables[IQ_TABLE_SA];
	struct iq_entry *e;

	spin_lock_bh(&iqn->table);
	e = iq_sa_find(iqn, key);
	if (e) {
		bool changed = !e->local;

		e->local = true;
		e->audit = iqn->audit;
		if (changed)
			iq_table_changed(t, e, IPSEC_QOS_EVENT_CHANGE);
	}
	spin_unlock_bh(&iqn->table);
}

void iq_sa_audit_begin(struct iq_net *iqn)
{
	spin_lock_bh(&iqn->table);
	iqn->audit++;
	spin_unlock_bh(&iqn->table);
}

static bool iq_sa_unmet(struct iq_net *iqn, struct iq_entry *e, const void *arg)
{
	if (!e->local || e->pending || e->audit == iqn->audit)
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

int iq_sa_init(struct iq_net *iqn)
{
	return iq_table_init(&iqn->tables[IQ_TABLE_SA], iqn, &iq_sa_type,
			     IPSEC_QOS_MAX_SAS);
}

int iq_sa_module_init(void)
{
	iq_sa_type.cache = kmem_cache_create("ipsec_qos_sa",
					     sizeof(struct iq_entry), 0,
					     SLAB_ACCOUNT, NULL);
	return iq_sa_type.cache ? 0 : -ENOMEM;
}

void iq_sa_module_exit(void)
{
	kmem_cache_destroy(iq_sa_type.cache);
}
