/*
 * The page allocator in front of the buddy system: zones and their reserves, the CPU's lists, misuse, poison,
 * and what happens when there is nothing left. After each test every page must be back and every zone sound.
 *
 * Compiled for the host too (tests/host/test_page_alloc.c), where a machine with all three zones is made up. To empty
 * a machine of any size takes too long, so it is the 16 MiB of zone DMA that these tests exhaust.
 */
#include <kernel/ktest.h>
#include <lib/errno.h>
#include <lib/printk.h>
#include <lib/string.h>
#include <mm/buddy.h>
#include <mm/fault_inject.h>
#include <mm/memblock.h>
#include <mm/mm_init.h>
#include <mm/page_internal.h>
#include <mm/shrinker.h>

static unsigned long free_before;
static u64 loglevel_before;

static int remember(void)
{
	loglevel_before = console_loglevel;
	console_loglevel = 0; /* what the reports say is for people; that they come is counted */
	shrink_all(1024);     /* what caches can spare must not come back in the middle of a test */
	drain_all_pages();
	free_before = nr_free_pages();
	return 0;
}

static void everything_is_back(void)
{
	fail_alloc_nth(FAIL_PAGE, 0);
	page_poison_disable();
	drain_all_pages();
	console_loglevel = loglevel_before;
	EXPECT_EQ(nr_free_pages(), free_before);
	for (u32 z = 0; z < NR_ZONES; z++) {
		unsigned long flags;
		unsigned int wrong;

		EXPECT_EQ(this_cpu_ptr(&pcp_lists[z])->count, 0u);
		spin_lock_irqsave(&zones[z].lock, flags);
		wrong = buddy_check(&zones[z]);
		spin_unlock_irqrestore(&zones[z].lock, flags);
		EXPECT_EQ(wrong, 0u);
	}
}
TEST_SUITE(page_alloc, remember, everything_is_back);

static struct page *must_alloc(gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_pages(gfp, order);

	ASSERT_NOT_NULL(page);
	return page;
}

/* ---- what is handed out ------------------------------------------------------------------------- */

static bool is_ours_to_give(pfn_t pfn, unsigned int order)
{
	phys_addr_t start = pfn_to_phys(pfn), size = PAGE_SIZE << order, ram = 0;

	for (u32 i = 0; i < memblock.memory.nr; i++) {
		const struct memblock_region *r = &memblock.memory.region[i];

		if (start >= r->base && start + size <= r->base + r->size)
			ram = size;
	}
	for (u32 i = 0; i < memblock.reserved.nr; i++) {
		const struct memblock_region *r = &memblock.reserved.region[i];

		if (ranges_overlap(start, size, r->base, r->size))
			return false;
	}
	return ram && pfn && !pfn_holds_vmemmap(pfn) &&
	       !pfn_holds_vmemmap(pfn + (1UL << order) - 1);
}

TEST(page_alloc, blocks_are_aligned_and_somebodys)
{
	for (unsigned int order = 0; order <= MAX_ORDER; order++) {
		struct page *page = must_alloc(GFP_KERNEL, order);
		pfn_t pfn;

		pfn = page_to_pfn(page);
		EXPECT_EQ(pfn & ((1UL << order) - 1), 0ul);
		EXPECT_EQ(page->state, page_state(PAGE_ALLOCATED, order, zone_of(pfn), 1));
		EXPECT_TRUE(is_ours_to_give(pfn, order));
		EXPECT_EQ(nr_free_pages(), free_before - (1UL << order));
		__free_pages(page, order);
		EXPECT_EQ(nr_free_pages(), free_before);
	}
}

TEST(page_alloc, orders_that_there_are_not)
{
	static const unsigned int absurd[] = {11, 12, 31, 32, 52, 63, 64, 256, 1u << 24, ~0u};
	u64 reports = no_memory_reports;

	for (u32 i = 0; i < ARRAY_SIZE(absurd); i++) {
		EXPECT_TRUE(alloc_pages(GFP_KERNEL, absurd[i]) == NULL);
		EXPECT_TRUE(alloc_pages(GFP_KERNEL | __GFP_ZERO | __GFP_COMP, absurd[i]) == NULL);
		EXPECT_EQ(__get_free_pages(GFP_ATOMIC, absurd[i]), 0ul);
	}
	EXPECT_EQ(no_memory_reports, reports);
}

