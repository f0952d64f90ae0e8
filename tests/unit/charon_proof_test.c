// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What of a peer's identities is proved: an IKE_SA that went through
 * authentication rounds, of which charon keeps rules, any of which may be
 * missing, and a connection that asked for them.
 */
#include <stdio.h>

#include <daemon.h>
#include <collections/array.h>

#include "ipsec_qos_proof.h"
#include "suite.h"

#define ROUNDS	8
#define GROUPS	5

/**
 * A round, done or asked for; what is 0 has no rule
 */
struct round {
	auth_class_t class;
	const char *id;
	const char *eap;
	eap_type_t type;
	pen_t vendor;
	const char *xauth;
	const char *backend;
	const char *cert;
	const char *aaa;
	const char *groups[GROUPS];
};

static const struct proof_case {
	const char *expected;	/* NULL: it knows of none */
	struct round done[ROUNDS];
	struct round asked[ROUNDS];
	const char *other_id;
	bool passive;
	bool initiator;
	struct round own;
	const char *set;	/* a setting that is on */
	const char *matching;	/* of DNs, NULL for charon's default */
	const char *plugins;
} cases[] = {
	/* a key proves the identity; one with a wildcard is not the peer's own */
	{ "1 ike pubkey gw1.example", { { AUTH_CLASS_PUBKEY, "gw1.example" } } },
	{ "1 ike pubkey gw1.example",
	  { { AUTH_CLASS_PUBKEY, "gw1.example", .cert = "C=NL, CN=gw1" } } },
	{ "1 ike pubkey C=NL, CN=gw1; 1 claimed pubkey C=NL, CN=*",
	  { { AUTH_CLASS_PUBKEY, "C=NL, CN=*", .cert = "C=NL, CN=gw1" } } },
	{ "1 ike pubkey C=NL, CN=gw1; 1 claimed pubkey *.example",
	  { { AUTH_CLASS_PUBKEY, "*.example", .cert = "C=NL, CN=gw1" } } },
	{ "1 ike pubkey C=NL, CN=gw1; 1 claimed pubkey *@example",
	  { { AUTH_CLASS_PUBKEY, "*@example", .cert = "C=NL, CN=gw1" } } },
	{ "1 ike pubkey C=NL, CN=gw1; 1 claimed pubkey 10.0.0.0/8",
	  { { AUTH_CLASS_PUBKEY, "10.0.0.0/8", .cert = "C=NL, CN=gw1" } } },
	{ "1 ike pubkey C=NL, CN=gw1; 1 claimed pubkey 10.1.0.1-10.1.0.9",
	  { { AUTH_CLASS_PUBKEY, "10.1.0.1-10.1.0.9", .cert = "C=NL, CN=gw1" } } },
	{ "1 ike pubkey C=NL, CN=gw1",
	  { { AUTH_CLASS_PUBKEY, "%any", .cert = "C=NL, CN=gw1" } } },
	{ "1 claimed pubkey C=NL, CN=*", { { AUTH_CLASS_PUBKEY, "C=NL, CN=*" } } },
	/* in an RDN of any type, of which charon lists but some */
	{ "1 ike pubkey DC=org, UID=u7, CN=gw1; 1 claimed pubkey DC=org, UID=*, CN=gw1",
	  { { AUTH_CLASS_PUBKEY, "DC=org, UID=*, CN=gw1",
	      .cert = "DC=org, UID=u7, CN=gw1" } } },
	{ "1 ike pubkey DC=org, O=Q; 1 claimed pubkey DC=*, O=Q",
	  { { AUTH_CLASS_PUBKEY, "DC=*, O=Q", .cert = "DC=org, O=Q" } } },
	{ "1 ike pubkey STREET=Kade 5, O=Q; 1 claimed pubkey STREET=*, O=Q",
	  { { AUTH_CLASS_PUBKEY, "STREET=*, O=Q", .cert = "STREET=Kade 5, O=Q" } } },
	{ "1 claimed pubkey O=Q, postalCode=*",
	  { { AUTH_CLASS_PUBKEY, "O=Q, postalCode=*" } } },
	{ "1 claimed pubkey 2a:03:04:05=*", { { AUTH_CLASS_PUBKEY,
	    "asn1dn:#300d310b300906042a0304050c012a" } } },
	{ "1 ike pubkey O=Q; 1 claimed pubkey 2a:03:04:05=*",
	  { { AUTH_CLASS_PUBKEY, "asn1dn:#300d310b300906042a0304050c012a",
	      .cert = "O=Q" } } },
	{ "1 ike pubkey O=Q, CN=*",
	  { { AUTH_CLASS_PUBKEY, "O=Q, CN=*", .cert = "O=Q, CN=*" } } },
	/* a DN confirmed by a certificate need not be its subject */
	{ "1 ike pubkey O=Q, OU=slow, CN=gw1; 1 claimed pubkey O=Q, CN=gw1",
	  { { AUTH_CLASS_PUBKEY, "O=Q, CN=gw1", .cert = "O=Q, OU=slow, CN=gw1" } },
	  .matching = "relaxed" },
	{ "1 ike pubkey O=Q, CN=gw1; 1 claimed pubkey CN=gw1, O=Q",
	  { { AUTH_CLASS_PUBKEY, "CN=gw1, O=Q", .cert = "O=Q, CN=gw1" } },
	  .matching = "reordered" },
	{ "1 ike pubkey O=Q, CN=gw1",
	  { { AUTH_CLASS_PUBKEY, "O=Q, CN=gw1", .cert = "O=Q, CN=gw1" } },
	  .matching = "relaxed" },
	/* and it is told as it is in there, where case does not count */
	{ "1 ike pubkey O=Q, CN=gw1",
	  { { AUTH_CLASS_PUBKEY, "O=Q, CN=GW1", .cert = "O=Q, CN=gw1" } } },
	{ "1 ike pubkey O=Q, CN=gw1", { { AUTH_CLASS_PUBKEY, "O=Q, CN=gw1" } } },
	{ "1 claimed pubkey O=Q, CN=gw1",
	  { { AUTH_CLASS_PUBKEY, "O=Q, CN=gw1" } }, .matching = "relaxed" },
	{ "", { { AUTH_CLASS_PUBKEY } } },
	{ "1 ike psk *.example", { { AUTH_CLASS_PSK, "*.example" } } },
	{ "", { { AUTH_CLASS_PSK } } },

	/* EAP here: the name, where the method is about it */
	{ "1 eap eap-md5 fay; 1 claimed eap-md5 liar.example",
	  { { AUTH_CLASS_EAP, "liar.example", "fay", EAP_MD5 } },
	  { { AUTH_CLASS_EAP, .type = EAP_MD5 } } },
	{ "1 eap eap-mschapv2 fay; 1 claimed eap-mschapv2 liar.example",
	  { { AUTH_CLASS_EAP, "liar.example", "fay", EAP_MSCHAPV2 } },
	  { { AUTH_CLASS_EAP, .type = EAP_MSCHAPV2 } } },
	{ "1 eap eap-gtc fay; 1 claimed eap-gtc liar.example",
	  { { AUTH_CLASS_EAP, "liar.example", "fay", EAP_GTC } },
	  { { AUTH_CLASS_EAP, .type = EAP_GTC } } },
	{ "1 eap eap-md5 road", { { AUTH_CLASS_EAP, "road", NULL, EAP_MD5 } },
	  { { AUTH_CLASS_EAP, .type = EAP_MD5 } } },
	/* a name that a peer may give: its certificate is compared with nothing */
	{ "1 claimed eap-md5 liar", { { AUTH_CLASS_EAP, "liar", "%any", EAP_MD5 } },
	  { { AUTH_CLASS_EAP, .type = EAP_MD5 } } },
	{ "1 eap eap-tls C=NL, CN=fay; 1 claimed eap-tls liar",
	  { { AUTH_CLASS_EAP, "liar", "%any", EAP_TLS, .cert = "C=NL, CN=fay" } },
	  { { AUTH_CLASS_EAP, .type = EAP_TLS } } },
	{ "1 claimed eap-tls liar", { { AUTH_CLASS_EAP, "liar", "%any", EAP_TLS } },
	  { { AUTH_CLASS_EAP, .type = EAP_TLS } } },
	{ "1 claimed eap-tls liar", { { AUTH_CLASS_EAP, "liar", "%any", EAP_TLS } },
	  { { AUTH_CLASS_EAP, .type = EAP_RADIUS } }, .set = "aaa" },
	{ "1 claimed eap-md5 liar", { { AUTH_CLASS_EAP, "liar", "%any", EAP_MD5 } },
	  { { AUTH_CLASS_EAP, .type = EAP_RADIUS } } },
	{ "1 eap eap-md5 road", { { AUTH_CLASS_EAP, "road", "road", EAP_MD5 } },
	  { { AUTH_CLASS_EAP, .type = EAP_MD5 } } },
	{ "1 eap eap-tls fay",
	  { { AUTH_CLASS_EAP, NULL, "fay", EAP_TLS, .cert = "C=NL, CN=fay" } },
	  { { AUTH_CLASS_EAP, .type = EAP_TLS } } },
	/* a AAA server did it, before charon switched to this connection */
	{ "1 claimed eap-tls fay; 1 claimed eap-tls x",
	  { { AUTH_CLASS_EAP, "x", "fay", EAP_TLS } },
	  { { AUTH_CLASS_EAP, .type = EAP_TLS } } },
	{ "1 eap eap-tls fay; 1 claimed eap-tls x",
	  { { AUTH_CLASS_EAP, "x", "fay", EAP_TLS } },
	  { { AUTH_CLASS_EAP, .type = EAP_TLS } }, .set = "aaa" },
	{ "1 eap eap-tls O=Q, OU=slow, CN=fay; 1 claimed eap-tls O=Q, CN=fay",
	  { { AUTH_CLASS_EAP, NULL, "O=Q, CN=fay", EAP_TLS,
	      .cert = "O=Q, OU=slow, CN=fay" } },
	  { { AUTH_CLASS_EAP, .type = EAP_TLS } }, .matching = "relaxed" },
	{ "1 eap eap-tls C=NL, CN=fay; 1 claimed eap-tls C=NL, CN=*; 1 claimed eap-tls x",
	  { { AUTH_CLASS_EAP, "x", "C=NL, CN=*", EAP_TLS, .cert = "C=NL, CN=fay" } },
	  { { AUTH_CLASS_EAP, .type = EAP_TLS } } },
	{ "1 claimed eap-ttls fay; 1 claimed eap-ttls x",
	  { { AUTH_CLASS_EAP, "x", "fay", EAP_TTLS } },
	  { { AUTH_CLASS_EAP, .type = EAP_TTLS } } },
	{ "1 claimed eap-peap fay", { { AUTH_CLASS_EAP, NULL, "fay", EAP_PEAP } },
	  { { AUTH_CLASS_EAP, .type = EAP_PEAP } } },
	{ "1 claimed eap-sim 1232", { { AUTH_CLASS_EAP, "1232", NULL, EAP_SIM } },
	  { { AUTH_CLASS_EAP, .type = EAP_SIM } } },
	{ "1 claimed eap-aka 1232", { { AUTH_CLASS_EAP, "1232", NULL, EAP_AKA } },
	  { { AUTH_CLASS_EAP, .type = EAP_AKA } } },
	{ "1 claimed eap-4-9 fay",
	  { { AUTH_CLASS_EAP, NULL, "fay", EAP_MD5, .vendor = 9 } },
	  { { AUTH_CLASS_EAP, .type = EAP_MD5, .vendor = 9 } } },
	{ "", { { AUTH_CLASS_EAP, .type = EAP_MD5 } },
	  { { AUTH_CLASS_EAP, .type = EAP_MD5 } } },
	/* without a connection it may have been a AAA server */
	{ "1 eap eap-md5 fay", { { AUTH_CLASS_EAP, NULL, "fay", EAP_MD5 } } },
	{ "1 claimed eap-tls fay", { { AUTH_CLASS_EAP, NULL, "fay", EAP_TLS } } },

	/* a AAA server, which may compare names or not */
	{ "1 eap aaa fay; 1 claimed eap-md5 x",
	  { { AUTH_CLASS_EAP, "x", "fay", EAP_MD5 } },
	  { { AUTH_CLASS_EAP, .type = EAP_RADIUS } } },
	{ "1 eap aaa x", { { AUTH_CLASS_EAP, "x", NULL, EAP_MSCHAPV2 } },
	  { { AUTH_CLASS_EAP, .type = EAP_RADIUS } } },
	{ "1 claimed aaa fay; 1 claimed eap-ttls x",
	  { { AUTH_CLASS_EAP, "x", "fay", EAP_TTLS } },
	  { { AUTH_CLASS_EAP, .type = EAP_RADIUS } } },
	{ "1 claimed aaa fay", { { AUTH_CLASS_EAP, NULL, "fay", EAP_PEAP } },
	  { { AUTH_CLASS_EAP, .type = EAP_RADIUS } } },
	{ "1 claimed aaa fay", { { AUTH_CLASS_EAP, NULL, "fay", EAP_TLS } },
	  { { AUTH_CLASS_EAP, .type = EAP_RADIUS } } },
	{ "1 claimed aaa fay", { { AUTH_CLASS_EAP, NULL, "fay" } },
	  { { AUTH_CLASS_EAP, .type = EAP_RADIUS } } },
	{ "1 eap aaa fay; 1 claimed eap-peap x",
	  { { AUTH_CLASS_EAP, "x", "fay", EAP_PEAP } },
	  { { AUTH_CLASS_EAP, .type = EAP_RADIUS } }, .set = "aaa" },
	{ "1 claimed aaa fay", { { AUTH_CLASS_EAP, NULL, "fay", EAP_MD5 } },
	  { { AUTH_CLASS_EAP, .type = EAP_RADIUS } },
	  .set = "charon.plugins.eap-radius.eap_start" },
	/* the setting is about AAA servers alone */
	{ "1 claimed eap-ttls fay", { { AUTH_CLASS_EAP, NULL, "fay", EAP_TTLS } },
	  { { AUTH_CLASS_EAP, .type = EAP_TTLS } }, .set = "aaa" },

	/* several rounds */
	{ "1 ike pubkey C=NL, CN=gw1; 2 eap eap-md5 fay; 2 claimed eap-md5 road",
	  { { AUTH_CLASS_PUBKEY, "C=NL, CN=gw1" },
	    { AUTH_CLASS_EAP, "road", "fay", EAP_MD5 } },
	  { { AUTH_CLASS_PUBKEY }, { AUTH_CLASS_EAP, .type = EAP_MD5 } } },
	{ "1 ike psk road; 2 claimed aaa fay; 2 claimed eap-ttls liar",
	  { { AUTH_CLASS_PSK, "road" },
	    { AUTH_CLASS_EAP, "liar", "fay", EAP_TTLS } },
	  { { AUTH_CLASS_PSK }, { AUTH_CLASS_EAP, .type = EAP_RADIUS } } },

	/* we are the initiator, and a client of EAP */
	{ "1 ike pubkey gw.example",
	  { { AUTH_CLASS_PUBKEY, "gw.example" },
	    { AUTH_CLASS_EAP, .type = EAP_MSCHAPV2 } }, .initiator = true },
	{ "1 claimed eap-mschapv2 gw.example",
	  { { AUTH_CLASS_EAP, "gw.example", .type = EAP_MSCHAPV2 } },
	  .initiator = true },
	{ "1 eap eap-ttls gw.example",
	  { { AUTH_CLASS_EAP, "gw.example", .type = EAP_TTLS } },
	  .initiator = true },
	{ "1 claimed eap-tls *.example",
	  { { AUTH_CLASS_EAP, "*.example", .type = EAP_TLS } },
	  .initiator = true },
	{ "1 eap eap-tls O=Q, CN=gw",
	  { { AUTH_CLASS_EAP, "O=Q, CN=gw", .type = EAP_TLS } },
	  .initiator = true },
	{ "1 claimed eap-tls O=Q, CN=gw",
	  { { AUTH_CLASS_EAP, "O=Q, CN=gw", .type = EAP_TLS } },
	  .initiator = true, .matching = "relaxed" },
	{ "1 claimed eap-tls gw.example",
	  { { AUTH_CLASS_EAP, "gw.example", .type = EAP_TLS } },
	  .initiator = true, .own = { AUTH_CLASS_EAP, .aaa = "aaa.example" } },

	/* XAuth, hybrid mode, no authentication */
	{ "1 ike psk site; 2 xauth xauth gus",
	  { { AUTH_CLASS_PSK, "site" }, { AUTH_CLASS_XAUTH, .xauth = "gus" } },
	  { { AUTH_CLASS_PSK }, { AUTH_CLASS_XAUTH } } },
	{ "1 xauth xauth gus; 1 claimed xauth liar.example",
	  { { AUTH_CLASS_XAUTH, "liar.example", .xauth = "gus" } },
	  { { AUTH_CLASS_XAUTH } } },
	{ "1 claimed xauth liar.example", { { AUTH_CLASS_XAUTH, "liar.example" } },
	  { { AUTH_CLASS_XAUTH, .backend = "noauth" } } },
	{ "", { { AUTH_CLASS_XAUTH } }, { { AUTH_CLASS_XAUTH } } },
	{ "1 xauth aaa gus", { { AUTH_CLASS_XAUTH, .xauth = "gus" } },
	  { { AUTH_CLASS_XAUTH, .backend = "radius:pin" } } },
	{ "1 xauth aaa gus", { { AUTH_CLASS_XAUTH, .xauth = "gus" } },
	  { { AUTH_CLASS_XAUTH, .backend = "eap" } } },
	/* PAM is shown the part before the '@', and any other goes with it */
	{ "1 xauth xauth gus; 1 claimed xauth gus@customer-z.example",
	  { { AUTH_CLASS_XAUTH, .xauth = "gus@customer-z.example" } },
	  { { AUTH_CLASS_XAUTH, .backend = "pam" } } },
	{ "1 xauth xauth gus; 1 claimed xauth gus@z.example",
	  { { AUTH_CLASS_XAUTH, .xauth = "gus@z.example" } },
	  { { AUTH_CLASS_XAUTH } }, .plugins = "aes xauth-pam xauth-generic" },
	{ "1 xauth xauth gus@z.example",
	  { { AUTH_CLASS_XAUTH, .xauth = "gus@z.example" } },
	  { { AUTH_CLASS_XAUTH } }, .plugins = "aes xauth-generic xauth-pam" },
	{ "1 eap eap-gtc gus; 1 claimed eap-gtc gus@z.example",
	  { { AUTH_CLASS_EAP, NULL, "gus@z.example", EAP_GTC } },
	  { { AUTH_CLASS_EAP, .type = EAP_GTC } } },

	/* what a partner in a cluster says */
	{ "0 ike partner gw1.example", .asked = { { AUTH_CLASS_PUBKEY } },
	  .other_id = "gw1.example", .passive = true },
	{ "0 claimed partner C=NL, CN=*", .asked = { { AUTH_CLASS_PUBKEY } },
	  .other_id = "C=NL, CN=*", .passive = true },
	{ "0 claimed partner O=Q, DC=*", .asked = { { AUTH_CLASS_PUBKEY } },
	  .other_id = "O=Q, DC=*", .passive = true },
	{ "0 ike partner O=Q, CN=gw1", .asked = { { AUTH_CLASS_PUBKEY } },
	  .other_id = "O=Q, CN=gw1", .passive = true, .matching = "strict" },
	/* the certificate is not here */
	{ "0 claimed partner O=Q, CN=gw1", .asked = { { AUTH_CLASS_PUBKEY } },
	  .other_id = "O=Q, CN=gw1", .passive = true, .matching = "reordered" },
	{ "0 claimed partner O=Q, CN=fay; 0 claimed partner x",
	  { { .eap = "O=Q, CN=fay" } },
	  { { AUTH_CLASS_EAP, .eap = "%any", .type = EAP_TLS } },
	  .other_id = "x", .passive = true, .matching = "relaxed" },
	{ "0 ike partner gw1.example", .asked = { { AUTH_CLASS_PUBKEY } },
	  .other_id = "gw1.example", .passive = true, .matching = "relaxed" },
	{ "0 ike partner gw1.example", .other_id = "gw1.example", .passive = true },
	{ "0 eap partner fay; 0 claimed partner liar", { { .eap = "fay" } },
	  { { AUTH_CLASS_PUBKEY }, { AUTH_CLASS_EAP, .type = EAP_MD5 } },
	  .other_id = "liar", .passive = true },
	/* once it is not passive any more, too */
	{ "0 eap partner fay; 0 claimed partner liar", { { .eap = "fay" } },
	  { { AUTH_CLASS_EAP, .type = EAP_TLS } }, .other_id = "liar" },
	/* which method a AAA server used is not told */
	{ "0 claimed partner fay; 0 claimed partner liar", { { .eap = "fay" } },
	  { { AUTH_CLASS_EAP, .type = EAP_RADIUS } }, .other_id = "liar" },
	{ "0 eap partner fay; 0 claimed partner liar", { { .eap = "fay" } },
	  { { AUTH_CLASS_EAP, .type = EAP_RADIUS } }, .other_id = "liar",
	  .set = "aaa" },
	{ "0 claimed partner fay", .asked = { { AUTH_CLASS_EAP, .type = EAP_RADIUS } },
	  .other_id = "fay", .passive = true },
	{ "0 eap partner fay", .asked = { { AUTH_CLASS_EAP, .type = EAP_RADIUS } },
	  .other_id = "fay", .passive = true, .set = "aaa" },
	/* the setting is about AAA servers alone */
	{ "0 claimed partner fay; 0 claimed partner x", { { .eap = "fay" } },
	  { { AUTH_CLASS_EAP, .type = EAP_PEAP } }, .other_id = "x",
	  .passive = true, .set = "aaa" },
	{ "0 eap partner fay", .asked = { { AUTH_CLASS_EAP, .type = EAP_MD5 } },
	  .other_id = "fay", .passive = true },
	{ "0 claimed partner fay", .asked = { { AUTH_CLASS_EAP, .type = EAP_TTLS } },
	  .other_id = "fay", .passive = true },
	{ "0 eap partner fay", .asked = { { AUTH_CLASS_EAP, .eap = "%any", .type = EAP_MD5 } },
	  .other_id = "fay", .passive = true },
	/* a peer may have given "%any" as its name, and shown another's certificate */
	{ "0 claimed partner liar",
	  .asked = { { AUTH_CLASS_EAP, .eap = "%any", .type = EAP_TLS } },
	  .other_id = "liar", .passive = true },
	{ "0 claimed partner liar",
	  .asked = { { AUTH_CLASS_EAP, .eap = "%any", .type = EAP_RADIUS } },
	  .other_id = "liar", .passive = true },
	{ "0 eap partner fay", .asked = { { AUTH_CLASS_EAP, .type = EAP_TLS } },
	  .other_id = "fay", .passive = true },
	{ "0 claimed partner *.example; 0 claimed partner x", { { .eap = "*.example" } },
	  { { AUTH_CLASS_EAP, .eap = "%any", .type = EAP_TLS } },
	  .other_id = "x", .passive = true },
	{ "0 xauth partner gus; 0 ike partner site", { { .eap = "gus" } },
	  { { AUTH_CLASS_PSK }, { AUTH_CLASS_XAUTH } },
	  .other_id = "site", .passive = true },
	{ "0 xauth partner gus; 0 claimed partner liar", { { .eap = "gus" } },
	  { { AUTH_CLASS_XAUTH } }, .other_id = "liar", .passive = true },
	{ "0 claimed partner liar",
	  .asked = { { AUTH_CLASS_XAUTH, .backend = "noauth" } },
	  .other_id = "liar", .passive = true },

	/* a partner that took over from us says nothing */
	{ "1 eap eap-md5 fay; 1 claimed eap-md5 liar",
	  { { AUTH_CLASS_EAP, "liar", "fay", EAP_MD5 } },
	  { { AUTH_CLASS_EAP, .type = EAP_MD5 } },
	  .other_id = "liar", .passive = true },

	/* the rounds are gone, or there were none yet */
	{ "0 claimed unknown gw1.example", .other_id = "gw1.example" },
	{ NULL, .other_id = "%any" },

	/* groups: all of them, worth what the round is */
	{ "1 eap aaa fay; 1 claimed eap-md5 gold; 1 eap in vpn-eu; 1 eap in staff",
	  { { AUTH_CLASS_EAP, "gold", "fay", EAP_MD5, .groups = { "vpn-eu", "staff" } } },
	  { { AUTH_CLASS_EAP, .type = EAP_RADIUS } } },
	{ "1 claimed aaa fay; 1 claimed eap-ttls x; 1 claimed in vpn-eu",
	  { { AUTH_CLASS_EAP, "x", "fay", EAP_TTLS, .groups = { "vpn-eu" } } },
	  { { AUTH_CLASS_EAP, .type = EAP_RADIUS } } },
	{ "1 eap aaa fay; 1 claimed eap-ttls x; 1 eap in vpn-eu",
	  { { AUTH_CLASS_EAP, "x", "fay", EAP_TTLS, .groups = { "vpn-eu" } } },
	  { { AUTH_CLASS_EAP, .type = EAP_RADIUS } }, .set = "aaa" },
	{ "1 claimed eap-md5 liar; 1 claimed in vpn-eu",
	  { { AUTH_CLASS_EAP, "liar", "%any", EAP_MD5, .groups = { "vpn-eu" } } },
	  { { AUTH_CLASS_EAP, .type = EAP_RADIUS } } },
	{ "1 claimed aaa fay; 1 claimed in vpn-eu",
	  { { AUTH_CLASS_EAP, NULL, "fay", EAP_MD5, .groups = { "vpn-eu" } } },
	  { { AUTH_CLASS_EAP, .type = EAP_RADIUS } },
	  .set = "charon.plugins.eap-radius.eap_start" },
	/* of TNC, inside of a tunnel */
	{ "1 claimed eap-ttls fay; 1 claimed in allow",
	  { { AUTH_CLASS_EAP, NULL, "fay", EAP_TTLS, .groups = { "allow" } } },
	  { { AUTH_CLASS_EAP, .type = EAP_TTLS } } },
	{ "1 ike pubkey C=NL, CN=gw1; 1 ike in O=Q, OU=hubs; 1 ike in 10.7.7.7; 1 ike in a b",
	  { { AUTH_CLASS_PUBKEY, "C=NL, CN=gw1", .cert = "C=NL, CN=gw1",
	      .groups = { "O=Q, OU=hubs", "10.7.7.7", "a b", "%any" } } } },
	{ "1 claimed pubkey C=NL, CN=*; 1 claimed in hubs",
	  { { AUTH_CLASS_PUBKEY, "C=NL, CN=*", .groups = { "hubs" } } } },
	{ "1 xauth aaa gus; 1 xauth in hubs",
	  { { AUTH_CLASS_XAUTH, .xauth = "gus", .groups = { "hubs" } } },
	  { { AUTH_CLASS_XAUTH, .backend = "radius" } } },
	{ "1 claimed xauth liar; 1 claimed in hubs",
	  { { AUTH_CLASS_XAUTH, "liar", .groups = { "hubs" } } },
	  { { AUTH_CLASS_XAUTH, .backend = "noauth" } } },
	/* charon hands those of a round on to the next, which does not say so */
	{ "1 claimed aaa fay; 2 ike psk road; 1 claimed in gold; 2 ike in hubs",
	  { { AUTH_CLASS_EAP, NULL, "fay", EAP_PEAP, .groups = { "gold" } },
	    { AUTH_CLASS_PSK, "road", .groups = { "gold", "hubs" } } },
	  { { AUTH_CLASS_EAP, .type = EAP_RADIUS }, { AUTH_CLASS_PSK } } },
	/* but may say it again */
	{ "1 claimed aaa fay; 2 ike pubkey x; 3 xauth xauth gus; 1 claimed in gold; "
	  "2 ike in gold",
	  { { AUTH_CLASS_EAP, NULL, "fay", EAP_PEAP, .groups = { "gold" } },
	    { AUTH_CLASS_PUBKEY, "x", .groups = { "gold", "gold" } },
	    { AUTH_CLASS_XAUTH, .xauth = "gus", .groups = { "gold", "gold" } } },
	  { { AUTH_CLASS_EAP, .type = EAP_RADIUS }, { AUTH_CLASS_PUBKEY },
	    { AUTH_CLASS_XAUTH } } },

	/* what is proved stays where there is no room for all */
	{ "1 eap eap-md5 a; 2 eap eap-md5 b; 3 eap eap-md5 c; 4 eap eap-md5 d; "
	  "5 eap eap-md5 e; 6 eap eap-md5 f; 7 ike psk g",
	  { { AUTH_CLASS_EAP, "1", "a", EAP_MD5 },
	    { AUTH_CLASS_EAP, "2", "b", EAP_MD5 },
	    { AUTH_CLASS_EAP, "3", "c", EAP_MD5 },
	    { AUTH_CLASS_EAP, "4", "d", EAP_MD5 },
	    { AUTH_CLASS_EAP, "5", "e", EAP_MD5 },
	    { AUTH_CLASS_EAP, "6", "f", EAP_MD5 },
	    { AUTH_CLASS_PSK, "g" } } },
};

