/*
 * The buddy system inside one zone: splitting, merging, and the free lists.
 * It knows struct page and struct zone, nothing of CPUs, flags or policy. Pure: compiled for the host too.
 * Every function wants zone->lock held (or the zone private).
 */
#ifndef MM_BUDDY_H
#define MM_BUDDY_H

#include <mm/page_alloc.h>

void zone_init(struct zone *zone, const char *name, u8 index);
/* Order of the smallest free block. There must be one (zone->nonempty). */
unsigned int smallest_free_order(const struct zone *zone);
/* A block of 2^order pages, PAGE_ALLOCATED with refcount 1, or NULL. */
struct page *buddy_alloc(struct zone *zone, unsigned int order);
/* Put a block back and merge it with its free buddies as far as they go. page is its head, of any type. */
void buddy_free(struct zone *zone, struct page *page, unsigned int order);
/* The same for the first n single pages of a list linked by next_free; returns what is left of it. */
struct page *buddy_free_pages(struct zone *zone, struct page *list, unsigned int n);
/* Put [start, end) in, as the largest blocks that alignment allows. */
void buddy_free_range(struct zone *zone, pfn_t start, pfn_t end);
/* Take one free frame out of whatever block it is in; the rest stays free. false: it is not free. */
bool buddy_take(struct zone *zone, pfn_t pfn);
/* The head of the free block that the frame is in, or NULL. */
struct page *buddy_block_of(pfn_t pfn);
/*
 * Check what must hold: lists and counters agree, heads are aligned and typed, no two free buddies of
 * one order. 0, or the number of violations, each reported. Walks everything.
 */
unsigned int buddy_check(struct zone *zone);

#endif
