#!/bin/sh
# Two CPUs in Bochs, which runs them in turn: x2APIC and another idea of INIT.
. tests/machine/machine.sh
export SMP=2
machine 300 bochs
