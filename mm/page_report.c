/*
 * What the page allocator says when something is wrong: a misused page, or no
 * memory. A report names what was done, to which page, by whom, and leaves the page alone.
 */
#define pr_fmt(fmt) "mm: " fmt

#include <lib/bug.h>
#include <lib/string.h>
#include <lib/vsprintf.h>
#include <mm/fault_inject.h>
#include <mm/mm_init.h>
#include <mm/page_internal.h>

u64 bad_page_reports, no_memory_reports;

static const char *const type_names[NR_PAGE_TYPES] = {
	[PAGE_INSIDE] = "inside a block, or not memory",
	[PAGE_FREE] = "free",
	[PAGE_PCP] = "free, on a CPU's list",
	[PAGE_ALLOCATED] = "allocated",
	[PAGE_SLAB] = "slab",
	[PAGE_TAIL] = "tail of a compound block",
	[PAGE_RESERVED] = "reserved",
};

const char *page_type_name(u8 type)
{
	return type < NR_PAGE_TYPES ? type_names[type] : "corrupt";
}

static bool is_struct_page(const struct page *page)
{
	virt_addr_t offset = (virt_addr_t)page - (virt_addr_t)vmemmap;

	return offset % sizeof(*page) == 0 && pfn_valid(offset / sizeof(*page));
}

const char *why_not_freeable(struct page *page, unsigned int order)
{
	if (!is_struct_page(page))
		return "is no struct page";
	switch (page->type) {
	case PAGE_FREE:
	case PAGE_PCP:
		return "is free already (double free)";
	case PAGE_SLAB:
		return "belongs to a slab cache: kfree() or kmem_cache_free() is its way back";
	case PAGE_INSIDE:
	case PAGE_TAIL:
		return "is not the first page of a block";
	case PAGE_ALLOCATED:
		if (page->zone < NR_ZONES && page->order <= MAX_ORDER)
			break;
		return "has a struct page that was overwritten";
	default:
		return "was never allocated";
	}
	if (page->order != order)
		return "is of another order than it is freed with";
	return page_count(page) == 1 ? NULL : "still has references";
}

/* The bytes around a damaged place. */
static void show_bytes(const u8 *at)
{
	const u8 *start = (const u8 *)ALIGN_DOWN((virt_addr_t)at, 16);

	for (int row = 0; row < 2; row++, start += 16)
		pr_err("  %p: %02x %02x %02x %02x %02x %02x %02x %02x  "
		       "%02x %02x %02x %02x %02x %02x %02x %02x\n",
		       (const void *)start, start[0], start[1], start[2], start[3], start[4],
		       start[5], start[6], start[7], start[8], start[9], start[10], start[11],
		       start[12], start[13], start[14], start[15]);
}

void bad_page(struct page *page, const char *why, const void *at, unsigned int order)
{
	bad_page_reports++;
	pr_err("bad page: %p %s\n", (void *)page, why);
	if (is_struct_page(page))
		pr_err("  pfn %#lx, %s, order %u (freed with %u), zone %s, %u references\n",
		       page_to_pfn(page), page_type_name(page->type), page->order, order,
		       page->zone < NR_ZONES ? zones[page->zone].name : "?", page_count(page));
	if (at)
		show_bytes(at);
	if (panic_ops.backtrace)
		panic_ops.backtrace();
	check_panic_on_oops("bad page");
}

/* ---- no memory -------------------------------------------------------------------------------------- */

void show_free_areas(void)
{
	for (u32 z = 0; z < NR_ZONES; z++) {
		const struct zone *zone = &zones[z];
		char line[160];
		int n = 0;

		if (!zone->managed)
			continue;
		for (unsigned int o = 0; o < NR_ORDERS; o++)
			n += scnprintf(line + n, sizeof(line) - (size_t)n, " %lu",
				       zone->area[o].nr_free);
		pr_err("  %-6s %lu kB of %lu kB free (min %lu kB), %lu kB not looked at yet\n",
		       zone->name, zone->free << 2, zone->managed << 2, zone->wmark[WMARK_MIN] << 2,
		       zone->deferred << 2);
		pr_err("  %-6s blocks of order 0-%d:%s\n", zone->name, MAX_ORDER, line);
	}
}

/* Reports are for people: one every 2^33 cycles (some seconds) is enough to see what is happening. */
void report_no_memory(gfp_t gfp, unsigned int order)
{
	static u64 last, kept_back;
	u64 now = rdtsc(), before = READ_ONCE(last);

	if ((before && now - before < 1ULL << 33) ||
	    !__atomic_compare_exchange_n(&last, &before, now, false, __ATOMIC_RELAXED,
					 __ATOMIC_RELAXED)) {
		kept_back++;
		return;
	}
	no_memory_reports++;
	pr_err("out of memory: no block of order %u (gfp %#x); %llu such reports were kept back\n",
	       order, gfp, kept_back);
	show_free_areas();
	if (panic_ops.backtrace)
		panic_ops.backtrace();
}
