#!/bin/sh
# Upstream KVM on a CPU with SVM, both emulated: the same on every host.
. tests/machine/machine.sh
machine 240 nested
