/*
 * Contract (drivers/acpi/acpi.h): tables are found when they are sound, refused by
 * name when they lie, and no lie makes the walk read what it may not, loop, or lose the rest.
 *
 * Sources: drivers/acpi/tables.c drivers/acpi/aml.c
 */
#include <tests/host/host.h>
#include <tests/host/acpi_mem.h>

#include <lib/errno.h>
#include <lib/string.h>

/* A firmware's memory: RSDP, RSDT, XSDT and some tables, at these addresses. */
#define BASE	0x7fe0000u
#define SIZE	0x20000u
#define RSDT	(BASE + 0x100)
#define XSDT	(BASE + 0x800)
#define TABLES	(BASE + 0x2000)
#define SPACING 0x200u

static u8 memory[SIZE];
static struct phys phys = {.bytes = memory, .base = BASE, .size = SIZE};
static struct acpi_mem mem;
static struct acpi_table_list list;

static struct acpi_rsdp *rsdp(void)
{
	return (void *)memory;
}

static struct acpi_table_header *table_at(u64 at)
{
	return (void *)(memory + (at - BASE));
}

static void make_table(u64 at, const char *signature, u32 length)
{
	libc_memcpy(table_at(at)->signature, signature, 4);
	table_at(at)->length = length;
	acpi_repair_table(&phys, at, length);
}

/* A root table with one entry a table; entry i points to TABLES + i * SPACING. */
static void make_root(u64 at, u32 width, u32 entries)
{
	for (u32 i = 0; i < entries; i++) {
		u64 addr = TABLES + i * SPACING;

		libc_memcpy(memory + (at - BASE) + 36 + i * width, &addr, width);
	}
	make_table(at, width == 8 ? "XSDT" : "RSDT", 36 + entries * width);
}

static void set_entry(u64 at, u32 width, u32 i, u64 addr)
{
	libc_memcpy(memory + (at - BASE) + 36 + i * width, &addr, width);
	acpi_repair_table(&phys, at, table_at(at)->length);
}

static int set_up(void **state)
{
	(void)state;
	libc_memset(memory, 0, sizeof(memory));
	phys.mapped = phys.unmapped = phys.refused = 0;
	acpi_last_refusal = "";
	mem = acpi_mem_of(&phys);
	libc_memcpy(rsdp()->signature, "RSD PTR ", 8);
	rsdp()->revision = 2;
	rsdp()->length = ACPI_RSDP_V2_SIZE;
	rsdp()->rsdt_address = RSDT;
	rsdp()->xsdt_address = XSDT;
	acpi_repair_rsdp(&phys, BASE);
	make_root(RSDT, 4, 3);
	make_root(XSDT, 8, 4);
	make_table(TABLES, "FACP", 244);
	make_table(TABLES + SPACING, "APIC", 120);
	make_table(TABLES + 2 * SPACING, "HPET", 56);
	make_table(TABLES + 3 * SPACING, "MCFG", 60);
	return 0;
}

/* Every mapping was given back. */
static int tear_down(void **state)
{
	(void)state;
	assert_int_equal(phys.mapped, phys.unmapped);
	assert_null(phys.copies);
	return 0;
}

static void walk(u32 expected, u32 refused)
{
	phys.refused = 0;
	assert_int_equal(acpi_list_tables(&mem, rsdp(), &list), 0);
	acpi_check_list(&list);
	assert_int_equal(list.nr, expected);
	assert_int_equal(phys.refused, refused);
}

static void rsdp_checks(void **state)
{
	(void)state;
	assert_null(acpi_check_rsdp(memory, 36));
	assert_non_null(acpi_check_rsdp(memory, 35));
	assert_non_null(acpi_check_rsdp(memory, 19));
	for (u32 i = 0; i < 36; i++) {
		memory[i] ^= 0x40;
		assert_non_null(acpi_check_rsdp(memory, 36));
		memory[i] ^= 0x40;
	}
	for (u32 length = 0; length < 36; length++) {
		rsdp()->length = length;
		acpi_repair_rsdp(&phys, BASE);
		assert_string_equal(acpi_check_rsdp(memory, 36), "impossible length");
	}
	rsdp()->length = 0xffffffff;
	acpi_repair_rsdp(&phys, BASE);
	assert_string_equal(acpi_check_rsdp(memory, 36), "impossible length");
	rsdp()->revision = 0; /* ACPI 1.0 ends before the length */
	acpi_repair_rsdp(&phys, BASE);
	assert_null(acpi_check_rsdp(memory, 20));
}

