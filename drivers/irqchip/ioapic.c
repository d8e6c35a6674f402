/*
 * The I/O APIC. A window of two registers, select and data, behind which are an
 * id, a version and one 64-bit redirection entry a pin. Global system interrupts (GSIs) number the pins of all I/O
 * APICs through; the MADT says where each chip's begin, and which ISA lines are not where their number says.
 *
 * Invariants: no pin is unmasked but by its owner; an entry is changed only while it is masked, or by one write.
 * Intel 82093AA data sheet, 3.0 to 3.2; ACPI 6.5, 5.2.12.3, 5.2.12.5.
 */
#define pr_fmt(fmt) "ioapic: " fmt

#include <arch/lapic.h>
#include <arch/page.h>
#include <drivers/irqchip/ioapic.h>
#include <kernel/irq.h>
#include <lib/errno.h>
#include <lib/printk.h>
#include <lib/spinlock.h>
#include <mm/ioremap.h>
#include <mm/memblock.h>

/* Offsets from the base. */
#define IOREGSEL    0x00
#define IOWIN	    0x10
#define IOAPIC_SIZE 0x20

/* Behind the window. */
#define IOAPICVER	 0x01
#define IOREDTBL_LOW(n)	 (0x10 + 2 * (n))
#define IOREDTBL_HIGH(n) (0x11 + 2 * (n))

#define VER_MAX_ENTRY(v) ((v) >> 16 & 0xff)
#define VER_NOBODY	 0xffffffffu /* an empty bus */

#define RTE_VECTOR	0xffu
#define RTE_MODE	(7u << 8)
#define RTE_MODE_SMI	(2u << 8)
#define RTE_LOW		BIT(13)
#define RTE_LEVEL	BIT(15)
#define RTE_MASKED	BIT(16)
#define RTE_DEST_SHIFT	24
#define MAX_DEST_APICID 254 /* eight bits, and 255 is everybody */

#define INTI_POLARITY	  3 /* of an override's flags: 0 as the bus has it, 1 high, 3 low */
#define INTI_POLARITY_LOW 3
#define INTI_TRIGGER	  0xc
#define INTI_LEVEL	  0xc

struct ioapic {
	volatile u32 *regs;
	u32 gsi_base, nr_pins;
};

static struct ioapic ioapics[MADT_IOAPIC_MAX];
static u32 nr_ioapics;

/* Protects select and data of every chip, and the entries behind them. Innermost. */
static DEFINE_SPINLOCK(ioapic_lock);

/* ---- what the MADT says: pure ---------------------------------------------------------------- */

/* Page and size of the window are taken for granted; a chip may sit at any 16 bytes of a page. */
const char *ioapic_entry_lie(const struct madt_info *madt, u32 n)
{
	const struct madt_ioapic *entry = &madt->ioapic[n];

	if (!entry->addr)
		return "its address is 0";
	if (entry->addr % IOWIN)
		return "its address is not aligned";
	if (entry->addr >> PAGE_SHIFT == madt->lapic_addr >> PAGE_SHIFT)
		return "it is where the local APICs are";
	if (memblock_overlaps_memory(entry->addr, IOAPIC_SIZE))
		return "its address is RAM";
	for (u32 i = 0; i < n; i++) {
		if (madt->ioapic[i].addr == entry->addr)
			return "another has its address";
		if (madt->ioapic[i].gsi_base == entry->gsi_base)
			return "another has its GSIs";
	}
	return entry->gsi_base >= NR_IRQS ? "its GSIs are beyond all irqs" : NULL;
}

static struct ioapic_mode mode_of(u16 flags, struct ioapic_mode bus)
{
	if (flags & INTI_POLARITY)
		bus.low = (flags & INTI_POLARITY) == INTI_POLARITY_LOW;
	if (flags & INTI_TRIGGER)
		bus.level = (flags & INTI_TRIGGER) == INTI_LEVEL;
	return bus;
}

u32 ioapic_isa_gsi(const struct madt_info *madt, u32 isa, struct ioapic_mode *mode)
{
	const struct ioapic_mode isa_bus = {.low = false, .level = false};

	*mode = isa_bus;
	for (u32 i = 0; i < madt->nr_overrides; i++) {
		if (madt->override[i].source != isa)
			continue;
		*mode = mode_of(madt->override[i].flags, isa_bus);
		return madt->override[i].gsi;
	}
	/*
	 * QEMU's I/O APIC has interrupt 0 on pin 2 whatever the tables say, and those of microvm (hardware-reduced
	 * ACPI) do not say it. Without it a machine whose only timer is the PIT would have none.
	 */
	if (isa == 0 && acpi_fadt() && (acpi_fadt()->flags & ACPI_FADT_HW_REDUCED))
		return 2;
	return isa;
}

