/*
 * Virtual wire mode. The 8259's output does not reach the core directly but
 * through the local APIC's pin LINT0, which passes it on only when its entry in the local vector
 * table says "external interrupt": then the 8259 itself is asked for the vector. A PC's firmware
 * sets this up; where there is none to speak of (PVH on a microvm), LINT0 is still masked as
 * at reset, and every line of the 8259 would be dead.
 *
 * MultiProcessor Specification 1.4, 3.6.2.2; SDM vol. 3, 10.4 and 10.5.1.
 */
#define pr_fmt(fmt) "virtual wire: " fmt

#include <arch/cpufeature.h>
#include <arch/insn.h>
#include <arch/traps.h>
#include <drivers/irqchip/virtual_wire.h>
#include <lib/printk.h>
#include <mm/ioremap.h>

#define MSR_APIC_BASE	 0x1b
#define APIC_BASE_ENABLE BIT(11)
#define APIC_BASE_X2APIC BIT(10)
#define APIC_BASE_ADDR	 0x000ffffffffff000UL

/* Registers by their offset in the page; in x2APIC mode register r is MSR 0x800 + r / 16. */
#define APIC_PAGE     4096
#define APIC_SPIV     0x0f0 /* spurious-interrupt vector */
#define APIC_LVT0     0x350
#define APIC_LVT1     0x360
#define X2APIC_MSR(r) (0x800 + (r) / 16)

#define SPIV_ENABLE  BIT(8) /* while it is clear every LVT entry stays masked */
#define SPIV_VECTOR  0xff
#define LVT_MASKED   BIT(16)
#define LVT_MODE     0x700 /* delivery mode */
#define LVT_MODE_NMI 0x400
#define LVT_MODE_EXT 0x700

static volatile u32 *apic_page; /* NULL: x2APIC mode */

static u32 apic_read(u32 reg)
{
	return apic_page ? apic_page[reg / 4] : (u32)rdmsr(X2APIC_MSR(reg));
}

static void apic_write(u32 reg, u32 value)
{
	if (apic_page)
		apic_page[reg / 4] = value;
	else
		wrmsr(X2APIC_MSR(reg), value);
}

/* The local APIC's answer when an interrupt vanished before it was taken: no end of interrupt, no error. */
static bool ignore_spurious(struct pt_regs *regs __maybe_unused)
{
	return true;
}

static bool passes_8259(void)
{
	return apic_read(APIC_SPIV) & SPIV_ENABLE &&
	       (apic_read(APIC_LVT0) & (LVT_MASKED | LVT_MODE)) == LVT_MODE_EXT;
}

static void connect(void)
{
	if (passes_8259())
		return;
	set_trap_handler(SPIV_VECTOR, ignore_spurious);
	apic_write(APIC_SPIV, SPIV_ENABLE | SPIV_VECTOR);
	apic_write(APIC_LVT0, LVT_MODE_EXT);
	apic_write(APIC_LVT1, LVT_MODE_NMI);
	pr_debug("local APIC set to pass on the 8259\n");
}

void virtual_wire_init(void)
{
	u64 base;

	if (!cpu_has(X86_FEATURE_APIC))
		return;
	base = rdmsr(MSR_APIC_BASE);
	if (!(base & APIC_BASE_ENABLE)) /* then LINT0 is the core's interrupt pin */
		return;
	if (base & APIC_BASE_X2APIC) {
		connect();
		return;
	}
	apic_page = ioremap(base & APIC_BASE_ADDR, APIC_PAGE);
	if (!apic_page)
		return;
	connect();
	iounmap((const void *)apic_page);
	apic_page = NULL;
}
