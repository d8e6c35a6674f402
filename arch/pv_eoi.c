/* Asking KVM for ends of interrupt without an exit, and taking it back. */
#include <arch/insn.h>
#include <arch/kvm_para.h>
#include <arch/page.h>
#include <arch/pv_eoi.h>

DEFINE_PER_CPU(u32, pv_eoi_word) __aligned(4);
static DEFINE_PER_CPU(bool, asked);

void pv_eoi_enable(void)
{
	if (!kvm_para_has_feature(KVM_FEATURE_PV_EOI))
		return;
	this_cpu_write(pv_eoi_word, 0u);
	wrmsr(MSR_KVM_PV_EOI_EN, virt_to_phys(this_cpu_ptr(&pv_eoi_word)) | KVM_MSR_ENABLED);
	this_cpu_write(asked, true);
}

void pv_eoi_disable(void)
{
	if (!pv_eoi_enabled())
		return;
	wrmsr(MSR_KVM_PV_EOI_EN, 0);
	this_cpu_write(asked, false);
}

bool pv_eoi_enabled(void)
{
	return this_cpu_read(asked);
}