TEST(page_alloc, zones_are_where_they_were_asked_for)
{
	struct page *page;

	page = must_alloc(GFP_DMA, 0);
	EXPECT_LT(page_to_phys(page), MiB(16));
	__free_page(page);
	page = must_alloc(GFP_DMA32, 2);
	EXPECT_LE(page_to_phys(page) + 4 * PAGE_SIZE, GiB(4));
	__free_pages(page, 2);
	page = must_alloc(GFP_KERNEL, 0); /* the scarce low memory comes last */
	for (u32 z = page->zone + 1u; z < NR_ZONES; z++)
		EXPECT_EQ(zones[z].managed, 0ul);
	__free_page(page);
}

TEST(page_alloc, cleared_when_asked_for)
{
	for (unsigned int order = 0; order <= 3; order += 3) {
		struct page *page = must_alloc(GFP_KERNEL, order);

		memset(page_address(page), 0x5a, PAGE_SIZE << order);
		__free_pages(page, order);
		page = must_alloc(GFP_KERNEL | __GFP_ZERO, order);
		EXPECT_TRUE(memchr_inv(page_address(page), 0, PAGE_SIZE << order) == NULL);
		__free_pages(page, order);
	}
}

/* A number in the first and the last word of each page: two owners of one page would write over each other. */
static void tag(struct page *page, unsigned int order)
{
	u64 *word = page_address(page);

	for (unsigned long i = 0; i < 1UL << order; i++, word += PAGE_SIZE / 8)
		word[0] = word[PAGE_SIZE / 8 - 1] = page_to_pfn(page) + i;
}

static bool tag_intact(struct page *page, unsigned int order)
{
	const u64 *word = page_address(page);
	bool intact = true;

	for (unsigned long i = 0; i < 1UL << order; i++, word += PAGE_SIZE / 8)
		intact &= word[0] == page_to_pfn(page) + i && word[PAGE_SIZE / 8 - 1] == word[0];
	return intact;
}

TEST(page_alloc, random_blocks_never_overlap)
{
	static const gfp_t flags[] = {GFP_KERNEL, GFP_ATOMIC, GFP_DMA32, GFP_DMA, GFP_NOWAIT};
	static struct {
		struct page *page;
		unsigned int order;
	} live[64];

	memset(live, 0, sizeof(live));
	for (int step = 0; step < 3000; step++) {
		u64 i = ktest_rand_below(ARRAY_SIZE(live));
		unsigned int order = (unsigned int)ktest_rand_below(ktest_rand_below(6) + 1);

		if (live[i].page) {
			ASSERT_TRUE(tag_intact(live[i].page, live[i].order));
			__free_pages(live[i].page, live[i].order);
			live[i].page = NULL;
			continue;
		}
		live[i].order = order;
		live[i].page = must_alloc(flags[ktest_rand_below(ARRAY_SIZE(flags))], order);
		tag(live[i].page, order);
	}
	for (u64 i = 0; i < ARRAY_SIZE(live); i++)
		if (live[i].page)
			__free_pages(live[i].page, live[i].order);
}

TEST(page_alloc, the_cpu_s_list_is_filled_and_drained)
{
	static struct page *page[PAGE_SIZE / 8];
	u32 z;

	for (u32 i = 0; i < ARRAY_SIZE(page); i++) {
		page[i] = must_alloc(GFP_KERNEL, 0);
	}
	z = page[0]->zone;
	for (u32 i = 0; i < ARRAY_SIZE(page); i++)
		__free_page(page[i]);
	EXPECT_GT(this_cpu_ptr(&pcp_lists[z])->count, 0u);
	EXPECT_LT(this_cpu_ptr(&pcp_lists[z])->count, ARRAY_SIZE(page) / 2); /* most went through */
	EXPECT_EQ(nr_free_pages(), free_before);
	drain_local_pages();
	EXPECT_EQ(this_cpu_ptr(&pcp_lists[z])->count, 0u);
	EXPECT_EQ(nr_free_pages(), free_before);
}

