// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE	/* FNM_CASEFOLD */
#include "feed/whose.h"

#include <arpa/inet.h>
#include <fnmatch.h>
#include <netinet/in.h>
#include <stdlib.h>

json_t *whose_peer(const struct sad_ike *ike, const struct lease *lease)
{
	char *identity = NULL;
	json_t *json;

	/* identities are plain: see proofs_identity() */
	if (lease)
		return json_string(lease->identity);
	json = proofs_identity(&ike->proofs, ike->profile, &identity) ? json_null() :
									json_string(identity);
	free(identity);
	return json;
}

static bool fits(const char *pattern, const char *text)
{
	return text && !fnmatch(pattern, text, FNM_CASEFOLD);
}

bool whose_fits(const struct daemon *daemon, const struct sad_ike *ike, const char *pattern)
{
	struct iq_kernel_group group;
	json_t *peer;
	bool yes;
	size_t i;

	if (config_group(daemon->config, ike->group, &group) && fits(pattern, group.name))
		return true;
	for (i = 0; i < ike->proofs.n; i++)
		if (fits(pattern, ike->proofs.v[i].text) ||
		    fits(pattern, ike->proofs.v[i].name))
			return true;
	peer = whose_peer(ike, ike->lease);
	yes = fits(pattern, json_string_value(peer));
	json_decref(peer);
	return yes;
}

json_t *whose_sa(const struct sad_sa *sa, json_t *peer)
{
	char dst[INET6_ADDRSTRLEN] = "";

	inet_ntop(sa->key.dst.family, sa->key.dst.b, dst, sizeof(dst));
	return json_pack("{s:s, s:I, s:s, s:O}", "dst", dst,
			 "spi", (json_int_t)sa->key.spi,
			 "proto", sa->key.proto == IPPROTO_AH ? "ah" : "esp",
			 "identity", peer);
}

json_t *whose_group(const struct lease *lease)
{
	return json_pack("{s:I, s:s, s:s, s:b}",
			 "group", (json_int_t)lease->id,
			 "identity", lease->identity,
			 "profile", lease->profile,
			 "used", lease->users > 0);
}
