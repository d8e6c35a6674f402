/*
 * Backtraces by frame pointers, and the map of which stack is which: a fault
 * in a guard page is a stack overflow, and the report names the stack.
 */
#ifndef ARCH_STACKTRACE_H
#define ARCH_STACKTRACE_H

#include <arch/traps.h>

struct stack_info {
	const char *name; /* "boot", "#DF", "NMI", ... */
	virt_addr_t low;  /* lowest usable byte; the guard page is below it */
	virt_addr_t high; /* one past the highest */
};

/* The known stack that contains addr, or whose guard page does (*guard = true). Any context. */
bool stack_of(virt_addr_t addr, struct stack_info *info, bool *guard);
/* The stacks of the image (arch/stacks.asm), for whoever unmaps the page below each: i in [0, nr_static_stacks()). */
size_t nr_static_stacks(void);
bool static_stack(size_t i, struct stack_info *info);
/*
 * Later floors add stacks (threads) with this: returns true and fills info when addr is in one of
 * theirs or its guard page. Any context, cannot fault. NULL: none.
 */
extern bool (*stack_lookup)(virt_addr_t addr, struct stack_info *info, bool *guard);

/* Walk the frames from (ip, bp); fn(ctx, addr, reliable) for each return address; stops at the first frame outside a known stack. */
void walk_stack(unsigned long ip, unsigned long bp, void (*fn)(void *ctx, unsigned long addr),
		void *ctx);
/* Print a symbolised backtrace of the caller / of a trap frame. Any context. */
void dump_stack(void);
void show_stack(const struct pt_regs *regs);

#endif
