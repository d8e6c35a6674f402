/*
 * Contract (drivers/acpi/madt.h, hpet.h, mcfg.h, srat.h): what is sound is decoded, each lie is
 * refused by itself and told, and no byte behind the table is touched, wherever it is cut.
 *
 * Sources: drivers/acpi/madt.c drivers/acpi/subtable.c drivers/acpi/cpus.c drivers/acpi/hpet.c
 * Sources: drivers/acpi/mcfg.c drivers/acpi/srat.c arch/apicid.c arch/topology.c lib/cpumask.c
 */
#include <tests/host/host.h>
#include <tests/madt_model.h>

#include <arch/cpufeature.h>
#include <drivers/acpi/hpet.h>
#include <drivers/acpi/mcfg.h>
#include <drivers/acpi/srat.h>
#include <lib/errno.h>

/* What cpus.c asks of the kernel. */
struct cpuinfo_x86 boot_cpu_data;
static const struct acpi_table_header *firmware_madt;

const struct acpi_table_header *acpi_get_table(const char *signature, u32 n)
{
	return !libc_strcmp(signature, ACPI_SIG_MADT) && !n ? firmware_madt : NULL;
}

void acpi_put_table(const struct acpi_table_header *table)
{
	assert_ptr_equal(table, firmware_madt);
}

static struct synth_madt synth;
static struct madt_info info;
static struct madt_census census;
static u32 warnings;
static const char *last_warning;

static void warn(const char *what)
{
	warnings++;
	last_warning = what;
}

static int set_up(void **state)
{
	(void)state;
	synth_init(&synth);
	warnings = 0;
	last_warning = "";
	return 0;
}

static void parse(u32 refused)
{
	warnings = 0;
	assert_int_equal(madt_parse(synth_table(&synth), &info, warn), 0);
	assert_int_equal(info.refused, refused);
	assert_int_equal(warnings, refused);
}

static void add(u8 type, const char *body, u32 n)
{
	synth_add(&synth, type, (u8)(n + 2), body, n);
}
#define ADD(type, body) add(type, body, sizeof(body) - 1)

static void every_type(void **state)
{
	(void)state;
	ADD(0, "\x05\x03\x01\x00\x00\x00");
	ADD(1, "\x02\x00\x00\x00\xc0\xfe\x18\x00\x00\x00");
	ADD(2, "\x00\x09\x14\x00\x00\x00\x0d\x00");
	ADD(3, "anything at all"); /* not ours */
	ADD(4, "\xff\x05\x00\x01");
	ADD(5, "\x00\x00\x00\x00\xe0\xfe\x01\x00\x00\x00");
	ADD(9, "\x00\x00\x78\x56\x34\x12\x02\x00\x00\x00\x21\x43\x65\x07");
	ADD(10, "\x0c\x00\x04\x03\x02\x01\x00\x00\x00\x00");
	ADD(0x80, "OEM");
	parse(0);
	assert_int_equal(info.nr_cpus, 2);
	assert_int_equal(info.cpu[0].apicid, 3);
	assert_int_equal(info.cpu[0].uid, 5);
	assert_true(info.cpu[0].enabled && !info.cpu[0].online_capable);
	assert_int_equal(info.cpu[1].apicid, 0x12345678);
	assert_int_equal(info.cpu[1].uid, 0x7654321);
	assert_true(!info.cpu[1].enabled && info.cpu[1].online_capable);
	assert_int_equal(info.nr_ioapics, 1);
	assert_int_equal(info.ioapic[0].addr, 0xfec00000);
	assert_int_equal(info.ioapic[0].gsi_base, 24);
	assert_int_equal(info.nr_overrides, 1);
	assert_int_equal(info.override[0].source, 9);
	assert_int_equal(info.override[0].gsi, 20);
	assert_int_equal(info.override[0].flags, 13);
	assert_int_equal(info.nr_nmis, 2);
	assert_int_equal(info.nmi[0].uid, MADT_UID_ALL);
	assert_int_equal(info.nmi[0].lint, 1);
	assert_int_equal(info.nmi[1].uid, 0x01020304);
	assert_int_equal(info.lapic_addr, 0x1fee00000);
	assert_true(info.pcat_compat);
}

