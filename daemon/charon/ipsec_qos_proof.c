// SPDX-License-Identifier: GPL-2.0-or-later

#include "ipsec_qos_proof.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

#include <daemon.h>
#include <collections/array.h>

typedef struct private_ipsec_qos_proof_t private_ipsec_qos_proof_t;

/**
 * An identity, or a group that the peer is a member of
 */
typedef struct {
	/** authentication round, 0 if not known */
	uint8_t round;
	/** what proved it */
	enum iq_feed_proof proof;
	/** name of the round's method, "" for a group */
	char method[IQ_FEED_METHOD_MAX];
	/** the identity itself, or the group's */
	identification_t *id;
} entry_t;

/**
 * Private data of an ipsec_qos_proof_t object
 */
struct private_ipsec_qos_proof_t {

	/**
	 * Public interface
	 */
	ipsec_qos_proof_t public;

	/**
	 * Identities, as entry_t
	 */
	array_t *entries;

	/**
	 * Groups, as entry_t
	 */
	array_t *members;

	/**
	 * What proved an identity in the round that is looked at
	 */
	enum iq_feed_proof round_proof;

	/**
	 * TRUE if the AAA server compares names
	 */
	bool aaa_compares;

	/**
	 * TRUE if there are no identities but a partner's
	 */
	bool hearsay;

	/**
	 * Reference count
	 */
	refcount_t ref;
};

/**
 * An authentication round of the peer
 */
typedef struct {
	/** its number, from 1 on */
	uint8_t number;
	/** what was done */
	auth_cfg_t *done;
	/** what the connection asks for in that round, NULL if it is not known */
	auth_cfg_t *asked;
	/** what was done in the round before, NULL in the first */
	auth_cfg_t *before;
} round_t;

/**
 * Destroy an entry_t
 */
static void entry_destroy(entry_t *entry)
{
	entry->id->destroy(entry->id);
	free(entry);
}

/**
 * Print the name of a method as swanctl.conf has it, with printf hooks that the
 * compiler doesn't know
 */
static void print(char name[IQ_FEED_METHOD_MAX], char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(name, IQ_FEED_METHOD_MAX, fmt, args);
	va_end(args);
	for (; *name; name++)
	{
		*name = tolower(*name);
	}
}

/**
 * Make room for an identity or a group, claimed ones give way.
 *
 * @param entries		entry_t
 * @param max			how many there may be
 * @param proof			what proved the identity
 * @return				FALSE if there is none
 */
static bool make_room(array_t *entries, int max, enum iq_feed_proof proof)
{
	entry_t *entry;
	int i;

	if (array_count(entries) < max)
	{
		return TRUE;
	}
	for (i = array_count(entries) - 1; proof && i >= 0; i--)
	{
		array_get(entries, i, &entry);
		if (!entry->proof)
		{
			DBG1(DBG_KNL, "not reporting claimed %s '%Y', there are too many",
				 *entry->method ? "identity" : "group", entry->id);
			array_remove(entries, i, NULL);
			entry_destroy(entry);
			return TRUE;
		}
	}
	return FALSE;
}

/**
 * Add an identity.
 *
 * @param id			identity, or NULL if there is none
 * @param method		name of the method
 */
static void add(private_ipsec_qos_proof_t *this, identification_t *id,
				uint8_t round, enum iq_feed_proof proof, char *method)
{
	entry_t *entry;
	chunk_t encoding;

	if (!id || id->get_type(id) == ID_ANY)
	{
		return;
	}
	if (proof)
	{
		this->round_proof = proof;
	}
	encoding = id->get_encoding(id);
	if (encoding.len > IQ_FEED_ID_MAX ||
		!make_room(this->entries, IQ_FEED_IDS_MAX, proof))
	{
		DBG1(DBG_KNL, "not reporting %s identity '%Y', %s",
			 proof ? "proved" : "claimed", id,
			 encoding.len > IQ_FEED_ID_MAX ? "it is too long" :
			 "there are too many");
		return;
	}
	INIT(entry,
		.round = round,
		.proof = proof,
		.id = id->clone(id),
	);
	print(entry->method, "%s", method);
	array_insert(this->entries, ARRAY_TAIL, entry);
}

