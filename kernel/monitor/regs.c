/*
 * `regs`: the registers that say how this CPU is set up, with their bits in
 * words. General registers would only show the command itself; a trap's
 * are in its report. SDM vol. 3, 2.3 (RFLAGS), 2.4 (GDTR, IDTR, TR), 2.5 (control registers).
 */
#include <arch/cpufeature.h>
#include <arch/extable.h>
#include <arch/insn.h>
#include <arch/irqflags.h>
#include <lib/command.h>
#include <lib/errno.h>

/* Names from bit 0 up, ended by NULL; "" for a bit without one. */
static const char *const cr0_bits[] = {
	"PE", "MP", "EM", "TS", "ET", "NE", "", "", "", "", "", "", "",	  "",	"",   "",   "WP",
	"",   "AM", "",	  "",	"",   "",   "", "", "", "", "", "", "NW", "CD", "PG", NULL,
};
static const char *const cr4_bits[] = {
	"VME",	   "PVI",	 "TSD",	 "DE",	 "PSE",	 "PAE",	 "MCE", "PGE",	    "PCE",
	"OSFXSR",  "OSXMMEXCPT", "UMIP", "LA57", "VMXE", "SMXE", "",	"FSGSBASE", "PCIDE",
	"OSXSAVE", "KL",	 "SMEP", "SMAP", "PKE",	 "CET",	 "PKS", NULL,
};
static const char *const efer_bits[] = {
	"SCE", "",    "",    "",     "",      "",      "",    "",   "LME",
	"",    "LMA", "NXE", "SVME", "LMSLE", "FFXSR", "TCE", NULL,
};
static const char *const apic_base_bits[] = {
	"", "", "", "", "", "", "", "", "BSP", "", "EXTD", "EN", NULL,
};
static const char *const flags_bits[] = {
	"CF", "", "PF", "", "AF", "",	"ZF", "SF",  "TF",  "IF", "DF", "OF",
	"",   "", "NT", "", "RF", "VM", "AC", "VIF", "VIP", "ID", NULL,
};

static void show_reg(const char *name, u64 value, const char *const *bits)
{
	con_printf("%-15s %016llx ", name, value);
	for (u32 i = 0; bits && bits[i]; i++)
		if (bits[i][0] && (value & BIT_ULL(i)))
			con_printf(" %s", bits[i]);
	con_printf("\n");
}

/* Model-specific registers, each with the CPUID bit that promises it. SDM vol. 4, 2.1. */
static const struct {
	const char *name;
	u32 number;
	u32 feature;
	const char *const *bits;
} msrs[] = {
	{"APIC_BASE", 0x1b, X86_FEATURE_APIC, apic_base_bits},
	{"PAT", 0x277, X86_FEATURE_PAT, NULL},
	{"EFER", 0xc0000080, X86_FEATURE_LM, efer_bits},
	{"STAR", 0xc0000081, X86_FEATURE_LM, NULL},
	{"LSTAR", 0xc0000082, X86_FEATURE_LM, NULL},
	{"SFMASK", 0xc0000084, X86_FEATURE_LM, flags_bits},
	{"FS_BASE", 0xc0000100, X86_FEATURE_LM, NULL},
	{"GS_BASE", 0xc0000101, X86_FEATURE_LM, NULL},
	{"KERNEL_GS_BASE", 0xc0000102, X86_FEATURE_LM, NULL},
};

static void show_msrs(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(msrs); i++) {
		u64 value;

		if (!cpu_has(X86_FEATURE_MSR) || !cpu_has(msrs[i].feature))
			continue;
		if (rdmsr_safe(msrs[i].number, &value))
			con_printf("%-15s faults, though CPUID promises it\n", msrs[i].name);
		else
			show_reg(msrs[i].name, value, msrs[i].bits);
	}
}

static int cmd_regs(int argc, char **argv __maybe_unused)
{
	struct desc_ptr gdt, idt;

	if (argc != 1)
		return -EINVAL;
	show_reg("RFLAGS", local_save_flags(), flags_bits);
	show_reg("CR0", read_cr0(), cr0_bits);
	show_reg("CR2", read_cr2(), NULL);
	show_reg("CR3", read_cr3(), NULL);
	show_reg("CR4", read_cr4(), cr4_bits);
	show_reg("CR8", read_cr8(), NULL);
	store_gdt(&gdt);
	store_idt(&idt);
	con_printf("%-15s %016llx  limit %04x\n", "GDTR", gdt.address, gdt.size);
	con_printf("%-15s %016llx  limit %04x\n", "IDTR", idt.address, idt.size);
	con_printf("%-15s %04x\n", "TR", store_tr());
	show_msrs();
	return 0;
}
COMMAND("regs", "", "control registers, descriptor tables, model-specific registers", cmd_regs);
