// SPDX-License-Identifier: GPL-2.0-or-later
#include "sa/leasefile.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "log.h"
#include "thread.h"
#include "trust.h"

#define END_PATIENCE	1		/* seconds */
#define FILE_MAX	(64U << 20)	/* bytes that are read: no ranges have so many */
#define WAITING_MAX	(256U << 10)	/* bytes that wait: beyond, all is written anew */
#define SPARE_LINES	1024		/* superseded ones, beside half as many as there are leases */
#define AGAIN		60.0		/* seconds until what failed is tried again */
#define PATIENCE	10.0		/* seconds after which a disk takes too long */

/**
 * struct record - a lease, as it waits for the thread: quickly copied, and it becomes text
 * only there
 *
 * @texts: profile and identity, each with its NUL; of @len bytes
 */
struct record {
	uint32_t id;
	uint32_t number;
	uint32_t len;
	char texts[];
};

/**
 * struct records - some of them, one behind the other, each where one may stand
 *
 * @data: NULL: none
 * @room: bytes, of which @len are used
 */
struct records {
	char *data;
	size_t len;
	size_t room;
};

/**
 * struct job - what the thread is to write
 *
 * @whole: they are all there are
 */
struct job {
	struct records records;
	bool whole;
};

/**
 * struct leasefile - see leasefile.h
 *
 * @lines: in the file, as far as they were handed over
 * @waiting: what waits for the thread
 * @whole: all is to be written anew, and @waiting is not needed
 * @busy: the thread has a job, @since then (monotonic())
 * @slow: it takes very long
 * @trouble: what was wrong with the last one
 * @again: tries it again
 * @lock: protects all that follows, and that nobody is woken who has ended
 * @changed: there is something for the thread
 * @job: for it; @error: what came of it, an errno; @done: it is done
 * @stop: the thread is to end
 */
struct leasefile {
	struct ev_loop *loop;
	char *path;
	struct leases *leases;
	size_t lines;
	struct records waiting;
	bool whole;
	bool busy;
	double since;
	char slow[256];
	struct said trouble;
	ev_timer again;
	ev_async told;
	pthread_t thread;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct job job;
	int error;
	bool done;
	bool stop;
};

/* Bytes of a record with so many of text, so that another may stand behind it */
static size_t record_size(size_t len)
{
	size_t align = _Alignof(struct record);

	return (sizeof(struct record) + len + align - 1) / align * align;
}

/* Reading */

static void read_line(struct leasefile *f, const char *line, size_t len)
{
	const char *profile, *identity;
	json_int_t id, number;
	json_t *json = json_loadb(line, len, 0, NULL);

	if (json && !json_unpack(json, "{s:I, s:s, s:s, s:I}", "id", &id, "profile", &profile,
				 "identity", &identity, "number", &number) &&
	    id > 0 && id <= RANGE_ID_MAX && number > 0 && number <= LEASES_IDENTITY)
		leases_add(f->leases, id, profile, identity, number);
	json_decref(json);
}

static void read_text(struct leasefile *f, const char *text, size_t len)
{
	const char *end;

	/* what has no end was cut off */
	for (; (end = memchr(text, '\n', len)); len -= end + 1 - text, text = end + 1) {
		read_line(f, text, end - text);
		f->lines++;
	}
	f->whole = len;
}

static void read_file(struct leasefile *f)
{
	size_t len;
	char *text;
	int err = file_read(f->path, FILE_MAX, "which peer had which group", &text, &len);

	if (err) {
		f->whole = err == -EINVAL;
		return;
	}
	read_text(f, text, len);
	free(text);
}

/* Writing, in the thread */

/* The lines of records, into one text; *@len: its bytes. */
static char *to_text(const struct records *records, size_t *len)
{
	const struct record *record;
	char *text = NULL;
	size_t at;
	FILE *out;
	int err;

	out = open_memstream(&text, len);
	if (!out)
		return NULL;
	for (at = 0, err = 0; at < records->len && !err; at += record_size(record->len)) {
		json_t *json;

		record = (const struct record *)(records->data + at);
		json = json_pack("{s:I, s:s, s:s, s:I}", "id", (json_int_t)record->id,
				 "profile", record->texts,
				 "identity", record->texts + strlen(record->texts) + 1,
				 "number", (json_int_t)record->number);
		err = !json || json_dumpf(json, out, JSON_COMPACT) || fputc('\n', out) == EOF;
		json_decref(json);
	}
	if (fclose(out))
		err = -1;
	if (!err)
		return text;
	free(text);
	return NULL;
}

static int append(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
		      O_NONBLOCK, 0600);
	char why[512];
	struct stat st;
	int err = 0;

	if (fd < 0 || fstat(fd, &st))
		err = -errno;
	else if (!S_ISREG(st.st_mode) || !trust_check(&st, path, why, sizeof(why)))
		err = -EPERM;
	if (!err)
		err = file_write(fd, text, len);
	if (fd >= 0)
		close(fd);
	return err;
}

static int do_job(const char *path, const struct job *job)
{
	int err = file_make_folder(path);
	size_t len;
	char *text;

	if (err)
		return err;
	text = to_text(&job->records, &len);
	if (!text)
		return -ENOMEM;
	err = job->whole ? file_replace(path, text, len) : append(path, text, len);
	free(text);
	return err;
}

static void *work(void *arg)
{
	struct leasefile *f = arg;
	struct job job;
	int err;

	pthread_mutex_lock(&f->lock);
	for (;;) {
		job = f->job;
		f->job.records = (struct records){};
		if (!job.records.data) {
			if (f->stop)
				break;
			pthread_cond_wait(&f->changed, &f->lock);
			continue;
		}
		pthread_mutex_unlock(&f->lock);
		err = do_job(f->path, &job);
		free(job.records.data);
		pthread_mutex_lock(&f->lock);
		f->error = err;
		f->done = true;
		if (!f->stop)
			ev_async_send(f->loop, &f->told);
	}
	pthread_mutex_unlock(&f->lock);
	return NULL;
}

