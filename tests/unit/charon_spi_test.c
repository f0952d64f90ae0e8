// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel is asked for, for an SPI that is derived: an SA of the kind that
 * charon then installs, which depends on the versions of both.
 */
#include <stdio.h>
#include <sys/utsname.h>
#include <libmnl/libmnl.h>

#include "suite.h"

/* Of another strongSwan and another kernel, which answers what it's asked for. */
static const char *swan, *kernel;
static char asked[1024];
static size_t asked_len;

static int its_uname(struct utsname *name)
{
	snprintf(name->release, sizeof(name->release), "%s", kernel);
	return 0;
}

static ssize_t its_sendto(const struct mnl_socket *nl, const void *msg,
			  size_t len)
{
	ck_assert_uint_le(len, sizeof(asked));
	memcpy(asked, msg, len);
	asked_len = len;
	return len;
}

static ssize_t its_recvfrom(const struct mnl_socket *nl, void *buf, size_t size)
{
	struct nlmsghdr *hdr = mnl_nlmsg_put_header(buf);

	hdr->nlmsg_type = NLMSG_MIN_TYPE;
	return hdr->nlmsg_len;
}

#define uname		its_uname
#define mnl_socket_sendto	its_sendto
#define mnl_socket_recvfrom	its_recvfrom
#undef VERSION
#define VERSION		swan
#include "ipsec_qos_spi.c"

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

START_TEST(direction)
{
	ike_sa_t ike_sa = { .get_unique_id = get_unique_id };
	const struct xfrm_userspi_info *info;
	private_ipsec_qos_spi_t *this;
	const struct nlattr *attr;
	host_t *src, *dst;
	request_t *request;
	uint32_t spi;
	int dir = -1;

	swan = cases[_i].swan;
	kernel = cases[_i].kernel;
	ck_assert(library_init(NULL, "charon_spi_test"));
	ck_assert(libcharon_init());
	lib->settings->set_str(lib->settings,
			       "charon_spi_test.plugins.ipsec-qos.spi_derive",
			       "md5-low16");
	this = (private_ipsec_qos_spi_t *)ipsec_qos_spi_create();
	src = host_create_from_string("198.51.100.9", 0);
	dst = host_create_from_string("192.0.2.4", 0);
	INIT(request, .ike_sa = 7, .esp = htonl(0xc0ffee01));
	this->requests->put(this->requests, (void *)request->ike_sa, request);
	ck_assert_int_eq(this->public.allocate(&this->public, &ike_sa, src, dst,
					       IPPROTO_ESP, &spi), SUCCESS);

	info = mnl_nlmsg_get_payload((struct nlmsghdr *)asked);
	ck_assert_uint_eq(((struct nlmsghdr *)asked)->nlmsg_len, asked_len);
	ck_assert_uint_eq(info->min, ntohl(spi));
	ck_assert_uint_eq(info->max, ntohl(spi));
	mnl_attr_for_each(attr, (struct nlmsghdr *)asked, sizeof(*info)) {
		ck_assert_uint_eq(mnl_attr_get_type(attr), 33);
		ck_assert_uint_eq(mnl_attr_get_payload_len(attr), 1);
		dir = mnl_attr_get_u8(attr);
	}
	ck_assert_int_eq(dir, cases[_i].dir);

	src->destroy(src);
	dst->destroy(dst);
	this->public.destroy(&this->public);
	libcharon_deinit();
	library_deinit();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("charon_spi");

	tcase_add_loop_test(tc, direction, 0, N(cases));
	return run_tests("charon_spi", tc);
}
