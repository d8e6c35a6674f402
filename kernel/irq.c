/*
 * The way of an interrupt: vector -> irq -> handler, and who may stand at its
 * end. Chips attach lines, device drivers ask for them; a line gets its vector when it is first wanted.
 *
 * Order for one interrupt: spurious? -> count -> handler -> end of interrupt. The handler runs under
 * the line's lock and before the chip may raise the line again, so it never meets itself.
 *
 * An interrupt that nobody asked for cannot be silenced at its device. It is counted, and a line that
 * brings UNHANDLED_MAX of them without one that is wanted in between is masked and named, so that a
 * wild device costs a message and not the machine.
 */
#define pr_fmt(fmt) "irq: " fmt

#include <arch/apicid.h>
#include <arch/traps.h>
#include <kernel/irq_internal.h>
#include <kernel/irq_vector.h>
#include <lib/errno.h>
#include <lib/printk.h>

#define UNHANDLED_MAX 1000

struct irq_desc irq_descs[NR_IRQS];
u32 nr_lines;
DEFINE_PER_CPU(u64[NR_IRQS], irq_counts);
DEFINE_PER_CPU(u64, stray_vectors);

/* ---- an interrupt ---------------------------------------------------------------------------- */

static void note_unhandled(struct irq_desc *desc, u32 irq)
{
	desc->unhandled++;
	if (++desc->unhandled_in_a_row < UNHANDLED_MAX)
		return;
	desc->unhandled_in_a_row = 0;
	desc->chip->mask(desc->hw);
	pr_err("%s line %u: %d interrupts and nobody cared, masked\n", desc->chip->name, irq,
	       UNHANDLED_MAX);
}

static void call_handler(struct irq_desc *desc, u32 irq)
{
	desc->unhandled_in_a_row = 0;
	desc->handled_by = smp_processor_id() + 1;
	desc->handler(irq, desc->dev);
	desc->handled_by = 0;
}

static void handle_irq(struct irq_desc *desc, u32 irq)
{
	if (desc->chip->spurious && desc->chip->spurious(desc->hw)) {
		desc->spurious++;
		return;
	}
	this_cpu_inc(irq_counts[irq]);
	if (desc->handler)
		call_handler(desc, irq);
	else
		note_unhandled(desc, irq);
	desc->chip->eoi(desc->hw);
}

/* The first interrupt at the new place: what was sent before it has arrived, so the old place is over. */
static u8 end_of_move(struct irq_desc *desc, u8 vector)
{
	u8 old = desc->old_vector;

	if (desc->vector != vector || desc->cpu != smp_processor_id())
		return NO_VECTOR;
	desc->old_vector = NO_VECTOR;
	return old;
}

/* It came through the local APIC, and is in service there until somebody ends it. */
static bool stray_interrupt(void)
{
	this_cpu_inc(stray_vectors);
	if (lapic_present())
		lapic_eoi();
	return true;
}

bool irq_trap(struct pt_regs *regs)
{
	u8 old = NO_VECTOR, vector = (u8)regs->vector;
	u32 entry = this_cpu_read(vector_irq[vector]), old_cpu, irq = entry & ~VECTOR_RETIRING;
	struct irq_desc *desc = &irq_descs[irq % NR_IRQS];

	if (entry == VECTOR_FREE)
		return stray_interrupt();
	spin_lock(&desc->lock);
	if (!desc->chip) { /* an MSI, given back a moment ago */
		spin_unlock(&desc->lock);
		return stray_interrupt();
	}
	handle_irq(desc, irq);
	old_cpu = desc->old_cpu;
	if (desc->old_vector)
		old = end_of_move(desc, vector);
	spin_unlock(&desc->lock);
	if (old)
		vector_retire(old_cpu, old);
	if (entry & VECTOR_RETIRING)
		vector_free(smp_processor_id(), vector);
	return true;
}

/* ---- chips and their lines ------------------------------------------------------------------- */

static void attach(u32 irq, const struct irq_chip *chip, u32 hw, bool level)
{
	irq_descs[irq].chip = chip;
	irq_descs[irq].hw = hw;
	irq_descs[irq].level = level;
	if (irq >= nr_lines)
		nr_lines = irq + 1;
}

int irq_set_chip(const struct irq_chip *chip)
{
	u32 i, last = chip->base_vector + chip->nr - 1;

	if (!chip->nr || chip->nr > NR_IRQS || chip->base_vector < FIRST_EXTERNAL_VECTOR ||
	    last >= NR_VECTORS)
		return -EINVAL;
	for (i = 0; i < chip->nr; i++)
		if (irq_descs[i].chip)
			return -EBUSY;
	if (last >= FIRST_DEVICE_VECTOR)
		return -EBUSY;
	for (i = 0; i < chip->nr; i++) {
		u8 vector = (u8)(chip->base_vector + i);

		vector_claim(0, i, vector);
		set_trap_handler(vector, irq_trap);
		attach(i, chip, i, false);
		irq_descs[i].vector = vector;
	}
	return 0;
}

int irq_attach(u32 irq, const struct irq_chip *chip, u32 hw, bool level)
{
	if (irq >= NR_IRQS || !chip->route)
		return -EINVAL;
	if (irq_descs[irq].chip)
		return -EBUSY;
	attach(irq, chip, hw, level);
	return 0;
}

