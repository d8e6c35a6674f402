/*
 * Two Intel 8259As, the second one's output wired to line 2 of the first. At
 * power-on their lines arrive at vectors 8-15, where exceptions live: they are
 * moved to 0x20-0x2f.
 *
 * Invariant: `masked` is what the two mask registers hold; line 2 is open exactly when one of 8-15 is.
 * Intel 8259A data sheet (231468): ICW1-ICW4, OCW1-OCW3.
 */
#define pr_fmt(fmt) "i8259: " fmt

#include <arch/insn.h>
#include <drivers/irqchip/i8259.h>
#include <drivers/irqchip/virtual_wire.h>
#include <kernel/irq.h>
#include <lib/errno.h>
#include <lib/printk.h>

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

static u16 masked = 0xffff;

static void write_masks(void)
{
	u16 value = masked;

	if ((value & SLAVE_LINES) != SLAVE_LINES)
		value &= ~BIT(CASCADE_IRQ);
	outb(PIC1_DATA, value & 0xff);
	outb(PIC2_DATA, value >> 8);
}

static void i8259_mask(u32 irq)
{
	masked |= BIT(irq);
	write_masks();
}

static void i8259_unmask(u32 irq)
{
	masked &= ~BIT(irq);
	write_masks();
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

	if ((irq & 7) != 7)
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
	.eoi = i8259_eoi,
	.spurious = i8259_spurious,
};

static void program_one(u16 command, u16 data, u8 base_vector, u8 cascade)
{
	outb(command, ICW1_INIT);
	outb(data, base_vector);
	outb(data, cascade);
	outb(data, ICW4_8086);
}

/* An empty bus does not keep a mask. The pattern leaves the lines 0-7 masked that a BIOS uses. */
static bool i8259_detect(void)
{
	outb(PIC2_DATA, 0xff);
	outb(PIC1_DATA, 0xfb);
	if (inb(PIC1_DATA) != 0xfb)
		return false;
	outb(PIC1_DATA, 0xff);
	return inb(PIC1_DATA) == 0xff;
}

int i8259_init(void)
{
	if (!i8259_detect()) {
		pr_info("not there: consoles stay polled\n");
		return -ENODEV;
	}
	program_one(PIC1_CMD, PIC1_DATA, I8259_VECTOR_BASE, BIT(CASCADE_IRQ));
	program_one(PIC2_CMD, PIC2_DATA, I8259_VECTOR_BASE + 8, CASCADE_IRQ);
	masked = 0xffff;
	write_masks();
	virtual_wire_init();
	return irq_set_chip(&i8259_chip);
}