/* Certificates, of which only the subject counts */

struct cert {
	certificate_t public;
	identification_t *subject;
};

static identification_t *get_subject(certificate_t *public)
{
	return ((struct cert *)public)->subject;
}

static void destroy_cert(certificate_t *public)
{
	struct cert *cert = (struct cert *)public;

	cert->subject->destroy(cert->subject);
	free(cert);
}

static identification_t *identity(const char *text)
{
	return identification_create_from_string((char *)text);
}

static certificate_t *cert_new(const char *subject)
{
	struct cert *cert = calloc(1, sizeof(*cert));

	cert->public.get_subject = get_subject;
	cert->public.destroy = destroy_cert;
	cert->subject = identity(subject);
	return &cert->public;
}

static bool is_round(const struct round *r)
{
	return r->class || r->eap;
}

static auth_cfg_t *cfg_new(const struct round *r)
{
	auth_cfg_t *cfg = auth_cfg_create();
	int i;

	if (r->class)
		cfg->add(cfg, AUTH_RULE_AUTH_CLASS, r->class);
	if (r->id)
		cfg->add(cfg, AUTH_RULE_IDENTITY, identity(r->id));
	if (r->eap)
		cfg->add(cfg, AUTH_RULE_EAP_IDENTITY, identity(r->eap));
	if (r->type)
		cfg->add(cfg, AUTH_RULE_EAP_TYPE, r->type);
	if (r->vendor)
		cfg->add(cfg, AUTH_RULE_EAP_VENDOR, r->vendor);
	if (r->xauth)
		cfg->add(cfg, AUTH_RULE_XAUTH_IDENTITY, identity(r->xauth));
	if (r->backend)
		cfg->add(cfg, AUTH_RULE_XAUTH_BACKEND, strdup(r->backend));
	if (r->cert)
		cfg->add(cfg, AUTH_RULE_SUBJECT_CERT, cert_new(r->cert));
	if (r->aaa)
		cfg->add(cfg, AUTH_RULE_AAA_IDENTITY, identity(r->aaa));
	for (i = 0; i < GROUPS && r->groups[i]; i++)
		cfg->add(cfg, AUTH_RULE_GROUP, identity(r->groups[i]));
	return cfg;
}

