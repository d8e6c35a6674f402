/*
 * The slab allocator on a machine that was started with slab_debug=FZPU: kmalloc's caches are watched, too, so what
 * the allocator itself does may not touch a red zone or poison. And what slab_debug= may say.
 *
 * Sources: mm/slab.c mm/slab_page.c mm/slab_cache.c mm/slab_debug.c mm/slab_check.c mm/slab_report.c mm/kmalloc.c
 * Sources: mm/page_alloc.c mm/page_contig.c mm/page_init.c mm/buddy.c mm/mm_init.c mm/page_report.c mm/shrinker.c mm/fault_inject.c mm/memblock.c
 * Sources: lib/kstrtox.c lib/glob.c tests/host/shim_pages.c
 */
#include <tests/host/host.h>

#include <tests/host/shim_pages.h>
#include <tests/slab_checks.h>
#include <tests/slab_model.h>

#define assert_fine(message) assert_string_equal((message), "")

static struct slab_model model;

static void debug_parameter(void **state)
{
	static const struct {
		const char *value, *cache;
		int err;
		u32 flags;
	} cases[] = {
		{"", "a", 0, SLAB_ALL_DEBUG},
		{"-", "a", 0, 0},
		{"-,a", "a", 0, 0},
		{"FZPU", "a", 0, SLAB_ALL_DEBUG},
		{"Z", "a", 0, SLAB_RED_ZONE},
		{"UP", "a", 0, SLAB_POISON | SLAB_STORE_USER},
		{"Z,a", "a", 0, SLAB_RED_ZONE},
		{"Z,a", "ab", 0, 0},
		{"Z,x,kmalloc-*,y", "kmalloc-64", 0, SLAB_RED_ZONE},
		{"Z", "a", 0, SLAB_RED_ZONE},
		{",a", "a", 0, SLAB_ALL_DEBUG},
		{",a", "b", 0, 0},
		{"Z,", "a", 0, SLAB_RED_ZONE},
		{"Q", "a", -EINVAL, 0},
		{"Z-", "a", -EINVAL, 0},
	};
	char too_long[300];

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(slab_debug_setup("-"), 0);
		assert_int_equal(slab_debug_setup(cases[i].value), cases[i].err);
		assert_int_equal(slab_debug_flags(cases[i].cache), cases[i].flags);
	}
	memset(too_long, 'a', sizeof(too_long));
	memcpy(too_long, "Z,", 2);
	too_long[sizeof(too_long) - 1] = '\0';
	assert_int_equal(slab_debug_setup(too_long), -EINVAL);
}

static int boot(void **state)
{
	(void)state;
	assert_int_equal(slab_debug_setup("FZPU"), 0);
	host_page_alloc_init(MiB(64));
	kmem_cache_init();
	return 0;
}

static void kmalloc_writes_past_end(void **state)
{
	char *p = kmalloc(100, GFP_KERNEL); /* of the class 128: the red zone begins at 100 */
	u64 overruns = slab_faults[SLAB_OVERRUN], faults = slab_total_faults();

	(void)state;
	assert_non_null(p);
	assert_int_equal(ksize(p), 100);
	p = krealloc(p, 101, GFP_KERNEL); /* in place: the zone moves */
	p[100] = 1;
	assert_int_equal(ksize(p), 101);
	assert_int_equal(slab_total_faults(), faults);
	p[101] = 1;
	kfree(p);
	assert_int_equal(slab_faults[SLAB_OVERRUN], overruns + 1);
}

static void random_operations(void **state)
{
	unsigned long before = slab_free_after_shrinking();

	(void)state;
	host_seed("slab_debug");
	assert_fine(slab_model_init(&model, 0));
	model.misuse = true;
	for (u32 step = 0; step < 3000; step++) {
		assert_fine(slab_model_step(&model, (u32)host_rand(), (u32)host_rand(),
					    (u32)host_rand() >> 1));
		assert_fine(slab_model_check(&model));
		assert_fine(slab_model_check_objects(&model));
	}
	assert_fine(slab_model_end(&model));
	fail_alloc_nth(FAIL_SLAB, 0);
	assert_int_equal(slab_free_after_shrinking(), before);
}

static void exhaustion(void **state)
{
	unsigned long before = slab_free_after_shrinking();

	(void)state;
	assert_fine(slab_check_exhaust(1024));
	assert_fine(slab_check_exhaust(20000));
	assert_int_equal(slab_free_after_shrinking(), before);
}

#define CHECK(name)                               \
	static void test_##name(void **state)     \
	{                                         \
		(void)state;                      \
		assert_fine(slab_check_##name()); \
	}
SLAB_CHECKS(CHECK)
#define CHECK_TEST(name) cmocka_unit_test(test_##name),

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(debug_parameter),
					   cmocka_unit_test_setup(kmalloc_writes_past_end, boot),
					   cmocka_unit_test(random_operations),
					   cmocka_unit_test(exhaustion), SLAB_CHECKS(CHECK_TEST)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
