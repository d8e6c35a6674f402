/*
 * Busy waits, by counting TSC cycles. Never shorter than asked: a frequency that was measured is taken at the upper end of its error, and
 * as long as there is none the CPU is assumed to be faster than any. Linux: arch/x86/lib/delay.c.
 */
#include <arch/insn.h>
#include <arch/tsc.h>
#include <kernel/time/timekeeping.h>

#define FASTEST_KHZ 10000000ULL
#define PPM	    1000000ULL

static u64 cycles_per_ms(void)
{
	u64 khz;

	tsc_refine();
	khz = READ_ONCE(tsc_khz);
	if (!khz || tsc_error_ppm >= PPM)
		return FASTEST_KHZ;
	return khz + khz * tsc_error_ppm / PPM + 1;
}

static void wait_cycles(u64 cycles)
{
	u64 start = rdtsc_ordered();

	while (rdtsc() - start < cycles)
		cpu_relax();
}

static u64 to_cycles(u64 n, u64 per_ms)
{
	u64 product;

	if (__builtin_mul_overflow(n, cycles_per_ms(), &product))
		return ~0ULL; /* a hundred years */
	return product / per_ms + 1;
}

void ndelay(u64 ns)
{
	wait_cycles(to_cycles(ns, (u64)NSEC_PER_MSEC));
}

void udelay(u64 us)
{
	wait_cycles(to_cycles(us, 1000));
}

void mdelay(u64 ms)
{
	wait_cycles(to_cycles(ms, 1));
}
