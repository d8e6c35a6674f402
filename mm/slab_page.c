/*
 * Slabs: blocks of pages cut into objects, and the map that says which are free.
 *
 * The map has a byte an object and lies before the objects, or for objects of 512 bytes and more in memory of its own,
 * so that eight of 1 KiB fill two pages exactly. Nothing is ever stored in a free object.
 * Free objects are found eight at a time: OBJ_FREE is the one state with its top bit set.
 *
 * Invariants: page->refcount is the number of objects that are not FREE; a slab is on the list that this number
 * says (full, partial, empty); page->cache names the owner, and is cleared before the pages go back.
 */
#include <lib/bitops.h>
#include <lib/bug.h>
#include <mm/slab_fast.h>

#define map_words(objs) (((objs) + 7u) / 8u)

/* ---- birth and death --------------------------------------------------------------------------------- */

static void init_map(struct slab *slab, u32 objs)
{
	u64 *word = (u64 *)slab->state;

	for (u32 i = 0; i < objs / 8; i++)
		word[i] = OBJ_FREE_WORD;
	if (objs % 8)
		word[objs / 8] = OBJ_FREE_WORD >> (64 - objs % 8 * 8); /* OBJ_NONE is 0 */
}

static void init_objects(struct kmem_cache *cache, struct slab *slab)
{
	if (likely(!cache->ctor && !(cache->flags & SLAB_DEBUG_FLAGS)))
		return;
	for (u32 i = 0; i < cache->objs; i++) {
		u8 *obj = slab_object_at(cache, slab, i);

		if (cache->flags & SLAB_DEBUG_FLAGS)
			slab_debug_init(cache, obj);
		if (cache->ctor)
			cache->ctor(obj);
	}
}

static struct slab *slab_create(struct kmem_cache *cache, gfp_t gfp)
{
	gfp_t pages_gfp = (gfp & ~(GFP_ZONEMASK | __GFP_ZERO)) | cache->gfp | __GFP_COMP;
	struct page *page = alloc_pages(pages_gfp, cache->order);
	struct slab *slab;

	if (!page)
		return NULL;
	slab = page_address(page);
	if (cache->off_slab)
		slab = slab_alloc(&slab_map_cache, gfp & ~(GFP_ZONEMASK | __GFP_ZERO),
				  slab_map_cache.object_size, 0);
	if (!slab) {
		__free_pages(page, cache->order);
		return NULL;
	}
	slab->page = page;
	slab->mem = (u8 *)page_address(page) + cache->first;
	init_map(slab, cache->objs);
	init_objects(cache, slab);
	page->slab = slab;
	page->refcount = 0;
	page->cache = cache;
	page->type = PAGE_SLAB;
	return slab;
}

static void slab_destroy(struct kmem_cache *cache, struct slab *slab)
{
	struct page *page = slab->page;

	page->type = PAGE_ALLOCATED;
	page->cache = NULL;
	page->refcount = 1;
	if (cache->off_slab)
		slab_free(&slab_map_cache, slab, 0);
	__free_pages(page, cache->order);
}

bool slab_grow(struct kmem_cache *cache, gfp_t gfp)
{
	struct slab *slab = slab_create(cache, gfp);
	unsigned long flags;

	if (!slab)
		return false;
	spin_lock_irqsave(&cache->lock, flags);
	list_add(&slab->link, &cache->empty);
	cache->nr_slabs++;
	cache->nr_empty++;
	cache->stats.born++;
	spin_unlock_irqrestore(&cache->lock, flags);
	return true;
}

/* The empty slab that was not used for longest, off all lists. */
static struct slab *detach_empty(struct kmem_cache *cache, u32 keep)
{
	struct slab *slab = NULL;
	unsigned long flags;

	spin_lock_irqsave(&cache->lock, flags);
	if (cache->nr_empty > keep) {
		slab = list_last_entry(&cache->empty, struct slab, link);
		list_del(&slab->link);
		cache->nr_slabs--;
		cache->nr_empty--;
		cache->stats.returned++;
	}
	spin_unlock_irqrestore(&cache->lock, flags);
	return slab;
}

unsigned long slab_trim(struct kmem_cache *cache, u32 keep)
{
	unsigned long pages = 0;
	struct slab *slab;

	while ((slab = detach_empty(cache, keep)) != NULL) {
		if (unlikely(cache->flags & SLAB_DEBUG_FLAGS) && !slab_debug_retire(cache, slab))
			continue; /* reported; its pages are lost with it */
		slab_destroy(cache, slab);
		pages += 1UL << cache->order;
	}
	return pages;
}

/* ---- objects out and in --------------------------------------------------------------------------------- */

/* The slab now has `used` objects that are not FREE, and had `before`: put it on the list where it belongs. */
static void set_used(struct kmem_cache *cache, struct slab *slab, u32 before, u32 used)
{
	slab->page->refcount = used;
	if (used == 0) {
		list_move(&slab->link, &cache->empty);
		cache->nr_empty++;
	} else if (used == cache->objs) {
		list_move(&slab->link, &cache->full);
	} else if (before == 0 || before == cache->objs) {
		list_move(&slab->link, &cache->partial);
	}
	if (before == 0)
		cache->nr_empty--;
}

