# shellcheck shell=bash disable=SC2034 # for those who have this
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For unit tests of scripts: what tests/unit/run counts, as check's programs write it.
# They are called from the top of the tree. $W is a folder that is gone in the end.
set -uo pipefail

W=$(mktemp -d "${TMPDIR:-/tmp}/unit.XXXXXX")
trap 'rm -rf "$W"' EXIT
: > "${CK_TAP_LOG_FILE_NAME:=/dev/stdout}"
failed=0

# expect WHAT COMMAND…: a test, which passes where the command does. What it says is
# shown where it fails.
expect()
{
	local what=$1

	shift
	if "$@" >"$W/said" 2>&1; then
		echo "ok $what" >> "$CK_TAP_LOG_FILE_NAME"
	else
		echo "not ok $what" >> "$CK_TAP_LOG_FILE_NAME"
		echo "FAIL $what: $*" >&2
		cat "$W/said" >&2
		failed=1
	fi
}

# not COMMAND…
not()
{
	! "$@"
}

# stub NAME < SCRIPT: found before what else has that name
stub()
{
	mkdir -p "$W/bin"
	cat > "$W/bin/$1"
	chmod 755 "$W/bin/$1"
}
