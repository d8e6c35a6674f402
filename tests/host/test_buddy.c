/*
 * The buddy system against its model (tests/buddy_model.h), which is asked after every single step. What the
 * kernel's own tests do now and then, for time, is done here without end.
 *
 * Sources: mm/buddy.c tests/host/shim_pages.c
 */
#include <tests/host/host.h>

#include <tests/buddy_model.h>
#include <tests/host/shim_pages.h>

#define BASE (1UL << 20)

static struct zone zone;
static struct buddy_model model;

#define assert_fine(message) assert_string_equal((message), "")

static int make_struct_pages(void **state)
{
	(void)state;
	host_pages_reset();
	host_make_struct_pages(BASE, BASE + MODEL_FRAMES);
	return 0;
}

/* `frames` frames of which [from, to) is memory. */
static void fresh(u32 frames, u32 from, u32 to)
{
	model_init(&model, &zone, BASE, frames);
	model_add(&model, from, to);
	assert_fine(model_check(&model));
}

static void random_operations(void **state)
{
	(void)state;
	host_seed("buddy");
	for (u32 round = 0; round < 40; round++) {
		u32 frames = 1024 * (1 + (u32)host_rand_below(4));
		u32 from = (u32)host_rand_below(300);
		u32 to = frames - (u32)host_rand_below(300);

		fresh(frames, from, to);
		for (u32 step = 0; step < 3000; step++) {
			assert_fine(model_step(&model, (u32)host_rand(), (u32)host_rand()));
			assert_fine(model_check(&model));
		}
		/* All back: the model then says that nothing is left of it. */
		model_free_all(&model);
		assert_fine(model_check(&model));
		assert_int_equal(zone.free, to - from);
	}
}

/* Take everything in blocks of one order, in the order they come; put it back in another. */
static void exhaust(unsigned int order, u64 (*choose)(u64 n))
{
	unsigned long before[NR_ORDERS], blocks = 0;

	for (unsigned int o = 0; o < NR_ORDERS; o++) {
		before[o] = zone.area[o].nr_free;
		blocks += o >= order ? before[o] << (o - order) : 0;
	}
	for (u32 got = 0; got < blocks; got++)
		assert_fine(model_alloc(&model, order));
	assert_int_equal(model.nr_live, blocks);
	assert_null(buddy_alloc(&zone, order));
	assert_fine(model_check(&model));
	while (model.nr_live)
		model_free(&model, (u32)choose(model.nr_live));
	for (unsigned int o = 0; o < NR_ORDERS; o++)
		assert_int_equal(zone.area[o].nr_free, before[o]);
	assert_fine(model_check(&model));
}

static u64 first(u64 n)
{
	(void)n;
	return 0;
}

static u64 last(u64 n)
{
	return n - 1;
}

static void exhausted_and_full_again_a_thousand_times(void **state)
{
	static u64 (*const ways[])(u64 n) = {first, last, host_rand_below};

	(void)state;
	host_seed("exhaust");
	for (u32 i = 0; i < 1000; i++) {
		if (i % 50 == 0)
			fresh(2048, (u32)host_rand_below(1500), 2048 - (u32)host_rand_below(500));
		/* The model remembers 1024 blocks. */
		exhaust(max(i % NR_ORDERS, zone.free > MODEL_LIVE ? 1u : 0u),
			ways[i / NR_ORDERS % ARRAY_SIZE(ways)]);
	}
}

/* Every second frame free: half the memory, and not two pages of it together. */
static void the_worst_fragmentation(void **state)
{
	(void)state;
	fresh(1024, 0, 1024);
	for (u32 frame = 0; frame < 1024; frame += 2)
		assert_fine(model_take(&model, frame));
	assert_int_equal(zone.area[0].nr_free, 512);
	assert_null(buddy_alloc(&zone, 1));
	assert_fine(model_check(&model));
	model_free_all(&model);
	assert_int_equal(zone.area[MAX_ORDER].nr_free, 1);
}

/* A request is served from the smallest block that fits, so large ones last. */
static void the_smallest_that_fits(void **state)
{
	unsigned long count[NR_ORDERS];

	(void)state;
	host_seed("smallest");
	fresh(4096, 0, 4096);
	for (u32 step = 0; step < 5000; step++) {
		unsigned int order = (unsigned int)host_rand_below(6), o;

		if (host_rand() & 1) {
			assert_fine(
				model_step(&model, 3 + (u32)host_rand_below(5), (u32)host_rand()));
			continue;
		}
		model_histogram(&model, count);
		for (o = order; o < NR_ORDERS && !count[o]; o++)
			;
		assert_fine(model_alloc(&model, order));
		for (unsigned int above = o + 1; above < NR_ORDERS; above++)
			assert_int_equal(zone.area[above].nr_free, count[above]);
	}
}

