# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Are the module's tables on a host exactly what the kernel and charon have, and
# what says so independently of the module.

# kernel_sas HOST, module_sas HOST: "dst spi proto" of each SA, sorted
kernel_sas()
{
	ip -n "$1" xfrm state | awk '
		$1 == "src" { dst = $4 }
		$1 == "proto" && ($2 == "esp" || $2 == "ah") { print dst, $4, $2 }
	' | while read -r dst spi proto; do
		printf '%s %u %s\n' "$dst" "$spi" "$proto"
	done | sort
}

module_sas()
{
	qos "$1" -j sa show | jq -r '.[] | "\(.dst) \(.spi) \(.proto)"' | sort
}

# charon_ikes HOST, module_ikes HOST: both SPIs of each IKE SA, sorted
charon_ikes()
{
	swan "$1" --list-sas --raw |
		sed -nE 's/.*initiator-spi=([0-9a-f]+) responder-spi=([0-9a-f]+) .*/\1 \2/p' |
		sort
}

module_ikes()
{
	qos "$1" -j ike show | jq -r '.[] | "\(.spi_i) \(.spi_r)"' |
		sed 's/0x//g' | sort
}

# sas_exact HOST, ikes_exact HOST: succeeds where both have the same; says where
# they differ. For wait_for, while something may be under way.
sas_exact()
{
	diff -U 0 --label "the kernel's SAs" --label "the module's" \
		<(kernel_sas "$1") <(module_sas "$1")
}

ikes_exact()
{
	diff -U 0 --label "charon's IKE SAs" --label "the module's" \
		<(charon_ikes "$1") <(module_ikes "$1")
}

# tables_exact HOST [SECONDS]: within that time, unless said otherwise three
# seconds: one, and an emulated processor; and no SA is waited for any more.
# tables_exact_since measures it.
tables_exact()
{
	wait_for "${2:-3}" sas_exact "$1"
	wait_for "${2:-3}" ikes_exact "$1"
	expect_json 'all(.[]; has("lifetime") | not)' qos "$1" -j sa show
}

# changes_watch HOST: from now on what changes in the module's tables is written
# down with the time, for tables_exact_since. changes_pause HOST is for before the
# module is unloaded, as who asks for it has it loaded; changes_go_on HOST for when
# it is there again.
changes_watch()
{
	: > "$W/$1/changes.log"
	# shellcheck disable=SC2016 # for the inner shell
	exec_at "$1" sh -c '
		while :; do
			[ ! -e "$1/watch" ] || ipsec-qos -t monitor >>"$1/changes.log"
			sleep 0.1
		done' sh "$W/$1" </dev/null 2>"$W/$1/monitor.log" &
	disown $!
	changes_go_on "$1"
}

changes_pause()
{
	rm -f "$W/$1/watch"
}

listening=0	# from when on it is known to be written down, as of now_ms
changes_go_on()
{
	local line

	line=$(wc -l < "$W/$1/changes.log")
	: > "$W/$1/watch"
	wait_for 10 _changes_are_seen "$1"
	line=$(sed -n "$((line + 1))p" "$W/$1/changes.log")
	line=${line%%]*}
	listening=$(date -d "${line#[}" +%s%3N)
}

# a group that nobody needs comes and goes, and all that changed before is there
_changes_are_seen()
{
	local before

	before=$(_pokes "$1")
	qos "$1" group add poke id 4000 mark 0x1000/0xf000
	qos "$1" group del poke
	(($(_pokes "$1") == before + 2))
}

_pokes()
{
	awk '/ group poke / { n++ } END { print n + 0 }' "$W/$1/changes.log"
}

# tables_exact_since HOST TIME WHAT: the tables are exact, and have been from one
# second after TIME (of now_ms) at the latest, at which WHAT happened. To look
# takes longer than that on an emulated processor: what counts is when something
# changed in the tables last, or from when on that would have been seen.
tables_exact_since()
{
	local last after=0

	wait_for 30 sas_exact "$1"
	wait_for 30 ikes_exact "$1"
	wait_for 10 _changes_are_seen "$1"
	not grep 'lost' "$W/$1/monitor.log" || fail "changes were not seen"
	sas_exact "$1"
	last=$(awk '$3 == "sa" || $3 == "ike" { last = substr($1, 2, length($1) - 2) }
		    END { print last }' "$W/$1/changes.log")
	last=$(date -d "$last" +%s%3N)
	((last >= listening)) || last=$listening
	if ((last > $2)); then
		after=$((last - $2))
	fi
	echo "           exact $after ms after $3"
	((after <= 1000 * ${SLOW:-1})) || fail "more than a second"
	expect_json 'all(.[]; has("lifetime") | not)' qos "$1" -j sa show
}

# witness HOST MARK/MASK: nftables counts ESP packets that arrive or are made
# here, after the module has seen them: all, and those without that mark
witness()
{
	at "$1" nft -f - <<-END
	table inet witness {
		counter seen { }
		counter unmarked { }
		chain tell {
			counter name seen
			meta mark & ${2#*/} != ${2%/*} counter name unmarked
		}
		chain arrived {
			type filter hook prerouting priority filter
			meta l4proto { esp, ah } jump tell
			udp dport 4500 @th,64,32 != 0 jump tell
		}
		chain made {
			type filter hook output priority filter
			meta l4proto { esp, ah } jump tell
			udp sport 4500 @th,64,32 != 0 jump tell
		}
	}
	END
}

# witnessed HOST seen|unmarked: packets
witnessed()
{
	at "$1" nft -j list counter inet witness "$2" |
		jq '[.nftables[].counter.packets // empty][0]'
}

# witness_forgive HOST: what was without the mark so far was rightly so
declare -A forgiven
witness_forgive()
{
	forgiven[$1]=$(witnessed "$1" unmarked)
}

# all_marked HOST: every ESP packet was, since that
all_marked()
{
	expect "ESP packets of $1 without the mark" "${forgiven[$1]:-0}" \
		"$(witnessed "$1" unmarked)"
}

# flows_on HOST: ESP packets go on being seen
flows_on()
{
	local seen

	# shellcheck disable=SC2034 # in eval
	seen=$(witnessed "$1" seen)
	wait_for 10 eval "((\$(witnessed $1 seen) > seen + 20))"
}

# untagged HOST: protected packets without a group, as the module counts them
untagged()
{
	json .untagged.packets qos "$1" -j status
}
