/*
 * The buddy system in the kernel: on a zone of its own, whose frames are no memory of this machine, against the
 * shadow model, and the zones that everybody uses, which must be sound at any time. tests/host/test_buddy.c does the same
 * with far more steps, under the sanitizers.
 */
#include <arch/pgtable.h>
#include <kernel/ktest.h>
#include <lib/errno.h>
#include <mm/mm.h>
#include <mm/mm_init.h>
#include <tests/buddy_model.h>

/* 60 TiB: no machine has memory there, and the direct map is not touched. */
#define BASE   (60UL << (40 - PAGE_SHIFT))
#define FRAMES 2048u

static struct zone zone;
static struct buddy_model model;

static int make_struct_pages(void)
{
	return vmemmap_populate(BASE, BASE + FRAMES, &kernel_pgtable_ops);
}

/* The pages of the array go back; the few tables stay for the next time. */
static void drop_struct_pages(void)
{
	for (pfn_t pfn = BASE; pfn < BASE + FRAMES; pfn += PAGE_SIZE / sizeof(struct page)) {
		virt_addr_t virt = (virt_addr_t)pfn_to_page(pfn);
		struct pt_walk walk;
		pte_t *page;

		pgtable_walk(kernel_pml4, virt, &walk);
		if (!walk.mapped)
			continue;
		page = phys_to_virt(*walk.entry & PTE_PFN_MASK);
		pgtable_unmap(&kernel_pgtable_ops, kernel_pml4, virt, PAGE_SIZE);
		kernel_pgtable_ops.free(page);
	}
}
TEST_SUITE(buddy, make_struct_pages, drop_struct_pages);

static void fresh(u32 from, u32 to)
{
	model_init(&model, &zone, BASE, FRAMES);
	model_add(&model, from, to);
}

TEST(buddy, random_operations_agree_with_a_model)
{
	u32 from = (u32)ktest_rand_below(300), to = FRAMES - (u32)ktest_rand_below(300);

	fresh(from, to);
	for (int step = 1; step <= 1500; step++) {
		ASSERT_STREQ(model_step(&model, (u32)ktest_rand(), (u32)ktest_rand()), "");
		if (step % 50 == 0)
			ASSERT_STREQ(model_check(&model), "");
	}
	model_free_all(&model);
	EXPECT_STREQ(model_check(&model), "");
	EXPECT_EQ(zone.free, to - from);
}

/* Everything in blocks of one order, linked through what they hold while somebody has them. */
static void exhaust(unsigned int order, unsigned long blocks)
{
	struct page *list = NULL, *page;
	unsigned long n = 0;

	for (; (page = buddy_alloc(&zone, order)); n++) {
		page->next_free = list;
		list = page;
	}
	ASSERT_EQ(n, blocks);
	ASSERT_EQ(zone.free, 0UL);
	while ((page = list)) {
		list = page->next_free;
		buddy_free(&zone, page, order);
	}
}

/* A thousand times in all; a round of pages costs as much as a thousand rounds of the largest blocks. */
TEST(buddy, exhausted_and_full_again_a_thousand_times)
{
	static const int rounds[NR_ORDERS] = {5, 10, 20, 40, 80, 100, 120, 140, 150, 165, 170};

	fresh(0, FRAMES);
	for (unsigned int order = 0; order < NR_ORDERS; order++) {
		for (int i = 0; i < rounds[order]; i++) {
			exhaust(order, FRAMES >> order);
			ASSERT_EQ(zone.area[MAX_ORDER].nr_free, FRAMES >> MAX_ORDER);
		}
		ASSERT_STREQ(model_check(&model), "");
	}
}

TEST(buddy, a_given_frame_is_taken_and_comes_back)
{
	fresh(1, FRAMES);
	for (int i = 0; i < 200; i++)
		ASSERT_STREQ(model_take(&model, (u32)ktest_rand_below(FRAMES)), "");
	EXPECT_STREQ(model_take(&model, 0), ""); /* is not there */
	EXPECT_STREQ(model_check(&model), "");
	model_free_all(&model);
	EXPECT_STREQ(model_check(&model), "");
}

/* Whatever the tests before this one did. */
TEST(buddy, the_zones_in_use_are_sound)
{
	for (u32 z = 0; z < NR_ZONES; z++) {
		unsigned long flags;
		unsigned int wrong;

		spin_lock_irqsave(&zones[z].lock, flags);
		wrong = buddy_check(&zones[z]);
		spin_unlock_irqrestore(&zones[z].lock, flags);
		EXPECT_EQ(wrong, 0u);
	}
}
