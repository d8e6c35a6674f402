/*
 * The local APIC. Every register has one number, its offset in the memory
 * page; x2APIC has the same registers as MSRs 0x800 + offset / 16, so one pair
 * of functions serves both forms. Only the ICR and the id differ in shape.
 *
 * Never clear MSR 1Bh bit 11: on some emulators the APIC cannot be switched on again (docs/machines.md).
 * SDM vol. 3: 10.4 (registers), 10.5 (LVT, error), 10.6 (IPIs), 10.8 (EOI), 10.9 (spurious), 10.12 (x2APIC).
 */
#define pr_fmt(fmt) "apic: " fmt

#include <arch/cpufeature.h>
#include <arch/insn.h>
#include <arch/irqflags.h>
#include <arch/lapic.h>
#include <arch/percpu.h>
#include <arch/pv_eoi.h>
#include <arch/traps.h>
#include <lib/bitops.h>
#include <lib/errno.h>
#include <lib/param.h>
#include <lib/printk.h>

#define MSR_APIC_BASE	 0x1b
#define APIC_BASE_X2APIC BIT(10)
#define APIC_BASE_ENABLE BIT(11)
#define APIC_BASE_MASK	 0x000ffffffffff000ULL
#define MSR_X2APIC	 0x800
#define MSR_TSC_DEADLINE 0x6e0

#define APIC_ID	      0x020
#define APIC_VERSION  0x030
#define APIC_TPR      0x080
#define APIC_EOI      0x0b0
#define APIC_LDR      0x0d0
#define APIC_DFR      0x0e0
#define APIC_SPIV     0x0f0
#define APIC_ISR      0x100
#define APIC_IRR      0x200
#define APIC_ESR      0x280
#define APIC_ICR      0x300
#define APIC_ICR_HIGH 0x310
#define APIC_LVTT     0x320
#define APIC_LVTPC    0x340
#define APIC_LVT0     0x350
#define APIC_LVT1     0x360
#define APIC_LVTERR   0x370
#define APIC_TMICT    0x380
#define APIC_TMCCT    0x390
#define APIC_TDCR     0x3e0

#define APIC_SPIV_ENABLE   BIT(8)
#define APIC_LVT_MASKED	   BIT(16)
#define APIC_LVT_NMI	   (4u << 8)
#define APIC_LVT_EXTINT	   (7u << 8)
#define APIC_LVTT_DEADLINE (2u << 17)
#define APIC_TDCR_DIV_16   0x3
#define APIC_ICR_BUSY	   BIT(12)

static volatile u32 *apic_mmio;
static bool apic_present, x2apic;

static bool nox2apic;
PARAM("nox2apic", PARAM_FLAG(&nox2apic),
      "use the local APIC through memory even where x2APIC is offered");

static DEFINE_PER_CPU(struct lapic_counts, lapic_count);

static u32 apic_read(u32 reg)
{
	return x2apic ? (u32)rdmsr(MSR_X2APIC + (reg >> 4)) : apic_mmio[reg / 4];
}

static void apic_write(u32 reg, u32 value)
{
	if (x2apic)
		wrmsr(MSR_X2APIC + (reg >> 4), value);
	else
		apic_mmio[reg / 4] = value;
}

bool lapic_present(void)
{
	return apic_present;
}

bool x2apic_enabled(void)
{
	return x2apic;
}

u64 lapic_phys(void)
{
	return cpu_has(X86_FEATURE_APIC) ? rdmsr(MSR_APIC_BASE) & APIC_BASE_MASK : 0;
}

u32 lapic_id(void)
{
	u32 id = apic_read(APIC_ID);

	return x2apic ? id : id >> 24;
}

void lapic_eoi(void)
{
	if (!pv_eoi())
		apic_write(APIC_EOI, 0);
}

static bool bit_of(u32 reg, u8 vector)
{
	return apic_read(reg + (vector / 32u) * 0x10) & (1u << (vector % 32));
}

bool lapic_irr(u8 vector)
{
	return bit_of(APIC_IRR, vector);
}

bool lapic_isr(u8 vector)
{
	return bit_of(APIC_ISR, vector);
}

/* In xAPIC the command is two registers and the second write sends: no interrupt may come in between. */
void lapic_send_ipi(u32 apicid, u32 command)
{
	unsigned long flags;

	if (x2apic) {
		/* A WRMSR to the ICR does not wait for earlier stores (SDM vol. 3, 10.12.3). */
		__asm__ __volatile__("mfence; lfence" ::: "memory");
		wrmsr(MSR_X2APIC + (APIC_ICR >> 4), (u64)apicid << 32 | command);
		return;
	}
	flags = local_irq_save();
	while (apic_read(APIC_ICR) & APIC_ICR_BUSY)
		cpu_relax();
	apic_write(APIC_ICR_HIGH, apicid << 24);
	apic_write(APIC_ICR, command);
	local_irq_restore(flags);
}

void lapic_set_lint_nmi(u8 lint)
{
	apic_write(lint ? APIC_LVT1 : APIC_LVT0, APIC_LVT_NMI);
}

