# What gdb does first (tools/debug.sh): run from the reset vector to Teak's first 64-bit instruction.
#
# The breakpoint is a hardware one, because no page table maps the kernel yet; start64_phys is linked at
# its physical address, so it means the same before and after paging. The next `stepi` or two reach
# start64, at the kernel's own address; from there on break, bt and print work as in any program.
set confirm off
set pagination off
set architecture i386:x86-64
set disassembly-flavor intel
set print pretty on

thbreak *start64_phys
continue
