/*
 * What is known of one page frame, put together from everybody who knows something: the firmware, memblock, the
 * list of deferred memory, its struct page, the buddy system, the slab allocator and the page tables.
 */
#include <arch/pgtable.h>
#include <lib/command.h>
#include <lib/errno.h>
#include <lib/kstrtox.h>
#include <lib/string.h>
#include <mm/buddy.h>
#include <mm/frame.h>
#include <mm/memblock.h>
#include <mm/mm.h>
#include <mm/page_internal.h>
#include <mm/slab.h>

/* ---- fragmentation ---------------------------------------------------------------------------------- */

/* Blocks of the order that the free memory has in it, and how many blocks there are of any. */
static unsigned long suitable_blocks(const struct zone *zone, unsigned int order,
				     unsigned long *all)
{
	unsigned long suitable = 0;

	*all = 0;
	for (unsigned int o = 0; o < NR_ORDERS; o++) {
		*all += zone->area[o].nr_free;
		if (o >= order)
			suitable += zone->area[o].nr_free << (o - order);
	}
	return suitable;
}

int unusable_index(const struct zone *zone, unsigned int order)
{
	unsigned long blocks, usable = suitable_blocks(zone, order, &blocks) << order;

	return zone->free ? (int)((zone->free - usable) * 1000 / zone->free) : 0;
}

int extfrag_index(const struct zone *zone, unsigned int order)
{
	unsigned long blocks, suitable = suitable_blocks(zone, order, &blocks);

	if (!blocks)
		return 0;
	if (suitable)
		return -1000;
	return 1000 - (int)((1000 + (zone->free * 1000 >> order)) / blocks);
}

/* ---- a glance --------------------------------------------------------------------------------------- */

/* The head of the block that somebody has and that the frame is in. */
static struct page *owned_block_of(pfn_t pfn)
{
	for (unsigned int order = 0; order <= MAX_ORDER; order++) {
		struct page *head = pfn_to_page(ALIGN_DOWN(pfn, 1UL << order));

		if ((head->type == PAGE_ALLOCATED || head->type == PAGE_SLAB) &&
		    head->order >= order)
			return pfn - page_to_pfn(head) < 1UL << head->order ? head : NULL;
	}
	return NULL;
}

static bool in_region(const struct memblock_type *type, pfn_t pfn,
		      const struct memblock_region **found)
{
	for (u32 i = 0; i < type->nr; i++) {
		*found = &type->region[i];
		if (ranges_overlap(pfn_to_phys(pfn), PAGE_SIZE, (*found)->base, (*found)->size))
			return true;
	}
	return false;
}

/* In a block of the page allocator's? */
static bool look_at_block(pfn_t pfn, struct frame *frame)
{
	struct page *page = pfn_to_page(pfn);

	if (page->type == PAGE_PCP) {
		*frame = (struct frame){'p', "free, on a CPU's list", page, 0};
		return true;
	}
	frame->head = buddy_block_of(pfn);
	if (frame->head) {
		frame->order = frame->head->order;
		frame->letter = "0123456789A"[min(frame->order, (unsigned int)MAX_ORDER)];
		frame->what = "free";
		return true;
	}
	frame->head = owned_block_of(pfn);
	if (!frame->head)
		return false;
	frame->order = frame->head->order;
	frame->letter = frame->head->type == PAGE_SLAB ? 's' : '#';
	frame->what = frame->head->type == PAGE_SLAB ? "in a slab" : "allocated";
	return true;
}

void look_at_frame(pfn_t pfn, struct frame *frame)
{
	const struct memblock_region *region;

	*frame = (struct frame){.letter = '-', .what = "no RAM"};
	if (pfn >= MAX_PFN || !in_region(&memblock.memory, pfn, &region))
		return;
	if (pfn_valid(pfn) && look_at_block(pfn, frame))
		return;
	if (pfn_deferred(pfn))
		*frame = (struct frame){.letter = '.',
					.what = "free, deferred: it has no struct page yet"};
	else if (pfn_holds_vmemmap(pfn))
		*frame = (struct frame){.letter = 'v', .what = "set aside for struct pages"};
	else if (in_region(&memblock.reserved, pfn, &region))
		*frame = (struct frame){.letter = 'K',
					.what = "kept: the image, a module, or a table made early"};
	else
		*frame = (struct frame){.letter = '?',
					.what = "left out: too few frames to pay for struct pages"};
}

/* ---- all that is known ------------------------------------------------------------------------------ */

static void show_region(const char *name, const struct memblock_type *type, pfn_t pfn)
{
	const struct memblock_region *r;

	if (in_region(type, pfn, &r))
		con_printf("memblock:    %s, %#llx-%#llx\n", name, r->base, r->base + r->size - 1);
}

static void show_struct_page(pfn_t pfn)
{
	const struct page *page = pfn_to_page(pfn);

	if (!pfn_valid(pfn)) {
		con_printf("struct page: none yet; it will be at %p\n", (const void *)page);
		return;
	}
	con_printf("struct page: %p: %s, order %u, %u references, private %#llx\n",
		   (const void *)page, page_type_name(page->type), page->order, page_count(page),
		   page->private);
}

static void show_block(const struct frame *frame)
{
	pfn_t first;

	if (!frame->head)
		return;
	first = page_to_pfn(frame->head);
	con_printf("block:       frames %#lx-%#lx, order %u; its buddy begins at %#lx\n", first,
		   first + (1UL << frame->order) - 1, frame->order, first ^ 1UL << frame->order);
}

static void show_mapping(pfn_t pfn)
{
	virt_addr_t virt = PAGE_OFFSET + pfn_to_phys(pfn);
	char object[96];
	struct pt_walk walk;

	pgtable_walk(kernel_pml4, virt, &walk);
	if (!walk.mapped) {
		con_printf("direct map:  %#lx, not mapped\n", virt);
		return;
	}
	con_printf("direct map:  %#lx, r%c%c, by a page of %lu KiB\n", virt,
		   *walk.entry & _PAGE_RW ? 'w' : '-', *walk.entry & _PAGE_NX ? '-' : 'x',
		   (1UL << walk.shift) >> 10);
	if (slab_describe((const void *)virt, object, sizeof(object)))
		con_printf("slab:        %s\n", object);
}

static int cmd_pfn(int argc, char **argv)
{
	struct frame frame;
	u64 pfn;
	u32 type;

	if (argc != 2 || kstrtou64(argv[1], 0, &pfn))
		return -EINVAL;
	if (pfn >= MAX_PFN)
		return -ERANGE;
	look_at_frame(pfn, &frame);
	type = memory_type_at(pfn_to_phys(pfn));
	con_printf("frame:       %#llx, bytes %#llx-%#llx, zone %s: %s\n", pfn, pfn_to_phys(pfn),
		   pfn_to_phys(pfn + 1) - 1, zones[zone_of(pfn)].name, frame.what);
	con_printf("firmware:    %s\n", type ? memmap_type_name(type) : "says nothing of it");
	show_region("memory", &memblock.memory, pfn);
	show_region("reserved", &memblock.reserved, pfn);
	show_struct_page(pfn);
	show_block(&frame);
	show_mapping(pfn);
	return 0;
}
COMMAND("pfn", "FRAME", "all that is known of a page frame", cmd_pfn);
