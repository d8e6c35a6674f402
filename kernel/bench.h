/* Running benchmarks, and rows that are measured once instead of in a loop. */
#ifndef KERNEL_BENCH_H
#define KERNEL_BENCH_H

#include <lib/bench.h>

/*
 * Measure every benchmark whose "suite", "name" or "suite.name" matches (globs; "all") and print a line for each:
 *	bench: NAME VALUE instructions spread S samples N
 * VALUE and S are per operation, with one decimal. Returns how many matched.
 */
u32 bench_run(const char *pattern);
/* Print the line of something measured once. */
void bench_report(const char *name, u64 value, u32 samples);
/* The prompt would be shown now: ends the row `boot`, the first time it is called. */
void bench_mark_prompt(void);
/* What bench= asks for, if it was given: measure and leave the machine with the verdict. */
void bench_boot(void);

#endif