/* ---- registers ------------------------------------------------------------------------------- */

static u32 reg_read(const struct ioapic *chip, u32 reg)
{
	chip->regs[IOREGSEL / 4] = reg;
	return chip->regs[IOWIN / 4];
}

static void reg_write(const struct ioapic *chip, u32 reg, u32 value)
{
	chip->regs[IOREGSEL / 4] = reg;
	chip->regs[IOWIN / 4] = value;
}

static bool has_gsi(const struct ioapic *chip, u32 gsi)
{
	return gsi - chip->gsi_base < chip->nr_pins;
}

/* Of a GSI that is a pin. */
static struct ioapic *chip_of(u32 gsi)
{
	struct ioapic *chip = ioapics;

	while (chip < &ioapics[MADT_IOAPIC_MAX - 1] && !has_gsi(chip, gsi))
		chip++;
	return chip;
}

static bool is_pin(u32 gsi)
{
	return has_gsi(chip_of(gsi), gsi);
}

/* Change the lower half of a GSI's entry; what it was before. */
static u32 change_low(u32 gsi, u32 clear, u32 set)
{
	const struct ioapic *chip = chip_of(gsi);
	u32 reg = IOREDTBL_LOW(gsi - chip->gsi_base), old;
	unsigned long flags;

	spin_lock_irqsave(&ioapic_lock, flags);
	old = reg_read(chip, reg);
	if (((old & ~clear) | set) != old)
		chip->regs[IOWIN / 4] = (old & ~clear) | set;
	spin_unlock_irqrestore(&ioapic_lock, flags);
	return old;
}

/* ---- the chip's operations; hw is the GSI ---------------------------------------------------- */

static void ioapic_mask(u32 gsi)
{
	change_low(gsi, 0, RTE_MASKED);
}

static void ioapic_unmask(u32 gsi)
{
	change_low(gsi, RTE_MASKED, 0);
}

static bool ioapic_masked(u32 gsi)
{
	return change_low(gsi, 0, 0) & RTE_MASKED;
}

/* A level-triggered line hears of it from the local APIC (SDM vol. 3, 10.8.5). */
static void ioapic_eoi(u32 gsi __maybe_unused)
{
	lapic_eoi();
}

static void set_dest(u32 gsi, u32 apicid)
{
	const struct ioapic *chip = chip_of(gsi);
	unsigned long flags;

	spin_lock_irqsave(&ioapic_lock, flags);
	reg_write(chip, IOREDTBL_HIGH(gsi - chip->gsi_base), apicid << RTE_DEST_SHIFT);
	spin_unlock_irqrestore(&ioapic_lock, flags);
}

/*
 * Physical destination, fixed delivery. If only the CPU changes, it is one write, and no edge can be lost; two writes
 * need the pin masked, for in between an interrupt would go where nobody expects that vector.
 */
static int ioapic_route(u32 gsi, u8 vector, u32 apicid)
{
	u32 old = change_low(gsi, 0, 0);

	if (apicid > MAX_DEST_APICID)
		return -ERANGE;
	if ((old & (RTE_VECTOR | RTE_MODE)) == vector) {
		set_dest(gsi, apicid);
		return 0;
	}
	ioapic_mask(gsi);
	set_dest(gsi, apicid);
	change_low(gsi, RTE_VECTOR | RTE_MODE, vector);
	change_low(gsi, RTE_MASKED, old & RTE_MASKED);
	return 0;
}

static const struct irq_chip ioapic_chip = {
	.name = "IO-APIC",
	.mask = ioapic_mask,
	.unmask = ioapic_unmask,
	.masked = ioapic_masked,
	.eoi = ioapic_eoi,
	.route = ioapic_route,
};

/* ---- start-up -------------------------------------------------------------------------------- */

/* What is wrong with the chip, now that it can be asked; or NULL. */
static __init const char *chip_lie(struct ioapic *chip)
{
	u32 version = reg_read(chip, IOAPICVER), last;

	if (version == VER_NOBODY)
		return "nobody answers there";
	chip->nr_pins = VER_MAX_ENTRY(version) + 1;
	last = chip->gsi_base + chip->nr_pins - 1;
	if (last >= NR_IRQS)
		return "its GSIs are beyond all irqs";
	for (u32 i = 0; i < nr_ioapics; i++)
		if (chip->gsi_base < ioapics[i].gsi_base + ioapics[i].nr_pins &&
		    ioapics[i].gsi_base <= last)
			return "its GSIs overlap another's";
	return NULL;
}

