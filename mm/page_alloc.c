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
DEFINE_PER_CPU(struct per_cpu_pages[NR_ZONES_POW2], pcp_lists) = {EMPTY_LIST(0), EMPTY_LIST(1),
								  EMPTY_LIST(2), EMPTY_LIST(3)};

/* The best zone for each value of gfp & GFP_ZONEMASK: the highest that exists and may be used. */
u8 preferred_zone[GFP_ZONEMASK + 1];
/* The boot CPU's list of that zone: what this_cpu_ptr() starts from. */
struct per_cpu_pages *preferred_list[GFP_ZONEMASK + 1];

u32 page_debug;

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

/* ---- sums ------------------------------------------------------------------------------------------- */

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
