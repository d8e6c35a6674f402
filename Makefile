# Teak. `make help` lists the targets; docs/architecture.md the layout.

BUILD ?= build
OPT   ?= -O2
V     ?= 0

# Knobs of the machine that run, debug and the tests boot (see tools/vm).
SMP     ?= 1
MEM     ?= 256M
MACHINE ?= pc
CPU     ?=
CMDLINE ?=
QEMU_ARGS ?=
KVM     ?= auto
export BUILD SMP MEM MACHINE CPU CMDLINE QEMU_ARGS KVM

.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules
# As many compilers as there are CPUs, unless -j says otherwise.
ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif
.DELETE_ON_ERROR:

# ---- tools -----------------------------------------------------------------------------------
ifdef LLVM
CC      := clang --target=x86_64-elf
LD      := ld.lld
NM      := llvm-nm
OBJCOPY := llvm-objcopy
STRIP   := llvm-strip
COMPILER := clang
else
CC      := $(CROSS_COMPILE)gcc
LD      := $(CROSS_COMPILE)ld
NM      := $(CROSS_COMPILE)nm
OBJCOPY := $(CROSS_COMPILE)objcopy
STRIP   := $(CROSS_COMPILE)strip
COMPILER := gcc
endif
NASM    := nasm
# NASM 3 warns of relocations that a kernel linked high is made of; NASM 2 does not know the warning.
NASM_NEW = $(if $(findstring version 2.,$(shell $(NASM) -v 2>/dev/null)),,-w-reloc-abs -w-reloc-rel)
PYTHON  := python3
HOSTCC  ?= gcc
FUZZCC  ?= clang

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' $(1) $(2))

# ---- flags -----------------------------------------------------------------------------------
WARN := -Wall -Wextra -Werror -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wundef -Wpointer-arith -Wwrite-strings -Wformat=2 -Wformat-security \
	-Wnull-dereference -Wmissing-declarations -Wredundant-decls -Wimplicit-fallthrough
# What a kernel needs of the compiler: no SSE (-mgeneral-regs-only), no red zone (an interrupt would
# overwrite it), addresses in the top 2 GiB, frame pointers for backtraces.
KFLAGS := -std=gnu17 -ffreestanding -fno-pic -fno-pie -mcmodel=kernel -mno-red-zone \
	-mgeneral-regs-only -fno-omit-frame-pointer -fno-optimize-sibling-calls -fno-strict-aliasing \
	-fno-asynchronous-unwind-tables -fno-common -ffunction-sections -fdata-sections \
	-fstack-protector-strong -mstack-protector-guard=global -fwrapv
ifdef LLVM
KFLAGS += -Wno-gnu
else
KFLAGS += -fno-stack-clash-protection -fcf-protection=none -fconserve-stack
endif
CFLAGS  = $(KFLAGS) $(WARN) $(OPT) -g -I. -MMD -MP
# The tests are a third of the image and nothing in them is measured: small rather than fast.
$(BUILD)/tests/%.o: OPT := $(if $(filter -O2,$(OPT)),-Os,$(OPT))
ASFLAGS = -f elf64 -g -F dwarf -w+all -w+error $(NASM_NEW) -I./
LDFLAGS = -nostdlib -static -z max-page-size=4096 -z noexecstack --build-id=none --gc-sections

