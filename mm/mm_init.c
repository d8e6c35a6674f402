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
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/buddy.h>
#include <mm/memblock.h>
#include <mm/mm.h>
#include <mm/mm_init.h>

#define BLOCK_PAGES \
	(1UL << MAX_ORDER) /* struct pages are made for whole blocks, so a buddy always has one */
#define BLOCK_BYTES (BLOCK_PAGES * sizeof(struct page))

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

int vmemmap_populate(pfn_t start, pfn_t end, const struct pgtable_ops *ops)
{
	virt_addr_t virt = (virt_addr_t)pfn_to_page(ALIGN_DOWN(start, BLOCK_PAGES));
	virt_addr_t stop = (virt_addr_t)pfn_to_page(ALIGN(end, BLOCK_PAGES));

	for (; virt < stop; virt += PAGE_SIZE) {
		struct pt_walk walk;
		pte_t *page;
		int err;

		pgtable_walk(kernel_pml4, virt, &walk);
		if (walk.mapped)
			continue;
		page = ops->alloc();
		if (!page)
			return -ENOMEM;
		err = pgtable_map(ops, kernel_pml4, virt, virt_to_phys(page), PAGE_SIZE,
				  PAGE_KERNEL, PAGE_SHIFT);
		if (err)
			return err;
	}
	return 0;
}

bool pfn_valid(pfn_t pfn)
{
	struct pt_walk walk;

	if (pfn >= (VMALLOC_START - PAGE_OFFSET) >> PAGE_SHIFT)
		return false;
	pgtable_walk(kernel_pml4, (virt_addr_t)pfn_to_page(pfn), &walk);
	return walk.mapped;
}

/* Pages that mapping the struct pages of [start, end) can take at most: the array, and tables of each level. */
static unsigned long meta_pages(pfn_t start, pfn_t end)
{
	unsigned long blocks =
		(ALIGN(end, BLOCK_PAGES) - ALIGN_DOWN(start, BLOCK_PAGES)) / BLOCK_PAGES;
	unsigned long array = blocks * (BLOCK_BYTES / PAGE_SIZE);

	return array + array / PTRS_PER_TABLE + 1 + array / (PTRS_PER_TABLE * PTRS_PER_TABLE) + 1 +
	       1;
}

unsigned long defer_range(struct zone *zone, pfn_t start, pfn_t end)
{
	unsigned long meta = meta_pages(start, end);

	if (nr_deferred == DEFERRED_MAX) {
		pr_warn("free memory at %#llx, %lu KiB, left out: too many ranges\n",
			pfn_to_phys(start), (end - start) << 2);
		return 0;
	}
	if (end - start <= meta) /* too small to pay for itself */
		return 0;
	deferred[nr_deferred++] = (struct deferred_range){zone, start, end - meta, end - meta, end};
	zone->deferred += end - meta - start;
	return end - meta - start;
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
		r->next = end;
		spin_lock(&zone->lock);
		buddy_free_range(zone, start, end);
		zone->deferred -= end - start;
		spin_unlock(&zone->lock);
	}
	spin_unlock_irqrestore(&grow_lock, flags);
	return r != NULL;
}
