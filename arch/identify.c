/*
 * Each CPU's own answers to CPUID, and how they differ from the boot CPU's.
 *
 * CPUs of one machine are alike, or should be: firmware may have updated the microcode of some and
 * not of others, and hybrid machines mix two kinds. A feature that the boot CPU has and another
 * lacks is an invalid opcode waiting for the scheduler to move a thread.
 */
#define pr_fmt(fmt) "cpu: " fmt

#include <arch/apicid.h>
#include <arch/identify.h>
#include <arch/percpu.h>
#include <lib/printk.h>
#include <lib/string.h>
#include <lib/vsprintf.h>

/* CPUID shows CR4.OSXSAVE, CR4.PKE and the APIC's enable bit: state, not ability. */
#define X86_FEATURE_OSXSAVE X86_FEATURE(CPUID_1_ECX, 27)
#define X86_FEATURE_OSPKE   X86_FEATURE(CPUID_7_ECX, 4)

struct cpu_identity {
	u32 lacks[NR_CPUID_WORDS], has[NR_CPUID_WORDS];
	bool differs;
};
static DEFINE_PER_CPU(struct cpu_identity, identity);
static struct cpumask identified;

static bool is_state(u32 word, u32 bit)
{
	u32 feature = word * 32 + bit;

	return feature == X86_FEATURE_OSXSAVE || feature == X86_FEATURE_OSPKE ||
	       feature == X86_FEATURE_APIC;
}

void feature_difference(const u32 *boot, const u32 *cpu, const u32 *ignore, u32 *lacks, u32 *has)
{
	for (u32 word = 0; word < NR_CPUID_WORDS; word++) {
		u32 differ = (boot[word] ^ cpu[word]) & ~ignore[word];

		for (u32 left = differ; left; left &= left - 1)
			if (is_state(word, (u32)__ffs(left)))
				differ &= ~(left & -left);
		lacks[word] = boot[word] & differ;
		has[word] = cpu[word] & differ;
	}
}

/*
 * Append "intro name name" for the bits that are set; names that CPUID's table lacks are word:bit.
 */
static size_t append_names(const char *intro, const u32 *words, char *buf, size_t size, size_t len)
{
	for (u32 feature = 0; feature < NR_CPUID_WORDS * 32; feature++) {
		const char *name;

		if (!has_feature(words, feature))
			continue;
		name = feature_name(feature);
		len += (size_t)scnprintf(buf + len, size - len, "%s", intro);
		intro = " ";
		if (name)
			len += (size_t)scnprintf(buf + len, size - len, "%s", name);
		else
			len += (size_t)scnprintf(buf + len, size - len, "%u:%u", feature / 32,
						 feature % 32);
	}
	return len;
}

size_t describe_difference(const u32 *lacks, const u32 *has, char *buf, size_t size)
{
	size_t len;

	buf[0] = '\0';
	len = append_names("lacks ", lacks, buf, size, 0);
	return append_names(len ? ", has " : "has ", has, buf, size, len);
}

size_t cpu_difference(u32 cpu, char *buf, size_t size)
{
	const struct cpu_identity *id;

	buf[0] = '\0';
	if (!cpumask_test_cpu(cpu, &identified))
		return 0;
	id = per_cpu_ptr(&identity, cpu);
	return id->differs ? describe_difference(id->lacks, id->has, buf, size) : 0;
}

static void check_features(u32 cpu)
{
	struct cpu_identity *id = this_cpu_ptr(&identity);
	struct cpuinfo_x86 own = {0};
	char text[160];

	cpuid_read(&own);
	feature_difference(boot_cpu_data.words, own.words, cleared_cpu_caps, id->lacks, id->has);
	id->differs = describe_difference(id->lacks, id->has, text, sizeof(text));
	cpumask_set_cpu(cpu, &identified);
	if (id->differs)
		pr_warn("CPU %u is not like the boot CPU: %s\n", cpu, text);
}

static void check_topology(u32 cpu)
{
	struct topology_cpuid answers;
	struct topology_layout own;

	topology_read(&answers);
	if (topology_apicid(&answers) != cpu_to_apicid(cpu))
		pr_warn("CPU %u: the firmware's APIC id is %u, its own is %u\n", cpu,
			cpu_to_apicid(cpu), topology_apicid(&answers));
	own = topology_decode(&answers);
	if (own.core_shift != boot_topology.core_shift ||
	    own.die_shift != boot_topology.die_shift ||
	    own.package_shift != boot_topology.package_shift)
		pr_warn("CPU %u: another topology than the boot CPU's: shifts %u, %u, %u by %s\n",
			cpu, own.core_shift, own.die_shift, own.package_shift,
			topology_source_name(own.source));
}

void cpu_identify_secondary(void)
{
	u32 cpu = smp_processor_id();

	check_features(cpu);
	check_topology(cpu);
}
