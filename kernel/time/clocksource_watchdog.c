/*
 * The watchdog: does the clock keep pace with another one, and do all CPUs see the same clock?
 *
 * A TSC may stop in deep sleep, change its rate with the CPU's, or be set apart on one CPU by firmware. Nothing
 * reports that; one has to look. When the other CPUs have started each is asked what it reads; and while the clock is one
 * that must be verified, a timer compares intervals of it with intervals of a reference every two seconds. What
 * fails is demoted with the reason, and the next best source goes on.
 *
 * It is a timer and not a tick: it exists only while such a source is current and there is something to compare it with. A
 * machine with kvmclock, or with a TSC that the CPU vouches for, never runs it, and can sleep for ever.
 *
 * Linux: clocksource_watchdog() and clocksource_verify_percpu().
 */
#define pr_fmt(fmt) "clocksource: " fmt

#include <kernel/smp.h>
#include <kernel/time/clocksource.h>
#include <kernel/time/hrtimer.h>
#include <kernel/time/timekeeping.h>
#include <lib/printk.h>

#define WATCH_INTERVAL (2 * NSEC_PER_SEC) /* less than half of the PM timer's 4.7 s */
#define TOLERANCE_PPM  5000 /* what a source may be off; NTP on a host moves the others by 500 */
#define PPM	       1000000

struct clocksource_watchdog clocksource_watchdog;
static struct hrtimer watch_timer;

static struct clocksource_pair read_pair_once(struct clocksource *cs, struct clocksource *reference)
{
	u64 before = cs->read(cs);
	u64 between = reference->read(reference);
	u64 after = cs->read(cs);

	return (struct clocksource_pair){after, between, (after - before) & cs->mask};
}

/* A host that takes the CPU away between the reads makes them belong to different times: the closest of three counts. */
struct clocksource_pair clocksource_read_pair(struct clocksource *cs, struct clocksource *reference)
{
	struct clocksource_pair best = read_pair_once(cs, reference);

	for (int i = 1; i < 3; i++) {
		struct clocksource_pair pair = read_pair_once(cs, reference);

		if (pair.blur < best.blur)
			best = pair;
	}
	return best;
}

/*
 * By how much two intervals differ. A check that came late finds that the reference has gone round; whole
 * rounds of it say nothing.
 */
static s64 difference(const struct clocksource *reference, u64 ns, u64 reference_ns)
{
	s64 round = (s64)clocksource_wrap_ns(reference);
	s64 off = (s64)(ns - reference_ns) % round;

	if (off > round / 2)
		off -= round;
	else if (off < -(round / 2))
		off += round;
	return off;
}

void clocksource_check(struct clocksource *cs, struct clocksource *reference)
{
	struct clocksource_pair now = clocksource_read_pair(cs, reference), then = cs->checked;
	bool have_interval = cs->checking;
	s64 off, limit;
	u64 ns, ref_ns;

	cs->checked = now;
	cs->checking = true;
	if (!have_interval)
		return;
	ns = clocksource_cyc2ns(cs, (now.cycles - then.cycles) & cs->mask);
	ref_ns = clocksource_cyc2ns(reference, (now.reference - then.reference) & reference->mask);
	off = difference(reference, ns, ref_ns);
	limit = max((s64)ref_ns, WATCH_INTERVAL) / PPM * TOLERANCE_PPM +
		(s64)clocksource_cyc2ns(cs, now.blur + then.blur);
	clocksource_watchdog.checks++;
	clocksource_watchdog.last_ppm = off / max((s64)ref_ns / PPM, 1LL);
	if (off > limit || off < -limit)
		clocksource_mark_unstable(cs,
					  "it does not keep pace with the watchdog's reference");
}

/* ---- the other CPUs ------------------------------------------------------------------------------- */

struct remote_read {
	struct clocksource *cs;
	u64 cycles;
};

static void read_remotely(void *info)
{
	struct remote_read *r = info;

	r->cycles = r->cs->read(r->cs);
}

bool clocksource_in_step(struct clocksource *cs, u32 cpu)
{
	struct remote_read r = {.cs = cs};
	u64 before = cs->read(cs), after;

	if (smp_call_function_single(cpu, read_remotely, &r, true))
		return true; /* it is not there any more */
	after = cs->read(cs);
	return ((r.cycles - before) & cs->mask) <= ((after - before) & cs->mask);
}

/* An interrupt there and back is a few microseconds: less than that is not seen. */
void clocksource_check_cpus(void)
{
	struct clocksource *cs = current_clocksource();
	u32 cpu, here = smp_processor_id();

	if (!cs || !(cs->flags & CLOCK_SOURCE_MUST_VERIFY))
		return;
	for_each_online_cpu(cpu)
	{
		if (cpu == here || clocksource_in_step(cs, cpu))
			continue;
		pr_warn("CPU %u reads something else from %s\n", cpu, cs->name);
		clocksource_mark_unstable(cs, "the CPUs disagree about it");
		return;
	}
}

/* ---- the timer ------------------------------------------------------------------------------------ */

static enum hrtimer_restart watch_expired(struct hrtimer *timer)
{
	struct clocksource *cs = current_clocksource();
	struct clocksource *reference = clocksource_reference(cs);

	if (!(cs->flags & CLOCK_SOURCE_MUST_VERIFY) || !reference)
		return HRTIMER_NORESTART;
	clocksource_check(cs, reference);
	hrtimer_forward(timer, ktime_get(), WATCH_INTERVAL);
	return HRTIMER_RESTART;
}

void clocksource_watch(void)
{
	struct clocksource *cs = current_clocksource();
	const struct clocksource *reference = NULL;

	if (cs->flags & CLOCK_SOURCE_MUST_VERIFY)
		reference = clocksource_reference(cs);
	clocksource_watchdog.reference = reference;
	cs->checking = false;
	if (!reference)
		return;
	if (!watch_timer.function)
		hrtimer_init(&watch_timer, watch_expired);
	hrtimer_start(&watch_timer, WATCH_INTERVAL, HRTIMER_MODE_REL);
}
