/*
 * Two sorted lists, `memory` and `reserved`; free is what is in the first and
 * not in the second. Every change keeps a list sorted, disjoint and merged, so
 * a lookup is a walk and an insertion moves a few entries: there are ten or so.
 */
#include <arch/page.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/memblock.h>

static struct memblock_region memory_regions[MEMMAP_MAX];
static struct memblock_region reserved_regions[MEMBLOCK_RESERVED_MAX];

struct memblock memblock = {
	.memory = {"memory", 0, ARRAY_SIZE(memory_regions), memory_regions},
	.reserved = {"reserved", 0, ARRAY_SIZE(reserved_regions), reserved_regions},
	.limit = GiB(4),
};

void memblock_reset(void)
{
	memblock.memory.nr = memblock.reserved.nr = 0;
	memblock.limit = GiB(4);
}

static inline phys_addr_t region_end(const struct memblock_region *r)
{
	return r->base + r->size;
}

/* Replace `drop` entries at i by `keep` (0 or 1) new ones. The caller has checked the room. */
static struct memblock_region *splice(struct memblock_type *type, u32 i, u32 drop, u32 keep)
{
	struct memblock_region *at = &type->region[i];

	memmove(at + keep, at + drop, (type->nr - i - drop) * sizeof(*at));
	type->nr = type->nr - drop + keep;
	return at;
}

/* Add [base, end) and merge it with everything that it overlaps or touches. */
static int insert(struct memblock_type *type, phys_addr_t base, phys_addr_t end)
{
	struct memblock_region *r = type->region;
	u32 first = 0, after;

	while (first < type->nr && region_end(&r[first]) < base)
		first++;
	for (after = first; after < type->nr && r[after].base <= end; after++) {
		base = min(base, r[after].base);
		end = max(end, region_end(&r[after]));
	}
	if (after == first && type->nr == type->max)
		return -ENOSPC;
	*splice(type, first, after - first, 1) = (struct memblock_region){base, end - base};
	return 0;
}

/* Whole pages inside [base, base+size). false: none, or it wraps. */
static bool inner_pages(phys_addr_t *base, phys_addr_t *end, u64 size)
{
	phys_addr_t start = *base;

	if (start + size < start || start > ~0ULL - PAGE_SIZE)
		return false;
	*base = ALIGN(start, PAGE_SIZE);
	*end = ALIGN_DOWN(start + size, PAGE_SIZE);
	return *base < *end;
}

/* The pages that [base, base+size) touches. false: none, or they wrap. */
static bool outer_pages(phys_addr_t *base, phys_addr_t *end, u64 size)
{
	phys_addr_t start = *base;

	if (!size || start + size < start || start + size > ~0ULL - PAGE_SIZE)
		return false;
	*base = ALIGN_DOWN(start, PAGE_SIZE);
	*end = ALIGN(start + size, PAGE_SIZE);
	return true;
}

int memblock_add(phys_addr_t base, u64 size)
{
	phys_addr_t end;

	if (base + size < base)
		return -EINVAL;
	return inner_pages(&base, &end, size) ? insert(&memblock.memory, base, end) : 0;
}

u64 memblock_add_map(const struct memmap *map, phys_addr_t limit)
{
	u64 left_out = 0;

	for (u32 i = 0; i < map->nr; i++) {
		const struct memmap_entry *e = &map->entry[i];
		u64 below = e->start < limit ? min(e->size, limit - e->start) : 0;

		if (e->type != MEMMAP_USABLE)
			continue;
		left_out += e->size - below;
		if (below && memblock_add(e->start, below))
			left_out += below;
	}
	return left_out;
}

int memblock_reserve(phys_addr_t base, u64 size)
{
	phys_addr_t end;

	if (!size)
		return 0;
	return outer_pages(&base, &end, size) ? insert(&memblock.reserved, base, end) : -EINVAL;
}

