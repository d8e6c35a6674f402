/*
 * Contract (mm/memmap.h): whatever firmware says, the map comes out sorted,
 * disjoint and merged; each byte has the least usable kind that claimed it; and
 * when room runs out, usable memory is given up, never a reservation.
 *
 * Sources: mm/memmap.c
 */
#include <tests/host/host.h>
#include <tests/memmap_model.h>

#include <lib/string.h>

static struct memmap map;
static struct memmap_model model;

static void reset(void)
{
	libc_memset(&map, 0, sizeof(map));
	libc_memset(&model, 0, sizeof(model));
}

static void a_pc_map_stays_as_it_is(void **state)
{
	static const struct memmap_entry pc[] = {
		{0x0, 0x9fc00, MEMMAP_USABLE},
		{0x9fc00, 0x400, MEMMAP_RESERVED},
		{0xf0000, 0x10000, MEMMAP_RESERVED},
		{0x100000, 0xfee0000, MEMMAP_USABLE},
		{0xffe0000, 0x20000, MEMMAP_RESERVED},
		{0xfffc0000, 0x40000, MEMMAP_RESERVED},
		{0xfd00000000, 0x300000000, MEMMAP_RESERVED},
	};

	(void)state;
	reset();
	for (size_t i = 0; i < ARRAY_SIZE(pc); i++)
		assert_true(memmap_add(&map, pc[i].start, pc[i].size, pc[i].type));
	memmap_sanitize(&map);
	assert_int_equal(map.nr, ARRAY_SIZE(pc));
	for (size_t i = 0; i < ARRAY_SIZE(pc); i++)
		assert_true(map.entry[i].start == pc[i].start && map.entry[i].size == pc[i].size &&
			    map.entry[i].type == pc[i].type);
	assert_int_equal(memmap_usable(&map), 0x9fc00 + 0xfee0000);
	assert_int_equal(memmap_usable_end(&map), 0xffe0000);
}

static void edges(void **state)
{
	(void)state;
	reset();
	assert_true(memmap_add(&map, 5, 0, MEMMAP_USABLE)); /* empty: ignored */
	assert_int_equal(map.nr, 0);
	memmap_sanitize(&map);
	assert_int_equal(memmap_usable_end(&map), 0);

	/* Cut at 2^64. */
	assert_true(memmap_add(&map, ~0xfffULL, 0x10000, MEMMAP_USABLE));
	memmap_sanitize(&map);
	assert_int_equal(map.entry[0].size, 0x1000);
	assert_int_equal(memmap_usable_end(&map), ~0ULL);

	/* All 2^64 bytes: no size can say so, but no byte may be lost or left usable. */
	reset();
	memmap_add(&map, 0, ~0ULL, MEMMAP_RESERVED);
	memmap_add(&map, 0x1000, ~0ULL, MEMMAP_RESERVED);
	memmap_add(&map, 0x2000, 0x1000, MEMMAP_USABLE);
	memmap_sanitize(&map);
	assert_int_equal(memmap_usable(&map), 0);
	assert_int_equal(map_type_at(&map, 0), MEMMAP_RESERVED);
	assert_int_equal(map_type_at(&map, ~0ULL), MEMMAP_RESERVED);
}

/* Two entries that could not be one, for there is no such size, until a third cut one of them. */
static void everything_but_a_hole(void **state)
{
	(void)state;
	reset();
	memmap_add(&map, 0, 0x3000, MEMMAP_RESERVED);
	memmap_add(&map, 0x2000, ~0ULL, MEMMAP_RESERVED);
	memmap_add(&map, 0x8000, 0x1000, MEMMAP_BAD);
	memmap_sanitize(&map);
	assert_string_equal(check_order(&map), "");
	assert_int_equal(map.nr, 3);
	assert_int_equal(map.entry[0].size, 0x8000);
}

static void random_add(u32 count_max)
{
	u32 cell = (u32)host_rand_below(MODEL_CELLS);

	model_add(&model, &map, cell, (u32)host_rand_below(count_max), 1 + (u32)host_rand_below(8));
}

static void agrees_with_the_model(void **state)
{
	(void)state;
	host_seed("memmap");
	for (int round = 0; round < 20000; round++) {
		u32 entries = (u32)host_rand_below(24);

		reset();
		while (entries--)
			random_add(round % 2 ? 8 : MODEL_CELLS);
		memmap_sanitize(&map);
		assert_int_equal(map.dropped, 0);
		assert_string_equal(check_order(&map), "");
		assert_string_equal(check_exact(&model, &map), "");
	}
}

