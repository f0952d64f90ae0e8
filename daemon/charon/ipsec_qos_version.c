// SPDX-License-Identifier: GPL-2.0-or-later

#include "ipsec_qos_version.h"

#include <ctype.h>
#include <dlfcn.h>
#include <link.h>

/**
 * Functions that the libraries export, or don't, by their version and by what
 * changes structures or inlined code at the same version. It's seen when we are
 * built, as in scripts/strongswan-headers.
 */
static const struct {
	char *name;
	bool there;
} exports[] = {
	/* mediation */
	{ "connect_manager_create",
#ifdef ME
		TRUE
#endif
	},
	/* reference counting */
	{ "ref_get",
#ifndef HAVE_GCC_ATOMIC_OPERATIONS
		TRUE
#endif
	},
	/* printf() */
	{ "builtin_printf",
#ifdef USE_BUILTIN_PRINTF
		TRUE
#endif
	},
	/* 6.0, should a program of an earlier version run with its libraries */
	{ "ocsp_responders_create",
#if __has_include(<credentials/ocsp_responders.h>)
		TRUE
#endif
	},
};

/**
 * Check if a character may be part of a version, or of a path that has one in it
 */
static bool is_part(u_char c)
{
	return isalnum(c) || c == '.' || c == '-' || c == '/';
}

/**
 * Look for VERSION, and not just as a part of another one. It's done by hand, as
 * memmem() of a program with sanitizers refuses what is between its constants.
 */
static bool has_version(const u_char *pos, size_t size)
{
	const u_char *end = pos + size;
	size_t matched = 0;
	bool may = TRUE;

	for (; pos < end; pos++)
	{
		if (!is_part(*pos))
		{
			if (may && matched == strlen(VERSION))
			{
				return TRUE;
			}
			may = TRUE;
			matched = 0;
		}
		else
		{
			may = may && *pos == (u_char)VERSION[matched];
			matched += may;
		}
	}
	return may && matched == strlen(VERSION);
}

/**
 * Look for VERSION in the constants of the program, which is the first object
 */
static int look_into(struct dl_phdr_info *info, size_t size, void *found)
{
	const ElfW(Phdr) *phdr;
	int i;

	for (i = 0; i < info->dlpi_phnum; i++)
	{
		phdr = &info->dlpi_phdr[i];
		if (phdr->p_type == PT_LOAD && (phdr->p_flags & PF_R) &&
			!(phdr->p_flags & PF_W) &&
			has_version((u_char*)info->dlpi_addr + phdr->p_vaddr, phdr->p_memsz))
		{
			*(bool*)found = TRUE;
		}
	}
	return 1;
}

/*
 * Described in header
 */
bool ipsec_qos_version_fits()
{
	bool fits = FALSE;
	size_t i;

	/* No library tells its version before 6.0.3, but charon and its siblings say
	 * theirs when they start. */
	dl_iterate_phdr(look_into, &fits);
	for (i = 0; i < countof(exports); i++)
	{
		fits &= !!dlsym(RTLD_DEFAULT, exports[i].name) == exports[i].there;
	}
	if (!fits)
	{
		/* By the library's function and to the first group, which are the same in
		 * every version; libcharon's DBG1() would reach for its bus. Nor can it be
		 * read how we're configured. */
		DBG1(DBG_DMN, "ipsec-qos was built for strongSwan " VERSION " and this is "
			 "another one, or one built otherwise: rebuild and install it (make, "
			 "make install); until then IPsec runs, but no packet is tagged, and "
			 "where spi_bucket = yes SPIs are of no bucket, so that packets may go to "
			 "another element");
	}
	return fits;
}