static __init const char *add_chip(const struct madt_ioapic *entry)
{
	struct ioapic *chip = &ioapics[nr_ioapics];
	const char *lie;

	chip->regs = ioremap(entry->addr, IOAPIC_SIZE);
	if (!chip->regs)
		return "its registers cannot be mapped";
	chip->gsi_base = entry->gsi_base;
	lie = chip_lie(chip);
	if (lie)
		iounmap((const void *)chip->regs);
	else
		nr_ioapics++;
	return lie;
}

static __init void find_chips(const struct madt_info *madt)
{
	for (u32 i = 0; i < madt->nr_ioapics; i++) {
		const struct madt_ioapic *entry = &madt->ioapic[i];
		const char *lie = ioapic_entry_lie(madt, i);

		if (!lie)
			lie = add_chip(entry);
		if (lie)
			pr_warn("I/O APIC %u at %#x, GSIs from %u: %s; ignored\n", entry->id,
				entry->addr, entry->gsi_base, lie);
	}
}

static __init bool isa_lines_covered(void)
{
	for (u32 gsi = 0; gsi < NR_ISA_IRQS; gsi++)
		if (!is_pin(gsi))
			return false;
	return true;
}

/* What the firmware had routed: its own lines are not ours, but for those into system management mode, which stay. */
static __init void mask_all(const struct ioapic *chip)
{
	for (u32 pin = 0; pin < chip->nr_pins; pin++) {
		u32 low = reg_read(chip, IOREDTBL_LOW(pin));

		if (!(low & RTE_MASKED) && (low & RTE_MODE) != RTE_MODE_SMI)
			chip->regs[IOWIN / 4] = low | RTE_MASKED;
	}
}

static __init void attach_pin(u32 irq, u32 gsi, struct ioapic_mode mode)
{
	if ((change_low(gsi, 0, 0) & RTE_MODE) == RTE_MODE_SMI)
		return;
	irq_attach(irq, &ioapic_chip, gsi, mode.level);
	change_low(gsi, RTE_LOW | RTE_LEVEL,
		   (mode.low ? RTE_LOW : 0) | (mode.level ? RTE_LEVEL : 0));
}

static u64 taken[NR_IRQS / 64] __initdata; /* bit n: GSI n is an ISA line */

static __init bool take_gsi(u32 gsi)
{
	bool free = !(taken[gsi / 64] & BIT_ULL(gsi % 64));

	taken[gsi / 64] |= BIT_ULL(gsi % 64);
	return free;
}

/* Those that are moved first: the line whose number they moved to has no pin then (2, where line 0 is). */
static __init void attach_isa_lines(const struct madt_info *madt, bool moved)
{
	for (u32 isa = 0; isa < NR_ISA_IRQS; isa++) {
		struct ioapic_mode mode;
		u32 gsi = ioapic_isa_gsi(madt, isa, &mode);

		if ((gsi != isa) != moved)
			continue;
		if (!is_pin(gsi))
			pr_warn("ISA line %u is said to be GSI %u, which is no pin; ignored\n", isa,
				gsi);
		else if (take_gsi(gsi))
			attach_pin(isa, gsi, mode);
		else if (moved)
			pr_warn("ISA line %u is said to be GSI %u, as another is; ignored\n", isa,
				gsi);
	}
}

static __init void attach_other_pins(const struct ioapic *chip)
{
	const struct ioapic_mode pci = {.low = true, .level = true};

	for (u32 gsi = chip->gsi_base; gsi < chip->gsi_base + chip->nr_pins; gsi++)
		if (gsi >= NR_ISA_IRQS && take_gsi(gsi))
			attach_pin(gsi, gsi, pci);
}

int __init ioapic_init(const struct madt_info *madt)
{
	if (!madt->nr_ioapics || !lapic_present())
		return -ENODEV;
	find_chips(madt);
	if (!isa_lines_covered()) {
		pr_warn("no I/O APIC has the ISA lines: the 8259 keeps them\n");
		return -ENODEV;
	}
	for (u32 i = 0; i < nr_ioapics; i++)
		mask_all(&ioapics[i]);
	attach_isa_lines(madt, true);
	attach_isa_lines(madt, false);
	for (u32 i = 0; i < nr_ioapics; i++) {
		attach_other_pins(&ioapics[i]);
		pr_info("%u pins, GSI %u to %u\n", ioapics[i].nr_pins, ioapics[i].gsi_base,
			ioapics[i].gsi_base + ioapics[i].nr_pins - 1);
	}
	return 0;
}
