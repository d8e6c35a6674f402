/*
 * Which irq a vector of a CPU is. A vector is a number on one CPU: 48 on CPU 0 and 48 on CPU 1 are
 * two different things, which is how a machine has more interrupts than one CPU has vectors.
 */
#ifndef KERNEL_IRQ_VECTOR_H
#define KERNEL_IRQ_VECTOR_H

#include <arch/lapic.h>
#include <arch/percpu.h>
#include <arch/traps.h>

#define NR_DEVICE_VECTORS (LAST_DEVICE_VECTOR - FIRST_DEVICE_VECTOR + 1)

#define VECTOR_FREE	0xffff
#define VECTOR_RETIRING 0x8000 /* the irq has moved away, its last interrupt here is yet to come */
DECLARE_PER_CPU(u16[NR_VECTORS], vector_irq);

/*
 * A free device vector of an online CPU becomes this irq's: `wish` if it is free, else another.
 * The vector; -ENXIO the CPU is not online; -ENOSPC it has none left. Any context but NMI.
 */
int vector_alloc(u32 cpu, u32 irq, u8 wish);
void vector_free(u32 cpu, u8 vector);
/* A vector that is wired: not from the device range. -EBUSY. */
int vector_claim(u32 cpu, u32 irq, u8 vector);
/*
 * The irq is delivered elsewhere now: free its vector on the old CPU, there and without waiting; if an
 * interrupt is pending, after it has been served. Any context but NMI, no lock held.
 */
void vector_retire(u32 cpu, u8 vector);
/* How many device vectors the CPU has left. */
u32 vectors_left(u32 cpu);

#endif
