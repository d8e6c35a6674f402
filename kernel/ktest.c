/*
 * The test runner.
 *
 * The plan is printed before the first test runs, so that a test that vanishes,
 * with the kernel or without it, is missed. Each test runs in a `struct context` of its own and is
 * left by longjmp() when it gives up, skips, or faults as it said it would; the runner then
 * puts the CPU back into the state the next test expects. Contexts nest, because
 * the runner's own tests run tests.
 *
 * Output goes to the console, not to the log, so it is exact: KTAP version 1.
 */
#include <arch/insn.h>
#include <arch/irqflags.h>
#include <arch/percpu.h>
#include <arch/traps.h>
#include <arch/tsc.h>
#include <kernel/ktest.h>
#include <kernel/time/timekeeping.h>
#include <kernel/power.h>
#include <lib/bug.h>
#include <lib/command.h>
#include <lib/errno.h>
#include <lib/glob.h>
#include <lib/param.h>
#include <lib/string.h>
#include <lib/vsprintf.h>

#define INDENT "    "

static char test_pattern[128];
static bool test_asked;

/* "test=" asks for tests that have no name: a script's empty variable must not end at a prompt. */
static int set_test(const char *value)
{
	test_asked = true;
	return strscpy(test_pattern, value, sizeof(test_pattern)) < 0 ? -EINVAL : 0;
}
PARAM("test", PARAM_CALL(set_test),
      "run the tests that match (suite, suite.name, *, ?; all), then exit");
static u64 test_scale = 1;
PARAM("scale", PARAM_NUMBER(&test_scale, 1, 1000000),
      "divide the rounds of random tests by this, on a machine that is very slow");

u64 ktest_scaled(u64 rounds)
{
	return max(rounds / test_scale, 1ULL);
}

static u64 test_seed;
PARAM("seed", PARAM_NUMBER(&test_seed, 0, ~0ULL),
      "seed of the tests' random numbers; 0: choose one");

enum expectation { EXPECT_NOTHING, EXPECT_A_FAULT, EXPECT_A_PANIC };

struct context {
	struct context *outer;
	const struct ktest *test;
	const struct ktest_suite *suite; /* may be NULL */
	u32 number;			 /* in the suite's plan */

	u32 failures;
	bool skipped;
	char reason[96]; /* why it skipped */
	struct jmp_buf leave;
	u64 random;

	u32 cpu; /* where it runs: what another CPU does wrong is not expected */
	enum expectation expect;
	int expect_vector;
	const char *expect_text;
	struct jmp_buf expected;
	struct pt_regs fault;
	unsigned long fault_cr2;

	char *log; /* NULL: the console */
	size_t log_size, log_len;
};

static struct context *current; /* the innermost test that runs; NULL: none */
static u64 run_seed;

/* ---- output --------------------------------------------------------------------------------- */

static void print_line(struct context *ctx, const char *line, size_t len)
{
	if (!ctx || !ctx->log) {
		con_write(line, len);
		return;
	}
	len = min(len, ctx->log_size - 1 - ctx->log_len);
	memcpy(ctx->log + ctx->log_len, line, len);
	ctx->log_len += len;
	ctx->log[ctx->log_len] = '\0';
}

/* One line of the running test, in one piece: the indentation and the '\n' are added. */
static void report(struct context *ctx, const char *prefix, const char *fmt, va_list args)
	__printf(3, 0);
static void report(struct context *ctx, const char *prefix, const char *fmt, va_list args)
{
	char line[512];
	size_t len = (size_t)scnprintf(line, sizeof(line) - 1, INDENT "%s", prefix);

	len += (size_t)vscnprintf(line + len, sizeof(line) - 1 - len, fmt, args);
	line[len++] = '\n';
	print_line(ctx, line, len);
}

static void report_result(struct context *ctx, const char *fmt, ...) __printf(2, 3);
static void report_result(struct context *ctx, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	report(ctx, "", fmt, args);
	va_end(args);
}

