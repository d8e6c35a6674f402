/*
 * Whole machines for the page allocator: memory of any shape, from the firmware's map to the last page handed out and
 * back again. What the tests in the kernel cannot do, because a machine has one shape and takes long to empty.
 *
 * Sources: tests/host/shim_pages.c mm/page_alloc.c mm/page_contig.c mm/page_init.c mm/buddy.c mm/mm_init.c mm/page_report.c mm/shrinker.c
 * Sources: mm/fault_inject.c mm/memblock.c mm/memmap.c lib/kstrtox.c
 */
#include <tests/host/host.h>

#include <lib/errno.h>
#include <mm/buddy.h>
#include <mm/memmap.h>
#include <mm/mm_init.h>
#include <mm/page_internal.h>
#include <tests/host/shim_pages.h>

#define TOP_PFN (DIRECT_MAP_SIZE >> PAGE_SHIFT)

static struct page *stash;    /* what a test has taken */
static u8 owned[TOP_PFN / 8]; /* a bit a frame: somebody has it */

static bool test_and_set(pfn_t pfn)
{
	u8 bit = (u8)(1u << pfn % 8), was = owned[pfn / 8] & bit;

	owned[pfn / 8] |= bit;
	return was;
}

/* ---- machines ----------------------------------------------------------------------------------------- */

struct range {
	phys_addr_t start;
	u64 size;
};

static void no_machine(void)
{
	host_pages_reset();
	memblock_reset();
	libc_memset(owned, 0, sizeof(owned));
	stash = NULL;
}

static void machine(const struct range *ram, u32 n)
{
	no_machine();
	for (u32 i = 0; i < n; i++)
		assert_int_equal(memblock_add(ram[i].start, ram[i].size), 0);
	memblock_reserve(0, PAGE_SIZE);
	memblock_reserve(MiB(1), MiB(1)); /* the image */
	page_alloc_init();
}

#define MACHINE(...)                                              \
	do {                                                      \
		static const struct range _ram[] = {__VA_ARGS__}; \
                                                                  \
		machine(_ram, ARRAY_SIZE(_ram));                  \
	} while (0)

static void check_zones(void)
{
	drain_local_pages();
	for (u32 z = 0; z < NR_ZONES; z++)
		assert_int_equal(buddy_check(&zones[z]), 0);
}

static void grow_everything(void)
{
	for (u32 z = 0; z < NR_ZONES; z++) {
		while (zone_grow(&zones[z]))
			;
		assert_int_equal(zones[z].deferred, 0);
		assert_int_equal(zones[z].free, zones[z].managed);
	}
}

/* ---- everything out and in again ---------------------------------------------------------------------- */

/* A page that nobody has, that is RAM, and that the kernel keeps for nothing. */
static void check_page(const struct page *page, unsigned int order)
{
	pfn_t pfn = page_to_pfn(page);

	for (pfn_t i = pfn; i < pfn + (1UL << order); i++)
		if (test_and_set(i))
			fail_msg("frame %#lx was given out twice", i);
	assert_int_equal(page->zone, zone_of(pfn));
	assert_int_equal(zone_of(pfn), zone_of(pfn + (1UL << order) - 1));
	assert_false(pfn_holds_vmemmap(pfn));
	for (u32 i = 0; i < memblock.reserved.nr; i++)
		assert_false(ranges_overlap(pfn_to_phys(pfn), PAGE_SIZE << order,
					    memblock.reserved.region[i].base,
					    memblock.reserved.region[i].size));
}

/* Returns the zones that pages came from, in the order of the first of each: NORMAL, DMA32, DMA is 0x210 read as digits. */
static unsigned long take_all(gfp_t gfp, unsigned int order, u32 *zones_seen)
{
	unsigned long pages = 0;
	u32 last = ~0u;
	struct page *page;

	*zones_seen = 0;
	for (; (page = alloc_pages(gfp | __GFP_NOWARN, order)); pages += 1UL << order) {
		check_page(page, order);
		page->private = (u64)stash;
		stash = page;
		if (page->zone != last)
			*zones_seen = *zones_seen << 4 | (page->zone + 1u);
		last = page->zone;
	}
	return pages;
}

static void free_stash(unsigned int order)
{
	struct page *page;

	while ((page = stash)) {
		pfn_t pfn = page_to_pfn(page);

		stash = (struct page *)page->private;
		for (pfn_t i = pfn; i < pfn + (1UL << order); i++)
			owned[i / 8] &= (u8) ~(1u << i % 8);
		__free_pages(page, order);
	}
}

