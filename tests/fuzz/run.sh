#!/bin/sh
# Run fuzz targets one after another, each for FUZZ_RUNS inputs from a fixed seed and a fresh corpus, so
# that the same tree gives the same verdict. Usage: run.sh BUILD/fuzz tests/fuzz/fuzz_NAME.c...
set -u
dir=$1
shift
failed=0

for src in "$@"; do
	name=$(basename "$src" .c)
	corpus=$dir/corpus/$name
	log=$dir/$name.log
	rm -rf "$corpus"
	mkdir -p "$corpus"

	options=$(sed -n 's/^ \* Options: *//p' "$src")
	[ -f "${src%.c}.dict" ] && options="$options -dict=${src%.c}.dict"
	printf '  FUZZ    %-20s ' "$name"
	# shellcheck disable=SC2086 # options are words
	if "$dir/$name" -runs="$FUZZ_RUNS" -seed=1 -timeout=10 -verbosity=1 -print_final_stats=1 \
		-artifact_prefix="$dir/$name-" $options "$corpus" >"$log" 2>&1; then
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
		cover=$(sed -n 's/.* cov: \([0-9]*\).*/\1/p' "$log" | tail -n 1)
		echo "ok, $runs runs, $cover edges covered"
	else
		echo "FAILED"
		grep -v '^#' "$log" | tail -n 40
		echo "  the whole log: $log"
		failed=$((failed + 1))
	fi
done

[ "$failed" -eq 0 ] || {
	echo "fuzz: $failed target(s) failed"
	exit 1
}
