/*
 * Finding KVM's CPUID leaves. They usually start at 4000_0000h, but a KVM that also plays Hyper-V puts
 * Hyper-V's there and its own 100h further on, so the signature is looked for.
 */
#include <arch/cpufeature.h>
#include <arch/insn.h>
#include <arch/kvm_para.h>
#include <lib/string.h>

#define HYP_FIRST	  0x40000000u
#define HYP_LAST	  0x4000ff00u
#define HYP_STEP	  0x100u
#define KVM_FEATURES_LEAF 1 /* after the base */

static bool is_kvm(const struct cpuid_regs *r)
{
	const u32 name[3] = {r->ebx, r->ecx, r->edx};

	return !memcmp(name, "KVMKVMKVM\0\0\0", sizeof(name));
}

/* Anyone but a hypervisor answers these leaves with some other leaf's data; KVM of old gives 0 for "one more". */
static u32 find_base(void)
{
	if (!cpu_has(X86_FEATURE_HYPERVISOR))
		return 0;
	for (u32 base = HYP_FIRST; base <= HYP_LAST; base += HYP_STEP) {
		struct cpuid_regs r = cpuid(base);

		if (is_kvm(&r))
			return !r.eax || r.eax >= base + KVM_FEATURES_LEAF ? base : 0;
		if (r.eax < base || r.eax >= base + HYP_STEP)
			return 0; /* no range of leaves here, so none further on */
	}
	return 0;
}

u32 kvm_cpuid_base(void)
{
	static u32 base;
	static bool looked;

	if (!looked) {
		base = find_base();
		looked = true;
	}
	return base;
}

bool kvm_para_has_feature(u32 bit)
{
	u32 base = kvm_cpuid_base();

	return base && (cpuid(base + KVM_FEATURES_LEAF).eax & BIT(bit));
}