#define THREE_ZONES                       \
	{0, KiB(639)}, {MiB(1), MiB(99)}, \
	{                                 \
		GiB(4), MiB(80)           \
	}

static void exhausted_at_every_order_with_every_right(void **state)
{
	static const gfp_t flags[] = {GFP_KERNEL, GFP_ATOMIC, GFP_NOWAIT, GFP_DMA32, GFP_DMA};
	unsigned long blocks[NR_ZONES][NR_ORDERS], all;
	u32 seen;

	(void)state;
	MACHINE(THREE_ZONES);
	all = nr_free_pages();
	assert_int_equal(all, nr_managed_pages());
	grow_everything();
	for (u32 z = 0; z < NR_ZONES; z++)
		for (u32 o = 0; o < NR_ORDERS; o++)
			blocks[z][o] = zones[z].area[o].nr_free;
	for (unsigned int order = 0; order < NR_ORDERS; order++)
		for (u32 f = 0; f < ARRAY_SIZE(flags); f++) {
			unsigned long got = take_all(flags[f], order, &seen);

			assert_int_equal(nr_free_pages(), all - got);
			check_zones();
			free_stash(order);
			check_zones();
			assert_int_equal(nr_free_pages(), all);
			for (u32 z = 0; z < NR_ZONES; z++)
				for (u32 o = 0; o < NR_ORDERS; o++)
					assert_int_equal(zones[z].area[o].nr_free, blocks[z][o]);
		}
}

static unsigned long left(u32 z)
{
	return zones[z].free + zones[z].deferred + pcp_pages(z);
}

/* High memory first; each zone keeps its reserve, and the more the less the request needs it. */
static void fallback_goes_down_and_leaves_the_reserves(void **state)
{
	unsigned long kernel, atomic;
	u32 seen;

	(void)state;
	MACHINE(THREE_ZONES);
	kernel = take_all(GFP_KERNEL, 0, &seen);
	assert_int_equal(seen, 0x321);
	for (u32 z = 0; z < NR_ZONES; z++)
		assert_int_equal(left(z),
				 zones[z].wmark[WMARK_MIN] + zones[z].lowmem_reserve[ZONE_NORMAL]);
	atomic = take_all(GFP_ATOMIC, 0, &seen);
	assert_int_equal(seen, 0x321);
	assert_true(atomic > 0 && atomic < kernel / 64);
	for (u32 z = 0; z < NR_ZONES; z++)
		assert_int_equal(left(z), zones[z].wmark[WMARK_MIN] / 2 +
						  zones[z].lowmem_reserve[ZONE_NORMAL]);
	/* What was kept from those who did not need low memory is there for those who do. */
	assert_true(take_all(GFP_DMA, 0, &seen) > 0);
	assert_int_equal(seen, 0x1);
	assert_int_equal(left(ZONE_DMA), zones[ZONE_DMA].wmark[WMARK_MIN]);
	assert_true(take_all(GFP_DMA32, 0, &seen) > 0);
	assert_int_equal(seen, 0x2);
	assert_int_equal(left(ZONE_DMA32), zones[ZONE_DMA32].wmark[WMARK_MIN]);
	free_stash(0);
	check_zones();
}

/* An urgent request that finds the list empty must not fill it from the reserve for everybody to use. */
static void the_reserve_does_not_leak_through_the_list(void **state)
{
	unsigned long reserve;
	u32 seen;

	(void)state;
	MACHINE(THREE_ZONES);
	take_all(GFP_KERNEL, 0, &seen);
	for (u32 i = 0; i < 10; i++) {
		struct page *page = alloc_page(GFP_ATOMIC);

		assert_non_null(page);
		check_page(page, 0);
		page->private = (u64)stash;
		stash = page;
		assert_null(alloc_page(GFP_KERNEL | __GFP_NOWARN));
	}
	reserve = zones[ZONE_NORMAL].wmark[WMARK_MIN] +
		  zones[ZONE_NORMAL].lowmem_reserve[ZONE_NORMAL];
	assert_int_equal(left(ZONE_NORMAL), reserve - 10);
	free_stash(0);
	check_zones();
}

/* ---- struct pages pay for themselves -------------------------------------------------------------------- */

