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

/*
 * The struct page array starts at a multiple of a block's worth of struct pages, so the address of a
 * buddy differs from the page's in one bit too: 32 << order. No frame numbers are needed.
 */
#define PAGE_BYTES(order) (sizeof(struct page) << (order))

/* zone->nonempty has the bit PAGE_BYTES(order), so that the loops need not shift. */
#define NONEMPTY_SHIFT 5
_Static_assert(PAGE_BYTES(0) == 1 << NONEMPTY_SHIFT, "a struct page has 32 bytes");

static inline struct page *buddy_of(const struct page *page, size_t bytes)
{
	return (struct page *)((virt_addr_t)page ^ bytes);
}

static inline u32 free_word(const struct zone *zone, unsigned int order)
{
	return page_word(PAGE_FREE, order, zone->index);
}

static inline bool is_free(const struct page *page, const struct zone *zone, unsigned int order)
{
	return page->word == free_word(zone, order);
}

static inline void del_free(struct zone *zone, struct page *page, unsigned int order)
{
	__list_del(page->lru.prev, page->lru.next);
	page->word = PAGE_INSIDE;
	if (unlikely(--zone->area[order].nr_free == 0))
		zone->nonempty &= ~(u32)PAGE_BYTES(order);
}

static inline void add_free(struct zone *zone, struct page *page, unsigned int order)
{
	struct free_area *area = &zone->area[order];

	page->word = free_word(zone, order);
	list_add(&page->lru, &area->list);
	area->nr_free++;
	zone->nonempty |= (u32)PAGE_BYTES(order);
}

/* Halve the block down to `order`; the upper halves become free. */
static inline void expand(struct zone *zone, struct page *page, unsigned int from,
			  unsigned int order)
{
	struct free_area *area = &zone->area[from];
	size_t bytes = PAGE_BYTES(from), last = PAGE_BYTES(order);
	u32 word = free_word(zone, from), nonempty = 0;

	zone->splits += from - order;
	while (bytes > last) {
		struct page *upper;

		bytes >>= 1;
		word -= page_word(0, 1, 0);
		area--;
		upper = (struct page *)((virt_addr_t)page + bytes);
		upper->word = word;
		list_add(&upper->lru, &area->list);
		area->nr_free++;
		nonempty |= (u32)bytes;
	}
	zone->nonempty |= nonempty;
}

unsigned int smallest_free_order(const struct zone *zone)
{
	return (unsigned int)__ffs(zone->nonempty) - NONEMPTY_SHIFT;
}

struct page *buddy_alloc(struct zone *zone, unsigned int order)
{
	u32 fits = zone->nonempty & -(u32)PAGE_BYTES(order);
	unsigned int from;
	struct page *page;

	if (unlikely(!fits))
		return NULL;
	from = (unsigned int)__ffs(fits) - NONEMPTY_SHIFT;
	page = list_first_entry(&zone->area[from].list, struct page, lru);
	del_free(zone, page, from);
	if (from > order)
		expand(zone, page, from, order);
	page->state = page_state(PAGE_ALLOCATED, order, zone->index, 1);
	zone->free -= 1UL << order;
	return page;
}

static inline void list_remove(struct page *page)
{
	__list_del(page->lru.prev, page->lru.next);
}

/*
 * Free one block. The loop carries what depends on the order (the size, the word that a free buddy would have,
 * the list) from step to step instead of working it out again: this is the hottest loop of the allocator.
 * word0: what a free page of order 0 has.
 */
static __always_inline void free_block(struct zone *zone, struct page *page, unsigned int order,
				       u32 word0)
{
	const u32 next_order = page_word(0, 1, 0), end = word0 + MAX_ORDER * next_order;
	struct free_area *area = &zone->area[order];
	u32 want = word0 + order * next_order;
	size_t bytes = PAGE_BYTES(order);

	page->state = PAGE_INSIDE;
	for (; want < end; want += next_order, bytes <<= 1, area++) {
		struct page *buddy = buddy_of(page, bytes);

		if (buddy->word != want)
			break;
		list_remove(buddy);
		buddy->word = PAGE_INSIDE;
		if (unlikely(--area->nr_free == 0))
			zone->nonempty &= ~(u32)bytes;
		page = min(page, buddy);
	}
	page->word = want;
	area->nr_free++;
	zone->nonempty |= (u32)bytes;
	/*
	 * A block that its larger buddy waits for will probably merge soon: at the end of the list it
	 * is taken last. (Order 0 is too short-lived to be worth the look.)
	 */
	if (bytes > PAGE_BYTES(0) && want + next_order < end &&
	    buddy_of((struct page *)((virt_addr_t)page & ~bytes), 2 * bytes)->word ==
		    want + next_order)
		list_add_tail(&page->lru, &area->list);
	else
		list_add(&page->lru, &area->list);
}

void buddy_free(struct zone *zone, struct page *page, unsigned int order)
{
	zone->free += 1UL << order;
	free_block(zone, page, order, free_word(zone, 0));
}

struct page *buddy_free_pages(struct zone *zone, struct page *list, unsigned int n)
{
	const u32 word0 = free_word(zone, 0);

	zone->free += n;
	while (n--) {
		struct page *page = list;

		list = page->next_free;
		free_block(zone, page, 0, word0);
	}
	return list;
}

void buddy_free_range(struct zone *zone, pfn_t start, pfn_t end)
{
	while (start < end) {
		unsigned int order = start ? __ffs(start) : MAX_ORDER;

		order = min(order, (unsigned int)MAX_ORDER);
		while (start + (1UL << order) > end)
			order--;
		buddy_free(zone, pfn_to_page(start), order);
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
			add_free(zone, upper, order);
		} else {
			add_free(zone, head, order);
			head = upper;
		}
	}
	page->state = page_state(PAGE_ALLOCATED, 0, zone->index, 1);
	zone->free--;
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
		    !blocks != !(zone->nonempty & PAGE_BYTES(order))) {
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
