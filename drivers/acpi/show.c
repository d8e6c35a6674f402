/*
 * `acpi madt` and the like: single tables in words. What is shown is what the parsers understood,
 * so that a person sees the same as the kernel.
 */
#include <drivers/acpi/hpet.h>
#include <drivers/acpi/madt.h>
#include <drivers/acpi/mcfg.h>
#include <drivers/acpi/srat.h>
#include <lib/console.h>
#include <lib/errno.h>
#include <lib/string.h>

static void show_refused(const char *what)
{
	con_printf("refused: %s\n", what);
}

/* ---- MADT ------------------------------------------------------------------------------------ */

/* MPS INTI flags, ACPI 6.5, table 5.26: polarity in bits 1:0, trigger mode in bits 3:2. */
static const char *polarity(u16 flags)
{
	static const char *const words[] = {"as the bus has it", "active high", "reserved",
					    "active low"};

	return words[flags & 3];
}

static const char *trigger(u16 flags)
{
	static const char *const words[] = {"as the bus has it", "edge", "reserved", "level"};

	return words[flags >> 2 & 3];
}

static void show_madt_cpus(const struct madt_info *info)
{
	con_printf("CPUs: APIC id, uid, state\n");
	for (u32 i = 0; i < info->nr_cpus && !con_break(); i++) {
		const struct madt_cpu *cpu = &info->cpu[i];
		const char *state = cpu->online_capable ? "may be plugged in" : "disabled";

		con_printf("  %10u %10u  %s\n", cpu->apicid, cpu->uid,
			   cpu->enabled ? "enabled" : state);
	}
}

static int show_madt(void)
{
	const struct madt_info *info = acpi_madt();

	if (!info)
		return -ENOENT;
	con_printf("local APICs at 0x%llx; %s 8259s\n", info->lapic_addr,
		   info->pcat_compat ? "also" : "no");
	show_madt_cpus(info);
	for (u32 i = 0; i < info->nr_ioapics; i++)
		con_printf("I/O APIC %u at 0x%x, interrupts from %u on\n", info->ioapic[i].id,
			   info->ioapic[i].addr, info->ioapic[i].gsi_base);
	for (u32 i = 0; i < info->nr_overrides; i++)
		con_printf("ISA interrupt %u is %u, polarity %s, trigger %s\n",
			   info->override[i].source, info->override[i].gsi,
			   polarity(info->override[i].flags), trigger(info->override[i].flags));
	for (u32 i = 0; i < info->nr_nmis; i++) {
		const struct madt_nmi *nmi = &info->nmi[i];

		if (nmi->uid == MADT_UID_ALL)
			con_printf("NMI on LINT%u of every CPU", nmi->lint);
		else
			con_printf("NMI on LINT%u of uid %u", nmi->lint, nmi->uid);
		con_printf(", polarity %s, trigger %s\n", polarity(nmi->flags),
			   trigger(nmi->flags));
	}
	if (info->refused)
		con_printf("%u entries refused at boot\n", info->refused);
	return 0;
}

/* ---- FADT ------------------------------------------------------------------------------------ */

#define FADT_TMR_VAL_EXT	 BIT(8)
#define FADT_IAPC_LEGACY	 BIT(0)
#define FADT_IAPC_8042		 BIT(1)
#define FADT_IAPC_VGA_NOT_THERE	 BIT(2)
#define FADT_IAPC_CMOS_NOT_THERE BIT(5)

static void show_register(const char *name, const struct acpi_generic_address *gas)
{
	static const char *const spaces[] = {"memory", "port", "PCI configuration space"};

	if (!gas->address)
		return;
	con_printf("%s: %s 0x%llx\n", name,
		   gas->space_id < ARRAY_SIZE(spaces) ? spaces[gas->space_id] : "address",
		   (u64)gas->address);
}

static void show_port(const char *name, u32 port)
{
	if (port)
		con_printf("%s: port 0x%x\n", name, port);
}

