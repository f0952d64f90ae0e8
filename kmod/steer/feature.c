// SPDX-License-Identifier: GPL-2.0
#include "feature.h"
#include "state.h"

const struct iq_feature iq_steer_feature = {
	.name = "steering",
};
