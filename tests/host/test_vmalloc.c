/*
 * The areas of mm/vmap_area.c against a shadow model: one byte for each page of a small
 * region, that says whose it is. After each random insertion or removal: areas are where the
 * model says, sorted, a guard page after each; gaps and the largest of each subtree are right;
 * an insertion took the lowest place that fits, and failed only when there was none; removing
 * all restores the region.
 *
 * Sources: mm/vmap_area.c lib/rbtree.c
 */
#include <tests/host/host.h>

#include <lib/errno.h>
#include <mm/vmap_area.h>

#define PAGES 300u
#define AREAS 60u
#define BASE  0xffffc90000001000UL

static struct vmap_space space;
static struct vmap_area areas[AREAS];
static bool in_use[AREAS];
static u8 owner[PAGES + 1]; /* 0 free, else 1 + index of the area; its guard page included */

static virt_addr_t address(u32 page)
{
	return BASE + page * PAGE_SIZE;
}

static void start(u32 pages)
{
	vmap_space_init(&space, BASE, address(pages));
	libc_memset(in_use, 0, sizeof(in_use));
	libc_memset(owner, 0, sizeof(owner));
	for (u32 i = pages; i <= PAGES; i++)
		owner[i] = 255;
}

/* The lowest run of n free pages, or PAGES. */
static u32 model_fit(u32 n)
{
	u32 run = 0;

	for (u32 i = 0; i <= PAGES; i++) {
		run = owner[i] ? 0 : run + 1;
		if (run == n)
			return i + 1 - n;
	}
	return PAGES;
}

static void model_set(const struct vmap_area *area, u8 value)
{
	for (virt_addr_t v = area->start; v <= area->end; v += PAGE_SIZE)
		owner[(v - BASE) / PAGE_SIZE] = value;
}

static u64 check_subtree(const struct rb_node *node)
{
	struct vmap_area *area = rb_entry(node, struct vmap_area, node);
	u64 largest;

	if (!node)
		return 0;
	largest = max(check_subtree(node->rb_left), check_subtree(node->rb_right));
	largest = max(largest, area->gap);
	assert_int_equal(area->max_gap, largest);
	return largest;
}

static void check(void)
{
	virt_addr_t free_from = BASE;
	u64 largest = check_subtree(space.root.rb_node);
	unsigned long n = 0;

	for (struct rb_node *node = rb_first(&space.root); node; node = rb_next(node)) {
		struct vmap_area *area = rb_entry(node, struct vmap_area, node);

		assert_true(area->start >= free_from);
		assert_int_equal(area->gap, area->start - free_from);
		free_from = area->end + VMAP_GUARD_SIZE;
		n += area != &space.last;
	}
	assert_int_equal(n, space.nr);
	assert_int_equal(vmap_largest_gap(&space), largest > PAGE_SIZE ? largest - PAGE_SIZE : 0);
	for (u32 i = 0; i < PAGES; i++) {
		struct vmap_area *found = vmap_area_find(&space, address(i) + 123);
		struct vmap_area *mine = owner[i] && owner[i] != 255 ? &areas[owner[i] - 1] : NULL;

		if (mine && mine->end == address(i))
			mine = NULL; /* the guard page */
		assert_ptr_equal(found, mine);
	}
}

static void insert(u32 i, u32 pages)
{
	u32 fit = model_fit(pages + 1);
	int err = vmap_area_insert(&space, &areas[i], pages * PAGE_SIZE);

	assert_int_equal(err, fit < PAGES ? 0 : -ENOSPC);
	if (err)
		return;
	in_use[i] = true;
	assert_int_equal(areas[i].start, address(fit));
	assert_int_equal(areas[i].end, address(fit + pages));
	model_set(&areas[i], (u8)(i + 1));
}

static void erase(u32 i)
{
	vmap_area_erase(&space, &areas[i]);
	model_set(&areas[i], 0);
	libc_memset(&areas[i], 0xa5, sizeof(areas[i]));
	in_use[i] = false;
}

static void erase_all(void)
{
	for (u32 i = 0; i < AREAS; i++)
		if (in_use[i])
			erase(i);
}

static void random_areas(void **state)
{
	(void)state;
	for (u32 round = 0; round < 20; round++) {
		u32 pages = 20 + (u32)host_rand_below(PAGES - 20), largest = 1 + round;

		start(pages);
		for (u32 step = 0; step < 400; step++) {
			u32 i = (u32)host_rand_below(AREAS);

			if (in_use[i])
				erase(i);
			else
				insert(i, 1 + (u32)host_rand_below(largest));
			check();
		}
		erase_all();
		check();
		assert_int_equal(vmap_largest_gap(&space), (pages - 1) * PAGE_SIZE);
	}
}

static void absurd_sizes(void **state)
{
	(void)state;
	start(PAGES);
	assert_int_equal(vmap_area_insert(&space, &areas[0], PAGES * PAGE_SIZE), -ENOSPC);
	assert_int_equal(vmap_area_insert(&space, &areas[0], ~0ULL & PAGE_MASK), -ENOSPC);
	assert_int_equal(vmap_area_insert(&space, &areas[0], 1ULL << 63), -ENOSPC);
	check();
	insert(0, PAGES - 1);
	assert_true(in_use[0]);
	check();
	assert_int_equal(vmap_largest_gap(&space), 0);
	insert(1, 1);
	erase(0);
	check();
}

static void next_area_above(void **state)
{
	(void)state;
	start(PAGES);
	for (u32 i = 0; i < 10; i++)
		insert(i, 1 + i % 3);
	erase(4);
	for (u32 i = 0; i < PAGES; i++) {
		struct vmap_area *above = vmap_area_above(&space, address(i));
		u32 page = i;

		while (page < PAGES && !vmap_area_find(&space, address(page)))
			page++;
		assert_ptr_equal(above, vmap_area_find(&space, address(page)));
	}
	assert_ptr_equal(vmap_area_above(&space, 0), &areas[0]);
	assert_null(vmap_area_above(&space, ~0UL));
	erase_all();
	assert_null(vmap_area_above(&space, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_areas),
		cmocka_unit_test(absurd_sizes),
		cmocka_unit_test(next_area_above),
	};

	host_seed("vmalloc");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
