#!/bin/sh
# Sixty-four CPUs on what this host has: whoever waits for another costs a time slice.
. tests/machine/machine.sh
export SMP=64 MACHINE=q35
machine 300 tcg