static void rsdp_scan(void **state)
{
	static u8 area[4096];

	(void)state;
	for (u32 at = 0; at < sizeof(area); at++) {
		libc_memset(area, 0, sizeof(area));
		libc_memcpy(area + at, memory, min(36u, (u32)sizeof(area) - at));
		if (at % 16 == 0 && at + 36 <= sizeof(area))
			assert_ptr_equal(acpi_scan_rsdp(area, sizeof(area)), area + at);
		else
			assert_null(acpi_scan_rsdp(area, sizeof(area)));
	}
	assert_null(acpi_scan_rsdp(area, 0));
}

static void xsdt_before_rsdt(void **state)
{
	(void)state;
	walk(4, 0);
	assert_string_equal(list.root.signature, "XSDT");
	assert_string_equal(list.table[0].signature, "FACP");
	assert_int_equal(list.table[3].addr, TABLES + 3 * SPACING);
	rsdp()->revision = 0;
	walk(3, 0);
	assert_string_equal(list.root.signature, "RSDT");
}

static void bad_roots(void **state)
{
	(void)state;
	memory[XSDT - BASE + 10]++; /* a bad checksum: the RSDT has to do */
	walk(3, 1);
	assert_string_equal(acpi_last_refusal, "bad checksum");
	rsdp()->xsdt_address = 0xfffffffffffffff0;
	walk(3, 1);
	rsdp()->xsdt_address = XSDT;
	table_at(XSDT)->length = 0xffffffff;
	walk(3, 1);
	table_at(XSDT)->length = 0;
	walk(3, 1);
	table_at(XSDT)->length = 35;
	walk(3, 1);
	rsdp()->xsdt_address = RSDT; /* the wrong kind of root */
	walk(3, 1);
	rsdp()->rsdt_address = 0x1000;
	assert_int_equal(acpi_list_tables(&mem, rsdp(), &list), -EINVAL);
	assert_int_equal(list.nr, 0);
}

static void bad_tables_are_skipped(void **state)
{
	(void)state;
	set_entry(XSDT, 8, 1, 0); /* an empty slot is no error */
	walk(3, 0);
	set_entry(XSDT, 8, 1, 0xfffffffffffffff8);
	walk(3, 1);
	set_entry(XSDT, 8, 1, XSDT); /* itself */
	walk(3, 1);
	assert_string_equal(acpi_last_refusal, "listed twice");
	set_entry(XSDT, 8, 1, TABLES);
	walk(3, 1);
	set_entry(XSDT, 8, 1, TABLES + SPACING);
	for (u32 bit = 0; bit < 32; bit++) {
		table_at(TABLES + SPACING)->length = 1u << bit;
		if ((1u << bit) < 36 || (1u << bit) > ACPI_TABLE_SIZE_MAX)
			walk(3, 1);
		else
			walk(4, 0); /* not yet known to be a lie: see map_verifies() */
	}
}

static void a_root_of_nothing_but_lies(void **state)
{
	(void)state;
	make_root(XSDT, 8, 500);
	for (u32 i = 0; i < 500; i++)
		set_entry(XSDT, 8, i, host_rand());
	walk(0, 500);
	make_root(XSDT, 8, 100); /* 100 sound ones: there is room for 64 */
	for (u32 i = 0; i < 100; i++)
		make_table(TABLES + i * SPACING, "SSDT", 40);
	walk(ACPI_TABLES_MAX, 100 - ACPI_TABLES_MAX);
	make_root(XSDT, 8, 508); /* longer than any root is */
	table_at(XSDT)->length = 4100;
	acpi_repair_table(&phys, XSDT, 4100);
	walk(3, 1);
}

static void map_verifies(void **state)
{
	const struct acpi_table_header *table;

	(void)state;
	walk(4, 0);
	table = acpi_map_table(&mem, &list.table[1]);
	assert_non_null(table);
	mem.unmap(&mem, table);
	for (u32 i = 0; i < 120; i++) {
		memory[TABLES + SPACING - BASE + i] ^= 1;
		assert_null(acpi_map_table(&mem, &list.table[1]));
		memory[TABLES + SPACING - BASE + i] ^= 1;
	}
	list.table[1].length = SIZE;
	assert_null(acpi_map_table(&mem, &list.table[1]));
	assert_string_equal(acpi_last_refusal, "not all of it is readable");
}

static void signatures_are_printable(void **state)
{
	(void)state;
	libc_memcpy(table_at(TABLES)->signature, "\x1b[2J", 4);
	walk(4, 0);
	assert_string_equal(list.table[0].signature, "?[2J");
}

