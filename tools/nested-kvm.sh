#!/bin/bash
# nested-kvm.sh [options] -- QEMU-ARGUMENTS: run QEMU with a real KVM where the hardware has none to give.
#
#     this machine            QEMU emulates (TCG) an AMD CPU with SVM and nested paging
#      `- outer Linux         Debian's kernel with the kvm-amd module, and an init of 20 lines
#          `- inner QEMU      this machine's QEMU program, with -accel kvm: the arguments are for it
#
# To the inner guest this is upstream KVM on AMD: kvmclock, x2APIC, TSC deadline, SVM's exits. What the inner
# QEMU's standard input and output carry (the guest's console) is ours; its exit status becomes ours.
#
#   --file PATH    a file the inner QEMU opens; it lies in its working directory by its last name
#   --smp N        how many CPUs the inner guest has, --mem M how much memory (256M, 2G)
#   --timeout SEC  for the whole run
#   --verbose      the outer console on stderr at the end
#
# The outer system is made once from packages that are downloaded and unpacked, never installed, and kept in
# $XDG_CACHE_HOME/teak/nested-kvm under a key of this script and the QEMU program; runs share it.
# Exit status 124: time was up. 125: could not start, or the inner QEMU never reported.
set -euo pipefail

readonly PACKAGES_DEBIAN=linux-image-cloud-amd64 PACKAGES_UBUNTU=linux-image-virtual
readonly OUTER_RESERVE=512			# MiB that the outer Linux needs for itself

say() { echo "nested-kvm: $*" >&2; }
die() { say "$@"; exit 125; }

files=()
smp=1 mem=256M limit=0 verbose=
while [ $# -gt 0 ]; do
	case $1 in
	--file) files+=("$2"); shift 2 ;;
	--smp) smp=${2%%[!0-9]*}; shift 2 ;;
	--mem) mem=$2; shift 2 ;;
	--timeout) limit=$2; shift 2 ;;
	--verbose) verbose=1; shift ;;
	--) shift; break ;;
	*) die "usage: tools/nested-kvm.sh [--file PATH]... [--smp N] [--mem M] [--timeout SEC] -- QEMU-ARGUMENTS" ;;
	esac
done

qemu=$(command -v qemu-system-x86_64) || die "qemu-system-x86_64 is not installed: tools/deps.sh run"
key=$(cat "$0" "$qemu" | sha256sum | cut -c 1-16)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/teak/nested-kvm
image=$cache/$key				# holds vmlinuz, base.cpio and busybox once it is there

# ---- the outer system, made once ----------------------------------------------------------------------

# What runs as process 1 out there. COM1 is its console (our log), COM2 the inner guest's console. COM2
# stays open from the first line on: an open of a closed port empties its FIFO. onlcr is off because
# QEMU's stdio would otherwise turn \n into \r\n.
outer_init() {
	cat <<'INIT'
#!/bin/busybox sh
busybox=/bin/busybox
$busybox mount -t proc proc /proc
$busybox mount -t devtmpfs dev /dev
while read -r module; do $busybox insmod "/modules/$module.ko"; done < /modules/order
exec 3<> /dev/ttyS1
$busybox stty -F /dev/ttyS1 raw -echo -onlcr
set --
while IFS= read -r argument; do set -- "$@" "$argument"; done < /job/arguments
cd /job
echo 'nested-kvm: ready'
/usr/bin/qemu-system-x86_64 "$@" <&3 >&3
status=$?
$busybox sleep 0.1	# let the UART send the rest
echo "nested-kvm: status $status"
$busybox poweroff -f
INIT
}

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# The packages of the newest kernel of this distribution: a meta package names them in its dependencies.
kernel_packages() {
	local meta
	for meta in $PACKAGES_DEBIAN $PACKAGES_UBUNTU; do
		apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
			--no-replaces --no-enhances "$meta" 2>/dev/null |
			grep -Eo '^linux-(image|modules)-[0-9][^ ]*' | sort -u | grep . && return
	done
}

download() {
	local names
	names=$(kernel_packages) || return 1
	# shellcheck disable=SC2086  # a list of packages
	apt-get -qq -o APT::Sandbox::User="$(id -un)" download $names busybox-static >&2
}

fetch_packages() {
	command -v apt-get >/dev/null ||
		die "the outer system is made from Debian or Ubuntu packages, and there is no apt-get here"
	cd "$1"
	download && return
	say "apt-get download failed; trying again with new package lists"
	as_root apt-get -qq update >&2 && download && return
	die "cannot download $PACKAGES_DEBIAN and busybox-static (tried apt-get download): is there a network?"
}

# Put module $2 of the unpacked packages $1 into $3, those it depends on first (its .modinfo names them).
add_module() {
	local found target=$3/$2.ko dependency
	[ ! -e "$target" ] || return 0
	found=$(find "$1" \( -name "${2//_/-}.ko*" -o -name "${2//-/_}.ko*" \) -print -quit)
	[ -n "$found" ] || die "the kernel package has no module $2"
	case $found in
	*.xz) xz -dc "$found" ;;
	*.zst) zstd -dcq "$found" ;;
	*) cat "$found" ;;
	esac > "$target"
	for dependency in $(grep -az '^depends=' "$target" | tr -d '\0' | sed 's/^depends=//; s/,/ /g'); do
		add_module "$1" "$dependency" "$3"
	done
	echo "$2" >> "$3/order"
}

