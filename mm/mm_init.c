/*
 * From memblock to zones, lazily. At boot each free range is only written
 * down; its struct pages are mapped, cleared and put on the free lists 16 MiB at
 * a time, when the zone runs out. So the boot does not pay for RAM that it
 * never touches. (Linux: deferred_init_memmap, which does it in threads.)
 *
 * The struct pages of a range, and the page tables that map them, come from the range's own top:
 * 1/128 of it, so no other allocator is needed and the sum is known from the start.
 */
#define pr_fmt(fmt) "mm: " fmt

#include <arch/pgtable.h>
#include <lib/bug.h>
#include <lib/string.h>
#include <mm/buddy.h>
#include <mm/memblock.h>
#include <mm/mm.h>
#include <mm/mm_init.h>
#include <mm/page_internal.h>

/* [next, limit) is deferred; [limit, end) pays for struct pages, its front up to `meta` already has. */
struct deferred_range {
	struct zone *zone;
	pfn_t next, limit, meta, end;
};

#define DEFERRED_MAX 512

static struct deferred_range deferred[DEFERRED_MAX];
static u32 nr_deferred;
static DEFINE_SPINLOCK(grow_lock); /* guards deferred[]; taken before zone->lock */
static struct deferred_range
	*paying_range; /* under grow_lock: who pays for the tables being made */

enum zone_type zone_of(pfn_t pfn)
{
	if (pfn < phys_to_pfn(MiB(16)))
		return ZONE_DMA;
	return pfn < phys_to_pfn(GiB(4)) ? ZONE_DMA32 : ZONE_NORMAL;
}

static pte_t *pay_with_page(void)
{
	struct deferred_range *r = paying_range;

	if (r->meta == r->end)
		return NULL;
	return memset(phys_to_virt(pfn_to_phys(r->meta++)), 0, PAGE_SIZE);
}

static const struct pgtable_ops paying_ops = {.alloc = pay_with_page};

/*
 * Pages that mapping the struct pages of [start, end) takes at most: each step of the loop counts what one level
 * has of it, first the array itself, then the tables that map it, and those that map them.
 */
static unsigned long meta_pages(pfn_t start, pfn_t end)
{
	virt_addr_t first = (virt_addr_t)pfn_to_page(ALIGN_DOWN(start, BLOCK_PAGES));
	virt_addr_t last = (virt_addr_t)pfn_to_page(ALIGN(end, BLOCK_PAGES)) - 1;
	unsigned long pages = 0;

	for (unsigned int shift = PAGE_SHIFT; shift <= PGD_SHIFT; shift += 9)
		pages += (last >> shift) - (first >> shift) + 1;
	return pages;
}

static unsigned long range_pages(const struct deferred_range *r)
{
	return r->limit - r->next;
}

static __init void add_range(const struct deferred_range *r)
{
	deferred[nr_deferred++] = *r;
	r->zone->deferred += range_pages(r);
	r->zone->managed += range_pages(r);
}

static __init void leave_out(const struct deferred_range *r)
{
	pr_warn("free memory at %#llx, %lu KiB, left out: too many ranges\n", pfn_to_phys(r->next),
		range_pages(r) << 2);
}

/* Too many ranges: the smallest makes room, unless that is the new one. */
static __init bool make_room_for(const struct deferred_range *r)
{
	struct deferred_range *least = &deferred[0];

	for (u32 i = 1; i < nr_deferred; i++)
		if (range_pages(&deferred[i]) < range_pages(least))
			least = &deferred[i];
	if (range_pages(least) >= range_pages(r)) {
		leave_out(r);
		return false;
	}
	leave_out(least);
	least->zone->deferred -= range_pages(least);
	least->zone->managed -= range_pages(least);
	nr_deferred--;
	memmove(least, least + 1, (size_t)(&deferred[nr_deferred] - least) * sizeof(*least));
	return true;
}

void __init defer_reset(void)
{
	nr_deferred = 0;
}

void __init defer_range(struct zone *zone, pfn_t start, pfn_t end)
{
	unsigned long meta = meta_pages(start, end);
	struct deferred_range r = {zone, start, end - meta, end - meta, end};

	if (end - start <= meta) /* too small to pay for itself */
		return;
	if (nr_deferred < DEFERRED_MAX || make_room_for(&r))
		add_range(&r);
}

bool pfn_deferred(pfn_t pfn)
{
	for (u32 i = 0; i < nr_deferred; i++)
		if (pfn >= READ_ONCE(deferred[i].next) && pfn < deferred[i].limit)
			return true;
	return false;
}

bool pfn_holds_vmemmap(pfn_t pfn)
{
	for (u32 i = 0; i < nr_deferred; i++)
		if (pfn >= deferred[i].limit && pfn < deferred[i].end)
			return true;
	return false;
}

static struct deferred_range *next_range(const struct zone *zone)
{
	for (u32 i = 0; i < nr_deferred; i++)
		if (deferred[i].zone == zone && deferred[i].next < deferred[i].limit)
			return &deferred[i];
	return NULL;
}

bool zone_grow(struct zone *zone)
{
	unsigned long flags;
	struct deferred_range *r;
	pfn_t start = 0, end = 0;

	spin_lock_irqsave(&grow_lock, flags);
	r = next_range(zone);
	if (r) {
		start = r->next;
		end = min(ALIGN(start + 1, GROW_PAGES), r->limit);
		paying_range = r;
		if (vmemmap_populate(start, end, &paying_ops))
			panic("the struct pages of %#llx do not fit in what was set aside",
			      pfn_to_phys(start));
		if (page_debug & PAGE_DEBUG_POISON)
			memset(phys_to_virt(pfn_to_phys(start)), PAGE_POISON,
			       (end - start) << PAGE_SHIFT);
		r->next = end;
		spin_lock(&zone->lock);
		buddy_free_range(zone, start, end);
		zone->deferred -= end - start;
		spin_unlock(&zone->lock);
	}
	spin_unlock_irqrestore(&grow_lock, flags);
	return r != NULL;
}
