/* The kernel's side of the boot code: what kernel_main() calls. */
#ifndef BOOT_BOOT_H
#define BOOT_BOOT_H

#include <boot/boot_info.h>

/*
 * Fill boot_info from what the loader left: `magic` and `info` are EAX and EBX at entry. Needs the early
 * map of the low 4 GiB. Panics when there is nothing to work with. Boot, once.
 */
void boot_info_init(u32 magic, phys_addr_t info);

#endif
