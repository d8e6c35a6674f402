/*
 * Debugging at boot: slab_debug=FLAGS[,CACHE...]
 *
 *	F  no magazines, and the whole map is checked at each step
 *	Z  red zones: bytes before and after each object that must not change
 *	P  poison: what a free object holds must not change
 *	U  owners: who allocated and who freed, on which CPU, when
 *
 * (Linux has the same letters: slub_debug=.) A cache is laid out for its flags when it is created:
 *
 *	| red zone | object, poisoned | red zone | struct debug_info | padding |
 *	           ^ what the user has          ^ zone_end
 *
 * kmalloc's right red zone begins where the request ended, not where the class does. Such caches have no magazines,
 * so every allocation and every free passes here. A damaged object is reported and never used again.
 */
#include <arch/insn.h>
#include <arch/percpu.h>
#include <lib/errno.h>
#include <lib/glob.h>
#include <lib/param.h>
#include <lib/string.h>
#include <mm/slab_internal.h>

#define POISON_FREE  0x6b
#define POISON_INUSE 0x5a
#define POISON_END   0xa5
#define RED_INACTIVE 0xbb
#define RED_ACTIVE   0xcc

/* ---- slab_debug= ----------------------------------------------------------------------------------- */

static u32 debug_flags;
static char debug_caches[128]; /* patterns, with commas between; empty: all caches */

/* The flag that a letter stands for; 0: none. */
static u32 flag_of(char letter)
{
	switch (letter) {
	case 'F':
		return SLAB_CONSISTENCY_CHECKS;
	case 'Z':
		return SLAB_RED_ZONE;
	case 'P':
		return SLAB_POISON;
	case 'U':
		return SLAB_STORE_USER;
	}
	return 0;
}

int slab_debug_setup(const char *value)
{
	size_t n = strcspn(value, ",");
	const char *caches = value[n] ? value + n + 1 : "";
	u32 flags = n ? 0 : SLAB_DEBUG_FLAGS;

	if (n != 1 || value[0] != '-') {
		for (size_t i = 0; i < n; i++) {
			if (!flag_of(value[i]))
				return -EINVAL;
			flags |= flag_of(value[i]);
		}
	}
	if (strlen(caches) >= sizeof(debug_caches))
		return -EINVAL;
	strscpy(debug_caches, caches, sizeof(debug_caches));
	debug_flags = flags;
	return 0;
}
PARAM("slab_debug", PARAM_CALL(slab_debug_setup),
      "[FZPU][,CACHE...] sanity checks, red zones, poison, users; alone: all; - none");

static bool pattern_matches(const char *pattern, size_t len, const char *name)
{
	char text[sizeof(debug_caches)];

	strscpy(text, pattern, len + 1);
	return glob_match(text, name);
}

u32 slab_debug_flags(const char *name)
{
	const char *at = debug_caches;

	if (!*at)
		return debug_flags;
	while (*at) {
		size_t len = strcspn(at, ",");

		if (pattern_matches(at, len, name))
			return debug_flags;
		at += len + (at[len] == ',');
	}
	return 0;
}

/* ---- the layout of an object -------------------------------------------------------------------------- */

u32 slab_debug_layout(struct kmem_cache *cache, u32 size)
{
	u32 end = ALIGN(size, 8u);

	if (cache->flags & SLAB_RED_ZONE)
		end += 8;
	cache->zone_end = end;
	if (cache->flags & SLAB_META_FLAGS)
		end += (u32)sizeof(struct debug_info);
	return end + (cache->flags & SLAB_RED_ZONE ? cache->align : 0); /* the red zone before */
}

struct debug_info *slab_debug_info(const struct kmem_cache *cache, const void *obj)
{
	return (struct debug_info *)((uintptr_t)obj + cache->zone_end);
}

/* Where the right red zone begins. The record lies behind that zone, so it may be damaged too. */
static u32 guarded_from(const struct kmem_cache *cache, const void *obj)
{
	return min(slab_debug_info(cache, obj)->requested, cache->object_size);
}

static void fill_red_zones(const struct kmem_cache *cache, u8 *obj, u8 byte)
{
	u32 end = guarded_from(cache, obj);

	memset(obj - cache->align, byte, cache->align);
	memset(obj + end, byte, cache->zone_end - end);
}

static void record(struct track *track, unsigned long ip)
{
	*track = (struct track){.ip = ip, .cycles = rdtsc(), .cpu = smp_processor_id()};
}

void slab_debug_init(const struct kmem_cache *cache, void *obj)
{
	struct debug_info *info = slab_debug_info(cache, obj);
	u8 *bytes = obj;

	if (cache->flags & SLAB_META_FLAGS)
		*info = (struct debug_info){.requested = cache->object_size};
	if (cache->flags & SLAB_RED_ZONE)
		fill_red_zones(cache, bytes, RED_INACTIVE);
	if (cache->flags & SLAB_POISON) {
		memset(bytes, POISON_FREE, cache->object_size - 1);
		bytes[cache->object_size - 1] = POISON_END;
	}
}

/* ---- what must hold ----------------------------------------------------------------------------------- */

/* The first byte that is damaged, and what it means; SLAB_OK: none. */
static enum slab_fault red_zones_damage(const struct slab_object *o, u8 byte, const u8 **at)
{
	const struct kmem_cache *cache = o->cache;
	u32 end = guarded_from(cache, o->obj);

