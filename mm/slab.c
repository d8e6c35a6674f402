/*
 * The slab allocator's front: allocation and freeing through per-CPU magazines.
 *
 * Bonwick's magazine (USENIX 2001) is a stack of free objects that belongs to a CPU. Allocation
 * pops, freeing pushes; when it is empty half of it is taken from the slabs under one lock, when it is full
 * half of it goes back. So the lock and the maps are touched once in many operations.
 *
 * A magazine is held by swapping its top pointer for NULL, not by disabling interrupts: one
 * instruction less to fetch the pointer, none to restore the flag, and it is right as well for an interrupt in
 * the middle, for a thread that is moved to another CPU half-way, and for a CPU that empties another's
 * magazine. Whoever finds it held waits for nobody: it takes the way to the slabs.
 *
 * Invariant: an object is in at most one magazine, and there if and only if its state is CACHED.
 */
#include <lib/bug.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/slab_fast.h>

struct magazine no_magazine;
u32 slab_nr_cpus; /* CPUs that ever had a magazine are below */
DEFINE_PER_CPU(unsigned long, slab_slot);

void init_cpu_slab(u32 cpu)
{
	per_cpu(slab_slot, cpu) = cpu % NR_SLAB_CPUS;
}

/* ---- magazines --------------------------------------------------------------------------------------- */

static u32 batch_of(const struct kmem_cache *cache)
{
	return (cache->mag_limit + 1u) / 2;
}

/* Where magazines of this cache's limit come from. */
static struct kmem_cache *magazine_cache(const struct kmem_cache *cache)
{
	size_t bytes = sizeof(struct magazine) + cache->mag_limit * sizeof(struct mag_entry);

	return bytes <= magazine_small_cache.object_size ? &magazine_small_cache
							 : &magazine_large_cache;
}

/* Entries end where the magazine does, so those of a lower limit begin later. */
static struct magazine *magazine_create(const struct kmem_cache *cache)
{
	struct kmem_cache *from = magazine_cache(cache);
	struct magazine *mag = slab_alloc(from, GFP_NOWAIT | __GFP_NOWARN, from->object_size, 0);

	if (!mag)
		return NULL;
	mag->base = (struct mag_entry *)((u8 *)mag + from->object_size) - cache->mag_limit;
	mag->end_mask = from->object_size - 1;
	mag->hits = 0;
	magazine_release(mag, mag->base);
	return mag;
}

