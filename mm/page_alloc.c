/*
 * The page allocator: which zone may serve a request, the per-CPU list in
 * front of it, and what happens when there is nothing. The fast path is a pop
 * from or a push to this CPU's list with interrupts off; all else is in the
 * functions named slow.
 *
 * Lock order: grow_lock, zone->lock, printk's. A CPU's list needs no lock: only its CPU touches it, with interrupts off.
 */
#define pr_fmt(fmt) "mm: " fmt

#include <arch/percpu.h>
#include <lib/bug.h>
#include <lib/cpumask.h>
#include <lib/errno.h>
#include <lib/param.h>
#include <lib/string.h>
#include <mm/buddy.h>
#include <mm/fault_inject.h>
#include <mm/mm.h>
#include <mm/mm_init.h>
#include <mm/page_internal.h>
#include <mm/shrinker.h>

#define PCP_BATCH 32 /* pages moved between a CPU's list and its zone at a time */
#define PCP_HIGH  (3 * PCP_BATCH)

struct zone zones[NR_ZONES];

/* Known before any list is: each CPU's copy is made of what stands here. */
#define EMPTY_LIST(zone)                                             \
	{                                                            \
		.allocated = page_state(PAGE_ALLOCATED, 0, zone, 1), \
		.listed = page_state(PAGE_PCP, 0, zone, 0),          \
	}
DEFINE_PER_CPU(struct per_cpu_pages[NR_ZONES_POW2], pcp_lists) = {EMPTY_LIST(0), EMPTY_LIST(1),
								  EMPTY_LIST(2), EMPTY_LIST(3)};

/* The best zone for each value of gfp & GFP_ZONEMASK: the highest that exists and may be used. */
static u8 preferred_zone[GFP_ZONEMASK + 1];
/* The boot CPU's list of that zone: what this_cpu_ptr() starts from. */
static struct per_cpu_pages *preferred_list[GFP_ZONEMASK + 1];

u32 page_debug;
static bool page_poison;
PARAM("page_poison", PARAM_FLAG(&page_poison),
      "fill free pages and check them when they are allocated");

static inline void *page_va(struct page *page)
{
	return page_address(page);
}

/* ---- a CPU's list ------------------------------------------------------------------------------- */

static inline struct per_cpu_pages *this_cpu_list(u32 zone)
{
	return this_cpu_ptr(&pcp_lists[zone & (NR_ZONES_POW2 - 1)]);
}

static inline void pcp_push(struct per_cpu_pages *pcp, struct page *page)
{
	page->state = pcp->listed;
	page->next_free = pcp->head;
	pcp->head = page;
	pcp->count++;
}

static inline struct page *pcp_pop(struct per_cpu_pages *pcp)
{
	struct page *page = pcp->head;

	pcp->head = page->next_free;
	pcp->count--;
	return page;
}

/* Fill an empty list from blocks as large as what is wanted; small ones are used up first. zone->lock held. */
static void pcp_refill(struct zone *zone, struct per_cpu_pages *pcp, unsigned long want)
{
	pcp->refills++;
	while (want && zone->nonempty) {
		unsigned int order = min(smallest_free_order(zone), (unsigned int)__fls(want));
		struct page *block = buddy_alloc(zone, order);

		for (struct page *page = block + (1UL << order); page-- > block;)
			pcp_push(pcp, page);
		want -= 1UL << order;
	}
}

/* Give `count` pages back. Interrupts off. */
static __noinline void pcp_drain(struct zone *zone, struct per_cpu_pages *pcp, u32 count)
{
	spin_lock(&zone->lock);
	pcp->drains++;
	count = min(count, pcp->count);
	pcp->count -= count;
	pcp->head = buddy_free_pages(zone, pcp->head, count);
	spin_unlock(&zone->lock);
}

void drain_local_pages(void)
{
	unsigned long flags = local_irq_save();

	for (u32 z = 0; z < NR_ZONES; z++)
		pcp_drain(&zones[z], this_cpu_list(z), ~0u);
	local_irq_restore(flags);
}

static void drain_called(void *info __maybe_unused)
{
	drain_local_pages();
}

