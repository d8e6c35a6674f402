/*
 * Contract (lib/list.h): random operations on two lists leave exactly the orders that the same operations
 * leave in two arrays, forwards and backwards; an entry is told to be off its list as documented.
 */
#include <tests/host/host.h>

#include <lib/list.h>

#define ITEMS 12

struct item {
	int key;
	struct list_head link;
};

struct model {
	int n;
	int key[ITEMS];
};

static struct item items[ITEMS];
static struct list_head lists[2];
static struct model models[2];

static void model_insert(struct model *m, int at, int key)
{
	for (int i = m->n++; i > at; i--)
		m->key[i] = m->key[i - 1];
	m->key[at] = key;
}

static int model_find(const struct model *m, int key)
{
	for (int i = 0; i < m->n; i++)
		if (m->key[i] == key)
			return i;
	return -1;
}

/* false: it was not there. */
static bool model_remove(struct model *m, int key)
{
	int at = model_find(m, key);

	if (at < 0)
		return false;
	for (m->n--; at < m->n; at++)
		m->key[at] = m->key[at + 1];
	return true;
}

static void check(int which)
{
	const struct model *m = &models[which];
	struct list_head *head = &lists[which];
	struct item *item;
	int i = 0;

	list_for_each_entry (item, head, link)
		assert_int_equal(item->key, m->key[i++]);
	assert_int_equal(i, m->n);
	list_for_each_entry_reverse(item, head, link) assert_int_equal(item->key, m->key[--i]);
	assert_int_equal(i, 0);
	assert_int_equal(list_empty(head), m->n == 0);
	assert_int_equal(list_is_singular(head), m->n == 1);
	if (!m->n) {
		assert_null(list_first_entry_or_null(head, struct item, link));
		return;
	}
	assert_int_equal(list_first_entry(head, struct item, link)->key, m->key[0]);
	assert_int_equal(list_last_entry(head, struct item, link)->key, m->key[m->n - 1]);
	assert_true(list_is_first(&items[m->key[0]].link, head));
	assert_true(list_is_last(&items[m->key[m->n - 1]].link, head));
}

/* Put one item on the list `to`, from wherever it is. */
static void place(struct item *item, int to, bool tail)
{
	bool listed = model_remove(&models[0], item->key) || model_remove(&models[1], item->key);

	model_insert(&models[to], tail ? models[to].n : 0, item->key);
	assert_int_equal(list_empty(&item->link), !listed);
	if (listed && tail)
		list_move_tail(&item->link, &lists[to]);
	else if (listed)
		list_move(&item->link, &lists[to]);
	else if (tail)
		list_add_tail(&item->link, &lists[to]);
	else
		list_add(&item->link, &lists[to]);
}

static void splice(int from, bool tail)
{
	struct model *src = &models[from], *dst = &models[!from];
	int at = tail ? dst->n : 0;

	for (int i = 0; i < src->n; i++)
		model_insert(dst, at + i, src->key[i]);
	src->n = 0;
	if (tail)
		list_splice_tail_init(&lists[from], &lists[!from]);
	else
		list_splice_init(&lists[from], &lists[!from]);
}

static void random_operations(void **state)
{
	(void)state;
	host_seed("list");
	INIT_LIST_HEAD(&lists[0]);
	INIT_LIST_HEAD(&lists[1]);
	for (int i = 0; i < ITEMS; i++) {
		items[i].key = i;
		INIT_LIST_HEAD(&items[i].link);
	}
	for (int i = 0; i < 50000; i++) {
		struct item *item = &items[host_rand_below(ITEMS)];
		int which = (int)host_rand_below(2);
		bool tail = host_rand_below(2);

		switch (host_rand_below(8)) {
		case 0:
			splice(which, tail);
			break;
		case 1:
		case 2:
			list_del_init(&item->link);
			if (!model_remove(&models[0], item->key))
				model_remove(&models[1], item->key);
			break;
		default:
			place(item, which, tail);
		}
		check(0);
		check(1);
	}
}

static void safe_walk_survives_removal(void **state)
{
	LIST_HEAD(list);
	struct item *item, *next;
	int seen = 0;

	(void)state;
	for (int i = 0; i < ITEMS; i++) {
		items[i].key = i;
		list_add_tail(&items[i].link, &list);
	}
	list_for_each_entry_safe (item, next, &list, link) {
		assert_int_equal(item->key, seen++);
		list_del(&item->link);
		assert_ptr_equal(item->link.next, LIST_POISON1);
	}
	assert_int_equal(seen, ITEMS);
	assert_true(list_empty(&list));
}

static void replace_takes_the_place(void **state)
{
	LIST_HEAD(list);

	(void)state;
	for (int i = 0; i < 3; i++)
		list_add_tail(&items[i].link, &list);
	list_replace(&items[1].link, &items[5].link);
	assert_ptr_equal(list_next_entry(&items[0], link), &items[5]);
	assert_ptr_equal(list_prev_entry(&items[2], link), &items[5]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_operations),
		cmocka_unit_test(safe_walk_survives_removal),
		cmocka_unit_test(replace_takes_the_place),
	};

	return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