/* The IKE_SA and its connection */

static const struct proof_case *current;
static array_t *own, *done, *asked;
static identification_t *other_id;

static enumerator_t *enumerate_done(ike_sa_t *ike_sa, bool local)
{
	return array_create_enumerator(local ? own : done);
}

static enumerator_t *enumerate_asked(peer_cfg_t *peer_cfg, bool local)
{
	return array_create_enumerator(asked);
}

static identification_t *get_other_id(ike_sa_t *ike_sa)
{
	return other_id;
}

static ike_sa_state_t get_state(ike_sa_t *ike_sa)
{
	return current->passive ? IKE_PASSIVE : IKE_ESTABLISHED;
}

static bool has_condition(ike_sa_t *ike_sa, ike_condition_t condition)
{
	return condition == COND_ORIGINAL_INITIATOR && current->initiator;
}

static peer_cfg_t peer_cfg = {
	.create_auth_cfg_enumerator = enumerate_asked,
};

static peer_cfg_t *get_peer_cfg(ike_sa_t *ike_sa)
{
	return array_count(asked) ? &peer_cfg : NULL;
}

static ike_sa_t ike_sa = {
	.create_auth_cfg_enumerator = enumerate_done,
	.get_other_id = get_other_id,
	.get_state = get_state,
	.has_condition = has_condition,
	.get_peer_cfg = get_peer_cfg,
};

