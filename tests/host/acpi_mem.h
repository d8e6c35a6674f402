/*
 * struct acpi_mem over a small physical memory: for the test and the fuzz target of ACPI's
 * tables.
 */
#ifndef TESTS_HOST_ACPI_MEM_H
#define TESTS_HOST_ACPI_MEM_H

#include <tests/host/phys.h>
#include <drivers/acpi/acpi.h>
#include <lib/bug.h>

static inline const void *acpi_phys_map(const struct acpi_mem *mem, phys_addr_t at, size_t len)
{
	return phys_map(mem->ctx, at, len);
}

static inline void acpi_phys_unmap(const struct acpi_mem *mem, const void *p)
{
	phys_unmap(mem->ctx, p);
}

static const char *acpi_last_refusal;

/* What is refused goes to the log: it must be text. */
static inline void acpi_phys_refuse(const struct acpi_mem *mem, const char *signature,
				    phys_addr_t at, const char *why)
{
	struct phys *phys = mem->ctx;

	(void)at;
	for (int i = 0; i < 4; i++)
		BUG_ON(signature[i] < ' ' || signature[i] > '~');
	BUG_ON(signature[4]);
	phys->refused++;
	acpi_last_refusal = why;
}

static inline struct acpi_mem acpi_mem_of(struct phys *phys)
{
	return (struct acpi_mem){.map = acpi_phys_map,
				 .unmap = acpi_phys_unmap,
				 .refuse = acpi_phys_refuse,
				 .ctx = phys};
}

/* Make the bytes [at, at+len) sum to 0 through the byte at `checksum`, when all lie in memory. */
static inline void acpi_repair(struct phys *phys, u64 at, u64 len, u64 checksum)
{
	u8 *bytes = phys->bytes + (at - phys->base), sum = 0;

	if (at < phys->base || at - phys->base > phys->size ||
	    len > phys->size - (at - phys->base) || checksum >= len)
		return;
	for (u64 i = 0; i < len; i++)
		sum += bytes[i];
	bytes[checksum] -= sum;
}

static inline void acpi_repair_table(struct phys *phys, u64 at, u64 len)
{
	acpi_repair(phys, at, len, offsetof(struct acpi_table_header, checksum));
}

static inline void acpi_repair_rsdp(struct phys *phys, u64 at)
{
	acpi_repair(phys, at, ACPI_RSDP_V1_SIZE, offsetof(struct acpi_rsdp, checksum));
	acpi_repair(phys, at, ACPI_RSDP_V2_SIZE, offsetof(struct acpi_rsdp, extended_checksum));
}

/* What must hold of a list whatever firmware wrote. */
static inline void acpi_check_list(const struct acpi_table_list *list)
{
	BUG_ON(list->nr > ACPI_TABLES_MAX);
	for (u32 i = 0; i < list->nr; i++) {
		const struct acpi_table_ref *ref = &list->table[i];

		BUG_ON(ref->signature[4] || ref->addr == list->root.addr);
		BUG_ON(ref->length < sizeof(struct acpi_table_header) ||
		       ref->length > ACPI_TABLE_SIZE_MAX);
		for (u32 k = 0; k < i; k++)
			BUG_ON(list->table[k].addr == ref->addr);
	}
}

#endif
