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
/* CLOCK_REALTIME: since 1970-01-01 UTC, from the RTC or KVM's wall clock. */
ktime_t ktime_get_real(void);
/* Cheap, for the scheduler and time stamps: per CPU monotonic, may differ between CPUs by a little. */
u64 sched_clock(void);

/* Busy waits, calibrated on the TSC; never shorter than asked. Any context. */
void ndelay(u64 ns);
void udelay(u64 us);
void mdelay(u64 ms);

/* Boot: after the clock sources. */
void timekeeping_init(void);

#endif
