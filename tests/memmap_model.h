/*
 * A shadow model of the memory map: one kind a cell of an address space of 256 cells, the
 * first half at its bottom and the second at its top, where sums wrap. For the tests in the
 * kernel and on the host and for the fuzz target. A check returns "" or says what is wrong.
 */
#ifndef TESTS_MEMMAP_MODEL_H
#define TESTS_MEMMAP_MODEL_H

#include <mm/memmap.h>

#define MODEL_CELLS	256u
#define MODEL_CELL_SIZE 0x1000u

/* 0: nobody claims the cell. */
struct memmap_model {
	u32 type[MODEL_CELLS];
};

static inline u64 model_address(u32 cell)
{
	u64 at = (u64)cell * MODEL_CELL_SIZE;

	return cell < MODEL_CELLS / 2 ? at : at - MODEL_CELLS * MODEL_CELL_SIZE;
}

static inline u32 model_rank(u32 type)
{
	static const u32 ranks[] = {
		[0] = 0,	  [MEMMAP_USABLE] = 1, [MEMMAP_ACPI] = 2, [MEMMAP_RESERVED] = 3,
		[MEMMAP_NVS] = 4, [MEMMAP_BAD] = 5};

	return type < ARRAY_SIZE(ranks) ? ranks[type] : ranks[MEMMAP_RESERVED];
}

static inline void model_claim(struct memmap_model *model, u32 cell, u32 type)
{
	u32 old = model_rank(model->type[cell]), new = model_rank(type);

	if (new > old || (new == old &&type < model->type[cell]))
		model->type[cell] = type;
}

/*
 * Claim `count` cells for the map and the model. They stay within their half, unless there are so
 * many that they reach the end of the other: then all between belongs to them too.
 */
static inline void model_add(struct memmap_model *model, struct memmap *map, u32 cell, u32 count,
			     u32 type)
{
	u32 half_end = cell < MODEL_CELLS / 2 ? MODEL_CELLS / 2 : MODEL_CELLS;
	bool to_the_end = cell > 0 && count >= MODEL_CELLS - cell;

	count = min(count, (to_the_end ? MODEL_CELLS : half_end) - cell);
	if (!memmap_add(map, model_address(cell), to_the_end ? ~0ULL : (u64)count * MODEL_CELL_SIZE,
			type))
		return;
	for (; count; count--, cell++)
		model_claim(model, cell, type);
}

/* 0: nobody's. */
static inline u32 map_type_at(const struct memmap *map, u64 at)
{
	for (u32 i = 0; i < map->nr; i++) {
		const struct memmap_entry *e = &map->entry[i];

		if (at >= e->start && at - e->start < e->size)
			return e->type;
	}
	return 0;
}

/* Sorted, disjoint, neighbours merged; but no size can say "all 2^64 bytes", so that stays in two. */
static inline const char *check_order(const struct memmap *map)
{
	for (u32 i = 0; i < map->nr; i++) {
		const struct memmap_entry *e = &map->entry[i];
		u64 last = e->start + (e->size - 1);

		if (!e->size || last < e->start)
			return "an entry is empty or wraps";
		if (i + 1 == map->nr)
			break;
		if (last >= e[1].start)
			return "entries overlap or are not sorted";
		if (e->type == e[1].type && last + 1 == e[1].start && e->size + e[1].size != 0)
			return "neighbours of one kind are not merged";
	}
	return "";
}

/* Every cell has the kind the model says, at both its ends. */
static inline const char *check_exact(const struct memmap_model *model, const struct memmap *map)
{
	for (u32 cell = 0; cell < MODEL_CELLS; cell++) {
		u64 at = model_address(cell);

		if (map_type_at(map, at) != model->type[cell] ||
		    map_type_at(map, at + MODEL_CELL_SIZE - 1) != model->type[cell])
			return "a byte has not the kind that it should have";
	}
	return "";
}

#endif
