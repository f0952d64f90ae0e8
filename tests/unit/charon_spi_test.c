// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SPIs that are chosen: what the kernel is asked for, an SA of the kind that charon then
 * installs, which depends on the versions of both; and which SPIs, where they are derived,
 * of a bucket, or both.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <libmnl/libmnl.h>
#include <linux/xfrm.h>

#include "suite.h"

/*
 * Of another strongSwan and another kernel, which gives what it's asked for unless
 * that is taken: of SPIs that end alike all but one, or any.
 */
static const char *swan, *kernel;
static char asked[1024];
static size_t asked_len;
static unsigned int times_asked;
static enum { FREE, ALL_BUT, TAKEN, NO_ROOM } spis;
static unsigned int but;
/* which were asked for, as far as there is room */
static uint32_t asked_for[1024];

static int its_uname(struct utsname *name)
{
	snprintf(name->release, sizeof(name->release), "%s", kernel);
	return 0;
}

static const struct xfrm_userspi_info *its_info(void)
{
	return mnl_nlmsg_get_payload((struct nlmsghdr *)asked);
}

static ssize_t its_sendto(const struct mnl_socket *nl, const void *msg,
			  size_t len)
{
	ck_assert_uint_le(len, sizeof(asked));
	memcpy(asked, msg, len);
	asked_len = len;
	asked_for[times_asked++ % N(asked_for)] = its_info()->min;
	return len;
}

static ssize_t its_recvfrom(const struct mnl_socket *nl, void *buf, size_t size)
{
	struct nlmsghdr *hdr = mnl_nlmsg_put_header(buf);
	const struct xfrm_userspi_info *info = its_info();
	struct xfrm_usersa_info *sa;
	struct nlmsgerr *error;

	/* of a range it would look for one with its lock held, over and over */
	ck_assert_uint_eq(info->min, info->max);
	if (spis == FREE || (spis == ALL_BUT && times_asked == but)) {
		hdr->nlmsg_type = XFRM_MSG_NEWSA;
		sa = mnl_nlmsg_put_extra_header(hdr, sizeof(*sa));
		sa->id.spi = htonl(info->min);
	} else {
		hdr->nlmsg_type = NLMSG_ERROR;
		error = mnl_nlmsg_put_extra_header(hdr, sizeof(*error));
		error->error = spis == NO_ROOM ? -ENOMEM : -ENOENT;
	}
	return hdr->nlmsg_len;
}

#define uname		its_uname
#define mnl_socket_sendto	its_sendto
#define mnl_socket_recvfrom	its_recvfrom
#undef VERSION
#define VERSION		swan
#include "ipsec_qos_spi.c"

#define BUCKETS	64
#define CHOSEN	(BUCKETS * 100)
/* what chi-square of 63 degrees of freedom is above once in ten million times */
#define CHI_SQUARE	141.0

static uint32_t get_unique_id(ike_sa_t *this)
{
	return 7;
}

static const struct {
	const char *swan, *kernel;
	int dir;	/* -1: none */
} cases[] = {
	{ "5.9.14", "6.12.95+deb12-amd64", -1 },
	{ "5.9.8", "7.2.0", -1 },
	{ "6.0.1", "6.1.0-56-amd64", -1 },
	{ "6.0.0", "6.9.12", -1 },
	{ "6.0.0", "6.10.0-rc1", 1 },
	{ "6.0.1", "6.12.95+deb13-amd64", 1 },
	{ "6.1.0", "7.0-rc3", 1 },
	{ "10.0.2", "10.0.1", 1 },
};

static ike_sa_t ike_sa = { .get_unique_id = get_unique_id };
static ipsec_qos_bucket_t *bucket;
static private_ipsec_qos_spi_t *spi_;
static host_t *src, *dst;
static uint8_t home[IQ_SELECT_BUCKETS / 8];
static char said[4096];

static void note_said(bus_t *bus, debug_t group, level_t level, char *fmt, ...)
{
	size_t len = strlen(said);
	va_list args;

	if (level > LEVEL_CTRL)
		return;
	va_start(args, fmt);
	vsnprintf(said + len, sizeof(said) - len, fmt, args);
	va_end(args);
}

static void set(const char *key, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "charon_spi_test.%s", key);
	lib->settings->set_str(lib->settings, path, (char *)value);
}

