// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Those who change the tables, and those who look on.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <arpa/inet.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "storm.h"

#define BATCH	250
#define OTHERS	3		/* the first of the groups that are nobody's for long */

void put_owner(struct family *f, uint8_t owner)
{
	mnl_attr_put_u8(f->msg, IPSEC_QOS_A_OWNER, owner);
}

/* SAs that come and go; flood.c sends to those of router */
static void some_sa(struct sa *sa, uint32_t number)
{
	memset(sa, 0, sizeof(*sa));
	sa->spi = 0x20000 + number;
	sa->proto = number % 5 ? IPPROTO_ESP : IPPROTO_AH;
	sa->family = number % 3 ? AF_INET : AF_INET6;
	inet_pton(sa->family, number % 3 ? "10.0.2.2" : "fd02::2", sa->dst);
}

static void set_group(struct family *f, uint32_t id)
{
	char name[16];

	snprintf(name, sizeof(name), "c%u", id);
	family_begin(f, IPSEC_QOS_CMD_GROUP_NEW,
		     NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
	family_add_group(f->msg, id, name, (id & 0xf) << 4 | 0x100,
			 below(3) ? 0 : 0x10000 | id);
	family_talk(f, NULL, NULL);
}

static void set_sas(struct family *f, uint32_t first, unsigned int n)
{
	static const uint16_t how[] = {
		NLM_F_CREATE | NLM_F_EXCL, NLM_F_REPLACE,
		NLM_F_CREATE | NLM_F_REPLACE, NLM_F_CREATE | NLM_F_REPLACE,
	};
	uint32_t group = OTHERS + below(4), lifetime = below(4) ? 0 : 1;
	struct nlattr *nest;
	unsigned int i;
	struct sa sa;

	hold_still();
	family_begin(f, IPSEC_QOS_CMD_SA_NEW, NLM_F_ACK | how[below(4)]);
	if (!below(16))
		mnl_attr_put_u32(f->msg, IPSEC_QOS_A_COUNT, below(100000));
	for (i = 0; i < n; i++) {
		some_sa(&sa, first + i);
		nest = family_begin_sa(f->msg, &sa, group);
		if (lifetime)
			mnl_attr_put_u32(f->msg, IPSEC_QOS_SA_A_LIFETIME, lifetime);
		mnl_attr_nest_end(f->msg, nest);
	}
	i = family_talk(f, NULL, NULL);
	if (!i)
		done(n);
	else if ((int)i == -ENOENT)
		set_group(f, group);
}

static void del_sas(struct family *f, uint32_t first, unsigned int n)
{
	struct sa sa;

	hold_still();
	family_begin(f, IPSEC_QOS_CMD_SA_DEL, NLM_F_ACK);
	for (; n--; first++) {
		some_sa(&sa, first);
		family_add_sa(f->msg, &sa, 0);
	}
	ask(f);
}

static void set_ikes(struct family *f, uint64_t first, unsigned int n)
{
	family_begin(f, IPSEC_QOS_CMD_IKE_NEW,
		     NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
	for (; n--; first++)
		family_add_ike(f->msg, 0x20000 + first / 2,
			       first & 1 ? 0x30000 + first : 0, OTHERS + below(4));
	ask(f);
}

static void del_ike(struct family *f, uint64_t number)
{
	family_begin(f, IPSEC_QOS_CMD_IKE_DEL, NLM_F_ACK);
	family_add_ike(f->msg, 0x20000 + number / 2,
		       number & 1 ? 0x30000 + number : 0, 0);
	ask(f);
}

/* In steady what is not static must stay; elsewhere all may go. */
static void flush(struct family *f, uint8_t cmd)
{
	family_begin(f, cmd, NLM_F_ACK);
	if (in_steady() || below(2))
		put_owner(f, IPSEC_QOS_OWNER_STATIC);
	ask(f);
}

/* From nothing to 5,000 and back, so that tables grow and shrink. */
static void tide(struct family *f)
{
	unsigned int i;

	for (i = 0; i < 20 && going(); i++)
		set_sas(f, i * BATCH, BATCH);
	if (below(2)) {
		flush(f, IPSEC_QOS_CMD_SA_FLUSH);
		return;
	}
	for (i = 0; i < 20 && going(); i++)
		del_sas(f, i * BATCH, BATCH);
	flush(f, IPSEC_QOS_CMD_SA_FLUSH);
}

void act_churn(void)
{
	static struct family f;
	uint32_t first;

	while (going()) {
		if (!ready(&f))
			continue;
		first = below(4096);
		switch (below(64)) {
		case 0:
			tide(&f);
			break;
		case 1:
			flush(&f, IPSEC_QOS_CMD_SA_FLUSH);
			break;
		case 2:
			flush(&f, IPSEC_QOS_CMD_IKE_FLUSH);
			break;
		case 3 ... 10:
			set_sas(&f, first, 1 + below(BATCH));
			break;
		case 11 ... 30:
			set_sas(&f, first, 1);
			break;
		case 31 ... 40:
			del_sas(&f, first, 1 + below(3));
			break;
		case 41 ... 50:
			set_ikes(&f, first, 1 + below(50));
			break;
		default:
			del_ike(&f, first);
			break;
		}
	}
}

/* Groups, with their folders in sysfs; some are used, and stay. */
void act_groups(void)
{
	static struct family f;
	char name[16];
	uint32_t id;

	while (going()) {
		if (!ready(&f))
			continue;
		id = OTHERS + below(40);
		snprintf(name, sizeof(name), "n%u", below(60));
		switch (below(8)) {
		case 0:
			family_begin(&f, IPSEC_QOS_CMD_GROUP_FLUSH, NLM_F_ACK);
			break;
		case 1 ... 3:
			family_begin(&f, IPSEC_QOS_CMD_GROUP_DEL, NLM_F_ACK);
			family_add_group(f.msg, id, NULL, 0, 0);
			break;
		default:
			family_begin(&f, IPSEC_QOS_CMD_GROUP_NEW,
				     NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
			family_add_group(f.msg, id, name, (1 + below(254)) << 4,
					 below(2) ? 0 : 0x10001);
			break;
		}
		ask(&f);
	}
}

static void put_ports(struct family *f, int type, uint16_t first)
{
	uint16_t port[2] = { first, 10000 + type };

	mnl_attr_put(f->msg, type, below(2) ? sizeof(port) : sizeof(port[0]), port);
}

void act_settings(void)
{
	static struct family f;
	struct nlattr *conf, *table, *entry;
	unsigned int n;

	while (going()) {
		if (!ready(&f))
			continue;
		family_begin(&f, IPSEC_QOS_CMD_CONF_SET, NLM_F_ACK);
		conf = mnl_attr_nest_start(f.msg, IPSEC_QOS_A_CONF);
		switch (below(4)) {
		case 0:
			mnl_attr_put_u32(f.msg, IPSEC_QOS_CONF_A_MAX_SAS,
					 below(2) ? 1 + below(5000) : 1 << 20);
			break;
		case 1:
			mnl_attr_put_u32(f.msg, IPSEC_QOS_CONF_A_MAX_GROUPS,
					 below(2) ? 1 + below(20) : 4096);
			break;
		case 2:
			put_ports(&f, IPSEC_QOS_CONF_A_IKE_PORTS, 500);
			put_ports(&f, IPSEC_QOS_CONF_A_NATT_PORTS, 4500);
			break;
		default:
			table = mnl_attr_nest_start(f.msg, IPSEC_QOS_CONF_A_FALLBACK);
			for (n = below(2) ? 0 : below(64); n; n--) {
				entry = mnl_attr_nest_start(f.msg, IPSEC_QOS_FALLBACK_A_ENTRY);
				mnl_attr_put_u8(f.msg, IPSEC_QOS_FALLBACK_A_DSCP, n - 1);
				mnl_attr_put_u32(f.msg, IPSEC_QOS_FALLBACK_A_MARK, n);
				mnl_attr_nest_end(f.msg, entry);
			}
			mnl_attr_nest_end(f.msg, table);
			break;
		}
		mnl_attr_nest_end(f.msg, conf);
		ask(&f);
		usleep(below(2000));
	}
}

/* One who listens, and at times too slowly. */
void act_events(void)
{
	static struct family f;
	unsigned int loads = 0;
	static char room[65536];
	struct timeval wait = { .tv_usec = 100000 };

	while (going()) {
		if (!ready(&f))
			continue;
		if (loads != shared->loads) {
			loads = shared->loads;
			mnl_socket_setsockopt(f.nl, NETLINK_ADD_MEMBERSHIP,
					      &f.events, sizeof(f.events));
			mnl_socket_setsockopt(f.nl, NETLINK_ADD_MEMBERSHIP,
					      &f.nat_events,
					      sizeof(f.nat_events));
			mnl_socket_setsockopt(f.nl, NETLINK_ADD_MEMBERSHIP,
					      &f.steer_events,
					      sizeof(f.steer_events));
			mnl_socket_setsockopt(f.nl, NETLINK_ADD_MEMBERSHIP,
					      &f.chain_events,
					      sizeof(f.chain_events));
			mnl_socket_setsockopt(f.nl, NETLINK_ADD_MEMBERSHIP,
					      &f.trace_events,
					      sizeof(f.trace_events));
			setsockopt(mnl_socket_get_fd(f.nl), SOL_SOCKET,
				   SO_RCVTIMEO, &wait, sizeof(wait));
		}
		if (mnl_socket_recvfrom(f.nl, room, sizeof(room)) > 0)
			done(1);
		if (!below(1000))
			usleep(100000);
	}
}

/* sysfs */

static void read_folder(const char *path, int depth)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	char name[512], text[4096];
	int fd;

	if (!dir)
		return;
	while ((entry = readdir(dir)) && going()) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (entry->d_type == DT_DIR && depth < 3) {
			read_folder(name, depth + 1);
			continue;
		}
		fd = open(name, O_RDONLY | O_CLOEXEC);
		if (fd >= 0 && read(fd, text, sizeof(text)) > 0)
			done(1);
		if (fd >= 0)
			close(fd);
	}
	closedir(dir);
}

void act_sysfs(void)
{
	/* a mount of sysfs shows the namespace that it was made in */
	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("sysfs", "/sys", "sysfs", 0, NULL))
		wire_die("no sysfs");
	while (going()) {
		read_folder("/sys/kernel/ipsec_qos", 0);
		usleep(1000);
	}
}

