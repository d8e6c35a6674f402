/*
 * Timers on the real clock and the real interrupt: never early, in order, a cancelled one never fires, a periodic one keeps to
 * its grid, the past fires at once and the far future does not. tests/host/test_hrtimer.c does
 * the same with a clock of its own, against a model.
 */
#include <arch/insn.h>
#include <arch/irqflags.h>
#include <arch/tsc.h>
#include <kernel/ktest.h>
#include <kernel/smp.h>
#include <kernel/time/clockevents.h>
#include <kernel/time/hrtimer.h>
#include <kernel/time/timekeeping.h>
#include <tests/crowd.h>

#define TIMERS	 24
#define PATIENCE (20 * NSEC_PER_SEC) /* an interrupt that has not come by then is lost */

/* Static: a test that fails in the middle must not leave timers on its stack. */
static struct probe {
	struct hrtimer timer;
	ktime_t due, fired; /* fired: when its function ran, 0: not yet */
	u32 count, order, limit;
	ktime_t interval;
	u32 cpu;
} probes[TIMERS];
static u32 nr_fired;

static struct probe *probe_of(struct hrtimer *timer)
{
	return container_of(timer, struct probe, timer);
}

static enum hrtimer_restart note(struct hrtimer *timer)
{
	struct probe *p = probe_of(timer);

	p->fired = ktime_get();
	p->cpu = smp_processor_id();
	p->count++;
	p->order = __atomic_fetch_add(&nr_fired, 1, __ATOMIC_SEQ_CST);
	return HRTIMER_NORESTART;
}

static int start_suite(void)
{
	if (!this_cpu_clock_event())
		ktest_skip("no timer interrupt on this machine");
	nr_fired = 0;
	for (u32 i = 0; i < TIMERS; i++) {
		probes[i] = (struct probe){0};
		hrtimer_init(&probes[i].timer, note);
	}
	return 0;
}

static void end_suite(void)
{
	for (u32 i = 0; i < TIMERS; i++)
		hrtimer_cancel(&probes[i].timer);
}
TEST_SUITE(hrtimer, start_suite, end_suite);

/* All of them are queued before the first can fire, however slow the machine is. */
static void start_all(const ktime_t *due)
{
	unsigned long flags = local_irq_save();

	for (u32 i = 0; i < TIMERS; i++) {
		probes[i].due = due[i];
		hrtimer_start(&probes[i].timer, due[i], HRTIMER_MODE_ABS);
	}
	local_irq_restore(flags);
}

static void start_at(struct probe *p, ktime_t due)
{
	p->due = due;
	hrtimer_start(&p->timer, due, HRTIMER_MODE_ABS);
}

static bool wait_for(volatile u32 *count, u32 n)
{
	ktime_t start = ktime_get();

	while (*count < n && ktime_get() - start < PATIENCE)
		cpu_relax();
	return *count >= n;
}

TEST(hrtimer, never_early_and_in_order)
{
	ktime_t now = ktime_get(), due[TIMERS];

	for (u32 i = 0; i < TIMERS; i++)
		due[i] = now + NSEC_PER_MSEC + (ktime_t)ktest_rand_below(20 * NSEC_PER_MSEC);
	start_all(due);
	ASSERT_TRUE(wait_for(&nr_fired, TIMERS));
	for (u32 i = 0; i < TIMERS; i++) {
		EXPECT_EQ(probes[i].count, 1U);
		EXPECT_GE(probes[i].fired, probes[i].due);
		EXPECT_FALSE(hrtimer_active(&probes[i].timer));
		for (u32 j = 0; j < TIMERS; j++)
			if (probes[i].due < probes[j].due)
				EXPECT_LT(probes[i].order, probes[j].order);
	}
}

TEST(hrtimer, equal_times_come_first_come_first_served)
{
	ktime_t same = ktime_get() + 3 * NSEC_PER_MSEC, due[TIMERS];

	for (u32 i = 0; i < TIMERS; i++)
		due[i] = same;
	start_all(due);
	ASSERT_TRUE(wait_for(&nr_fired, TIMERS));
	for (u32 i = 0; i < TIMERS; i++)
		EXPECT_EQ(probes[i].order, i);
}

