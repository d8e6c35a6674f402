/*
 * The test frame, tested by itself: small tests that are not registered run
 * inside these, and what would have been printed is looked at. Contract: kernel/ktest.h.
 */
#include <arch/insn.h>
#include <arch/irqflags.h>
#include <arch/page.h>
#include <arch/traps.h>
#include <kernel/ktest.h>
#include <lib/bug.h>
#include <lib/console.h>
#include <lib/errno.h>
#include <lib/string.h>

#define UNMAPPED ((int *)(VMALLOC_END - PAGE_SIZE))

static char log[1024];

static enum ktest_verdict try_code(void (*run)(void))
{
	const struct ktest test = {.suite = "sample", .name = "sample", .run = run};

	return ktest_try(&test, log, sizeof(log));
}

static void fails_twice(void)
{
	int two = 2;

	EXPECT_EQ(two, 3);
	EXPECT_TRUE(two > 2);
}

TEST(ktest, expect_goes_on)
{
	EXPECT_EQ(try_code(fails_twice), KTEST_FAILED);
	EXPECT_TRUE(strstr(log, "two == 3: 2 (0x2) vs 3 (0x3)") != NULL);
	EXPECT_TRUE(strstr(log, "two > 2 is false") != NULL);
	EXPECT_TRUE(!strncmp(log, "    # tests/ktest.c:", 20));
}

static void asserts_once(void)
{
	int two = 2;

	ASSERT_EQ(two, 3);
	ktest_log("behind the assertion");
}

TEST(ktest, assert_leaves)
{
	EXPECT_EQ(try_code(asserts_once), KTEST_FAILED);
	EXPECT_TRUE(strstr(log, "two == 3") != NULL);
	EXPECT_TRUE(!strstr(log, "behind the assertion"));
}

static void compares_strings(void)
{
	EXPECT_STREQ("same", "same");
	EXPECT_STREQ("left", "right");
	EXPECT_STREQ("left", (const char *)NULL);
}

TEST(ktest, strings_are_shown)
{
	EXPECT_EQ(try_code(compares_strings), KTEST_FAILED);
	EXPECT_TRUE(strstr(log, "\"left\" vs \"right\"") != NULL);
	EXPECT_TRUE(strstr(log, "\"left\" vs \"(NULL)\"") != NULL);
	EXPECT_TRUE(!strstr(log, "\"same\" vs"));
}

static void skips(void)
{
	ktest_skip("no %s here", "unicorn");
}

static void fails_then_skips(void)
{
	EXPECT_TRUE(false);
	skips();
}

TEST(ktest, skip_is_no_pass_and_hides_no_failure)
{
	EXPECT_EQ(try_code(skips), KTEST_SKIPPED);
	EXPECT_EQ(try_code(fails_then_skips), KTEST_FAILED);
}

static void passes(void)
{
	EXPECT_LE(1, 1);
	EXPECT_GE(1, 1);
	EXPECT_NE(1, 2);
}

TEST(ktest, pass_is_silent)
{
	EXPECT_EQ(try_code(passes), KTEST_PASSED);
	EXPECT_STREQ(log, "");
}

/* ---- expected faults ------------------------------------------------------------------------ */

static void write_unmapped(void)
{
	WRITE_ONCE(*UNMAPPED, 1);
}

TEST(ktest, fault_frame_is_kept)
{
	EXPECT_FAULT(X86_TRAP_PF, write_unmapped());
	EXPECT_EQ(ktest_fault()->vector, X86_TRAP_PF);
	EXPECT_EQ(ktest_fault()->error_code, X86_PF_WRITE);
	EXPECT_EQ(ktest_fault_cr2(), (unsigned long)UNMAPPED);
}

TEST(ktest, fault_leaves_interrupts_as_they_were)
{
	bool off = irqs_disabled();

	EXPECT_FAULT(X86_TRAP_PF, write_unmapped());
	EXPECT_EQ(irqs_disabled(), off);
	local_irq_disable();
	EXPECT_FAULT(X86_TRAP_PF, write_unmapped());
	EXPECT_TRUE(irqs_disabled());
	if (!off)
		local_irq_enable();
}

static void promises_a_fault(void)
{
	EXPECT_FAULT(X86_TRAP_PF, barrier());
}

TEST(ktest, fault_that_does_not_come_fails)
{
	EXPECT_EQ(try_code(promises_a_fault), KTEST_FAILED);
	EXPECT_TRUE(strstr(log, "the code went on") != NULL);
}

