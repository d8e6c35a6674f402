/* The parts of kvmclock's arithmetic that are not in anybody's way: see <arch/pvclock.h>. */
#include <arch/pvclock.h>

DEFINE_PER_CPU(struct pvclock_vcpu_time_info, hv_clock) __aligned(64);
u8 pvclock_plain_flags = 0xff;

u64 pvclock_clamp(u64 *last, u64 now)
{
	u64 seen = __atomic_load_n(last, __ATOMIC_RELAXED);

	do {
		if (now <= seen)
			return seen;
	} while (!__atomic_compare_exchange_n(last, &seen, now, false, __ATOMIC_SEQ_CST,
					      __ATOMIC_RELAXED));
	return now;
}

/* A millisecond has 10^6 ns = cycles * 2^shift * mul / 2^32. */
u64 pvclock_tsc_khz(u32 mul, s8 shift)
{
	u64 khz;

	if (!mul || shift < PVCLOCK_SHIFT_MIN || shift > PVCLOCK_SHIFT_MAX)
		return 0;
	khz = (1000000ULL << 32) / mul;
	if (shift >= 0)
		return khz >> shift;
	return khz >> (64 + shift) ? 0 : khz << -shift;
}

void pvclock_snapshot(const struct pvclock_vcpu_time_info *src, struct pvclock_vcpu_time_info *copy)
{
	u32 version;

	do {
		version = pvclock_read_begin(&src->version);
		*copy = *(const volatile struct pvclock_vcpu_time_info *)src;
		copy->version = version;
	} while (pvclock_read_retry(&src->version, version));
}

bool pvclock_wall_ns(const struct pvclock_wall_clock *wall, u64 *ns)
{
	u32 version;

	do {
		version = pvclock_read_begin(&wall->version);
		*ns = READ_ONCE(wall->sec) * 1000000000ULL + READ_ONCE(wall->nsec);
	} while (pvclock_read_retry(&wall->version, version));
	return version != 0;
}
