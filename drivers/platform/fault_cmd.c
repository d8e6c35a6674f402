/*
 * The `fault` command: commit each of the classic mistakes on purpose, so that
 * a person can read what the kernel says about it, and the tests can check that it does.
 *
 * Each mistake is a function of its own name, to be seen in the backtrace, and goes through volatile or
 * assembly, because a compiler that sees undefined behaviour may do something else. It lives on the drivers'
 * floor for the one that needs a device: an NMI comes from the local APIC.
 */
#include <drivers/platform/nmi.h>
#include <kernel/smp.h>
#include <lib/command.h>
#include <lib/errno.h>
#include <lib/kstrtox.h>
#include <lib/string.h>

#define UNMAPPED_STACK 0x10000 /* nothing is mapped in the low half */

static volatile int *volatile nowhere; /* stays NULL; volatile, so that no tool knows */
static const u32 read_only_word = 0x6b616554;
static u8 data_bytes[] = {0xc3}; /* RET, if only it could run */

static __noinline int fault_null(void)
{
	*nowhere = 1;
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

static __noinline int fault_nmi(void)
{
	int err = nmi_self();

	if (err == -ENODEV) {
		con_printf("no local APIC: INT 2 instead\n");
		__asm__ __volatile__("int $2");
		return 0;
	}
	return err;
}

/* ---- the command ---------------------------------------------------------------------------------- */

static struct fault_kind {
	const char *name;
	int (*commit)(void);
} kinds[] = {
	{"null", fault_null}, {"div", fault_div}, {"ud", fault_ud}, {"stack", fault_stack},
	{"nx", fault_nx},     {"ro", fault_ro},	  {"df", fault_df}, {"nmi", fault_nmi},
};

static void commit_there(void *info)
{
	const struct fault_kind *kind = info;

	kind->commit();
}

/* On another CPU, or on all at the same time: then one report is right, and no more. */
static int fault_on(struct fault_kind *kind, const char *where)
{
	u64 cpu;

	if (!strcmp(where, "all")) {
		on_each_cpu(commit_there, kind, true);
		return 0;
	}
	if (kstrtou64(where, 0, &cpu))
		return -EINVAL;
	return smp_call_function_single((u32)min(cpu, (u64)NR_CPUS), commit_there, kind, true);
}

static int cmd_fault(int argc, char **argv)
{
	if (argc != 2 && argc != 3)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(argv[1], kinds[i].name))
			return argc == 2 ? kinds[i].commit() : fault_on(&kinds[i], argv[2]);
	return -EINVAL;
}
COMMAND("fault", "null|div|ud|stack|nx|ro|df|nmi [CPU|all]", "make a mistake on purpose",
	cmd_fault);
