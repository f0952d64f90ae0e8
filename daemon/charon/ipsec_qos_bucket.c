// SPDX-License-Identifier: GPL-2.0-or-later

#include "ipsec_qos_bucket.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/random.h>

#include <daemon.h>
#include <threading/condvar.h>
#include <threading/mutex.h>

/**
 * How long nothing more is said of the same trouble, in s
 */
#define QUIET 60

/**
 * For how long after the start an IKE_SA waits to be told of buckets, in ms. The
 * daemon says it as soon as we connect; peers, and connections that are started with
 * us, may be as fast.
 */
#define WAIT 1000

/**
 * The bits of an IKE SPI that are the bucket
 */
#define IKE_MASK ((uint64_t)(IQ_SELECT_BUCKETS - 1) << IQ_SELECT_IKE_SHIFT)

/**
 * The SPIs that charon takes unless configured otherwise, as its plugin
 * kernel-netlink has them
 */
#define CHARON_SPI_MIN 0xc0000000
#define CHARON_SPI_MAX 0xcfffffff

typedef struct private_ipsec_qos_bucket_t private_ipsec_qos_bucket_t;

/**
 * Private data of an ipsec_qos_bucket_t object
 */
struct private_ipsec_qos_bucket_t {

	/**
	 * Public interface
	 */
	ipsec_qos_bucket_t public;

	/**
	 * TRUE if SPIs are to be of buckets
	 */
	bool wanted;

	/**
	 * Protects everything below
	 */
	mutex_t *mutex;

	/**
	 * TRUE once we were told which these are
	 */
	bool told;

	/**
	 * Signaled once we were
	 */
	condvar_t *known;

	/**
	 * Until when that is waited for
	 */
	timeval_t until;

	/**
	 * The buckets, in order
	 */
	uint16_t buckets[IQ_SELECT_BUCKETS];

	/**
	 * How many they are
	 */
	u_int count;

	/**
	 * When each trouble is to be said again, at the earliest
	 */
	time_t quiet[IPSEC_QOS_BUCKET_MAX];
};

/*
 * Described in header
 */
void ipsec_qos_bucket_range(uint32_t *from, uint32_t *to)
{
	uint32_t swap;

	*from = lib->settings->get_int(lib->settings, "%s.spi_min", CHARON_SPI_MIN, lib->ns);
	*to = lib->settings->get_int(lib->settings, "%s.spi_max", CHARON_SPI_MAX, lib->ns);
	if (*from > *to)
	{
		swap = *from;
		*from = *to;
		*to = swap;
	}
}

/**
 * Say that some buckets have no SPI that charon would take, if that is so
 */
static void check_range(const uint16_t *buckets, u_int count)
{
	uint32_t from, to, first;
	u_int i, usable = 0;
	int ahead;

	ipsec_qos_bucket_range(&from, &to);
	for (i = 0; i < count; i++)
	{
		for (ahead = 0; ahead < IPSEC_QOS_BUCKET_AHEAD; ahead++)
		{
			first = (uint32_t)ahead << IPSEC_QOS_BUCKET_AHEAD_SHIFT |
					(uint32_t)buckets[i] << IQ_SELECT_SPI_SHIFT;
			if (first <= to && (first | 0xffff) >= from)
			{
				usable++;
				break;
			}
		}
	}
	if (usable < count)
	{
		DBG1(DBG_CFG, "%u of these buckets have no SPI of %s.spi_min to %s.spi_max, "
			 "%.8x to %.8x: expected a range with all values of bits 16 to 27, such as "
			 "%.8x to %.8x", count - usable, lib->ns, lib->ns, from, to,
			 CHARON_SPI_MIN, CHARON_SPI_MAX);
	}
}

METHOD(ipsec_qos_bucket_t, take, void,
	private_ipsec_qos_bucket_t *this, const uint8_t *home)
{
	uint16_t buckets[IQ_SELECT_BUCKETS];
	u_int count = 0, i;
	bool changed;

	if (!this->wanted)
	{
		return;
	}
	for (i = 0; i < IQ_SELECT_BUCKETS; i++)
	{
		if (iq_select_has(home, i))
		{
			buckets[count++] = i;
		}
	}
	this->mutex->lock(this->mutex);
	changed = !this->told || count != this->count ||
			  memcmp(buckets, this->buckets, count * sizeof(*buckets)) != 0;
	memcpy(this->buckets, buckets, count * sizeof(*buckets));
	this->count = count;
	this->told = TRUE;
	this->known->broadcast(this->known);
	this->mutex->unlock(this->mutex);

	if (changed && count)
	{
		DBG1(DBG_CFG, "SPIs are of %u of %u buckets from now on, as ipsec-qosd says",
			 count, IQ_SELECT_BUCKETS);
		check_range(buckets, count);
	}
	else if (changed)
	{
		DBG1(DBG_CFG, "SPIs are of no bucket, although spi_bucket = yes: ipsec-qosd "
			 "says that none is this element's: expected a pool that it is a member of");
	}
}

METHOD(ipsec_qos_bucket_t, is_wanted, bool,
	private_ipsec_qos_bucket_t *this)
{
	return this->wanted;
}

METHOD(ipsec_qos_bucket_t, complain, void,
	private_ipsec_qos_bucket_t *this, ipsec_qos_bucket_trouble_t trouble,
	const char *fmt, ...)
{
	time_t now = time_monotonic(NULL);
	char text[BUF_LEN];
	va_list args;
	bool due;

	this->mutex->lock(this->mutex);
	due = now >= this->quiet[trouble];
	if (due)
	{
		this->quiet[trouble] = now + QUIET;
	}
	this->mutex->unlock(this->mutex);
	if (due)
	{
		va_start(args, fmt);
		vsnprintf(text, sizeof(text), fmt, args);
		va_end(args);
		DBG1(DBG_KNL, "%s (said once a minute at most)", text);
	}
}

