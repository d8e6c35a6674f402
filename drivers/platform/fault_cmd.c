/*
 * The `fault` command: commit each of the classic mistakes on purpose, so that
 * a person can read what the kernel says about it, and the tests can check that it does.
 *
 * Each mistake is a function of its own name, to be seen in the backtrace, and goes through volatile or
 * assembly, because a compiler that sees undefined behaviour may do something else. It lives on the drivers'
 * floor for the one that needs a device: an NMI comes from the local APIC (SDM vol. 3, 10.6.1, 10.12.9).
 */
#include <arch/cpufeature.h>
#include <arch/insn.h>
#include <arch/page.h>
#include <arch/traps.h>
#include <lib/command.h>
#include <lib/errno.h>
#include <lib/string.h>
#include <mm/ioremap.h>

#define MSR_APIC_BASE	 0x1b
#define APIC_BASE_EN	 BIT(11)
#define APIC_BASE_EXTD	 BIT(10) /* x2APIC mode: registers are MSRs */
#define APIC_BASE_MASK	 0x000ffffffffff000ULL
#define MSR_X2APIC_ID	 0x802
#define MSR_X2APIC_ICR	 0x830
#define APIC_ID		 0x020
#define APIC_ICR_LOW	 0x300
#define APIC_ICR_HIGH	 0x310
#define ICR_DELIVERY_NMI (4 << 8)
#define ICR_ASSERT	 (1 << 14)
#define NMI_PATIENCE	 100000 /* looks at the counter; an NMI comes within a few */

#define UNMAPPED_STACK 0x10000 /* nothing is mapped in the low half */

static const u32 read_only_word = 0x6b616554;
static u8 data_bytes[] = {0xc3}; /* RET, if only it could run */

static __noinline int fault_null(void)
{
	int *volatile pointer = NULL;

	*(volatile int *)pointer = 1;
	return 0;
}

static __noinline int fault_div(void)
{
	u32 quotient = 1, remainder = 0;

	__asm__ __volatile__("divl %[zero]"
			     : "+a"(quotient), "+d"(remainder)
			     : [zero] "r"(0)
			     : "cc");
	return (int)quotient;
}

static __noinline int fault_ud(void)
{
	__asm__ __volatile__("ud2");
	return 0;
}

static int fault_stack(void);
static int (*volatile again)(void) = fault_stack;

static __noinline int fault_stack(void)
{
	volatile u8 room[256];

	room[0] = 1;
	return again() + room[0]; /* something to do after the call, lest it become a loop */
}

static __noinline int fault_nx(void)
{
	void (*volatile code)(void) = (void (*)(void))(virt_addr_t)data_bytes;

	code();
	return 0;
}

static __noinline int fault_ro(void)
{
	volatile u32 *volatile word = (volatile u32 *)(virt_addr_t)&read_only_word;

	*word = 0;
	return 0;
}

/* #UD cannot push its frame, that is #PF; which cannot either, and that is #DF. */
static __noinline int fault_df(void)
{
	__asm__ __volatile__("mov %0, %%rsp; ud2" ::"r"((unsigned long)UNMAPPED_STACK) : "memory");
	return 0;
}

/* ---- a real NMI ---------------------------------------------------------------------------------- */

/* An NMI cannot use the "self" shorthand (SDM vol. 3, table 10-3), so it is sent to our own id. */
static int send_nmi_to_self(void)
{
	u64 base = cpu_has(X86_FEATURE_APIC) ? rdmsr(MSR_APIC_BASE) : 0;
	volatile u32 *apic;

	if (!(base & APIC_BASE_EN))
		return -ENODEV;
	if (base & APIC_BASE_EXTD) {
		wrmsr(MSR_X2APIC_ICR, rdmsr(MSR_X2APIC_ID) << 32 | ICR_ASSERT | ICR_DELIVERY_NMI);
		return 0;
	}
	apic = ioremap(base & APIC_BASE_MASK, PAGE_SIZE);
	if (!apic)
		return -ENOMEM;
	apic[APIC_ICR_HIGH / 4] = apic[APIC_ID / 4]; /* the id is in bits 31:24 of both */
	apic[APIC_ICR_LOW / 4] = ICR_ASSERT | ICR_DELIVERY_NMI;
	iounmap((const void *)apic);
	return 0;
}

static __noinline int fault_nmi(void)
{
	u64 before = READ_ONCE(nmi_count);
	int err = send_nmi_to_self();

	if (err) {
		con_printf("no local APIC: INT 2 instead\n");
		__asm__ __volatile__("int $2");
		return 0;
	}
	for (u32 i = 0; i < NMI_PATIENCE && READ_ONCE(nmi_count) == before; i++)
		cpu_relax();
	if (READ_ONCE(nmi_count) == before)
		con_printf("the NMI did not arrive\n");
	return 0;
}

/* ---- the command ---------------------------------------------------------------------------------- */

static const struct fault_kind {
	const char *name;
	int (*commit)(void);
} kinds[] = {
	{"null", fault_null}, {"div", fault_div}, {"ud", fault_ud}, {"stack", fault_stack},
	{"nx", fault_nx},     {"ro", fault_ro},	  {"df", fault_df}, {"nmi", fault_nmi},
};

static int cmd_fault(int argc, char **argv)
{
	if (argc != 2)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(argv[1], kinds[i].name))
			return kinds[i].commit() ? -EIO : 0;
	return -EINVAL;
}
COMMAND("fault", "null|div|ud|stack|nx|ro|df|nmi", "make a mistake on purpose", cmd_fault);
