/*
 * The end: say why, say where, and do what panic= asks for.
 *
 * Anything may be broken here, so each step is prepared for the next one to
 * fail. A panic inside a panic prints its message and finishes without a
 * backtrace; one inside that halts at once. The first CPU that panics speaks; another that
 * panics meanwhile halts. Nothing below is retried, so it always ends.
 *
 * Also here: warnings, and what the compiler's stack protector calls.
 */
#include <arch/insn.h>
#include <arch/irqflags.h>
#include <arch/percpu.h>
#include <lib/bug.h>
#include <lib/param.h>
#include <lib/console.h>
#include <lib/vsprintf.h>

#define NO_CPU 0xffffffffu

struct panic_ops panic_ops;
u32 panic_depth;
static u32 panic_cpu = NO_CPU;

static void __noreturn halt_forever(void)
{
	for (;;) {
		local_irq_disable();
		halt();
	}
}

void panic_claim(void)
{
	u32 me = smp_processor_id();
	u32 first = NO_CPU;

	local_irq_disable();
	if (!__atomic_compare_exchange_n(&panic_cpu, &first, me, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE) &&
	    first != me)
		halt_forever();
}

/* How deep this panic is: 1 for the first. Does not return where another CPU is at it. */
static u32 panic_enter(void)
{
	panic_claim();
	return __atomic_add_fetch(&panic_depth, 1, __ATOMIC_SEQ_CST);
}

void panic_cancel(void)
{
	panic_depth = 0;
	__atomic_store_n(&panic_cpu, NO_CPU, __ATOMIC_RELEASE);
}

static void __noreturn panic_finish(void)
{
	if (panic_ops.finish)
		panic_ops.finish();
	halt_forever();
}

void panic(const char *fmt, ...)
{
	u32 depth = panic_enter();
	char message[256];
	va_list args;

	if (depth > 2)
		halt_forever();
	va_start(args, fmt);
	vscnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	if (depth == 1 && panic_ops.intercept)
		panic_ops.intercept(message);
	console_loglevel = LOGLEVEL_DEBUG;
	/* Into the log at least; then the console is taken from a CPU that writes no more. */
	pr_emerg("panic%s: %s\n", depth == 1 ? "" : " inside a panic", message);
	if (depth == 1 && panic_ops.stop_others)
		panic_ops.stop_others();
	con_bust_lock();
	con_unlock(); /* shows the log up to here; a busted lock stays ours */
	if (depth == 1 && panic_ops.backtrace)
		panic_ops.backtrace();
	panic_finish();
}

void warn_slow(const char *file, int line, const char *func, const char *cond)
{
	pr_warn("WARNING at %s:%d: %s(): %s\n", file, line, func, cond);
	if (panic_ops.backtrace)
		panic_ops.backtrace();
}

/* ---- stack protector ------------------------------------------------------------------------ */

/* The names are the compiler's: every protected function compares its copy with the first and calls the second. */
extern unsigned long __stack_chk_guard;
void __stack_chk_fail(void) __noreturn;

unsigned long __stack_chk_guard = 0x7465616b00ff0a00;

/*
 * The low byte stays zero, so that a string that runs over its buffer cannot carry the right value
 * along. RDTSC is no secret, but it differs from boot to boot, which is what catches mistakes.
 */
__attribute__((no_stack_protector)) void stack_guard_init(void)
{
	u64 mixed = (rdtsc() ^ __stack_chk_guard) * 0x9e3779b97f4a7c15ULL;

	__stack_chk_guard = mixed & ~0xffULL;
}

void __stack_chk_fail(void)
{
	/* The call is the last instruction of its function: the return address may be the next one's. */
	panic("stack smashed in %pS", (const char *)__builtin_return_address(0) - 1);
}

static bool panic_on_oops;
PARAM("panic_on_oops", PARAM_FLAG(&panic_on_oops), "damage that could be contained is a panic too");

void check_panic_on_oops(const char *what)
{
	if (panic_on_oops)
		panic("%s, and panic_on_oops is set", what);
}
