/*
 * Properties of the slab allocator that need no long run: arithmetic, bounds, bad frees, failures. One function
 * each, for the tests in the kernel (tests/slab.c) and on the host (tests/host/test_slab.c).
 */
#ifndef TESTS_SLAB_CHECKS_H
#define TESTS_SLAB_CHECKS_H

#include <tests/slab_debug_checks.h>

/* NOLINTBEGIN(clang-analyzer-unix.Malloc): it knows kmalloc() and kfree(), which are misused here on purpose. */

/* ---- arithmetic and geometry --------------------------------------------------------------------------- */

/* For every geometry: the quotient for what is a multiple, and nothing in range for what is not. */
static inline const char *slab_check_object_index(void)
{
	static struct kmem_cache c;

	for (u32 size = 8; size <= 8192; size += size < 128 ? 8 : size / 32 * 8) {
		expect(!slab_cache_setup(&c, "index", size, 0, SLAB_INTERNAL, NULL));
		for (u32 offset = 0; offset < c.objs * c.size; offset++) {
			u32 index = object_index(&c, offset);

			if (offset % c.size == 0)
				expect(index == offset / c.size);
			else
				expect(index >= c.objs);
		}
		for (u32 before = 1; before < 4096; before++)
			expect(object_index(&c, -before) >= c.objs);
	}
	return "";
}

/* Objects and map fit, and little is wasted. */
static inline const char *slab_check_geometry(void)
{
	static struct kmem_cache c;

	for (u32 size = 1; size <= 4u << 20; size += 1 + size / 20) {
		for (u32 align = 0; align <= 4096; align = align ? align * 4 : 16) {
			u32 bytes;

			expect(!slab_cache_setup(&c, "geometry", size, align, SLAB_INTERNAL, NULL));
			bytes = (u32)PAGE_SIZE << c.order;
			expect(c.objs && c.size >= size && c.first + c.objs * c.size <= bytes);
			expect(c.off_slab || c.first >= sizeof(struct slab) + c.objs);
			expect(!align || (c.size % align == 0 && c.first % align == 0));
			if (size >= 8 && size <= 4096 && align <= 16)
				expect((bytes - c.objs * c.size) * 8 <= bytes);
		}
	}
	return "";
}

/* ---- creation and destruction ----------------------------------------------------------------------------- */

static inline const char *slab_check_create(void)
{
	struct kmem_cache *c = kmem_cache_create("a", 100, 0, 0, NULL);

	expect(c);
	expect(!kmem_cache_create("a", 8, 0, 0, NULL)); /* the name is taken */
	expect(!kmem_cache_create("", 8, 0, 0, NULL));
	expect(!kmem_cache_create(NULL, 8, 0, 0, NULL));
	expect(!kmem_cache_create("b", 0, 0, 0, NULL));
	expect(!kmem_cache_create("b", KMALLOC_MAX_SIZE + 1, 0, 0, NULL));
	expect(!kmem_cache_create("b", ~0UL, 0, 0, NULL));
	expect(!kmem_cache_create("b", 8, 24, 0, NULL));
	expect(!kmem_cache_create("b", 8, 8192, 0, NULL));
	expect(!kmem_cache_create("b", 8, 0, 1u << 31, NULL));
	expect(!kmem_cache_create("a name that is longer than 31 characters", 8, 0, 0, NULL));
	expect(kmem_cache_size(c) == 100);
	expect(kmem_cache_destroy(c) == 0);
	expect(kmem_cache_destroy(NULL) == 0);
	return "";
}

static inline const char *slab_check_busy_destroy(void)
{
	struct kmem_cache *c = kmem_cache_create("busy", 64, 0, 0, NULL);
	void *obj;

	expect(c);
	obj = kmem_cache_alloc(c, GFP_KERNEL);
	expect(obj);
	expect_fault(SLAB_BUSY_DESTROY, expect(kmem_cache_destroy(c) == -EBUSY));
	memset(obj, 1, 64); /* it lives on */
	kmem_cache_free(c, obj);
	expect(kmem_cache_destroy(c) == 0);
	return "";
}

