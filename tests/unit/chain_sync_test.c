// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How devices, chains and services are brought to the module: in which order, and by how many
 * requests. The module is one of this test's own (-Wl,--wrap), which knows that a port of an
 * address is one service's.
 */
#include "config_files.h"

#include <errno.h>
#include <sys/socket.h>

#include "chain/found.h"
#include "chain/sync.h"

#define SERVICES	4096	/* ids of the module here are below that */
#define DEVICES		16

/**
 * struct module - what it has, by id, and what it was asked
 *
 * @device, @service: id 0: it is not there
 * @n_services: requests that state services
 * @n_dels: services that went
 * @downs: of each device, how many services had been stated when it was told to be down
 * @n_stated: services that were
 */
static struct module {
	bool gone;
	struct iq_kernel_device device[DEVICES];
	struct iq_kernel_service service[SERVICES];
	struct iq_kernel_port port[SERVICES];
	unsigned int n_services;
	unsigned int n_dels;
	unsigned int downs[DEVICES];
	unsigned int n_stated;
	unsigned int n_dumps;
} module;

static int the_kernel;

int __wrap_iq_kernel_open(struct iq_kernel **k);
int __wrap_iq_kernel_open(struct iq_kernel **k)
{
	*k = (void *)&the_kernel;
	return module.gone ? -ENOENT : 0;
}

void __wrap_iq_kernel_close(struct iq_kernel *k);
void __wrap_iq_kernel_close(struct iq_kernel *k)
{
}

const char *__wrap_iq_kernel_error(const struct iq_kernel *k);
const char *__wrap_iq_kernel_error(const struct iq_kernel *k)
{
	return "refused";
}

int __wrap_iq_kernel_device_new(struct iq_kernel *k, const struct iq_kernel_device *d, size_t n,
				int owner, int nlflags);
int __wrap_iq_kernel_device_new(struct iq_kernel *k, const struct iq_kernel_device *d, size_t n,
				int owner, int nlflags)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct iq_kernel_device *to = &module.device[d[i].id];

		to->id = d[i].id;
		if (*d[i].name)
			strcpy(to->name, d[i].name);
		if (d[i].has & IQ_DEVICE_STATE)
			to->state = d[i].state;
		if (to->state == IPSEC_QOS_DEVICE_DOWN && !module.downs[to->id])
			module.downs[to->id] = module.n_stated + 1;
	}
	return 0;
}

int __wrap_iq_kernel_device_del(struct iq_kernel *k, const struct iq_kernel_device *d, size_t n);
int __wrap_iq_kernel_device_del(struct iq_kernel *k, const struct iq_kernel_device *d, size_t n)
{
	module.device[d->id].id = 0;
	return 0;
}

int __wrap_iq_kernel_device_dump(struct iq_kernel *k, int owner,
				 int (*cb)(const struct iq_kernel_device *d, void *arg), void *arg);
int __wrap_iq_kernel_device_dump(struct iq_kernel *k, int owner,
				 int (*cb)(const struct iq_kernel_device *d, void *arg), void *arg)
{
	size_t i;

	module.n_dumps++;
	for (i = 0; i < DEVICES; i++)
		if (module.device[i].id)
			cb(&module.device[i], arg);
	return 0;
}

int __wrap_iq_kernel_chain_new(struct iq_kernel *k, const struct iq_kernel_chain *c, size_t n,
			       int owner, int nlflags);
int __wrap_iq_kernel_chain_new(struct iq_kernel *k, const struct iq_kernel_chain *c, size_t n,
			       int owner, int nlflags)
{
	return 0;
}

int __wrap_iq_kernel_chain_dump(struct iq_kernel *k, int owner,
				int (*cb)(const struct iq_kernel_chain *c, void *arg), void *arg);
int __wrap_iq_kernel_chain_dump(struct iq_kernel *k, int owner,
				int (*cb)(const struct iq_kernel_chain *c, void *arg), void *arg)
{
	return 0;
}

static bool taken(const struct iq_kernel_service *s)
{
	size_t i;

	for (i = 0; i < SERVICES; i++)
		if (module.service[i].id && i != s->id && module.port[i].first == s->ports->first)
			return true;
	return false;
}

int __wrap_iq_kernel_service_new(struct iq_kernel *k, const struct iq_kernel_service *s, size_t n,
				 int owner, int nlflags);
int __wrap_iq_kernel_service_new(struct iq_kernel *k, const struct iq_kernel_service *s, size_t n,
				 int owner, int nlflags)
{
	size_t i;

	module.n_services++;
	/* none of them changes where one is refused */
	for (i = 0; i < n; i++)
		if (taken(&s[i]))
			return -EADDRINUSE;
	for (i = 0; i < n; i++) {
		module.service[s[i].id] = s[i];
		module.port[s[i].id] = *s[i].ports;
		module.n_stated++;
	}
	return 0;
}

