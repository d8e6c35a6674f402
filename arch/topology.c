/*
 * CPUID's answers -> the three shifts that cut an APIC id into package, die, core and thread.
 *
 * The leaves are asked in the order in which they supersede each other: 0x1F, 0xB, AMD's
 * 0x8000001E, then 4 and 1. One that is absent, or whose shifts do not ascend, is passed over.
 * SDM vol. 2, CPUID, leaves 1, 4, 0xB, 0x1F; APM vol. 3, E.4.7 and E.4.16.
 */
#include <arch/cpufeature.h>
#include <arch/topology.h>
#include <lib/bitops.h>

struct topology_layout boot_topology;

/* Leaves 0xB and 0x1F: ECX[15:8], the type of the level that a subleaf is about. */
enum level_type { LEVEL_INVALID, LEVEL_SMT, LEVEL_CORE, LEVEL_MODULE, LEVEL_TILE, LEVEL_DIE };

#define LEVEL_SHIFT(eax) ((u8)((eax)&0x1f)) /* bits of the id below the next level */
#define LEVEL_TYPE(ecx)	 ((ecx) >> 8 & 0xff)
#define LEVEL_CPUS(ebx)	 ((ebx)&0xffff) /* 0: the leaf is not there */

#define LEAF_1_EDX_HTT	    BIT(28) /* EBX[23:16] counts */
#define LEAF_1_ECX_X2APIC   BIT(21)
#define LEAF_1_CPUS(ebx)    ((ebx) >> 16 & 0xff)
#define LEAF_1_APICID(ebx)  ((ebx) >> 24)
#define LEAF_4_CACHE(eax)   ((eax)&0x1f) /* 0: the leaf is not there */
#define LEAF_4_CORES(eax)   (((eax) >> 26) + 1)
#define EXT_1_ECX_TOPOEXT   BIT(22)
#define EXT_8_ID_BITS(ecx)  ((u8)((ecx) >> 12 & 0xf)) /* 0: EXT_8_CPUS tells */
#define EXT_8_CPUS(ecx)	    (((ecx)&0xff) + 1)
#define EXT_1E_THREADS(ebx) (((ebx) >> 8 & 0xff) + 1)
#define EXT_1E_NODES(ecx)   (((ecx) >> 8 & 7) + 1)

/* Bits that number n things: 0 for one, 2 for three. */
static u8 bits_for(u32 n)
{
	return n > 1 ? (u8)fls(n - 1) : 0;
}

/*
 * The levels come from the inside out and a level's shift is where the next one begins. Modules
 * and tiles are groups of cores: their bits count as the core's. What lies beyond the last level
 * is the package.
 */
static bool from_levels(const struct cpuid_regs *level, u8 source, struct topology_layout *t)
{
	*t = (struct topology_layout){.source = source};
	if (!LEVEL_CPUS(level->ebx))
		return false;
	for (u32 i = 0; i < TOPOLOGY_SUBLEAVES; i++, level++) {
		u32 type = LEVEL_TYPE(level->ecx);
		u8 shift = LEVEL_SHIFT(level->eax);

		if (type == LEVEL_INVALID)
			return i > 0;
		if (shift < t->package_shift)
			return false;
		if (type == LEVEL_SMT)
			t->core_shift = shift;
		if (type < LEVEL_DIE)
			t->die_shift = shift;
		t->package_shift = shift;
	}
	return true;
}

/*
 * AMD before leaf 0xB. A node is a die; its number is in the high bits of what numbers the
 * package's CPUs.
 */
static bool from_leaf_8000001e(const struct topology_cpuid *a, struct topology_layout *t)
{
	u8 node_bits = bits_for(EXT_1E_NODES(a->leaf_8000001e.ecx));

	*t = (struct topology_layout){.source = TOPOLOGY_LEAF_8000001E};
	if (!(a->leaf_80000001.ecx & EXT_1_ECX_TOPOEXT))
		return false;
	t->core_shift = bits_for(EXT_1E_THREADS(a->leaf_8000001e.ebx));
	t->package_shift = EXT_8_ID_BITS(a->leaf_80000008.ecx);
	if (!t->package_shift)
		t->package_shift = bits_for(EXT_8_CPUS(a->leaf_80000008.ecx));
	if (t->package_shift < t->core_shift + node_bits)
		return false;
	t->die_shift = t->package_shift - node_bits;
	return true;
}