/* Free memory range by range, as page_alloc_init() finds it, cut at the zones. */
static u32 free_ranges(struct range *ranges, u32 max)
{
	static const phys_addr_t cut[] = {MiB(16), GiB(4)};
	phys_addr_t start, end;
	u64 cursor = 0;
	u32 n = 0;

	while (memblock_next_free(&cursor, &start, &end))
		for (u32 c = 0; c <= ARRAY_SIZE(cut); c++) {
			phys_addr_t stop = c < ARRAY_SIZE(cut) ? min(end, cut[c]) : end;

			if (start >= stop)
				continue;
			assert_true(n < max);
			ranges[n++] = (struct range){start, stop - start};
			start = stop;
		}
	return n;
}

/* Whatever the shape: what was set aside suffices (or zone_grow() panics), and is not much more than needed. */
static void check_payment(void)
{
	static struct range ranges[4096];
	u32 n = free_ranges(ranges, ARRAY_SIZE(ranges));
	unsigned long least = 0;

	for (u32 i = 0; i < n; i++) {
		unsigned long pages = ranges[i].size >> PAGE_SHIFT;
		/* 1/128, both ends rounded out to a block, and two tables of each level. */
		unsigned long price = pages / 128 + pages / 128 / 512 + 2 * 8 + 3 * 2 + 1;

		least += pages > price ? pages - price : 0;
	}
	assert_true(nr_managed_pages() >= least);
	grow_everything();
	check_zones();
}

static void machines_of_any_shape(void **state)
{
	(void)state;
	host_seed("shapes");
	for (u32 round = 0; round < 60; round++) {
		u32 pieces = 1 + (u32)host_rand_below(30);

		no_machine();
		for (u32 i = 0; i < pieces; i++) {
			/* Near a power of two as often as not: that is where tables begin. */
			u64 at = host_rand() & 1 ? 1ULL << (20 + host_rand_below(20))
						 : host_rand_below(DIRECT_MAP_SIZE);
			u64 size = host_rand_below(MiB(1) << host_rand_below(9));

			at -= min(at, host_rand_below(size + 1));
			memblock_add(at, min(size, DIRECT_MAP_SIZE - at));
		}
		for (u32 i = 0; i < 10; i++)
			memblock_reserve(host_rand_below(GiB(1)), host_rand_below(MiB(2)));
		memblock_reserve(0, PAGE_SIZE);
		page_alloc_init();
		check_payment();
	}
}

/* The array of 260 MiB needs a second page table for its last block, that across 128 GiB a second PMD. */
static void ranges_across_a_table_s_end(void **state)
{
	(void)state;
	for (u64 mib = 250; mib < 270; mib++) {
		struct range ram[] = {{0, KiB(639)}, {MiB(1), MiB(mib) - MiB(1) - KiB(128)}};

		machine(ram, ARRAY_SIZE(ram));
		check_payment();
	}
	for (u64 mib = 1; mib < 16; mib++) {
		struct range ram[] = {{GiB(128) - MiB(mib), 2 * MiB(mib)},
				      {GiB(512) - MiB(mib), 2 * MiB(mib)}};

		machine(ram, ARRAY_SIZE(ram));
		check_payment();
	}
}

static void too_many_ranges_cost_the_smallest(void **state)
{
	(void)state;
	no_machine();
	for (u64 i = 0; i < 1100; i++)
		memblock_add(MiB(2 * i), MiB(1));
	memblock_add(GiB(8), GiB(1));
	page_alloc_init();
	/* The gigabyte comes last, but it is what counts. */
	assert_true(zones[ZONE_NORMAL].managed > (GiB(1) - MiB(10)) >> PAGE_SHIFT);
	assert_true(zones[ZONE_DMA32].managed + zones[ZONE_DMA].managed > 500 * 230);
	grow_everything();
	check_zones();
}

static void nine_hundred_gigabytes(void **state)
{
	struct page *page;

	(void)state;
	MACHINE({0, KiB(639)}, {MiB(1), GiB(3) - MiB(1)}, {GiB(4), GiB(897)});
	assert_true(nr_free_pages() > (GiB(900) - GiB(900) / 125) >> PAGE_SHIFT);
	page = alloc_pages(GFP_KERNEL | __GFP_ZERO, MAX_ORDER);
	assert_non_null(page);
	assert_int_equal(page_to_phys(page) / GiB(1),
			 4); /* no more than the first step was made ready */
	assert_true(zones[ZONE_NORMAL].managed - zones[ZONE_NORMAL].deferred <= GROW_PAGES);
	__free_pages(page, MAX_ORDER);
}

