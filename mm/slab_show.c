/* The `slab` command: all caches as /proc/slabinfo has them, one cache and its maps, leaks by call site, and the checks. */
#include <arch/insn.h>
#include <lib/bug.h>
#include <lib/command.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/meminfo.h>
#include <mm/slab_internal.h>

/* ---- all caches ---------------------------------------------------------------------------------------- */

static bool show_line(struct kmem_cache *cache, void *ctx)
{
	(void)ctx;
	con_printf("%-15s %7u %7u %6u %5u %4u %6u %6u %10llu %8llu %8llu\n", cache->name,
		   slab_live_objects(cache), cache->nr_slabs * cache->objs, cache->object_size,
		   cache->objs, 1u << cache->order, cache->nr_slabs, slab_cached_objects(cache),
		   slab_magazine_hits(cache), cache->stats.refills, cache->stats.flushes);
	return !con_break();
}

static int show_all(void)
{
	con_printf("%-15s %7s %7s %6s %5s %4s %6s %6s %10s %8s %8s\n", "# name", "active", "objs",
		   "size", "/slab", "pages", "slabs", "cached", "hits", "refills", "flushes");
	slab_for_each_cache(show_line, NULL);
	return 0;
}

/* ---- one cache ------------------------------------------------------------------------------------------ */

static char state_letter(u8 state)
{
	switch (state) {
	case OBJ_LIVE:
		return 'U';
	case OBJ_CACHED:
		return 'm';
	case OBJ_FREE:
		return '.';
	case OBJ_LOST:
		return 'X';
	}
	return '?';
}

void slab_show_map(const struct kmem_cache *cache, const struct slab *slab)
{
	char line[65];

	con_printf("  slab %p: %u of %u in use or in a magazine\n", page_address(slab->page),
		   slab->page->refcount, cache->objs);
	for (u32 i = 0; i < cache->objs; i += 64) {
		u32 n = min(64u, cache->objs - i);

		for (u32 k = 0; k < n; k++)
			line[k] = state_letter(slab->state[i + k]);
		line[n] = '\0';
		con_printf("    %4u %s\n", i, line);
	}
}

#define MAPS_SHOWN 8

static void show_maps(const struct kmem_cache *cache, const struct list_head *list,
		      const char *name)
{
	const struct slab *slab;
	u32 n = 0;

	list_for_each_entry (slab, list, link) {
		if (!n++)
			con_printf("%s:\n", name);
		if (n > MAPS_SHOWN) {
			con_printf("  ... and more\n");
			return;
		}
		slab_show_map(cache, slab);
	}
}

void slab_show_geometry(const struct kmem_cache *cache)
{
	u32 bytes = (u32)PAGE_SIZE << cache->order;

	con_printf("cache %s: objects of %u bytes, one each %u, aligned to %u\n", cache->name,
		   cache->object_size, cache->size, cache->align);
	con_printf(
		"a slab is %u page%s: %u objects, the first at %u; %u bytes (%u %%) are the map and the rest\n",
		1u << cache->order, cache->order ? "s" : "", cache->objs, cache->first,
		bytes - cache->objs * cache->size,
		(bytes - cache->objs * cache->size) * 100 / bytes);
	con_printf("the map is %s; magazines hold %u\n",
		   cache->off_slab ? "an object of slab_map" : "at the slab's start",
		   cache->mag_limit);
}

static bool show_if_named(struct kmem_cache *cache, void *ctx)
{
	const char **name = ctx;

	if (strcmp(cache->name, *name) != 0)
		return true;
	*name = NULL; /* found */
	slab_show_geometry(cache);
	con_printf(
		"slabs born %llu, returned %llu; in the maps U is in use, m in a magazine, . free, X lost\n",
		cache->stats.born, cache->stats.returned);
	show_maps(cache, &cache->partial, "partial");
	show_maps(cache, &cache->full, "full");
	show_maps(cache, &cache->empty, "empty");
	return false;
}

static int show_one(const char *name)
{
	slab_for_each_cache(show_if_named, &name);
	if (!name)
		return 0;
	con_printf("no cache is called \"%s\"\n", name);
	return -ENOENT;
}

/* ---- leaks ------------------------------------------------------------------------------------------------ */

#define SITES_MAX 48

struct leak_site {
	const struct kmem_cache *cache;
	unsigned long ip;
	u32 objects;
	u64 bytes, oldest; /* cycles */
};

/* What is allocated, by who allocated it. Static: it is large, and one person at a time looks. */
static struct {
	struct leak_site site[SITES_MAX];
	u32 nr, left_out;
	u32 unknown; /* objects of caches that keep no records */
} leaks;

