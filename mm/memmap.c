/*
 * Putting the firmware's memory map in order: sorted, without overlaps,
 * neighbours of one kind merged. Firmware promises none of that (ACPI 6.5,
 * section 15).
 *
 * The work is done in place, on the array sorted by start: two neighbours that
 * overlap are cut so that the less usable one keeps the shared bytes, and what
 * is left of the other goes back to its place in the order. Invariant of the
 * pass: everything left of `i` is final, everything from `i` on is sorted. A byte only ever
 * changes to a less usable kind.
 *
 * Ends are kept as the last byte, not one past it: an entry may end at 2^64.
 */
#include <lib/string.h>
#include <mm/memmap.h>

static u64 last_byte(const struct memmap_entry *e)
{
	return e->start + (e->size - 1);
}

static void set_last_byte(struct memmap_entry *e, u64 last)
{
	e->size = last - e->start + 1;
}

/*
 * Of two kinds that claim one byte, the higher rank wins. A kind that we do not know is as
 * reserved.
 */
static u32 rank(u32 type)
{
	switch (type) {
	case MEMMAP_USABLE:
		return 0;
	case MEMMAP_ACPI:
		return 1;
	case MEMMAP_NVS:
		return 3;
	case MEMMAP_BAD:
		return 4;
	default:
		return 2;
	}
}

/*
 * Does a win over b? Among kinds of one rank the smaller number does, so that the order of the
 * input does not matter.
 */
static bool wins(const struct memmap_entry *a, const struct memmap_entry *b)
{
	u32 ra = rank(a->type), rb = rank(b->type);

	return ra > rb || (ra == rb && a->type < b->type);
}

/* By start; of two that start together the winner first: so a loser never has an empty head. */
static bool comes_before(const struct memmap_entry *a, const struct memmap_entry *b)
{
	return a->start < b->start || (a->start == b->start && wins(a, b));
}

bool memmap_add(struct memmap *map, u64 start, u64 size, u32 type)
{
	if (size == 0)
		return true;
	if (map->nr >= MEMMAP_MAX) {
		map->dropped++;
		return false;
	}
	if (start + size < start)
		size = -start;
	map->entry[map->nr++] = (struct memmap_entry){.start = start, .size = size, .type = type};
	return true;
}

static void remove_at(struct memmap *map, u32 i)
{
	map->nr--;
	memmove(&map->entry[i], &map->entry[i + 1], (map->nr - i) * sizeof(map->entry[0]));
}

/* Put e in its place among [from, nr), which is sorted. There is room. */
static void insert_sorted(struct memmap *map, u32 from, struct memmap_entry e)
{
	u32 i = map->nr++;

	for (; i > from && comes_before(&e, &map->entry[i - 1]); i--)
		map->entry[i] = map->entry[i - 1];
	map->entry[i] = e;
}

/* Firmware sends the map nearly sorted: insertion costs one comparison an entry then. */
static void sort(struct memmap *map)
{
	u32 nr = map->nr;

	for (map->nr = 0; map->nr < nr;)
		insert_sorted(map, 0, map->entry[map->nr]);
}

/*
 * Give up the smallest usable piece: memory is lost, but none is used that is not ours.
 * Returns its index, or map->nr (unchanged) when there is none.
 */
static u32 drop_usable(struct memmap *map)
{
	u32 victim = map->nr;

	for (u32 i = 0; i < map->nr; i++) {
		if (map->entry[i].type == MEMMAP_USABLE &&
		    (victim == map->nr || map->entry[i].size < map->entry[victim].size))
			victim = i;
	}
	if (victim == map->nr)
		return victim;
	remove_at(map, victim);
	map->dropped++;
	return victim;
}

/*
 * What is left of a loser, behind the winner at i, goes back into the order. Without room for it,
 * usable pieces are given up; when there is none, the winner takes the tail. Returns the winner's
 * index.
 */
static u32 put_back(struct memmap *map, u32 i, struct memmap_entry tail)
{
	if (map->nr == MEMMAP_MAX) {
		u32 victim;

		if (tail.type == MEMMAP_USABLE) {
			map->dropped++;
			return i;
		}
		victim = drop_usable(map);
		if (victim == map->nr) {
			set_last_byte(&map->entry[i], last_byte(&tail));
			return i;
		}
		if (victim < i)
			i--;
	}
	insert_sorted(map, i + 1, tail);
	return i;
}

/*
 * Entries i and i + 1 overlap: the less usable kind keeps the shared bytes. Returns where to go
 * on.
 */
static u32 cut_overlap(struct memmap *map, u32 i)
{
	struct memmap_entry *a = &map->entry[i], *b = &map->entry[i + 1];
	u64 a_last = last_byte(a), b_last = last_byte(b);
	struct memmap_entry tail;

	if (!wins(b, a)) {
		tail = *b;
		remove_at(map, i + 1);
		if (b_last > a_last) {
			tail.start = a_last + 1;
			set_last_byte(&tail, b_last);
			insert_sorted(map, i + 1, tail);
		}
		return i;
	}
	tail = *a;
	set_last_byte(a, b->start - 1);
	if (a_last <= b_last)
		return i + 1;
	tail.start = b_last + 1;
	set_last_byte(&tail, a_last);
	return put_back(map, i + 1, tail);
}

/*
 * If i and i + 1 are of one kind and touch or overlap, make them one. The whole 2^64 bytes
 * would not fit in a size.
 */
static bool merge_next(struct memmap *map, u32 i)
{
	struct memmap_entry *a = &map->entry[i], *b = &map->entry[i + 1];
	u64 last = max(last_byte(a), last_byte(b));

	if (a->type != b->type || (b->start && b->start - 1 > last_byte(a)) ||
	    last - a->start == ~0ULL)
		return false;
	set_last_byte(a, last);
	remove_at(map, i + 1);
	return true;
}

void memmap_sanitize(struct memmap *map)
{
	u32 i = 0;

	sort(map);
	while (i + 1 < map->nr) {
		if (merge_next(map, i))
			continue;
		if (map->entry[i + 1].start > last_byte(&map->entry[i]))
			i++;
		else
			i = cut_overlap(map, i);
	}
	/* Two that were all 2^64 bytes when they met may have lost some since. */
	for (i = 0; i + 1 < map->nr;) {
		if (!merge_next(map, i))
			i++;
	}
}

u64 memmap_usable(const struct memmap *map)
{
	u64 sum = 0;

	for (u32 i = 0; i < map->nr; i++) {
		if (map->entry[i].type == MEMMAP_USABLE)
			sum += map->entry[i].size;
	}
	return sum;
}

u64 memmap_usable_end(const struct memmap *map)
{
	for (u32 i = map->nr; i-- > 0;) {
		if (map->entry[i].type == MEMMAP_USABLE)
			return max(map->entry[i].start + map->entry[i].size,
				   last_byte(&map->entry[i]));
	}
	return 0;
}

const char *memmap_type_name(u32 type)
{
	switch (type) {
	case MEMMAP_USABLE:
		return "usable";
	case MEMMAP_RESERVED:
		return "reserved";
	case MEMMAP_ACPI:
		return "ACPI tables";
	case MEMMAP_NVS:
		return "ACPI NVS";
	case MEMMAP_BAD:
		return "bad";
	default:
		return "unknown (reserved)";
	}
}
