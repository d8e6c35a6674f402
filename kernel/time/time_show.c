/*
 * What a person asks about time: `clock` (which clock, why, and what the others are like), `timers`, `date`.
 */
#include <arch/insn.h>
#include <arch/tsc.h>
#include <kernel/time/calendar.h>
#include <kernel/time/clockevents.h>
#include <kernel/time/clocksource.h>
#include <kernel/time/hrtimer.h>
#include <kernel/time/timekeeping.h>
#include <lib/bitops.h>
#include <lib/command.h>
#include <lib/cpumask.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <lib/vsprintf.h>

#define LINUX_HZ 250 /* what distributions build with */

static const char *seconds(char buf[32], u64 ns)
{
	snprintf(buf, 32, "%llu.%09llu s", ns / 1000000000, ns % 1000000000);
	return buf;
}

/* ---- clock -------------------------------------------------------------------------------------- */

/* The shortest of some reads: what it costs when nothing comes in between. */
static u64 read_cost(struct clocksource *cs)
{
	u64 shortest = ~0ULL;

	for (int i = 0; i < 8; i++) {
		u64 start = rdtsc_ordered();

		cs->read(cs);
		shortest = min(shortest, rdtsc_ordered() - start);
	}
	return shortest;
}

static const char *state_of(const struct clocksource *cs)
{
	if (cs->why_not)
		return cs->why_not;
	if (cs == current_clocksource())
		return "the clock";
	return "sound";
}

static void show_sources(void)
{
	struct clocksource *cs;

	con_printf("  %-9s %6s %14s %5s %9s  %s\n", "source", "rating", "MHz", "bits", "read",
		   "state");
	list_for_each_entry (cs, &clocksources, link) {
		bool readable = cs->read && cs->hz;

		con_printf("%c %-9s %6d %7llu.%06llu %5d %9llu  %s\n",
			   cs == current_clocksource() ? '*' : ' ', cs->name, cs->rating,
			   cs->hz / 1000000, cs->hz % 1000000, (int)hweight64(cs->mask),
			   readable ? read_cost(cs) : 0, state_of(cs));
	}
	con_printf("read: TSC cycles, the call included; of several, the shortest\n");
}

static void show_choice(void)
{
	const struct clocksource *cs = current_clocksource(), *other;
	const char *why = "it has the best rating of those that are sound";

	list_for_each_entry (other, &clocksources, link) {
		if (other == cs)
			break;
		if (!other->why_not)
			why = "clocksource= asks for it";
	}
	con_printf("clock: %s, because %s\n", cs->name, why);
}

static void show_watchdog(void)
{
	const struct clocksource_watchdog *w = &clocksource_watchdog;

	if (w->reference)
		con_printf(
			"watchdog: compares it with %s; %llu checks, %lld ppm apart at the last\n",
			w->reference->name, w->checks, w->last_ppm);
	else if (current_clocksource()->flags & CLOCK_SOURCE_MUST_VERIFY)
		con_printf("watchdog: there is nothing to compare it with\n");
	else
		con_printf("watchdog: not needed for this clock\n");
}

static void show_tsc(void)
{
	con_printf("TSC: %u.%03u MHz, %s", tsc_khz / 1000, tsc_khz % 1000, tsc_source);
	if (tsc_error_ppm)
		con_printf(", +-%u ppm", tsc_error_ppm);
	if (cpu_khz)
		con_printf("; the CPU's nominal speed is %u MHz (CPUID 16h)\n", cpu_khz / 1000);
	else
		con_printf("; the CPU's own speed is not told\n");
	con_printf("loops_per_jiffy preset: %llu (as Linux at HZ=%d)\n",
		   tsc_khz * 1000ULL / LINUX_HZ, LINUX_HZ);
}

static void show_events(void)
{
	const struct clock_event_device *dev;
	u32 cpu;

	for_each_online_cpu(cpu)
	{
		dev = clock_event_of(cpu);
		if (!dev)
			con_printf("CPU %u: no timer interrupt\n", cpu);
		else if (cpu < 4 || num_online_cpus() <= 8)
			con_printf("CPU %u: timer interrupt from %s, %llu ns to %llu ms ahead\n",
				   cpu, dev->name, dev->min_ns, dev->max_ns / 1000000);
	}
}

