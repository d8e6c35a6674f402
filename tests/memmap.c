/*
 * The memory map of the machine that runs this, and random ones against a
 * shadow model. tests/host/test_memmap.c goes further, under the sanitizers.
 */
#include <arch/page.h>
#include <boot/boot_info.h>
#include <kernel/ktest.h>
#include <lib/string.h>
#include <tests/memmap_model.h>

extern char __image_phys_start[], __image_phys_end[];

static struct memmap map; /* too large for a stack */
static struct memmap_model model;

static int reset(void)
{
	map.nr = 0;
	map.dropped = 0;
	memset(&model, 0, sizeof(model));
	return 0;
}
TEST_SUITE(memmap, reset, NULL);

TEST(memmap, this_machine)
{
	map = boot_info.memmap;
	memmap_sanitize(&map);
	EXPECT_STREQ(check_order(&map), "");
	EXPECT_EQ(map.dropped, 0);
	EXPECT_LE(memmap_usable(&map), memmap_usable_end(&map));
	/* We run in memory that the firmware calls usable. */
	for (virt_addr_t at = (virt_addr_t)__image_phys_start; at < (virt_addr_t)__image_phys_end;
	     at += PAGE_SIZE)
		ASSERT_EQ(map_type_at(&map, at), MEMMAP_USABLE);
}

TEST(memmap, sanitizing_twice_changes_nothing)
{
	static struct memmap once;

	map = boot_info.memmap;
	memmap_sanitize(&map);
	once = map;
	memmap_sanitize(&map);
	EXPECT_EQ(map.nr, once.nr);
	EXPECT_EQ(memcmp(map.entry, once.entry, map.nr * sizeof(map.entry[0])), 0);
}

TEST(memmap, random_maps_agree_with_a_model)
{
	for (u32 round = 0; round < 100; round++) {
		reset();
		for (u32 entries = (u32)ktest_rand_below(24); entries; entries--)
			model_add(&model, &map, (u32)ktest_rand_below(MODEL_CELLS),
				  (u32)ktest_rand_below(64), 1 + (u32)ktest_rand_below(8));
		memmap_sanitize(&map);
		ASSERT_STREQ(check_order(&map), "");
		ASSERT_STREQ(check_exact(&model, &map), "");
	}
}

TEST(memmap, modules_are_usable_memory)
{
	if (!boot_info.nr_modules)
		ktest_skip("the loader brought no module");
	map = boot_info.memmap;
	memmap_sanitize(&map);
	for (u32 i = 0; i < boot_info.nr_modules; i++) {
		EXPECT_EQ(map_type_at(&map, boot_info.modules[i].start), MEMMAP_USABLE);
		EXPECT_EQ(map_type_at(&map, boot_info.modules[i].end - 1), MEMMAP_USABLE);
	}
}
