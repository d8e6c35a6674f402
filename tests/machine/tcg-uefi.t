#!/bin/sh
# GRUB from a CD on UEFI firmware: multiboot2, no text mode, a framebuffer.
. tests/machine/machine.sh
machine 240 tcg --boot uefi
