/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is in a packet, read from its bytes: is it ESP, AH, UDP-encapsulated
 * ESP or IKE, and which SPIs does it carry? Pure: the kernel, the unit tests
 * and the fuzzer compile the same code.
 */
#ifndef IPSEC_QOS_PARSE_H
#define IPSEC_QOS_PARSE_H

#ifdef __KERNEL__
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/socket.h>
#include <linux/string.h>
#include <linux/types.h>
#else
#include <stdbool.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <linux/types.h>
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
#endif

#define IQ_PARSE_PORTS		8	/* ports of a kind */

/*
 * RFC 8200 section 4.1 allows each extension header once, destination options
 * twice: seven. Twice that is generous; without a bound a packet of thousands
 * of empty headers would cost thousands of steps.
 */
#define IQ_PARSE_EXT_HDRS	16

#define IQ_SPI_MIN		256	/* RFC 4303 section 2.1: 1 to 255 are reserved */

/**
 * enum iq_kind - what a packet is
 *
 * @IQ_OTHER: nothing of ours
 * @IQ_SA: ESP or AH, UDP-encapsulated or not: dst, spi, proto are filled in
 * @IQ_IKE: IKE: spi_i, spi_r are filled in
 * @IQ_KEEPALIVE: a NAT keep-alive (RFC 3948 section 2.3): ours, but nobody's
 * @IQ_FRAGMENT: a later fragment, of IPv4 of what may be ours: whose is what the
 *	first one said; frag_id and frag_proto are filled in
 * @IQ_SHORT: the range is too short to tell: pkt->need bytes are
 * @IQ_MALFORMED: it claims to be ours, and its headers lie
 */
enum iq_kind {
	IQ_OTHER,
	IQ_SA,
	IQ_IKE,
	IQ_KEEPALIVE,
	IQ_FRAGMENT,
	IQ_SHORT,
	IQ_MALFORMED,
};

/**
 * struct iq_ports - UDP ports, host byte order
 *
 * @some: bit p % 64 of each port p, see iq_ports_some()
 * @n_ike: how many of @ike, ports that carry IKE alone
 * @n_natt: how many of @natt, ports that carry ESP, and IKE behind a non-ESP
 *	marker (RFC 3948 section 2.2)
 */
struct iq_ports {
	u64 some;
	u8 n_ike;
	u8 n_natt;
	u16 ike[IQ_PARSE_PORTS];
	u16 natt[IQ_PARSE_PORTS];
};

/**
 * struct iq_packet - a packet's identity on the wire
 *
 * @src: the outer source, 4 or 16 bytes of the range that was parsed
 * @dst: the outer destination, likewise
 * @family: AF_INET or AF_INET6
 * @proto: IPPROTO_ESP or IPPROTO_AH
 * @dscp: of the outer header, 0 to 63
 * @spi: host byte order
 * @spi_i: IKE, the initiator's SPI as a big-endian number
 * @spi_r: the responder's; 0 in the first message of an exchange
 * @initiator: IKE: who sends it began the IKE SA (RFC 7296 section 3.1, flag I), so that
 *	@spi_r is its receiver's; of IKEv1, which does not say, always
 * @ikev1: IKE: it is of IKEv1
 * @need: with IQ_SHORT: bytes from the start that must be readable
 * @first: a first fragment: of its lengths, only those are checked that it has
 * @last: of a later fragment: none is behind it
 * @frag_id: of all fragments of a packet, beside both addresses, and with IPv4
 *	@frag_proto: the identification, host byte order
 * @frag_proto: the protocol (RFC 791), or the fragment header's next one, which
 *	is binding in the first fragment alone (RFC 8200 section 4.5)
 */
struct iq_packet {
	const u8 *src;
	const u8 *dst;
	u8 family;
	u8 proto;
	u8 dscp;
	u32 spi;
	u64 spi_i;
	u64 spi_r;
	bool initiator;
	bool ikev1;
	u32 need;
	u32 frag_id;
	u8 frag_proto;
	bool first;
	bool last;
};

static inline u16 iq_get16(const u8 *p)
{
	return p[0] << 8 | p[1];
}

static inline u32 iq_get32(const u8 *p)
{
	return (u32)iq_get16(p) << 16 | iq_get16(p + 2);
}

static inline u64 iq_get64(const u8 *p)
{
	return (u64)iq_get32(p) << 32 | iq_get32(p + 4);
}

