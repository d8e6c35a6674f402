/*
 * Caches: their geometry, their life, and how the first ones come about.
 *
 * A struct kmem_cache is an object, so it comes from a cache; so do the maps of slabs with large
 * objects, and magazines. These four caches serve the allocator itself: they are static, have no
 * magazines, keep their maps in their own slabs where a map is one of them, and so need nothing that they make.
 */
#define pr_fmt(fmt) "slab: " fmt

#include <lib/bitops.h>
#include <lib/bug.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/shrinker.h>
#include <mm/slab_internal.h>

#define CACHE_LINE	 64u
#define SLAB_MAX_ORDER	 3u /* a slab grows up to here for the sake of little waste */
#define SLAB_MIN_OBJECTS 8u
#define SLAB_MAX_WASTE	 8u /* one part in so many */

LIST_HEAD(slab_caches);
DEFINE_SPINLOCK(caches_lock);

static struct kmem_cache cache_cache;
struct kmem_cache slab_map_cache, magazine_small_cache, magazine_large_cache;

/* ---- geometry ------------------------------------------------------------------------------------------ */

/* The first object slot behind the map of n objects. */
static u32 slots_start(const struct kmem_cache *cache, u32 n)
{
	if (cache->off_slab)
		return 0;
	return ALIGN((u32)sizeof(struct slab) + ALIGN(n, 8u), cache->align);
}

/* How many objects fit into 2^order pages, map included. */
static u32 objects_in(const struct kmem_cache *cache, u32 order)
{
	u32 bytes = (u32)PAGE_SIZE << order, n = bytes / cache->size;

	while (n && slots_start(cache, n) + n * cache->size > bytes)
		n--;
	return n;
}

/* The smallest order that wastes little and holds a few objects; for large objects the one that holds one. */
static u32 choose_order(const struct kmem_cache *cache)
{
	u32 order = 0;

	for (; order < SLAB_MAX_ORDER; order++) {
		u32 n = objects_in(cache, order), bytes = (u32)PAGE_SIZE << order;

		if (n >= SLAB_MIN_OBJECTS && (bytes - n * cache->size) * SLAB_MAX_WASTE <= bytes)
			break;
	}
	while (order <= MAX_ORDER && !objects_in(cache, order))
		order++;
	return order;
}

/* x with odd * x = 1 modulo 2^32: Newton's method doubles the bits that are right, of which odd itself has three. */
static u32 inverse_of(u32 odd)
{
	u32 x = odd;

	for (int bits = 3; bits < 32; bits *= 2)
		x *= 2 - odd * x;
	return x;
}

/* So many that a CPU keeps at most a few pages' worth. */
static u16 magazine_limit(const struct kmem_cache *cache)
{
	if (cache->flags & (SLAB_INTERNAL | SLAB_DEBUG_FLAGS))
		return 0;
	if (cache->size <= 256)
		return 62;
	if (cache->size <= 2048)
		return 14;
	return cache->size <= 8192 ? 4 : 0;
}

static u32 choose_align(size_t size, size_t align, u32 flags)
{
	u32 line = CACHE_LINE;

	align = max(align, sizeof(u64));
	if (flags & SLAB_HWCACHE_ALIGN) {
		while (size <= line / 2) /* two in a line are as good */
			line /= 2;
		align = max(align, (size_t)line);
	}
	return (u32)align;
}

/* Sizes, offsets and the order, from object_size, align and flags. false: no block of pages is large enough. */
static bool lay_out(struct kmem_cache *cache)
{
	u32 size = ALIGN(cache->object_size, 8u), left = 0;

	if (cache->flags & SLAB_DEBUG_FLAGS) {
		size = slab_debug_layout(cache, cache->object_size);
		left = cache->flags & SLAB_RED_ZONE ? cache->align : 0;
	}
	cache->size = ALIGN(size, cache->align);
	cache->off_slab = cache->size >= SLAB_OFF_SLAB;
	cache->order = (u8)choose_order(cache);
	if (cache->order > MAX_ORDER)
		return false;
	cache->objs = objects_in(cache, cache->order);
	cache->first = slots_start(cache, cache->objs) + left;
	cache->slab_mask = -(PAGE_SIZE << cache->order);
	cache->shift = (u32)__ffs(cache->size);
	cache->inverse = inverse_of(cache->size >> cache->shift);
	BUG_ON(cache->off_slab && cache->objs > SLAB_MAP_OBJECTS);
	return true;
}

