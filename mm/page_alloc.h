/*
 * The page allocator: blocks of 2^order pages from the buddy system, single
 * pages from a per-CPU list in front of it. Linux: mm/page_alloc.c.
 *
 * Any context, NMI excepted, unless a flag says otherwise: internally it
 * disables interrupts and takes one zone lock at a time (lock order: zone lock is innermost but for printk).
 */
#ifndef MM_PAGE_ALLOC_H
#define MM_PAGE_ALLOC_H

#include <lib/spinlock.h>
#include <mm/gfp.h>
#include <mm/page.h>

#define MAX_ORDER 10 /* the largest block: 4 MiB */
#define NR_ORDERS (MAX_ORDER + 1)

enum zone_type { ZONE_DMA, ZONE_DMA32, ZONE_NORMAL, NR_ZONES };
enum watermark { WMARK_MIN, WMARK_LOW, WMARK_HIGH, NR_WMARK };

struct free_area {
	struct list_head list;
	unsigned long nr_free; /* blocks on the list */
};

struct zone {
	const char *name;
	spinlock_t lock; /* guards all below */
	u32 nonempty;	 /* bit o + 5: area[o].list has a block (see mm/buddy.c) */
	u8 index;
	struct free_area area[NR_ORDERS];
	unsigned long free;    /* pages on the lists above */
	unsigned long managed; /* pages that the allocator has or had: free, cached and allocated */
	unsigned long deferred; /* pages whose struct pages are not made yet; they count as free */
	unsigned long wmark[NR_WMARK];
	unsigned long lowmem_reserve
		[NR_ZONES]; /* kept from requests that could have used a higher zone */
	u64 allocs[NR_ORDERS], frees[NR_ORDERS];
	u64 splits;
};
extern struct zone zones[NR_ZONES];

/*
 * 2^order pages, aligned to their size, refcount 1. NULL: no memory (reported once
 * in a while unless __GFP_NOWARN), order > MAX_ORDER, or fault injection.
 */
struct page *alloc_pages(gfp_t gfp, unsigned int order);
#define alloc_page(gfp) alloc_pages(gfp, 0)
/* The same, as an address in the direct map; 0 for none. */
virt_addr_t __get_free_pages(gfp_t gfp, unsigned int order);
/*
 * Free a block whose only reference is the caller's. A page that is not the head of an allocated block
 * of this order, or that others still refer to, is reported (stack, what the page is) and left alone.
 */
void __free_pages(struct page *page, unsigned int order);
void free_pages(virt_addr_t addr, unsigned int order);
#define __free_page(page) __free_pages((page), 0)
/* Drop a reference to an allocated block of whatever order; the last one frees it. See get_page(). */
void put_page(struct page *page);

/* Exactly the pages that `size` bytes need, contiguous; the rest of the power of two goes back at once. NULL: none. */
void *alloc_pages_exact(size_t size, gfp_t gfp);
void free_pages_exact(void *addr, size_t size);
/* Take exactly the frames [start, start + n), each as an order-0 page. 0; -EBUSY one of them is not free; -EINVAL. */
int alloc_contig_range(pfn_t start, unsigned long n);
void free_contig_range(pfn_t start, unsigned long n);

/* Give this CPU's list back to the zones. Any context. */
void drain_local_pages(void);
/* Every CPU's, by interrupt, and wait for them: see run_on_cpus(). */
void drain_all_pages(void);
/* Pages free in all zones, lists of CPUs and memory not yet looked at included. */
unsigned long nr_free_pages(void);
unsigned long nr_managed_pages(void);
/* Print the zone table, as the report of a failed allocation does. */
void show_free_areas(void);

/* Hand over everything free in memblock. Boot, once. */
void page_alloc_init(void);
/* Give [start, end) of the direct map to the allocator: init text and data at the end of boot, modules. */
void free_reserved_area(phys_addr_t start, phys_addr_t end, const char *what);

#endif