/* The constructor runs once an object, whatever happens to the object afterwards. */
static u32 slab_constructed;

static inline void slab_count_ctor(void *obj)
{
	slab_constructed++;
	*(u64 *)obj = 0x1234;
}

static inline const char *slab_check_ctor(void)
{
	struct kmem_cache *c = kmem_cache_create("ctor", 40, 0, 0, slab_count_ctor);
	u32 objs;

	expect(c);
	objs = c->objs;
	slab_constructed = 0;
	for (u32 i = 0; i < 10 * objs; i++) {
		u64 *obj = kmem_cache_alloc(c, GFP_KERNEL);

		expect(obj && *obj == 0x1234);
		kmem_cache_free(c, obj);
	}
	expect(slab_constructed == objs);
	expect(kmem_cache_destroy(c) == 0);
	return "";
}

/* Empty slabs are kept up to a limit, and none once the cache is shrunk. */
static inline const char *slab_check_empty_limit(void)
{
	struct kmem_cache *c = kmem_cache_create("empties", 2000, 0, 0, NULL);
	void *obj[200];

	expect(c);
	for (u32 i = 0; i < ARRAY_SIZE(obj); i++)
		expect((obj[i] = kmem_cache_alloc(c, GFP_KERNEL)) != NULL);
	expect(c->nr_slabs >= ARRAY_SIZE(obj) / c->objs);
	for (u32 i = 0; i < ARRAY_SIZE(obj); i++)
		kmem_cache_free(c, obj[i]);
	expect(c->nr_empty <= SLAB_EMPTY_MAX);
	expect(slab_check_cache(c) == 0);
	expect(kmem_cache_shrink(c) > 0 && c->nr_slabs == 0);
	expect(kmem_cache_destroy(c) == 0);
	return "";
}

/* ---- kmalloc ------------------------------------------------------------------------------------------------- */

static inline const char *slab_check_kmalloc_sizes(void)
{
	for (size_t size = 1; size <= KMALLOC_MAX_SIZE; size += 1 + size / 20) {
		u8 *p = kzalloc(size, GFP_KERNEL);

		expect(p);
		expect(ksize(p) >= size && ksize(p) <= max(2 * size, (size_t)8));
		expect(!is_power_of_2(size) || size < 8 || size > PAGE_SIZE ||
		       (uintptr_t)p % size == 0);
		/* Of large blocks the ends: all of all would be half a gigabyte. */
		expect(!memchr_inv(p, 0, min(size, KiB(16))));
		expect(!memchr_inv(p + size - min(size, KiB(16)), 0, min(size, KiB(16))));
		memset(p, 0xff, size);
		kfree(p);
	}
	return "";
}

static inline const char *slab_check_kmalloc_edges(void)
{
	void *p;

	expect(kmalloc(0, GFP_KERNEL) == ZERO_SIZE_PTR);
	expect(ksize(ZERO_SIZE_PTR) == 0 && ksize(NULL) == 0);
	kfree(ZERO_SIZE_PTR);
	kfree(NULL);
	expect(!kmalloc(KMALLOC_MAX_SIZE + 1, GFP_KERNEL));
	expect(!kmalloc(~0UL, GFP_KERNEL));
	expect(!kmalloc_array(1UL << 32, 1UL << 32, GFP_KERNEL));
	expect(!kcalloc((1UL << 61) + 1, 8, GFP_KERNEL));
	expect(kmalloc_array(0, 8, GFP_KERNEL) == ZERO_SIZE_PTR);
	p = kcalloc(7, 9, GFP_KERNEL);
	expect(p && !memchr_inv(p, 0, 63));
	kfree(p);
	p = kmalloc(KMALLOC_MAX_SIZE, GFP_KERNEL);
	expect(p);
	kfree(p);
	p = kmalloc(100, GFP_DMA);
	expect(p && virt_to_phys(p) < MiB(16));
	kfree(p);
	return "";
}

