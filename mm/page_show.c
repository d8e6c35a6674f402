/*
 * Memory in numbers: `mem` as /proc/meminfo, `buddy` as /proc/buddyinfo and the two fragmentation indexes
 * that Linux has in debugfs (extfrag/unusable_index and extfrag/extfrag_index).
 */
#include <arch/pgtable.h>
#include <lib/command.h>
#include <lib/cpumask.h>
#include <lib/errno.h>
#include <lib/kstrtox.h>
#include <lib/string.h>
#include <mm/buddy.h>
#include <mm/frame.h>
#include <mm/meminfo.h>
#include <mm/mm.h>
#include <mm/page_internal.h>

/* ---- mem -------------------------------------------------------------------------------------------- */

static unsigned long count_tables(const pte_t *table, unsigned int shift)
{
	unsigned long tables = 1;

	for (unsigned int i = 0; i < PTRS_PER_TABLE && shift > PAGE_SHIFT; i++)
		if ((table[i] & _PAGE_PRESENT) && !(table[i] & _PAGE_PSE))
			tables += count_tables(phys_to_virt(table[i] & PTE_PFN_MASK), shift - 9);
	return tables;
}

static bool add_direct_run(void *ctx, const struct pt_run *run)
{
	u64 *bytes = ctx;

	if (run->virt - PAGE_OFFSET < DIRECT_MAP_SIZE)
		bytes[run->shift] += run->size;
	return run->virt < PAGE_OFFSET + DIRECT_MAP_SIZE;
}

static void show_kib(const char *name, u64 bytes)
{
	con_printf("%s:%*llu kB\n", name, 24 - (int)strlen(name), bytes >> 10);
}

static int show_meminfo(void)
{
	u64 direct[PUD_SHIFT + 1] = {0};
	const struct meminfo *const *m;

	show_kib("MemTotal", (u64)nr_managed_pages() << PAGE_SHIFT);
	show_kib("MemFree", (u64)nr_free_pages() << PAGE_SHIFT);
	for_each_registered (meminfo, m)
		show_kib((*m)->name, (*m)->bytes());
	show_kib("PageTables", (u64)count_tables(kernel_pml4, PGD_SHIFT) << PAGE_SHIFT);
	pgtable_for_each_run(kernel_pml4, add_direct_run, direct);
	show_kib("DirectMap4k", direct[PAGE_SHIFT]);
	show_kib("DirectMap2M", direct[PMD_SHIFT]);
	show_kib("DirectMap1G", direct[PUD_SHIFT]);
	return 0;
}

static int cmd_mem(int argc, char **argv)
{
	if (argc == 1)
		return show_meminfo();
	if (argc > 2 || strcmp(argv[1], "map"))
		return -EINVAL;
	show_memory_map();
	return 0;
}
COMMAND("mem", "[map]", "memory in numbers; the firmware's map and what became of it", cmd_mem);

/* ---- buddy: the tables ------------------------------------------------------------------------------ */

static void show_orders(const char *title)
{
	con_printf("%-22s", title);
	for (int order = 0; order <= MAX_ORDER; order++)
		con_printf(" %6d", order);
	con_printf("\n");
}

static void show_row(const struct zone *zone, const u64 *value)
{
	con_printf("  %-20s", zone->name);
	for (int order = 0; order <= MAX_ORDER; order++)
		con_printf(" %6llu", value[order]);
	con_printf("\n");
}

static void show_blocks(const struct zone *zone)
{
	u64 blocks[NR_ORDERS];

	for (int order = 0; order <= MAX_ORDER; order++)
		blocks[order] = zone->area[order].nr_free;
	show_row(zone, blocks);
}

static void show_allocs(const struct zone *zone)
{
	u64 allocs[NR_ORDERS];
	u32 cpu;

	memcpy(allocs, zone->allocs, sizeof(allocs));
	for_each_online_cpu(cpu) allocs[0] += per_cpu_ptr(&pcp_lists[zone->index], cpu)->allocs;
	show_row(zone, allocs);
}

static void show_frees(const struct zone *zone)
{
	u64 frees[NR_ORDERS];
	u32 cpu;

	memcpy(frees, zone->frees, sizeof(frees));
	for_each_online_cpu(cpu) frees[0] += per_cpu_ptr(&pcp_lists[zone->index], cpu)->frees;
	show_row(zone, frees);
}

