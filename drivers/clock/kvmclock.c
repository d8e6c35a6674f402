/*
 * kvmclock: the clock that KVM gives its guests.
 *
 * Each CPU tells the host, by an MSR, the physical address of a struct pvclock_vcpu_time_info of its own. From then
 * on the host keeps that up to date, and reading the time is arithmetic (<arch/pvclock.h>). A second MSR has
 * the host write the time of day once. Both exist twice, with old numbers (11h, 12h) and new ones; which to use is said
 * by bits in CPUID, and without such a bit the MSRs are not touched: TCG and Bochs accept the write and do nothing.
 *
 * The steps, in the order of this file: find it (kvmclock_init), register a CPU (register_cpu), read
 * (kvmclock_read), notice a pause of the VM (kvmclock_slow), ask for the time of day (read_wall_clock), switch it off (kvmclock_off).
 *
 * Invariant: the host writes only to memory that is per-CPU data of a running kernel. So before the machine restarts, and
 * on a CPU that goes away, 0 is written to the MSR. KVM's documentation: virt/kvm/x86/msr.rst; Linux: arch/x86/kernel/kvmclock.c.
 */
#define pr_fmt(fmt) "kvmclock: " fmt

#include <arch/cpufeature.h>
#include <arch/insn.h>
#include <arch/kvm_para.h>
#include <arch/page.h>
#include <arch/percpu.h>
#include <arch/pvclock.h>
#include <arch/tsc.h>
#include <drivers/clock/clock.h>
#include <drivers/clock/kvmclock.h>
#include <kernel/power.h>
#include <kernel/smp.h>
#include <kernel/smpboot.h>
#include <kernel/time/clocksource.h>
#include <kernel/time/timekeeping.h>
#include <lib/bug.h>
#include <lib/param.h>
#include <lib/printk.h>

static bool no_kvmclock;
PARAM("no-kvmclock", PARAM_FLAG(&no_kvmclock), "do not use the clock that KVM offers");

static struct pvclock_wall_clock wall_clock __aligned(16);

static u32 msr_system_time, msr_wall_clock; /* 0: no kvmclock */

static u64 last_value; /* the latest time that any CPU has read, where CPUs may disagree */

/* ---- registering ---------------------------------------------------------------------------------- */

static void register_cpu(void)
{
	struct pvclock_vcpu_time_info *mine = this_cpu_ptr(&hv_clock);

	if (msr_system_time)
		wrmsr(msr_system_time, virt_to_phys(mine) | KVM_MSR_ENABLED);
}

void kvmclock_init_cpu(void)
{
	register_cpu();
	kvm_steal_init_cpu();
}

static bool choose_msrs(void)
{
	if (kvm_para_has_feature(KVM_FEATURE_CLOCKSOURCE2)) {
		msr_system_time = MSR_KVM_SYSTEM_TIME_NEW;
		msr_wall_clock = MSR_KVM_WALL_CLOCK_NEW;
	} else if (kvm_para_has_feature(KVM_FEATURE_CLOCKSOURCE)) {
		msr_system_time = MSR_KVM_SYSTEM_TIME;
		msr_wall_clock = MSR_KVM_WALL_CLOCK;
	}
	return msr_system_time != 0;
}

void kvmclock_init(void)
{
	const struct pvclock_vcpu_time_info *mine = this_cpu_ptr(&hv_clock);
	u64 khz;

	if (no_kvmclock || !choose_msrs())
		return;
	register_cpu(); /* the host has filled it in when the WRMSR is done */
	khz = pvclock_tsc_khz(mine->tsc_to_system_mul, mine->tsc_shift);
	if (!khz) {
		pr_warn("not used: mul %u and shift %d make no frequency\n",
			mine->tsc_to_system_mul, mine->tsc_shift);
		kvmclock_off();
		return;
	}
	if (kvm_para_has_feature(KVM_FEATURE_CLOCKSOURCE_STABLE_BIT))
		pvclock_plain_flags = PVCLOCK_TSC_STABLE_BIT;
	tsc_set_khz(khz, 0, "kvmclock");
	pr_info("MSRs %x and %x; %s\n", msr_system_time, msr_wall_clock,
		mine->flags & pvclock_plain_flags & PVCLOCK_TSC_STABLE_BIT
			? "stable: all CPUs agree"
			: "CPUs may disagree: reads are clamped");
}

