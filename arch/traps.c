/*
 * From the 256 stubs of entry.asm to whoever owns the vector.
 *
 * The idea: arch/ knows no policy. An exception is offered, in this order, to the fix-up table (code that
 * expects to fault says so beside itself), to the handler that a higher floor installed, to a
 * test that waits for it, and only then to the report in arch/exceptions.c. An interrupt
 * has its handler or is nobody's.
 *
 * Invariants: every vector has a gate, so nothing that the machine does ends in a triple fault; the
 * exceptions that may strike while the stack is not to be trusted have a stack each. SDM vol. 3, chapter 6.
 */
#define pr_fmt(fmt) "traps: " fmt

#include <arch/exceptions.h>
#include <arch/extable.h>
#include <arch/gdt.h>
#include <arch/insn.h>
#include <arch/traps.h>
#include <lib/bug.h>
#include <lib/printk.h>
#include <lib/symtab.h>

/* SDM vol. 3, figure 6-8. */
struct idt_gate {
	u16 offset_low;
	u16 selector;
	u8 ist;
	u8 type;
	u16 offset_middle;
	u32 offset_high;
	u32 reserved;
} __packed;
_Static_assert(sizeof(struct idt_gate) == 16, "SDM vol. 3, figure 6-8");

#define GATE_PRESENT   0x80
#define GATE_INTERRUPT 0x0e /* clears IF on the way in, unlike a trap gate */

#define STUB_SIZE 16 /* as in arch/entry.asm */
extern const char trap_stubs[];

extern char df_stack_top[], nmi_stack_top[], mc_stack_top[], db_stack_top[];

void trap_dispatch(struct pt_regs *regs);

static struct idt_gate idt[NR_VECTORS] __aligned(4096);
static trap_handler_t trap_handlers[NR_VECTORS];
static u64 stray_said[NR_VECTORS / 64]; /* bit n: the stray vector n was reported */

u64 nmi_count;
DEFINE_PER_CPU(u64, nmis_here);
void (*trap_intercept)(struct pt_regs *regs);

trap_handler_t set_trap_handler(u8 vector, trap_handler_t handler)
{
	return __atomic_exchange_n(&trap_handlers[vector], handler, __ATOMIC_ACQ_REL);
}

/* Once a vector: a line that will not be quiet must not fill the log. */
static void report_stray_interrupt(u32 vector)
{
	u64 bit = BIT_ULL(vector % 64);

	if (!(__atomic_fetch_or(&stray_said[vector / 64], bit, __ATOMIC_RELAXED) & bit))
		pr_warn("interrupt on vector %u, which nobody handles\n", vector);
}

static bool call_handler(struct pt_regs *regs)
{
	trap_handler_t handler = READ_ONCE(trap_handlers[regs->vector]);

	return handler && handler(regs);
}

/* There is no way out of an NMI or a machine check but IRET, so no test may take one over. */
static bool may_intercept(const struct pt_regs *regs)
{
	return !user_mode(regs) && regs->vector != X86_TRAP_NMI && regs->vector != X86_TRAP_MC;
}

static void dispatch_exception(struct pt_regs *regs)
{
	if (!user_mode(regs) && fixup_exception(regs))
		return;
	if (call_handler(regs))
		return;
	if (trap_intercept && may_intercept(regs))
		trap_intercept(regs);
	if (!default_exception(regs))
		die(trap_name(regs->vector), regs);
}

/*
 * Called by entry.asm. CR2 belongs to the newest page fault; whoever handles #PF reads it before anything that
 * could fault, and an NMI, which may come in between, leaves it as it was.
 */
void trap_dispatch(struct pt_regs *regs)
{
	unsigned long cr2;

	if (regs->vector >= FIRST_EXTERNAL_VECTOR) {
		if (!call_handler(regs))
			report_stray_interrupt(regs->vector);
		return;
	}
	if (regs->vector != X86_TRAP_NMI) {
		dispatch_exception(regs);
		return;
	}
	cr2 = read_cr2();
	__atomic_add_fetch(&nmi_count, 1, __ATOMIC_RELAXED);
	this_cpu_inc(nmis_here);
	dispatch_exception(regs);
	if (read_cr2() != cr2)
		write_cr2(cr2);
}

static u8 ist_of(u32 vector)
{
	switch (vector) {
	case X86_TRAP_DF:
		return IST_DF;
	case X86_TRAP_NMI:
		return IST_NMI;
	case X86_TRAP_MC:
		return IST_MC;
	case X86_TRAP_DB:
		return IST_DB;
	default:
		return IST_NONE;
	}
}

static void set_gates(void)
{
	for (u32 vector = 0; vector < NR_VECTORS; vector++) {
		virt_addr_t stub = (virt_addr_t)trap_stubs + vector * STUB_SIZE;

		idt[vector] = (struct idt_gate){
			.offset_low = stub & 0xffff,
			.selector = __KERNEL_CS,
			.ist = ist_of(vector),
			.type = GATE_PRESENT | GATE_INTERRUPT,
			.offset_middle = stub >> 16 & 0xffff,
			.offset_high = stub >> 32,
		};
	}
}

static void load_idt(void)
{
	struct {
		u16 limit;
		u64 base;
	} __packed idtr = {sizeof(idt) - 1, (virt_addr_t)idt};

	lidt(&idtr);
}

void trap_init_cpu(struct cpu_tables *tables, const virt_addr_t ist[])
{
	cpu_tables_load(tables, ist);
	load_idt();
}

void trap_init(void)
{
	static const virt_addr_t ist[NR_IST] = {
		[IST_DF] = (virt_addr_t)df_stack_top,
		[IST_NMI] = (virt_addr_t)nmi_stack_top,
		[IST_MC] = (virt_addr_t)mc_stack_top,
		[IST_DB] = (virt_addr_t)db_stack_top,
	};

	set_gates();
	trap_init_cpu(&boot_cpu_tables, ist);
	panic_ops.backtrace = panic_backtrace;
	symtab_init();
}
