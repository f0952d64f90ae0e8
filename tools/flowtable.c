// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>

#include "command.h"
#include "flowtable.h"
#include "nft.h"
#include "print.h"

#define DEVICE_PREFIX	(NFTA_DEVICE_NAME + 1)	/* NFTA_DEVICE_PREFIX of newer headers */

static json_t *devices_json(const struct nlattr *hook)
{
	json_t *devices = json_array();
	const struct nlattr *devs, *dev;

	mnl_attr_for_each_nested(devs, hook) {
		if (mnl_attr_get_type(devs) != NFTA_FLOWTABLE_HOOK_DEVS)
			continue;
		mnl_attr_for_each_nested(dev, devs) {
			uint16_t type = mnl_attr_get_type(dev);

			if ((type != NFTA_DEVICE_NAME && type != DEVICE_PREFIX) ||
			    mnl_attr_validate(dev, MNL_TYPE_NUL_STRING) < 0)
				continue;
			json_array_append_new(devices,
					      name_json(mnl_attr_get_str(dev),
							type == DEVICE_PREFIX ?
							"*" : ""));
		}
	}
	return devices;
}

static int flowtable_cb(const struct nlmsghdr *nlh, void *data)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	const char *table = NULL, *name = NULL;
	json_t *devices = NULL;
	const struct nlattr *attr;

	if (!nft_is(nlh, NFT_MSG_NEWFLOWTABLE))
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(*nfg)) {
		switch (mnl_attr_get_type(attr)) {
		case NFTA_FLOWTABLE_TABLE:
			if (mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
				table = mnl_attr_get_str(attr);
			break;
		case NFTA_FLOWTABLE_NAME:
			if (mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
				name = mnl_attr_get_str(attr);
			break;
		case NFTA_FLOWTABLE_HOOK:
			if (!devices && mnl_attr_validate(attr, MNL_TYPE_NESTED) >= 0)
				devices = devices_json(attr);
			break;
		}
	}
	if (table && name)
		json_array_append_new(data, json_pack("{s:s, s:o, s:o, s:o}", "family",
						      nft_family(nfg->nfgen_family),
						      "table", name_json(table, ""),
						      "name", name_json(name, ""),
						      "devices",
						      devices ?: json_array()));
	else
		json_decref(devices);
	return MNL_CB_OK;
}

json_t *read_flowtables(void)
{
	json_t *flowtables = NULL;
	int ret, tries = 0;

	do {
		json_decref(flowtables);
		flowtables = json_array();
		ret = nft_dump(NFT_MSG_GETFLOWTABLE, flowtable_cb, flowtables);
	} while (dump_again(ret, &tries));
	if (!ret || ret == -EINTR)
		return flowtables;
	json_decref(flowtables);
	return json_null();
}
