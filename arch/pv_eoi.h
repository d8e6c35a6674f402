/*
 * Ends of interrupt that need no exit to the hypervisor. KVM and the guest share
 * one word per CPU: KVM sets its lowest bit when it delivers an interrupt whose end it need not hear of at
 * once; if the guest finds it set, clearing it *is* the end of the interrupt. KVM's msr.rst, MSR_KVM_PV_EOI_EN.
 */
#ifndef ARCH_PV_EOI_H
#define ARCH_PV_EOI_H

#include <arch/percpu.h>

DECLARE_PER_CPU(u32, pv_eoi_word);

/*
 * true: the interrupt in service is ended. Where KVM was not asked, the bit is never set. One instruction
 * tests and clears: KVM looks only while the CPU is not running, so without LOCK, but not in between.
 */
static inline bool pv_eoi(void)
{
	bool done;

	__asm__ __volatile__("btrl $0, %%gs:%1" : "=@ccc"(done), "+m"(pv_eoi_word));
	return done;
}

/* On each CPU, itself, interrupts off; nothing where KVM does not offer it. */
void pv_eoi_enable(void);
/* The same, before the word's memory gets another owner. Any context. */
void pv_eoi_disable(void);
/* Has this CPU asked for it? */
bool pv_eoi_enabled(void);

#endif
