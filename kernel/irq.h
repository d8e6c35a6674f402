/*
 * Interrupt lines: who wants which, where it arrives, and the chip that masks
 * and acknowledges it. The chips are drivers (8259, I/O APIC, MSI) that attach
 * their lines here. Linux: kernel/irq/, arch/x86/kernel/apic/vector.c.
 *
 * Numbers: 0 to 15 are the ISA lines, wherever the firmware's overrides have put them; from 16 on
 * an irq is the global system interrupt (GSI) of that number; behind the last one are the MSIs.
 */
#ifndef KERNEL_IRQ_H
#define KERNEL_IRQ_H

#include <lib/types.h>

#define NR_IRQS	    256
#define NR_ISA_IRQS 16

/*
 * What a driver must know how to do with a line; hw is the chip's own number of it. All called with
 * interrupts off, for one line by one CPU at a time, for different lines at the same time.
 */
struct irq_chip {
	const char *name;
	void (*mask)(u32 hw);
	void (*unmask)(u32 hw);
	bool (*masked)(u32 hw); /* as the hardware has it; NULL: it cannot be asked */
	void (*eoi)(u32 hw);
	/* true: asserted for no reason (8259 spurious 7 and 15); counted, no handler, no eoi. May be NULL. */
	bool (*spurious)(u32 hw);
	/* Deliver the line as this vector to that CPU, masked or not as it was; 0 or -errno. NULL: fixed wiring. */
	int (*route)(u32 hw, u8 vector, u32 apicid);
	u32 nr;		/* fixed wiring: lines [0, nr) ... */
	u8 base_vector; /* ... arrive at base_vector + line, at the boot CPU */
};

typedef void (*irq_handler_t)(u32 irq, void *dev);

/*
 * A chip with fixed wiring takes over the irqs [0, nr), all of which it has masked. 0; -EINVAL bad
 * numbers; -EBUSY one of them is another chip's, or the vector is. Boot.
 */
int irq_set_chip(const struct irq_chip *chip);
/* Attach one irq to line hw of a chip that can route it; the line is masked. -EINVAL, -EBUSY. Boot. */
int irq_attach(u32 irq, const struct irq_chip *chip, u32 hw, bool level);
/* true once there is a chip: devices may use interrupts instead of polling. */
bool irq_available(void);

/*
 * Have `handler(irq, dev)` called (interrupts off, never on two CPUs at once) for each interrupt of
 * the line, and unmask it. The handler must not wait for another CPU. 0; -EINVAL no such line;
 * -EBUSY taken; -ENODEV no chip; -ENOSPC the CPU has no vector left.
 */
int request_irq(u32 irq, irq_handler_t handler, const char *name, void *dev);
/*
 * Mask the line and give it back. When this returns the handler runs nowhere any more, so not from
 * the handler itself. `dev` must be what request_irq() got; else nothing but a warning.
 */
void free_irq(u32 irq, void *dev);
/*
 * Deliver the line to this CPU from now on. What was under way to the CPU before is still served
 * there. 0; -EINVAL no such line; -ENXIO not online; -EOPNOTSUPP fixed wiring; -ENOSPC no vector
 * left there; what the chip's route() says. Not from the line's handler.
 */
int irq_set_affinity(u32 irq, u32 cpu);

/* How many interrupts the line has brought since boot, on all CPUs, spurious ones not included. */
u64 irq_count(u32 irq);
/* The CPU that the line is delivered to, and its vector there; -EINVAL: no such line, no vector yet. */
int irq_to_cpu(u32 irq);
int irq_to_vector(u32 irq);
/* Does the hardware hold the line back? false where it cannot be asked. */
bool irq_masked(u32 irq);

/* ---- message-signalled interrupts ------------------------------------------------------------ */

/* How a device is told; both may be NULL. Called as the functions of a chip are. */
struct msi_ops {
	void (*write)(void *dev, u64 address,
		      u32 data); /* the irq has moved: send this from now on */
	void (*mask)(void *dev, bool masked);
};

/* A new irq with a vector on that CPU. Its number; -ENODEV no local APIC; -ENXIO not online; -ENOSPC. */
int irq_alloc_msi(u32 cpu);
/* Without ops an MSI can be neither masked nor moved. Before request_irq(). */
int irq_set_msi_ops(u32 irq, const struct msi_ops *ops, void *dev);
/* After free_irq(), and when the device sends no more. */
void irq_free_msi(u32 irq);
/* What the device must write, and where, to raise it. -EINVAL: not an MSI. */
int msi_compose(u32 irq, u64 *address, u32 *data);

/* ---- what `irq` shows ------------------------------------------------------------------------ */

/* A row for interrupts that are no line: "TIM", "timer". Registered by whoever counts them; boot. */
struct irq_stat {
	const char *label, *what;
	u64 (*count)(u32 cpu);
	struct irq_stat *next;
};
void irq_register_stat(struct irq_stat *stat);

#endif
