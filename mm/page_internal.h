/* Shared by the files of the page allocator, and by nobody else. */
#ifndef MM_PAGE_INTERNAL_H
#define MM_PAGE_INTERNAL_H

#include <arch/extable.h>
#include <arch/percpu.h>
#include <lib/bitops.h>
#include <mm/memblock.h>
#include <mm/page_alloc.h>

/* Free pages of one zone in front of it, a stack: the page freed last is the warmest. */
struct per_cpu_pages {
	struct page *head;
	u64 allocated; /* the state of a page of this zone that somebody has, and of one that is on the list */
	u64 listed;
	u32 count;
	u64 allocs, frees, refills, drains;
};
#define NR_ZONES_POW2 4 /* so that a zone number from a struct page can be masked, not checked */
DECLARE_PER_CPU(struct per_cpu_pages[NR_ZONES_POW2], pcp_lists);
#define EMPTY_LIST(zone)                                             \
	{                                                            \
		.allocated = page_state(PAGE_ALLOCATED, 0, zone, 1), \
		.listed = page_state(PAGE_PCP, 0, zone, 0),          \
	}

/* The best zone for each value of gfp & GFP_ZONEMASK: the highest that exists and may be used. */
extern u8 preferred_zone[GFP_ZONEMASK + 1];
/* The boot CPU's list of that zone: what this_cpu_ptr() starts from. */
extern struct per_cpu_pages *preferred_list[GFP_ZONEMASK + 1];

#define PAGE_DEBUG_POISON BIT(0)
/* Nonzero: every allocation and free takes the slow path, which checks. */
extern u32 page_debug;
#define PAGE_POISON 0xaa /* Linux: mm/page_poison.c */
/*
 * From now on every free page is full of PAGE_POISON, and an allocation checks that it still is. Fills what is free
 * now, which takes a while. `page_poison` on the command line has it from the start. As drain_all_pages().
 */
void page_poison_enable(void);
void page_poison_disable(void);

/* Pages on the lists of all CPUs. */
unsigned long pcp_pages(u32 zone);

/*
 * Report a misuse: what the page is, who called, the bytes at `at` if any. The page is left as it is
 * (leaked at worst), so the allocator stays sound.
 */
void bad_page(struct page *page, const char *why, const void *at, unsigned int order);
extern u64 bad_page_reports;
const char *page_type_name(u8 type);
/* NULL when __free_pages(page, order) is right, else what is wrong. Survives any pointer. */
const char *why_not_freeable(struct page *page, unsigned int order);
/* At most one report in a while: order, flags, zone table. */
void report_no_memory(gfp_t gfp, unsigned int order);
extern u64 no_memory_reports; /* printed so far */

/*
 * The state of what is said to be a struct page; 0, which no page of anybody's has, for a pointer that points elsewhere.
 * Most of the array is not mapped, so the look is one that survives a fault.
 */
static __always_inline u64 page_state_nofault(const struct page *page)
{
	if (unlikely((virt_addr_t)page >> VMEMMAP_SHIFT != VMEMMAP_START >> VMEMMAP_SHIFT))
		return 0;
	return u64_nofault((const void *)page); /* the first word of it, if it is one */
}

#endif
