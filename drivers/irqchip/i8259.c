/*
 * Two Intel 8259As, the second one's output wired to line 2 of the first. At
 * power-on their lines arrive at vectors 8-15, where exceptions live: they are
 * moved to 0x20-0x2f.
 *
 * Where an I/O APIC does the work they are only moved and masked: even so they can be spurious.
 *
 * Invariant: `masked` is what the two mask registers hold; line 2 is open exactly when one of 8-15 is.
 * Intel 8259A data sheet (231468): ICW1-ICW4, OCW1-OCW3.
 */
#define pr_fmt(fmt) "i8259: " fmt

#include <arch/insn.h>
#include <arch/traps.h>
#include <drivers/irqchip/i8259.h>
#include <kernel/irq.h>
#include <lib/errno.h>
#include <lib/printk.h>
#include <lib/spinlock.h>

#define PIC1_CMD  0x20
#define PIC1_DATA 0x21
#define PIC2_CMD  0xa0
#define PIC2_DATA 0xa1

#define CASCADE_IRQ 2 /* where the second chip hangs on the first */
#define SLAVE_LINES 0xff00

#define ICW1_INIT	  0x11 /* edge triggered, cascaded, ICW4 follows */
#define ICW4_8086	  0x01
#define OCW2_SPECIFIC_EOI 0x60 /* | line of that chip */
#define OCW3_READ_ISR	  0x0b

#define SPURIOUS_LINE 7 /* of each chip: its lowest priority */

static u16 masked = 0xffff;
static u64 spurious_when_quiet;

/* Protects `masked` and the mask registers. Innermost. */
static DEFINE_SPINLOCK(mask_lock);

static void change_masks(u16 clear, u16 set)
{
	unsigned long flags;
	u16 value;

	spin_lock_irqsave(&mask_lock, flags);
	masked = (masked & ~clear) | set;
	value = masked;

	if ((value & SLAVE_LINES) != SLAVE_LINES)
		value &= ~BIT(CASCADE_IRQ);
	outb(PIC1_DATA, value & 0xff);
	outb(PIC2_DATA, value >> 8);
	spin_unlock_irqrestore(&mask_lock, flags);
}

static void i8259_mask(u32 irq)
{
	change_masks(0, BIT(irq));
}

static void i8259_unmask(u32 irq)
{
	change_masks(BIT(irq), 0);
}

static bool i8259_masked(u32 irq)
{
	return inb(irq < 8 ? PIC1_DATA : PIC2_DATA) & BIT(irq & 7);
}

static void i8259_eoi(u32 irq)
{
	if (irq >= 8) {
		outb(PIC2_CMD, OCW2_SPECIFIC_EOI | (irq & 7));
		irq = CASCADE_IRQ;
	}
	outb(PIC1_CMD, OCW2_SPECIFIC_EOI | irq);
}

/*
 * A line that falls before the CPU asks for its vector is delivered as the chip's lowest, 7 or 15,
 * without its in-service bit. The first chip knows nothing of the second one's mistake: its
 * cascade line is in service and must be ended.
 */
static bool i8259_spurious(u32 irq)
{
	u16 command = irq < 8 ? PIC1_CMD : PIC2_CMD;

	if ((irq & 7) != SPURIOUS_LINE)
		return false;
	outb(command, OCW3_READ_ISR);
	if (inb(command) & 0x80)
		return false;
	if (irq >= 8)
		outb(PIC1_CMD, OCW2_SPECIFIC_EOI | CASCADE_IRQ);
	return true;
}

static const struct irq_chip i8259_chip = {
	.name = "i8259",
	.nr = 16,
	.base_vector = I8259_VECTOR_BASE,
	.mask = i8259_mask,
	.unmask = i8259_unmask,
	.masked = i8259_masked,
	.eoi = i8259_eoi,
	.spurious = i8259_spurious,
};

static __init void program_one(u16 command, u16 data, u8 base_vector, u8 cascade)
{
	outb(command, ICW1_INIT);
	outb(data, base_vector);
	outb(data, cascade);
	outb(data, ICW4_8086);
}

/* An empty bus does not keep a mask. The pattern leaves the lines 0-7 masked that a BIOS uses. */
static __init bool i8259_detect(void)
{
	outb(PIC2_DATA, 0xff);
	outb(PIC1_DATA, 0xfb);
	if (inb(PIC1_DATA) != 0xfb)
		return false;
	outb(PIC1_DATA, 0xff);
	return inb(PIC1_DATA) == 0xff;
}

/* A line that was masked while the chip was about to deliver it: nobody has it, but it must be answered. */
static bool spurious_interrupt(struct pt_regs *regs)
{
	u32 irq = (u32)regs->vector - I8259_VECTOR_BASE;

	if (!i8259_spurious(irq))
		i8259_eoi(irq);
	spurious_when_quiet++;
	return true;
}

static u64 count_spurious(u32 cpu)
{
	return cpu == 0 ? READ_ONCE(spurious_when_quiet) : 0;
}

static struct irq_stat spurious_stat = {
	.label = "PIC", .what = "spurious interrupts of the masked 8259", .count = count_spurious};

int __init i8259_quiet(void)
{
	if (!i8259_detect())
		return -ENODEV;
	program_one(PIC1_CMD, PIC1_DATA, I8259_VECTOR_BASE, BIT(CASCADE_IRQ));
	program_one(PIC2_CMD, PIC2_DATA, I8259_VECTOR_BASE + 8, CASCADE_IRQ);
	change_masks(0, 0xffff);
	set_trap_handler(I8259_VECTOR_BASE + SPURIOUS_LINE, spurious_interrupt);
	set_trap_handler(I8259_VECTOR_BASE + 8 + SPURIOUS_LINE, spurious_interrupt);
	irq_register_stat(&spurious_stat);
	return 0;
}

int __init i8259_init(void)
{
	return irq_set_chip(&i8259_chip);
}
