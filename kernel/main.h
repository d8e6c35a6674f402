/* The kernel's C entry, called once by boot/entry64.asm: EAX and EBX as the loader left them. */
#ifndef KERNEL_MAIN_H
#define KERNEL_MAIN_H

#include <lib/types.h>

void kernel_main(u32 magic, u32 info);
#endif
