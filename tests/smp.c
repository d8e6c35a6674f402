/*
 * Several CPUs at once: calls between them, per-CPU data, locks, the log and NMIs under their load.
 */
#define pr_fmt(fmt) "smp test: " fmt

#include <arch/apicid.h>
#include <arch/lapic.h>
#include <arch/pgtable.h>
#include <arch/stacktrace.h>
#include <arch/tsc.h>
#include <lib/errno.h>
#include <lib/printk.h>
#include <lib/spinlock.h>
#include <lib/string.h>
#include <lib/vsprintf.h>
#include <mm/mm.h>
#include <tests/crowd.h>

#define MSR_GS_BASE 0xc0000101

static u64 loglevel_before;

static int prepare(void)
{
	loglevel_before = console_loglevel;
	return gather();
}

static void restore_loglevel(void)
{
	console_loglevel = loglevel_before;
}
TEST_SUITE(smp, prepare, restore_loglevel);

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

static u32 storm_rounds;

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
	for (u32 round = 0; round < storm_rounds; round++) {
		for_each_cpu(cpu, &crowd)
			smp_call_function_single(cpu, hit, &hits[cpu], (round ^ cpu) & 1);
		smp_call_function_many(&crowd, hit_own, NULL, round & 1);
	}
	smp_call_function_many(&crowd, nothing, NULL,
			       true); /* the last one without waiting is over */
	local_irq_disable();
}

static void expect_storm(void)
{
	u64 sent = 0, run = 0;
	u32 cpu;

	memset(hits, 0, sizeof(hits));
	storm_rounds = share(80);
	on_the_crowd(storm);
	for_each_cpu(cpu, &crowd)
		EXPECT_EQ(hits[cpu], storm_rounds * (u64)(nr_crowd + nr_crowd - 1));
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
