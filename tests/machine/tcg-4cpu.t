#!/bin/sh
# Four CPUs in two packages.
. tests/machine/machine.sh
export SMP=4,sockets=2,cores=2,threads=1 MACHINE=q35
machine 120 tcg
