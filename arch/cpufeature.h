/*
 * What this CPU can do. One table of names and bits, decoded from CPUID once at
 * boot; every later question is a bit test. Names are /proc/cpuinfo's.
 */
#ifndef ARCH_CPUFEATURE_H
#define ARCH_CPUFEATURE_H

#include <lib/types.h>

/* A feature is word * 32 + bit; the word names the CPUID register it was read from. */
enum cpuid_word {
	CPUID_1_EDX,
	CPUID_1_ECX,
	CPUID_7_EBX,
	CPUID_7_ECX,
	CPUID_7_EDX,
	CPUID_80000001_EDX,
	CPUID_80000001_ECX,
	CPUID_80000007_EDX,
	CPUID_D_1_EAX,
	CPUID_6_EAX,
	NR_CPUID_WORDS
};

#define X86_FEATURE(word, bit)	       ((word)*32 + (bit))
#define X86_FEATURE_FPU		       X86_FEATURE(CPUID_1_EDX, 0)
#define X86_FEATURE_PSE		       X86_FEATURE(CPUID_1_EDX, 3)
#define X86_FEATURE_TSC		       X86_FEATURE(CPUID_1_EDX, 4)
#define X86_FEATURE_MSR		       X86_FEATURE(CPUID_1_EDX, 5)
#define X86_FEATURE_APIC	       X86_FEATURE(CPUID_1_EDX, 9)
#define X86_FEATURE_PGE		       X86_FEATURE(CPUID_1_EDX, 13)
#define X86_FEATURE_PAT		       X86_FEATURE(CPUID_1_EDX, 16)
#define X86_FEATURE_FXSR	       X86_FEATURE(CPUID_1_EDX, 24)
#define X86_FEATURE_MWAIT	       X86_FEATURE(CPUID_1_ECX, 3)
#define X86_FEATURE_PCID	       X86_FEATURE(CPUID_1_ECX, 17)
#define X86_FEATURE_X2APIC	       X86_FEATURE(CPUID_1_ECX, 21)
#define X86_FEATURE_TSC_DEADLINE_TIMER X86_FEATURE(CPUID_1_ECX, 24)
#define X86_FEATURE_XSAVE	       X86_FEATURE(CPUID_1_ECX, 26)
#define X86_FEATURE_HYPERVISOR	       X86_FEATURE(CPUID_1_ECX, 31)
#define X86_FEATURE_FSGSBASE	       X86_FEATURE(CPUID_7_EBX, 0)
#define X86_FEATURE_SMEP	       X86_FEATURE(CPUID_7_EBX, 7)
#define X86_FEATURE_INVPCID	       X86_FEATURE(CPUID_7_EBX, 10)
#define X86_FEATURE_SMAP	       X86_FEATURE(CPUID_7_EBX, 20)
#define X86_FEATURE_UMIP	       X86_FEATURE(CPUID_7_ECX, 2)
#define X86_FEATURE_NX		       X86_FEATURE(CPUID_80000001_EDX, 20)
#define X86_FEATURE_GBPAGES	       X86_FEATURE(CPUID_80000001_EDX, 26)
#define X86_FEATURE_LM		       X86_FEATURE(CPUID_80000001_EDX, 29)
#define X86_FEATURE_CONSTANT_TSC       X86_FEATURE(CPUID_80000007_EDX, 8)

struct cpuinfo_x86 {
	char vendor[13];
	char model_name[49];
	u32 family, model, stepping;
	u32 max_leaf, max_ext_leaf, max_hyp_leaf;
	char hypervisor[13]; /* "" on bare metal */
	u32 phys_bits, virt_bits;
	u32 words[NR_CPUID_WORDS];
};
extern struct cpuinfo_x86 boot_cpu_data;

/* Read the words and numbers of the CPU that runs this; the names stay as they are. */
void cpuid_read(struct cpuinfo_x86 *c);
/* Read CPUID into boot_cpu_data. First thing in kernel_main. */
void cpu_init(void);
/*
 * Set CR0/CR4/EFER bits that the features found allow: WP, PGE, NX, SMEP, SMAP, UMIP. After the
 * final page tables are loaded.
 */
void cpu_enable_protection(void);

static inline bool has_feature(const u32 *words, u32 feature)
{
	return words[feature / 32] & (1u << (feature % 32));
}

/* The boot CPU has it and may use it: what the kernel decides by. */
static inline bool cpu_has(u32 feature)
{
	return has_feature(boot_cpu_data.words, feature);
}

/* "nx", "smep", ... or NULL when the bit has no name in the table. */
const char *feature_name(u32 feature);
/* The feature that has exactly this name, or -ENOENT. Linear: for parameters and commands. */
int feature_by_name(const char *name, size_t len);

/*
 * Do without a feature, and without what needs it: cpu_has() is false from now on. What was set up
 * with it before stays. Boot, before the first use of the feature: clearcpuid= calls it while
 * parameters are parsed.
 */
void setup_clear_cpu_cap(u32 feature);
/* The features that were switched off so: no CPU's lack of them is a difference. */
extern u32 cleared_cpu_caps[NR_CPUID_WORDS];

#endif
