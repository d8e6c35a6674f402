/*
 * Addresses on the host: the direct map and the array of struct pages are two regions that tests/host/shim_pages.c
 * reserves; all else is the kernel's own header. Stands before arch/page.h.
 */
#ifndef HOST_ARCH_PAGE_H
#define HOST_ARCH_PAGE_H

#define virt_to_phys kernel_virt_to_phys /* it knows the kernel's image, which is not here */
#include_next <arch/page.h>
#undef virt_to_phys
#undef PAGE_OFFSET
#undef DIRECT_MAP_SIZE
#undef VMEMMAP_START
#undef VMEMMAP_SHIFT

extern virt_addr_t host_direct_map, host_vmemmap;

#define PAGE_OFFSET	host_direct_map
#define DIRECT_MAP_SIZE (1UL << 40)
#define VMEMMAP_START	host_vmemmap
#define VMEMMAP_SHIFT	33 /* 32 bytes a page */

static inline phys_addr_t virt_to_phys(const void *addr)
{
	return (virt_addr_t)addr - PAGE_OFFSET;
}

#endif
