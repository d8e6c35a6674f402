/*
 * Several CPUs at once: calls between them, per-CPU data, the allocators and locks under their load.
 *
 * Everything is bounded by operations, not by time. An emulator may run a hundred CPUs on two, and then a CPU that
 * spins for another costs a time slice: so what makes CPUs wait for each other uses a crowd of at most CROWD,
 * spread over all numbers; the rest sleep.
 */
#define pr_fmt(fmt) "smp test: " fmt

#include <arch/apicid.h>
#include <arch/extable.h>
#include <arch/insn.h>
#include <arch/irqflags.h>
#include <arch/lapic.h>
#include <arch/page.h>
#include <arch/pgtable.h>
#include <arch/stacktrace.h>
#include <arch/tsc.h>
#include <kernel/ktest.h>
#include <kernel/smp.h>
#include <lib/errno.h>
#include <lib/printk.h>
#include <lib/spinlock.h>
#include <lib/string.h>
#include <lib/vsprintf.h>
#include <mm/buddy.h>
#include <mm/mm.h>
#include <mm/page_internal.h>
#include <mm/shrinker.h>
#include <mm/slab_internal.h>
#include <mm/vmalloc.h>

#define CROWD	    16u
#define MSR_GS_BASE 0xc0000101

static struct cpumask crowd; /* this CPU and some others */
static u32 nr_crowd;
static u64 loglevel_before;

static int gather(void)
{
	u32 cpu, online = num_online_cpus(), step = max(online / CROWD, 1u), seen = 0;

	if (online < 2)
		ktest_skip("one CPU");
	crowd = (struct cpumask){0};
	for_each_online_cpu(cpu)
	{
		if (seen++ % step == 0 && cpumask_weight(&crowd) < CROWD)
			cpumask_set_cpu(cpu, &crowd);
	}
	nr_crowd = cpumask_weight(&crowd);
	loglevel_before = console_loglevel;
	return 0;
}

static void restore_loglevel(void)
{
	console_loglevel = loglevel_before;
}
TEST_SUITE(smp, gather, restore_loglevel);

/* ---- every call, exactly once --------------------------------------------------------------------- */

static u64 runs[NR_CPUS]; /* each counted by its own CPU alone, without atomics */
static u32 runs_with_irqs_on;

static void count_run(void *info)
{
	runs[smp_processor_id()]++;
	if (info != runs || !irqs_disabled())
		__atomic_add_fetch(&runs_with_irqs_on, 1, __ATOMIC_RELAXED);
}

static void expect_runs(const struct cpumask *mask, u64 each)
{
	u32 cpu, wrong = 0;

	for (cpu = 0; cpu < nr_cpu_ids; cpu++)
		wrong += runs[cpu] != (cpumask_test_cpu(cpu, mask) ? each : 0);
	EXPECT_EQ(wrong, 0u);
	EXPECT_EQ(runs_with_irqs_on, 0u);
	memset(runs, 0, sizeof(runs));
}

static void nothing(void *info __maybe_unused)
{
}

TEST(smp, a_single_call_runs_once_and_there)
{
	struct cpumask one;
	u32 cpu;

	for_each_online_cpu(cpu)
	{
		one = (struct cpumask){0};
		cpumask_set_cpu(cpu, &one);
		EXPECT_EQ(smp_call_function_single(cpu, count_run, runs, true), 0);
		expect_runs(&one, 1);
		/* The next call of this CPU waits until the last one is over. */
		EXPECT_EQ(smp_call_function_single(cpu, count_run, runs, false), 0);
		EXPECT_EQ(smp_call_function_single(cpu, nothing, NULL, true), 0);
		expect_runs(&one, 1);
	}
}

TEST(smp, who_is_not_online_is_not_called)
{
	EXPECT_EQ(smp_call_function_single(nr_cpu_ids, count_run, runs, true), -ENXIO);
	EXPECT_EQ(smp_call_function_single(NR_CPUS, count_run, runs, true), -ENXIO);
	EXPECT_EQ(smp_call_function_single(~0u, count_run, runs, true), -ENXIO);
	expect_runs(&(struct cpumask){0}, 0);
}

TEST(smp, a_call_to_many_goes_to_all_of_them_and_to_nobody_else)
{
	struct cpumask mask, others;

	for (int round = 0; round < 10; round++) {
		for (u32 w = 0; w < CPUMASK_WORDS; w++) {
			mask.bits[w] = ktest_rand(); /* CPUs that are not there, too */
			others.bits[w] = mask.bits[w] & cpu_online_mask.bits[w];
		}
		cpumask_clear_cpu(smp_processor_id(), &others);
		smp_call_function_many(&mask, count_run, runs, true);
		expect_runs(&others, 1);
		smp_call_function_many(&mask, count_run, runs, false);
		smp_call_function(nothing, NULL, true);
		expect_runs(&others, 1);
	}
}

