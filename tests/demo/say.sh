# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How the demonstrations speak, and what becomes of their claims.

wrong=0

say()
{
	printf '  %s\n' "$*"
}

# title TEXT…
title()
{
	printf '\n%s\n\n' "$*"
}

# says TEXT COMMAND…: and whether it is as it should be
says()
{
	if "${@:2}"; then
		say "$1: ok"
	else
		wrong=$((wrong + 1))
		say "$1: NOT OK"
	fi
}

# says_end: the last line of all
says_end()
{
	echo
	if [ $wrong = 0 ]; then
		echo "Every figure is as it should be."
	else
		echo "$wrong figures are not as they should be."
		exit 1
	fi
}
