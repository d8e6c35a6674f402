/*
 * Memory under several CPUs: pages and objects that change hands, and mappings that must be gone on every CPU.
 */
#include <arch/extable.h>
#include <arch/page.h>
#include <arch/pgtable.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/buddy.h>
#include <mm/page_internal.h>
#include <mm/shrinker.h>
#include <mm/slab_internal.h>
#include <mm/vmalloc.h>
#include <tests/crowd.h>

TEST_SUITE(smp_memory, gather, NULL);

/* ---- the allocators ----------------------------------------------------------------------------------- */

#define SLOTS 64u

struct gift {
	u64 tag; /* its own address, inverted: no two owners write the same */
	struct page *page;
};

static struct gift *slots[SLOTS];
static struct kmem_cache *gift_cache;
static u64 made, taken, torn;
static u32 failed, exchanges;

static u64 tag_of(const void *p)
{
	return ~(u64)(virt_addr_t)p;
}

static struct gift *make_gift(u32 order)
{
	struct gift *gift = kmem_cache_alloc(gift_cache, GFP_ATOMIC);

	if (!gift)
		return NULL;
	gift->page = alloc_pages(GFP_ATOMIC | __GFP_COMP, order);
	if (!gift->page) {
		kmem_cache_free(gift_cache, gift);
		return NULL;
	}
	gift->tag = tag_of(gift);
	*(u64 *)page_address(gift->page) = tag_of(gift->page);
	__atomic_add_fetch(&made, 1, __ATOMIC_RELAXED);
	return gift;
}

static void take_gift(struct gift *gift)
{
	if (gift->tag != tag_of(gift) || *(u64 *)page_address(gift->page) != tag_of(gift->page))
		__atomic_add_fetch(&torn, 1, __ATOMIC_RELAXED);
	gift->tag = 0;
	*(u64 *)page_address(gift->page) = 0;
	put_page(gift->page);
	kmem_cache_free(gift_cache, gift);
	__atomic_add_fetch(&taken, 1, __ATOMIC_RELAXED);
}

/* Leave a page and an object in a slot, free what somebody else left there. */
static void exchange_gifts(void *info __maybe_unused)
{
	u64 random = 0x9e3779b97f4a7c15ULL * (smp_processor_id() + 1);

	for (u32 i = 0; i < exchanges; i++) {
		struct gift *gift, *old;
		void *mine;

		random = random * 6364136223846793005ULL + 1442695040888963407ULL;
		gift = make_gift((random >> 40) % 8 ? 0 : (random >> 45) % 3);
		if (!gift)
			__atomic_add_fetch(&failed, 1, __ATOMIC_RELAXED);
		old = __atomic_exchange_n(&slots[(random >> 50) % SLOTS], gift, __ATOMIC_ACQ_REL);
		if (old)
			take_gift(old);
		mine = kmalloc((random >> 33) % 2000, GFP_ATOMIC);
		kfree(mine);
	}
}

