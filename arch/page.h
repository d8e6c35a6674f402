/*
 * Page sizes, page-table entry bits and the layout of the kernel's half of the
 * address space. SDM vol. 3, 4.5 (4-level paging).
 *
 *	0xffff888000000000  direct map of all RAM (64 TiB)      PAGE_OFFSET
 *	0xffffc90000000000  mappings made one by one (32 TiB)   VMALLOC_START
 *	0xffffea0000000000  struct page array (1 TiB)           VMEMMAP_START
 *	0xffffffff80000000  the kernel image (1 GiB)            KERNEL_MAP
 */
#ifndef ARCH_PAGE_H
#define ARCH_PAGE_H

#include <lib/types.h>

#define PAGE_SHIFT     12
#define PAGE_SIZE      (1UL << PAGE_SHIFT)
#define PAGE_MASK      (~(PAGE_SIZE - 1))
#define PMD_SHIFT      21
#define PMD_SIZE       (1UL << PMD_SHIFT)
#define PUD_SHIFT      30
#define PUD_SIZE       (1UL << PUD_SHIFT)
#define PGD_SHIFT      39
#define PTRS_PER_TABLE 512

#define PAGE_OFFSET	0xffff888000000000UL
#define DIRECT_MAP_SIZE (64UL << 40)
#define VMALLOC_START	0xffffc90000000000UL
#define VMALLOC_END	0xffffe90000000000UL
#define VMEMMAP_START	0xffffea0000000000UL
#define VMEMMAP_SHIFT	40 /* its size; it is aligned to that */
#define KERNEL_MAP	0xffffffff80000000UL
#define KERNEL_MAP_SIZE (1UL << 30)

#define _PAGE_PRESENT  BIT(0)
#define _PAGE_RW       BIT(1)
#define _PAGE_USER     BIT(2)
#define _PAGE_PWT      BIT(3)
#define _PAGE_PCD      BIT(4)
#define _PAGE_ACCESSED BIT(5)
#define _PAGE_DIRTY    BIT(6)
#define _PAGE_PSE      BIT(7) /* in a PMD or PUD: maps a large page */
#define _PAGE_GLOBAL   BIT(8)
#define _PAGE_NX       BIT(63)
#define PTE_PFN_MASK   0x000ffffffffff000UL

#define phys_to_pfn(p)	((pfn_t)((p) >> PAGE_SHIFT))
#define pfn_to_phys(n)	((phys_addr_t)(n) << PAGE_SHIFT)
/* Direct map only. */
#define phys_to_virt(p) ((void *)((virt_addr_t)(p) + PAGE_OFFSET))

/* Direct map or kernel image. */
static inline phys_addr_t virt_to_phys(const void *addr)
{
	virt_addr_t v = (virt_addr_t)addr;

	return v >= KERNEL_MAP ? v - KERNEL_MAP : v - PAGE_OFFSET;
}

#endif
