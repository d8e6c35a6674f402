/*
 * The TSC as a clock source, and the search for its true frequency.
 *
 * It is the cheapest clock there is, and the one whose frequency nobody writes down. At boot a first answer comes from CPUID
 * or the PIT (arch/tsc.c), good to a percent or so. If it was measured, a timer compares the TSC with the HPET or
 * the PM timer later on, over a window that gets ten times as long each time, until the error is small; each better
 * answer bends the clock's line from that moment on, and nobody waits. Then the watchdog takes over
 * (kernel/time/clocksource.c), unless the CPU vouches for its TSC.
 */
#define pr_fmt(fmt) "tsc: " fmt

#include <arch/cpufeature.h>
#include <arch/insn.h>
#include <arch/tsc.h>
#include <drivers/clock/clock.h>
#include <kernel/time/clocksource.h>
#include <kernel/time/hrtimer.h>
#include <lib/printk.h>

#define ERROR_USABLE 20000 /* ppm: a clock that is off by more waits until it is known better */
#define ERROR_FINE   20	   /* ppm: as good as a quartz; the search ends */
#define FIRST_WINDOW (10 * NSEC_PER_MSEC)
#define LAST_WINDOW  (1000 * NSEC_PER_MSEC)

#define X86_FEATURE_TSC_ADJUST X86_FEATURE(CPUID_7_EBX, 1)

static u64 read_tsc(struct clocksource *cs __maybe_unused)
{
	return rdtsc_ordered();
}

static struct clocksource tsc = {
	.name = "tsc",
	.rating = 300,
	.flags = CLOCK_SOURCE_IS_CONTINUOUS | CLOCK_SOURCE_VALID_FOR_HRES |
		 CLOCK_SOURCE_MUST_VERIFY | CLOCK_SOURCE_IS_TSC,
	.read = read_tsc,
	.mask = ~0ULL,
};
static bool registered;

static struct {
	struct hrtimer timer;
	struct clocksource *reference; /* NULL: the PIT window of arch/tsc.c */
	struct clocksource_pair start; /* the look at the window's start */
	ktime_t length;
} window;

static void register_if_known(void)
{
	if (registered || !tsc_khz || tsc_error_ppm > ERROR_USABLE)
		return;
	registered = true;
	clocksource_register_khz(&tsc, tsc_khz);
}

void tsc_register(void)
{
	if (!cpu_has(X86_FEATURE_TSC))
		return;
	/* "Invariant" says that it never stops nor changes, the other that no firmware can have set one CPU's apart. */
	if (cpu_has(X86_FEATURE_CONSTANT_TSC) && cpu_has(X86_FEATURE_TSC_ADJUST))
		tsc.flags &= ~CLOCK_SOURCE_MUST_VERIFY;
	tsc_refine();
	register_if_known();
}

/* ---- in the background ---------------------------------------------------------------------------- */

static void take(u32 khz_before)
{
	if (tsc_khz == khz_before)
		return;
	pr_debug("%u.%03u MHz (%s, +-%u ppm)\n", tsc_khz / 1000, tsc_khz % 1000, tsc_source,
		 tsc_error_ppm);
	if (registered)
		clocksource_update_hz(&tsc, tsc_khz * 1000ULL);
	else
		register_if_known();
}

static void look_at_reference(void)
{
	struct clocksource *ref = window.reference;
	struct clocksource_pair now = clocksource_read_pair(&tsc, ref);
	u64 cycles = now.cycles - window.start.cycles;
	u64 ticks = (now.reference - window.start.reference) & ref->mask;
	u32 error;
	u64 khz;

	if (tsc_khz_from(cycles, now.blur + window.start.blur, ticks, ref->hz, &khz, &error))
		tsc_set_khz(khz, error, ref->name);
}

static enum hrtimer_restart window_over(struct hrtimer *timer)
{
	u32 khz_before = tsc_khz;

	if (window.reference)
		look_at_reference();
	else
		tsc_refine();
	take(khz_before);
	if (tsc_error_ppm <= ERROR_FINE || window.length >= LAST_WINDOW)
		return HRTIMER_NORESTART;
	window.length *= 10;
	hrtimer_forward(timer, timer->expires, window.length - window.length / 10);
	return HRTIMER_RESTART;
}

void tsc_refine_init(void)
{
	if (!cpu_has(X86_FEATURE_TSC) || tsc_error_ppm <= ERROR_FINE)
		return;
	window.reference = clocksource_reference(&tsc);
	if (window.reference)
		window.start = clocksource_read_pair(&tsc, window.reference);
	window.length = FIRST_WINDOW;
	hrtimer_init(&window.timer, window_over);
	hrtimer_start(&window.timer, window.length, HRTIMER_MODE_REL);
}
