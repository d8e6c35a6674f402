/*
 * The choice of a clock: mult and shift are right, what is unsound is refused with a reason, and a clock that goes bad
 * while it is in use is replaced by another without a jump.
 */
#include <kernel/ktest.h>
#include <kernel/smp.h>
#include <kernel/time/clockevents.h>
#include <kernel/time/clocksource.h>
#include <kernel/time/hrtimer.h>
#include <kernel/time/timekeeping.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <tests/fake_clock.h>

#define JUMP_MAX (5 * NSEC_PER_SEC) /* what a loaded host may take between two lines of a test */

/* What a test registers outlives a test that fails in the middle; then it is taken out here. */
static struct fake_clock fakes[6];
static u32 nr_fakes;

static struct fake_clock *new_fake(const char *name)
{
	struct fake_clock *fake = &fakes[nr_fakes++];

	fake_init(fake, name);
	return fake;
}

static int add(struct fake_clock *fake, u64 hz)
{
	return clocksource_register_hz(&fake->cs, hz);
}

static int need_clock(void)
{
	if (!current_clocksource())
		ktest_skip("no clock source on this machine");
	nr_fakes = 0;
	return 0;
}

static void remove_fakes(void)
{
	for (u32 i = 0; i < nr_fakes; i++)
		if (!list_empty(&fakes[i].cs.link))
			EXPECT_EQ(clocksource_unregister(&fakes[i].cs), 0);
	nr_fakes = 0;
}
TEST_SUITE(clocksource, need_clock, remove_fakes);

static u64 tsc_hz(void)
{
	return tsc_khz * 1000ULL;
}

/* A second's cycles are a second, to 10^-9, whatever the frequency. */
TEST(clocksource, mult_and_shift_are_exact)
{
	for (int i = 0; i < 200; i++) {
		struct fake_clock *fake = new_fake("exact");
		u64 hz = 32768 + (ktest_rand() >> (30 + ktest_rand_below(18)));
		s64 off;

		fake->cs.rating = -1;
		ASSERT_EQ(add(fake, hz), 0);
		off = (s64)clocksource_cyc2ns(&fake->cs, hz) - NSEC_PER_SEC;
		EXPECT_LE(off, 1);
		EXPECT_GE(off, -2);
		EXPECT_LE(fake->cs.max_cycles, ~0ULL / fake->cs.mult);
		remove_fakes();
	}
}

/* Refused, says why, is kept for `clock` and never becomes the clock. */
static void expect_refused(struct fake_clock *fake, u64 hz)
{
	struct clocksource *before = current_clocksource();

	EXPECT_EQ(add(fake, hz), -EINVAL);
	EXPECT_TRUE(fake->cs.why_not != NULL);
	EXPECT_TRUE(fake->cs.flags & CLOCK_SOURCE_UNSTABLE);
	EXPECT_TRUE(current_clocksource() == before);
}

TEST(clocksource, unsound_ones_are_refused)
{
	struct fake_clock *no_hz = new_fake("no frequency"), *too_fast = new_fake("too fast"),
			  *stopped = new_fake("stopped"), *backwards = new_fake("backwards"),
			  *mask = new_fake("odd mask"), *no_read = new_fake("no read");

	expect_refused(no_hz, 0);
	expect_refused(too_fast, ~0ULL); /* its mult would be 0 */
	stopped->stopped = true;
	expect_refused(stopped, tsc_hz());
	backwards->backwards = 1;
	expect_refused(backwards, tsc_hz());
	mask->cs.mask = 0xff00;
	expect_refused(mask, tsc_hz());
	no_read->cs.read = NULL;
	expect_refused(no_read, tsc_hz());
}

TEST(clocksource, best_rating_wins_and_time_does_not_jump)
{
	struct fake_clock *better = new_fake("better"), *worse = new_fake("worse");
	struct clocksource *before = current_clocksource();
	ktime_t t = ktime_get(), now;

	worse->cs.rating = -1;
	ASSERT_EQ(add(worse, tsc_hz()), 0);
	EXPECT_TRUE(current_clocksource() == before);
	better->offset = 1ULL << 60;
	ASSERT_EQ(add(better, tsc_hz()), 0);
	EXPECT_TRUE(current_clocksource() == &better->cs);
	now = ktime_get();
	EXPECT_GE(now, t);
	EXPECT_LT(now - t, JUMP_MAX);
	clocksource_mark_unstable(&better->cs, "a test says so");
	EXPECT_TRUE(current_clocksource() == before);
	EXPECT_STREQ(better->cs.why_not, "a test says so");
	t = ktime_get();
	EXPECT_GE(t, now);
	EXPECT_LT(t - now, JUMP_MAX);
	EXPECT_TRUE(current_clocksource() == before);
}

TEST(clocksource, a_new_frequency_bends_time_without_a_jump)
{
	struct fake_clock *fake = new_fake("bent");
	ktime_t last, now;

	ASSERT_EQ(add(fake, tsc_hz()), 0);
	last = ktime_get();
	for (int i = 0; i < 100; i++) {
		clocksource_update_hz(&fake->cs, tsc_hz() / 100 * (50 + ktest_rand_below(100)));
		now = ktime_get();
		ASSERT_GE(now, last);
		ASSERT_LT(now - last, JUMP_MAX);
		last = now;
	}
}