static void deferred_frames_can_be_asked_for_by_number(void **state)
{
	pfn_t pfn = phys_to_pfn(GiB(4) + MiB(50)) + 7;
	unsigned long all;

	(void)state;
	MACHINE(THREE_ZONES);
	all = nr_free_pages();
	assert_true(pfn_deferred(pfn) && !pfn_valid(pfn));
	assert_int_equal(alloc_contig_range(pfn, 700), 0);
	assert_int_equal(nr_free_pages(), all - 700);
	assert_int_equal(alloc_contig_range(pfn + 699, 2), -EBUSY);
	free_contig_range(pfn, 700);
	assert_int_equal(nr_free_pages(), all);
	check_zones();
}

/* Memory that the boot has kept and gives back: also across the end of a zone, also where no struct pages were. */
static void what_was_reserved_can_be_given_back(void **state)
{
	static const struct range given[] = {
		{MiB(1) + KiB(64), KiB(100)},
		{MiB(16) - MiB(1), MiB(2)},
		{GiB(4) + MiB(9), MiB(5)},
		{GiB(4) - MiB(1), MiB(2) + 555}, /* and RAM on both sides */
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(given); i++) {
		unsigned long before, pages = given[i].size >> PAGE_SHIFT;
		u32 seen;

		no_machine();
		memblock_add(0, MiB(100));
		memblock_add(GiB(4) - MiB(16), MiB(40));
		memblock_reserve(given[i].start, given[i].size);
		page_alloc_init();
		before = nr_free_pages();
		free_reserved_area(given[i].start, given[i].start + given[i].size, "test");
		assert_int_equal(nr_free_pages(), before + pages);
		assert_int_equal(nr_managed_pages(), before + pages);
		/* Its last part of a page stays out of reach. */
		take_all(GFP_ATOMIC, 0, &seen);
		free_stash(0);
		check_zones();
		assert_int_equal(nr_free_pages(), before + pages);
	}
}

/* ---- poison while memory grows -------------------------------------------------------------------------- */

static void poison_on_a_machine_that_grows(void **state)
{
	u64 reports = bad_page_reports;
	u32 seen;

	(void)state;
	MACHINE(THREE_ZONES);
	for (u64 at = MiB(2); at < MiB(100); at += PAGE_SIZE)
		*(u64 *)phys_to_virt(at) = at; /* the firmware left something everywhere */
	page_poison_enable();
	take_all(GFP_ATOMIC, 0, &seen);
	free_stash(0);
	take_all(GFP_ATOMIC, 3, &seen);
	free_stash(3);
	page_poison_disable();
	assert_int_equal(bad_page_reports, reports);
	check_zones();
}

/* ---- from the firmware's map ------------------------------------------------------------------------------ */

static struct memmap map, given_map;

static void map_begin(void)
{
	map.nr = map.dropped = 0;
	no_machine();
}

/* As mm_init_memory() does it; returns the bytes left out. */
static u64 map_boot(void)
{
	u64 left_out;

	given_map = map;
	memmap_sanitize(&map);
	left_out = memblock_add_map(&map, DIRECT_MAP_SIZE);
	memblock_reserve(0, PAGE_SIZE);
	page_alloc_init();
	return left_out;
}

/* No entry of any kind but usable touches a page that was handed out, and a usable one has all of it. */
static void check_pages_against_map(void)
{
	for (struct page *page = stash; page; page = (struct page *)page->private) {
		u64 start = page_to_phys(page), covered = 0;

		for (u32 i = 0; i < given_map.nr; i++) {
			const struct memmap_entry *e = &given_map.entry[i];

			if (e->type != MEMMAP_USABLE)
				assert_false(ranges_overlap(start, PAGE_SIZE, e->start, e->size));
			else if (ranges_overlap(start, 1, e->start, e->size))
				covered |= 1;
			else if (ranges_overlap(start + PAGE_SIZE - 1, 1, e->start, e->size))
				covered |= 2;
		}
		for (u32 i = 0; i < given_map.nr && covered != 3; i++)
			if (given_map.entry[i].type == MEMMAP_USABLE &&
			    ranges_overlap(start + PAGE_SIZE - 1, 1, given_map.entry[i].start,
					   given_map.entry[i].size))
				covered |= 2;
		assert_int_equal(covered, 3);
	}
}