/*
 * Are @n bytes at @off there? 0 if so; else IQ_MALFORMED where the packet ends
 * before, IQ_SHORT where only the range does.
 */
static inline enum iq_kind iq_parse_have(struct iq_packet *pkt, u32 off, u32 n,
					 u32 avail, u32 end)
{
	if (off + n > end)
		return IQ_MALFORMED;
	if (off + n > avail) {
		pkt->need = off + n;
		return IQ_SHORT;
	}
	return IQ_OTHER;
}

/* RFC 7296 section 3.1, RFC 2408 section 3.1: the same header in both. */
static inline enum iq_kind iq_parse_ike(const u8 *data, u32 off, u32 avail,
					u32 end, struct iq_packet *pkt)
{
	enum iq_kind kind = iq_parse_have(pkt, off, 28, avail, end);
	u32 len;

	if (kind)
		return kind;
	len = iq_get32(data + off + 24);
	if (len < 28 || (len > end - off && !pkt->first))
		return IQ_MALFORMED;
	if (data[off + 17] >> 4 != 1 && data[off + 17] >> 4 != 2)
		return IQ_MALFORMED;
	pkt->spi_i = iq_get64(data + off);
	pkt->spi_r = iq_get64(data + off + 8);
	pkt->ikev1 = data[off + 17] >> 4 == 1;
	pkt->initiator = pkt->ikev1 || data[off + 19] & 0x08;
	return pkt->spi_i ? IQ_IKE : IQ_MALFORMED;
}

/* RFC 4303 section 2 */
static inline enum iq_kind iq_parse_esp(const u8 *data, u32 off, u32 avail,
					u32 end, struct iq_packet *pkt)
{
	enum iq_kind kind = iq_parse_have(pkt, off, 8, avail, end);

	if (kind)
		return kind;
	pkt->proto = IPPROTO_ESP;
	pkt->spi = iq_get32(data + off);
	return pkt->spi < IQ_SPI_MIN ? IQ_MALFORMED : IQ_SA;
}

/* RFC 4302 section 2 */
static inline enum iq_kind iq_parse_ah(const u8 *data, u32 off, u32 avail,
				       u32 end, struct iq_packet *pkt)
{
	enum iq_kind kind = iq_parse_have(pkt, off, 12, avail, end);
	u32 len;

	if (kind)
		return kind;
	len = (data[off + 1] + 2) * 4;
	if (len < 12 || (len > end - off && !pkt->first))
		return IQ_MALFORMED;
	pkt->proto = IPPROTO_AH;
	pkt->spi = iq_get32(data + off + 4);
	return pkt->spi < IQ_SPI_MIN ? IQ_MALFORMED : IQ_SA;
}

/* To be called when ports have changed. */
static inline void iq_ports_some(struct iq_ports *ports)
{
	u8 i;

	ports->some = 0;
	for (i = 0; i < ports->n_ike; i++)
		ports->some |= 1ULL << ports->ike[i] % 64;
	for (i = 0; i < ports->n_natt; i++)
		ports->some |= 1ULL << ports->natt[i] % 64;
}

static inline bool iq_parse_port(const u16 *port, u8 n, u16 src, u16 dst)
{
	u8 i;

	for (i = 0; i < n; i++)
		if (port[i] == dst || port[i] == src)
			return true;
	return false;
}

/*
 * A port of either side tells: the initiator's own port may be anything behind
 * a NAT, and the answer to it has the known one as its source.
 */
static inline enum iq_kind iq_parse_udp(const u8 *data, u32 off, u32 avail,
					u32 end, const struct iq_ports *ports,
					struct iq_packet *pkt)
{
	enum iq_kind kind;
	u16 src, dst;
	bool natt;
	u32 len;

	/* Without ports it claims nothing. */
	kind = iq_parse_have(pkt, off, 8, avail, end);
	if (kind)
		return kind == IQ_MALFORMED ? IQ_OTHER : kind;
	src = iq_get16(data + off);
	dst = iq_get16(data + off + 2);
	natt = iq_parse_port(ports->natt, ports->n_natt, src, dst);
	if (!natt && !iq_parse_port(ports->ike, ports->n_ike, src, dst))
		return IQ_OTHER;

	len = iq_get16(data + off + 4);
	if (len < 8 || (len > end - off && !pkt->first))
		return IQ_MALFORMED;
	if (len < end - off)
		end = off + len;
	off += 8;