/* In thousandths, with a sign, as Linux prints them. */
static void show_index(const struct zone *zone,
		       int (*index)(const struct zone *zone, unsigned int order))
{
	con_printf("  %-20s", zone->name);
	for (unsigned int order = 0; order <= MAX_ORDER; order++) {
		int value = index(zone, order);

		con_printf(" %s%d.%03d", value < 0 ? "-" : " ", (value < 0 ? -value : value) / 1000,
			   (value < 0 ? -value : value) % 1000);
	}
	con_printf("\n");
}

static void show_unusable(const struct zone *zone)
{
	show_index(zone, unusable_index);
}

static void show_extfrag(const struct zone *zone)
{
	show_index(zone, extfrag_index);
}

static void for_each_zone(void (*show)(const struct zone *zone))
{
	for (u32 z = 0; z < NR_ZONES; z++)
		if (zones[z].managed)
			show(&zones[z]);
}

static void show_pages(const struct zone *zone)
{
	con_printf("  %-8s %9lu %9lu %7lu %9lu %7lu %7lu\n", zone->name, zone->managed, zone->free,
		   pcp_pages(zone->index), zone->deferred, zone->wmark[WMARK_MIN],
		   zone->lowmem_reserve[NR_ZONES - 1]);
}

static void show_lists(const struct zone *zone)
{
	u32 cpu;

	for_each_online_cpu(cpu)
	{
		const struct per_cpu_pages *pcp = per_cpu_ptr(&pcp_lists[zone->index], cpu);

		if (pcp->count || pcp->allocs || pcp->frees)
			con_printf(
				"  %-8s CPU %u: %u pages, filled %llu times, drained %llu times\n",
				zone->name, cpu, pcp->count, pcp->refills, pcp->drains);
	}
	con_printf("  %-8s %llu splits\n", zone->name, zone->splits);
}

static int show_buddy(void)
{
	con_printf("pages       managed      free  on CPUs  deferred     min  lowmem\n");
	for_each_zone(show_pages);
	show_orders("free blocks of order");
	for_each_zone(show_blocks);
	show_orders("unusable_index");
	for_each_zone(show_unusable);
	show_orders("extfrag_index");
	for_each_zone(show_extfrag);
	show_orders("allocated, ever");
	for_each_zone(show_allocs);
	show_orders("freed, ever");
	for_each_zone(show_frees);
	con_printf("lists of CPUs\n");
	for_each_zone(show_lists);
	con_printf("misused pages: %llu, failed allocations reported: %llu\n", bad_page_reports,
		   no_memory_reports);
	return 0;
}

static int check_buddy(void)
{
	for (u32 z = 0; z < NR_ZONES; z++) {
		unsigned long flags;
		unsigned int wrong;

		if (!zones[z].managed)
			continue;
		spin_lock_irqsave(&zones[z].lock, flags);
		wrong = buddy_check(&zones[z]);
		spin_unlock_irqrestore(&zones[z].lock, flags);
		con_printf("zone %s: %u violations\n", zones[z].name, wrong);
	}
	return 0;
}

/* ---- buddy map: one letter a frame ------------------------------------------------------------------ */

#define FRAMES_A_LINE 64

static void map_line(pfn_t start, u64 n)
{
	char text[FRAMES_A_LINE + 1];

	for (u64 i = 0; i < n; i++) {
		struct frame frame;

		look_at_frame(start + i, &frame);
		text[i] = frame.letter;
	}
	text[n] = '\0';
	con_printf("  %9lx %s\n", start, text);
}

static int show_map(u64 start, u64 n)
{
	if (start >= MAX_PFN)
		return -ERANGE;
	n = min(n, MAX_PFN - start);
	for (u64 done = 0; done < n && !con_break(); done += FRAMES_A_LINE)
		map_line(start + done, min(n - done, (u64)FRAMES_A_LINE));
	con_printf(
		"  free blocks by order: 0-9 A; p on a CPU's list; # allocated; s slab; . deferred; "
		"v struct pages; K kept; - no RAM\n");
	return 0;
}

static int cmd_buddy(int argc, char **argv)
{
	u64 start, n = 16 * FRAMES_A_LINE;

	if (argc == 1)
		return show_buddy();
	if (argc == 2 && !strcmp(argv[1], "check"))
		return check_buddy();
	if (argc < 3 || argc > 4 || strcmp(argv[1], "map") || kstrtou64(argv[2], 0, &start) ||
	    (argc == 4 && kstrtou64(argv[3], 0, &n)))
		return -EINVAL;
	return show_map(start, n);
}
COMMAND("buddy", "[check | map FRAME [N]]", "free blocks of the page allocator, zone by zone",
	cmd_buddy);