/* ---- nothing left ------------------------------------------------------------------------------- */

/* Pages linked by what their owner may use. */
static struct page *stash_pop(struct page **stash)
{
	struct page *page = *stash;

	if (page)
		*stash = (struct page *)page->private;
	return page;
}

static void stash_push(struct page **stash, struct page *page)
{
	page->private = (u64)*stash;
	*stash = page;
}

/* All that these flags can get. Returns the number. */
static unsigned long take_all(struct page **stash, gfp_t gfp, unsigned int order)
{
	unsigned long n = 0;
	struct page *page;

	for (; (page = alloc_pages(gfp | __GFP_NOWARN, order)); n++)
		stash_push(stash, page);
	return n;
}

static void free_all(struct page **stash, unsigned int order)
{
	struct page *page;

	while ((page = stash_pop(stash)))
		__free_pages(page, order);
}

static unsigned long left(u32 z)
{
	return zones[z].free + zones[z].deferred + pcp_pages(z);
}

TEST(page_alloc, reserves_are_for_urgent_requests)
{
	struct zone *dma = &zones[ZONE_DMA];
	struct page *stash = NULL;
	unsigned long min_pages = dma->wmark[WMARK_MIN];

	ASSERT_GT(min_pages, 4ul);
	take_all(&stash, GFP_DMA, 0);
	EXPECT_EQ(left(ZONE_DMA), min_pages);
	EXPECT_TRUE(alloc_pages(GFP_DMA | __GFP_NOWARN, 0) == NULL);
	EXPECT_EQ(take_all(&stash, GFP_DMA | GFP_ATOMIC, 0), min_pages - min_pages / 2);
	EXPECT_EQ(left(ZONE_DMA), min_pages / 2);
	/* Half of the reserve gone, there is still nothing for others. */
	EXPECT_TRUE(alloc_pages(GFP_DMA | __GFP_NOWARN, 0) == NULL);
	free_all(&stash, 0);
}

TEST(page_alloc, exhausted_at_every_order_and_all_back)
{
	struct page *stash = NULL, *page;
	unsigned long blocks[NR_ORDERS] = {0};

	for (unsigned int order = 0; order <= MAX_ORDER; order++) {
		take_all(&stash, GFP_DMA, order);
		for (page = stash; page; page = (struct page *)page->private)
			ASSERT_TRUE(is_ours_to_give(page_to_pfn(page), order));
		free_all(&stash, order);
		drain_local_pages();
		ASSERT_EQ(nr_free_pages(), free_before);
		/* After the first round no page of the zone is deferred: then the blocks are always the same. */
		for (unsigned int o = 0; o < NR_ORDERS; o++) {
			ASSERT_TRUE(!order || zones[ZONE_DMA].area[o].nr_free == blocks[o]);
			blocks[o] = zones[ZONE_DMA].area[o].nr_free;
		}
	}
}

TEST(page_alloc, out_of_memory_is_reported_once)
{
	struct page *stash = NULL;
	u64 reports = no_memory_reports;

	take_all(&stash, GFP_DMA, 0);
	EXPECT_EQ(no_memory_reports, reports);
	for (int i = 0; i < 100; i++)
		EXPECT_TRUE(alloc_page(GFP_DMA) == NULL);
	EXPECT_LE(no_memory_reports, reports + 1); /* none, if somebody else's was a moment ago */
	EXPECT_GE(no_memory_reports, 1ull);
	free_all(&stash, 0);
}

/* Eight pages on the CPU's list are a block of order 3 when they go back to the zone. */
TEST(page_alloc, the_cpu_s_list_is_emptied_before_an_allocation_fails)
{
	void *eight = alloc_pages_exact(8 * PAGE_SIZE, GFP_DMA);
	struct page *stash = NULL, *page;

	ASSERT_NOT_NULL(eight);
	take_all(&stash, GFP_DMA, 0);
	EXPECT_TRUE(alloc_pages(GFP_DMA | __GFP_NOWARN, 3) == NULL);
	free_pages_exact(eight, 8 * PAGE_SIZE);
	page = alloc_pages(GFP_DMA | __GFP_NOWARN, 3);
	free_all(&stash, 0);
	ASSERT_NOT_NULL(page);
	EXPECT_TRUE(page_address(page) == eight);
	__free_pages(page, 3);
}

