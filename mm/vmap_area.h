/*
 * Who has which addresses of a region: areas in one tree, sorted by address. Each area is
 * followed by an unmapped guard page, so no two are ever side by side.
 *
 * The tree is augmented with the free gap before each area, so the lowest gap that is large
 * enough is found in O(log n). (Linux has one tree for the busy and one for the free ranges.)
 *
 * Pure: knows no page table and no lock; the host tests compile it. The caller holds whatever
 * guards the space, except where it says otherwise.
 */
#ifndef MM_VMAP_AREA_H
#define MM_VMAP_AREA_H

#include <arch/page.h>
#include <lib/rbtree.h>

#define VMAP_GUARD_SIZE PAGE_SIZE

struct vmap_area {
	struct rb_node node; /* in vmap_space.root, by start */
	virt_addr_t start;   /* page aligned */
	virt_addr_t end;     /* one past the last byte; the guard page begins here */
	u64 gap;	     /* free bytes between the guard of the area before and `start` */
	u64 max_gap;	     /* the largest gap of any area in the subtree */
	const void *caller;  /* the rest is mm/vmalloc.c's */
	u8 kind;
	u8 state;
};

struct vmap_space {
	struct rb_root root;
	struct vmap_area
		last;	  /* an area without bytes at the region's end: the gap there is one too */
	unsigned long nr; /* areas, without that one */
};

/* All of [start, end) free. Page aligned, not empty. */
void vmap_space_init(struct vmap_space *space, virt_addr_t start, virt_addr_t end);

/*
 * Give `area` the lowest `size` free bytes that have room for a guard page after them: sets
 * start and end. size: a multiple of PAGE_SIZE, not 0. 0; -ENOSPC: no gap is large enough,
 * nothing was changed.
 */
int vmap_area_insert(struct vmap_space *space, struct vmap_area *area, u64 size);
/* Take an area out: its bytes and its guard page are free. */
void vmap_area_erase(struct vmap_space *space, struct vmap_area *area);

/* The first area that ends above addr: the one that contains it, or the next one. NULL: none. */
struct vmap_area *vmap_area_above(const struct vmap_space *space, virt_addr_t addr);
/*
 * The area that contains addr, guard page not included. NULL: none. Also without the lock, in
 * any context, as long as areas are never given to another owner than a vmap_space: it may
 * then miss an area that is just being inserted or erased, but ends after as many steps as a
 * tree can be deep.
 */
struct vmap_area *vmap_area_find(const struct vmap_space *space, virt_addr_t addr);
/* The largest size that vmap_area_insert() can succeed with; 0: none. */
u64 vmap_largest_gap(const struct vmap_space *space);

#endif