/* A partial slab before an empty one, so that memory in use stays dense. */
static struct slab *slab_with_free(const struct kmem_cache *cache)
{
	const struct list_head *list = &cache->partial;

	if (list_empty(list))
		list = &cache->empty;
	return list_first_entry_or_null(list, struct slab, link);
}

/* Take the free ones among eight objects, of which the first is `first`; returns where `out` got to. */
static __always_inline struct mag_entry *take_word(u64 word, u8 *first, u32 size, u8 *state,
						   struct mag_entry *out,
						   const struct mag_entry *end)
{
	for (u64 free = word & OBJ_FREE_WORD; free && out < end; free &= free - 1) {
		u32 i = (u32)__ffs(free) / 8;

		state[i] = OBJ_CACHED;
		out->obj = first + (size_t)i * size;
		out->state = &state[i];
		out++;
	}
	return out;
}

static u32 take_from(struct kmem_cache *cache, struct slab *slab, struct mag_entry *out, u32 want)
{
	u32 before = slab->page->refcount, size = cache->size;
	const struct mag_entry *end;
	u8 *first = slab->mem, *state = slab->state;

	want = min(want, cache->objs - before);
	for (end = out + want; out < end; first += 8 * (size_t)size, state += 8)
		out = take_word(*(const u64 *)state, first, size, state, out, end);
	set_used(cache, slab, before, before + want);
	return want;
}

u32 slab_take(struct kmem_cache *cache, struct mag_entry *out, u32 want)
{
	struct slab *slab;
	u32 n = 0;

	while (n < want && (slab = slab_with_free(cache)) != NULL)
		n += take_from(cache, slab, out + n, want - n);
	return n;
}

/* Freed twice at the same moment on two CPUs: both saw it LIVE, so it is in magazines twice. The second is dropped. */
static void report_second(const struct mag_entry *entry)
{
	struct slab_object o;

	slab_find(entry->obj, &o);
	slab_report(SLAB_DOUBLE_FREE, &o, entry->obj, NULL, 0);
}

/* Put back as many entries as follow each other in one slab; returns the one behind them. */
static const struct mag_entry *put_run(struct kmem_cache *cache, const struct mag_entry *entry,
				       const struct mag_entry *end)
{
	unsigned long mask = cache->slab_mask, start = (unsigned long)entry->obj & mask;
	struct slab *slab = slab_page(cache, entry->obj)->slab;
	u32 before = slab->page->refcount, used = before - (u32)(end - entry);

	do {
		if (likely(*entry->state == OBJ_CACHED)) {
			*entry->state = OBJ_FREE;
		} else {
			report_second(entry);
			used++;
		}
		entry++;
	} while (entry < end && ((unsigned long)entry->obj & mask) == start);
	used += (u32)(end - entry);
	if (likely(used != before))
		set_used(cache, slab, before, used);
	return entry;
}

void slab_put(struct kmem_cache *cache, const struct mag_entry *entries, u32 n)
{
	const struct mag_entry *end = entries + n;

	while (entries < end)
		entries = put_run(cache, entries, end);
}

void slab_lose(const struct slab_object *o)
{
	unsigned long flags;

	spin_lock_irqsave(&o->cache->lock, flags);
	if (*o->state == OBJ_FREE)
		set_used(o->cache, o->slab, o->slab->page->refcount, o->slab->page->refcount + 1);
	*o->state = OBJ_LOST;
	spin_unlock_irqrestore(&o->cache->lock, flags);
}

/* ---- from an address back to an object ------------------------------------------------------------------ */

/* The head of the slab that p is in, or NULL. Any address. */
static struct page *slab_head(const void *p)
{
	struct page *page = page_of(p);

	if (!has_page(p))
		return NULL;
	if (byte_is_nofault(&page->type, PAGE_TAIL))
		page = page->head;
	return byte_is_nofault(&page->type, PAGE_SLAB) ? page : NULL;
}

enum slab_fault slab_find(const void *p, struct slab_object *o)
{
	struct page *head = slab_head(p);
	u32 at;

	*o = (struct slab_object){.cache = NULL};
	if (!head)
		return SLAB_WILD_FREE;
	o->cache = head->cache;
	o->slab = head->slab;
	if ((const u8 *)p < o->slab->mem)
		return SLAB_INTERIOR_FREE;
	at = (u32)((const u8 *)p - o->slab->mem);
	o->index = at / o->cache->size;
	o->offset = at % o->cache->size;
	if (o->index >= o->cache->objs)
		return SLAB_INTERIOR_FREE;
	o->obj = slab_object_at(o->cache, o->slab, o->index);
	o->state = &o->slab->state[o->index];
	return o->offset ? SLAB_INTERIOR_FREE : SLAB_OK;
}
