/*
 * The page-table library and the kernel's own tables. Contract: map, protect and unmap change
 * exactly the range they were given, whatever page sizes they met; tables that map nothing can
 * be freed, and a lack of memory leaves nothing behind; no mapping is writable and executable;
 * page 0 and the low half are not mapped; every stack has an unmapped page below it.
 */
#include <arch/cpufeature.h>
#include <arch/pgtable.h>
#include <arch/stacktrace.h>
#include <kernel/ktest.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/memblock.h>
#include <mm/mm.h>

#define BASE 0x40000000UL /* a gigabyte boundary in an empty half of a private table */

static pte_t *private_pml4;

static int make_table(void)
{
	private_pml4 = kernel_pgtable_ops.alloc();
	return private_pml4 ? 0 : -ENOMEM;
}

static void free_tables(pte_t *table, unsigned int shift)
{
	for (unsigned int i = 0; i < PTRS_PER_TABLE && shift > PAGE_SHIFT; i++)
		if ((table[i] & _PAGE_PRESENT) && !(table[i] & _PAGE_PSE))
			free_tables(phys_to_virt(table[i] & PTE_PFN_MASK), shift - 9);
	kernel_pgtable_ops.free(table);
}

static void drop_table(void)
{
	free_tables(private_pml4, PGD_SHIFT);
}
TEST_SUITE(paging, make_table, drop_table);

/* The physical address that the private table gives, ~0 when none. */
static phys_addr_t lookup(virt_addr_t virt)
{
	struct pt_walk walk;

	pgtable_walk(private_pml4, virt, &walk);
	if (!walk.mapped)
		return ~0ULL;
	return (*walk.entry & PTE_PFN_MASK & ~((1UL << walk.shift) - 1)) |
	       (virt & ((1UL << walk.shift) - 1));
}

static bool writable(virt_addr_t virt)
{
	struct pt_walk walk;

	pgtable_walk(private_pml4, virt, &walk);
	return *walk.entry & _PAGE_RW;
}

TEST(paging, maps_with_the_largest_pages)
{
	struct pt_walk walk;

	ASSERT_EQ(pgtable_map(&kernel_pgtable_ops, private_pml4, BASE - PAGE_SIZE, BASE - PAGE_SIZE,
			      2 * PUD_SIZE, PAGE_KERNEL, PUD_SHIFT),
		  0);
	pgtable_walk(private_pml4, BASE - PAGE_SIZE, &walk);
	EXPECT_EQ(walk.shift, PAGE_SHIFT);
	pgtable_walk(private_pml4, BASE, &walk);
	EXPECT_EQ(walk.shift, max_page_shift);
	pgtable_walk(private_pml4, BASE + PUD_SIZE, &walk);
	EXPECT_EQ(walk.shift, PMD_SHIFT);
	EXPECT_EQ(lookup(BASE + PUD_SIZE + 0x123456), BASE + PUD_SIZE + 0x123456);
	EXPECT_EQ(lookup(BASE + 2 * PUD_SIZE - PAGE_SIZE), ~0ULL);
}

TEST(paging, a_cut_large_page_keeps_the_rest)
{
	virt_addr_t hole = BASE + 5 * PAGE_SIZE;

	ASSERT_EQ(pgtable_map(&kernel_pgtable_ops, private_pml4, BASE, 0, PUD_SIZE, PAGE_KERNEL,
			      PUD_SHIFT),
		  0);
	ASSERT_EQ(pgtable_unmap(&kernel_pgtable_ops, private_pml4, hole, PAGE_SIZE), 0);
	EXPECT_EQ(lookup(hole), ~0ULL);
	EXPECT_EQ(lookup(hole - 1), hole - 1 - BASE);
	EXPECT_EQ(lookup(hole + PAGE_SIZE), hole + PAGE_SIZE - BASE);
	EXPECT_EQ(lookup(BASE + PUD_SIZE - 1), PUD_SIZE - 1);
	ASSERT_EQ(pgtable_protect(&kernel_pgtable_ops, private_pml4, BASE + PMD_SIZE, PMD_SIZE,
				  PAGE_KERNEL_RO),
		  0);
	EXPECT_TRUE(writable(BASE + PMD_SIZE - 1));
	EXPECT_FALSE(writable(BASE + PMD_SIZE));
	EXPECT_FALSE(writable(BASE + 2 * PMD_SIZE - 1));
	EXPECT_TRUE(writable(BASE + 2 * PMD_SIZE));
	EXPECT_EQ(lookup(BASE + PMD_SIZE), PMD_SIZE);
}