static void asserts_where_a_fault_was_promised(void)
{
	EXPECT_FAULT(X86_TRAP_PF, ASSERT_TRUE(false));
}

TEST(ktest, expectations_end_with_their_test)
{
	EXPECT_EQ(try_code(asserts_where_a_fault_was_promised), KTEST_FAILED);
	EXPECT_FAULT(X86_TRAP_UD, __asm__ __volatile__("ud2"));
}

/* ---- expected panics ------------------------------------------------------------------------ */

TEST(ktest, panic_is_taken_back)
{
	bool off = irqs_disabled();

	for (volatile int i = 0; i < 3; i++) { /* a second one is not inside the first */
		EXPECT_PANIC("number 7", panic("number %d", 7));
		EXPECT_EQ(panic_depth, 0);
		EXPECT_EQ(irqs_disabled(), off);
	}
	EXPECT_PANIC("BUG at tests/ktest.c", BUG());
}

static void panics_with_the_console(void)
{
	con_lock();
	panic("console held");
}

static void leaves_the_console_held(void)
{
	EXPECT_PANIC("console held", panics_with_the_console());
}

TEST(ktest, console_is_given_back)
{
	EXPECT_EQ(try_code(leaves_the_console_held), KTEST_PASSED);
	EXPECT_TRUE(!con_held());
}

static void promises_a_panic(void)
{
	EXPECT_PANIC("a word", barrier());
}

TEST(ktest, panic_that_does_not_come_fails)
{
	EXPECT_EQ(try_code(promises_a_panic), KTEST_FAILED);
	EXPECT_TRUE(strstr(log, "a word") != NULL);
}

/* The word that the compiler watches lies behind the array; the assembly hides from it what is done. */
static __noinline void smashes_its_stack(void)
{
	volatile unsigned long array[4] = {0};
	volatile unsigned long *end = array + ARRAY_SIZE(array);

	__asm__ __volatile__("notq (%0); notq 8(%0)" : : "r"(end) : "memory", "cc");
}

TEST(ktest, stack_protector_panics)
{
	EXPECT_PANIC("stack smashed in smashes_its_stack", smashes_its_stack());
}

/* ---- state and numbers ---------------------------------------------------------------------- */

static void disables_interrupts(void)
{
	local_irq_disable();
}

TEST(ktest, interrupts_left_off_are_a_failure)
{
	if (irqs_disabled())
		ktest_skip("interrupts are off");
	EXPECT_EQ(try_code(disables_interrupts), KTEST_FAILED);
	EXPECT_TRUE(!irqs_disabled());
}

static u64 drawn[4];

static void draws(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(drawn); i++)
		drawn[i] = ktest_rand();
}

TEST(ktest, numbers_depend_on_seed_and_name_alone)
{
	u64 first[ARRAY_SIZE(drawn)];

	try_code(draws);
	memcpy(first, drawn, sizeof(first));
	ktest_rand();
	try_code(draws);
	EXPECT_EQ(memcmp(first, drawn, sizeof(first)), 0);
	EXPECT_NE(first[0], first[1]);
	for (int i = 0; i < 1000; i++)
		EXPECT_LT(ktest_rand_below(7), 7);
}

TEST(ktest, runs_do_not_nest)
{
	EXPECT_EQ(ktest_run("ktest"), -EBUSY);
}

/* ---- suites --------------------------------------------------------------------------------- */

static int balance;

static int enter(void)
{
	balance++;
	return 0;
}

static void leave(void)
{
	balance--;
}
TEST_SUITE(ktest_suite, enter, leave);

static void asserts_in_suite(void)
{
	ASSERT_EQ(balance, 12345);
}

TEST(ktest_suite, exit_runs_after_an_assertion)
{
	const struct ktest test = {
		.suite = "ktest_suite", .name = "sample", .run = asserts_in_suite};

	EXPECT_EQ(balance, 1);
	EXPECT_EQ(ktest_try(&test, log, sizeof(log)), KTEST_FAILED);
	EXPECT_EQ(balance, 1);
}

static bool ran;

static int refuse(void)
{
	return -ENODEV;
}
TEST_SUITE(ktest_refused, refuse, leave);

static void notes_that_it_ran(void)
{
	ran = true;
}

TEST(ktest, init_that_fails_fails_the_test)
{
	const struct ktest test = {
		.suite = "ktest_refused", .name = "sample", .run = notes_that_it_ran};
	int before = balance;

	EXPECT_EQ(ktest_try(&test, log, sizeof(log)), KTEST_FAILED);
	EXPECT_TRUE(!ran);
	EXPECT_EQ(balance, before);
}
