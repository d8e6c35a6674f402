/*
 * The ACPI power-management timer: 3.579545 MHz, three times the PIT's rate and from the same quartz, read from one port. It
 * has 24 bits or 32; the FADT says which and is not always right, so 24 are used, which go round in 4.7 s.
 * ACPI 6.5, 4.8.2.1 and 5.2.9.
 */
#include <arch/insn.h>
#include <drivers/acpi/acpi.h>
#include <drivers/clock/clock.h>
#include <kernel/time/clocksource.h>

#define PM_TIMER_HZ   3579545
#define PM_TIMER_MASK 0xffffff
#define PM_TIMER_SIZE 4

static u16 port;

static u64 acpi_pm_read(struct clocksource *cs __maybe_unused)
{
	return inl(port);
}

static struct clocksource acpi_pm = {
	.name = "acpi_pm",
	.rating = 200,
	.flags = CLOCK_SOURCE_IS_CONTINUOUS | CLOCK_SOURCE_VALID_FOR_HRES,
	.read = acpi_pm_read,
	.mask = PM_TIMER_MASK,
};

/* The newer field wins where there is one, and may say that the timer is not behind a port. */
static u64 timer_port(const struct acpi_fadt *fadt)
{
	const struct acpi_generic_address *x = &fadt->xpm_timer_block;

	if (fadt->flags & ACPI_FADT_HW_REDUCED || fadt->pm_timer_length != PM_TIMER_SIZE)
		return 0;
	if (x->address)
		return x->space_id == ACPI_ADR_SPACE_SYSTEM_IO ? x->address : 0;
	return fadt->pm_timer_block;
}

void acpi_pm_register(void)
{
	const struct acpi_fadt *fadt = acpi_fadt();
	u64 address = fadt ? timer_port(fadt) : 0;

	if (!address || address > 0xfffc)
		return;
	port = (u16)address;
	clocksource_register_hz(&acpi_pm, PM_TIMER_HZ);
}
