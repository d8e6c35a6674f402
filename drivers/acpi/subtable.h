/*
 * The list that the MADT and the SRAT are: records behind a fixed head, each with its type and
 * length. ACPI 6.5, 5.2.12 and 5.2.16. Pure.
 */
#ifndef DRIVERS_ACPI_SUBTABLE_H
#define DRIVERS_ACPI_SUBTABLE_H

#include <drivers/acpi/acpi.h>

struct acpi_subtable {
	u8 type;
	u8 length; /* this head included */
} __packed;

/* What to do with one type of record. */
struct acpi_subtable_kind {
	u8 length; /* shorter ones are refused; 0: a type that we pass over */
	/* NULL, or why the record is refused. At least `length` bytes can be read. */
	const char *(*decode)(const void *record, void *ctx);
};

/*
 * Walk the records from byte `head` of a whole, checksummed table; `kinds` is indexed by type.
 * What is refused is told to `warn`, and the walk goes on with the next record; it ends at one
 * whose length cannot be right. Returns how many were refused.
 */
u32 acpi_for_each_subtable(const struct acpi_table_header *table, u32 head,
			   const struct acpi_subtable_kind *kinds, u32 nr_kinds, void *ctx,
			   void (*warn)(const char *what));

#endif