static struct page *spare;

static unsigned long give_one_back(unsigned long pages)
{
	struct page *page = stash_pop(&spare);

	if (!pages || !page)
		return 0;
	__free_page(page);
	return 1;
}

TEST(page_alloc, shrinkers_are_asked_before_an_allocation_fails)
{
	struct shrinker shrinker = {.name = "test", .scan = give_one_back};
	struct page *page;

	register_shrinker(&shrinker);
	take_all(&spare, GFP_DMA, 0);
	EXPECT_EQ(shrinker.calls, 0ull);
	page = alloc_page(GFP_DMA | __GFP_DIRECT_RECLAIM);
	EXPECT_EQ(shrinker.calls, 1ull);
	EXPECT_EQ(shrinker.freed, 1ull);
	unregister_shrinker(&shrinker);
	free_all(&spare, 0);
	ASSERT_NOT_NULL(page);
	__free_page(page);
}

TEST(page_alloc, the_nth_allocation_fails)
{
	for (unsigned int order = 0; order <= 3; order += 3) {
		fail_alloc_nth(FAIL_PAGE, 3);
		for (int n = 1; n <= 5; n++) {
			struct page *page = alloc_pages(GFP_KERNEL, order);

			EXPECT_EQ(page == NULL, n == 3);
			EXPECT_EQ(fail_alloc_happened(FAIL_PAGE), n >= 3);
			if (page)
				__free_pages(page, order);
		}
	}
	fail_alloc_nth(FAIL_PAGE, 1);
	fail_alloc_nth(FAIL_PAGE, 0); /* disarmed */
	EXPECT_FALSE(fail_alloc_happened(FAIL_PAGE));
	EXPECT_EQ(fail_armed, 0u);
}

/* ---- references, compound pages, odd sizes, given frames ------------------------------------------- */

TEST(page_alloc, the_last_reference_frees)
{
	for (unsigned int order = 0; order <= 4; order += 4) {
		struct page *page = must_alloc(GFP_KERNEL, order);
		unsigned long with_it = nr_free_pages();

		get_page(page);
		get_page(page);
		EXPECT_EQ(page_count(page), 3u);
		put_page(page);
		put_page(page);
		EXPECT_EQ(nr_free_pages(), with_it);
		put_page(page);
		EXPECT_EQ(nr_free_pages(), free_before);
	}
}

TEST(page_alloc, tails_of_a_compound_page_know_their_head)
{
	struct page *page = must_alloc(GFP_KERNEL | __GFP_COMP, 3);
	u64 reports = bad_page_reports;

	for (int i = 0; i < 8; i++)
		EXPECT_TRUE(compound_head(page + i) == page);
	get_page(page + 5);
	EXPECT_EQ(page_count(page), 2u);
	put_page(page + 2);
	__free_pages(page + 1, 0); /* a tail is nobody's to free */
	EXPECT_EQ(bad_page_reports, reports + 1);
	put_page(page + 7);
	EXPECT_EQ(nr_free_pages(), free_before);
	for (int i = 0; i < 8; i++)
		EXPECT_NE(page[i].type, PAGE_TAIL);
	page = must_alloc(GFP_KERNEL | __GFP_COMP, 3);
	__free_pages(page, 3);
	EXPECT_EQ(bad_page_reports, reports + 1);
}

TEST(page_alloc, exact_sizes_cost_no_more_than_they_need)
{
	static const size_t sizes[] = {1, 4096, 4097, 3 * 4096, 5 * 4096 - 1, 100 * 4096, 4 << 20};

	for (u32 i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned long pages = DIV_ROUND_UP(sizes[i], PAGE_SIZE);
		u8 *p = alloc_pages_exact(sizes[i], GFP_KERNEL);

		ASSERT_NOT_NULL(p);
		EXPECT_EQ(nr_free_pages(), free_before - pages);
		p[0] = p[sizes[i] - 1] = 1;
		free_pages_exact(p, sizes[i]);
		EXPECT_EQ(nr_free_pages(), free_before);
	}
	EXPECT_TRUE(alloc_pages_exact(0, GFP_KERNEL) == NULL);
	EXPECT_TRUE(alloc_pages_exact((4 << 20) + 1, GFP_KERNEL) == NULL);
	EXPECT_TRUE(alloc_pages_exact(~0UL, GFP_KERNEL) == NULL);
}

