/*
 * The choice between the interrupt controllers of a PC: I/O APICs where there
 * are any and all they say makes sense, else the pair of 8259s that every PC pretends to have; and the settings of each
 * CPU's local APIC that the firmware's tables or the hypervisor decide.
 */
#define pr_fmt(fmt) "irqchip: " fmt

#include <arch/apicid.h>
#include <arch/irqflags.h>
#include <arch/lapic.h>
#include <arch/percpu.h>
#include <arch/pv_eoi.h>
#include <drivers/irqchip/i8259.h>
#include <drivers/irqchip/ioapic.h>
#include <drivers/irqchip/irqchip.h>
#include <kernel/irq.h>
#include <kernel/power.h>
#include <kernel/smpboot.h>
#include <lib/param.h>
#include <lib/printk.h>

static bool noapic;
PARAM("noapic", PARAM_FLAG(&noapic), "leave the I/O APIC alone and use the 8259");

#define DEFAULT_NMI_LINT \
	1 /* MultiProcessor Specification 1.4, 3.6.2: what a PC without a table is wired like */

static const struct madt_info *tables;
static bool by_8259; /* then LINT0 of the boot CPU is in use */

/* ---- local APICs ----------------------------------------------------------------------------- */

static void set_nmi_pin(u8 lint)
{
	if (lint == 0 && by_8259 && smp_processor_id() == 0)
		pr_warn("MADT: NMI on LINT0, where the 8259 is; ignored\n");
	else
		lapic_set_lint_nmi(lint);
}

static void set_nmi_pins(void)
{
	u32 uid = cpu_to_acpi_uid(smp_processor_id());

	if (!tables || !tables->nr_nmis) {
		if (smp_processor_id() == 0)
			lapic_set_lint_nmi(DEFAULT_NMI_LINT);
		return;
	}
	for (u32 i = 0; i < tables->nr_nmis; i++)
		if (tables->nmi[i].uid == MADT_UID_ALL || tables->nmi[i].uid == uid)
			set_nmi_pin(tables->nmi[i].lint);
}

/* Each CPU, on that CPU. */
static void init_this_cpu(void)
{
	set_nmi_pins();
	pv_eoi_enable();
}

/* The other CPUs are past caring: a restart resets them, and KVM forgets with that. */
static struct restart_hook before_restart = {.run = pv_eoi_disable};

static __init void init_local_apics(void)
{
	if (!lapic_present())
		return;
	init_this_cpu();
	smp_register_cpu_init(init_this_cpu);
	register_restart_hook(&before_restart);
	if (pv_eoi_enabled())
		pr_info("KVM: ends of interrupt without an exit (PV EOI)\n");
}

/* ---- the lines ------------------------------------------------------------------------------- */

/* Its lines are moved away from the exceptions' vectors even when it is not to be used: it can still be spurious. */
void __init irqchip_init(const struct madt_info *madt)
{
	bool have_8259 = i8259_quiet() == 0;

	tables = madt;
	if (noapic)
		pr_info("noapic: I/O APICs are left alone\n");
	if (!noapic && madt && ioapic_init(madt) == 0) {
		lapic_set_extint(false);
	} else if (have_8259) {
		by_8259 = true;
		i8259_init();
	} else {
		pr_info("no interrupt controller: consoles stay polled\n");
	}
	init_local_apics();
}