/**
 * Count how often a group is in the rules of a round.
 *
 * @param cfg			rules, or NULL
 * @param until			stop at this one, or NULL
 */
static u_int count_group(auth_cfg_t *cfg, identification_t *group,
						 identification_t *until)
{
	enumerator_t *enumerator;
	identification_t *value;
	auth_rule_t rule;
	u_int count = 0;

	if (!cfg)
	{
		return 0;
	}
	enumerator = cfg->create_enumerator(cfg);
	while (enumerator->enumerate(enumerator, &rule, &value))
	{
		if (rule != AUTH_RULE_GROUP)
		{
			continue;
		}
		if (value == until)
		{
			break;
		}
		count += group->equals(group, value);
	}
	enumerator->destroy(enumerator);
	return count;
}

/**
 * Add the groups of a round: the AAA server says them of the name that it was
 * given, attribute certificates of a certificate's holder, so they are worth what
 * the identity of the round is. charon hands the rules of one round on to the
 * next, where they are not said again.
 */
static void add_groups(private_ipsec_qos_proof_t *this, round_t *round)
{
	enumerator_t *enumerator;
	identification_t *group;
	auth_rule_t rule;
	entry_t *entry;
	chunk_t encoding;

	enumerator = round->done->create_enumerator(round->done);
	while (enumerator->enumerate(enumerator, &rule, &group))
	{
		if (rule != AUTH_RULE_GROUP || group->get_type(group) == ID_ANY ||
			count_group(round->done, group, group) <
							count_group(round->before, group, NULL))
		{
			continue;
		}
		encoding = group->get_encoding(group);
		if (!encoding.len)
		{
			continue;
		}
		if (encoding.len > IQ_FEED_MEMBER_MAX ||
			!make_room(this->members, IQ_FEED_MEMBERS_MAX, this->round_proof))
		{
			DBG1(DBG_KNL, "not reporting group '%Y', %s", group,
				 encoding.len > IQ_FEED_MEMBER_MAX ? "it is too long" :
				 "there are too many");
			continue;
		}
		INIT(entry,
			.round = round->number,
			.proof = this->round_proof,
			.id = group->clone(group),
		);
		array_insert(this->members, ARRAY_TAIL, entry);
	}
	enumerator->destroy(enumerator);
}

/**
 * Get how charon matches DNs, as in IQ_FEED_A_RDN_MATCHING
 */
static uint8_t get_rdn_matching()
{
	char *matching;

	matching = lib->settings->get_str(lib->settings, "%s.rdn_matching",
									  "strict", lib->ns);
	return streq(matching, "reordered") ? 1 : streq(matching, "relaxed") ? 2 : 0;
}

/**
 * Get an identity from a rule, NULL if the rule is missing or says nothing
 */
static identification_t *get_id(auth_cfg_t *cfg, auth_rule_t rule)
{
	identification_t *id = cfg->get(cfg, rule);

	return id && id->get_type(id) != ID_ANY ? id : NULL;
}

/**
 * Check if a DN may be confirmed by a certificate whose subject is another one:
 * with a wildcard in any RDN, contains_wildcards() looks at those of some types
 * only, or because of how charon matches DNs.
 */
static bool is_dn_pattern(identification_t *id)
{
	chunk_t encoding = id->get_encoding(id);

	/* a value of one byte, which has its length before it however that is
	 * encoded; elsewhere this is hardly found, and does no harm */
	if (encoding.len && memmem(encoding.ptr, encoding.len, "\x01*", 2))
	{
		return TRUE;
	}
	return get_rdn_matching();
}

/**
 * Check if an identity names others than itself: certificates are compared with
 * the identity that the peer sent as with a pattern, see has_subject().
 */
static bool is_pattern(identification_t *id)
{
	switch (id->get_type(id))
	{
		case ID_DER_ASN1_DN:
			return is_dn_pattern(id);
		case ID_IPV4_ADDR_SUBNET:
		case ID_IPV6_ADDR_SUBNET:
		case ID_IPV4_ADDR_RANGE:
		case ID_IPV6_ADDR_RANGE:
			return TRUE;
		default:
			return id->contains_wildcards(id);
	}
}

/**
 * Add an identity that was compared with a certificate. Of DNs it's the subject
 * that counts, equals() is strict however charon matches them.
 */
