/*
 * ACPI's tables as the kernel sees them: where they are, and a mapping of each that is asked for.
 *
 * At boot only headers are read, and of the tables only the FADT: checksums of
 * large tables and a look into the DSDT wait until somebody needs them (`acpi`, switching off).
 */
#define pr_fmt(fmt) "ACPI: " fmt

#include <drivers/acpi/acpi.h>
#include <lib/command.h>
#include <lib/errno.h>
#include <lib/printk.h>
#include <lib/string.h>
#include <mm/ioremap.h>

/* Where the BIOS keeps the segment of its Extended BIOS Data Area. */
#define BDA_EBDA_SEGMENT 0x40e
#define EBDA_SCAN_SIZE	 KiB(1)

static struct acpi_rsdp rsdp;
static struct acpi_table_list tables;
static struct acpi_fadt fadt;
static bool have_fadt;

static const void *kernel_map(const struct acpi_mem *mem, phys_addr_t phys, size_t len)
{
	(void)mem;
	return memremap_ro(phys, len);
}

static void kernel_unmap(const struct acpi_mem *mem, const void *p)
{
	(void)mem;
	iounmap(p);
}

static void kernel_refuse(const struct acpi_mem *mem, const char *signature, phys_addr_t phys,
			  const char *why)
{
	(void)mem;
	pr_warn("table %s at %#llx: %s; ignored\n", signature, phys, why);
}

static const struct acpi_mem kernel_mem = {
	.map = kernel_map, .unmap = kernel_unmap, .refuse = kernel_refuse};

/* ---- the RSDP -------------------------------------------------------------------------------- */

static void keep_rsdp(const struct acpi_rsdp *found)
{
	memcpy(&rsdp, found, found->revision < 2 ? ACPI_RSDP_V1_SIZE : ACPI_RSDP_V2_SIZE);
}

static bool rsdp_at(phys_addr_t addr)
{
	const void *p = memremap_ro(addr, ACPI_RSDP_V2_SIZE);
	const char *why = p ? acpi_check_rsdp(p, ACPI_RSDP_V2_SIZE) : "not readable";

	if (!why)
		keep_rsdp(p);
	else
		pr_warn("the RSDP at %#llx: %s; ignored\n", addr, why);
	if (p)
		iounmap(p);
	return !why;
}

static bool rsdp_within(phys_addr_t addr, size_t size)
{
	const void *p = memremap_ro(addr, size);
	const struct acpi_rsdp *found;

	if (!p)
		return false;
	found = acpi_scan_rsdp(p, size);
	if (found)
		keep_rsdp(found);
	iounmap(p);
	return found;
}

static phys_addr_t ebda_address(void)
{
	const u16 *segment = memremap_ro(BDA_EBDA_SEGMENT, sizeof(*segment));
	phys_addr_t addr = 0;

	if (segment) {
		addr = (phys_addr_t)*segment << 4;
		iounmap(segment);
	}
	return addr;
}

/*
 * Where a BIOS may leave it (5.2.5.1), the likeliest first: SeaBIOS and Bochs' BIOS use the
 * last 64 KiB.
 */
static bool scan_for_rsdp(void)
{
	phys_addr_t ebda;

	if (rsdp_within(0xf0000, KiB(64)) || rsdp_within(0xe0000, KiB(64)))
		return true;
	ebda = ebda_address();
	return ebda && rsdp_within(ebda, EBDA_SCAN_SIZE);
}

static bool find_rsdp(const u8 *copy, u32 len, phys_addr_t addr)
{
	if (len && !acpi_check_rsdp(copy, len)) {
		keep_rsdp((const struct acpi_rsdp *)copy);
		return true;
	}
	return (addr && rsdp_at(addr)) || scan_for_rsdp();
}

/* ---- tables ---------------------------------------------------------------------------------- */

