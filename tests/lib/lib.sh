# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the scenarios in tests/e2e are written with. A scenario is a bash script
# that runs as root in tests/vm/run's machine and begins with
#
#	. tests/lib/lib.sh
#
# Its first failing command, or fail, ends it. What it leaves in $W (logs,
# captures) is kept where it failed.
#
#   net.sh      hosts (namespaces) and the links between them
#   charon.sh   strongSwan on a host
#   qos.sh      the module, and ipsec-qosd on a host
#   capture.sh  tcpdump on a host
#   traffic.sh  ping and iperf3
set -Eeuo pipefail

[ "$(stat -f -c %T /)" = overlayfs ] || {
	echo "this changes the machine that it runs on: tests/vm/run -- bash $0" >&2
	exit 1
}

top=$PWD
W=/tmp/e2e
mkdir -p "$W"
PATH=$top/build/bin:$PATH
scenario=$(basename "$0" .sh)
exec 9>&2	# what went wrong is said even where errors are thrown away

# step TEXT…: say what comes now
step()
{
	local uptime

	read -r uptime _ </proc/uptime
	printf '%7.1f  %s\n' "$uptime" "$*"
}

# fail TEXT…: say what went wrong and end
fail()
{
	trap - ERR
	echo "FAIL: $*" >&9
	exit 1
}

_at_error()
{
	local status=$? i

	{
		echo "FAIL: '$BASH_COMMAND' said $status"
		for ((i = 1; i < ${#FUNCNAME[@]}; i++)); do
			echo "      ${BASH_SOURCE[i]}:${BASH_LINENO[i - 1]}"
		done
	} >&9
	exit 1
}
trap _at_error ERR

_at_exit()
{
	local status=$?

	trap - ERR
	if [ $status != 0 ]; then
		mkdir -p "$VM_OUT/$scenario"
		dmesg > "$VM_OUT/$scenario/dmesg" || true
		# charons go on writing
		(cd "$W" && find . -type f \( -name '*.log' -o -name '*.pcap' \
			-o -name '*.conf' -o -name '*.json' \) -print0 |
			tar -c --warning=no-file-changed --null -T - |
			tar -x -C "$VM_OUT/$scenario") || true
	fi
}
trap _at_exit EXIT

# now_ms: a time, in milliseconds
now_ms()
{
	echo $((${EPOCHREALTIME//[!0-9]/} / 1000))
}

# jq ARGUMENT…: gojq says the same and starts at once; jq compiles its library
# each time, which takes an emulated processor half a second
jq()
{
	gojq "$@"
}

# wait_for SECONDS COMMAND…: until it succeeds; fail where the last that began in
# time does not. On a kernel that is slower than a stock one (SLOW) it has as much
# more time.
wait_for()
{
	local deadline=$(($(now_ms) + $1 * 1000 * ${SLOW:-1}))

	shift
	until "$@" >/dev/null 2>&1; do
		if (($(now_ms) >= deadline)); then
			"$@" || true
			fail "in vain waited for: $*"
		fi
		read -rt 0.1 <> <(:) || true
	done
}

# not COMMAND…: succeeds where COMMAND fails (a plain ! hides from set -e)
not()
{
	if "$@"; then
		return 1
	fi
}

# expect WHAT WANTED ACTUAL
expect()
{
	[ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
}

# expect_near WHAT WANTED ACTUAL PERCENT
expect_near()
{
	awk -v w="$2" -v a="$3" -v p="$4" \
		'BEGIN { exit !(a >= w * (1 - p / 100) && a <= w * (1 + p / 100)) }' ||
		fail "$1: expected $2 within $4 %, got $3"
}

# expect_refused PATTERN COMMAND…: COMMAND fails, and says something like it
# (an extended regular expression)
expect_refused()
{
	local pattern=$1 said

	shift
	if said=$("$@" 2>&1); then
		fail "not refused: $*"
	fi
	grep -qE -- "$pattern" <<<"$said" ||
		fail "$*: expected to be told '$pattern', was told: $said"
}

# expect_json FILTER COMMAND…: COMMAND's output passes jq -e FILTER
expect_json()
{
	local filter=$1 said

	shift
	said=$("$@") || fail "failed: $*"
	jq -e "$filter" >/dev/null <<<"$said" ||
		fail "$*: expected '$filter' of: $said"
}

# json FILTER COMMAND…: what jq -r FILTER makes of COMMAND's output
json()
{
	local filter=$1

	shift
	"$@" | jq -r "$filter"
}

# json_is FILTER COMMAND…: for wait_for
json_is()
{
	local filter=$1

	shift
	"$@" | jq -e "$filter"
}

# expect_dmesg PATTERN, expect_no_dmesg PATTERN. What the kernel warns of fails
# a scenario anyhow: tests/vm/run sees to that.
expect_dmesg()
{
	dmesg | grep -E -- "$1" >/dev/null || fail "the kernel did not say '$1'"
}

expect_no_dmesg()
{
	not grep -E -- "$1" <<<"$(dmesg)" || fail "the kernel said '$1'"
}

# end PID [SIGNAL]: end a process that this script started, and wait for it
end()
{
	kill -s "${2:-TERM}" "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
}

# shellcheck source=tests/lib/net.sh
. "$top/tests/lib/net.sh"
# shellcheck source=tests/lib/charon.sh
. "$top/tests/lib/charon.sh"
# shellcheck source=tests/lib/qos.sh
. "$top/tests/lib/qos.sh"
# shellcheck source=tests/lib/capture.sh
. "$top/tests/lib/capture.sh"
# shellcheck source=tests/lib/traffic.sh
. "$top/tests/lib/traffic.sh"
