/*
 * Exceptions in words: names, and what the CPU says in an error code. Pure
 * functions of the frame, so that tests can try every bit.
 *
 * SDM vol. 3: table 6-1 (names), 6.13 (selector error codes), 4.7 (#PF), 6.15 (#CP).
 */
#include <arch/traps.h>
#include <lib/vsprintf.h>

#define X86_PF_SHSTK BIT(6)
#define X86_PF_SGX   BIT(15)
#define PF_KNOWN                                                                             \
	(X86_PF_PROT | X86_PF_WRITE | X86_PF_USER | X86_PF_RSVD | X86_PF_INSTR | X86_PF_PK | \
	 X86_PF_SHSTK | X86_PF_SGX)

/* Selector error codes. */
#define SEL_EXT BIT(0) /* an event outside the program: interrupt, earlier exception */
#define SEL_IDT BIT(1)
#define SEL_TI	BIT(2) /* LDT rather than GDT */

#define CP_CODE_MASK 0x7fff
#define CP_ENCLAVE   BIT(15)

const char *trap_name(unsigned long vector)
{
	static const char *const names[FIRST_EXTERNAL_VECTOR] = {
		[X86_TRAP_DE] = "divide error",
		[X86_TRAP_DB] = "debug exception",
		[X86_TRAP_NMI] = "NMI",
		[X86_TRAP_BP] = "breakpoint",
		[X86_TRAP_OF] = "overflow",
		[X86_TRAP_BR] = "bound range exceeded",
		[X86_TRAP_UD] = "invalid opcode",
		[X86_TRAP_NM] = "device not available",
		[X86_TRAP_DF] = "double fault",
		[9] = "coprocessor segment overrun",
		[X86_TRAP_TS] = "invalid TSS",
		[X86_TRAP_NP] = "segment not present",
		[X86_TRAP_SS] = "stack-segment fault",
		[X86_TRAP_GP] = "general protection fault",
		[X86_TRAP_PF] = "page fault",
		[X86_TRAP_MF] = "x87 floating-point error",
		[X86_TRAP_AC] = "alignment check",
		[X86_TRAP_MC] = "machine check",
		[X86_TRAP_XF] = "SIMD floating-point error",
		[20] = "virtualization exception",
		[X86_TRAP_CP] = "control protection exception",
		[28] = "hypervisor injection exception",
		[29] = "VMM communication exception",
		[30] = "security exception",
	};

	if (vector >= FIRST_EXTERNAL_VECTOR)
		return "interrupt";
	return names[vector] ? names[vector] : "reserved exception";
}

/* What kind of page it was, from the bits that say why the translation was refused. */
static const char *page_in_words(unsigned long code)
{
	if (code & X86_PF_RSVD)
		return "a page whose table entry has a reserved bit set";
	if (!(code & X86_PF_PROT))
		return "a not-present page";
	if (code & X86_PF_PK)
		return "a page that its protection key forbids";
	if (code & X86_PF_SHSTK)
		return "a shadow-stack page";
	if (code & X86_PF_SGX)
		return "a page that SGX forbids";
	if (code & X86_PF_INSTR)
		return "a no-execute page"; /* or, in ring 0, a user page with SMEP */
	if (code & X86_PF_USER)
		return "a protected page";
	return code & X86_PF_WRITE ? "a read-only page" : "a protected page";
}

static int describe_page_fault(char *buf, size_t size, unsigned long code, unsigned long addr)
{
	const char *access = code & X86_PF_INSTR   ? "instruction fetch from"
			     : code & X86_PF_WRITE ? "write to"
						   : "read from";
	int n = snprintf(buf, size, "%s %s from ring %d at 0x%016lx", access, page_in_words(code),
			 code & X86_PF_USER ? 3 : 0, addr);

	if (code & ~PF_KNOWN) {
		size_t used = min((size_t)n, size);

		n += snprintf(size ? buf + used : NULL, size - used, " (unknown bits 0x%lx)",
			      code & ~PF_KNOWN);
	}
	return n;
}

static int describe_selector(char *buf, size_t size, unsigned long code)
{
	const char *table = code & SEL_IDT ? "IDT gate" : code & SEL_TI ? "LDT entry" : "GDT entry";
	unsigned long index = (code & 0xffff) >> 3;

	if (!code)
		return snprintf(buf, size, "no selector involved");
	return snprintf(buf, size, "%s %lu (0x%lx)%s", table, index, code & 0xffff,
			code & SEL_EXT ? ", while delivering an external event" : "");
}

static int describe_control_protection(char *buf, size_t size, unsigned long code)
{
	static const char *const causes[] = {
		"unknown cause",
		"near RET: the shadow stack has another address",
		"far RET or IRET: the shadow stack has another address",
		"indirect branch to no ENDBRANCH",
		"RSTORSSP: bad shadow-stack token",
		"SETSSBSY: bad shadow-stack token",
	};
	unsigned long cause = code & CP_CODE_MASK;

	return snprintf(buf, size, "%s%s", causes[cause < ARRAY_SIZE(causes) ? cause : 0],
			code & CP_ENCLAVE ? ", in an enclave" : "");
}

int describe_error_code(char *buf, size_t size, const struct pt_regs *regs, unsigned long cr2)
{
	switch (regs->vector) {
	case X86_TRAP_PF:
		return describe_page_fault(buf, size, regs->error_code, cr2);
	case X86_TRAP_TS:
	case X86_TRAP_NP:
	case X86_TRAP_SS:
	case X86_TRAP_GP:
		return describe_selector(buf, size, regs->error_code);
	case X86_TRAP_CP:
		return describe_control_protection(buf, size, regs->error_code);
	default:
		return regs->error_code ? snprintf(buf, size, "error code 0x%lx", regs->error_code)
					: snprintf(buf, size, "from ring %lu", regs->cs & 3);
	}
}