static char *loaded_plugins(plugin_loader_t *loader)
{
	return current->plugins ? (char *)current->plugins : "";
}

static void setup(void)
{
	ck_assert(library_init("", "charon") && libcharon_init());
}

static void teardown(void)
{
	libcharon_deinit();
	library_deinit();
}

static void begin(const struct proof_case *c)
{
	int i;

	current = c;
	own = array_create(0, 0);
	done = array_create(0, 0);
	asked = array_create(0, 0);
	for (i = 0; i < ROUNDS; i++) {
		if (is_round(&c->done[i]))
			array_insert(done, ARRAY_TAIL, cfg_new(&c->done[i]));
		if (is_round(&c->asked[i]))
			array_insert(asked, ARRAY_TAIL, cfg_new(&c->asked[i]));
	}
	if (is_round(&c->own))
		array_insert(own, ARRAY_TAIL, cfg_new(&c->own));
	other_id = identity(c->other_id ? c->other_id : "other.example");
	lib->plugins->loaded_plugins = loaded_plugins;
	if (c->set && strcmp(c->set, "aaa") != 0)
		lib->settings->set_bool(lib->settings, (char *)c->set, TRUE);
	if (c->matching)
		lib->settings->set_str(lib->settings, "charon.rdn_matching",
				       (char *)c->matching);
}

