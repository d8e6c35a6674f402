/*
 * The areas of a region of addresses: one red-black tree, sorted by address, augmented with
 * gaps.
 *
 * Invariants: between the end of an area and the start of the next lies a guard page, then
 * exactly next->gap free bytes; max_gap is the largest gap in a subtree. So the sum of all
 * areas, guards and gaps is the region.
 */
#include <lib/errno.h>
#include <mm/vmap_area.h>

#define MAX_DEPTH 128 /* 2 log2(n + 1) for any n that fits into memory */

static inline struct vmap_area *area_of(const struct rb_node *node)
{
	return rb_entry(node, struct vmap_area, node);
}

static inline u64 max_gap_of(const struct rb_node *node)
{
	return node ? area_of(node)->max_gap : 0;
}

/* An area with its guard page. */
static inline u64 footprint(const struct vmap_area *area)
{
	return area->end - area->start + VMAP_GUARD_SIZE;
}

static bool update_max_gap(struct rb_node *node)
{
	struct vmap_area *area = area_of(node);
	u64 below = max(max_gap_of(node->rb_left), max_gap_of(node->rb_right));
	u64 largest = max(area->gap, below);

	if (area->max_gap == largest)
		return false;
	area->max_gap = largest;
	return true;
}

static void set_gap(struct vmap_area *area, u64 gap)
{
	area->gap = gap;
	rb_augment_propagate(&area->node, update_max_gap);
}

void vmap_space_init(struct vmap_space *space, virt_addr_t start, virt_addr_t end)
{
	struct vmap_area *last = &space->last;

	*space = (struct vmap_space){.last = {.start = end, .end = end, .gap = end - start}};
	rb_link_node(&last->node, NULL, &space->root.rb_node);
	rb_insert_augmented(&last->node, &space->root, update_max_gap);
}

/* The lowest area with a gap of `need` bytes before it. */
static struct vmap_area *lowest_fit(const struct vmap_space *space, u64 need)
{
	struct rb_node *node = space->root.rb_node;

	if (max_gap_of(node) < need)
		return NULL;
	for (;;) {
		if (max_gap_of(node->rb_left) >= need)
			node = node->rb_left;
		else if (area_of(node)->gap >= need)
			return area_of(node);
		else
			node = node->rb_right; /* it must be there: max_gap promised it */
	}
}

/* Hang `area` into the tree just before `next`: the end of next's left subtree. */
static void link_before(struct vmap_area *area, struct vmap_area *next)
{
	struct rb_node *parent = &next->node, **link = &parent->rb_left;

	while (*link) {
		parent = *link;
		link = &parent->rb_right;
	}
	rb_link_node(&area->node, parent, link);
}

int vmap_area_insert(struct vmap_space *space, struct vmap_area *area, u64 size)
{
	u64 need = size + VMAP_GUARD_SIZE;
	struct vmap_area *next = need > size ? lowest_fit(space, need) : NULL;

	if (!next)
		return -ENOSPC;
	area->start = next->start - next->gap;
	area->end = area->start + size;
	area->gap = 0;
	set_gap(next, next->gap - need);
	link_before(area, next);
	rb_insert_augmented(&area->node, &space->root, update_max_gap);
	space->nr++;
	return 0;
}

void vmap_area_erase(struct vmap_space *space, struct vmap_area *area)
{
	struct vmap_area *next = area_of(rb_next(&area->node)); /* at least space->last */

	set_gap(next, next->gap + area->gap + footprint(area));
	rb_erase_augmented(&area->node, &space->root, update_max_gap);
	space->nr--;
}

struct vmap_area *vmap_area_above(const struct vmap_space *space, virt_addr_t addr)
{
	const struct rb_node *node = space->root.rb_node;
	struct vmap_area *best = NULL;

	while (node) {
		struct vmap_area *area = area_of(node);

		if (area->end > addr) {
			best = area;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return best == &space->last ? NULL : best;
}

struct vmap_area *vmap_area_find(const struct vmap_space *space, virt_addr_t addr)
{
	const struct rb_node *node = READ_ONCE(space->root.rb_node);

	for (int depth = 0; node && depth < MAX_DEPTH; depth++) {
		struct vmap_area *area = area_of(node);

		if (addr < area->start)
			node = READ_ONCE(node->rb_left);
		else if (addr >= area->end)
			node = READ_ONCE(node->rb_right);
		else
			return area;
	}
	return NULL;
}

u64 vmap_largest_gap(const struct vmap_space *space)
{
	u64 gap = max_gap_of(space->root.rb_node);

	return gap > VMAP_GUARD_SIZE ? gap - VMAP_GUARD_SIZE : 0;
}