/* ---- the watchdog, by hand: no waiting ------------------------------------------------------------ */

/* Two that agree; then something happens to one, and the next check must say so. */
static void watched(struct fake_clock *fake, struct fake_clock *reference)
{
	fake->cs.flags |= CLOCK_SOURCE_MUST_VERIFY;
	fake->cs.rating = -1;
	reference->cs.rating = -2;
	ASSERT_EQ(add(reference, tsc_hz()), 0);
	ASSERT_EQ(add(fake, tsc_hz()), 0);
	clocksource_check(&fake->cs, &reference->cs);
	/* What is checked are intervals. Both may jump: only the difference matters. */
	fake->offset += tsc_hz() / 2;
	reference->offset += tsc_hz() / 2;
	clocksource_check(&fake->cs, &reference->cs);
	EXPECT_TRUE(fake->cs.why_not == NULL);
}

TEST(clocksource, watchdog_demotes_a_jump)
{
	static const s64 jumps_ms[] = {60, 5000, 3600000, -60, -5000};

	for (size_t i = 0; i < ARRAY_SIZE(jumps_ms); i++) {
		struct fake_clock *fake = new_fake("jumps"), *reference = new_fake("steady");

		watched(fake, reference);
		fake->offset += (u64)(jumps_ms[i] * (s64)tsc_khz);
		clocksource_check(&fake->cs, &reference->cs);
		EXPECT_TRUE(fake->cs.why_not != NULL);
		EXPECT_TRUE(reference->cs.why_not == NULL);
		remove_fakes();
	}
}

TEST(clocksource, watchdog_demotes_a_drift)
{
	struct fake_clock *fake = new_fake("drifts"), *reference = new_fake("steady");

	watched(fake, reference);
	reference->offset += 2 * tsc_hz();
	fake->offset += 2 * tsc_hz() + tsc_hz() / 25; /* 2 % */
	clocksource_check(&fake->cs, &reference->cs);
	EXPECT_TRUE(fake->cs.why_not != NULL);
}

TEST(clocksource, watchdog_demotes_what_stopped)
{
	struct fake_clock *fake = new_fake("stops"), *reference = new_fake("steady");

	watched(fake, reference);
	fake->stopped = true;
	reference->offset += 2 * tsc_hz();
	clocksource_check(&fake->cs, &reference->cs);
	EXPECT_TRUE(fake->cs.why_not != NULL);
}

/* A check that comes so late that the reference has gone round is no reason. */
TEST(clocksource, watchdog_forgives_a_late_check)
{
	struct fake_clock *fake = new_fake("good"), *reference = new_fake("goes round");

	reference->cs.mask = (1ULL << 34) - 1; /* seven seconds at 2.5 GHz */
	watched(fake, reference);
	for (u32 seconds = 1; seconds < 100; seconds += 13) {
		fake->offset += seconds * tsc_hz();
		reference->offset += seconds * tsc_hz();
		clocksource_check(&fake->cs, &reference->cs);
		EXPECT_TRUE(fake->cs.why_not == NULL);
	}
}

/* ---- other CPUs ----------------------------------------------------------------------------------- */

/* Each CPU's reading lies between two of ours; one that is a second off does not. */
static u64 read_apart(struct clocksource *cs)
{
	return fake_read(cs) + (smp_processor_id() ? tsc_hz() : 0);
}

TEST(clocksource, cpus_are_in_step)
{
	struct fake_clock *fake = new_fake("apart");
	u32 cpu, others = 0;

	for_each_online_cpu(cpu)
	{
		if (cpu == smp_processor_id())
			continue;
		others++;
		EXPECT_TRUE(clocksource_in_step(current_clocksource(), cpu));
		fake->cs.read = read_apart;
		EXPECT_FALSE(clocksource_in_step(&fake->cs, cpu));
	}
	if (!others)
		ktest_skip("one CPU");
}

/* ---- a clock that stops while it is the clock ------------------------------------------------------ */

static enum hrtimer_restart nothing(struct hrtimer *timer __maybe_unused)
{
	return HRTIMER_NORESTART;
}

/* Nobody watches it, but timers that never come due give it away. */
TEST(clocksource, a_stopped_clock_is_found_out)
{
	struct fake_clock *fake = new_fake("stops");
	static struct hrtimer timer;
	u64 start;

	if (!this_cpu_clock_event())
		ktest_skip("no timer interrupt");
	ASSERT_EQ(add(fake, tsc_hz()), 0);
	ASSERT_TRUE(current_clocksource() == &fake->cs);
	fake->stopped = true;
	hrtimer_init(&timer, nothing);
	hrtimer_start(&timer, NSEC_PER_MSEC, HRTIMER_MODE_REL);
	start = rdtsc();
	while (current_clocksource() == &fake->cs && rdtsc() - start < 20 * tsc_hz())
		cpu_relax();
	EXPECT_TRUE(current_clocksource() != &fake->cs);
	hrtimer_cancel(&timer);
}