	kind = iq_parse_have(pkt, off, 1, avail, end);
	if (kind)
		return kind;
	if (end - off == 1 && len == 9)
		return data[off] == 0xff ? IQ_KEEPALIVE : IQ_MALFORMED;
	if (!natt)
		return iq_parse_ike(data, off, avail, end, pkt);

	kind = iq_parse_have(pkt, off, 4, avail, end);
	if (kind)
		return kind;
	if (iq_get32(data + off))
		return iq_parse_esp(data, off, avail, end, pkt);
	return iq_parse_ike(data, off + 4, avail, end, pkt);
}

static inline enum iq_kind iq_parse_ipv4(const u8 *data, u32 avail, u32 len,
					 const struct iq_ports *ports,
					 struct iq_packet *pkt)
{
	u32 hlen, end, frag;

	if (avail < 20) {
		pkt->need = 20;
		return len < 20 ? IQ_OTHER : IQ_SHORT;
	}
	switch (data[9]) {
	case IPPROTO_UDP:
	case IPPROTO_ESP:
	case IPPROTO_AH:
		break;
	default:
		return IQ_OTHER;
	}
	hlen = (data[0] & 0x0f) * 4;
	end = iq_get16(data + 2);
	if (!end)		/* a GSO packet of more than 65535 bytes */
		end = len;
	if (hlen < 20 || end < hlen || end > len)
		return IQ_MALFORMED;
	pkt->family = AF_INET;
	pkt->src = data + 12;
	pkt->dst = data + 16;
	pkt->dscp = data[1] >> 2;
	frag = iq_get16(data + 6) & 0x3fff;	/* more to come, offset */
	if (frag) {
		pkt->frag_id = iq_get16(data + 4);
		pkt->frag_proto = data[9];
		pkt->last = !(frag & 0x2000);
		if (frag & 0x1fff)
			return IQ_FRAGMENT;
		pkt->first = true;
	}

	switch (data[9]) {
	case IPPROTO_ESP:
		return iq_parse_esp(data, hlen, avail, end, pkt);
	case IPPROTO_AH:
		return iq_parse_ah(data, hlen, avail, end, pkt);
	default:
		return iq_parse_udp(data, hlen, avail, end, ports, pkt);
	}
}

/* IPv6: is @next ours, or a header behind which there may be what is? */
static inline bool iq_parse_may_carry(u8 next)
{
	switch (next) {
	case IPPROTO_ESP:
	case IPPROTO_AH:
	case IPPROTO_UDP:
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_FRAGMENT:
	case IPPROTO_DSTOPTS:
	case 135:	/* mobility, RFC 6275 section 6.1.1 */
	case 139:	/* HIP, RFC 7401 section 5.1 */
	case 140:	/* shim6, RFC 5533 section 5.1 */
		return true;
	default:
		return false;
	}
}

static inline enum iq_kind iq_parse_ipv6(const u8 *data, u32 avail, u32 len,
					 const struct iq_ports *ports,
					 struct iq_packet *pkt)
{
	u32 off = 40, end, n, i;
	bool fragment = false;
	enum iq_kind kind;
	u16 frag;
	u8 next;

	if (avail < 40) {
		pkt->need = 40;
		return len < 40 ? IQ_OTHER : IQ_SHORT;
	}
	end = iq_get16(data + 4);
	if (!end)		/* a jumbogram, or a GSO packet as long as one */
		end = len;
	else
		end += 40;
	pkt->family = AF_INET6;
	pkt->src = data + 8;
	pkt->dst = data + 24;
	pkt->dscp = iq_get16(data) >> 6 & 0x3f;
	next = data[6];

	for (i = 0; i <= IQ_PARSE_EXT_HDRS; i++) {
		switch (next) {
		case IPPROTO_ESP:
			if (end > len)
				return IQ_MALFORMED;
			return iq_parse_esp(data, off, avail, end, pkt);
		case IPPROTO_AH:
			if (end > len)
				return IQ_MALFORMED;
			return iq_parse_ah(data, off, avail, end, pkt);
		case IPPROTO_UDP:
			if (end > len)
				return IQ_OTHER;
			return iq_parse_udp(data, off, avail, end, ports, pkt);
		default:
			if (!iq_parse_may_carry(next))
				return IQ_OTHER;
		}

		kind = iq_parse_have(pkt, off, 8, avail, end < len ? end : len);
		if (kind)
			return kind;
		if (next == IPPROTO_FRAGMENT) {
			/* A fragment of a fragment: whose is in neither alone. */
			if (fragment)
				return IQ_MALFORMED;
			fragment = true;
			pkt->frag_id = iq_get32(data + off + 4);
			pkt->frag_proto = data[off];
			frag = iq_get16(data + off + 2) & 0xfff9;
			pkt->last = !(frag & 1);
			if (frag & 0xfff8)
				return IQ_FRAGMENT;
			/* None to come: it is whole (RFC 6946). */
			pkt->first |= frag != 0;
			n = 8;
		} else {
			n = (data[off + 1] + 1) * 8;
		}
		next = data[off];
		off += n;
	}
	return IQ_MALFORMED;
}

