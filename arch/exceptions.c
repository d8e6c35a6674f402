/*
 * What the kernel says when something went wrong, and the few exceptions that
 * it says something about and goes on.
 *
 * The idea: a report must explain itself, because there may be no second chance: what was tried, on what, from
 * where, in words; then the registers, the code and the way that led there.
 *
 * Invariant: reporting reads only what it has checked (arch/stacktrace.c) or what may fault without harm
 * (copy_from_kernel_nofault). Should it fault all the same, the second report is one line,
 * and the third is silence: it never loops.
 */
#include <arch/exceptions.h>
#include <arch/extable.h>
#include <arch/insn.h>
#include <arch/irqflags.h>
#include <arch/page.h>
#include <arch/percpu.h>
#include <arch/stacktrace.h>
#include <lib/bug.h>
#include <lib/printk.h>
#include <lib/vsprintf.h>

/* DR6 (SDM vol. 3, 17.2.3). */
#define DR6_TRAP_MASK 0x0f /* breakpoint n was met */
#define DR6_STEP      BIT(14)
#define DR6_RESET     0xffff0ff0UL
#define X86_EFLAGS_RF BIT(16)

#define CODE_BEFORE 12
#define CODE_AFTER  20 /* the faulting byte included */

static u32 reports_open;  /* die() that have begun and not reached panic() */
static bool report_shown; /* the panic that follows need not show a backtrace again */

/* Two digits for each byte, "--" where there is no memory, <> around the one at ip. */
static void show_code(unsigned long ip)
{
	char line[(CODE_BEFORE + CODE_AFTER) * 3 + 3] = "";
	size_t used = 0;

	for (unsigned long addr = ip - CODE_BEFORE; addr != ip + CODE_AFTER; addr++) {
		char digits[3] = "--";
		u8 byte;

		if (!copy_from_kernel_nofault(&byte, (const void *)addr, 1))
			snprintf(digits, sizeof(digits), "%02x", byte);
		used += scnprintf(line + used, sizeof(line) - used, addr == ip ? "<%s> " : "%s ",
				  digits);
	}
	pr_emerg("Code: %s\n", line);
}

void show_regs(const struct pt_regs *regs)
{
	pr_emerg("RIP: %04lx:%016lx (%pS)  CPU: %u\n", regs->cs, regs->ip, (void *)regs->ip,
		 smp_processor_id());
	pr_emerg("RSP: %04lx:%016lx RFLAGS: %08lx\n", regs->ss, regs->sp, regs->flags);
	pr_emerg("RAX: %016lx RBX: %016lx RCX: %016lx\n", regs->ax, regs->bx, regs->cx);
	pr_emerg("RDX: %016lx RSI: %016lx RDI: %016lx\n", regs->dx, regs->si, regs->di);
	pr_emerg("RBP: %016lx R08: %016lx R09: %016lx\n", regs->bp, regs->r8, regs->r9);
	pr_emerg("R10: %016lx R11: %016lx R12: %016lx\n", regs->r10, regs->r11, regs->r12);
	pr_emerg("R13: %016lx R14: %016lx R15: %016lx\n", regs->r13, regs->r14, regs->r15);
	pr_emerg("CR0: %08lx CR2: %016lx CR3: %09lx CR4: %08lx\n", read_cr0(), read_cr2(),
		 read_cr3(), read_cr4());
	show_code(regs->ip);
	show_stack(regs);
}

/*
 * The stack ran into its guard page: a push faulted there, and pushing the page fault's frame faulted again
 * (#DF), or an access below RSP did while the frame still found room (#PF).
 */
static bool overflowed_stack(const struct pt_regs *regs, unsigned long cr2,
			     struct stack_info *stack)
{
	struct stack_info other;
	bool guard, sp_in_guard;

	if (user_mode(regs) || (regs->vector != X86_TRAP_DF && regs->vector != X86_TRAP_PF))
		return false;
	if (!stack_of(regs->sp, stack, &sp_in_guard))
		return false;
	if (sp_in_guard)
		return true;
	return stack_of(cr2, &other, &guard) && guard && other.low == stack->low;
}

/* Print everything; the few words that sum it up are returned. */
static const char *report(const char *what, const struct pt_regs *regs, unsigned long cr2)
{
	struct stack_info stack;
	const char *summary = what;
	char words[112];

	if (overflowed_stack(regs, cr2, &stack)) {
		summary = "kernel stack overflow";
		pr_emerg("Oops: %s: stack \"%s\" [0x%016lx, 0x%016lx)\n", summary, stack.name,
			 stack.low, stack.high);
	} else if (regs->vector == X86_TRAP_PF && cr2 < PAGE_SIZE) {
		summary = "NULL pointer dereference";
		pr_emerg("Oops: %s\n", summary);
	}
	describe_error_code(words, sizeof(words), regs, cr2);
	pr_emerg("Oops: %s: %s\n", what, words);
	show_regs(regs);
	return summary;
}

void die(const char *what, struct pt_regs *regs)
{
	unsigned long cr2 = read_cr2();
	u32 depth;

	panic_claim(); /* a CPU that faults meanwhile would garble the report, and count as a fault in it */
	depth = reports_open++ + panic_depth;
	if (depth > 1)
		for (;;)
			halt();
	if (depth) {
		pr_emerg("Oops: fault while handling a fault: %lu (%s) at %016lx, CR2 %016lx\n",
			 regs->vector, what, regs->ip, cr2);
	} else {
		what = report(what, regs, cr2);
		report_shown = true;
	}
	reports_open = 0; /* from here on panic() counts */
	panic("%s at %pS", what, (void *)regs->ip);
}

/* A warning has no report of its own; report_shown may be left from a panic that a test took over. */
void panic_backtrace(void)
{
	if (!report_shown || !panic_depth)
		dump_stack();
	report_shown = false;
}

static void report_debug(struct pt_regs *regs)
{
	unsigned long dr6;

	__asm__ __volatile__("mov %%dr6, %0" : "=r"(dr6));
	__asm__ __volatile__("mov %0, %%dr6" ::"r"(DR6_RESET));
	pr_notice("debug exception at %pS, DR6 %08lx%s%s\n", (void *)regs->ip, dr6,
		  dr6 & DR6_STEP ? ", single step" : "", dr6 & DR6_TRAP_MASK ? ", breakpoint" : "");
	if (dr6 & DR6_STEP)
		regs->flags &= ~X86_EFLAGS_TF; /* one report, not one an instruction */
	if (dr6 & DR6_TRAP_MASK)
		regs->flags |= X86_EFLAGS_RF; /* an instruction breakpoint would strike again */
}

bool default_exception(struct pt_regs *regs)
{
	switch (regs->vector) {
	case X86_TRAP_NMI:
		pr_emerg("NMI: no source found on CPU %u\n", smp_processor_id());
		show_stack(regs);
		return true;
	case X86_TRAP_BP:
		pr_notice("breakpoint (INT3) at %pS\n", (void *)(regs->ip - 1));
		return true;
	case X86_TRAP_DB:
		report_debug(regs);
		return true;
	default:
		return false;
	}
}
