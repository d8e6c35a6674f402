/*
 * A shadow model of the slab allocator: what is allocated, how large it is and what it holds. Every object is filled
 * with bytes of its own, so two objects that share memory, or one whose memory went to somebody else,
 * are seen when either is looked at next. Misuse must be answered by one report of the right kind, and by nothing else.
 *
 * For the tests in the kernel and on the host and for the fuzz target. A check returns "" or says what is wrong.
 */
#ifndef TESTS_SLAB_MODEL_H
#define TESTS_SLAB_MODEL_H

#include <lib/string.h>
#include <mm/fault_inject.h>
#include <mm/slab_internal.h>

/* NOLINTBEGIN(clang-analyzer-unix.Malloc): it knows kmalloc() and kfree(), which are misused here on purpose. */

#define SLAB_MODEL_SLOTS   512u
#define SLAB_MODEL_CTOR	   0xc7 /* what the constructor puts into the first 8 bytes */
#define SLAB_MODEL_LARGEST 20000u

static const struct {
	const char *name;
	u32 size, align;
	bool ctor;
} slab_model_kinds[] = {
	{"model-24", 24, 0, false},	{"model-64", 64, 64, true},
	{"model-200", 200, 32, false},	{"model-1000", 1000, 0, true},
	{"model-5000", 5000, 0, false},
};
#define SLAB_MODEL_CACHES  ARRAY_SIZE(slab_model_kinds)
#define SLAB_MODEL_KMALLOC SLAB_MODEL_CACHES /* as a kind: no cache of its own */

struct slab_model_slot {
	u8 *p; /* NULL: nothing allocated */
	u32 kind, size;
	u8 tag;
};

struct slab_model {
	struct kmem_cache *cache[SLAB_MODEL_CACHES];
	u32 live[SLAB_MODEL_CACHES];
	struct slab_model_slot slot[SLAB_MODEL_SLOTS];
	u8 tag;
	bool misuse; /* steps may misuse objects */
};

static inline void slab_model_ctor(void *obj)
{
	memset(obj, SLAB_MODEL_CTOR, 8);
}

static inline const char *slab_model_init(struct slab_model *m, u32 flags)
{
	memset(m, 0, sizeof(*m));
	for (u32 i = 0; i < SLAB_MODEL_CACHES; i++) {
		m->cache[i] = kmem_cache_create(slab_model_kinds[i].name, slab_model_kinds[i].size,
						slab_model_kinds[i].align, flags,
						slab_model_kinds[i].ctor ? slab_model_ctor : NULL);
		if (!m->cache[i])
			return "a cache could not be created";
	}
	return "";
}

/* ---- what an object holds --------------------------------------------------------------------------- */

/* Only so much at each end: what damages the middle of a large object damages an end of another. */
#define SLAB_MODEL_EDGE 64u

static inline u32 slab_model_next(u32 i, u32 size)
{
	return i + 1 == SLAB_MODEL_EDGE && size > 2 * SLAB_MODEL_EDGE ? size - SLAB_MODEL_EDGE
								      : i + 1;
}

static inline void slab_model_fill(struct slab_model *m, struct slab_model_slot *s)
{
	s->tag = ++m->tag;
	for (u32 i = 0; i < s->size; i = slab_model_next(i, s->size))
		s->p[i] = (u8)(s->tag + i);
}

/* Are the first n bytes as they were filled? */
static inline bool slab_model_holds(const struct slab_model_slot *s, const u8 *p, u32 n)
{
	for (u32 i = 0; i < n; i = slab_model_next(i, s->size))
		if (p[i] != (u8)(s->tag + i))
			return false;
	return true;
}

static inline bool slab_model_has_ctor(const struct slab_model_slot *s)
{
	return s->kind < SLAB_MODEL_CACHES && slab_model_kinds[s->kind].ctor;
}

/* ---- operations --------------------------------------------------------------------------------------- */

static inline const char *slab_model_alloc(struct slab_model *m, struct slab_model_slot *s,
					   gfp_t gfp)
{
	bool zero = gfp & __GFP_ZERO, cache = s->kind < SLAB_MODEL_CACHES;
	u32 align;

	if (cache)
		s->size = slab_model_kinds[s->kind].size;
	align = cache ? max(slab_model_kinds[s->kind].align, 8u) : 8;
	s->p = cache ? kmem_cache_alloc(m->cache[s->kind], gfp) : kmalloc(s->size, gfp);
	if (!s->p)
		return fail_alloc_happened(FAIL_SLAB) || fail_alloc_happened(FAIL_PAGE)
			       ? ""
			       : "an allocation failed";
	if (cache)
		m->live[s->kind]++;
	if ((uintptr_t)s->p % align)
		return "an object is not aligned";
	if (zero && memchr_inv(s->p, 0, s->size))
		return "an object is not cleared";
	if (slab_model_has_ctor(s) && memchr_inv(s->p, SLAB_MODEL_CTOR, 8))
		return "an object lost what its constructor made";
	if (!cache && ksize(s->p) < s->size)
		return "ksize() is less than what was asked for";
	slab_model_fill(m, s);
	return "";
}

static inline const char *slab_model_free(struct slab_model *m, struct slab_model_slot *s)
{
	u8 *p = s->p;

	if (!slab_model_holds(s, p, s->size))
		return "an object changed while it was in use";
	if (slab_model_has_ctor(s))
		slab_model_ctor(p);
	s->p = NULL;
	if (s->kind < SLAB_MODEL_CACHES) {
		kmem_cache_free(m->cache[s->kind], p);
		m->live[s->kind]--;
	} else {
		kfree(p);
	}
	return "";
}

