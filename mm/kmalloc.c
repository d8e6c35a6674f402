/*
 * kmalloc: objects of any size, from the cache of the next larger class, and
 * beyond 8 KiB whole pages.
 *
 * Which class is one load from a table with an entry for each 8 bytes. kfree() needs no size: the
 * struct page of the address names the cache, or says that the pages are an object of their own. Such pages
 * are marked in page->private, so that pages that were not kmalloc's are not taken for it.
 */
#include <lib/bitops.h>
#include <lib/bug.h>
#include <lib/string.h>
#include <mm/slab_fast.h>

#define KMALLOC_MAX_CACHE_SIZE 8192u
#define KMALLOC_PAGES	       0x6b6d616c6c6f63ULL /* page->private: "kmalloc" */

static const struct {
	const char *name;
	u32 size;
} classes[] = {
	{"kmalloc-8", 8},     {"kmalloc-16", 16},   {"kmalloc-32", 32},	  {"kmalloc-64", 64},
	{"kmalloc-96", 96},   {"kmalloc-128", 128}, {"kmalloc-192", 192}, {"kmalloc-256", 256},
	{"kmalloc-512", 512}, {"kmalloc-1k", 1024}, {"kmalloc-2k", 2048}, {"kmalloc-4k", 4096},
	{"kmalloc-8k", 8192},
};

static struct kmem_cache *kmalloc_caches[ARRAY_SIZE(classes)];
static u8 kmalloc_class[KMALLOC_MAX_CACHE_SIZE / 8]; /* by (size - 1) / 8 */

static __always_inline struct kmem_cache *cache_for(size_t size)
{
	return kmalloc_caches[kmalloc_class[(size - 1) / 8]];
}

__init void kmalloc_init(void)
{
	u32 at = 0;

	for (u32 c = 0; c < ARRAY_SIZE(classes); c++) {
		kmalloc_caches[c] = slab_create_kmalloc(classes[c].name, classes[c].size);
		if (!kmalloc_caches[c])
			panic("no memory for the kmalloc caches");
		memset(kmalloc_class + at, (int)c, classes[c].size / 8 - at);
		at = classes[c].size / 8;
	}
}

/* ---- whole pages -------------------------------------------------------------------------------------------- */

static void *kmalloc_pages(size_t size, gfp_t gfp)
{
	unsigned int order = size <= PAGE_SIZE ? 0 : (unsigned int)fls64((size - 1) >> PAGE_SHIFT);
	struct page *page = alloc_pages(gfp | __GFP_COMP, order);

	if (!page)
		return NULL;
	page->private = KMALLOC_PAGES;
	return page_address(page);
}

/* The head of the pages that p is in, if kmalloc_pages() made them, else NULL. Any address. */
static struct page *pages_of(const void *p)
{
	struct page *page = page_of(p);

	if (!has_page(p))
		return NULL;
	if (byte_is_nofault(&page->type, PAGE_TAIL))
		page = page->head;
	if (byte_is_nofault(&page->type, PAGE_ALLOCATED) && page->private == KMALLOC_PAGES)
		return page;
	return NULL;
}

static void free_kmalloc_pages(struct page *page, const void *p, unsigned long ip)
{
	struct slab_object none = {.cache = NULL};

	if (p != page_address(page)) {
		slab_report(SLAB_INTERIOR_FREE, &none, p, NULL, ip);
		return;
	}
	page->private = 0;
	__free_pages(page, page->order);
}

/* ---- allocation ------------------------------------------------------------------------------------------------ */

/* Everything but a plain request that a class and this CPU's magazine can serve. */
static __noinline void *kmalloc_slow(size_t size, gfp_t gfp, unsigned long ip)
{
	if (!size)
		return ZERO_SIZE_PTR;
	if (size > KMALLOC_MAX_SIZE || should_fail_alloc(FAIL_SLAB))
		return NULL;
	if (size > KMALLOC_MAX_CACHE_SIZE || (gfp & GFP_ZONEMASK))
		return kmalloc_pages(size, gfp);
	return slab_alloc(cache_for(size), gfp, size, ip);
}

#define CALLER ((unsigned long)__builtin_return_address(0))

