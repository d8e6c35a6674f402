/*
 * MADT, HPET, MCFG or SRAT of random bytes behind a sound header: the first byte says which. What
 * a MADT's CPUs are numbered is held against the model.
 *
 * Sources: drivers/acpi/madt.c drivers/acpi/subtable.c drivers/acpi/cpus.c drivers/acpi/hpet.c
 * Sources: drivers/acpi/mcfg.c drivers/acpi/srat.c arch/apicid.c arch/topology.c lib/cpumask.c
 * Options: -max_len=512
 */
#include <tests/fuzz/fuzz.h>
#include <tests/madt_model.h>

#include <arch/cpufeature.h>
#include <drivers/acpi/hpet.h>
#include <drivers/acpi/mcfg.h>
#include <drivers/acpi/srat.h>

/* What cpus.c asks of the kernel; its boot step is not run here. */
struct cpuinfo_x86 boot_cpu_data;

const struct acpi_table_header *acpi_get_table(const char *signature, u32 n)
{
	(void)signature;
	(void)n;
	return NULL;
}

void acpi_put_table(const struct acpi_table_header *table)
{
	(void)table;
}

static u32 warnings;

static void warn(const char *what)
{
	BUG_ON(!what[0]);
	warnings++;
}

static void fuzz_madt_table(const struct acpi_table_header *table, u8 how)
{
	static struct madt_info info;
	struct madt_census census;

	if (madt_parse(table, &info, warn))
		return;
	BUG_ON(info.refused != warnings);
	BUG_ON(info.nr_cpus > NR_CPUS || info.nr_ioapics > MADT_IOAPIC_MAX);
	BUG_ON(info.nr_overrides > MADT_OVERRIDE_MAX || info.nr_nmis > MADT_NMI_MAX);
	BUG_ON(check_numbering(&info, how % 16, how & 16, &census)[0]);
}

static void fuzz_hpet_table(const struct acpi_table_header *table)
{
	struct hpet_info info;

	if (!hpet_parse(table, &info))
		BUG_ON(!info.addr || !info.comparators);
}

static void fuzz_mcfg_table(const struct acpi_table_header *table)
{
	struct mcfg_info info;

	if (mcfg_parse(table, &info, warn))
		return;
	BUG_ON(info.nr > MCFG_SEGMENTS_MAX || info.refused != warnings);
	for (u32 i = 0; i < info.nr; i++)
		BUG_ON(info.segment[i].first_bus > info.segment[i].last_bus ||
		       !info.segment[i].base);
}

static void see_cpu(void *ctx, u32 apicid, u32 domain)
{
	(void)apicid;
	(void)domain;
	BUG_ON(ctx != &warnings);
}

static void see_memory(void *ctx, phys_addr_t start, u64 size, u32 domain, bool hot_pluggable)
{
	(void)domain;
	(void)hot_pluggable;
	BUG_ON(ctx != &warnings || !size || start + (size - 1) < start);
}

static void fuzz_srat_table(const struct acpi_table_header *table)
{
	static const struct srat_visitor visitor = {
		.cpu = see_cpu, .memory = see_memory, .warn = warn, .ctx = &warnings};

	srat_parse(table, &visitor);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char signatures[4][5] = {"APIC", "HPET", "MCFG", "SRAT"};
	struct acpi_table_header *table;
	u32 length;

	if (size < 1 || size > 512)
		return 0;
	/* A block of exactly the table's size: AddressSanitizer sees a byte too many. */
	length = sizeof(*table) + (u32)size - 1;
	table = calloc(1, length);
	if (!table)
		abort();
	libc_memcpy(table + 1, data + 1, size - 1);
	libc_memcpy(table->signature, signatures[data[0] >> 6], 4);
	table->length = length;
	warnings = 0;
	fuzz_madt_table(table, data[0]);
	fuzz_hpet_table(table);
	fuzz_mcfg_table(table);
	fuzz_srat_table(table);
	free(table);
	return 0;
}
