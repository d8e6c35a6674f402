#!/bin/bash
# debug.sh [--batch 'COMMAND; COMMAND...']: Teak in QEMU under gdb, stopped at its first 64-bit instruction.
#
# QEMU waits before the CPU's first instruction until gdb has put a breakpoint there (tools/teak.gdb) and
# lets it run. gdb has this terminal; the guest's console is `tools/vm console` in another one, and
# all it prints is also in $BUILD/console.log. QEMU ends with gdb. The Makefile's knobs hold here too.
#
# --batch runs the commands after that stop, prints what they print and ends (for tests); a minute at most.
set -euo pipefail
set -m		# QEMU gets a process group of its own: a Ctrl-C is gdb's alone

die() { echo "debug: $*" >&2; exit 125; }

tools=$(dirname "$0")
BUILD=${BUILD:-build}
export BUILD
[ -r "$BUILD/teak.elf" ] || die "$BUILD/teak.elf is not there: build it first (make)"
gdb=$(command -v x86_64-elf-gdb || command -v gdb) || die "gdb is not installed: tools/deps.sh debug"

work=$(mktemp -d)
machine=
# shellcheck disable=SC2317  # called by the trap
clean_up() {
	[ -z "$machine" ] || kill "$machine" 2>/dev/null || true
	wait 2>/dev/null || true
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 143' TERM

"$tools/vm" tcg --gdb "$work/gdb" </dev/null >"$work/log" 2>&1 &
machine=$!
until [ -S "$work/gdb" ]; do
	kill -0 "$machine" 2>/dev/null || { cat "$work/log" >&2; die "QEMU did not start"; }
	sleep 0.05
done

connect=(-ex "target remote $work/gdb" -x "$tools/teak.gdb")
if [ "${1:-}" = --batch ]; then
	printf '%s\n' "${2//;/$'\n'}" > "$work/commands"
	status=0
	timeout 60 "$gdb" -q -nx -batch "${connect[@]}" -x "$work/commands" "$BUILD/teak.elf" </dev/null || status=$?
	exit "$status"
fi
echo "The guest's console: BUILD=$BUILD tools/vm console in another terminal, or $BUILD/console.log"
"$gdb" -q "${connect[@]}" "$BUILD/teak.elf"