void *kmalloc(size_t size, gfp_t gfp)
{
	void *p;

	if (likely(size - 1 < KMALLOC_MAX_CACHE_SIZE) &&
	    likely(!((gfp | fail_armed) & SLAB_SLOW_GFP)) &&
	    likely(magazine_pop(this_cpu_magazine(cache_for(size)), &p)))
		return p;
	return kmalloc_slow(size, gfp, CALLER);
}

void *kzalloc(size_t size, gfp_t gfp)
{
	return kmalloc_slow(size, gfp | __GFP_ZERO, CALLER);
}

void *kmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return kmalloc_slow(bytes, gfp, CALLER);
}

void *kcalloc(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return kmalloc_slow(bytes, gfp | __GFP_ZERO, CALLER);
}

/* ---- freeing --------------------------------------------------------------------------------------------------- */

static __noinline void kfree_slow(void *p, unsigned long ip)
{
	struct page *page = pages_of(p);

	if ((uintptr_t)p <= (uintptr_t)ZERO_SIZE_PTR)
		return;
	if (page)
		free_kmalloc_pages(page, p, ip);
	else
		slab_free(NULL, p, ip);
}

void kfree(const void *p)
{
	struct page *page = page_of(p);
	void *obj = (void *)(uintptr_t)p;

	if (unlikely(!has_page(p))) /* NULL and ZERO_SIZE_PTR too */
		return kfree_slow(obj, CALLER);
	if (!byte_is_nofault(&page->type, PAGE_SLAB)) {
		if (!byte_is_nofault(&page->type, PAGE_TAIL))
			return kfree_slow(obj, CALLER);
		page = page->head; /* of a slab, or of kmalloc_pages() */
		if (page->type != PAGE_SLAB)
			return kfree_slow(obj, CALLER);
	}
	if (likely(page->cache->flags & SLAB_KMALLOC) &&
	    likely(slab_free_fast(page->cache, page->slab, obj)))
		return;
	kfree_slow(obj, CALLER);
}

/* ---- sizes ------------------------------------------------------------------------------------------------------ */

size_t ksize(const void *p)
{
	struct slab_object o;
	struct page *page;

	if ((uintptr_t)p <= (uintptr_t)ZERO_SIZE_PTR)
		return 0;
	page = pages_of(p);
	if (page && p == page_address(page))
		return PAGE_SIZE << page->order;
	if (slab_find(p, &o) != SLAB_OK || *o.state != OBJ_LIVE)
		return 0;
	if (o.cache->flags & SLAB_META_FLAGS) /* the rest of the class is red zone */
		return slab_debug_info(o.cache, p)->requested;
	return o.cache->object_size;
}

/* What kmalloc() gave and nobody freed: the bytes that the block at p has room for. Else it is reported: 0. */
static size_t room_of(const void *p, struct slab_object *o, unsigned long ip)
{
	struct page *page = pages_of(p);
	enum slab_fault fault = slab_find(p, o);

	if (page)
		fault = p == page_address(page) ? SLAB_OK : SLAB_INTERIOR_FREE;
	else if (!o->cache)
		fault = fault == SLAB_OK ? SLAB_WILD_FREE : fault;
	else if (!(o->cache->flags & SLAB_KMALLOC))
		fault = SLAB_FOREIGN_FREE;
	else if (fault == SLAB_OK && *o->state != OBJ_LIVE)
		fault = SLAB_STALE_REALLOC;
	if (fault != SLAB_OK) {
		slab_report(fault, o, p, NULL, ip);
		return 0;
	}
	return page ? PAGE_SIZE << page->order : o->cache->object_size;
}

/* Like Linux's, it never moves to save space. */
void *krealloc(void *p, size_t size, gfp_t gfp)
{
	struct slab_object o;
	size_t room;
	void *fresh;

	if ((uintptr_t)p <= (uintptr_t)ZERO_SIZE_PTR)
		return kmalloc_slow(size, gfp, CALLER);
	if (!size) {
		kfree(p);
		return ZERO_SIZE_PTR;
	}
	room = room_of(p, &o, CALLER);
	if (!room)
		return NULL;
	if (size <= room) {
		if (o.cache)
			slab_debug_resize(&o, size, CALLER);
		return p;
	}
	fresh = kmalloc_slow(size, gfp, CALLER);
	if (!fresh)
		return NULL;
	memcpy(fresh, p, min(room, ksize(p))); /* a record that is damaged may say more */
	kfree(p);
	return fresh;
}