/* ---- reading -------------------------------------------------------------------------------------- */

/*
 * Either the VM was paused, which the host says once to each CPU, or the CPUs' clocks may disagree. The flag is
 * the one thing in the set that the guest writes.
 */
static __noinline u64 kvmclock_slow(u64 now, struct pvclock_vcpu_time_info *mine, u8 flags)
{
	if (flags & PVCLOCK_GUEST_STOPPED) {
		__atomic_fetch_and(&mine->flags, (u8)~PVCLOCK_GUEST_STOPPED, __ATOMIC_RELAXED);
		timekeeping_note_pause();
	}
	if (flags & pvclock_plain_flags & PVCLOCK_TSC_STABLE_BIT)
		return now;
	return pvclock_clamp(&last_value, now);
}

/* Once threads can move between CPUs: not between finding `mine` and the RDTSC. */
static u64 kvmclock_read(struct clocksource *cs __maybe_unused)
{
	struct pvclock_vcpu_time_info *mine = this_cpu_ptr(&hv_clock);
	u8 flags;
	u64 now = pvclock_read(mine, &flags);

	if (likely(flags == pvclock_plain_flags))
		return now;
	return kvmclock_slow(now, mine, flags);
}

u64 kvmclock_now(void)
{
	return kvmclock_read(NULL);
}

/* ---- the time of day ------------------------------------------------------------------------------ */

/* The write asks; the host answers before the next instruction: what the time of day was when its clock was at 0. */
static ktime_t read_wall_clock(void)
{
	u64 boot_ns;

	wrmsr(msr_wall_clock, virt_to_phys(&wall_clock));
	if (!pvclock_wall_ns(&wall_clock, &boot_ns))
		return -1;
	return (ktime_t)(boot_ns + kvmclock_now());
}

static const struct persistent_clock kvm_wall_clock = {
	.name = "KVM's wall clock",
	.read = read_wall_clock,
};

/* ---- coming and going ----------------------------------------------------------------------------- */

void kvmclock_off(void)
{
	if (msr_system_time)
		wrmsr(msr_system_time, 0);
	kvm_steal_off();
}

static void call_off(void *info __maybe_unused)
{
	kvmclock_off();
}

static struct clocksource kvmclock = {
	.name = "kvmclock",
	.rating = 400,
	.flags = CLOCK_SOURCE_IS_CONTINUOUS | CLOCK_SOURCE_VALID_FOR_HRES | CLOCK_SOURCE_IS_PVCLOCK,
	.read = kvmclock_read,
	.mask = ~0ULL, /* it reads in nanoseconds: 1 GHz */
};

/* This CPU at once; the others when the interrupt reaches them, which a panic does not try. */
static void off_everywhere(void)
{
	if (!panic_depth)
		smp_call_function(call_off, NULL, false);
	kvmclock_off();
}

static struct restart_hook restart_hook = {.run = off_everywhere};

void kvmclock_register(void)
{
	if (!msr_system_time)
		return;
	smp_register_cpu_init(kvmclock_init_cpu);
	kvm_steal_init_cpu();
	register_restart_hook(&restart_hook);
	if (pvclock_plain_flags == 0xff)
		kvmclock.rating = 350;
	clocksource_register_hz(&kvmclock, NSEC_PER_SEC);
	timekeeping_set_persistent_clock(&kvm_wall_clock);
}

u64 kvmclock_set_phys(void)
{
	return virt_to_phys(this_cpu_ptr(&hv_clock));
}

bool kvmclock_present(void)
{
	return msr_system_time != 0;
}
