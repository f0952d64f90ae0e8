// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many commands from a file.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "batch.h"

/* A pool has as many members as it may, a service as many rules. */
#define LINE_MAX_BYTES	(256 << 10)	/* with its continuations */
#define WORDS_MAX	16640

/**
 * struct gathered - entries of one table that wait to be sent together
 *
 * @nlflags: with these; 0: they are to be deleted
 * @lines: which line each came from
 * @entries: each behind the other, as large as that table's are
 */
static struct gathered {
	enum iq_table_id table;
	int nlflags;
	size_t n;
	unsigned long lines[IPSEC_QOS_BULK_MAX];
	union iq_any_entry entries[IPSEC_QOS_BULK_MAX];
} gathered;

/**
 * struct input - the file
 *
 * @start: of what was read and not yet handed out, up to @end
 * @adds: lines to come that add SAs, as far as they were counted
 * @line: number of the line at hand, the first of its continuations
 * @next: number of the line behind it
 */
static struct input {
	const char *name;
	int fd;
	bool eof;
	size_t start;
	size_t end;
	size_t adds;
	unsigned long line;
	unsigned long next;
	char buffer[2 * LINE_MAX_BYTES];
} input;

static bool in_batch;
static int failed;	/* the STATUS_ of the first line that did */

static int send_some(struct iq_kernel *k, int nlflags, const struct iq_kernel_entry *entry,
		     size_t n)
{
	if (!nlflags)
		return iq_kernel_entry_del(k, entry, n);
	if (entry->table == IQ_TABLE_SA) {
		input.adds -= n < input.adds ? n : input.adds;
		iq_kernel_expect(k, input.adds);
	}
	return iq_kernel_entry_new(k, entry, n, IPSEC_QOS_OWNER_STATIC, nlflags);
}

/* The gathered entry at @i. */
static struct iq_kernel_entry *gathered_at(size_t i)
{
	return (struct iq_kernel_entry *)((char *)gathered.entries +
				   i * iq_kernel_entry_size(gathered.table));
}

static void blame_line(unsigned long line)
{
	fprintf(stderr, "Command failed %s:%lu\n", input.name, line);
}

/*
 * A request is all or nothing. Where one is refused, what stands in front of
 * the entry that the kernel blames is sent without it, and where the kernel
 * blames none, they are sent one by one: that finds it.
 */
int flush_entries(void)
{
	struct iq_kernel *k = gathered.n ? the_kernel() : NULL;
	size_t at = 0, len = gathered.n;
	int status = gathered.n && !k ? STATUS_REFUSED : STATUS_OK;
	bool single = false;

	while (k && at < gathered.n) {
		int culprit, ret;

		ret = send_some(k, gathered.nlflags, gathered_at(at), len);
		culprit = iq_kernel_culprit(k);
		if (!ret) {
			at += len;
		} else if (len > 1 && culprit > 0 && (size_t)culprit < len) {
			len = culprit;
			continue;
		} else if (len > 1 && culprit) {
			single = true;
		} else {
			status = kernel_refused(ret);
			blame_line(gathered.lines[at]);
			if (!options.force)
				break;
			at++;
		}
		len = single ? 1 : gathered.n - at;
	}
	gathered.n = 0;
	if (!failed)
		failed = status;
	return status;
}

int send_entry(int nlflags, const struct iq_kernel_entry *entry)
{
	struct iq_kernel *k;
	int ret;

	if (in_batch) {
		if ((gathered.n == IPSEC_QOS_BULK_MAX ||
		     gathered.table != entry->table ||
		     gathered.nlflags != nlflags) &&
		    flush_entries() && !options.force)
			return STATUS_OK;	/* its line was blamed */
		gathered.table = entry->table;
		gathered.nlflags = nlflags;
		memcpy(gathered_at(gathered.n), entry, iq_kernel_entry_size(entry->table));
		gathered.lines[gathered.n++] = input.line;
		return STATUS_OK;
	}
	k = the_kernel();
	if (!k)
		return STATUS_REFUSED;
	ret = send_some(k, nlflags, entry, 1);
	return ret ? kernel_refused(ret) : STATUS_OK;
}

/*
 * More of the file. Where nothing is there yet, who writes it may be waiting
 * for what was said so far to take effect.
 *
 * Return: a STATUS_.
 */
