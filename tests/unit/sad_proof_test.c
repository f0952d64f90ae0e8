// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Identities of a peer, what proved them, and the group it is in for that.
 */
#include <stdio.h>

#include "sad_fixture.h"

static const char *const proofs_file =
	"group victim { id = 1 mark = 0x100/0xf00 }\n"
	"group exact { id = 2 mark = 0x200/0xf00 }\n"
	"group name { id = 3 mark = 0x300/0xf00 }\n"
	"group any { id = 4 mark = 0x400/0xf00 }\n"
	"group vpn { id = 5 mark = 0x500/0xf00 }\n"
	"group admins { id = 6 mark = 0x600/0xf00 }\n"
	"group north { id = 7 mark = 0x700/0xf00 }\n"
	"profile victim { identity = \"*.v.example\" group = victim }\n"
	"profile exact { identity = x.v.example group = exact }\n"
	"profile name { eap-identity = \"n*\" group = name }\n"
	"profile any { identity = \"*\" group = any }\n"
	"profile vpn { member-of = \"vpn-*\" group = vpn }\n"
	"profile admins { member-of = { nobody, Admins } group = admins }\n"
	"profile north { identity = \"CN=gw-17.north\" group = north }\n";

#define IKE	IQ_FEED_PROOF_IKE
#define EAP	IQ_FEED_PROOF_EAP
#define XAUTH	IQ_FEED_PROOF_XAUTH
#define CLAIMED	IQ_FEED_PROOF_NONE

static const struct {
	struct {
		enum iq_feed_proof proof;
		const char *name;
	} ids[3];
	uint32_t group;
} claims[] = {
	{ { { IKE, "a.v.example" } }, 1 },
	{ { { EAP, "a.v.example" } }, 1 },
	{ { { XAUTH, "a.v.example" } }, 0 },
	{ { { CLAIMED, "a.v.example" } }, 0 },
	{ { { CLAIMED, "x.v.example" } }, 0 },
	{ { { CLAIMED, "n1" } }, 0 },
	{ { { IKE, "n1" } }, 4 },
	{ { { EAP, "n1" } }, 3 },
	{ { { XAUTH, "n1" } }, 3 },
	{ { { XAUTH, "m1" } }, 0 },
	/* a claim does no good, nor harm */
	{ { { EAP, "n1" }, { CLAIMED, "x.v.example" } }, 3 },
	{ { { CLAIMED, "x.v.example" }, { EAP, "m1" } }, 4 },
	{ { { IKE, "a.v.example" }, { EAP, "m1" }, { CLAIMED, "x.v.example" } }, 1 },
	{ { { XAUTH, "n1" }, { CLAIMED, "x.v.example" } }, 3 },
	/* of any round, the closest */
	{ { { IKE, "a.v.example" }, { IKE, "x.v.example" } }, 2 },
	{ { { IKE, "x.v.example" }, { IKE, "a.v.example" } }, 2 },
	{ { { IKE, "other" }, { EAP, "x.v.example" } }, 2 },
	{ { { IKE, "other" }, { EAP, "n1" } }, 3 },
	{ { { IKE, "a.v.example" }, { EAP, "n1" } }, 1 },
	{ { { CLAIMED, "" } }, 0 },
};

static int ike_claims(int i, enum iq_feed_proof first)
{
	struct iq_feed msg = {
		.type = IQ_FEED_IKE, .ike.ike_id = 1, .ike.ike_version = 2, .ike.spi_i = 10,
		.ike.spi_r = 20, .ike.local = LOCAL, .ike.local_port = 500,
		.ike.remote = REMOTE, .ike.remote_port = 500, .ike.conn = "c",
	};

	for (; msg.ike.ids.n < 3 && claims[i].ids[msg.ike.ids.n].name; msg.ike.ids.n++)
		msg.ike.ids.v[msg.ike.ids.n] = (struct iq_feed_identity){
			ID_FQDN, msg.ike.ids.n + 1, claims[i].ids[msg.ike.ids.n].proof,
			"a-method", (const uint8_t *)claims[i].ids[msg.ike.ids.n].name,
			strlen(claims[i].ids[msg.ike.ids.n].name) };
	msg.ike.ids.v[0].proof = first;
	return say(charon, msg);
}

static void use_proofs_file(void)
{
	struct config *old = config;

	config = load(proofs_file);
	sad_config(sad, config);
	pump();
	config_free(old);
}

START_TEST(only_what_is_proved_counts)
{
	use_proofs_file();
	ck_assert_int_eq(ike_claims(_i, claims[_i].ids[0].proof), 0);
	ck_assert_uint_eq(stated.group, claims[_i].group);
}
END_TEST

