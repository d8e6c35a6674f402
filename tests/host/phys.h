/*
 * A small physical memory for the parsers that run on the host: `size` bytes from address `base`,
 * nothing elsewhere. Every mapping is a copy of its own of exactly the bytes asked for,
 * unaligned, so that AddressSanitizer sees a parser that reads one byte more than it mapped.
 */
#ifndef TESTS_HOST_PHYS_H
#define TESTS_HOST_PHYS_H

#include <tests/host/libc.h>

struct phys_copy {
	struct phys_copy *next;
	u8 odd; /* what follows is not aligned */
	u8 bytes[];
};

struct phys {
	u8 *bytes;
	u64 base, size;
	struct phys_copy *copies;
	u32 mapped, unmapped, refused;
};

static inline const void *phys_map(struct phys *phys, u64 at, u64 len)
{
	struct phys_copy *copy;

	if (at < phys->base || at - phys->base > phys->size || len > phys->size - (at - phys->base))
		return NULL;
	copy = malloc(sizeof(*copy) + len);
	if (!copy)
		abort();
	libc_memcpy(copy->bytes, phys->bytes + (at - phys->base), len);
	copy->next = phys->copies;
	phys->copies = copy;
	phys->mapped++;
	return copy->bytes;
}

static inline void phys_free_copies(struct phys *phys)
{
	while (phys->copies) {
		struct phys_copy *copy = phys->copies;

		phys->copies = copy->next;
		free(copy);
	}
}

/* Give one mapping back: using it afterwards is found too. */
static inline void phys_unmap(struct phys *phys, const void *p)
{
	for (struct phys_copy **link = &phys->copies; *link; link = &(*link)->next) {
		struct phys_copy *copy = *link;

		if (copy->bytes != p)
			continue;
		*link = copy->next;
		free(copy);
		phys->unmapped++;
		return;
	}
	fprintf(stderr, "unmapped what was not mapped\n");
	abort();
}

#endif