TEST(smp, others_and_all)
{
	struct cpumask others = cpu_online_mask;

	cpumask_clear_cpu(smp_processor_id(), &others);
	smp_call_function(count_run, runs, true);
	expect_runs(&others, 1);
	on_each_cpu(count_run, runs, true);
	expect_runs(&cpu_online_mask, 1);
	for (int i = 0; i < 5; i++)
		on_each_cpu(count_run, runs, false);
	smp_call_function(nothing, NULL, true);
	expect_runs(&cpu_online_mask, 5);
}

TEST(smp, calls_with_interrupts_off)
{
	unsigned long flags = local_irq_save();

	for (int i = 0; i < 5; i++) {
		smp_call_function(nothing, NULL, false);
		on_each_cpu(count_run, runs, true);
	}
	EXPECT_TRUE(irqs_disabled());
	local_irq_restore(flags);
	expect_runs(&cpu_online_mask, 5);
}

TEST(smp, a_reschedule_interrupt_arrives)
{
	u32 cpu, lost = 0;

	for_each_online_cpu(cpu)
	{
		u64 *count = &per_cpu_ptr(&smp_stats, cpu)->reschedules, before = READ_ONCE(*count);
		u64 start = rdtsc();

		if (cpu == smp_processor_id())
			continue;
		smp_send_reschedule(cpu);
		while (READ_ONCE(*count) == before && rdtsc() - start < tsc_patience(1000))
			cpu_relax();
		lost += READ_ONCE(*count) != before + 1;
	}
	EXPECT_EQ(lost, 0u);
}

/* ---- storms ----------------------------------------------------------------------------------------- */

#define STORM_ROUNDS 20u

static u64 hits[NR_CPUS];
static bool storm_irqs_on;

static void hit(void *info)
{
	u64 *count = info;

	*count += count == &hits[smp_processor_id()];
}

static void hit_own(void *info __maybe_unused)
{
	hits[smp_processor_id()]++;
}

/* Run on all of the crowd at once, in their interrupt handlers: every call in here is a nested one. */
static void storm(void *info __maybe_unused)
{
	u32 cpu;

	if (storm_irqs_on)
		local_irq_enable();
	for (u32 round = 0; round < STORM_ROUNDS; round++) {
		for_each_cpu(cpu, &crowd)
			smp_call_function_single(cpu, hit, &hits[cpu], (round ^ cpu) & 1);
		smp_call_function_many(&crowd, hit_own, NULL, round & 1);
	}
	smp_call_function_many(&crowd, nothing, NULL,
			       true); /* the last one without waiting is over */
	local_irq_disable();
}

static u32 arrived;

/* Nobody starts before all are there: that they do it at once is the point. */
static void start_together(void *info)
{
	smp_call_func_t *func = info;

	__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST);
	while (READ_ONCE(arrived) < nr_crowd)
		cpu_relax();
	(*func)(NULL);
}

static void on_the_crowd(smp_call_func_t func)
{
	unsigned long flags;

	arrived = 0;
	smp_call_function_many(&crowd, start_together, &func, false);
	flags = local_irq_save();
	start_together(&func);
	local_irq_restore(flags);
	smp_call_function(nothing, NULL, true);
}

static void expect_storm(void)
{
	u64 sent = 0, run = 0;
	u32 cpu;

	memset(hits, 0, sizeof(hits));
	on_the_crowd(storm);
	for_each_cpu(cpu, &crowd)
		EXPECT_EQ(hits[cpu], STORM_ROUNDS * (u64)(nr_crowd + nr_crowd - 1));
	for_each_online_cpu(cpu)
	{
		sent += per_cpu_ptr(&smp_stats, cpu)->calls_sent;
		run += per_cpu_ptr(&smp_stats, cpu)->calls_run;
	}
	EXPECT_EQ(sent, run);
}

TEST(smp, all_call_all_with_interrupts_off)
{
	storm_irqs_on = false;
	expect_storm();
}

TEST(smp, all_call_all_with_interrupts_on)
{
	storm_irqs_on = true;
	expect_storm();
}

static u32 chain[NR_CPUS], chain_length;

/* Each waits, inside its handler, for the next; the last calls the first, who waits as well. */
static void chain_on(void *info)
{
	u32 next = cpumask_from(smp_processor_id() + 1, &crowd);

	chain[chain_length++] = smp_processor_id();
	if (next >= nr_cpu_ids)
		smp_call_function_single(cpumask_from(0, &crowd), nothing, info, true);
	else
		smp_call_function_single(next, chain_on, info, true);
}