static inline const char *slab_check_reallocation(void)
{
	u8 *p = krealloc(NULL, 10, GFP_KERNEL), *old;

	expect(p);
	for (u8 i = 0; i < 10; i++)
		p[i] = i;
	for (size_t size = 10; size < 100000; size += size / 2) {
		p = krealloc(p, size, GFP_KERNEL);
		expect(p);
		for (u8 i = 0; i < 10; i++)
			expect(p[i] == i);
	}
	old = p;
	expect(!krealloc(p, KMALLOC_MAX_SIZE + 1, GFP_KERNEL)); /* and p is left alone */
	expect(old[9] == 9);
	p = krealloc(p, 5, GFP_KERNEL);
	expect(p && p[4] == 4);
	expect(krealloc(p, 0, GFP_KERNEL) == ZERO_SIZE_PTR);
	return "";
}

/* What is not in use, or not kmalloc's, is not moved, not resized and not freed. */
static inline const char *slab_check_bad_reallocs(void)
{
	struct kmem_cache *c = kmem_cache_create("bad-realloc", 64, 0, 0, NULL);
	static u64 not_ours[16];
	u8 *foreign, *freed, *large;

	expect(c);
	expect((foreign = kmem_cache_alloc(c, GFP_KERNEL)) != NULL);
	expect((freed = kmalloc(64, GFP_KERNEL)) != NULL);
	expect((large = kmalloc(3 * PAGE_SIZE, GFP_KERNEL)) != NULL);
	for (size_t size = 50; size <= 20000; size += 19950) { /* in place, or to move */
		expect_fault(SLAB_FOREIGN_FREE, expect(!krealloc(foreign, size, GFP_KERNEL)));
		expect_fault(SLAB_INTERIOR_FREE, expect(!krealloc(freed + 8, size, GFP_KERNEL)));
		expect_fault(SLAB_INTERIOR_FREE, expect(!krealloc(large + 8, size, GFP_KERNEL)));
		expect_fault(SLAB_WILD_FREE, expect(!krealloc(not_ours, size, GFP_KERNEL)));
	}
	kfree(freed);
	expect_fault(SLAB_STALE_REALLOC, expect(!krealloc(freed, 50, GFP_KERNEL)));
	expect_fault(SLAB_STALE_REALLOC, expect(!krealloc(freed, 20000, GFP_KERNEL)));
	kfree(large);
	expect_fault(SLAB_WILD_FREE, expect(!krealloc(large, 50, GFP_KERNEL)));
	kmem_cache_free(c, foreign);
	expect(slab_check_cache(c) == 0);
	expect(kmem_cache_destroy(c) == 0);
	return "";
}

/* ---- bad frees, no debugging ------------------------------------------------------------------------------------ */

