/* The clocks of a PC. Each function finds one device and registers what it can be used for; not there is no error. */
#ifndef DRIVERS_CLOCK_CLOCK_H
#define DRIVERS_CLOCK_CLOCK_H

#include <lib/types.h>

/*
 * KVM's clock on the boot CPU: from then on the TSC's frequency is known. After cpu_init() and the boot
 * parameters; nothing else is needed.
 */
void kvmclock_init(void);
/* Every clock source of this machine, and who knows the time of day. After ACPI and ioremap(). */
void clocksources_init(void);
/* What interrupts this CPU, and each that starts later, when a timer is due. Interrupt lines must work. */
void clock_events_init(void);

/* Of clocksources_init(). */
void kvmclock_register(void);
void tsc_register(void);
void hpet_register(void);
void acpi_pm_register(void);
void pit_register(void);
void rtc_register(void);

/* Of clock_events_init(); the first begins to measure, and comes early. */
void lapic_timer_open_window(void);
void lapic_timer_init(void);
void pit_event_init(void);

/* Start measuring the TSC in the background. After timers work. */
void tsc_refine_init(void);

/* Stolen time of a CPU in ns, since it registered; false: the host does not tell. */
bool kvm_steal_ns(u32 cpu, u64 *ns, bool *preempted);

#endif
