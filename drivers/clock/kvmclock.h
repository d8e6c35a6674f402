/* kvmclock and steal time: between the parts of the driver, and for the tests. */
#ifndef DRIVERS_CLOCK_KVMCLOCK_H
#define DRIVERS_CLOCK_KVMCLOCK_H

#include <arch/percpu.h>
#include <arch/pvclock.h>
#include <lib/types.h>

bool kvmclock_present(void);
/* Where this CPU's set is, as the host was told. */
u64 kvmclock_set_phys(void);
/* Nanoseconds as the host counts them: its zero is the VM's start, not the kernel's. */
u64 kvmclock_now(void);
/* On a CPU that has just started. Interrupts off. */
void kvmclock_init_cpu(void);
/* The host is to write to this CPU's memory no more. Interrupts off; any context. */
void kvmclock_off(void);

/* The steal-time part of the last two. */
void kvm_steal_init_cpu(void);
void kvm_steal_off(void);

#endif