static void note_cpu(u32 cpu)
{
	u32 nr = READ_ONCE(slab_nr_cpus);

	while (nr <= cpu && !__atomic_compare_exchange_n(&slab_nr_cpus, &nr, cpu + 1, false,
							 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		;
}

/* This CPU's magazine, made when the CPU first needs it; no_magazine when the cache has none. */
static struct magazine *get_magazine(struct kmem_cache *cache)
{
	struct magazine **slot = &cache->cpu[this_cpu_read(slab_slot)];
	struct magazine *mag = READ_ONCE(*slot), *fresh;

	if (mag != &no_magazine || !cache->mag_limit)
		return mag;
	fresh = magazine_create(cache);
	if (!fresh)
		return mag;
	note_cpu((u32)(slot - cache->cpu));
	if (__atomic_compare_exchange_n(slot, &mag, fresh, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return fresh;
	slab_free(magazine_cache(cache), fresh, 0); /* an interrupt or another CPU was faster */
	return mag;
}

/* One object, and while we are at it as many as half fill the magazine. cache->lock held. */
static bool take_and_refill(struct kmem_cache *cache, struct magazine *mag, struct mag_entry *one)
{
	struct mag_entry *top = magazine_hold(mag);

	if (top == mag->base && top) {
		top += slab_take(cache, top, batch_of(cache));
		cache->stats.refills += top != mag->base;
	}
	if (!top || top == mag->base) { /* held by whom we interrupted, or nothing was free */
		cache->stats.direct += slab_take(cache, one, 1);
	} else {
		*one = *--top;
	}
	if (top)
		magazine_release(mag, top);
	return one->obj;
}

/* An object, LIVE, or NULL: the slabs have none. */
static void *take(struct kmem_cache *cache)
{
	struct mag_entry one = {NULL, NULL};
	struct magazine *mag = get_magazine(cache);
	unsigned long flags;

	spin_lock_irqsave(&cache->lock, flags);
	if (take_and_refill(cache, mag, &one))
		*one.state = OBJ_LIVE;
	spin_unlock_irqrestore(&cache->lock, flags);
	return one.obj;
}

/* Back to the slabs or into the magazine, half of which goes to the slabs when it is full. */
static void give(struct kmem_cache *cache, struct mag_entry one)
{
	struct magazine *mag = get_magazine(cache);
	struct mag_entry *top;
	unsigned long flags;

	spin_lock_irqsave(&cache->lock, flags);
	top = magazine_hold(mag);
	if (top) {
		if (!((uintptr_t)top & mag->end_mask)) {
			/* The newest half: nothing has to be moved, and what was freed together is often of one slab. */
			top -= batch_of(cache);
			slab_put(cache, top, batch_of(cache));
			cache->stats.flushes++;
		}
		*top++ = one;
		magazine_release(mag, top);
	} else {
		slab_put(cache, &one, 1);
	}
	spin_unlock_irqrestore(&cache->lock, flags);
	if (READ_ONCE(cache->nr_empty) > SLAB_EMPTY_MAX)
		slab_trim(cache, SLAB_EMPTY_MAX);
}

void slab_flush_cpu(struct kmem_cache *cache, u32 cpu)
{
	struct magazine *mag = cache->cpu[cpu];
	struct mag_entry *top;
	unsigned long flags;

	if (mag == &no_magazine)
		return;
	spin_lock_irqsave(&cache->lock, flags);
	top = magazine_hold(mag);
	if (top) {
		slab_put(cache, mag->base, (u32)(top - mag->base));
		magazine_release(mag, mag->base);
	}
	spin_unlock_irqrestore(&cache->lock, flags);
}

void slab_flush_all(struct kmem_cache *cache)
{
	for (u32 cpu = 0; cpu < slab_nr_cpus; cpu++)
		slab_flush_cpu(cache, cpu);
}

u32 slab_cached_objects(const struct kmem_cache *cache)
{
	u32 n = 0;

	for (u32 cpu = 0; cpu < slab_nr_cpus; cpu++) {
		const struct magazine *mag = cache->cpu[cpu];
		const struct mag_entry *top = READ_ONCE(mag->top);

		n += top ? (u32)(top - mag->base) : 0;
	}
	return n;
}

u64 slab_magazine_hits(const struct kmem_cache *cache)
{
	u64 hits = 0;

	for (u32 cpu = 0; cpu < slab_nr_cpus; cpu++)
		hits += cache->cpu[cpu]->hits;
	return hits;
}

void slab_free_magazines(struct kmem_cache *cache)
{
	for (u32 cpu = 0; cpu < slab_nr_cpus; cpu++) {
		if (cache->cpu[cpu] != &no_magazine)
			slab_free(magazine_cache(cache), cache->cpu[cpu], 0);
		cache->cpu[cpu] = &no_magazine;
	}
}

/* ---- the slow paths ------------------------------------------------------------------------------------ */

/* Debugging looks at an object on its way out; a damaged one is reported and lost. */
static bool acceptable(struct kmem_cache *cache, void *obj, size_t requested, unsigned long ip)
{
	struct slab_object o;

	if (likely(!(cache->flags & SLAB_DEBUG_FLAGS)))
		return true;
	if (slab_find(obj, &o) == SLAB_OK && slab_debug_alloc(&o, requested, ip))
		return true;
	slab_lose(&o);
	return false;
}

void *slab_alloc(struct kmem_cache *cache, gfp_t gfp, size_t requested, unsigned long ip)
{
	void *obj;

	while (!magazine_pop(this_cpu_magazine(cache), &obj)) {
		obj = take(cache);
		if (obj && acceptable(cache, obj, requested, ip))
			break;
		if (!obj && !slab_grow(cache, gfp))
			return NULL;
	}
	if ((gfp & __GFP_ZERO) && !WARN_ON(cache->ctor))
		memset(obj, 0, cache->flags & SLAB_META_FLAGS ? requested : cache->object_size);
	return obj;
}

static enum slab_fault may_free(const struct kmem_cache *cache, const void *p,
				struct slab_object *o)
{
	enum slab_fault fault = slab_find(p, o);
	u8 live = OBJ_LIVE;

	if (o->cache && (cache ? o->cache != cache : !(o->cache->flags & SLAB_KMALLOC)))
		return SLAB_FOREIGN_FREE;
	if (fault != SLAB_OK)
		return fault;
	/* From here on nobody else can free it. */
	if (!__atomic_compare_exchange_n(o->state, &live, OBJ_CACHED, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED))
		return SLAB_DOUBLE_FREE;
	return SLAB_OK;
}

void slab_free(struct kmem_cache *cache, void *p, unsigned long ip)
{
	struct slab_object o;
	enum slab_fault fault = may_free(cache, p, &o);

	if (fault != SLAB_OK)
		slab_report(fault, &o, p, NULL, ip);
	else if (unlikely(o.cache->flags & SLAB_DEBUG_FLAGS) && !slab_debug_free(&o, ip))
		slab_lose(&o);
	else
		give(o.cache, (struct mag_entry){p, o.state});
}

static __noinline void *alloc_slow(struct kmem_cache *cache, gfp_t gfp, unsigned long ip)
{
	if (should_fail_alloc(FAIL_SLAB))
		return NULL;
	return slab_alloc(cache, gfp, cache->object_size, ip);
}

static __noinline void free_slow(struct kmem_cache *cache, void *obj, unsigned long ip)
{
	if (obj)
		slab_free(cache, obj, ip);
}

/* ---- what everyone calls -------------------------------------------------------------------------------- */

#define CALLER ((unsigned long)__builtin_return_address(0))

void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	void *obj;

	if (likely(!((gfp | fail_armed) & SLAB_SLOW_GFP)) &&
	    likely(magazine_pop(this_cpu_magazine(cache), &obj)))
		return obj;
	return alloc_slow(cache, gfp, CALLER);
}

void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp)
{
	return alloc_slow(cache, gfp | __GFP_ZERO, CALLER);
}

void kmem_cache_free(struct kmem_cache *cache, void *obj)
{
	struct page *page = slab_page(cache, obj);

	/* No page but the head of a slab of this cache has the cache's address there. NULL has no page. */
	if (has_page(obj) && likely(u64_is_nofault(&page->private, (uintptr_t)cache)) &&
	    likely(slab_free_fast(cache, page->slab, obj)))
		return;
	free_slow(cache, obj, CALLER);
}
