// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages about IKE SAs. */
#include "lib/feed/attr.h"
#include "lib/feed/feed.h"

#define F(...) IQ_FEED_FIELD(struct iq_feed_ike, __VA_ARGS__)
IQ_FEED_FORM(iq_feed_ike_form, NULL,
	F(U32, IKE_ID, ike_id, MUST),
	F(U8, IKE_VERSION, ike_version, MUST),
	F(U64, SPI_I, spi_i, MUST),
	F(U64, SPI_R, spi_r, MUST),
	F(ADDR, LOCAL, local, MUST),
	F(U16, LOCAL_PORT, local_port, MUST),
	F(ADDR, REMOTE, remote, MUST),
	F(U16, REMOTE_PORT, remote_port, MUST),
	F(STRING, CONN, conn, MUST),
	F(IDENTITIES, IDENTITY, ids, MAY),
	F(MEMBERS, MEMBER_OF, members, MAY),
	F(U8, RDN_MATCHING, rdn_matching, MAY));
#undef F

#define F(...) IQ_FEED_FIELD(struct iq_feed_ike_del, __VA_ARGS__)
IQ_FEED_FORM(iq_feed_ike_del_form, NULL,
	F(U32, IKE_ID, ike_id, MUST),
	F(U64, SPI_I, spi_i, MUST),
	F(U64, SPI_R, spi_r, MUST));
#undef F
