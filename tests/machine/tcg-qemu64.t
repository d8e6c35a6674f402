#!/bin/sh
# A CPU of 2003: no SMEP, SMAP, FSGSBASE or 1 GiB pages.
. tests/machine/machine.sh
export CPU=qemu64
machine 120 tcg
