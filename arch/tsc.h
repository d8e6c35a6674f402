/*
 * How fast the time-stamp counter runs, found out without ever waiting.
 * SDM vol. 3, 17.17; vol. 2, CPUID leaves 15h and 16h.
 */
#ifndef ARCH_TSC_H
#define ARCH_TSC_H

#include <lib/types.h>

/* The TSC at the kernel's first steps: time zero (boot/entry32.asm). */
extern u64 boot_tsc_start;
/* TSC cycles a millisecond; 0 while not known. */
extern u32 tsc_khz;
/* Where tsc_khz is from: "CPUID 15h", "PIT", "kvmclock"...; "not known yet". */
extern const char *tsc_source;
/* By how much tsc_khz may be wrong, in parts per million. 0: it was told, not measured. */
extern u32 tsc_error_ppm;
/* Cycles a millisecond of the core when it runs at its nominal speed, which need not be the TSC's; 0: nobody says. */
extern u32 cpu_khz;

/*
 * Ask CPUID, and start a PIT window, at whose end tsc_refine() looks, to check or replace the answer. Takes
 * over printk's time stamps. After cpu_init(). Boot.
 */
void tsc_early_init(void);
/* A frequency that somebody else knows or has measured; taken if it is better than what there is. true: it was. */
bool tsc_set_khz(u64 khz, u32 error_ppm, const char *source);
/* Look whether the PIT window is long enough by now; costs a comparison once the frequency is good. Any context. */
void tsc_refine(void);
/* tsc_refine() may still find a better answer. */
bool tsc_refinable(void);

/* The frequency and its error from two pairs of looks, each at a clock (`ticks` apart) and at the TSC, `cycles` apart
 * and certain only up to `blur` cycles. hz: of the clock. false: the window is too short to say anything. */
bool tsc_khz_from(u64 cycles, u64 blur, u64 ticks, u64 hz, u64 *khz, u32 *error_ppm);

/* Cycles of `ms` milliseconds or, while nobody knows the frequency, more: for waits that end early as a rule. */
static inline u64 tsc_patience(u32 ms)
{
	return (tsc_khz ? tsc_khz : 4000000ULL) * ms;
}

/* A TSC value as nanoseconds since power-on; 0 before then, and while the frequency is not known. Any context. */
u64 tsc_to_ns(u64 cycles);

#endif
