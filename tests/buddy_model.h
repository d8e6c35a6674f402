/*
 * A shadow model of a zone: one flag a frame. It can say more than it seems: when free buddies always
 * merge, the free blocks follow from the set of free frames alone. A block is an aligned range of
 * 2^order free frames whose double is not all free. So the model knows which requests must succeed, and how many
 * blocks of each order there must be, after any sequence of operations.
 *
 * For the tests in the kernel and on the host and for the fuzz target. A check returns "" or says what is wrong.
 */
#ifndef TESTS_BUDDY_MODEL_H
#define TESTS_BUDDY_MODEL_H

#include <lib/string.h>
#include <mm/buddy.h>

#define MODEL_FRAMES 4096u /* at most; whole blocks of the largest order */
#define MODEL_LIVE   1024u

struct buddy_model {
	struct zone *zone;
	pfn_t base; /* a multiple of a largest block */
	u32 frames; /* the same */
	bool free[MODEL_FRAMES];
	u32 nr_live; /* what was allocated and not freed */
	struct {
		struct page *page;
		unsigned int order;
	} live[MODEL_LIVE];
};

/* Are 2^order frames from this one on all free? */
static inline bool model_all_free(const struct buddy_model *m, u32 frame, unsigned int order)
{
	return !memchr_inv(m->free + frame, true, 1UL << order);
}

/* The blocks of an aligned range of 2^order frames, added to count[]. */
static inline void model_count(const struct buddy_model *m, u32 frame, unsigned int order,
			       unsigned long count[NR_ORDERS])
{
	if (model_all_free(m, frame, order)) {
		count[order]++;
	} else if (order) {
		model_count(m, frame, order - 1, count);
		model_count(m, frame + (1u << (order - 1)), order - 1, count);
	}
}

/* How many blocks of each order the zone must have. */
static inline void model_histogram(const struct buddy_model *m, unsigned long count[NR_ORDERS])
{
	memset(count, 0, NR_ORDERS * sizeof(count[0]));
	for (u32 frame = 0; frame < m->frames; frame += 1u << MAX_ORDER)
		model_count(m, frame, MAX_ORDER, count);
}

static inline bool model_can_alloc(const struct buddy_model *m, unsigned int order)
{
	for (u32 frame = 0; frame < m->frames; frame += 1u << order)
		if (model_all_free(m, frame, order))
			return true;
	return false;
}

/* All that can be seen from outside, against the model; the zone's own check is for its inside. */
static inline const char *model_check(const struct buddy_model *m)
{
	unsigned long count[NR_ORDERS], pages = 0;

	if (buddy_check(m->zone))
		return "buddy_check() found something";
	model_histogram(m, count);
	for (unsigned int order = 0; order < NR_ORDERS; order++) {
		if (m->zone->area[order].nr_free != count[order])
			return "the free blocks are not those that the free frames make";
		pages += count[order] << order;
	}
	return m->zone->free == pages ? "" : "the number of free pages is wrong";
}

static inline u32 model_frame(const struct buddy_model *m, const struct page *page)
{
	return (u32)(page_to_pfn(page) - m->base);
}

static inline void model_mark(struct buddy_model *m, u32 frame, unsigned int order, bool is_free)
{
	memset(m->free + frame, is_free, 1UL << order);
}

/* A zone with nothing free, over frames that nobody has. Their struct pages are there. */
static inline void model_init(struct buddy_model *m, struct zone *zone, pfn_t base, u32 frames)
{
	zone_init(zone, "model", NR_ZONES); /* an index that no real zone has */
	memset(m, 0, sizeof(*m));
	m->zone = zone;
	m->base = base;
	m->frames = frames;
	for (u32 i = 0; i < frames; i++)
		*pfn_to_page(base + i) = (struct page){};
}

/* Frames [from, to) become memory. */
static inline void model_add(struct buddy_model *m, u32 from, u32 to)
{
	buddy_free_range(m->zone, m->base + from, m->base + to);
	memset(m->free + from, true, to - from);
}

