/*
 * ACPI tables in random bytes: the RSDP at address 0, everything else where it says. Checksums
 * are repaired on the way (unless the first byte of the signature's place says no), for no fuzzer
 * guesses three of them in a row.
 *
 * Sources: drivers/acpi/tables.c drivers/acpi/aml.c
 * Options: -max_len=1024
 */
#include <tests/fuzz/fuzz.h>
#include <tests/host/acpi_mem.h>

static u8 memory[1024];

/*
 * Signature, revision, lengths and checksums of the RSDP and of the root table: right enough to
 * go on.
 */
static void repair(struct phys *phys)
{
	struct acpi_rsdp *rsdp = (void *)memory;
	u64 root;

	libc_memcpy(rsdp->signature, "RSD PTR ", 8);
	rsdp->length = ACPI_RSDP_V2_SIZE;
	rsdp->revision &= 2;
	acpi_repair_rsdp(phys, 0);
	root = rsdp->revision ? rsdp->xsdt_address : rsdp->rsdt_address;
	if (root < ACPI_RSDP_V2_SIZE || root > phys->size - sizeof(struct acpi_table_header))
		return;
	libc_memcpy(memory + root, rsdp->revision ? "XSDT" : "RSDT", 4);
	acpi_repair_table(phys, root, ((struct acpi_table_header *)(memory + root))->length);
}

static void use_table(const struct acpi_mem *mem, const struct acpi_table_ref *ref)
{
	const struct acpi_table_header *table = acpi_map_table(mem, ref);
	struct acpi_fadt fadt;
	u8 typ_a, typ_b;

	if (!table)
		return;
	BUG_ON(!acpi_checksum_ok(table, ref->length));
	if (!acpi_read_fadt(table, &fadt))
		acpi_fadt_dsdt(&fadt);
	if (acpi_find_s5((const u8 *)table, ref->length, &typ_a, &typ_b))
		BUG_ON(typ_a > 7 || typ_b > 7);
	mem->unmap(mem, table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct acpi_table_list list;
	struct phys phys = {.bytes = memory, .size = size};
	const struct acpi_mem mem = acpi_mem_of(&phys);

	if (size < sizeof(struct acpi_rsdp) + sizeof(struct acpi_table_header) ||
	    size > sizeof(memory))
		return 0;
	libc_memcpy(memory, data, size);
	if (data[0] % 8)
		repair(&phys);
	acpi_scan_rsdp(memory, size);
	if (acpi_check_rsdp(memory, ACPI_RSDP_V2_SIZE))
		return 0;
	if (!acpi_list_tables(&mem, (const struct acpi_rsdp *)memory, &list)) {
		acpi_check_list(&list);
		for (u32 i = 0; i < list.nr; i++) {
			if (data[0] & 1)
				acpi_repair_table(&phys, list.table[i].addr, list.table[i].length);
			use_table(&mem, &list.table[i]);
		}
	}
	BUG_ON(phys.mapped != phys.unmapped);
	return 0;
}
