/* Device memory and firmware tables, mapped into the kernel's address space. */
#ifndef MM_IOREMAP_H
#define MM_IOREMAP_H

#include <lib/types.h>

/*
 * Map [phys, phys+size) uncached for device registers. NULL when it wraps, is beyond the CPU's
 * physical address width, covers RAM or there is no room. Not aligned: the offset into the page
 * is kept. May not be called in interrupts.
 */
void *ioremap(phys_addr_t phys, size_t size);
/* The same write-combining where the CPU has PAT (framebuffers), else uncached. */
void *ioremap_wc(phys_addr_t phys, size_t size);
/* The same cached and read-only: firmware tables, loader data. RAM is allowed. */
const void *memremap_ro(phys_addr_t phys, size_t size);
/*
 * What one of these gave, or any address in its first page; NULL is allowed. Anything else is
 * reported and left alone.
 */
void iounmap(const void *addr);

#endif
