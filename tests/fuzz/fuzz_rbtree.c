/*
 * A red-black tree under any sequence of insertions and removals: two bytes an operation, one
 * for the item and one for its key. The invariants are checked after each.
 *
 * Sources: lib/rbtree.c
 * Options: -max_len=256
 */
#include <tests/fuzz/fuzz.h>
#include <tests/host/rbtree_check.h>

#define ITEMS 64u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct item items[ITEMS];
	struct fuzz_input in = {data, size};
	struct rb_root root = RB_ROOT;
	rb_augment_fn augment = fuzz_u8(&in) & 1 ? item_augment : NULL;
	u32 count = 0;

	libc_memset(items, 0, sizeof(items));
	while (in.left) {
		struct item *item = &items[fuzz_u8(&in) % ITEMS];

		if (item->in_tree) {
			item_erase(&root, item, augment);
			count--;
		} else {
			item->key = fuzz_u8(&in);
			item->weight = item->key * 37 % 101;
			item_insert(&root, item, augment);
			count++;
		}
		BUG_ON(check_tree(&root, augment != NULL) != count);
	}
	return 0;
}
