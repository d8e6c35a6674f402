/*
 * The invariants of the slab allocator, for tests, for `slab check` and for slab_debug=F.
 *
 * For each cache: every slab is on the list that its count says; page, slab and cache name each other; the count is the
 * number of objects that are not FREE; and CACHED are exactly those that lie in magazines, each once.
 */
#include <lib/bug.h>
#include <mm/slab_internal.h>

struct tally {
	u32 slabs, cached;
	u32 faults;
};

static u32 fault(const struct kmem_cache *cache, const struct slab *slab, const char *what)
{
	slab_corrupt(cache, slab, what);
	return 1;
}

/* How many objects of a slab are in each state. */
struct census {
	u32 live, cached, lost, free;
};

static struct census count_states(const struct kmem_cache *cache, const struct slab *slab)
{
	struct census n = {0};

	for (u32 i = 0; i < cache->objs; i++) {
		u8 state = slab->state[i];

		n.live += state == OBJ_LIVE;
		n.cached += state == OBJ_CACHED;
		n.lost += state == OBJ_LOST;
		n.free += state == OBJ_FREE;
	}
	return n;
}

static u32 check_states(const struct kmem_cache *cache, const struct slab *slab,
			const struct census *n)
{
	u32 faults = 0;

	if (n->live + n->cached + n->lost + n->free != cache->objs)
		faults += fault(cache, slab, "a state in the map is none that there is");
	if (cache->objs - n->free != slab->page->refcount)
		faults += fault(cache, slab, "its count of objects in use is wrong");
	for (u32 i = cache->objs; i % 8; i++)
		if (slab->state[i] != OBJ_NONE)
			return faults + fault(cache, slab, "an object behind the last one");
	return faults;
}

static u32 check_pages(const struct kmem_cache *cache, const struct slab *slab)
{
	const struct page *page = slab->page;

	if (page->type != PAGE_SLAB || page->order != cache->order || page->cache != cache ||
	    page->slab != slab)
		return fault(cache, slab, "its page says that it is something else");
	for (u32 i = 1; i < 1u << cache->order; i++)
		if (page[i].type != PAGE_TAIL || page[i].head != page)
			return fault(cache, slab, "a page of it does not know its head");
	return 0;
}

static u32 check_map(struct kmem_cache *cache, struct slab *slab, struct census *n)
{
	unsigned long flags;
	u32 faults;

	spin_lock_irqsave(&cache->lock, flags);
	*n = count_states(cache, slab);
	faults = check_pages(cache, slab) + check_states(cache, slab, n);
	spin_unlock_irqrestore(&cache->lock, flags);
	return faults;
}

u32 slab_check_map(struct kmem_cache *cache, struct slab *slab)
{
	struct census n;

	return check_map(cache, slab, &n);
}

/* Slabs on this list must have [low, high] objects in use. */
static void check_list(struct kmem_cache *cache, struct list_head *list, u32 low, u32 high,
		       struct tally *tally)
{
	struct slab *slab;

	list_for_each_entry (slab, list, link) {
		u32 used = slab->page->refcount;
		struct census n;

		tally->faults += check_map(cache, slab, &n);
		tally->slabs++;
		tally->cached += n.cached;
		if (used < low || used > high)
			tally->faults += fault(cache, slab, "on the wrong list");
	}
}

/* Each entry of a magazine is an object of this cache in state CACHED; each object once, or the totals differ. */
static u32 check_magazine(const struct kmem_cache *cache, const struct magazine *mag)
{
	const struct mag_entry *top = READ_ONCE(mag->top);

	if (!top) /* no_magazine, or held */
		return 0;
	if (top < mag->base || top > mag->base + cache->mag_limit)
		return fault(cache, NULL, "a magazine's top is outside");
	for (const struct mag_entry *e = mag->base; e < top; e++) {
		struct slab_object o;

		if (slab_find(e->obj, &o) != SLAB_OK || o.cache != cache || o.state != e->state ||
		    *o.state != OBJ_CACHED)
			return fault(cache, NULL, "a magazine holds what it must not");
	}
	return 0;
}

static u32 count_list(const struct list_head *list)
{
	const struct list_head *at;
	u32 n = 0;

	list_for_each(at, list) n++;
	return n;
}

u32 slab_check_cache(struct kmem_cache *cache)
{
	struct tally tally = {0};

	check_list(cache, &cache->full, cache->objs, cache->objs, &tally);
	check_list(cache, &cache->partial, 1, cache->objs - 1, &tally);
	check_list(cache, &cache->empty, 0, 0, &tally);
	if (tally.slabs != cache->nr_slabs || count_list(&cache->empty) != cache->nr_empty)
		tally.faults += fault(cache, NULL, "the lists are longer or shorter than counted");
	for (u32 cpu = 0; cpu < slab_nr_cpus; cpu++)
		tally.faults += check_magazine(cache, cache->cpu[cpu]);
	if (tally.cached != slab_cached_objects(cache))
		tally.faults += fault(cache, NULL, "magazines and maps disagree");
	return tally.faults;
}