/* Groups count if their round proved an identity; a name that is one does not. */
static const struct {
	struct {
		enum iq_feed_proof proof;
		const char *name;
	} members[3];
	uint32_t group;
} memberships[] = {
	{ { { CLAIMED, "vpn-eu" } }, 4 },
	{ { { EAP, "vpn-eu" } }, 5 },
	{ { { XAUTH, "VPN-eu" } }, 5 },
	{ { { IKE, "vpn-us" } }, 5 },
	{ { { EAP, "staff" }, { EAP, "guests" }, { EAP, "vpn-eu" } }, 5 },
	{ { { EAP, "staff" }, { CLAIMED, "vpn-eu" } }, 4 },
	{ { { EAP, "a vpn-eu" } }, 4 },
	{ { { EAP, "admins" }, { EAP, "vpn-eu" } }, 6 },
	{ { { EAP, "vpn-eu" }, { CLAIMED, "admins" } }, 5 },
};

static int ike_members(int i, const char *name)
{
	struct iq_feed msg = {
		.type = IQ_FEED_IKE, .ike.ike_id = 1, .ike.ike_version = 2, .ike.spi_i = 10,
		.ike.spi_r = 20, .ike.local = LOCAL, .ike.local_port = 500,
		.ike.remote = REMOTE, .ike.remote_port = 500, .ike.conn = "c", .ike.ids.n = 1,
		.ike.ids.v = { { ID_FQDN, 1, EAP, "a-method", (const uint8_t *)name,
			   strlen(name) } },
	};
	size_t n;

	for (n = 0; i >= 0 && n < 3 && memberships[i].members[n].name; n++)
		msg.ike.members.v[n] = (struct iq_feed_member){
			ID_FQDN, 1, memberships[i].members[n].proof,
			(const uint8_t *)memberships[i].members[n].name,
			strlen(memberships[i].members[n].name) };
	msg.ike.members.n = n;
	return say(charon, msg);
}

START_TEST(groups_count_as_their_round)
{
	use_proofs_file();
	ck_assert_int_eq(ike_members(_i, "max"), 0);
	ck_assert_uint_eq(stated.group, memberships[_i].group);
	/* and they may change */
	ck_assert_int_eq(ike_members(-1, "vpn-eu"), 0);
	ck_assert_uint_eq(stated.group, 4);
	ck_assert_int_eq(ike_members(_i, "max"), 0);
	ck_assert_uint_eq(stated.group, memberships[_i].group);
}
END_TEST

/* DNs are matched as the charon that states them does. */
START_TEST(rdns_are_matched_as_charon_does)
{
	static const uint8_t dn[] = "\x30\x23\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02NL"
		"\x31\x14\x30\x12\x06\x03\x55\x04\x03\x13\x0bgw-17.north";
	static const uint32_t groups[] = { 4, 4, 7 };
	struct iq_feed msg = {
		.type = IQ_FEED_IKE, .ike.ike_id = 1, .ike.ike_version = 2, .ike.spi_i = 10,
		.ike.spi_r = 20, .ike.local = LOCAL, .ike.local_port = 500,
		.ike.remote = REMOTE, .ike.remote_port = 500, .ike.conn = "c", .ike.ids.n = 1,
		.ike.ids.v = { { ID_DER_ASN1_DN, 1, IKE, "pubkey", dn, sizeof(dn) - 1 } },
	};

	use_proofs_file();
	for (msg.ike.rdn_matching = 0; msg.ike.rdn_matching <= 2; msg.ike.rdn_matching++) {
		ck_assert_int_eq(say(charon, msg), 0);
		ck_assert_uint_eq(stated.group, groups[msg.ike.rdn_matching]);
		ck_assert_int_eq(sad_matching(sad), msg.ike.rdn_matching);
	}
}
END_TEST

START_TEST(a_claim_may_be_proved)
{
	use_proofs_file();
	ck_assert_int_eq(ike_claims(0, CLAIMED), 0);
	ck_assert_uint_eq(stated.group, 0);
	ck_assert_int_eq(ike_claims(0, EAP), 0);
	ck_assert_uint_eq(stated.group, 1);
	ck_assert_int_eq(ike_claims(0, XAUTH), 0);
	ck_assert_uint_eq(stated.group, 0);
}
END_TEST

/* What is logged, from here to heard(). */
static FILE *log_file;
static int log_before;
static char said[4096];

static void hear(void)
{
	log_file = tmpfile();
	ck_assert_ptr_nonnull(log_file);
	log_before = dup(STDERR_FILENO);
	dup2(fileno(log_file), STDERR_FILENO);
}

