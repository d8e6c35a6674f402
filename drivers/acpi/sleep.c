/*
 * Switching off and restarting by ACPI (ACPI 6.5, sections 4.8.3, 7.4 and 16.1).
 *
 * Soft-off is the sleep state S5: SLP_TYP, a number that only the DSDT's \_S5_
 * knows, and SLP_EN, written to the PM1 control registers, or on hardware-reduced
 * machines (QEMU's microvm) to the sleep control register. Restarting is one write of RESET_VALUE
 * to RESET_REG. Registers in memory are mapped at boot: the writes may happen in a panic.
 */
#define pr_fmt(fmt) "ACPI: " fmt

#include <arch/insn.h>
#include <drivers/acpi/acpi.h>
#include <kernel/power.h>
#include <lib/printk.h>
#include <mm/ioremap.h>

/* PM1 control registers, 4.8.3.2.1. */
#define PM1_SCI_EN	 BIT(0) /* the chipset is in ACPI mode */
#define PM1_SLP_TYP(typ) ((u16)((typ) << 10))
#define PM1_SLP_EN	 BIT(13)
#define PM1_SLP_MASK	 (PM1_SLP_TYP(7) | PM1_SLP_EN)

/* Sleep control register, 4.8.3.7. */
#define SLEEP_CONTROL_SLP_TYP(typ) ((u8)((typ) << 2))
#define SLEEP_CONTROL_SLP_EN	   BIT(5)

/* Entering ACPI mode is the firmware's work in SMM; a read of a port takes about a microsecond. */
#define ACPI_MODE_POLLS 100000

/* The method that restarts or switches off by the tables is the one to try first. */
#define ACPI_POWER_RANK 100

/* A register of one byte: an I/O port, or a byte of device memory. */
struct acpi_register {
	u16 port;	   /* 0: none */
	volatile u8 *mmio; /* NULL: none */
};

static struct acpi_register sleep_control, reset_register;
static u16 pm1a_control, pm1b_control; /* ports, 0: none */
static const struct acpi_fadt *fadt;
static const u8 *dsdt;
static u32 dsdt_length;

static __init bool register_init(struct acpi_register *reg, const struct acpi_generic_address *gas)
{
	if (!gas->address)
		return false;
	if (gas->space_id == ACPI_ADR_SPACE_SYSTEM_IO && gas->address <= 0xffff)
		reg->port = (u16)gas->address;
	else if (gas->space_id == ACPI_ADR_SPACE_SYSTEM_MEMORY)
		reg->mmio = ioremap(gas->address, 1);
	else
		pr_warn("register in address space %u at %#llx: not supported; ignored\n",
			gas->space_id, (u64)gas->address);
	return reg->port || reg->mmio;
}

static void register_write(const struct acpi_register *reg, u8 value)
{
	if (reg->port)
		outb(reg->port, value);
	else
		*reg->mmio = value;
}

/* The wide description counts if it has an address, else the 32-bit one (5.2.9). */
static __init u16 pm1_port(const struct acpi_generic_address *gas, u32 block)
{
	if (gas->address && gas->space_id == ACPI_ADR_SPACE_SYSTEM_IO && gas->address <= 0xffff)
		return (u16)gas->address;
	return block <= 0xffff ? (u16)block : 0;
}

/*
 * PM1 control works in ACPI mode only. SeaBIOS leaves the machine in legacy mode: the OS asks
 * for the change by SMI_CMD.
 */
static void enter_acpi_mode(void)
{
	if ((inw(pm1a_control) & PM1_SCI_EN) || !fadt->smi_command || !fadt->acpi_enable)
		return;
	outb((u16)fadt->smi_command, fadt->acpi_enable);
	for (u32 i = 0; i < ACPI_MODE_POLLS; i++) {
		if (inw(pm1a_control) & PM1_SCI_EN)
			return;
	}
}

/* SLP_TYP first and SLP_EN with it in a second write, as 4.8.3.2.1 allows and old chipsets need. */
static void pm1_sleep(u8 typ_a, u8 typ_b)
{
	u16 a = (inw(pm1a_control) & ~PM1_SLP_MASK) | PM1_SLP_TYP(typ_a);
	u16 b = 0;

	outw(pm1a_control, a);
	if (pm1b_control) {
		b = (inw(pm1b_control) & ~PM1_SLP_MASK) | PM1_SLP_TYP(typ_b);
		outw(pm1b_control, b);
	}
	outw(pm1a_control, a | PM1_SLP_EN);
	if (pm1b_control)
		outw(pm1b_control, b | PM1_SLP_EN);
}

static void acpi_power_off(void)
{
	u8 typ_a, typ_b;

	if (!acpi_checksum_ok(dsdt, dsdt_length)) {
		pr_err("the DSDT has a bad checksum: no power-off by it\n");
		return;
	}
	if (!acpi_find_s5(dsdt, dsdt_length, &typ_a, &typ_b)) {
		pr_err("the DSDT has no \\_S5_: no power-off by it\n");
		return;
	}
	if (fadt->flags & ACPI_FADT_HW_REDUCED) {
		register_write(&sleep_control, SLEEP_CONTROL_SLP_TYP(typ_a) | SLEEP_CONTROL_SLP_EN);
		return;
	}
	enter_acpi_mode();
	pm1_sleep(typ_a, typ_b);
}

static void acpi_restart(void)
{
	register_write(&reset_register, fadt->reset_value);
}

static struct power_method power_off_method = {
	.name = "ACPI S5", .action = POWER_OFF, .rank = ACPI_POWER_RANK, .run = acpi_power_off};
static struct power_method restart_method = {.name = "ACPI reset register",
					     .action = POWER_REBOOT,
					     .rank = ACPI_POWER_RANK,
					     .run = acpi_restart};

static __init bool have_sleep_registers(void)
{
	if (fadt->flags & ACPI_FADT_HW_REDUCED)
		return register_init(&sleep_control, &fadt->sleep_control);
	pm1a_control = pm1_port(&fadt->xpm1a_control_block, fadt->pm1a_control_block);
	pm1b_control = pm1_port(&fadt->xpm1b_control_block, fadt->pm1b_control_block);
	return pm1a_control;
}

void __init acpi_sleep_init(const struct acpi_fadt *table, const void *dsdt_bytes, u32 length)
{
	fadt = table;
	dsdt = dsdt_bytes;
	dsdt_length = length;
	if (have_sleep_registers() && dsdt)
		register_power_method(&power_off_method);
	else
		pr_warn("no power-off by ACPI: %s missing\n", dsdt ? "registers" : "DSDT");
	if ((fadt->flags & ACPI_FADT_RESET_REGISTER) &&
	    register_init(&reset_register, &fadt->reset_register))
		register_power_method(&restart_method);
}
