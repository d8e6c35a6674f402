#!/bin/sh
# The tools that judge Teak are judged first: each knows a few right and wrong answers.
. tests/machine/machine.sh

set -- ktap2tap check-floors check-docs bench
echo "1..$#"
n=0
for tool in "$@"; do
	n=$((n + 1))
	if timeout 60 "tools/$tool.py" --self-test </dev/null >"$LOGS/$NAME.log" 2>&1; then
		echo "ok $n - $tool.py --self-test"
	else
		echo "not ok $n - $tool.py --self-test"
		sed 's/^/# /' "$LOGS/$NAME.log"
	fi
done