static void fadts(void **state)
{
	struct acpi_fadt *in = (void *)table_at(TABLES), out;

	(void)state;
	in->dsdt = 0x12345678;
	in->pm1a_control_block = 0x604;
	in->reset_value = 0x0f;
	in->header.length = 115;
	assert_string_equal(acpi_read_fadt(&in->header, &out), "too short");
	in->header.length = 116;
	assert_null(acpi_read_fadt(&in->header, &out));
	assert_int_equal(out.pm1a_control_block, 0x604);
	assert_int_equal(out.reset_value, 0); /* past the end of this revision */
	assert_int_equal(acpi_fadt_dsdt(&out), 0x12345678);
	in->header.length = 276;
	in->xdsdt = 0x123456789a;
	assert_null(acpi_read_fadt(&in->header, &out));
	assert_int_equal(out.reset_value, 0x0f);
	assert_int_equal(acpi_fadt_dsdt(&out), 0x123456789a);
	in->header.length = 4096; /* a revision that is not written yet */
	assert_null(acpi_read_fadt(&in->header, &out));
	assert_string_equal(acpi_read_fadt(table_at(TABLES + SPACING), &out), "not a FADT");
}

/* ---- \_S5_ -------------------------------------------------------------------------------- */

static u8 typ_a, typ_b;

#define S5(bytes) acpi_find_s5((const u8 *)(bytes), sizeof(bytes) - 1, &typ_a, &typ_b)

static void s5_forms(void **state)
{
	(void)state;
	/* QEMU's pc: four zeros. */
	assert_true(S5("....\x08_S5_\x12\x06\x04\x00\x00\x00\x00"));
	assert_int_equal(typ_a, 0);
	/* microvm: bytes. */
	assert_true(S5("\x08_S5_\x12\x08\x04\x0a\x05\x0a\x06\x00\x00"));
	assert_int_equal(typ_a, 5);
	assert_int_equal(typ_b, 6);
	/* A root prefix, a long PkgLength, a word and a dword. */
	assert_true(S5("\x08\\_S5_\x12\x8c\x00\x00\x02\x0b\x07\x00\x0c\x01\x00\x00\x00"));
	assert_int_equal(typ_a, 7);
	assert_int_equal(typ_b, 1);
	/* One element for both. */
	assert_true(S5("\x08_S5_\x12\x03\x01\x01"));
	assert_int_equal(typ_b, 1);
	/* A use of the name before its definition. */
	assert_true(S5("_S5_\x12\x08_S5_\x08_S5_\x12\x06\x04\x0a\x03\x00"));
	assert_int_equal(typ_a, 3);
}

static void s5_refused(void **state)
{
	(void)state;
	assert_false(S5(""));
	assert_false(S5("_S5"));
	assert_false(S5("_S5_\x12\x06\x04\x00\x00"));			  /* no NameOp */
	assert_false(S5("\x08_S5_\x13\x06\x04\x00\x00"));		  /* no package */
	assert_false(S5("\x08_S5_\x12\x06\x00\x00\x00"));		  /* no element */
	assert_false(S5("\x08_S5_\x12\x06\x04\x0a\x08\x00"));		  /* three bits only */
	assert_false(S5("\x08_S5_\x12\x06\x04_ABC\x00"));		  /* a name, not a number */
	assert_false(S5("\x08_S5_\x12\x06\x04\x0c\x00\x01\x00\x00\x00")); /* 256 */
	assert_false(S5("\x08_S4_\x12\x06\x04\x00\x00"));
}

/* Cut anywhere, with nothing readable behind: not one byte too many. */
static void s5_cut(void **state)
{
	static const char whole[] = "\x08_S5_\x12\xc6\x00\x00\x00\x02\x0b\x05\x00\x0a\x06";

	(void)state;
	for (size_t len = 0; len < sizeof(whole); len++) {
		u8 *aml = guarded_alloc(len);

		libc_memcpy(aml, whole, len);
		assert_int_equal(acpi_find_s5(aml, len, &typ_a, &typ_b), len >= sizeof(whole) - 1);
		guarded_free(aml, len);
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(rsdp_checks),
		T(rsdp_scan),
		T(xsdt_before_rsdt),
		T(bad_roots),
		T(bad_tables_are_skipped),
		T(a_root_of_nothing_but_lies),
		T(map_verifies),
		T(signatures_are_printable),
		T(fadts),
		T(s5_forms),
		T(s5_refused),
		T(s5_cut),
	};

	return cmocka_run_group_tests_name("acpi", tests, NULL, NULL);
}
