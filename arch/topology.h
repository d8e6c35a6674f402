/*
 * Where in the machine a CPU is: package, die, core, thread.
 *
 * The hardware numbers its CPUs so that the APIC id *is* the place: from the low end there are
 * some bits for the thread, some for the core, some for the die, and the rest is the package.
 * CPUID says how many bits each has, in one of several leaves. So the topology of a machine is
 * three shifts, and the place of any CPU, started or not, follows from its id. SDM vol. 3, 9.9;
 * APM vol. 3, appendix E.
 */
#ifndef ARCH_TOPOLOGY_H
#define ARCH_TOPOLOGY_H

#include <arch/insn.h>
#include <lib/types.h>

enum topology_source {
	TOPOLOGY_NONE,		/* CPUID says nothing: every CPU is a package */
	TOPOLOGY_LEAF_1,	/* only how many logical CPUs a package has */
	TOPOLOGY_LEAF_4,	/* and how many of them are cores */
	TOPOLOGY_LEAF_8000001E, /* AMD: threads a core, nodes a package */
	TOPOLOGY_LEAF_B,	/* a list of levels, each with its shift */
	TOPOLOGY_LEAF_1F,	/* the same with dies */
};

/*
 * thread | core | die | package are [0, core_shift), [core_shift, die_shift), [die_shift,
 * package_shift), the rest.
 */
struct topology_layout {
	u8 core_shift, die_shift, package_shift; /* ascending, at most 31 */
	u8 source;				 /* enum topology_source */
};

struct cpu_place {
	u32 package, die, core, thread; /* each counted within the one before it */
};

#define TOPOLOGY_SUBLEAVES 8

/*
 * What a CPU answers to CPUID, as far as the topology is concerned; zeros for leaves that it does
 * not have.
 */
struct topology_cpuid {
	struct cpuid_regs leaf_1, leaf_4, leaf_80000001, leaf_80000008, leaf_8000001e;
	struct cpuid_regs leaf_b[TOPOLOGY_SUBLEAVES], leaf_1f[TOPOLOGY_SUBLEAVES];
};

/* Pure. The best source that makes sense decides. */
struct topology_layout topology_decode(const struct topology_cpuid *answers);
/* The APIC id that the answers contain: all 32 bits where x2APIC is offered, else 8. Pure. */
u32 topology_apicid(const struct topology_cpuid *answers);
/* "leaf 0xb" and the like. */
const char *topology_source_name(u8 source);

static inline struct cpu_place topology_place(const struct topology_layout *t, u32 apicid)
{
	return (struct cpu_place){
		.package = apicid >> t->package_shift,
		.die = (apicid & ((1u << t->package_shift) - 1)) >> t->die_shift,
		.core = (apicid & ((1u << t->die_shift) - 1)) >> t->core_shift,
		.thread = apicid & ((1u << t->core_shift) - 1),
	};
}

/* Ask the CPU that runs this. */
void topology_read(struct topology_cpuid *answers);

/* The boot CPU's layout, which holds for the machine; set by topology_init(). */
extern struct topology_layout boot_topology;
/* Boot, on the boot CPU, after cpu_init(): read the layout. Returns this CPU's APIC id. */
u32 topology_init(void);

#endif
