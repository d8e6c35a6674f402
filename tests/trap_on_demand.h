/* A trap and an NMI when a test wants one. */
#ifndef TESTS_TRAP_ON_DEMAND_H
#define TESTS_TRAP_ON_DEMAND_H

#include <arch/traps.h>
#include <drivers/platform/nmi.h>
#include <kernel/ktest.h>
#include <lib/errno.h>

/*
 * A trap with no meaning of its own: UD2, with a handler that steps over it. INT n would be the natural
 * choice, but a software KVM stops the virtual machine on it (docs/machines.md).
 */
#define TEST_VECTOR X86_TRAP_UD
#define TEST_TRAP   "ud2"
#define UD2_LENGTH  2

/* What the handler of TEST_VECTOR returns with: go on after the TEST_TRAP. */
static inline bool resume(struct pt_regs *regs)
{
	regs->ip += UD2_LENGTH;
	return true;
}

/* An NMI on this CPU; it has been handled on return. Skips the test where there is no local APIC. */
static inline void nmi_to_self(void)
{
	int err = nmi_self();

	if (err == -ENODEV)
		ktest_skip("no local APIC to send an NMI");
	EXPECT_EQ(err, 0);
}

#endif