TEST(smp, calls_nest_through_all_and_back)
{
	u32 cpu, i = 0;

	chain_length = 0;
	smp_call_function_single(cpumask_from(0, &crowd), chain_on, NULL, true);
	ASSERT_EQ(chain_length, nr_crowd);
	for_each_cpu(cpu, &crowd) EXPECT_EQ(chain[i++], cpu);
}

/* ---- what is each CPU's own -------------------------------------------------------------------------- */

static DEFINE_PER_CPU(u8, own8);
static DEFINE_PER_CPU(u16, own16);
static DEFINE_PER_CPU(u32, own32);
static DEFINE_PER_CPU(u64, own64);
static u32 strangers;
static virt_addr_t stack_low[NR_CPUS];

static void touch_own(void *info __maybe_unused)
{
	u32 cpu = smp_processor_id();
	struct stack_info stack;
	bool guard, right;

	this_cpu_write(own8, (u8)cpu);
	this_cpu_write(own16, (u16)cpu);
	this_cpu_write(own32, cpu);
	this_cpu_write(own64, (u64)cpu << 32);
	for (u32 i = 0; i < 100; i++) {
		this_cpu_inc(own8);
		this_cpu_add(own16, 2);
		this_cpu_dec(own32);
		this_cpu_add(own64, 3);
	}
	right = this_cpu_ptr(&own64) == per_cpu_ptr(&own64, cpu) &&
		rdmsr(MSR_GS_BASE) == __per_cpu_offset[cpu] &&
		this_cpu_read(this_cpu_off) == __per_cpu_offset[cpu] &&
		cpu_to_apicid(cpu) == lapic_id() && apicid_to_cpu(lapic_id()) == (int)cpu &&
		current_pml4() == kernel_pml4 && stack_of((virt_addr_t)&stack, &stack, &guard) &&
		!guard;
	stack_low[cpu] = stack.low;
	if (!right)
		__atomic_add_fetch(&strangers, 1, __ATOMIC_RELAXED);
}

TEST(smp, per_cpu_data_is_each_cpu_s_own)
{
	u32 cpu, other, wrong = 0;

	strangers = 0;
	on_each_cpu(touch_own, NULL, true);
	for_each_online_cpu(cpu)
	{
		wrong += per_cpu(cpu_number, cpu) != cpu || per_cpu(own8, cpu) != (u8)(cpu + 100) ||
			 per_cpu(own16, cpu) != (u16)(cpu + 200) ||
			 per_cpu(own32, cpu) != cpu - 100 ||
			 per_cpu(own64, cpu) != ((u64)cpu << 32) + 300;
		for_each_online_cpu(other) wrong +=
			other != cpu && stack_low[other] == stack_low[cpu];
	}
	EXPECT_EQ(wrong, 0u);
	EXPECT_EQ(strangers, 0u);
}

/* ---- the allocators ----------------------------------------------------------------------------------- */

#define EXCHANGES 400u /* a CPU */
#define SLOTS	  64u

struct gift {
	u64 tag; /* its own address, inverted: no two owners write the same */
	struct page *page;
};