static ipsec_qos_proof_t *create(void)
{
	return ipsec_qos_proof_create(&ike_sa, current->set &&
				      !strcmp(current->set, "aaa"));
}

/* charon's rounds may be gone before what was found out is told */
static void flush(void)
{
	array_destroy_offset(own, offsetof(auth_cfg_t, destroy));
	array_destroy_offset(done, offsetof(auth_cfg_t, destroy));
	array_destroy_offset(asked, offsetof(auth_cfg_t, destroy));
	other_id->destroy(other_id);
}

static const char *describe(ipsec_qos_proof_t *proof)
{
	static const char *const names[] = { "claimed", "ike", "eap", "xauth" };
	struct iq_feed_ike msg = {};
	static char text[4096];
	size_t i, n = 0;

	text[0] = '\0';
	proof->describe(proof, &msg);
	for (i = 0; i < msg.ids.n; i++) {
		struct iq_feed_identity *it = &msg.ids.v[i];
		identification_t *id = identification_create_from_encoding(it->type,
				chunk_create((u_char *)it->data, it->len));
		/* the compiler does not know %Y */
		char shown[256], *fmt = "%Y";

		ck_assert_int_gt(snprintf(shown, sizeof(shown), fmt, id), 0);
		n += snprintf(text + n, sizeof(text) - n, "%s%u %s %s %s",
			      i ? "; " : "", it->round, names[it->proof],
			      it->method, shown);
		id->destroy(id);
	}
	for (i = 0; i < msg.members.n; i++) {
		struct iq_feed_member *it = &msg.members.v[i];
		identification_t *id = identification_create_from_encoding(it->type,
				chunk_create((u_char *)it->data, it->len));
		char shown[256], *fmt = "%Y";

		ck_assert_int_gt(snprintf(shown, sizeof(shown), fmt, id), 0);
		n += snprintf(text + n, sizeof(text) - n, "%s%u %s in %s",
			      n ? "; " : "", it->round, names[it->proof], shown);
		id->destroy(id);
	}
	return text;
}