TEST(paging, refuses_what_it_cannot_map)
{
	EXPECT_EQ(pgtable_map(&kernel_pgtable_ops, private_pml4, BASE + 1, 0, PAGE_SIZE,
			      PAGE_KERNEL, PUD_SHIFT),
		  -EINVAL);
	EXPECT_EQ(
		pgtable_map(&kernel_pgtable_ops, private_pml4, BASE, 0, 0, PAGE_KERNEL, PUD_SHIFT),
		-EINVAL);
	EXPECT_EQ(pgtable_map(&kernel_pgtable_ops, private_pml4, 0x0000800000000000UL, 0, PAGE_SIZE,
			      PAGE_KERNEL, PUD_SHIFT),
		  -EINVAL);
	EXPECT_EQ(pgtable_map(&kernel_pgtable_ops, private_pml4, 0x00007ffffffff000UL, 0,
			      2 * PAGE_SIZE, PAGE_KERNEL, PUD_SHIFT),
		  -EINVAL);
	ASSERT_EQ(pgtable_map(&kernel_pgtable_ops, private_pml4, BASE, 0, PAGE_SIZE, PAGE_KERNEL,
			      PUD_SHIFT),
		  0);
	EXPECT_EQ(pgtable_map(&kernel_pgtable_ops, private_pml4, BASE, 0, PAGE_SIZE, PAGE_KERNEL,
			      PUD_SHIFT),
		  -EEXIST);
}

/* Random maps, protects and unmaps of 1-600 pages in a window of 4 MiB, against one byte a page. */
TEST(paging, random_ranges_against_a_model)
{
	enum { PAGES = 1024 };
	static u8 model[PAGES]; /* 0 not mapped, 1 read-only, 2 writable */

	memset(model, 0, sizeof(model));
	for (u64 step = ktest_scaled(300); step--;) {
		u64 first = ktest_rand_below(PAGES);
		u64 count = 1 + ktest_rand_below(min((u64)600, PAGES - first));
		virt_addr_t virt = BASE + first * PAGE_SIZE;
		u64 size = count * PAGE_SIZE, what = ktest_rand_below(3);

		if (what == 0) {
			bool clear = !memchr_inv(model + first, 0, count);

			if (!clear)
				continue;
			ASSERT_EQ(pgtable_map(&kernel_pgtable_ops, private_pml4, virt, virt, size,
					      PAGE_KERNEL, PUD_SHIFT),
				  0);
			memset(model + first, 2, count);
		} else if (what == 1) {
			ASSERT_EQ(pgtable_unmap(&kernel_pgtable_ops, private_pml4, virt, size), 0);
			memset(model + first, 0, count);
		} else {
			ASSERT_EQ(pgtable_protect(&kernel_pgtable_ops, private_pml4, virt, size,
						  PAGE_KERNEL_RO),
				  0);
			for (u64 i = first; i < first + count; i++)
				model[i] = model[i] ? 1 : 0;
		}
		for (u64 i = 0; i < PAGES; i++) {
			virt_addr_t v = BASE + i * PAGE_SIZE;

			ASSERT_EQ(lookup(v), model[i] ? v : ~0ULL);
			ASSERT_TRUE(!model[i] || writable(v) == (model[i] == 2));
		}
	}
}

/* ---- tables: how many there are, and what happens when there is no memory for one ------------ */

static u64 tables_left = ~0ULL, nr_tables;

static pte_t *counted_alloc(void)
{
	pte_t *table = tables_left ? kernel_pgtable_ops.alloc() : NULL;

	if (table) {
		tables_left--;
		nr_tables++;
	}
	return table;
}

static void counted_free(pte_t *table)
{
	nr_tables--;
	kernel_pgtable_ops.free(table);
}

static const struct pgtable_ops counted_ops = {counted_alloc, counted_free};

static void free_user_half(void)
{
	pgtable_free_tables(&counted_ops, private_pml4, 0, 1UL << 47);
}

