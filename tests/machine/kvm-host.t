#!/bin/sh
# The KVM of this host, whatever it is: a software KVM (kvm_pvm) needs a minute and a half.
. tests/machine/machine.sh
export KVM=host
machine 400 kvm
