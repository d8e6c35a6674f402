/*
 * The local APIC's timer: every CPU's own alarm clock, and the one that is used wherever there is a local APIC.
 *
 * It has two forms. TSC deadline: write the TSC value at which to interrupt into an MSR; nothing has to be known about
 * any frequency but the TSC's. One-shot: a counter goes down at the rate of a bus clock that nobody documents, so
 * the rate is measured: the boot CPU's counter is started when clocks are looked for and read again when timers are set up,
 * and the boot's own work in between is the window. All CPUs' counters have the same rate.
 *
 * SDM vol. 3, 10.5.4; AMD APM vol. 2, 16.4.1.
 */
#define pr_fmt(fmt) "lapic_timer: " fmt

#include <arch/cpufeature.h>
#include <arch/insn.h>
#include <arch/irqflags.h>
#include <arch/lapic.h>
#include <arch/percpu.h>
#include <arch/traps.h>
#include <arch/tsc.h>
#include <drivers/clock/clock.h>
#include <kernel/irq.h>
#include <kernel/smpboot.h>
#include <kernel/time/clockevents.h>
#include <kernel/time/hrtimer.h>
#include <lib/param.h>
#include <lib/printk.h>

#define COUNT_MAX    0xffffffffu
#define COUNTS_MIN   2000    /* the window's: the rate is then right to a tenth of a percent */
#define LOOKS_MAX    1000000 /* a counter that does not move is not waited for */
#define DEADLINE_MAX 1000000000000ULL /* ns: times tsc_khz it still fits 64 bits */
#define COUNT_MIN_NS 1000

static bool no_deadline, no_lapic_timer;
PARAM("no-tscdeadline", PARAM_FLAG(&no_deadline), "let the local APIC's timer count down instead");

PARAM("nolapic_timer", PARAM_FLAG(&no_lapic_timer), "let the PIT interrupt (the boot CPU only)");

static DEFINE_PER_CPU(struct clock_event_device, lapic_event);

/* ---- TSC deadline --------------------------------------------------------------------------------- */

static void deadline_set(struct clock_event_device *dev __maybe_unused, u64 delta_ns)
{
	lapic_timer_set_deadline(rdtsc() + delta_ns * tsc_khz / 1000000 + 1);
}

static void deadline_shutdown(struct clock_event_device *dev __maybe_unused)
{
	lapic_timer_set_deadline(0);
}

static const struct clock_event_device deadline_device = {
	.name = "lapic-deadline",
	.rating = 150,
	.set_next_event = deadline_set,
	.shutdown = deadline_shutdown,
	.min_ns = 1,
	.max_ns = DEADLINE_MAX,
};

/* ---- one-shot ------------------------------------------------------------------------------------- */

static u64 window_tsc;
static u64 counts_per_ns_32; /* times 2^32; 0: not measured */

static void count_set(struct clock_event_device *dev __maybe_unused, u64 delta_ns)
{
	u64 count = (u64)((unsigned __int128)delta_ns * counts_per_ns_32 >> 32) + 1;

	lapic_timer_set_count((u32)min(count, (u64)COUNT_MAX));
}

static void count_shutdown(struct clock_event_device *dev __maybe_unused)
{
	lapic_timer_set_count(0);
}

static const struct clock_event_device count_device = {
	.name = "lapic",
	.rating = 100,
	.set_next_event = count_set,
	.shutdown = count_shutdown,
	.min_ns = COUNT_MIN_NS,
};

/* The timer stays masked: it only counts. */
void lapic_timer_open_window(void)
{
	if (!lapic_present())
		return;
	lapic_timer_setup(LAPIC_TIMER_OFF);
	lapic_timer_set_count(COUNT_MAX);
	window_tsc = rdtsc();
}

/* The boot has taken long enough as a rule; a very fast one looks a few times more. */
static void measure(void)
{
	u32 counts = 0;
	u64 cycles = 0;

	for (u32 looks = 0; counts < COUNTS_MIN && looks < LOOKS_MAX; looks++) {
		cycles = rdtsc() - window_tsc;
		counts = COUNT_MAX - lapic_timer_count();
	}
	if (counts >= COUNTS_MIN && counts < COUNT_MAX && tsc_khz)
		counts_per_ns_32 = (((u64)counts << 32) / cycles) * tsc_khz / 1000000;
	lapic_timer_set_count(0);
}

/* ---- both ----------------------------------------------------------------------------------------- */

static DEFINE_PER_CPU(u64, interrupts);

static u64 count_interrupts(u32 cpu)
{
	return per_cpu(interrupts, cpu);
}

static struct irq_stat timer_stat = {
	.label = "LOC", .what = "local APIC timer interrupts", .count = count_interrupts};

static bool timer_interrupt(struct pt_regs *regs __maybe_unused)
{
	this_cpu_inc(interrupts);
	lapic_eoi();
	hrtimer_interrupt();
	return true;
}

static bool have_deadline(void)
{
	return cpu_has(X86_FEATURE_TSC_DEADLINE_TIMER) && !no_deadline && tsc_khz &&
	       tsc_error_ppm < 1000000;
}

static void lapic_timer_init_cpu(void)
{
	struct clock_event_device *dev = this_cpu_ptr(&lapic_event);

	if (have_deadline()) {
		*dev = deadline_device;
		lapic_timer_setup(LAPIC_TIMER_TSC_DEADLINE);
	} else {
		*dev = count_device;
		dev->max_ns = (u64)COUNT_MAX * 1000000000 / (counts_per_ns_32 * 1000000000 >> 32);
		lapic_timer_setup(LAPIC_TIMER_ONESHOT);
	}
	clockevents_register(dev);
}

void lapic_timer_init(void)
{
	unsigned long flags;

	if (!lapic_present() || no_lapic_timer)
		return;
	if (!have_deadline()) {
		measure();
		if (!(counts_per_ns_32 * 1000000000 >> 32)) {
			pr_warn("not used: it does not count\n");
			return;
		}
	}
	set_trap_handler(LOCAL_TIMER_VECTOR, timer_interrupt);
	irq_register_stat(&timer_stat);
	smp_register_cpu_init(lapic_timer_init_cpu);
	flags = local_irq_save();
	lapic_timer_init_cpu();
	local_irq_restore(flags);
}
