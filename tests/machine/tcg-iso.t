#!/bin/sh
# GRUB from a CD on a BIOS machine: multiboot2.
. tests/machine/machine.sh
machine 150 tcg --boot iso
