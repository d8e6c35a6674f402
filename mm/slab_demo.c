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

static void say_slabs(const struct kmem_cache *cache)
{
	con_printf("   Slabs: %u, of them empty: %u; pages: %u.\n", cache->nr_slabs,
		   cache->nr_empty, cache->nr_slabs << cache->order);
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
static void *tell_first_alloc(struct kmem_cache *cache)
{
	void *obj;

	con_printf("1. kmem_cache_alloc(): this CPU has no magazine yet, and the cache no slab.\n");
	obj = kmem_cache_alloc(cache, GFP_KERNEL);
	if (!obj)
		return NULL;
	con_printf(
		"   Both were made. Under one lock %u objects moved from the slab to the magazine;\n",
		slab_cached_objects(cache) + 1);
	con_printf("   the one on top of it is ours: %p.\n", obj);
	say_slabs(cache);
	show_all_maps(cache);
	return obj;
}

static void *tell_next_alloc(struct kmem_cache *cache)
{
	const struct magazine *mag = this_cpu_magazine(cache);
	u32 slot = (u32)(mag->top - mag->base) - 1;
	const struct mag_entry *entry = mag->base + slot;
	void *promised = entry->obj, *obj;

	con_printf("2. kmem_cache_alloc(): slot %u of the magazine has object %p,\n", slot,
		   promised);
	con_printf("   whose byte of the map is at %p.\n", entry->state);
	obj = kmem_cache_alloc(cache, GFP_KERNEL);
	con_printf("   We got %p: the top went down, the byte became U; no lock.\n", obj);
	return obj;
}

static void tell_free(struct kmem_cache *cache, void *obj)
{
	struct page *page = slab_page(cache, obj);
	u32 offset = (u32)((u8 *)obj - page->slab->mem);
	const struct magazine *mag = this_cpu_magazine(cache);

	con_printf("3. kmem_cache_free(%p): & %#lx is the slab's start;\n", obj, cache->slab_mask);
	con_printf("   the struct page of that, %p, names this cache, and the map.\n",
		   (void *)page);
	con_printf(
		"   Offset %u times %#x, rotated right by %u, is %u: below %u, so it is the number\n",
		offset, cache->inverse, cache->shift, object_index(cache, offset), cache->objs);
	con_printf(
		"   of an object, and the address its start. Its byte says U: it may be freed.\n");
	kmem_cache_free(cache, obj);
	con_printf("   It lies in slot %u, will be the next to be used, and its byte says m.\n",
		   (u32)(mag->top - mag->base) - 1);
	show_all_maps(cache);
}

/* More than the magazine holds: freeing all of them flushes it, and slabs become empty. */
static int tell_many(struct kmem_cache *cache)
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
	say_slabs(cache);
	while (got)
		kmem_cache_free(cache, objs[--got]);
	kfree(objs);
	con_printf("5. All freed: %llu times half of a full magazine went to the slabs.\n",
		   cache->stats.flushes);
	con_printf(
		"   %llu empty slabs went back to the page allocator at once; up to %u are kept.\n",
		cache->stats.returned, SLAB_EMPTY_MAX);
	say_slabs(cache);
	return 0;
}

static int narrate(struct kmem_cache *cache)
{
	void *first, *second;
	int err;

	slab_show_geometry(cache);
	first = tell_first_alloc(cache);
	if (!first)
		return -ENOMEM;
	second = tell_next_alloc(cache);
	if (!second) {
		kmem_cache_free(cache, first);
		return -ENOMEM;
	}
	tell_free(cache, second);
	kmem_cache_free(cache, first);
	err = tell_many(cache);
	con_printf("6. kmem_cache_shrink(): the magazine is emptied, %lu pages go back.\n",
		   kmem_cache_shrink(cache));
	say_slabs(cache);
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

/* ---- demo poison ------------------------------------------------------------------------------------- */

struct victim {
	char name[24];
	u64 value;
};

/* Two mistakes, each with a name of its own in the reports. */
static __noinline void write_after_free(struct kmem_cache *cache)
{
	struct victim *v = kmem_cache_alloc(cache, GFP_KERNEL);

	if (!v)
		return;
	kmem_cache_free(cache, v);
	WRITE_ONCE(v->value, 0x1badb002);
}

static __noinline void write_past_end(struct kmem_cache *cache)
{
	struct victim *v = kmem_cache_alloc(cache, GFP_KERNEL);

	if (!v)
		return;
	WRITE_ONCE(((char *)v)[sizeof(*v)], '!');
	kmem_cache_free(cache, v);
}

static int demo_poison(int argc, char **argv)
{
	static struct kmem_cache *cache; /* it outlives the command, with what it lost */

	(void)argv;
	if (argc > 1)
		return -EINVAL;
	if (!cache)
		cache = kmem_cache_create("victims", sizeof(struct victim), 0,
					  SLAB_POISON | SLAB_RED_ZONE | SLAB_STORE_USER, NULL);
	if (!cache)
		return -ENOMEM;
	con_printf(
		"1. An object is written to after it was freed. Nobody notices, until it is allocated:\n");
	write_after_free(cache);
	kmem_cache_free(cache, kmem_cache_alloc(cache, GFP_KERNEL));
	con_printf("2. An object is written to one byte past its end, and freed:\n");
	write_past_end(cache);
	con_printf(
		"3. Both are lost to the cache, so it cannot be destroyed; slab %s shows them as X.\n",
		cache->name);
	return 0;
}
DEMO("poison", "", "write to a freed object and past the end of one, and be told", demo_poison);
