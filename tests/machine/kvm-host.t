#!/bin/sh
# The KVM of this host, whatever it is: a software KVM (kvm_pvm) needs minutes.
. tests/machine/machine.sh
export KVM=host MEM=64M
# A software KVM runs 0.8 million kernel instructions a second: the same tests, fewer random rounds.
[ -e /sys/module/kvm_pvm ] && export CMDLINE=scale=20
machine 900 kvm
