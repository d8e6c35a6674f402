/*
 * The slab allocator over the real page allocator, against its model (tests/slab_model.h), which is asked after
 * every single step; and threads that share a magazine and everything behind it.
 *
 * Sources: mm/slab.c mm/slab_page.c mm/slab_cache.c mm/slab_debug.c mm/slab_check.c mm/slab_report.c mm/kmalloc.c
 * Sources: mm/page_alloc.c mm/page_contig.c mm/page_init.c mm/buddy.c mm/mm_init.c mm/page_report.c mm/shrinker.c mm/fault_inject.c mm/memblock.c
 * Sources: lib/kstrtox.c lib/glob.c tests/host/shim_pages.c
 */
#include <tests/host/host.h>

#include <cmocka.h>
#include <pthread.h>

#include <tests/host/shim_pages.h>
#include <tests/slab_checks.h>
#include <tests/slab_model.h>

#define assert_fine(message) assert_string_equal((message), "")

static struct slab_model model;
static unsigned long pages_before;

static int boot(void **state)
{
	(void)state;
	host_page_alloc_init(MiB(64));
	kmem_cache_init();
	slab_warm_up();
	return 0;
}

static int start(void **state)
{
	(void)state;
	pages_before = slab_free_after_shrinking();
	return 0;
}

/* Every page is back where it came from. */
static int all_back(void **state)
{
	(void)state;
	fail_alloc_nth(FAIL_SLAB, 0);
	assert_int_equal(slab_free_after_shrinking(), pages_before);
	return 0;
}

static bool is_sound(struct kmem_cache *cache, void *ctx)
{
	(void)ctx;
	assert_int_equal(slab_check_cache(cache), 0);
	return true;
}

/* After what loses objects on purpose. */
static int all_sound(void **state)
{
	(void)state;
	slab_for_each_cache(is_sound, NULL);
	return 0;
}

/* ---- the model ---------------------------------------------------------------------------------------- */

static void random_steps(u32 flags, u32 rounds, u32 steps)
{
	for (u32 round = 0; round < rounds; round++) {
		assert_fine(slab_model_init(&model, flags));
		model.misuse = true;
		for (u32 step = 0; step < steps; step++) {
			assert_fine(slab_model_step(&model, (u32)host_rand(), (u32)host_rand(),
						    (u32)host_rand() >> 1));
			assert_fine(slab_model_check(&model));
			assert_fine(slab_model_check_objects(&model));
		}
		assert_fine(slab_model_end(&model));
	}
}

static void random_operations(void **state)
{
	(void)state;
	host_seed("slab");
	random_steps(0, 8, 3000);
}

static void random_operations_debugged(void **state)
{
	(void)state;
	random_steps(SLAB_ALL_DEBUG, 4, 1500);
}

static void exhaust(const size_t *sizes, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		assert_fine(slab_check_exhaust(sizes[i]));
		assert_int_equal(slab_free_after_shrinking(), pages_before);
	}
}

static void exhaustion(void **state)
{
	static const size_t sizes[] = {8, 96, 1024, 5000, 8192, 20000, 4 << 20};

	(void)state;
	exhaust(sizes, ARRAY_SIZE(sizes));
}

/* ---- threads -------------------------------------------------------------------------------------------- */

#define THREADS 4
#define BASKETS 64

/* All threads are CPU 0 and interrupt each other anywhere: the magazine is held by one, the others go to the slabs. */
static struct kmem_cache *shared;
static void *basket[BASKETS]; /* objects change hands here: freed by another than allocated them */

static void *hammer(void *arg)
{
	u64 x = (uintptr_t)arg;

	for (u32 i = 0; i < 50000; i++) {
		u64 *obj;

		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
		obj = (x >> 40) % 4 ? kmem_cache_alloc(shared, GFP_ATOMIC) : NULL;
		if (obj) {
			obj[0] = x;
			obj[1] = ~x;
		}
		obj = __atomic_exchange_n(&basket[(x >> 50) % BASKETS], obj, __ATOMIC_ACQ_REL);
		if (obj && obj[1] != ~obj[0])
			return obj; /* somebody else has it, too */
		kmem_cache_free(shared, obj);
		if ((x >> 33) % 1024 == 0)
			kmem_cache_shrink(shared);
	}
	return NULL;
}

static void threads_share_a_cache(void **state)
{
	pthread_t thread[THREADS];
	u64 faults = slab_total_faults();
	void *wrong;

	(void)state;
	shared = kmem_cache_create("shared", 40, 0, 0, NULL);
	assert_non_null(shared);
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, hammer, (void *)(i + 1)), 0);
	for (u32 i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(thread[i], &wrong), 0);
		assert_null(wrong);
	}
	for (u32 i = 0; i < BASKETS; i++) {
		kmem_cache_free(shared, basket[i]);
		basket[i] = NULL;
	}
	assert_int_equal(slab_check_cache(shared), 0);
	assert_int_equal(slab_live_objects(shared), 0);
	assert_int_equal(kmem_cache_destroy(shared), 0);
	assert_int_equal(slab_total_faults(), faults);
}

#define CHECK(name)                               \
	static void test_##name(void **state)     \
	{                                         \
		(void)state;                      \
		assert_fine(slab_check_##name()); \
	}
SLAB_CHECKS(CHECK)
#define CHECK_TEST(name) cmocka_unit_test_setup_teardown(test_##name, start, all_sound),

int main(void)
{
	const struct CMUnitTest tests[] = {
		SLAB_CHECKS(CHECK_TEST)
			cmocka_unit_test_setup_teardown(random_operations, start, all_back),
		cmocka_unit_test_setup_teardown(random_operations_debugged, start, all_back),
		cmocka_unit_test_setup_teardown(exhaustion, start, all_back),
		cmocka_unit_test_setup_teardown(threads_share_a_cache, start, all_back),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}
