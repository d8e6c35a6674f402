/*
 * The vmalloc region. Contract: what an area holds is its own and survives others' comings and
 * goings; the page on either side of it faults, and so does all of it once it is freed; a
 * misused address is reported once and nothing else happens; whatever fails, at whatever step,
 * loses no page and no address.
 *
 * After each test the region holds what it held before, page for page.
 */
#include <arch/pgtable.h>
#include <arch/stacktrace.h>
#include <kernel/ktest.h>
#include <lib/printk.h>
#include <lib/string.h>
#include <mm/fault_inject.h>
#include <mm/ioremap.h>
#include <mm/memblock.h>
#include <mm/mm.h>
#include <mm/page_alloc.h>
#include <mm/vmalloc_internal.h>

#define PAGE_FAULT 14
#define APIC_PHYS \
	0xfee00000ULL /* a device on every machine with the tests' CPUs; never accessed here */

static struct usage {
	unsigned long areas, pages, free_pages;
	u64 largest;
} before;

static struct usage usage(void)
{
	struct usage now;

	drain_stack_cache();
	vm_region_usage(&now.areas, &now.largest);
	now.pages = vmalloc_nr_pages();
	now.free_pages = nr_free_pages();
	return now;
}

static u64 loglevel;

/*
 * Page tables and descriptors stay once they are made: make those that the tests need. The
 * reports that the tests provoke by the dozen go to the log, not to a slow serial line.
 */
/* Page tables and descriptors are kept for good: have them made before they could look like a leak. */
static void warm_up(void)
{
	static void *area[64];

	vfree(vmalloc(2 * PMD_SIZE));
	for (u32 i = 0; i < ARRAY_SIZE(area); i++)
		area[i] = vmalloc(PAGE_SIZE);
	for (u32 i = 0; i < ARRAY_SIZE(area); i++)
		vfree(area[i]);
}

static int remember(void)
{
	loglevel = console_loglevel;
	console_loglevel = LOGLEVEL_EMERG;
	warm_up();
	before = usage();
	return 0;
}

static void check_nothing_lost(void)
{
	struct usage now;

	console_loglevel = loglevel;
	fail_alloc_nth(FAIL_PAGE, 0);
	fail_alloc_nth(FAIL_VMALLOC, 0);
	now = usage();
	EXPECT_EQ(now.areas, before.areas);
	EXPECT_EQ(now.pages, before.pages);
	EXPECT_EQ(now.free_pages, before.free_pages);
	EXPECT_EQ(now.largest, before.largest);
}
TEST_SUITE(vmalloc, remember, check_nothing_lost);

static bool mapped(virt_addr_t virt)
{
	struct pt_walk walk;

	pgtable_walk(kernel_pml4, virt, &walk);
	return walk.mapped;
}

/* Each word says whose it is and where: no page may be in two areas, or twice in one. */
static void fill_words(u64 *p, size_t size, u64 tag)
{
	for (size_t i = 0; i < size / sizeof(*p); i++)
		p[i] = tag << 32 | i;
}

static bool words_are(const u64 *p, size_t size, u64 tag)
{
	for (size_t i = 0; i < size / sizeof(*p); i++)
		if (p[i] != (tag << 32 | i))
			return false;
	return true;
}

TEST(vmalloc, memory_is_its_own)
{
	size_t size = 700 * PAGE_SIZE + 12; /* over the edge of a page table */
	u64 *p = vmalloc(size);

	ASSERT_NOT_NULL(p);
	EXPECT_TRUE(IS_ALIGNED((virt_addr_t)p, PAGE_SIZE));
	EXPECT_EQ(vmalloc_nr_pages(), before.pages + 701);
	fill_words(p, ALIGN(size, PAGE_SIZE), 1);
	EXPECT_TRUE(words_are(p, ALIGN(size, PAGE_SIZE), 1));
	vfree(p);
}

TEST(vmalloc, vzalloc_clears)
{
	size_t size = 5 * PAGE_SIZE;
	u64 *p = vmalloc(size);

	ASSERT_NOT_NULL(p);
	memset(p, 0xff, size);
	vfree(p);
	p = vzalloc(size);
	ASSERT_NOT_NULL(p);
	EXPECT_TRUE(memchr_inv(p, 0, size) == NULL);
	vfree(p);
}

