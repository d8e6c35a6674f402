/*
 * Pages by address, in numbers that are no power of two, and by their frame
 * numbers: all of it on top of the blocks of mm/page_alloc.c. (Linux has it in mm/page_alloc.c too.)
 */
#include <lib/errno.h>
#include <mm/buddy.h>
#include <mm/mm_init.h>
#include <mm/page_internal.h>

virt_addr_t __get_free_pages(gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_pages(gfp, order);

	return page ? (virt_addr_t)page_address(page) : 0;
}

void free_pages(virt_addr_t addr, unsigned int order)
{
	if (addr & ~PAGE_MASK)
		bad_page(virt_to_page(addr), "is freed by an address inside it", NULL, order);
	else if (addr)
		__free_pages(virt_to_page(addr), order);
}

/* Turn an allocated block into single pages, each with its own reference (Linux: split_page). */
static void split_page(struct page *page, unsigned int order)
{
	u8 zone = page->zone;

	for (unsigned long i = 0; i < 1UL << order; i++) {
		page[i].state = page_state(PAGE_ALLOCATED, 0, zone, 1);
	}
}

void *alloc_pages_exact(size_t size, gfp_t gfp)
{
	unsigned long n = DIV_ROUND_UP(size, PAGE_SIZE);
	unsigned int order = n > 1 ? (unsigned int)__fls(n - 1) + 1 : 0;
	struct page *page;

	if (!size || size > PAGE_SIZE << MAX_ORDER)
		return NULL;
	page = alloc_pages(gfp & ~__GFP_COMP, order);
	if (!page)
		return NULL;
	split_page(page, order);
	for (unsigned long i = n; i < 1UL << order; i++)
		__free_page(page + i);
	return page_address(page);
}

void free_pages_exact(void *addr, size_t size)
{
	free_contig_range(phys_to_pfn(virt_to_phys(addr)), DIV_ROUND_UP(size, PAGE_SIZE));
}

void free_contig_range(pfn_t start, unsigned long n)
{
	while (n--)
		__free_page(pfn_to_page(start++));
}

int alloc_contig_range(pfn_t start, unsigned long n)
{
	unsigned long flags, taken = 0;
	struct zone *zone;

	if (!n || start + n < start || zone_of(start) != zone_of(start + n - 1))
		return -EINVAL;
	zone = &zones[zone_of(start)];
	while (pfn_deferred(start) || pfn_deferred(start + n - 1))
		zone_grow(zone);
	drain_all_pages();
	spin_lock_irqsave(&zone->lock, flags);
	while (taken < n && pfn_valid(start + taken) && buddy_take(zone, start + taken))
		taken++;
	spin_unlock_irqrestore(&zone->lock, flags);
	if (taken == n)
		return 0;
	free_contig_range(start, taken);
	return -EBUSY;
}
