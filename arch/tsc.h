/*
 * How fast the time-stamp counter runs, found out without ever waiting.
 * SDM vol. 3, 17.17; vol. 2, CPUID leaves 15h and 16h.
 */
#ifndef ARCH_TSC_H
#define ARCH_TSC_H

#include <lib/types.h>

/* TSC cycles a millisecond; 0 while not known. */
extern u32 tsc_khz;
/* Where tsc_khz is from: "CPUID 15h", "PIT", ...; "not known yet". */
extern const char *tsc_source;

/*
 * Ask CPUID, and start a PIT window, at whose end tsc_refine() looks, to check or replace the answer. Takes
 * over printk's time stamps. After cpu_init(). Boot.
 */
void tsc_early_init(void);
/* Look whether the PIT window is long enough by now; costs a comparison once the frequency is good. Any context. */
void tsc_refine(void);
/* Say in the log what was found. */
void tsc_report(void);

/* A TSC value as nanoseconds since power-on; 0 before then, and while the frequency is not known. Any context. */
u64 tsc_to_ns(u64 cycles);

#endif
