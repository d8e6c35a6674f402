#!/bin/sh
# The KVM of this host, whatever it is.
. tests/machine/machine.sh
export KVM=host
machine 240 kvm
