/*
 * Message-signalled interrupts: no wire and no chip, the device itself writes a
 * 32-bit word to an address that the local APICs listen to. Address and word say CPU and vector, so the
 * whole of an interrupt controller is two numbers in the device. SDM vol. 3, 10.11.
 */
#include <arch/apicid.h>
#include <kernel/irq_internal.h>
#include <kernel/irq_vector.h>
#include <lib/errno.h>

#define MSI_ADDRESS	  0xfee00000u
#define MSI_DEST_SHIFT	  12  /* physical destination, redirection hint 0 */
#define MSI_MAX_APICID	  254 /* eight bits, and 255 is everybody */
#define MSI_EDGE_FIXED(v) (v)

/* Protects which of the irqs above nr_lines exist. Outermost: before a line's own. */
static DEFINE_SPINLOCK(msi_lock);

static void set_masked(u32 irq, bool masked)
{
	const struct irq_desc *desc = &irq_descs[irq];

	if (desc->msi && desc->msi->mask)
		desc->msi->mask(desc->msi_dev, masked);
}

static void msi_mask(u32 irq)
{
	set_masked(irq, true);
}

static void msi_unmask(u32 irq)
{
	set_masked(irq, false);
}

static void msi_eoi(u32 irq __maybe_unused)
{
	lapic_eoi();
}

static u64 address_for(u32 apicid)
{
	return MSI_ADDRESS | apicid << MSI_DEST_SHIFT;
}

/* The first route is where the irq is born, before any device knows of it. */
static int msi_route(u32 irq, u8 vector, u32 apicid)
{
	const struct irq_desc *desc = &irq_descs[irq];

	if (apicid > MSI_MAX_APICID)
		return -ERANGE;
	if (!desc->vector)
		return 0;
	if (!desc->msi || !desc->msi->write)
		return -EOPNOTSUPP;
	desc->msi->write(desc->msi_dev, address_for(apicid), MSI_EDGE_FIXED(vector));
	return 0;
}

static const struct irq_chip msi_chip = {
	.name = "MSI",
	.mask = msi_mask,
	.unmask = msi_unmask,
	.eoi = msi_eoi,
	.route = msi_route,
};

static int make(struct irq_desc *desc, u32 irq, u32 cpu)
{
	unsigned long flags;
	int err;

	spin_lock_irqsave(&desc->lock, flags);
	desc->chip = &msi_chip;
	desc->hw = irq;
	desc->msi = NULL;
	err = irq_route(desc, cpu);
	if (err)
		desc->chip = NULL;
	spin_unlock_irqrestore(&desc->lock, flags);
	return err;
}

int irq_alloc_msi(u32 cpu)
{
	unsigned long flags;
	int err = -ENOSPC;
	u32 irq;

	if (!lapic_present())
		return -ENODEV;
	spin_lock_irqsave(&msi_lock, flags);
	for (irq = nr_lines < NR_ISA_IRQS ? NR_ISA_IRQS : nr_lines; irq < NR_IRQS; irq++)
		if (!irq_descs[irq].chip)
			break;
	if (irq < NR_IRQS)
		err = make(&irq_descs[irq], irq, cpu);
	spin_unlock_irqrestore(&msi_lock, flags);
	return err ? err : (int)irq;
}

static bool is_msi(u32 irq)
{
	return irq < NR_IRQS && irq_descs[irq].chip == &msi_chip;
}

int irq_set_msi_ops(u32 irq, const struct msi_ops *ops, void *dev)
{
	if (!is_msi(irq))
		return -EINVAL;
	irq_descs[irq].msi = ops;
	irq_descs[irq].msi_dev = dev;
	return 0;
}

void irq_free_msi(u32 irq)
{
	struct irq_desc *desc = &irq_descs[irq % NR_IRQS];
	u8 vector, old;
	unsigned long flags;
	u32 cpu, old_cpu;

	if (!is_msi(irq) || desc->handler)
		return;
	spin_lock_irqsave(&msi_lock, flags);
	spin_lock(&desc->lock);
	vector = desc->vector;
	cpu = desc->cpu;
	old = desc->old_vector;
	old_cpu = desc->old_cpu;
	desc->chip = NULL;
	desc->vector = desc->old_vector = NO_VECTOR;
	desc->cpu = 0;
	spin_unlock(&desc->lock);
	spin_unlock_irqrestore(&msi_lock, flags);
	vector_free(cpu, vector);
	if (old)
		vector_retire(old_cpu, old);
}

int msi_compose(u32 irq, u64 *address, u32 *data)
{
	if (!is_msi(irq))
		return -EINVAL;
	*address = address_for(cpu_to_apicid(irq_descs[irq].cpu));
	*data = MSI_EDGE_FIXED(irq_descs[irq].vector);
	return 0;
}