static bool valid_request(const char *name, size_t size, size_t align)
{
	return name && name[0] && strlen(name) < sizeof(cache_cache.name) && size &&
	       size <= KMALLOC_MAX_SIZE && (!align || is_power_of_2(align)) && align <= PAGE_SIZE;
}

int slab_cache_setup(struct kmem_cache *cache, const char *name, size_t size, size_t align,
		     u32 flags, void (*ctor)(void *))
{
	if (!valid_request(name, size, align))
		return -EINVAL;
	memset(cache, 0, sizeof(*cache));
	strscpy(cache->name, name, sizeof(cache->name));
	if (!(flags & SLAB_INTERNAL))
		flags |= slab_debug_flags(name);
	if (ctor)
		flags &= ~SLAB_POISON; /* a free object keeps what its constructor made */
	cache->flags = flags;
	cache->ctor = ctor;
	cache->gfp = flags & SLAB_CACHE_DMA ? GFP_DMA : flags & SLAB_CACHE_DMA32 ? GFP_DMA32 : 0;
	cache->object_size = (u32)size;
	cache->align = choose_align(size, align, flags);
	if (!lay_out(cache)) { /* no room for red zones around 4 MiB */
		cache->flags &= ~SLAB_DEBUG_FLAGS;
		if (!lay_out(cache))
			return -EINVAL;
	}
	cache->mag_limit = magazine_limit(cache);
	spin_lock_init(&cache->lock);
	INIT_LIST_HEAD(&cache->full);
	INIT_LIST_HEAD(&cache->partial);
	INIT_LIST_HEAD(&cache->empty);
	for (u32 cpu = 0; cpu < NR_SLAB_CPUS; cpu++)
		cache->cpu[cpu] = &no_magazine;
	return 0;
}

/* ---- the list of caches ---------------------------------------------------------------------------------- */

static bool name_taken(const char *name)
{
	struct kmem_cache *cache;

	list_for_each_entry (cache, &slab_caches, link)
		if (strcmp(cache->name, name) == 0)
			return true;
	return false;
}

/* false: there is one of that name. */
static bool add_cache(struct kmem_cache *cache)
{
	unsigned long flags;
	bool taken;

	spin_lock_irqsave(&caches_lock, flags);
	taken = name_taken(cache->name);
	if (!taken)
		list_add_tail(&cache->link, &slab_caches);
	spin_unlock_irqrestore(&caches_lock, flags);
	return !taken;
}

/* The cache after this one (NULL: the first), pinned; this one unpinned. NULL: no more. */
static struct kmem_cache *next_cache(struct kmem_cache *cache)
{
	struct list_head *next;
	unsigned long flags;

	spin_lock_irqsave(&caches_lock, flags);
	next = cache ? cache->link.next : slab_caches.next;
	if (cache)
		cache->pins--;
	cache = next == &slab_caches ? NULL : list_entry(next, struct kmem_cache, link);
	if (cache)
		cache->pins++;
	spin_unlock_irqrestore(&caches_lock, flags);
	return cache;
}

static void unpin(struct kmem_cache *cache)
{
	unsigned long flags;

	spin_lock_irqsave(&caches_lock, flags);
	cache->pins--;
	spin_unlock_irqrestore(&caches_lock, flags);
}

void slab_for_each_cache(bool (*fn)(struct kmem_cache *cache, void *ctx), void *ctx)
{
	struct kmem_cache *cache = NULL;

	while ((cache = next_cache(cache)) != NULL) {
		if (!fn(cache, ctx)) {
			unpin(cache);
			return;
		}
	}
}

/* ---- birth and death ---------------------------------------------------------------------------------------- */

static struct kmem_cache *create(const char *name, size_t size, size_t align, u32 flags,
				 void (*ctor)(void *))
{
	struct kmem_cache *cache = slab_alloc(&cache_cache, GFP_KERNEL, sizeof(*cache), 0);

	if (!cache)
		return NULL;
	if (slab_cache_setup(cache, name, size, align, flags, ctor) || !add_cache(cache)) {
		slab_free(&cache_cache, cache, 0);
		return NULL;
	}
	return cache;
}

struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align, u32 flags,
				     void (*ctor)(void *))
{
	const u32 public_flags =
		SLAB_HWCACHE_ALIGN | SLAB_DEBUG_FLAGS | SLAB_CACHE_DMA | SLAB_CACHE_DMA32;

	if (flags & ~public_flags)
		return NULL;
	return create(name, size, align, flags, ctor);
}

struct kmem_cache *slab_create_kmalloc(const char *name, u32 size)
{
	u32 align = size & -size; /* a power of two is aligned to itself, 96 to 32 */

	return create(name, size, min(align, (u32)PAGE_SIZE), SLAB_KMALLOC, NULL);
}

/* Take it off the list if it has no slabs and nobody looks at it. */
static bool remove_cache(struct kmem_cache *cache)
{
	unsigned long flags;
	bool unused;

	spin_lock_irqsave(&caches_lock, flags);
	unused = !cache->nr_slabs && !cache->pins;
	if (unused)
		list_del(&cache->link);
	spin_unlock_irqrestore(&caches_lock, flags);
	return unused;
}

int kmem_cache_destroy(struct kmem_cache *cache)
{
	if (!cache)
		return 0;
	kmem_cache_shrink(cache);
	if (!remove_cache(cache)) {
		struct slab_object none = {.cache = cache};

		slab_report(SLAB_BUSY_DESTROY, &none, NULL, NULL,
			    (unsigned long)__builtin_return_address(0));
		return -EBUSY;
	}
	slab_free_magazines(cache);
	slab_free(&cache_cache, cache, 0);
	return 0;
}

unsigned long kmem_cache_shrink(struct kmem_cache *cache)
{
	slab_flush_all(cache);
	return slab_trim(cache, 0);
}

size_t kmem_cache_size(const struct kmem_cache *cache)
{
	return cache->object_size;
}

u32 slab_live_objects(struct kmem_cache *cache)
{
	const struct list_head *const lists[] = {&cache->full, &cache->partial};
	struct slab *slab;
	unsigned long flags;
	u32 live = 0;

	spin_lock_irqsave(&cache->lock, flags);
	for (u32 l = 0; l < ARRAY_SIZE(lists); l++)
		list_for_each_entry (slab, lists[l], link)
			for (u32 i = 0; i < cache->objs; i++)
				live += slab->state[i] == OBJ_LIVE;
	spin_unlock_irqrestore(&cache->lock, flags);
	return live;
}

/* ---- the shrinker and the start -------------------------------------------------------------------------------- */

/* caches_lock is held throughout: scanning neither allocates nor waits, and a pin here would make a destroy fail. */
static unsigned long scan(unsigned long pages)
{
	struct kmem_cache *cache;
	unsigned long flags, freed = 0;

	spin_lock_irqsave(&caches_lock, flags);
	list_for_each_entry (cache, &slab_caches, link) {
		freed += kmem_cache_shrink(cache);
		if (freed >= pages)
			break;
	}
	spin_unlock_irqrestore(&caches_lock, flags);
	return freed;
}

static struct shrinker slab_shrinker = {.name = "slab", .scan = scan};

static __init void static_cache(struct kmem_cache *cache, const char *name, size_t size,
				size_t align)
{
	int err = slab_cache_setup(cache, name, size, align, SLAB_INTERNAL, NULL);

	BUG_ON(err);
	add_cache(cache);
}

__init void kmem_cache_init(void)
{
	static_cache(&cache_cache, "kmem_cache", sizeof(struct kmem_cache), CACHE_LINE);
	static_cache(&slab_map_cache, "slab_map", sizeof(struct slab) + SLAB_MAP_OBJECTS, 0);
	static_cache(&magazine_small_cache, "magazine_small", 256, 256);
	static_cache(&magazine_large_cache, "magazine_large", 1024, 1024);
	BUG_ON(slab_map_cache.off_slab);
	kmalloc_init();
	register_shrinker(&slab_shrinker);
}
