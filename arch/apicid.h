/*
 * The APIC-ID map: which logical CPU number a hardware id has, and back.
 *
 * An APIC id is what the hardware routes interrupts to: sparse, 8 bits in xAPIC, 32 in x2APIC, shaped
 * by the topology. A CPU number is ours: dense, in order of discovery, 0 for the boot CPU. Both ways are
 * O(1): one array, and for ids above 255 a hash. Pure; filled at boot by one CPU, read-only afterwards.
 */
#ifndef ARCH_APICID_H
#define ARCH_APICID_H

#include <lib/cpumask.h>

#define BAD_APICID 0xffffffffu

/* Forget all and make `boot_apicid` CPU 0. */
void apicid_init(u32 boot_apicid);
/*
 * Give the id the next CPU number. The number; -EEXIST it has one (the boot CPU's own entry
 * comes this way); -EINVAL broadcast id; -ENOSPC more than NR_CPUS or maxcpus.
 */
int apicid_register(u32 apicid, u32 acpi_uid);
/* BAD_APICID for a CPU that there is not. */
extern u32 x86_cpu_to_apicid[NR_CPUS];
static inline u32 cpu_to_apicid(u32 cpu)
{
	return cpu < nr_cpu_ids ? x86_cpu_to_apicid[cpu] : BAD_APICID;
}
/* -1 for an id that has no CPU. */
int apicid_to_cpu(u32 apicid);
u32 cpu_to_acpi_uid(u32 cpu);

#endif