static void setup(void)
{
	int i;

	ck_assert(library_init(NULL, "charon_spi_test"));
	ck_assert(libcharon_init());
	charon->bus->log = note_said;
	said[0] = '\0';
	src = host_create_from_string("198.51.100.9", 0);
	dst = host_create_from_string("192.0.2.4", 0);
	swan = "6.0.1";
	kernel = "6.12.0";
	spis = FREE;
	times_asked = 0;
	memset(home, 0, sizeof(home));
	for (i = 0; i < BUCKETS; i++) {
		int b = i * (IQ_SELECT_BUCKETS - 1) / (BUCKETS - 1);

		home[b / 8] |= 1 << b % 8;
	}
}

/* as configured, with the buckets at home where they are wanted */
static void start(const char *derive, bool buckets)
{
	set("plugins.ipsec-qos.spi_derive", derive);
	set("plugins.ipsec-qos.spi_bucket", buckets ? "yes" : "no");
	bucket = ipsec_qos_bucket_create();
	bucket->take(bucket, home);
	spi_ = (private_ipsec_qos_spi_t *)ipsec_qos_spi_create(bucket);
}

static void teardown(void)
{
	src->destroy(src);
	dst->destroy(dst);
	spi_->public.destroy(&spi_->public);
	bucket->destroy(bucket);
	libcharon_deinit();
	library_deinit();
}

/* an SPI that answers another, or none where that is 0; 0: it is charon's to choose */
static uint32_t choose(uint8_t proto, uint32_t originator, status_t otherwise)
{
	request_t *request;
	uint32_t spi = 0;
	status_t status;

	if (originator) {
		INIT(request, .ike_sa = 7, .esp = htonl(originator), .ah = htonl(originator));
		spi_->requests->put(spi_->requests, (void *)request->ike_sa, request);
	}
	times_asked = 0;
	status = spi_->public.allocate(&spi_->public, &ike_sa, src, dst, proto, &spi);
	if (status != SUCCESS)
		ck_assert_int_eq(status, otherwise);
	else
		ck_assert_uint_eq(its_info()->info.id.proto, proto);
	return ntohl(spi);
}

START_TEST(direction)
{
	const struct nlattr *attr;
	uint32_t spi;
	int dir = -1;

	swan = cases[_i].swan;
	kernel = cases[_i].kernel;
	start("md5-low16", false);
	spi = choose(IPPROTO_ESP, 0xc0ffee01, SUCCESS);

	ck_assert_uint_eq(((struct nlmsghdr *)asked)->nlmsg_len, asked_len);
	ck_assert_uint_eq(its_info()->min, spi);
	ck_assert_uint_eq(its_info()->max, spi);
	mnl_attr_for_each(attr, (struct nlmsghdr *)asked, sizeof(struct xfrm_userspi_info)) {
		ck_assert_uint_eq(mnl_attr_get_type(attr), 33);
		ck_assert_uint_eq(mnl_attr_get_payload_len(attr), 1);
		dir = mnl_attr_get_u8(attr);
	}
	ck_assert_int_eq(dir, cases[_i].dir);
}
END_TEST

/*
 * Whoever asks and whoever answers has them of its buckets, each about as often, in the
 * range that charon's are in.
 */
START_TEST(test_bucket)
{
	static unsigned int times[IQ_SELECT_BUCKETS];
	double expected = (double)CHOSEN / BUCKETS, sum = 0, off;
	uint8_t proto = _i & 1 ? IPPROTO_AH : IPPROTO_ESP;
	uint32_t spi, b, ones = 0, zeroes = 0;
	int i;

	start(_i & 2 ? "siphash-low16" : "no", true);
	for (i = 0; i < CHOSEN; i++) {
		spi = choose(proto, 0, SUCCESS);
		ck_assert_uint_eq(spi >> 28, 0xc);
		ck_assert_uint_eq(times_asked, 1);
		times[iq_select_spi(spi)]++;
		ones |= spi;
		zeroes |= ~spi;
	}
	/* none is less likely than the others of its bucket */
	ck_assert_uint_eq(ones & zeroes & 0xffff, 0xffff);
	for (b = 0; b < IQ_SELECT_BUCKETS; b++) {
		if (!iq_select_has(home, b)) {
			ck_assert_uint_eq(times[b], 0);
			continue;
		}
		off = times[b] - expected;
		sum += off * off / expected;
	}
	ck_assert_double_lt(sum, CHI_SQUARE);
}
END_TEST