TEST(page_alloc, given_frames_or_none)
{
	struct page *page = must_alloc(GFP_KERNEL, 4), *taken;
	pfn_t pfn = page_to_pfn(page);

	EXPECT_EQ(alloc_contig_range(pfn, 1), -EBUSY);
	__free_pages(page, 4);
	ASSERT_EQ(alloc_contig_range(pfn + 1, 9), 0);
	EXPECT_EQ(nr_free_pages(), free_before - 9);
	for (pfn_t i = 1; i <= 9; i++)
		EXPECT_EQ(pfn_to_page(pfn + i)->state,
			  page_state(PAGE_ALLOCATED, 0, zone_of(pfn), 1));
	EXPECT_EQ(alloc_contig_range(pfn, 16), -EBUSY); /* and nothing is lost */
	EXPECT_EQ(nr_free_pages(), free_before - 9);
	taken = pfn_to_page(pfn + 4);
	__free_page(taken);
	free_contig_range(pfn + 1, 3);
	free_contig_range(pfn + 5, 5);
	EXPECT_EQ(nr_free_pages(), free_before);

	EXPECT_EQ(alloc_contig_range(pfn, 0), -EINVAL);
	EXPECT_EQ(alloc_contig_range(pfn, ~0UL), -EINVAL);
	EXPECT_EQ(alloc_contig_range(phys_to_pfn(MiB(16)) - 1, 2), -EINVAL); /* two zones */
	EXPECT_EQ(alloc_contig_range(0, 1), -EBUSY);
	EXPECT_EQ(alloc_contig_range(~0UL - 1, 1), -EBUSY);
}

/* ---- misuse ------------------------------------------------------------------------------------- */

static struct {
	u64 reports;
	unsigned long free;
} before;

static void note_before(void)
{
	before.reports = bad_page_reports;
	before.free = nr_free_pages();
}

static __noinline void expect_one_report(const char *what)
{
	if (bad_page_reports == before.reports + 1 && nr_free_pages() == before.free)
		return;
	ktest_log("%s:", what);
	EXPECT_EQ(bad_page_reports, before.reports + 1);
	EXPECT_EQ(nr_free_pages(), before.free);
}

/* Exactly one report, and nothing freed by it. */
#define REPORTED(code) (note_before(), code, expect_one_report(#code))

TEST(page_alloc, freeing_twice_is_reported)
{
	for (unsigned int order = 0; order <= MAX_ORDER; order += 2) {
		struct page *page = must_alloc(GFP_KERNEL, order);

		__free_pages(page, order);
		REPORTED(__free_pages(page, order));
		REPORTED(put_page(page));
		drain_local_pages(); /* now it is in the middle of some block */
		REPORTED(__free_pages(page, order));
	}
}

TEST(page_alloc, another_order_is_reported)
{
	static const unsigned int wrong[] = {0, 1, 3, 11, 32, 255, 256 + 2, (1u << 24) + 2, ~0u};
	struct page *page = must_alloc(GFP_KERNEL, 2), *single = must_alloc(GFP_KERNEL, 0);

	for (u32 i = 0; i < ARRAY_SIZE(wrong); i++)
		REPORTED(__free_pages(page, wrong[i]));
	for (unsigned int order = 1; order;
	     order <<= 1) /* 256: its bit is the zone's, 1 << 24: no one's */
		REPORTED(__free_pages(single, order));
	for (int i = 1; i < 4; i++) {
		REPORTED(__free_pages(page + i, 0));
		REPORTED(__free_pages(page + i, 2));
		REPORTED(put_page(page + i));
	}
	__free_pages(page, 2);
	__free_page(single);
}

