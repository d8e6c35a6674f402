/*
 * The local APIC: where interrupts reach a CPU and from where it sends them to
 * others. One small interface over its two forms, xAPIC (registers in memory, 8-bit ids) and x2APIC
 * (registers are MSRs, 32-bit ids). SDM vol. 3, chapter 10.
 */
#ifndef ARCH_LAPIC_H
#define ARCH_LAPIC_H

#include <lib/types.h>

/* Vectors that are the local APIC's own or go from CPU to CPU: the highest, so that they come first. */
#define SPURIOUS_APIC_VECTOR 0xff
#define ERROR_APIC_VECTOR    0xfe
#define RESCHEDULE_VECTOR    0xfd
#define CALL_FUNCTION_VECTOR 0xfc
#define LOCAL_TIMER_VECTOR   0xec
#define FIRST_DEVICE_VECTOR  0x30 /* after the 8259's sixteen */
#define LAST_DEVICE_VECTOR   0xeb

/* Interrupt command: delivery mode, level. SDM vol. 3, 10.6.1. */
#define APIC_DM_FIXED	   0x000u
#define APIC_DM_NMI	   0x400u
#define APIC_DM_INIT	   0x500u
#define APIC_DM_STARTUP	   0x600u
#define APIC_INT_ASSERT	   0x4000u
#define APIC_INT_LEVELTRIG 0x8000u

/*
 * Choose the form (x2APIC when the CPU has it and nox2apic was not given, or firmware has switched it on) and
 * set up the boot CPU's. mmio: the registers at lapic_phys(), mapped uncached; NULL allows x2APIC only.
 * 0; -ENODEV: no local APIC. Interrupts off.
 */
int lapic_init(volatile u32 *mmio);
/* The same form on a CPU that has just started. Interrupts off. */
void lapic_init_cpu(void);
/* Where the registers are (MSR 1Bh); 0: the CPU has no local APIC. */
u64 lapic_phys(void);
bool lapic_present(void);
bool x2apic_enabled(void);

/* This CPU's hardware id, from the APIC itself. */
u32 lapic_id(void);
/* The interrupt in service is done. Once for each but spurious ones and NMI. */
void lapic_eoi(void);
/* Send `command` (delivery mode | vector) to one CPU. Any context. */
void lapic_send_ipi(u32 apicid, u32 command);
/* Wire a LINT pin (0 or 1) of this CPU to NMI, as the MADT says. */
void lapic_set_lint_nmi(u8 lint);
/* Does LINT0 of this CPU pass on what the 8259 says (virtual wire mode)? As long as no I/O APIC does the work. */
void lapic_set_extint(bool pass);
/* Is the vector being serviced or waiting on this CPU? */
bool lapic_irr(u8 vector);
bool lapic_isr(u8 vector);

/* The timer: LVT and counts, for drivers/clock. one-shot in units of the divided bus clock, or TSC-deadline. */
enum lapic_timer_mode { LAPIC_TIMER_OFF, LAPIC_TIMER_ONESHOT, LAPIC_TIMER_TSC_DEADLINE };
void lapic_timer_setup(enum lapic_timer_mode mode);
void lapic_timer_set_count(u32 count); /* bus clocks / 16; 0 stops */
u32 lapic_timer_count(void);
void lapic_timer_set_deadline(u64 tsc); /* 0 disarms */

/* Counted on this CPU. */
struct lapic_counts {
	u64 spurious, errors;
	u32 last_error; /* ESR: SDM vol. 3, 10.5.3 */
};
void lapic_counts_of(u32 cpu, struct lapic_counts *counts);

#endif
