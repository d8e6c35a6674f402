/*
 * Red-black trees, intrusive, with Linux's names: the links are a member of the object, and
 * the user writes the search, because only he knows what his keys are.
 *
 *	struct rb_node **link = &root->rb_node, *parent = NULL;
 *	while (*link) {
 *		parent = *link;
 *		if (key < rb_entry(parent, struct item, node)->key)
 *			link = &parent->rb_left;
 *		else
 *			link = &parent->rb_right;
 *	}
 *	rb_link_node(&item->node, parent, link);
 *	rb_insert_color(&item->node, root);
 *
 * Augmented trees: each node also keeps something about its whole subtree (the largest gap,
 * the least deadline), worked out from itself and its two children by one function. The
 * *_augmented calls keep it right through every change. (Linux has three callbacks, made by a
 * macro, for speed.)
 *
 * Nothing here locks or allocates.
 */
#ifndef LIB_RBTREE_H
#define LIB_RBTREE_H

#include <lib/types.h>

struct rb_node {
	unsigned long rb_parent_color; /* address of the parent, or 0; bit 0: black */
	union {
		struct {
			struct rb_node *rb_left, *rb_right;
		};
		struct rb_node
			*rb_child[2]; /* the same two by number: one code serves both sides */
	};
};

struct rb_root {
	struct rb_node *rb_node;
};

/* A tree that is asked for its first node all the time. */
struct rb_root_cached {
	struct rb_root rb_root;
	struct rb_node *rb_leftmost;
};

#define RB_ROOT	       ((struct rb_root){NULL})
#define RB_ROOT_CACHED ((struct rb_root_cached){{NULL}, NULL})

#define rb_entry(ptr, type, member) container_of(ptr, type, member)
#define rb_entry_safe(ptr, type, member)                  \
	({                                                \
		__typeof__(ptr) _rb = (ptr);              \
		_rb ? rb_entry(_rb, type, member) : NULL; \
	})

#define RB_EMPTY_ROOT(root) ((root)->rb_node == NULL)
/* A node that is its own parent is in no tree. */
#define RB_CLEAR_NODE(node) ((node)->rb_parent_color = (unsigned long)(node))
#define RB_EMPTY_NODE(node) ((node)->rb_parent_color == (unsigned long)(node))

static inline struct rb_node *rb_parent(const struct rb_node *node)
{
	return (struct rb_node *)(node->rb_parent_color & ~1UL);
}

/* Work out what the node keeps about its subtree. Did it change? */
typedef bool (*rb_augment_fn)(struct rb_node *node);

/* In order; NULL at the end. O(log n), a walk through all of them O(n). */
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);

/*
 * Hang the node where a search ended. The tree is a search tree again, and rb_insert_color()
 * must follow.
 */
static inline void rb_link_node(struct rb_node *node, struct rb_node *parent, struct rb_node **link)
{
	node->rb_parent_color = (unsigned long)parent; /* red */
	node->rb_left = node->rb_right = NULL;
	*link = node;
}

void rb_insert_color(struct rb_node *node, struct rb_root *root);
/* The node must be in the tree. Its links are stale afterwards. */
void rb_erase(struct rb_node *node, struct rb_root *root);
/* `fresh`, which is in no tree and has the same key, takes the place of `victim`. */
void rb_replace_node(struct rb_node *victim, struct rb_node *fresh, struct rb_root *root);

void rb_insert_augmented(struct rb_node *node, struct rb_root *root, rb_augment_fn augment);
void rb_erase_augmented(struct rb_node *node, struct rb_root *root, rb_augment_fn augment);
/*
 * The node's own value changed, its place did not: tell those above it, before anything else
 * is done to the tree.
 */
void rb_augment_propagate(struct rb_node *node, rb_augment_fn augment);

#define rb_first_cached(root) ((root)->rb_leftmost)

/* leftmost: the search for the node's place never went right. */
static inline void rb_insert_color_cached(struct rb_node *node, struct rb_root_cached *root,
					  bool leftmost)
{
	if (leftmost)
		root->rb_leftmost = node;
	rb_insert_color(node, &root->rb_root);
}

static inline void rb_erase_cached(struct rb_node *node, struct rb_root_cached *root)
{
	if (root->rb_leftmost == node)
		root->rb_leftmost = rb_next(node);
	rb_erase(node, &root->rb_root);
}

#endif
