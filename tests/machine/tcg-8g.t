#!/bin/sh
# Memory on both sides of the hole below 4 GiB.
. tests/machine/machine.sh
export MEM=8G
machine 120 tcg
