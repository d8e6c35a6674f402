/*
 * First include of every fuzz target. A target is one function that takes
 * bytes and must come back: a crash, a sanitizer's report or a failed BUG_ON
 * is a finding, kept as build/fuzz/NAME-crash-*. Give that file to the program to see it again.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <tests/host/libc.h>
#include <lib/bug.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Takes values off the front of the input; zeros once it is used up. */
struct fuzz_input {
	const u8 *data;
	size_t left;
};

static inline void fuzz_bytes(struct fuzz_input *in, void *dst, size_t n)
{
	size_t have = min(n, in->left);

	libc_memset(dst, 0, n);
	libc_memcpy(dst, in->data, have);
	in->data += have;
	in->left -= have;
}

static inline u8 fuzz_u8(struct fuzz_input *in)
{
	u8 v;

	fuzz_bytes(in, &v, sizeof(v));
	return v;
}

static inline u64 fuzz_u64(struct fuzz_input *in)
{
	u64 v;

	fuzz_bytes(in, &v, sizeof(v));
	return v;
}

#endif