static void expect_sound_allocators(unsigned long free_before)
{
	drain_all_pages();
	EXPECT_EQ(nr_free_pages(), free_before);
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

TEST(smp_memory, pages_and_objects_change_hands)
{
	unsigned long free_before;
	void *warm;

	shrink_all(1024);
	drain_all_pages();
	free_before = nr_free_pages();
	gift_cache = kmem_cache_create("gift", sizeof(struct gift), 0, 0, NULL);
	ASSERT_NOT_NULL(gift_cache);
	made = taken = torn = failed = 0;
	exchanges = share(3200);
	on_the_crowd(exchange_gifts);
	EXPECT_EQ(failed, 0u);
	EXPECT_EQ(slab_check_cache(gift_cache), 0u);
	EXPECT_EQ((u64)slab_live_objects(gift_cache), made - taken);
	for (u32 i = 0; i < SLOTS; i++)
		if (slots[i])
			take_gift(slots[i]);
	memset(slots, 0, sizeof(slots));
	EXPECT_EQ(made, (u64)exchanges * nr_crowd);
	EXPECT_EQ(taken, made);
	EXPECT_EQ(torn, 0ull);
	EXPECT_EQ(slab_live_objects(gift_cache), 0u);
	EXPECT_EQ(slab_check_cache(gift_cache), 0u);
	kmem_cache_destroy(gift_cache);
	warm = kmalloc(2000, GFP_KERNEL);
	kfree(warm);
	shrink_all(1024);
	/* Magazines of kmalloc's caches that CPUs have now and had not before are not leaks: seen from the second time on. */
	drain_all_pages();
	EXPECT_LE(free_before - nr_free_pages(), 256ul * DIV_ROUND_UP(nr_crowd, 16));
	expect_sound_allocators(nr_free_pages());
}

static void one_of_each(void *info __maybe_unused)
{
	struct page *page = alloc_page(GFP_ATOMIC);
	void *object = kmalloc(100, GFP_ATOMIC);

	if (!page || !object)
		__atomic_add_fetch(&failed, 1, __ATOMIC_RELAXED);
	kfree(object);
	if (page)
		__free_page(page);
}

static void one_by_one(smp_call_func_t func)
{
	u32 cpu;

	for_each_online_cpu(cpu) smp_call_function_single(cpu, func, NULL, true);
}

TEST(smp_memory, every_cpu_s_pages_are_counted_and_come_back)
{
	unsigned long free_before, listed = 0;

	failed = 0;
	one_by_one(one_of_each); /* whatever slab pages it takes are taken now */
	drain_all_pages();
	free_before = nr_free_pages();
	one_by_one(one_of_each);
	EXPECT_EQ(failed, 0u);
	for (u32 z = 0; z < NR_ZONES; z++)
		listed += pcp_pages(z);
	EXPECT_GE(listed, (unsigned long)num_online_cpus());
	EXPECT_EQ(nr_free_pages(), free_before);
	expect_sound_allocators(free_before);
}

/* ---- what one CPU maps and unmaps ---------------------------------------------------------------------- */

static u32 seen_right;

struct look {
	const u64 *at;
	u64 value;
	int err;
};

static void look_there(void *info)
{
	const struct look *look = info;
	u64 value = 0;
	int err = copy_from_kernel_nofault(&value, look->at, sizeof(value));

	if (err == look->err && value == look->value)
		__atomic_add_fetch(&seen_right, 1, __ATOMIC_RELAXED);
}

static u32 how_many_see(const u64 *at, u64 value, int err)
{
	struct look look = {at, value, err};

	seen_right = 0;
	on_each_cpu(look_there, &look, true);
	return seen_right;
}

TEST(smp_memory, what_is_unmapped_is_gone_on_every_cpu)
{
	struct page *page[2] = {alloc_page(GFP_KERNEL), alloc_page(GFP_KERNEL)};
	const u64 *first, *second;

	ASSERT_TRUE(page[0] && page[1]);
	for (u64 i = 0; i < 2; i++)
		*(u64 *)page_address(page[i]) = 0x1111 * (i + 1);
	first = vmap(&page[0], 1, PAGE_KERNEL);
	ASSERT_NOT_NULL(first);
	EXPECT_EQ(how_many_see(first, 0x1111, 0), num_online_cpus());
	vunmap(first);
	EXPECT_EQ(how_many_see(first, 0, -EFAULT), num_online_cpus());
	second = vmap(&page[1], 1, PAGE_KERNEL);
	EXPECT_EQ(second, first); /* else the next line proves little */
	EXPECT_EQ(how_many_see(second, 0x2222, 0), num_online_cpus());
	vunmap(second);
	__free_page(page[0]);
	__free_page(page[1]);
}

TEST(smp_memory, a_large_area_is_gone_on_every_cpu)
{
	u64 *area = vmalloc(100 * PAGE_SIZE), *last = area + 99 * PAGE_SIZE / sizeof(u64);

	ASSERT_NOT_NULL(area);
	*area = *last = 0x3333;
	EXPECT_EQ(how_many_see(area, 0x3333, 0), num_online_cpus());
	EXPECT_EQ(how_many_see(last, 0x3333, 0), num_online_cpus());
	vfree(area);
	EXPECT_EQ(how_many_see(area, 0, -EFAULT), num_online_cpus());
	EXPECT_EQ(how_many_see(last, 0, -EFAULT), num_online_cpus());
}