static inline const char *slab_check_bad_frees(void)
{
	struct kmem_cache *c = kmem_cache_create("bad", 100, 0, 0, NULL);
	u8 *obj, *other, *large;
	static u64 not_ours[16]; /* as many as a report shows */

	expect(c);
	expect((obj = kmem_cache_alloc(c, GFP_KERNEL)) != NULL);
	expect((other = kmalloc(100, GFP_KERNEL)) != NULL);
	expect((large = kmalloc(3 * PAGE_SIZE, GFP_KERNEL)) != NULL);
	expect_fault(SLAB_INTERIOR_FREE, kmem_cache_free(c, obj + 1));
	expect_fault(SLAB_INTERIOR_FREE, kmem_cache_free(c, obj + 8));
	expect_fault(SLAB_FOREIGN_FREE, kmem_cache_free(c, other));
	expect_fault(SLAB_FOREIGN_FREE, kfree(obj));
	expect_fault(SLAB_WILD_FREE, kmem_cache_free(c, not_ours));
	expect_fault(SLAB_WILD_FREE, kmem_cache_free(c, large));
	expect_fault(SLAB_INTERIOR_FREE, kfree(other + 1));
	expect_fault(SLAB_INTERIOR_FREE, kfree(large + PAGE_SIZE));
	expect_fault(SLAB_INTERIOR_FREE, kfree(large + 8));
	kfree(large);
	expect_fault(SLAB_WILD_FREE, kfree(large));
	expect_fault(SLAB_WILD_FREE, kfree((void *)c->slab_mask)); /* no memory at all there */
	expect_fault(SLAB_WILD_FREE, kfree((void *)0x6b6b6b6b6b6b6b6bUL));
	expect_fault(SLAB_WILD_FREE, kfree((void *)0x1000));
	kmem_cache_free(c, obj);
	expect_fault(SLAB_DOUBLE_FREE, kmem_cache_free(c, obj));
	kmem_cache_shrink(c); /* its slab is gone, and its page does not name the cache any more */
	expect(page_of(obj)->private != (uintptr_t)c);
	expect_fault(SLAB_WILD_FREE, kmem_cache_free(c, obj));
	kfree(other);
	expect_fault(SLAB_DOUBLE_FREE, kfree(other));
	expect(slab_check_cache(c) == 0);
	expect(kmem_cache_destroy(c) == 0);
	return "";
}

/* Where address ranges begin and end, in steps that no user, no kernel and no CPU expects. */
static inline const char *slab_check_wild_frees(void)
{
	struct kmem_cache *c = kmem_cache_create("wild", 100, 0, 0, NULL);
	const virt_addr_t edges[] = {
		PAGE_SIZE,     1UL << 47,  -1UL << 47, 1UL << 63, PAGE_OFFSET,	      VMALLOC_END,
		VMEMMAP_START, KERNEL_MAP, -PAGE_SIZE, 0,	  0x6b6b6b6b6b6b6000,
	};

	expect(c);
	for (u32 i = 0; i < ARRAY_SIZE(edges); i++) {
		void *below = (void *)(edges[i] - 8), *above = (void *)(edges[i] + 24);

		expect_fault(SLAB_WILD_FREE, kfree(below));
		expect_fault(SLAB_WILD_FREE, kfree(above));
		expect_fault(SLAB_WILD_FREE, kmem_cache_free(c, below));
		expect_fault(SLAB_WILD_FREE, kmem_cache_free(c, above));
		expect_fault(SLAB_WILD_FREE, expect(!krealloc(above, 8, GFP_KERNEL)));
		expect(ksize(below) == 0 && ksize(above) == 0);
	}
	expect(kmem_cache_destroy(c) == 0);
	return "";
}

/*
 * An interrupt comes while its CPU's magazine is held: it allocates and frees past it, and whoever
 * holds it finds it unchanged.
 */
static inline const char *slab_check_held_magazine(void)
{
	struct kmem_cache *c = kmem_cache_create("held", 64, 0, 0, NULL);
	struct magazine *mag;
	struct mag_entry *top;
	void *obj[100], *before;

	expect(c);
	expect((before = kmem_cache_alloc(c, GFP_KERNEL)) != NULL);
	mag = this_cpu_magazine(c);
	if (mag == &no_magazine) { /* slab_debug= */
		kmem_cache_free(c, before);
		expect(kmem_cache_destroy(c) == 0);
		return "";
	}
	expect((top = magazine_hold(mag)) != NULL);
	for (u32 i = 0; i < ARRAY_SIZE(obj); i++)
		expect((obj[i] = kmem_cache_alloc(c, GFP_ATOMIC)) != NULL);
	kmem_cache_free(c, before);
	for (u32 i = 0; i < ARRAY_SIZE(obj); i++)
		kmem_cache_free(c, obj[i]);
	expect(kmem_cache_shrink(c) > 0); /* but what is in the magazine stays */
	expect(!mag->top);
	magazine_release(mag, top);
	expect(slab_check_cache(c) == 0 && slab_live_objects(c) == 0);
	expect(kmem_cache_destroy(c) == 0);
	return "";
}

