/*
 * Steal time: how long a virtual CPU wanted to run and the host ran something else.
 *
 * To the guest such a time looks as if its code had become slow. KVM adds it up for each vCPU in a structure in guest
 * memory, by the same scheme as kvmclock: an MSR takes the address, `version` is odd during a write. A
 * scheduler subtracts it from what threads are charged; `preempted` says that the vCPU is off the
 * host's CPU right now, so that nobody spins for a lock that it holds.
 *
 * KVM's documentation: virt/kvm/x86/msr.rst, MSR_KVM_STEAL_TIME. Linux: arch/x86/kernel/kvm.c.
 */
#include <arch/insn.h>
#include <arch/kvm_para.h>
#include <arch/page.h>
#include <arch/percpu.h>
#include <drivers/clock/clock.h>
#include <drivers/clock/kvmclock.h>
#include <lib/command.h>
#include <lib/cpumask.h>
#include <lib/errno.h>
#include <lib/param.h>

/* The layout is the host's. It must be zero and aligned to its size before it is registered. */
struct kvm_steal_time {
	u64 steal; /* ns */
	u32 version;
	u32 flags;
	u8 preempted;
	u8 pad[47];
};
_Static_assert(sizeof(struct kvm_steal_time) == 64, "KVM's msr.rst");

static DEFINE_PER_CPU(struct kvm_steal_time, steal_time) __aligned(64);
static DEFINE_PER_CPU(bool, steal_on);

static bool no_steal;
PARAM("no-steal-acc", PARAM_FLAG(&no_steal), "do not ask KVM for steal time");

void kvm_steal_init_cpu(void)
{
	struct kvm_steal_time *mine = this_cpu_ptr(&steal_time);

	if (no_steal || !kvm_para_has_feature(KVM_FEATURE_STEAL_TIME))
		return;
	wrmsr(MSR_KVM_STEAL_TIME, virt_to_phys(mine) | KVM_MSR_ENABLED);
	this_cpu_write(steal_on, true);
}

void kvm_steal_off(void)
{
	if (!this_cpu_read(steal_on))
		return;
	wrmsr(MSR_KVM_STEAL_TIME, 0);
	this_cpu_write(steal_on, false);
}

bool kvm_steal_ns(u32 cpu, u64 *ns, bool *preempted)
{
	const struct kvm_steal_time *st = per_cpu_ptr(&steal_time, cpu);
	u32 version;

	if (!per_cpu(steal_on, cpu))
		return false;
	do {
		version = pvclock_read_begin(&st->version);
		*ns = READ_ONCE(st->steal);
		*preempted = READ_ONCE(st->preempted) & 1;
	} while (pvclock_read_retry(&st->version, version));
	return true;
}

static int cmd_steal(int argc, char **argv __maybe_unused)
{
	bool preempted;
	u64 ns;
	u32 cpu;

	if (argc != 1)
		return -EINVAL;
	for_each_online_cpu(cpu)
	{
		if (kvm_steal_ns(cpu, &ns, &preempted))
			con_printf("CPU %u: %llu.%06llu s stolen%s\n", cpu, ns / 1000000000,
				   ns / 1000 % 1000000, preempted ? ", and off the CPU now" : "");
		else
			con_printf("CPU %u: nobody tells (%s)\n", cpu,
				   kvm_cpuid_base() ? "KVM does not offer it" : "this is not KVM");
	}
	return 0;
}
COMMAND("steal", "", "time that the host ran something else, by CPU", cmd_steal);
