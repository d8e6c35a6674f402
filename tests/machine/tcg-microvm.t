#!/bin/sh
# No PCI, no VGA, no ACPI tables where a PC has them; entered by PVH.
. tests/machine/machine.sh
export MACHINE=microvm
machine 120 tcg --boot pvh
