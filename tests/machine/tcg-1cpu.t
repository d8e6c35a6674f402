#!/bin/sh
# QEMU's emulator with every feature it has: the machine of `make run`.
. tests/machine/machine.sh
machine 120 tcg