/* What of a bucket is in another range than charon's own: none is asked for outside. */
START_TEST(test_range)
{
	static const struct {
		const char *min, *max;
		uint32_t from, to;
		bool any;
	} ranges[] = {
		{ "0x100", "0xffffffff", 0x100, 0xffffffff, true },
		/* bucket 0 alone, and none of those below 256 */
		{ "0", "0x7fff", 0x100, 0x7fff, true },
		/* the other way round, as charon takes it */
		{ "0x9fff0010", "0x9fff0000", 0x9fff0000, 0x9fff0010, true },
		{ "0xcfff1234", "0xd0001234", 0xcfff1234, 0xd0001234, true },
		/* one that is not this host's */
		{ "0xc0010000", "0xc001ffff", 0, 0, false },
	};
	uint32_t spi;
	int i;

	set("spi_min", ranges[_i].min);
	set("spi_max", ranges[_i].max);
	start("no", true);
	for (i = 0; i < 1000; i++) {
		spi = choose(IPPROTO_ESP, 0, FAILED);
		if (!ranges[_i].any) {
			ck_assert_uint_eq(spi, 0);
			ck_assert_uint_eq(times_asked, 0);
			continue;
		}
		ck_assert_uint_ge(spi, ranges[_i].from);
		ck_assert_uint_le(spi, ranges[_i].to);
		ck_assert(iq_select_has(home, iq_select_spi(spi)));
	}
	ck_assert_int_eq(!strstr(said, "no SPI was had"), ranges[_i].any);
}
END_TEST

/* Both: sixteen of each bucket end as they have to. */
START_TEST(test_derived_bucket)
{
	uint8_t proto = _i ? IPPROTO_AH : IPPROTO_ESP;
	uint32_t originator, spi, ahead = 0;

	start("md5-low16", true);
	for (originator = 0xc0ffee00; originator < 0xc0fff200; originator++) {
		spi = choose(proto, originator, SUCCESS);
		ck_assert_uint_eq(its_info()->min, spi);
		ck_assert_uint_eq(its_info()->max, spi);
		ck_assert_uint_eq(spi & 0xffff, iq_spi_derived(&spi_->rule, originator));
		ck_assert(iq_select_has(home, iq_select_spi(spi)));
		ahead |= 1 << (spi >> 28);
	}
	ck_assert_uint_eq(ahead, 0xffff);
	/* who asks has nothing to derive */
	spi = choose(proto, 0, SUCCESS);
	ck_assert_uint_eq(spi >> 28, 0xc);
	ck_assert(iq_select_has(home, iq_select_spi(spi)));
}
END_TEST

/* How many different ones were asked for, of how many buckets, and of one at most. */
static void count_asked(unsigned int *spis_, unsigned int *buckets, unsigned int *most)
{
	static unsigned int times[IQ_SELECT_BUCKETS];
	unsigned int i, j, b;

	ck_assert_uint_le(times_asked, N(asked_for));
	memset(times, 0, sizeof(times));
	*spis_ = *buckets = *most = 0;
	for (i = 0; i < times_asked; i++) {
		for (j = 0; j < i && asked_for[j] != asked_for[i]; j++)
			;
		*spis_ += j == i;
		b = iq_select_spi(asked_for[i]);
		*buckets += !times[b]++;
		*most = max(*most, times[b]);
	}
}

/*
 * The last one that is asked for is found; then a bucket counts for more, then nothing
 * does. Each costs no more than 256 requests, all for others, however many there are.
 */
START_TEST(test_derived_taken)
{
	unsigned int n, buckets, most;
	uint32_t spi;

	start("md5-low16", true);
	spis = ALL_BUT;
	but = 256;
	spi = choose(IPPROTO_ESP, 0xc0ffee01, SUCCESS);
	ck_assert_uint_eq(times_asked, 256);
	ck_assert_uint_eq(spi & 0xffff, iq_spi_derived(&spi_->rule, 0xc0ffee01));
	ck_assert(iq_select_has(home, iq_select_spi(spi)));
	count_asked(&n, &buckets, &most);
	ck_assert_uint_eq(n, 256);
	ck_assert_uint_eq(buckets, 16);
	ck_assert_uint_eq(most, 16);
	ck_assert_ptr_null(strstr(said, "no SPI"));

	but = 257;
	spi = choose(IPPROTO_ESP, 0xc0ffee01, SUCCESS);
	ck_assert_uint_eq(times_asked, 257);
	ck_assert(iq_select_has(home, iq_select_spi(spi)));
	ck_assert_ptr_nonnull(strstr(said,
		"no SPI derived from c0ffee01 by md5-low16 was had in 256 tries"));
	ck_assert_ptr_null(strstr(said, "as without"));
	said[0] = '\0';

	spis = TAKEN;
	ck_assert_uint_eq(choose(IPPROTO_ESP, 0xc0ffee01, FAILED), 0);
	ck_assert_uint_eq(times_asked, 512);
	/* of the one it was said a moment ago */
	ck_assert_ptr_null(strstr(said, "derived from"));
	ck_assert_ptr_nonnull(strstr(said, "as without"));
	said[0] = '\0';
	ck_assert_uint_eq(choose(IPPROTO_ESP, 0, FAILED), 0);
	ck_assert_str_eq(said, "");

	/* where another would not do either, it is not tried */
	spis = NO_ROOM;
	ck_assert_uint_eq(choose(IPPROTO_ESP, 0, FAILED), 0);
	ck_assert_uint_eq(times_asked, 1);
}
END_TEST

