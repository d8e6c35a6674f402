#!/bin/sh
# Every allocation watched: red zones, poison and owners in each cache, poison in free pages.
. tests/machine/machine.sh
export CMDLINE="slab_debug page_poison"
machine 180 tcg
