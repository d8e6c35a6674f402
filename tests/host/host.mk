# Kernel sources on this machine: cmocka tests (`host-tests`) and libFuzzer targets (`fuzz`), both under
# AddressSanitizer and UndefinedBehaviorSanitizer, built from the very files that the kernel is built from.
#
# To add a test: write tests/host/test_NAME.c. To add a fuzz target: write tests/fuzz/fuzz_NAME.c. There is no list to edit.
# Its opening comment names the kernel sources that it needs, on as many lines as it likes:
#
#	 * Sources: boot/multiboot1.c mm/memmap.c
#
# What every program gets without naming it: lib/string.c, lib/vsprintf.c, lib/cpumask.c and tests/host/shim.c (printk, panic,
# WARN_ON). A test includes <tests/host/host.h> (libc and cmocka) before everything else, a fuzz target
# <tests/fuzz/fuzz.h>.
# A fuzz target may have a dictionary beside it (fuzz_NAME.dict) and libFuzzer options in its comment:
#
#	 * Options: -max_len=512
#
# How it fits together:
# - Kernel sources are compiled with <tests/host/rename.h> forced in: memcpy becomes teak_memcpy and so on, so that
#   libc's functions and ours live side by side, and a test can compare them.
# - tests/host/overlay/ stands before the root in the include path. It replaces the few headers whose instructions
#   only a kernel may execute (CLI, %gs:).
# - Our memcpy, memmove and memset are inline assembly, which AddressSanitizer cannot see into. The linker's
#   --wrap puts a check of both ranges (in shim.c) before every call of them.
# - Signed overflow is undefined here although the kernel is built with -fwrapv: we do not rely on it.

HOST_BASE  := lib/string.c lib/vsprintf.c lib/cpumask.c tests/host/shim.c
HOST_SRC   := $(sort $(wildcard tests/host/test_*.c))
FUZZ_SRC   := $(sort $(wildcard tests/fuzz/fuzz_*.c))
HOST_TESTS := $(HOST_SRC:tests/host/%.c=$(BUILD)/host/%)
FUZZERS    := $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/fuzz/%)
FUZZ_RUNS  ?= 1000000

HOST_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_SANITIZE := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
HOST_CFLAGS := -std=gnu17 -O1 -g -fno-omit-frame-pointer -fno-common -fno-strict-aliasing \
	$(WARN) -Wno-null-dereference -Itests/host/overlay -I. -MMD -MP
HOST_LDFLAGS := -Wl,--wrap=teak_memcpy,--wrap=teak_memmove,--wrap=teak_memset

# $(call named_sources,FILE): the kernel sources that a test or fuzz target names in its comment.
HOST_NAMED := $(shell awk '/^ \* Sources:/ { for (i = 3; i <= NF; i++) print FILENAME "=" $$i }' \
	$(HOST_SRC) $(FUZZ_SRC) /dev/null)
named_sources = $(patsubst $(1)=%,%,$(filter $(1)=%,$(HOST_NAMED)))
# $(call host_objects,host|fuzz,FILE): the objects of the program whose main file is FILE.
host_objects = $(patsubst %.c,$(BUILD)/$(1)/obj/%.o,$(sort $(2) $(HOST_BASE) $(call named_sources,$(2))))

$(foreach t,$(HOST_SRC),$(eval $(t:tests/host/%.c=$(BUILD)/host/%): $(call host_objects,host,$(t))))
$(foreach t,$(FUZZ_SRC),$(eval $(t:tests/fuzz/%.c=$(BUILD)/fuzz/%): $(call host_objects,fuzz,$(t))))
HOST_OBJ := $(sort $(foreach t,$(HOST_SRC),$(call host_objects,host,$(t))) \
	$(foreach t,$(FUZZ_SRC),$(call host_objects,fuzz,$(t))))

.PHONY: host-tests fuzz fuzzers
host-tests: $(HOST_TESTS)
fuzzers: $(FUZZERS)

fuzz: $(FUZZERS) | deps-fuzz ## FUZZ_RUNS=1000000 random inputs to each parser and the formatter, under ASan and UBSan
	@FUZZ_RUNS=$(FUZZ_RUNS) tests/fuzz/run.sh $(BUILD)/fuzz $(FUZZ_SRC)

$(HOST_TESTS): | deps-test
	$(call say,HOSTLD,$@)
	$(Q)$(HOSTCC) $(HOST_SANITIZE) $(HOST_LDFLAGS) -o $@ $^ -lcmocka

$(FUZZERS): | deps-fuzz
	$(call say,FUZZLD,$@)
	$(Q)$(FUZZCC) $(FUZZ_SANITIZE) -fsanitize=fuzzer $(HOST_LDFLAGS) -o $@ $^

# Kernel sources are freestanding here too, and get the other names forced in; a test sees libc's headers first.
host_kernel = $(if $(filter tests/%,$<),,-ffreestanding -include tests/host/rename.h)

$(BUILD)/host/obj/%.o: %.c tests/host/host.mk | deps-test
	$(call say,HOSTCC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOST_SANITIZE) $(HOST_CFLAGS) $(host_kernel) -c -o $@ $<

$(BUILD)/fuzz/obj/%.o: %.c tests/host/host.mk | deps-fuzz
	$(call say,FUZZCC,$<)
	@mkdir -p $(@D)
	$(Q)$(FUZZCC) $(FUZZ_SANITIZE) $(HOST_CFLAGS) $(host_kernel) -c -o $@ $<

-include $(HOST_OBJ:.o=.d)