/**
 * Say that there are no buckets to draw from
 */
static void complain_none(private_ipsec_qos_bucket_t *this, bool told)
{
	complain(this, IPSEC_QOS_BUCKET_NONE, "%s: an SPI is chosen as without "
			 "spi_bucket, and its packets may go to another element",
			 told ? "no bucket is this host's, ipsec-qosd says" :
					"ipsec-qosd has not yet said which buckets are this host's, if it "
					"runs and knows which element it is (its log says if not)");
}

METHOD(ipsec_qos_bucket_t, begin, bool,
	private_ipsec_qos_bucket_t *this, ipsec_qos_bucket_walk_t *walk)
{
	bool told;

	walk->left = 0;
	if (!this->wanted)
	{
		return FALSE;
	}
	this->mutex->lock(this->mutex);
	memcpy(walk->buckets, this->buckets, this->count * sizeof(*this->buckets));
	walk->left = this->count;
	told = this->told;
	this->mutex->unlock(this->mutex);
	if (!walk->left)
	{
		complain_none(this, told);
	}
	return walk->left != 0;
}

/*
 * Described in header
 */
bool ipsec_qos_bucket_next(ipsec_qos_bucket_walk_t *walk, uint32_t *bucket,
						   uint32_t *extra)
{
	struct {
		uint32_t which;
		uint32_t extra;
	} drawn;
	u_int i;

	if (!walk->left || getrandom(&drawn, sizeof(drawn), 0) != sizeof(drawn))
	{
		return FALSE;
	}
	i = drawn.which % walk->left;
	*bucket = walk->buckets[i];
	*extra = drawn.extra;
	walk->buckets[i] = walk->buckets[--walk->left];
	return TRUE;
}

/**
 * Check if it is still to be waited for that we're told. Called with the mutex locked.
 */
static bool may_wait(private_ipsec_qos_bucket_t *this)
{
	timeval_t now;

	time_monotonic(&now);
	return !this->told && timercmp(&now, &this->until, <);
}

/**
 * Choose the SPI of an IKE_SA, as it is on the wire, see spi_cb_t. The manager has its
 * lock for it, which others only read. There's always one but where there are no random
 * bytes: without one 5.9.8 keeps a lock for good, and a connection that's started with
 * charon would not be tried again.
 */
static uint64_t choose(private_ipsec_qos_bucket_t *this)
{
	struct {
		uint64_t spi;
		uint32_t which;
	} drawn;
	uint64_t bucket = 0;
	u_int count;
	bool told;

	if (getrandom(&drawn, sizeof(drawn), 0) != sizeof(drawn))
	{
		return 0;
	}
	this->mutex->lock(this->mutex);
	while (may_wait(this))
	{
		this->known->timed_wait_abs(this->known, this->mutex, this->until);
	}
	count = this->count;
	told = this->told;
	if (count)
	{
		bucket = this->buckets[drawn.which % count];
	}
	this->mutex->unlock(this->mutex);
	if (!count)
	{
		complain_none(this, told);
		return drawn.spi;
	}
	return htobe64((be64toh(drawn.spi) & ~IKE_MASK) |
				   bucket << IQ_SELECT_IKE_SHIFT);
}

/**
 * Get a number from charon's own settings
 */
static uint64_t number(const char *key)
{
	return settings_value_as_uint64(lib->settings->get_str(lib->settings, "%s.%s",
													NULL, lib->ns, key), 0);
}

METHOD(ipsec_qos_bucket_t, wrap, void,
	private_ipsec_qos_bucket_t *this)
{
	if (!this->wanted)
	{
		return;
	}
	/* charon puts these in afterwards */
	if ((number("spi_mask") | number("spi_label")) & IKE_MASK)
	{
		DBG1(DBG_CFG, "IKE SPIs have the bucket that spi_label is of, not one of those "
			 "that ipsec-qosd says: expected bits 48 to 59 of spi_mask and spi_label "
			 "to be 0 where spi_bucket = yes");
	}
	time_monotonic(&this->until);
	timeval_add_ms(&this->until, WAIT);
	charon->ike_sa_manager->set_spi_cb(charon->ike_sa_manager, (spi_cb_t)choose,
									   this);
}

METHOD(ipsec_qos_bucket_t, unwrap, void,
	private_ipsec_qos_bucket_t *this)
{
	/* no plugin of strongSwan sets one, so there's none to give back */
	if (this->wanted)
	{
		charon->ike_sa_manager->set_spi_cb(charon->ike_sa_manager, NULL, NULL);
	}
}

METHOD(ipsec_qos_bucket_t, destroy, void,
	private_ipsec_qos_bucket_t *this)
{
	this->known->destroy(this->known);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
ipsec_qos_bucket_t *ipsec_qos_bucket_create()
{
	private_ipsec_qos_bucket_t *this;

	INIT(this,
		.public = {
			.take = _take,
			.is_wanted = _is_wanted,
			.begin = _begin,
			.complain = _complain,
			.wrap = _wrap,
			.unwrap = _unwrap,
			.destroy = _destroy,
		},
		.wanted = lib->settings->get_bool(lib->settings,
							"%s.plugins.ipsec-qos.spi_bucket", FALSE, lib->ns),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
		.known = condvar_create(CONDVAR_TYPE_DEFAULT),
	);

	return &this->public;
}
