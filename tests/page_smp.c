/*
 * The page allocator on many CPUs at once: on up to WORKERS, because where an emulator runs more CPUs than it has, each
 * wait for the zone's lock may cost a time slice. They pass pages to each other through a row of letter boxes, so
 * that a page is freed on another CPU than it came from; afterwards every page must be back.
 */
#include <arch/insn.h>
#include <kernel/ktest.h>
#include <kernel/smp.h>
#include <lib/printk.h>
#include <mm/buddy.h>
#include <mm/page_internal.h>

#define BOXES	61
#define TURNS	2000
#define WORKERS 8

static struct page *boxes[BOXES];
static u64 seed;
static u32 failures; /* a page that was not as its last owner left it, or no page */
static u32 arrived;

/* xorshift: every CPU its own sequence. */
static u64 next_random(u64 *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

/* Put a page into a box and free what was in it. Each page carries its own number. */
static void exchange(u64 random)
{
	unsigned int order = random % 8 == 0 ? 2 : 0;
	struct page *page = random % 3 ? alloc_pages(GFP_ATOMIC, order) : NULL;

	if (page)
		*(u64 *)page_address(page) = page_to_pfn(page);
	page = __atomic_exchange_n(&boxes[random / 64 % BOXES], page, __ATOMIC_ACQ_REL);
	if (!page)
		return;
	if (*(u64 *)page_address(page) != page_to_pfn(page))
		__atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED);
	__free_pages(page, page->order);
}

static void work(void *cpus)
{
	u64 random = seed + smp_processor_id() * 0x9e3779b97f4a7c15ULL + 1;

	if (__atomic_fetch_add(&arrived, 1, __ATOMIC_ACQ_REL) >= *(u32 *)cpus)
		return;
	while (READ_ONCE(arrived) < *(u32 *)cpus)
		cpu_relax(); /* all begin together */
	for (int turn = 0; turn < TURNS; turn++)
		exchange(next_random(&random));
}

TEST(page_smp, pages_go_from_cpu_to_cpu)
{
	u64 reports = bad_page_reports;
	unsigned long before;
	u32 cpus = min(num_online_cpus(), (u32)WORKERS);

	seed = ktest_rand();
	arrived = failures = 0;
	drain_all_pages();
	before = nr_free_pages();
	on_each_cpu(work, &cpus, true);
	for (int i = 0; i < BOXES; i++) {
		struct page *page = boxes[i];

		boxes[i] = NULL;
		if (page)
			__free_pages(page, page->order);
	}
	EXPECT_EQ(nr_free_pages(), before);
	drain_all_pages();
	EXPECT_EQ(nr_free_pages(), before);
	EXPECT_EQ(failures, 0u);
	EXPECT_EQ(bad_page_reports, reports);
	for (u32 z = 0; z < NR_ZONES; z++) {
		unsigned long flags;
		unsigned int wrong;

		EXPECT_EQ(pcp_pages(z), 0ul);
		spin_lock_irqsave(&zones[z].lock, flags);
		wrong = buddy_check(&zones[z]);
		spin_unlock_irqrestore(&zones[z].lock, flags);
		EXPECT_EQ(wrong, 0u);
	}
}

static void free_wild(void *page)
{
	__free_pages(page, 0);
}

/* Each CPU knows what an allocated page looks like, from its first instruction on. */
TEST(page_smp, every_cpu_notices_misuse)
{
	static u64 nothing[4]; /* all zeros: the state of no page */
	u64 loglevel = console_loglevel;
	u32 cpu;

	console_loglevel = 0;
	for_each_online_cpu(cpu)
	{
		u64 reports = bad_page_reports;
		struct page *page = alloc_page(GFP_KERNEL);

		ASSERT_NOT_NULL(page);
		smp_call_function_single(cpu, free_wild, nothing, true);
		EXPECT_EQ(bad_page_reports, reports + 1);
		smp_call_function_single(cpu, free_wild, page, true);
		EXPECT_EQ(bad_page_reports, reports + 1);
		smp_call_function_single(cpu, free_wild, page, true);
		EXPECT_EQ(bad_page_reports, reports + 2);
	}
	console_loglevel = loglevel;
	drain_all_pages();
}