TEST(vmalloc, absurd_sizes_are_refused)
{
	EXPECT_TRUE(vmalloc(0) == NULL);
	EXPECT_TRUE(vmalloc(~0UL) == NULL);
	EXPECT_TRUE(vmalloc(1UL << 63) == NULL);
	EXPECT_TRUE(vmalloc(VMALLOC_END - VMALLOC_START) == NULL);
	EXPECT_TRUE(vmalloc((nr_managed_pages() + 1) << PAGE_SHIFT) == NULL);
	EXPECT_TRUE(vmap(NULL, 0, PAGE_KERNEL) == NULL);
	vfree(NULL);
	vunmap(NULL);
	iounmap(NULL);
	free_stack(NULL);
}

/* Read, so that a wrong answer does no harm. */
static void touch(virt_addr_t addr)
{
	(void)*(volatile u8 *)addr;
}

TEST(vmalloc, pages_around_an_area_fault)
{
	virt_addr_t start = (virt_addr_t)vmalloc(3 * PAGE_SIZE);
	virt_addr_t next = (virt_addr_t)vmalloc(PAGE_SIZE);

	ASSERT_TRUE(start && next);
	EXPECT_FAULT(PAGE_FAULT, touch(start - 1));
	EXPECT_EQ(ktest_fault_cr2(), start - 1);
	EXPECT_FAULT(PAGE_FAULT, touch(start + 3 * PAGE_SIZE));
	EXPECT_FAULT(PAGE_FAULT, touch(next - 1));
	EXPECT_FAULT(PAGE_FAULT, touch(next + PAGE_SIZE));
	touch(start);
	touch(start + 3 * PAGE_SIZE - 1);
	vfree((void *)start);
	vfree((void *)next);
}

TEST(vmalloc, freed_memory_faults_at_once)
{
	virt_addr_t start = (virt_addr_t)vmalloc(64 * PAGE_SIZE); /* enough for a full flush */
	virt_addr_t small = (virt_addr_t)vmalloc(PAGE_SIZE);

	ASSERT_TRUE(start && small);
	touch(start); /* into the TLB */
	touch(start + 63 * PAGE_SIZE);
	touch(small);
	EXPECT_TRUE(is_vmalloc_addr((void *)(start + 1)));
	EXPECT_FALSE(is_vmalloc_addr((void *)(start + 64 * PAGE_SIZE)));
	vfree((void *)start);
	vfree((void *)small);
	EXPECT_FAULT(PAGE_FAULT, touch(start));
	EXPECT_FAULT(PAGE_FAULT, touch(start + 63 * PAGE_SIZE));
	EXPECT_FAULT(PAGE_FAULT, touch(small));
	EXPECT_FALSE(is_vmalloc_addr((void *)start));
	EXPECT_FALSE(is_vmalloc_addr(&before));
}

/* What is mapped in the region is exactly what the areas say: no page more, none less. */
static bool count_mapped(void *ctx, const struct pt_run *run)
{
	if (run->virt >= VMALLOC_START && run->virt < VMALLOC_END)
		*(u64 *)ctx += run->size;
	return true;
}

static void check_mapped_is_areas(void)
{
	struct vmap_area area = {0};
	virt_addr_t last_end = 0;
	u64 in_tables = 0, in_areas = 0;

	while (vm_area_above(area.end, &area)) {
		EXPECT_GE(area.start, last_end + VMAP_GUARD_SIZE);
		EXPECT_FALSE(mapped(area.start - PAGE_SIZE));
		EXPECT_TRUE(mapped(area.start));
		EXPECT_TRUE(mapped(area.end - 1));
		EXPECT_FALSE(mapped(area.end));
		last_end = area.end;
		in_areas += area.end - area.start;
	}
	pgtable_for_each_run(kernel_pml4, count_mapped, &in_tables);
	EXPECT_EQ(in_tables, in_areas);
}

TEST(vmalloc, random_areas_do_not_disturb_each_other)
{
	enum { SLOTS = 24 };
	static struct {
		u64 *p;
		size_t size;
	} slot[SLOTS];

	for (u64 step = 0; step < 300; step++) {
		u64 i = ktest_rand_below(SLOTS);

		if (slot[i].p) {
			ASSERT_TRUE(words_are(slot[i].p, slot[i].size, i));
			vfree(slot[i].p);
			slot[i].p = NULL;
		} else {
			slot[i].size = (1 + ktest_rand_below(12)) * PAGE_SIZE;
			slot[i].p = vmalloc(slot[i].size);
			ASSERT_NOT_NULL(slot[i].p);
			fill_words(slot[i].p, slot[i].size, i);
		}
		if (step % 50 == 0)
			check_mapped_is_areas();
	}
	for (u64 i = 0; i < SLOTS; i++) {
		EXPECT_TRUE(!slot[i].p || words_are(slot[i].p, slot[i].size, i));
		vfree(slot[i].p);
		slot[i].p = NULL;
	}
	check_mapped_is_areas();
}