/* A namespace with everything in it, that goes as it is. */
static void live_and_die(void)
{
	static struct family f;
	uint8_t packet[64] = {};
	struct sockaddr_in to = { .sin_family = AF_INET };
	int fd;

	done_by_nobody();
	if (unshare(CLONE_NEWNET))
		wire_die("no namespace");
	if (!ready(&f))
		exit(1);
	if (system("ip link set lo up"))
		exit(1);
	wire_write_file("/proc/sys/net/ipv4/ip_forward", "1");
	set_group(&f, OTHERS);
	set_group(&f, OTHERS + 1);
	set_sas(&f, 0, 1 + below(1000));
	set_ikes(&f, 0, 1 + below(50));
	nat_put_rule(&f, 1);
	family_talk(&f, NULL, NULL);
	/* What is steered comes back, until it has been through too many hosts. */
	if (below(2))
		steer_put_some(&f, "lo");
	if (below(2))
		chain_put_some(&f);
	family_begin(&f, IPSEC_QOS_CMD_RESYNC_START, NLM_F_ACK);
	family_talk(&f, NULL, NULL);

	/* ESP to itself, and a fragment that waits while the namespace goes */
	fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	packet[0] = 0x45;
	packet[8] = 64;
	packet[9] = IPPROTO_ESP;
	packet[15] = packet[19] = 1;
	packet[12] = packet[16] = 127;
	packet[20] = 1;
	sendto(fd, packet, sizeof(packet), 0, (void *)&to, sizeof(to));
	packet[5] = 7;
	packet[7] = 2;
	sendto(fd, packet, sizeof(packet), 0, (void *)&to, sizeof(to));
	exit(0);
}

void act_namespaces(void)
{
	int status;
	pid_t pid;

	while (going()) {
		pid = fork();
		seed++;
		if (!pid)
			live_and_die();
		if (waitpid(pid, &status, 0) == pid && !status)
			done(1);
	}
}