static bool has_listed_pages(u32 cpu)
{
	for (u32 z = 0; z < NR_ZONES; z++)
		if (READ_ONCE(per_cpu_ptr(&pcp_lists[z], cpu)->count))
			return true;
	return false;
}

/* One after the other: all at once they would only queue up for the zones' locks. */
void drain_all_pages(void)
{
	u32 cpu;

	for_each_online_cpu(cpu)
	{
		struct cpumask one = {0};

		if (!has_listed_pages(cpu))
			continue;
		cpumask_set_cpu(cpu, &one);
		run_on_cpus(&one, drain_called, NULL);
	}
}

/* ---- what is done to a block on its way out and in ------------------------------------------------ */

static bool poison_intact(struct page *page, unsigned int order)
{
	u8 *bad = memchr_inv(page_va(page), PAGE_POISON, PAGE_SIZE << order);

	if (bad)
		bad_page(page, "was written to while it was free", bad, order);
	return !bad;
}

static void poison_block(struct page *page, unsigned int order)
{
	memset(page_va(page), PAGE_POISON, PAGE_SIZE << order);
}

static void poison_free_blocks(struct zone *zone)
{
	unsigned long flags;
	struct page *page;

	spin_lock_irqsave(&zone->lock, flags);
	for (unsigned int order = 0; order < NR_ORDERS; order++)
		list_for_each_entry (page, &zone->area[order].list, lru)
			poison_block(page, order);
	spin_unlock_irqrestore(&zone->lock, flags);
}

void page_poison_enable(void)
{
	page_debug |= PAGE_DEBUG_POISON; /* first: what is freed or grown meanwhile is filled too */
	drain_all_pages();
	for (u32 z = 0; z < NR_ZONES; z++)
		poison_free_blocks(&zones[z]);
}

void page_poison_disable(void)
{
	page_debug &= ~PAGE_DEBUG_POISON;
}

static void make_compound(struct page *page, unsigned int order)
{
	page->flags |= PG_comp;
	for (unsigned long i = 1; i < 1UL << order; i++) {
		page[i].word = page_word(PAGE_TAIL, 0, page->zone);
		page[i].head = page;
	}
}

static void unmake_compound(struct page *page, unsigned int order)
{
	for (unsigned long i = 1; i < 1UL << order; i++)
		page[i].word = PAGE_INSIDE;
}

static void prepare(struct page *page, gfp_t gfp, unsigned int order)
{
	page->private = 0;
	if ((gfp & __GFP_COMP) && order)
		make_compound(page, order);
	if (gfp & __GFP_ZERO)
		memset(page_va(page), 0, PAGE_SIZE << order);
}

/* ---- allocation ----------------------------------------------------------------------------------- */

/*
 * Pages that this request may take from the zone and still leave what is reserved for others; may be negative. Single
 * pages may come from this CPU's list, too.
 */
static long spare_pages(const struct zone *zone, gfp_t gfp, unsigned int order, u32 wanted_zone)
{
	unsigned long have = zone->free + zone->deferred, reserve = zone->wmark[WMARK_MIN];

	if (order == 0)
		have += this_cpu_list(zone->index)->count;
	if (gfp & __GFP_HIGH)
		reserve /= 2;
	return (long)(have - reserve - zone->lowmem_reserve[wanted_zone]);
}

static struct page *take_listed(struct zone *zone, unsigned long batch)
{
	struct per_cpu_pages *pcp = this_cpu_list(zone->index);
	struct page *page;

	if (!pcp->head)
		pcp_refill(zone, pcp, batch);
	if (!pcp->head)
		return NULL;
	page = pcp_pop(pcp);
	pcp->allocs++;
	page->state = pcp->allocated;
	return page;
}

static struct page *take_from_zone(struct zone *zone, unsigned int order, unsigned long batch)
{
	unsigned long flags;
	struct page *page;

	spin_lock_irqsave(&zone->lock, flags);
	page = order ? buddy_alloc(zone, order) : take_listed(zone, batch);
	zone->allocs[order] += page && order;
	spin_unlock_irqrestore(&zone->lock, flags);
	return page;
}

