#!/bin/sh
# Run the test scripts of tests/machine/ under prove and count single tests.
#
#	tools/run-tests.sh all|tcg|kvm|bochs|host
#
# A script is a machine shape (NAME.t, shell) or whole-machine tests (test_NAME.py, pytest);
# its group is its name's first word. Each has a time limit of its own and prints TAP, kept in
# $BUILD/test/NAME.tap. prove runs two at a time; nothing is timed, so sharing the CPUs is fine.
# The last line is "N passed, N failed, N skipped"; the exit status is 0 only if none failed.
set -u
cd "$(dirname "$0")/.." || exit 1
export TEAK_TAP=1 BUILD="${BUILD:-build}"
out=$BUILD/test

# prove's --exec: run one script, keep its TAP.
run_one() {
	name=$(basename "$1" | sed 's/\..*//')
	case $1 in
	*.py) set -- "$(tools/pick-python.sh pytest)" -m pytest -p no:cacheprovider \
		--tb=short "$1" ;;
	*) set -- sh "$1" ;;
	esac
	# tee must outlive a script that dies, so the status goes by a file.
	{ timeout -k 10 900 "$@" </dev/null; echo $? >"$out/$name.status"; } | tee "$out/$name.tap"
	exit "$(cat "$out/$name.status")"
}

# Which KVM the tests of `make test-kvm` shall use, and the reason.
pick_kvm() {
	case ${KVM:-auto} in
	host | nested) echo "$KVM as KVM= says" ;;
	*)
		if [ ! -w /dev/kvm ]; then
			echo "nested /dev/kvm is missing or not ours to open"
		elif [ -e /sys/module/kvm_pvm ]; then
			echo "nested this host has kvm_pvm, a software KVM"
		else
			echo "host /dev/kvm is there"
		fi
		;;
	esac
}

# The longest first, so that none is left running alone at the end.
scripts() {
	case $1 in
	all) ls -1U tests/machine/test_noise.py tests/machine/bochs*.t tests/machine/kvm-*.t \
		tests/machine/test_[!n]*.py tests/machine/tcg-*.t tests/machine/host-*.t ;;
	tcg) ls -1U tests/machine/test_noise.py tests/machine/test_[!n]*.py tests/machine/tcg-*.t ;;
	kvm)
		kvm=$(pick_kvm)
		echo "test-kvm: ${kvm%% *} KVM: ${kvm#* }" >&2
		ls "tests/machine/kvm-${kvm%% *}.t"
		;;
	bochs | host) ls tests/machine/"$1"*.t ;;
	*) return 1 ;;
	esac
}

# Failures in full, then the count. A script that skipped as a whole counts as one skip; one
# that died without a failed test, or kept its plan badly, counts as one failure.
report() {
	awk '
	function finish() {
		if (file == "")
			return
		if (plan == 0 && reason != "") {
			skipped++
			print "skipped: " name ": " reason
		} else if (plan != seen) {
			failed++
			print "not ok " name ": announced " plan " tests, ran " seen
		} else if (bad == 0 && status(file) != 0) {
			failed++
			print "not ok " name ": no test failed, but its exit status was " code
		}
	}
	function status(tap) {
		sub(/tap$/, "status", tap)
		code = "unknown"
		getline code < tap
		close(tap)
		return code
	}
	FNR == 1 {
		finish()
		file = FILENAME
		name = file
		sub(/.*\//, "", name)
		sub(/\.tap$/, "", name)
		plan = -1; seen = bad = show = 0; reason = ""
	}
	/^1\.\.[0-9]+/ {
		plan = substr($1, 4) + 0
		if (match($0, /# *[Ss][Kk][Ii][Pp] */))
			reason = substr($0, RSTART + RLENGTH)
	}
	/^(not )?ok / {
		seen++
		show = 0
		if (/# *[Ss][Kk][Ii][Pp]/)
			skipped++
		else if (/^ok / || /# *[Tt][Oo][Dd][Oo]/)
			passed++
		else {
			failed++
			bad++
			show = 1
			print ""
			print name ": " $0
			next
		}
	}
	show && /^#/ { print }
	END {
		finish()
		print ""
		printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
		exit failed != 0 || passed == 0
	}' "$@"
}

if [ "${1:-}" = --one ]; then
	run_one "$2"
fi

list=$(scripts "${1:-}") || {
	echo "usage: $0 all|tcg|kvm|bochs|host" >&2
	exit 2
}
mkdir -p "$out"
rm -f "$out"/*.tap "$out"/*.status
proved=0
# shellcheck disable=SC2086 # one word a script
prove -j2 --exec "$0 --one" $list || proved=$?
# Every script leaves a .tap, even an empty one: it is a failure to be counted.
for script in $list; do
	name=$(basename "$script" | sed 's/\..*//')
	[ -s "$out/$name.tap" ] || echo "# $name printed nothing" >"$out/$name.tap"
done
report "$out"/*.tap || proved=1
exit "$proved"
