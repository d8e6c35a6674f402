/*
 * The SRAT: which CPUs and which memory are near each other (ACPI 6.5, 5.2.16). Things with one
 * proximity domain are close. Pure; nothing is kept: a visitor sees each entry.
 */
#ifndef DRIVERS_ACPI_SRAT_H
#define DRIVERS_ACPI_SRAT_H

#include <drivers/acpi/acpi.h>

#define ACPI_SIG_SRAT "SRAT"

struct srat_visitor {
	/* An enabled CPU. */
	void (*cpu)(void *ctx, u32 apicid, u32 domain);
	/*
	 * An enabled range, not empty, that does not wrap; hot_pluggable: it may go, or come
	 * later.
	 */
	void (*memory)(void *ctx, phys_addr_t start, u64 size, u32 domain, bool hot_pluggable);
	void (*warn)(const char *what); /* an entry was refused */
	void *ctx;
};

/* From a whole, checksummed table. NULL, or what is wrong with it. */
const char *srat_parse(const struct acpi_table_header *table, const struct srat_visitor *visitor);

#endif
