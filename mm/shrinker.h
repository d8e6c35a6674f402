/*
 * Caches that can give memory back register here; an allocation that finds
 * none asks them before it fails. Linux: mm/shrinker.c.
 */
#ifndef MM_SHRINKER_H
#define MM_SHRINKER_H

#include <lib/list.h>

struct shrinker {
	const char *name;
	/* Free what can be spared, about `pages` pages; returns how many it freed. May not allocate. */
	unsigned long (*scan)(unsigned long pages);
	u64 calls, freed;
	struct list_head link;
};

void register_shrinker(struct shrinker *shrinker);
void unregister_shrinker(struct shrinker *shrinker);
/* Ask each in turn until `pages` are free; returns how many were. Not from inside a scan. */
unsigned long shrink_all(unsigned long pages);

#endif
