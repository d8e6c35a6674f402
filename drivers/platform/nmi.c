/*
 * An NMI from this CPU to itself, through the interrupt command register of the
 * local APIC. Only what that takes; the driver proper comes with the timers.
 * SDM vol. 3, 10.4.4 (APIC base), 10.6.1 (ICR), 10.12.9 (ICR in x2APIC mode).
 */
#include <arch/cpufeature.h>
#include <arch/insn.h>
#include <arch/page.h>
#include <arch/traps.h>
#include <drivers/platform/nmi.h>
#include <lib/errno.h>
#include <mm/ioremap.h>

#define MSR_APIC_BASE	 0x1b
#define APIC_BASE_EN	 BIT(11)
#define APIC_BASE_EXTD	 BIT(10) /* x2APIC mode: registers are MSRs */
#define APIC_BASE_MASK	 0x000ffffffffff000ULL
#define MSR_X2APIC_ID	 0x802
#define MSR_X2APIC_ICR	 0x830
#define APIC_ID		 0x020
#define APIC_ICR_LOW	 0x300
#define APIC_ICR_HIGH	 0x310
#define ICR_DELIVERY_NMI (4 << 8)
#define ICR_ASSERT	 (1 << 14)

#define PATIENCE 100000 /* looks at the counter; an NMI comes within a few */

/* An NMI cannot use the "self" shorthand (SDM vol. 3, table 10-3), so it goes to our own id. */
static void send_by_msr(void)
{
	wrmsr(MSR_X2APIC_ICR, rdmsr(MSR_X2APIC_ID) << 32 | ICR_ASSERT | ICR_DELIVERY_NMI);
}

static int send_by_mmio(phys_addr_t base)
{
	volatile u32 *apic = ioremap(base, PAGE_SIZE);

	if (!apic)
		return -ENOMEM;
	apic[APIC_ICR_HIGH / 4] = apic[APIC_ID / 4]; /* the id is in bits 31:24 of both */
	apic[APIC_ICR_LOW / 4] = ICR_ASSERT | ICR_DELIVERY_NMI;
	iounmap((const void *)apic);
	return 0;
}

int nmi_self(void)
{
	u64 base = cpu_has(X86_FEATURE_APIC) ? rdmsr(MSR_APIC_BASE) : 0;
	u64 before = READ_ONCE(nmi_count);
	int err = 0;

	if (!(base & APIC_BASE_EN))
		return -ENODEV;
	if (base & APIC_BASE_EXTD)
		send_by_msr();
	else
		err = send_by_mmio(base & APIC_BASE_MASK);
	for (u32 i = 0; !err && READ_ONCE(nmi_count) == before; i++) {
		if (i == PATIENCE)
			return -ETIMEDOUT;
		cpu_relax();
	}
	return err;
}