static void add_certified(private_ipsec_qos_proof_t *this, identification_t *id,
						  round_t *round, enum iq_feed_proof proof, char *method)
{
	certificate_t *cert = round->done->get(round->done, AUTH_RULE_SUBJECT_CERT);
	identification_t *subject = cert ? cert->get_subject(cert) : NULL;

	if (id && !is_pattern(id) &&
		(!subject || id->get_type(id) != ID_DER_ASN1_DN))
	{
		add(this, id, round->number, proof, method);
		return;
	}
	add(this, subject, round->number, proof, method);
	if (id && (!subject || !id->equals(id, subject)))
	{
		add(this, id, round->number, IQ_FEED_PROOF_NONE, method);
	}
}

/**
 * Add the name that an XAuth backend was given. xauth-pam shows PAM only what
 * is before the '@', what is behind it is the peer's to choose.
 *
 * @param backend		name of the backend, NULL for the default
 */
static void add_name(private_ipsec_qos_proof_t *this, identification_t *name,
					 uint8_t round, enum iq_feed_proof proof, char *method,
					 char *backend)
{
	identification_t *user;
	chunk_t encoding;
	char *generic, *pam, *at;

	if (!backend)
	{
		/* the one that was loaded first */
		generic = strstr(lib->plugins->loaded_plugins(lib->plugins),
						 "xauth-generic");
		pam = strstr(lib->plugins->loaded_plugins(lib->plugins), "xauth-pam");
		backend = pam && (!generic || pam < generic) ? "pam" : "";
	}
	encoding = name ? name->get_encoding(name) : chunk_empty;
	at = encoding.len ? memchr(encoding.ptr, '@', encoding.len) : NULL;
	if (!at || !strpfx(backend, "pam") ||
		!lib->settings->get_bool(lib->settings,
								 "%s.plugins.xauth-pam.trim_email", TRUE,
								 lib->ns))
	{
		add(this, name, round, proof, method);
		return;
	}
	encoding.len = at - (char*)encoding.ptr;
	user = identification_create_from_data(encoding);
	add(this, user, round, proof, method);
	user->destroy(user);
	add(this, name, round, IQ_FEED_PROOF_NONE, method);
}

/**
 * Check if we are the initiator, whom the responder has shown its certificate
 * in a mutual EAP method, for the identity in IDr. Without a certificate it's the
 * AAA server that knows our password, whatever the responder says who it is.
 */
static bool is_server_certified(ike_sa_t *ike_sa, auth_cfg_t *done)
{
	enumerator_t *enumerator;
	auth_cfg_t *cfg;
	bool aaa = FALSE;

	/* then the certificate is the AAA server's */
	enumerator = ike_sa->create_auth_cfg_enumerator(ike_sa, TRUE);
	while (enumerator->enumerate(enumerator, &cfg))
	{
		aaa = aaa || cfg->get(cfg, AUTH_RULE_AAA_IDENTITY);
	}
	enumerator->destroy(enumerator);
	if (aaa || (uintptr_t)done->get(done, AUTH_RULE_EAP_VENDOR))
	{
		return FALSE;
	}
	switch ((uintptr_t)done->get(done, AUTH_RULE_EAP_TYPE))
	{
		case EAP_TLS:
		case EAP_TTLS:
		case EAP_PEAP:
			return TRUE;
		default:
			return FALSE;
	}
}

/**
 * Check if an EAP method proves the name that the peer gave before it, and not
 * another one that's only known inside of it.
 */
static bool is_about_name(auth_cfg_t *cfg)
{
	if ((uintptr_t)cfg->get(cfg, AUTH_RULE_EAP_VENDOR))
	{
		return FALSE;
	}
	switch ((uintptr_t)cfg->get(cfg, AUTH_RULE_EAP_TYPE))
	{
		case EAP_MD5:
		case EAP_GTC:
		case EAP_MSCHAPV2:
			return TRUE;
		default:
			return FALSE;
	}
}

/**
 * Check if a round is one of EAP-TLS
 */
static bool is_eap_tls(auth_cfg_t *cfg)
{
	return (uintptr_t)cfg->get(cfg, AUTH_RULE_EAP_TYPE) == EAP_TLS &&
		   !(uintptr_t)cfg->get(cfg, AUTH_RULE_EAP_VENDOR);
}