int memblock_free(phys_addr_t base, u64 size)
{
	struct memblock_type *type = &memblock.reserved;
	phys_addr_t end;

	if (base + size < base)
		return -EINVAL;
	if (!inner_pages(&base, &end, size))
		return 0;
	for (u32 i = 0; i < type->nr; i++) {
		struct memblock_region *r = &type->region[i];
		phys_addr_t r_base = r->base, r_end = region_end(r);

		if (r_end <= base || r_base >= end)
			continue;
		if (r_base < base &&
		    r_end > end) { /* a hole in the middle: one entry becomes two */
			if (type->nr == type->max)
				return -ENOSPC;
			r->size = base - r_base;
			*splice(type, i + 1, 0, 1) = (struct memblock_region){end, r_end - end};
			return 0;
		}
		if (r_base < base) {
			r->size = base - r_base;
		} else if (r_end > end) {
			*r = (struct memblock_region){end, r_end - end};
		} else {
			splice(type, i--, 1, 0);
		}
	}
	return 0;
}

/* The part of [base, end) that lies highest and is not reserved. false: all of it is. */
static bool highest_gap(phys_addr_t base, phys_addr_t *end, phys_addr_t *gap_start)
{
	const struct memblock_type *type = &memblock.reserved;
	phys_addr_t top = *end, low = base;

	for (u32 i = type->nr; i-- > 0;) {
		const struct memblock_region *r = &type->region[i];

		if (r->base >= top)
			continue;
		if (region_end(r) < top) {
			low = max(base, region_end(r));
			break;
		}
		top = r->base;
		if (top <= base)
			return false;
	}
	*end = top;
	*gap_start = low;
	return true;
}

phys_addr_t memblock_phys_alloc(u64 size, u64 align)
{
	for (u32 i = memblock.memory.nr; i-- > 0;) {
		const struct memblock_region *r = &memblock.memory.region[i];
		phys_addr_t base = max(r->base, (phys_addr_t)PAGE_SIZE);
		phys_addr_t end = min(region_end(r), memblock.limit), low;

		while (end > base && highest_gap(base, &end, &low)) {
			if (end - low >= size && ALIGN_DOWN(end - size, align) >= low) {
				phys_addr_t found = ALIGN_DOWN(end - size, align);

				return memblock_reserve(found, size) ? 0 : found;
			}
			end = low;
		}
	}
	return 0;
}

bool memblock_next_free(u64 *cursor, phys_addr_t *start, phys_addr_t *end)
{
	phys_addr_t at = *cursor;

	for (u32 i = 0; i < memblock.memory.nr; i++) {
		const struct memblock_region *m = &memblock.memory.region[i];
		phys_addr_t from = max(m->base, at), to = region_end(m);

		if (from >= to)
			continue;
		for (u32 k = 0; k < memblock.reserved.nr && from < to; k++) {
			const struct memblock_region *r = &memblock.reserved.region[k];

			if (region_end(r) <= from)
				continue;
			if (r->base > from) {
				to = min(to, r->base);
				break;
			}
			from = region_end(r);
		}
		if (from < to) {
			*start = from;
			*end = *cursor = to;
			return true;
		}
	}
	return false;
}

u64 memblock_total(void)
{
	u64 sum = 0;

	for (u32 i = 0; i < memblock.memory.nr; i++)
		sum += memblock.memory.region[i].size;
	return sum;
}

u64 memblock_total_free(void)
{
	phys_addr_t start, end;
	u64 cursor = 0, sum = 0;

	while (memblock_next_free(&cursor, &start, &end))
		sum += end - start;
	return sum;
}

phys_addr_t memblock_end(void)
{
	const struct memblock_type *m = &memblock.memory;

	return m->nr ? region_end(&m->region[m->nr - 1]) : 0;
}

bool memblock_overlaps_memory(phys_addr_t base, u64 size)
{
	for (u32 i = 0; i < memblock.memory.nr; i++)
		if (ranges_overlap(base, size, memblock.memory.region[i].base,
				   memblock.memory.region[i].size))
			return true;
	return false;
}