/* ---- misuse ---------------------------------------------------------------------------------- */

#define EXPECT_REPORTED(code)                               \
	do {                                                \
		u64 _reports = bad_vfree_reports;           \
		code;                                       \
		EXPECT_EQ(bad_vfree_reports, _reports + 1); \
	} while (0)

TEST(vmalloc, misuse_is_reported_and_nothing_else_happens)
{
	u8 *p = vmalloc(3 * PAGE_SIZE), *stack = alloc_stack();
	void *io = ioremap(APIC_PHYS, PAGE_SIZE);
	u64 local;

	ASSERT_TRUE(p && stack && io);
	fill_words((u64 *)p, 3 * PAGE_SIZE, 7);
	EXPECT_REPORTED(vfree(p + 1));
	EXPECT_REPORTED(vfree(p + PAGE_SIZE));
	EXPECT_REPORTED(vfree(p + 3 * PAGE_SIZE));
	EXPECT_REPORTED(vfree(p - 1));
	EXPECT_REPORTED(vfree(&local));
	EXPECT_REPORTED(vfree((void *)1));
	EXPECT_REPORTED(vfree((void *)~0UL));
	EXPECT_REPORTED(vunmap(p));
	EXPECT_REPORTED(iounmap(p));
	EXPECT_REPORTED(free_stack(p));
	EXPECT_REPORTED(vfree(stack));
	EXPECT_REPORTED(vfree(io));
	EXPECT_REPORTED(free_stack(stack + PAGE_SIZE));
	EXPECT_TRUE(words_are((u64 *)p, 3 * PAGE_SIZE, 7));
	EXPECT_TRUE(mapped((virt_addr_t)stack) && mapped((virt_addr_t)io));

	free_stack(stack);
	EXPECT_REPORTED(free_stack(stack)); /* it waits in the CPU's cache */
	vfree(p);
	EXPECT_REPORTED(vfree(p));
	iounmap(io);
	EXPECT_REPORTED(iounmap(io));
}

/* ---- failure at every step ------------------------------------------------------------------- */

static struct page *frames[3];

static void *do_vmalloc(void)
{
	return vmalloc(5 * PAGE_SIZE);
}

static void *do_vmap(void)
{
	return vmap(frames, ARRAY_SIZE(frames), PAGE_KERNEL);
}

static void *do_ioremap(void)
{
	return ioremap(APIC_PHYS, 2 * PAGE_SIZE);
}

static void *do_large_vmalloc(void)
{
	return vmalloc(2 * PMD_SIZE);
}

static void undo_stack(const void *p)
{
	free_stack((void *)(virt_addr_t)p);
	drain_stack_cache();
}

static void fail_each_step(enum fail_suite suite, void *(*make)(void), void (*undo)(const void *),
			   u64 stride)
{
	u64 n = 1;

	for (;; n += stride) {
		struct usage start = usage(), now;
		void *p;

		fail_alloc_nth(suite, n);
		p = make();
		if (!fail_alloc_happened(suite)) {
			fail_alloc_nth(suite, 0);
			ASSERT_NOT_NULL(p);
			undo(p);
			break;
		}
		EXPECT_TRUE(p == NULL);
		now = usage();
		EXPECT_EQ(now.areas, start.areas);
		EXPECT_EQ(now.pages, start.pages);
		EXPECT_EQ(now.free_pages, start.free_pages);
	}
	EXPECT_GT(n, 1ULL);
}

TEST(vmalloc, failure_at_any_step_unwinds)
{
	for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
		frames[i] = alloc_page(GFP_KERNEL);
		ASSERT_NOT_NULL(frames[i]);
	}
	fail_each_step(FAIL_PAGE, do_vmalloc, vfree, 1);
	fail_each_step(FAIL_PAGE, do_large_vmalloc, vfree, 111);
	fail_each_step(FAIL_PAGE, alloc_stack, undo_stack, 1);
	fail_each_step(FAIL_VMALLOC, do_vmalloc, vfree, 1);
	fail_each_step(FAIL_VMALLOC, do_vmap, vunmap, 1);
	fail_each_step(FAIL_VMALLOC, do_ioremap, iounmap, 1);
	fail_each_step(FAIL_VMALLOC, alloc_stack, undo_stack, 1);
	for (size_t i = 0; i < ARRAY_SIZE(frames); i++)
		__free_page(frames[i]);
}