static void count_leak(const struct kmem_cache *cache, const struct debug_info *info)
{
	struct leak_site *site = leaks.site;

	while (site < leaks.site + leaks.nr && (site->ip != info->alloc.ip || site->cache != cache))
		site++;
	if (site == leaks.site + SITES_MAX) {
		leaks.left_out++;
		return;
	}
	if (site == leaks.site + leaks.nr) {
		leaks.nr++;
		*site = (struct leak_site){
			.cache = cache, .ip = info->alloc.ip, .oldest = info->alloc.cycles};
	}
	site->objects++;
	site->bytes += info->requested;
	site->oldest = min(site->oldest, info->alloc.cycles);
}

static void count_leaks_on(const struct kmem_cache *cache, const struct list_head *list)
{
	const struct slab *slab;

	list_for_each_entry (slab, list, link)
		for (u32 i = 0; i < cache->objs; i++)
			if (slab->state[i] == OBJ_LIVE)
				count_leak(cache,
					   slab_debug_info(cache, slab_object_at(cache, slab, i)));
}

static bool count_leaks(struct kmem_cache *cache, void *ctx)
{
	unsigned long flags;

	(void)ctx;
	if (cache->flags & SLAB_INTERNAL)
		return true;
	if (!(cache->flags & SLAB_STORE_USER)) {
		leaks.unknown += slab_live_objects(cache);
		return true;
	}
	spin_lock_irqsave(&cache->lock, flags);
	count_leaks_on(cache, &cache->full);
	count_leaks_on(cache, &cache->partial);
	spin_unlock_irqrestore(&cache->lock, flags);
	return true;
}

static struct leak_site *largest_site(void)
{
	struct leak_site *largest = NULL;

	for (u32 i = 0; i < leaks.nr; i++)
		if (leaks.site[i].objects && (!largest || leaks.site[i].bytes > largest->bytes))
			largest = &leaks.site[i];
	return largest;
}

static int show_leaks(void)
{
	struct leak_site *site;
	u64 now = printk_cycles_to_ns(rdtsc());

	memset(&leaks, 0, sizeof(leaks));
	slab_for_each_cache(count_leaks, NULL);
	if (leaks.nr)
		con_printf("%8s %10s %8s  %-15s %s\n", "objects", "bytes", "age (s)", "cache",
			   "allocated by");
	while ((site = largest_site()) != NULL) {
		con_printf("%8u %10llu %8llu  %-15s %pS\n", site->objects, site->bytes,
			   (now - printk_cycles_to_ns(site->oldest)) / 1000000000,
			   site->cache->name, (void *)site->ip);
		site->objects = 0;
	}
	if (leaks.left_out)
		con_printf("%u objects of more call sites than the table holds\n", leaks.left_out);
	if (leaks.unknown)
		con_printf("%u objects of caches that keep no records (slab_debug=U does)\n",
			   leaks.unknown);
	return 0;
}

/* ---- check, shrink ------------------------------------------------------------------------------------------ */

static bool check(struct kmem_cache *cache, void *ctx)
{
	*(u32 *)ctx += slab_check_cache(cache) + slab_check_objects(cache);
	return true;
}

static bool shrink(struct kmem_cache *cache, void *ctx)
{
	*(u32 *)ctx += (u32)kmem_cache_shrink(cache);
	return true;
}

static int cmd_slab(int argc, char **argv)
{
	u32 n = 0;

	if (argc == 1)
		return show_all();
	if (argc > 2)
		return -EINVAL;
	if (strcmp(argv[1], "leaks") == 0)
		return show_leaks();
	if (strcmp(argv[1], "check") == 0) {
		slab_for_each_cache(check, &n);
		con_printf("%u fault%s\n", n, n == 1 ? "" : "s");
		return 0;
	}
	if (strcmp(argv[1], "shrink") == 0) {
		slab_for_each_cache(shrink, &n);
		con_printf("%u page%s given back\n", n, n == 1 ? "" : "s");
		return 0;
	}
	return show_one(argv[1]);
}
COMMAND("slab", "[leaks|check|shrink|CACHE]",
	"object caches as in /proc/slabinfo, one cache, or who holds objects", cmd_slab);

/* ---- the line of `mem` ------------------------------------------------------------------------------------ */

static bool add_pages(struct kmem_cache *cache, void *ctx)
{
	*(u64 *)ctx += (u64)cache->nr_slabs << (PAGE_SHIFT + cache->order);
	return true;
}

static u64 slab_bytes(void)
{
	u64 bytes = 0;

	slab_for_each_cache(add_pages, &bytes);
	return bytes;
}
MEMINFO("Slab", slab_bytes);
