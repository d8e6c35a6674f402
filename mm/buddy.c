/*
 * The buddy system. A free block of order o starts at a frame number divisible
 * by 2^o; its buddy is the one other block that completes it to order o+1, so
 * the two differ in exactly bit o. Allocation takes the smallest block that
 * fits and gives the upper halves back; freeing merges with the buddy for as
 * long as that one is free and of the same order. Knuth, TAOCP 1, 2.5.
 *
 * Invariant: only the head of a block has a type; every page inside one is
 * PAGE_INSIDE. So a buddy is free if and only if its word says FREE, this order, this zone.
 */
#include <lib/bitops.h>
#include <lib/bug.h>
#include <mm/buddy.h>

void zone_init(struct zone *zone, const char *name, u8 index)
{
	*zone = (struct zone){.name = name, .index = index};
	for (unsigned int o = 0; o < NR_ORDERS; o++)
		INIT_LIST_HEAD(&zone->area[o].list);
}

static inline bool is_free(const struct page *page, const struct zone *zone, unsigned int order)
{
	return (page->word & PAGE_WORD_MASK) == page_word(PAGE_FREE, order, zone->index);
}

static inline void add_free(struct zone *zone, struct page *page, unsigned int order, bool tail)
{
	struct free_area *area = &zone->area[order];

	page->word = page_word(PAGE_FREE, order, zone->index);
	if (tail)
		list_add_tail(&page->lru, &area->list);
	else
		list_add(&page->lru, &area->list);
	area->nr_free++;
	zone->nonempty |= 1u << order;
}

static inline void del_free(struct zone *zone, struct page *page, unsigned int order)
{
	struct free_area *area = &zone->area[order];

	__list_del(page->lru.prev, page->lru.next);
	page->word = PAGE_INSIDE;
	if (--area->nr_free == 0)
		zone->nonempty &= ~(1u << order);
}

/* Halve the block down to `order`; the upper halves become free. */
static inline void expand(struct zone *zone, struct page *page, unsigned int from,
			  unsigned int order)
{
	zone->splits += from - order;
	while (from > order) {
		from--;
		add_free(zone, page + (1UL << from), from, false);
	}
}

struct page *buddy_alloc(struct zone *zone, unsigned int order)
{
	u32 fits = zone->nonempty >> order;
	unsigned int from;
	struct page *page;

	if (!fits)
		return NULL;
	from = order + __ffs(fits);
	page = list_first_entry(&zone->area[from].list, struct page, lru);
	del_free(zone, page, from);
	expand(zone, page, from, order);
	page->word = page_word(PAGE_ALLOCATED, order, zone->index);
	page->refcount = 1;
	zone->free -= 1UL << order;
	zone->allocs[order]++;
	return page;
}

/*
 * A block whose larger buddy is free too is likely to merge soon: it goes to the end of the list, so
 * that others are taken first.
 */
static inline bool may_merge_soon(const struct zone *zone, const struct page *page, pfn_t pfn,
				  unsigned int order)
{
	pfn_t parent = pfn & ~(1UL << order);
	const struct page *next = page + ((parent ^ (2UL << order)) - pfn);

	return order + 1 < MAX_ORDER && is_free(next, zone, order + 1);
}

void buddy_free(struct zone *zone, struct page *page, unsigned int order)
{
	pfn_t pfn = page_to_pfn(page);

	zone->free += 1UL << order;
	zone->frees[order]++;
	page->word = PAGE_INSIDE;
	page->refcount = 0;
	for (; order < MAX_ORDER; order++) {
		struct page *buddy = page + ((pfn ^ (1UL << order)) - pfn);

		if (!is_free(buddy, zone, order))
			break;
		del_free(zone, buddy, order);
		zone->merges++;
		if (pfn & (1UL << order)) {
			pfn -= 1UL << order;
			page = buddy;
		}
	}
	add_free(zone, page, order, may_merge_soon(zone, page, pfn, order));
}

void buddy_free_range(struct zone *zone, pfn_t start, pfn_t end)
{
	while (start < end) {
		unsigned int order = start ? __ffs(start) : MAX_ORDER;

		order = min(order, (unsigned int)MAX_ORDER);
		while (start + (1UL << order) > end)
			order--;
		buddy_free(zone, pfn_to_page(start), order);
		zone->frees[order]--; /* it was never allocated */
		start += 1UL << order;
	}
}

struct page *buddy_block_of(pfn_t pfn)
{
	for (unsigned int order = 0; order <= MAX_ORDER; order++) {
		struct page *head = pfn_to_page(pfn & ~((1UL << order) - 1));

		if (head->type == PAGE_FREE && head->order >= order)
			return pfn < page_to_pfn(head) + (1UL << head->order) ? head : NULL;
	}
	return NULL;
}

bool buddy_take(struct zone *zone, pfn_t pfn)
{
	struct page *head = buddy_block_of(pfn), *page = pfn_to_page(pfn);
	unsigned int order;

	if (!head || head->zone != zone->index)
		return false;
	order = head->order;
	del_free(zone, head, order);
	while (order > 0) { /* keep the half that the frame is in */
		struct page *upper = head + (1UL << --order);

		zone->splits++;
		if (page < upper) {
			add_free(zone, upper, order, false);
		} else {
			add_free(zone, head, order, false);
			head = upper;
		}
	}
	page->word = page_word(PAGE_ALLOCATED, 0, zone->index);
	page->refcount = 1;
	zone->free--;
	zone->allocs[0]++;
	return true;
}

/* ---- the invariants, for tests and for `buddy check` ------------------------------------------ */

static unsigned int violation(const struct zone *zone, const struct page *page, const char *what)
{
	pr_err("buddy: zone %s: pfn %#lx (type %u order %u): %s\n", zone->name, page_to_pfn(page),
	       page->type, page->order, what);
	return 1;
}

static unsigned int check_block(const struct zone *zone, const struct page *page,
				unsigned int order)
{
	pfn_t pfn = page_to_pfn(page);
	unsigned int bad = 0;

	if (!is_free(page, zone, order))
		bad += violation(zone, page, "on a free list, but its word says otherwise");
	if (pfn & ((1UL << order) - 1))
		bad += violation(zone, page, "not aligned to its order");
	if (page->refcount)
		bad += violation(zone, page, "free with references");
	if (order < MAX_ORDER && is_free(pfn_to_page(pfn ^ (1UL << order)), zone, order))
		bad += violation(zone, page, "its buddy is free too: they should have merged");
	for (pfn_t i = 1; i < 1UL << order; i++)
		if (page[i].type != PAGE_INSIDE)
			return bad +
			       violation(zone, page + i, "inside a free block, but has a type");
	return bad;
}

unsigned int buddy_check(struct zone *zone)
{
	unsigned long pages = 0;
	unsigned int bad = 0;

	for (unsigned int order = 0; order < NR_ORDERS; order++) {
		unsigned long blocks = 0;
		struct page *page;

		list_for_each_entry (page, &zone->area[order].list, lru) {
			bad += check_block(zone, page, order);
			blocks++;
		}
		if (blocks != zone->area[order].nr_free ||
		    !blocks != !(zone->nonempty & (1u << order))) {
			pr_err("buddy: zone %s order %u: %lu blocks on the list, counted %lu\n",
			       zone->name, order, blocks, zone->area[order].nr_free);
			bad++;
		}
		pages += blocks << order;
	}
	if (pages != zone->free) {
		pr_err("buddy: zone %s: %lu pages on the lists, counted %lu\n", zone->name, pages,
		       zone->free);
		bad++;
	}
	return bad;
}
