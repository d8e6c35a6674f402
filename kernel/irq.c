/*
 * Interrupt lines. The chip (a driver) says which vectors are its lines; a
 * device's driver asks for a line; in between each interrupt is counted.
 *
 * Order for one interrupt: spurious? -> count -> handler -> end of interrupt. The handler runs before
 * the chip may raise the line again, so it never nests with itself.
 *
 * An interrupt that nobody asked for cannot be silenced at its device. It is counted, and a line that
 * brings UNHANDLED_MAX of them without one that is wanted in between is masked and named, so that a
 * wild device costs a message and not the machine.
 */
#define pr_fmt(fmt) "irq: " fmt

#include <arch/traps.h>
#include <kernel/irq.h>
#include <lib/command.h>
#include <lib/errno.h>
#include <lib/printk.h>
#include <lib/spinlock.h>

#define UNHANDLED_MAX 1000

struct irq_desc {
	irq_handler_t handler; /* NULL: nobody wants this line */
	void *dev;
	const char *name;
	u64 count;     /* interrupts, spurious ones not included */
	u64 unhandled; /* those of them that nobody wanted */
	u64 spurious;
	u32 unhandled_in_a_row;
};

static const struct irq_chip *chip;
/* Protects who owns a line. Not taken by interrupts: an owner changes only while its line is masked. */
static DEFINE_SPINLOCK(irq_lock);
static struct irq_desc irq_descs[NR_IRQS];

static void note_unhandled(struct irq_desc *desc, u32 irq)
{
	desc->unhandled++;
	if (++desc->unhandled_in_a_row < UNHANDLED_MAX)
		return;
	desc->unhandled_in_a_row = 0;
	chip->mask(irq);
	pr_err("%s line %u: %d interrupts and nobody cared, masked\n", chip->name, irq,
	       UNHANDLED_MAX);
}

static bool irq_trap(struct pt_regs *regs)
{
	u32 irq = (u32)regs->vector - chip->base_vector;
	struct irq_desc *desc = &irq_descs[irq];

	if (chip->spurious && chip->spurious(irq)) {
		desc->spurious++;
		return true;
	}
	desc->count++;
	if (desc->handler) {
		desc->unhandled_in_a_row = 0;
		desc->handler(irq, desc->dev);
	} else {
		note_unhandled(desc, irq);
	}
	chip->eoi(irq);
	return true;
}

int irq_set_chip(const struct irq_chip *new_chip)
{
	u32 i;

	if (new_chip->nr > NR_IRQS || new_chip->base_vector < FIRST_EXTERNAL_VECTOR ||
	    new_chip->base_vector + new_chip->nr > NR_VECTORS)
		return -EINVAL;
	if (chip)
		return -EBUSY;
	chip = new_chip;
	for (i = 0; i < chip->nr; i++)
		set_trap_handler((u8)(chip->base_vector + i), irq_trap);
	return 0;
}

bool irq_available(void)
{
	return chip != NULL;
}

int request_irq(u32 irq, irq_handler_t handler, const char *name, void *dev)
{
	struct irq_desc *desc;
	unsigned long flags;
	int err = 0;

	if (!chip)
		return -ENODEV;
	if (irq >= chip->nr || !handler)
		return -EINVAL;
	desc = &irq_descs[irq];
	spin_lock_irqsave(&irq_lock, flags);
	if (desc->handler) {
		err = -EBUSY;
	} else {
		desc->handler = handler;
		desc->name = name;
		desc->dev = dev;
		desc->unhandled_in_a_row = 0;
		chip->unmask(irq);
	}
	spin_unlock_irqrestore(&irq_lock, flags);
	return err;
}

void free_irq(u32 irq, void *dev)
{
	unsigned long flags;
	struct irq_desc *desc;

	if (!chip || irq >= chip->nr)
		return;
	desc = &irq_descs[irq];
	spin_lock_irqsave(&irq_lock, flags);
	if (desc->handler && desc->dev == dev) {
		chip->mask(irq);
		desc->handler = NULL;
		desc->name = NULL;
	} else {
		pr_warn("line %u is not this device's to free\n", irq);
	}
	spin_unlock_irqrestore(&irq_lock, flags);
}

u64 irq_count(u32 irq)
{
	return irq < NR_IRQS ? READ_ONCE(irq_descs[irq].count) : 0;
}

static int cmd_irq(int argc, char **argv __maybe_unused)
{
	u32 i;

	if (argc != 1)
		return -EINVAL;
	if (!chip) {
		con_printf("no interrupt chip\n");
		return -ENODEV;
	}
	con_printf("%-8s %4s %10s %9s %9s  %s\n", "chip", "line", "count", "unwanted", "spurious",
		   "owner");
	for (i = 0; i < chip->nr; i++) {
		const struct irq_desc *desc = &irq_descs[i];

		if (!desc->handler && !desc->count && !desc->spurious)
			continue;
		con_printf("%-8s %4u %10llu %9llu %9llu  %s\n", chip->name, i, desc->count,
			   desc->unhandled, desc->spurious, desc->name ? desc->name : "-");
	}
	return 0;
}
COMMAND("irq", "", "interrupts counted by line", cmd_irq);