static inline const char *model_alloc(struct buddy_model *m, unsigned int order)
{
	bool can = model_can_alloc(m, order);
	struct page *page = buddy_alloc(m->zone, order);
	u32 frame;

	if (!page)
		return can ? "an allocation failed that a free block fits" : "";
	frame = model_frame(m, page);
	if (frame >= m->frames || frame % (1u << order))
		return "a block outside of the zone, or not aligned";
	if (!model_all_free(m, frame, order))
		return "a block that somebody has";
	if (page->state != page_state(PAGE_ALLOCATED, order, m->zone->index, 1))
		return "a block without its state";
	model_mark(m, frame, order, false);
	if (m->nr_live == MODEL_LIVE) { /* no room to remember it */
		buddy_free(m->zone, page, order);
		model_mark(m, frame, order, true);
		return "";
	}
	m->live[m->nr_live].page = page;
	m->live[m->nr_live++].order = order;
	return "";
}

/* Free one of the live blocks. */
static inline void model_free(struct buddy_model *m, u32 i)
{
	struct page *page = m->live[i].page;
	unsigned int order = m->live[i].order;

	m->live[i] = m->live[--m->nr_live];
	buddy_free(m->zone, page, order);
	model_mark(m, model_frame(m, page), order, true);
}

static inline void model_free_all(struct buddy_model *m)
{
	while (m->nr_live)
		model_free(m, m->nr_live - 1);
}

/* Turn a live block into two, which may then be freed one by one. */
static inline void model_halve(struct buddy_model *m, u32 i)
{
	unsigned int order = m->live[i].order;

	if (!order || m->nr_live == MODEL_LIVE)
		return;
	m->live[i].order = --order;
	m->live[m->nr_live].page = m->live[i].page + (1UL << order);
	m->live[m->nr_live++].order = order;
}

/* Free a list of up to n of the live single pages in one call. */
static inline const char *model_free_list(struct buddy_model *m, u32 n)
{
	struct page *list = NULL;
	u32 listed = 0;

	for (u32 i = m->nr_live; i-- > 0 && listed < n;) {
		struct page *page = m->live[i].page;

		if (m->live[i].order)
			continue;
		m->live[i] = m->live[--m->nr_live];
		model_mark(m, model_frame(m, page), 0, true);
		page->next_free = list;
		list = page;
		listed++;
	}
	return buddy_free_pages(m->zone, list, listed) ? "a list of pages was not freed to its end"
						       : "";
}

static inline const char *model_take(struct buddy_model *m, u32 frame)
{
	bool was_free = m->free[frame];

	if (was_free && m->nr_live == MODEL_LIVE)
		return "";
	if (!!buddy_block_of(m->base + frame) != was_free)
		return "buddy_block_of() is wrong about a frame";
	if (buddy_take(m->zone, m->base + frame) != was_free)
		return was_free ? "a free frame could not be taken"
				: "a frame was taken from its owner";
	if (!was_free)
		return "";
	m->free[frame] = false;
	m->live[m->nr_live].page = pfn_to_page(m->base + frame);
	m->live[m->nr_live++].order = 0;
	return "";
}

/* One operation, chosen by two numbers: what, and to which. */
static inline const char *model_step(struct buddy_model *m, u32 what, u32 which)
{
	switch (what % 8) {
	case 0:
		return model_alloc(m, which % NR_ORDERS);
	case 1:
	case 2:
		return model_alloc(m, which % 4); /* small ones are the rule */
	case 3:
	case 4:
		if (m->nr_live)
			model_free(m, which % m->nr_live);
		return "";
	case 5:
		if (m->nr_live)
			model_halve(m, which % m->nr_live);
		return "";
	case 6:
		return model_free_list(m, which % 40);
	default:
		return model_take(m, which % m->frames);
	}
}

#endif
