/*
 * What the checks of the slab allocator are written with. A check is a function that returns "" or says what is wrong,
 * so that the tests in the kernel and on the host can share it.
 */
#ifndef TESTS_SLAB_EXPECT_H
#define TESTS_SLAB_EXPECT_H

#include <lib/bitops.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/fault_inject.h>
#include <mm/slab_fast.h>

#define expect(cond)                             \
	do {                                     \
		if (!(cond))                     \
			return "not so: " #cond; \
	} while (0)

static inline u64 slab_total_faults(void)
{
	u64 n = 0;

	for (u32 i = 0; i < NR_SLAB_FAULTS; i++)
		n += slab_faults[i];
	return n;
}

static inline bool slab_shrink_one(struct kmem_cache *cache, void *ctx)
{
	(void)ctx;
	kmem_cache_shrink(cache);
	return true;
}

/* Maps and magazines are objects too: what the first pass frees, the second gives back. */
static inline unsigned long slab_free_after_shrinking(void)
{
	slab_for_each_cache(slab_shrink_one, NULL);
	slab_for_each_cache(slab_shrink_one, NULL);
	return nr_free_pages();
}

/* Each class gets its magazine: from here on the allocator itself needs no more than it has. */
static inline void slab_warm_up(void)
{
	for (size_t size = 8; size <= 8192; size += 8)
		kfree(kmalloc(size, GFP_KERNEL));
}

/* `code` raises exactly this one counter, by one. */
#define expect_fault(fault, code)                        \
	do {                                             \
		u64 _kind = slab_faults[fault];          \
		u64 _all = slab_total_faults();          \
		code;                                    \
		expect(slab_faults[fault] == _kind + 1); \
		expect(slab_total_faults() == _all + 1); \
	} while (0)

#define SLAB_ALL_DEBUG (SLAB_POISON | SLAB_RED_ZONE | SLAB_STORE_USER | SLAB_CONSISTENCY_CHECKS)

#endif
