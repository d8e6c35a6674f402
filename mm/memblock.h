/*
 * The early allocator: which physical memory there is and which of it is taken,
 * as two sorted, merged lists of ranges. It lives from the first look at the
 * firmware's map until it hands all that is free to the page allocator. Linux: memblock.
 *
 * Pure (the host tests compile it); one CPU, boot only, no locks.
 */
#ifndef MM_MEMBLOCK_H
#define MM_MEMBLOCK_H

#include <lib/types.h>
#include <mm/memmap.h>

struct memblock_region {
	phys_addr_t base;
	u64 size;
};

#define MEMBLOCK_RESERVED_MAX 256

struct memblock_type {
	const char *name;
	u32 nr, max;
	struct memblock_region *region; /* sorted by base; no two overlap or touch */
};

struct memblock {
	struct memblock_type memory;
	struct memblock_type reserved;
	phys_addr_t limit; /* memblock_alloc() stays below: what is mapped so far */
};
extern struct memblock memblock;

/* Forget everything. */
void memblock_reset(void);
/* Add RAM (whole pages only: edges are cut) / take a range (edges grow to whole pages), present or not.
 * Overlaps merge. 0; -EINVAL it wraps; -ENOSPC the list is full: nothing was changed. */
int memblock_add(phys_addr_t base, u64 size);
int memblock_reserve(phys_addr_t base, u64 size);
/*
 * Add the usable entries of a map in order, as far as they lie below `limit` (less than 2^63). Returns the bytes
 * that were left out: above it, or past a full list.
 */
u64 memblock_add_map(const struct memmap *map, phys_addr_t limit);
/* Give a reserved range back. 0, -EINVAL or -ENOSPC (a hole needs one more entry). */
int memblock_free(phys_addr_t base, u64 size);
/*
 * Reserve the highest free range below memblock.limit (Linux: top-down), size > 0, align a power of
 * two >= PAGE_SIZE. Its address, or 0 when there is none (page 0 is never given out).
 */
phys_addr_t memblock_phys_alloc(u64 size, u64 align);
/* i-th free range (memory minus reserved) in address order, starting from *cursor = 0. false: no more. */
bool memblock_next_free(u64 *cursor, phys_addr_t *start, phys_addr_t *end);
/* Bytes of RAM; of RAM that is free; one past the highest byte of RAM. */
u64 memblock_total(void);
u64 memblock_total_free(void);
phys_addr_t memblock_end(void);
/* Whether any byte of the range is RAM. */
bool memblock_overlaps_memory(phys_addr_t base, u64 size);

#endif
