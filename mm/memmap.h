/*
 * The firmware's memory map, as the loader gave it and then put in order:
 * sorted, without overlaps, neighbours of one kind merged. Pure: compiled for
 * the host too. ACPI 6.5 section 15 names the kinds.
 */
#ifndef MM_MEMMAP_H
#define MM_MEMMAP_H

#include <lib/types.h>

enum memmap_type {
	MEMMAP_USABLE = 1,
	MEMMAP_RESERVED = 2,
	MEMMAP_ACPI = 3, /* tables: usable once read, but Teak keeps them */
	MEMMAP_NVS = 4,
	MEMMAP_BAD = 5,
	/* any other number from the firmware is kept and treated as reserved */
};

struct memmap_entry {
	u64 start;
	u64 size; /* in bytes; start + size <= 2^64, an entry may end there (the sum is then 0) */
	u32 type;
};

#define MEMMAP_MAX 1200

struct memmap {
	u32 nr;
	u32 dropped; /* entries that found no room or made no sense */
	struct memmap_entry entry[MEMMAP_MAX];
};

/*
 * Append as the firmware gave it. An empty entry is ignored; one that wraps is cut at 2^64.
 * false: no room left (counted).
 */
bool memmap_add(struct memmap *map, u64 start, u64 size, u32 type);
/*
 * Sort, resolve overlaps (the less usable kind wins: BAD > NVS > RESERVED/unknown > ACPI >
 * USABLE), merge neighbours of one kind. If resolving needs more room than there is, usable
 * pieces are dropped first, never reserved ones.
 */
void memmap_sanitize(struct memmap *map);
/* Sum of the usable bytes. */
u64 memmap_usable(const struct memmap *map);
/*
 * One past the highest usable byte (2^64 - 1 when that is the last of all); 0 when there is
 * none. Of a sanitized map.
 */
u64 memmap_usable_end(const struct memmap *map);
const char *memmap_type_name(u32 type);

#endif
