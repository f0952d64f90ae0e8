# SPDX-License-Identifier: GPL-2.0-or-later
#
# The fuzzers: build/fuzz/NAME for each NAME_fuzz.c. Everything in them is
# compiled with libFuzzer and the sanitizers, by clang. Called by tests/fuzz/run.

include Makefile

CC		:= clang
fuzz_flags	:= -O1 -fsanitize=fuzzer,address,undefined \
		   -fno-sanitize-recover=undefined -fno-omit-frame-pointer
fuzzers		:= $(patsubst tests/fuzz/%_fuzz.c,$(B)/fuzz/%,$(sort $(wildcard tests/fuzz/*_fuzz.c)))

$(B)/fuzz/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)$(compile) $(fuzz_flags) -c -o $@ $<

$(B)/fuzz/config: LDFLAGS += -Wl,--wrap=glob

# identity_fuzz.c has match.c in it
$(filter-out $(B)/fuzz/strongswan,$(fuzzers)): $(B)/fuzz/%: $(B)/fuzz/obj/tests/fuzz/%_fuzz.o \
		$(patsubst %.c,$(B)/fuzz/obj/%.o,$(lib_src) $(filter-out daemon/main.c daemon/config/match.c,$(daemon_src))) \
		$(B)/fuzz/obj/daemon/config/match.o
	$(call say,LD)$(CC) $(fuzz_flags) $(LDFLAGS) -o $@ \
		$(if $(findstring identity,$@),$(filter-out %/match.o,$^),$^) $(package_libs)

# what has strongSwan in it is compiled as the plugin is (Makefile)
$(B)/fuzz/obj/tests/unit/charon_%.o: tests/unit/charon_%.c $(B)/strongswan.flags
	@mkdir -p $(@D)
	$(call say,CC)$(plugin_compile) -Wno-unused-command-line-argument $(fuzz_flags) -c -o $@ $<

$(B)/fuzz/strongswan: $(addprefix $(B)/fuzz/obj/,tests/fuzz/strongswan_fuzz.o $(identity_obj))
	$(call say,LD)$(CC) $(fuzz_flags) $(LDFLAGS) -o $@ $^ @$(B)/strongswan.flags \
		-l:libstrongswan.so.0

.PHONY: fuzzers
fuzzers: $(fuzzers)

-include $(shell find $(B)/fuzz/obj -name '*.d' 2>/dev/null)