TEST(page_alloc, freeing_what_others_use_is_reported)
{
	struct page *page = must_alloc(GFP_KERNEL, 2), *single = must_alloc(GFP_KERNEL, 0);
	u64 state;

	get_page(page);
	get_page(single);
	REPORTED(__free_pages(page, 2));
	REPORTED(__free_page(single));
	put_page(page);
	put_page(single);

	state = single->state;
	single->type = PAGE_SLAB;
	REPORTED(__free_page(single));
	single->state = state;
	single->zone = 200; /* somebody wrote over it */
	REPORTED(__free_page(single));
	single->state = state;
	__free_pages(page, 2);
	__free_page(single);
}

TEST(page_alloc, wild_pointers_are_reported)
{
	struct page *page = must_alloc(GFP_KERNEL, 0), copy, *after = page;
	virt_addr_t wild[] = {
		0,
		8,
		PAGE_OFFSET - 1,
		0x123456789abcdef0,
		~0UL,
		~0UL - 7,
		(virt_addr_t)&copy,
		(virt_addr_t)page + 4,
		(virt_addr_t)page + 16,
		(virt_addr_t)page_address(page),
		VMEMMAP_START,
		VMEMMAP_START - 32,
		VMEMMAP_START + (1UL << VMEMMAP_SHIFT) - 32,
	};

	copy = *page; /* all is right with it but where it is */
	for (u32 i = 0; i < ARRAY_SIZE(wild); i++) {
		/* Frame 0 may have a struct page: then it is one that nobody allocated. */
		REPORTED(__free_page((struct page *)wild[i]));
		REPORTED(__free_pages((struct page *)wild[i], 3));
		REPORTED(put_page((struct page *)wild[i]));
	}
	/* The end of what is mapped of the array, and half of the last struct page. */
	while (pfn_valid(page_to_pfn(after)))
		after += PAGE_SIZE / sizeof(*after);
	after = pfn_to_page(ALIGN_DOWN(page_to_pfn(after), PAGE_SIZE / sizeof(*after)));
	REPORTED(__free_page(after));
	REPORTED(__free_page((struct page *)((virt_addr_t)after - 4)));
	REPORTED(free_pages((virt_addr_t)page_address(page) + 16, 0));
	free_pages(0, 0); /* as with kfree(NULL) */
	__free_page(page);
}

/* ---- page_poison -------------------------------------------------------------------------------- */

TEST(page_alloc, poison_finds_a_write_after_free)
{
	u64 reports = bad_page_reports;
	struct page *page, *other;
	u8 *byte;

	page_poison_enable();
	page = must_alloc(GFP_KERNEL,
			  MAX_ORDER); /* the largest order is a stack: the same one comes back */
	byte = (u8 *)page_address(page) + ktest_rand_below(PAGE_SIZE << MAX_ORDER);
	__free_pages(page, MAX_ORDER);
	*byte ^= 1;
	other = must_alloc(GFP_KERNEL, MAX_ORDER);
	EXPECT_EQ(bad_page_reports, reports + 1);
	EXPECT_TRUE(other != page); /* who wrote once may write again: nobody gets it */
	EXPECT_EQ(page->type, PAGE_ALLOCATED);
	__free_pages(other, MAX_ORDER);
	__free_pages(page, MAX_ORDER);
	EXPECT_EQ(bad_page_reports, reports + 1);
}

TEST(page_alloc, poison_says_nothing_of_writes_before)
{
	u64 reports = bad_page_reports;

	page_poison_enable();
	for (int i = 0; i < 100; i++) {
		unsigned int order = (unsigned int)ktest_rand_below(4);
		struct page *page = must_alloc(i % 2 ? GFP_KERNEL : GFP_ATOMIC, order);

		tag(page, order);
		__free_pages(page, order);
	}
	EXPECT_EQ(bad_page_reports, reports);
}

/* What the last owner left in a page is gone, on every way to a page: kfree() tells its own by that mark. */
TEST(page_alloc, no_owner_inherits_a_mark)
{
	for (unsigned int order = 0; order < 3; order++) {
		struct page *page = alloc_pages(GFP_KERNEL, order);

		ASSERT_NOT_NULL(page);
		page->private = 42;
		__free_pages(page, order);
		for (int i = 0; i < 3; i++) {
			struct page *again = alloc_pages(GFP_KERNEL, order);

			ASSERT_NOT_NULL(again);
			EXPECT_EQ(again->private, 0ull);
			__free_pages(again, order);
		}
	}
}
