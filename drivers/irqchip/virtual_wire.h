/* The 8259's way to the CPU past the local APIC. */
#ifndef DRIVERS_IRQCHIP_VIRTUAL_WIRE_H
#define DRIVERS_IRQCHIP_VIRTUAL_WIRE_H

/*
 * Make the boot CPU's local APIC pass on what the 8259 (LINT0) and the NMI line (LINT1) say, unless the firmware
 * has done so. Nothing to do on a CPU without a local APIC. Boot, interrupts off, after ioremap() works.
 */
void virtual_wire_init(void);

#endif
