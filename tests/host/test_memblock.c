/*
 * memblock against a shadow model: an array with one byte for each page of a
 * small physical memory. After each random operation the two lists must be
 * sorted, disjoint, merged, and say what the array says; an allocation must be
 * the highest that fits; freeing everything restores the initial free total.
 *
 * Sources: mm/memblock.c
 */
#include <tests/host/host.h>

#include <arch/page.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/memblock.h>
#include <stdlib.h>

#define PAGES 400u

enum { RAM = 1, TAKEN = 2 };
static u8 model[PAGES];

static void mark(u32 first, u32 count, u8 set, u8 clear)
{
	for (u32 i = first; i < first + count && i < PAGES; i++)
		model[i] = (model[i] | set) & (u8)~clear;
}

static void check_list(const struct memblock_type *type, u8 bit)
{
	u32 pages = 0;

	for (u32 i = 0; i < type->nr; i++) {
		const struct memblock_region *r = &type->region[i];

		assert_true(r->size > 0 && IS_ALIGNED(r->base | r->size, PAGE_SIZE));
		if (i)
			assert_true(r[-1].base + r[-1].size < r->base);
		for (u64 p = r->base >> PAGE_SHIFT; p < (r->base + r->size) >> PAGE_SHIFT;
		     p++, pages++)
			assert_true(model[p] & bit);
	}
	for (u32 p = 0; p < PAGES; p++)
		pages -= !!(model[p] & bit);
	assert_int_equal(pages, 0);
}

static u64 check_free(void)
{
	u64 cursor = 0, sum = 0;
	phys_addr_t start, end, last = 0;

	while (memblock_next_free(&cursor, &start, &end)) {
		assert_true(start < end && (!last || start > last));
		last = end;
		for (u64 p = start >> PAGE_SHIFT; p < end >> PAGE_SHIFT; p++)
			assert_int_equal(model[p], RAM);
		sum += end - start;
	}
	for (u32 p = 0; p < PAGES; p++)
		sum -= model[p] == RAM ? PAGE_SIZE : 0;
	assert_int_equal(sum, 0);
	return memblock_total_free();
}

/* The model's answer: the highest aligned run of free pages below the limit, page 0 never. */
static phys_addr_t model_alloc(u32 count, u32 align, u32 limit)
{
	for (u32 first = min(limit, PAGES); first-- > 1;) {
		u32 n = 0;

		if (first % align || first + count > min(limit, PAGES))
			continue;
		while (n < count && model[first + n] == RAM)
			n++;
		if (n == count)
			return pfn_to_phys(first);
	}
	return 0;
}

static void random_operations(void **state)
{
	(void)state;
	for (u32 round = 0; round < 300; round++) {
		srand(round);
		memblock_reset();
		memset(model, 0, sizeof(model));
		for (u32 step = 0; step < 200; step++) {
			u32 first = (u32)rand() % PAGES, count = 1 + (u32)rand() % 20;
			u32 align = 1u << (rand() % 4);

			count = min(count, PAGES - first);
			switch (rand() % 5) {
			case 0:
				assert_int_equal(
					memblock_add(pfn_to_phys(first), count * PAGE_SIZE), 0);
				mark(first, count, RAM, 0);
				break;
			case 1:
				assert_int_equal(
					memblock_reserve(pfn_to_phys(first), count * PAGE_SIZE), 0);
				mark(first, count, TAKEN, 0);
				break;
			case 2:
				assert_int_equal(
					memblock_free(pfn_to_phys(first), count * PAGE_SIZE), 0);
				mark(first, count, 0, TAKEN);
				break;
			default:
				memblock.limit = pfn_to_phys(first + 1);
				{
					phys_addr_t want = model_alloc(count, align, first + 1);

					assert_int_equal(memblock_phys_alloc(count * PAGE_SIZE,
									     align * PAGE_SIZE),
							 want);
					if (want)
						mark((u32)phys_to_pfn(want), count, TAKEN, 0);
				}
			}
			check_list(&memblock.memory, RAM);
			check_list(&memblock.reserved, TAKEN);
			check_free();
		}
	}
}

static void freeing_all_restores(void **state)
{
	struct memblock_region got[100];
	u32 n = 0;
	u64 before;

	(void)state;
	memblock_reset();
	memblock_add(0x1000, 100 * PAGE_SIZE);
	before = memblock_total_free();
	for (u64 size = 3 * PAGE_SIZE; size; size -= PAGE_SIZE) {
		phys_addr_t base;

		for (u32 k = 0;
		     (base = memblock_phys_alloc(size, PAGE_SIZE)) && (k < 20 || size == PAGE_SIZE);
		     k++)
			got[n++] = (struct memblock_region){base, size};
		if (base)
			got[n++] = (struct memblock_region){base, size};
	}
	assert_int_equal(memblock_total_free(), 0);
	for (u32 i = 0; i < n; i++)
		assert_int_equal(memblock_free(got[i].base, got[i].size), 0);
	assert_int_equal(memblock_total_free(), before);
	assert_int_equal(memblock.reserved.nr, 0);
}

static void edges_and_wraps(void **state)
{
	(void)state;
	memblock_reset();
	assert_int_equal(memblock_add(0x1800, 0x2000), 0); /* only the whole page inside */
	assert_int_equal(memblock.memory.region[0].base, 0x2000);
	assert_int_equal(memblock.memory.region[0].size, 0x1000);
	assert_int_equal(memblock_add(0x5100, 0x800), 0); /* no whole page: nothing */
	assert_int_equal(memblock.memory.nr, 1);
	assert_int_equal(memblock_reserve(0x1fff, 2), 0); /* both pages it touches */
	assert_int_equal(memblock.reserved.region[0].size, 0x2000);
	assert_int_equal(memblock_add(~0ULL - 0x1000, 0x3000), -EINVAL);
	assert_int_equal(memblock_reserve(~0ULL - 0x10, 0x20), -EINVAL);
	assert_int_equal(memblock_free(~0ULL - 0x10, 0x20), -EINVAL);
	assert_int_equal(memblock_reserve(0x9000, 0), 0);
	assert_int_equal(memblock.reserved.nr, 1);
}

static void a_full_list_changes_nothing(void **state)
{
	u32 i;

	(void)state;
	memblock_reset();
	memblock_add(0, 4096 * PAGE_SIZE);
	for (i = 0; i < MEMBLOCK_RESERVED_MAX; i++)
		assert_int_equal(memblock_reserve(i * 2 * PAGE_SIZE, PAGE_SIZE), 0);
	assert_int_equal(memblock_reserve(i * 2 * PAGE_SIZE, PAGE_SIZE), -ENOSPC);
	assert_int_equal(memblock.reserved.nr, MEMBLOCK_RESERVED_MAX);
	/* What touches an entry needs no new one. */
	assert_int_equal(memblock_reserve(PAGE_SIZE, PAGE_SIZE), 0);
	assert_int_equal(memblock.reserved.nr, MEMBLOCK_RESERVED_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_operations),
		cmocka_unit_test(freeing_all_restores),
		cmocka_unit_test(edges_and_wraps),
		cmocka_unit_test(a_full_list_changes_nothing),
	};

	return cmocka_run_group_tests_name("memblock", tests, NULL, NULL);
}