# ---- sources ---------------------------------------------------------------------------------
CSRC   := $(sort $(shell find boot arch mm kernel drivers lib -name '*.c') $(wildcard tests/*.c))
ASRC   := $(sort $(shell find boot arch mm kernel drivers lib -name '*.asm'))
OBJ    := $(CSRC:%.c=$(BUILD)/%.o) $(ASRC:%.asm=$(BUILD)/%.asm.o)

ELF := $(BUILD)/teak.elf
SYM := $(BUILD)/teak.sym
ISO := $(BUILD)/teak.iso

.PHONY: all
all: $(ELF) $(SYM) ## build build/teak.elf and build/teak.sym

# Flags are part of what an object depends on: changing the compiler or OPT rebuilds.
FLAGS_NOW := $(CC) $(CFLAGS) $(ASFLAGS) $(LDFLAGS)
$(BUILD)/.flags: FORCE | deps-build
	@mkdir -p $(@D)
	@printf '%s\n' '$(FLAGS_NOW)' | cmp -s - $@ || printf '%s\n' '$(FLAGS_NOW)' > $@
.PHONY: FORCE
FORCE:

$(BUILD)/%.o: %.c $(BUILD)/.flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -c -o $@ $<

$(BUILD)/%.asm.o: %.asm $(BUILD)/.flags
	$(call say,NASM,$<)
	@mkdir -p $(@D)
	$(Q)$(NASM) $(ASFLAGS) -MD $(@:.o=.d) -MT $@ -MP -o $@ $<

# Symbol table: link without it, link with it (sizes are right, addresses settle), link with the
# addresses of the second pass; the third must have the addresses that the second had.
$(BUILD)/symtab0.o: tools/mksymtab.py $(BUILD)/.flags
	$(Q)$(PYTHON) tools/mksymtab.py /dev/null > $(BUILD)/symtab0.asm
	$(Q)$(NASM) -f elf64 -o $@ $(BUILD)/symtab0.asm

# What is linked is something the image depends on too: a source that is gone must go.
$(BUILD)/.objects: FORCE | deps-build
	@mkdir -p $(@D)
	@printf '%s\n' '$(OBJ)' | cmp -s - $@ || printf '%s\n' '$(OBJ)' > $@

$(ELF): $(OBJ) $(BUILD)/.objects $(BUILD)/symtab0.o linker.ld tools/mksymtab.py tools/check-image.py tools/check-init.py
	$(call say,LINK,$@)
	$(Q)$(LD) $(LDFLAGS) -T linker.ld -o $(BUILD)/pass1.elf $(OBJ) $(BUILD)/symtab0.o
	$(Q)$(NM) -n $(BUILD)/pass1.elf | $(PYTHON) tools/mksymtab.py - > $(BUILD)/symtab1.asm
	$(Q)$(NASM) -f elf64 -o $(BUILD)/symtab1.o $(BUILD)/symtab1.asm
	$(Q)$(LD) $(LDFLAGS) -T linker.ld -o $(BUILD)/pass2.elf $(OBJ) $(BUILD)/symtab1.o
	$(Q)$(NM) -n $(BUILD)/pass2.elf > $(BUILD)/pass2.sym
	$(Q)$(PYTHON) tools/mksymtab.py $(BUILD)/pass2.sym > $(BUILD)/symtab2.asm
	$(Q)$(NASM) -f elf64 -o $(BUILD)/symtab2.o $(BUILD)/symtab2.asm
	$(Q)$(LD) $(LDFLAGS) -T linker.ld -Map $(BUILD)/teak.map -o $@ $(OBJ) $(BUILD)/symtab2.o
	$(Q)$(NM) -n $@ | cmp -s - $(BUILD)/pass2.sym || { echo 'symbol table did not settle'; rm -f $@; exit 1; }
	$(Q)$(PYTHON) tools/check-image.py $@
	$(Q)$(PYTHON) tools/check-init.py $(OBJ)

$(SYM): $(ELF)
	$(Q)$(NM) -n $< > $@

$(ISO): $(ELF) iso/grub.cfg tools/mkiso.sh | deps-iso
	$(call say,ISO,$@)
	$(Q)STRIP='$(STRIP)' tools/mkiso.sh $(ELF) $@

-include $(OBJ:.o=.d)

# ---- what a person asks for --------------------------------------------------------------------
.PHONY: iso run run-kvm run-bochs debug
iso: $(ISO) ## build build/teak.iso, a hybrid BIOS and UEFI CD image

run: $(ELF) $(SYM) | deps-run ## boot in QEMU (TCG) with the prompt on this terminal; leave with `poweroff` or Ctrl-A X
	@tools/vm tcg

run-kvm: $(ELF) $(SYM) | deps-run ## the same on KVM, -cpu host (KVM=host|nested forces which)
	@tools/vm kvm

run-bochs: $(ISO) | deps-bochs ## the same in Bochs, from the CD image
	@tools/vm bochs

debug: $(ELF) $(SYM) | deps-debug ## QEMU stopped, gdb attached with symbols
	@tools/debug.sh

.PHONY: test test-tcg test-kvm test-bochs test-host
test: $(ELF) $(SYM) $(ISO) host-tests | deps-test ## boot every machine shape, run all tests; last line is the count
	@tools/run-tests.sh all

test-tcg: $(ELF) $(SYM) $(ISO) | deps-test ## the machine shapes under TCG only
	@tools/run-tests.sh tcg

test-kvm: $(ELF) $(SYM) | deps-test ## the in-kernel tests on KVM; says which KVM it used
	@tools/run-tests.sh kvm

test-bochs: $(ISO) | deps-test ## the in-kernel tests in Bochs
	@tools/run-tests.sh bochs

test-host: host-tests | deps-test ## lib/ and the parsers on this machine, under ASan and UBSan
	@tools/run-tests.sh host

.PHONY: bench
bench: $(ELF) | deps-run ## count instructions under icount, write build/bench.json, compare with docs/bench/teak.json
	@$(PYTHON) tools/bench.py --build $(BUILD)

# host-tests and fuzz are built by
-include tests/host/host.mk

# ---- checks --------------------------------------------------------------------------------------
.PHONY: lint fmt check-floors check-docs
lint: | deps-lint ## clang-format, clang-tidy, cppcheck, sparse, shellcheck, pyflakes
	@tools/lint.sh

fmt: | deps-lint ## rewrite the C sources as .clang-format says
	@git ls-files '*.c' '*.h' | xargs clang-format -i

check-floors: ## no #include goes up a floor
	@$(PYTHON) tools/check-floors.py

check-docs: ## every file:function the docs point to exists; every experiment still says what the docs show
	@$(PYTHON) tools/check-docs.py

.PHONY: print-cflags
print-cflags: # for tools/lint.sh, which has to look at the code as the compiler does
	@echo '$(filter-out -MMD -MP,$(CFLAGS))'

.PHONY: screenshots
screenshots: $(ISO) | deps-run ## make the pictures of docs/img again, from what the screen really shows
	@$(PYTHON) tools/screenshot.py --uefi docs/img/framebuffer.svg help

# ---- set-up --------------------------------------------------------------------------------------
.PHONY: deps deps-build deps-run deps-iso deps-bochs deps-debug deps-test deps-lint deps-fuzz
deps: deps-test deps-lint deps-fuzz ## install what is missing for every target (apt-get)
deps-build deps-run deps-iso deps-bochs deps-debug deps-test deps-lint deps-fuzz:
	@LLVM=$(LLVM) CROSS_COMPILE=$(CROSS_COMPILE) tools/deps.sh $(@:deps-%=%)

.PHONY: help clean
help: ## this list
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo '  Knobs: SMP= MEM= MACHINE=pc|q35|microvm CPU= CMDLINE= QEMU_ARGS= KVM=auto|host|nested LLVM=1 CROSS_COMPILE= OPT=-O0..-O2|-Os BUILD= V=1'

clean: ## remove build/
	rm -rf $(BUILD)
