/*
 * Tests inside the kernel, after KUnit: any file of tests/ writes
 *
 *	TEST(string, strscpy_cuts) { EXPECT_EQ(strscpy(b, "abc", 3), -E2BIG); }
 *
 * and `test=PATTERN` (suite.name, with * and ?; "all") runs it. Output is KTAP 1,
 * the plan first. EXPECT_* notes a failure and goes on, ASSERT_* leaves the
 * test; both print the two sides. A test may declare that code faults or
 * panics. A panic fails the running test by name and the whole run.
 */
#ifndef KERNEL_KTEST_H
#define KERNEL_KTEST_H

#include <arch/setjmp.h>
#include <lib/registry.h>
#include <lib/types.h>

struct ktest {
	const char *suite;
	const char *name;
	void (*run)(void);
};

/* Optional, one a suite: `init` before and `exit` after each of its tests. init: 0, or -errno fails the test. */
struct ktest_suite {
	const char *name;
	int (*init)(void);
	void (*exit)(void);
};

#define TEST(tsuite, tname)                                                        \
	static void test_##tsuite##_##tname(void);                                 \
	static const struct ktest __test_##tsuite##_##tname = {                    \
		.suite = #tsuite, .name = #tname, .run = test_##tsuite##_##tname}; \
	REGISTER(tests, __test_##tsuite##_##tname);                                \
	static void test_##tsuite##_##tname(void)

#define TEST_SUITE(sname, sinit, sexit)                            \
	static const struct ktest_suite __suite_##sname = {        \
		.name = #sname, .init = (sinit), .exit = (sexit)}; \
	REGISTER(suites, __suite_##sname)

DECLARE_REGISTRY(const struct ktest, tests);
DECLARE_REGISTRY(const struct ktest_suite, suites);

void ktest_fail(const char *file, int line, const char *fmt, ...) __printf(3, 4);
void ktest_abort(void) __noreturn; /* leave the running test */
void ktest_skip(const char *reason, ...) __printf(1, 2) __noreturn;
void ktest_log(const char *fmt, ...) __printf(1, 2); /* a "# ..." line */

/* Pseudo-random numbers; the seed is printed with the test and set by `seed=`. */
u64 ktest_rand(void);
/* Uniform in [0, n). */
static inline u64 ktest_rand_below(u64 n)
{
	return (u64)(((unsigned __int128)ktest_rand() * n) >> 64);
}

/* Out of line and with few arguments: there are thousands of checks, and their failing sides are a third of the image. */
void ktest_expect_failed(const char *file, int line, const char *expr, long long a, long long b)
	__attribute__((cold));
void ktest_assert_failed(const char *file, int line, const char *expr, long long a,
			 long long b) __noreturn;
void ktest_expect_false(const char *file, int line, const char *expr) __attribute__((cold));
void ktest_assert_false(const char *file, int line, const char *expr) __noreturn;

/* The two sides may differ in signedness (sizeof against a literal): the values printed show it if that matters. */
#define __CHECK_OP(a, b, op, failed)                                                  \
	do {                                                                          \
		_Pragma("GCC diagnostic push");                                       \
		_Pragma("GCC diagnostic ignored \"-Wsign-compare\"");                 \
		__typeof__(a) _ea = (a);                                              \
		__typeof__(b) _eb = (b);                                              \
		if (!(_ea op _eb))                                                    \
			failed(__FILE__, __LINE__, #a " " #op " " #b, (long long)_ea, \
			       (long long)_eb);                                       \
		_Pragma("GCC diagnostic pop");                                        \
	} while (0)

#define EXPECT_EQ(a, b) __CHECK_OP(a, b, ==, ktest_expect_failed)
#define EXPECT_NE(a, b) __CHECK_OP(a, b, !=, ktest_expect_failed)
#define EXPECT_LT(a, b) __CHECK_OP(a, b, <, ktest_expect_failed)
#define EXPECT_LE(a, b) __CHECK_OP(a, b, <=, ktest_expect_failed)
#define EXPECT_GT(a, b) __CHECK_OP(a, b, >, ktest_expect_failed)
#define EXPECT_GE(a, b) __CHECK_OP(a, b, >=, ktest_expect_failed)
#define ASSERT_EQ(a, b) __CHECK_OP(a, b, ==, ktest_assert_failed)
#define ASSERT_NE(a, b) __CHECK_OP(a, b, !=, ktest_assert_failed)
#define ASSERT_LT(a, b) __CHECK_OP(a, b, <, ktest_assert_failed)
#define ASSERT_LE(a, b) __CHECK_OP(a, b, <=, ktest_assert_failed)
#define ASSERT_GT(a, b) __CHECK_OP(a, b, >, ktest_assert_failed)
#define ASSERT_GE(a, b) __CHECK_OP(a, b, >=, ktest_assert_failed)

#define __CHECK_TRUE(x, failed)                         \
	do {                                            \
		if (!(x))                               \
			failed(__FILE__, __LINE__, #x); \
	} while (0)
#define EXPECT_TRUE(x)	   __CHECK_TRUE(x, ktest_expect_false)
#define EXPECT_FALSE(x)	   __CHECK_TRUE(!(x), ktest_expect_false)
#define ASSERT_TRUE(x)	   __CHECK_TRUE(x, ktest_assert_false)
#define ASSERT_NOT_NULL(x) __CHECK_TRUE((x) != NULL, ktest_assert_false)

bool ktest_streq(const char *file, int line, const char *expr, const char *a, const char *b);
#define EXPECT_STREQ(a, b) ktest_streq(__FILE__, __LINE__, #a " == " #b, (a), (b))
#define ASSERT_STREQ(a, b)                                                    \
	do {                                                                  \
		if (!ktest_streq(__FILE__, __LINE__, #a " == " #b, (a), (b))) \
			ktest_abort();                                        \
	} while (0)

/*
 * Expected faults: `code` must raise the exception `vector`; its frame is then
 * in *ktest_fault() (valid until the next one). Not NMI: there is no way back from it but IRET.
 */
struct pt_regs;
struct jmp_buf *ktest_expect_fault(int vector);
void ktest_expected_fault_done(const char *file, int line, bool happened);
const struct pt_regs *ktest_fault(void);
unsigned long ktest_fault_cr2(void);
#define EXPECT_FAULT(vector, code)                                            \
	do {                                                                  \
		if (setjmp(ktest_expect_fault(vector)) == 0) {                \
			code;                                                 \
			ktest_expected_fault_done(__FILE__, __LINE__, false); \
		} else {                                                      \
			ktest_expected_fault_done(__FILE__, __LINE__, true);  \
		}                                                             \
	} while (0)

/* `code` must panic with a message that contains `text`. */
struct jmp_buf *ktest_expect_panic(const char *text);
void ktest_expected_panic_done(const char *file, int line, bool happened);
#define EXPECT_PANIC(text, code)                                              \
	do {                                                                  \
		if (setjmp(ktest_expect_panic(text)) == 0) {                  \
			code;                                                 \
			ktest_expected_panic_done(__FILE__, __LINE__, false); \
		} else {                                                      \
			ktest_expected_panic_done(__FILE__, __LINE__, true);  \
		}                                                             \
	} while (0)

/*
 * A number of rounds for a random test, divided by what `scale=` says (at least 1): a machine that runs kernel
 * code a thousand times slower than others gets fewer rounds, not other tests.
 */
u64 ktest_scaled(u64 rounds);

/* Run every test that matches and print KTAP; the number that failed, or -ENOENT when none matches, -EBUSY inside a test. */
int ktest_run(const char *pattern);

enum ktest_verdict { KTEST_PASSED, KTEST_FAILED, KTEST_SKIPPED };
/*
 * Run one test that need not be registered, inside another, without output: how the frame tests itself. What it
 * would have printed goes to `log`, cut at size - 1 bytes, always with a NUL.
 */
enum ktest_verdict ktest_try(const struct ktest *test, char *log, size_t size);

/* What test= asks for, if it was given: run it and leave the machine with the verdict. */
void ktest_boot(void);

#endif
