/* Memory that the page allocator has not looked at yet, and making struct pages for it. */
#ifndef MM_MM_INIT_H
#define MM_MM_INIT_H

#include <mm/page_alloc.h>

/* Frames taken at a time: 16 MiB, so 128 KiB of struct pages to clear. */
#define GROW_PAGES 4096UL

/* One past the last frame that the direct map has room for. */
#define MAX_PFN	    phys_to_pfn(DIRECT_MAP_SIZE)
/* Struct pages are made for whole blocks of the largest order, so a buddy always has one. */
#define BLOCK_PAGES (1UL << MAX_ORDER)

/* Forget all deferred memory. Boot. */
void defer_reset(void);
/*
 * Note a free range of memblock as deferred, and count it in its zone; its own top pays for its struct pages. The
 * range must not cross a zone's end. When there are too many ranges, the smallest is left out, with a message. Boot.
 */
void defer_range(struct zone *zone, pfn_t start, pfn_t end);
/*
 * Make struct pages for up to GROW_PAGES more frames of the zone and free them into it. false: the zone
 * has none deferred. Takes zone->lock itself; interrupts off or on.
 */
bool zone_grow(struct zone *zone);
/* Is the frame free, but without a struct page yet? Is it set aside to hold struct pages? Any context. */
bool pfn_deferred(pfn_t pfn);
bool pfn_holds_vmemmap(pfn_t pfn);
/* Map and clear the struct pages of [start, end), rounded out to 4 MiB of memory, where not done yet. alloc
 * gives table and array pages. 0 or -ENOMEM. */
struct pgtable_ops;
int vmemmap_populate(pfn_t start, pfn_t end, const struct pgtable_ops *ops);
/* Which zone a frame belongs to. */
enum zone_type zone_of(pfn_t pfn);

#endif
