# SPDX-License-Identifier: GPL-2.0-or-later
#
# Everything built goes under build/.
#
#   make             all that this machine can build; what is left out is named, and
#                    what is missing for it
#   make command     the parts, one by one; a part that cannot be built fails. Where
#   make daemon      there is no libsystemd, no service manager is told when the
#   make plugin      daemon is ready
#   make kmod        the module: KDIR=KERNEL_TREE ARCH=… CROSS_COMPILE=…
#   make complete    all four
#   make check       the unit tests
#   make lint        all sources, by checkpatch, sparse, clang-tidy, shellcheck
#   make kernels     the module, against all kernels that it is for; no warning
#   make charons     the plugin, for each strongSwan of Debian's suites; no warning,
#                    and loaded
#   make fuzz        libFuzzer over what reads input, for SECONDS=20 each
#   make test        all tests; brings in the packages they need (Debian, root)
#   make kunit       the module's self-tests, in User Mode Linux
#   make test-debug  the module in kernels that find mistakes, built for that;
#                    make test-debug-short: what CI has time for
#   make soak        the storm of tests/storm alone, for MINUTES=60
#   make demo        the demonstration; brings in the packages it needs
#   make demo-nat    plain ESP of eight clients behind one address
#   make demo-steer  one VPN address, three elements behind it that decrypt
#   make demo-chain  services through a firewall, a VPN gateway, an IDS, a proxy
#   make bench       what tagging costs beside nftables, measured; likewise;
#                    make bench-short: what CI has time for
#   make install     what was built: DESTDIR=… PREFIX=… PARTS="command kmod …";
#                    make uninstall takes it back
#   make deb         Debian packages, in build/deb/; scripts/setup deb brings in what
#                    that needs
#   make clean
#
# STRONGSWAN_SRC=FOLDER names a strongSwan source tree for the plugin's headers.

VERSION	:= $(shell sed -n 's/.*IQ_VERSION\t"\(.*\)"/\1/p' kmod/core/net.h)
PREFIX	?= /usr/local
B	:= build

# make V=1 shows whole commands, make -s nothing
ifneq ($(findstring s,$(firstword -$(MAKEFLAGS))),)
say	= @
else ifeq ($(V),)
say	= @printf '  %-7s %s\n' $(1) $@ &&
endif

.DELETE_ON_ERROR:
.SUFFIXES:

# What each room is built of. A file that no list names is a mistake, which is
# found at once.

lib_src		:= $(patsubst %,lib/%.c, \
		   array extack port text value \
		   feed/attr feed/bucket feed/child feed/feed feed/ike feed/initiate feed/query \
		   feed/sa feed/session \
		   kernel/chain kernel/device kernel/element kernel/entry kernel/event \
		   kernel/group kernel/nat kernel/pool kernel/request kernel/service \
		   kernel/settings kernel/socket kernel/status kernel/steer kernel/trace)
feed_src	:= $(filter lib/feed/%,$(lib_src))
daemon_src	:= $(patsubst %,daemon/%.c, \
		   addrs errand file hands log main once stating thread trust \
		   chain/around chain/chain chain/conflicts chain/found chain/macs chain/modes chain/object chain/rule chain/rules chain/sync chain/syns chain/trial chain/watch check/ask check/claims check/handshake check/ike check/neighbour check/tcp check/through \
		   config/address config/admit config/alternates config/behind config/chains config/conffile \
		   config/config config/devices config/each config/elements config/fallback \
		   config/groups config/loader config/match config/pools config/profiles \
		   config/range config/rate \
		   config/reader config/service_keys config/services config/settings config/shapers config/steers config/unknown \
		   identity/der identity/dn identity/identity identity/idregex \
		   sa/dispute sa/due sa/entry sa/groups sa/ike sa/keyed \
		   sa/lease sa/leasefile sa/module sa/ports sa/presence sa/proof sa/sad sa/tables \
		   sa/told sa/unproved \
		   feed/answer feed/chains feed/conn feed/events feed/listener feed/peers feed/ranges feed/requests \
		   feed/server feed/share feed/steering feed/whose \
		   shaping/classifier shaping/plan shaping/pool shaping/qdisc \
		   shaping/shapers shaping/shaping shaping/site shaping/tc \
		   shaping/tc_write shaping/tree shaping/work \
		   steer/admission steer/checks steer/health steer/local steer/own steer/ping steer/release steer/routes steer/routing \
		   steer/steer steer/sync)
plugin_src	:= $(patsubst %,daemon/charon/ipsec_qos_%.c, \
		   bucket feed hosts initiate kernel listener mapping names natd patience \
		   plugin proof report requests socket spi twins version)