/**
 * Check if a connection leaves an EAP round to a AAA server, or may do so
 */
static bool is_aaa(auth_cfg_t *asked)
{
	return !asked ||
		   ((uintptr_t)asked->get(asked, AUTH_RULE_EAP_TYPE) == EAP_RADIUS &&
			!(uintptr_t)asked->get(asked, AUTH_RULE_EAP_VENDOR));
}

/**
 * Check if the AAA server has compared the name it was given with the one that
 * was proved. With eap_start it isn't even given the one that we know.
 */
static bool is_compared(private_ipsec_qos_proof_t *this, auth_cfg_t *done)
{
	return this->aaa_compares ||
		   (is_about_name(done) &&
			!lib->settings->get_bool(lib->settings,
									 "%s.plugins.eap-radius.eap_start", FALSE,
									 lib->ns));
}

/**
 * Add the identities of an EAP round.
 */
static void add_eap(private_ipsec_qos_proof_t *this, ike_sa_t *ike_sa,
					round_t *round)
{
	identification_t *id = get_id(round->done, AUTH_RULE_IDENTITY);
	identification_t *name = round->done->get(round->done,
											  AUTH_RULE_EAP_IDENTITY) ?: id;
	eap_type_t type = (uintptr_t)round->done->get(round->done,
												  AUTH_RULE_EAP_TYPE);
	pen_t vendor = (uintptr_t)round->done->get(round->done,
											   AUTH_RULE_EAP_VENDOR);
	bool aaa = is_aaa(round->asked);
	char method[IQ_FEED_METHOD_MAX];

	if (vendor)
	{
		print(method, "eap-%d-%d", type, vendor);
	}
	else
	{
		print(method, "eap-%N", eap_type_short_names, type);
	}
	if (ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR))
	{
		add(this, id, round->number,
			id && !is_pattern(id) && is_server_certified(ike_sa, round->done) ?
			IQ_FEED_PROOF_EAP : IQ_FEED_PROOF_NONE, method);
		return;
	}
	if (name && name->get_type(name) == ID_ANY && !is_eap_tls(round->done))
	{
		/* "%any" is a name that a peer may give, and then it's not the IKE
		 * identity that the method was about */
		add(this, id, round->number, IQ_FEED_PROOF_NONE, method);
		return;
	}
	if (aaa)
	{
		add(this, name, round->number, is_compared(this, round->done) ?
			IQ_FEED_PROOF_EAP : IQ_FEED_PROOF_NONE,
			round->asked ? "aaa" : method);
	}
	else if (is_eap_tls(round->done) &&
			 round->done->get(round->done, AUTH_RULE_SUBJECT_CERT))
	{
		add_certified(this, name, round, IQ_FEED_PROOF_EAP, method);
	}
	else if (is_eap_tls(round->done))
	{
		/* a AAA server saw the certificate, charon has switched to another
		 * connection since */
		add(this, name, round->number, is_compared(this, round->done) ?
			IQ_FEED_PROOF_EAP : IQ_FEED_PROOF_NONE, method);
	}
	else if (!is_about_name(round->done))
	{
		add(this, name, round->number, IQ_FEED_PROOF_NONE, method);
	}
	else if (type == EAP_GTC)
	{
		add_name(this, name, round->number, IQ_FEED_PROOF_EAP, method,
				 lib->settings->get_str(lib->settings,
										"%s.plugins.eap-gtc.backend", "pam",
										lib->ns));
	}
	else
	{
		add(this, name, round->number, IQ_FEED_PROOF_EAP, method);
	}
	if (id && name && !id->equals(id, name))
	{
		add(this, id, round->number, IQ_FEED_PROOF_NONE, method);
	}
}

/**
 * Add the identities of an XAuth round.
 */
