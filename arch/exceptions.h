/* Between arch/traps.c, which dispatches, and arch/exceptions.c, which explains. */
#ifndef ARCH_EXCEPTIONS_H
#define ARCH_EXCEPTIONS_H

#include <arch/traps.h>

/*
 * What happens to an exception that nobody claimed. true: it was reported and the code may go
 * on (NMI, breakpoint, debug). Does not return for anything that is an error.
 */
bool default_exception(struct pt_regs *regs);

/* panic_ops.backtrace: nothing if die() has shown a better one already. */
void panic_backtrace(void);

#endif