static void all_pages_fit_the_map(void)
{
	u32 seen;

	take_all(GFP_ATOMIC, 0, &seen);
	check_pages_against_map();
	free_stash(0);
	check_zones();
	assert_int_equal(nr_free_pages(), nr_managed_pages());
}

static void maps_without_order(void **state)
{
	(void)state;
	host_seed("maps");
	for (u32 round = 0; round < 60; round++) {
		map_begin();
		for (u32 n = 1 + (u32)host_rand_below(40); n; n--) {
			u64 base = host_rand_below(4) * GiB(100),
			    at = base + host_rand_below(MiB(30));
			bool usable = host_rand() & 3;

			memmap_add(&map, at, host_rand_below(usable ? MiB(8) : MiB(1)),
				   usable ? MEMMAP_USABLE : (u32)host_rand_below(9));
		}
		assert_int_equal(map_boot(), 0);
		all_pages_fit_the_map();
	}
}

static void a_map_with_more_entries_than_there_is_room_for(void **state)
{
	u32 refused = 0;

	(void)state;
	map_begin();
	for (u32 i = 0; i < 1500; i++) /* from the end to the start, usable and not in turn */
		refused += !memmap_add(&map, GiB(3) - i * MiB(1), MiB(1),
				       i % 3 ? MEMMAP_USABLE : MEMMAP_RESERVED);
	assert_int_equal(refused, 1500 - MEMMAP_MAX);
	assert_int_equal(map.dropped, refused);
	map_boot();
	assert_true(nr_managed_pages() > 400 * 230);
	all_pages_fit_the_map();
}

static void entries_that_end_where_addresses_do(void **state)
{
	(void)state;
	map_begin();
	memmap_add(&map, MiB(1), MiB(63), MEMMAP_USABLE);
	memmap_add(&map, 0ULL - MiB(64), MiB(64), MEMMAP_USABLE);
	memmap_add(&map, 0ULL - MiB(1), ~0ULL, MEMMAP_RESERVED);
	assert_int_equal(map_boot(), MiB(63));
	all_pages_fit_the_map();

	map_begin();
	memmap_add(&map, 0, ~0ULL, MEMMAP_USABLE);
	memmap_add(&map, MiB(48), ~0ULL, MEMMAP_RESERVED);
	assert_int_equal(map_boot(), 0);
	assert_int_equal(memblock_total(), MiB(48));
	all_pages_fit_the_map();
}

/* Above what the direct map has room for is nothing, up to there is everything. */
static void memory_beyond_the_direct_map(void **state)
{
	(void)state;
	map_begin();
	memmap_add(&map, MiB(1), MiB(63), MEMMAP_USABLE);
	memmap_add(&map, GiB(65), MiB(32), MEMMAP_USABLE);
	memmap_add(&map, DIRECT_MAP_SIZE - MiB(32), MiB(64), MEMMAP_USABLE);
	memmap_add(&map, 1ULL << 51, GiB(1), MEMMAP_USABLE);
	assert_int_equal(map_boot(), MiB(32) + GiB(1));
	assert_int_equal(memblock_end(), DIRECT_MAP_SIZE);
	all_pages_fit_the_map();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exhausted_at_every_order_with_every_right),
		cmocka_unit_test(fallback_goes_down_and_leaves_the_reserves),
		cmocka_unit_test(the_reserve_does_not_leak_through_the_list),
		cmocka_unit_test(machines_of_any_shape),
		cmocka_unit_test(ranges_across_a_table_s_end),
		cmocka_unit_test(too_many_ranges_cost_the_smallest),
		cmocka_unit_test(nine_hundred_gigabytes),
		cmocka_unit_test(deferred_frames_can_be_asked_for_by_number),
		cmocka_unit_test(what_was_reserved_can_be_given_back),
		cmocka_unit_test(poison_on_a_machine_that_grows),
		cmocka_unit_test(maps_without_order),
		cmocka_unit_test(a_map_with_more_entries_than_there_is_room_for),
		cmocka_unit_test(entries_that_end_where_addresses_do),
		cmocka_unit_test(memory_beyond_the_direct_map),
	};

	return cmocka_run_group_tests_name("zones", tests, NULL, NULL);
}
