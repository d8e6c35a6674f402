#!/bin/sh
# Two CPUs: the smallest machine on which anything can go wrong between them.
. tests/machine/machine.sh
export SMP=2
machine 120 tcg