TEST(hrtimer, cancelled_ones_never_fire)
{
	ktime_t now = ktime_get();
	u32 fired = 0;

	for (u32 i = 0; i < TIMERS; i++)
		start_at(&probes[i], now + NSEC_PER_MSEC * (5 + i));
	for (u32 i = 0; i < TIMERS; i += 2) {
		int was = hrtimer_cancel(&probes[i].timer);

		EXPECT_EQ(was, probes[i].count ? 0 : 1);
		EXPECT_EQ(hrtimer_cancel(&probes[i].timer), 0);
		fired += probes[i].count;
	}
	ASSERT_TRUE(wait_for(&nr_fired, TIMERS / 2 + fired));
	for (u32 i = 0; i < TIMERS; i++)
		if (i % 2)
			EXPECT_EQ(probes[i].count, 1U);
	EXPECT_EQ(nr_fired, TIMERS / 2 + fired);
}

TEST(hrtimer, the_past_fires_at_once)
{
	static const ktime_t past[] = {0, 1, -1, -NSEC_PER_SEC};

	for (u32 i = 0; i < ARRAY_SIZE(past); i++) {
		start_at(&probes[i], past[i]);
		ASSERT_TRUE(wait_for(&nr_fired, i + 1));
	}
	hrtimer_start(&probes[10].timer, -5 * NSEC_PER_SEC, HRTIMER_MODE_REL);
	EXPECT_TRUE(wait_for(&nr_fired, ARRAY_SIZE(past) + 1));
}

/* Hours, years, for ever: further than any device can wait. A short one started afterwards is not held up. */
TEST(hrtimer, the_far_future_waits)
{
	static const ktime_t far[] = {3700 * NSEC_PER_SEC, 86400 * 365 * NSEC_PER_SEC,
				      KTIME_MAX - 1, KTIME_MAX};
	ktime_t now = ktime_get();

	for (u32 i = 0; i < ARRAY_SIZE(far); i++)
		hrtimer_start(&probes[i].timer, far[i], HRTIMER_MODE_REL);
	start_at(&probes[10], now + 200 * NSEC_PER_MSEC); /* more than a PIT can */
	ASSERT_TRUE(wait_for(&nr_fired, 1));
	EXPECT_EQ(probes[10].count, 1U);
	EXPECT_GE(probes[10].fired, probes[10].due);
	for (u32 i = 0; i < ARRAY_SIZE(far); i++) {
		EXPECT_GT(probes[i].timer.expires, now);
		EXPECT_EQ(hrtimer_cancel(&probes[i].timer), 1);
	}
}

static enum hrtimer_restart again(struct hrtimer *timer)
{
	struct probe *p = probe_of(timer);

	note(timer);
	if (p->count >= p->limit)
		return HRTIMER_NORESTART;
	hrtimer_forward(timer, ktime_get(), p->interval);
	return HRTIMER_RESTART;
}

/* However late the interrupts are, the expiry stays on the grid. */
TEST(hrtimer, periodic_keeps_to_its_grid)
{
	struct probe *p = &probes[0];

	hrtimer_init(&p->timer, again);
	p->interval = 777 * NSEC_PER_USEC;
	p->limit = 30;
	start_at(p, ktime_get() + p->interval);
	ASSERT_TRUE(wait_for(&p->count, p->limit));
	EXPECT_EQ((p->timer.expires - p->due) % p->interval, 0);
	EXPECT_GE(p->fired, p->due + (p->limit - 1) * p->interval);
	EXPECT_FALSE(hrtimer_active(&p->timer));
}

