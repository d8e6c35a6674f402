/*
 * The slab allocator on the machine: the properties of tests/slab_checks.h, long random runs against the
 * model of tests/slab_model.h, and that every page comes back. tests/host/test_slab.c goes further, under the sanitizers.
 */
#include <kernel/ktest.h>
#include <kernel/smp.h>
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

static bool is_sound(struct kmem_cache *cache, void *ctx)
{
	(void)ctx;
	EXPECT_EQ(slab_check_cache(cache), 0u);
	return true;
}

/* An address whose struct page would be just here. It is not canonical. */
static void *address_with_page(const struct page *page)
{
	return (void *)(((virt_addr_t)page - PAGE_OF_NULL) / sizeof(*page) << PAGE_SHIFT);
}

/* Bytes of ours that look like the struct page of a slab make no slab of what they would describe. */
TEST(slab, crafted_frees)
{
	struct page *fake = kzalloc(sizeof(*fake), GFP_KERNEL);
	struct kmem_cache *c = kmem_cache_create("crafted", 64, 0, 0, NULL);
	void *p = address_with_page(fake);
	u64 faults = slab_faults[SLAB_WILD_FREE];

	ASSERT_TRUE(c && fake);
	ASSERT_EQ(page_of(p), fake);
	fake->type = PAGE_SLAB;
	fake->cache = c;
	fake->slab = (struct slab *)(1UL << 63);
	/* NOLINTBEGIN(clang-analyzer-unix.Malloc): freed again and again is what is tried */
	kfree(p);
	kmem_cache_free(c, p);
	fake->type = PAGE_TAIL;
	fake->head = (struct page *)(1UL << 63);
	kfree(p);
	/* NOLINTEND(clang-analyzer-unix.Malloc) */
	EXPECT_FALSE(krealloc(p, 8, GFP_KERNEL));
	EXPECT_EQ(ksize(p), 0ul);
	EXPECT_EQ(slab_faults[SLAB_WILD_FREE], faults + 4);
	kfree(fake);
	EXPECT_EQ(kmem_cache_destroy(c), 0);
}

static void use_kmalloc(void *served)
{
	void *obj[100];
	u32 n = 0;

	while (n < ARRAY_SIZE(obj) && (obj[n] = kmalloc(64, GFP_ATOMIC)) != NULL)
		n++;
	*(bool *)served = n == ARRAY_SIZE(obj) && this_cpu_read(slab_slot) < NR_SLAB_CPUS;
	while (n)
		kfree(obj[--n]);
}

/* Also of CPUs that a cache has no slot of its own for: -smp 65 and more. */
TEST(slab, every_cpu_allocates)
{
	for (u32 cpu = 0; cpu < num_online_cpus(); cpu++) {
		bool served = false;

		ASSERT_EQ(smp_call_function_single(cpu, use_kmalloc, &served, true), 0);
		EXPECT_TRUE(served);
	}
	slab_for_each_cache(is_sound, NULL);
}

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