/*
 * Where there are no page tables yet: a failure may leave one, which the next attempt uses;
 * after success none is lost.
 */
TEST(vmalloc, failure_while_tables_are_made)
{
	struct vmap_area *filler[8];
	struct usage start;
	u64 n = 1, *p = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(filler); i++) { /* addresses only: 8 GiB out of the way */
		filler[i] = get_vm_area(PUD_SIZE, VM_MAP, NULL);
		ASSERT_NOT_NULL(filler[i]);
	}
	for (bool failed = true; failed; n++) {
		fail_alloc_nth(FAIL_PAGE, n);
		p = vmalloc(2 * PAGE_SIZE);
		failed = fail_alloc_happened(FAIL_PAGE);
		EXPECT_EQ(p == NULL, failed);
	}
	fail_alloc_nth(FAIL_PAGE, 0);
	EXPECT_GT(n, 4ULL); /* two pages, and at least two tables */
	ASSERT_NOT_NULL(p);
	fill_words(p, 2 * PAGE_SIZE, n);
	EXPECT_TRUE(words_are(p, 2 * PAGE_SIZE, n));
	vfree(p);
	start = usage();
	vfree(vmalloc(2 * PAGE_SIZE));
	EXPECT_EQ(usage().free_pages, start.free_pages);
	for (size_t i = 0; i < ARRAY_SIZE(filler); i++)
		release_vm_area(filler[i]);
	before.free_pages = usage().free_pages; /* the tables stay */
}

/* All of a small machine's memory, and all of it back. */
TEST(vmalloc, takes_all_memory_and_gives_it_back)
{
	size_t size = nr_free_pages() << PAGE_SHIFT;
	void *p;

	if (size > MiB(48))
		ktest_skip("%zu MiB of memory are free: too many to take", size >> 20);
	while (!(p = vmalloc(size)))
		size -= size / 16;
	EXPECT_GT(size, MiB(1));
	vfree(p);
	before.free_pages =
		usage().free_pages; /* page tables for all of it stay, and its struct pages */
}

/* ---- vmap, ioremap, stacks ------------------------------------------------------------------- */

TEST(vmalloc, vmap_shows_the_same_pages)
{
	struct page *pages[4];
	u64 *window;

	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		pages[i] = alloc_page(GFP_KERNEL);
		ASSERT_NOT_NULL(pages[i]);
	}
	window = vmap(pages, ARRAY_SIZE(pages), PAGE_KERNEL);
	ASSERT_NOT_NULL(window);
	for (u64 i = 0; i < ARRAY_SIZE(pages); i++) {
		*(u64 *)page_address(pages[i]) = 100 + i;
		EXPECT_EQ(window[i * PAGE_SIZE / sizeof(u64)], 100 + i);
		window[i * PAGE_SIZE / sizeof(u64)] = 200 + i;
		EXPECT_EQ(*(u64 *)page_address(pages[i]), 200 + i);
	}
	vunmap(window);
	EXPECT_FAULT(PAGE_FAULT, touch((virt_addr_t)window));
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		EXPECT_EQ(page_count(pages[i]), 1U);
		__free_page(pages[i]);
	}
}

TEST(vmalloc, vmap_keeps_to_its_protection)
{
	struct page *page = alloc_page(GFP_KERNEL);
	volatile u64 *window;

	ASSERT_NOT_NULL(page);
	window = vmap(&page, 1, PAGE_KERNEL_RO);
	ASSERT_NOT_NULL(window);
	(void)*window;
	EXPECT_FAULT(PAGE_FAULT, *window = 1);
	vunmap((const void *)(virt_addr_t)window);
	EXPECT_TRUE(vmap(&page, 1, PAGE_KERNEL & ~_PAGE_NX) == NULL);
	EXPECT_TRUE(vmap(&page, 1, PAGE_KERNEL | _PAGE_USER) == NULL);
	EXPECT_TRUE(vmap(&page, 1, 0) == NULL);
	__free_page(page);
}

