/*
 * The HPET table: where a High Precision Event Timer has its registers. IA-PC HPET 1.0a, 3.2.4.
 * Pure.
 */
#ifndef DRIVERS_ACPI_HPET_H
#define DRIVERS_ACPI_HPET_H

#include <drivers/acpi/acpi.h>

#define ACPI_SIG_HPET "HPET"

struct hpet_info {
	phys_addr_t addr; /* of 1 KiB of registers */
	u8 number;	  /* counts the HPETs of a machine */
	u8 revision, comparators;
	bool wide;	     /* the main counter has 64 bits */
	bool legacy_routing; /* can take the place of PIT and RTC interrupts */
	u16 pci_vendor;
	u16 min_tick; /* the shortest period that loses no interrupt, in ticks */
};

/* From a whole, checksummed table. NULL, or what is wrong with it. */
const char *hpet_parse(const struct acpi_table_header *table, struct hpet_info *info);

#endif
