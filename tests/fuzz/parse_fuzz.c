// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The header parser. The first byte of an input says how much of the packet,
 * which is the rest, is readable at first; more is pulled as the module pulls
 * it. However it was pulled, the packet is the same.
 */
#include "fuzz.h"

#include "ipsec_qos/parse.h"

static struct iq_ports ports = {
	.n_ike = 1, .ike = { 500 },
	.n_natt = 2, .natt = { 4500, 14500 },
};

int LLVMFuzzerInitialize(int *argc, char ***argv);

/* @pkt points into @data, @other into @from. */
static void check_same(const struct iq_packet *pkt, const uint8_t *data,
		       const struct iq_packet *other, const uint8_t *from,
		       enum iq_kind kind)
{
	if (kind != IQ_SA && kind != IQ_IKE && kind != IQ_KEEPALIVE &&
	    kind != IQ_FRAGMENT)
		return;
	must(pkt->family == other->family);
	must(pkt->dscp == other->dscp);
	must(pkt->first == other->first);
	must(pkt->src - data == other->src - from);
	must(pkt->dst - data == other->dst - from);
	if (kind == IQ_SA) {
		must(pkt->proto == other->proto);
		must(pkt->spi == other->spi);
	} else if (kind == IQ_IKE) {
		must(pkt->spi_i == other->spi_i);
		must(pkt->spi_r == other->spi_r);
	}
	if (kind == IQ_FRAGMENT || pkt->first) {
		must(pkt->frag_id == other->frag_id);
		must(pkt->frag_proto == other->frag_proto);
	}
}

static void check_sane(const struct iq_packet *pkt, enum iq_kind kind,
		       const uint8_t *data, uint32_t len)
{
	uint32_t n;

	must(kind <= IQ_MALFORMED);
	if (kind == IQ_OTHER || kind == IQ_MALFORMED)
		return;
	must(pkt->family == AF_INET || pkt->family == AF_INET6);
	n = pkt->family == AF_INET ? 4 : 16;
	must(pkt->src >= data && pkt->src + n <= data + len);
	must(pkt->dst >= data && pkt->dst + n <= data + len);
	must(pkt->dscp < 64);
	must(kind != IQ_FRAGMENT || !pkt->first);
	if (kind == IQ_SA) {
		must(pkt->proto == IPPROTO_ESP || pkt->proto == IPPROTO_AH);
		must(pkt->spi >= IQ_SPI_MIN);
	}
	if (kind == IQ_IKE)
		must(pkt->spi_i);
}

/*
 * What the short ways say, the long one does; where the IP stack would let them see
 * the packet: its header does not lie about its length.
 */
static void check_plain(const struct iq_packet *pkt, enum iq_kind kind,
			const uint8_t *data, uint32_t avail, uint32_t len)
{
	uint32_t off = 0, said;
	uint8_t next;

	if (avail >= 20 && data[0] >> 4 == 4) {
		said = iq_get16(data + 2);
		next = data[9];
		if (said && said != len)
			return;
		if (next == IPPROTO_ESP && iq_parse_plain_esp4(data, avail))
			off = IQ_PLAIN_ESP4;
		if (next == IPPROTO_UDP && iq_parse_plain_udp4(data, avail, &ports))
			off = IQ_PLAIN_UDP4;
		must(next != IPPROTO_UDP || kind == IQ_OTHER ||
		     !iq_parse_plain_other4(data, avail, &ports));
	} else if (avail >= 40 && data[0] >> 4 == 6) {
		said = iq_get16(data + 4);
		next = data[6];
		if (said && said + 40 != len)
			return;
		if (next == IPPROTO_ESP && iq_parse_plain_esp6(data, avail))
			off = IQ_PLAIN_ESP6;
		must(next != IPPROTO_UDP || kind == IQ_OTHER ||
		     !iq_parse_plain_other6(data, avail, &ports));
	}
	must(!off || (kind == IQ_SA && !pkt->first && pkt->proto == IPPROTO_ESP &&
		      pkt->spi == iq_get32(data + off)));
}

/* Parse with @avail bytes, and more where it asks for them. */
static void pull(const uint8_t *data, uint32_t avail, uint32_t len,
		 const struct iq_packet *whole, enum iq_kind expected)
{
	struct iq_packet pkt;
	enum iq_kind kind;
	uint8_t *part;

	for (;;) {
		part = exact(data, avail);
		memset(&pkt, 0xee, sizeof(pkt));
		kind = iq_parse(part, avail, len, &ports, &pkt);
		check_plain(whole, expected, part, avail, len);
		if (kind != IQ_SHORT)
			break;
		must(pkt.need > avail);
		must(pkt.need <= len);
		avail = pkt.need;
		free(part);
	}
	must(kind == expected);
	check_same(&pkt, part, whole, data, kind);
	free(part);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	iq_ports_some(&ports);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct iq_packet pkt, cut;
	enum iq_kind kind;
	uint32_t len, i;
	uint8_t *data;

	if (!size)
		return 0;
	len = size - 1;
	data = exact(input + 1, len);
	memset(&pkt, 0xee, sizeof(pkt));
	kind = iq_parse(data, len, len, &ports, &pkt);
	must(kind != IQ_SHORT);
	check_sane(&pkt, kind, data, len);

	pull(data, *input < len ? *input : len, len, &pkt, kind);
	if (len <= 64) {
		for (i = 0; i < len; i++)
			pull(data, i, len, &pkt, kind);
	}

	/* a packet of which the rest cannot be had */
	memset(&cut, 0xee, sizeof(cut));
	kind = iq_parse(data, len, len + 1 + *input, &ports, &cut);
	if (kind == IQ_SHORT)
		must(cut.need > len && cut.need <= len + 1 + *input);
	else
		check_sane(&cut, kind, data, len);
	free(data);
	return 0;
}