/*
 * What else a CPU's list may take along with a page. The list is open to all, so nothing of what only this request may
 * have: an urgent one that reaches into the reserve gets its one page.
 */
static unsigned long batch_pages(const struct zone *zone, gfp_t gfp, u32 wanted_zone)
{
	long spare = spare_pages(zone, gfp & ~__GFP_HIGH, 0, wanted_zone);

	return (unsigned long)clamp(spare, 1L, (long)PCP_BATCH);
}

static struct page *try_zones(gfp_t gfp, unsigned int order)
{
	u32 wanted = preferred_zone[gfp & GFP_ZONEMASK];

	for (u32 z = wanted + 1; z-- > 0;) {
		struct zone *zone = &zones[z];

		while (spare_pages(zone, gfp, order, wanted) >= 1L << order) {
			struct page *page =
				take_from_zone(zone, order, batch_pages(zone, gfp, wanted));

			if (page)
				return page;
			if (!zone_grow(zone))
				break;
		}
	}
	return NULL;
}

/* What is cached elsewhere, then what others can spare. Interrupt context only gets the first. */
static struct page *reclaim_and_retry(gfp_t gfp, unsigned int order)
{
	struct page *page;

	drain_local_pages();
	page = try_zones(gfp, order);
	if (page || !(gfp & __GFP_DIRECT_RECLAIM))
		return page;
	shrink_all(max(1UL << order, (unsigned long)PCP_BATCH));
	drain_all_pages();
	return try_zones(gfp, order);
}

/* A block, the shrinkers asked if need be. One that was written to while it was free is reported and stays taken. */
static struct page *find_block(gfp_t gfp, unsigned int order)
{
	struct page *page;

	do {
		page = try_zones(gfp, order);
		if (!page)
			page = reclaim_and_retry(gfp, order);
	} while (page && (page_debug & PAGE_DEBUG_POISON) && !poison_intact(page, order));
	return page;
}

static __noinline struct page *alloc_pages_slow(gfp_t gfp, unsigned int order)
{
	struct page *page;

	if (order > MAX_ORDER || should_fail_alloc(FAIL_PAGE))
		return NULL;
	page = find_block(gfp, order);
	if (page)
		prepare(page, gfp, order);
	else if (!(gfp & __GFP_NOWARN))
		report_no_memory(gfp, order);
	return page;
}

static __noinline struct page *cleared(struct page *page, unsigned int order)
{
	memset(page_va(page), 0, PAGE_SIZE << order);
	return page;
}

/* A larger block from the preferred zone, when that has plenty: the common case, without the loop over zones. */
static __noinline struct page *alloc_block(gfp_t gfp, unsigned int order)
{
	struct zone *zone = &zones[preferred_zone[gfp & GFP_ZONEMASK]];
	struct page *page = NULL;
	unsigned long flags;

	if (order > MAX_ORDER || (gfp & (__GFP_ZERO | __GFP_COMP)))
		return alloc_pages_slow(gfp, order);
	spin_lock_irqsave(&zone->lock, flags);
	if (likely(zone->free > zone->wmark[WMARK_MIN] + (1UL << order)))
		page = buddy_alloc(zone, order);
	if (likely(page)) {
		zone->allocs[order]++;
		page->private = 0;
	}
	spin_unlock_irqrestore(&zone->lock, flags);
	return likely(page) ? page : alloc_pages_slow(gfp, order);
}

struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	struct per_cpu_pages *pcp;
	unsigned long flags;
	struct page *page;

	if (unlikely(page_debug | fail_armed))
		return alloc_pages_slow(gfp, order);
	if (order)
		return alloc_block(gfp, order);
	flags = local_irq_save();
	pcp = this_cpu_ptr(preferred_list[gfp & GFP_ZONEMASK]);
	page = pcp->head;
	if (unlikely(!page)) {
		local_irq_restore(flags);
		return alloc_pages_slow(gfp, 0);
	}
	pcp->head = page->next_free;
	pcp->count--;
	pcp->allocs++;
	page->state = pcp->allocated;
	page->private = 0; /* the last owner's mark is not the next one's */
	local_irq_restore(flags);
	return unlikely(gfp & __GFP_ZERO) ? cleared(page, 0) : page;
}

