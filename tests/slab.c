/*
 * The slab allocator on the machine: the properties of tests/slab_checks.h, long random runs against the
 * model of tests/slab_model.h, and that every page comes back. tests/host/test_slab.c goes further, under the sanitizers.
 */
#include <kernel/ktest.h>
#include <lib/printk.h>
#include <lib/printk.h>
#include <mm/slab.h>
#include <tests/slab_checks.h>
#include <tests/slab_model.h>

static struct slab_model model;
static u64 loglevel;

/* Reports are counted, not read: the console stays quiet. */
static int quiet(void)
{
	loglevel = console_loglevel;
	console_loglevel = 0;
	return 0;
}

static void loud(void)
{
	fail_alloc_nth(FAIL_SLAB, 0);
	console_loglevel = loglevel;
}
TEST_SUITE(slab, quiet, loud);

#define CHECK(name)                                    \
	TEST(slab, name)                               \
	{                                              \
		EXPECT_STREQ(slab_check_##name(), ""); \
	}
SLAB_CHECKS(CHECK)

static void random_run(u32 flags, u32 steps)
{
	unsigned long before;

	slab_warm_up();
	before = slab_free_after_shrinking();
	ASSERT_STREQ(slab_model_init(&model, flags), "");
	for (u32 step = 0; step < steps; step++) {
		ASSERT_STREQ(slab_model_step(&model, (u32)ktest_rand(), (u32)ktest_rand(),
					     (u32)ktest_rand() >> 1),
			     "");
		if (step % 64 == 0)
			ASSERT_STREQ(slab_model_check(&model), "");
	}
	ASSERT_STREQ(slab_model_check(&model), "");
	ASSERT_STREQ(slab_model_check_objects(&model), "");
	ASSERT_STREQ(slab_model_end(&model), "");
	EXPECT_EQ(slab_free_after_shrinking(), before);
}

TEST(slab, random_operations)
{
	random_run(0, (u32)ktest_scaled(3000));
}

TEST(slab, random_operations_debugged)
{
	random_run(SLAB_ALL_DEBUG, (u32)ktest_scaled(1000));
}

#define EXHAUST_MOST MiB(512) /* more would take long, and show nothing else */

TEST(slab, exhaust_and_recover)
{
	static const size_t sizes[] = {8192, 1024, 4 << 20};
	unsigned long before;

	if (nr_free_pages() > EXHAUST_MOST >> PAGE_SHIFT)
		ktest_skip("more than 512 MiB of memory to exhaust");
	slab_warm_up();
	before = slab_free_after_shrinking();
	for (u32 i = 0; i < ARRAY_SIZE(sizes); i++) {
		ASSERT_STREQ(slab_check_exhaust(sizes[i]), "");
		EXPECT_EQ(slab_free_after_shrinking(), before);
	}
}
