/*
 * What time it is. All reads are lock-free, never go backwards on any CPU or
 * between CPUs, and may be called in any context (ktime_get and sched_clock: NMI too).
 */
#ifndef KERNEL_TIME_TIMEKEEPING_H
#define KERNEL_TIME_TIMEKEEPING_H

#include <lib/types.h>

typedef s64 ktime_t; /* nanoseconds */
#define NSEC_PER_SEC  1000000000LL
#define NSEC_PER_MSEC 1000000LL
#define NSEC_PER_USEC 1000LL
#define KTIME_MAX     ((s64) ~((u64)1 << 63))

/* CLOCK_MONOTONIC: since boot, stops while the guest is paused. */
ktime_t ktime_get(void);
/* CLOCK_BOOTTIME: the same plus pauses that we know of. */
ktime_t ktime_get_boottime(void);
/* CLOCK_REALTIME: since 1970-01-01 UTC, from the RTC or KVM's wall clock. Not in NMI. */
ktime_t ktime_get_real(void);
/* Cheap, for the scheduler and time stamps: per CPU monotonic, may differ between CPUs by a little. */
u64 sched_clock(void);

/* Busy waits, calibrated on the TSC; never shorter than asked. Any context. */
void ndelay(u64 ns);
void udelay(u64 us);
void mdelay(u64 ms);

/* Boot: after the clock sources. */
void timekeeping_init(void);

/* Another counter, or the same at another rate, from now on. From clocksource.c. */
struct clocksource;
void timekeeping_switch(struct clocksource *cs);

/* Who knows the time of day. */
struct persistent_clock {
	const char *name;
	/* ns since 1970-01-01 UTC; negative: it does not know. May take two milliseconds. Not in NMI. */
	ktime_t (*read)(void);
};
/* The better one comes last: hypervisor after RTC. Read at the first question. */
void timekeeping_set_persistent_clock(const struct persistent_clock *clock);
const struct persistent_clock *timekeeping_persistent_clock(void);
/* The guest was stopped for a while: look up the time of day again at the next question. Any context. */
void timekeeping_note_pause(void);
/* How long the machine has been paused, as far as we know. */
ktime_t timekeeping_paused(void);

#endif