void ktest_log(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	report(current, "# ", fmt, args);
	va_end(args);
}

/* ---- what a test calls ---------------------------------------------------------------------- */

void ktest_fail(const char *file, int line, const char *fmt, ...)
{
	char where[96];
	va_list args;

	snprintf(where, sizeof(where), "# %s:%d: ", file, line);
	va_start(args, fmt);
	report(current, where, fmt, args);
	va_end(args);
	if (current)
		current->failures++;
}

void ktest_abort(void)
{
	if (!current)
		panic("a test's assertion failed outside a test");
	longjmp(&current->leave, 1);
}

void ktest_skip(const char *reason, ...)
{
	va_list args;

	if (current) {
		current->skipped = true;
		va_start(args, reason);
		vscnprintf(current->reason, sizeof(current->reason), reason, args);
		va_end(args);
	}
	ktest_abort();
}

bool ktest_streq(const char *file, int line, const char *expr, const char *a, const char *b)
{
	if (a && b && !strcmp(a, b))
		return true;
	ktest_fail(file, line, "%s: \"%s\" vs \"%s\"", expr, a ? a : "(NULL)", b ? b : "(NULL)");
	return false;
}

void ktest_expect_failed(const char *file, int line, const char *expr, long long a, long long b)
{
	ktest_fail(file, line, "%s: %lld (0x%llx) vs %lld (0x%llx)", expr, a, (unsigned long long)a,
		   b, (unsigned long long)b);
}

void ktest_assert_failed(const char *file, int line, const char *expr, long long a, long long b)
{
	ktest_expect_failed(file, line, expr, a, b);
	ktest_abort();
}

void ktest_expect_false(const char *file, int line, const char *expr)
{
	ktest_fail(file, line, "%s is false", expr);
}

void ktest_assert_false(const char *file, int line, const char *expr)
{
	ktest_expect_false(file, line, expr);
	ktest_abort();
}

