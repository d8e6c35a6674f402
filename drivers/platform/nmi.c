/*
 * An NMI from this CPU to itself. It cannot use the "self" shorthand of the
 * local APIC (SDM vol. 3, table 10-3), so it goes to our own id.
 */
#include <arch/insn.h>
#include <arch/lapic.h>
#include <arch/traps.h>
#include <drivers/platform/nmi.h>
#include <lib/errno.h>

#define PATIENCE 100000 /* looks at the counter; an NMI comes within a few */

int nmi_self(void)
{
	u64 before = this_cpu_read(nmis_here);

	if (!lapic_present())
		return -ENODEV;
	lapic_send_ipi(lapic_id(), APIC_DM_NMI | APIC_INT_ASSERT);
	for (u32 i = 0; this_cpu_read(nmis_here) == before; i++) {
		if (i == PATIENCE)
			return -ETIMEDOUT;
		cpu_relax();
	}
	return 0;
}
