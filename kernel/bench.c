/*
 * Benchmarks: run, subtract what the loop itself costs, print the middle.
 *
 * Each benchmark is called a few times to warm caches and allocators, then
 * SAMPLES times. The median of the samples minus the median of an empty loop of
 * the same length is the cost; the spread is the distance between the quartiles, so that a
 * timer interrupt in one sample changes neither. Costs are TSC cycles, which under QEMU's
 * `-icount shift=0` are instructions; integers throughout, in tenths per operation.
 */
#include <arch/insn.h>
#include <arch/tsc.h>
#include <kernel/bench.h>
#include <kernel/power.h>
#include <lib/command.h>
#include <lib/errno.h>
#include <lib/glob.h>
#include <lib/param.h>
#include <lib/string.h>
#include <lib/vsprintf.h>

#define WARM_UPS 3
#define SAMPLES	 41

static char bench_pattern[128];
static bool bench_asked;

static int set_bench(const char *value)
{
	bench_asked = true;
	return strscpy(bench_pattern, value, sizeof(bench_pattern)) < 0 ? -EINVAL : 0;
}
PARAM("bench", PARAM_CALL(set_bench), "measure what matches (suite, name, *, ?), then exit");

struct cost {
	u64 median, spread; /* cycles a sample */
	u32 n;		    /* operations in it; 0: the benchmark measured nothing */
};

void bench_begin(struct bench_state *b, u32 n)
{
	b->n = n;
	b->start = rdtsc_ordered();
}

void bench_end(struct bench_state *b)
{
	b->stop = rdtsc_ordered();
}

static void sort(u64 *a, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		u64 v = a[i];
		size_t at = i;

		for (; at && a[at - 1] > v; at--)
			a[at] = a[at - 1];
		a[at] = v;
	}
}

/* What every body pays for: BENCH_LOOP around nothing, b->n times. */
static void empty_loop(struct bench_state *b)
{
	u32 n = b->n;

	BENCH_LOOP(b, n)
	{
	}
}

static struct cost measure(void (*run)(struct bench_state *b), u32 n)
{
	struct bench_state b = {.n = n};
	u64 samples[SAMPLES];

	for (int i = 0; i < WARM_UPS; i++)
		run(&b);
	for (int i = 0; i < SAMPLES; i++) {
		run(&b);
		samples[i] = b.stop - b.start;
	}
	sort(samples, SAMPLES);
	return (struct cost){
		.median = samples[SAMPLES / 2],
		.spread = samples[SAMPLES * 3 / 4] - samples[SAMPLES / 4],
		.n = b.n,
	};
}

static u64 tenths(u64 cycles, u32 n)
{
	return (cycles * 10 + n / 2) / n;
}

/* Lines that tools/bench.py reads. */
static void print_line(const char *name, u64 value, u64 spread)
{
	con_printf("bench: %s %llu.%llu instructions spread %llu.%llu samples %d\n", name,
		   value / 10, value % 10, spread / 10, spread % 10, SAMPLES);
}

static void print_row(const char *name, u64 value, u64 spread)
{
	con_printf("  %-24s %12llu.%llu %8llu.%llu\n", name, value / 10, value % 10, spread / 10,
		   spread % 10);
}

typedef void (*print_fn)(const char *name, u64 value, u64 spread);

static void run_bench(const struct bench *bench, print_fn print)
{
	struct cost cost = measure(bench->run, 0);
	u64 empty;

	if (!cost.n) {
		con_printf("# %s measured nothing: it has no BENCH_LOOP\n", bench->name);
		return;
	}
	empty = measure(empty_loop, cost.n).median;
	print(bench->name, tenths(cost.median > empty ? cost.median - empty : 0, cost.n),
	      tenths(cost.spread, cost.n));
}

static bool matches(const char *pattern, const struct bench *bench)
{
	char full[96];

	if (!strcmp(pattern, "all") || glob_match(pattern, bench->name) ||
	    glob_match(pattern, bench->suite))
		return true;
	snprintf(full, sizeof(full), "%s.%s", bench->suite, bench->name);
	return glob_match(pattern, full);
}

/* ---- the row `boot` ------------------------------------------------------------------------- */

static u64 prompt_tsc;

void bench_mark_prompt(void)
{
	if (!prompt_tsc)
		prompt_tsc = rdtsc();
}

void bench_report(const char *name, u64 value, u32 samples)
{
	con_printf("bench: %s %llu instructions spread 0 samples %u\n", name, value, samples);
}

static const struct bench boot_row = {.suite = "boot", .name = "boot"};

/* ---- all that match ------------------------------------------------------------------------- */

static u32 run_matching(const char *pattern, print_fn print)
{
	const struct bench *const *b;
	u32 count = 0;

	for_each_registered (benches, b) {
		if (!matches(pattern, *b))
			continue;
		run_bench(*b, print);
		count++;
	}
	return count;
}

u32 bench_run(const char *pattern)
{
	u32 count = run_matching(pattern, print_line);

	if (matches(pattern, &boot_row) && prompt_tsc) {
		bench_report("boot", prompt_tsc - boot_tsc_start, 1);
		count++;
	}
	if (!count)
		con_printf("# no benchmark matches %s\n", pattern);
	return count;
}

void bench_boot(void)
{
	if (!bench_asked)
		return;
	bench_mark_prompt();
	machine_exit(bench_run(bench_pattern) ? EXIT_TEST_PASSED : EXIT_TEST_FAILED);
}

static int cmd_bench(int argc, char **argv)
{
	const char *pattern = argc > 1 ? argv[1] : "all";
	bool boot;

	if (argc > 2)
		return -EINVAL;
	boot = matches(pattern, &boot_row);
	con_printf("cycles an operation; instructions under -icount shift=0\n");
	con_printf("  %-24s %14s %10s\n", "name", "median", "spread");
	if (boot)
		print_row("boot", (prompt_tsc - boot_tsc_start) * 10, 0);
	return run_matching(pattern, print_row) || boot ? 0 : -ENOENT;
}
COMMAND("bench", "[PATTERN]", "measure what matches", cmd_bench);