TEST(vmalloc, ioremap_keeps_the_offset_and_frees_the_addresses)
{
	virt_addr_t virt = (virt_addr_t)ioremap(APIC_PHYS + 0x123, 0xf00);
	struct pt_walk walk;

	ASSERT_TRUE(virt);
	EXPECT_EQ(virt & ~PAGE_MASK, 0x123UL);
	pgtable_walk(kernel_pml4, virt, &walk);
	EXPECT_EQ(*walk.entry & PTE_PFN_MASK, APIC_PHYS);
	EXPECT_EQ(*walk.entry & (_PAGE_PCD | _PAGE_PWT), _PAGE_PCD | _PAGE_PWT);
	EXPECT_TRUE(mapped(virt + PAGE_SIZE));
	EXPECT_FALSE(mapped(virt + 2 * PAGE_SIZE));
	iounmap((void *)virt);
	EXPECT_FALSE(mapped(virt));
	EXPECT_EQ((virt_addr_t)ioremap(APIC_PHYS + 0x123, 0xf00), virt);
	iounmap((void *)virt);
}

TEST(vmalloc, ioremap_refuses)
{
	EXPECT_TRUE(ioremap(APIC_PHYS, 0) == NULL);
	EXPECT_TRUE(ioremap(~0ULL - 10, 100) == NULL);
	EXPECT_TRUE(ioremap(APIC_PHYS, ~0UL) == NULL);
	EXPECT_TRUE(memremap_ro(1ULL << 62, PAGE_SIZE) == NULL);
	EXPECT_TRUE(ioremap(memblock.memory.region[0].base + PAGE_SIZE, PAGE_SIZE) == NULL);
}

TEST(vmalloc, memremap_ro_shows_ram_read_only)
{
	u64 *page = (u64 *)__get_free_pages(GFP_KERNEL, 0);
	volatile u64 *window;

	ASSERT_NOT_NULL(page);
	*page = 0x1122334455667788;
	window = (volatile u64 *)(virt_addr_t)memremap_ro(virt_to_phys(page), sizeof(*page));
	ASSERT_NOT_NULL(window);
	EXPECT_EQ(*window, 0x1122334455667788ULL);
	EXPECT_FAULT(PAGE_FAULT, *window = 0);
	iounmap((const void *)(virt_addr_t)window);
	free_pages((virt_addr_t)page, 0);
}

TEST(vmalloc, stacks_have_guards_and_are_used_again)
{
	u8 *a = alloc_stack(), *b = alloc_stack();
	struct stack_info info;
	bool guard;

	ASSERT_TRUE(a && b);
	memset(a, 0xaa, THREAD_SIZE);
	memset(b, 0xbb, THREAD_SIZE);
	EXPECT_TRUE(memchr_inv(a, 0xaa, THREAD_SIZE) == NULL);
	EXPECT_FAULT(PAGE_FAULT, touch((virt_addr_t)a - 1));
	EXPECT_FAULT(PAGE_FAULT, touch((virt_addr_t)a + THREAD_SIZE));

	EXPECT_TRUE(stack_of((virt_addr_t)a + 100, &info, &guard) && !guard);
	EXPECT_EQ(info.low, (virt_addr_t)a);
	EXPECT_EQ(info.high, (virt_addr_t)a + THREAD_SIZE);
	EXPECT_TRUE(stack_of((virt_addr_t)a - 8, &info, &guard) && guard);
	EXPECT_EQ(info.low, (virt_addr_t)a);

	free_stack(a);
	EXPECT_TRUE(alloc_stack() == a);
	free_stack(a);
	free_stack(b);
	EXPECT_EQ(alloc_stack(), (void *)b);
	EXPECT_EQ(alloc_stack(), (void *)a);
	free_stack(b);
	free_stack(a);
}

TEST(vmalloc, many_stacks)
{
	enum { STACKS = 20 };
	static u64 *stack[STACKS];

	for (u64 round = 0; round < 3; round++) {
		for (u64 i = 0; i < STACKS; i++) {
			stack[i] = alloc_stack();
			ASSERT_NOT_NULL(stack[i]);
			fill_words(stack[i], THREAD_SIZE, i);
		}
		for (u64 i = 0; i < STACKS; i++) {
			EXPECT_TRUE(words_are(stack[i], THREAD_SIZE, i));
			free_stack(stack[i]);
		}
	}
	check_nothing_lost();
}

TEST(vmalloc, nothing_to_map_is_no_mapping)
{
	struct page *page = NULL;

	EXPECT_TRUE(vmap(NULL, 3, PAGE_KERNEL) == NULL);
	EXPECT_TRUE(vmap(&page, 0, PAGE_KERNEL) == NULL);
}
