/*
 * Time: it never goes back, on one CPU and between all of them; clocks agree about a second; reading it while the line is
 * being replaced neither hangs nor lies; the calendar; delays are not shorter than asked.
 */
#include <arch/insn.h>
#include <arch/irqflags.h>
#include <arch/tsc.h>
#include <kernel/ktest.h>
#include <kernel/smp.h>
#include <kernel/time/calendar.h>
#include <kernel/time/clocksource.h>
#include <kernel/time/timekeeping.h>
#include <lib/console.h>
#include <lib/printk.h>
#include <lib/string.h>
#include <tests/fake_clock.h>

#define READS 1000000
#define READS_MAX \
	(3 * NSEC_PER_SEC) /* a machine that is too slow for all of them reads this long */

static struct fake_clock fake;

static int start_suite(void)
{
	if (!current_clocksource())
		ktest_skip("no clock source on this machine");
	fake_init(&fake, "fake");
	return 0;
}

static void end_suite(void)
{
	if (!list_empty(&fake.cs.link))
		EXPECT_EQ(clocksource_unregister(&fake.cs), 0);
}
TEST_SUITE(timekeeping, start_suite, end_suite);

/* ---- never back ----------------------------------------------------------------------------------- */

static struct {
	u64 latest; /* that any CPU has read */
	u64 reads, backwards;
	u64 (*clock)(void);
} race;

static u64 monotonic(void)
{
	return (u64)ktime_get();
}

