/*
 * CPUID, read once.
 *
 * The idea: the registers that hold feature bits are kept as they came, as words of one bit set; a
 * feature is a bit number in it, and its name is looked up only when a person asks.
 *
 * Invariant: no leaf is read past the maximum of its range, because the answer is then that of
 * some other leaf (docs/machines.md), and nothing is found out by trying. SDM vol. 2, CPUID; APM
 * vol. 3, appendix E.
 */
#include <arch/cpufeature.h>
#include <arch/insn.h>
#include <arch/percpu.h>
#include <lib/errno.h>
#include <lib/param.h>
#include <lib/printk.h>
#include <lib/string.h>

#define CPUID_EXTENDED	 0x80000000u
#define CPUID_HYPERVISOR 0x40000000u

#define CR0_WP	 BIT(16)
#define CR4_PGE	 BIT(7)
#define CR4_UMIP BIT(11)
#define CR4_SMEP BIT(20)
#define CR4_SMAP BIT(21)
#define MSR_EFER 0xc0000080
#define EFER_NXE BIT(11)

struct cpuinfo_x86 boot_cpu_data;

/*
 * The names of the 32 bits of a word, each ended by NUL, "" for a bit without one: seven bytes a
 * name where a table of pointers would take fifteen. The names are those of Linux's /proc/cpuinfo.
 */
#define N(name) name "\0"
#define N_	"\0"
static const char *const feature_names[NR_CPUID_WORDS] = {
	[CPUID_1_EDX] = N("fpu") N("vme") N("de") N("pse") N("tsc") N("msr") N("pae") N("mce")
		N("cx8") N("apic") N_ N("sep") N("mtrr") N("pge") N("mca") N("cmov") N("pat")
			N("pse36") N("pn") N("clflush") N_ N("dts") N("acpi") N("mmx") N("fxsr")
				N("sse") N("sse2") N("ss") N("ht") N("tm") N("ia64") N("pbe"),
	[CPUID_1_ECX] = N("pni") N("pclmulqdq") N("dtes64") N("monitor") N("ds_cpl") N("vmx")
		N("smx") N("est") N("tm2") N("ssse3") N("cid") N("sdbg") N("fma") N("cx16")
			N("xtpr") N("pdcm") N_ N("pcid") N("dca") N("sse4_1") N("sse4_2")
				N("x2apic") N("movbe") N("popcnt") N("tsc_deadline_timer") N("aes")
					N("xsave") N("osxsave") N("avx") N("f16c") N("rdrand")
						N("hypervisor"),
	[CPUID_7_EBX] = N("fsgsbase") N("tsc_adjust") N("sgx") N("bmi1") N("hle") N("avx2")
		N_ N("smep") N("bmi2") N("erms") N("invpcid") N("rtm") N("cqm") N_ N("mpx")
			N("rdt_a") N("avx512f") N("avx512dq") N("rdseed") N("adx") N("smap")
				N("avx512ifma") N_ N("clflushopt") N("clwb") N("intel_pt")
					N("avx512pf") N("avx512er") N("avx512cd") N("sha_ni")
						N("avx512bw") N("avx512vl"),
	[CPUID_7_ECX] = N_ N("avx512vbmi") N("umip") N("pku") N("ospke") N("waitpkg")
		N("avx512_vbmi2") N("shstk") N("gfni") N("vaes") N("vpclmulqdq") N("avx512_vnni")
			N("avx512_bitalg") N("tme") N("avx512_vpopcntdq") N_ N("la57")
				N_ N_ N_ N_ N_ N("rdpid") N_ N("bus_lock_detect") N("cldemote")
					N_ N("movdiri") N("movdir64b") N("enqcmd") N("sgx_lc")
						N("pks"),
	[CPUID_7_EDX] = N_ N_ N("avx512_4vnniw") N("avx512_4fmaps") N("fsrm")
		N_ N_ N_ N("avx512_vp2intersect") N_ N("md_clear") N_ N_ N_ N("serialize")
			N_ N("tsxldtrk") N_ N("pconfig") N("arch_lbr") N("ibt") N_ N("amx_bf16")
				N("avx512_fp16") N("amx_tile") N("amx_int8") N("ibrs") N("stibp")
					N("flush_l1d") N("arch_capabilities") N_ N("ssbd"),
	[CPUID_80000001_EDX] = N_ N_ N_ N_ N_ N_ N_ N_ N_ N_ N_ N("syscall")
		N_ N_ N_ N_ N_ N_ N_ N("mp") N("nx") N_ N("mmxext") N_ N_ N("fxsr_opt") N("pdpe1gb")
			N("rdtscp") N_ N("lm") N("3dnowext") N("3dnow"),
	[CPUID_80000001_ECX] = N("lahf_lm") N("cmp_legacy") N("svm") N("extapic") N("cr8_legacy")
		N("abm") N("sse4a") N("misalignsse") N("3dnowprefetch") N("osvw") N("ibs") N("xop")
			N("skinit") N("wdt") N_ N("lwp") N("fma4") N("tce") N_ N("nodeid_msr")
				N_ N("tbm") N("topoext") N("perfctr_core") N("perfctr_nb")
					N_ N("bpext") N("ptsc") N("perfctr_llc") N("mwaitx") N_ N_,
	[CPUID_80000007_EDX] = N_ N_ N_ N_ N_ N_ N_ N("hw_pstate") N("constant_tsc") N("cpb")
		N_ N("proc_feedback") N_ N_ N_ N_ N_ N_ N_ N_ N_ N_ N_ N_ N_ N_ N_ N_ N_ N_ N_ N_,
	[CPUID_D_1_EAX] = N("xsaveopt") N("xsavec") N("xgetbv1") N("xsaves") N("xfd")
		N_ N_ N_ N_ N_ N_ N_ N_ N_ N_ N_ N_ N_ N_ N_ N_ N_ N_ N_ N_ N_ N_ N_ N_ N_ N_ N_,
	[CPUID_6_EAX] = N("dtherm") N("ida") N("arat") N_ N("pln") N_ N("pts") N("hwp")
		N("hwp_notify") N("hwp_act_window") N("hwp_epp") N("hwp_pkg_req")
			N_ N_ N_ N_ N_ N_ N_ N("hfi") N_ N_ N_ N_ N_ N_ N_ N_ N_ N_ N_ N_,
};