	if ((*at = memchr_inv(o->obj - cache->align, byte, cache->align)) != NULL)
		return SLAB_UNDERRUN;
	if ((*at = memchr_inv(o->obj + end, byte, cache->zone_end - end)) != NULL)
		return SLAB_OVERRUN;
	return SLAB_OK;
}

static enum slab_fault poison_damage(const struct slab_object *o, const u8 **at)
{
	const u8 *last = o->obj + o->cache->object_size - 1;

	*at = memchr_inv(o->obj, POISON_FREE, o->cache->object_size - 1);
	if (!*at && *last != POISON_END)
		*at = last;
	return *at ? SLAB_USE_AFTER_FREE : SLAB_OK;
}

static enum slab_fault damage_of(const struct slab_object *o, bool free, const u8 **at)
{
	enum slab_fault fault = SLAB_OK;

	if (free && (o->cache->flags & SLAB_POISON))
		fault = poison_damage(o, at);
	if (fault == SLAB_OK && (o->cache->flags & SLAB_RED_ZONE))
		fault = red_zones_damage(o, free ? RED_INACTIVE : RED_ACTIVE, at);
	return fault;
}

static bool intact(const struct slab_object *o, bool free, unsigned long ip)
{
	const u8 *at = NULL;
	enum slab_fault fault = damage_of(o, free, &at);

	if (fault != SLAB_OK)
		slab_report(fault, o, o->obj, at, ip);
	return fault == SLAB_OK;
}

/* ---- objects out and in ---------------------------------------------------------------------------------- */

bool slab_debug_alloc(const struct slab_object *o, size_t requested, unsigned long ip)
{
	const struct kmem_cache *cache = o->cache;

	if (cache->flags & SLAB_CONSISTENCY_CHECKS)
		slab_check_map(o->cache, o->slab);
	if (!intact(o, true, ip))
		return false;
	if (cache->flags & SLAB_META_FLAGS) {
		struct debug_info *info = slab_debug_info(cache, o->obj);

		info->requested = (u32)requested;
		record(&info->alloc, ip);
	}
	if (cache->flags & SLAB_POISON)
		memset(o->obj, POISON_INUSE, requested);
	if (cache->flags & SLAB_RED_ZONE)
		fill_red_zones(cache, o->obj, RED_ACTIVE);
	return true;
}

bool slab_debug_free(const struct slab_object *o, unsigned long ip)
{
	const struct kmem_cache *cache = o->cache;
	struct track alloc = {0}, free = {0};

	if (cache->flags & SLAB_CONSISTENCY_CHECKS)
		slab_check_map(o->cache, o->slab);
	if (!intact(o, false, ip))
		return false;
	if (cache->flags & SLAB_META_FLAGS) {
		alloc = slab_debug_info(cache, o->obj)->alloc;
		record(&free, ip);
	}
	slab_debug_init(cache, o->obj);
	if (cache->flags & SLAB_META_FLAGS) {
		slab_debug_info(cache, o->obj)->alloc = alloc;
		slab_debug_info(cache, o->obj)->free = free;
	}
	return true;
}

void slab_debug_resize(const struct slab_object *o, size_t requested, unsigned long ip)
{
	const struct kmem_cache *cache = o->cache;

	if (likely(!(cache->flags & SLAB_DEBUG_FLAGS)))
		return;
	if (cache->flags & SLAB_CONSISTENCY_CHECKS)
		slab_check_map(o->cache, o->slab);
	intact(o, false, ip); /* now, because new red zones hide what was done to the old */
	if (cache->flags & SLAB_META_FLAGS)
		slab_debug_info(cache, o->obj)->requested = (u32)requested;
	if (cache->flags & SLAB_RED_ZONE)
		fill_red_zones(cache, o->obj, RED_ACTIVE);
}

/* ---- all objects of a slab --------------------------------------------------------------------------------- */

static struct slab_object object_of(struct kmem_cache *cache, struct slab *slab, u32 index)
{
	return (struct slab_object){
		.cache = cache,
		.slab = slab,
		.index = index,
		.obj = slab_object_at(cache, slab, index),
		.state = &slab->state[index],
	};
}

bool slab_debug_retire(struct kmem_cache *cache, struct slab *slab)
{
	bool good = true;

	for (u32 i = 0; i < cache->objs; i++) {
		struct slab_object o = object_of(cache, slab, i);

		good &= intact(&o, true, 0);
	}
	return good;
}

/* A damaged free object is lost; a used one keeps its owner, so its red zones are mended to be reported once. */
static u32 check_object(const struct slab_object *o)
{
	if (*o->state != OBJ_FREE && *o->state != OBJ_LIVE)
		return 0;
	if (intact(o, *o->state == OBJ_FREE, 0))
		return 0;
	if (*o->state == OBJ_FREE)
		slab_lose(o);
	else
		fill_red_zones(o->cache, o->obj, RED_ACTIVE);
	return 1;
}

static u32 check_objects_on(struct kmem_cache *cache, struct list_head *list)
{
	struct slab *slab, *next;
	u32 faults = 0;

	list_for_each_entry_safe (slab, next, list, link)
		for (u32 i = 0; i < cache->objs; i++) {
			struct slab_object o = object_of(cache, slab, i);

			faults += check_object(&o);
		}
	return faults;
}

u32 slab_check_objects(struct kmem_cache *cache)
{
	if (!(cache->flags & SLAB_DEBUG_FLAGS))
		return 0;
	return check_objects_on(cache, &cache->full) + check_objects_on(cache, &cache->partial) +
	       check_objects_on(cache, &cache->empty);
}
