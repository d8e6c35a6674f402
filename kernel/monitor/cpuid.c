/* `cpuid`: what the CPU says it is, in words; or one leaf as it stands. */
#include <arch/cpufeature.h>
#include <arch/insn.h>
#include <lib/command.h>
#include <lib/errno.h>
#include <lib/kstrtox.h>
#include <lib/string.h>

#define ROW_COLUMNS 78

static void show_features(void)
{
	size_t column = 0;

	for (u32 feature = 0; feature < NR_CPUID_WORDS * 32; feature++) {
		const char *name = feature_name(feature);
		size_t n;

		if (!name || !cpu_has(feature))
			continue;
		n = strlen(name) + 1;
		if (column + n > ROW_COLUMNS) {
			con_printf("\n");
			column = 0;
		}
		con_printf("%s%s", column ? " " : "  ", name);
		column += column ? n : n + 1;
	}
	con_printf("\n");
}

static void show_summary(const struct cpuinfo_x86 *c)
{
	con_printf("vendor      %s\n", c->vendor);
	if (c->model_name[0])
		con_printf("model name  %s\n", c->model_name);
	con_printf("family %u, model %u, stepping %u\n", c->family, c->model, c->stepping);
	con_printf("hypervisor  %s\n", c->hypervisor[0] ? c->hypervisor : "none");
	con_printf("addresses   %u bits physical, %u bits virtual\n", c->phys_bits, c->virt_bits);
	con_printf("last leaf   0x%x, extended 0x%x, hypervisor 0x%x\n", c->max_leaf,
		   c->max_ext_leaf, c->max_hyp_leaf);
	con_printf("features\n");
	show_features();
}

/* A leaf past its range's maximum answers with another leaf's data; so it is not asked. */
static bool leaf_exists(u64 leaf)
{
	const struct cpuinfo_x86 *c = &boot_cpu_data;

	switch (leaf >> 16) {
	case 0x0000:
		return leaf <= c->max_leaf;
	case 0x4000:
		return cpu_has(X86_FEATURE_HYPERVISOR) && leaf <= c->max_hyp_leaf;
	case 0x8000:
		return leaf <= c->max_ext_leaf;
	default:
		return false;
	}
}

static int cmd_cpuid(int argc, char **argv)
{
	u64 leaf, subleaf = 0;
	struct cpuid_regs r;

	if (argc == 1) {
		show_summary(&boot_cpu_data);
		return 0;
	}
	if (argc > 3 || kstrtou64(argv[1], 0, &leaf) ||
	    (argc == 3 && kstrtou64(argv[2], 0, &subleaf)) || subleaf > 0xffffffff)
		return -EINVAL;
	if (!leaf_exists(leaf))
		return -ERANGE;
	r = cpuid_count((u32)leaf, (u32)subleaf);
	con_printf("eax %08x  ebx %08x  ecx %08x  edx %08x\n", r.eax, r.ebx, r.ecx, r.edx);
	return 0;
}
COMMAND("cpuid", "[LEAF [SUBLEAF]]", "what the CPU is and can do, or one leaf", cmd_cpuid);