/* Old CPUs: leaf 1 counts the CPUs of a package, leaf 4 its cores, and threads are the quotient. */
static bool from_leaf_4(const struct topology_cpuid *a, struct topology_layout *t)
{
	u8 package_bits = bits_for(LEAF_1_CPUS(a->leaf_1.ebx));
	u8 core_bits = bits_for(LEAF_4_CORES(a->leaf_4.eax));

	if (!(a->leaf_1.edx & LEAF_1_EDX_HTT))
		return false;
	*t = (struct topology_layout){.die_shift = package_bits,
				      .package_shift = package_bits,
				      .source = TOPOLOGY_LEAF_1};
	if (LEAF_4_CACHE(a->leaf_4.eax) && core_bits <= package_bits) {
		t->core_shift = package_bits - core_bits;
		t->source = TOPOLOGY_LEAF_4;
	}
	return true;
}

struct topology_layout topology_decode(const struct topology_cpuid *a)
{
	struct topology_layout t;

	if (from_levels(a->leaf_1f, TOPOLOGY_LEAF_1F, &t) ||
	    from_levels(a->leaf_b, TOPOLOGY_LEAF_B, &t) || from_leaf_8000001e(a, &t) ||
	    from_leaf_4(a, &t))
		return t;
	return (struct topology_layout){.source = TOPOLOGY_NONE};
}

u32 topology_apicid(const struct topology_cpuid *a)
{
	if ((a->leaf_1.ecx & LEAF_1_ECX_X2APIC) && LEVEL_CPUS(a->leaf_b[0].ebx))
		return a->leaf_b[0].edx;
	return LEAF_1_APICID(a->leaf_1.ebx);
}

const char *topology_source_name(u8 source)
{
	static const char *const names[] = {
		[TOPOLOGY_NONE] = "no leaf",	[TOPOLOGY_LEAF_1] = "leaf 0x1",
		[TOPOLOGY_LEAF_4] = "leaf 0x4", [TOPOLOGY_LEAF_8000001E] = "leaf 0x8000001e",
		[TOPOLOGY_LEAF_B] = "leaf 0xb", [TOPOLOGY_LEAF_1F] = "leaf 0x1f",
	};

	return source < ARRAY_SIZE(names) ? names[source] : "?";
}

/* ---- asking the CPU -------------------------------------------------------------------------- */

static struct cpuid_regs leaf_or_zeros(u32 leaf)
{
	u32 max = leaf >> 31 ? boot_cpu_data.max_ext_leaf : boot_cpu_data.max_leaf;

	return leaf <= max ? cpuid(leaf) : (struct cpuid_regs){0};
}

static void read_levels(u32 leaf, struct cpuid_regs *level)
{
	if (leaf > boot_cpu_data.max_leaf)
		return;
	for (u32 i = 0; i < TOPOLOGY_SUBLEAVES; i++) {
		level[i] = cpuid_count(leaf, i);
		if (LEVEL_TYPE(level[i].ecx) == LEVEL_INVALID)
			return;
	}
}

void topology_read(struct topology_cpuid *a)
{
	*a = (struct topology_cpuid){
		.leaf_1 = leaf_or_zeros(0x1),
		.leaf_4 = leaf_or_zeros(0x4),
		.leaf_80000001 = leaf_or_zeros(0x80000001),
		.leaf_80000008 = leaf_or_zeros(0x80000008),
		.leaf_8000001e = leaf_or_zeros(0x8000001e),
	};
	read_levels(0xb, a->leaf_b);
	read_levels(0x1f, a->leaf_1f);
}

u32 __init topology_init(void)
{
	struct topology_cpuid answers;

	topology_read(&answers);
	boot_topology = topology_decode(&answers);
	return topology_apicid(&answers);
}