const char *feature_name(u32 feature)
{
	const char *name;

	if (feature / 32 >= NR_CPUID_WORDS)
		return NULL;
	name = feature_names[feature / 32];
	for (u32 bit = feature % 32; bit; bit--)
		name += strlen(name) + 1;
	return *name ? name : NULL;
}

/* Twelve characters of a name, in the order that a leaf gives them. */
static void name_from_regs(char name[13], u32 a, u32 b, u32 c)
{
	memcpy(name, &a, 4);
	memcpy(name + 4, &b, 4);
	memcpy(name + 8, &c, 4);
	name[12] = '\0';
}

static void read_standard_leaves(struct cpuinfo_x86 *c)
{
	struct cpuid_regs r = cpuid(0);

	c->max_leaf = r.eax;
	name_from_regs(c->vendor, r.ebx, r.edx, r.ecx);
	if (c->max_leaf < 1)
		return;

	r = cpuid(1);
	c->words[CPUID_1_EDX] = r.edx;
	c->words[CPUID_1_ECX] = r.ecx;
	c->stepping = r.eax & 0xf;
	c->model = r.eax >> 4 & 0xf;
	c->family = r.eax >> 8 & 0xf;
	if (c->family == 6 || c->family == 15)
		c->model |= (r.eax >> 16 & 0xf) << 4;
	if (c->family == 15)
		c->family += r.eax >> 20 & 0xff;

	if (c->max_leaf >= 6)
		c->words[CPUID_6_EAX] = cpuid(6).eax;
	if (c->max_leaf >= 7) {
		r = cpuid_count(7, 0);
		c->words[CPUID_7_EBX] = r.ebx;
		c->words[CPUID_7_ECX] = r.ecx;
		c->words[CPUID_7_EDX] = r.edx;
	}
	if (c->max_leaf >= 0xd)
		c->words[CPUID_D_1_EAX] = cpuid_count(0xd, 1).eax;
}

/* Leaves 0x80000002 to 4 are 48 characters, often with blanks in front. */
static void read_model_name(struct cpuinfo_x86 *c)
{
	char text[sizeof(c->model_name)];
	u32 used = 0;

	for (u32 leaf = CPUID_EXTENDED + 2; leaf <= CPUID_EXTENDED + 4; leaf++) {
		struct cpuid_regs r = cpuid(leaf);

		memcpy(text + used, &r, sizeof(r));
		used += sizeof(r);
	}
	text[used] = '\0';
	strscpy(c->model_name, text + strspn(text, " "), sizeof(c->model_name));
}

static void read_extended_leaves(struct cpuinfo_x86 *c)
{
	u32 max = cpuid(CPUID_EXTENDED).eax;
	struct cpuid_regs r;

	c->phys_bits = 36; /* what the manual says to assume */
	c->virt_bits = 48;
	if (max < CPUID_EXTENDED || max > CPUID_EXTENDED + 0xffff)
		return; /* no such range: the answer was some other leaf's */
	c->max_ext_leaf = max;

	if (max >= CPUID_EXTENDED + 1) {
		r = cpuid(CPUID_EXTENDED + 1);
		c->words[CPUID_80000001_EDX] = r.edx;
		c->words[CPUID_80000001_ECX] = r.ecx;
	}
	if (max >= CPUID_EXTENDED + 7)
		c->words[CPUID_80000007_EDX] = cpuid(CPUID_EXTENDED + 7).edx;
	if (max >= CPUID_EXTENDED + 8) {
		r = cpuid(CPUID_EXTENDED + 8);
		c->phys_bits = r.eax & 0xff;
		c->virt_bits = r.eax >> 8 & 0xff;
	}
}