static void lies_are_refused_one_by_one(void **state)
{
	static const struct {
		u8 type;
		const char *body;
		u32 n;
	} lies[] = {
#define LIE(t, b) {t, b, sizeof(b) - 1}
		LIE(0, "\x00\xff\x01\x00\x00\x00"),		    /* enabled broadcast id */
		LIE(0, "\x00\x01\x01\x00\x00"),			    /* too short */
		LIE(0, ""),					    /* no body */
		LIE(1, "\x00\x00\x00\x00\x00\x00\x40\x00\x00\x00"), /* address 0 */
		LIE(1, "\x00\x00\x00\x00\xc0\xfe\x40\x00\x00\x00"), /* the address of another */
		LIE(1, "\x00\x00\x00\x00\xd0\xfe\x00\x00\x00\x00"), /* the interrupts of another */
		LIE(2, "\x01\x00\x02\x00\x00\x00\x00\x00"),	    /* not ISA */
		LIE(2, "\x00\x10\x02\x00\x00\x00\x00\x00"),	    /* no interrupt 16 */
		LIE(2, "\x00\x00\x07\x00\x00\x00\x00\x00"),	    /* a second one */
		LIE(4, "\xff\x00\x00\x02"),			    /* no LINT2 */
		LIE(5, "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), /* address 0 */
		LIE(9, "\x00\x00\xff\xff\xff\xff\x01\x00\x00\x00\x00\x00\x00\x00"),
		LIE(10, "\x00\x00\x00\x00\x00\x00\x07\x00\x00\x00"),
	};

	(void)state;
	ADD(1, "\x00\x00\x00\x00\xc0\xfe\x00\x00\x00\x00");
	ADD(2, "\x00\x00\x02\x00\x00\x00\x00\x00");
	for (u32 i = 0; i < ARRAY_SIZE(lies); i++) {
		add(lies[i].type, lies[i].body, lies[i].n);
		synth_cpu(&synth, i, i, SYNTH_ENABLED); /* what follows is read all the same */
		parse(i + 1);
		assert_int_equal(info.nr_cpus, i + 1);
	}
	assert_int_equal(info.lapic_addr, 0xfee00000);
	assert_int_equal(info.nr_ioapics + info.nr_overrides, 2);
	assert_int_equal(info.nr_nmis, 0);
}

static void empty_sockets_are_silent(void **state)
{
	(void)state;
	ADD(0, "\x07\xff\x00\x00\x00\x00");
	ADD(9, "\x00\x00\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00");
	parse(0);
	assert_int_equal(info.nr_cpus, 0);
}

static void too_many_of_each(void **state)
{
	(void)state;
	for (u32 i = 0; i < 40; i++) {
		const char ioapic[] = {(char)i, 0, 0, (char)i, 0, 1, (char)i, 0, 0, 0};

		add(1, ioapic, sizeof(ioapic));
		ADD(4, "\xff\x05\x00\x01");
	}
	parse(40 - MADT_IOAPIC_MAX + 40 - MADT_NMI_MAX);
	assert_int_equal(info.nr_ioapics, MADT_IOAPIC_MAX);
	assert_int_equal(info.nr_nmis, MADT_NMI_MAX);
}

static void impossible_lengths(void **state)
{
	(void)state;
	for (u32 i = 0; i < 10; i++)
		synth_cpu(&synth, i, i, SYNTH_ENABLED);
	for (u32 length = 0; length < 256; length++) {
		synth.bytes[44 + 5 * 8 + 1] = (u8)length;
		warnings = 0;
		assert_int_equal(madt_parse(synth_table(&synth), &info, warn), 0);
		if (length < 2 || length > 40) {
			assert_int_equal(info.nr_cpus, 5);
			assert_int_equal(warnings, 1);
		}
	}
}

static void no_madt(void **state)
{
	(void)state;
	synth_table(&synth)->length = 43;
	assert_int_equal(madt_parse(synth_table(&synth), &info, warn), -EINVAL);
	synth_init(&synth);
	libc_memcpy(synth.bytes, "APIX", 4);
	assert_int_equal(madt_parse(synth_table(&synth), &info, warn), -EINVAL);
}

/* Every table, cut at every length, with nothing readable behind it. */
static void cut(const void *bytes, u32 whole, void (*use)(const struct acpi_table_header *))
{
	for (u32 n = sizeof(struct acpi_table_header); n <= whole; n++) {
		struct acpi_table_header *table = guarded_alloc(n);

		libc_memcpy(table, bytes, n);
		libc_memcpy(&table->length, &n, sizeof(n));
		use(table);
		guarded_free(table, n);
	}
}

static void use_madt(const struct acpi_table_header *table)
{
	madt_parse(table, &info, warn);
}

static void cut_madt(void **state)
{
	every_type(state);
	cut(synth.bytes, synth_table(&synth)->length, use_madt);
}

/* ---- numbers --------------------------------------------------------------------------------- */

static void random_tables(void **state)
{
	(void)state;
	host_seed("madt");
	for (u32 round = 0; round < 400; round++) {
		u32 n = (u32)host_rand_below(1100), range = (u32)host_rand_below(2000) + 1;
		u32 spread = host_rand_below(2) ? 1 : (u32)host_rand();

		synth_init(&synth);
		for (u32 i = 0; i < n; i++)
			synth_cpu(&synth, (u32)host_rand_below(range) * spread, i,
				  host_rand_below(4) ? SYNTH_ENABLED : (u32)host_rand_below(3));
		assert_int_equal(madt_parse(synth_table(&synth), &info, warn), 0);
		assert_string_equal(check_numbering(&info, (u32)host_rand_below(range) * spread,
						    host_rand_below(4), &census),
				    "");
	}
}

/* The whole boot step, on a CPU that has no CPUID leaf at all: its APIC id is 0. */
static void boot(const struct acpi_table_header *table)
{
	firmware_madt = table;
	libc_memset(&cpu_possible_mask, 0, sizeof(cpu_possible_mask));
	libc_memset(&cpu_present_mask, 0, sizeof(cpu_present_mask));
	cpu_possible_mask.bits[0] = cpu_present_mask.bits[0] = 1;
	shim_log_count = 0;
	acpi_init_cpus();
}

static void boot_without_a_madt(void **state)
{
	(void)state;
	boot(NULL);
	assert_string_equal(shim_log, "ACPI: no MADT: one CPU\n");
	assert_int_equal(nr_cpu_ids, 1);
	assert_int_equal(apicid_to_cpu(0), 0);
	assert_null(acpi_madt());
}

static void boot_with_a_madt(void **state)
{
	(void)state;
	for (u32 i = 0; i < 4; i++)
		synth_cpu(&synth, 2 * i, i, SYNTH_ENABLED);
	synth_cpu(&synth, 1, 9, SYNTH_ONLINE_CAPABLE);
	synth_cpu(&synth, 3, 10, 0);
	synth_cpu(&synth, 256, 11, SYNTH_ENABLED); /* there is no x2APIC */
	boot(synth_table(&synth));
	assert_string_equal(shim_log, "ACPI: 4 CPUs present\n");
	assert_int_equal(shim_log_count, 4);
	assert_int_equal(nr_cpu_ids, 5);
	assert_int_equal(cpu_present_mask.bits[0], 0xf);
	assert_int_equal(cpu_possible_mask.bits[0], 0x1f);
	assert_int_equal(cpu_to_apicid(4), 1);
	assert_int_equal(cpu_to_acpi_uid(0), 0);
	assert_non_null(acpi_madt());
}

/* A table of nothing but nonsense does not fill the log. */
static void boot_with_nonsense(void **state)
{
	(void)state;
	for (u32 i = 0; i < 1000; i++)
		ADD(4, "\xff\x05\x00\x07");
	boot(synth_table(&synth));
	assert_in_range(shim_log_count, 3, 12);
	assert_int_equal(nr_cpu_ids, 1);
}

/* ---- HPET, MCFG, SRAT ------------------------------------------------------------------------ */

static u8 bytes[512];

static struct acpi_table_header *make(const char *signature, u32 length)
{
	libc_memset(bytes, 0, sizeof(bytes));
	libc_memcpy(bytes, signature, 4);
	libc_memcpy(bytes + 4, &length, 4);
	return (void *)bytes;
}

static struct hpet_info hpet;

static void use_hpet(const struct acpi_table_header *table)
{
	const char *why = hpet_parse(table, &hpet);

	assert_true(!why == (table->length >= 56));
}

static void hpets(void **state)
{
	struct acpi_table_header *table = make("HPET", 56);

	(void)state;
	libc_memcpy(bytes + 36,
		    "\x01\xa2\x86\x80\x00\x40\x00\x00\x00\x00\xd0\xfe\x00\x00\x00\x00\x02"
		    "\x80\x00\x00",
		    20);
	assert_null(hpet_parse(table, &hpet));
	assert_int_equal(hpet.addr, 0xfed00000);
	assert_int_equal(hpet.comparators, 3);
	assert_true(hpet.wide && hpet.legacy_routing);
	assert_int_equal(hpet.pci_vendor, 0x8086);
	assert_int_equal(hpet.number, 2);
	assert_int_equal(hpet.min_tick, 0x80);
	cut(bytes, 56, use_hpet);
	bytes[40] = 1;
	assert_string_equal(hpet_parse(table, &hpet), "its registers are not in memory");
	bytes[40] = 0;
	bytes[45] = 1;
	assert_string_equal(hpet_parse(table, &hpet), "its registers have an impossible address");
	libc_memset(bytes + 44, 0, 8);
	assert_non_null(hpet_parse(table, &hpet));
	assert_string_equal(hpet_parse(make("HPEX", 56), &hpet), "not an HPET table");
}

static struct mcfg_info mcfg;

static void use_mcfg(const struct acpi_table_header *table)
{
	const char *why = mcfg_parse(table, &mcfg, warn);

	assert_true(!why == (table->length >= 44));
	if (!why)
		assert_int_equal(mcfg.nr + mcfg.refused, (table->length - 44) / 16);
}

static void segment(u32 i, u64 base, u16 number, u8 first, u8 last)
{
	u8 *at = bytes + 44 + i * 16;

	libc_memcpy(at, &base, 8);
	libc_memcpy(at + 8, &number, 2);
	at[10] = first;
	at[11] = last;
}

static void mcfgs(void **state)
{
	(void)state;
	make("MCFG", 44 + 9 * 16);
	segment(0, 0xb0000000, 0, 0, 255);
	segment(1, 0x100000000, 1, 16, 31);
	segment(2, 0x200000000, 1, 32, 32);
	segment(3, 0xb0000000, 0, 255, 255); /* of another */
	segment(4, 0, 2, 0, 255);
	segment(5, 0xb0080000, 2, 0, 255);
	segment(6, 0xb0000000, 2, 8, 7);
	segment(7, 0xffffffffff000000, 2, 0, 255);
	segment(8, 0xb0000000, 3, 0, 0);
	warnings = 0;
	assert_null(mcfg_parse((void *)bytes, &mcfg, warn));
	assert_int_equal(mcfg.nr, 4);
	assert_int_equal(mcfg.refused, 5);
	assert_int_equal(warnings, 5);
	assert_int_equal(mcfg.segment[1].base, 0x100000000);
	assert_int_equal(mcfg.segment[1].first_bus, 16);
	assert_int_equal(mcfg.segment[3].segment, 3);
	cut(bytes, 44 + 9 * 16, use_mcfg);
	assert_string_equal(mcfg_parse(make("MCFX", 60), &mcfg, warn), "not an MCFG table");
}

static char seen[256];
static size_t seen_len;

static void see_cpu(void *ctx, u32 apicid, u32 domain)
{
	assert_ptr_equal(ctx, bytes);
	seen_len += (size_t)libc_snprintf(seen + seen_len, sizeof(seen) - seen_len, "C%x@%x ",
					  apicid, domain);
}

static void see_memory(void *ctx, phys_addr_t start_at, u64 size, u32 domain, bool hot)
{
	assert_ptr_equal(ctx, bytes);
	seen_len +=
		(size_t)libc_snprintf(seen + seen_len, sizeof(seen) - seen_len, "M%llx+%llx@%x%s ",
				      start_at, size, domain, hot ? "!" : "");
}

static void use_srat(const struct acpi_table_header *table)
{
	const struct srat_visitor visitor = {
		.cpu = see_cpu, .memory = see_memory, .warn = warn, .ctx = bytes};

	seen_len = 0;
	seen[0] = '\0';
	assert_true(!srat_parse(table, &visitor) == (table->length >= 48));
}

static void memory_entry(u8 *at, u32 domain, u64 base, u64 length, u32 flags)
{
	at[0] = 1;
	at[1] = 40;
	libc_memcpy(at + 2, &domain, 4);
	libc_memcpy(at + 8, &base, 8);
	libc_memcpy(at + 16, &length, 8);
	libc_memcpy(at + 28, &flags, 4);
}

static void srats(void **state)
{
	struct acpi_table_header *table = make("SRAT", 48 + 16 + 24 + 4 * 40);

	(void)state;
	libc_memcpy(bytes + 48, "\x00\x10\x02\x07\x01\x00\x00\x00\x00\x00\x00\x01", 12);
	libc_memcpy(bytes + 64, "\x02\x18\x00\x00\x03\x00\x00\x00\x00\x01\x00\x00\x01", 13);
	memory_entry(bytes + 88, 1, 0x100000, 0x7f00000, 3);
	memory_entry(bytes + 128, 1, 0x100000, 0x7f00000, 0); /* not enabled */
	memory_entry(bytes + 168, 1, 0x100000, 0, 1);
	memory_entry(bytes + 208, 1, 0xfffffffffffff000, 0x1001, 1);
	warnings = 0;
	use_srat(table);
	assert_string_equal(seen, "C7@1000002 C100@3 M100000+7f00000@1! ");
	assert_int_equal(warnings, 2);
	bytes[208 + 16] = 0; /* up to the very last byte is right */
	use_srat(table);
	assert_string_equal(last_warning, "memory of no length");
	cut(bytes, table->length, use_srat);
}

#define T(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_type),
		T(lies_are_refused_one_by_one),
		T(empty_sockets_are_silent),
		T(too_many_of_each),
		T(impossible_lengths),
		T(no_madt),
		T(cut_madt),
		T(random_tables),
		T(boot_without_a_madt),
		T(boot_with_a_madt),
		T(boot_with_nonsense),
		T(hpets),
		T(mcfgs),
		T(srats),
	};

	return cmocka_run_group_tests_name("madt", tests, NULL, NULL);
}