/* A bucket that seems full is left for the next one; of a small range each is tried. */
START_TEST(test_full)
{
	static const struct {
		const char *min, *max;
		unsigned int n, buckets, most;
	} cases[] = {
		{ "0xc0000000", "0xcfffffff", 256, 4, 64 },
		{ "0x100", "0xffffffff", 256, 4, 64 },
		{ "0xcfff0010", "0xcfff0049", 58, 1, 58 },
		/* as far up as there are any */
		{ "0xfffffff0", "0xffffffff", 16, 1, 16 },
	};
	unsigned int n, buckets, most;

	set("spi_min", cases[_i].min);
	set("spi_max", cases[_i].max);
	start("no", true);
	spis = TAKEN;
	ck_assert_uint_eq(choose(IPPROTO_ESP, 0, FAILED), 0);
	count_asked(&n, &buckets, &most);
	ck_assert_uint_eq(times_asked, cases[_i].n);
	ck_assert_uint_eq(n, cases[_i].n);
	ck_assert_uint_eq(buckets, cases[_i].buckets);
	ck_assert_uint_eq(most, cases[_i].most);
	ck_assert_ptr_nonnull(strstr(said, "no SPI was had in 256 tries at most"));
}
END_TEST

/* IPComp's CPIs, and SPIs where nothing is wanted, or nothing known, are charon's. */
START_TEST(test_others)
{
	start("md5-low16", true);
	ck_assert_uint_eq(choose(IPPROTO_COMP, 0, INVALID_STATE), 0);
	ck_assert_uint_eq(choose(IPPROTO_COMP, 0xc0ffee01, INVALID_STATE), 0);
	ck_assert_uint_eq(times_asked, 0);
	/* which leaves the answer to the SA around it */
	ck_assert_uint_eq(choose(IPPROTO_ESP, 0, SUCCESS) & 0xffff,
			  iq_spi_derived(&spi_->rule, 0xc0ffee01));
	memset(home, 0, sizeof(home));
	bucket->take(bucket, home);
	ck_assert_uint_eq(choose(IPPROTO_ESP, 0, INVALID_STATE), 0);
	ck_assert_uint_eq(times_asked, 0);
	/* derived they are, all the same */
	ck_assert_uint_eq(choose(IPPROTO_ESP, 0xc0ffee01, SUCCESS) & 0xffff,
			  iq_spi_derived(&spi_->rule, 0xc0ffee01));
}
END_TEST

/* A scheme that leaves nothing for a bucket is refused beside one. */
START_TEST(test_no_room)
{
	static const struct {
		const char *scheme;
		bool room;
	} schemes[] = {
		{ "md5-low16", true }, { "md5-low24", false }, { "md5-full", false },
	};

	start(schemes[_i].scheme, true);
	ck_assert_int_eq(!strstr(said, "SPIs are not derived: spi_derive ="),
			 schemes[_i].room);
	ck_assert_int_eq(!spi_->public.listener.message, !schemes[_i].room);
	ck_assert(iq_select_has(home, iq_select_spi(choose(IPPROTO_ESP, 0, SUCCESS))));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("charon_spi");

	/* a thousand times none of 4,096 buckets has one, with the sanitizers */

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, direction, 0, N(cases));
	tcase_add_loop_test(tc, test_bucket, 0, 4);
	tcase_add_loop_test(tc, test_range, 0, 5);
	tcase_add_loop_test(tc, test_derived_bucket, 0, 2);
	tcase_add_test(tc, test_derived_taken);
	tcase_add_loop_test(tc, test_full, 0, 4);
	tcase_add_test(tc, test_others);
	tcase_add_loop_test(tc, test_no_room, 0, 3);
	return run_tests("charon_spi", tc);
}
