/* What mm/ does at boot, step by step; kernel/main.c calls these in this order. */
#ifndef MM_MM_H
#define MM_MM_H

#include <mm/memmap.h>

/* Below this much usable RAM the boot stops with a message. */
#define MIN_RAM MiB(12)

/*
 * Keep the firmware's map for `mem map`, put a copy of it in order, tell memblock the RAM in it, and reserve what must
 * never be handed out: page 0 and the image. Panics with a clear message when RAM is less than MIN_RAM.
 */
void mm_init_memory(const struct memmap *firmware);

/*
 * Build and load the kernel's page tables: the direct map of exactly the RAM, with the largest pages,
 * and the image with W^X and unmapped guard pages. The early map of 4 GiB and all low addresses are gone after it.
 */
void paging_init(void);

/* What the tables rest on, for each CPU: the PAT, all CPUs alike. */
void paging_init_cpu(void);

struct pgtable_ops;
/* How the kernel's own tables get their pages: from memblock, later from the page allocator. */
extern const struct pgtable_ops kernel_pgtable_ops;
/* The kernel's PML4: every address space shares its upper half. */
extern u64 *kernel_pml4;

/* Give the memory of __init and __initdata to the page allocator. At the end of the boot, by code that is not __init. */
void free_initmem(void);

/* Print the firmware's map, what the kernel made of it, and what memblock made of that. */
void show_memory_map(void);
/* What the firmware says of the byte (enum memmap_type, or another number of its own); 0: nothing. */
u32 memory_type_at(phys_addr_t phys);

#endif