tools_src	:= $(patsubst %,tools/%.c, \
		   batch bucket chain chaining class command daemon device element entry fallback feed flowtable \
		   follow group group_top ike items main metrics metrics_chain metrics_daemon \
		   metrics_steer monitor names nat nft openmetrics parse peers pool print problem profile \
		   query rank ruleset sa service service_trace service_words settings status steer steering top \
		   towards trace tunnel whose)
# ... of which the unit tests have those that are pure
tools_pure	:= $(patsubst %,tools/%.c,bucket items openmetrics parse print rank)
manuals		:= tools/ipsec-qos.8 tools/ipsec-qos-metrics.8 daemon/ipsec-qosd.8 daemon/ipsec-qosd.conf.5

unlisted	:= $(filter-out $(lib_src) $(daemon_src) $(plugin_src) $(tools_src), \
			$(shell find lib daemon tools -name '*.c'))
ifneq ($(unlisted),)
$(error the Makefile lists its sources, but not $(unlisted))
endif

unit_src	:= $(sort $(shell find tests/unit -name '*_test.c'))

daemon		:= $(B)/bin/ipsec-qosd
command		:= $(B)/bin/ipsec-qos
plugin		:= $(B)/charon/libstrongswan-ipsec-qos.so
unit		:= $(unit_src:tests/unit/%.c=$(B)/unit/%)

.DEFAULT_GOAL	:= all

# What each part is built with (scripts/lacks). It is looked for when that is first
# asked: make may have brought in the packages only a moment ago.

command_needs	:= libnl-3.0 libnl-genl-3.0 libmnl jansson uthash.h
daemon_needs	:= $(command_needs) libnl-route-3.0 libconfuse libcap ev.h
plugin_needs	:= libmnl strongswan
kmod_needs	:= kernel

# lacks PART: what is missing for it
lacks		= $(if $(filter undefined,$(origin lacks_$(1))),$(eval lacks_$(1) := $$(shell \
			KDIR="$(if $(filter kmod,$(1)),$(KDIR))" B="$(B)" \
			CC="$(CC)" CPPFLAGS="$(CPPFLAGS)" \
			STRONGSWAN_SRC="$(STRONGSWAN_SRC)" STRONGSWAN_LIBDIR="$(STRONGSWAN_LIBDIR)" \
			scripts/lacks $($(1)_needs))))$(lacks_$(1))

# User space.

ifeq ($(origin CC),default)
CC	:= gcc
endif
CFLAGS	?= -O2 -g

packages	:= $(filter-out %.h,$(daemon_needs)) libsystemd libnftables
# of these what is here
here		= $(eval here := $$(shell for package in $(packages); do \
			pkg-config --exists $$$$package && echo $$$$package; done))$(here)
package_cflags	= $(eval package_cflags := $$(shell pkg-config --cflags $(here)) \
			$$(if $$(filter libsystemd,$(here)),-DHAVE_LIBSYSTEMD) \
			$$(if $$(filter libnftables,$(here)),-DHAVE_LIBNFTABLES))$(package_cflags)
package_libs	= $(eval package_libs := -Wl,--as-needed $$(shell pkg-config --libs $(here)) \
			$$(if $$(shell CC="$(CC)" scripts/lacks ev.h),,-lev) -lm)$(package_libs)
check_libs	= $(eval check_libs := $$(shell pkg-config --libs check))$(check_libs)

compile		= $(CC) -std=gnu11 -fPIC -Wall -Wextra -Werror \
		  -Wno-unused-parameter -Wno-missing-field-initializers \
		  -Iinclude/uapi -Iinclude -I. -Idaemon $(package_cflags) \
		  -DIPSEC_QOS_VERSION='"$(VERSION)"' \
		  -MMD -MP $(CPPFLAGS) $(CFLAGS)

# An object is built anew where it is compiled otherwise: a package came or went.
.PHONY: FORCE
FORCE:
$(B)/compile.flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(compile))' | cmp -s - $@ || \
		printf '%s\n' '$(subst ','\'',$(compile))' > $@

$(B)/obj/%.o: %.c $(B)/compile.flags
	@mkdir -p $(@D)
	$(call say,CC)$(compile) -c -o $@ $<

$(B)/bin/ipsec-qosd: $(patsubst %.c,$(B)/obj/%.o,$(lib_src) $(daemon_src))
$(B)/bin/ipsec-qos: $(patsubst %.c,$(B)/obj/%.o,$(lib_src) $(tools_src))
$(B)/bin/%:
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(package_libs)

# The strongSwan plugin. Debian ships no headers: scripts/strongswan-headers
# brings those of the installed version. Both have a daemon.h.

plugin_compile	= $(filter-out -Idaemon,$(compile)) @$(B)/strongswan.flags