/* How many lines that were; @said has the first of them. */
static unsigned int heard(void)
{
	unsigned int n = 0;
	int c;

	dup2(log_before, STDERR_FILENO);
	close(log_before);
	rewind(log_file);
	said[fread(said, 1, sizeof(said) - 1, log_file)] = '\0';
	rewind(log_file);
	while ((c = fgetc(log_file)) != EOF)
		n += c == '\n';
	fclose(log_file);
	return n;
}

/* An IKE SA whose peer proved, or claimed, up to two identities. */
static void claim_ike(uint32_t id, const char *conn, const char *proved,
		      const char *claimed)
{
	struct iq_feed msg = {
		.type = IQ_FEED_IKE, .ike.ike_id = id, .ike.ike_version = 2,
		.ike.spi_i = id << 8 | 1, .ike.spi_r = id << 8 | 2, .ike.local = LOCAL,
		.ike.local_port = 500, .ike.remote = REMOTE, .ike.remote_port = 500,
		.ike.conn = conn };

	if (proved)
		msg.ike.ids.v[msg.ike.ids.n++] = (struct iq_feed_identity){ ID_FQDN, 1,
			IQ_FEED_PROOF_EAP, "eap-md5", (const uint8_t *)proved,
			strlen(proved) };
	if (claimed)
		msg.ike.ids.v[msg.ike.ids.n++] = (struct iq_feed_identity){ ID_FQDN, 1,
			IQ_FEED_PROOF_NONE, "eap-md5", (const uint8_t *)claimed,
			strlen(claimed) };
	ck_assert_int_eq(say(charon, msg), 0);
}

static bool says(const char *a, const char *b, const char *c)
{
	return strstr(said, a) && strstr(said, b) && strstr(said, c);
}

START_TEST(what_would_fit_if_proved_is_logged_once)
{
	hear();
	claim_ike(5, "road", "mallory", "hub.b.example");
	claim_ike(6, "road", "mallory", "other.b.example");
	claim_ike(7, "road", "oscar", "hub.a.example");
	/* the same peer, rekeyed */
	claim_ike(8, "road", "mallory", "hub.b.example");
	ck_assert_uint_eq(stated.group, 0);
	ck_assert_uint_eq(heard(), 1);
	ck_assert_msg(says("connection road: ", "hub.b.example", "no group") &&
		      says("profile b ", "group silver", "connection = road"),
		      "%s", said);

	/* it may be in another one */
	hear();
	claim_ike(9, "town", "x.b.example", "hub.a.example");
	ck_assert_uint_eq(stated.group, SILVER);
	ck_assert_uint_eq(heard(), 1);
	ck_assert_msg(says("connection town: ", "hub.a.example", "group silver") &&
		      says("profile a ", "group gold", "connection = town"),
		      "%s", said);

	/* what changes nothing is not worth a word */
	hear();
	claim_ike(10, "c1", "x.a.example", "y.a.example");
	claim_ike(11, "c2", "mallory", "nobody.example");
	claim_ike(12, "c3", NULL, "nobody.example");
	claim_ike(13, "c4", "x.b.example", NULL);
	claim_ike(14, "c5", NULL, NULL);
	ck_assert_uint_eq(heard(), 0);

	/* until there is another configuration */
	hear();
	sad_config(sad, config);
	pump();
	ck_assert_uint_eq(heard(), 2);
}
END_TEST

START_TEST(what_peers_claim_fills_no_log)
{
	char name[32], conn[32];
	unsigned int i;

	hear();
	for (i = 1; i <= 3000; i++) {
		snprintf(name, sizeof(name), "n%u.a.example", i);
		claim_ike(i, "road", "mallory", name);
	}
	ck_assert_uint_eq(heard(), 1);
	/* nor do many connections: its last line says that there are more */
	hear();
	for (i = 1; i <= 500; i++) {
		snprintf(conn, sizeof(conn), "conn%u", i);
		claim_ike(i, conn, "mallory", "hub.a.example");
	}
	ck_assert_uint_eq(heard(), N(((struct once *)0)->said));
	while (!sad_resolve(sad, 100))
		;
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("sad_proof");

	tcase_add_checked_fixture(tcase, setup, teardown);
	/* of a machine that others use, too */
	tcase_add_loop_test(tcase, only_what_is_proved_counts, 0, N(claims));
	tcase_add_test(tcase, a_claim_may_be_proved);
	tcase_add_loop_test(tcase, groups_count_as_their_round, 0, N(memberships));
	tcase_add_test(tcase, rdns_are_matched_as_charon_does);
	tcase_add_test(tcase, what_would_fit_if_proved_is_logged_once);
	tcase_add_test(tcase, what_peers_claim_fills_no_log);
	return run_tests("sad_proof", tcase);
}
