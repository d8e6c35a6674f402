/* Memory that the page allocator has not looked at yet, and making struct pages for it. */
#ifndef MM_MM_INIT_H
#define MM_MM_INIT_H

#include <mm/page_alloc.h>

/* Frames taken at a time: 16 MiB, so 128 KiB of struct pages to clear. */
#define GROW_PAGES 4096UL

/*
 * Note a free range of memblock as deferred; its own top pays for its struct pages. The range must not cross a zone's
 * end. Returns the pages that will be managed. Boot.
 */
unsigned long defer_range(struct zone *zone, pfn_t start, pfn_t end);
/*
 * Make struct pages for up to GROW_PAGES more frames of the zone and free them into it. false: the zone
 * has none deferred. Takes zone->lock itself; interrupts off or on.
 */
bool zone_grow(struct zone *zone);
/* Map and clear the struct pages of [start, end), rounded out to 4 MiB of memory, where not done yet. alloc
 * gives table and array pages. 0 or -ENOMEM. */
struct pgtable_ops;
int vmemmap_populate(pfn_t start, pfn_t end, const struct pgtable_ops *ops);
/* Which zone a frame belongs to. */
enum zone_type zone_of(pfn_t pfn);

#endif