static inline const char *slab_model_realloc(struct slab_model *m, struct slab_model_slot *s,
					     u32 size)
{
	u8 *p = krealloc(s->p, size, GFP_KERNEL);

	if (!p)
		return fail_alloc_happened(FAIL_SLAB) ? "" : "krealloc() failed";
	if (!slab_model_holds(s, p, min(size, s->size)))
		return "krealloc() lost the contents";
	s->p = p;
	s->size = size;
	slab_model_fill(m, s);
	return "";
}

/* ---- misuse ---------------------------------------------------------------------------------------------- */

/* A free of p must raise exactly this one counter by one. */
static inline const char *slab_model_bad_free(struct kmem_cache *cache, void *p,
					      enum slab_fault fault)
{
	u64 before[NR_SLAB_FAULTS];

	memcpy(before, slab_faults, sizeof(before));
	before[fault]++;
	if (cache)
		kmem_cache_free(cache, p);
	else
		kfree(p);
	return memcmp(before, slab_faults, sizeof(before)) == 0
		       ? ""
		       : "a bad free was not reported once, as what it is";
}

static inline const char *slab_model_misuse(struct slab_model *m, struct slab_model_slot *s,
					    u32 how)
{
	bool cache = s->kind < SLAB_MODEL_CACHES;
	struct kmem_cache *own = cache ? m->cache[s->kind] : NULL;
	const char *wrong;
	u8 *p = s->p;

	switch (how % 4) {
	case 0:
		return slab_model_bad_free(own, p + 1 + how % (s->size > 1 ? s->size - 1 : 1),
					   SLAB_INTERIOR_FREE);
	case 1:
		if (!cache && ksize(p) > 8192) /* pages, even when shrunk */
			return slab_model_bad_free(m->cache[0], p, SLAB_WILD_FREE);
		return slab_model_bad_free(cache ? NULL : m->cache[0], p, SLAB_FOREIGN_FREE);
	case 2:
		return slab_model_bad_free(own, m, SLAB_WILD_FREE);
	}
	if (!cache) /* whose memory a kmalloc cache may give to others */
		return "";
	wrong = slab_model_free(m, s);
	return wrong[0] ? wrong : slab_model_bad_free(own, p, SLAB_DOUBLE_FREE);
}

/* ---- steps and checks ------------------------------------------------------------------------------------- */

static inline const char *slab_model_step(struct slab_model *m, u32 what, u32 which, u32 amount)
{
	struct slab_model_slot *s = &m->slot[which % SLAB_MODEL_SLOTS];
	const char *wrong = "";

	switch (what % 16) {
	case 14:
		kmem_cache_shrink(m->cache[amount % SLAB_MODEL_CACHES]);
		return "";
	case 15:
		if (s->p)
			return m->misuse ? slab_model_misuse(m, s, amount) : "";
		fail_alloc_nth(FAIL_SLAB, 1);
		s->kind = amount % (SLAB_MODEL_CACHES + 1);
		s->size = 1 + amount % SLAB_MODEL_LARGEST;
		wrong = slab_model_alloc(m, s, GFP_KERNEL);
		return s->p ? "an allocation was not made to fail" : wrong;
	case 12:
	case 13:
		if (s->p && s->kind == SLAB_MODEL_KMALLOC)
			return slab_model_realloc(m, s, 1 + amount % SLAB_MODEL_LARGEST);
	}
	if (s->p)
		return slab_model_free(m, s);
	s->kind = what % (SLAB_MODEL_CACHES + 1);
	s->size = 1 + amount % (what & 16 ? 300 : SLAB_MODEL_LARGEST);
	return slab_model_alloc(m, s,
				(what & 32 && !slab_model_has_ctor(s) ? __GFP_ZERO : 0) |
					(what & 64 ? GFP_ATOMIC : GFP_KERNEL));
}

/* What lists, maps and counts must say after any step. */
static inline const char *slab_model_check(struct slab_model *m)
{
	for (u32 i = 0; i < SLAB_MODEL_CACHES; i++) {
		if (slab_check_cache(m->cache[i]))
			return "the cache's own check found something";
		if (slab_live_objects(m->cache[i]) != m->live[i])
			return "the cache counts other objects in use than there are";
	}
	return "";
}

/* That nobody wrote where he should not have. Takes long. */
static inline const char *slab_model_check_objects(struct slab_model *m)
{
	for (u32 i = 0; i < SLAB_MODEL_CACHES; i++)
		if (slab_check_objects(m->cache[i]))
			return "a red zone or poison is damaged";
	return "";
}

/* Free everything and destroy the caches, which must then be possible. */
static inline const char *slab_model_end(struct slab_model *m)
{
	for (u32 i = 0; i < SLAB_MODEL_SLOTS; i++) {
		const char *wrong = m->slot[i].p ? slab_model_free(m, &m->slot[i]) : "";

		if (wrong[0])
			return wrong;
	}
	for (u32 i = 0; i < SLAB_MODEL_CACHES; i++)
		if (kmem_cache_destroy(m->cache[i]))
			return "a cache without objects could not be destroyed";
	return "";
}

/* NOLINTEND(clang-analyzer-unix.Malloc) */

#endif
