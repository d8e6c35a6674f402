#!/bin/sh
# deps.sh SET: what a make target needs from the system, and how to get it.
#
# SET is build, run, iso, bochs, debug, test, lint, fuzz or all. When everything is there it says
# nothing and takes a few milliseconds: every check is a shell builtin, because make asks each time.
# What is missing is installed with apt-get; where there is no apt-get, the packages are listed by
# the names that Fedora, Arch and Homebrew give them, and the exit status is 1.
#
# LLVM=1 needs clang and lld in place of gcc; CROSS_COMPILE=prefix- needs that compiler.
# Runs under /bin/sh and needs no other command until something is missing.
set -u

say() { echo "deps: $*" >&2; }
die() { say "$@"; exit 1; }

# One thing a line: sets it belongs to | how to see it | Debian | Fedora | Arch | Homebrew.
# "How to see it" is a command, or file patterns of which one must exist (several: space between).
# A dash is a thing that has no package of its own there.
table() {
	cat <<'TABLE'
gcc     | gcc                    | gcc          | gcc             | gcc       | x86_64-elf-gcc
gcc     | ld                     | binutils     | binutils        | binutils  | x86_64-elf-binutils
llvm    | clang                  | clang        | clang           | clang     | llvm
llvm    | ld.lld                 | lld          | lld             | lld       | lld
llvm    | llvm-objcopy           | llvm         | llvm            | llvm      | llvm
build   | nasm                   | nasm         | nasm            | nasm      | nasm
build   | python3                | python3      | python3         | python    | python
run     | qemu-system-x86_64     | qemu-system-x86 | qemu-system-x86 | qemu-system-x86 | qemu
iso     | grub-mkrescue grub2-mkrescue x86_64-elf-grub-mkrescue | grub-common | grub2-tools-extra | grub | x86_64-elf-grub
iso     | /usr/lib/grub/i386-pc/cdboot.img /usr/share/grub2/i386-pc/cdboot.img /opt/homebrew/opt/i686-elf-grub/lib/i686-elf/grub/i386-pc/cdboot.img | grub-pc-bin | grub2-pc-modules | grub | i686-elf-grub
iso     | /usr/lib/grub/x86_64-efi/moddep.lst /usr/share/grub2/x86_64-efi/moddep.lst /opt/homebrew/opt/x86_64-elf-grub/lib/x86_64-elf/grub/x86_64-efi/moddep.lst | grub-efi-amd64-bin | grub2-efi-x64-modules | grub | x86_64-elf-grub
iso     | xorriso                | xorriso      | xorriso         | libisoburn | xorriso
iso     | mformat                | mtools       | mtools          | mtools    | mtools
bochs   | bochs                  | bochs bochs-term | bochs       | bochs     | bochs
bochs   | /usr/share/bochs/BIOS-bochs-latest /usr/local/share/bochs/BIOS-bochs-latest /opt/homebrew/share/bochs/BIOS-bochs-latest | bochsbios | bochs | bochs | bochs
bochs   | /usr/share/bochs/VGABIOS-lgpl-latest* /usr/local/share/bochs/VGABIOS-lgpl-latest* /opt/homebrew/share/bochs/VGABIOS-lgpl-latest* | vgabios | vgabios | bochs | bochs
debug   | gdb x86_64-elf-gdb     | gdb          | gdb             | gdb       | x86_64-elf-gdb
test    | prove                  | perl         | perl-Test-Harness | perl    | perl
test    | gcc cc                 | gcc          | gcc             | gcc       | -
test    | /usr/include/stdio.h /Library/Developer | libc6-dev | glibc-devel | glibc | -
test    | /usr/include/cmocka.h /usr/local/include/cmocka.h /opt/homebrew/include/cmocka.h | libcmocka-dev | libcmocka-devel | cmocka | cmocka
test    | pytest pytest-3        | python3-pytest | python3-pytest | python-pytest | pytest
test    | /usr/lib/python3*/*-packages/pexpect /usr/local/lib/python3*/*-packages/pexpect /opt/homebrew/lib/python3*/*-packages/pexpect | python3-pexpect | python3-pexpect | python-pexpect | -
test    | /usr/share/OVMF/OVMF_CODE*.fd /usr/share/edk2/ovmf/OVMF_CODE*.fd /usr/share/edk2/x64/OVMF_CODE*.fd /opt/homebrew/share/qemu/edk2-x86_64-code.fd | ovmf | edk2-ovmf | edk2-ovmf | qemu
test    | xz                     | xz-utils     | xz              | xz        | xz
lint    | clang-format           | clang-format | clang-tools-extra | clang   | clang-format
lint    | clang-tidy             | clang-tidy   | clang-tools-extra | clang   | llvm
lint    | cppcheck               | cppcheck     | cppcheck        | cppcheck  | cppcheck
lint    | sparse                 | sparse       | sparse          | sparse    | sparse
lint    | shellcheck             | shellcheck   | ShellCheck      | shellcheck | shellcheck
lint    | pyflakes3 pyflakes     | pyflakes3    | python3-pyflakes | python-pyflakes | pyflakes
fuzz    | clang                  | clang        | clang           | clang     | llvm
fuzz    | /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-x86_64.a /usr/lib*/clang/*/lib/*/libclang_rt.fuzzer*.a /opt/homebrew/opt/llvm/lib/clang/*/lib/*/libclang_rt.fuzzer* | libclang-rt-dev | compiler-rt | compiler-rt | llvm
fuzz    | /usr/include/stdio.h /Library/Developer | libc6-dev | glibc-devel | glibc | -
TABLE
}

