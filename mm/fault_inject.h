/*
 * Make allocations fail on purpose, so that error paths are tested: `fail_alloc=SUITE/PROBABILITY/NTH`
 * on the command line, fail_alloc_nth() in a test. Linux: fault-injection (failslab, fail_page_alloc).
 */
#ifndef MM_FAULT_INJECT_H
#define MM_FAULT_INJECT_H

#include <lib/types.h>

enum fail_suite { FAIL_PAGE, FAIL_SLAB, FAIL_VMALLOC, NR_FAIL_SUITES };

/* Bit s: suite s has something to fail. The fast paths look at this alone. */
extern u32 fail_armed;

/* Called when armed: does this allocation fail? */
bool should_fail(enum fail_suite suite);
#define should_fail_alloc(suite) (unlikely(fail_armed & (1u << (suite))) && should_fail(suite))

/* The boot is over: what fail_alloc= asked for counts from here. */
void fail_alloc_arm(void);
/* The n-th allocation from now (1 is the next) fails once; 0 disarms. */
void fail_alloc_nth(enum fail_suite suite, u64 n);
/* true when the armed failure has happened. */
bool fail_alloc_happened(enum fail_suite suite);

#endif