/* A table is freed when all that it could map is in the range, and not before. */
TEST(paging, tables_that_map_nothing_are_freed)
{
	virt_addr_t end = BASE + PUD_SIZE;

	nr_tables = 0;
	ASSERT_EQ(pgtable_map(&counted_ops, private_pml4, BASE, 0, PAGE_SIZE, PAGE_KERNEL,
			      PAGE_SHIFT),
		  0);
	ASSERT_EQ(pgtable_map(&counted_ops, private_pml4, BASE + PMD_SIZE, 0, PAGE_SIZE,
			      PAGE_KERNEL, PAGE_SHIFT),
		  0);
	ASSERT_EQ(pgtable_map(&counted_ops, private_pml4, end, 0, PMD_SIZE, PAGE_KERNEL, PMD_SHIFT),
		  0);
	EXPECT_EQ(nr_tables, 5ULL); /* PDPT, two PDs, two PTs */

	ASSERT_EQ(pgtable_unmap(&counted_ops, private_pml4, BASE, PAGE_SIZE), 0);
	pgtable_free_tables(&counted_ops, private_pml4, BASE, PMD_SIZE - PAGE_SIZE);
	pgtable_free_tables(&counted_ops, private_pml4, BASE + PAGE_SIZE, PMD_SIZE - PAGE_SIZE);
	EXPECT_EQ(nr_tables, 5ULL);
	pgtable_free_tables(&counted_ops, private_pml4, BASE, PMD_SIZE);
	EXPECT_EQ(nr_tables, 4ULL);
	EXPECT_EQ(lookup(BASE + PMD_SIZE), 0ULL);

	ASSERT_EQ(pgtable_unmap(&counted_ops, private_pml4, BASE + PMD_SIZE, PAGE_SIZE), 0);
	pgtable_free_tables(&counted_ops, private_pml4, 0, end);
	EXPECT_EQ(nr_tables, 2ULL);
	EXPECT_EQ(lookup(end + 1), 1ULL);
	ASSERT_EQ(pgtable_unmap(&counted_ops, private_pml4, end, PMD_SIZE), 0);
	free_user_half();
	EXPECT_EQ(nr_tables, 0ULL);
	EXPECT_TRUE(memchr_inv(private_pml4, 0, PAGE_SIZE) == NULL);
}

/*
 * A range that needs several tables and a split, with memory for n of them: it fails cleanly
 * until n is enough.
 */
TEST(paging, no_memory_for_a_table)
{
	virt_addr_t start = BASE - 3 * PAGE_SIZE;
	u64 size = PUD_SIZE + 6 * PAGE_SIZE, n = 0;
	int err = -ENOMEM;

	nr_tables = 0;
	for (; err == -ENOMEM; n++) {
		tables_left = n;
		err = pgtable_map(&counted_ops, private_pml4, start, start, size, PAGE_KERNEL,
				  PUD_SHIFT);
		if (!err)
			err = pgtable_unmap(&counted_ops, private_pml4, BASE + PAGE_SIZE,
					    PAGE_SIZE);
		tables_left = ~0ULL;
		if (!err)
			EXPECT_EQ(lookup(BASE + 2 * PAGE_SIZE), BASE + 2 * PAGE_SIZE);
		ASSERT_EQ(pgtable_unmap(&counted_ops, private_pml4, start, size), 0);
		free_user_half();
		EXPECT_EQ(nr_tables, 0ULL);
	}
	EXPECT_EQ(err, 0);
	EXPECT_GT(n, 4ULL);
}

TEST(paging, the_entry_of_a_small_page)
{
	struct pt_walk walk;
	pte_t *pte;

	nr_tables = 0;
	EXPECT_TRUE(pgtable_lookup_pte(private_pml4, BASE) == NULL);
	EXPECT_EQ(nr_tables, 0ULL);
	pte = pgtable_pte(&counted_ops, private_pml4, BASE + 5 * PAGE_SIZE, PAGE_KERNEL);
	ASSERT_NOT_NULL(pte);
	EXPECT_EQ(nr_tables, 3ULL);
	pgtable_walk(private_pml4, BASE + 5 * PAGE_SIZE, &walk);
	EXPECT_TRUE(walk.entry == pte && !walk.mapped);
	EXPECT_TRUE(pgtable_lookup_pte(private_pml4, BASE + 6 * PAGE_SIZE) == pte + 1);

	ASSERT_EQ(pgtable_map(&counted_ops, private_pml4, BASE + PMD_SIZE, 0, PMD_SIZE, PAGE_KERNEL,
			      PMD_SHIFT),
		  0);
	EXPECT_TRUE(pgtable_lookup_pte(private_pml4, BASE + PMD_SIZE) == NULL);
	pte = pgtable_pte(&counted_ops, private_pml4, BASE + PMD_SIZE + PAGE_SIZE, PAGE_KERNEL);
	ASSERT_NOT_NULL(pte);
	EXPECT_EQ(*pte & PTE_PFN_MASK, PAGE_SIZE);
	EXPECT_EQ(lookup(BASE + 2 * PMD_SIZE - 1), PMD_SIZE - 1);
}

/* ---- visiting -------------------------------------------------------------------------------- */

struct run_model {
	const u8 *model; /* one byte a page from BASE: 0 not mapped, else which protection */
	struct pt_run last;
	u64 pages;
	bool wrong;
};

