/*
 * `kvmclock`: the set that the host has written for this CPU, the sum done step by step, and what ktime_get() said at the
 * same moment. Everything is printed that is needed to do it again with pencil and paper.
 */
#include <arch/insn.h>
#include <arch/irqflags.h>
#include <arch/kvm_para.h>
#include <arch/percpu.h>
#include <arch/pvclock.h>
#include <arch/tsc.h>
#include <drivers/clock/kvmclock.h>
#include <kernel/time/timekeeping.h>
#include <lib/command.h>
#include <lib/errno.h>

struct moment {
	struct pvclock_vcpu_time_info set;
	ktime_t before, after; /* what the kernel's clock said around the RDTSC */
	u64 tsc;
};

static void take(struct moment *m)
{
	const struct pvclock_vcpu_time_info *mine = this_cpu_ptr(&hv_clock);
	unsigned long flags = local_irq_save();

	do {
		pvclock_snapshot(mine, &m->set);
		m->before = ktime_get();
		m->tsc = rdtsc_ordered();
		m->after = ktime_get();
	} while (pvclock_read_retry(&mine->version, m->set.version));
	local_irq_restore(flags);
}

static void show_set(const struct pvclock_vcpu_time_info *set)
{
	con_printf("the host wrote for CPU %u, at physical 0x%llx:\n", smp_processor_id(),
		   kvmclock_set_phys());
	con_printf("  version           %u\n", set->version);
	con_printf("  tsc_timestamp     %llu\n", set->tsc_timestamp);
	con_printf("  system_time       %llu\n", set->system_time);
	con_printf("  tsc_to_system_mul %u\n", set->tsc_to_system_mul);
	con_printf("  tsc_shift         %d\n", set->tsc_shift);
	con_printf("  flags             0x%02x%s%s\n", set->flags,
		   set->flags & PVCLOCK_TSC_STABLE_BIT ? " stable" : "",
		   set->flags & PVCLOCK_GUEST_STOPPED ? " guest-stopped" : "");
}

static void show_sum(const struct moment *m)
{
	const struct pvclock_vcpu_time_info *set = &m->set;
	u64 delta = m->tsc - set->tsc_timestamp;
	u64 ns = pvclock_scale_delta(delta, set->tsc_to_system_mul, set->tsc_shift);
	u64 now = set->system_time + ns;
	/* Between the two readings of the kernel's clock the TSC was read: half-way will do. */
	u64 clock = (u64)(m->before + (m->after - m->before) / 2);

	con_printf("the sum:\n");
	con_printf("  RDTSC             %llu\n", m->tsc);
	con_printf("  delta             %llu cycles\n", delta);
	con_printf("  scaled            %llu ns = (delta %s %d) * mul / 2^32\n", ns,
		   set->tsc_shift < 0 ? ">>" : "<<",
		   set->tsc_shift < 0 ? -set->tsc_shift : set->tsc_shift);
	con_printf("  kvmclock          %llu ns = system_time + scaled\n", now);
	con_printf("  frequency         %llu kHz = (10^6 * 2^32 / mul) %s %d\n",
		   pvclock_tsc_khz(set->tsc_to_system_mul, set->tsc_shift),
		   set->tsc_shift < 0 ? "<<" : ">>",
		   set->tsc_shift < 0 ? -set->tsc_shift : set->tsc_shift);
	con_printf("the kernel's clock was then between\n");
	con_printf("  ktime_get()       %llu and %llu\n", (u64)m->before, (u64)m->after);
	con_printf("  kvmclock's zero   %llu ns before the kernel's\n", now - clock);
}

static int cmd_kvmclock(int argc, char **argv __maybe_unused)
{
	struct moment m;

	if (argc != 1)
		return -EINVAL;
	if (!kvmclock_present()) {
		con_printf("no kvmclock: %s\n", kvm_cpuid_base()
							? "KVM does not offer it, or no-kvmclock"
							: "this is not KVM");
		return 0;
	}
	take(&m);
	show_set(&m.set);
	show_sum(&m);
	return 0;
}
COMMAND("kvmclock", "", "what KVM writes for this CPU, and how it becomes the time", cmd_kvmclock);