/* What was read after somebody else had written his reading down must not be less than that. */
static void read_in_turns(void *info __maybe_unused)
{
	u64 start = race.clock(), seen, now, backwards = 0, reads;

	for (reads = 0; reads < READS / num_online_cpus(); reads++) {
		seen = __atomic_load_n(&race.latest, __ATOMIC_SEQ_CST);
		now = race.clock();
		if (now < seen)
			backwards++;
		while (now > seen &&
		       !__atomic_compare_exchange_n(&race.latest, &seen, now, false,
						    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			;
		if (now - start > (u64)READS_MAX && now > start)
			break;
	}
	__atomic_fetch_add(&race.reads, reads, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&race.backwards, backwards, __ATOMIC_SEQ_CST);
}

TEST(timekeeping, never_goes_back_between_cpus)
{
	race.latest = race.reads = race.backwards = 0;
	race.clock = monotonic;
	on_each_cpu(read_in_turns, NULL, true);
	ktest_log("%llu reads on %u CPUs", race.reads, num_online_cpus());
	EXPECT_EQ(race.backwards, 0ULL);
}

/* sched_clock() may differ between CPUs; on one it is monotonic. */
TEST(timekeeping, sched_clock_never_goes_back)
{
	u64 last = sched_clock();

	for (int i = 0; i < 100000; i++) {
		u64 now = sched_clock();

		ASSERT_GE(now, last);
		last = now;
	}
	EXPECT_LT((s64)(ktime_get() - (ktime_t)last), NSEC_PER_SEC * 5);
}

/* ---- right ---------------------------------------------------------------------------------------- */

/* Over a second of ours, with another clock's eyes. */
TEST(timekeeping, two_clocks_agree_within_a_percent)
{
	struct clocksource *cs = current_clocksource(), *other = clocksource_reference(cs);
	struct clocksource_pair first, last;
	ktime_t start;
	s64 ours, theirs, off;

	if (!other)
		ktest_skip("there is only one clock that does not go round within seconds");
	first = clocksource_read_pair(cs, other);
	start = ktime_get();
	while (ktime_get() - start < NSEC_PER_SEC)
		cpu_relax();
	last = clocksource_read_pair(cs, other);
	ours = (s64)clocksource_cyc2ns(cs, (last.cycles - first.cycles) & cs->mask);
	theirs = (s64)clocksource_cyc2ns(other, (last.reference - first.reference) & other->mask);
	off = ours > theirs ? ours - theirs : theirs - ours;
	ktest_log("%s %lld ns, %s %lld ns", cs->name, ours, other->name, theirs);
	EXPECT_LE(off, ours / 100 + (s64)clocksource_cyc2ns(cs, first.blur + last.blur));
}

/* A short line through a counter of 16 bits: what was before a round must not be lost in it. */
/* A CPU that stood still for half a round of the counter cannot know how many it missed. */
static void need_steady_cpu(u64 *looked)
{
	u64 gap = rdtsc() - *looked;

	if (gap > fake.cs.mask / 2)
		ktest_skip("the host took this CPU away for %llu cycles", gap);
	*looked = rdtsc();
}

TEST(timekeeping, narrow_counter_keeps_time)
{
	ktime_t start = ktime_get(), last = start, now;
	u64 tsc = rdtsc(), limit = 10 * NSEC_PER_SEC, looked = tsc;

	/* Some 400 ms: the timer that counts the rounds has half of that, longer than a loaded host makes it wait. */
	fake.cs.mask = 0x3fffffff;
	ASSERT_EQ(clocksource_register_khz(&fake.cs, tsc_khz), 0);
	do {
		now = ktime_get();
		need_steady_cpu(&looked);
		ASSERT_GE(now, last);
		last = now;
	} while (now - start < 1500 * NSEC_PER_MSEC &&
		 (rdtsc() - tsc) / (tsc_khz / 1000 + 1) * 1000 < limit);
	/* A round that was lost would be time that is missing. Interrupts come late on a loaded host. */
	EXPECT_GE(now - start, 1500 * NSEC_PER_MSEC);
}

/* ---- while the line is being replaced --------------------------------------------------------------- */

static u32 nested_reads;
static ktime_t nested_max;
static bool nested;

/* The writer reads the clock, and an NMI that comes just then asks for the time (which reads the clock). */
static u64 read_within(struct clocksource *cs)
{
	if (!nested) {
		nested = true;
		nested_max = max(nested_max, ktime_get());
		nested_reads++;
		nested = false;
	}
	return fake_read(cs);
}

TEST(timekeeping, an_nmi_in_the_writer_gets_an_answer)
{
	unsigned long flags;

	ASSERT_EQ(clocksource_register_khz(&fake.cs, tsc_khz), 0);
	flags = local_irq_save();
	if (current_clocksource() != &fake.cs) {
		local_irq_restore(flags);
		ktest_skip("the watchdog took the host's pause for the clock's");
	}
	nested_reads = 0;
	nested_max = 0;
	fake.cs.read = read_within;
	clocksource_update_hz(&fake.cs, tsc_khz * 1000ULL + 1);
	fake.cs.read = fake_read;
	EXPECT_GT(nested_reads, 0U);
	EXPECT_GT(nested_max, 0);
	EXPECT_GE(ktime_get(), nested_max);
	local_irq_restore(flags);
}

/* ---- stamps and the time of day -------------------------------------------------------------------- */

TEST(timekeeping, stamps_are_the_clock)
{
	u64 before = (u64)ktime_get(), stamp = printk_cycles_to_ns(printk_clock());
	u64 after = (u64)ktime_get(), raw = printk_cycles_to_ns(rdtsc());

	EXPECT_LE(before, stamp);
	EXPECT_LE(stamp, after);
	/* A raw TSC value is converted too: roughly. */
	EXPECT_LT(raw > after ? raw - after : after - raw, 60ULL * NSEC_PER_SEC);
}

TEST(timekeeping, boot_time_includes_pauses)
{
	ktime_t monotonic_now = ktime_get(), boot = ktime_get_boottime();

	EXPECT_GE(boot, monotonic_now);
	EXPECT_GE(timekeeping_paused(), 0);
	EXPECT_LE(monotonic_now + timekeeping_paused(), ktime_get_boottime());
}

TEST(timekeeping, real_time_goes_with_monotonic_time)
{
	ktime_t real = ktime_get_real(), mono = ktime_get(), before = real - mono;

	for (int i = 0; i < 1000; i++) {
		ktime_t off = ktime_get_real() - ktime_get() - before;

		ASSERT_LT(off < 0 ? -off : off, NSEC_PER_SEC * 5);
	}
	EXPECT_GT(real, 0);
}

TEST(timekeeping, calendar_round_trip)
{
	static const struct {
		u64 seconds;
		struct tm tm;
	} known[] = {
		{0, {1970, 1, 1, 0, 0, 0, 4}},
		{951782400, {2000, 2, 29, 0, 0, 0, 2}},
		{1709164799, {2024, 2, 28, 23, 59, 59, 3}},
		{4107542400, {2100, 3, 1, 0, 0, 0, 1}},
		{253402300799, {9999, 12, 31, 23, 59, 59, 5}},
	};
	struct tm tm;

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		time_to_tm(known[i].seconds, &tm);
		EXPECT_EQ(memcmp(&tm, &known[i].tm, sizeof(tm)), 0);
		EXPECT_EQ(tm_to_time(&known[i].tm), known[i].seconds);
	}
	for (int i = 0; i < 2000; i++) {
		u64 seconds = ktest_rand_below(253402300800);

		time_to_tm(seconds, &tm);
		ASSERT_TRUE(tm_valid(&tm));
		ASSERT_EQ(tm_to_time(&tm), seconds);
	}
}

TEST(timekeeping, impossible_dates_are_refused)
{
	static const struct tm bad[] = {
		{1969, 12, 31, 23, 59, 59, 0}, {2023, 2, 29, 0, 0, 0, 0}, {2100, 2, 29, 0, 0, 0, 0},
		{2024, 0, 1, 0, 0, 0, 0},      {2024, 13, 1, 0, 0, 0, 0}, {2024, 4, 31, 0, 0, 0, 0},
		{2024, 1, 0, 0, 0, 0, 0},      {2024, 1, 1, 24, 0, 0, 0}, {2024, 1, 1, 0, 60, 0, 0},
		{2024, 1, 1, 0, 0, 60, 0},     {10000, 1, 1, 0, 0, 0, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_FALSE(tm_valid(&bad[i]));
}

/* ---- waiting ---------------------------------------------------------------------------------------- */

TEST(timekeeping, delays_are_not_shorter_than_asked)
{
	static const u64 us[] = {1, 7, 50, 999, 5000};
	u64 khz = tsc_khz;

	for (size_t i = 0; i < ARRAY_SIZE(us); i++) {
		u64 start = rdtsc();

		udelay(us[i]);
		EXPECT_GE((rdtsc() - start) * 1000, us[i] * khz);
		start = rdtsc();
		ndelay(us[i]);
		EXPECT_GE((rdtsc() - start) * 1000000, us[i] * khz);
	}
}

/* The frequency from two looks at a clock: right, and its error is admitted. */
TEST(timekeeping, frequency_from_two_looks)
{
	u64 khz;
	u32 error;

	ASSERT_TRUE(tsc_khz_from(2500000, 0, 1193182 / 1000, 1193182, &khz, &error));
	EXPECT_LE(khz > 2500000 ? khz - 2500000 : 2500000 - khz, 2500000ULL * error / 1000000);
	ASSERT_TRUE(tsc_khz_from(2600000000, 0, 100000000, 100000000, &khz, &error));
	EXPECT_EQ(khz, 2600000ULL);
	EXPECT_LE(error, 2U);
	ASSERT_TRUE(tsc_khz_from(1000000, 100000, 100000, 100000000, &khz, &error));
	EXPECT_GE(error, 100000U);
	EXPECT_FALSE(tsc_khz_from(1000, 1000, 5, 1193182, &khz, &error)); /* all blur */
	EXPECT_FALSE(tsc_khz_from(1000, 0, 0, 1193182, &khz, &error));
	EXPECT_FALSE(tsc_khz_from(~0ULL, 0, 5, 1193182, &khz, &error));
}
