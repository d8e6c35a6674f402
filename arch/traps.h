/*
 * How a trap reaches C, and how the floors above are called from it. arch/
 * decides nothing: a vector's handler is a function pointer that its owner set
 * at start-up. SDM vol. 3 chapter 6.
 */
#ifndef ARCH_TRAPS_H
#define ARCH_TRAPS_H

#include <arch/percpu.h>
#include <lib/types.h>

/* What entry.asm leaves on the stack; the last five words are the CPU's own. */
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx;
	unsigned long r11, r10, r9, r8, ax, cx, dx, si, di;
	unsigned long vector;
	unsigned long error_code; /* 0 where the CPU pushes none (Linux: orig_ax) */
	unsigned long ip, cs, flags, sp, ss;
};
_Static_assert(sizeof(struct pt_regs) == 22 * 8, "entry.asm builds this frame");

#define X86_TRAP_DE	      0
#define X86_TRAP_DB	      1
#define X86_TRAP_NMI	      2
#define X86_TRAP_BP	      3
#define X86_TRAP_OF	      4
#define X86_TRAP_BR	      5
#define X86_TRAP_UD	      6
#define X86_TRAP_NM	      7
#define X86_TRAP_DF	      8
#define X86_TRAP_TS	      10
#define X86_TRAP_NP	      11
#define X86_TRAP_SS	      12
#define X86_TRAP_GP	      13
#define X86_TRAP_PF	      14
#define X86_TRAP_MF	      16
#define X86_TRAP_AC	      17
#define X86_TRAP_MC	      18
#define X86_TRAP_XF	      19
#define X86_TRAP_CP	      21
#define FIRST_EXTERNAL_VECTOR 32
#define NR_VECTORS	      256

/* Page-fault error code (SDM vol. 3, 4.7). */
#define X86_PF_PROT  BIT(0)
#define X86_PF_WRITE BIT(1)
#define X86_PF_USER  BIT(2)
#define X86_PF_RSVD  BIT(3)
#define X86_PF_INSTR BIT(4)
#define X86_PF_PK    BIT(5)

static inline bool user_mode(const struct pt_regs *regs)
{
	return (regs->cs & 3) == 3;
}

/*
 * A handler runs on the interrupted stack (or its IST stack) with interrupts
 * off. true: handled, return from the trap; false: it is an error (exceptions) or nobody's (interrupts).
 */
typedef bool (*trap_handler_t)(struct pt_regs *regs);

/* Install the handler of a vector (NULL: none). Returns the one before it. Boot, or the vector is quiet. */
trap_handler_t set_trap_handler(u8 vector, trap_handler_t handler);

/*
 * GDT, TSS and IDT of the boot CPU. Needs nothing but a stack, so it is the first thing that C does: before
 * it, an exception is a silent reset. Interrupts off. May be called again.
 */
void trap_init(void);
/* The same on another CPU: its own tables, its own stacks (tops, by IST number), the IDT of all. Interrupts off. */
struct cpu_tables;
void trap_init_cpu(struct cpu_tables *tables, const virt_addr_t ist[]);

/* Non-maskable interrupts since power-on, of all CPUs and of this one. Any context. */
extern u64 nmi_count;
DECLARE_PER_CPU(u64, nmis_here);

/*
 * An exception that nobody handled: print what, where, registers, code bytes
 * and backtrace; does not return (panic).
 */
void die(const char *what, struct pt_regs *regs) __noreturn;

/* Print the registers, the code bytes around ip, and the backtrace of a trap, at KERN_EMERG. */
void show_regs(const struct pt_regs *regs);

/* "write to a not-present page from ring 0 at 0x..." for #PF; any vector's error code in words. Length as snprintf. Pure. */
int describe_error_code(char *buf, size_t size, const struct pt_regs *regs, unsigned long cr2);
/* "page fault", "divide error", ... (SDM vol. 3, table 6-1) */
const char *trap_name(unsigned long vector);

/*
 * For tests that expect a fault: called for every exception from ring 0 (but NMI and #MC) that no
 * fix-up covers and no handler took; does not return if it takes the fault over (longjmp). NULL: none.
 */
extern void (*trap_intercept)(struct pt_regs *regs);

#endif
