/*
 * What must hold of a red-black tree at any time, looked at from outside: order, colours,
 * black heights, parent links, and the augmented value of each node. Shared by the test and
 * the fuzz target.
 */
#ifndef TESTS_HOST_RBTREE_CHECK_H
#define TESTS_HOST_RBTREE_CHECK_H

#include <lib/bug.h>
#include <lib/rbtree.h>

struct item {
	u32 key;
	u32 weight;
	u32 heaviest; /* the largest weight in the subtree */
	u32 count;    /* nodes in the subtree */
	bool in_tree;
	struct rb_node node;
};
#define item_of(n) rb_entry(n, struct item, node)

static bool item_augment(struct rb_node *node)
{
	struct item *item = item_of(node);
	u32 heaviest = item->weight, count = 1;

	for (int side = 0; side < 2; side++) {
		struct item *child = rb_entry_safe(node->rb_child[side], struct item, node);

		if (child) {
			heaviest = max(heaviest, child->heaviest);
			count += child->count;
		}
	}
	if (item->heaviest == heaviest && item->count == count)
		return false;
	item->heaviest = heaviest;
	item->count = count;
	return true;
}

static void item_insert(struct rb_root *root, struct item *item, rb_augment_fn augment)
{
	struct rb_node **link = &root->rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = &parent->rb_child[item->key >= item_of(parent)->key];
	}
	rb_link_node(&item->node, parent, link);
	if (augment)
		rb_insert_augmented(&item->node, root, augment);
	else
		rb_insert_color(&item->node, root);
	item->in_tree = true;
}

static void item_erase(struct rb_root *root, struct item *item, rb_augment_fn augment)
{
	if (augment)
		rb_erase_augmented(&item->node, root, augment);
	else
		rb_erase(&item->node, root);
	libc_memset(&item->node, 0xa5, sizeof(item->node)); /* a stale link will not go unseen */
	item->in_tree = false;
}

static bool node_is_black(const struct rb_node *node)
{
	return !node || (node->rb_parent_color & 1);
}

/* Black nodes on every way down from here; the same on both sides, or it does not return. */
static u32 check_subtree(struct rb_node *node, struct rb_node *parent, bool augmented)
{
	u32 left, right;

	if (!node)
		return 0;
	BUG_ON(rb_parent(node) != parent);
	BUG_ON(!node_is_black(node) && !node_is_black(parent));
	left = check_subtree(node->rb_left, node, augmented);
	right = check_subtree(node->rb_right, node, augmented);
	BUG_ON(left != right);
	BUG_ON(augmented && item_augment(node));
	return left + node_is_black(node);
}

/* All of it. Returns the number of nodes, counted forwards and backwards. */
static u32 check_tree(const struct rb_root *root, bool augmented)
{
	struct rb_node *node, *last = NULL;
	u32 n = 0;

	BUG_ON(!node_is_black(root->rb_node));
	check_subtree(root->rb_node, NULL, augmented);
	for (node = rb_first(root); node; node = rb_next(node), n++) {
		BUG_ON(last && item_of(last)->key > item_of(node)->key);
		BUG_ON(rb_prev(node) != last);
		last = node;
	}
	BUG_ON(rb_last(root) != last);
	return n;
}

#endif
