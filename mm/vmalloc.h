/*
 * Virtually contiguous memory in its own region, each area followed by an
 * unmapped guard page: for what is too large for the buddy system, for stacks,
 * and for devices. Linux: mm/vmalloc.c. May not be called in interrupts (takes a lock that
 * is not irq-safe; may allocate with GFP_KERNEL).
 */
#ifndef MM_VMALLOC_H
#define MM_VMALLOC_H

#include <mm/page.h>

/*
 * size bytes of single pages, mapped read-write, not executable, not cleared. NULL: size 0, no
 * memory, no room.
 */
void *vmalloc(size_t size);
void *vzalloc(size_t size);
/* What vmalloc() gave, exactly; NULL is allowed. Anything else is reported and left alone. */
void vfree(const void *addr);
/*
 * Map n pages side by side with the bits of prot (PAGE_KERNEL...). The pages stay the
 * caller's. NULL as above, and when prot is writable and executable, or lets ring 3 in.
 */
void *vmap(struct page **pages, unsigned int n, u64 prot);
void vunmap(const void *addr);
/*
 * A kernel stack of THREAD_SIZE with a guard page below it (and the next area's above). Its
 * lowest address.
 */
#define THREAD_SIZE (16UL << 10)
void *alloc_stack(void);
void free_stack(void *stack);

/* Is the address inside the region, and in an area that is mapped? Any context. */
bool is_vmalloc_addr(const void *addr);
/*
 * Pages that belong to areas (vmalloc, stacks). Linux: the same name; VmallocUsed in
 * /proc/meminfo.
 */
unsigned long vmalloc_nr_pages(void);
/* Misused addresses that were reported so far. */
extern u64 bad_vfree_reports;
/* Boot: after page_alloc_init(), before the first ioremap(). */
void vmalloc_init(void);

#endif
