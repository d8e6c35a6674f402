/*
 * The slab allocator: objects of one size from pages of the buddy system.
 * In front a per-CPU array of free objects (a magazine), behind it each slab's
 * map, a byte an object: no pointer is ever stored inside a free object,
 * so a stale write cannot redirect an allocation, and a constructor's work
 * survives. Linux: kmem_cache, kmalloc (mm/slub.c, mm/slab_common.c).
 *
 * Any context but NMI, unless gfp has __GFP_DIRECT_RECLAIM.
 */
#ifndef MM_SLAB_H
#define MM_SLAB_H

#include <mm/gfp.h>

struct kmem_cache;

#define SLAB_HWCACHE_ALIGN 0x2000u  /* objects on cache-line boundaries */
#define SLAB_POISON	   0x0800u  /* fill free objects, check when they come back */
#define SLAB_RED_ZONE	   0x0400u  /* bytes before and after that must not change */
#define SLAB_STORE_USER	   0x10000u /* who allocated and freed, on which CPU, when */
#define SLAB_CACHE_DMA	   0x4000u  /* from ZONE_DMA: zone flags of a single request are ignored */
#define SLAB_CACHE_DMA32   0x8000u  /* from ZONE_DMA32 */

#define KMALLOC_MAX_SIZE (4UL << 20)

/*
 * align 0: 8 bytes. ctor is called once for each object when its slab is made, and never again: free
 * objects must be handed back constructed. NULL: size 0 or above KMALLOC_MAX_SIZE, bad alignment, name in use, no memory.
 */
struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align, u32 flags,
				     void (*ctor)(void *));
/* 0; -EBUSY while objects are in use (reported with their number; the cache lives on). NULL is allowed. */
int kmem_cache_destroy(struct kmem_cache *cache);
void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp);
void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp);
/* NULL is allowed. What is not an object of this cache in use is reported by name and left alone. */
void kmem_cache_free(struct kmem_cache *cache, void *obj);
/* Give empty slabs back to the buddy system. Returns the pages freed. */
unsigned long kmem_cache_shrink(struct kmem_cache *cache);
size_t kmem_cache_size(const struct kmem_cache *cache);

/*
 * size 0 gives ZERO_SIZE_PTR, which may be freed and must not be used. NULL: no memory, or too large. A power of two
 * up to a page is aligned to itself. A request with a zone flag gets pages of its own.
 */
#define ZERO_SIZE_PTR ((void *)16)
void *kmalloc(size_t size, gfp_t gfp);
void *kzalloc(size_t size, gfp_t gfp);
/* n * size, NULL when that overflows. */
void *kmalloc_array(size_t n, size_t size, gfp_t gfp);
void *kcalloc(size_t n, size_t size, gfp_t gfp);
/*
 * Contents kept up to the smaller size; NULL leaves the old block alone; size 0 frees. What kmalloc() did not give, or
 * what was freed, is reported and left alone: NULL.
 */
void *krealloc(void *p, size_t size, gfp_t gfp);
void kfree(const void *p);
/* Bytes that may be used of what kmalloc() gave; 0 for NULL and ZERO_SIZE_PTR. */
size_t ksize(const void *p);

/* What addr points to, in words ("kmalloc-64, object 3 of 62, in use, +8"); false: no slab's memory. Any address, any context. */
bool slab_describe(const void *addr, char *buf, size_t size);

/* Boot: after page_alloc_init(). */
void kmem_cache_init(void);
/* Before a CPU runs for the first time: which magazines it uses. Its per-CPU area is there. */
void init_cpu_slab(u32 cpu);

#endif