/* Runs come in order, lie where the model says, and could not have been merged. */
static bool check_against_model(void *ctx, const struct pt_run *run)
{
	struct run_model *m = ctx;
	u64 first = (run->virt - BASE) / PAGE_SIZE;

	for (u64 i = first; i < first + run->size / PAGE_SIZE; i++) {
		bool rw = run->prot & _PAGE_RW;

		m->wrong |= m->model[i] != (rw ? 2 : 1) ||
			    lookup(BASE + i * PAGE_SIZE) != run->phys + (i - first) * PAGE_SIZE;
	}
	if (m->last.size)
		m->wrong |= run->virt < m->last.virt + m->last.size ||
			    (run->virt == m->last.virt + m->last.size &&
			     run->phys == m->last.phys + m->last.size &&
			     run->prot == m->last.prot && run->shift == m->last.shift);
	m->last = *run;
	m->pages += run->size / PAGE_SIZE;
	return true;
}

TEST(paging, runs_say_what_is_mapped)
{
	enum { PAGES = 600 };
	static u8 model[PAGES];
	struct run_model check = {.model = model};
	u64 pages = 0;

	memset(model, 0, sizeof(model));
	for (u64 i = 0; i < PAGES; i++) {
		u64 kind = ktest_rand_below(8), frame = kind == 7 ? 3 * i : i;

		if (kind == 0) /* a hole */
			continue;
		model[i] = kind == 1 ? 1 : 2;
		pages++;
		ASSERT_EQ(pgtable_map(&kernel_pgtable_ops, private_pml4, BASE + i * PAGE_SIZE,
				      frame * PAGE_SIZE, PAGE_SIZE,
				      kind == 1 ? PAGE_KERNEL_RO : PAGE_KERNEL, PAGE_SHIFT),
			  0);
	}
	pgtable_for_each_run(private_pml4, check_against_model, &check);
	EXPECT_FALSE(check.wrong);
	EXPECT_EQ(check.pages, pages);
}

static bool stop_at_third(void *ctx, const struct pt_run *run)
{
	(void)run;
	return ++*(int *)ctx < 3;
}

TEST(paging, a_visitor_may_stop)
{
	int calls = 0;

	for (u64 i = 0; i < 10; i++)
		ASSERT_EQ(pgtable_map(&kernel_pgtable_ops, private_pml4, BASE + 2 * i * PAGE_SIZE,
				      0, PAGE_SIZE, PAGE_KERNEL, PAGE_SHIFT),
			  0);
	pgtable_for_each_run(private_pml4, stop_at_third, &calls);
	EXPECT_EQ(calls, 3);
}

/* ---- the kernel's own ------------------------------------------------------------------------ */

struct run_check {
	u64 runs, wx, user, low;
};

static bool check_run(void *ctx, const struct pt_run *run)
{
	struct run_check *check = ctx;

	check->runs++;
	check->wx += (run->prot & _PAGE_RW) && !(run->prot & _PAGE_NX);
	check->user += !!(run->prot & _PAGE_USER);
	check->low += run->virt < PAGE_OFFSET;
	return true;
}

TEST(paging, kernel_tables_are_w_xor_x)
{
	struct run_check check = {0};

	if (!cpu_has(X86_FEATURE_NX))
		ktest_skip("this CPU has no NX bit");
	pgtable_for_each_run(current_pml4(), check_run, &check);
	EXPECT_GT(check.runs, 3ULL);
	EXPECT_EQ(check.wx, 0ULL);
	EXPECT_EQ(check.user, 0ULL);
	EXPECT_EQ(check.low, 0ULL);
}

TEST(paging, direct_map_is_exactly_the_ram)
{
	struct pt_walk walk;

	for (u32 i = 0; i < memblock.memory.nr; i++) {
		phys_addr_t start = memblock.memory.region[i].base;
		phys_addr_t end = start + memblock.memory.region[i].size;

		pgtable_walk(current_pml4(), PAGE_OFFSET + max(start, (phys_addr_t)PAGE_SIZE),
			     &walk);
		EXPECT_TRUE(walk.mapped);
		pgtable_walk(current_pml4(), PAGE_OFFSET + end - 1, &walk);
		EXPECT_TRUE(walk.mapped);
		pgtable_walk(current_pml4(), PAGE_OFFSET + end, &walk);
		EXPECT_FALSE(walk.mapped);
	}
	pgtable_walk(current_pml4(), PAGE_OFFSET, &walk);
	EXPECT_FALSE(walk.mapped);
}

TEST(paging, stacks_have_guard_pages)
{
	struct stack_info stack;
	size_t n = 0;

	for (; static_stack(n, &stack); n++) {
		struct pt_walk walk;

		pgtable_walk(current_pml4(), stack.low - PAGE_SIZE, &walk);
		EXPECT_FALSE(walk.mapped);
		pgtable_walk(current_pml4(), stack.low, &walk);
		EXPECT_TRUE(walk.mapped);
	}
	EXPECT_GE(n, (size_t)4);
}
