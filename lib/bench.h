/*
 * Benchmarks, registered beside the subsystem that they measure and run by the
 * `bench=PATTERN` boot parameter or the `bench` command (kernel/bench.c).
 *
 *	BENCH(lock, spinlock) { BENCH_LOOP(b, 100) { spin_lock(&l); spin_unlock(&l); } }
 *
 * Under QEMU's -icount shift=0 one TSC tick is one instruction, so a result is
 * exact. A body is called once a sample; BENCH_LOOP times `n` turns of its
 * body, and the runner subtracts what an empty loop of the same shape costs. The row's name is
 * the second argument, as in docs/bench/rows.tsv.
 */
#ifndef LIB_BENCH_H
#define LIB_BENCH_H

#include <lib/registry.h>
#include <lib/types.h>

struct bench_state {
	u64 start, stop; /* TSC around the timed part */
	u32 n;		 /* operations in it */
};

struct bench {
	const char *suite;
	const char *name;
	void (*run)(struct bench_state *b);
};

#define BENCH(bsuite, bname)                                                        \
	static void bench_##bsuite##_##bname(struct bench_state *b);                \
	static const struct bench __bench_##bsuite##_##bname = {                    \
		.suite = #bsuite, .name = #bname, .run = bench_##bsuite##_##bname}; \
	REGISTER(benches, __bench_##bsuite##_##bname);                              \
	static void bench_##bsuite##_##bname(struct bench_state *b)

DECLARE_REGISTRY(const struct bench, benches);

void bench_begin(struct bench_state *b, u32 n);
void bench_end(struct bench_state *b);

#define BENCH_LOOP(b, count)                                               \
	for (u32 _turn = (bench_begin((b), (count)), 0), _once = 1; _once; \
	     bench_end(b), _once = 0)                                      \
		for (; _turn < (count); _turn++, ({ barrier(); }))

#endif