# The compiler is a set of its own, because which one is needed is the caller's choice.
compiler=gcc
[ -z "${LLVM:-}" ] || compiler=llvm
[ -z "${CROSS_COMPILE:-}" ] || compiler=cross

case ${1:-} in
build)		sets="build $compiler" ;;
run)		sets="run build" ;;
iso | lint | fuzz) sets=$1 ;;
bochs)		sets="bochs iso run" ;;
debug)		sets="debug run" ;;
test)		sets="test build $compiler run iso bochs" ;;
all)		sets="gcc llvm build run iso bochs debug test lint fuzz" ;;
*)		die "usage: tools/deps.sh build|run|iso|bochs|debug|test|lint|fuzz|all" ;;
esac

# Is any of these commands or file patterns there?
present() {
	for thing; do
		case $thing in
		/*) [ ! -e "$thing" ] || return 0 ;;
		*) ! command -v "$thing" >/dev/null 2>&1 || return 0 ;;
		esac
	done
	return 1
}

# Sets missing (a line of the table each) from what is not there.
find_missing() {
	missing=
	while IFS='|' read -r row_set check packages; do
		case " $sets " in *" ${row_set%% *} "*) ;; *) continue ;; esac
		# shellcheck disable=SC2086  # the check is a list; its patterns are to be expanded
		present $check || missing="$missing$check|$packages
"
	done <<-ROWS
		$(table)
	ROWS
	[ -n "$missing" ]
}

# What no package manager can settle.
check_compiler() {
	if [ "$compiler" = cross ]; then
		present "${CROSS_COMPILE}gcc" || die "CROSS_COMPILE=$CROSS_COMPILE: there is no ${CROSS_COMPILE}gcc." \
			"Debian has gcc-x86-64-linux-gnu, Homebrew x86_64-elf-gcc; or use LLVM=1."
	elif [ "$compiler" = gcc ]; then
		case $(uname -m) in
		x86_64 | amd64) ;;
		*) die "gcc on this machine ($(uname -m)) does not make x86-64 code: use LLVM=1, or" \
			"CROSS_COMPILE=x86_64-linux-gnu- (Debian: gcc-x86-64-linux-gnu) or x86_64-elf- (Homebrew)." ;;
		esac
	fi
}

# Field N of the missing rows, as words without repeats (1: the checks, then Debian, Fedora, ...).
names() {
	printf '%s' "$missing" | cut -d '|' -f "$1" | tr -s ' ' '\n' | sed '/^-*$/d' | sort -u | tr '\n' ' '
}

list_for_other_systems() {
	say "missing for '$1' (and there is no apt-get here). The packages are called:"
	echo "  Fedora    sudo dnf install $(names 3)" >&2
	echo "  Arch      sudo pacman -S $(names 4)" >&2
	echo "  Homebrew  brew install $(names 5)" >&2
	say "tools/deps.sh all lists them for every target."
	exit 1
}

apt() {
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" >&2
}

# The lists of a fresh container are empty; those of an old machine may name files that are gone.
install() {
	packages=$(names 2)
	sudo=
	if [ "$(id -u)" != 0 ]; then
		present sudo || die "missing: $packages; as root: apt-get install --no-install-recommends $packages"
		sudo=sudo
	fi
	say "installing: $packages"
	# shellcheck disable=SC2086  # a list of packages
	{
		apt install -s --no-install-recommends $packages >/dev/null 2>&1 || apt update ||
			die "apt-get update failed: is there a network?"
		apt install -y --no-install-recommends $packages ||
			{ apt update && apt install -y --no-install-recommends $packages; } ||
			die "apt-get could not install: $packages"
	}
}

[ "${1}" = all ] || case " $sets " in *" build "*) check_compiler ;; esac
find_missing || exit 0
present apt-get || list_for_other_systems "$1"

# Under make -j several of us find the same things missing: the first installs, the others look again.
exec 9>>"${TMPDIR:-/tmp}/teak-deps.$(id -u).lock"
! present flock || flock 9
if find_missing; then
	install
	! find_missing || die "still missing after the installation: $(names 1)"
fi
