#!/bin/sh
# PCI Express chipset: ECAM, other devices, another ACPI table set.
. tests/machine/machine.sh
export MACHINE=q35
machine 120 tcg
