/*
 * The MCFG table: where PCI Express configuration space is mapped. PCI Firmware Specification 3.3,
 * 4.1.2. Pure.
 */
#ifndef DRIVERS_ACPI_MCFG_H
#define DRIVERS_ACPI_MCFG_H

#include <drivers/acpi/acpi.h>

#define ACPI_SIG_MCFG	  "MCFG"
#define MCFG_SEGMENTS_MAX 16

struct mcfg_info {
	u32 nr;
	struct mcfg_segment {
		phys_addr_t base; /* where bus 0 would be: bus n is at base + (n << 20) */
		u16 segment;
		u8 first_bus, last_bus;
	} segment[MCFG_SEGMENTS_MAX];
	u32 refused; /* each was told to `warn` */
};

/*
 * From a whole, checksummed table. NULL, or what is wrong with it; single entries are refused
 * singly.
 */
const char *mcfg_parse(const struct acpi_table_header *table, struct mcfg_info *info,
		       void (*warn)(const char *what));

#endif
