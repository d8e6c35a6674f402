/*
 * Finding and counting bits, under Linux's names.
 *
 * Only BSF and BSR (SDM vol. 2), which every x86-64 CPU has. The compiler's __builtin_ctz will do for
 * constants only, which it folds: for a variable GCC writes "rep bsf", which newer CPUs decode as
 * TZCNT, and TZCNT, LZCNT and POPCNT are among the instructions that a software KVM gets wrong.
 */
#ifndef LIB_BITOPS_H
#define LIB_BITOPS_H

#include <lib/types.h>

#define BITS_PER_LONG 64

/* Index of the lowest set bit, from 0. word is not 0. */
static __always_inline unsigned long __ffs(unsigned long word)
{
	unsigned long bit;

	if (__builtin_constant_p(word))
		return (unsigned long)__builtin_ctzl(word);
	__asm__("bsfq %1, %0" : "=r"(bit) : "rm"(word) : "cc");
	return bit;
}

/* Index of the highest set bit, from 0. word is not 0. */
static __always_inline unsigned long __fls(unsigned long word)
{
	unsigned long bit;

	if (__builtin_constant_p(word))
		return BITS_PER_LONG - 1 - (unsigned long)__builtin_clzl(word);
	__asm__("bsrq %1, %0" : "=r"(bit) : "rm"(word) : "cc");
	return bit;
}

/* Index of the lowest clear bit, from 0. word is not all ones. */
static __always_inline unsigned long ffz(unsigned long word)
{
	return __ffs(~word);
}

/* Number of the lowest set bit, from 1; 0 when there is none. */
static __always_inline int ffs(int x)
{
	return x ? (int)__ffs((unsigned int)x) + 1 : 0;
}

/* Number of the highest set bit, from 1; 0 when there is none. */
static __always_inline int fls(unsigned int x)
{
	return x ? (int)__fls(x) + 1 : 0;
}

static __always_inline int fls64(u64 x)
{
	return x ? (int)__fls(x) + 1 : 0;
}

/* The logarithm to base 2, rounded down. x is not 0. */
static __always_inline int ilog2(u64 x)
{
	return (int)__fls(x);
}

static __always_inline bool is_power_of_2(u64 x)
{
	return x && !(x & (x - 1));
}

/* 1 <= x <= 2^63. */
static __always_inline u64 roundup_pow_of_two(u64 x)
{
	return 1ULL << fls64(x - 1);
}

/* x is not 0. */
static __always_inline u64 rounddown_pow_of_two(u64 x)
{
	return 1ULL << ilog2(x);
}

/*
 * How many bits are set. Sums of 2 bits, of 4, of 8, side by side in one word; the multiplication
 * adds the eight bytes up in the highest one. (POPCNT is another instruction not to be relied on.)
 */
static inline unsigned int hweight64(u64 x)
{
	x -= (x >> 1) & 0x5555555555555555ULL;
	x = (x & 0x3333333333333333ULL) + ((x >> 2) & 0x3333333333333333ULL);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return (unsigned int)((x * 0x0101010101010101ULL) >> 56);
}

static inline unsigned int hweight32(u32 x)
{
	return hweight64(x);
}

#endif
