/*
 * The HPET: one counter of known frequency for the whole machine. Slow to read (an uncached load; on a virtual machine
 * an exit), but right. IA-PC HPET specification 1.0a, 2.3.
 */
#define pr_fmt(fmt) "hpet: " fmt

#include <drivers/acpi/acpi.h>
#include <drivers/acpi/hpet.h>
#include <drivers/clock/clock.h>
#include <kernel/time/clocksource.h>
#include <lib/printk.h>
#include <mm/ioremap.h>

#define HPET_SIZE KiB(1)

/* Offsets. */
#define HPET_CAP     0x000
#define HPET_CONFIG  0x010
#define HPET_COUNTER 0x0f0

#define HPET_CAP_64BIT	     BIT(13)
#define HPET_CAP_PERIOD(cap) ((u32)((cap) >> 32)) /* femtoseconds a tick */
#define HPET_CONFIG_ENABLE   BIT(0)
#define HPET_CONFIG_LEGACY   BIT(1) /* its interrupts take the PIT's and the RTC's place */

#define FEMTOSECONDS	1000000000000000ULL /* in a second */
#define HPET_PERIOD_MAX 100000000	    /* 100 ns */
#define HPET_PERIOD_MIN 100000		    /* 0.1 ns: no HPET runs at 10 GHz */

static volatile char *regs;

static u64 read_reg(u32 offset)
{
	return *(volatile u64 *)(regs + offset);
}

static void write_reg(u32 offset, u64 value)
{
	*(volatile u64 *)(regs + offset) = value;
}

/* A 32-bit counter is read as one; a 64-bit one in one piece, as only a 64-bit kernel can. */
static u64 hpet_read(struct clocksource *cs)
{
	if (cs->mask >> 32)
		return read_reg(HPET_COUNTER);
	return *(volatile u32 *)(regs + HPET_COUNTER);
}

static struct clocksource hpet = {
	.name = "hpet",
	.rating = 250,
	.flags = CLOCK_SOURCE_IS_CONTINUOUS | CLOCK_SOURCE_VALID_FOR_HRES,
	.read = hpet_read,
};

static bool map_registers(void)
{
	const struct acpi_table_header *table = acpi_get_table(ACPI_SIG_HPET, 0);
	struct hpet_info info;
	const char *why;

	if (!table)
		return false;
	why = hpet_parse(table, &info);
	acpi_put_table(table);
	if (why) {
		pr_warn("ACPI table refused: %s\n", why);
		return false;
	}
	regs = ioremap(info.addr, HPET_SIZE);
	return regs != NULL;
}

void hpet_register(void)
{
	u32 period;
	u64 cap;

	if (!map_registers())
		return;
	cap = read_reg(HPET_CAP);
	period = HPET_CAP_PERIOD(cap);
	if (period < HPET_PERIOD_MIN || period > HPET_PERIOD_MAX) {
		pr_warn("not used: a tick of %u femtoseconds is impossible\n", period);
		return;
	}
	hpet.mask = cap & HPET_CAP_64BIT ? ~0ULL : 0xffffffff;
	write_reg(HPET_CONFIG, (read_reg(HPET_CONFIG) & ~HPET_CONFIG_LEGACY) | HPET_CONFIG_ENABLE);
	clocksource_register_hz(&hpet, (FEMTOSECONDS + period / 2) / period);
}
