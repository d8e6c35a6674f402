/*
 * Shared by the files of the slab allocator, and by nobody else.
 *
 *	kmem_cache  one size of object, one of everything below
 *	  magazine  a CPU's stack of free objects            mm/slab.c, mm/slab_fast.h
 *	  slab      2^order pages of objects and their map   mm/slab_page.c
 *
 * Lock order: caches_lock, cache->lock, zone->lock. No lock is held while pages are asked for
 * or a constructor runs.
 */
#ifndef MM_SLAB_INTERNAL_H
#define MM_SLAB_INTERNAL_H

#include <arch/percpu.h>
#include <lib/list.h>
#include <lib/spinlock.h>
#include <mm/page_alloc.h>
#include <mm/slab.h>

/*
 * One byte an object, in its slab's map. Only the holder of cache->lock makes an object FREE or takes it from
 * FREE; LIVE and CACHED are exchanged by whoever owns the object at that moment, with a plain store.
 */
enum object_state {
	OBJ_NONE = 0,	 /* fills the map's last word up */
	OBJ_LIVE = 1,	 /* somebody has it */
	OBJ_CACHED = 2,	 /* in a magazine */
	OBJ_LOST = 3,	 /* found damaged, reported, never used again */
	OBJ_FREE = 0x80, /* the one state with this bit: eight are tested at once */
};
#define OBJ_FREE_WORD 0x8080808080808080ULL

/* page->refcount counts the objects that are not FREE. */
struct slab {
	struct list_head link; /* in one of the cache's three lists */
	u8 *mem;	       /* object 0 */
	struct page *page;
	u8 state[] __aligned(8);
};

/* A free object and its byte in the map, so that allocation need not compute where that is. */
struct mag_entry {
	void *obj;
	u8 *state;
};

/*
 * A stack of free objects. Whoever swaps `top` for NULL holds the magazine, and gives it back by storing `top`: so
 * an interrupt, another thread or another CPU that comes in between finds it busy and goes to the slabs instead.
 */
struct magazine {
	struct mag_entry *top;	/* one past the object freed last; NULL: held */
	struct mag_entry *base; /* top == base: empty */
	unsigned long
		end_mask; /* top & end_mask == 0: full. Entries end where the magazine, aligned to its size, does */
	u64 hits; /* allocations served */
	struct mag_entry entry[];
};

/* Magazines a cache has; more CPUs than that share them, which their holding allows. */
#define NR_SLAB_CPUS 64

#define SLAB_EMPTY_MAX	 3    /* empty slabs that a cache keeps */
#define SLAB_OFF_SLAB	 512u /* objects of so many bytes have their map elsewhere */
#define SLAB_MAP_OBJECTS 32u  /* the most that such a map has */

/* Which magazine is this CPU's: its number modulo NR_SLAB_CPUS. As wide as an index, or each use would extend it. */
DECLARE_PER_CPU(unsigned long, slab_slot);

struct slab_stats {
	u64 refills, flushes; /* of magazines */
	u64 direct;	      /* objects allocated past the magazine */
	u64 born, returned;   /* slabs, from and to the page allocator */
};

struct kmem_cache {
	/* What the fast paths read. */
	unsigned long slab_mask; /* an object's address & slab_mask: its slab's first byte */
	u32 flags;
	u32 objs;	    /* in a slab */
	u32 inverse, shift; /* divide by `size` and see the remainder at once: object_index() */
	u32 size;	    /* from one object to the next */

	u32 object_size; /* what the user asked for */
	u32 align;
	u32 first; /* offset of object 0 in the slab's memory */
	u8 order;
	bool off_slab; /* the map is not in the slab's own pages */
	u16 mag_limit; /* entries; 0: no magazines */
	u32 zone_end; /* debug: where the right red zone ends and struct debug_info begins, from the object's start */
	gfp_t gfp; /* added to every request for pages */
	void (*ctor)(void *obj);
	char name[32];

	spinlock_t lock; /* guards all below but cpu[], and every map's step from and to FREE */
	struct list_head full, partial, empty;
	u32 nr_slabs, nr_empty;
	struct slab_stats stats;