/* ---- freeing -------------------------------------------------------------------------------------- */

/* What the state of a block's head is, its order and zone left out, when its only reference is the caller's. */
#define SOMEBODYS      page_state(PAGE_ALLOCATED, 0, 0, 1)
#define ORDER_AND_ZONE page_state(0, 0xff, 0xff, 0)

static __noinline void free_block(struct page *page, unsigned int order)
{
	struct zone *zone = &zones[page->zone];
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	buddy_free(zone, page, order);
	zone->frees[order]++;
	spin_unlock_irqrestore(&zone->lock, flags);
}

static void free_checked(struct page *page, unsigned int order)
{
	if (page->flags & PG_comp)
		unmake_compound(page, order);
	if (page_debug & PAGE_DEBUG_POISON)
		poison_block(page, order);
	free_block(page, order);
}

static __noinline void free_pages_slow(struct page *page, unsigned int order)
{
	const char *why = why_not_freeable(page, order);

	if (why)
		bad_page(page, why, NULL, order);
	else
		free_checked(page, order);
}

/* A list that grew too long, and the end of the free that made it so. Interrupts off; `flags` is how they were. */
static __noinline void pcp_overflow(struct zone *zone, struct per_cpu_pages *pcp,
				    unsigned long flags)
{
	pcp_drain(zone, pcp, PCP_BATCH);
	local_irq_restore(flags);
}

void __free_pages(struct page *page, unsigned int order)
{
	u64 state = page_state_nofault(page);
	struct per_cpu_pages *pcp;
	unsigned long flags;

	if (unlikely(page_debug))
		return free_pages_slow(page, order);
	if (order) {
		/* The struct page's own order, once it is right, cannot be too large. */
		if (likely((u8)(state >> 8) == order && (state & ~ORDER_AND_ZONE) == SOMEBODYS))
			return free_block(page, order);
		return free_pages_slow(page, order);
	}
	flags = local_irq_save();
	pcp = this_cpu_list((u32)state >> 16);
	if (unlikely(state != pcp->allocated)) {
		local_irq_restore(flags);
		return free_pages_slow(page, 0);
	}
	pcp->frees++;
	pcp_push(pcp, page);
	if (unlikely(pcp->count > PCP_HIGH))
		return pcp_overflow(&zones[page->zone], pcp, flags);
	local_irq_restore(flags);
}

void put_page(struct page *page)
{
	u64 state = IS_ALIGNED((virt_addr_t)page, sizeof(*page)) ? page_state_nofault(page) : 0;

	if ((u8)state == PAGE_TAIL) {
		page = page->head;
		state = page->state;
	}
	if ((u8)state != PAGE_ALLOCATED || !(state >> 32))
		bad_page(page, "is put by somebody who has no reference", NULL, (u8)(state >> 8));
	else if (state >> 32 == 1)
		__free_pages(page, page->order);
	else if (__atomic_sub_fetch(&page->refcount, 1, __ATOMIC_ACQ_REL) == 0)
		free_checked(page, page->order);
}

/* ---- addresses, odd sizes, given frames ------------------------------------------------------------- */

virt_addr_t __get_free_pages(gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_pages(gfp, order);

	return page ? (virt_addr_t)page_va(page) : 0;
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
	return page_va(page);
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

/* ---- start-up --------------------------------------------------------------------------------------- */

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

unsigned long nr_free_pages(void)
{
	unsigned long sum = 0;

	for (u32 z = 0; z < NR_ZONES; z++)
		sum += zones[z].free + zones[z].deferred + pcp_pages(z);
	return sum;
}

unsigned long nr_managed_pages(void)
{
	unsigned long sum = 0;

	for (u32 z = 0; z < NR_ZONES; z++)
		sum += zones[z].managed;
	return sum;
}

unsigned long pcp_pages(u32 zone)
{
	unsigned long sum = 0;
	u32 cpu;

	for_each_online_cpu(cpu) sum += READ_ONCE(per_cpu_ptr(&pcp_lists[zone], cpu)->count);
	return sum;
}
