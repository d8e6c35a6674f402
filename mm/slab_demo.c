/*
 * `demo slab [SIZE]`: one allocation and one free, told from the live structures
 * of a cache that exists for this only: a slab is born, objects go through the magazine, the slab goes back.
 */
#include <lib/bug.h>
#include <lib/demo.h>
#include <lib/errno.h>
#include <lib/kstrtox.h>
#include <mm/slab_fast.h>

#define DEFAULT_SIZE 200
#define OBJECTS_MAX  64

static u32 magazine_count(struct kmem_cache *cache)
{
	return slab_cached_objects(cache);
}

static void say_lists(const struct kmem_cache *cache, unsigned long pages_before)
{
	con_printf(
		"   slabs: %u, of them empty: %u; the page allocator has %ld pages less than before\n",
		cache->nr_slabs, cache->nr_empty, (long)(pages_before - nr_free_pages()));
}

static void show_all_maps(const struct kmem_cache *cache)
{
	const struct list_head *const lists[] = {&cache->full, &cache->partial, &cache->empty};
	const struct slab *slab;

	for (u32 i = 0; i < ARRAY_SIZE(lists); i++)
		list_for_each_entry (slab, lists[i], link)
			slab_show_map(cache, slab);
}

/* The first allocation finds nothing anywhere. */
static void *tell_first_alloc(struct kmem_cache *cache, unsigned long pages_before)
{
	void *obj;

	con_printf("1. kmem_cache_alloc(): this CPU has no magazine yet, and the cache no slab.\n");
	obj = kmem_cache_alloc(cache, GFP_KERNEL);
	if (!obj)
		return NULL;
	con_printf(
		"   A magazine was made, and a slab of %u page%s; %u objects moved into the magazine\n"
		"   under one lock; the one on top of it is ours: %p.\n",
		1u << cache->order, cache->order ? "s" : "", magazine_count(cache) + 1, obj);
	say_lists(cache, pages_before);
	show_all_maps(cache);
	return obj;
}

static void *tell_next_alloc(struct kmem_cache *cache)
{
	const struct magazine *mag = this_cpu_magazine(cache);
	u32 slot = (u32)(mag->top - mag->base) - 1;
	const struct mag_entry *entry = mag->base + slot;
	void *promised = entry->obj, *obj;

	con_printf(
		"2. kmem_cache_alloc(): slot %u of the magazine holds %p, its byte of the map is at %p.\n",
		slot, promised, entry->state);
	obj = kmem_cache_alloc(cache, GFP_KERNEL);
	con_printf(
		"   We got %p: top went down by one slot, the byte became U. No lock, no slab touched.\n",
		obj);
	return obj;
}

static void tell_free(struct kmem_cache *cache, void *obj)
{
	struct page *page = slab_page(cache, obj);
	u32 offset = (u32)((u8 *)obj - page->slab->mem);
	const struct magazine *mag = this_cpu_magazine(cache);

	con_printf(
		"3. kmem_cache_free(%p): & %#lx is its slab's first byte, whose struct page %p\n"
		"   names this cache and the map. Offset %u * inverse %#x, rotated right by %u, is object %u\n"
		"   (of %u: not inside one, and not outside). Its byte says U, so this is no double free.\n",
		obj, cache->slab_mask, (void *)page, offset, cache->inverse, cache->shift,
		object_index(cache, offset), cache->objs);
	kmem_cache_free(cache, obj);
	con_printf(
		"   It lies in slot %u now, the warmest object, and will be the next to be used.\n",
		(u32)(mag->top - mag->base) - 1);
	show_all_maps(cache);
}

/* More than the magazine holds: freeing all of them flushes it, and slabs become empty. */
static int tell_many(struct kmem_cache *cache, unsigned long pages_before)
{
	u32 n = 3u * cache->mag_limit;
	void **objs = kmalloc_array(n, sizeof(*objs), GFP_KERNEL);
	u64 refills = cache->stats.refills;
	u32 got = 0;

	if (!objs)
		return -ENOMEM;
	while (got < n && (objs[got] = kmem_cache_alloc(cache, GFP_KERNEL)) != NULL)
		got++;
	con_printf("4. %u allocations: %llu refills of the magazine.\n", got,
		   cache->stats.refills - refills);
	say_lists(cache, pages_before);
	while (got)
		kmem_cache_free(cache, objs[--got]);
	kfree(objs);
	con_printf(
		"5. All freed: %llu times the magazine was full and half of it went to the slabs.\n"
		"   %llu slabs that became empty went back to the page allocator at once; up to %u are kept.\n",
		cache->stats.flushes, cache->stats.returned, SLAB_EMPTY_MAX);
	say_lists(cache, pages_before);
	return 0;
}

static int narrate(struct kmem_cache *cache)
{
	unsigned long pages_before = nr_free_pages();
	void *first, *second;
	int err;

	slab_show_geometry(cache);
	first = tell_first_alloc(cache, pages_before);
	if (!first)
		return -ENOMEM;
	second = tell_next_alloc(cache);
	if (!second) {
		kmem_cache_free(cache, first);
		return -ENOMEM;
	}
	tell_free(cache, second);
	kmem_cache_free(cache, first);
	err = tell_many(cache, pages_before);
	con_printf("6. kmem_cache_shrink(): the magazine is emptied, %lu pages go back.\n",
		   kmem_cache_shrink(cache));
	say_lists(cache, pages_before);
	return err;
}

static int demo_slab(int argc, char **argv)
{
	struct kmem_cache *cache;
	u64 size = DEFAULT_SIZE;
	int err;

	if (argc > 2 || (argc == 2 && (kstrtou64(argv[1], 0, &size) || !size || size > 4096)))
		return -EINVAL;
	cache = kmem_cache_create("demo", size, 0, 0, NULL);
	if (!cache)
		return -ENOMEM;
	if (cache->mag_limit) {
		err = narrate(cache);
	} else {
		con_printf("slab_debug= is on: there are no magazines to show\n");
		err = 0;
	}
	kmem_cache_destroy(cache);
	return err;
}
DEMO("slab", "[SIZE]", "follow an object from a page to its user and back", demo_slab);
