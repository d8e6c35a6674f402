/*
 * kvmclock: the arithmetic against a reference, the version protocol, the clamp; and on KVM the real thing: what the
 * host wrote makes sense, and the sum done here is the time that the kernel tells.
 */
#include <arch/insn.h>
#include <arch/irqflags.h>
#include <arch/kvm_para.h>
#include <arch/pvclock.h>
#include <arch/tsc.h>
#include <drivers/clock/clock.h>
#include <drivers/clock/kvmclock.h>
#include <kernel/ktest.h>
#include <kernel/smp.h>
#include <kernel/time/clocksource.h>
#include <kernel/time/timekeeping.h>
#include <tests/pvclock_model.h>

#define ROUNDS 2000

/* Random, with all lengths equally likely. */
static u64 rand_any_length(void)
{
	return ktest_rand() >> ktest_rand_below(64);
}

TEST(pvclock, scale_is_exact)
{
	for (int i = 0; i < ROUNDS; i++) {
		u64 delta = rand_any_length();
		u32 mul = (u32)(ktest_rand() >> (32 + ktest_rand_below(8)));
		s8 shift = (s8)((int)ktest_rand_below(65) - 32);

		ASSERT_EQ(pvclock_scale_delta(delta, mul, shift),
			  model_scale_delta(delta, mul, shift));
	}
}

TEST(pvclock, scale_of_the_extremes)
{
	static const u64 deltas[] = {0, 1, 0xffffffff, 0x100000000, ~0ULL >> 1, ~0ULL};
	static const u32 muls[] = {0, 1, 0x7fffffff, 0x80000000, 0xc53792b0, 0xffffffff};
	static const s8 shifts[] = {-32, -31, -1, 0, 1, 31, 32};

	for (size_t d = 0; d < ARRAY_SIZE(deltas); d++)
		for (size_t m = 0; m < ARRAY_SIZE(muls); m++)
			for (size_t s = 0; s < ARRAY_SIZE(shifts); s++)
				EXPECT_EQ(pvclock_scale_delta(deltas[d], muls[m], shifts[s]),
					  model_scale_delta(deltas[d], muls[m], shifts[s]));
}

/* Seen on a machine: this mul and shift are 2,596,124 kHz. */
TEST(pvclock, frequency)
{
	EXPECT_EQ(pvclock_tsc_khz(0xc53792b0, -1), 2596124ULL);
	EXPECT_EQ(pvclock_tsc_khz(0x80000000, 0), 2000000ULL);
	EXPECT_EQ(pvclock_tsc_khz(0x80000000, 1), 1000000ULL);
	EXPECT_EQ(pvclock_tsc_khz(0, -1), 0ULL);
	EXPECT_EQ(pvclock_tsc_khz(0x80000000, -128), 0ULL);
	EXPECT_EQ(pvclock_tsc_khz(0x80000000, 127), 0ULL);
	EXPECT_EQ(pvclock_tsc_khz(1, -32), 0ULL); /* beyond 64 bits */
}

TEST(pvclock, odd_or_changed_version_forces_a_retry)
{
	u32 version = 6;
	u32 seen = pvclock_read_begin(&version);

	EXPECT_FALSE(pvclock_read_retry(&version, seen));
	version = 7; /* the host began to write */
	EXPECT_TRUE(pvclock_read_retry(&version, seen));
	version = 8; /* and is done */
	EXPECT_TRUE(pvclock_read_retry(&version, seen));
	version = 7;
	seen = pvclock_read_begin(&version);
	EXPECT_TRUE(pvclock_read_retry(&version, seen)); /* begun in the middle: never good */
	version = 8;
	EXPECT_TRUE(pvclock_read_retry(&version, pvclock_read_begin(&version) + 2));
}