static const struct acpi_table_ref *find_ref(const char *signature, u32 n)
{
	for (u32 i = 0; i < tables.nr; i++) {
		if (!strcmp(tables.table[i].signature, signature) && n-- == 0)
			return &tables.table[i];
	}
	return NULL;
}

const struct acpi_table_header *acpi_get_table(const char *signature, u32 n)
{
	const struct acpi_table_ref *ref = find_ref(signature, n);

	return ref ? acpi_map_table(&kernel_mem, ref) : NULL;
}

void acpi_put_table(const struct acpi_table_header *table)
{
	iounmap(table);
}

const struct acpi_fadt *acpi_fadt(void)
{
	return have_fadt ? &fadt : NULL;
}

static __init void read_fadt(void)
{
	const struct acpi_table_header *table = acpi_get_table(ACPI_SIG_FADT, 0);
	const char *why;

	if (!table)
		return;
	why = acpi_read_fadt(table, &fadt);
	if (why)
		pr_warn("FADT: %s; ignored\n", why);
	have_fadt = !why;
	acpi_put_table(table);
}

/*
 * The FADT alone knows the DSDT. It stays mapped, because switching off may happen where
 * nothing can be mapped.
 */
static __init void init_sleep(void)
{
	const struct acpi_table_ref *ref = NULL;
	const void *dsdt = NULL;

	if (acpi_fadt_dsdt(&fadt))
		ref = acpi_add_table(&kernel_mem, &tables, acpi_fadt_dsdt(&fadt));
	if (ref && strcmp(ref->signature, ACPI_SIG_DSDT))
		pr_warn("the FADT's DSDT at %#llx is a %s; ignored\n", ref->addr, ref->signature);
	else if (ref)
		dsdt = memremap_ro(ref->addr, ref->length);
	acpi_sleep_init(&fadt, dsdt, ref ? ref->length : 0);
}

void __init acpi_init(const u8 *rsdp_copy, u32 rsdp_len, phys_addr_t rsdp_addr)
{
	if (!find_rsdp(rsdp_copy, rsdp_len, rsdp_addr)) {
		pr_info("no RSDP found: going on without ACPI\n");
		return;
	}
	if (acpi_list_tables(&kernel_mem, &rsdp, &tables)) {
		pr_warn("no sound RSDT or XSDT: going on without ACPI\n");
		return;
	}
	read_fadt();
	if (have_fadt)
		init_sleep();
	else
		pr_warn("no sound FADT: no power-off by ACPI\n");
	pr_info("%u tables from the %s of %.6s\n", tables.nr, tables.root.signature, rsdp.oem_id);
}

/* ---- the acpi command ------------------------------------------------------------------------ */

static void show_table(const struct acpi_table_ref *ref)
{
	const struct acpi_table_header *table = memremap_ro(ref->addr, ref->length);

	con_printf("%-5s 0x%010llx %8u  ", ref->signature, ref->addr, ref->length);
	if (!table) {
		con_printf("not readable\n");
		return;
	}
	con_printf("%-6.6s %-8.8s %3u  %s\n", table->oem_id, table->oem_table_id, table->revision,
		   acpi_checksum_ok(table, ref->length) ? "ok" : "BAD");
	iounmap(table);
}

static int cmd_acpi(int argc, char **argv)
{
	if (argc > 2)
		return -EINVAL;
	if (!tables.root.addr) {
		con_printf("this machine has no ACPI tables\n");
		return 0;
	}
	if (argc == 2)
		return acpi_show(argv[1]);
	con_printf("RSDP revision %u, %.6s\n", rsdp.revision, rsdp.oem_id);
	con_printf("table address        length  OEM    OEM id   rev  checksum\n");
	show_table(&tables.root);
	for (u32 i = 0; i < tables.nr && !con_break(); i++)
		show_table(&tables.table[i]);
	return 0;
}
COMMAND("acpi", "[madt|fadt|hpet|mcfg|srat]", "the firmware's ACPI tables, or one of them in words",
	cmd_acpi);
