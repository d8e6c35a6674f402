/* Each kind of damage that debugging finds, provoked once: reported once, as what it is, and the allocator goes on. */
#ifndef TESTS_SLAB_DEBUG_CHECKS_H
#define TESTS_SLAB_DEBUG_CHECKS_H

#include <tests/slab_expect.h>

/* NOLINTBEGIN(clang-analyzer-unix.Malloc): it knows kmalloc() and kfree(), which are misused here on purpose. */

/* A cache whose objects get lost lives on: it has a name for each use. Returns NULL when there is none. */
static inline struct kmem_cache *slab_debug_cache(u32 flags)
{
	static const char *const names[] = {"debug0", "debug1", "debug2", "debug3",
					    "debug4", "debug5", "debug6", "debug7"};

	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		struct kmem_cache *c = kmem_cache_create(names[i], 50, 0, flags, NULL);

		if (c)
			return c;
	}
	return NULL;
}

/* All of it on, nothing wrong done: no report. */
static inline const char *slab_check_debug_clean(void)
{
	struct kmem_cache *c = slab_debug_cache(SLAB_ALL_DEBUG);
	u64 faults = slab_total_faults();
	u8 *obj[100];

	expect(c);
	for (u32 i = 0; i < 100; i++) {
		expect((obj[i] = kmem_cache_alloc(c, GFP_KERNEL)) != NULL);
		expect(!memchr_inv(obj[i], 0x5a,
				   50)); /* what nobody wrote yet is told by its look */
		memset(obj[i], 0, 50);
	}
	for (u32 i = 0; i < 100; i++)
		kmem_cache_free(c, obj[i]);
	expect(!slab_check_cache(c) && !slab_check_objects(c));
	expect(kmem_cache_destroy(c) == 0);
	expect(slab_total_faults() == faults);
	return "";
}

static inline const char *slab_check_overrun(void)
{
	struct kmem_cache *c = slab_debug_cache(SLAB_RED_ZONE);
	u8 *obj;

	expect(c);
	expect((obj = kmem_cache_alloc(c, GFP_KERNEL)) != NULL);
	obj[50] = 1;
	expect_fault(SLAB_OVERRUN, kmem_cache_free(c, obj));
	expect(slab_live_objects(c) == 0);
	expect(kmem_cache_alloc(c, GFP_KERNEL) != obj); /* it is lost */
	return "";
}

/* Damage is reported by the krealloc() that would paint over it, once, and the object serves on. */
static inline const char *slab_check_overrun_before_realloc(void)
{
	struct kmem_cache *c = slab_debug_cache(SLAB_RED_ZONE);
	u8 *obj;

	expect(c);
	c->flags |= SLAB_KMALLOC;
	expect((obj = kmem_cache_alloc(c, GFP_KERNEL)) != NULL);
	expect(krealloc(obj, 20, GFP_KERNEL) == obj);
	obj[20] = 1;
	expect_fault(SLAB_OVERRUN, expect(krealloc(obj, 40, GFP_KERNEL) == obj));
	obj[-1] = 1;
	expect_fault(SLAB_UNDERRUN, expect(krealloc(obj, 30, GFP_KERNEL) == obj));
	obj[29] = 1;
	expect(krealloc(obj, 50, GFP_KERNEL) == obj && obj[29] == 1);
	kfree(obj);
	expect(kmem_cache_destroy(c) == 0);
	return "";
}

static inline const char *slab_check_underrun(void)
{
	struct kmem_cache *c = slab_debug_cache(SLAB_RED_ZONE);
	u8 *obj;

	expect(c);
	expect((obj = kmem_cache_alloc(c, GFP_KERNEL)) != NULL);
	obj[-1] = 1;
	expect_fault(SLAB_UNDERRUN, slab_check_objects(c));
	expect(slab_check_objects(c) == 0); /* once */
	obj[-1] = 1;
	expect_fault(SLAB_UNDERRUN, kmem_cache_free(c, obj));
	return "";
}

/* A write after the free is found by the next allocation, by a check, or at the latest when the slab goes back. */
static inline const char *slab_check_use_after_free(void)
{
	struct kmem_cache *c = slab_debug_cache(SLAB_POISON | SLAB_STORE_USER);
	u8 *obj, *next;

	expect(c);
	expect((obj = kmem_cache_alloc(c, GFP_KERNEL)) != NULL);
	kmem_cache_free(c, obj);
	obj[49] = 1;
	expect_fault(SLAB_USE_AFTER_FREE, next = kmem_cache_alloc(c, GFP_KERNEL));
	expect(next && next != obj);
	kmem_cache_free(c, next);
	next[0] = 1;
	expect_fault(SLAB_USE_AFTER_FREE, slab_check_objects(c));
	expect(slab_check_objects(c) == 0 && slab_check_cache(c) == 0);
	return "";
}

static inline const char *slab_check_retire(void)
{
	struct kmem_cache *c = slab_debug_cache(SLAB_POISON);
	u8 *obj;

	expect(c);
	expect((obj = kmem_cache_alloc(c, GFP_KERNEL)) != NULL);
	kmem_cache_free(c, obj);
	obj[7] = 1;
	expect_fault(SLAB_USE_AFTER_FREE, kmem_cache_shrink(c));
	expect(kmem_cache_destroy(c) == 0);
	return "";
}

static inline const char *slab_check_debug_double_free(void)
{
	struct kmem_cache *c = slab_debug_cache(SLAB_ALL_DEBUG);
	u8 *obj, *other;

	expect(c);
	expect((obj = kmem_cache_alloc(c, GFP_KERNEL)) != NULL);
	expect((other = kmem_cache_alloc(c, GFP_KERNEL)) != NULL);
	kmem_cache_free(c, obj);
	expect_fault(SLAB_DOUBLE_FREE, kmem_cache_free(c, obj));
	expect_fault(SLAB_INTERIOR_FREE, kmem_cache_free(c, other + 8));
	kmem_cache_free(c, other);
	expect(kmem_cache_destroy(c) == 0);
	return "";
}

/* Owners: who allocated and who freed is in the record. */
static inline const char *slab_check_owner(void)
{
	struct kmem_cache *c = slab_debug_cache(SLAB_STORE_USER);
	const struct debug_info *info;
	u8 *obj;

	expect(c);
	expect((obj = kmem_cache_alloc(c, GFP_KERNEL)) != NULL);
	info = slab_debug_info(c, obj);
	expect(info->alloc.ip && !info->free.ip);
	kmem_cache_free(c, obj);
	expect(info->alloc.ip && info->free.ip && info->free.ip != info->alloc.ip);
	expect(info->free.cycles > info->alloc.cycles);
	expect(kmem_cache_destroy(c) == 0);
	return "";
}

/* NOLINTEND(clang-analyzer-unix.Malloc) */

/* Every check, as X(name). */
#define SLAB_DEBUG_CHECKS(X)      \
	X(debug_clean)            \
	X(overrun)                \
	X(overrun_before_realloc) \
	X(underrun)               \
	X(use_after_free)         \
	X(retire)                 \
	X(debug_double_free)      \
	X(owner)

#endif
