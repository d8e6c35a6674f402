/*
 * How the zones get their memory: what memblock has free at boot, and what is given
 * later (init memory). The struct pages are made when they are needed: mm/mm_init.c.
 */
#define pr_fmt(fmt) "mm: " fmt

#include <lib/param.h>
#include <lib/printk.h>
#include <lib/string.h>
#include <mm/buddy.h>
#include <mm/mm.h>
#include <mm/mm_init.h>
#include <mm/page_internal.h>

static bool page_poison;
PARAM("page_poison", PARAM_FLAG(&page_poison),
      "fill free pages and check them when they are allocated");

/* Where the part of [start, end) that lies in one zone ends. */
static pfn_t end_in_zone(pfn_t start, pfn_t end)
{
	switch (zone_of(start)) {
	case ZONE_DMA:
		return min(end, phys_to_pfn(MiB(16)));
	case ZONE_DMA32:
		return min(end, phys_to_pfn(GiB(4)));
	default:
		return end;
	}
}

static __init void defer_by_zone(pfn_t start, pfn_t end)
{
	while (start < end) {
		pfn_t stop = end_in_zone(start, end);

		defer_range(&zones[zone_of(start)], start, stop);
		start = stop;
	}
}

/*
 * The reserve below which only urgent requests go: 1/256 of the zone, at most 16 MiB. A request that
 * could use a higher zone must leave 1/256 of what the higher zones have (Linux: lowmem_reserve_ratio).
 */
static __init void set_watermarks(void)
{
	for (u32 z = 0; z < NR_ZONES; z++) {
		unsigned long min_pages = min(zones[z].managed / 256, phys_to_pfn(MiB(16)));
		unsigned long higher = 0;

		zones[z].wmark[WMARK_MIN] = min_pages;
		zones[z].wmark[WMARK_LOW] = min_pages + min_pages / 4;
		zones[z].wmark[WMARK_HIGH] = min_pages + min_pages / 2;
		for (u32 wanted = z + 1; wanted < NR_ZONES; wanted++) {
			higher += zones[wanted].managed;
			zones[z].lowmem_reserve[wanted] = min(higher / 256, zones[z].managed / 2);
		}
	}
}

static __init void prefer(gfp_t bits, u32 z)
{
	while (z && !zones[z].managed)
		z--;
	preferred_zone[bits] = (u8)z;
	preferred_list[bits] = &pcp_lists[z];
}

void __init page_alloc_init(void)
{
	static const char *const names[] = {"DMA", "DMA32", "Normal"};
	phys_addr_t start, end;
	u64 cursor = 0;

	defer_reset();
	for (u32 z = 0; z < NR_ZONES; z++) {
		zone_init(&zones[z], names[z], (u8)z);
		pcp_lists[z] = (struct per_cpu_pages)EMPTY_LIST(z);
	}
	while (memblock_next_free(&cursor, &start, &end))
		defer_by_zone(phys_to_pfn(start), phys_to_pfn(end));
	prefer(0, ZONE_NORMAL);
	prefer(__GFP_DMA32, ZONE_DMA32);
	prefer(__GFP_DMA, ZONE_DMA);
	prefer(__GFP_DMA | __GFP_DMA32, ZONE_DMA);
	set_watermarks();
	if (page_poison)
		page_poison_enable();
}

/* Struct pages for frames that had none; in the usual case the zone's own first pages share a block with them. */
static bool make_struct_pages(struct zone *zone, pfn_t start, pfn_t end)
{
	if (!pfn_valid(start))
		zone_grow(zone);
	return vmemmap_populate(start, end, &kernel_pgtable_ops) == 0;
}

void free_reserved_area(phys_addr_t start, phys_addr_t end, const char *what)
{
	pfn_t first = phys_to_pfn(ALIGN(start, PAGE_SIZE)), last = phys_to_pfn(end), stop;

	for (; first < last; first = stop) {
		struct zone *zone = &zones[zone_of(first)];
		unsigned long flags;

		stop = end_in_zone(first, last);
		if (!make_struct_pages(zone, first, stop)) {
			pr_warn("%s: no memory to make it memory\n", what);
			return;
		}
		memblock_free(pfn_to_phys(first), (stop - first) << PAGE_SHIFT);
		if (page_debug & PAGE_DEBUG_POISON)
			memset(phys_to_virt(pfn_to_phys(first)), PAGE_POISON,
			       (stop - first) << PAGE_SHIFT);
		spin_lock_irqsave(&zone->lock, flags);
		buddy_free_range(zone, first, stop);
		zone->managed += stop - first;
		spin_unlock_irqrestore(&zone->lock, flags);
	}
	pr_debug("%s: %llu KiB more are free\n", what, (end - start) >> 10);
}
