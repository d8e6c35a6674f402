/*
 * Red-black trees against a sorted array: random insertions, removals and replacements, and
 * after each one all invariants (tests/host/rbtree_check.h) and the same keys in the same
 * order.
 *
 * Sources: lib/rbtree.c
 */
#include <tests/host/host.h>
#include <tests/host/rbtree_check.h>

#define ITEMS 200u

static struct item items[ITEMS + 1];
static struct rb_root root;

/* The model: keys in order. */
static u32 sorted[ITEMS];
static u32 nr_sorted;

static void model_insert(u32 key)
{
	u32 at = nr_sorted++;

	for (; at && sorted[at - 1] > key; at--)
		sorted[at] = sorted[at - 1];
	sorted[at] = key;
}

static void model_erase(u32 key)
{
	u32 at = 0;

	while (sorted[at] != key)
		at++;
	for (nr_sorted--; at < nr_sorted; at++)
		sorted[at] = sorted[at + 1];
}

static void check(bool augmented)
{
	u32 i = 0;

	assert_int_equal(check_tree(&root, augmented), nr_sorted);
	for (struct rb_node *node = rb_first(&root); node; node = rb_next(node))
		assert_int_equal(item_of(node)->key, sorted[i++]);
}

static void toggle(struct item *item, u32 keys, rb_augment_fn augment)
{
	if (item->in_tree) {
		model_erase(item->key);
		item_erase(&root, item, augment);
	} else {
		item->key = (u32)host_rand_below(keys);
		item->weight = (u32)host_rand_below(1000);
		model_insert(item->key);
		item_insert(&root, item, augment);
	}
}

static void start(void)
{
	root = RB_ROOT;
	nr_sorted = 0;
	libc_memset(items, 0, sizeof(items));
}

static void random_steps(u32 nr_items, u32 keys, rb_augment_fn augment)
{
	start();
	for (u32 step = 0; step < 4000; step++) {
		toggle(&items[host_rand_below(nr_items)], keys, augment);
		check(augment != NULL);
	}
	for (u32 i = 0; i < nr_items; i++)
		if (items[i].in_tree) {
			toggle(&items[i], keys, augment);
			check(augment != NULL);
		}
	assert_true(RB_EMPTY_ROOT(&root));
	assert_null(rb_first(&root));
	assert_null(rb_last(&root));
}

static void plain(void **state)
{
	(void)state;
	random_steps(ITEMS, 1000000, NULL);
	random_steps(7, 1000000, NULL);
}

static void equal_keys(void **state)
{
	(void)state;
	random_steps(ITEMS, 5, NULL);
}

static void augmented(void **state)
{
	(void)state;
	random_steps(ITEMS, 1000000, item_augment);
	random_steps(9, 20, item_augment);
}

/* A node whose own value changes tells everyone above it. */
static void propagates(void **state)
{
	(void)state;
	start();
	for (u32 i = 0; i < ITEMS; i++)
		toggle(&items[i], 1000000, item_augment);
	for (u32 step = 0; step < 1000; step++) {
		struct item *item = &items[host_rand_below(ITEMS)];

		item->weight = (u32)host_rand_below(2000);
		rb_augment_propagate(&item->node, item_augment);
		check(true);
	}
}

static void replaces(void **state)
{
	struct item *spare = &items[ITEMS];

	(void)state;
	start();
	for (u32 i = 0; i < ITEMS; i++)
		toggle(&items[i], 1000000, NULL);
	for (u32 step = 0; step < 500; step++) {
		struct item *victim = &items[host_rand_below(ITEMS + 1)];

		if (victim == spare)
			continue;
		spare->key = victim->key;
		rb_replace_node(&victim->node, &spare->node, &root);
		libc_memset(&victim->node, 0xa5, sizeof(victim->node));
		spare = victim;
		check(false);
	}
}

/* Sorted input is what an unbalanced tree dies of: no way down may be longer than 2 log2(n + 1). */
static void depth_is_bounded(void **state)
{
	(void)state;
	for (int downwards = 0; downwards < 2; downwards++) {
		u32 deepest = 0;

		start();
		for (u32 i = 0; i < ITEMS; i++) {
			items[i].key = downwards ? ITEMS - i : i;
			model_insert(items[i].key);
			item_insert(&root, &items[i], NULL);
		}
		check(false);
		for (u32 i = 0; i < ITEMS; i++) {
			u32 depth = 1;

			for (struct rb_node *n = &items[i].node; (n = rb_parent(n));)
				depth++;
			deepest = max(deepest, depth);
		}
		assert_in_range(deepest, 8, 2 * 8);
	}
}

static void cached_first(void **state)
{
	static struct rb_root_cached tree;

	(void)state;
	start();
	for (u32 step = 0; step < 2000; step++) {
		struct item *item = &items[host_rand_below(50)];

		if (item->in_tree) {
			rb_erase_cached(&item->node, &tree);
			item->in_tree = false;
		} else {
			struct rb_node **link = &tree.rb_root.rb_node, *parent = NULL;
			bool leftmost = true;

			item->key = (u32)host_rand_below(100);
			while (*link) {
				bool right = item->key >= item_of(*link)->key;

				parent = *link;
				link = &parent->rb_child[right];
				leftmost &= !right;
			}
			rb_link_node(&item->node, parent, link);
			rb_insert_color_cached(&item->node, &tree, leftmost);
			item->in_tree = true;
		}
		check_tree(&tree.rb_root, false);
		assert_ptr_equal(rb_first_cached(&tree), rb_first(&tree.rb_root));
	}
}

static void empty_nodes(void **state)
{
	struct rb_node node;

	(void)state;
	RB_CLEAR_NODE(&node);
	assert_true(RB_EMPTY_NODE(&node));
	start();
	rb_link_node(&node, NULL, &root.rb_node);
	rb_insert_color(&node, &root);
	assert_false(RB_EMPTY_NODE(&node));
	assert_null(rb_next(&node));
	assert_null(rb_prev(&node));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain),	cmocka_unit_test(equal_keys),
		cmocka_unit_test(augmented),	cmocka_unit_test(propagates),
		cmocka_unit_test(replaces),	cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(cached_first), cmocka_unit_test(empty_nodes),
	};

	host_seed("rbtree");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
