/* Clock event devices: what interrupts a CPU at a given time. One-shot only; one in use per CPU. */
#ifndef KERNEL_TIME_CLOCKEVENTS_H
#define KERNEL_TIME_CLOCKEVENTS_H

#include <kernel/time/timekeeping.h>

struct clock_event_device {
	const char *name;
	int rating;
	/* Interrupt once, delta ns from now (min_ns <= delta <= max_ns), replacing what was programmed. Interrupts off. */
	void (*set_next_event)(struct clock_event_device *dev, u64 delta_ns);
	void (*shutdown)(struct clock_event_device *dev);
	u64 min_ns, max_ns;
};

/* Offer a device to the CPU that runs this; it is used if it is better than what it has. Its interrupt calls
 * hrtimer_interrupt(). -EINVAL: its description is wrong (said so). */
int clockevents_register(struct clock_event_device *dev);
struct clock_event_device *this_cpu_clock_event(void);
/* The same of any CPU; NULL: it has none. */
struct clock_event_device *clock_event_of(u32 cpu);
/* Program this CPU's device for a monotonic time (in the past: as soon as it can; KTIME_MAX: never). Interrupts off. */
void clockevents_program(ktime_t expires);

#endif
