/*
 * Flushing translations that CPUs may have cached. An entry that becomes more permissive, or
 * appears where there was none, needs no flush; one that goes, or loses rights, does, before
 * its page may be used for something else. SDM vol. 3, 4.10.4. Linux: arch/x86/mm/tlb.c.
 */
#ifndef ARCH_TLB_H
#define ARCH_TLB_H

#include <arch/page.h>

/*
 * After entries of the kernel's half were cleared or restricted: when this returns, no CPU
 * uses an old one for [start, end). Page aligned. It waits for the other CPUs, so not under a lock
 * that one of them may wait for with interrupts off; and not from NMI.
 */
void flush_tlb_kernel_range(virt_addr_t start, virt_addr_t end);
/* Forget everything on this CPU, global entries too. Any context. */
void __flush_tlb_all(void);

#endif
