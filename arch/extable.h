/*
 * Exception table: an instruction that may fault on purpose has an entry
 * {instruction, where to go on}. The table is sorted at build time. Linux: extable.
 */
#ifndef ARCH_EXTABLE_H
#define ARCH_EXTABLE_H

#include <arch/traps.h>

/* Offsets relative to the entry's own fields, so that the table needs no relocation. */
struct exception_table_entry {
	s32 insn;
	s32 fixup;
};

/* For inline assembly: `from` and `to` are local labels such as "1b". */
#define _ASM_EXTABLE(from, to)             \
	".pushsection __ex_table, \"a\"\n" \
	".balign 4\n"                      \
	".long (" #from ") - .\n"          \
	".long (" #to ") - .\n"            \
	".popsection\n"

/* If regs->ip has an entry, set regs->ip to its fix-up and return true. */
bool fixup_exception(struct pt_regs *regs);

/*
 * Copy that survives a bad source or destination address. 0 or -EFAULT; bytes before the bad
 * one may have been copied. Any context. (Linux: copy_from_kernel_nofault.)
 */
int copy_from_kernel_nofault(void *dst, const void *src, size_t n);
int copy_to_kernel_nofault(void *dst, const void *src, size_t n);
/* RDMSR/WRMSR of a register that may not exist: 0 or -EIO. (TCG never faults: see docs/machines.md.) */
int rdmsr_safe(u32 msr, u64 *value);
int wrmsr_safe(u32 msr, u64 value);

/* Can the byte at p be read? One protected load: for pointers that may be anything. Any context. */
static inline bool readable_nofault(const void *p)
{
	bool ok = false;

	__asm__ __volatile__("1:	testb $0, (%1)\n"
			     "	movb $1, %0\n"
			     "2:\n" _ASM_EXTABLE(1b, 2b)
			     : "+q"(ok)
			     : "r"(p)
			     : "cc", "memory");
	return ok;
}

/*
 * Does the byte, the word at p hold v? Not when p cannot be read. The same idea without an instruction
 * to note success: the fix-up is the branch that is taken when the two differ.
 */
/* clang-format would take the % of %l for an operator. */
/* clang-format off */
static __always_inline bool byte_is_nofault(const u8 *p, u8 v)
{
	__asm__ goto("1:	cmpb %1, %0\n"
		     "	jne %l[differs]\n" _ASM_EXTABLE(1b, %l[differs])
		     :
		     : "m"(*p), "qi"(v)
		     : "cc", "memory"
		     : differs);
	return true;
differs:
	return false;
}

static __always_inline bool u64_is_nofault(const u64 *p, u64 v)
{
	__asm__ goto("1:	cmpq %1, %0\n"
		     "	jne %l[differs]\n" _ASM_EXTABLE(1b, %l[differs])
		     :
		     : "m"(*p), "r"(v)
		     : "cc", "memory"
		     : differs);
	return true;
differs:
	return false;
}
/* clang-format on */

/* The word at p; 0 when it cannot be read. */
static __always_inline u64 u64_nofault(const u64 *p)
{
	u64 v = 0;

	__asm__ __volatile__("1:	mov (%1), %0\n"
			     "2:\n" _ASM_EXTABLE(1b, 2b)
			     : "+r"(v)
			     : "r"(p)
			     : "memory");
	return v;
}

#endif
