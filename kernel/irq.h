/*
 * Interrupt lines: who wants which, and the chip that masks and acknowledges
 * them. The chip is a driver (8259 now, I/O APIC and MSI later) that registers here.
 */
#ifndef KERNEL_IRQ_H
#define KERNEL_IRQ_H

#include <lib/types.h>

#define NR_IRQS 16

/* An interrupt chip that owns lines [0, nr). All called with interrupts off. */
struct irq_chip {
	const char *name;
	u32 nr;
	u8 base_vector; /* line i arrives at base_vector + i */
	void (*mask)(u32 irq);
	void (*unmask)(u32 irq);
	void (*eoi)(u32 irq);
	/* true: this line is asserted for no reason (8259 spurious 7 and 15); counted, no handler, no eoi. */
	bool (*spurious)(u32 irq);
};

typedef void (*irq_handler_t)(u32 irq, void *dev);

/* The chip takes over its lines, all of which it has masked. 0; -EINVAL bad numbers; -EBUSY there is one. Boot. */
int irq_set_chip(const struct irq_chip *chip);
/* true once there is a chip: devices may use interrupts instead of polling. */
bool irq_available(void);
/*
 * Have `handler(irq, dev)` called (interrupts off) for each interrupt of the line, and unmask it.
 * 0; -EINVAL no such line; -EBUSY taken; -ENODEV no chip.
 */
int request_irq(u32 irq, irq_handler_t handler, const char *name, void *dev);
/* Mask the line and give it back. `dev` must be what request_irq() got; else nothing but a warning. */
void free_irq(u32 irq, void *dev);
/* How many interrupts the line has brought since boot, spurious ones not included. */
u64 irq_count(u32 irq);

#endif