TEST(pvclock, clamp_never_goes_back)
{
	u64 last = 0, before = 0;

	for (int i = 0; i < ROUNDS; i++) {
		u64 given = ktest_rand_below(1000000);
		u64 got = pvclock_clamp(&last, given);

		ASSERT_GE(got, before);
		ASSERT_GE(got, given);
		ASSERT_EQ(got, last);
		before = got;
	}
}

static void need_kvmclock(void)
{
	if (!kvmclock_present())
		ktest_skip(kvm_cpuid_base() ? "KVM offers no clock" : "not KVM");
}

TEST(pvclock, host_writes_a_sound_set)
{
	struct pvclock_vcpu_time_info set;

	need_kvmclock();
	pvclock_snapshot(this_cpu_ptr(&hv_clock), &set);
	EXPECT_NE(set.version, 0U);
	EXPECT_FALSE(set.version & 1);
	EXPECT_NE(set.tsc_to_system_mul, 0U);
	EXPECT_LE(set.tsc_timestamp, rdtsc());
	EXPECT_EQ(pvclock_tsc_khz(set.tsc_to_system_mul, set.tsc_shift), (u64)tsc_khz);
	EXPECT_EQ(kvmclock_set_phys() % 32, 0ULL);
}

TEST(pvclock, sum_by_hand_is_the_time)
{
	struct pvclock_vcpu_time_info *mine, set;
	unsigned long flags;
	u64 before, by_hand, after;

	need_kvmclock();
	flags = local_irq_save();
	mine = this_cpu_ptr(&hv_clock);
	do {
		pvclock_snapshot(mine, &set);
		before = kvmclock_now();
		by_hand = set.system_time + model_scale_delta(rdtsc_ordered() - set.tsc_timestamp,
							      set.tsc_to_system_mul, set.tsc_shift);
		after = kvmclock_now();
	} while (pvclock_read_retry(&mine->version, set.version));
	local_irq_restore(flags);
	EXPECT_LE(before, by_hand);
	EXPECT_LE(by_hand, after);
}

static void note_set(void *info)
{
	u64 *khz = info;
	const struct pvclock_vcpu_time_info *mine = this_cpu_ptr(&hv_clock);

	*khz = mine->version ? pvclock_tsc_khz(mine->tsc_to_system_mul, mine->tsc_shift) : 0;
}

TEST(pvclock, every_cpu_is_registered)
{
	u32 cpu, here = smp_processor_id();
	u64 khz;

	need_kvmclock();
	for_each_online_cpu(cpu)
	{
		khz = 0;
		if (cpu == here)
			note_set(&khz);
		else
			smp_call_function_single(cpu, note_set, &khz, true);
		EXPECT_EQ(khz, (u64)tsc_khz);
	}
}

/* The host sets the flag when the VM goes on after a pause; here it is set by hand. */
TEST(pvclock, guest_stopped_is_taken_note_of)
{
	struct pvclock_vcpu_time_info *mine;
	u64 before, after;

	need_kvmclock();
	mine = this_cpu_ptr(&hv_clock);
	before = kvmclock_now();
	__atomic_fetch_or(&mine->flags, PVCLOCK_GUEST_STOPPED, __ATOMIC_SEQ_CST);
	after = kvmclock_now();
	EXPECT_FALSE(READ_ONCE(mine->flags) & PVCLOCK_GUEST_STOPPED);
	EXPECT_GE(after, before);
	EXPECT_GT(ktime_get_real(), 0); /* looked up again */
	EXPECT_LT(timekeeping_paused(), NSEC_PER_SEC);
}

TEST(pvclock, steal_only_grows)
{
	u64 first, second;
	bool preempted = true;

	if (!kvm_steal_ns(smp_processor_id(), &first, &preempted))
		ktest_skip(kvm_cpuid_base() ? "KVM offers no steal time" : "not KVM");
	EXPECT_FALSE(preempted); /* this CPU is running */
	for (int i = 0; i < 10; i++) {
		ASSERT_TRUE(kvm_steal_ns(smp_processor_id(), &second, &preempted));
		EXPECT_GE(second, first);
		first = second;
	}
}