TEST(hrtimer, forward_is_exact)
{
	struct hrtimer timer = {.expires = 1000};

	EXPECT_EQ(hrtimer_forward(&timer, 999, 10), 0ULL);
	EXPECT_EQ(timer.expires, 1000);
	EXPECT_EQ(hrtimer_forward(&timer, 1000, 10), 1ULL);
	EXPECT_EQ(timer.expires, 1010);
	EXPECT_EQ(hrtimer_forward(&timer, 1055, 10), 5ULL);
	EXPECT_EQ(timer.expires, 1060);
	EXPECT_EQ(hrtimer_forward(&timer, 2000, 0), 941ULL); /* a nonsense interval is 1 ns */
	EXPECT_EQ(timer.expires, 2001);
	EXPECT_EQ(hrtimer_forward(&timer, KTIME_MAX - 5, KTIME_MAX), 1ULL);
	EXPECT_EQ(timer.expires, KTIME_MAX);
}

/* Starting again moves it: one expiry, at the last time given. */
TEST(hrtimer, restart_replaces)
{
	struct probe *p = &probes[0];
	unsigned long flags =
		local_irq_save(); /* the host may take the CPU away: the second must not fire before the third */
	ktime_t now = ktime_get();

	start_at(p, now + 3600 * NSEC_PER_SEC);
	start_at(p, now + 4 * NSEC_PER_MSEC);
	start_at(p, now + 9 * NSEC_PER_MSEC);
	local_irq_restore(flags);
	ASSERT_TRUE(wait_for(&p->count, 1));
	EXPECT_GE(p->fired, p->due);
	EXPECT_EQ(hrtimer_cancel(&p->timer), 0);
	EXPECT_EQ(p->count, 1U);
}

/* ---- several CPUs ---------------------------------------------------------------------------------- */

static void start_from_there(void *info)
{
	struct probe *p = info;

	start_at(p, ktime_get() + 2 * NSEC_PER_MSEC);
}

static u32 another_cpu(void)
{
	u32 cpu, here = smp_processor_id();

	for_each_online_cpu(cpu) if (cpu != here && clock_event_of(cpu)) return cpu;
	ktest_skip("no other CPU with a timer interrupt");
}

TEST(hrtimer, fires_on_the_cpu_that_started_it)
{
	u32 there = another_cpu();

	start_at(&probes[0], ktime_get() + 3600 * NSEC_PER_SEC); /* is moved to the other one */
	smp_call_function_single(there, start_from_there, &probes[0], true);
	start_at(&probes[1], ktime_get() + 2 * NSEC_PER_MSEC);
	ASSERT_TRUE(wait_for(&nr_fired, 2));
	EXPECT_EQ(probes[0].cpu, there);
	EXPECT_EQ(probes[1].cpu, smp_processor_id());
	EXPECT_GE(probes[0].fired, probes[0].due);
}

/* A period of 50 us on another CPU, cancelled from here: when cancel returns it is over. */
TEST(hrtimer, cancel_waits_for_a_function_that_runs_elsewhere)
{
	u32 there = another_cpu();
	struct probe *p = &probes[0];

	for (int i = 0; i < 20; i++) {
		u32 count;

		hrtimer_init(&p->timer, again);
		p->count = 0;
		p->interval = 50 * NSEC_PER_USEC;
		p->limit = ~0U;
		smp_call_function_single(there, start_from_there, p, true);
		ASSERT_TRUE(wait_for(&p->count, 1));
		EXPECT_EQ(hrtimer_cancel(&p->timer), 1);
		count = READ_ONCE(p->count);
		udelay(200);
		EXPECT_EQ(READ_ONCE(p->count), count);
		EXPECT_FALSE(hrtimer_active(&p->timer));
	}
}

static void hammer(void *info __maybe_unused)
{
	for (int i = 0; i < 300; i++) {
		struct probe *p = &probes[(u32)i % 4];

		if (i % 3)
			hrtimer_start(&p->timer, i * (ktime_t)1000, HRTIMER_MODE_REL);
		else
			hrtimer_try_to_cancel(&p->timer);
	}
}

/* Several CPUs start and cancel the same few timers: the trees stay whole, and afterwards all can be cancelled. */
TEST(hrtimer, cpus_fight_for_the_same_timers)
{
	gather();
	a_few();
	on_the_crowd(hammer);
	for (u32 i = 0; i < 4; i++) {
		hrtimer_cancel(&probes[i].timer);
		EXPECT_FALSE(hrtimer_active(&probes[i].timer));
	}
}