/* The order in which firmware lists its entries must not matter. */
static void order_does_not_matter(void **state)
{
	static struct memmap backwards;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		reset();
		libc_memset(&backwards, 0, sizeof(backwards));
		for (int i = 0; i < 20; i++)
			random_add(64);
		for (u32 i = map.nr; i-- > 0;)
			backwards.entry[backwards.nr++] = map.entry[i];
		memmap_sanitize(&map);
		memmap_sanitize(&backwards);
		assert_int_equal(map.nr, backwards.nr);
		assert_memory_equal(map.entry, backwards.entry, map.nr * sizeof(map.entry[0]));
	}
}

/* Many small holes in a large entry: twice as many pieces as there is room for. */
static void fill_with_holes(u32 around, u32 hole)
{
	reset();
	memmap_add(&map, 0, (u64)MEMMAP_MAX * 0x3000, around);
	for (u32 i = 1; i < MEMMAP_MAX; i++)
		memmap_add(&map, (u64)i * 0x3000, 0x1000 + 0x1000 * (i % 2), hole);
	assert_int_equal(map.nr, MEMMAP_MAX);
}

static void usable_pieces_go_first(void **state)
{
	(void)state;
	fill_with_holes(MEMMAP_USABLE, MEMMAP_RESERVED);
	memmap_sanitize(&map);
	assert_string_equal(check_order(&map), "");
	assert_true(map.dropped > 0);
	assert_true(map.nr <= MEMMAP_MAX);
	for (u64 i = 1; i < MEMMAP_MAX; i++)
		assert_int_equal(map_type_at(&map, i * 0x3000), MEMMAP_RESERVED);
}

static void reservations_never_go(void **state)
{
	(void)state;
	fill_with_holes(MEMMAP_RESERVED, MEMMAP_BAD);
	memmap_sanitize(&map);
	assert_string_equal(check_order(&map), "");
	for (u64 at = 0; at < (u64)MEMMAP_MAX * 0x3000; at += 0x1000)
		assert_int_not_equal(map_type_at(&map, at), 0);
	assert_int_equal(memmap_usable(&map), 0);
	for (u64 i = 1; i < MEMMAP_MAX; i++)
		assert_int_equal(map_type_at(&map, i * 0x3000), MEMMAP_BAD);
}

/* ... and among both, a usable piece elsewhere makes room for what a reservation leaves. */
static void usable_makes_room_for_reserved(void **state)
{
	(void)state;
	fill_with_holes(MEMMAP_RESERVED, MEMMAP_BAD);
	for (u32 i = 600; i < MEMMAP_MAX; i++)
		map.entry[i].type = MEMMAP_USABLE;
	for (u32 i = 600; i < MEMMAP_MAX; i++)
		map.entry[i].start += GiB(4);
	memmap_sanitize(&map);
	assert_string_equal(check_order(&map), "");
	for (u64 at = 0; at < (u64)MEMMAP_MAX * 0x3000; at += 0x1000) {
		u32 type = map_type_at(&map, at);

		assert_true(type == MEMMAP_RESERVED || type == MEMMAP_BAD);
	}
}

static void full(void **state)
{
	(void)state;
	reset();
	for (u32 i = 0; i < MEMMAP_MAX; i++)
		assert_true(memmap_add(&map, i * 0x2000ULL, 0x1000, MEMMAP_USABLE));
	assert_false(memmap_add(&map, GiB(1), 0x1000, MEMMAP_USABLE));
	assert_int_equal(map.dropped, 1);
	memmap_sanitize(&map);
	assert_int_equal(map.nr, MEMMAP_MAX);
}

/* The slowest map that we know: everything overlaps everything, and no two kinds merge. */
static void the_worst_map_ends(void **state)
{
	(void)state;
	reset();
	for (u32 i = 0; i < MEMMAP_MAX; i++)
		memmap_add(&map, host_rand_below(MEMMAP_MAX), 1 + host_rand_below(GiB(1)), 100 + i);
	memmap_sanitize(&map);
	assert_string_equal(check_order(&map), "");
}

static void names(void **state)
{
	(void)state;
	for (u32 type = 0; type < 8; type++)
		assert_non_null(memmap_type_name(type));
	assert_int_equal(strcmp(memmap_type_name(MEMMAP_USABLE), "usable"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pc_map_stays_as_it_is),
		cmocka_unit_test(edges),
		cmocka_unit_test(everything_but_a_hole),
		cmocka_unit_test(agrees_with_the_model),
		cmocka_unit_test(order_does_not_matter),
		cmocka_unit_test(usable_pieces_go_first),
		cmocka_unit_test(reservations_never_go),
		cmocka_unit_test(usable_makes_room_for_reserved),
		cmocka_unit_test(full),
		cmocka_unit_test(the_worst_map_ends),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests_name("memmap", tests, NULL, NULL);
}