bool irq_available(void)
{
	return nr_lines != 0;
}

/* ---- where a line arrives -------------------------------------------------------------------- */

/*
 * If the vector may stay the same on the new CPU, a chip can switch over in one write; so that is
 * what is wished for.
 */
int irq_route(struct irq_desc *desc, u32 cpu)
{
	int vector = vector_alloc(cpu, (u32)(desc - irq_descs), desc->vector), err;

	if (vector < 0)
		return vector;
	set_trap_handler((u8)vector, irq_trap);
	err = desc->chip->route(desc->hw, (u8)vector, cpu_to_apicid(cpu));
	if (err) {
		vector_free(cpu, (u8)vector);
		return err;
	}
	desc->vector = (u8)vector;
	desc->cpu = cpu;
	return 0;
}

static int move(struct irq_desc *desc, u32 cpu)
{
	u8 vector = desc->vector;
	u32 from = desc->cpu;
	int err;

	if (!desc->chip)
		return -EINVAL;
	if (!desc->chip->route)
		return -EOPNOTSUPP;
	if (vector && from == cpu)
		return 0;
	err = irq_route(desc, cpu);
	if (!err) {
		desc->old_vector = vector;
		desc->old_cpu = from;
	}
	return err;
}

/* The lock of its own line a handler has already: that would be waiting for itself. */
static bool in_own_handler(const struct irq_desc *desc)
{
	if (READ_ONCE(desc->handled_by) != smp_processor_id() + 1)
		return false;
	pr_err("%s: refused, from its own handler\n", desc->name);
	return true;
}

int irq_set_affinity(u32 irq, u32 cpu)
{
	struct irq_desc *desc = &irq_descs[irq % NR_IRQS];
	u32 older_cpu, older;
	unsigned long flags;
	int err;

	if (irq >= NR_IRQS || in_own_handler(desc))
		return -EINVAL;
	if (!cpu_online(cpu))
		return -ENXIO;
	spin_lock_irqsave(&desc->lock, flags);
	older = desc->old_vector;
	older_cpu = desc->old_cpu;
	err = move(desc, cpu);
	if (desc->old_vector == older && desc->old_cpu == older_cpu)
		older = NO_VECTOR; /* nothing has moved */
	spin_unlock_irqrestore(&desc->lock, flags);
	if (older) /* moved twice without an interrupt: nobody else will end the first move */
		vector_retire(older_cpu, (u8)older);
	return err;
}

/* ---- who has a line -------------------------------------------------------------------------- */

static int take(struct irq_desc *desc, irq_handler_t handler, const char *name, void *dev)
{
	int err;

	if (!desc->chip)
		return -EINVAL;
	if (desc->handler)
		return -EBUSY;
	if (!desc->vector) {
		err = irq_route(desc, desc->cpu);
		if (err)
			return err;
	}
	desc->handler = handler;
	desc->name = name;
	desc->dev = dev;
	desc->unhandled_in_a_row = 0;
	desc->chip->unmask(desc->hw);
	return 0;
}

int request_irq(u32 irq, irq_handler_t handler, const char *name, void *dev)
{
	unsigned long flags;
	int err;

	if (!irq_available())
		return -ENODEV;
	if (irq >= NR_IRQS || !handler)
		return -EINVAL;
	spin_lock_irqsave(&irq_descs[irq].lock, flags);
	err = take(&irq_descs[irq], handler, name, dev);
	spin_unlock_irqrestore(&irq_descs[irq].lock, flags);
	return err;
}

/* The vector stays the line's: an interrupt that is under way already will be counted as its own. */
void free_irq(u32 irq, void *dev)
{
	struct irq_desc *desc = &irq_descs[irq % NR_IRQS];
	unsigned long flags;
	bool owner;

	if (irq >= NR_IRQS || in_own_handler(desc))
		return;
	spin_lock_irqsave(&desc->lock, flags);
	owner = desc->handler && desc->dev == dev;
	if (owner) {
		desc->chip->mask(desc->hw);
		desc->handler = NULL;
		desc->name = NULL;
	}
	spin_unlock_irqrestore(&desc->lock, flags);
	if (!owner)
		pr_warn("line %u is not this device's to free\n", irq);
}

u64 irq_count(u32 irq)
{
	u64 sum = 0;
	u32 cpu;

	if (irq >= NR_IRQS)
		return 0;
	for_each_online_cpu(cpu) sum += READ_ONCE(per_cpu(irq_counts, cpu)[irq]);
	return sum;
}

int irq_to_cpu(u32 irq)
{
	return irq < NR_IRQS && irq_descs[irq].vector ? (int)irq_descs[irq].cpu : -EINVAL;
}

int irq_to_vector(u32 irq)
{
	return irq < NR_IRQS && irq_descs[irq].vector ? irq_descs[irq].vector : -EINVAL;
}

bool irq_masked(u32 irq)
{
	const struct irq_desc *desc = &irq_descs[irq % NR_IRQS];

	return irq < NR_IRQS && desc->chip && desc->chip->masked && desc->chip->masked(desc->hw);
}
