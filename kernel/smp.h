/*
 * CPUs asking each other to do things. Linux: kernel/smp.c, arch/x86/kernel/smp.c.
 */
#ifndef KERNEL_SMP_H
#define KERNEL_SMP_H

#include <arch/percpu.h>
#include <lib/cpumask.h>

typedef void (*smp_call_func_t)(void *info);

/*
 * Run func(info) on one CPU / on each online CPU of the mask but this one, in interrupt context. With
 * wait: returns when all have run it; without: func and info must stay valid until they have. May be
 * called with interrupts off or from an interrupt: while it waits it serves calls that others made to
 * this CPU, so CPUs that call each other do not deadlock. (Calls that func makes and waits for nest:
 * about 500 bytes of stack a level, and as many levels as CPUs do it at once. Let func be short.)
 * Not from NMI; not under a lock that another CPU may wait for with interrupts off. single: this CPU
 * may be the one. 0; -ENXIO the CPU is not online.
 */
int smp_call_function_single(u32 cpu, smp_call_func_t func, void *info, bool wait);
void smp_call_function_many(const struct cpumask *mask, smp_call_func_t func, void *info,
			    bool wait);
/* On all others / on all, this CPU included (interrupts off around its own call). */
void smp_call_function(smp_call_func_t func, void *info, bool wait);
void on_each_cpu(smp_call_func_t func, void *info, bool wait);

/* Make the CPU look at what it should run; today that is only a way out of HLT. Any context but NMI. */
void smp_send_reschedule(u32 cpu);
/* Stop all other CPUs for good, by NMI: for panic. Any context. */
void smp_send_stop(void);
/* Each CPU of the mask prints its backtrace, one after the other, by NMI. Waits, bounded; says who did not answer. */
void smp_nmi_backtrace(const struct cpumask *mask);

/* Boot: handlers, panic_ops.stop_others. */
void smp_init(void);

/* Counted per CPU, for `ipi`. */
struct smp_stats {
	u64 calls_sent, calls_run, ipis_sent, reschedules;
};
DECLARE_PER_CPU(struct smp_stats, smp_stats);

#endif
