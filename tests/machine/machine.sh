# shellcheck shell=sh
# One machine shape is one script of two lines that calls this:
#
#	machine SECONDS KIND [options of tools/vm]...
#
# It boots Teak with test=all on that machine, at most SECONDS long, and prints flat TAP.
# SECONDS is for a loaded build machine: a bound, not a measurement.
# Where this host cannot be that machine, the script is skipped with the launcher's own reason. Only
# what is listed below is such a reason; any other failure to start is a failure.

: "${BUILD:=build}"
NAME=$(basename "$0" .t)
LOGS=$BUILD/test
CANNOT_START=125
NOT_OURS='has no /dev/kvm|/dev/kvm may not be opened|no apt-get here|cannot download'
mkdir -p "$LOGS"

skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}

machine() {
	limit=$1 kind=$2
	shift 2
	status=0
	CMDLINE="test=all panic=exit${CMDLINE:+ $CMDLINE}" \
		tools/vm "$kind" --timeout "$limit" --raw-status --no-reboot "$@" \
		</dev/null >"$LOGS/$NAME.log" 2>"$LOGS/$NAME.err" || status=$?
	reason=$(grep -E "$NOT_OURS" "$LOGS/$NAME.err" | tail -n 1)
	if [ "$status" = "$CANNOT_START" ] && [ -n "$reason" ]; then
		skip_all "$reason"
	fi
	sed 's/^/# /' "$LOGS/$NAME.err"
	# Bochs has no exit status: the verdict is that of the KTAP alone, unless time ran out.
	if [ "$kind" = bochs ] && [ "$status" != 124 ]; then
		set --
	else
		set -- --status "$status"
	fi
	tools/ktap2tap.py --name "$NAME" "$@" <"$LOGS/$NAME.log"
}
