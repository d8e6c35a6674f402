/*
 * ACPI's tables on the machine that runs this: what is given out is verified and
 * read-only, and gone when it was given back. Lying tables are tests/host/test_acpi.c's.
 */
#include <arch/traps.h>
#include <drivers/acpi/acpi.h>
#include <kernel/ktest.h>
#include <lib/string.h>
#include <mm/ioremap.h>

static const struct acpi_table_header *need_fadt(void)
{
	const struct acpi_table_header *table;

	if (!acpi_fadt())
		ktest_skip("this machine has no ACPI");
	table = acpi_get_table(ACPI_SIG_FADT, 0);
	ASSERT_NOT_NULL(table);
	return table;
}

TEST(acpi, a_table_is_sound)
{
	const struct acpi_table_header *table = need_fadt();

	EXPECT_EQ(memcmp(table->signature, ACPI_SIG_FADT, 4), 0);
	EXPECT_TRUE(acpi_checksum_ok(table, table->length));
	acpi_put_table(table);
}

TEST(acpi, a_table_is_read_only)
{
	const struct acpi_table_header *table = need_fadt();

	EXPECT_FAULT(X86_TRAP_PF, *(volatile u8 *)&table->checksum = 0);
	acpi_put_table(table);
}

TEST(acpi, a_table_given_back_is_gone)
{
	const struct acpi_table_header *table = need_fadt();

	acpi_put_table(table);
	EXPECT_FAULT(X86_TRAP_PF, (void)*(const volatile u8 *)&table->checksum);
}

TEST(acpi, what_is_not_there)
{
	EXPECT_TRUE(acpi_get_table("????", 0) == NULL);
	EXPECT_TRUE(acpi_get_table(ACPI_SIG_FADT, 1) == NULL);
	EXPECT_TRUE(acpi_get_table(ACPI_SIG_FADT, ~0u) == NULL);
}

/* Without this, `poweroff` would have to fall back on an emulator's port. */
TEST(acpi, the_dsdt_says_how_to_switch_off)
{
	const struct acpi_table_header *dsdt;
	u8 typ_a, typ_b;

	if (!acpi_fadt())
		ktest_skip("this machine has no ACPI");
	dsdt = acpi_get_table(ACPI_SIG_DSDT, 0);
	if (!dsdt)
		ktest_skip("this firmware has no DSDT");
	EXPECT_TRUE(acpi_find_s5((const u8 *)dsdt, dsdt->length, &typ_a, &typ_b));
	acpi_put_table(dsdt);
}