int __wrap_iq_kernel_service_get(struct iq_kernel *k, struct iq_kernel_service *s);
int __wrap_iq_kernel_service_get(struct iq_kernel *k, struct iq_kernel_service *s)
{
	*s = module.service[s->id];
	s->ports = &module.port[s->id];
	return s->id ? 0 : -ENOENT;
}

void __wrap_iq_kernel_service_free(struct iq_kernel_service *s);
void __wrap_iq_kernel_service_free(struct iq_kernel_service *s)
{
}

int __wrap_iq_kernel_service_del(struct iq_kernel *k, const struct iq_kernel_service *s, size_t n);
int __wrap_iq_kernel_service_del(struct iq_kernel *k, const struct iq_kernel_service *s, size_t n)
{
	module.service[s->id].id = 0;
	module.n_dels++;
	return 0;
}

int __wrap_iq_kernel_service_dump(struct iq_kernel *k, int owner,
				  int (*cb)(const struct iq_kernel_service *s, void *arg), void *arg);
int __wrap_iq_kernel_service_dump(struct iq_kernel *k, int owner,
				  int (*cb)(const struct iq_kernel_service *s, void *arg), void *arg)
{
	size_t i;

	module.n_dumps++;
	for (i = 0; i < SERVICES; i++)
		if (module.service[i].id)
			cb(&module.service[i], arg);
	return 0;
}

/* What comes to be wanted while the errand works */
static struct chain_wanted *next;
static unsigned int next_at;	/* once so many services were stated */

bool __wrap_errand_peek(struct errand *errand, void (*look)(const void *wanted, void *arg),
			void *arg);
bool __wrap_errand_peek(struct errand *errand, void (*look)(const void *wanted, void *arg),
			void *arg)
{
	if (!next || module.n_stated < next_at)
		return false;
	look(next, arg);
	return true;
}

/* Devices fw and web, and @n services, the i-th of which has the port of @port(i) */
static struct config *services(unsigned int n, unsigned int (*port)(unsigned int i, unsigned int n))
{
	struct config *c;
	unsigned int i;
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	fputs("device fw { id = 1 interface = v1 mac = \"02:00:00:00:00:01\" }\n"
	      "device web { id = 2 interface = v2 mac = \"02:00:00:00:00:02\" }\n"
	      "chain w { id = 1 devices = { fw, web } }\n", out);
	for (i = 0; i < n; i++)
		fprintf(out, "service s%u { id = %u address = 198.51.100.80 chain = w mode = alias ports = tcp/%u }\n",
			i, i + 1, port(i, n));
	fclose(out);
	c = load(text);
	free(text);
	return c;
}

static unsigned int own(unsigned int i, unsigned int n)
{
	return 1000 + i;
}

static unsigned int next_one(unsigned int i, unsigned int n)
{
	return 1001 + i;
}

static unsigned int one_before(unsigned int i, unsigned int n)
{
	return 999 + i;
}

static unsigned int round_about(unsigned int i, unsigned int n)
{
	return 1000 + (i + 1) % n;
}

static void *sync_state;

static void run(struct config *c, bool all, bool down)
{
	struct chain_wanted *w = chain_wanted_new(c, all);
	char why[ERRAND_WHY] = "";
	size_t i;

	ck_assert_ptr_nonnull(w);
	w->now[0].down = down;
	for (i = 0; i < c->chain.n_services; i++)
		w->how[i] = SERVICE_PLAIN;
	ck_assert_msg(!chain_sync_run(sync_state, w, why, sizeof(why)), "%s", why);
	chain_wanted_free(w);
}

static void are(struct config *c)
{
	size_t i;

	for (i = 0; i < c->chain.n_services; i++) {
		const struct service *s = &c->chain.services[i];

		ck_assert_uint_eq(module.service[s->id].id, s->id);
		ck_assert_uint_eq(module.port[s->id].first, s->ports->first);
	}
}

static void begin(void)
{
	setup();
	memset(&module, 0, sizeof(module));
	next = NULL;
	next_at = 0;
	sync_state = chain_sync_new();
	ck_assert_ptr_nonnull(sync_state);
	/* which errand it is nobody looks */
	chain_sync_of(sync_state, (void *)&the_kernel);
}

static void end(void)
{
	chain_sync_end(sync_state);
	teardown();
}