	struct list_head link; /* in slab_caches */
	u32 pins; /* who looks at it now: see slab_for_each_cache(); under caches_lock */
	struct magazine *cpu[NR_SLAB_CPUS];
};

#define SLAB_CONSISTENCY_CHECKS \
	0x0100u			 /* slab_debug=F: no magazines, the whole map checked each time */
#define SLAB_KMALLOC	 0x1000u /* kfree() may free its objects */
#define SLAB_INTERNAL	 0x0010u /* serves the allocator itself: no magazines, never debugged */
#define SLAB_DEBUG_FLAGS (SLAB_POISON | SLAB_RED_ZONE | SLAB_STORE_USER | SLAB_CONSISTENCY_CHECKS)
#define SLAB_META_FLAGS	 (SLAB_RED_ZONE | SLAB_STORE_USER) /* objects have a struct debug_info */

extern struct list_head slab_caches;
extern spinlock_t caches_lock;	    /* guards slab_caches */
extern struct magazine no_magazine; /* stands in where there is none: always held */
extern struct kmem_cache slab_map_cache, magazine_small_cache, magazine_large_cache;

/* A misuse, as told from the pointer and the map. */
enum slab_fault {
	SLAB_OK,
	SLAB_WILD_FREE,	    /* not memory of any slab */
	SLAB_INTERIOR_FREE, /* into an object, or between objects */
	SLAB_FOREIGN_FREE,  /* another cache's object */
	SLAB_DOUBLE_FREE,
	SLAB_STALE_REALLOC,  /* krealloc() of an object that is free */
	SLAB_OVERRUN,	     /* written past the end */
	SLAB_UNDERRUN,	     /* written before the start */
	SLAB_USE_AFTER_FREE, /* written while free */
	SLAB_BUSY_DESTROY,   /* the cache has objects in use */
	SLAB_CORRUPT,	     /* the allocator's own lists or maps disagree */
	NR_SLAB_FAULTS
};
extern u64 slab_faults[NR_SLAB_FAULTS]; /* reports so far */

/* Where a pointer points, as far as it can be told. */
struct slab_object {
	struct kmem_cache *cache; /* NULL: in no slab */
	struct slab *slab;
	u32 index;
	u32 offset; /* from the object's start */
	u8 *obj;
	u8 *state;
};

static inline u8 *slab_object_at(const struct kmem_cache *cache, const struct slab *slab, u32 index)
{
	return slab->mem + (size_t)index * cache->size;
}

/* ---- mm/slab_page.c: slabs ------------------------------------------------------------------------ */

/* Make a slab and put it on the empty list. Takes no lock while it asks for pages. */
bool slab_grow(struct kmem_cache *cache, gfp_t gfp);
/* Move up to `want` objects from FREE to CACHED; returns how many. cache->lock held. */
u32 slab_take(struct kmem_cache *cache, struct mag_entry *out, u32 want);
/* Move n objects from CACHED to FREE; one that is not CACHED is reported and left out. cache->lock held. */
void slab_put(struct kmem_cache *cache, const struct mag_entry *entries, u32 n);
/* Free empty slabs beyond `keep`; returns the pages. Takes cache->lock. */
unsigned long slab_trim(struct kmem_cache *cache, u32 keep);
/* Never use an object again; it stays counted. Takes cache->lock. */
void slab_lose(const struct slab_object *o);
/* Find what p points into; any address may be asked for. Only for SLAB_OK p is the start of an object. */
enum slab_fault slab_find(const void *p, struct slab_object *o);

/* ---- mm/slab.c: magazines --------------------------------------------------------------------------- */

/* The slow path; ip is the caller's address, for the records. No fault injection. */
void *slab_alloc(struct kmem_cache *cache, gfp_t gfp, size_t requested, unsigned long ip);
/* p is not NULL; cache NULL: any cache of kmalloc's will do. */
void slab_free(struct kmem_cache *cache, void *p, unsigned long ip);
/* Empty this CPU's magazine, or every CPU's, into the slabs. */
void slab_flush_cpu(struct kmem_cache *cache, u32 cpu);
void slab_flush_all(struct kmem_cache *cache);
extern u32 slab_nr_cpus; /* slots of cpu[] that were ever used are below */
/* Free all magazines, which are empty. */
void slab_free_magazines(struct kmem_cache *cache);
/* Objects in all magazines of the cache now. */
u32 slab_cached_objects(const struct kmem_cache *cache);
u64 slab_magazine_hits(const struct kmem_cache *cache);

