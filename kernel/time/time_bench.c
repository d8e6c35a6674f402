/* What asking for the time costs, and a timer that never expires, which is what most timers are. */
#include <arch/pvclock.h>
#include <kernel/time/clocksource.h>
#include <kernel/time/hrtimer.h>
#include <kernel/time/timekeeping.h>
#include <lib/bench.h>

BENCH(time, ktime_get)
{
	BENCH_LOOP(b, 1000)
	{
		ktime_get();
	}
}

BENCH(time, sched_clock)
{
	BENCH_LOOP(b, 1000)
	{
		sched_clock();
	}
}

static enum hrtimer_restart never(struct hrtimer *timer __maybe_unused)
{
	return HRTIMER_NORESTART;
}

BENCH(time, hrtimer)
{
	struct hrtimer timer;

	hrtimer_init(&timer, never);
	BENCH_LOOP(b, 100)
	{
		hrtimer_start(&timer, 10 * NSEC_PER_SEC, HRTIMER_MODE_REL);
		hrtimer_cancel(&timer);
	}
}

/* ---- kvmclock without KVM ------------------------------------------------------------------------- */

/* Instructions are counted where there is no KVM: there this CPU's set is nobody's, and can be filled in by hand. */
static u64 read_set(struct clocksource *cs __maybe_unused)
{
	u8 flags;

	return pvclock_read(this_cpu_ptr(&hv_clock), &flags);
}

static struct clocksource by_hand = {
	.name = "kvmclock by hand",
	.flags = CLOCK_SOURCE_IS_PVCLOCK,
	.read = read_set,
	.mask = ~0ULL,
	.mult = 1u << 31,
	.shift = 31,
};

BENCH(time, ktime_get_kvmclock)
{
	struct pvclock_vcpu_time_info *set = this_cpu_ptr(&hv_clock);
	struct clocksource *real = current_clocksource();
	u8 plain = pvclock_plain_flags;

	if (set->version)
		return; /* the host's */
	*set = (struct pvclock_vcpu_time_info){.version = 2,
					       .tsc_to_system_mul = 0xc53792b0,
					       .tsc_shift = -1,
					       .flags = PVCLOCK_TSC_STABLE_BIT};
	pvclock_plain_flags = PVCLOCK_TSC_STABLE_BIT;
	timekeeping_switch(&by_hand);
	BENCH_LOOP(b, 1000)
	{
		ktime_get();
	}
	if (real)
		timekeeping_switch(real);
	pvclock_plain_flags = plain;
	*set = (struct pvclock_vcpu_time_info){0};
}
