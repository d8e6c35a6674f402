/*
 * Red-black trees: binary search trees that stay nearly balanced.
 *
 * Invariants: (1) the root is black; (2) a red node has no red child; (3) every way from a
 * node down to a missing child meets the same number of black nodes. From 2 and 3: no way down
 * is more than twice as long as another, so a tree of n nodes is at most 2 log2(n + 1) deep.
 *
 * A missing child counts as black. The two sides are numbers, 0 left and 1 right: each case is
 * written once, with `side` and `!side`. Cormen, Leiserson, Rivest, Stein: Introduction to
 * Algorithms, chapter 13.
 */
#include <lib/rbtree.h>

#define RB_BLACK 1UL

static inline bool is_black(const struct rb_node *node)
{
	return node->rb_parent_color & RB_BLACK;
}

/* May be asked of a missing child. */
static inline bool is_red(const struct rb_node *node)
{
	return node && !is_black(node);
}

static inline void set_black(struct rb_node *node)
{
	node->rb_parent_color |= RB_BLACK;
}

static inline void set_red(struct rb_node *node)
{
	node->rb_parent_color &= ~RB_BLACK;
}

static inline void copy_color(struct rb_node *to, const struct rb_node *from)
{
	to->rb_parent_color =
		(to->rb_parent_color & ~RB_BLACK) | (from->rb_parent_color & RB_BLACK);
}

static inline void set_parent(struct rb_node *node, struct rb_node *parent)
{
	if (node)
		node->rb_parent_color = (unsigned long)parent | (node->rb_parent_color & RB_BLACK);
}

static inline int side_of(const struct rb_node *node, const struct rb_node *parent)
{
	return node == parent->rb_right;
}

/* Make `parent`, or the root if it is NULL, point to `fresh` where it pointed to `old`. */
static inline void change_child(struct rb_root *root, struct rb_node *parent,
				const struct rb_node *old, struct rb_node *fresh)
{
	if (parent)
		parent->rb_child[side_of(old, parent)] = fresh;
	else
		root->rb_node = fresh;
}

void rb_augment_propagate(struct rb_node *node, rb_augment_fn augment)
{
	while (node && augment(node))
		node = rb_parent(node);
}

/*
 * `node` goes down to `side`; its child from the other side comes up in its place. Order is
 * kept, and so is what lies above: the two stand for the same set of nodes as before.
 *
 *	  node              up
 *	 /    \            /  \
 *	a      up   ->  node   c	(side 0)
 *	      /  \      /  \
 *	     b    c    a    b
 */
static void rotate(struct rb_root *root, struct rb_node *node, int side, rb_augment_fn augment)
{
	struct rb_node *up = node->rb_child[!side], *parent = rb_parent(node);

	node->rb_child[!side] = up->rb_child[side];
	set_parent(up->rb_child[side], node);
	up->rb_child[side] = node;
	change_child(root, parent, node, up);
	set_parent(up, parent);
	set_parent(node, up);
	if (augment) {
		augment(node);
		augment(up);
	}
}

/*
 * A new node is red, which can break only (2), and only towards its parent: carry the fault up
 * until it can be mended.
 */
static void mend_red(struct rb_node *node, struct rb_root *root, rb_augment_fn augment)
{
	struct rb_node *parent;

	while (is_red(parent = rb_parent(node))) {
		struct rb_node *grand = rb_parent(parent); /* there is one: the root is black */
		int side = side_of(parent, grand);
		struct rb_node *uncle = grand->rb_child[!side];

		if (is_red(uncle)) { /* both black, and the grandparent red, changes no count */
			set_black(parent);
			set_black(uncle);
			set_red(grand);
			node = grand;
			continue;
		}
		if (side_of(node, parent) != side) { /* the inner grandchild: turn it outside */
			rotate(root, parent, side, augment);
			parent = node;
		}
		set_black(parent);
		set_red(grand);
		rotate(root, grand, !side, augment);
		break;
	}
	set_black(root->rb_node);
}

/* Below a black parent a red node breaks nothing. */
void rb_insert_color(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *parent = rb_parent(node);

	if (!parent || !is_black(parent))
		mend_red(node, root, NULL);
}

void rb_insert_augmented(struct rb_node *node, struct rb_root *root, rb_augment_fn augment)
{
	augment(node);
	rb_augment_propagate(rb_parent(node), augment);
	mend_red(node, root, augment);
}

