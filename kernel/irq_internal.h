/* What the files of the interrupt core share. */
#ifndef KERNEL_IRQ_INTERNAL_H
#define KERNEL_IRQ_INTERNAL_H

#include <arch/percpu.h>
#include <kernel/irq.h>
#include <lib/spinlock.h>

#define NO_VECTOR 0 /* an exception's, so never a line's */

struct irq_desc {
	/*
	 * Protects all below, and is held while the handler runs: so it never runs twice at once, and who has
	 * the lock knows that it does not run at all. Before the chips' own locks and vector_lock.
	 */
	spinlock_t lock;
	const struct irq_chip *chip; /* NULL: there is no such line */
	u32 hw;			     /* the chip's number of it */
	bool level;
	u8 vector;     /* NO_VECTOR: not routed yet */
	u8 old_vector; /* valid on old_cpu until the first interrupt at the new place; or NO_VECTOR */
	u32 cpu, old_cpu;
	u32 handled_by; /* CPU + 1 that is in the handler; 0: none */

	irq_handler_t handler; /* NULL: nobody wants this line */
	void *dev;
	const char *name;

	u64 unhandled; /* interrupts that nobody wanted */
	u64 spurious;
	u32 unhandled_in_a_row;

	const struct msi_ops *msi; /* of an MSI */
	void *msi_dev;
};

extern struct irq_desc irq_descs[NR_IRQS];
extern u32 nr_lines; /* one more than the highest irq that is a wire; MSIs are above */

DECLARE_PER_CPU(u64[NR_IRQS], irq_counts); /* spurious ones not included */
DECLARE_PER_CPU(u64, stray_vectors);	   /* interrupts on a vector that is no irq's */

/* Route the line to a vector of its own on that CPU. Its lock is held. 0 or -errno: nothing has changed. */
int irq_route(struct irq_desc *desc, u32 cpu);
/* What every vector that an irq may have leads to. */
struct pt_regs;
bool irq_trap(struct pt_regs *regs);

#endif