static struct gift *slots[SLOTS];
static struct kmem_cache *gift_cache;
static u64 made, taken, torn;
static u32 failed;

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

	for (u32 i = 0; i < EXCHANGES; i++) {
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

TEST(smp, pages_and_objects_change_hands)
{
	unsigned long free_before;
	void *warm;

	shrink_all(1024);
	drain_all_pages();
	free_before = nr_free_pages();
	gift_cache = kmem_cache_create("gift", sizeof(struct gift), 0, 0, NULL);
	ASSERT_NOT_NULL(gift_cache);
	made = taken = torn = failed = 0;
	on_the_crowd(exchange_gifts);
	EXPECT_EQ(failed, 0u);
	EXPECT_EQ(slab_check_cache(gift_cache), 0u);
	EXPECT_EQ((u64)slab_live_objects(gift_cache), made - taken);
	for (u32 i = 0; i < SLOTS; i++)
		if (slots[i])
			take_gift(slots[i]);
	memset(slots, 0, sizeof(slots));
	EXPECT_EQ(made, (u64)EXCHANGES * nr_crowd);
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

TEST(smp, every_cpu_s_pages_are_counted_and_come_back)
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

TEST(smp, what_is_unmapped_is_gone_on_every_cpu)
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

TEST(smp, a_large_area_is_gone_on_every_cpu)
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

/* ---- locks -------------------------------------------------------------------------------------------- */

#define TURNS 200u

static DEFINE_SPINLOCK(lock);
static u64 guarded;
static u32 inside, collisions;

static void take_turns(void *info __maybe_unused)
{
	for (u32 i = 0; i < TURNS; i++) {
		spin_lock(&lock);
		collisions += inside++ != 0;
		guarded++;
		inside--;
		spin_unlock(&lock);
		if (spin_trylock(&lock)) {
			collisions += inside++ != 0;
			inside--;
			spin_unlock(&lock);
		}
	}
}

/* Waiting for a lock is spinning: with more CPUs than the emulator has, a turn may cost a time slice. */
static void a_few(void)
{
	u32 cpu, n = 0;

	for_each_cpu(cpu, &crowd) if (++n > 4) cpumask_clear_cpu(cpu, &crowd);
	nr_crowd = cpumask_weight(&crowd);
}

TEST(smp, a_spinlock_lets_one_in)
{
	a_few();
	guarded = collisions = inside = 0;
	on_the_crowd(take_turns);
	EXPECT_EQ(guarded, (u64)TURNS * nr_crowd);
	EXPECT_EQ(collisions, 0u);
	EXPECT_FALSE(spin_is_locked(&lock));
}

static u32 turn, order[NR_CPUS], nr_order;

static void queue_up(void *info __maybe_unused)
{
	u32 cpu = smp_processor_id();

	while (READ_ONCE(turn) != cpu)
		cpu_relax();
	spin_lock(&lock);
	order[nr_order++] = cpu;
	spin_unlock(&lock);
}

TEST(smp, a_spinlock_serves_in_order)
{
	u32 cpu, i = 0, self = smp_processor_id(), queue[CROWD];
	struct cpumask others;

	a_few();
	others = crowd;
	cpumask_clear_cpu(self, &others);
	nr_order = 0;
	turn = self;
	spin_lock(&lock);
	smp_call_function_many(&others, queue_up, NULL, false);
	for (u32 back = nr_cpu_ids; back-- > 0;) { /* against the order of their numbers */
		u16 next = READ_ONCE(lock.next);

		if (!cpumask_test_cpu(back, &others))
			continue;
		queue[i++] = back;
		WRITE_ONCE(turn, back);
		while (READ_ONCE(lock.next) == next)
			cpu_relax();
	}
	spin_unlock(&lock);
	smp_call_function(nothing, NULL, true);
	ASSERT_EQ(nr_order, i);
	for (cpu = 0; cpu < i; cpu++)
		EXPECT_EQ(order[cpu], queue[cpu]);
}

/* ---- the log -------------------------------------------------------------------------------------------- */

#define LINES 8u

static void log_lines(void *info __maybe_unused)
{
	u32 cpu = smp_processor_id();
	char letters[61];

	memset(letters, 'a' + cpu % 26, 60);
	letters[60] = '\0';
	for (u32 i = 0; i < LINES; i++)
		pr_warn("line %u of CPU %u %s\n", i, cpu, letters);
}

/* "smp test: line 3 of CPU 7 hhhh...": whose, which, and is it whole? */
static bool whole_line(const char *text, u32 *cpu, u32 *line)
{
	char expected[PRINTK_TEXT + 1], letters[61];

	for_each_cpu(*cpu, &crowd)
	{
		memset(letters, 'a' + *cpu % 26, 60);
		letters[60] = '\0';
		for (*line = 0; *line < LINES; ++*line) {
			snprintf(expected, sizeof(expected), "smp test: line %u of CPU %u %s",
				 *line, *cpu, letters);
			if (!strcmp(text, expected))
				return true;
		}
	}
	return false;
}

TEST(smp, log_lines_stay_whole_and_in_order)
{
	static u32 next_line[NR_CPUS];
	struct printk_record rec;
	u64 seq = 0, found = 0;

	while (printk_read(&seq, &rec))
		;
	memset(next_line, 0, sizeof(next_line));
	on_the_crowd(log_lines);
	while (printk_read(&seq, &rec)) {
		char text[PRINTK_TEXT + 1];
		u32 cpu, line;

		memcpy(text, rec.text, rec.len);
		text[rec.len] = '\0';
		if (strncmp(text, "smp test: ", 10))
			continue;
		ASSERT_TRUE(whole_line(text, &cpu, &line));
		EXPECT_EQ(line, next_line[cpu]++);
		found++;
	}
	EXPECT_EQ(found, (u64)LINES * nr_crowd);
}

/* ---- NMI ------------------------------------------------------------------------------------------------ */

TEST(smp, all_answer_an_nmi_with_a_backtrace)
{
	struct printk_record rec;
	u64 seq = 0, before = nmi_count;
	u32 answers = 0, traces = 0;

	a_few();
	while (printk_read(&seq, &rec))
		;
	console_loglevel = 0;
	smp_nmi_backtrace(&crowd);
	while (printk_read(&seq, &rec)) {
		answers += rec.len > 9 && !strncmp(rec.text, "smp: CPU ", 9);
		traces += rec.len >= 10 && !strncmp(rec.text, "Backtrace:", 10);
	}
	EXPECT_EQ(answers, nr_crowd);
	EXPECT_EQ(traces, nr_crowd);
	EXPECT_EQ(nmi_count - before, (u64)nr_crowd - 1);
}
