#!/bin/sh
# lib/ and the parsers as programs of this machine, under AddressSanitizer and UBSan.
. tests/machine/machine.sh

# Every program prints flat TAP of its own; here they become one list.
total=$(mktemp)
trap 'rm -f "$total"' EXIT
for program in "$BUILD"/host/*; do
	if [ ! -f "$program" ] || [ ! -x "$program" ]; then
		continue
	fi
	name=$(basename "$program")
	status=0
	CMOCKA_MESSAGE_OUTPUT=TAP timeout 120 "$program" \
		</dev/null >"$LOGS/host-$name.log" 2>&1 || status=$?
	tools/ktap2tap.py --flat --name "$name" --prefix "$name." --status "$status" \
		--status-ok 0 --status-failed -1 <"$LOGS/host-$name.log" >>"$total" || true
done
[ -s "$total" ] || echo 'not ok 0 - host tests: none is built' >>"$total"
awk '/^1\.\./ { next }
     /^(not )?ok / { n++; sub(/ok [0-9]+/, "ok " n) }
     { print }
     END { print "1.." n }' "$total"