/* How charon matches DNs goes with them. */
static const struct {
	const char *set;
	uint8_t told;
} rdn_matchings[] = {
	{ NULL, 0 }, { "strict", 0 }, { "reordered", 1 }, { "relaxed", 2 },
	{ "as you like it", 0 },
};

START_TEST(rdn_matching)
{
	const struct proof_case c = {
		.done = { { AUTH_CLASS_PUBKEY, "O=Q, CN=gw1", .cert = "O=Q, CN=gw1" } },
		.matching = rdn_matchings[_i].set,
	};
	struct iq_feed_ike msg = {};
	ipsec_qos_proof_t *proof;

	begin(&c);
	proof = create();
	proof->describe(proof, &msg);
	ck_assert_uint_eq(msg.rdn_matching, rdn_matchings[_i].told);
	proof->destroy(proof);
	flush();
}
END_TEST

/* There is room for so many groups, and for those that count before the others. */
START_TEST(many_groups)
{
	const struct proof_case c = {
		.done = { { AUTH_CLASS_EAP, NULL, "fay", EAP_PEAP, .groups = { "a" } },
			  { AUTH_CLASS_PSK, "road", .groups = { "a" } } },
	};
	char name[IQ_FEED_MEMBER_MAX + 2] = "";
	struct iq_feed_ike msg = {};
	ipsec_qos_proof_t *proof;
	auth_cfg_t *cfg;
	int i;

	begin(&c);
	ck_assert(array_get(done, 1, &cfg));
	memset(name, 'n', sizeof(name) - 1);
	cfg->add(cfg, AUTH_RULE_GROUP, identity(name));
	name[IQ_FEED_MEMBER_MAX] = '\0';
	cfg->add(cfg, AUTH_RULE_GROUP, identity(name));
	for (i = 0; i < IQ_FEED_MEMBERS_MAX; i++) {
		snprintf(name, sizeof(name), "g%d", i);
		cfg->add(cfg, AUTH_RULE_GROUP, identity(name));
	}
	proof = create();
	proof->describe(proof, &msg);
	ck_assert_uint_eq(msg.members.n, IQ_FEED_MEMBERS_MAX);
	for (i = 0; i < IQ_FEED_MEMBERS_MAX; i++)
		ck_assert_int_eq(msg.members.v[i].proof, IQ_FEED_PROOF_IKE);
	ck_assert_uint_eq(msg.members.v[0].len, IQ_FEED_MEMBER_MAX);
	proof->destroy(proof);
	flush();
}
END_TEST

START_TEST(what_is_proved)
{
	ipsec_qos_proof_t *proof;

	begin(&cases[_i]);
	proof = create();
	flush();
	if (!cases[_i].expected) {
		ck_assert_ptr_null(proof);
		return;
	}
	ck_assert_ptr_nonnull(proof);
	ck_assert_str_eq(describe(proof), cases[_i].expected);
	proof->destroy(proof);
}
END_TEST

/* One that is too long is left out, and the others are told. */
START_TEST(too_long)
{
	char name[IQ_FEED_ID_MAX + 2];
	struct proof_case c = {
		.done = { { AUTH_CLASS_EAP, name, "fay", EAP_MD5 } },
	};
	ipsec_qos_proof_t *proof;

	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	begin(&c);
	proof = create();
	ck_assert_str_eq(describe(proof), "1 eap eap-md5 fay");
	proof->destroy(proof);
	flush();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("charon_proof");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, what_is_proved, 0, N(cases));
	tcase_add_test(tc, too_long);
	tcase_add_loop_test(tc, rdn_matching, 0, N(rdn_matchings));
	tcase_add_test(tc, many_groups);
	return run_tests("charon_proof", tc);
}