static int show_fadt(void)
{
	const struct acpi_fadt *f = acpi_fadt();

	if (!f)
		return -ENOENT;
	con_printf("revision %u, DSDT at 0x%llx\n", f->header.revision, acpi_fadt_dsdt(f));
	con_printf("profile %u, SCI on interrupt %u%s\n", f->preferred_profile, f->sci_interrupt,
		   f->flags & ACPI_FADT_HW_REDUCED ? ", hardware-reduced" : "");
	show_port("SMI command", f->smi_command);
	show_port("PM1a control", f->pm1a_control_block);
	show_port("PM1b control", f->pm1b_control_block);
	show_port("PM timer", f->pm_timer_block);
	show_register("PM timer (wide)", &f->xpm_timer_block);
	if (f->pm_timer_block || f->xpm_timer_block.address)
		con_printf("PM timer has %u bits\n", f->flags & FADT_TMR_VAL_EXT ? 32 : 24);
	show_register("sleep control", &f->sleep_control);
	if (f->flags & ACPI_FADT_RESET_REGISTER) {
		show_register("reset", &f->reset_register);
		con_printf("reset value 0x%02x\n", f->reset_value);
	}
	con_printf("boot flags 0x%x:%s%s%s%s\n", f->boot_flags,
		   f->boot_flags & FADT_IAPC_LEGACY ? " legacy devices" : "",
		   f->boot_flags & FADT_IAPC_8042 ? " 8042" : "",
		   f->boot_flags & FADT_IAPC_VGA_NOT_THERE ? " no VGA" : "",
		   f->boot_flags & FADT_IAPC_CMOS_NOT_THERE ? " no CMOS clock" : "");
	return 0;
}

/* ---- HPET, MCFG, SRAT: read when they are asked for ------------------------------------------ */

static const char *show_hpet(const struct acpi_table_header *table)
{
	struct hpet_info hpet;
	const char *why = hpet_parse(table, &hpet);

	if (why)
		return why;
	con_printf("HPET %u at 0x%llx, revision %u, vendor %04x\n", hpet.number, hpet.addr,
		   hpet.revision, hpet.pci_vendor);
	con_printf("%u comparators, counter of %u bits, %s legacy routing\n", hpet.comparators,
		   hpet.wide ? 64 : 32, hpet.legacy_routing ? "with" : "without");
	con_printf("shortest period %u ticks\n", hpet.min_tick);
	return NULL;
}

static const char *show_mcfg(const struct acpi_table_header *table)
{
	struct mcfg_info mcfg;
	const char *why = mcfg_parse(table, &mcfg, show_refused);

	if (why)
		return why;
	for (u32 i = 0; i < mcfg.nr; i++)
		con_printf("segment %u, buses %u to %u, at 0x%llx\n", mcfg.segment[i].segment,
			   mcfg.segment[i].first_bus, mcfg.segment[i].last_bus,
			   mcfg.segment[i].base);
	return NULL;
}

static void show_near_cpu(void *ctx, u32 apicid, u32 domain)
{
	(void)ctx;
	con_printf("domain %u: CPU with APIC id %u\n", domain, apicid);
}

static void show_near_memory(void *ctx, phys_addr_t start, u64 size, u32 domain, bool hot_pluggable)
{
	(void)ctx;
	con_printf("domain %u: memory 0x%llx to 0x%llx%s\n", domain, start, start + (size - 1),
		   hot_pluggable ? ", hot-pluggable" : "");
}

static const char *show_srat(const struct acpi_table_header *table)
{
	static const struct srat_visitor visitor = {
		.cpu = show_near_cpu, .memory = show_near_memory, .warn = show_refused};

	return srat_parse(table, &visitor);
}

/* Every table of this signature: a machine may have several HPETs. */
static int show_tables(const char *signature, const char *(*show)(const struct acpi_table_header *))
{
	const struct acpi_table_header *table;
	u32 n = 0;

	while ((table = acpi_get_table(signature, n)) != NULL) {
		const char *why = show(table);

		if (why)
			con_printf("refused: %s\n", why);
		acpi_put_table(table);
		n++;
	}
	return n ? 0 : -ENOENT;
}

int acpi_show(const char *name)
{
	int err = -EINVAL;

	if (!strcmp(name, "madt"))
		err = show_madt();
	else if (!strcmp(name, "fadt"))
		err = show_fadt();
	else if (!strcmp(name, "hpet"))
		err = show_tables(ACPI_SIG_HPET, show_hpet);
	else if (!strcmp(name, "mcfg"))
		err = show_tables(ACPI_SIG_MCFG, show_mcfg);
	else if (!strcmp(name, "srat"))
		err = show_tables(ACPI_SIG_SRAT, show_srat);
	if (err == -ENOENT) {
		con_printf("this machine has no sound table of that name\n");
		err = 0;
	}
	return err;
}