/* Each is to have what the next or the last one has: nobody makes way, nobody tries for ever. */
START_TEST(test_shift)
{
	enum { N = 1000 };
	struct config *was = services(N, own), *is = services(N, _i ? next_one : one_before);
	unsigned int before;

	run(was, true, false);
	are(was);
	before = module.n_services;
	run(is, true, false);
	are(is);
	ck_assert_uint_eq(module.n_dels, 0);
	/* two passes, each of which tries some together, and then each */
	ck_assert_uint_le(module.n_services - before, 2 * N + 2 * 4);
	config_free(was);
	config_free(is);
}
END_TEST

START_TEST(test_round)
{
	enum { N = 300 };
	struct config *was = services(N, own), *is = services(N, round_about);

	run(was, true, false);
	run(is, true, false);
	are(is);
	ck_assert_uint_eq(module.n_dels, N);
	config_free(was);
	config_free(is);
}
END_TEST

/* One that fails while services are stated is down behind the next few of them. */
START_TEST(test_hurry)
{
	enum { N = 2000, AT = 700 };
	struct config *c = services(N, own);

	next = chain_wanted_new(c, true);
	ck_assert_ptr_nonnull(next);
	next->now[0].down = true;
	next_at = AT;
	run(c, true, false);
	are(c);
	ck_assert_uint_eq(module.device[1].state, IPSEC_QOS_DEVICE_DOWN);
	ck_assert_uint_ge(module.downs[1], AT);
	ck_assert_uint_le(module.downs[1], AT + 257);
	ck_assert_uint_eq(module.device[2].state, IPSEC_QOS_DEVICE_UP);
	chain_wanted_free(next);
	config_free(c);
}
END_TEST

/* And where all is stated once more, ahead of that, and of reading what there is */
START_TEST(test_first)
{
	enum { N = 500 };
	struct config *c = services(N, own);

	run(c, true, false);
	ck_assert_uint_eq(module.downs[1], 0);
	run(c, true, true);
	ck_assert_uint_eq(module.downs[1], N + 1);
	/* what changed alone */
	module.n_dumps = 0;
	run(c, false, false);
	ck_assert_uint_eq(module.device[1].state, IPSEC_QOS_DEVICE_UP);
	ck_assert_uint_eq(module.n_dumps, 0);
	ck_assert_uint_eq(module.n_stated, 2 * N);
	config_free(c);
}
END_TEST

/* What another daemon left: services whose modes are to be found are looked at, if there are. */
START_TEST(test_found)
{
	struct config *c = load("device web { id = 2 interface = v2 address = 10.0.30.2 }\n"
				"chain w { id = 1 devices = web }\n"
				"service a { id = 7 address = 198.51.100.80 ports = tcp/1 chain = w }\n"
				"service b { id = 8 address = 198.51.100.80 ports = tcp/2 chain = w }\n"
				"service n { id = 9 address = 198.51.100.80 ports = tcp/3 chain = w }\n");
	struct config *said = services(2, own);
	struct iq_kernel_segment to = { .device = 2, .to = { .family = AF_INET, .b = { 10, 0, 30, 2 } } };
	struct found *f = found_new();
	const struct found_service *s;
	char why[ERRAND_WHY];

	module.device[2] = (struct iq_kernel_device){ .id = 2, .name = "web" };
	module.service[7] = (struct iq_kernel_service){ .id = 7, .name = "a" };
	module.service[8] = (struct iq_kernel_service){ .id = 8, .name = "b", .n_segments = 1, .segments = &to };
	/* its id was another's */
	module.service[9] = (struct iq_kernel_service){ .id = 9, .name = "other" };
	ck_assert(!found_run(f, c, why, sizeof(why)));
	ck_assert_ptr_eq(f->config, c);
	ck_assert_uint_eq(utarray_len(&f->devices), 1);
	ck_assert_uint_eq(utarray_len(&f->services), 2);
	s = (void *)utarray_eltptr(&f->services, 0);
	ck_assert(s[0].place == 0 && !s[0].nat);
	ck_assert(s[1].place == 1 && s[1].nat);
	/* where all modes are said nobody asks for services */
	module.n_dumps = 0;
	ck_assert(!found_run(f, said, why, sizeof(why)));
	ck_assert_uint_eq(module.n_dumps, 1);
	ck_assert_uint_eq(utarray_len(&f->services), 0);
	module.gone = true;
	ck_assert_int_eq(found_run(f, c, why, sizeof(why)), -ENOENT);
	ck_assert_uint_eq(utarray_len(&f->devices), 0);
	found_end(f);
	config_free(said);
	config_free(c);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("chain_sync");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, test_shift, 0, 2);
	tcase_add_test(tc, test_round);
	tcase_add_test(tc, test_hurry);
	tcase_add_test(tc, test_first);
	tcase_add_test(tc, test_found);
	return run_tests("chain_sync", tc);
}
