/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What nftables has in this network namespace.
 */
#ifndef IPSEC_QOS_TOOLS_NFT_H
#define IPSEC_QOS_TOOLS_NFT_H

#include <stdbool.h>
#include <stdint.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

/** nft_family() - as nft calls an enum NFPROTO_; "?" where it has no such tables */
const char *nft_family(uint8_t family);

/** nft_is() - is it a message of this type (NFT_MSG_)? */
bool nft_is(const struct nlmsghdr *nlh, int type);

/**
 * nft_dump() - have all of a kind told
 *
 * @type: NFT_MSG_GET…, which has dumps
 * @cb: called for each message, with @arg
 *
 * Return: 0, or a negative errno: without CAP_NET_ADMIN, or without nftables in the kernel.
 *	-EINTR: something changed meanwhile, and what was told may not be all.
 */
int nft_dump(int type, mnl_cb_t cb, void *arg);

#endif /* IPSEC_QOS_TOOLS_NFT_H */