static void add_xauth(private_ipsec_qos_proof_t *this, round_t *round)
{
	identification_t *id = get_id(round->done, AUTH_RULE_IDENTITY);
	identification_t *name = get_id(round->done, AUTH_RULE_XAUTH_IDENTITY);
	char *backend = NULL;
	bool aaa = FALSE;

	if (round->asked)
	{
		backend = round->asked->get(round->asked, AUTH_RULE_XAUTH_BACKEND);
	}
	if (backend && strpfx(backend, "radius"))
	{
		aaa = TRUE;
	}
	else if (backend && strpfx(backend, "eap"))
	{
		aaa = streq(lib->settings->get_str(lib->settings,
										   "%s.plugins.xauth-eap.backend",
										   "radius", lib->ns), "radius");
	}
	add_name(this, name, round->number, IQ_FEED_PROOF_XAUTH,
			 aaa ? "aaa" : "xauth", backend);
	/* what a peer said in hybrid mode, where this is all that proves anything */
	add(this, id, round->number, IQ_FEED_PROOF_NONE, "xauth");
}

/**
 * Add the identities of a round.
 */
static void add_round(private_ipsec_qos_proof_t *this, ike_sa_t *ike_sa,
					  round_t *round)
{
	identification_t *id = get_id(round->done, AUTH_RULE_IDENTITY);

	this->round_proof = IQ_FEED_PROOF_NONE;
	switch ((uintptr_t)round->done->get(round->done, AUTH_RULE_AUTH_CLASS))
	{
		case AUTH_CLASS_PUBKEY:
			add_certified(this, id, round, IQ_FEED_PROOF_IKE, "pubkey");
			break;
		case AUTH_CLASS_PSK:
			add(this, id, round->number, IQ_FEED_PROOF_IKE, "psk");
			break;
		case AUTH_CLASS_EAP:
			add_eap(this, ike_sa, round);
			break;
		case AUTH_CLASS_XAUTH:
			add_xauth(this, round);
			break;
		default:
			add(this, id, round->number, IQ_FEED_PROOF_NONE, "unknown");
			break;
	}
	add_groups(this, round);
}

/**
 * Add the identities that the partner in a high availability cluster passed on:
 * the IKE identity of the last round, and the name in EAP or XAuth if it's
 * another one. What these rounds proved is up to the connection, which does not
 * know the method that a AAA server used.
 *
 * @param name			the other one, or NULL
 */
static void add_partners(private_ipsec_qos_proof_t *this, ike_sa_t *ike_sa,
						 identification_t *name)
{
	identification_t *id = ike_sa->get_other_id(ike_sa);
	enum iq_feed_proof proof = IQ_FEED_PROOF_IKE;
	peer_cfg_t *peer_cfg = ike_sa->get_peer_cfg(ike_sa);
	enumerator_t *enumerator;
	auth_cfg_t *cfg, *last = NULL;
	auth_class_t class = AUTH_CLASS_ANY;
	char *backend;
	u_int rounds = 0;

	if (peer_cfg)
	{
		enumerator = peer_cfg->create_auth_cfg_enumerator(peer_cfg, FALSE);
		while (enumerator->enumerate(enumerator, &cfg))
		{
			class = (uintptr_t)cfg->get(cfg, AUTH_RULE_AUTH_CLASS);
			last = cfg;
			rounds++;
		}
		enumerator->destroy(enumerator);
	}
	if (class == AUTH_CLASS_EAP)
	{
		if (!is_about_name(last) && !is_eap_tls(last) &&
			!(is_aaa(last) && this->aaa_compares))
		{
			proof = IQ_FEED_PROOF_NONE;
		}
		else if (name)
		{
			proof = is_pattern(name) ? IQ_FEED_PROOF_NONE : IQ_FEED_PROOF_EAP;
		}
		else
		{
			/* the name is the same, or "%any", for which no key but a
			 * certificate is found */
			proof = is_about_name(last) ||
					!last->get(last, AUTH_RULE_EAP_IDENTITY) ?
					IQ_FEED_PROOF_EAP : IQ_FEED_PROOF_NONE;
		}
		if (name)
		{
			add(this, name, 0, proof, "partner");
			proof = IQ_FEED_PROOF_NONE;
		}
	}
	else if (class == AUTH_CLASS_XAUTH)
	{
		backend = last->get(last, AUTH_RULE_XAUTH_BACKEND);
		if (!backend || !streq(backend, "noauth"))
		{
			add_name(this, name ?: id, 0, IQ_FEED_PROOF_XAUTH, "partner",
					 backend);
		}
		if (rounds < 2)
		{
			/* hybrid mode */
			proof = IQ_FEED_PROOF_NONE;
		}
	}
	add(this, id, 0, is_pattern(id) ? IQ_FEED_PROOF_NONE : proof, "partner");
}

