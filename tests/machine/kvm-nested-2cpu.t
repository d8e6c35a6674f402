#!/bin/sh
# Two CPUs of upstream KVM: interrupts between them are exits.
. tests/machine/machine.sh
export SMP=2
machine 240 nested