/*
 * The subtree on `side` of `parent` is one black short. Its sibling has that black, so there
 * is a sibling; take a red from it or from above and blacken it, or make the sibling short too
 * and go up.
 */
static void mend_black(struct rb_node *parent, int side, struct rb_root *root,
		       rb_augment_fn augment)
{
	for (;;) {
		struct rb_node *sibling = parent->rb_child[!side], *above;

		if (!is_black(sibling)) { /* get a black one, which was its child */
			set_black(sibling);
			set_red(parent);
			rotate(root, parent, side, augment);
			sibling = parent->rb_child[!side];
		}
		if (is_red(sibling->rb_child[side]) && !is_red(sibling->rb_child[!side])) {
			set_black(sibling->rb_child[side]);
			set_red(sibling);
			rotate(root, sibling, !side, augment);
			sibling = parent->rb_child[!side];
		}
		if (is_red(sibling->rb_child[!side])) { /* a red to spare on the far side */
			copy_color(sibling, parent);
			set_black(parent);
			set_black(sibling->rb_child[!side]);
			rotate(root, parent, side, augment);
			return;
		}
		set_red(sibling);
		above = rb_parent(parent);
		if (is_red(parent) || !above) {
			set_black(parent);
			return;
		}
		side = side_of(parent, above);
		parent = above;
	}
}

static struct rb_node *outermost(struct rb_node *node, int side)
{
	while (node && node->rb_child[side])
		node = node->rb_child[side];
	return node;
}

/*
 * A node with two children and the next one in order, which has no left child, change places
 * and colours.
 */
static struct rb_node *swap_with_next(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *next = outermost(node->rb_right, 0);
	struct rb_node old = *next;

	change_child(root, rb_parent(node), node, next);
	*next = *node;
	set_parent(next->rb_left, next);
	*node = old;
	set_parent(node->rb_right, node);
	if (rb_parent(&old) == node) { /* they were neighbours */
		next->rb_right = node;
		set_parent(node, next);
	} else {
		set_parent(next->rb_right, next);
		rb_parent(&old)->rb_left = node;
	}
	return next;
}

static void erase(struct rb_node *node, struct rb_root *root, rb_augment_fn augment)
{
	struct rb_node *moved = NULL, *parent, *child;
	int side;

	if (node->rb_left && node->rb_right)
		moved = swap_with_next(node, root);
	child = node->rb_left ? node->rb_left : node->rb_right;
	parent = rb_parent(node);
	side = parent ? side_of(node, parent) : 0;
	change_child(root, parent, node, child);
	set_parent(child, parent);
	if (augment) {
		rb_augment_propagate(parent, augment);
		if (moved) { /* what it keeps was about its old place: it cannot tell a change */
			augment(moved);
			rb_augment_propagate(rb_parent(moved), augment);
		}
	}
	if (child) /* an only child is red, or (3) would not hold */
		set_black(child);
	else if (parent && is_black(node))
		mend_black(parent, side, root, augment);
}

/* A red leaf is missed by nobody: what was inserted last is often one. */
void rb_erase(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *parent = rb_parent(node);

	if (!node->rb_left && !node->rb_right && !is_black(node))
		parent->rb_child[side_of(node, parent)] = NULL;
	else
		erase(node, root, NULL);
}

void rb_erase_augmented(struct rb_node *node, struct rb_root *root, rb_augment_fn augment)
{
	erase(node, root, augment);
}

void rb_replace_node(struct rb_node *victim, struct rb_node *fresh, struct rb_root *root)
{
	*fresh = *victim;
	change_child(root, rb_parent(victim), victim, fresh);
	set_parent(fresh->rb_left, fresh);
	set_parent(fresh->rb_right, fresh);
}

struct rb_node *rb_first(const struct rb_root *root)
{
	return outermost(root->rb_node, 0);
}

struct rb_node *rb_last(const struct rb_root *root)
{
	return outermost(root->rb_node, 1);
}

/*
 * The nearest node on one side: the other end of the subtree there, or the first ancestor on
 * that side.
 */
static struct rb_node *neighbour(const struct rb_node *node, int side)
{
	struct rb_node *parent;

	if (node->rb_child[side])
		return outermost(node->rb_child[side], !side);
	while ((parent = rb_parent(node)) && side_of(node, parent) == side)
		node = parent;
	return parent;
}

struct rb_node *rb_next(const struct rb_node *node)
{
	return neighbour(node, 1);
}

struct rb_node *rb_prev(const struct rb_node *node)
{
	return neighbour(node, 0);
}
