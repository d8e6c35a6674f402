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

/*
 * ns = (cycles * mult) >> shift for deltas up to max_cycles; mult and shift come from
 * clocksource_register_khz(). A rating: 1-99 unfit, 100 usable (PIT), 200 good (PM timer), 250 HPET,
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
	u32 khz;
	void (*suspend)(struct clocksource *cs);
	void (*resume)(struct clocksource *cs);
	const char *why_not; /* why it was demoted or rejected, else NULL */
	struct list_head link;
};

/* Work out mult and shift, check that it counts, add it; the best becomes current. 0; -EINVAL (said why). */
int clocksource_register_khz(struct clocksource *cs, u32 khz);
/* Take it out of the choice, saying why; another takes over without a jump in time. Any context but NMI. */
void clocksource_mark_unstable(struct clocksource *cs, const char *why);
struct clocksource *current_clocksource(void);

#endif
