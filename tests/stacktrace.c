/*
 * Backtraces. Contract: the callers by name and in order, through a trap and from one stack into another; and
 * whatever a register or a frame holds, a walk ends and does not fault.
 */
#include <arch/page.h>
#include <arch/stacktrace.h>
#include <kernel/ktest.h>
#include <lib/string.h>
#include <lib/symtab.h>
#include <tests/trap_on_demand.h>

#define TRACE_MAX 64
static struct {
	unsigned long addr[TRACE_MAX];
	u32 n;
} trace;

static void note_address(void *ctx, unsigned long addr)
{
	(void)ctx;
	if (trace.n < TRACE_MAX)
		trace.addr[trace.n++] = addr;
}

static __noinline void trace_here(void)
{
	trace.n = 0;
	walk_stack((unsigned long)trace_here, (unsigned long)__builtin_frame_address(0),
		   note_address, NULL);
}

static bool trace_in_handler(struct pt_regs *regs)
{
	trace_here();
	return regs->vector == TEST_VECTOR ? resume(regs) : true;
}

/* A compiler may add to the name of a static function (trace_inner.constprop.0). */
static bool is_in(unsigned long addr, const char *function)
{
	struct symbol sym;

	return symbol_at(addr, &sym) && !strncmp(sym.name, function, strlen(function));
}

/* The names in this order, perhaps with others between; a return address may be one past its function. */
static bool traced_in_order(const char *const *names, size_t n)
{
	size_t found = 0;

	for (u32 i = 0; i < trace.n && found < n; i++)
		if (is_in(trace.addr[i] - 1, names[found]) || is_in(trace.addr[i], names[found]))
			found++;
	return found == n;
}

static __noinline void trace_inner(void (*volatile what)(void))
{
	what();
	barrier();
}

static __noinline void trace_outer(void (*volatile what)(void))
{
	trace_inner(what);
	barrier();
}

static __noinline void trap_here(void)
{
	__asm__ __volatile__(TEST_TRAP ::: "memory");
}

TEST(stacktrace, names_the_callers_in_order)
{
	static const char *const names[] = {"trace_here", "trace_inner", "trace_outer",
					    "test_stacktrace_names", "kernel_main"};

	trace_outer(trace_here);
	EXPECT_TRUE(traced_in_order(names, ARRAY_SIZE(names)));
}

TEST(stacktrace, goes_on_through_a_trap)
{
	static const char *const names[] = {
		"trace_here",  "trace_in_handler", "trap_dispatch",	   "trap_here",
		"trace_inner", "trace_outer",	   "test_stacktrace_goes", "kernel_main"};
	trap_handler_t old = set_trap_handler(TEST_VECTOR, trace_in_handler);

	trace_outer(trap_here);
	set_trap_handler(TEST_VECTOR, old);
	EXPECT_TRUE(traced_in_order(names, ARRAY_SIZE(names)));
}

TEST(stacktrace, goes_on_from_another_stack)
{
	static const char *const names[] = {"trace_here", "trace_in_handler",
					    "test_stacktrace_goes"};
	trap_handler_t old = set_trap_handler(X86_TRAP_NMI, trace_in_handler);

	nmi_to_self();
	set_trap_handler(X86_TRAP_NMI, old);
	EXPECT_TRUE(traced_in_order(names, ARRAY_SIZE(names)));
}

/* Whatever RBP holds, a walk ends, and ends without a fault. */
TEST(stacktrace, survives_any_frame_pointer)
{
	struct stack_info stack;

	ASSERT_TRUE(static_stack(0, &stack));
	for (int i = 0; i < 200; i++) {
		unsigned long bp = ktest_rand();

		if (i % 2)
			bp = stack.low - PAGE_SIZE + bp % (stack.high - stack.low + 2 * PAGE_SIZE);
		trace.n = 0;
		walk_stack(0, bp, note_address, NULL);
		EXPECT_LE(trace.n, 64u);
	}
}

TEST(stacktrace, cannot_be_sent_in_circles)
{
	unsigned long frame[4] = {0, (unsigned long)trace_here + 1, 0,
				  (unsigned long)trace_here + 1};

	frame[0] = (unsigned long)&frame[2];
	frame[2] = (unsigned long)&frame[0];
	__asm__ __volatile__("" : "+m"(frame)); /* they are read behind the compiler's back */
	trace.n = 0;
	walk_stack(0, (unsigned long)frame, note_address, NULL);
	EXPECT_EQ(trace.n, 3u);
}
