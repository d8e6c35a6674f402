/*
 * Clock sources: counters that only go up. A driver registers one; the best that is
 * sound becomes the kernel's clock. Linux: include/linux/clocksource.h.
 */
#ifndef KERNEL_TIME_CLOCKSOURCE_H
#define KERNEL_TIME_CLOCKSOURCE_H

#include <lib/list.h>
#include <lib/types.h>

#define CLOCK_SOURCE_IS_CONTINUOUS   BIT(0)
#define CLOCK_SOURCE_MUST_VERIFY     BIT(1) /* the watchdog compares it with another (TSC) */
#define CLOCK_SOURCE_SUSPEND_NONSTOP BIT(2)
#define CLOCK_SOURCE_UNSTABLE	     BIT(3)
#define CLOCK_SOURCE_VALID_FOR_HRES  BIT(4)
/* read() is RDTSC, or pvclock_read() of this CPU's set in ns: timekeeping does these without a call. */
#define CLOCK_SOURCE_IS_TSC	     BIT(5)
#define CLOCK_SOURCE_IS_PVCLOCK	     BIT(6)

struct clocksource_pair {
	u64 cycles, reference; /* of two sources, at one instant */
	u64 blur;	       /* how many cycles of the first that instant is long */
};

/*
 * ns = (cycles * mult) >> shift for deltas up to max_cycles; mult and shift come from
 * clocksource_register_hz(). A rating: 1-99 unfit, 100 usable (PIT), 200 good (PM timer), 250 HPET,
 * 300 TSC, 400 kvmclock with the stable bit.
 */
struct clocksource {
	const char *name;
	int rating;
	u32 flags;
	u64 (*read)(struct clocksource *cs); /* any context, NMI included */
	u64 mask;
	u32 mult, shift;
	u64 max_cycles;
	u64 hz;
	void (*suspend)(struct clocksource *cs);
	void (*resume)(struct clocksource *cs);
	const char *why_not; /* why it was demoted or rejected, else NULL */
	struct list_head link;

	/* The watchdog's: this source and its reference at the last check that went well. */
	struct clocksource_pair checked;
	bool checking;
};

/*
 * Work out mult and shift, check that it counts, add it; the best becomes current. 0; -EINVAL (said
 * why). Not from interrupts.
 */
int clocksource_register_hz(struct clocksource *cs, u64 hz);
static inline int clocksource_register_khz(struct clocksource *cs, u32 khz)
{
	return clocksource_register_hz(cs, (u64)khz * 1000);
}
/* A better frequency became known: time goes on at the new rate from now, without a jump. Any context but NMI. */
void clocksource_update_hz(struct clocksource *cs, u64 hz);
/* Forget it; another takes over. Never the last one: -EBUSY. */
int clocksource_unregister(struct clocksource *cs);
/* Take it out of the choice, saying why; another takes over without a jump in time. Any context but NMI. */
void clocksource_mark_unstable(struct clocksource *cs, const char *why);
struct clocksource *current_clocksource(void);

/* Choose, now that all are registered; from then on each change of the best is a change of the clock. Boot. */
struct clocksource *clocksource_choose_first(void);

/*
 * The best source to compare another with: continuous, needs no check itself, and goes round slowly enough for
 * checks that are seconds apart. NULL: there is none.
 */
struct clocksource *clocksource_reference(const struct clocksource *cs);
/* Read both, as close together as it can be done. */
struct clocksource_pair clocksource_read_pair(struct clocksource *cs,
					      struct clocksource *reference);
/* What the watchdog's timer does: check the current source if it must be. Public for the tests. */
void clocksource_check(struct clocksource *cs, struct clocksource *reference);
/* Does the CPU read what this one reads, as closely as an interrupt there and back can tell? Not from interrupts. */
bool clocksource_in_step(struct clocksource *cs, u32 cpu);
/* Ask all of them, if the clock is one that must be verified. Boot, after the CPUs have started; not from interrupts. */
void clocksource_check_cpus(void);
/* Another source became current: watch it if it must be, else stop. */
void clocksource_watch(void);

/* ns of a delta of cycles that is already masked. Exact for any delta. */
static inline u64 clocksource_cyc2ns(const struct clocksource *cs, u64 cycles)
{
	return (u64)((unsigned __int128)cycles * cs->mult >> cs->shift);
}

/* Nanoseconds until the counter is back where it was; KTIME_MAX: never in our time. */
u64 clocksource_wrap_ns(const struct clocksource *cs);

/* All that were registered, the sound and the others, best first; for `clock`. */
extern struct list_head clocksources;
/* How many checks the watchdog has made, and what the last one found, in ppm. */
struct clocksource_watchdog {
	const struct clocksource *reference; /* NULL: not watching */
	u64 checks;
	s64 last_ppm;
};
extern struct clocksource_watchdog clocksource_watchdog;

#endif
