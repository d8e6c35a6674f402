/*
 * I/O APICs: chips with some 24 pins, each of which has an entry in a table that says to which CPU, as which
 * vector and in which way it interrupts. Intel 82093AA data sheet (290566).
 */
#ifndef DRIVERS_IRQCHIP_IOAPIC_H
#define DRIVERS_IRQCHIP_IOAPIC_H

#include <drivers/acpi/madt.h>

/* Polarity and trigger of a pin. */
struct ioapic_mode {
	bool low, level;
};

/* What is wrong with the n-th I/O APIC's entry of a MADT, by itself and against those before it; or NULL. */
const char *ioapic_entry_lie(const struct madt_info *madt, u32 n);
/* The GSI that carries an ISA line, and how: overrides, else itself, edge, high. */
u32 ioapic_isa_gsi(const struct madt_info *madt, u32 isa, struct ioapic_mode *mode);

/*
 * Map and mask all of them, and attach their pins as irqs (kernel/irq.h), delivered to the boot CPU. 0; -ENODEV: no
 * local APIC, or no sound I/O APIC for the ISA lines: then nothing is attached. What is refused is named. Boot, once.
 */
int ioapic_init(const struct madt_info *madt);

#endif