/* A freed block whose larger buddy is free as well is about to merge: others are taken first. */
static void what_may_merge_is_taken_last(void **state)
{
	struct page *page[8];

	(void)state;
	fresh(1024, 0, 16); /* two blocks' worth of 8 pages */
	for (u32 i = 0; i < 8; i++)
		page[i] = buddy_alloc(&zone, 1);
	for (u32 i = 0; i < 8; i++) /* in address order */
		for (u32 k = i + 1; k < 8; k++)
			if (page[k] < page[i]) {
				struct page *swap = page[i];

				page[i] = page[k];
				page[k] = swap;
			}
	buddy_free(&zone, page[4], 1); /* its buddy, 5, is taken, and so is 6 + 7 */
	buddy_free(&zone, page[2], 1);
	buddy_free(&zone, page[3], 1);
	buddy_free(&zone, page[0], 1); /* 2 + 3 is free: when 1 comes back, 0 to 3 is one block */
	assert_ptr_equal(buddy_alloc(&zone, 1), page[4]);
	assert_ptr_equal(buddy_alloc(&zone, 1), page[0]);
}

static void a_frame_of_another_zone_is_not_taken(void **state)
{
	struct zone other;

	(void)state;
	fresh(1024, 0, 1024);
	zone_init(&other, "other", 1);
	assert_false(buddy_take(&other, BASE + 5));
	assert_fine(model_check(&model));
}

/* ---- does buddy_check() see what it is there for? --------------------------------------------------- */

static struct page *some_free_block(unsigned int order)
{
	return list_first_entry(&zone.area[order].list, struct page, lru);
}

/* Free blocks of 1, 2, 4... 512 pages; damage one thing; it must be noticed, and be the only thing wrong. */
static void damaged(const char *what, void (*damage)(void))
{
	fresh(1024, 1, 1024);
	assert_int_equal(buddy_check(&zone), 0);
	damage();
	if (buddy_check(&zone) == 0)
		fail_msg("not noticed: %s", what);
}

static void in_a_block(void)
{
	some_free_block(4)[3].word = page_word(PAGE_ALLOCATED, 0, NR_ZONES);
}

static void in_a_head(void)
{
	some_free_block(4)->type = PAGE_ALLOCATED;
}

static void in_the_order(void)
{
	some_free_block(4)->order = 3;
}

static void in_the_zone(void)
{
	some_free_block(4)->zone = ZONE_DMA;
}

static void in_the_references(void)
{
	some_free_block(4)->refcount = 1;
}

static void in_the_count_of_blocks(void)
{
	zone.area[7].nr_free++;
}

static void in_the_count_of_pages(void)
{
	zone.free--;
}

static void in_the_set_of_orders(void)
{
	zone.nonempty ^= 1u << (5 + 9);
}

static void by_a_lost_block(void)
{
	list_del(&some_free_block(6)->lru);
}

static void by_a_block_in_the_wrong_place(void)
{
	list_move(&some_free_block(6)->lru, &zone.area[5].list);
}

/* A block in two halves that should have merged, all else right. */
static void by_free_buddies(void)
{
	struct page *page = some_free_block(6);

	list_del(&page->lru);
	zone.area[6].nr_free--;
	zone.nonempty &= ~(1u << (5 + 6));
	for (u32 i = 0; i < 2; i++) {
		page[i * 32].word = page_word(PAGE_FREE, 5, NR_ZONES);
		list_add(&page[i * 32].lru, &zone.area[5].list);
		zone.area[5].nr_free++;
	}
}

static void not_aligned(void)
{
	struct page *page = some_free_block(6);

	page->word = PAGE_INSIDE;
	list_del(&page->lru);
	page++;
	page->word = page_word(PAGE_FREE, 6, NR_ZONES);
	list_add(&page->lru, &zone.area[6].list);
}

static void the_check_notices_damage(void **state)
{
	(void)state;
#define DAMAGED(how) damaged(#how, how)
	DAMAGED(in_a_block);
	DAMAGED(in_a_head);
	DAMAGED(in_the_order);
	DAMAGED(in_the_zone);
	DAMAGED(in_the_references);
	DAMAGED(in_the_count_of_blocks);
	DAMAGED(in_the_count_of_pages);
	DAMAGED(in_the_set_of_orders);
	DAMAGED(by_a_lost_block);
	DAMAGED(by_a_block_in_the_wrong_place);
	DAMAGED(by_free_buddies);
	DAMAGED(not_aligned);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_operations),
		cmocka_unit_test(exhausted_and_full_again_a_thousand_times),
		cmocka_unit_test(the_worst_fragmentation),
		cmocka_unit_test(the_smallest_that_fits),
		cmocka_unit_test(what_may_merge_is_taken_last),
		cmocka_unit_test(a_frame_of_another_zone_is_not_taken),
		cmocka_unit_test(the_check_notices_damage),
	};

	return cmocka_run_group_tests_name("buddy", tests, make_struct_pages, NULL);
}