/* ---- mm/slab_cache.c: caches ------------------------------------------------------------------------ */

/* Fill in a cache whose memory the caller has. 0 or -EINVAL. */
int slab_cache_setup(struct kmem_cache *cache, const char *name, size_t size, size_t align,
		     u32 flags, void (*ctor)(void *));
/* A cache of kmalloc's. Boot. */
struct kmem_cache *slab_create_kmalloc(const char *name, u32 size);
/* mm/kmalloc.c: fill in the table of size classes. Boot. */
void kmalloc_init(void);
/* Objects in use: not free, not in a magazine. Walks the slabs under cache->lock. */
u32 slab_live_objects(struct kmem_cache *cache);
/* fn for each cache, in order of creation, until it returns false. No lock is held; the cache stays. */
void slab_for_each_cache(bool (*fn)(struct kmem_cache *cache, void *ctx), void *ctx);

/* ---- mm/slab_debug.c: poison, red zones, owners ----------------------------------------------------- */

struct track {
	unsigned long ip; /* 0: never happened */
	u64 cycles;
	u32 cpu;
};

/* Behind each object of a cache with SLAB_META_FLAGS. */
struct debug_info {
	struct track alloc, free;
	u32 requested; /* bytes; what follows belongs to the red zone */
};

/* slab_debug=VALUE: 0 or -EINVAL. Before kmem_cache_init(). */
int slab_debug_setup(const char *value);
/* What slab_debug= says of a cache of this name. */
u32 slab_debug_flags(const char *name);
/* Lay out one object: red zones and struct debug_info. `size` is the user's; returns the distance between objects. */
u32 slab_debug_layout(struct kmem_cache *cache, u32 size);
struct debug_info *slab_debug_info(const struct kmem_cache *cache, const void *obj);
/* A slab is new: its objects look as freed ones do. */
void slab_debug_init(const struct kmem_cache *cache, void *obj);
/* Is a free object as it was left? Then make it a used one. Reports what is wrong. */
bool slab_debug_alloc(const struct slab_object *o, size_t requested, unsigned long ip);
/* Is a used object's surrounding unharmed? Then make it a free one. */
bool slab_debug_free(const struct slab_object *o, unsigned long ip);
/* A slab goes back: are its objects as they were left? Reports what is wrong. */
bool slab_debug_retire(struct kmem_cache *cache, struct slab *slab);
/*
 * krealloc in place: from now on the red zone guards `requested` bytes. Damage done before is reported and mended: the
 * object keeps its owner.
 */
void slab_debug_resize(const struct slab_object *o, size_t requested, unsigned long ip);
/* Check the red zones and the poison of every object; returns the number of faults, each reported. Quiet system wanted. */
u32 slab_check_objects(struct kmem_cache *cache);

/* ---- mm/slab_check.c: the invariants ------------------------------------------------------------------- */

/* One slab's map against its counts. 0, or the number of faults, each reported. */
u32 slab_check_map(struct kmem_cache *cache, struct slab *slab);
/* Every list, count, map and magazine of the cache. Exact only on a quiet system. */
u32 slab_check_cache(struct kmem_cache *cache);

/* ---- mm/slab_show.c: for people -------------------------------------------------------------------------- */

void slab_show_geometry(const struct kmem_cache *cache);
/* One slab's map, a letter an object. */
void slab_show_map(const struct kmem_cache *cache, const struct slab *slab);

/* ---- mm/slab_report.c -------------------------------------------------------------------------------- */

/*
 * Report once: what, where, who allocated and freed it, the bytes around `at` (NULL: the object), the stack.
 * With panic_on_oops it does not return.
 */
void slab_report(enum slab_fault fault, const struct slab_object *o, const void *p, const void *at,
		 unsigned long ip);
/* An inconsistency of the allocator's own. */
void slab_corrupt(const struct kmem_cache *cache, const struct slab *slab, const char *what);
const char *slab_state_name(u8 state);

#endif
