#!/bin/sh
# mkiso.sh KERNEL.elf OUT.iso ["GRUB WORDS"]: a CD image that boots on BIOS and on UEFI.
#
# The image is small and quick to start because GRUB is told exactly what it needs: the modules that
# every boot uses are part of its core, the video and partition drivers (which it tries on a UEFI machine's
# disks) lie on the CD, and the other 240, the fonts, themes and translations are left out. The kernel
# on it is stripped.
#
# The optional words become the kernel's command line (iso/grub.cfg says how they are kept).
set -eu

die() { echo "mkiso: $*" >&2; exit 1; }
[ $# -ge 2 ] || die "usage: tools/mkiso.sh KERNEL.elf OUT.iso [GRUB WORDS]"
kernel=$1
out=$2
words=${3:-}
cfg=$(dirname "$0")/../iso/grub.cfg

mkrescue=
for name in grub-mkrescue grub2-mkrescue x86_64-elf-grub-mkrescue i686-elf-grub-mkrescue; do
	if command -v "$name" >/dev/null 2>&1; then mkrescue=$name; break; fi
done
[ ${#words} -le 4000 ] || die "the command line is longer than 4000 characters"
[ -n "$mkrescue" ] || die "there is no grub-mkrescue: tools/deps.sh iso installs it"

# Room for a command line of 4000 characters; tools/vm finds the block by its first line.
environment_block() {
	{
		printf '# GRUB Environment Block\n'
		printf 'cmdline=%s\n' "$(printf '%s' "$words" | sed 's/\\/\\\\/g')"
		printf 'entry=multiboot2\n'
		printf '%4096s' '' | tr ' ' '#'
	} | head -c 4096
}

root=$(mktemp -d "$out.XXXXXX")
trap 'rm -rf "$root"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$root/cd/boot/grub"
"${STRIP:-strip}" -o "$root/cd/boot/teak.elf" "$kernel"
cp "$cfg" "$root/cd/boot/grub/grub.cfg"
environment_block > "$root/cd/boot/grub/grubenv"

"$mkrescue" -o "$root/iso" --fonts= --themes= --locales= \
	--modules="normal iso9660 multiboot multiboot2 serial terminal loadenv eval test" \
	--install-modules="all_video part_acorn part_amiga part_apple part_bsd part_dfly part_dvh part_gpt \
part_msdos part_plan part_sun part_sunpc" \
	"$root/cd" -- -volid TEAK > "$root/log" 2>&1 || {
	cat "$root/log" >&2
	die "$mkrescue failed; if it misses a helper, tools/deps.sh iso installs all of them"
}
mv "$root/iso" "$out"