static void show_times(void)
{
	const struct persistent_clock *wall = timekeeping_persistent_clock();
	char buf[32];
	ktime_t real = ktime_get_real();

	con_printf("monotonic %s", seconds(buf, (u64)ktime_get()));
	con_printf(", boot time %s", seconds(buf, (u64)ktime_get_boottime()));
	con_printf(", paused %s\n", seconds(buf, (u64)timekeeping_paused()));
	con_printf("real time %s, from %s\n", seconds(buf, (u64)real),
		   wall ? wall->name : "nobody");
}

static int cmd_clock(int argc, char **argv __maybe_unused)
{
	if (argc != 1)
		return -EINVAL;
	if (!current_clocksource()) {
		con_printf("no clock source; time is the TSC's\n");
		show_tsc();
		return 0;
	}
	show_choice();
	show_sources();
	show_watchdog();
	show_tsc();
	show_events();
	show_times();
	return 0;
}
COMMAND("clock", "", "which clock is used and why, and what there is", cmd_clock);

/* ---- timers ------------------------------------------------------------------------------------- */

#define TIMERS_SHOWN 32

struct timer_row {
	ktime_t expires;
	const void *function;
};

/* Copied under the lock, printed without it. */
static u32 copy_timers(struct hrtimer_cpu_base *base, struct timer_row *rows)
{
	unsigned long flags;
	u32 n = 0;

	spin_lock_irqsave(&base->lock, flags);
	for (struct rb_node *node = rb_first_cached(&base->tree); node && n < TIMERS_SHOWN;
	     node = rb_next(node)) {
		const struct hrtimer *timer = rb_entry(node, struct hrtimer, node);

		rows[n++] = (struct timer_row){timer->expires, (const void *)timer->function};
	}
	spin_unlock_irqrestore(&base->lock, flags);
	return n;
}

static void show_timers(u32 cpu)
{
	struct hrtimer_cpu_base *base = hrtimer_base_of(cpu);
	const struct clock_event_device *dev = clock_event_of(cpu);
	struct timer_row rows[TIMERS_SHOWN];
	u32 n = copy_timers(base, rows);
	ktime_t now = ktime_get();

	con_printf("CPU %u: %s; %llu interrupts, %llu timers expired, %llu interrupts for nothing, "
		   "worst latency %llu us\n",
		   cpu, dev ? dev->name : "no timer interrupt", base->nr_interrupts,
		   base->nr_expired, base->nr_empty, base->worst_latency / 1000);
	for (u32 i = 0; i < n; i++) {
		ktime_t left = rows[i].expires - now;
		u64 us = (u64)(left < 0 ? -left : left) / 1000;

		con_printf("  in %s%llu.%06llu s  %ps\n", left < 0 ? "-" : "", us / 1000000,
			   us % 1000000, rows[i].function);
	}
}

static int cmd_timers(int argc, char **argv __maybe_unused)
{
	u32 cpu;

	if (argc != 1)
		return -EINVAL;
	for_each_online_cpu(cpu) show_timers(cpu);
	return 0;
}
COMMAND("timers", "", "the timers that are waiting, by CPU", cmd_timers);

/* ---- date --------------------------------------------------------------------------------------- */

static int cmd_date(int argc, char **argv __maybe_unused)
{
	static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	struct tm tm;
	u64 real;

	if (argc != 1)
		return -EINVAL;
	real = (u64)ktime_get_real();
	time_to_tm(real / 1000000000, &tm);
	con_printf("%s %04u-%02u-%02u %02u:%02u:%02u.%03llu UTC\n", days[tm.weekday], tm.year,
		   tm.month, tm.day, tm.hour, tm.min, tm.sec, real / 1000000 % 1000);
	return 0;
}
COMMAND("date", "", "the date and the time of day", cmd_date);
