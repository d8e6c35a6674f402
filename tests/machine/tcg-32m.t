#!/bin/sh
# The least memory that Teak promises to run in.
. tests/machine/machine.sh
export MEM=32M
machine 120 tcg