/* KVM of old says 0 for its maximum and means the one leaf after the first. */
static void read_hypervisor_leaves(struct cpuinfo_x86 *c)
{
	struct cpuid_regs r;

	if (!cpu_has(X86_FEATURE_HYPERVISOR))
		return;
	r = cpuid(CPUID_HYPERVISOR);
	name_from_regs(c->hypervisor, r.ebx, r.ecx, r.edx);
	c->max_hyp_leaf = r.eax;
	if (!r.eax && !strcmp(c->hypervisor, "KVMKVMKVM"))
		c->max_hyp_leaf = CPUID_HYPERVISOR + 1;
}

void cpuid_read(struct cpuinfo_x86 *c)
{
	read_standard_leaves(c);
	read_extended_leaves(c);
}

void cpu_init(void)
{
	struct cpuinfo_x86 *c = &boot_cpu_data;

	cpuid_read(c);
	if (c->max_ext_leaf >= CPUID_EXTENDED + 4)
		read_model_name(c);
	read_hypervisor_leaves(c);
}

/* ---- switching features off ------------------------------------------------------------------ */

u32 cleared_cpu_caps[NR_CPUID_WORDS];

/* What is no use without something else; a feature stands below what it needs. */
static const struct {
	u32 feature, needs;
} dependencies[] = {
	{X86_FEATURE_X2APIC, X86_FEATURE_APIC},
	{X86_FEATURE_TSC_DEADLINE_TIMER, X86_FEATURE_APIC},
	{X86_FEATURE_TSC_DEADLINE_TIMER, X86_FEATURE_TSC},
	{X86_FEATURE_CONSTANT_TSC, X86_FEATURE_TSC},
	{X86_FEATURE_PCID, X86_FEATURE_PGE},
	{X86_FEATURE_XSAVE, X86_FEATURE_FXSR},
};

static bool is_cleared(u32 feature)
{
	return has_feature(cleared_cpu_caps, feature);
}

static void clear_one(u32 feature)
{
	cleared_cpu_caps[feature / 32] |= 1u << (feature % 32);
	boot_cpu_data.words[feature / 32] &= ~(1u << (feature % 32));
}

void setup_clear_cpu_cap(u32 feature)
{
	clear_one(feature);
	for (size_t i = 0; i < ARRAY_SIZE(dependencies); i++)
		if (is_cleared(dependencies[i].needs))
			clear_one(dependencies[i].feature);
}

int feature_by_name(const char *name, size_t len)
{
	for (u32 feature = 0; feature < NR_CPUID_WORDS * 32; feature++) {
		const char *known = feature_name(feature);

		if (known && strlen(known) == len && !memcmp(known, name, len))
			return (int)feature;
	}
	return -ENOENT;
}

/* Call setup_clear_cpu_cap() for each name of the list, or only look whether all are names. */
static int for_each_name(const char *list, bool clear)
{
	for (;;) {
		size_t len = strcspn(list, ",");
		int feature = feature_by_name(list, len);

		if (feature < 0) {
			pr_warn("clearcpuid: no CPU feature is called \"%.*s\"\n", (int)len, list);
			return -EINVAL;
		}
		if (clear)
			setup_clear_cpu_cap((u32)feature);
		list += len;
		if (!*list++)
			return 0;
	}
}

/* All or nothing: an experiment with half of its features switched off would mislead. */
static int parse_clearcpuid(const char *list)
{
	int err = for_each_name(list, false);

	return err ? err : for_each_name(list, true);
}
PARAM("clearcpuid", PARAM_CALL(parse_clearcpuid),
      "NAME[,NAME...]: CPU features that Teak shall not use, by the names that `cpuid` shows");

void cpu_enable_protection(void)
{
	static const struct {
		u32 feature;
		unsigned long cr4;
	} bits[] = {
		{X86_FEATURE_PGE, CR4_PGE},
		{X86_FEATURE_UMIP, CR4_UMIP},
		{X86_FEATURE_SMEP, CR4_SMEP},
		{X86_FEATURE_SMAP, CR4_SMAP},
	};
	struct cpuinfo_x86 own = boot_cpu_data;
	unsigned long cr4 = read_cr4();

	/* Another CPU may lack what the boot CPU has, and a bit of CR4 that it does not know faults. */
	if (smp_processor_id())
		read_standard_leaves(&own);
	if (cpu_has(X86_FEATURE_NX))
		wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
	write_cr0(read_cr0() | CR0_WP);
	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		if (cpu_has(bits[i].feature) && has_feature(own.words, bits[i].feature))
			cr4 |= bits[i].cr4;
	write_cr4(cr4);
}
