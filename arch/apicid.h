/*
 * The APIC-ID map: which logical CPU number a hardware id has, and back.
 *
 * An APIC id is what the hardware routes interrupts to: sparse, 8 bits in xAPIC, 32 in x2APIC,
 * shaped by the topology. A CPU number is ours: dense, in order of discovery, 0 for the boot CPU.
 * Both ways are O(1): one array, and for ids above 255 a hash. Pure; filled at boot by one CPU,
 * read-only afterwards.
 */
#ifndef ARCH_APICID_H
#define ARCH_APICID_H

#include <lib/cpumask.h>

#define BAD_APICID 0xffffffffu /* in x2APIC the broadcast id; no CPU has it */
#define BAD_UID	   0xffffffffu /* firmware has not said */

#define APICID_LOW	  256		/* ids below have a slot each */
#define APICID_HIGH_SLOTS (2 * NR_CPUS) /* never more than half full, so that a search is short */

struct apicid_map {
	u32 nr;			     /* CPU numbers given out */
	u32 *apicid;		     /* NR_CPUS of them: CPU -> id, BAD_APICID from `nr` on */
	u32 uid[NR_CPUS];	     /* CPU -> ACPI processor uid */
	s16 low[APICID_LOW];	     /* id -> CPU, or -1 */
	u16 high[APICID_HIGH_SLOTS]; /* open addressing: CPU + 1 of a larger id, 0 is empty */
};

/* Make `boot_apicid` CPU 0 of an empty map. `apicid` has room for NR_CPUS. */
void apicid_map_init(struct apicid_map *map, u32 *apicid, u32 boot_apicid);
/* The next CPU number for this id; the errors of apicid_register(). */
int apicid_map_add(struct apicid_map *map, u32 apicid, u32 acpi_uid);
/* -1 for an id that has no CPU. */
int apicid_map_find(const struct apicid_map *map, u32 apicid);

/* ---- this machine's -------------------------------------------------------------------------- */

/* Forget all and make `boot_apicid` CPU 0. */
void apicid_init(u32 boot_apicid);
/*
 * Give the id the next CPU number and raise nr_cpu_ids. The number; -EEXIST it has one (the boot
 * CPU's own entry comes this way: it learns its uid); -EINVAL broadcast id; -ENOSPC more than
 * NR_CPUS.
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
/* BAD_UID for a CPU that there is not, or that no table names. */
u32 cpu_to_acpi_uid(u32 cpu);

/* How many CPUs the boot may have online, the boot CPU included: maxcpus=, nosmp. 1 to NR_CPUS. */
u32 setup_max_cpus(void);

#endif