/* The daemon's loop */

static bool put(struct leasefile *f, const struct lease *lease)
{
	struct records *to = &f->waiting;
	size_t profile = strlen(lease->profile) + 1, identity = strlen(lease->identity) + 1;
	size_t size = record_size(profile + identity);
	struct record *record;
	char *more;

	if (!to->data || to->len + size > to->room) {
		more = realloc(to->data, 2 * (to->len + size));
		if (!more)
			return false;
		to->data = more;
		to->room = 2 * (to->len + size);
	}
	record = (struct record *)(to->data + to->len);
	record->id = lease->id;
	record->number = lease->number;
	record->len = profile + identity;
	memcpy(record->texts, lease->profile, profile);
	memcpy(record->texts + profile, lease->identity, identity);
	to->len += size;
	f->lines++;
	return true;
}

static void forget_waiting(struct leasefile *f)
{
	free(f->waiting.data);
	f->waiting = (struct records){};
}

/* All there are; false: out of memory, and what there was in the file stays. */
static bool put_whole(struct leasefile *f)
{
	const struct lease *lease = NULL;

	forget_waiting(f);
	f->lines = 0;
	while ((lease = leases_known(f->leases, lease))) {
		if (put(f, lease))
			continue;
		forget_waiting(f);
		return false;
	}
	return true;
}

static void try_again(struct leasefile *f)
{
	f->whole = true;
	ev_timer_set(&f->again, AGAIN, 0.0);
	ev_timer_start(f->loop, &f->again);
}

static void hand_over(struct leasefile *f)
{
	if (f->busy || ev_is_active(&f->again))
		return;
	if (f->whole && !put_whole(f))
		try_again(f);
	if (!f->waiting.len)
		return;
	pthread_mutex_lock(&f->lock);
	f->job = (struct job){ .records = f->waiting, .whole = f->whole };
	pthread_cond_signal(&f->changed);
	pthread_mutex_unlock(&f->lock);
	f->busy = true;
	f->since = monotonic();
	f->whole = false;
	f->waiting = (struct records){};
}

static void on_told(struct ev_loop *loop, ev_async *w, int revents)
{
	struct leasefile *f = w->data;
	bool done;
	int err;

	pthread_mutex_lock(&f->lock);
	done = f->done;
	err = f->error;
	f->done = false;
	pthread_mutex_unlock(&f->lock);
	if (!done)
		return;
	f->busy = false;
	if (err) {
		log_once(&f->trouble, LOG_WARNING,
			 "which peer has which group cannot be remembered beyond this daemon's end: %s: %s",
			 f->path, strerror(-err));
		try_again(f);
	} else {
		log_over(&f->trouble, "which peer has which group is remembered in %s again",
			 f->path);
	}
	hand_over(f);
}

static void on_again(struct ev_loop *loop, ev_timer *w, int revents)
{
	hand_over(w->data);
}

void leasefile_add(struct leasefile *f, const struct lease *lease)
{
	if (!f)
		return;
	if (f->lines > SPARE_LINES + leases_n_known(f->leases) * 3 / 2 ||
	    f->waiting.len > WAITING_MAX)
		f->whole = true;
	if (f->whole)
		forget_waiting(f);
	else if (!put(f, lease))
		f->whole = true;
	hand_over(f);
}

const char *leasefile_trouble(struct leasefile *f)
{
	if (f->trouble.text[0])
		return f->trouble.text;
	if (!f->busy || monotonic() - f->since < PATIENCE)
		return NULL;
	snprintf(f->slow, sizeof(f->slow),
		 "which peer has which group is not remembered yet: %.100s has not been written for %.0f s",
		 f->path, monotonic() - f->since);
	return f->slow;
}

static void free_all(struct leasefile *f)
{
	pthread_cond_destroy(&f->changed);
	pthread_mutex_destroy(&f->lock);
	free(f->job.records.data);
	free(f->waiting.data);
	free(f->path);
	free(f);
}

int leasefile_open(struct leasefile **out, struct ev_loop *loop, const char *path,
		   struct leases *leases)
{
	struct leasefile *f = calloc(1, sizeof(*f));
	int err;

	if (!f)
		return -ENOMEM;
	f->loop = loop;
	f->leases = leases;
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->changed, NULL);
	ev_timer_init(&f->again, on_again, 0.0, 0.0);
	ev_async_init(&f->told, on_told);
	f->again.data = f->told.data = f;
	/* which a thread is not to be the first to want */
	json_object_seed(0);
	f->path = strdup(path);
	err = f->path ? thread_start(&f->thread, work, f) : -ENOMEM;
	if (err) {
		free_all(f);
		return err;
	}
	ev_async_start(loop, &f->told);
	read_file(f);
	*out = f;
	return 0;
}

void leasefile_close(struct leasefile *f)
{
	if (!f)
		return;
	ev_async_stop(f->loop, &f->told);
	ev_timer_stop(f->loop, &f->again);
	pthread_mutex_lock(&f->lock);
	/* what the thread has not begun yet and what waits is not one job */
	f->whole |= f->job.records.data && f->waiting.len;
	if (f->whole && !put_whole(f))
		f->whole = false;
	if (f->waiting.len) {
		free(f->job.records.data);
		f->job = (struct job){ .records = f->waiting, .whole = f->whole };
		f->waiting = (struct records){};
	}
	f->stop = true;
	pthread_cond_signal(&f->changed);
	pthread_mutex_unlock(&f->lock);
	if (thread_join(f->thread, END_PATIENCE))
		free_all(f);
}
