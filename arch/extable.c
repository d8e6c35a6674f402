/*
 * Instructions that may fault on purpose, and where to go on when they do.
 *
 * The idea: the code that dares says so in a table of its own section, so the
 * path that does not fault costs nothing. An access sets its result to the error first and to 0
 * after the instruction; the fix-up is simply what follows, and skips the 0.
 *
 * Invariant: the table is read-only and holds a few dozen entries at most, so a walk is fast enough
 * and cannot fault. Linux: arch/x86/mm/extable.c, mm/maccess.c.
 */
#include <arch/extable.h>
#include <lib/errno.h>

extern const struct exception_table_entry __start___ex_table[], __stop___ex_table[];

static unsigned long entry_insn(const struct exception_table_entry *e)
{
	return (unsigned long)&e->insn + e->insn;
}

static unsigned long entry_fixup(const struct exception_table_entry *e)
{
	return (unsigned long)&e->fixup + e->fixup;
}

bool fixup_exception(struct pt_regs *regs)
{
	const struct exception_table_entry *e;

	for (e = __start___ex_table; e < __stop___ex_table; e++) {
		if (entry_insn(e) == regs->ip) {
			regs->ip = entry_fixup(e);
			return true;
		}
	}
	return false;
}

/* REP MOVSB: the fault comes with the exact byte, and a copy here is short. */
static int copy_nofault(void *dst, const void *src, size_t n)
{
	int err = -EFAULT;

	__asm__ __volatile__("1:	rep movsb\n"
			     "	xor %[err], %[err]\n"
			     "2:\n" _ASM_EXTABLE(1b, 2b)
			     : [err] "+r"(err), "+D"(dst), "+S"(src), "+c"(n)
			     :
			     : "memory", "cc");
	return err;
}

int copy_from_kernel_nofault(void *dst, const void *src, size_t n)
{
	return copy_nofault(dst, src, n);
}

int copy_to_kernel_nofault(void *dst, const void *src, size_t n)
{
	return copy_nofault(dst, src, n);
}

int rdmsr_safe(u32 msr, u64 *value)
{
	u32 low = 0, high = 0;
	int err = -EIO;

	__asm__ __volatile__("1:	rdmsr\n"
			     "	xor %[err], %[err]\n"
			     "2:\n" _ASM_EXTABLE(1b, 2b)
			     : [err] "+r"(err), "+a"(low), "+d"(high)
			     : "c"(msr)
			     : "cc");
	if (!err)
		*value = (u64)high << 32 | low;
	return err;
}

int wrmsr_safe(u32 msr, u64 value)
{
	int err = -EIO;

	__asm__ __volatile__("1:	wrmsr\n"
			     "	xor %[err], %[err]\n"
			     "2:\n" _ASM_EXTABLE(1b, 2b)
			     : [err] "+r"(err)
			     : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32))
			     : "memory", "cc");
	return err;
}
