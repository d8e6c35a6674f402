/*
 * The reference for kvmclock's arithmetic: multiplication as on paper, in pieces of 32 bits, so that it shares nothing with
 * what it checks. Used in the kernel and on the host.
 */
#ifndef TESTS_PVCLOCK_MODEL_H
#define TESTS_PVCLOCK_MODEL_H

#include <lib/types.h>

/* delta * mul, 96 bits in three words, lowest first. */
static inline void model_multiply(u64 delta, u32 mul, u32 words[3])
{
	u64 low = (delta & 0xffffffff) * mul;
	u64 high = (delta >> 32) * mul + (low >> 32);

	words[0] = (u32)low;
	words[1] = (u32)high;
	words[2] = (u32)(high >> 32);
}

/* (delta * 2^shift * mul) / 2^32, modulo 2^64; a negative shift drops bits of delta first. |shift| <= 32. */
static inline u64 model_scale_delta(u64 delta, u32 mul, int shift)
{
	u32 words[3];
	u64 result = 0;

	if (shift < 0) {
		delta /= 1ULL << -shift;
		shift = 0;
	}
	model_multiply(delta, mul, words);
	/* Bit by bit: bit i of the product has the weight 2^(i - 32 + shift). */
	for (int i = 0; i < 96; i++) {
		int to = i - 32 + shift;

		if ((words[i / 32] >> (i % 32) & 1) && to >= 0 && to < 64)
			result += 1ULL << to;
	}
	return result;
}

#endif