# QEMU must lie in /usr/bin, because it looks for its firmware relative to itself.
add_qemu() {
	local root=$1 library name directory
	mkdir -p "$root/usr/bin" "$root/usr/share/qemu"
	cp "$qemu" "$root/usr/bin/qemu-system-x86_64"
	ldd "$qemu" | grep -Eo '/[^ ]+' | while read -r library; do
		mkdir -p "$root$(dirname "$library")"
		cp -L "$library" "$root$library"
	done
	for name in bios-256k.bin bios-microvm.bin kvmvapic.bin multiboot.bin multiboot_dma.bin \
		linuxboot_dma.bin pvh.bin vgabios-stdvga.bin; do
		for directory in /usr/share/qemu /usr/share/seabios; do
			[ ! -e "$directory/$name" ] || cp -L "$directory/$name" "$root/usr/share/qemu/"
		done
	done
}

archive() { (cd "$1" && find . | "$2" cpio -o -H newc 2>/dev/null); }

build_image() {
	local work=$cache/.new.$$ package
	say "making the outer system (once; about 40 MB to download)"
	rm -rf "$cache"/.new.*			# under the lock: nobody else's
	mkdir -p "$work"/{packages,unpacked,image} "$work"/root/{bin,dev,proc,tmp,var/tmp,job,modules}
	(fetch_packages "$work/packages")
	for package in "$work"/packages/*.deb; do dpkg -x "$package" "$work/unpacked"; done
	find "$work/unpacked" -path '*bin/busybox' -exec cp {} "$work/image/busybox" \;
	cp "$work/image/busybox" "$work/root/bin/"
	add_module "$work/unpacked" kvm-amd "$work/root/modules"
	add_qemu "$work/root"
	outer_init > "$work/root/init"
	chmod +x "$work/root/init"
	archive "$work/root" "$work/image/busybox" > "$work/image/base.cpio"
	cp "$work"/unpacked/boot/vmlinuz-* "$work/image/vmlinuz"
	mv -T "$work/image" "$image"		# from here on it is complete
	rm -rf "$work"
	# Images of older scripts and programs; a day spares those that still run.
	find "$cache" -mindepth 1 -maxdepth 1 -type d ! -name "$key" -mtime +0 -exec rm -rf {} +
}

if [ ! -d "$image" ]; then
	mkdir -p "$cache"
	exec 9> "$cache/lock"
	flock 9
	[ -d "$image" ] || build_image
	exec 9>&-
fi

# ---- one run ----------------------------------------------------------------------------------------

megabytes() {
	case $1 in
	*[Gg]) echo $((${1%?} * 1024)) ;;
	*[Mm]) echo "${1%?}" ;;
	*) echo "$1" ;;
	esac
}

work=$(mktemp -d)
outer='' feeder=''
# shellcheck disable=SC2317  # called by the trap
clean_up() {
	for process in $outer $feeder; do kill "$process" 2>/dev/null || true; done
	[ -z "$outer" ] || wait "$outer" 2>/dev/null || true
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

mkdir -p "$work/root/job"
for file in "${files[@]}"; do cp -L "$file" "$work/root/job/" || die "cannot read $file"; done
printf '%s\n' "$@" > "$work/root/job/arguments"
archive "$work/root" "$image/busybox" | cat "$image/base.cpio" - > "$work/initrd"
touch "$work/console"

# A terminal goes straight to the outer QEMU, which takes Ctrl-A X out of it. Anything else is held back until
# COM2 is open at the other end, or its first bytes would be lost.
keyboard="stdio,id=keys,signal=off"
person=
if [ -t 0 ]; then
	person=1
	exec 4<&0
	mux=(-mon chardev=keys)
	keyboard+=,mux=on
else
	mux=(-monitor none)
	mkfifo "$work/input"
	exec 4<>"$work/input" 5<&0
	{
		until grep -aqs '^nested-kvm: ready' "$work/console"; do sleep 0.1; done
		exec cat <&5 >"$work/input"
	} 4<&- &
	feeder=$!
fi

cpus=$(nproc)
[ "$smp" -ge "$cpus" ] || cpus=$smp
quit_with_us=()
! setpriv --pdeathsig TERM true 2>/dev/null || quit_with_us=(setpriv --pdeathsig TERM)
# shellcheck disable=SC2054  # the commas are QEMU's
command=("${quit_with_us[@]}" "$qemu" -accel tcg -cpu max,+svm -smp "$cpus"
	-m $(($(megabytes "$mem") + OUTER_RESERVE)) -nodefaults -display none -no-reboot
	-kernel "$image/vmlinuz" -initrd "$work/initrd"
	-append "console=ttyS0 quiet panic=-1 mitigations=off tsc=reliable"
	-serial "file:$work/console" -chardev "$keyboard" -serial chardev:keys "${mux[@]}")
timed_out=
"${command[@]}" <&4 &
outer=$!
if [ "$limit" != 0 ]; then
	{ sleep "$limit"; kill "$outer"; } 2>/dev/null &
	feeder="$feeder $!"
	timed_out=124
fi
outer_status=0
wait "$outer" || outer_status=$?
outer=

log() { tr -d '\r' < "$work/console"; }
status=$(log | sed -n 's/^nested-kvm: status //p')
[ -z "$verbose" ] || log >&2
if [ -z "$status" ]; then
	# Nothing reported and nothing wrong: Ctrl-A X.
	[ -z "$person" ] || [ "$outer_status" != 0 ] || log | grep -q 'Kernel panic' || exit 0
	[ -n "$verbose" ] || log >&2
	exit "${timed_out:-125}"
fi
# What the inner QEMU had to say on stderr went to the outer console.
log | grep -v -e '^nested-kvm: ' -e 'reboot: Power down' >&2 || true
exit "$status"
