#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Many policies of one and the same mark: to take one away costs as much as of as many
# with marks of their own. The module knows each, and takes it off its lists with
# bottom halves disabled: no packet of that CPU goes meanwhile.
#
# once: the lists are the module's own
. tests/lib/lib.sh

N=30000		# of either kind
STEP=500	# by turns, and the quickest of many counts: the machine does other things too
ROUNDS=12	# that count: with the most policies there

host gw
module_load
qos gw group add gold id 1 mark 0x100/0xf00

# policies VERB MARK FIRST: STEP lines for ip -batch; of MARK 0 each has a mark of its own
policies()
{
	awk -v verb="$1" -v mark="$2" -v first="$3" -v n=$STEP '
		BEGIN {
			end = verb == "add" ? " tmpl src 192.0.2.1 dst 192.0.2.2" \
				" proto esp reqid 3 mode tunnel" : ""
			for (i = first + 1; i <= first + n; i++)
				printf "xfrm policy %s dir in src 10.%d.%d.%d/32" \
					" dst 10.200.0.%d/32 mark 0x%x mask 0xffff%s\n",
					verb, i / 65536, i / 256 % 256, i % 256,
					mark != 0, mark ? mark : i, end
		}'
}

# batch KIND VERB FIRST: of KIND "alike" or "apart"; prints the milliseconds that it took
batch()
{
	local mark=0 start

	[ "$1" = apart ] || mark=0x7abc
	policies "$2" $((mark)) "$3" > "$W/batch"
	start=$(now_ms)
	ip -n gw -batch "$W/batch"
	echo $(($(now_ms) - start))
}

# round VERB FIRST: as many of either; times go to $W/VERB.KIND
round()
{
	local kind

	for kind in apart alike; do
		batch $kind "$1" "$2" >> "$W/$1.$kind"
	done
}

# compare VERB
compare()
{
	local alike apart

	alike=$(sort -n "$W/$1.alike" | sed -n 1p)
	apart=$(sort -n "$W/$1.apart" | sed -n 1p)
	step "$1: $STEP alike $alike ms, apart $apart ms"
	[ "$alike" -le $((apart * 2)) ] ||
		fail "$1: alike took $alike ms, apart $apart ms"
}

step "as many of one mark as of marks apart"
for ((i = 0; i < N; i += STEP)); do
	((i != N - ROUNDS * STEP)) || rm "$W"/add.*
	round add $i
done
expect "policies" $((2 * N)) "$(ip -n gw xfrm policy count | grep -o 'IN  *[0-9]*' | tr -dc 0-9)"
for ((i = 0; i < ROUNDS * STEP; i += STEP)); do
	round delete $i
done
compare add
compare delete
ip -n gw xfrm policy flush
expect "policies" 0 "$(ip -n gw xfrm policy count | grep -o 'IN  *[0-9]*' | tr -dc 0-9)"
module_unload
