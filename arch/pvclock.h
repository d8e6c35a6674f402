/*
 * The arithmetic of kvmclock: what a hypervisor writes into guest memory and how it becomes nanoseconds.
 *
 * The host cannot answer a question each time somebody asks for the time: that would be an exit. It leaves
 * the ingredients in a page of the guest instead, one set a virtual CPU: "when your TSC read
 * tsc_timestamp it was system_time, and a TSC cycle is so many nanoseconds". The guest reads its own TSC and
 * does the sum. When one of the ingredients changes (the vCPU moves to another core, the VM to another
 * machine) the host writes a new set, and `version` lets a reader notice that he was in the middle of it.
 *
 * No MSR here (drivers/clock/kvmclock.c writes them): tests/host/test_pvclock.c runs the same code. Linux: arch/x86/kernel/pvclock.c,
 * KVM's documentation: virt/kvm/x86/msr.rst and timekeeping.rst.
 */
#ifndef ARCH_PVCLOCK_H
#define ARCH_PVCLOCK_H

#include <arch/insn.h>
#include <arch/percpu.h>
#include <lib/types.h>

/* The layout is the host's; written by it at any time. */
struct pvclock_vcpu_time_info {
	u32 version; /* odd: being written */
	u32 pad0;
	u64 tsc_timestamp;
	u64 system_time;       /* ns, when the TSC read tsc_timestamp */
	u32 tsc_to_system_mul; /* ns = (cycles << tsc_shift) * mul / 2^32 */
	s8 tsc_shift;
	u8 flags;
	u8 pad[2];
};
_Static_assert(sizeof(struct pvclock_vcpu_time_info) == 32, "KVM's msr.rst");

#define PVCLOCK_TSC_STABLE_BIT \
	0x01 /* all CPUs' clocks agree (if CPUID says that this bit means it) */
#define PVCLOCK_GUEST_STOPPED 0x02 /* the VM was paused; the guest clears it */

/* The time of day at which system_time was 0. Written once for each write to the MSR. */
struct pvclock_wall_clock {
	u32 version;
	u32 sec;
	u32 nsec;
};

/* This CPU's set. A cache line each: the host writes while others read, and a set must not cross a page. */
DECLARE_PER_CPU(struct pvclock_vcpu_time_info, hv_clock);
/*
 * The flags of a set that can be used as it is: stable, and nothing else. 0xff, which no flags are, when the
 * bit cannot be trusted: each read then goes through the clamp.
 */
extern u8 pvclock_plain_flags;

#define PVCLOCK_SHIFT_MIN (-32)
#define PVCLOCK_SHIFT_MAX 32

/* The version to compare with afterwards; never odd, so that a set being written never compares equal. */
static inline u32 pvclock_read_begin(const u32 *version)
{
	u32 seen = READ_ONCE(*version) & ~1u;

	barrier(); /* x86 keeps loads in order, the compiler would not */
	return seen;
}

static inline bool pvclock_read_retry(const u32 *version, u32 seen)
{
	barrier(); /* what follows is a load of its own */
	return unlikely(*version != seen);
}

/*
 * Cycles to nanoseconds. The product has up to 96 bits and the MUL instruction gives 128: in 64 bits it would
 * overflow after four seconds. A negative shift comes before the product, as the ABI says; a positive one after it,
 * where it is the same and loses nothing of a huge delta.
 */
static inline u64 pvclock_scale_delta(u64 delta, u32 mul, s8 shift)
{
	if (likely(shift < 0)) /* a TSC of more than 1 GHz */
		return (u64)((unsigned __int128)(delta >> (-shift & 63)) * mul >> 32);
	return (u64)((unsigned __int128)delta * mul >> ((32 - shift) & 63));
}

/* Now, as the set says it, and the flags that came with it. `src` is of the CPU that runs this. */
static __always_inline u64 pvclock_read(const struct pvclock_vcpu_time_info *src, u8 *flags)
{
	u64 delta, ns;
	u32 version;

	do {
		version = pvclock_read_begin(&src->version);
		delta = rdtsc_ordered() - src->tsc_timestamp;
		ns = src->system_time +
		     pvclock_scale_delta(delta, src->tsc_to_system_mul, src->tsc_shift);
		*flags = src->flags;
	} while (pvclock_read_retry(&src->version, version));
	return ns;
}

/*
 * Where the hosts' clocks of two CPUs may differ: no reader, on whichever CPU, gets less than *last, which is the
 * largest that any has got. Any context.
 */
u64 pvclock_clamp(u64 *last, u64 now);
/* The TSC frequency that mul and shift stand for; 0 when they make none (mul 0: the host has written nothing). */
u64 pvclock_tsc_khz(u32 mul, s8 shift);
/* A copy of a set as it was at one moment. */
void pvclock_snapshot(const struct pvclock_vcpu_time_info *src,
		      struct pvclock_vcpu_time_info *copy);
/* The time of day at system_time 0, in ns since 1970. false: the host has written nothing. */
bool pvclock_wall_ns(const struct pvclock_wall_clock *wall, u64 *ns);

#endif