void lapic_set_extint(bool pass)
{
	apic_write(APIC_LVT0, pass ? APIC_LVT_EXTINT : APIC_LVT_MASKED);
}

/* ---- its own interrupts ----------------------------------------------------------------------- */

/* No EOI: nothing is in service (SDM vol. 3, 10.9). */
static bool spurious_interrupt(struct pt_regs *regs)
{
	(void)regs;
	this_cpu_inc(lapic_count.spurious);
	return true;
}

/* The ESR must be written before it is read: the write latches the errors so far. */
static bool error_interrupt(struct pt_regs *regs)
{
	u32 esr;

	(void)regs;
	apic_write(APIC_ESR, 0);
	esr = apic_read(APIC_ESR);
	this_cpu_inc(lapic_count.errors);
	this_cpu_write(lapic_count.last_error, esr);
	lapic_eoi();
	if (this_cpu_read(lapic_count.errors) <= 3)
		pr_warn("CPU %u: error interrupt, ESR %#x\n", smp_processor_id(), esr);
	return true;
}

void lapic_counts_of(u32 cpu, struct lapic_counts *counts)
{
	*counts = *per_cpu_ptr(&lapic_count, cpu);
}

/* ---- set-up ------------------------------------------------------------------------------------- */

/* What firmware left in service would keep lower vectors out for ever. Each EOI ends the highest. */
static void end_all_in_service(void)
{
	for (u32 reg = 0; reg < NR_VECTORS / 32; reg++)
		for (u32 n = hweight64(apic_read(APIC_ISR + reg * 0x10)); n; n--)
			apic_write(APIC_EOI, 0);
}

/* Everything masked, every priority accepted, then the software enable with the spurious vector. */
static void setup_registers(void)
{
	if (!x2apic) {
		apic_write(APIC_DFR, ~0u); /* flat model; we address CPUs physically */
		apic_write(APIC_LDR, 0);
	}
	apic_write(APIC_TPR, 0);
	apic_write(APIC_SPIV, APIC_SPIV_ENABLE | SPURIOUS_APIC_VECTOR);
	apic_write(APIC_LVTT, APIC_LVT_MASKED | LOCAL_TIMER_VECTOR);
	apic_write(APIC_LVT0, APIC_LVT_MASKED);
	apic_write(APIC_LVT1, APIC_LVT_MASKED);
	apic_write(APIC_LVTERR, ERROR_APIC_VECTOR);
	apic_write(APIC_ESR, 0);
	end_all_in_service();
}

static void enter_x2apic(void)
{
	u64 base = rdmsr(MSR_APIC_BASE);

	if (!(base & APIC_BASE_X2APIC))
		wrmsr(MSR_APIC_BASE, base | APIC_BASE_X2APIC);
}

void lapic_init_cpu(void)
{
	if (x2apic)
		enter_x2apic();
	setup_registers();
}

int lapic_init(volatile u32 *mmio)
{
	u64 base = cpu_has(X86_FEATURE_APIC) ? rdmsr(MSR_APIC_BASE) : 0;

	if (!(base & APIC_BASE_ENABLE))
		return -ENODEV;
	/* Out of x2APIC mode there is no way but a reset: if firmware is in it, so are we. */
	x2apic = cpu_has(X86_FEATURE_X2APIC) && (!nox2apic || (base & APIC_BASE_X2APIC));
	if (!x2apic && !mmio)
		return -ENODEV;
	apic_mmio = mmio;
	apic_present = true;
	set_trap_handler(SPURIOUS_APIC_VECTOR, spurious_interrupt);
	set_trap_handler(ERROR_APIC_VECTOR, error_interrupt);
	lapic_init_cpu();
	lapic_set_extint(true); /* until an I/O APIC takes over */
	pr_info("%s, boot CPU has id %u\n", x2apic ? "x2APIC" : "xAPIC", lapic_id());
	return 0;
}

/* ---- the timer ---------------------------------------------------------------------------------- */

/* A write to the LVT must be done before the MSR is armed: MFENCE in xAPIC mode (SDM vol. 3, 10.5.4.1). */
void lapic_timer_setup(enum lapic_timer_mode mode)
{
	u32 lvt = LOCAL_TIMER_VECTOR;

	if (mode == LAPIC_TIMER_OFF)
		lvt |= APIC_LVT_MASKED;
	if (mode == LAPIC_TIMER_TSC_DEADLINE)
		lvt |= APIC_LVTT_DEADLINE;
	apic_write(APIC_TDCR, APIC_TDCR_DIV_16);
	apic_write(APIC_LVTT, lvt);
	__asm__ __volatile__("mfence" ::: "memory");
}

void lapic_timer_set_count(u32 count)
{
	apic_write(APIC_TMICT, count);
}

u32 lapic_timer_count(void)
{
	return apic_read(APIC_TMCCT);
}

void lapic_timer_set_deadline(u64 tsc)
{
	wrmsr(MSR_TSC_DEADLINE, tsc);
}