/**
 * iq_parse() - look at a packet
 *
 * @data: its bytes, from the outer IP header on
 * @avail: how many of them are readable
 * @len: how many there are
 * @ports: where to expect IKE and UDP-encapsulated ESP
 * @pkt: filled in
 *
 * Never reads beyond @avail. With @avail == @len it never answers IQ_SHORT.
 */
static inline enum iq_kind iq_parse(const u8 *data, u32 avail, u32 len,
				    const struct iq_ports *ports,
				    struct iq_packet *pkt)
{
	pkt->first = false;
	if (avail < 1) {
		pkt->need = 1;
		return len < 1 ? IQ_OTHER : IQ_SHORT;
	}
	switch (data[0] >> 4) {
	case 4:
		return iq_parse_ipv4(data, avail, len, ports, pkt);
	case 6:
		return iq_parse_ipv6(data, avail, len, ports, pkt);
	default:
		return IQ_OTHER;
	}
}

/*
 * Short ways for what most packets are: whole, and without options or extension
 * headers. What the IP stack has looked at these do not again: @data begins with
 * an IP header of that version, which says ESP or UDP, as the name has it. @avail as
 * in iq_parse(): nothing beyond is read. That the header does not lie about its
 * length is taken for granted; where it has not been checked (what SRv6 decapsulates
 * for a hook), a packet may be taken for ESP that the long way calls malformed.
 */

static inline bool iq_parse_plain_ipv4(const u8 *data)
{
	return !((data[0] ^ 0x45) | (data[6] & 0x3f) | data[7]);
}

static inline bool iq_parse_plain_esp(const u8 *esp)
{
	return esp[0] | esp[1] | esp[2];	/* IQ_SPI_MIN */
}

#define IQ_PLAIN_ESP4	20	/* where ESP begins */
#define IQ_PLAIN_ESP6	40
#define IQ_PLAIN_UDP4	28

/* True: iq_parse() would say IQ_SA. */
static inline bool iq_parse_plain_esp4(const u8 *data, u32 avail)
{
	return avail >= IQ_PLAIN_ESP4 + 8 && iq_parse_plain_ipv4(data) &&
	       iq_parse_plain_esp(data + IQ_PLAIN_ESP4);
}

static inline bool iq_parse_plain_esp6(const u8 *data, u32 avail)
{
	return avail >= IQ_PLAIN_ESP6 + 8 &&
	       iq_parse_plain_esp(data + IQ_PLAIN_ESP6);
}

static inline bool iq_parse_plain_udp4(const u8 *data, u32 avail,
				       const struct iq_ports *ports)
{
	if (avail < IQ_PLAIN_UDP4 + 8 || !iq_parse_plain_ipv4(data) ||
	    !iq_parse_port(ports->natt, ports->n_natt, iq_get16(data + 20),
			   iq_get16(data + 22)))
		return false;
	return iq_get16(data + 24) >= 16 &&
	       iq_get16(data + 24) + 20 <= iq_get16(data + 2) &&
	       iq_parse_plain_esp(data + IQ_PLAIN_UDP4);
}

/* True: iq_parse() would say IQ_OTHER. Told by the lower bytes of both ports alone. */
static inline bool iq_parse_plain_other(const u8 *udp, const struct iq_ports *ports)
{
	return !(ports->some & (1ULL << udp[1] % 64 | 1ULL << udp[3] % 64));
}

static inline bool iq_parse_plain_other4(const u8 *data, u32 avail,
					 const struct iq_ports *ports)
{
	return avail >= 24 && iq_parse_plain_ipv4(data) &&
	       iq_parse_plain_other(data + 20, ports);
}

static inline bool iq_parse_plain_other6(const u8 *data, u32 avail,
					 const struct iq_ports *ports)
{
	return avail >= 44 && iq_parse_plain_other(data + 40, ports);
}

#endif /* IPSEC_QOS_PARSE_H */