static int read_more(void)
{
	struct pollfd wait = { .fd = input.fd, .events = POLLIN };
	ssize_t n;

	if (input.end - input.start >= LINE_MAX_BYTES)
		return usage_error("a line of more than %d bytes", LINE_MAX_BYTES);
	memmove(input.buffer, input.buffer + input.start,
		input.end - input.start);
	input.end -= input.start;
	input.start = 0;
	if (poll(&wait, 1, 0) == 0 && flush_entries() && !options.force)
		return STATUS_REFUSED;
	/* one byte stays for the NUL of a last line without a newline */
	do {
		n = read(input.fd, input.buffer + input.end,
			 sizeof(input.buffer) - 1 - input.end);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return usage_error("cannot read \"%s\": %s", input.name,
				   strerror(errno));
	input.eof = n == 0;
	input.end += n;
	return STATUS_OK;
}

/*
 * The next line; a backslash at its end continues it.
 *
 * Return: NULL at the end of the file, or with *@status where it failed.
 */
static char *next_line(int *status)
{
	size_t scanned = 0;	/* behind input.start */

	*status = STATUS_OK;
	input.line = input.next;
	while (true) {
		char *line = input.buffer + input.start;
		char *end = memchr(line + scanned, '\n',
				   input.end - input.start - scanned);

		if (end) {
			input.next++;
			if (end > line && end[-1] == '\\') {
				end[-1] = end[0] = ' ';
				scanned = end - line;
				continue;
			}
			*end = '\0';
			input.start = end + 1 - input.buffer;
			return line;
		}
		if (input.eof) {
			if (input.start == input.end)
				return NULL;
			input.buffer[input.end] = '\0';
			input.start = input.end;
			return line;
		}
		scanned = input.end - input.start;
		*status = read_more();
		if (*status)
			return NULL;
	}
}

static int run_line(char *line)
{
	static char *words[WORDS_MAX];
	struct args args = { .words = words };

	args.n = parse_words(line, words, WORDS_MAX);
	if (args.n == -E2BIG)
		return usage_error("more than %d words", WORDS_MAX);
	if (args.n < 0)
		return usage_error("a quote that is not closed");
	return args.n ? run_command(&args) : STATUS_OK;
}

static bool begins(const char *line, const char *end, const char *with)
{
	return (size_t)(end - line) >= strlen(with) &&
	       !memcmp(line, with, strlen(with));
}

/*
 * How many lines of the file add SAs: the kernel then makes room once. A hint only:
 * that one is written otherwise does no harm. Where SAs go as well, there may be few
 * at any time; and what is no file cannot be read twice: 0. Before anything is read.
 */
static size_t count_adds(void)
{
	off_t at = lseek(input.fd, 0, SEEK_CUR);
	size_t have = 0, n = 0;
	char *line, *end;
	struct stat st;
	ssize_t got;

	/* A device may have no end. */
	if (at < 0 || fstat(input.fd, &st) || !S_ISREG(st.st_mode))
		return 0;
	while ((got = pread(input.fd, input.buffer + have,
				       sizeof(input.buffer) - have, at)) > 0) {
		at += got;
		have += got;
		line = input.buffer;
		while ((end = memchr(line, '\n', input.buffer + have - line))) {
			if (begins(line, end, "sa add ") ||
			    begins(line, end, "sa replace "))
				n++;
			else if (begins(line, end, "sa "))
				return 0;
			line = end + 1;
		}
		have -= line - input.buffer;
		if (have == sizeof(input.buffer))
			break;	/* a line that is too long */
		memmove(input.buffer, line, have);
	}
	return n;
}

int run_batch(const char *file)
{
	int status = STATUS_OK;
	char *line;

	input.name = file;
	input.next = 1;
	input.fd = STDIN_FILENO;
	if (strcmp(file, "-"))
		input.fd = open(file, O_RDONLY | O_CLOEXEC);
	if (input.fd < 0)
		return usage_error("cannot open \"%s\": %s", file,
				   strerror(errno));
	input.adds = count_adds();
	in_batch = true;
	while ((!failed || options.force) && (line = next_line(&status))) {
		status = run_line(line);
		if (status) {
			blame_line(input.line);
			if (!failed)
				failed = status;
		}
	}
	/* at the end of the file, or where it cannot be read */
	flush_entries();
	if (!failed)
		failed = status;
	if (input.fd != STDIN_FILENO)
		close(input.fd);
	return failed;
}
