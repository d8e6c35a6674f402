/*
 * `demo buddy`: one block of eight pages, from its largest ancestor and back. `demo frag`: half of four megabytes free, and
 * not two pages of it together. Nothing is made up: each line is read from the free lists and struct pages, before and
 * after the real calls.
 */
#include <lib/bug.h>
#include <lib/demo.h>
#include <lib/errno.h>
#include <mm/buddy.h>
#include <mm/frame.h>
#include <mm/page_alloc.h>

#define ORDER	  3
#define ASIDE_MAX 64

/* Blocks put aside, so that only large ones are left to be split. */
struct aside {
	struct page *page[ASIDE_MAX];
	unsigned int order[ASIDE_MAX];
	u32 nr;
};

static void show_lists(const struct zone *zone)
{
	con_printf("  %-7s order ", zone->name);
	for (int order = 0; order <= MAX_ORDER; order++)
		con_printf(" %4d", order);
	con_printf("\n  free blocks:  ");
	for (int order = 0; order <= MAX_ORDER; order++)
		con_printf(" %4lu", zone->area[order].nr_free);
	con_printf("\n");
}

static void show_frames(pfn_t pfn, unsigned int order)
{
	con_printf("%#lx-%#lx", pfn, pfn + (1UL << order) - 1);
}

/* Take the blocks that would do without a split, and those that would do with few. */
static void put_aside(const struct zone *zone, struct aside *aside)
{
	for (unsigned int order = ORDER; order < MAX_ORDER; order++)
		while (zone->area[order].nr_free && aside->nr < ASIDE_MAX) {
			struct page *page = alloc_pages(GFP_KERNEL | __GFP_NOWARN, order);

			if (!page)
				return;
			aside->page[aside->nr] = page;
			aside->order[aside->nr++] = order;
		}
	if (aside->nr)
		con_printf(
			"%u blocks of order %d to %d are put aside, so that a large one must be split:\n",
			aside->nr, ORDER, MAX_ORDER - 1);
}

static void bring_back(struct aside *aside)
{
	while (aside->nr) {
		aside->nr--;
		__free_pages(aside->page[aside->nr], aside->order[aside->nr]);
	}
}

/* Each upper half is now a free block of its own; the lower half was halved again. */
static void narrate_splits(const struct page *page, unsigned int from)
{
	pfn_t pfn = page_to_pfn(page);

	for (unsigned int order = from; order-- > ORDER;) {
		pfn_t upper = pfn ^ 1UL << order;
		const struct page *half = pfn_to_page(upper);

		con_printf("  split: ");
		show_frames(pfn & ~((1UL << order) - 1), order);
		con_printf(" goes on, ");
		show_frames(upper & ~((1UL << order) - 1), order);
		con_printf(half->type == PAGE_FREE && half->order == order
				   ? " is on the list of order %u\n"
				   : " has changed since (%u)\n",
			   order);
	}
}

static struct page *narrate_alloc(struct zone *zone)
{
	unsigned int from;
	struct page *page;

	for (from = ORDER; from < MAX_ORDER && !zone->area[from].nr_free;)
		from++;
	page = alloc_pages(GFP_KERNEL, ORDER);
	if (!page)
		return NULL;
	con_printf(
		"alloc_pages(GFP_KERNEL, %d): the smallest block that fits is of order %u, frames ",
		ORDER, from);
	show_frames(page_to_pfn(page) & ~((1UL << from) - 1), from);
	con_printf("\n");
	narrate_splits(page, from);
	con_printf("  frames ");
	show_frames(page_to_pfn(page), ORDER);
	con_printf(" it is; the struct page at %p says: order %u, %u reference\n", (void *)page,
		   page->order, page_count(page));
	return page;
}

/* Look at each buddy, free the block, and see how far it went. */
static void narrate_free(struct page *page)
{
	pfn_t pfn = page_to_pfn(page);
	struct page *head;
	unsigned int order;

	con_printf("__free_pages(page, %d):\n", ORDER);
	for (order = ORDER; order < MAX_ORDER; order++) {
		const struct page *buddy = pfn_to_page(pfn ^ 1UL << order);
		bool merges = buddy->type == PAGE_FREE && buddy->order == order;

		con_printf("  the buddy of %#lx is %#lx ^ %#lx = %#lx: %s\n", pfn, pfn,
			   1UL << order, page_to_pfn(buddy),
			   merges ? "free and as large, merge" : "not free as a whole, stop");
		if (!merges)
			break;
		pfn &= page_to_pfn(buddy);
	}
	if (order == MAX_ORDER)
		con_printf("  order %d is the largest: no more buddies\n", MAX_ORDER);
	__free_pages(page, ORDER);
	head = buddy_block_of(page_to_pfn(page));
	if (!head)
		return;
	con_printf("  the block that it is in now: frames ");
	show_frames(page_to_pfn(head), head->order);
	con_printf(", order %u\n", head->order);
}

static int demo_buddy(int argc, char **argv)
{
	static struct aside aside;
	struct page *page = alloc_pages(GFP_KERNEL, ORDER);
	struct zone *zone;

	(void)argv;
	if (argc > 1)
		return -EINVAL;
	if (!page)
		return -ENOMEM;
	zone = &zones[page->zone];
	__free_pages(page, ORDER);
	drain_local_pages();

	show_lists(zone);
	put_aside(zone, &aside);
	show_lists(zone);
	page = narrate_alloc(zone);
	if (page) {
		show_lists(zone);
		narrate_free(page);
		show_lists(zone);
	}
	bring_back(&aside);
	con_printf("and with what was put aside:\n");
	show_lists(zone);
	return page ? 0 : -ENOMEM;
}
DEMO("buddy", "", "a block of eight pages is cut from a large one and merges back", demo_buddy);

/* ---- fragmentation ---------------------------------------------------------------------------------- */

#define BLOCK_SIZE (PAGE_SIZE << MAX_ORDER)

static void show_fragmentation(const struct zone *zone, const u8 *block)
{
	char map[65];

	for (u32 i = 0; i < 64; i++) {
		struct frame frame;

		look_at_frame(phys_to_pfn(virt_to_phys(block)) + i, &frame);
		map[i] = frame.letter;
	}
	map[64] = '\0';
	show_lists(zone);
	con_printf("  unusable, %%:  ");
	for (unsigned int order = 0; order <= MAX_ORDER; order++)
		con_printf(" %4d", unusable_index(zone, order) / 10);
	con_printf("\n  its first 64 frames: %s\n", map);
}

static void free_every_second(u8 *block, u32 first)
{
	for (u32 i = first; i < 1u << MAX_ORDER; i += 2)
		free_pages((virt_addr_t)block + i * PAGE_SIZE, 0);
	drain_local_pages();
}

static int demo_frag(int argc, char **argv)
{
	const struct zone *zone;
	u8 *block;

	(void)argv;
	if (argc > 1)
		return -EINVAL;
	block = alloc_pages_exact(BLOCK_SIZE, GFP_KERNEL);
	if (!block)
		return -ENOMEM;
	zone = &zones[virt_to_page(block)->zone];
	drain_local_pages();
	con_printf("1024 pages side by side, each somebody's:\n");
	show_fragmentation(zone, block);
	free_every_second(block, 0);
	con_printf("every second one is freed:\n");
	show_fragmentation(zone, block);
	free_every_second(block, 1);
	con_printf("and the others:\n");
	show_fragmentation(zone, block);
	return 0;
}
DEMO("frag", "", "half of 4 MiB is free, and no two pages of it together", demo_frag);
