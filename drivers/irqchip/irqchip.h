/* Which interrupt controllers this machine has, and which of them do the work. */
#ifndef DRIVERS_IRQCHIP_IRQCHIP_H
#define DRIVERS_IRQCHIP_IRQCHIP_H

#include <drivers/acpi/madt.h>

/*
 * Quiet the 8259, and let the I/O APICs that the MADT names take the lines; without them the 8259 does. The
 * pins wired to NMI, and PV EOI, of this CPU now and of the others when they start. madt: NULL without
 * ACPI. Boot CPU, once, interrupts off, after lapic_init().
 */
void irqchip_init(const struct madt_info *madt);

#endif
