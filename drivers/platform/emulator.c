/*
 * Ways to stop and restart a PC or an emulator that need no ACPI table: what
 * works when the tables are missing or damaged, and in a panic.
 *
 * The ports of emulators mean something else, or nothing, on a real machine; so those that are
 * not harmless there are only written when CPUID says that there is a hypervisor.
 */
#include <arch/cpufeature.h>
#include <arch/insn.h>
#include <drivers/platform/emulator.h>
#include <kernel/power.h>
#include <lib/types.h>

/*
 * PM1a_CNT where QEMU's firmware puts it: SeaBIOS and OVMF at 0x600 + 4, firmware before 2013 and
 * Bochs' at 0xb000 + 4. SLP_EN with SLP_TYP 0 is soft-off to QEMU's chipsets (hw/acpi/core.c).
 */
#define QEMU_PM1A_CONTROL     0x604
#define QEMU_OLD_PM1A_CONTROL 0xb004
#define PM1_CONTROL_SLP_EN    BIT(13)

/* Bochs, iodev/unmapped.cc: the letters of "Shutdown", one after the other, end the emulator. */
#define BOCHS_SHUTDOWN_PORT 0x8900

/* The keyboard controller's pin 0 is the CPU's reset line (8042 command 0xfe pulses it low). */
#define I8042_STATUS_PORT	  0x64
#define I8042_COMMAND_PORT	  0x64
#define I8042_STATUS_INPUT_FULL	  BIT(1)
#define I8042_COMMAND_PULSE_RESET 0xfe
#define I8042_READY_POLLS	  1000

/* Reset Control Register of Intel's chipsets since the PIIX3. */
#define RESET_CONTROL_PORT	0xcf9
#define RESET_CONTROL_SYSTEM	BIT(1) /* a hard reset ... */
#define RESET_CONTROL_RESET_CPU BIT(2) /* ... at the rise of this bit */

static void qemu_power_off(void)
{
	if (!cpu_has(X86_FEATURE_HYPERVISOR))
		return;
	outw(QEMU_PM1A_CONTROL, PM1_CONTROL_SLP_EN);
	outw(QEMU_OLD_PM1A_CONTROL, PM1_CONTROL_SLP_EN);
}

static void bochs_power_off(void)
{
	for (const char *s = "Shutdown"; *s; s++)
		outb(BOCHS_SHUTDOWN_PORT, (u8)*s);
}

/* A missing controller reads as 0xff, for ever busy: hence the bound. */
static void i8042_reset(void)
{
	for (u32 i = 0; i < I8042_READY_POLLS; i++) {
		if (!(inb(I8042_STATUS_PORT) & I8042_STATUS_INPUT_FULL))
			break;
	}
	outb(I8042_COMMAND_PORT, I8042_COMMAND_PULSE_RESET);
}

static void reset_control(void)
{
	outb(RESET_CONTROL_PORT, RESET_CONTROL_SYSTEM);
	outb(RESET_CONTROL_PORT, RESET_CONTROL_SYSTEM | RESET_CONTROL_RESET_CPU);
}

/*
 * With an empty IDT no exception can be delivered, nor the double fault that follows: the CPU
 * shuts down and the board resets it.
 */
static void triple_fault(void)
{
	static const struct {
		u16 limit;
		u64 base;
	} __packed no_idt = {0, 0};

	lidt(&no_idt);
	__asm__ __volatile__("ud2");
}

/* ACPI's own ways have rank 100 (drivers/acpi/sleep.c). */
static struct power_method ways[] = {
	{.name = "QEMU's PM1a control", .action = POWER_OFF, .rank = 50, .run = qemu_power_off},
	{.name = "Bochs' shutdown port", .action = POWER_OFF, .rank = 40, .run = bochs_power_off},
	{.name = "keyboard controller", .action = POWER_REBOOT, .rank = 50, .run = i8042_reset},
	{.name = "reset control", .action = POWER_REBOOT, .rank = 40, .run = reset_control},
	{.name = "triple fault", .action = POWER_REBOOT, .rank = 0, .run = triple_fault},
};

void emulator_power_init(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		register_power_method(&ways[i]);
}