$(B)/obj/daemon/charon/%.o: daemon/charon/%.c $(B)/strongswan.flags $(B)/compile.flags
	@mkdir -p $(@D)
	$(call say,CC)$(plugin_compile) -c -o $@ $<

$(B)/charon/libstrongswan-ipsec-qos.so: $(feed_src:%.c=$(B)/obj/%.o) \
		$(patsubst %.c,$(B)/obj/%.o,$(plugin_src))
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(CFLAGS) $(LDFLAGS) -shared -o $@ $^ $(package_libs)

$(B)/strongswan.flags: FORCE
	@scripts/strongswan-headers $@

# The module. Kbuild writes where it reads: it is given a folder of links.

KDIR	?= $(shell scripts/kernel-tree)
kernel	= $(eval kernel := $$(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' $(KDIR)/include/generated/utsrelease.h))$(kernel)
kroom	= $(B)/kmod/$(kernel)

.PHONY: kmod
kmod:
	@test -n "$(KDIR)" && test -n "$(kernel)" || { \
		echo "no prepared kernel tree in '$(KDIR)':" \
		     "install linux-headers or say KDIR=TREE" >&2; exit 1; }
	@scripts/link-kmod $(kroom)
	$(if $(V),,@)+flock $(kroom) $(MAKE) --no-print-directory -C $(KDIR) M=$(abspath $(kroom)) KCFLAGS=-Werror modules
	@$(call built,$@)

# What is made of what is asked for. Where that is everything, a part for which
# something is missing is left out, unless it is meant to be there: somebody named
# its strongSwan, or its kernel. A part that is asked for by name has to be there.

goals		:= $(or $(MAKECMDGOALS),all)
whole		:= command daemon plugin kmod
asked		:= $(filter-out kmod,$(if $(filter complete,$(goals)),$(whole),$(filter $(whole),$(goals))))
named		= $(if $(STRONGSWAN_SRC)$(STRONGSWAN_LIBDIR),plugin) \
		  $(if $(filter command environment,$(firstword $(origin KDIR))),kmod)
offer		= $(if $(filter $(named),$(1)),$(1),$(if $(call lacks,$(1)),$(info \
			$(1) is left out: $(lacks_$(1))),$(1)))
parts		= $(eval parts := $$(foreach part,$(whole),$$(call offer,$$(part))))$(parts)

$(foreach part,$(asked),$(if $(call lacks,$(part)),$(error \
	$(part) cannot be built: $(lacks_$(part)))))
$(if $(filter all complete command daemon,$(goals)),$(if $(filter libsystemd,$(here)),,$(info \
	readiness is left out, of which a service manager is told: missing libsystemd (libsystemd-dev))))
$(if $(filter all complete daemon,$(goals)),$(if $(filter libnftables,$(here)),,$(info \
	admission of clear text is left out: missing libnftables (libnftables-dev))))

.PHONY: all complete command daemon plugin
all: $(if $(filter all,$(goals)),$(parts))
	@mkdir -p $(B) && echo $(parts) > $(B)/parts
complete: $(whole)
command: $(command)
daemon: $(daemon)
plugin: $(plugin)
# make install is told what there is to be installed
built		= grep -qsw $(1) $(B)/parts || echo $(1) >> $(B)/parts
command daemon plugin:
	@$(call built,$@)

# Unit tests, with their own objects: everything in them is compiled with the
# sanitizers.

sanitize	:= -fsanitize=address,undefined -fno-sanitize-recover=undefined

$(B)/unit/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)$(or $(unit_compile),$(compile)) -O1 $(sanitize) -c -o $@ $<

# parts of the plugin, with strongSwan's libraries

unit_charon	:= $(filter $(B)/unit/charon_%,$(unit))
unit_plugin_obj	:= $(patsubst %,$(B)/unit/obj/daemon/charon/ipsec_qos_%.o, \
		     bucket feed initiate names patience proof requests socket)
unit_charon_obj	:= $(unit_charon:$(B)/unit/%=$(B)/unit/obj/tests/unit/%.o) \
		   $(unit_plugin_obj) $(B)/unit/obj/tests/unit/charon_identity.o

$(unit_charon_obj): $(B)/strongswan.flags
$(unit_charon_obj): unit_compile = $(plugin_compile) -Idaemon/charon

$(unit_charon): $(B)/unit/%: $(B)/unit/obj/tests/unit/%.o $(unit_plugin_obj) \
		$(feed_src:%.c=$(B)/unit/obj/%.o)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(CFLAGS) $(sanitize) $(LDFLAGS) -o $@ $^ \
		@$(B)/strongswan.flags -l:libcharon.so.0 -l:libstrongswan.so.0 \
		$(check_libs) $(package_libs)

$(B)/unit/charon_version_test: | $(plugin)

# and the daemon's identities beside strongSwan's
identity_obj	:= $(patsubst %,tests/unit/%.o,charon_identity same_identity same_known same_match) \
		   lib/text.o $(patsubst %.c,%.o,$(filter daemon/identity/%,$(daemon_src)))
$(B)/unit/charon_identity_test: $(addprefix $(B)/unit/obj/,$(identity_obj))

# without the sanitizers, for a strongSwan that is not the machine's (tests/lint/charons)
$(B)/obj/tests/unit/charon_%.o: tests/unit/charon_%.c $(B)/strongswan.flags
	@mkdir -p $(@D)
	$(call say,CC)$(plugin_compile) -c -o $@ $<

$(B)/identities: $(addprefix $(B)/obj/,tests/unit/charon_identity_test.o $(identity_obj))
	$(call say,LD)$(CC) $(CFLAGS) $(LDFLAGS) -Wl,--allow-shlib-undefined -o $@ $^ \
		@$(B)/strongswan.flags -l:libstrongswan.so.0 $(check_libs)

$(filter-out $(unit_charon),$(unit)): $(B)/unit/%: $(B)/unit/obj/tests/unit/%.o \
		$(patsubst %.c,$(B)/unit/obj/%.o, \
			$(lib_src) $(filter-out daemon/main.c,$(daemon_src)) \
			$(tools_pure))
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(CFLAGS) $(sanitize) $(LDFLAGS) -o $@ $^ $(check_libs) $(package_libs)

# which has a module of its own
wrapped		:= open close error device_new device_del device_dump chain_new chain_dump service_new \
		   service_get service_free service_del service_dump
$(B)/unit/chain_sync_test: LDFLAGS += $(wrapped:%=-Wl,--wrap=iq_kernel_%) -Wl,--wrap=errand_peek

.PHONY: unit check
unit: $(unit)
# ... of scripts, which are told by themselves what they stand for
unit_scripts	:= tests/unit/build.sh tests/unit/setup.sh
check: $(unit)
	@tests/unit/run $(unit) $(unit_scripts)

# Each brings in the packages it needs. How user space is compiled, clang-tidy is
# told.

.PHONY: lint kernels charons fuzz
lint kernels charons fuzz:
	@scripts/setup $@
	@$(MAKE) --no-print-directory run-$@

lint_flags	= $(filter -std=% -I% -D%,$(1))
.PHONY: run-lint run-kernels run-charons run-fuzz
run-lint: export LINT_FLAGS = $(call lint_flags,$(compile))
run-lint: export LINT_PLUGIN_FLAGS = $(call lint_flags,$(filter-out -Idaemon,$(compile)))
run-lint: $(B)/strongswan.flags
	@tests/lint/run
run-kernels:
	@tests/lint/kernels
run-charons:
	@tests/lint/charons
run-fuzz:
	@tests/fuzz/run $(SECONDS)

.PHONY: test demo demo-nat demo-steer demo-chain
test:
	@.ci/run

.PHONY: kunit
kunit:
	@scripts/setup bench
	@tests/kunit/run

.PHONY: test-debug test-debug-short soak
test-debug test-debug-short soak:
	@scripts/setup debug
	@$(MAKE) -s complete
	@$(if $(findstring soak,$@),tests/storm/run $$(($(or $(MINUTES),60) * 60)),tests/kernels/run $(if $(findstring short,$@),short))

demo demo-nat demo-steer demo-chain:
	@scripts/setup demo
	@$(MAKE) complete
	@tests/demo/run $(patsubst demo%,%,$(subst -,,$@))

# The bench, in a kernel of its own; bench-short takes two to three minutes, four where
# it has to measure again.

$(B)/bench/sas: $(patsubst %.c,$(B)/obj/%.o,$(lib_src) tests/bench/sas.c)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(package_libs)

$(B)/bench/services: $(B)/obj/tests/bench/services.o
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^

.PHONY: bench bench-short
bench:
	@scripts/setup bench
	@tests/bench/run
bench-short:
	@scripts/setup bench
	@tests/bench/run short

.PHONY: install uninstall
install: PARTS ?= $(or $(shell cat $(B)/parts 2>/dev/null),$(whole))
install uninstall:
	@PLUGINDIR="$(PLUGINDIR)" VERSION=$(VERSION) PARTS="$(PARTS)" B="$(B)" \
		scripts/$@ "$(DESTDIR)" "$(PREFIX)" $(manuals)

# strongSwan's headers are fetched before the network is cut off.
.PHONY: deb
deb: $(B)/strongswan.flags
	@B=$(B) scripts/deb $(B)/deb $(VERSION)

.PHONY: clean
clean:
	rm -rf $(B)

-include $(shell find $(B)/obj $(B)/unit/obj -name '*.d' 2>/dev/null)