/* ---- failures on purpose ------------------------------------------------------------------------------------------------ */

static inline const char *slab_check_failures(void)
{
	struct kmem_cache *c = kmem_cache_create("failing", 100, 0, 0, NULL);
	void *p, *q;

	expect(c);
	expect((p = kmem_cache_alloc(c, GFP_KERNEL)) != NULL);
	fail_alloc_nth(FAIL_SLAB, 2);
	expect((q = kmem_cache_alloc(c, GFP_KERNEL)) != NULL);
	kmem_cache_free(c, q);
	expect(!fail_alloc_happened(FAIL_SLAB));
	expect(!kmem_cache_alloc(c, GFP_KERNEL) && fail_alloc_happened(FAIL_SLAB));
	fail_alloc_nth(FAIL_SLAB, 1);
	expect(!kmalloc(10, GFP_KERNEL) && fail_alloc_happened(FAIL_SLAB));
	fail_alloc_nth(FAIL_SLAB, 1);
	expect(!krealloc(NULL, 100000, GFP_KERNEL) && fail_alloc_happened(FAIL_SLAB));
	expect((q = kmalloc(10, GFP_KERNEL)) != NULL); /* once */
	kfree(q);
	kmem_cache_free(c, p);
	expect(kmem_cache_destroy(c) == 0);
	return "";
}

/* Whichever page the slab layer asks for is refused: NULL or an object, and nothing is lost. */
static inline const char *slab_check_page_failures(void)
{
	for (u64 nth = 1; nth < 8; nth++) {
		struct kmem_cache *c = kmem_cache_create("no-pages", 1000, 0, 0, NULL);
		void *obj[30];
		u32 n = 0;

		expect(c);
		fail_alloc_nth(FAIL_PAGE, nth);
		for (u32 i = 0; i < ARRAY_SIZE(obj); i++) {
			obj[n] = kmem_cache_alloc(c, GFP_KERNEL);
			n += obj[n] != NULL;
		}
		fail_alloc_nth(FAIL_PAGE, 0);
		expect(n >= ARRAY_SIZE(obj) - 1 && slab_check_cache(c) == 0);
		while (n)
			kmem_cache_free(c, obj[--n]);
		expect(kmem_cache_destroy(c) == 0);
	}
	return "";
}

/* All memory, in objects of this size, each pointing to the one before; then all of it back. */
static inline const char *slab_check_exhaust(size_t size)
{
	unsigned long before = nr_free_pages();
	void **last = NULL, **p;
	u64 n = 0;

	while ((p = kmalloc(size, GFP_KERNEL | __GFP_NOWARN)) != NULL) {
		*p = last;
		last = p;
		n++;
	}
	while ((p = last) != NULL) {
		last = *p;
		kfree(p);
	}
	/* Some is reserved, some wasted, most so by red zones. */
	expect(n * size / PAGE_SIZE > before / 4);
	return "";
}

/* NOLINTEND(clang-analyzer-unix.Malloc) */

/* Every check, as X(name). */
#define SLAB_PLAIN_CHECKS(X) \
	X(object_index)      \
	X(geometry)          \
	X(create)            \
	X(busy_destroy)      \
	X(ctor)              \
	X(empty_limit)       \
	X(kmalloc_sizes)     \
	X(kmalloc_edges)     \
	X(reallocation)      \
	X(bad_reallocs)      \
	X(bad_frees)         \
	X(wild_frees)        \
	X(held_magazine)     \
	X(failures)          \
	X(page_failures)
#define SLAB_CHECKS(X) SLAB_PLAIN_CHECKS(X) SLAB_DEBUG_CHECKS(X)

#endif
