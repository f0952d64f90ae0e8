/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a group is made of, as a person writes it in the configuration and on
 * the command line, and as it is printed. Pure.
 *
 * Where nothing else is said, the parse_ functions return 0 or -EINVAL; what
 * they say was expected is in the EXPECT_ text beside each.
 */
#ifndef IPSEC_QOS_LIB_VALUE_H
#define IPSEC_QOS_LIB_VALUE_H

#include <stdbool.h>
#include <stdint.h>

/* The digits of a number that a macro stands for. */
#define DIGITS(number)	DIGITS_OF(number)
#define DIGITS_OF(number) #number

/** parse_u32() - decimal, 0x hexadecimal or 0 octal, within @min to @max */
int parse_u32(const char *text, uint32_t min, uint32_t max, uint32_t *value);

/**
 * parse_mark() - MARK[/MASK]; without a mask all bits
 *
 * Return: 0; -EINVAL; or -ERANGE with both set: a bit of the mark is outside of
 * the mask, or the mask is 0.
 */
int parse_mark(const char *text, uint32_t *mark, uint32_t *mask);
#define EXPECT_MARK "MARK[/MASK], 32-bit numbers, no bit of MARK outside of " \
		    "MASK, MASK not 0"

/** parse_classid() - MAJOR:[MINOR] in hexadecimal, not both 0 */
int parse_classid(const char *text, uint32_t *classid);

/** parse_dscp() - 0 to 63 or a name (RFC 2474, 2597, 3246, 5865, 8622) */
int parse_dscp(const char *text, int *dscp);
#define EXPECT_DSCP "0 to 63, csN, afNN, ef, va or le"

/** parse_mac() - 6 bytes, each of two hexadecimal digits; of one host: no group, not 0 */
int parse_mac(const char *text, uint8_t mac[6]);
#define EXPECT_MAC "a link address of one host, such as 02:00:00:00:00:01"

/** valid_name() - is it one for a group? <linux/ipsec_qos.h> has the rule */
bool valid_name(const char *text);
#define EXPECT_NAME "1 to 31 of A-Z a-z 0-9 . _ -, not beginning with ."

/* Long enough for each of what follows. */
#define FORMAT_MAX	64

/* All return @buf, which has FORMAT_MAX bytes. */
const char *format_mark(uint32_t mark, uint32_t mask, char *buf);
const char *format_classid(uint32_t classid, char *buf);	/* 0: "-" */
const char *format_dscp(int dscp, char *buf);			/* -1: "-" */
const char *format_mac(const uint8_t mac[6], char *buf);

#endif /* IPSEC_QOS_LIB_VALUE_H */
