#!/bin/sh
# Bochs: another emulator's idea of the same PC, with PCID and MWAIT.
. tests/machine/machine.sh
machine 240 bochs
