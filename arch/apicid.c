/*
 * The APIC-ID map. Ids below 256 index an array. The others are found in an open-addressed
 * hash table of CPU numbers: the key is not stored twice, it is looked up by the number.
 *
 * Invariant: for every CPU below map->nr, find(map->apicid[cpu]) == cpu, and no other id is found.
 */
#include <arch/apicid.h>
#include <lib/errno.h>
#include <lib/param.h>
#include <lib/string.h>

u32 x86_cpu_to_apicid[NR_CPUS];

static struct apicid_map map;

/* ---- the map --------------------------------------------------------------------------------- */

/*
 * Multiplicative hashing, Knuth vol. 3, 6.4: neighbouring ids, which is what machines have, go far
 * apart.
 */
#define GOLDEN_RATIO_32 0x9e3779b1u

/* The slot that holds the id, or the free one where it belongs: the table is never full. */
static u32 high_slot(const struct apicid_map *m, u32 apicid)
{
	u32 slot = (u32)(apicid * GOLDEN_RATIO_32) >> (32 - ilog2(APICID_HIGH_SLOTS));

	while (m->high[slot] && m->apicid[m->high[slot] - 1] != apicid)
		slot = (slot + 1) % APICID_HIGH_SLOTS;
	return slot;
}

int apicid_map_find(const struct apicid_map *m, u32 apicid)
{
	return apicid < APICID_LOW ? m->low[apicid] : m->high[high_slot(m, apicid)] - 1;
}

int apicid_map_add(struct apicid_map *m, u32 apicid, u32 acpi_uid)
{
	u32 cpu = m->nr;
	int known;

	if (apicid == BAD_APICID)
		return -EINVAL;
	known = apicid_map_find(m, apicid);
	if (known >= 0) {
		if (m->uid[known] == BAD_UID)
			m->uid[known] = acpi_uid;
		return -EEXIST;
	}
	if (cpu == NR_CPUS)
		return -ENOSPC;
	if (apicid < APICID_LOW)
		m->low[apicid] = (s16)cpu;
	else
		m->high[high_slot(m, apicid)] = (u16)(cpu + 1);
	m->apicid[cpu] = apicid;
	m->uid[cpu] = acpi_uid;
	m->nr++;
	return (int)cpu;
}

void apicid_map_init(struct apicid_map *m, u32 *apicid, u32 boot_apicid)
{
	m->nr = 0;
	m->apicid = apicid;
	memset(apicid, 0xff, NR_CPUS * sizeof(*apicid)); /* BAD_APICID */
	memset(m->low, 0xff, sizeof(m->low));		 /* -1 */
	memset(m->high, 0, sizeof(m->high));
	apicid_map_add(m, boot_apicid, BAD_UID);
}

/* ---- this machine's -------------------------------------------------------------------------- */

void apicid_init(u32 boot_apicid)
{
	apicid_map_init(&map, x86_cpu_to_apicid, boot_apicid);
	nr_cpu_ids = 1;
}

int apicid_register(u32 apicid, u32 acpi_uid)
{
	int cpu = apicid_map_add(&map, apicid, acpi_uid);

	if (cpu >= 0)
		nr_cpu_ids = map.nr;
	return cpu;
}

int apicid_to_cpu(u32 apicid)
{
	return map.nr ? apicid_map_find(&map, apicid) : -1;
}

u32 cpu_to_acpi_uid(u32 cpu)
{
	return cpu < map.nr ? map.uid[cpu] : BAD_UID;
}

/* ---- how many of them ------------------------------------------------------------------------ */

static u64 maxcpus = NR_CPUS;
static bool nosmp;
PARAM("maxcpus", PARAM_NUMBER(&maxcpus, 0, NR_CPUS),
      "CPUs that the boot starts, the boot CPU included; the others stay present");
PARAM("nosmp", PARAM_FLAG(&nosmp), "start no other CPU, as maxcpus=1 does");

u32 setup_max_cpus(void)
{
	return nosmp || !maxcpus ? 1 : (u32)maxcpus;
}