METHOD(ipsec_qos_proof_t, describe, void,
	private_ipsec_qos_proof_t *this, struct iq_feed_ike *msg)
{
	entry_t *entry;
	chunk_t encoding;
	int i;

	for (i = 0; array_get(this->entries, i, &entry); i++)
	{
		encoding = entry->id->get_encoding(entry->id);
		msg->ids.v[i] = (struct iq_feed_identity){
			.type = entry->id->get_type(entry->id),
			.round = entry->round,
			.proof = entry->proof,
			.method = entry->method,
			.data = encoding.ptr,
			.len = encoding.len,
		};
	}
	msg->ids.n = i;
	for (i = 0; array_get(this->members, i, &entry); i++)
	{
		encoding = entry->id->get_encoding(entry->id);
		msg->members.v[i] = (struct iq_feed_member){
			.type = entry->id->get_type(entry->id),
			.round = entry->round,
			.proof = entry->proof,
			.data = encoding.ptr,
			.len = encoding.len,
		};
	}
	msg->members.n = i;
	msg->rdn_matching = get_rdn_matching();
}

METHOD(ipsec_qos_proof_t, is_hearsay, bool,
	private_ipsec_qos_proof_t *this)
{
	return this->hearsay;
}

METHOD(ipsec_qos_proof_t, get_ref, ipsec_qos_proof_t*,
	private_ipsec_qos_proof_t *this)
{
	ref_get(&this->ref);
	return &this->public;
}

METHOD(ipsec_qos_proof_t, destroy, void,
	private_ipsec_qos_proof_t *this)
{
	if (ref_put(&this->ref))
	{
		array_destroy_function(this->entries, (void*)entry_destroy, NULL);
		array_destroy_function(this->members, (void*)entry_destroy, NULL);
		free(this);
	}
}

/*
 * Described in header
 */
ipsec_qos_proof_t *ipsec_qos_proof_create(ike_sa_t *ike_sa, bool aaa_compares)
{
	private_ipsec_qos_proof_t *this;
	enumerator_t *done, *asked = NULL;
	identification_t *id, *partners = NULL;
	peer_cfg_t *peer_cfg = ike_sa->get_peer_cfg(ike_sa);
	round_t round = {};

	INIT(this,
		.public = {
			.describe = _describe,
			.is_hearsay = _is_hearsay,
			.get_ref = _get_ref,
			.destroy = _destroy,
		},
		.entries = array_create(0, 0),
		.members = array_create(0, 0),
		.aaa_compares = aaa_compares,
		.ref = 1,
	);

	/* that charon has chosen this connection means that the rounds done comply
	 * with those it asks for, one by one */
	if (peer_cfg)
	{
		asked = peer_cfg->create_auth_cfg_enumerator(peer_cfg, FALSE);
	}
	this->hearsay = ike_sa->get_state(ike_sa) == IKE_PASSIVE;
	done = ike_sa->create_auth_cfg_enumerator(ike_sa, FALSE);
	while (done->enumerate(done, &round.done))
	{
		if (round.number < UINT8_MAX)
		{
			round.number++;
		}
		if (!asked || !asked->enumerate(asked, &round.asked))
		{
			round.asked = NULL;
		}
		if ((uintptr_t)round.done->get(round.done,
									   AUTH_RULE_AUTH_CLASS) != AUTH_CLASS_ANY)
		{
			/* it may be passive, too, if a partner has taken over */
			add_round(this, ike_sa, &round);
			round.before = round.done;
			this->hearsay = FALSE;
			continue;
		}
		/* that's how the plugin ha passes on what it was told */
		id = get_id(round.done, AUTH_RULE_EAP_IDENTITY);
		partners = id ?: partners;
		this->hearsay = TRUE;
	}
	done->destroy(done);
	DESTROY_IF(asked);
	if (this->hearsay)
	{
		add_partners(this, ike_sa, partners);
	}
	else if (!round.number)
	{
		add(this, ike_sa->get_other_id(ike_sa), 0, IQ_FEED_PROOF_NONE,
			"unknown");
		if (!array_count(this->entries))
		{
			destroy(this);
			return NULL;
		}
	}
	return &this->public;
}
