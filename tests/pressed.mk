# SPDX-License-Identifier: GPL-2.0-or-later
#
# Programs that press the kernel hard, within tests/vm/run's machine: compiled,
# as an emulated processor has no time to lose. Called by those who run them:
# make -s -f tests/pressed.mk build/tests/NAME

B	:= build/tests
CFLAGS	?= -O2 -g
compile	= $(CC) -std=gnu11 -Wall -Wextra -Werror -Wno-unused-parameter \
	  -Wno-missing-field-initializers -Iinclude/uapi -Iinclude -MMD -MP $(CFLAGS)
objects	= $(patsubst %.c,$(B)/obj/%.o,$(wildcard $(1)))
lib	:= $(call objects,tests/lib/*.c)

.PHONY: all
all: $(B)/storm $(B)/frames $(B)/messages

$(B)/storm: $(call objects,tests/storm/*.c) $(lib)
$(B)/frames: $(call objects,tests/fuzz/kernel/frames*.c) $(lib)
$(B)/messages: $(call objects,tests/fuzz/kernel/messages*.c) $(lib)
$(B)/storm $(B)/frames $(B)/messages:
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lmnl

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(compile) -c -o $@ $<

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
