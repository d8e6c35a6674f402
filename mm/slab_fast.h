/*
 * The two fast paths, inlined into kmem_cache_alloc/free and kmalloc/kfree:
 * pop an object off this CPU's magazine, or find a freed one in its slab's map
 * and push it. Every test that debugging, fault injection or a new CPU needs is folded into one that
 * is there anyway: no_magazine is always busy, so those cases find the slow path by themselves.
 */
#ifndef MM_SLAB_FAST_H
#define MM_SLAB_FAST_H

#include <arch/extable.h>
#include <arch/percpu.h>
#include <mm/fault_inject.h>
#include <mm/slab_internal.h>

/* Requests that the fast path cannot serve alone: cleared, from a zone, or to be made to fail. */
#define SLAB_SLOW_GFP (__GFP_ZERO | GFP_ZONEMASK)
_Static_assert(SLAB_SLOW_GFP &(1u << FAIL_SLAB), "one test serves gfp and fail_armed");

static __always_inline struct magazine *this_cpu_magazine(struct kmem_cache *cache)
{
	return cache->cpu[this_cpu_read(slab_slot)];
}

/* NULL: somebody holds it. */
static __always_inline struct mag_entry *magazine_hold(struct magazine *mag)
{
	return __atomic_exchange_n(&mag->top, NULL, __ATOMIC_ACQUIRE);
}

static __always_inline void magazine_release(struct magazine *mag, struct mag_entry *top)
{
	__atomic_store_n(&mag->top, top, __ATOMIC_RELEASE);
}

/* false: empty, or held. */
static __always_inline bool magazine_pop(struct magazine *mag, void **obj)
{
	struct mag_entry *top = magazine_hold(mag);

	if (unlikely((uintptr_t)top <= (uintptr_t)mag->base)) { /* NULL is below any base */
		if (top)
			magazine_release(mag, top);
		return false;
	}
	top--;
	*obj = top->obj;
	*top->state = OBJ_LIVE;
	mag->hits++;
	magazine_release(mag, top);
	return true;
}

/* false: full, or held. */
static __always_inline bool magazine_push(struct magazine *mag, void *obj, u8 *state)
{
	struct mag_entry *top = magazine_hold(mag);

	if (unlikely(!((uintptr_t)top &
		       mag->end_mask))) { /* NULL has no bits set, a full one none of these */
		if (top)
			magazine_release(mag, top);
		return false;
	}
	*state = OBJ_CACHED;
	top->obj = obj;
	top->state = state;
	magazine_release(mag, top + 1);
	return true;
}

/*
 * offset / cache->size if that is exact and the slab has so many objects; else some number >= cache->objs.
 *
 * With size = odd << shift, multiplying by the inverse of `odd` modulo 2^32 undoes a multiplication by odd, and
 * rotating undoes the shift. Both are bijections, so what is no multiple of size lands above every quotient
 * that is one. (Granlund and Montgomery 1994, section 9.)
 */
static __always_inline u32 object_index(const struct kmem_cache *cache, u32 offset)
{
	u32 x = offset * cache->inverse;

	return x >> cache->shift | x << (-cache->shift & 31);
}

/* The map's byte for p, which lies in this slab's memory; NULL when no object starts there. */
static __always_inline u8 *object_state(const struct kmem_cache *cache, struct slab *slab,
					const void *p)
{
	u32 index = object_index(cache, (u32)((const u8 *)p - slab->mem));

	return likely(index < cache->objs) ? &slab->state[index] : NULL;
}

/*
 * From PAGE_OFFSET up every address has its struct page's place in vmemmap, which may be unmapped but holds nothing
 * else. Below, the places are all over memory, where any byte could be taken for a page's: such an address has none.
 */
static __always_inline bool has_page(const void *p)
{
	return likely((virt_addr_t)p >= PAGE_OFFSET);
}

/* Where the struct page of address 0 would be. */
#define PAGE_OF_NULL ((virt_addr_t)vmemmap - (PAGE_OFFSET >> PAGE_SHIFT) * sizeof(struct page))

/* virt_to_page() of what may be any address: in integers, where wrapping round is no error. Look only if has_page(p). */
static __always_inline struct page *page_of(const void *p)
{
	return (struct page *)(PAGE_OF_NULL + ((virt_addr_t)p >> PAGE_SHIFT) * sizeof(struct page));
}

/* p & cache->slab_mask starts a page; nothing says yet that it is a slab of this cache, or memory. has_page(p) does hold. */
static __always_inline struct page *slab_page(const struct kmem_cache *cache, const void *p)
{
	virt_addr_t start = (virt_addr_t)p & cache->slab_mask;

	/* page_of(start) with one shift instead of two: start has no bits below PAGE_SHIFT. */
	return (struct page *)(PAGE_OF_NULL + start / (PAGE_SIZE / sizeof(struct page)));
}

/* Free an object of a slab of this cache. false: the slow path has to look, nothing has been done. */
static __always_inline bool slab_free_fast(struct kmem_cache *cache, struct slab *slab, void *p)
{
	u8 *state = object_state(cache, slab, p);

	return likely(state && *state == OBJ_LIVE) &&
	       magazine_push(this_cpu_magazine(cache), p, state);
}

#endif