/* SplitMix64: a counter and a mixer, so that any seed, 0 too, is a good one. */
u64 ktest_rand(void)
{
	u64 z;

	if (!current)
		return 0;
	z = current->random += 0x9e3779b97f4a7c15ULL;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* ---- expected faults and panics ------------------------------------------------------------- */

struct jmp_buf *ktest_expect_fault(int vector)
{
	current->expect = EXPECT_A_FAULT;
	current->expect_vector = vector;
	return &current->expected;
}

void ktest_expected_fault_done(const char *file, int line, bool happened)
{
	current->expect = EXPECT_NOTHING;
	if (!happened)
		ktest_fail(file, line, "no %s: the code went on",
			   trap_name((unsigned long)current->expect_vector));
}

const struct pt_regs *ktest_fault(void)
{
	return &current->fault;
}

unsigned long ktest_fault_cr2(void)
{
	return current->fault_cr2;
}

/* Any other fault takes its usual way: a report that explains it, and a panic that names this test. */
static void intercept_trap(struct pt_regs *regs)
{
	struct context *ctx = current;

	if (ctx->cpu != smp_processor_id() || ctx->expect != EXPECT_A_FAULT ||
	    regs->vector != (unsigned long)ctx->expect_vector)
		return;
	ctx->fault_cr2 = read_cr2();
	ctx->fault = *regs;
	longjmp(&ctx->expected, 1);
}

struct jmp_buf *ktest_expect_panic(const char *text)
{
	current->expect = EXPECT_A_PANIC;
	current->expect_text = text;
	return &current->expected;
}

void ktest_expected_panic_done(const char *file, int line, bool happened)
{
	current->expect = EXPECT_NOTHING;
	if (!happened)
		ktest_fail(file, line, "no panic with \"%s\": the code went on",
			   current->expect_text);
}

/* Not expected: the result of the test that a person knows, the outermost, while there is still a console. */
static void fail_by_panic(struct context *ctx, const char *message)
{
	while (ctx->outer)
		ctx = ctx->outer;
	con_bust_lock();
	if (!con_at_line_start())
		con_write("\n", 1);
	report_result(ctx, "# panic: %s", message);
	if (current->expect == EXPECT_A_PANIC)
		report_result(ctx, "# expected a panic with \"%s\"", current->expect_text);
	else if (current->expect == EXPECT_A_FAULT)
		report_result(ctx, "# expected a %s",
			      trap_name((unsigned long)current->expect_vector));
	report_result(ctx, "not ok %u %s", ctx->number, ctx->test->name);
}

static void intercept_panic(const char *message)
{
	struct context *ctx = current;

	if (ctx->cpu != smp_processor_id() || ctx->expect != EXPECT_A_PANIC ||
	    !strstr(message, ctx->expect_text)) {
		fail_by_panic(ctx, message);
		return;
	}
	panic_cancel();
	longjmp(&ctx->expected, 1);
}

/* ---- one test ------------------------------------------------------------------------------- */

/* What a test may have left behind when it was torn out of the middle. */
static void restore_cpu(bool irqs_were_off)
{
	while (con_held())
		con_unlock();
	if (irqs_disabled() == irqs_were_off)
		return;
	ktest_fail(__FILE__, __LINE__, "left interrupts %s", irqs_were_off ? "on" : "off");
	if (irqs_were_off)
		local_irq_disable();
	else
		local_irq_enable();
}

/* Each part of a test may be left early; true when all is well so far. */
static __noinline bool run_part(struct context *ctx, void (*part)(void))
{
	bool irqs_were_off = irqs_disabled();

	if (setjmp(&ctx->leave) == 0)
		part();
	ctx->expect = EXPECT_NOTHING;
	restore_cpu(irqs_were_off);
	return !ctx->failures && !ctx->skipped;
}

static void run_init(void)
{
	int err = current->suite->init();

	if (err)
		ktest_fail(__FILE__, __LINE__, "the suite's init failed: %d", err);
}

static const struct ktest_suite *find_suite(const char *name)
{
	const struct ktest_suite *const *s;

	for_each_registered (suites, s)
		if (!strcmp((*s)->name, name))
			return *s;
	return NULL;
}

/* FNV-1a, so that a test draws the same numbers whichever tests run before it. */
static u64 hash_name(u64 hash, const char *name)
{
	for (; *name; name++)
		hash = (hash ^ (u8)*name) * 0x100000001b3ULL;
	return hash;
}

static enum ktest_verdict run_test(struct context *ctx)
{
	ctx->suite = find_suite(ctx->test->suite);
	ctx->random = run_seed ^ hash_name(hash_name(0xcbf29ce484222325ULL, ctx->test->suite),
					   ctx->test->name);
	ctx->cpu = smp_processor_id();
	ctx->outer = current;
	current = ctx;
	if (!ctx->suite || !ctx->suite->init || run_part(ctx, run_init)) {
		run_part(ctx, ctx->test->run);
		if (ctx->suite && ctx->suite->exit)
			run_part(ctx, ctx->suite->exit);
	}
	current = ctx->outer;
	if (ctx->failures)
		return KTEST_FAILED;
	return ctx->skipped ? KTEST_SKIPPED : KTEST_PASSED;
}

enum ktest_verdict ktest_try(const struct ktest *test, char *log, size_t size)
{
	struct context ctx = {.test = test, .log = log, .log_size = size};

	log[0] = '\0';
	return run_test(&ctx);
}

/* ---- all that match ------------------------------------------------------------------------- */

static bool matches(const char *pattern, const struct ktest *test)
{
	char full[128];

	if (!strcmp(pattern, "all") || glob_match(pattern, test->suite))
		return true;
	snprintf(full, sizeof(full), "%s.%s", test->suite, test->name);
	return glob_match(pattern, full);
}

/* The first suite by name after `name` that has a test that matches; NULL: no more. */
static const char *suite_after(const char *name, const char *pattern)
{
	const struct ktest *const *t;
	const char *next = NULL;

	for_each_registered (tests, t) {
		const char *suite = (*t)->suite;

		if (strcmp(suite, name) > 0 && (!next || strcmp(suite, next) < 0) &&
		    matches(pattern, *t))
			next = suite;
	}
	return next;
}

static bool belongs(const struct ktest *test, const char *suite, const char *pattern)
{
	return !strcmp(test->suite, suite) && matches(pattern, test);
}

static u32 count_tests(const char *suite, const char *pattern)
{
	const struct ktest *const *t;
	u32 count = 0;

	for_each_registered (tests, t)
		count += belongs(*t, suite, pattern);
	return count;
}

static enum ktest_verdict run_and_report(const struct ktest *test, u32 number)
{
	struct context ctx = {.test = test, .number = number};
	enum ktest_verdict verdict = run_test(&ctx);

	if (verdict == KTEST_SKIPPED)
		report_result(&ctx, "ok %u %s # SKIP %s", number, test->name, ctx.reason);
	else
		report_result(&ctx, "%sok %u %s", verdict == KTEST_FAILED ? "not " : "", number,
			      test->name);
	return verdict;
}

/* Adds to count[verdict]; the suite's own result is its tests'. */
static void run_suite(const char *suite, u32 number, const char *pattern, u32 count[3])
{
	const struct ktest *const *t;
	u32 failed_before = count[KTEST_FAILED], n = 0;

	con_printf(INDENT "KTAP version 1\n" INDENT "# Subtest: %s\n" INDENT "1..%u\n", suite,
		   count_tests(suite, pattern));
	con_printf(INDENT "# seed: 0x%llx\n", run_seed);
	for_each_registered (tests, t)
		if (belongs(*t, suite, pattern))
			count[run_and_report(*t, ++n)]++;
	con_printf("%sok %u %s\n", count[KTEST_FAILED] > failed_before ? "not " : "", number,
		   suite);
}

/* Returns how many tests failed. */
static int run_suites(const char *pattern, u32 suites)
{
	u32 count[3] = {0}, number = 0;
	const char *suite;

	con_printf("KTAP version 1\n1..%u\n", suites);
	for (suite = suite_after("", pattern); suite; suite = suite_after(suite, pattern))
		run_suite(suite, ++number, pattern, count);
	con_printf("# passed %u failed %u skipped %u\n", count[KTEST_PASSED], count[KTEST_FAILED],
		   count[KTEST_SKIPPED]);
	return (int)count[KTEST_FAILED];
}

int ktest_run(const char *pattern)
{
	u64 loglevel = console_loglevel;
	const char *suite;
	u32 suites = 0;
	int failed;

	if (current)
		return -EBUSY;
	for (suite = suite_after("", pattern); suite; suite = suite_after(suite, pattern))
		suites++;
	if (!suites) {
		con_printf("# no test matches %s\n", pattern);
		return -ENOENT;
	}
	run_seed = test_seed ? test_seed : rdtsc();
	console_loglevel = min(loglevel, (u64)LOGLEVEL_WARNING + 1);
	trap_intercept = intercept_trap;
	panic_ops.intercept = intercept_panic;
	failed = run_suites(pattern, suites);
	panic_ops.intercept = NULL;
	trap_intercept = NULL;
	console_loglevel = loglevel;
	return failed;
}

void ktest_boot(void)
{
	if (!test_asked)
		return;
	if (!tsc_khz)
		mdelay(12); /* the first window in which the TSC is measured is not over: tests want a clock */
	machine_exit(ktest_run(test_pattern) ? EXIT_TEST_FAILED : EXIT_TEST_PASSED);
}

/* Failed tests are in the output and the count; only a pattern without tests is the command's own failure. */
static int cmd_test(int argc, char **argv)
{
	int failed;

	if (argc > 2)
		return -EINVAL;
	failed = ktest_run(argc > 1 ? argv[1] : "all");
	return failed < 0 ? failed : 0;
}
COMMAND("test", "[PATTERN]", "run the tests in the kernel that match", cmd_test);
